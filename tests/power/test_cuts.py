"""The power is cut while the program writes: nothing acknowledged is lost, and nothing is half done.

Again with the same choices: `SEED=0 python -m pytest tests/power -m soak`; the seed is 0 where none is given.
"""

import pytest

from tests.faults.table import WRITING, Writing
from tests.outcomes import SEED, keep
from tests.power.bench import AREA, COMMANDS, Bench, may_run_beside, named

MANY = 400
A_FEW = 24
#: Of a command that writes nothing and shows what may not last yet.
FEWEST = 16
#: Tried in every run; `make soak` tries all commands of the table.
DAILY = (
    "device init", "request", "install", "install update", "return", "return again",
    "make key, random passphrase", "portal init", "add licence", "import order",
    "reserve", "update", "accept confirmation", "accept return",
)  # fmt: skip
DAILY_BESIDE = ("reserve", "accept return")


@pytest.mark.parametrize("name", DAILY)
def test_a_power_cut_loses_nothing(bench: Bench, name: str) -> None:
    outcome = bench.cut(named(name), A_FEW, seed=SEED)
    assert outcome.problems == (), f"seed {SEED}"
    assert outcome.states >= A_FEW // 2
    assert outcome.acknowledged


@pytest.mark.parametrize("name", DAILY_BESIDE)
def test_a_power_cut_loses_nothing_while_others_have_the_books_open(bench: Bench, name: str) -> None:
    outcome = bench.cut(named(name), A_FEW, seed=SEED, beside=True)
    assert outcome.problems == (), f"seed {SEED}"
    assert outcome.states >= A_FEW // 2
    assert outcome.acknowledged


@pytest.mark.soak
@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_many_power_cuts_lose_nothing(bench: Bench, command: Writing) -> None:
    found = [bench.cut(command, MANY, seed=SEED)]
    if may_run_beside(command):
        found.append(bench.cut(command, MANY, seed=SEED, beside=True))
    problems = [problem for outcome in found for problem in outcome.problems]
    states = sum(outcome.states for outcome in found)
    acknowledged = sum(outcome.acknowledged for outcome in found)
    keep(
        AREA,
        COMMANDS,
        command.name,
        {"states": states, "acknowledged": acknowledged, "bad": len(problems), "seed": SEED},
    )
    print(f"{command.name}: {states} states, {acknowledged} of them acknowledged, seed {SEED}")
    assert problems == []
    assert states >= FEWEST
    assert all(outcome.acknowledged for outcome in found)
