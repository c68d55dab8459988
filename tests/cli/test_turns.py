"""Commands that wait for their turn at one SQLite file: what they say, and what becomes of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from reservation.sql import sqlite_engine
from reservation.sql.turns import turn
from tests.cli.desk import Outcome
from tests.cli.portal_desk import PortalDesk
from tests.cli.processes import ROOT

PATIENT_SECONDS = 60


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody wait for as long as these tests need."""
    monkeypatch.setattr(sqlite_engine, "BUSY_MILLISECONDS", 1000 * PATIENT_SECONDS)


def in_line() -> int:
    """Return how many of this process the kernel has waiting for a lock: see proc_locks(5)."""
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return sum(words[1] == "->" and words[5] == str(os.getpid()) for words in lines)


def one_after_the_other(
    portal: PortalDesk, *commands: tuple[str, ...], meanwhile: Callable[[], object] = bool
) -> list[Outcome]:
    """Let commands wait for their turn in this order, and then have it."""
    with ThreadPoolExecutor(len(commands)) as pool:
        waiting: list[Future[Outcome]] = []
        with turn(portal.path("portal.db"), PATIENT_SECONDS):
            for number, command in enumerate(commands, start=1):
                waiting.append(pool.submit(portal.run, *command))
                while in_line() < number and not waiting[-1].done():
                    os.sched_yield()
            meanwhile()
        return [one.result() for one in waiting]


@contextmanager
def stopped_holder(database: Path) -> Iterator[int]:
    """Let a process take the turn and stand still; give its number."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.reservation.portal.taker", str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as holder:
        try:
            assert holder.stdin is not None
            assert holder.stdout is not None
            print(PATIENT_SECONDS, file=holder.stdin, flush=True)
            assert holder.stdout.readline() == "taken\n"
            holder.send_signal(signal.SIGSTOP)
            yield holder.pid
        finally:
            holder.kill()


def test_a_process_that_stands_still_with_the_turn_is_named(
    portal: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_engine, "BUSY_MILLISECONDS", 50)
    copy = backed_up(portal)
    before = portal.everything()
    with stopped_holder(portal.path("portal.db")) as number:
        for command in (("license", "add", "ROUTING", "1"), ("restore", copy, "--yes")):
            refused = portal.run("portal", *command, "--json")
            assert refused.code == 7
            error = refused.json["error"]
            assert error["code"] == "busy"
            assert f"{portal.path('portal.db')} for 0.05 seconds" in error["message"]
            assert f"the turn of process {number}." in error["message"]
            assert "look at it, and end it" in error["hint"]
        assert portal.run("portal", "license", "list").code == 0
        assert portal.everything() == before
    # Whoever ends it ends its turn.
    assert portal.run("portal", "license", "add", "ROUTING", "1").code == 0


def backed_up(portal: PortalDesk) -> str:
    """Return a copy of the books."""
    file = portal.path("copy.db")
    portal.done("portal", "backup", str(file))
    return str(file)


def available(portal: PortalDesk) -> int:
    listed = portal.done("portal", "license", "list", "--tag", "ROUTING", "--json").json["licenses"]
    return int(listed[0]["counts"]["available"])


@pytest.mark.usefixtures("patient")
def test_a_restore_comes_after_whoever_waited_before_it(portal: PortalDesk) -> None:
    copy = backed_up(portal)
    added, restored = one_after_the_other(
        portal,
        ("portal", "license", "add", "ROUTING", "1"),
        ("portal", "restore", copy, "--yes", "--json"),
    )
    assert (added.code, restored.code) == (0, 0)
    assert available(portal) == 100
    # Whoever waited before it may leave its checkpoint only afterwards: then the next command notices.
    assert portal.done("portal", "quarantine", "--json").json["in_quarantine"]
    portal.done("portal", "restore", restored.json["kept"], "--yes")
    assert available(portal) == 101


@pytest.mark.usefixtures("patient")
def test_whoever_waited_behind_a_restore_does_nothing_to_what_it_put_back(portal: PortalDesk) -> None:
    """It would issue by books that have forgotten something, before anybody has noticed that."""
    copy = backed_up(portal)
    portal.done("portal", "license", "add", "ROUTING", "1")
    request = portal.requested()
    restored, reserved = one_after_the_other(
        portal,
        ("portal", "restore", copy, "--yes", "--json"),
        ("portal", "reserve", request, "--as-requested", "--json"),
    )
    assert (restored.code, restored.json["in_quarantine"]) == (0, True)
    assert (reserved.code, reserved.json["error"]["code"]) == (7, "database-replaced")
    assert "Give the command again" in reserved.json["error"]["hint"]
    assert available(portal) == 100
    assert portal.run("portal", "reserve", request, "--as-requested").code == 1


@pytest.mark.usefixtures("patient")
def test_whoever_waited_while_the_file_was_replaced_does_nothing(portal: PortalDesk) -> None:
    database, copy = portal.path("portal.db"), Path(backed_up(portal))

    def replace() -> None:
        database.rename(portal.path("aside.db"))
        copy.rename(database)

    (refused,) = one_after_the_other(
        portal, ("portal", "license", "add", "ROUTING", "1", "--json"), meanwhile=replace
    )
    assert (refused.code, refused.json["error"]["code"]) == (7, "database-replaced")
    assert "restored or moved" in refused.json["error"]["message"]
    assert available(portal) == 100
