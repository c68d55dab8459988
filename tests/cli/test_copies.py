"""Copies of the books on the command line: made, put back, refused; what is forgotten is noticed at once."""

import shutil
import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from reservation.keyfile import read_key
from tests.cli.desk import require_refusal
from tests.cli.portal_desk import PortalDesk, Refusal


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def backed_up(portal: PortalDesk) -> str:
    """Return a copy of the books."""
    file = str(portal.path("copy.db"))
    portal.done("portal", "backup", file)
    return file


def available(portal: PortalDesk) -> int:
    listed = portal.done("portal", "license", "list", "--tag", "ROUTING", "--json").json["licenses"]
    return int(listed[0]["counts"]["available"])


def test_a_copy_is_one_file_that_only_its_owner_reads(portal: PortalDesk) -> None:
    record = portal.done("portal", "backup", str(portal.path("copy.db")), "--json").json
    assert record["events"] == 5
    assert portal.path("copy.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in portal.folder.glob("*copy*")] == ["copy.db"]
    with closing(apsw.Connection(str(portal.path("copy.db")), flags=apsw.SQLITE_OPEN_READONLY)) as copy:
        assert copy.pragma("journal_mode") == "delete"


def test_a_copy_has_no_key_in_it(portal: PortalDesk) -> None:
    """Nor what opens one: whoever finds a backup can sign nothing."""
    portal.reserved()
    copy = Path(backed_up(portal)).read_bytes().lower()
    (folder,) = {file.parent for file in portal.folder.rglob("issuer.pem")}
    passphrase = (folder / "passphrase").read_text(encoding="utf-8").strip()
    for name in ("issuer.pem", "root.pem"):
        key = read_key(folder / name, passphrase)
        assert key.verifying_key.raw.lower() in copy
        for secret in (key.seed, b64encode(key.seed), key.seed.hex().encode()):
            assert secret.lower() not in copy
        for line in (folder / name).read_bytes().lower().splitlines():
            assert line not in copy
    assert passphrase.lower().encode() not in copy


def test_what_was_forgotten_is_noticed_at_once_and_the_old_books_are_kept(portal: PortalDesk) -> None:
    copy = backed_up(portal)
    request, authorization = portal.reserved()
    record = portal.done("portal", "restore", copy, "--yes", "--json").json
    assert (record["forgotten_events"], record["in_quarantine"]) == (1, True)
    assert available(portal) == 100
    assert portal.run("portal", "reserve", request, "--as-requested").code == 1
    portal.done("portal", "restore", record["kept"], "--yes", "--json")
    assert available(portal) == 98
    shown = portal.done("portal", "show", request, "--json").json
    assert authorization in {code["code"] for code in shown["codes"]}


def test_a_copy_of_the_newest_books_forgets_nothing(portal: PortalDesk) -> None:
    request, authorization = portal.reserved()
    copy = backed_up(portal)
    record = portal.done("portal", "restore", copy, "--yes", "--json").json
    assert (record["forgotten_events"], record["in_quarantine"]) == (0, False)
    assert portal.done("portal", "reserve", request, "--as-requested").line == authorization


def test_a_text_that_is_none_is_damage(portal: PortalDesk) -> None:
    copy = backed_up(portal)
    form = Path(copy).read_bytes()
    assert form.count(b"kim") > 1
    Path(copy).write_bytes(form.replace(b"kim", b"k\xffm"))
    refused = portal.run("portal", "restore", copy, "--yes", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (6, "not-a-backup")
    shutil.copyfile(copy, portal.path("portal.db"))
    refused = portal.run("portal", "audit", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (6, "state-damaged")


def test_after_a_restore_an_audit_is_advised(portal: PortalDesk) -> None:
    """Not every damage can be seen without one: a copy is checked in the time that it takes to read it."""
    restored = portal.done("portal", "restore", backed_up(portal), "--yes")
    assert restored.err.endswith("tallystick portal audit\n")


def test_where_there_is_no_checkpoint_nobody_can_tell_what_was_forgotten(portal: PortalDesk) -> None:
    copy = backed_up(portal)
    portal.path("portal-keys/checkpoint").unlink()
    portal.path("portal.db").unlink()
    restored = portal.done("portal", "restore", copy, "--yes")
    assert "Forgotten   nobody can tell" in restored.out
    assert "As it was   there was no database" in restored.out
    assert "Quarantine  yes" in restored.out
    assert portal.path("portal-keys/checkpoint").exists()
    assert "Restored from copy.db" in portal.done("portal", "quarantine").out


@pytest.mark.parametrize("damage", [b"garbage", bytes(8192)])
def test_a_damaged_database_is_set_aside(portal: PortalDesk, damage: bytes) -> None:
    copy = backed_up(portal)
    portal.path("portal.db").write_bytes(damage)
    record = portal.done("portal", "restore", copy, "--yes", "--json").json
    assert Path(record["kept"]).read_bytes() == damage
    assert portal.done("portal", "audit").out == "The books add up.\n"


def test_a_copy_with_its_log_beside_it_is_taken_whole(portal: PortalDesk) -> None:
    with closing(apsw.Connection(str(portal.path("portal.db")))) as holder:
        holder.execute("SELECT 1 FROM events").fetchall()
        portal.done("portal", "license", "add", "ROUTING", "5")
        for ending in ("", "-wal"):
            shutil.copy(portal.path(f"portal.db{ending}"), portal.path(f"by-hand.db{ending}"))
        assert portal.path("by-hand.db-wal").stat().st_size
    portal.done("portal", "license", "add", "ROUTING", "7")
    portal.done("portal", "restore", str(portal.path("by-hand.db")), "--yes")
    assert available(portal) == 105


def test_others_go_on_reading_and_writing_through_a_restore(portal: PortalDesk) -> None:
    copy = backed_up(portal)
    portal.done("portal", "license", "add", "ROUTING", "5")
    count = "SELECT sum(entitled) FROM balances JOIN lots USING (lot_id) WHERE tag = 'ROUTING'"
    with closing(apsw.Connection(str(portal.path("portal.db")))) as other:
        assert other.execute(count).fetchall() == [(105,)]
        portal.done("portal", "restore", copy, "--yes")
        assert other.execute(count).fetchall() == [(100,)]
        other.execute("PRAGMA user_version = 1")


def test_a_person_is_asked(portal: PortalDesk) -> None:
    copy = backed_up(portal)
    portal.done("portal", "license", "add", "ROUTING", "5")
    declined = portal.run("portal", "restore", copy, stdin="n\n", terminal=True)
    assert declined.code != 0
    assert "It forgets 1 event." in declined.err
    assert available(portal) == 105
    assert portal.run("portal", "restore", copy, stdin="y\n", terminal=True).code == 0
    assert available(portal) == 100


def _exists(desk: PortalDesk) -> tuple[str, ...]:
    return "portal", "backup", backed_up(desk)


def _nowhere(desk: PortalDesk) -> tuple[str, ...]:
    desk.path("file").write_text("no folder")
    return "portal", "backup", str(desk.path("file/copy.db"))


def _no_consent(desk: PortalDesk) -> tuple[str, ...]:
    return "portal", "restore", backed_up(desk)


def _not_there(desk: PortalDesk) -> tuple[str, ...]:
    return "portal", "restore", str(desk.path("missing.db")), "--yes"


def _no_database(desk: PortalDesk) -> tuple[str, ...]:
    desk.path("notes.txt").write_text("what to buy")
    return "portal", "restore", str(desk.path("notes.txt")), "--yes"


def _another_database(desk: PortalDesk) -> tuple[str, ...]:
    with closing(apsw.Connection(str(desk.path("music.db")))) as music:
        music.execute("CREATE TABLE songs (name)")
    return "portal", "restore", str(desk.path("music.db")), "--yes"


def _torn(desk: PortalDesk) -> tuple[str, ...]:
    copy = Path(backed_up(desk))
    copy.write_bytes(copy.read_bytes()[:20_000])
    return "portal", "restore", str(copy), "--yes"


def _newer(desk: PortalDesk) -> tuple[str, ...]:
    copy = backed_up(desk)
    with closing(apsw.Connection(copy)) as newer:
        newer.execute("PRAGMA user_version = 999")
    return "portal", "restore", copy, "--yes"


def _of_another_portal(desk: PortalDesk) -> tuple[str, ...]:
    url, keys = f"sqlite:///{desk.path('other.db')}", str(desk.path("other-keys"))
    desk.done("portal", "init", "--account", "Other", "--db", url, "--keys", keys)
    desk.done("portal", "backup", str(desk.path("others.db")), "--db", url)
    return "portal", "restore", str(desk.path("others.db")), "--yes"


REFUSALS: dict[str, Refusal] = {
    "exists": (_exists, 1, "already-there", "exists already", "another name"),
    "nowhere": (_nowhere, 6, "storage", "cannot be written", "permissions"),
    "no consent": (_no_consent, 2, "usage", "nobody can be asked", "--yes"),
    "not there": (_not_there, 6, "not-a-backup", "There is no file", "backup"),
    "no database": (_no_database, 6, "not-a-backup", "no sound copy", "older backup"),
    "another database": (_another_database, 6, "not-a-backup", "no sound copy", "older backup"),
    "torn": (_torn, 6, "not-a-backup", "no sound copy", "older backup"),
    "newer": (_newer, 6, "newer-state", "newer Tallystick", "Upgrade"),
    "of another portal": (_of_another_portal, 2, "other-checkpoint", "is of portal", "of one portal"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused(name: str, portal: PortalDesk) -> None:
    require_refusal(portal, REFUSALS[name])


def test_a_copy_made_while_others_write_is_one_state(portal: PortalDesk) -> None:
    environ = {**portal.environment("portal"), "PYTHONPATH": str(Path(__file__).parents[2])}
    words = ("portal", "license", "add", "ROUTING", "1")
    writers = [
        subprocess.Popen([sys.executable, "-m", "cli", *words], env=environ, stdout=subprocess.DEVNULL)
        for _ in range(4)
    ]
    for number in range(3):
        portal.done("portal", "backup", str(portal.path(f"copy-{number}.db")))
    assert [writer.wait() for writer in writers] == [0] * 4
    for number in range(3):
        url = f"sqlite:///{portal.path(f'copy-{number}.db')}"
        audited = portal.run("portal", "audit", "--db", url, "--keys", str(portal.path("none")))
        assert audited.out == "The books add up.\n"
