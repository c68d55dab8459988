"""Whatever eight processes do at once on few devices and licences, it is as if they had done it in turn.

Their answers are checked against a model, in the order in which the database kept what they wrote, and
against the clocks of all of them; see `tests.linear.checker`. Clients that check first and act afterwards are
found out by the same check.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pytest

from tests import server
from tests.linear.checker import Checker, Written
from tests.linear.crew import CLIENTS, Crew, portals_on
from tests.linear.operations import Operation, Record, Said
from tests.linear.plants import HONEST, PLANTS
from tests.linear.races import RACES

OPERATIONS = 25
#: As many as can be done in the time that a long run has.
LONG_SEEDS = int(os.environ.get("LINEAR_SEEDS", "200"))
LONG_OPERATIONS = 400
#: Of those that are planted, each is found in one of so many histories; mostly in the first.
MOST_HISTORIES = 12
#: Without a lock comes last: the lock is taken out of the processes for good.
PLANTED = tuple(name for name in PLANTS if name != HONEST)
OUTCOMES = Path(__file__).parents[2] / "build" / "linear" / "outcomes.json"


@contextmanager
def crew_on(engine: str) -> Iterator[Crew]:
    with portals_on(engine) as portals, Crew(portals) as crew:
        yield crew


@pytest.mark.parametrize("engine", server.ENGINES)
def test_what_processes_do_at_once_they_could_have_done_in_turn(engine: str) -> None:
    """And clients that do not do their work like that are found out."""
    with crew_on(engine) as crew:
        assert crew.history(1, OPERATIONS) == []
        assert crew.operations == CLIENTS * OPERATIONS
        for plant in PLANTED:
            found = (crew.history(seed, OPERATIONS, plant) for seed in range(MOST_HISTORIES))
            assert any(found), f"{plant} was not noticed"


@pytest.mark.soak
@pytest.mark.parametrize("engine", server.ENGINES)
def test_many_long_histories_have_an_order(engine: str) -> None:
    began = perf_counter()
    with crew_on(engine) as crew:
        for seed in range(LONG_SEEDS):
            assert crew.history(seed, LONG_OPERATIONS) == [], f"seed {seed}"
        seconds = perf_counter() - began
        assert not [race for race in RACES if not crew.races[race]]
        keep_outcome(engine, crew, seconds)


def keep_outcome(engine: str, crew: Crew, seconds: float) -> None:
    """Write down what a long run came to, for the benchmarks."""
    OUTCOMES.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(OUTCOMES.read_text(encoding="utf-8")) if OUTCOMES.exists() else {}
    known[engine] = {
        "processes": CLIENTS,
        "seeds": LONG_SEEDS,
        "operations": crew.operations,
        "seconds": round(seconds, 1),
        "races": dict(crew.races),
        "unexplained": 0,
    }
    OUTCOMES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


# --- the checker itself ----------------------------------------------------------------------------

_BOAT = Operation("reserve", "boat", counts={"ROUTE": 6}, actor="client0")
_TRAM = replace(_BOAT, device="tram", actor="client1")
_ISSUED: Said = ["issued", "boat", 0, 1, False, [["ROUTE", 6]], "TEXT"]


def record(what: Operation, began: int, ended: int, said: Said) -> Record:
    return Record(what, f"at {began}", began, ended, said)


def problems(*records: Record, wrote: int) -> list[str]:
    """Check a history of which the first ones wrote, in that order."""
    return Checker(records, [Written(one.operation.actor, one.at) for one in records[:wrote]]).check()


def test_a_refusal_needs_a_moment_at_which_it_is_right() -> None:
    issued = record(_BOAT, 10, 20, _ISSUED)
    refused: Said = ["refused", "insufficient"]
    assert problems(issued, record(_TRAM, 15, 25, refused), wrote=1) == []
    assert problems(issued, record(_TRAM, 25, 30, refused), wrote=1) == []
    (problem,) = problems(issued, record(_TRAM, 1, 5, refused), wrote=1)
    assert "right would have been one of [['issued', 'tram'" in problem


def test_what_was_seen_once_is_not_unseen_later() -> None:
    issued = record(_BOAT, 10, 40, _ISSUED)
    seen = record(Operation("reissue", "boat", actor="client1"), 15, 20, [*_ISSUED[:4], True, *_ISSUED[5:]])
    unseen = record(Operation("reissue", "boat", actor="client2"), 25, 30, ["refused", "unknown-name"])
    assert problems(issued, seen, wrote=1) == []
    assert problems(issued, unseen, wrote=1) == []
    assert len(problems(issued, seen, unseen, wrote=1)) == 1


def test_the_books_do_not_turn_the_clocks_around() -> None:
    first, later = (
        record(_BOAT, 10, 20, _ISSUED),
        record(Operation("add", counts={"ROUTE": 1}, actor="client1"), 30, 40, ["added"]),
    )
    assert problems(first, later, wrote=2) == []
    assert "comes before what had ended" in problems(later, first, wrote=2)[0]


def test_a_licence_that_was_given_twice_is_noticed() -> None:
    second = record(_TRAM, 15, 25, ["issued", "tram", 0, 1, False, [["ROUTE", 6]], "OTHER"])
    found = problems(record(_BOAT, 10, 20, _ISSUED), second, wrote=2)
    assert found[0].endswith("wrote something; ['refused', 'insufficient'] would have been right")


def test_one_authorization_has_one_text() -> None:
    again = record(replace(_BOAT, actor="client1"), 30, 40, [*_ISSUED[:4], True, _ISSUED[5], "OTHER"])
    (problem,) = problems(record(_BOAT, 10, 20, _ISSUED), again, wrote=1)
    assert "has two texts" in problem
