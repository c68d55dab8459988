"""Turns of several processes at one SQLite file: one at a time, in order, within a limit."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

import pytest

from reservation import service
from reservation.errors import BusyError, DatabaseReplacedError
from reservation.service import Portal
from reservation.sql import sqlite_engine
from reservation.sql.sqlite_engine import open_store
from reservation.sql.turns import ENDING, Turns, turn

PATIENT = 60.0


class Taker:
    """A process that takes turns, as `tests.reservation.portal.taker` says."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def tell(self, what: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def told(self, what: object) -> str:
        self.tell(what)
        return self.answer()

    def is_in_line(self) -> bool:
        """Tell whether the kernel has it waiting for a lock: see proc_locks(5)."""
        waiting = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
        return str(self.process.pid) in {words[5] for words in waiting}


@pytest.fixture
def takers(database: Path) -> Iterator[Callable[[], Taker]]:
    with ExitStack() as stack:

        def start() -> Taker:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.reservation.portal.taker", str(database)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[3],
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return Taker(process)

        yield start


def wait_in_line(taker: Taker) -> None:
    """Return when the kernel has it waiting; one that looks again and again never comes so far."""
    for _ in range(1_000_000):
        if taker.is_in_line():
            return
        os.sched_yield()
    raise AssertionError("it is in no line")


# --- among processes ---------------------------------------------------------------------------------


def test_of_eight_writers_each_gets_its_turn_in_the_order_in_which_they_asked(
    takers: Callable[[], Taker],
) -> None:
    eight = [takers() for _ in range(8)]
    assert eight[0].told(PATIENT) == "taken"
    for one in eight[1:]:
        one.tell(PATIENT)
        wait_in_line(one)
    for one, following in pairwise(eight):
        assert one.told("back") == "back"
        assert following.answer() == "taken"


def test_the_turn_of_a_process_that_is_killed_is_over(takers: Callable[[], Taker]) -> None:
    holder, other = takers(), takers()
    assert holder.told(PATIENT) == "taken"
    other.tell(PATIENT)
    wait_in_line(other)
    holder.process.kill()
    assert other.answer() == "taken"


def test_who_waits_too_long_is_told_who_has_the_turn(takers: Callable[[], Taker]) -> None:
    holder, other = takers(), takers()
    assert holder.told(PATIENT) == "taken"
    for _ in range(3):
        said = other.told(0.01)
        assert said.startswith("busy: Others have been writing ")
        assert said.endswith(f"now it is the turn of process {holder.process.pid}.")
    assert holder.told("back") == "back"
    assert other.told(PATIENT) == "taken"
    assert holder.told(0.01).startswith("busy: ")


# --- in one process, each with a descriptor of its own --------------------------------------------------


def test_a_wait_that_was_given_up_takes_the_turn_from_nobody(database: Path) -> None:
    threads = set(threading.enumerate())
    with closing(Turns(database)) as first, closing(Turns(database)) as second:
        first.take(PATIENT)
        for _ in range(5):
            with pytest.raises(BusyError):
                second.take(0)
        assert len(set(threading.enumerate()) - threads) == 1
        first.give_back()
        first.take(PATIENT)
        first.give_back()
        second.take(PATIENT)
        with pytest.raises(BusyError):
            first.take(0)


def test_who_left_the_line_does_not_hold_it_up(database: Path) -> None:
    with turn(database, PATIENT):
        second = Turns(database)
        with pytest.raises(BusyError):
            second.take(0)
        second.close()
    with turn(database, PATIENT):
        pass


def test_a_store_waits_for_its_turn_to_write_and_not_to_read(
    database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By whatever name it knows the database."""
    monkeypatch.setattr(sqlite_engine, "BUSY_MILLISECONDS", 10)
    link = tmp_path / "other.db"
    link.symlink_to(database)
    for name in (database, link):
        with closing(open_store(name)) as store:
            with turn(database, PATIENT):
                store.read(lambda books: books.identity())
                with pytest.raises(BusyError, match=f"turn of process {os.getpid()}"):
                    store.write(lambda books: books.identity())
            store.write(lambda books: books.identity())


def test_without_the_turn_two_would_wait_for_nothing(database: Path) -> None:
    """What the tests above would not see: the turn is there to be taken, and is given back after an error."""
    with closing(open_store(database)) as store:

        def fails(_: object) -> None:
            with pytest.raises(BusyError), turn(database, 0):
                pass
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.write(fails)
        with turn(database, 0):
            pass


# --- its file ------------------------------------------------------------------------------------------


def turn_file(database: Path) -> Path:
    return database.with_name(database.name + ENDING)


def test_who_only_reads_makes_no_file(database: Path) -> None:
    with closing(open_store(database)) as store:
        store.read(lambda books: books.identity())
    assert not turn_file(database).exists()


def test_where_there_can_be_no_file_work_goes_on_without(database: Path, portal: Portal) -> None:
    turn_file(database).mkdir()
    service.add_license(portal, "ROUTE", 1)
    assert service.audit(portal) == ()


def test_where_the_file_leads_elsewhere_nothing_is_made_there(
    database: Path, portal: Portal, tmp_path: Path
) -> None:
    turn_file(database).symlink_to(tmp_path / "elsewhere")
    service.add_license(portal, "ROUTE", 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("database_mode", "mode"), [(0o600, 0o600), (0o640, 0o600), (0o660, 0o660), (0o664, 0o660)]
)
def test_those_who_may_write_the_database_may_take_turns_and_nobody_else(
    database: Path, database_mode: int, mode: int
) -> None:
    database.chmod(database_mode)
    with turn(database, PATIENT):
        made, of = turn_file(database).stat(), database.stat()
    assert stat.S_IMODE(made.st_mode) == mode
    assert (made.st_uid, made.st_gid) == (of.st_uid, of.st_gid)


def test_a_file_that_somebody_took_away_is_made_anew(database: Path) -> None:
    with closing(Turns(database)) as turns:
        turns.take(PATIENT)
        turns.give_back()
        turn_file(database).unlink()
        turns.take(PATIENT)
        with pytest.raises(BusyError), turn(database, 0):
            pass


# --- a database that was replaced ------------------------------------------------------------------------


def test_a_database_that_got_another_in_its_place_takes_no_more_work(database: Path, portal: Portal) -> None:
    service.add_license(portal, "ROUTE", 1)
    other = database.with_name("other.db")
    other.write_bytes(database.read_bytes())
    database.rename(database.with_name("before.db"))
    for gone in (True, False):
        with pytest.raises(DatabaseReplacedError, match="restored or moved"):
            service.add_license(portal, "ROUTE", 1)
        if gone:
            other.rename(database)
    assert portal.store.read(lambda books: len(books.events(after=b"", most=100))) > 1
