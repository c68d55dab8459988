"""Compare what was typed with the code that it turned out to be, and name each difference once.

Invariant: nothing that was typed rightly is named.

Not handled: finding the code (`codec.recovery`).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from codec.arrangement import LOST, Candidate
from codec.damage import Damage, Repair
from codec.grouping import GROUP_CHARACTERS, group_of
from codec.layout import Typed

_MOST_UNLIKE: Final = 2
"""Typing mistakes in something typed twice, with which it is still called so."""


def named(typed: Typed, found: Candidate) -> tuple[Repair, ...]:
    """Name every difference between what was typed and the code that it turned out to be.

    Args:
        typed: What was typed.
        found: The code, and where its characters stood.
    """
    source = _settled(typed.text, found)
    stood, told = found.arrangement.stood, found.arrangement.told
    first, last = _live(source)
    repeated = () if stood else _repeated(typed, source)
    stood = stood or _stood(source, attach=not repeated)
    within = _with_swaps(tuple(_within_groups(typed, found.text, stood, (first, last))))
    code = found.text
    begin = (Repair(1, meant=code[:first], damage=Damage.CUT_BEGINNING),) if first else ()
    end = (Repair(group_of(last), meant=code[last:], damage=Damage.CUT_END),) if last < len(code) else ()
    return (*told, *begin, *repeated, *within, *end)


def _live(source: Sequence[int]) -> tuple[int, int]:
    """Return the part of the code that is neither cut off at its beginning nor at its end."""
    first, last = 0, len(source)
    while first < last and source[first] == LOST:
        first += 1
    while last > first and source[last - 1] == LOST:
        last -= 1
    return first, last


def _settled(text: str, found: Candidate) -> tuple[int, ...]:
    """Return where the characters stood, any gap put where the fewest others are wrong.

    Several places of a lost or doubled character give the same code, some with mistakes that nobody made.
    """
    arrangement, code = found.arrangement, found.text
    source = arrangement.source
    if arrangement.told or arrangement.stood:
        return source
    if len(source) != len(text):
        best = _best_gap(text, code)
        spare = _mistakes(text, source, code) - _mistakes(text, best, code)
        # A cut-off end is the simplest that may have happened: only fewer mistakes speak against it.
        if spare > 0 or (spare == 0 and LOST not in (source[0], source[-1])):
            return best
    return _slid(text, source, code)


def _mistakes(text: str, source: Sequence[int], code: str) -> int:
    return sum(typed != LOST and text[typed] != meant for typed, meant in zip(source, code, strict=True))


def _best_gap(text: str, code: str) -> tuple[int, ...]:
    """Return the arrangement with one gap, or one run too many, that leaves the fewest mistakes."""
    lost = len(code) - len(text)
    short = min(len(code), len(text))
    late, early = (lost, 0) if lost > 0 else (0, -lost)
    wrong = sum(text[early + place] != code[late + place] for place in range(short))
    counts = [wrong]
    for place in range(short):
        wrong += (text[place] != code[place]) - (text[early + place] != code[late + place])
        counts.append(wrong)
    fewest = min(counts)
    places = [place for place, count in enumerate(counts) if count == fewest]
    # Of places that look alike, the one that touches the fewest groups; of equal characters, the last.
    order = 1 if lost > 0 else -1
    place = min(places, key=lambda place: (group_of(place + abs(lost) - 1) - group_of(place), order * place))
    return (*range(place), *(LOST,) * late, *range(place + early, len(text)))


def _slid(text: str, source: tuple[int, ...], code: str) -> tuple[int, ...]:
    """Slide gaps by some places to where they leave fewer mistakes."""
    best = list(source)
    for place in [place for place, typed in enumerate(source) if typed == LOST]:
        for step in (-1, 1):
            at, trial = place, list(best)
            for _ in range(2 * GROUP_CHARACTERS):
                if not 0 <= at + step < len(trial) or trial[at + step] == LOST:
                    break
                trial[at], trial[at + step] = trial[at + step], trial[at]
                at += step
                if _mistakes(text, trial, code) < _mistakes(text, best, code):
                    best = list(trial)
    return tuple(best)


def _repeated(typed: Typed, source: Sequence[int]) -> tuple[Repair, ...]:
    """Name whole groups, or a whole line, that stood twice."""
    used = set(source)
    extra = [place for place in range(len(typed.text)) if place not in used]
    if not extra or extra[-1] - extra[0] + 1 != len(extra):
        return ()
    start, count = extra[0], len(extra)
    if start % GROUP_CHARACTERS or count % GROUP_CHARACTERS:
        return ()
    beside = [start - count, start]
    first = min(beside, key=lambda place: _unlike(typed.text, place, count))
    if _unlike(typed.text, first, count) > _MOST_UNLIKE:
        return ()
    line = typed.whole_line(first, count)
    if line is not None:
        return (Repair(line, damage=Damage.REPEATED_LINE),)
    group = group_of(first)
    last = group + count // GROUP_CHARACTERS - 1
    return (Repair(group, damage=Damage.REPEATED_GROUPS, other=last if last > group else 0),)


def _unlike(text: str, first: int, count: int) -> int:
    """Return how many characters of a run differ from the run after it; all of them where there is none."""
    if first < 0 or first + 2 * count > len(text):
        return count
    return sum(text[place] != text[place + count] for place in range(first, first + count))


def _stood(source: Sequence[int], *, attach: bool) -> tuple[tuple[int, ...], ...]:
    """Return for each group of the code the typed characters that stood for it.

    Args:
        source: For each character of the code the typed one.
        attach: Whether typed characters that are too many count to the group before them.
    """
    stood = [
        [typed for typed in source[start : start + GROUP_CHARACTERS] if typed != LOST]
        for start in range(0, len(source), GROUP_CHARACTERS)
    ]
    if attach:
        used = set(source)
        groups = {typed: group for group, found in enumerate(stood) for typed in found}
        for extra in range(max(used, default=-1) + 1):
            if extra not in used:
                group = groups.get(extra - 1, 0)
                groups[extra] = group
                stood[group] = sorted([*stood[group], extra])
    return tuple(map(tuple, stood))


def _within_groups(
    typed: Typed, code: str, stood: Sequence[Sequence[int]], live: tuple[int, int]
) -> Iterator[Repair]:
    missing: list[tuple[int, str]] = []
    for number, found in enumerate(stood, start=1):
        start = (number - 1) * GROUP_CHARACTERS
        meant = code[max(start, live[0]) : min(start + GROUP_CHARACTERS, live[1])]
        if meant and not found:
            missing.append((number, meant))
            continue
        yield from _missing_groups(missing)
        missing = []
        written = "".join(typed.shown[place] for place in found)
        if written != meant:
            yield Repair(number, written, meant, _damage_of(written, meant), line=typed.line_of(found))
    yield from _missing_groups(missing)


def _damage_of(written: str, meant: str) -> Damage:
    if len(written) == len(meant):
        return Damage.WRONG
    return Damage.MISSING if len(written) < len(meant) else Damage.EXTRA


def _missing_groups(missing: Sequence[tuple[int, str]]) -> Iterator[Repair]:
    if missing:
        last = missing[-1][0] if len(missing) > 1 else 0
        meant = "".join(group for _, group in missing)
        yield Repair(missing[0][0], meant=meant, damage=Damage.MISSING_GROUPS, other=last)


def _with_swaps(places: tuple[Repair, ...]) -> tuple[Repair, ...]:
    """Say of two groups that each stand where the other belongs that they were swapped."""
    crossed = {(each.typed, each.meant): each for each in places if each.damage is Damage.WRONG}
    partners = {
        each.group: other.group
        for each in places
        if each.damage is Damage.WRONG and (other := crossed.get((each.meant, each.typed)))
    }
    kept = []
    for each in places:
        partner = partners.get(each.group, 0)
        if not partner or len(each.meant) < GROUP_CHARACTERS:
            kept.append(each)
        elif each.group < partner:
            kept.append(Repair(each.group, damage=Damage.SWAPPED_GROUPS, other=partner))
    return tuple(kept)
