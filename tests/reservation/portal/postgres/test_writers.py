"""Many writers on one server: places in the chain, work that is run again, locks, and lost connections."""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, cast

import psycopg
import pytest

from reservation import service
from reservation.bootstrap import Founded
from reservation.errors import (
    BusyError,
    CommitLostError,
    ConstraintBrokenError,
    DatabaseAwayError,
    DoneOrNotError,
)
from reservation.ledger import Account, within
from reservation.model import Event, EventKind, Stamp
from reservation.service import Issued, LinesWanted, Portal
from reservation.sql import postgres_books, postgres_engine
from reservation.sql.writing import require_row
from reservation.standing import Changes
from reservation.store import Store, Writing
from tests.reservation.portal.appliance import START, Appliance
from tests.reservation.portal.postgres.openings import opened, store_of
from tests.reservation.portal.rows import every_row

TRAM, BOAT = Appliance("tram"), Appliance("boat")

pytestmark = pytest.mark.usefixtures("postgres")


# --- many writers --------------------------------------------------------------------------------------


def test_events_get_their_place_later(portal: Portal, url: str) -> None:
    service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    service.reserve(portal, BOAT.request(), choice=LinesWanted({"ROUTE": 1}))
    assert len(every_row(url)["unplaced_events"]) == 2
    assert service.audit(portal) == ()
    before = portal.store.read(lambda books: books.log_end())
    portal.store.place_events()
    after = portal.store.read(lambda books: books.log_end())
    assert (after[0], every_row(url)["unplaced_events"]) == (before[0] + 2, [])
    assert portal.store.read(lambda books: books.hash_after(before[0])) == before[1]
    assert service.audit(portal) == ()


def test_one_that_runs_alone_gives_places_first(portal: Portal, url: str) -> None:
    service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    service.add_license(portal, "ROUTE", 1)
    assert every_row(url)["unplaced_events"] == []
    kinds = [event.kind for _, _, event in portal.store.read(lambda books: tuple(books.chain()))]
    assert kinds[-2:] == [EventKind.RESERVED, EventKind.LICENSE_ADDED]


def test_a_place_that_was_taken_away_is_found(portal: Portal, sql: psycopg.Connection[Any]) -> None:
    service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    sql.execute("DELETE FROM unplaced_events")
    assert any("in the chain" in finding.message for finding in service.audit(portal))


def test_events_of_a_reservation_stand_in_order_though_a_clock_goes_back(url: str, founded: Founded) -> None:
    with closing(opened(url, founded)) as portal:
        service.add_license(portal, "ROUTE", 10)
        issued = service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
        late = replace(portal, clock=lambda: START.replace(year=2020), random=os.urandom)
        service.accept(late, TRAM.confirmation(issued, portal))
        found = portal.store.read(lambda books: books.events_of(issued.reservation_id))
        assert [event.kind for event in found] == [EventKind.RESERVED, EventKind.CONFIRMED]


def test_a_transaction_is_run_again_when_the_database_asks(portal: Portal) -> None:
    tries = []

    def work(books: Writing) -> int:
        tries.append(books)
        if len(tries) < 3:
            raise psycopg.errors.SerializationFailure
        return len(books.every_virtual_account())

    assert store_of(portal).write(work) == 1
    assert len(tries) == 3

    def never(_: Writing) -> None:
        raise psycopg.errors.DeadlockDetected

    with pytest.raises(BusyError, match="again and again"):
        store_of(portal).write(never)


def test_what_is_refused_beside_others_is_run_alone(portal: Portal) -> None:
    kinds = []
    stamp = Stamp.of(START, "ann", b"randoms")

    def take_too_many(books: Writing) -> None:
        kinds.append(type(books).__name__)
        (place,) = books.virtual_accounts()
        (lot,) = (stock.lot for stock in books.stock(place.id, ("ROUTE",)))
        movement = within(place.id, lot.id, 70, Account.AVAILABLE, Account.IN_DOUBT)
        event = Event(stamp.event_id(0), START, "ann", EventKind.RESERVED, "wrong code")
        books.record(Changes(event, movements=(movement,)))

    with pytest.raises(ConstraintBrokenError, match="would break the books"):
        portal.store.write(take_too_many, beside_others=True)
    assert kinds == ["BesideWriting", "AloneWriting"]
    assert service.audit(portal) == ()


@dataclass(frozen=True)
class ComesBetween:
    """A store; once, when its work looks for a device's reservation, something else is done."""

    store: Store
    done: list[Issued]
    act: Callable[[], Issued]

    def write(self, work: Callable[[Any], Any], *, beside_others: bool = False) -> Any:
        return self.store.write(lambda books: work(_Between(books, self)), beside_others=beside_others)


@dataclass(frozen=True)
class _Between:
    books: Any
    store: ComesBetween

    def __getattr__(self, name: str) -> Any:
        if name == "newest_of_device" and not self.store.done:
            self.store.done.append(self.store.act())
        return getattr(self.books, name)


def test_a_refusal_that_fits_no_state_of_the_books_is_judged_again(url: str, founded: Founded) -> None:
    """The request is not there yet, and then it is open: but never both, and so it gets its own answer."""
    wanted = LinesWanted({"ROUTE": 4})
    with closing(opened(url, founded)) as portal, closing(opened(url, founded, "other")) as other:
        service.add_license(portal, "ROUTE", 4)
        between = ComesBetween(
            portal.store, [], lambda: service.reserve(other, TRAM.request(), choice=wanted)
        )
        slow = replace(portal, store=cast("Store", between))
        issued = service.reserve(slow, TRAM.request(), choice=wanted)
        assert (issued.again, issued.text) == (True, between.done[0].text)
        assert service.audit(portal) == ()


def test_a_lock_that_lasts_is_busy(
    portal: Portal, sql: psycopg.Connection[Any], url: str, founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_engine, "LOCK_MILLISECONDS", 50)
    with closing(opened(url, founded)) as impatient, sql.transaction():
        sql.execute("SELECT * FROM accounts FOR UPDATE")
        with pytest.raises(BusyError, match="for too long"):
            service.reserve(impatient, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))


def test_who_stands_still_after_waiting_for_a_pool_is_ended_by_the_server(
    portal: Portal, sql: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server knows no limit for a client that owes it more of a flight of statements."""
    states = []

    def looked(found: object, what: str) -> None:
        (state,) = sql.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
            "'tallystick' AND pid <> pg_backend_pid()"
        ).fetchone() or ("",)
        states.append(state)
        require_row(found, what)

    monkeypatch.setattr(postgres_books, "require_row", looked)
    service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    assert states
    assert set(states) == {"idle in transaction"}


def end_others(sql: psycopg.Connection[Any]) -> None:
    sql.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_a_connection_that_the_server_closed_is_made_anew(
    portal: Portal, sql: psycopg.Connection[Any]
) -> None:
    service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    end_others(sql)
    assert service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4})).again
    end_others(sql)
    assert len(portal.store.read(lambda books: books.virtual_accounts())) == 1


def test_a_connection_lost_in_the_middle_is_said(
    portal: Portal, sql: psycopg.Connection[Any], url: str
) -> None:
    before = every_row(url)

    def work(books: Writing) -> None:
        books.add_lots(())
        end_others(sql)
        books.identity()

    with pytest.raises(DatabaseAwayError, match="went away in the middle") as caught:
        portal.store.write(work)
    assert "undone" in caught.value.hint
    assert every_row(url) == before


@pytest.fixture
def sql_that_ends_commits(portal: Portal, sql: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Have the server close the connection of whoever commits an event."""
    service.add_virtual_account(portal, "Berlin")
    sql.execute(
        "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(9); RETURN NULL; END'"
    )
    sql.execute(
        "CREATE CONSTRAINT TRIGGER leaves AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION leave()"
    )
    return sql


@pytest.mark.usefixtures("sql_that_ends_commits")
def test_a_commit_without_an_answer_is_repeated_where_that_does_no_harm(portal: Portal) -> None:
    with pytest.raises(CommitLostError, match="kept or not") as caught:
        service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    assert "same command again" in caught.value.hint


@pytest.mark.usefixtures("sql_that_ends_commits")
@pytest.mark.parametrize(
    "verb",
    [
        lambda portal: service.add_license(portal, "ROUTE", 1),
        lambda portal: service.correct_license(portal, "ROUTE", 1, virtual_account="DEFAULT"),
        lambda portal: service.transfer_license(portal, "ROUTE", 1, source="DEFAULT", target="Berlin"),
    ],
    ids=["add", "correct", "transfer"],
)
def test_a_commit_without_an_answer_is_looked_at_where_twice_would_be_two(
    portal: Portal, sql_that_ends_commits: psycopg.Connection[Any], verb: Callable[[Portal], object]
) -> None:
    with pytest.raises(DoneOrNotError, match="kept or not") as caught:
        verb(portal)
    sql_that_ends_commits.execute("DROP FUNCTION leave CASCADE")
    since = caught.value.hint.partition("--since ")[2]
    assert service.events(portal, after=bytes.fromhex(since)) == ()
    verb(portal)
    assert len(service.events(portal, after=bytes.fromhex(since))) == 1
