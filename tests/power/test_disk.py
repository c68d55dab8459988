"""The model of the disk, and the reading of what strace writes, by small examples."""

import pytest

from tests.power.cuts import subsets
from tests.power.disk import Disk, Found, State
from tests.power.recording import Effect, effects_of

FOLDER = "/x/y"


def disk_after(*effects: Effect) -> Disk:
    disk = Disk()
    for effect in effects:
        disk.take(effect)
    return disk


def every_state(disk: Disk) -> list[State]:
    return [disk.state(kept) for kept in subsets(disk.changes())]


def contents(disk: Disk, name: str) -> set[bytes | None]:
    """Return every content that a file may be found with; None: it may not be there."""
    found = (state.get(name) for state in every_state(disk))
    return {one.content if one else None for one in found}


CREATED = Effect("create", "a", number=0o600)
SYNCED = Effect("sync", "a")
ENTERED = Effect("sync", ".")
WRITTEN = Effect("write", "a", content=b"one")


def test_content_lasts_after_the_sync_of_the_file_and_its_name_after_that_of_the_folder() -> None:
    assert contents(disk_after(CREATED, WRITTEN), "a") == {None, b"", b"one", b"\0\0\0"}
    assert contents(disk_after(CREATED, WRITTEN, SYNCED), "a") == {None, b"one"}
    assert contents(disk_after(CREATED, WRITTEN, ENTERED), "a") == {b"", b"one", b"\0\0\0"}
    assert contents(disk_after(CREATED, WRITTEN, SYNCED, ENTERED), "a") == {b"one"}


def test_a_write_is_torn_where_sectors_end_and_nowhere_else() -> None:
    begun = (CREATED, Effect("write", "a", content=bytes(1024)), SYNCED, ENTERED)
    torn = contents(disk_after(*begun, Effect("write", "a", offset=500, content=b"x" * 524)), "a")
    first, second = bytes(500) + b"x" * 12, b"x" * 512
    assert torn == {bytes(1024), first + bytes(512), bytes(512) + second, first + second}


def test_of_two_writes_any_may_survive() -> None:
    disk = disk_after(CREATED, WRITTEN, SYNCED, ENTERED, Effect("write", "a", content=b"t"))
    disk.take(Effect("write", "a", offset=1, content=b"w"))
    assert contents(disk, "a") == {b"one", b"tne", b"owe", b"twe"}


def test_what_has_grown_without_its_content_is_made_of_anything() -> None:
    disk = disk_after(CREATED, SYNCED, ENTERED, WRITTEN)
    (grown,) = (change for change in disk.changes() if change.kind == "grow")
    assert disk.state({grown}, b"#") == {"a": Found(0o600, b"###")}


def test_a_length_and_permissions_last_like_content() -> None:
    begun = (CREATED, WRITTEN, SYNCED, ENTERED)
    assert contents(disk_after(*begun, Effect("truncate", "a", number=1)), "a") == {b"one", b"o"}
    looser = disk_after(*begun, Effect("mode", "a", number=0o644))
    assert {state["a"].mode for state in every_state(looser) if state["a"]} == {0o600, 0o644}


def test_a_rename_is_whole_and_lasts_after_the_sync_of_the_folder() -> None:
    renamed = disk_after(CREATED, WRITTEN, SYNCED, ENTERED, Effect("rename", "a", other="b"))
    assert [sorted(state) for state in every_state(renamed)] == [["a"], ["b"]]
    renamed.take(ENTERED)
    assert [sorted(state) for state in every_state(renamed)] == [["b"]]


def test_a_removal_comes_back_until_the_folder_is_synced() -> None:
    removed = disk_after(CREATED, WRITTEN, SYNCED, ENTERED, Effect("unlink", "a"))
    assert contents(removed, "a") == {b"one", None}


def test_a_second_name_may_be_lost_though_the_first_one_went() -> None:
    """Nothing orders two changes of a folder but a sync between them."""
    linked = (CREATED, WRITTEN, SYNCED, ENTERED, Effect("link", "a", other="b"))
    moved = disk_after(*linked, Effect("unlink", "a"))
    assert [sorted(state) for state in every_state(moved)] == [["a"], ["a", "b"], [], ["b"]]
    ordered = disk_after(*linked, ENTERED, Effect("unlink", "a"))
    assert [sorted(state) for state in every_state(ordered)] == [["a", "b"], ["b"]]
    assert every_state(disk_after(*linked))[1]["b"] == Found(0o600, b"one", "a")


# --- what strace writes ------------------------------------------------------------------------


def told(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


HERE, FILE = told(FOLDER), told(f"{FOLDER}/p/a")
OPENED = f'7 openat(AT_FDCWD<{HERE}>, "{told("p/a")}", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 3<{FILE}>'


def read(*lines: str) -> tuple[Effect, ...]:
    return effects_of("\n".join(lines), FOLDER, ("p",))


def test_calls_are_read_with_what_they_write_and_where() -> None:
    found = read(
        OPENED,
        f'7 write(3<{FILE}>, "{told("ab")}", 2) = 2',
        f'7 write(3<{FILE}>, "{told("cd")}", 2) = 1',
        f"7 lseek(3<{FILE}>, 0, SEEK_SET) = 0",
        f'7 write(3<{FILE}>, "{told("e")}", 1) = 1',
        f'7 pwrite64(3<{FILE}>, "{told("f")}", 1, 9) = 1',
        f"7 fsync(3<{FILE}>) = 0",
        f'7 write(1<{told("/out")}>, "{told("done")}", 4) = 4',
        f'7 rename("{FILE}", "{told(f"{FOLDER}/p/b")}") = 0',
        f"7 fdatasync(4<{told(f'{FOLDER}/p')}>) = 0",
        "7 +++ exited with 0 +++",
    )
    assert found == (
        Effect("create", "p/a", number=0o600),
        Effect("truncate", "p/a"),
        Effect("write", "p/a", content=b"ab"),
        Effect("write", "p/a", offset=2, content=b"c"),
        Effect("write", "p/a", content=b"e"),
        Effect("write", "p/a", offset=9, content=b"f"),
        Effect("sync", "p/a"),
        Effect("show", content=b"done"),
        Effect("rename", "p/a", other="p/b"),
        Effect("sync", "p"),
    )


def test_names_without_a_folder_are_those_where_the_process_ran() -> None:
    made = (f'7 mkdir("{told("p/d")}", 0700) = 0', f'7 link("{told("p/a")}", "{told("p/../p/b")}") = 0')
    assert read(*made) == (Effect("mkdir", "p/d", number=0o700), Effect("link", "p/a", other="p/b"))


def test_what_failed_or_is_elsewhere_or_holds_nothing_had_no_effect() -> None:
    elsewhere, shared = told(f"{FOLDER}/q/a"), told(f"{FOLDER}/p/a-shm")
    assert read(f'7 unlink("{FILE}") = -1 ENOENT (No such file or directory)') == ()
    assert read(f'7 unlink("{elsewhere}") = 0', f"7 fsync(3<{FILE}>(deleted)) = 0") == ()
    mapped = f"7 mmap(NULL, 32768, PROT_READ|PROT_WRITE, MAP_SHARED, 3<{shared}>, 0) = 0x7f0000000000"
    assert read(f'7 pwrite64(3<{shared}>, "{told("a")}", 1, 0) = 1', mapped) == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("strace: something else", "not understood"),
        (f"7 sendfile(3<{FILE}>, 4<{told('/z')}>, NULL, 9) = 9", "nobody knows"),
        (f'7 writev(3<{FILE}>, [{{iov_base="{told("a")}", iov_len=1}}], 1) = 1', "nobody knows"),
        (f'7 write(3<{FILE}>, "{told("ab")}"..., 9) = 9', "cut a text short"),
        (
            f"7 mmap(NULL, 9, PROT_READ|PROT_WRITE, MAP_SHARED, 3<{FILE}>, 0) = 0x7f00",
            "is mapped for writing",
        ),
        (f'7 openat(AT_FDCWD<{HERE}>, "{FILE}", O_WRONLY|O_APPEND) = 3<{FILE}>', "is appended to"),
        (f'7 rename("{FILE}", "{told("/z")}") = 0', "from one place to another"),
    ],
)
def test_what_could_be_overlooked_is_an_error(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(line)


def test_a_rename_from_folder_to_folder_is_not_passed_over() -> None:
    disk = disk_after(Effect("mkdir", "p"), Effect("mkdir", "q"), Effect("create", "p/a"))
    with pytest.raises(ValueError, match="from folder to folder"):
        disk.take(Effect("rename", "p/a", other="q/a"))
