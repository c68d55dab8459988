"""Several processes that work on one portal at once, and the check of what they did.

A crew lives for many histories, each on a copy of one portal. `Crew.history` does one and judges it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic_ns, perf_counter
from typing import TextIO

from reservation import bootstrap, service
from reservation.model import DEFAULT_POLICY
from reservation.service import Role
from tests import raw, server
from tests.linear.checker import Checker, Written, in_order
from tests.linear.client import pools_of, term_of
from tests.linear.meetings import ACTORS, CLIENTS, meetings_in
from tests.linear.operations import PLACES, RACED, STOCK, Record, kept_in
from tests.linear.plants import HONEST
from tests.linear.races import RACES, races
from tests.reservation.portal.appliance import START, Time, seeded
from tests.reservation.portal.conftest import found

TEMPLATE = "template_linear"
#: Among them, their transactions must be told apart by when the server committed them.
SETTINGS = ("track_commit_timestamp=on",)

#: What a refusal leaves for an alert, in a transaction of its own, is no answer of anybody's.
_ON_SQLITE = (
    "SELECT actor, at, 0 FROM chain JOIN events USING (account_id, event_id) "
    "WHERE kind NOT IN ('stock-refused', 'key-refused') ORDER BY number"
)
_ON_POSTGRES = (
    "SELECT actor, at, CAST(CAST(xmin AS text) AS bigint) FROM events "
    "WHERE kind NOT IN ('stock-refused', 'key-refused') ORDER BY pg_xact_commit_timestamp(xmin), event_id"
)


@dataclass(frozen=True, slots=True)
class Portals:
    """Makes copies of one portal, on one engine.

    Attributes:
        folder: In memory, where that can be had.
        keys: Holds the issuer's key.
        server: Where they are; None: in SQLite files.
    """

    folder: Path
    issuer_file: Path
    server: server.Server | None

    @contextmanager
    def copy(self) -> Iterator[str]:
        """Give the URL of a copy that is there for a while."""
        if self.server is not None:
            with self.server.database(TEMPLATE) as url:
                yield url
            return
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            copy = shutil.copy(self.folder / "portal.db", Path(folder) / "portal.db")
            yield f"sqlite://{copy}"


@contextmanager
def portals_on(engine: str) -> Iterator[Portals]:
    """Found the portal whose copies are worked on."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=memory)))
        url = f"sqlite://{folder}/portal.db"
        founded = found(url, folder / "keys")
        _furnish(url)
        running = stack.enter_context(server.running(*SETTINGS)) if engine == "postgres" else None
        if running is not None:
            raw.copy_rows(folder / "portal.db", running.create(TEMPLATE))
        yield Portals(folder, founded.issuer_file, running)


def _furnish(url: str) -> None:
    """Add the clients, two places, and something to take."""
    opened = bootstrap.open_portal(url, actor="ann", clock=Time(), random=seeded("furnish"))
    with closing(opened) as portal:
        for actor in ACTORS:
            service.add_user(portal, actor, Role.ADMINISTRATOR)
        service.add_virtual_account(portal, PLACES[1])
        service.set_policy(portal, replace(DEFAULT_POLICY, rehost_minimum=1_000_000))
        for tag, count in STOCK.items():
            service.add_license(portal, tag, count, term=term_of(tag))


@dataclass(frozen=True, slots=True)
class History:
    """What clients did at once.

    Attributes:
        operations: How many.
        races: How many of each name.
        appointed: How many of them where clients met for it.
        seconds: How long it took, with its check.
        problems: What no order of the operations explains, and what is wrong with the books.
    """

    operations: int
    races: Counter[str]
    appointed: Counter[str]
    seconds: float
    problems: list[str]

    @property
    def missing(self) -> list[str]:
        """The races that clients met for, and did not run each time."""
        meetings = len(meetings_in(self.operations // CLIENTS))
        return [race for race in RACES if self.appointed[race] < max(meetings, 1)]


@dataclass
class Crew:
    """Processes that wait for work.

    Attributes:
        portals: What they work on.
    """

    portals: Portals
    _orders: list[TextIO] = field(default_factory=list)
    _answers: list[TextIO] = field(default_factory=list)
    _process: "subprocess.Popen[bytes] | None" = None

    def __enter__(self) -> "Crew":
        orders, answers = [os.pipe() for _ in ACTORS], [os.pipe() for _ in ACTORS]
        theirs = [(order[0], answer[1]) for order, answer in zip(orders, answers, strict=True)]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.linear.client",
                f"sqlite://{self.portals.folder}/portal.db",
                str(self.portals.issuer_file),
                *(f"{one},{other}" for one, other in theirs),
            ],
            pass_fds=[end for pair in theirs for end in pair],
            cwd=Path(__file__).parents[2],
        )
        for end in [end for pair in theirs for end in pair]:
            os.close(end)
        self._orders = [os.fdopen(order[1], "w") for order in orders]
        self._answers = [os.fdopen(answer[0]) for answer in answers]
        return self

    def __exit__(self, *_: object) -> None:
        for end in (*self._orders, *self._answers):
            end.close()
        assert self._process is not None
        self._process.wait()

    def history(self, seed: int, operations: int, plant: str = HONEST) -> History:
        """Let every client do so many operations at once, and judge what they say."""
        began = perf_counter()
        with self.portals.copy() as url, tempfile.TemporaryDirectory(dir=self.portals.folder) as folder:
            files = [Path(folder) / actor for actor in ACTORS]
            origin = monotonic_ns()
            orders = [
                f"{url} {actor} {seed} {operations} {origin} {plant} {file}"
                for actor, file in zip(ACTORS, files, strict=True)
            ]
            self._tell(orders, "ready")
            self._tell(["go"] * CLIENTS, "done")
            records = [record for file in files for record in kept_in(file)]
            problems = judged(url, records)
        appointed = races([one for one in records if one.operation.device in RACED])
        return History(len(records), races(records), appointed, perf_counter() - began, problems)

    def _tell(self, orders: list[str], answer: str) -> None:
        for end, order in zip(self._orders, orders, strict=True):
            print(order, file=end, flush=True)
        for end in self._answers:
            said = end.readline()
            assert said == f"{answer}\n", f"a client said {said!r}"


def judged(url: str, records: list[Record]) -> list[str]:
    """Return everything that is wrong with a history, and with the books that it left."""
    with closing(raw.opened(url)) as books:
        rows = list(books.execute(_ON_POSTGRES if url.startswith("postgresql:") else _ON_SQLITE))
    written = [Written(*row) for row in rows if row[0] in ACTORS]
    checker = Checker(records, in_order(written, records))
    problems = checker.check()
    opened = bootstrap.open_portal(url, actor="ann", clock=lambda: START, random=os.urandom)
    with closing(opened) as portal:
        try:
            problems += [str(finding) for finding in service.audit(portal)]
            pools = pools_of(portal)
        except ValueError as error:  # what a lock is for
            return [*problems, f"the books make no sense: {error}"]
    if pools != checker.model.pools(is_late=False):
        problems.append(f"the books end as {pools}; {checker.model.pools(is_late=False)} would be right")
    return problems
