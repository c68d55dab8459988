"""What hands and mail do to a code: mistakes of typing, and the marks that programs leave on a paste.

A mistake of typing is drawn anew for each code and says which groups it touches, so that a repair that names
another one is seen. A mark of a paste is always the same, and must leave every code readable as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from codec.alphabet import ALPHABET
from codec.grouping import GROUP_CHARACTERS, GROUPS_PER_LINE, group_of, grouped, groups_of

LINE: Final = GROUP_CHARACTERS * GROUPS_PER_LINE


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for a code.

    Attributes:
        raw: The text.
        groups: Numbers of the groups of the code that it is wrong in.
        mistakes: How many things happened to it.
    """

    raw: str
    groups: frozenset[int]
    mistakes: int


Mistake = Callable[[str, Random], Typed]


def wrong(text: str, places: Sequence[int], rng: Random) -> str:
    """Return a text with other characters in these places."""
    characters = list(text)
    for place in places:
        characters[place] = rng.choice(ALPHABET.replace(characters[place], ""))
    return "".join(characters)


def _around(code: str, place: int) -> set[int]:
    """Return the groups of the equal characters around one: which of them was lost cannot be told."""
    first = last = place
    while first and code[first - 1] == code[place]:
        first -= 1
    while last + 1 < len(code) and code[last + 1] == code[place]:
        last += 1
    return {group_of(each) for each in range(first, last + 1)}


def _lost_groups(code: str, place: int, count: int) -> set[int]:
    """Return the groups of what was left out, and of whatever else leaves the same when it is left out."""
    groups: set[int] = set()
    for step in (-1, 1):
        start = place
        while (
            start >= 0
            and start + count <= len(code)
            and code[:start] + code[start + count :] == (code[:place] + code[place + count :])
        ):
            groups |= set(range(group_of(start), group_of(start + count - 1) + 1))
            start += step
    return groups


def wrong_characters(count: int) -> Mistake:
    """Type other characters in some places."""

    def mistake(code: str, rng: Random) -> Typed:
        places = rng.sample(range(len(code)), count)
        return Typed(wrong(code, places, rng), frozenset(map(group_of, places)), count)

    return mistake


def wrong_symbols(count: int) -> Mistake:
    """Type other characters in so many different pairs of characters, one or both of them."""

    def mistake(code: str, rng: Random) -> Typed:
        pairs = rng.sample(range(len(code) // 2), count)
        places = [2 * pair + half for pair in pairs for half in rng.choice(((0,), (1,), (0, 1)))]
        return Typed(wrong(code, places, rng), frozenset(map(group_of, places)), 2 * count)

    return mistake


def _with_wrong(typed: str, moved: Callable[[int], int], count: int, rng: Random) -> tuple[str, set[int]]:
    places = rng.sample(range(len(typed)), count)
    return wrong(typed, places, rng), {group_of(moved(place)) for place in places}


def lost(characters: int, step: int, wrong_too: int) -> Mistake:
    """Leave out neighbouring characters, and mistype some others."""

    def mistake(code: str, rng: Random) -> Typed:
        place = rng.randrange(0, len(code) - characters, step)
        typed = code[:place] + code[place + characters :]
        raw, groups = _with_wrong(typed, lambda at: at if at < place else at + characters, wrong_too, rng)
        return Typed(raw, frozenset(groups | _lost_groups(code, place, characters)), wrong_too + 1)

    return mistake


def doubled(characters: int, step: int, wrong_too: int) -> Mistake:
    """Type some characters twice, and mistype some others."""

    def mistake(code: str, rng: Random) -> Typed:
        place = rng.randrange(0, len(code) - characters, step)
        typed = code[: place + characters] + code[place:]
        raw, groups = _with_wrong(
            typed, lambda at: at if at < place + characters else at - characters, wrong_too, rng
        )
        for each in range(place, place + characters):
            groups |= _around(code, each)
        return Typed(raw, frozenset(groups), wrong_too + 1)

    return mistake


def lost_twice(wrong_too: int) -> Mistake:
    """Leave out a character in two places that are some groups apart."""

    def mistake(code: str, rng: Random) -> Typed:
        one = rng.randrange(len(code) - 2 * LINE)
        other = rng.randrange(one + LINE, len(code))
        typed = code[:one] + code[one + 1 : other] + code[other + 1 :]
        raw, groups = _with_wrong(typed, lambda at: at + (at >= one) + (at >= other - 1), wrong_too, rng)
        return Typed(raw, frozenset(groups | _around(code, one) | _around(code, other)), wrong_too + 2)

    return mistake


def swapped(size: int, wrong_too: int = 0) -> Mistake:
    """Exchange two groups, or two lines."""

    def mistake(code: str, rng: Random) -> Typed:
        one, other = sorted(rng.sample(range(len(code) // size), 2))
        pieces = [code[start : start + size] for start in range(0, len(code), size)]
        pieces[one], pieces[other] = pieces[other], pieces[one]
        order = list(range(len(code)))
        order[one * size : one * size + size], order[other * size : other * size + size] = (
            order[other * size : other * size + size],
            order[one * size : one * size + size],
        )
        raw, groups = _with_wrong("".join(pieces), lambda at: order[at], wrong_too, rng)
        named = {one + 1, other + 1} if size == GROUP_CHARACTERS else set()
        return Typed(raw, frozenset(groups | named), wrong_too + 1)

    return mistake


def transposed(wrong_too: int) -> Mistake:
    """Exchange two neighbouring characters."""

    def mistake(code: str, rng: Random) -> Typed:
        place = rng.randrange(len(code) - 1)
        typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        raw, groups = _with_wrong(typed, lambda at: at, wrong_too, rng)
        return Typed(raw, frozenset(groups | {group_of(place), group_of(place + 1)}), wrong_too + 1)

    return mistake


def cut_end(least: int, most: int, wrong_too: int = 0) -> Mistake:
    """Lose the end."""

    def mistake(code: str, rng: Random) -> Typed:
        typed = code[: -rng.randint(least, most)]
        raw, groups = _with_wrong(typed, lambda at: at, wrong_too, rng)
        return Typed(raw, frozenset(groups), wrong_too + 1)

    return mistake


def wrong_parity(code: str, rng: Random) -> Typed:
    """Mistype all of the parity."""
    places = range(len(code) - 16, len(code))
    return Typed(wrong(code, places, rng), frozenset(map(group_of, places)), 16)


def not_of_the_alphabet(count: int) -> Mistake:
    """Type characters that no code has: where they stand is known, so there may be more of them."""

    def mistake(code: str, rng: Random) -> Typed:
        characters = list(code)
        places = rng.sample(range(len(code)), count)
        for place in places:
            characters[place] = rng.choice("Uu")
        return Typed("".join(characters), frozenset(map(group_of, places)), count)

    return mistake


def in_lines(mistake: Mistake) -> Mistake:
    """Type in numbered lines of groups what was mistyped otherwise as one run."""

    def laid_out(code: str, rng: Random) -> Typed:
        typed = mistake(code, rng)
        return Typed(grouped(typed.raw), typed.groups, typed.mistakes)

    return laid_out


def of_groups(change: Callable[[list[str], Random], set[int]], wrong_too: int = 0) -> Mistake:
    """Change the groups of a text that stays laid out as it was printed, and mistype some characters."""

    def mistake(code: str, rng: Random) -> Typed:
        places = rng.sample(range(len(code)), wrong_too)
        groups = list(groups_of(wrong(code, places, rng)))
        touched = {group_of(place) for place in places}
        lines = [
            [*range(start, min(start + GROUPS_PER_LINE, len(groups)))]
            for start in range(0, len(groups), GROUPS_PER_LINE)
        ]
        touched |= change(groups, rng)
        raw = "\n".join(
            f"{number}: {' '.join(groups[each] for each in line if groups[each])}"
            for number, line in enumerate(lines, 1)
        )
        return Typed(raw, frozenset(touched), len(touched))

    return mistake


def shortened(count: int) -> Callable[[list[str], Random], set[int]]:
    """Leave a character out of so many groups."""

    def change(groups: list[str], rng: Random) -> set[int]:
        chosen = rng.sample(range(len(groups) - 1), count)
        for each in chosen:
            place = rng.randrange(GROUP_CHARACTERS)
            groups[each] = groups[each][:place] + groups[each][place + 1 :]
        return {each + 1 for each in chosen}

    return change


def left_out(groups: list[str], rng: Random) -> set[int]:
    """Leave out a group."""
    chosen = rng.randrange(len(groups) - 1)
    same = {place + 1 for place, group in enumerate(groups) if group == groups[chosen]}
    groups[chosen] = ""
    return same


def of_lines(change: Callable[[list[str], Random], None], *, numbered: bool, wrong_too: int = 0) -> Mistake:
    """Change the lines of a text, and mistype some characters."""

    def mistake(code: str, rng: Random) -> Typed:
        places = rng.sample(range(len(code)), wrong_too)
        lines = grouped(wrong(code, places, rng)).split("\n")
        change(lines, rng)
        if not numbered:
            lines = [line.split(": ")[1] for line in lines]
        return Typed("\n".join(lines), frozenset(map(group_of, places)), wrong_too + 1)

    return mistake


def swap_lines(lines: list[str], rng: Random) -> None:
    """Exchange two whole lines."""
    one, other = rng.sample(range(len(lines) - 1), 2)
    lines[one], lines[other] = lines[other], lines[one]


def move_line(lines: list[str], rng: Random) -> None:
    """Put a whole line elsewhere."""
    place = rng.randrange(len(lines) - 1)
    lines.insert(rng.randrange(len(lines) - 1), lines.pop(place))


def shuffle_lines(lines: list[str], rng: Random) -> None:
    """Mix all lines."""
    rng.shuffle(lines)


def double_line(lines: list[str], rng: Random) -> None:
    """Type a line twice."""
    place = rng.randrange(len(lines) - 1)
    lines.insert(place, lines[place])


def in_a_mail(mistake: Mistake) -> Mistake:
    """Write a greeting before it and a signature below."""

    def mailed(code: str, rng: Random) -> Typed:
        typed = mistake(code, rng)
        raw = f"Dear Bob, here is the code: {typed.raw}\nRegards,\nAlice\nTel. +49 30 1234567"
        return Typed(raw, typed.groups, typed.mistakes)

    return mailed
