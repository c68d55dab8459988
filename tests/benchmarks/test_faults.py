"""The section on power cuts tells what the long run left, and calls it met only when all of it is."""

from pathlib import Path

import pytest

from benchmarks import faults
from tests.faults.table import WRITING
from tests.power import bench


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep outcomes away from those of a real run."""
    monkeypatch.setattr(bench, "OUTCOMES", tmp_path / "power" / "outcomes.json")


def keep_all(states: int, bad: int = 0) -> None:
    for command in WRITING:
        bench.keep(bench.COMMANDS, command.name, found(states))
    bench.keep(bench.COMMANDS, WRITING[0].name, found(states, bad))


def found(states: int, bad: int = 0) -> dict[str, object]:
    return {"states": states, "acknowledged": 3, "bad": bad, "seed": "17"}


def rows(title: str) -> list[list[str]]:
    lines = [line for line in faults.section().splitlines() if line.startswith(f"| {title}")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_enough_states_of_every_command_and_none_bad_are_met() -> None:
    keep_all(1_000)
    ((_, states, acknowledged, bad, met),) = rows("all ")
    assert (states, bad, met) == (f"{1_000 * len(WRITING):,}", "0", "yes")
    assert acknowledged == str(3 * len(WRITING))
    assert "SEED=17 " in faults.section()


def test_a_bad_state_too_few_or_a_command_left_out_are_not_met() -> None:
    keep_all(1_000, bad=1)
    assert [row[-1] for row in rows("all ") + rows(WRITING[0].name)] == ["NO", "NO"]
    keep_all(10)
    assert rows("all ")[0][-1] == "NO"
    bench.OUTCOMES.unlink()
    bench.keep(bench.COMMANDS, "request", found(50_000))
    assert rows("all ")[0][-1] == "NO"
    bench.OUTCOMES.unlink()
    assert rows("all ")[0][-1] == "NO"


def test_controls_are_told_with_how_soon_they_were_caught() -> None:
    bench.keep(bench.CONTROLS, "one", {"states": 4, "found": "lost"})
    bench.keep(bench.CONTROLS, "two", {"states": 300, "found": ""})
    assert rows("one") + rows("two") == [["one", "4", "yes"], ["two", "300", "NO"]]
