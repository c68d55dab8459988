"""Whatever eight processes do at once on few devices and licences, it is as if they had done it in turn.

Their answers are checked against a model, in the order in which the database kept what they wrote, and
against the clocks of all of them; see `tests.linear.checker`. Clients that check first and act afterwards are
found out by the same check, each of them in every history.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests import server
from tests.linear import outcomes
from tests.linear.checker import Checker, Written
from tests.linear.crew import Crew, History, portals_on
from tests.linear.meetings import CLIENTS
from tests.linear.operations import Operation, Record, Said
from tests.linear.plants import HONEST, PLANTS
from tests.linear.races import APPROVALS, LAST_LICENCE, RACES, RETURN_OR_UPDATE, SAME_REQUEST, races

OPERATIONS = 25
#: A long run can be in parts: from the first seed on, as many as can be done in the time that there is.
LONG_FIRST = int(os.environ.get("LINEAR_FIRST", "0"))
LONG_SEEDS = int(os.environ.get("LINEAR_SEEDS", "200"))
LONG_PLANTED = int(os.environ.get("LINEAR_PLANTED", "50"))
LONG_OPERATIONS = 400
#: Without a lock comes last: the lock is taken out of the processes for good.
PLANTED = tuple(name for name in PLANTS if name != HONEST)


@contextmanager
def crew_on(engine: str) -> Iterator[Crew]:
    with portals_on(engine) as portals, Crew(portals) as crew:
        yield crew


@pytest.mark.parametrize("engine", server.ENGINES)
def test_what_processes_do_at_once_they_could_have_done_in_turn(engine: str) -> None:
    """And clients that do not do their work like that are found out, in the first history."""
    with crew_on(engine) as crew:
        history = crew.history(1, OPERATIONS)
        assert history.problems == []
        assert history.missing == []
        assert history.operations == CLIENTS * OPERATIONS
        for plant in PLANTED:
            assert crew.history(1, OPERATIONS, plant).problems, f"{plant} was not noticed"


@pytest.mark.soak
@pytest.mark.parametrize("engine", server.ENGINES)
def test_many_long_histories_have_an_order(engine: str) -> None:
    with crew_on(engine) as crew:
        for seed in range(LONG_FIRST, LONG_FIRST + LONG_SEEDS):
            history = crew.history(seed, LONG_OPERATIONS)
            outcomes.keep(engine, seed, history)
            assert history.problems == [], f"seed {seed}"
            assert history.missing == [], f"seed {seed}"


@pytest.mark.soak
@pytest.mark.parametrize("engine", server.ENGINES)
def test_clients_that_check_first_are_found_out_every_time(engine: str) -> None:
    with crew_on(engine) as crew:
        for plant in PLANTED:
            for seed in range(LONG_PLANTED):
                history = crew.history(seed, OPERATIONS, plant)
                outcomes.keep_planted(engine, plant, seed, history)
                assert history.problems, f"{plant} was not noticed with seed {seed}"


# --- what counts as a race -------------------------------------------------------------------------

_DECIDED: Said = ["decided", "rehost", False, "failed", [], None]
_PAIRS: dict[str, tuple[tuple[Operation, Said], tuple[Operation, Said]]] = {
    LAST_LICENCE: (
        (Operation("reserve", "ferry", counts={"LAST": 1}), ["issued", "ferry", 0, 1, False, []]),
        (Operation("reserve", "raft", counts={"LAST": 1}), ["refused", "insufficient"]),
    ),
    SAME_REQUEST: (
        (Operation("reserve", "ship", counts={"SPARE": 1}), ["issued", "ship", 0, 1, False, []]),
        (Operation("reserve", "ship", counts={"SPARE": 1}), ["issued", "ship", 0, 1, True, []]),
    ),
    RETURN_OR_UPDATE: (
        (Operation("update", "barge", counts={"SPARE": 2}), ["refused", "reservation-closed"]),
        (Operation("return", "barge", sequence=1), ["accepted", "returned", False]),
    ),
    APPROVALS: (
        (Operation("approve", "wreck"), _DECIDED),
        (Operation("approve", "wreck"), [*_DECIDED[:2], True, *_DECIDED[3:]]),
    ),
}


@pytest.mark.parametrize("race", RACES)
def test_a_race_is_one_in_which_each_began_before_the_other_had_ended(race: str) -> None:
    (one, said), (other, answer) = _PAIRS[race]
    first = record(one, 10, 20, said)
    assert races([first, record(other, 15, 25, answer)]) == {race: 1}
    assert races([first, record(other, 21, 25, answer)]) == {}


@pytest.mark.parametrize("race", RACES)
def test_a_meeting_without_its_race_is_missed(race: str) -> None:
    """Others that happened by themselves do not stand for it."""
    run, all_of_it = Counter(dict.fromkeys(RACES, 20)), Counter(dict.fromkeys(RACES, 50))
    operations = CLIENTS * LONG_OPERATIONS
    assert History(operations, all_of_it, run, 1.0, []).missing == []
    assert History(operations, all_of_it, run - Counter({race: 1}), 1.0, []).missing == [race]


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
