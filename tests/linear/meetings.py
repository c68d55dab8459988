"""Where clients meet, so that every race is run in every history, and not when it happens to be.

At some places of a history all clients stop. One prepares what the next pair will race for; then each of the
four pairs runs one race of `RACES`, and what is left of it is cleaned away. Who is in which pair goes around.
What they race for has devices and entitlements of its own, so that nothing else can decide a race before it
has begun; all of it is in the history like everything else.

Two who race wait for each other once more: an honest client at the door of its transaction, a planted one
between what it checks and what it does (`tests.linear.plants`). So each has begun before the other has ended,
and whoever checks first and acts later acts by what is old, on however many cores.

Who waits longer than `PATIENCE` fails: nobody waits for ever for a process that is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

from tests.linear.operations import LAST, SPARE, Operation, Said
from tests.linear.races import APPROVALS, LAST_LICENCE, RACES, RETURN_OR_UPDATE, SAME_REQUEST

CLIENTS = 2 * len(RACES)
ACTORS = tuple(f"client{number}" for number in range(CLIENTS))
#: Seconds.
PATIENCE = 300
#: Before which operations of a client the meetings are: the first, and from one to the next.
FIRST, EVERY = 10, 20
#: The most operations that one client does in a meeting.
MOST = 4


def meetings_in(operations: int) -> Sequence[int]:
    """Return before which operations there are meetings, the same for every client."""
    return range(FIRST, operations - MOST + 1, EVERY)


def _barrier(parties: int) -> Barrier:
    return get_context("fork").Barrier(parties)


@dataclass(slots=True)
class Meetings:
    """What clients wait at; made before they are forked, and shared by them.

    Attributes:
        everybody: How all of them wait for all.
        pairs: How the two wait for each other that run a race.
    """

    everybody: Barrier
    pairs: dict[str, Barrier]
    _ahead: Barrier | None = field(default=None, init=False)

    @classmethod
    def made(cls) -> "Meetings":
        """Make them."""
        return cls(_barrier(CLIENTS), {race: _barrier(2) for race in RACES})

    def gather(self) -> None:
        """Wait until everybody is here."""
        self.everybody.wait(PATIENCE)

    def appoint(self, race: str) -> None:
        """Wait for the other one, the next time that `arrive` is called."""
        self._ahead = self.pairs[race]

    def arrive(self) -> None:
        """Wait for the other one of a race; do nothing where there is none, or it was here already."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.wait(PATIENCE)


@dataclass(frozen=True, slots=True)
class Part:
    """What one client does in one meeting.

    Attributes:
        number: Of the meeting; devices make a new request for each.
        place: Of the client, from 0 on.
    """

    number: int
    place: int

    @property
    def race(self) -> str:
        """The race that it runs."""
        return RACES[self.place // 2]

    @property
    def is_first(self) -> bool:
        """Whether it is the first of its pair."""
        return not self.place % 2

    def before(self) -> tuple[Operation, ...]:
        """Return how it prepares another pair's race: who proposes may not approve."""
        race = RACES[self.place // 2 - 1]
        if self.is_first and race == RETURN_OR_UPDATE:
            return (Operation("reserve", "barge", self.number, counts={SPARE: 1}),)
        if self.is_first and race == APPROVALS:
            return (
                Operation("reserve", "wreck", self.number, counts={SPARE: 1}),
                Operation("propose rehost", "wreck", self.number),
            )
        return ()

    def racing(self) -> Operation:
        """Return what it does at the same time as the other one."""
        if self.race == LAST_LICENCE:
            return Operation("reserve", "ferry" if self.is_first else "raft", self.number, counts={LAST: 1})
        if self.race == SAME_REQUEST:
            return Operation("reserve", "ship", self.number, counts={SPARE: 1})
        if self.race == APPROVALS:
            return Operation("approve", "wreck", self.number)
        if self.is_first:
            return Operation("return", "barge", self.number, sequence=1)
        return Operation("update", "barge", self.number, counts={SPARE: 2})

    def after(self, said: Said) -> tuple[Operation, ...]:
        """Return how it makes room for the next meeting.

        Args:
            said: What was said to it in the race.
        """
        raced = self.racing()
        has_it = said[0] == "issued" if self.race == LAST_LICENCE else self.is_first
        if self.race == RETURN_OR_UPDATE or not has_it:
            return ()
        return (Operation("return", raced.device, self.number, sequence=int(self.race != APPROVALS)),)
