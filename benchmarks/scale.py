"""What the portal's work costs as its books grow: on SQLite, from a thousand reservations on.

Each size is a file of its own (`benchmarks.books`), and all are measured in turns: the cost of a size is
compared with that of a thousand within one round, and the figure is the median of these ratios. The books of
10^5 are also given to the program itself, command by command, as whole processes; reports, which read whole
parts of the books, are left out.

    TALLYSTICK_BENCH_SIZES=1000,10000     other sizes than 1000, 10000, 100000 and 1000000
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import truediv
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, cast

import apsw

from benchmarks.books import BRANCH, EMPTY, MEASURED_AT, PASSPHRASE, SEED, Books, grown, seeded
from benchmarks.measured import limit, verdict
from benchmarks.table import markdown, number
from benchmarks.timing import Effort
from codec.codes import Request
from codec.envelope import VerifiedCode
from reservation.service import (
    LinesWanted,
    Portal,
    accept,
    list_reservations,
    overview,
    read_code,
    reserve,
)
from tests.reservation.portal.appliance import Appliance

TITLE: Final = "## Scale\n"
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
RATIO_LIMIT: Final = 1.3
COMMANDS_SIZE: Final = 100_000
COMMAND_LIMIT_SECONDS: Final = 1.0
ROOT: Final = Path(__file__).resolve().parent.parent
WORK: Final = ("reserve", "return", "list, first page", "list, a page within", "overview")

#: The commands, in an order in which each finds what it needs; {…}: see `_words`. Before ":" stands who acts,
#: or how many days later: then a fifth of all devices has waited for too long, and the first sweep says so.
COMMANDS: Final = (
    "trust",
    "license list",
    "license add ROUTE 1",
    "license correct ROUTE 1",
    "license transfer ROUTE 1 --from DEFAULT --to Branch",
    "license import {order}",
    "list",
    "list --state active",
    "list --state in-doubt",
    "list --state expired",
    f"list --va {BRANCH} --state in-doubt",
    f"list --va {EMPTY} --state in-doubt",
    f"list --va {EMPTY} --state expired",
    "vic: list",
    "show {active}",
    "slip {active}",
    "expect {active} --never",
    "alerts",
    "events",
    "issuer list",
    "issuer devices",
    "va access DEFAULT",
    "reserve {request} --license ROUTE=1",
    "update {request} --license ROUTE=2",
    "reissue {request}",
    f"transfer {{request}} --to {BRANCH}",
    "accept {return}",
    "rehost {active} --reason burnt --evidence witness",
    "decisions",
    "bob: approve {active}",
    "write-off {active} --reason burnt",
    "bob: approve {active} --reject",
    "release {doubtful} --reason seen",
    "policy",
    "policy --rehosts 5",
    "sweep",
    "va list",
    "va add Site",
    "va rename Site Place",
    "va remove Place",
    "user list",
    "user add robin --role approver",
    "user grant robin --role user",
    "user revoke robin --role user",
    "user passphrase --clear robin",
    "user remove robin",
    "agreement add Terms {terms}",
    "agreement show Terms",
    "agreement accept Terms --version 1",
    "agreement list",
    "catalogue add {catalogue}",
    "catalogue show",
    "product set TR-100 --match 2",
    "product list",
    "quarantine",
    "quarantine --begin --reason rehearsal",
    "quarantine --end --reason seen",
    "bob: quarantine --approve",
    "+60: alerts",
    "+60: alerts --all",
    "+60: sweep",
    "+60: sweep",
    "+60: alerts",
)
_REPORTS: Final = ("usage", "exposure", "expiring", "transactions")
#: What goes through the books by its nature, or makes them; or wants something that these books do not have.
LEFT_OUT: Final = frozenset(
    (
        *("init", "audit", "backup", "restore", "batch", "issuer adopt", "issuer renew"),
        # The chain of copied books has gaps.
        *("acknowledge", "log checkpoint", "log export", "log prove", "log verify"),
        *(f"report {kind}" for kind in _REPORTS),
    ),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of work costs with books of one size; seconds, round by round."""

    work: str
    size: int
    seconds: tuple[float, ...]
    ratios: tuple[float, ...]

    def cells(self) -> tuple[str, ...]:
        """Return the cells of its row."""
        ratio = median(self.ratios)
        judged = self.size > SEED
        return (
            self.work,
            number(self.size),
            number(median(self.seconds) * 1e6),
            number(ratio, 2),
            limit(RATIO_LIMIT if judged else None, 1),
            verdict(ratio <= RATIO_LIMIT if judged else None),
        )


# --- in this process -----------------------------------------------------------------------------------


def costs(books: Sequence[Books], effort: Effort) -> list[Cost]:
    """Measure every kind of work with books of each size, in turns."""
    seconds: dict[tuple[str, int], list[float]] = {(work, one.size): [] for work in WORK for one in books}
    with ExitStack() as stack:
        portals = [(one, _page_within(one), stack.enter_context(closing(one.opened()))) for one in books]
        for turn in range(effort.rounds * effort.repetitions + 1):
            for one, page, portal in portals:
                for work, took in zip(WORK, _turn(portal, page, turn), strict=True):
                    # The first turn fills caches.
                    if turn:
                        seconds[work, one.size].append(took)
    smallest = min(one.size for one in books)
    return [
        Cost(work, size, tuple(times), tuple(map(truediv, times, seconds[work, smallest])))
        for (work, size), times in seconds.items()
    ]


def _page_within(books: Books) -> str:
    """Return the page that begins in the middle of the list."""
    query = "SELECT opened_at, page_key FROM reservations ORDER BY page_key LIMIT 1 OFFSET ?"
    with closing(apsw.Connection(str(books.database), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        [(opened_at, key)] = connection.execute(query, (books.size // 2,))
    return f"{opened_at}/{key.hex()}"


def _turn(portal: Portal, page: str, turn: int) -> Iterator[float]:
    """Do every kind of work once; yield the seconds of each."""
    device = Appliance(f"TURN{turn:06d}")
    request = device.request()
    returned = device.give_back(request.id).text
    works: tuple[Callable[[], object], ...] = (
        lambda: reserve(portal, _read(portal, request.text), choice=LinesWanted({"ROUTE": 1})),
        lambda: accept(portal, read_code(portal, returned).code),
        lambda: list_reservations(portal),
        lambda: list_reservations(portal, page=page),
        lambda: overview(portal),
    )
    for work in works:
        begun = perf_counter()
        work()
        yield perf_counter() - begun


def _read(portal: Portal, text: str) -> VerifiedCode[Request]:
    return cast("VerifiedCode[Request]", read_code(portal, text).code)


# --- whole processes -----------------------------------------------------------------------------------


#: Runs a script, and tells the most memory that this process had: without what it was forked from.
_WATCHED: Final = """\
import atexit, runpy, sys
script, told = sys.argv[1:3]
sys.argv[:] = [script, *sys.argv[3:]]
atexit.register(lambda: open(told, "w").write(open("/proc/self/status").read()))
runpy.run_path(script, run_name="__main__")
"""


class Desk:
    """A copy of a portal, at which the program is run.

    Args:
        books: The portal.
        folder: For the copy; it must not be there.
    """

    def __init__(self, books: Books, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.books = replace(books, database=Path(shutil.copy(books.database, folder / "portal.db")))
        shutil.copytree(books.founded.issuer_file.parent, folder / "keys")
        self._write("passphrase", f"{PASSPHRASE}\n").chmod(0o600)

    def _write(self, name: str, text: str) -> Path:
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def run(self, *argv: str, actor: str = "ann", days: int = 0) -> tuple[float, float]:
        """Run a command that must be done, days later; return its seconds, and its memory in megabytes."""
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FAKE_NOW": (MEASURED_AT + timedelta(days=days)).isoformat(),
            "TALLYSTICK_DB": self.books.url,
            "TALLYSTICK_KEYS": str(self.folder / "keys"),
            "TALLYSTICK_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            "TALLYSTICK_USER": actor,
        }
        told = self.folder / "status"
        program = [_WATCHED, str(ROOT / "tests" / "program.py"), str(told)]
        command = [sys.executable, "-c", *program, "portal", *argv]
        begun = perf_counter()
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        seconds = perf_counter() - begun
        if done.returncode:
            raise RuntimeError(f"{argv} ended with {done.returncode}: {done.stderr}")
        (line,) = (line for line in told.read_text().splitlines() if line.startswith("VmHWM:"))
        return seconds, int(line.split()[1]) / 1024

    def words(self) -> Mapping[str, str]:
        """Prepare what the commands speak of."""
        devices = [Appliance(f"DESK{number}") for number in range(3)]
        with closing(self.books.opened()) as portal:
            for device in devices[1:]:
                reserve(portal, device.request(), choice=LinesWanted({"ROUTE": 1}))
            accept(portal, devices[2].give_back(devices[2].request().id, mismatch=True))
        row = "TAG,1,DEFAULT,perpetual,,,PO-1"
        return {
            "request": devices[0].request().text,
            "return": devices[1].give_back(devices[1].request().id).text,
            "doubtful": devices[2].request().text,
            "active": Appliance("SN000003").request().text,
            "order": str(
                self._write("order.csv", f"tag,quantity,virtual_account,kind,start,end,order\n{row}\n")
            ),
            "terms": str(self._write("terms.txt", "Licences are for our own devices.\n")),
            "catalogue": str(self._write("catalogue.txt", "ROUTE\nCRYPTO\n")),
        }


def memory(books: Sequence[Books], folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield a row for each size: megabytes of a process that reserves."""
    for one in books:
        desk = Desk(one, folder / f"memory-{one.size}")
        _, megabytes = desk.run("reserve", Appliance("DESK0").request().text, "--license", "ROUTE=1")
        yield number(one.size), number(megabytes, 1), number(one.database.stat().st_size / 1e6, 1)
        shutil.rmtree(desk.folder)


def command_times(
    books: Books, folder: Path, commands: Sequence[str] = COMMANDS
) -> Iterator[tuple[str, ...]]:
    """Yield a row for each command: its seconds as a whole process."""
    desk = Desk(books, folder / "commands")
    words = desk.words()
    for command in commands:
        who, _, rest = command.rpartition(": ")
        argv = [word.format(**words) for word in rest.split()]
        if who.startswith("+"):
            seconds, _ = desk.run(*argv, days=int(who))
        else:
            seconds, _ = desk.run(*argv, actor=who or "ann")
        yield (
            f"`{command}`",
            number(COMMAND_LIMIT_SECONDS, 1),
            number(seconds, 2),
            verdict(seconds <= COMMAND_LIMIT_SECONDS),
        )


# --- the section ---------------------------------------------------------------------------------------

_SECTION: Final = """\
{title}
Books on SQLite with one process at work. Ratios are to the cost at the smallest size, within one round.

{costs}

What a process that reserves takes of memory, and the size of its database:

{memory}

Every command of the portal but reports and copies, as a whole process, with {size} reservations. After 60
days a fifth of them has waited for too long: the first sweep writes as many alerts, the second none.

{commands}

"""


def section(effort: Effort) -> str:
    """Measure and describe how costs grow."""
    sizes = [int(size) for size in os.environ.get("TALLYSTICK_BENCH_SIZES", "").split(",") if size] or SIZES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = seeded(folder / "seed")
        books = [grown(seed, folder / f"{size}.db", size) for size in sizes]
        tried = min(books, key=lambda one: abs(one.size - COMMANDS_SIZE))
        return _SECTION.format(
            title=TITLE,
            costs=markdown(
                ("work", "reservations", "median, µs", "ratio", "ratio ≤", "met"),
                [cost.cells() for cost in costs(books, effort)],
            ),
            memory=markdown(("reservations", "memory, MB", "database, MB"), memory(books, folder)),
            size=number(tried.size),
            commands=markdown(("command", "seconds ≤", "seconds", "met"), list(command_times(tried, folder))),
        )
