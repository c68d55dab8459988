"""Which states a power cut could leave: choices among what is not durable, all of them where they are few."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, combinations
from random import Random

from tests.power.disk import Change, Disk, State
from tests.power.history import Run

#: So many changes, and every subset of them is tried; of more, subsets are drawn.
FEW = 7
_NOISE = bytes(Random(512).randbytes(512))
_CHANCES = (0.05, 0.25, 0.5, 0.75, 0.95)
_TRIES_FOR_ONE = 8


@dataclass(frozen=True, slots=True)
class Cut:
    """A state that a power cut could leave.

    Attributes:
        after: How many effects of the run had taken place.
        acknowledged: Whether somebody had been told that the work is done.
        state: What is found.
        where: The effect that was the last, for messages.
    """

    after: int
    acknowledged: bool
    state: State
    where: str


def cuts_of(run: Run, wanted: int, seed: str, *, only_acknowledged: bool = False) -> Iterator[Cut]:
    """Give states that differ from each other, about as many as wanted, spread over the whole run.

    Args:
        run: A recorded run.
        wanted: How many; there are fewer where a run does little.
        seed: Where the choice starts.
        only_acknowledged: Whether only cuts count after somebody had been told that the work is done.
    """
    # Where there is little to choose comes first: what is not used there is for the others.
    points = (point for point in _points(run) if point[1] or not only_acknowledged)
    disks = sorted(points, key=lambda point: len(point[2].changes()))
    seen: set[tuple[bytes, bool]] = set()
    random = Random(seed)
    left = wanted
    for place, (after, acknowledged, disk) in enumerate(disks):
        share = -(-left // (len(disks) - place))
        where = str(run.effects[after - 1]) if after else "the start"
        for state in _states(disk, share, random):
            mark = (_digest(state), acknowledged)
            if mark not in seen and share:
                seen.add(mark)
                left, share = left - 1, share - 1
                yield Cut(after, acknowledged, state, where)


def _points(run: Run) -> Iterator[tuple[int, bool, Disk]]:
    """Give the disk after each effect, and at the end, when the exit code has told that the work is done."""
    disk, acknowledged = run.disk, False
    for number, effect in enumerate(run.effects):
        following = run.effects[number + 1 : number + 2]
        disk.take(effect)
        acknowledged |= effect.kind == "show"
        # Of writes in a row, what is there after the last of them includes what was there after each.
        goes_on = bool(following) and following[0].kind == effect.kind == "write"
        if not (goes_on and following[0].path == effect.path):
            yield number + 1, acknowledged, deepcopy(disk)
    yield len(run.effects), True, disk


def _states(disk: Disk, wanted: int, random: Random) -> Iterator[State]:
    changes = disk.changes()
    if not changes:
        yield disk.state(set())
        return
    few = len(changes) <= FEW
    choices = subsets(changes) if few else drawn(changes, random)
    for number, kept in enumerate(choices):
        if not few and number > _TRIES_FOR_ONE * wanted:
            return
        yield disk.state(kept, random.choice((b"\0", _NOISE)))


def subsets(changes: list[Change]) -> Iterator[set[Change]]:
    """Give every subset."""
    return map(set, chain.from_iterable(combinations(changes, size) for size in range(len(changes) + 1)))


def drawn(changes: list[Change], random: Random) -> Iterator[set[Change]]:
    """Give all, nothing, and then one subset after the other, without end."""
    yield set(changes)
    yield set()
    ways: tuple[Callable[[list[Change], Random], set[Change]], ...] = (
        _pieces, _calls, _up_to, _all_but_one, _kind_by_kind,
    )  # fmt: skip
    while True:
        yield random.choice(ways)(changes, random)


def _pieces(changes: list[Change], random: Random) -> set[Change]:
    """Each piece by itself."""
    chance = random.choice(_CHANCES)
    return {change for change in changes if random.random() < chance}


def _calls(changes: list[Change], random: Random) -> set[Change]:
    """Each call whole or not at all, but for one of them, which is torn."""
    chance = random.choice(_CHANCES)
    sources = sorted({change.source for change in changes})
    whole = {source for source in sources if random.random() < chance}
    torn = random.choice(sources)
    return {
        change
        for change in changes
        if (random.random() < 0.5 if change.source == torn else change.source in whole)
    }


def _up_to(changes: list[Change], random: Random) -> set[Change]:
    """In order, up to a piece of a call."""
    return set(changes[: random.randrange(len(changes) + 1)])


def _all_but_one(changes: list[Change], random: Random) -> set[Change]:
    """One call is lost, or one piece of it."""
    lost = random.choice(changes)
    if random.random() < 0.5:
        return set(changes) - {lost}
    return {change for change in changes if change.source != lost.source}


def _kind_by_kind(changes: list[Change], random: Random) -> set[Change]:
    """What was written, but not the names, or the other way round, or lengths alone."""
    kinds = sorted({change.kind for change in changes})
    kept = {kind for kind in kinds if random.random() < 0.5}
    return {change for change in changes if (change.kind in kept) != (random.random() < 0.05)}


def _digest(state: State) -> bytes:
    mark = blake2b(digest_size=16)
    for name, found in sorted(state.items()):
        content = found.content if found else b""
        about = (found.mode, found.same) if found else "folder"
        mark.update(f"{name} {about} {len(content)}\0".encode())
        mark.update(content)
    return mark.digest()
