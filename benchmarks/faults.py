"""What the last faults came to: kills, errors, power cuts, searches and strangers; `make soak` makes them.

Nothing is tried here: the long tests left their outcomes under `build/` (`tests.outcomes`), and those are
written down beside their limits.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmarks.measured import verdict
from benchmarks.table import markdown, number
from tests.codec import golden
from tests.faults import outcomes as faults
from tests.faults.runs import ERRORS
from tests.faults.table import WRITING
from tests.machine import searched
from tests.outcomes import kept
from tests.power.bench import AREA, COMMANDS, CONTROLS

TITLE: Final = "## Faults\n"
NEVER_TITLE: Final = "## Never\n"
STATES_WANTED: Final = 20_000
KILLS_WANTED: Final = 500
#: Golden codes, and strangers who must not take a code: for each kind of them.
CODES_WANTED: Final = 81
STRANGERS: Final = ("device", "issuer", "kind")
HEAD: Final = ("command", "states", "after it was acknowledged", "bad", "met")
CONTROLS_HEAD: Final = ("what is wrong with the program", "states until it was caught", "met")
FAULTS_HEAD: Final = ("what", "wanted", "tried", "bad", "met", "again: make soak SOAK_TESTS=")
_KILLS_FILE: Final = "tests/faults/test_kills.py"
_LIVES_FILE: Final = "tests/faults/test_lives.py"
_CROWDS_FILE: Final = "tests/faults/test_crowds.py"
_GOLDEN_FILE: Final = "tests/codec/test_golden.py"
_SECTION: Final = """\
{title}
All of it is made by `make soak` with the seed {seed} (`make soak SEED=…` makes other choices), each line
alone as its last column says; then `python -m benchmarks.run faults`. A call that is durable is one that
could leave something behind, or shows the result. Bad is a trial after which something acknowledged is
missing, something is half done, the books do not balance, or the same command does not end as it should.
A line is met once all that is wanted was tried; what was not tried since is not met.

{faults}

### Power cuts

The power is cut while the real program works: its system calls are recorded, and what they could leave on a
disk is put there and opened by the real program (docs/adr/0028 says what the model of the disk is, and what
it leaves out). States are those that differ. Commands of the portal run alone, and beside a process that has
the books open.

Again: `SEED={power_seed} python -m pytest tests/power -m soak`; then `python -m benchmarks.run faults`.

{table}

### Programs that break a promise

Each must be caught, or the tests could not see anything. The power is cut while a part is taken out:

{controls}

Clients that check first and act afterwards, or without a lock, are under Histories.

"""
_NEVER: Final = """\
{title}
What must not happen, and how often it was tried. Lives are those of devices, portal, channel and calendar in
any order (`tests/machine`); kills, errors and power cuts are those above, hostile input that under Fuzzing.
What stands before and after a golden code that is whole is other text, and no damage: it may be left out
without a word. Every other change must be refused, or repaired and told.

{never}

"""


def section() -> str:
    """Describe the faults of the last long run."""
    power = kept(AREA)
    commands: dict[str, Any] = power.get(COMMANDS, {})
    controls = power.get(CONTROLS, {})
    return _SECTION.format(
        title=TITLE,
        seed=_seed(kept(faults.AREA).get(faults.LIVES, {})),
        power_seed=_seed(commands),
        faults=markdown(FAULTS_HEAD, _faults(commands)),
        table=markdown(
            HEAD, [*(_cells(name, one) for name, one in sorted(commands.items())), _total(commands)]
        ),
        controls=markdown(
            CONTROLS_HEAD, [_control(name, one["states"], one) for name, one in sorted(controls.items())]
        ),
    )


def never_section() -> str:
    """Describe what never happened, and how often it was tried."""
    return _NEVER.format(title=NEVER_TITLE, never=markdown(FAULTS_HEAD, _never()))


def _seed(found: Mapping[str, Any]) -> str:
    """Name the seed of what was found; several, if parts were run again with another one."""
    return ", ".join(sorted({one["seed"] for one in found.values()})) or "0"


# --- one line for each figure ------------------------------------------------------------------------


def _faults(commands: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    found = kept(faults.AREA)
    kills, errors = found.get(faults.KILLS, {}), found.get(faults.ERRORS, {})
    wanted = f"all {len(WRITING)} commands"
    whole = {command.name for command in WRITING} <= kills.keys()
    yield _line("a kill at every durable call", wanted, f"{len(kills)}, calls", kills, _KILLS_FILE, whole)
    names = {f"{command.name}, {error.kind}" for command in WRITING for error in ERRORS}
    tried = f"{len({name.rpartition(', ')[0] for name in errors})}, calls"
    what = "ENOSPC, EIO and EROFS at every durable call"
    yield _line(what, wanted, tried, errors, _KILLS_FILE, names <= errors.keys())
    for name, halves in (("SQLite", ("device", "portal")), ("PostgreSQL", ("portal",))):
        yield _lives(name, halves, found.get(faults.LIVES, {}).get(name, {}))
    crowds = dict(found.get(faults.CROWDS, {}))
    randomly = {name: crowds.pop(name) for name in [faults.RANDOMLY] if name in crowds}
    what = "kill -9 at any moment of one of four processes, SQLite"
    killed = sum(one["points"] for one in randomly.values())
    yield _line(what, f"≥ {KILLS_WANTED}", "kills", randomly, _CROWDS_FILE, killed >= KILLS_WANTED)
    what = "death or standstill of one of three processes after each durable call"
    yield _line(what, "8 ways", f"{len(crowds)} ways, calls", crowds, _CROWDS_FILE, len(crowds) == 8)
    _, states, _, bad, met = _total(commands)
    yield "simulated power cuts", f"≥ {number(STATES_WANTED)}", f"states: {states}", bad, met, "tests/power"


def _line(
    what: str, wanted: str, unit: str, found: Mapping[str, Any], again: str, whole: bool
) -> tuple[str, ...]:
    """Return the line of trials at points."""
    points = sum(one["points"] for one in found.values())
    bad = sum(len(one["bad"]) for one in found.values())
    return what, wanted, f"{unit}: {number(points)}", number(bad), verdict(whole and not bad), again


def _lives(name: str, halves: tuple[str, ...], found: Mapping[str, Any]) -> tuple[str, ...]:
    killed = {half: found.get(half, 0) for half in halves}
    tried = ", ".join(f"{half} {number(count)}" for half, count in killed.items())
    bad = 1 if found.get("bad") else 0
    met = verdict(min(killed.values()) >= KILLS_WANTED and not bad)
    return f"kill -9 at any moment, {name}", f"≥ {KILLS_WANTED}", tried, number(bad), met, _LIVES_FILE


def _never() -> Iterator[tuple[str, ...]]:
    lives = kept(searched.AREA).get(searched.LIVES, {})
    for name, one in sorted(lives.items()):
        bad = 1 if one["bad"] else 0
        what = f"a licence issued twice, lost or unaccounted: {name}"
        yield what, "0", f"lives: {number(one['lives'])}", number(bad), verdict(not bad), "tests/machine"
    codes = kept(golden.AREA)
    damaged, strangers = codes.get(golden.DAMAGED, {}), codes.get(golden.STRANGERS, {})
    whole = len(damaged) >= CODES_WANTED
    bad = sum(len(one["bad"]) for one in damaged.values())
    for damage in golden.DAMAGES:
        tried = sum(one[damage] for one in damaged.values())
        what = f"{len(damaged)} golden codes, {damage}"
        yield what, "0", number(tried), number(bad), verdict(whole and not bad), _GOLDEN_FILE
    for why in STRANGERS:
        one = strangers.get(why, {"tried": 0, "bad": []})
        what = f"a code accepted for another {why}"
        bad = len(one["bad"])
        yield (
            what,
            "0",
            number(one["tried"]),
            number(bad),
            verdict(one["tried"] > 0 and not bad),
            _GOLDEN_FILE,
        )


# --- power cuts --------------------------------------------------------------------------------------


def _cells(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    counts = (found["states"], found["acknowledged"], found["bad"])
    return (name, *map(number, counts), verdict(found["states"] > 0 and not found["bad"]))


def _total(commands: Mapping[str, Any]) -> tuple[str, ...]:
    states, acknowledged, bad = (
        sum(one[what] for one in commands.values()) for what in ("states", "acknowledged", "bad")
    )
    whole = {command.name for command in WRITING} <= commands.keys()
    return (
        f"all {len(WRITING)} commands, ≥ {number(STATES_WANTED)}",
        *map(number, (states, acknowledged, bad)),
        verdict(whole and states >= STATES_WANTED and not bad),
    )


def _control(name: str, tried: int, found: Mapping[str, Any]) -> tuple[str, ...]:
    return name, number(tried), verdict(bool(found["found"]))
