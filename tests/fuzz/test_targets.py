"""Every parser takes every input that a search found worth keeping, and what lies near valid ones."""

import random

import pytest

from tests.fuzz.__main__ import digest, starting_points
from tests.fuzz.coverage import lines_of, reached
from tests.fuzz.targets import CORPUS, PLANTED, TARGETS

MUTATIONS = 2000
"""For a target whose share is 1."""


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_escapes_for_what_was_kept(name: str) -> None:
    for data in starting_points(name):
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_escapes_near_what_was_kept(name: str) -> None:
    rng = random.Random(name)
    points = list(starting_points(name))
    for _ in range(round(MUTATIONS * TARGETS[name].share) or 1):
        TARGETS[name].run(mutated(rng.choice(points), rng.choice(points), rng)[: TARGETS[name].longest])


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_holds_what_its_names_say(name: str) -> None:
    """A file that was edited, or checked out with other line ends, is no longer what was found."""
    for path in (CORPUS / name).glob("*"):
        assert path.name == f"{digest(path.read_bytes())}.bin"


def test_the_mutations_reach_a_planted_fault() -> None:
    rng = random.Random("planted")
    with pytest.raises(ValueError, match="planted"):
        run_mutated(10_000, rng)


def test_lines_that_run_are_seen() -> None:
    lines = lines_of(("tests.fuzz.test_targets",))
    assert reached(one_of_two, lines) != reached(other_of_two, lines)
    assert reached(one_of_two, lines) < lines


def one_of_two() -> None:
    random.random()


def other_of_two() -> None:
    random.random()


def run_mutated(times: int, rng: random.Random) -> None:
    for _ in range(times):
        PLANTED.run(mutated(b"Q0000", b"Q0000", rng))


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, cut a piece out, double one, or go on as another input."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place = rng.randrange(len(changed) + 1)
        end = min(len(changed), place + rng.choice((1, 1, 2, 4, 16)))
        match rng.randrange(5):
            case 0:
                changed[place:end] = rng.randbytes(end - place)
            case 1:
                del changed[place:end]
            case 2:
                changed[place:place] = changed[place:end]
            case 3 if place < len(changed):
                changed[place] ^= 1 << rng.randrange(8)
            case _:
                changed[place:] = other[rng.randrange(len(other) + 1) :]
    return bytes(changed)
