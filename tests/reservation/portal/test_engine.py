"""SQLite as the portal uses it: the version gate, safe settings, damage, upgrades, and who waits for whom."""

import os
import shutil
import stat
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from reservation import bootstrap, service
from reservation.errors import (
    BusyError,
    NewerStateError,
    NoPortalError,
    SetupError,
    StateDamagedError,
    StorageError,
    UnsafeDatabaseError,
)
from reservation.service import LinesWanted, Portal
from reservation.sql.sqlite_engine import is_safe_version, open_store
from reservation.sql.sqlite_schema import migrations
from reservation.sql.steps import Migration
from tests.reservation.portal.appliance import START, Appliance, seeded
from tests.reservation.portal.rows import every_row


@pytest.mark.parametrize(
    "version", ["3.51.3", "3.51.10", "3.52.0", "3.54.1", "4.0.0", "3.50.7", "3.50.8", "3.44.6", "3.44.9"]
)
def test_safe_versions_pass(version: str) -> None:
    assert is_safe_version(version)


@pytest.mark.parametrize(
    "version",
    ["3.7.0", "3.40.1", "3.43.2", "3.44.5", "3.45.0", "3.49.9", "3.50.6", "3.51.0", "3.51.2", "2.8.17"],
)
def test_versions_that_can_lose_commits_do_not(version: str) -> None:
    assert not is_safe_version(version)


def test_the_gate_stands_before_every_opening(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(UnsafeDatabaseError, match="can lose acknowledged commits") as refused:
        open_store(database)
    assert "tallystick[portal]" in refused.value.hint


def test_work_is_durable_when_it_is_acknowledged(database: Path) -> None:
    store = open_store(database)
    connection = store._connection
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("foreign_keys") == 1
    store.close()


def test_files_belong_to_their_owner_alone(portal: Portal, database: Path) -> None:
    service.add_license(portal, "ROUTE", 1)
    files = list(database.parent.glob("portal.db*"))
    assert len(files) == 4  # with the write-ahead log, its index, and the file of turns
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


# --- what is no portal, or no longer one -----------------------------------------------------------


def test_a_missing_database_is_said_not_made(tmp_path: Path) -> None:
    with pytest.raises(NoPortalError, match="There is no portal at") as refused:
        open_store(tmp_path / "portal.db")
    assert "portal init" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE notes (text)")
    with pytest.raises(StateDamagedError, match="a database of something else"):
        open_store(path)


@pytest.mark.parametrize("content", [b"not a database at all" * 300, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "portal.db"
    path.write_bytes(content)
    with pytest.raises(StateDamagedError, match="is damaged, or is no database"):
        open_store(path)
    assert path.read_bytes() == content


def test_a_damaged_page_is_found_and_nothing_is_repaired_silently(database: Path) -> None:
    content = bytearray(database.read_bytes())
    page = len(content) // 4096 // 2
    content[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
    database.write_bytes(content)
    url = f"sqlite://{database}"
    try:
        with closing(
            bootstrap.open_portal(url, actor="ann", clock=lambda: START, random=seeded("x"))
        ) as portal:
            found = service.audit(portal)
    except StateDamagedError:
        damaged = True
    else:
        damaged = any(finding.kind == "database" for finding in found)
    assert damaged
    assert database.read_bytes() == bytes(content)


def test_a_missing_table_is_damage(database: Path) -> None:
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("DROP TABLE accounts")
    with pytest.raises(StateDamagedError, match="does not have the tables"):
        open_store(database)


def test_a_row_that_cannot_be_read_is_damage(portal: Portal, database: Path) -> None:
    service.add_license(portal, "ROUTE", 5)
    issued = service.reserve(portal, Appliance("tram").request(), choice=LinesWanted({"ROUTE": 1}))
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("UPDATE reservations SET mode = 9")
    with pytest.raises(StateDamagedError, match="a row that cannot be read"):
        service.show_reservation(portal, issued.reservation_id)


def test_a_read_only_database_is_said(database: Path, portal: Portal) -> None:
    portal.store._connection.pragma("query_only", True)  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match="cannot be read or written"):
        service.add_license(portal, "ROUTE", 1)


# --- schemas ---------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_with_the_way_forward(database: Path) -> None:
    with closing(apsw.Connection(str(database))) as connection:
        connection.pragma("user_version", migrations()[-1].number + 1)
    before = database.read_bytes()
    with pytest.raises(NewerStateError, match="written by a newer Tallystick") as refused:
        open_store(database)
    assert "pip install --upgrade" in refused.value.hint
    assert database.read_bytes() == before


def test_an_older_schema_is_brought_up_and_a_copy_kept(database: Path) -> None:
    newest = migrations()[-1].number
    before = every_row(database)
    step = Migration(
        newest + 1, "notes", "CREATE TABLE notes (text TEXT) STRICT; INSERT INTO notes VALUES ('x')"
    )
    open_store(database, steps=(*migrations(), step)).close()
    assert every_row(database) == before | {"notes": [("x",)]}
    kept = database.with_name(f"portal.db.schema-{newest}")
    assert every_row(kept) == before
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    # And once is enough.
    open_store(database, steps=(*migrations(), step)).close()
    assert every_row(database)["notes"] == [("x",)]


def test_an_upgrade_that_fails_changes_nothing(database: Path) -> None:
    newest = migrations()[-1].number
    before = every_row(database)
    steps = (
        Migration(newest + 1, "good", "CREATE TABLE notes (text TEXT) STRICT"),
        Migration(newest + 2, "bad", "CREATE TABLE notes (text TEXT) STRICT"),
    )
    with pytest.raises(StateDamagedError):
        open_store(database, steps=(*migrations(), *steps))
    assert every_row(database) == before
    open_store(database).close()


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [one.number for one in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_database_of_several_accounts_is_refused(database: Path) -> None:
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("INSERT INTO accounts VALUES (zeroblob(8), 'Other')")
    with pytest.raises(SetupError, match="2 Smart Accounts"):
        open_store(database)


# --- waiting ---------------------------------------------------------------------------------------


def test_a_locked_database_is_busy_not_damaged(
    portal: Portal, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(apsw.Connection(str(database))) as other:
        other.execute("BEGIN IMMEDIATE")
        portal.store._connection.set_busy_timeout(10)  # type: ignore[attr-defined]
        with pytest.raises(BusyError, match="Another process has held"):
            service.add_license(portal, "ROUTE", 1)
        # Reading does not wait for a writer.
        assert service.list_licenses(portal) == ()
        other.execute("ROLLBACK")
    assert service.add_license(portal, "ROUTE", 1).count == 1


def test_a_reader_sees_one_state_while_another_process_writes(portal: Portal, database: Path) -> None:
    service.add_license(portal, "ROUTE", 5)
    other = bootstrap.open_portal(
        f"sqlite://{database}", actor="bob", clock=lambda: START, random=seeded("bob")
    )

    def look_twice(books: object) -> tuple[object, object]:
        first = books.balances()  # type: ignore[attr-defined]
        service.add_license(other, "ROUTE", 5)
        return first, books.balances()  # type: ignore[attr-defined]

    first, second = portal.store.read(look_twice)
    assert first == second
    assert service.list_licenses(portal)[0].counts.available == 10
    other.close()


def test_a_copy_of_a_closed_database_is_a_whole_portal(
    portal: Portal, database: Path, tmp_path: Path
) -> None:
    service.add_license(portal, "ROUTE", 5)
    portal.close()
    copy = shutil.copy(database, tmp_path / "copy.db")
    with_copy = bootstrap.open_portal(
        f"sqlite://{copy}", actor="ann", clock=lambda: START, random=seeded("x")
    )
    assert service.list_licenses(with_copy)[0].counts.available == 5
    with_copy.close()


def test_who_only_reads_settles_first_what_others_left_in_the_log(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: what is killed from then on leaves nothing that this process sees."""
    honest, synced = os.fsync, []

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with closing(open_store(database)) as store:
        seen = [store.read(lambda _: tuple(synced)) for _ in range(2)]
        store.write(lambda _: None)
    assert f"{database.name}-wal" in seen[0]
    assert seen[0] == seen[1] == tuple(synced)
