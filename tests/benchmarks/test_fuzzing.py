"""What searches for hostile input came to is written down as it was, and judged by its limits."""

from pathlib import Path

import pytest

from benchmarks import fuzzing
from tests.fuzz import __main__ as fuzz
from tests.fuzz.costs import Costs

WIRE = fuzz.Result("wire", 9_000_000, 1234.5, 90, 100, (), Costs(1.5, 2.5))


def test_the_outcomes_of_the_last_searches_are_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "OUTCOMES", tmp_path)
    for result in (WIRE, fuzz.Result("pictures", 100_000, 60, 0, 0, (), Costs(900, 190))):
        result.keep()
    lines = fuzzing.section().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    head, _, wire, pictures, parsed, shown = cells
    assert tuple(head) == fuzzing.HEAD
    assert wire[:4] == ["wire", "9,000,000", "1,234", "90 % of 100"]
    assert wire[4:] == ["50", "1.5", "10", "2.5", "0", "yes"]
    assert pictures[1:4] == ["100,000", "60", "–"]
    assert (parsed[1], parsed[-1], shown[1], shown[-1]) == ("9,000,000", "NO", "100,000", "yes")


@pytest.mark.parametrize(
    ("findings", "costs"), [(("wire-crash",), Costs()), ((), Costs(51, 0)), ((), Costs(0, 11))]
)
def test_what_is_beyond_a_limit_is_not_met(findings: tuple[str, ...], costs: Costs) -> None:
    assert fuzzing.cells(WIRE)[-1] == "yes"
    assert fuzzing.cells(fuzz.Result("wire", 1, 1, 1, 1, findings, costs))[-1] == "NO"
