"""What searches for hostile input came to is written down as it was, and judged by its limits."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import fuzzing
from tests.fuzz import __main__ as fuzz
from tests.fuzz.costs import Costs
from tests.fuzz.targets import TARGETS

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
    assert [wire[4], *wire[6:]] == ["50", "10", "2.5", "0", "yes"]
    assert pictures[1:4] == ["100,000", "60", "–"]
    assert (parsed[1], parsed[-1], shown[1], shown[-1]) == ("9,000,000", "NO", "100,000", "yes")


@pytest.mark.parametrize(
    ("findings", "costs"), [(("a-crash",), Costs()), ((), Costs(1001, 0)), ((), Costs(0, 201))]
)
def test_what_is_beyond_a_limit_is_not_met(findings: tuple[str, ...], costs: Costs) -> None:
    """Times of pictures are those of the search; others are taken again."""
    assert fuzzing.cells(fuzz.Result("pictures", 1, 1, 0, 0, (), Costs(1000, 200)))[-1] == "yes"
    assert fuzzing.cells(fuzz.Result("pictures", 1, 1, 0, 0, findings, costs))[-1] == "NO"


def test_the_longest_input_is_timed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[bytes] = []
    target = replace(TARGETS["wire"], run=ran.append)
    monkeypatch.setitem(TARGETS, "wire", target)
    assert fuzzing.again(replace(WIRE, costs=Costs(70, 2, b"slow".hex()))).milliseconds < 70
    assert set(ran) == {b"slow"}
