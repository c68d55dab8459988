"""Many works in one transaction: each is as if it were alone, and none spoils another."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec.codes import Sequence, Term
from codec.errors import CodecError
from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.errors import ConstraintBrokenError, ReservationError, RuleError
from reservation.service import LinesWanted, Portal
from reservation.service.context import together, write_each
from reservation.sql.postgres_books import AloneWriting
from reservation.sql.writing import SqlWriting
from reservation.standing import Changes
from reservation.store import Store, Writing
from tests import server
from tests.reservation.portal.appliance import Appliance, Time, seeded
from tests.reservation.portal.conftest import fast_folder
from tests.reservation.portal.rows import Rows, every_row
from tests.reservation.portal.test_store import event
from tests.search import examples

Call = Callable[[Portal], object]
Fresh = AbstractContextManager[str]

DEVICES = tuple(Appliance(name) for name in ("tram", "boat", "tug"))
TWIN = Appliance("twin", key_seed="tram")
EARLY = datetime.fromisoformat("2026-03-02T09:30:00Z")
LATE = datetime.fromisoformat("2026-08-02T09:30:00Z")


def reserved(device: int, count: int, number: int) -> Call:
    appliance = (*DEVICES, TWIN)[device]
    return lambda portal: service.reserve(
        portal, appliance.request(number=number), choice=LinesWanted({"ROUTE": count})
    )


def updated(device: int, count: int, number: int) -> Call:
    request = DEVICES[device % 3].request(number=number)
    return lambda portal: service.update(portal, request.id, {"ROUTE": count})


def returned(device: int, _count: int, number: int) -> Call:
    appliance = DEVICES[device % 3]
    code = appliance.give_back(appliance.request(number=number).id)

    def work(portal: Portal) -> object:
        try:
            return service.accept(portal, service.read_code(portal, code.text).code)
        except CodecError:
            return service.keep_return(portal, code.text)

    return work


def confirmed(device: int, count: int, number: int) -> Call:
    appliance = DEVICES[device % 3]

    def work(portal: Portal) -> object:
        again = service.reissue(portal, appliance.request(number=number).id)
        code = appliance.confirmation(replace(again, sequence=Sequence(0, 1 + count % 2)), portal)
        return service.accept(portal, service.read_code(portal, code.text).code)

    return work


def transferred(_device: int, count: int, _number: int) -> Call:
    return lambda portal: service.transfer_license(portal, "ROUTE", count, source="DEFAULT", target="Ships")


def denied(device: int, count: int, number: int) -> Call:
    work = reserved(device, count, number)
    return lambda portal: work(replace(portal, actor="eve"))


CALLS = st.builds(
    lambda make, device, count, number: make(device, count, number),
    st.sampled_from((reserved, reserved, updated, returned, confirmed, transferred, denied)),
    st.integers(0, 3),
    st.integers(1, 4),
    st.sampled_from((1, 2, 60)),
)


@pytest.fixture
def fresh(engine: str, founded: Founded, request: pytest.FixtureRequest) -> Callable[[], Fresh]:
    """Gives the URL of one more database with the same portal, each time."""
    if engine == "sqlite":

        @contextmanager
        def copied() -> Iterator[str]:
            with fast_folder() as folder:
                yield f"sqlite://{shutil.copy(founded.database, folder / 'portal.db')}"

        return copied
    running: server.Server = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("postgres_template")
    return lambda: running.database(template)


def rows_after(url: str, founder: Portal, run: Callable[[Portal], Iterable[object]]) -> tuple[object, Rows]:
    """Prepare books, run something on them, and return what it answers and every row."""
    time = Time([EARLY])
    opened = bootstrap.open_portal(url, actor="ann", clock=time, random=seeded("command"))
    with closing(opened):
        portal = replace(opened, issuer=founder.issuer)
        service.add_virtual_account(portal, "Ships")
        service.add_license(portal, "ROUTE", 4)
        service.add_license(portal, "ROUTE", 3, term=Term(date(2026, 1, 1), date(2026, 6, 30)))
        service.reserve(portal, Appliance("van").request(), choice=LinesWanted({"ROUTE": 5}))
        time.set(LATE)
        results = [told(result) for result in run(portal)]
        portal.store.place_events()
        assert service.audit(portal) == ()
        return results, every_row(url.removeprefix("sqlite://"))


def alone(portal: Portal, call: Call) -> object:
    """Call a verb by itself, and answer as `together` does."""
    try:
        return call(portal)
    except (ReservationError, CodecError) as error:
        return error


def told(result: object) -> object:
    return (type(result), str(result)) if isinstance(result, Exception) else result


# One lot ends between what is prepared and the works: who writes first posts that.
@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(CALLS, min_size=1, max_size=12), size=st.integers(1, 12))
def test_works_grouped_leave_the_same_rows_as_one_by_one(
    portal: Portal, fresh: Callable[[], Fresh], calls: list[Call], size: int
) -> None:
    with fresh() as url:
        apart = rows_after(url, portal, lambda one: [alone(one, call) for call in calls])
    with fresh() as url:
        groups = [calls[start : start + size] for start in range(0, len(calls), size)]
        grouped = rows_after(
            url, portal, lambda one: [each for group in groups for each in together(one, group)]
        )
    assert grouped == apart


def test_a_savepoint_that_is_missing_is_noticed(portal: Portal, fresh: Callable[[], Fresh]) -> None:
    """The property above can fail: without savepoints, a refused work leaves its sweep."""
    calls = [denied_late, reserved(0, 1, 1)]
    with fresh() as url:
        apart = rows_after(url, portal, lambda one: [alone(one, call) for call in calls])
    with pytest.MonkeyPatch.context() as patch, fresh() as url:
        patch.setattr(SqlWriting, "apart", lambda _books, work: work())
        patch.setattr(AloneWriting, "apart", lambda _books, work: work())
        unsafe = rows_after(url, portal, lambda one: together(one, calls))
    assert unsafe != apart


def denied_late(portal: Portal) -> object:
    """Ask for more than there is, which is refused after what was due has been posted."""
    return service.reserve(portal, DEVICES[1].request(), choice=LinesWanted({"ROUTE": 1000}))


def test_what_the_database_refuses_spoils_nothing_else(store: Store) -> None:
    def recorded(number: int) -> Callable[[Writing], str]:
        def work(books: Writing) -> str:
            books.record(Changes(event(number)))
            return f"did {number}"

        return work

    first, twice, third = write_each(store, [recorded(1), recorded(1), recorded(2)])
    assert (first, third) == ("did 1", "did 2")
    assert isinstance(twice, ConstraintBrokenError)
    assert store.read(lambda books: books.event(event(2).id)) == event(2)


def test_a_fault_of_the_program_undoes_all_of_it(store: Store) -> None:
    def broken(books: Writing) -> None:
        books.record(Changes(event(2)))
        raise ZeroDivisionError

    before = store.read(lambda books: books.newest_event_id())
    with pytest.raises(ZeroDivisionError):
        write_each(store, [lambda books: books.record(Changes(event(1))), broken])
    assert store.read(lambda books: books.newest_event_id()) == before


def test_a_part_within_a_part(store: Store) -> None:
    def work(books: Writing) -> None:
        books.record(Changes(event(1)))
        with pytest.raises(RuleError):
            books.apart(lambda: refused(books))
        books.record(Changes(event(3)))

    def refused(books: Writing) -> None:
        books.record(Changes(event(2)))
        raise RuleError("no")

    write_each(store, [work])
    there = store.read(lambda books: [books.event(event(number).id) for number in (1, 2, 3)])
    assert there == [event(1), None, event(3)]
