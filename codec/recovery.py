"""Recovery of a code that cannot be read as it stands: what may have happened to it, the likeliest first.

Each decoder proposes code words; one that the verification accepts is the code. Where nobody can verify, a
proposal counts only if it would come about by chance less than once in a million texts.

Invariants:
    * Nothing is accepted but what verifies, or, without a key, what the parity proves.
    * The work is bounded in steps, whatever comes in: some 50 milliseconds, a second when a person asked.

Whose refusal stands, when nothing is accepted (record 12): that of the proposal which the parity proves best;
where it proves none, the text is damaged, and nobody is told that a code is not genuine.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from codec import shifts, swaps
from codec.alphabet import LONGEST_INPUT, PARITY_CHARACTERS
from codec.arrangement import Arrangement, Budget, Candidate, as_typed, completed, with_gap
from codec.codes import Code, Kind
from codec.damage import Repair
from codec.envelope import KIND_NAMES, UnverifiedCode, decode_body
from codec.envelope import named as kind_named
from codec.errors import CodecError, MalformedCodeError
from codec.five import five_wrong
from codec.grouping import GROUP_CHARACTERS, GROUPS_PER_LINE
from codec.layout import Line, Typed, lines_of, shown_arrangements
from codec.missing import unreadable
from codec.pasted import LEFT_OUT, has_more_than, readings, stretches, whole_codes
from codec.repairs import named
from codec.sums import Sums

V = TypeVar("V")

AUTOMATIC: Final = 10_000
"""Steps of a search that nobody asked for."""
ON_REQUEST: Final = 250_000
"""Steps of a search that a person waits for."""
_PROVED: Final = 20.0
"""Bits of surprise from which the parity alone is believed: one text in a million would do it by chance."""
VERIFICATION: Final = 25
"""Steps that a verification costs."""
_LINE: Final = GROUP_CHARACTERS * GROUPS_PER_LINE
_MOST_LOST: Final = PARITY_CHARACTERS
_MOST_TRIED: Final = 20
"""Stretches of a text that are taken for a code as they stand."""
_MOST_WHOLE: Final = 5
"""Stretches of a text in which a whole code is looked for."""
_MOST_SEARCHED: Final = 2
"""Stretches of a text in which is looked for what takes long."""

Judge = Callable[[UnverifiedCode[Code]], V]


@dataclass(frozen=True, slots=True)
class Recovered(Generic[V]):
    """What was found.

    Attributes:
        code: What the judge made of it.
        repairs: What was wrong.
        taken: How many characters of the text were taken for the code.
        notes: Sentences about what else stood in the text.
    """

    code: V
    repairs: tuple[Repair, ...]
    taken: int
    notes: tuple[str, ...] = ()


def recover(
    raw: str,
    text: str,
    judge: Judge[V],
    *,
    needs_proof: bool = False,
    search: bool = False,
    refused: CodecError | None = None,
    sound: bool = False,
) -> Recovered[V]:
    """Find the code in a text that is none as it stands.

    Args:
        raw: The text.
        text: The same cleaned up; empty where that cannot be.
        judge: Returns what it makes of a code, or raises why it refuses it.
        needs_proof: Whether the judge accepts everything, so that only what the parity proves may come to it.
        search: Whether a person waits for a longer search.
        refused: Why the text as it stands is no code, unless it may be mistyped.
        sound: Whether its parity is right: then it is no code, or several, and nothing in it is mistyped.

    Raises:
        MalformedCodeError: When no code is found, or several.
        CodecError: The judge's own refusal of a code that the parity proves.
    """
    looking = Search(judge, needs_proof=needs_proof, thorough=search)
    if text and not sound:
        recovered = looking.nearest(_typed(raw, text))
        if recovered:
            return recovered
        if looking.is_settled and looking.refusal:
            raise looking.refusal
    if refused and (len(raw) > LONGEST_INPUT or not raw.strip()):
        raise refused
    found = tuple(stretches_of(raw))
    recovered = looking.find_whole(found) if sound else looking.find(found)
    if recovered:
        is_told = recovered.notes or not has_more_than(raw, recovered.taken)
        return recovered if is_told else replace(recovered, notes=(LEFT_OUT,))
    if sound and refused:
        raise looking.refusal or refused
    raise looking.refusal or _unreadable(raw, found, refused, searched=search, has_key=not needs_proof)


def holds_code(raw: str) -> bool:
    """Tell whether a text holds a code whose parity is right, as it stands or among other text."""
    return any(_kind_of(text) for typed in stretches_of(raw) for text in whole_codes(typed))


def _unreadable(
    raw: str, found: Sequence[Typed], refused: CodecError | None, *, searched: bool, has_key: bool
) -> CodecError:
    """Return the error for a text that holds no code: about what looks like one among other text."""
    if len(found) > 1:
        return unreadable(found[1], searched=searched, has_key=has_key)
    if refused:
        return refused
    return unreadable(Typed(lines_of(raw)), searched=searched, has_key=has_key)


def differences(raw: str, text: str, meant: str) -> tuple[Repair, ...]:
    """Name what differs between a code as it was cleaned up and as it should be, of the same length."""
    return named(_typed(raw, text), Candidate(meant, as_typed(len(text)), 0, 0))


def _typed(raw: str, text: str) -> Typed:
    """Return what was typed with its lines, or as one run should they say something else."""
    typed = Typed(lines_of(raw))
    if typed.text != text:
        typed = Typed((Line(1, is_numbered=False, words=(text,), raw_words=(text,)),))
    return typed


class Search(Generic[V]):
    """One search for a code: what was tried, and what came of it.

    Attributes:
        refusal: The refusal that stands if nothing is found; None where the text is just damaged.
        budget: Of steps.
    """

    __slots__ = ("_judge", "_needs_proof", "_refused", "_thorough", "_tried", "budget")

    def __init__(self, judge: Judge[V], *, needs_proof: bool, thorough: bool) -> None:
        self._judge = judge
        self._needs_proof = needs_proof
        self._thorough = thorough
        self._tried: set[str] = set()
        self._refused: tuple[float, CodecError] | None = None
        self.budget = Budget(ON_REQUEST if thorough else AUTOMATIC)

    @property
    def refusal(self) -> CodecError | None:
        """The refusal of the proposal that the parity proves best, if it proves one."""
        return self._refused[1] if self._refused else None

    def nearest(self, typed: Typed) -> Recovered[V] | None:
        """Take the code word that is nearest to the text as it was typed."""
        return self._first(typed, _as_typed(typed, self.budget))

    def find_whole(self, found: Sequence[Typed]) -> Recovered[V] | None:
        """Look for a code whose parity is right among other text: a step for every three characters.

        Args:
            found: What in the text may be a code.

        Raises:
            MalformedCodeError: When there are several, and nothing says which one is meant.
        """
        return next(filter(None, map(self._whole, found[:_MOST_WHOLE])), None)

    def find(self, found: Sequence[Typed]) -> Recovered[V] | None:
        """Look for a code in what may be one.

        Args:
            found: What in the text may be a code, the likeliest first.

        Raises:
            MalformedCodeError: When there are several, and nothing says which one is meant.
        """
        recovered = self.find_whole(found)
        if recovered or self.is_settled:
            return recovered
        # What is quickly seen is looked for everywhere before anything that takes long is tried.
        for propose, stretches_tried in _QUICK:
            for typed in found[:stretches_tried]:
                recovered = self._first(typed, propose(typed, self.budget))
                if recovered or self.is_settled:
                    return recovered
        searched = [(typed, Sums(typed.text)) for typed in found[:_MOST_SEARCHED]]
        for decoder in _DECODERS if self._thorough else _DECODERS[:_AUTOMATIC_DECODERS]:
            for typed, sums in searched:
                recovered = self._first(typed, _completed_by(decoder, typed, sums, self.budget))
                if recovered or self.is_settled:
                    return recovered
        return None

    def _first(self, typed: Typed, candidates: Iterator[Candidate]) -> Recovered[V] | None:
        """Return the first candidate that the judge accepts."""
        for candidate in candidates:
            code = self._judged(candidate.text, candidate.surprise)
            if code is not None:
                return Recovered(code, named(typed, candidate), len(typed.shown))
            if self.is_settled:
                break
        return None

    @property
    def is_settled(self) -> bool:
        """Whether the parity proves a code that was refused: looking further would only hide why."""
        return bool(self._refused and self._refused[0] > _PROVED)

    # --- sound codes in other text ---------------------------------------------------------

    def _whole(self, typed: Typed) -> Recovered[V] | None:
        """Take a code whose parity is right out of what surrounds it."""
        if not self.budget.allows(len(typed.text) // 3):
            return None
        found = [text for text in dict.fromkeys(whole_codes(typed)) if _kind_of(text)]
        accepted = [(text, code) for text in found if (code := self._judged(text, 2 * _PROVED)) is not None]
        if len(accepted) == 1:
            notes = _notes(accepted[0][0], found)
            return Recovered(accepted[0][1], (), len(accepted[0][0]), notes)
        if len(found) > 1:
            raise _several(found)
        return None

    def _judged(self, text: str, bits: float) -> V | None:
        """Return what the judge makes of a proposal; None where it refuses, or is not asked."""
        if text in self._tried or (self._needs_proof and bits < _PROVED):
            return None
        if not self.budget.allows(VERIFICATION):
            return None
        self._tried.add(text)
        try:
            return self._judge(decode_body(text[:-PARITY_CHARACTERS]))
        except MalformedCodeError:
            return None
        except CodecError as refused:
            # Nothing is judged after what is proved better than this: then the search is settled.
            if bits >= _PROVED:
                self._refused = (bits, refused)
            return None


# --- what is tried, in its order -----------------------------------------------------------------------


def stretches_of(raw: str) -> Iterator[Typed]:
    """Yield each stretch that may be a code once, over all that the text may have been."""
    seen: set[str] = set()
    for text in readings(raw):
        for typed in stretches(text):
            if typed.shown not in seen:
                seen.add(typed.shown)
                yield typed


def _as_typed(typed: Typed, budget: Budget) -> Iterator[Candidate]:
    """Yield what is near to the code as it was typed."""
    text, doubtful = typed.text, typed.doubtful
    for found in completed(text, [as_typed(len(text))], budget, doubtful):
        # Four wrong symbols are believed at any length: the spec says so.
        yield replace(found, surprise=max(found.surprise, _PROVED)) if found.surprise > 0 else found


def _with_cut_ends(typed: Typed, budget: Budget) -> Iterator[Candidate]:
    return completed(typed.text, _cut_ends(len(typed.text)), budget, typed.doubtful)


def _seen_from_groups(typed: Typed, budget: Budget) -> Iterator[Candidate]:
    found = completed(typed.text, shown_arrangements(typed), budget, typed.doubtful)
    # A missing group put into the wrong place of its line gives the same code, with mistakes nobody made.
    return iter(sorted(found, key=lambda candidate: candidate.wrong))


def _cut_ends(count: int) -> Iterator[Arrangement]:
    """Yield the lengths that a code may have had before its end, or its beginning, was cut off."""
    for place in (count, 0):
        for lost in range(1 + (count + 1) % 2, _MOST_LOST + 1, 2):
            yield with_gap(count, place, lost, _MOST_LOST)


_QUICK: Final = (
    (_as_typed, _MOST_TRIED),
    (_with_cut_ends, _MOST_SEARCHED),
    (_seen_from_groups, _MOST_SEARCHED),
)

Decoder = Callable[[Sums, Budget], Iterator[Arrangement]]


def _completed_by(decoder: Decoder | None, typed: Typed, sums: Sums, budget: Budget) -> Iterator[Candidate]:
    if decoder:
        yield from completed(typed.text, decoder(sums, budget), budget, typed.doubtful)
    elif len(typed.text) % 2 == 0:
        plain = as_typed(len(typed.text))
        for word in five_wrong(typed.text, budget):
            yield Candidate(word, plain, 5, surprise=0)


def _lost(count: int, step: int = 1) -> Decoder:
    return lambda sums, budget: shifts.lost_run(sums, count, step, budget)


def _extra(count: int, step: int = 1) -> Decoder:
    return lambda sums, budget: shifts.extra_run(sums, count, step, budget)


def _swapped(size: int) -> Decoder:
    return lambda sums, budget: swaps.swapped(sums, size, budget)


def _moved(size: int) -> Decoder:
    return lambda sums, budget: swaps.moved(sums, size, budget)


_FIVE_WRONG: Final = None
_DECODERS: Final[tuple[Decoder | None, ...]] = (
    # A character: an odd number is left.
    _lost(1),
    _extra(1),
    # A group, or some.
    _lost(GROUP_CHARACTERS, GROUP_CHARACTERS),
    _extra(GROUP_CHARACTERS, GROUP_CHARACTERS),
    _extra(_LINE, GROUP_CHARACTERS),
    _lost(2 * GROUP_CHARACTERS, GROUP_CHARACTERS),
    _swapped(_LINE),
    _moved(_LINE),
    _FIVE_WRONG,
    # Less usual: neighbours, in any place.
    _lost(2),
    _extra(2),
    _lost(3),
    _extra(3),
    _lost(GROUP_CHARACTERS),
    _extra(GROUP_CHARACTERS),
    _extra(2 * GROUP_CHARACTERS, GROUP_CHARACTERS),
    _lost(3 * GROUP_CHARACTERS, GROUP_CHARACTERS),
    _swapped(GROUP_CHARACTERS),
    shifts.lost_twice,
    # On request.
    _moved(GROUP_CHARACTERS),
    _lost(4 * GROUP_CHARACTERS, GROUP_CHARACTERS),
)
_AUTOMATIC_DECODERS: Final = 19


# --- several codes in one text -------------------------------------------------------------------------


def _kind_of(text: str) -> Kind | None:
    """Return the kind of a code that reads well; None for what is none."""
    try:
        return decode_body(text[:-PARITY_CHARACTERS]).kind
    except CodecError:
        return None


def _notes(taken: str, found: list[str]) -> tuple[str, ...]:
    codes = _distinct([taken, *found])
    if len(codes) == 1:
        return ()
    kind = _known_kind(taken)
    is_one = sum(_known_kind(text) is kind for text in codes) == 1
    which = KIND_NAMES[kind] if is_one else "only one that is genuine here"
    return (f"The text holds {_kinds(_distinct(found))}; the {which} was taken.",)


def _several(found: list[str]) -> MalformedCodeError:
    return MalformedCodeError(
        f"This text holds {_kinds(_distinct(found))}, and it is not clear which one is meant.",
        hint="Give one of them alone.",
    )


def _distinct(found: list[str]) -> list[str]:
    """Leave out what is another one with zeros after it: they change no sum."""
    return list({text.rstrip("0"): text for text in found}.values())


def _kinds(found: list[str]) -> str:
    """Count codes by their kinds: "3 codes, a request code and 2 authorization codes"."""
    kinds = Counter(map(_known_kind, found))
    names = [
        f"{count} {KIND_NAMES[kind]}s" if count > 1 else kind_named(kind) for kind, count in kinds.items()
    ]
    return f"{len(found)} codes, {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _known_kind(text: str) -> Kind:
    return Kind(text[0])
