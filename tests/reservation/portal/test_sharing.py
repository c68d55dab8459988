"""One store for many threads: each has its own answer, after one commit for all that waited."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec.errors import CodecError
from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.errors import (
    BusyError,
    DatabaseReplacedError,
    NoPortalError,
    ReservationError,
    RuleError,
    SetupError,
)
from reservation.service import LinesWanted, Portal
from reservation.sharing import SharedStore
from reservation.sql.sqlite_engine import SqliteStore, open_store
from reservation.store import Store, Writing
from tests.reservation.portal.appliance import Appliance, Time, seeded
from tests.reservation.portal.conftest import PASSPHRASE, fast_folder
from tests.reservation.portal.rows import Rows, every_row
from tests.reservation.portal.test_together import Call, denied, reserved, transferred, updated
from tests.search import examples

SOME = 8


@contextmanager
def shared(database: Path, **limits: float) -> Iterator[SharedStore]:
    with closing(SharedStore(lambda: open_store(database), **limits)) as store:  # type: ignore[arg-type]
        yield store


def at_once(
    store: Store, calls: Sequence[Callable[[], object]], meanwhile: Callable[[], object] = bool
) -> list["Future[object]"]:
    """Call everything from a thread of its own, in this order, while the writer is held up: one group."""
    assert isinstance(store, SharedStore)
    with ThreadPoolExecutor(len(calls) + 1) as pool:
        busy, go = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            busy.set()
            go.wait()

        held = pool.submit(store.write, hold)
        busy.wait()
        futures = []
        for number, call in enumerate(calls, start=1):
            futures.append(pool.submit(call))
            while len(store._line) < number and not futures[-1].done():
                os.sched_yield()
        meanwhile()
        go.set()
        held.result()
    return futures


def come_of(call: Callable[[], object]) -> object:
    """Return what something returns, or with what error it ends."""
    try:
        return call()
    except (ReservationError, CodecError) as error:
        return type(error), error.message


@contextmanager
def portal_on(founded: Founded, time: Time, **limits: float) -> Iterator[Portal]:
    """Give a portal with seven licences, whose store is shared, and whose file is new."""
    with fast_folder() as folder:
        database = Path(shutil.copy(founded.database, folder / "portal.db"))
        with closing(opened(founded, database, time)) as plain:
            service.add_license(plain, "ROUTE", 7)
            with shared(database, **limits) as store:
                yield replace(plain, store=store)


def opened(founded: Founded, database: Path, time: Time) -> Portal:
    return bootstrap.open_portal(
        f"sqlite://{database}",
        actor="ann",
        clock=time,
        random=seeded("command"),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )


def file_of(portal: Portal) -> Path:
    assert isinstance(portal.store, SharedStore)
    with portal.store._own_store() as store:
        assert isinstance(store, SqliteStore)
        return store._path


def reserving(portal: Portal, name: str, count: int = 1) -> Callable[[], object]:
    return lambda: service.reserve(portal, Appliance(name).request(), choice=LinesWanted({"ROUTE": count}))


@contextmanager
def counted_commits() -> Iterator[list[None]]:
    """Count what is committed on connections that are opened meanwhile."""
    commits: list[None] = []

    def attach(connection: apsw.Connection) -> None:
        connection.set_commit_hook(lambda: bool(commits.append(None)))  # type: ignore[func-returns-value]

    apsw.connection_hooks.append(attach)
    try:
        yield commits
    finally:
        apsw.connection_hooks.remove(attach)


# --- as if each were alone -----------------------------------------------------------------------------

CALLS = st.builds(
    lambda make, device, count, number: make(device, count, number),
    st.sampled_from((reserved, reserved, updated, transferred, denied)),
    st.integers(0, 3),
    st.integers(1, 4),
    st.sampled_from((1, 2)),
)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(CALLS, min_size=2, max_size=SOME))
def test_what_waits_together_comes_out_as_one_after_the_other(
    founded: Founded, time: Time, calls: list[Call]
) -> None:
    outcomes = []
    for is_grouped in (True, False):
        with portal_on(founded, time) as portal:
            made = [
                partial(come_of, partial(call, replace(portal, random=seeded(f"call {number}"))))
                for number, call in enumerate(calls)
            ]
            if is_grouped:
                outcome = [future.result() for future in at_once(portal.store, made)]
            else:
                outcome = [one() for one in made]
            outcomes.append((outcome, but_notes(every_row(file_of(portal)))))
    assert outcomes[0] == outcomes[1]


def but_notes(rows: Rows) -> Rows:
    """Leave out what refusals note for alerts: each in a transaction of its own, some time after the refusal.

    So events have other places in the chain, and other numbers in their ids when the clock stands still.
    """
    notes = {row[1] for row in rows["events"] if {"stock-refused", "key-refused"} & set(row)}
    left = {name: [row for row in of_one if not notes & set(row)] for name, of_one in rows.items()}
    return {**left, "chain": []}


def test_those_who_wait_share_one_commit(founded: Founded, time: Time) -> None:
    with counted_commits() as commits, portal_on(founded, time) as portal:
        commits.clear()
        at_once(portal.store, [reserving(portal, f"device-{number}") for number in range(7)])
        # And one of who held it up.
        assert len(commits) == 2
        assert service.audit(portal) == ()
        assert service.overview(portal)[0].counts.in_doubt == 7


@pytest.mark.parametrize("error", [RuleError("no"), ZeroDivisionError("a fault of the program")])
def test_what_fails_spoils_nothing_of_anybody_else(founded: Founded, time: Time, error: Exception) -> None:
    with portal_on(founded, time) as portal:

        def fails(transaction: Writing) -> None:
            transaction.set_policy(replace(transaction.policy(), rehost_percent=99))
            raise error

        calls = [
            reserving(portal, "tram"),
            lambda: portal.store.write(fails),
            reserving(portal, "boat", 7),
            reserving(portal, "tug", 2),
        ]
        first, failed, too_many, last = at_once(portal.store, calls)
        assert failed.exception() is error
        assert isinstance(too_many.exception(), RuleError)
        assert len({first.result().text, last.result().text}) == 2  # type: ignore[attr-defined]
        assert service.overview(portal)[0].counts.in_doubt == 3
        assert portal.store.read(lambda books: books.policy().rehost_percent) != 99
        assert service.audit(portal) == ()


def test_when_the_database_fails_everybody_is_told(founded: Founded, time: Time) -> None:
    with portal_on(founded, time) as portal:
        file = file_of(portal)
        calls = [reserving(portal, f"device-{number}") for number in range(3)]
        done = at_once(portal.store, calls, lambda: file.rename(file.with_name("moved.db")))
        assert [type(future.exception()) for future in done] == [DatabaseReplacedError] * 3


def test_what_was_answered_is_there_after_a_kill(founded: Founded, database: Path, portal: Portal) -> None:
    service.add_license(portal, "ROUTE", 1000)
    command = [sys.executable, "-m", "tests.reservation.portal.sharer", f"sqlite://{database}"]
    with subprocess.Popen(
        [*command, str(founded.issuer_file)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline().strip() for _ in range(20)]
        process.kill()
        seen += [line.strip() for line in process.stdout]
    kept = {row[0] for row in raw_codes(database)}
    assert set(seen) <= kept
    assert all(seen)
    assert service.audit(portal) == ()


def raw_codes(database: Path) -> list[tuple[str]]:
    with closing(apsw.Connection(str(database))) as connection:
        return list(connection.execute("SELECT code_text FROM codes"))


# --- limits, and the end -----------------------------------------------------------------------------------


def test_who_waits_too_long_is_told_and_nothing_is_done_later(founded: Founded, time: Time) -> None:
    with portal_on(founded, time) as portal:

        def hurried() -> object:
            # Who holds the others up waits by now, as patiently as ever.
            vars(portal.store)["_seconds"] = 0
            return reserving(portal, "tram")()

        (future,) = at_once(portal.store, [hurried])
        assert isinstance(future.exception(), BusyError)
        assert service.overview(portal)[0].counts.in_doubt == 0


def test_the_line_has_an_end(founded: Founded, time: Time) -> None:
    with portal_on(founded, time, most_waiting=2) as portal:
        done = at_once(portal.store, [reserving(portal, f"device-{number}") for number in range(4)])
        assert [type(future.exception()) for future in done] == [type(None)] * 2 + [BusyError] * 2


def test_closing_does_what_waits_and_takes_no_more(founded: Founded, time: Time) -> None:
    with portal_on(founded, time) as portal:
        store = portal.store
        assert isinstance(store, SharedStore)
        busy, go = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            busy.set()
            go.wait()

        with ThreadPoolExecutor(3) as pool:
            held = pool.submit(store.write, hold)
            busy.wait()
            last = pool.submit(reserving(portal, "tram"))
            while not store._line:
                os.sched_yield()
            closing_ = pool.submit(store.close)
            while not store._is_closed:
                os.sched_yield()
            with pytest.raises(SetupError, match="was closed"):
                reserving(portal, "boat")()
            go.set()
            closing_.result()
            held.result()
            last.result()
        with pytest.raises(SetupError, match="was closed"):
            store.read(lambda books: books.identity())


def test_what_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NoPortalError):
        SharedStore(lambda: open_store(tmp_path / "portal.db"))


def test_many_threads_share_a_portal_on_every_engine(founded: Founded, url: str, time: Time) -> None:
    with closing(
        bootstrap.open_portal(
            url,
            actor="ann",
            clock=time,
            random=os.urandom,
            issuer_file=founded.issuer_file,
            passphrase=PASSPHRASE,
            is_shared=True,
        )
    ) as portal:
        service.add_license(portal, "ROUTE", 5)
        with ThreadPoolExecutor(SOME) as pool:
            calls = [partial(come_of, reserving(portal, f"device-{number}")) for number in range(SOME)]
            results = list(pool.map(lambda call: call(), calls))
        assert sum(isinstance(result, tuple) for result in results) == SOME - 5
        portal.store.place_events()
        assert service.overview(portal)[0].counts.in_doubt == 5
        assert service.audit(portal) == ()
