"""The device folder: permissions, the key file, what is left behind, one writer at a time."""

import stat
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from codec.keys import SigningKey
from reservation.device import Device
from reservation.device.folder import Folder
from reservation.device.keyfile import from_pem, to_pem
from reservation.errors import BusyError, KeyFileError, SetupError, StorageError
from tests.reservation.device.far_side import Bench, key_of

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from reservation.device.folder import Folder
with Folder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""

# --- the key file ------------------------------------------------------------------------------


def test_a_key_file_holds_the_key() -> None:
    key = key_of("device")
    assert from_pem(to_pem(key)) == key


def test_openssl_reads_the_key_file(bench: Bench) -> None:
    device = bench.initialise()
    ran = subprocess.run(
        ["openssl", "pkey", "-in", str(bench.home / "device-key.pem"), "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    )
    assert ran.stdout[-32:] == device.request().code.value.device_key


def test_a_key_that_openssl_made_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(path)], check=True)
    key = from_pem(path.read_bytes())
    der = subprocess.run(
        ["openssl", "pkey", "-in", str(path), "-pubout", "-outform", "DER"], capture_output=True, check=True
    ).stdout
    assert der[-32:] == key.verifying_key.raw


PEM = to_pem(SigningKey(bytes(range(32))))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(PEM[:-30], id="cut off"),
        pytest.param(PEM.replace(b"PRIVATE", b"PUBLIC"), id="public key"),
        pytest.param(PEM.replace(b"MC4CAQAw", b"MC4CAQAx"), id="another structure"),
        pytest.param(PEM.replace(b"K2Vw", b"K2Vu"), id="X25519"),
        pytest.param(PEM.replace(b"MC4C", b"M"), id="broken base64"),
        pytest.param(PEM.replace(b"MC4C", b"MC4C "), id="loose base64"),
        pytest.param(bytes(len(PEM)), id="zeros"),
    ],
)
def test_anything_else_is_no_key(content: bytes) -> None:
    with pytest.raises(KeyFileError) as caught:
        from_pem(content)
    assert "backup" in caught.value.hint


def test_a_key_file_from_another_system_may_have_other_line_ends() -> None:
    assert from_pem(PEM.replace(b"\n", b"\r\n")).seed == bytes(range(32))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_a_key_that_others_can_reach_is_refused(bench: Bench, mode: int) -> None:
    device = bench.initialise()
    (bench.home / "device-key.pem").chmod(mode)
    before = bench.files
    with pytest.raises(KeyFileError) as caught:
        device.request()
    assert f"{mode:04o}" in caught.value.message
    assert "chmod 600" in caught.value.hint
    assert bench.files == before


def test_the_key_of_another_folder_signs_nothing(bench: Bench) -> None:
    device = bench.initialise()
    (bench.home / "device-key.pem").write_bytes(to_pem(key_of("another")))
    before = bench.files
    with pytest.raises(KeyFileError) as caught:
        device.request()
    assert "another device folder" in caught.value.message
    assert bench.files == before


# --- permissions -------------------------------------------------------------------------------


def test_everything_is_for_its_owner_alone(bench: Bench) -> None:
    bench.reserved()
    assert stat.S_IMODE(bench.home.stat().st_mode) == 0o700
    for path in bench.home.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o644, 0o644), (0o666, 0o644)]
)
def test_a_state_stays_readable_for_those_who_could_read_it(bench: Bench, before: int, after: int) -> None:
    device = bench.initialise()
    (bench.home / "state.json").chmod(before)
    device.request()
    assert stat.S_IMODE((bench.home / "state.json").stat().st_mode) == after


def test_reading_writes_nothing_and_needs_no_key(bench: Bench) -> None:
    bench.reserved()
    for name in ("device-key.pem", "lock"):
        (bench.home / name).unlink()
    before = {path.name: path.stat().st_mtime_ns for path in [bench.home, *bench.home.iterdir()]}
    device = bench.open()
    assert device.entitled("VPN")
    assert device.check("VPN").licensed
    assert device.status().licensed
    assert device.confirmation().text == device.codes()[-1].text
    assert {path.name: path.stat().st_mtime_ns for path in [bench.home, *bench.home.iterdir()]} == before


def test_what_was_done_is_shown_again_where_nothing_can_be_written(bench: Bench) -> None:
    """Neither lock nor key are there; a folder in the lock's place fails to open for every user."""
    device = bench.reserved()
    code = device.give_back()
    (bench.home / "lock").unlink()
    (bench.home / "lock").mkdir()
    assert bench.open().give_back().text == code.text
    with pytest.raises(StorageError):
        bench.open().request()


# --- faults ------------------------------------------------------------------------------------


def test_a_home_that_cannot_be_made_says_so(bench: Bench) -> None:
    bench.home.write_text("a file")
    with pytest.raises(StorageError) as caught:
        bench.initialise()
    assert "cannot be made" in caught.value.message


def test_a_first_day_that_fails_leaves_the_folder_as_it_was(bench: Bench) -> None:
    bench.home.mkdir()
    (bench.home / "state.json.new").mkdir()
    with pytest.raises(StorageError):
        bench.initialise()
    assert [path.name for path in bench.home.iterdir()] == ["state.json.new"]
    (bench.home / "state.json.new").rmdir()
    bench.initialise()


def test_a_lock_that_is_taken_away_keeps_nobody_out_and_lets_nobody_in(bench: Bench) -> None:
    """Whoever waited for it takes the one that comes after it."""
    opened = Event()
    names: list[str] = []

    class Waiting(Folder):
        def _open_lock(self, path: Path) -> int:
            descriptor = super()._open_lock(path)
            opened.set()
            return descriptor

    def wait() -> None:
        with Waiting(bench.home).locked():
            names.extend(path.name for path in bench.home.iterdir())

    first = Folder(bench.home)
    first.create()
    waiting = Thread(target=wait)
    with first.locked():
        waiting.start()
        assert opened.wait(60)
        first.abandon()
        assert not list(bench.home.iterdir())
    waiting.join(60)
    assert names == ["lock"]


def test_a_state_that_cannot_be_read_says_so(bench: Bench) -> None:
    bench.initialise()
    (bench.home / "state.json").unlink()
    (bench.home / "state.json").mkdir()
    with pytest.raises(StorageError) as caught:
        bench.open()
    assert "cannot be read: Is a directory" in caught.value.message


def test_a_state_that_cannot_be_written_is_still_there(bench: Bench) -> None:
    """A folder in the place of the temporary file stands for every reason not to write."""
    device = bench.initialise()
    (bench.home / "state.json.new").mkdir()
    before = (bench.home / "state.json").read_bytes()
    with pytest.raises(StorageError) as caught:
        device.request()
    assert "again" in caught.value.hint
    assert (bench.home / "state.json").read_bytes() == before
    (bench.home / "state.json.new").rmdir()
    assert not device.request().again


def test_what_a_crash_left_behind_goes_with_the_next_change(bench: Bench) -> None:
    device = bench.initialise()
    for name in ("state.json.new", "device-key.pem.new"):
        (bench.home / name).write_bytes(b"half")
    device.request()
    assert {path.name for path in bench.home.iterdir()} == {"state.json", "device-key.pem", "lock"}


def test_a_planted_link_is_not_followed(bench: Bench, tmp_path: Path) -> None:
    device = bench.initialise()
    target = tmp_path / "target"
    target.write_text("precious")
    (bench.home / "lock").unlink()
    (bench.home / "lock").symlink_to(target)
    with pytest.raises(StorageError):
        device.request()
    (bench.home / "lock").unlink()
    (bench.home / "state.json.new").symlink_to(target)
    device.request()
    assert target.read_text() == "precious"


def test_a_removed_folder_is_noticed(bench: Bench) -> None:
    device = bench.reserved()
    for path in bench.home.iterdir():
        path.unlink()
    bench.home.rmdir()
    with pytest.raises(SetupError) as caught:
        device.entitled("VPN")
    assert caught.value.code == "not-initialised"


# --- one writer at a time ----------------------------------------------------------------------


def test_a_change_waits_for_another_process_and_then_gives_up(bench: Bench) -> None:
    bench.initialise()
    before = bench.files
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(bench.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        hurried = bench.open(wait_seconds=0.05)
        with pytest.raises(BusyError) as caught:
            hurried.request()
        assert "Try again" in caught.value.hint
        assert not hurried.entitled("VPN")
        assert bench.files == before
        holder.communicate("")
    assert not hurried.request().again


def test_a_killed_holder_blocks_nobody(bench: Bench) -> None:
    bench.initialise()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(bench.home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        holder.wait()
        assert not bench.open(wait_seconds=0.05).request().again


def test_the_lock_keeps_out_a_second_one_in_the_same_process(bench: Bench) -> None:
    bench.initialise()
    folder = Folder(bench.home, wait_seconds=0.0)
    with folder.locked(), pytest.raises(BusyError), folder.locked():
        pass
    with folder.locked():
        pass


def test_two_that_were_opened_before_ask_once(bench: Bench) -> None:
    """The second sees under the lock what the first has done."""
    first: Device = bench.initialise()
    second = bench.open()
    assert not first.request().again
    assert second.request().again
    assert len(bench.open().codes()) == 1
