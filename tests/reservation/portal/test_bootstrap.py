"""Making and opening portals, and the key files that come with them."""

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from errno import EIO
from pathlib import Path

import pytest

from codec.errors import FieldError
from codec.keys import SigningKey
from reservation import bootstrap, keyfile, service, trustfile
from reservation.bootstrap import Founded, database_path
from reservation.errors import (
    AlreadyThereError,
    KeyFileError,
    ReservationError,
    RuleError,
    SetupError,
    StorageError,
)
from reservation.model import EventKind
from reservation.service import Portal
from reservation.sql import sqlite_engine
from tests.reservation.portal.appliance import START, seeded
from tests.reservation.portal.conftest import PASSPHRASE

KEY = SigningKey(b"k" * 32)


def initialise(folder: Path, **other: object) -> Founded:
    options: dict[str, object] = {
        "account": "Northern Grid",
        "actor": "ann",
        "keys_folder": folder / "keys",
        "passphrase": PASSPHRASE,
        "clock": lambda: START,
        "random": seeded("init"),
    }
    return bootstrap.initialise(
        f"sqlite://{folder}/state/deep/portal.db",
        **(options | other),  # type: ignore[arg-type]
    )


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- a new portal ----------------------------------------------------------------------------------


def test_a_new_portal_is_whole(tmp_path: Path) -> None:
    founded = initialise(tmp_path)
    assert everything_in(tmp_path) == [
        "keys", "keys/checkpoint", "keys/issuer.pem", "keys/root.pem",
        "state", "state/deep", "state/deep/portal.db",
    ]  # fmt: skip
    for file in (founded.database, founded.root_file, founded.issuer_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    portal = bootstrap.open_portal(
        f"sqlite://{founded.database}",
        actor="ann",
        clock=lambda: START,
        random=seeded("x"),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )
    assert [one.name for one in service.list_virtual_accounts(portal)] == ["DEFAULT"]
    assert [event.kind for event in service.events(portal)] == [EventKind.ACCOUNT_OPENED]
    assert service.audit(portal) == ()
    portal.close()


def test_devices_pin_a_trust_file_that_names_the_issuer_from_today(portal: Portal, founded: Founded) -> None:
    pinned = trustfile.parse(service.trust_file(portal))
    trust = pinned.trust.code.value
    assert pinned.root == founded.root
    assert (trust.serial, trust.portal_id, trust.revoked, trust.next_root) == (1, founded.portal_id, (), None)
    (issuer,) = trust.issuers
    assert portal.issuer is not None
    assert issuer.key == portal.issuer.key.verifying_key.raw
    assert (issuer.valid_from, issuer.valid_until) == (date(2026, 3, 2), None)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    founded = initialise(tmp_path)
    before = {path: path.read_bytes() for path in (founded.database, founded.root_file, founded.issuer_file)}
    with pytest.raises(AlreadyThereError, match=r"portal\.db exists already"):
        initialise(tmp_path)
    with pytest.raises(AlreadyThereError, match=r"portal\.db exists already"):
        initialise(tmp_path, keys_folder=tmp_path / "other keys")
    founded.database.rename(tmp_path / "away.db")
    with pytest.raises(AlreadyThereError, match=r"root\.pem already"):
        initialise(tmp_path)
    (tmp_path / "away.db").rename(founded.database)
    assert {path: path.read_bytes() for path in before} == before
    assert not (tmp_path / "other keys").exists()


def test_a_portal_that_appears_meanwhile_wins(tmp_path: Path, founded: Founded) -> None:
    """Two `init` at once: the second finds the file only when it gives its own the name."""

    def random(size: int) -> bytes:
        # The last random bytes are drawn after everything was looked at.
        place = tmp_path / "state" / "deep" / "portal.db"
        if any((tmp_path / "keys").glob(".issuer.pem.*")) and not place.exists():
            place.parent.mkdir(parents=True)
            place.write_bytes(founded.database.read_bytes())
        return source(size)

    source = seeded("second")
    with pytest.raises(AlreadyThereError):
        initialise(tmp_path, random=random)
    assert everything_in(tmp_path) == ["state", "state/deep", "state/deep/portal.db"]


@pytest.mark.parametrize("fails", ["_found", "_publish", "_seed"])
def test_what_fails_half_way_leaves_nothing(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sqlite_engine, fails, broken)
    with pytest.raises(StorageError, match="No space left on device"):
        initialise(tmp_path)
    assert everything_in(tmp_path) == []
    monkeypatch.undo()
    assert initialise(tmp_path).database.exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file, not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        initialise(tmp_path)
    assert everything_in(tmp_path) == ["keys"]
    (tmp_path / "state").write_text("a file, not a folder")
    with pytest.raises(StorageError):
        initialise(tmp_path, keys_folder=tmp_path / "other")
    assert everything_in(tmp_path) == ["keys", "state"]


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("account", "", FieldError),
        ("account", "Bad\x1b[31m", FieldError),
        ("actor", "ann\n", FieldError),
        ("passphrase", "", KeyFileError),
        ("minimum_match", -1, RuleError),
        ("minimum_match", 16, RuleError),
        ("clock", lambda: START.replace(year=1970), FieldError),
    ],
)
def test_bad_options_are_refused_before_anything_is_made(
    option: str, value: object, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        initialise(tmp_path, **{option: value})
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/lib/portal.db", "/var/lib/portal.db"),
        ("sqlite:////var/lib/portal.db", "/var/lib/portal.db"),
        ("sqlite:portal.db", "portal.db"),
        ("sqlite:./a folder/50%.db", "a folder/50%.db"),
    ],
)
def test_a_url_names_a_file(url: str, path: str) -> None:
    assert database_path(url) == Path(path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "portal.db",
        "/var/lib/portal.db",
        "sqlite:",
        "sqlite://",
        "sqlite:////",
        "sqlite:.",
        "sqlite://host/x",
        "mysql:///x",
        "sqlite:a\0b",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(SetupError, match="not named by a URL"):
        database_path(url)


def test_an_issuer_of_another_portal_is_refused(founded: Founded, database: Path, tmp_path: Path) -> None:
    other = initialise(tmp_path / "other")
    with pytest.raises(KeyFileError, match="is not the one that this portal uses"):
        bootstrap.open_portal(
            f"sqlite://{database}",
            actor="ann",
            clock=lambda: START,
            random=seeded("x"),
            issuer_file=other.issuer_file,
            passphrase=PASSPHRASE,
        )


def test_without_the_extra_its_name_is_said() -> None:
    for package in ("apsw", "aiosql", "cryptography"):
        program = (
            f"import sys; sys.modules[{package!r}] = None\n"
            "from pathlib import Path\n"
            "from codec.keys import SigningKey\n"
            "from reservation import bootstrap, keyfile, service\n"
            "from reservation.errors import MissingExtraError\n"
            "try:\n"
            "    keyfile.encrypted_pem(SigningKey(b'k' * 32), 'pw')\n"
            "    bootstrap.open_portal('sqlite:x', actor='ann', clock=None, random=None)\n"
            "except MissingExtraError as error:\n"
            "    print(error.message, error.hint)\n"
        )
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert f"needs the package {package}," in shown.stdout
        assert "tallystick[portal]" in shown.stdout


# --- key files -------------------------------------------------------------------------------------


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    keyfile.write_key(tmp_path / "keys" / "key.pem", KEY, PASSPHRASE)
    return tmp_path / "keys" / "key.pem"


def test_a_key_comes_back_from_its_file(key_file: Path) -> None:
    assert keyfile.read_key(key_file, PASSPHRASE) == KEY
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700


def test_openssl_reads_a_key_file(key_file: Path) -> None:
    command = [
        "openssl",
        "pkey",
        "-in",
        str(key_file),
        "-passin",
        f"pass:{PASSPHRASE}",
        "-pubout",
        "-outform",
        "DER",
    ]
    shown = subprocess.run(command, capture_output=True, check=True)
    assert shown.stdout.endswith(KEY.verifying_key.raw)


def _plain(path: Path) -> None:
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True)
    path.write_bytes(made.stdout)


def _rsa(path: Path) -> None:
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-aes256", "-pass", f"pass:{PASSPHRASE}"]
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.parametrize(
    ("spoil", "message", "hint"),
    [
        (lambda path: path.chmod(0o640), "Others can read the private key", "chmod 600"),
        (lambda path: path.chmod(0o604), "Others can read the private key", "chmod 600"),
        (lambda path: path.unlink(), "There is no key at", "restore it"),
        (lambda path: path.write_text("nothing"), "no encrypted private key", "openssl pkcs8"),
        (_plain, "no encrypted private key", "openssl pkcs8"),
        (_rsa, "is not an Ed25519 key", "portal init"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "does not open", "passphrase"),
    ],
)
def test_a_key_file_that_cannot_be_used_says_why(
    spoil: Callable[[Path], object], message: str, hint: str, key_file: Path
) -> None:
    spoil(key_file)
    with pytest.raises(KeyFileError, match=message) as refused:
        keyfile.read_key(key_file, PASSPHRASE)
    assert hint in refused.value.hint


@pytest.mark.parametrize("passphrase", ["", "wrong", PASSPHRASE + " "])
def test_a_wrong_passphrase_is_said(passphrase: str, key_file: Path) -> None:
    with pytest.raises(KeyFileError, match="the passphrase is another one"):
        keyfile.read_key(key_file, passphrase)


def test_a_key_is_never_overwritten_nor_left_half_written(key_file: Path, tmp_path: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(AlreadyThereError):
        keyfile.write_key(key_file, SigningKey(b"x" * 32), PASSPHRASE)
    assert key_file.read_bytes() == before
    with pytest.raises(KeyFileError, match="passphrase is empty"):
        keyfile.write_key(tmp_path / "new.pem", KEY, "")
    assert not (tmp_path / "new.pem").exists()


@pytest.mark.parametrize(
    ("error", "refusal"),
    [(OSError(EIO, "Input/output error"), StorageError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_whatever_ends_it_at_a_sync_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, refusal: type[BaseException]
) -> None:
    """Most of the time of an `init` goes by in these calls, so that is where Ctrl-C meets it."""
    honest, left = os.fsync, [0]

    def broken(descriptor: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise error
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    refusals = 0
    while not (tmp_path / "state").exists():
        refusals += 1
        left[0] = refusals
        with contextlib.suppress(refusal):
            initialise(tmp_path)
        if left[0] <= 0:
            assert everything_in(tmp_path) == []
    assert refusals > 6


def test_no_error_shows_a_secret(key_file: Path) -> None:
    with pytest.raises(ReservationError) as refused:
        keyfile.read_key(key_file, "hunter2")
    assert "hunter2" not in refused.value.message + refused.value.hint
    assert KEY.seed.hex() not in repr(KEY)
