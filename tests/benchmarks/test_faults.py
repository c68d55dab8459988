"""The sections on faults tell what the long run left, and call it met only when all of it is."""

from pathlib import Path

import pytest

from benchmarks import faults
from tests import outcomes
from tests.codec import golden
from tests.faults import outcomes as kinds
from tests.faults.runs import ERRORS
from tests.faults.table import WRITING
from tests.machine import searched
from tests.power import bench


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep outcomes away from those of a real run."""
    monkeypatch.setattr(outcomes, "FOLDER", tmp_path)


def keep_all(states: int, bad: int = 0) -> None:
    for command in WRITING:
        outcomes.keep(bench.AREA, bench.COMMANDS, command.name, found(states))
    outcomes.keep(bench.AREA, bench.COMMANDS, WRITING[0].name, found(states, bad))


def found(states: int, bad: int = 0) -> dict[str, object]:
    return {"states": states, "acknowledged": 3, "bad": bad, "seed": "17"}


def rows(title: str) -> list[list[str]]:
    text = faults.section() + faults.never_section()
    lines = [line for line in text.splitlines() if line.startswith(f"| {title}")]
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
    outcomes.file_of(bench.AREA).unlink()
    outcomes.keep(bench.AREA, bench.COMMANDS, "request", found(50_000))
    assert rows("all ")[0][-1] == "NO"
    outcomes.file_of(bench.AREA).unlink()
    assert rows("all ")[0][-1] == "NO"


def test_controls_are_told_with_how_soon_they_were_caught() -> None:
    outcomes.keep(bench.AREA, bench.CONTROLS, "one", {"states": 4, "found": "lost"})
    outcomes.keep(bench.AREA, bench.CONTROLS, "two", {"states": 300, "found": ""})
    assert rows("one ") + rows("two ") == [["one", "4", "yes"], ["two", "300", "NO"]]


def keep_lives(name: str, portal: int, device: int, bad: str = "") -> None:
    found = {"portal": portal, "device": device, "bad": bad, "seed": "0"}
    outcomes.keep(kinds.AREA, kinds.LIVES, name, found)


def met(title: str) -> list[str]:
    """Return the verdicts of lines that begin like this; the last column says how to try again."""
    return [row[-2] for row in rows(title)]


def test_five_hundred_kills_of_each_half_are_wanted_and_of_a_server_those_of_the_portal() -> None:
    assert met("kill -9 at any moment, ") == ["NO", "NO"]
    keep_lives("SQLite", 900, 499)
    keep_lives("PostgreSQL", 500, 400)
    assert met("kill -9 at any moment, ") == ["NO", "yes"]
    keep_lives("SQLite", 900, 500)
    keep_lives("PostgreSQL", 500, 400, bad="lost")
    assert met("kill -9 at any moment, ") == ["yes", "NO"]


def test_kills_and_errors_are_wanted_of_every_command() -> None:
    for command in WRITING[1:]:
        outcomes.keep(kinds.AREA, kinds.KILLS, command.name, {"points": 10, "bad": []})
        for error in ERRORS:
            outcomes.keep(kinds.AREA, kinds.ERRORS, f"{command.name}, {error.kind}", {"points": 4, "bad": []})
    assert met("a kill at every") + met("ENOSPC") == ["NO", "NO"]
    outcomes.keep(kinds.AREA, kinds.KILLS, WRITING[0].name, {"points": 10, "bad": []})
    for error in ERRORS:
        name = f"{WRITING[0].name}, {error.kind}"
        outcomes.keep(kinds.AREA, kinds.ERRORS, name, {"points": 4, "bad": ["half done"]})
    assert met("a kill at every") + met("ENOSPC") == ["yes", "NO"]
    assert rows("a kill at every")[0][2] == f"{len(WRITING)}, calls: {10 * len(WRITING):,}"


def test_crowds_are_counted_by_how_one_was_stopped() -> None:
    outcomes.keep(kinds.AREA, kinds.CROWDS, kinds.RANDOMLY, {"points": 500, "bad": []})
    for number in range(8):
        outcomes.keep(kinds.AREA, kinds.CROWDS, f"way {number}", {"points": 20, "bad": []})
    assert met("kill -9 at any moment of one") + met("death or standstill") == ["yes", "yes"]


def test_what_never_happened_is_told_with_how_often_it_was_tried() -> None:
    assert met("a code accepted") == ["NO", "NO", "NO"]
    for why in faults.STRANGERS:
        outcomes.keep(golden.AREA, golden.STRANGERS, why, {"tried": 5, "bad": []})
    assert met("a code accepted") == ["yes", "yes", "yes"]
    outcomes.keep(golden.AREA, golden.STRANGERS, "kind", {"tried": 5, "bad": ["one"]})
    assert met("a code accepted") == ["yes", "yes", "NO"]
    outcomes.keep(searched.AREA, searched.LIVES, "restores", {"lives": 7, "bad": "", "seed": "0"})
    assert met("a licence issued twice") == ["yes"]


def test_every_golden_code_is_wanted_in_every_damage() -> None:
    assert len(golden.golden()) == faults.CODES_WANTED
    for name in golden.golden():
        assert set(met("80 golden codes")) <= {"NO"}
        found = {**dict.fromkeys(golden.DAMAGES, 3), "bad": []}
        outcomes.keep(golden.AREA, golden.DAMAGED, name, found)
    assert met("81 golden codes") == ["yes"] * len(golden.DAMAGES)
