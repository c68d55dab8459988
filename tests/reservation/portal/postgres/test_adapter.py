"""The PostgreSQL adapter: what it refuses to work on, how it comes to its tables, and who may do what."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.errors import (
    AlreadyThereError,
    DatabaseAwayError,
    DatabaseRefusedError,
    MissingExtraError,
    NewerStateError,
    NoPortalError,
    ReservationError,
    SetupError,
    StateDamagedError,
    UnsafeDatabaseError,
)
from reservation.places import PostgresPlace, place_of
from reservation.service import LinesWanted, Portal, Role
from reservation.sql import postgres_engine
from reservation.sql.postgres_schema import migrations
from reservation.sql.steps import Migration
from tests import server
from tests.reservation.portal.appliance import START, Appliance, seeded
from tests.reservation.portal.conftest import PASSPHRASE, found
from tests.reservation.portal.postgres.openings import opened, store_of
from tests.reservation.portal.rows import every_row
from tests.restricted import restricted

TRAM, BOAT = Appliance("tram"), Appliance("boat")
SECRETS = ("sésame", "ouvre", "s%C3%A9same", "toi")

pytestmark = pytest.mark.usefixtures("postgres")


# --- what is not there -----------------------------------------------------------------------------


def refused(url: str, error: type[ReservationError]) -> ReservationError:
    """Open a portal that cannot be opened; whatever is said, the password is not."""
    with pytest.raises(error) as caught:
        bootstrap.open_portal(url, actor="ann", clock=lambda: START, random=seeded("x"))
    said = f"{caught.value.message} {caught.value.hint} {caught.getrepr(style='short', chain=True)}"
    for secret in SECRETS:
        assert secret not in said.replace(url, "")
    assert caught.value.hint
    return caught.value


def test_a_server_that_is_away_is_said(tmp_path: Path) -> None:
    error = refused(f"postgresql://ann:s%C3%A9same@/books?host={tmp_path}", DatabaseAwayError)
    assert "postgresql://ann@/books does not answer" in error.message


def test_a_wrong_password_is_said(postgres: server.Server) -> None:
    error = refused(postgres.url("postgres", password="ouvre-toi"), DatabaseRefusedError)
    assert "does not let this user in" in error.message
    refused(postgres.url("postgres", user="nobody"), DatabaseRefusedError)
    refused(f"postgresql://tally@/postgres?host={postgres.folder}&passfile=/nowhere", DatabaseRefusedError)


def test_no_such_database_is_said(postgres: server.Server) -> None:
    assert "createdb" in refused(postgres.url("nowhere"), NoPortalError).hint


def test_a_database_without_a_portal_is_said(empty: str) -> None:
    assert "portal init" in refused(empty, NoPortalError).hint


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://u:sésame@host:door/db", DatabaseAwayError),
        ("postgresql://u:ouvre/toi@host/db", DatabaseAwayError),
        ("postgresql://u:p@host/db?sesame=sésame", SetupError),
        ("postgresql://u:%zz@host/db", SetupError),
    ],
)
def test_a_url_that_cannot_be_read_is_not_quoted(url: str, error: type[ReservationError]) -> None:
    refused(url, error)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://ann:sésame@host:5433/books", "postgresql://ann@host:5433/books"),
        ("postgresql://ann:ouvre@toi@host/books?sslmode=require", "postgresql://ann@host/books"),
        ("postgres://host/books?user=ann&password=sésame", "postgresql://host/books"),
        ("postgresql:///books?host=/run/postgresql", "postgresql:///books"),
        ("postgresql://ann:a/b?c@host/books", "postgresql://ann@host/books"),
    ],
)
def test_a_database_is_called_by_its_url_without_password(url: str, name: str) -> None:
    place = place_of(url)
    assert isinstance(place, PostgresPlace)
    assert place.name == str(place) == name
    assert "sésame" not in repr(place)


def test_keys_of_a_database_on_a_server_are_the_users(tmp_path: Path) -> None:
    assert place_of("postgresql://host/books").keys_folder(tmp_path) == tmp_path / "books-keys"
    assert place_of("postgresql://host/a%2Fb").keys_folder(tmp_path) == tmp_path / "a-2Fb-keys"
    assert place_of("postgresql://host").keys_folder(tmp_path) == tmp_path / "host-keys"


def test_without_the_extra_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "reservation.sql.postgres_engine", None)
    monkeypatch.delattr("reservation.sql.postgres_engine")
    error = refused("postgresql://host/books", MissingExtraError)
    assert "tallystick[portal,postgres]" in error.hint


def test_a_server_that_does_not_wait_for_its_disk_is_refused(founded: Founded) -> None:
    with server.running("fsync=off") as careless, careless.database() as url:
        assert "fsync" in refused(url, UnsafeDatabaseError).message


def test_a_session_waits_for_the_disk_whatever_the_database_says(
    sql: psycopg.Connection[Any], url: str, founded: Founded
) -> None:
    sql.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', "
        "current_database()); END $$"
    )
    with closing(opened(url, founded)) as portal:
        connection = store_of(portal)._connection
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


# --- coming to its tables --------------------------------------------------------------------------


def test_a_portal_is_made_once(url: str, tmp_path: Path) -> None:
    before = every_row(url)
    with pytest.raises(AlreadyThereError, match="holds a portal already"):
        found(url, tmp_path / "keys")
    assert every_row(url) == before
    assert not (tmp_path / "keys").exists()


def test_an_init_that_was_cut_off_after_its_tables_goes_on(empty: str, tmp_path: Path) -> None:
    with closing(postgres_engine._connect(empty, "it")) as connection:
        postgres_engine._migrate(connection, "it", migrations())
    assert "portal init" in refused(empty, NoPortalError).hint
    made = found(empty, tmp_path / "keys")
    assert str(made.place).startswith("postgresql://tally@/test_")
    with closing(opened(empty, made)) as portal:
        assert service.audit(portal) == ()


def test_keys_that_were_not_published_are_completed(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = postgres_engine.create

    def cut_off(*arguments: Any) -> None:
        honest(*arguments)
        raise DatabaseAwayError("gone after the commit")

    monkeypatch.setattr(postgres_engine, "create", cut_off)
    with pytest.raises(DatabaseAwayError):
        found(empty, tmp_path / "keys")
    monkeypatch.undo()
    with pytest.raises(AlreadyThereError):
        found(empty, tmp_path / "keys")
    service_portal = bootstrap.open_portal(
        empty,
        actor="ann",
        clock=lambda: START,
        random=seeded("x"),
        issuer_file=tmp_path / "keys" / bootstrap.ISSUER_FILE,
        passphrase=PASSPHRASE,
    )
    with closing(service_portal) as portal:
        assert service.audit(portal) == ()


def test_a_table_of_something_else_is_left_alone(empty: str, tmp_path: Path) -> None:
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE TABLE portal (door text)")
    refused(empty, StateDamagedError)
    with pytest.raises(StateDamagedError, match="not of a Tallystick portal"):
        found(empty, tmp_path / "keys")


def test_a_newer_schema_is_refused_with_the_way_forward(sql: psycopg.Connection[Any], url: str) -> None:
    sql.execute("COMMENT ON TABLE portal IS 'tallystick schema 999'")
    assert "pip install --upgrade" in refused(url, NewerStateError).hint


def test_an_older_schema_is_brought_up(url: str) -> None:
    steps = (*migrations(), Migration(2, "later", "ALTER TABLE products ADD COLUMN later bigint"))
    for _ in range(2):
        with closing(postgres_engine.open_store(url, "it", steps=steps)) as store:
            assert store.read(lambda books: books.identity()).minimum_match == 3
    refused(url, NewerStateError)


def test_an_upgrade_that_fails_changes_nothing(url: str) -> None:
    broken = "ALTER TABLE products ADD COLUMN later bigint; SELECT 1 / 0"
    with pytest.raises(ReservationError):
        postgres_engine.open_store(url, "it", steps=(*migrations(), Migration(2, "broken", broken)))
    postgres_engine.open_store(url, "it").close()


def test_several_accounts_are_refused(sql: psycopg.Connection[Any], url: str) -> None:
    sql.execute("INSERT INTO accounts VALUES ('\\x0000000000000000', 'Other')")
    assert "2 Smart Accounts" in refused(url, SetupError).message


# --- what the audit says of rows that somebody took away ----------------------------------------------


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("events", "a row of chain refers to nothing"),
        ("events", "the chain has 4 places, and the events of 3"),
        ("lots", "a row of balances refers to nothing"),
        ("users", "a row of grants refers to nothing"),
    ],
)
def test_the_audit_names_what_refers_to_a_row_that_is_gone(
    table: str, said: str, portal: Portal, sql: psycopg.Connection[Any]
) -> None:
    assert service.audit(portal) == ()
    sql.execute("SET session_replication_role = replica")  # as the owner, past triggers and foreign keys
    newest = f"(SELECT ctid FROM {table} ORDER BY ctid DESC LIMIT 1)"
    assert sql.execute(f"DELETE FROM {table} WHERE ctid = {newest}".encode()).rowcount == 1
    assert said in [finding.message for finding in service.audit(portal)]


# --- what the audit says of the tables ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TRIGGER events_stay ON events", "the trigger events.events_stay is missing"),
        ("ALTER TABLE events DISABLE TRIGGER events_stay", "the trigger events.events_stay was changed"),
        ("ALTER TABLE balances DROP CONSTRAINT the_books_balance", "the_books_balance is missing"),
        ("CREATE TABLE notes (text text)", "the column notes.text is none of this program's"),
        ("CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1'", "the function f is none"),
        ("CREATE RULE r AS ON UPDATE TO lots DO INSTEAD NOTHING", "the rule lots.r is none"),
        ("DROP INDEX one_pending_decision", "the index one_pending_decision is missing"),
        ("ALTER TABLE lots ALTER COLUMN tag DROP NOT NULL", "the column lots.tag was changed"),
        (
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "the function refuse was changed",
        ),
    ],
)
def test_the_audit_names_what_was_done_to_the_tables(
    statement: str, said: str, portal: Portal, sql: psycopg.Connection[Any]
) -> None:
    assert service.audit(portal) == ()
    sql.execute(statement.encode())
    assert any(said in finding.message for finding in service.audit(portal))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE balances SET available = available - 70, reserved = reserved + 70",
        "UPDATE balances SET available = available + 1",
        "UPDATE movements SET count = count + 1",
        "DELETE FROM events",
        "DELETE FROM chain",
        "TRUNCATE codes CASCADE",
        "TRUNCATE chain",
        "TRUNCATE users CASCADE",
        "TRUNCATE grants",
        "TRUNCATE agreements CASCADE",
        "TRUNCATE acceptances",
        "UPDATE codes SET code_text = ''",
        "UPDATE reservations SET state = 'active', closed_at = NULL WHERE state = 'returned'",
        "UPDATE reservations SET serial_number = 'tram', state = 'issued', closed_at = NULL",
        "UPDATE portal SET epoch = epoch",
        "UPDATE lots SET ends = 'tomorrow', starts = '2026-01-01'",
        "UPDATE lots SET ends = '2026-02-30', starts = '2026-01-01'",
        "UPDATE lots SET ends = '2026-01-01', starts = '2026-01-02'",
        "INSERT INTO events SELECT account_id, decode(repeat('00', 16), 'hex'), at, actor, kind, subject,"
        " reservation_id, '{' FROM events LIMIT 1",
        "INSERT INTO portal SELECT 2, portal_id, epoch, minimum_match, root_key, issuer_key, issuer_from,"
        " issuer_until, issuer_revoked, created_at FROM portal",
    ],
)
def test_the_database_refuses(statement: str, portal: Portal, sql: psycopg.Connection[Any], url: str) -> None:
    service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    service.reserve(portal, BOAT.request(), choice=LinesWanted({"ROUTE": 1}))
    service.accept(portal, BOAT.give_back(BOAT.request().id))
    before = every_row(url)
    with pytest.raises((psycopg.IntegrityError, psycopg.DataError)):
        sql.execute(statement.encode())
    assert every_row(url) == before


# --- who may do what -----------------------------------------------------------------------------------


def test_the_rights_of_the_page_are_enough_and_no_more(
    postgres: server.Server, portal: Portal, sql: psycopg.Connection[Any], url: str, founded: Founded
) -> None:
    with restricted(postgres, sql.info.dbname) as there:
        with closing(opened(there, founded, "y")) as desk:
            service.add_license(desk, "OTHER", 1)
            issued = service.reserve(desk, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
            service.accept(desk, TRAM.confirmation(issued, desk))
            service.accept(desk, TRAM.give_back(issued.reservation_id))
            service.add_user(desk, "eve", Role.APPROVER)
            service.set_passphrase(desk, "four words nobody guesses")
            service.remove_user(desk, "eve")
            service.add_agreement(desk, "Terms", "All of it.")
            service.accept_agreement(desk, "Terms", version=1)
            desk.store.place_events()
            assert service.audit(desk) == ()
        with psycopg.connect(there, autocommit=True) as raw:
            for statement in (
                b"DELETE FROM events",
                b"UPDATE grants SET role = 'administrator'",
                b"DELETE FROM agreements",
                b"DROP TRIGGER events_stay ON events",
                b"ALTER TABLE events DISABLE TRIGGER ALL",
                b"UPDATE codes SET code_text = ''",
                b"TRUNCATE chain",
                b"CREATE TABLE notes (text text)",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    raw.execute(statement)


def test_a_right_that_is_missing_is_said(
    postgres: server.Server, sql: psycopg.Connection[Any], founded: Founded, tmp_path: Path
) -> None:
    sql.execute("CREATE ROLE stranger LOGIN PASSWORD 'sesame'")
    try:
        there = postgres.url(sql.info.dbname, user="stranger", password="sesame")
        assert "docs/howto/postgresql.md" in refused(there, DatabaseRefusedError).hint
        with postgres.database() as other:
            name = re.findall(r"test_\d+", other)[0]
            with pytest.raises(DatabaseRefusedError):
                found(postgres.url(name, user="stranger", password="sesame"), tmp_path / "keys")
    finally:
        sql.execute("DROP ROLE stranger")


# --- both engines have the same books ------------------------------------------------------------------


def test_both_engines_have_the_same_tables(sql: psycopg.Connection[Any], founded: Founded) -> None:
    """What one engine's migrations add, the other's must; only places in the chain are given differently."""
    with closing(apsw.Connection(str(founded.database))) as file:
        ours = set(
            file.execute(
                "SELECT 'column', t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c "
                "WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' UNION ALL "
                "SELECT type, tbl_name, name FROM sqlite_schema "
                "WHERE type IN ('index', 'trigger') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            )
        )
    theirs = set(
        sql.execute(
            "SELECT 'column', table_name::text, column_name::text FROM information_schema.columns "
            "WHERE table_schema = 'public' UNION ALL "
            "SELECT 'trigger', tgrelid::regclass::text, tgname::text FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgname NOT LIKE '%%cannot_be_emptied' UNION ALL "
            "SELECT 'index', i.indrelid::regclass::text, i.indexrelid::regclass::text FROM pg_index AS i "
            "JOIN pg_class AS c ON c.oid = i.indexrelid "
            "LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid "
            "WHERE k.oid IS NULL AND c.relnamespace = 'public'::regnamespace"
        ).fetchall()
    )
    waiting = {("column", "unplaced_events", "account_id"), ("column", "unplaced_events", "event_id")}
    assert ours - theirs == set()
    assert theirs - ours == waiting
