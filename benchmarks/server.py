"""Eight processes that reserve on a PostgreSQL server: from one pool, and each from its own.

Two things are measured, in turns. A pool that everybody takes from: our guarded statement (UPDATE …
RETURNING feeding an INSERT) against the INSERT alone, on a table without anything of ours, and against SELECT
FOR UPDATE for comparison. And the whole of `reserve`: everybody from one pool, against everybody from a pool
of their own, where nobody waits for a row. What counts is the time of the slowest of the eight.

    python -m benchmarks.server URL ISSUER_FILE NUMBER     one of them: reads KIND COUNT, writes seconds
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import psycopg

from benchmarks.durable import PASSPHRASE, request
from benchmarks.table import markdown
from benchmarks.timing import RATIO_HEAD, Contest, Effort
from reservation.bootstrap import initialise, open_portal
from reservation.service import LinesWanted, Portal, add_license, reserve
from tests import server

CLIENTS: Final = 8
#: The target: at least 0.35 of the rate of inserting alone.
HOT_LIMIT: Final = 1 / 0.35
TITLE: Final = "## PostgreSQL\n"

_TABLES: Final = """
CREATE TABLE peer_pool (id bytea PRIMARY KEY, available bigint CHECK (available >= 0), held bigint);
CREATE TABLE peer_movements (id bytea PRIMARY KEY, pool bytea NOT NULL, count bigint NOT NULL);
INSERT INTO peer_pool VALUES ('pool', 1000000000, 0);
"""
_INSERT: Final = "INSERT INTO peer_movements VALUES (%s, 'pool', 1)"
_ONE: Final = """
WITH posted AS (
    UPDATE peer_pool SET available = available - 1, held = held + 1 WHERE id = 'pool' RETURNING id)
INSERT INTO peer_movements SELECT %s, id, 1 FROM posted RETURNING id
"""
_LOCK: Final = "SELECT available FROM peer_pool WHERE id = 'pool' FOR UPDATE"
_UPDATE: Final = "UPDATE peer_pool SET available = available - 1, held = held + 1 WHERE id = 'pool'"


# --- one of the processes ------------------------------------------------------------------------------


def insert(connection: psycopg.Connection[Any]) -> None:
    """Insert a row, and no more."""
    connection.execute(_INSERT, (os.urandom(16),))


def take(connection: psycopg.Connection[Any]) -> None:
    """Take from the pool by one guarded statement."""
    connection.execute(_ONE, (os.urandom(16),))


def lock(connection: psycopg.Connection[Any]) -> None:
    """Lock the pool, look, and take."""
    with connection.transaction():
        connection.execute(_LOCK)
        connection.execute(_UPDATE)
        connection.execute(_INSERT, (os.urandom(16),))


PLAIN: Final = {work.__name__: work for work in (insert, take, lock)}


def serve(url: str, issuer_file: Path, number: int) -> None:
    """Do what is asked for on stdin, so many times, and answer with the seconds that it took."""
    clock = lambda: datetime.now(UTC)  # noqa: E731 - an argument, twice
    portal = open_portal(
        url,
        actor="benchmark",
        clock=clock,
        random=os.urandom,
        issuer_file=issuer_file,
        passphrase=PASSPHRASE,
    )
    requests = (request(1_000_000 * (1 + number) + one) for one in range(1_000_000))
    with psycopg.connect(url, autocommit=True) as connection:
        for line in sys.stdin:
            kind, count = line.split()
            works = _works(kind, int(count), connection, portal, requests, number)
            begun = perf_counter()
            for work in works:
                work()
            print(perf_counter() - begun, flush=True)


def _works(
    kind: str,
    count: int,
    connection: psycopg.Connection[Any],
    portal: Portal,
    requests: Iterator[Any],
    number: int,
) -> list[Callable[[], object]]:
    if kind in PLAIN:
        return [lambda: PLAIN[kind](connection)] * count
    choice = LinesWanted({"HOT" if kind == "hot" else f"OWN-{number}": 1})
    made = [next(requests) for _ in range(count)]
    return [lambda one=one: reserve(portal, one, choice=choice) for one in made]  # type: ignore[misc]


# --- all of them ---------------------------------------------------------------------------------------


@contextmanager
def clients(url: str, issuer_file: Path) -> Iterator[Callable[[str, int], float]]:
    """Give what lets all processes work at once; it returns the slowest's seconds for one repetition."""
    with ExitStack() as stack:
        every = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.server", url, str(issuer_file), str(number)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=Path(__file__).parents[1],
                )
            )
            for number in range(CLIENTS)
        ]

        def measured(kind: str, count: int) -> float:
            for one in every:
                assert one.stdin is not None
                one.stdin.write(f"{kind} {count}\n")
                one.stdin.flush()
            return max(float(_line(one)) for one in every) / count

        yield measured


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def contests(effort: Effort) -> tuple[Contest, ...]:
    """Measure in turns on a server of the benchmark's own, in memory where that can be had."""
    with server.running() as running, running.database() as url, tempfile.TemporaryDirectory() as folder:
        founded = initialise(
            url,
            account="Benchmark",
            actor="benchmark",
            keys_folder=Path(folder) / "keys",
            passphrase=PASSPHRASE,
            clock=lambda: datetime.now(UTC),
            random=os.urandom,
        )
        stock(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_TABLES)
        seconds: dict[str, list[float]] = {kind: [] for kind in ("insert", "take", "lock", "own", "hot")}
        with clients(url, founded.issuer_file) as measured:
            for _ in range(effort.rounds):
                for kind, found in seconds.items():
                    found.append(measured(kind, effort.repetitions))
    inserting, own = tuple(seconds["insert"]), tuple(seconds["own"])
    return (
        Contest("one pool, 8 clients: our statement, insert", tuple(seconds["take"]), inserting, HOT_LIMIT),
        Contest("one pool, 8 clients: FOR UPDATE, insert", tuple(seconds["lock"]), inserting, None),
        Contest("reserve, 8 clients: one pool, own pools", tuple(seconds["hot"]), own, HOT_LIMIT),
    )


def stock(url: str) -> None:
    """Add plenty of everything."""
    portal = open_portal(url, actor="benchmark", clock=lambda: datetime.now(UTC), random=os.urandom)
    for tag in ("HOT", *(f"OWN-{number}" for number in range(CLIENTS))):
        add_license(portal, tag, 1_000_000)
    portal.close()


def section(effort: Effort) -> str:
    """Measure and describe, where this machine has a server."""
    if not server.binaries():
        return f"{TITLE}\nNot measured: this machine has no PostgreSQL.\n\n"
    table = markdown(RATIO_HEAD, [one.cells() for one in contests(effort)])
    said = "Eight processes at once, in turns; times are those of the slowest for one repetition."
    return f"{TITLE}\n{said}\n\n{table}\n\n"


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
