"""Every parser takes every input that a search found worth keeping, and what lies near valid ones."""

import random
from collections.abc import Iterable, Iterator

import pytest

from tests.fuzz.__main__ import digest, starting_points
from tests.fuzz.coverage import lines_of, reached
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import CORPUS, PLANTED, TARGETS

MUTATIONS = 2000
"""For a target whose share is 1."""


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_escapes_for_what_was_kept(name: str) -> None:
    for data in starting_points(name):
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_escapes_near_what_was_kept(name: str) -> None:
    for data in near(name):
        TARGETS[name].run(data)


def near(name: str) -> Iterator[bytes]:
    """Yield what lies near the starting points of a target: less of it, where each takes long."""
    rng = random.Random(name)
    points = list(starting_points(name))
    for _ in range(round(MUTATIONS * TARGETS[name].share) or 1):
        yield mutated(rng.choice(points), rng.choice(points), rng)[: TARGETS[name].longest]


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_holds_what_its_names_say(name: str) -> None:
    """A file that was edited, or checked out with other line ends, is no longer what was found."""
    for path in (CORPUS / name).glob("*"):
        assert path.name == f"{digest(path.read_bytes())}.bin"


FAULTS = {
    "text": ("codec.recovery.named", lambda typed, candidate: 1 // 0),
    "wire": ("codec.wire.kind_byte", lambda kind: 0),
    "cose": ("tests.fuzz.targets.from_cose", lambda data: 1 // 0),
    "short": ("codec.short._near", lambda text: iter((text,))),
    "bundle": ("codec.bundle._size_at", lambda data, place: (data[place], place + 1)),
    "frames": ("codec.frames.pieces_at", lambda known, wanted, needed: dict.fromkeys(wanted, bytes(60))),
    "carriers": ("codec.carriers.is_clean", lambda text: len(text) > 1 // (len(text) % 7)),
    "search": ("codec.swaps.moved", lambda sums, size, budget: 1 // 0),
    "image": ("codec.scan.read_symbols", lambda data: 1 // 0),
}
"""A fault in what each target reaches: where, and what is put there."""


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_finds_a_fault_that_is_planted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Valid inputs are made, and kept, while all is well.
    inputs = (*starting_points(name), *near(name))
    monkeypatch.setattr(*FAULTS[name])
    with pytest.raises((AssertionError, ArithmeticError, LookupError)):
        run_all(name, inputs)


def run_all(name: str, inputs: Iterable[bytes]) -> None:
    for data in inputs:
        TARGETS[name].run(data)


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
