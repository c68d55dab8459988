"""How the characters of a code may have been put, and the code word near to that.

An `Arrangement` says for each character of a code which typed one stands there, or that it was lost. A
`Candidate` is an arrangement whose wrong characters the parity has put right: a proposal, no more. A `Budget`
bounds the work of looking for them in steps, since this package has no clock.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from codec.damage import Repair
from codec.errors import MalformedCodeError
from codec.parity import correct
from codec.sums import surprise

LOST: Final = -1
"""In place of a typed character: there is none."""
_ZERO: Final = "00"
CORRECTION: Final = 40
"""Steps that putting wrong characters right costs; one test by sums is one step."""


class Budget:
    """Steps that may still be made; one is about five microseconds.

    Attributes:
        left: Steps left.
        spent: Steps made.
    """

    __slots__ = ("left", "spent")

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.spent = 0

    def allows(self, steps: int) -> bool:
        """Take so many steps, or say that there are not as many left."""
        if steps > self.left:
            return False
        self.left -= steps
        self.spent += steps
        return True


@dataclass(frozen=True, slots=True)
class Arrangement:
    """An order of typed characters that may be that of the code.

    Attributes:
        source: For each character of the code the index of the typed one, or `LOST`.
        places: How many such arrangements are tried, for judging what a find is worth.
        told: What the arrangement itself says was wrong.
        stood: For each group of the code the typed characters that stood for it, where the groups of the
            typed text show that.
    """

    source: tuple[int, ...]
    places: int = 1
    told: tuple[Repair, ...] = ()
    stood: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code word, and where its characters come from.

    Attributes:
        text: The code word.
        arrangement: In which it was found.
        wrong: Symbols that were put right beside the lost ones.
        surprise: Bits of proof by parity alone: how unlikely it is by chance that there is such a word.
    """

    text: str
    arrangement: Arrangement
    wrong: int
    surprise: float


def as_typed(count: int) -> Arrangement:
    """Return the arrangement in which nothing was moved."""
    return Arrangement(tuple(range(count)))


def with_gap(count: int, place: int, lost: int, places: int) -> Arrangement:
    """Return the arrangement in which ``lost`` characters are missing before a place."""
    return Arrangement((*range(place), *(LOST,) * lost, *range(place, count)), places)


def without(count: int, place: int, extra: int, places: int) -> Arrangement:
    """Return the arrangement without ``extra`` characters from a place on."""
    return Arrangement((*range(place), *range(place + extra, count)), places)


def completed(
    text: str, arrangements: Iterable[Arrangement], budget: Budget, doubtful: frozenset[int] = frozenset()
) -> Iterator[Candidate]:
    """Yield the code words near to arrangements of what was typed, as long as the budget lasts.

    Args:
        text: What was typed, in characters of the alphabet.
        arrangements: In the order in which they are tried.
        budget: Of steps; each arrangement takes `CORRECTION`, and one more for eight typed characters.
        doubtful: Indices of typed characters that are known to be wrong.
    """
    steps = CORRECTION + len(text) // 8
    for arrangement in arrangements:
        if not budget.allows(steps):
            return
        found = _completed(text, arrangement, doubtful)
        if found:
            yield found


def _completed(text: str, arrangement: Arrangement, doubtful: frozenset[int]) -> Candidate | None:
    source = arrangement.source
    missing = {place for place, typed in enumerate(source) if typed == LOST or typed in doubtful}
    lost = {place // 2 for place in missing}
    put = "".join(text[typed] if typed != LOST else "0" for typed in source)
    try:
        correction = correct(put, doubtful=missing)
    except MalformedCodeError:
        return None
    wrong = {place // 2 for place in correction.positions} - lost
    bits = surprise(arrangement.places, len(source), len(lost), len(wrong))
    if _is_shifted(correction.code, put, missing):
        bits = min(bits, 0)
    return Candidate(correction.code, arrangement, len(wrong), bits)


def _is_shifted(code: str, put: str, missing: AbstractSet[int]) -> bool:
    """Tell whether a code word may be another one with zeros that nobody typed before or after it.

    A code word stays one when zeros are put to either end. So a symbol too many at an end is "corrected" to
    zeros, with all the proof that the parity of the shorter word gives, and it says nothing for the longer.
    """
    ends = (0, len(code) - 2)
    return any(
        code[end : end + 2] == _ZERO and (put[end : end + 2] != _ZERO or missing & {end, end + 1})
        for end in ends
    )
