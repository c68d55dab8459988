"""What the last simulated power cuts came to; `make soak` makes them, for half an hour.

Nothing is cut here: `tests/power` left its outcomes in `build/power/outcomes.json`, and those are written
down beside their limits.
"""

from typing import Any, Final

from benchmarks.measured import verdict
from benchmarks.table import markdown, number
from tests.faults.table import WRITING
from tests.power.bench import COMMANDS, CONTROLS, outcomes

TITLE: Final = "## Faults\n"
STATES_WANTED: Final = 20_000
HEAD: Final = ("command", "states", "after it was acknowledged", "bad", "met")
CONTROLS_HEAD: Final = ("what is wrong with the program", "states until it was caught", "met")
_SECTION: Final = """\
{title}
The power is cut while the real program works: its system calls are recorded, and what they could leave on a
disk is put there and opened by the real program (docs/adr/0028 says what the model of the disk is, and what
it leaves out). States are those that differ. Commands of the portal run alone, and beside a process that has
the books open. Bad is a state after which something acknowledged is missing, something is half done, the
books do not balance, or the same command does not end as it should.

Again: `SEED={seed} python -m pytest tests/power -m soak`; then `python -m benchmarks.run faults`.

{table}

The same with a part taken out of the program, so that it breaks a promise:

{controls}

"""


def section() -> str:
    """Describe the outcomes of the last long run."""
    kept = outcomes()
    commands: dict[str, Any] = kept.get(COMMANDS, {})
    caught: dict[str, Any] = kept.get(CONTROLS, {})
    seeds = sorted({one["seed"] for one in commands.values()})
    return _SECTION.format(
        title=TITLE,
        seed=seeds[0] if seeds else "0",
        table=markdown(
            HEAD, [*(_cells(name, one) for name, one in sorted(commands.items())), _total(commands)]
        ),
        controls=markdown(CONTROLS_HEAD, [_control(name, one) for name, one in sorted(caught.items())]),
    )


def _cells(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    counts = (found["states"], found["acknowledged"], found["bad"])
    return (name, *map(number, counts), verdict(found["states"] > 0 and not found["bad"]))


def _total(commands: dict[str, Any]) -> tuple[str, ...]:
    states, acknowledged, bad = (
        sum(one[what] for one in commands.values()) for what in ("states", "acknowledged", "bad")
    )
    whole = len(commands) == len(WRITING)
    return (
        f"all {len(WRITING)} commands, ≥ {number(STATES_WANTED)}",
        *map(number, (states, acknowledged, bad)),
        verdict(whole and states >= STATES_WANTED and not bad),
    )


def _control(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    return name, number(found["states"]), verdict(bool(found["found"]))
