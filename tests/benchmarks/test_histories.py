"""The section on histories tells what the long run left, and calls it met only when all of it is."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import histories
from tests.linear import outcomes
from tests.linear.crew import History
from tests.linear.races import RACES

_ALL = Counter(dict.fromkeys(RACES, 20))


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep outcomes away from those of a real run."""
    monkeypatch.setattr("tests.outcomes.FOLDER", tmp_path)


def history(*problems: str, operations: int = 3_200, races: Counter[str] = _ALL) -> History:
    return History(operations, races, races, 1.5, list(problems))


def rows(start: str) -> list[list[str]]:
    lines = [line for line in histories.section().splitlines() if line.startswith(f"| {start}")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_enough_histories_that_are_all_explained_are_met() -> None:
    for seed in range(histories.SEEDS_WANTED):
        outcomes.keep("sqlite", seed, history())
    found, races = rows("SQLite")
    assert found == ["SQLite", "200", "640,000", "300", "0", "yes"]
    assert races == ["SQLite", *["4,000"] * len(RACES), "yes"]
    assert [row[-1] for row in rows("PostgreSQL")] == ["NO", "NO"]


@pytest.mark.parametrize(
    ("last", "verdicts"),
    [
        (history("unexplained"), ["NO", "yes"]),
        (history(operations=3_100), ["NO", "yes"]),
        (history(races=_ALL - Counter({RACES[-1]: 20})), ["yes", "NO"]),
        (None, ["NO", "yes"]),
    ],
)
def test_one_that_is_not_or_is_left_out_is_not_met(last: History | None, verdicts: list[str]) -> None:
    for seed in range(histories.SEEDS_WANTED - 1):
        outcomes.keep("postgres", seed, history())
    if last is not None:
        outcomes.keep("postgres", 199, last)
    assert [row[-1] for row in rows("PostgreSQL")] == verdicts


def test_a_plant_must_be_noticed_every_time() -> None:
    outcomes.keep_planted("sqlite", "lock", 0, history("busy"))
    assert rows("take no lock")[0] == ["take no lock", "SQLite", "1", "1", "yes"]
    outcomes.keep_planted("sqlite", "lock", 1, history())
    assert rows("take no lock") == [
        ["take no lock", "SQLite", "2", "1", "NO"],
        ["take no lock", "PostgreSQL", "0", "0", "NO"],
    ]
