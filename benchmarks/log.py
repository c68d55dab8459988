"""The log that others can check: what it costs a reserve, and what a proof costs among a million events.

The tree grows after the events, so a reserve by itself pays nothing. What is measured is the whole price: the
same reserves in a portal whose log is never asked for, and in one that adds every 64 events to its tree. In
memory: a line with its hash, the tree, rows and proofs, over a million leaves that are kept as rows.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks.durable import found, opened, request, reserve_one
from benchmarks.table import markdown
from benchmarks.timing import RATIO_HEAD, TIME_HEAD, Alone, Contest, Effort, alone, contest
from reservation.log import content_of
from reservation.merkle import Frontier, Tiles, consistency_proof, inclusion_proof, leaf_hash, rows_for
from reservation.service import Portal
from reservation.service.log import sign_checkpoint

TITLE: Final = "## Log\n"
LEAVES: Final = 1_000_000
EVERY: Final = 64
"""Events after which the log is asked for."""
#: Highest price of the whole log, of a reserve without it.
LIMIT: Final = 1.15
_BATCH: Final = 4096
_PROOF_MICROSECONDS: Final = 10_000
_LINE_MICROSECONDS: Final = 150
_SECTION: Final = """\
{title}
A reserve never waits for the tree: it grows when a checkpoint, an export or a proof is asked for. Compared
are reserves of three lines whose log is asked for after every {every}, signature included, with reserves
whose log nobody asks for; both wait for the disk. Proofs are worked out anew each time, from rows in memory,
for a tree of {leaves:,} leaves.

{contests}

{times}

"""


class Rows:
    """Kept rows, in memory."""

    def __init__(self, leaves: int) -> None:
        self.levels: list[list[bytes]] = []
        for first in range(0, leaves, _BATCH):
            batch = range(first, min(leaves, first + _BATCH))
            for row in rows_for(first, [sha256(b"%d" % one).digest() for one in batch], self.fetch):
                while len(self.levels) <= row.level:
                    self.levels.append([])
                self.levels[row.level].append(row.hash)

    def fetch(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Return kept rows."""
        return self.levels[level][first:end] if level < len(self.levels) else ()


def section(effort: Effort, leaves: int = LEAVES) -> str:
    """Measure and describe the log."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        price, line = whole_price(effort, Path(folder))
    times = [line, *in_memory(effort, leaves)]
    return _SECTION.format(
        title=TITLE,
        every=EVERY,
        leaves=leaves,
        contests=markdown(RATIO_HEAD, [price.cells()]),
        times=markdown(TIME_HEAD, [one.cells() for one in times]),
    )


def whole_price(effort: Effort, folder: Path) -> tuple[Contest, Alone]:
    """Measure reserves with and without a log that somebody asks for; and the line of one event."""
    founded = found(folder / "portal")
    texts = [request(number).text for number in range(1 + effort.rounds * EVERY)]
    asked, never = folder / "asked.db", folder / "never.db"
    for copy in (asked, never):
        shutil.copyfile(founded.database, copy)
    with opened(asked, founded) as one, opened(never, founded) as other:
        price = contest(
            f"durable reserve, N = 3, the log asked for after every {EVERY}",
            _reserving(one, texts, lambda: sign_checkpoint(one)),
            _reserving(other, texts, lambda: None),
            Effort(effort.rounds, EVERY),
            LIMIT,
        )
        *_, entry = one.store.read(lambda books: books.entries(0, 100))
    frontier = Frontier()
    line = alone(
        "the line of a reserve, its hash, and the tree's edge",
        lambda: frontier.add(leaf_hash(content_of(entry))),
        effort,
        _LINE_MICROSECONDS,
    )
    return price, line


def _reserving(portal: Portal, texts: Sequence[str], ask: Callable[[], object]) -> Callable[[], None]:
    numbers = count()

    def reserve() -> None:
        number = next(numbers)
        reserve_one(portal, texts[number])
        if number % EVERY == 0:
            ask()

    return reserve


def in_memory(effort: Effort, leaves: int) -> list[Alone]:
    """Measure the tree itself."""
    rows, frontier, one = Rows(leaves), Frontier(), sha256(b"leaf").digest()
    batch = [one] * _BATCH
    proofs = {
        "a proof of inclusion": lambda: inclusion_proof(leaves // 3, leaves, Tiles(rows.fetch).whole),
        "a proof of growth": lambda: consistency_proof(leaves // 3, leaves, Tiles(rows.fetch).whole),
    }
    return [
        alone("one more leaf at the edge of the tree", lambda: frontier.add(one), effort, 10),
        alone(
            f"the rows of {_BATCH:,} more leaves",
            lambda: rows_for(leaves - leaves % 256, batch, rows.fetch),
            effort,
            _BATCH * 10,
        ),
        *(alone(name, proof, effort, _PROOF_MICROSECONDS) for name, proof in proofs.items()),
    ]
