"""What long runs of histories came to, for the page of results: each alone, so that a run can be in parts."""

from typing import Any, Final

from tests.linear.crew import History
from tests.outcomes import changed, kept

AREA: Final = "linear"
#: What processes did that work as they should, by seed; and by plant and seed, of those that do not.
HONESTLY, PLANTED = "histories", "plants"


def keep(engine: str, seed: int, history: History) -> None:
    """Write down what a history came to, in place of what it came to before."""
    with changed(AREA) as found:
        found.setdefault(engine, {}).setdefault(HONESTLY, {})[str(seed)] = {
            "operations": history.operations,
            "seconds": round(history.seconds, 2),
            "races": dict(history.races),
            "unexplained": len(history.problems),
        }


def keep_planted(engine: str, plant: str, seed: int, history: History) -> None:
    """Write down whether a plant was noticed."""
    with changed(AREA) as found:
        plants = found.setdefault(engine, {}).setdefault(PLANTED, {})
        plants.setdefault(plant, {})[str(seed)] = bool(history.problems)


def outcomes() -> dict[str, Any]:
    """Return what the last long runs came to, by engine; nothing when there was none."""
    return kept(AREA)
