"""What a commit for many saves: 32 threads of one process, against one that waits for the disk each time.

Ours is `reservation.sharing`: one thread writes for all of them. Beside it stands what cannot be faster: the
statements of the same reserves, replayed by one thread with the cryptography that they need, each in a
transaction of its own, and 32 in one with a savepoint for each. Where waiting for the disk is short, there is
little to save: what the rest of a reserve takes is not shared by anybody.
"""

import gc
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import apsw

from benchmarks.durable import (
    Statement,
    bare,
    cryptography,
    found,
    opened,
    record,
    request,
    reserve_one,
)
from benchmarks.table import markdown
from benchmarks.timing import RATIO_HEAD, Contest, Effort
from codec.codes import Request
from codec.envelope import VerifiedCode
from reservation.service import Portal

CLIENTS: Final = 32
#: The target: at least 1.3 times the rate of one alone; here it is one of time.
GROUP_LIMIT: Final = 1 / 1.3

Requests = Sequence[VerifiedCode[Request]]


def group_commit(effort: Effort, folder: Path) -> tuple[Contest, ...]:
    """Measure both, in turns; a repetition is a reserve of every client, and its seconds are those of one."""
    founded = found(folder / "portal")
    count = CLIENTS * effort.repetitions
    copies = {
        name: folder / f"{name}.db"
        for name in ("recorded", "grouped", "single", "bare grouped", "bare single")
    }
    for copy in copies.values():
        shutil.copyfile(founded.database, copy)
    requests = [request(number) for number in range(count * effort.rounds)]
    statements = record(copies["recorded"], founded, requests)
    with ExitStack() as stack:
        shared = stack.enter_context(opened(copies["grouped"], founded, is_shared=True))
        portal = stack.enter_context(opened(copies["single"], founded))
        together, each = (
            stack.enter_context(closing(bare(copies[f"bare {how}"]))) for how in ("grouped", "single")
        )
        seconds: dict[str, list[float]] = {name: [] for name in copies}
        for start in range(0, len(requests), count):
            some, theirs = requests[start : start + count], statements[start : start + count]
            works = _works(shared, portal, some) | {
                "bare grouped": replayed(together, some, theirs, CLIENTS),
                "bare single": replayed(each, some, theirs, 1),
            }
            for name, work in works.items():
                seconds[name].append(timed(work) / count)
    return tuple(
        Contest(said, tuple(seconds[grouped]), tuple(seconds[single]), limit)
        for said, grouped, single, limit in (
            (
                f"{CLIENTS} clients, one commit for many: ours, each by itself",
                "grouped",
                "single",
                GROUP_LIMIT,
            ),
            ("the same SQL and cryptography: 32 in one, each by itself", "bare grouped", "bare single", None),
        )
    )


def _works(shared: Portal, portal: Portal, requests: Requests) -> dict[str, Callable[[], object]]:
    return {
        "grouped": lambda: at_once(shared, requests),
        "single": lambda: [reserve_one(portal, one.text) for one in requests],
    }


def at_once(portal: Portal, requests: Requests) -> None:
    """Let every client reserve for its part of the requests, all of them at once."""

    def reserve(mine: Requests) -> None:
        for one in mine:
            reserve_one(portal, one.text)

    threads = [
        threading.Thread(target=reserve, args=(requests[number::CLIENTS],)) for number in range(CLIENTS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def replayed(
    connection: apsw.Connection, requests: Requests, statements: Sequence[Sequence[Statement]], together: int
) -> Callable[[], None]:
    """Return what replays reserves without ours, so many in one transaction."""
    crypto = cryptography(requests)

    def run(some: Sequence[Statement]) -> None:
        for one in some:
            connection.execute(one.sql, one.bindings).fetchall()

    def replay() -> None:
        for start in range(0, len(requests), together):
            parts = [_split(one) for one in statements[start : start + together]]
            for reading, _ in parts:
                run(reading)
            connection.execute("BEGIN IMMEDIATE")
            for _, writing in parts:
                next(crypto)()
                connection.execute("SAVEPOINT part")
                run(writing)
                connection.execute("RELEASE SAVEPOINT part")
            connection.execute("COMMIT")

    return replay


def _split(statements: Sequence[Statement]) -> tuple[Sequence[Statement], Sequence[Statement]]:
    """Return what a reserve reads before its transaction, and what is in it."""
    begin = next(place for place, one in enumerate(statements) if one.sql == "BEGIN IMMEDIATE")
    return statements[:begin], statements[begin + 1 : -1]


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of a work, the collector of garbage held back meanwhile."""
    gc.collect()
    gc.disable()
    try:
        begun = perf_counter()
        work()
        return perf_counter() - begun
    finally:
        gc.enable()


def table(effort: Effort) -> str:
    """Measure and describe."""
    with TemporaryDirectory() as folder:
        return markdown(RATIO_HEAD, [one.cells() for one in group_commit(effort, Path(folder))])
