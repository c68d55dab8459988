"""The order of calls is judged rightly: hand-written logs, each with what must be found in it."""

import pytest

from tests.faults.calls import Call, ends_of_runs, parse
from tests.faults.order import Durability

SHOWN = 'write(1</x/out>, ""..., 9) = 9'
FAILED = "fsync(4</d>) = -1 EIO (Input/output error) (INJECTED)"
DRAFT = [
    'openat(AT_FDCWD</x>, "/d/s.new", O_WRONLY|O_CREAT|O_EXCL, 0600) = 3</d/s.new>',
    'write(3</d/s.new>, ""..., 10) = 10',
]
SYNC = "fsync(3</d/s.new>) = 0"
RENAME = 'rename("/d/s.new", "/d/s") = 0'
FOLDER = "fsync(4</d>) = 0"
LOG = [
    'openat(AT_FDCWD</x>, "/d/b-wal", O_RDWR|O_CREAT, 0600) = 5</d/b-wal>',
    'pwrite64(5</d/b-wal>, ""..., 24, 0) = 24',
]
LOG_SYNC = "fdatasync(5</d/b-wal>) = 0"
PAGES = 'pwrite64(6</d/b>, ""..., 4096, 0) = 4096'
PAGES_SYNC = "fdatasync(6</d/b>) = 0"
UNLOG = 'unlink("/d/b-wal") = 0'


def calls(*lines: str) -> tuple[Call, ...]:
    return parse([f"77 {line}" for line in lines], "/x")


def breaches(*lines: str, finished: bool = False) -> list[str]:
    return Durability(["/d"], ["/d", "/d/s", "/d/b"]).follow(calls(*lines), finished=finished)


@pytest.mark.parametrize(
    "lines",
    [
        [*DRAFT, SYNC, RENAME, FOLDER, SHOWN],
        [*DRAFT, SYNC, RENAME, FOLDER, SHOWN, *DRAFT],
        [*LOG, LOG_SYNC, FOLDER, SHOWN],
        [*LOG, LOG_SYNC, FOLDER, PAGES, SHOWN],
        [*LOG, LOG_SYNC, FOLDER, PAGES, PAGES_SYNC, UNLOG, SHOWN],
        [LOG[0], SHOWN],
        [*DRAFT, 'unlink("/d/s.new") = 0', SHOWN],
        ['openat(AT_FDCWD</x>, "/d/lock", O_RDWR|O_CREAT, 0600) = 3</d/lock>', SHOWN],
        ['write(3</elsewhere>, ""..., 10) = 10', SHOWN],
        ['mkdir("/d/new", 0700) = 0', FOLDER, SHOWN],
        [*DRAFT, SYNC, 'link("/d/s.new", "/d/t") = 0', 'unlink("/d/s.new") = 0', FOLDER, SHOWN],
        DRAFT,
    ],
)
def test_what_is_durable_is_found_durable(lines: list[str]) -> None:
    assert breaches(*lines) == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([*DRAFT, SYNC, RENAME, SHOWN], "before the folder of s was synced"),
        ([*DRAFT, SYNC, RENAME, SHOWN, FOLDER], "before the folder of s was synced"),
        (
            [*DRAFT, SYNC, RENAME, "fsync(4</d>) = -1 EIO (Input/output error) (INJECTED)", SHOWN],
            "folder of s",
        ),
        ([*DRAFT, RENAME, FOLDER, SHOWN], "s got its name before its content was synced"),
        ([*DRAFT, SYNC, 'link("/d/s.new", "/d/t") = 0', SHOWN], "before the folder of t was synced"),
        (['mkdir("/d/new", 0700) = 0', SHOWN], "before the folder of new was synced"),
        (['openat(AT_FDCWD</x>, "/d/s", O_WRONLY|O_TRUNC) = 3</d/s>', SHOWN], "before s was synced"),
        ([*LOG, FOLDER, SHOWN], "before b-wal was synced"),
        ([*LOG, LOG_SYNC, SHOWN], "before the folder of b-wal was synced"),
        ([PAGES, SHOWN], "before b was synced"),
        ([*LOG, LOG_SYNC, FOLDER, PAGES, UNLOG, SHOWN], "before b was synced"),
        ([*LOG, LOG_SYNC, FOLDER, PAGES, UNLOG, PAGES_SYNC, SHOWN], "the log of b went before it was synced"),
    ],
)
def test_what_a_power_cut_could_take_is_found(lines: list[str], words: str) -> None:
    assert any(words in breach for breach in breaches(*lines))


def test_a_good_end_shows_as_much_as_words_do() -> None:
    assert breaches(*DRAFT, SYNC, RENAME, finished=True) == [
        "the command ended before the folder of s was synced"
    ]


def test_the_next_process_inherits_what_was_not_synced() -> None:
    durability = Durability(["/d"], ["/d", "/d/s"])
    assert durability.follow(calls(*DRAFT, SYNC, RENAME), finished=False) == []
    assert durability.follow(calls(SHOWN), finished=True) == [
        "something was shown before the folder of s was synced"
    ]
    assert durability.follow(calls(FOLDER, SHOWN), finished=True) == []


def test_relative_names_are_those_of_the_folder_where_the_process_ran() -> None:
    (call,) = parse(['unlink("a/b") = 0'], "/x/y")
    assert call.path == "/x/y/a/b"


def test_a_call_that_was_cut_off_did_nothing() -> None:
    for line in ("fsync(4</d> <unfinished ...>", "fsync(4</d>) = ?"):
        (call,) = parse([line, "+++ killed by SIGKILL +++"], "/x")
        assert (call.name, call.path, call.done) == ("fsync", "/d", False)


def test_a_line_that_is_not_understood_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="not understood"):
        parse(["strace: something else"], "/x")


def test_a_call_that_was_interrupted_is_one_call() -> None:
    """Another process went on in the middle of it."""
    both = parse(
        [
            '7 mkdir("/x/a", 0700 <unfinished ...>',
            '8 mkdir("/x/a", 0700) = 0',
            "7 <... mkdir resumed>) = -1 EEXIST (File exists)",
            '7 mkdir("/x/b", 0700 <unfinished ...>',
            "7 <... mkdir resumed>) = 0",
        ],
        "/x",
    )
    assert [(one.path, one.count, one.done) for one in both] == [
        ("/x/a", 1, False),
        ("/x/a", 2, True),
        ("/x/b", 3, True),
    ]
    with pytest.raises(ValueError, match="not understood"):
        parse(["8 <... mkdir resumed>) = 0"], "/x")


def test_only_runs_of_writes_of_one_file_are_shortened() -> None:
    long_run = calls(*LOG, *[LOG[1]] * 5, LOG_SYNC, PAGES, PAGES, LOG_SYNC, LOG_SYNC, LOG_SYNC)
    assert [f"{call.name} {call.count}" for call in ends_of_runs(long_run)] == [
        "openat 1", "pwrite64 1", "pwrite64 6", "fdatasync 1",
        "pwrite64 7", "pwrite64 8", "fdatasync 2", "fdatasync 3", "fdatasync 4",
    ]  # fmt: skip
