"""What the last long histories of many processes came to; `make soak` makes them.

Nothing is run here: `tests/linear` left its outcomes in `build/linear/outcomes.json`, and those are written
down beside their limits.
"""

from collections import Counter
from typing import Any, Final

from benchmarks.measured import verdict
from benchmarks.table import markdown, number
from tests.linear.outcomes import HONESTLY, PLANTED, outcomes
from tests.linear.plants import HONEST, PLANTS
from tests.linear.races import RACES

TITLE: Final = "## Histories\n"
SEEDS_WANTED: Final = 200
OPERATIONS_WANTED: Final = 8 * 400
ENGINES: Final = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
HEAD: Final = ("database", f"seeds ≥ {SEEDS_WANTED}", "operations", "seconds", "unexplained", "met")
RACES_HEAD: Final = ("database", *RACES, "met")
PLANTS_HEAD: Final = ("what clients do wrong", "database", "histories", "noticed in", "met")
_WRONG: Final = {
    "stock": "read what is available in another transaction",
    "standing": "read the reservation in another transaction",
    "lock": "take no lock",
}
_SECTION: Final = """\
{title}
Eight processes work at once on few devices and licences of one portal, 400 operations each. Every answer,
refusals too, must be what a small model says, in the order of the database's own commits and of the clients'
clocks (`tests/linear/checker.py`). Unexplained is what that order does not explain. Seconds are those of
machines with other work, the check included.

Again: `python -m pytest tests/linear -m soak`, or a part of it with `LINEAR_FIRST=100 LINEAR_SEEDS=50`; then
`python -m benchmarks.run histories`.

{table}

Pairs of operations that were under way at the same time. Twenty times in each history the processes meet and
run all four on purpose; the others happened.

{races}

The same check of processes that do it wrong, 25 operations each; each must be noticed every time.

{plants}

"""


def section() -> str:
    """Describe the outcomes of the last long runs."""
    kept = outcomes()
    found = {name: kept.get(engine, {}) for engine, name in ENGINES.items()}
    honest = {name: list(one.get(HONESTLY, {}).values()) for name, one in found.items()}
    return _SECTION.format(
        title=TITLE,
        table=markdown(HEAD, [_cells(name, histories) for name, histories in honest.items()]),
        races=markdown(RACES_HEAD, [_races(name, histories) for name, histories in honest.items()]),
        plants=markdown(
            PLANTS_HEAD,
            [
                _plant(plant, name, one.get(PLANTED, {}).get(plant, {}))
                for plant in PLANTS
                if plant != HONEST
                for name, one in found.items()
            ],
        ),
    )


def _cells(name: str, histories: list[dict[str, Any]]) -> tuple[str, ...]:
    operations, seconds, unexplained = (
        sum(one[what] for one in histories) for what in ("operations", "seconds", "unexplained")
    )
    is_whole = len(histories) >= SEEDS_WANTED and operations >= SEEDS_WANTED * OPERATIONS_WANTED
    figures = (len(histories), operations, seconds, unexplained)
    return (name, *map(number, figures), verdict(is_whole and not unexplained))


def _races(name: str, histories: list[dict[str, Any]]) -> tuple[str, ...]:
    counts: Counter[str] = sum((Counter(one["races"]) for one in histories), Counter())
    in_each = bool(histories) and all(one["races"].get(race) for one in histories for race in RACES)
    return (name, *(number(counts[race]) for race in RACES), verdict(in_each))


def _plant(plant: str, name: str, noticed: dict[str, bool]) -> tuple[str, ...]:
    tried, caught = len(noticed), sum(noticed.values())
    return _WRONG[plant], name, number(tried), number(caught), verdict(tried > 0 and caught == tried)
