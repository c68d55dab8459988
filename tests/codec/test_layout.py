"""The lines and groups of a typed text: what is read of them, and the arrangements that they show."""

import pytest

from codec.alphabet import ALPHABET
from codec.arrangement import LOST, Arrangement
from codec.damage import Damage, Repair
from codec.grouping import grouped, groups_of
from codec.layout import UNKNOWN, Line, Typed, folded, lines_of, shown_arrangements

#: 70 characters: four lines of five groups each but the last, whose second and last group has two.
TEXT = "".join(ALPHABET[(7 * place + place // 5) % 32] for place in range(70))
LINES = grouped(TEXT).split("\n")


def typed(raw: str) -> Typed:
    return Typed(lines_of(raw))


def put(raw: str) -> list[tuple[str, tuple[Repair, ...]]]:
    """Return each text that the layout shows, with a dot for what is lost, and what was wrong."""
    known = typed(raw)
    return [
        ("".join("." if place == LOST else known.shown[place] for place in found.source), found.told)
        for found in shown_arrangements(known)
    ]


# --- lines and words -----------------------------------------------------------------------------------


def test_lines_have_their_own_numbers_or_are_counted() -> None:
    assert lines_of("12: ABCD efgh\n\n  3. JKMN\n") == (
        Line(12, True, ("ABCD", "EFGH"), ()),
        Line(3, True, ("JKMN",), ()),
    )
    assert lines_of("\nABCD\n\n---\nEFGH\n5. JKMN\nPQRS") == (
        Line(1, False, ("ABCD",), ()),
        Line(2, False, ("EFGH",), ()),
        Line(5, True, ("JKMN",), ()),
        Line(4, False, ("PQRS",), ()),
    )


def test_a_part_of_a_line_keeps_its_number() -> None:
    (line,) = lines_of("7: ABCD efgh JKMN")
    part = line.part(1, 3)
    assert part == Line(7, True, ("EFGH", "JKMN"), ())
    assert part.raw_words == ("efgh", "JKMN")
    assert type(part.is_numbered) is bool


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("AB!D", ("AB?D",)),
        ("ABC!", ("ABC?",)),
        ("ABCDE! (FGHJ*)", ("ABCDE", "FGHJ")),
        ("ABCD !! EFGH", ("ABCD", "EFGH")),
        ("ABCD !!!! EFGH", ("ABCD", "EFGH")),
        ("oIl0 ab\u0131u", ("0110", "AB?U")),
        ("**ABCD** 2: EFGH", ("ABCD", "EFGH")),
        ("ABCD 1) EFGH", ("ABCD", "1", "EFGH")),
    ],
)
def test_words_are_what_may_be_groups(raw: str, words: tuple[str, ...]) -> None:
    assert tuple(word for line in lines_of(raw) for word in line.words) == words


def test_what_no_code_has_is_unknown() -> None:
    for character in "!~\u0131\u00df\u212a\uff21\u0660":
        assert folded(character) == UNKNOWN
    assert folded(ALPHABET.lower() + "uU") == ALPHABET + "UU"


@pytest.mark.parametrize("between", [" ", "\n"])
def test_of_a_long_text_the_first_words_are_looked_at(between: str) -> None:
    lines = lines_of(between.join(f"{number:04}" for number in range(4000)))
    assert sum(len(line.words) for line in lines) == 3000
    assert lines[-1].words[-1] == "2999"


def test_a_character_is_found_in_its_line() -> None:
    found = typed("3: ABCD EF\n9: GHJK\n5: MN?P")
    assert (found.text, set(found.doubtful)) == ("ABCDEFGHJKMN0P", {12})
    assert [found.line_of((place,)) for place in range(14)] == [3] * 6 + [9] * 4 + [5] * 4
    assert found.line_of((5, 6)) == 3
    assert found.line_of(()) is None
    assert typed("3: ABCD EF\n9: GHJK").line_of((6,)) == 9
    assert typed("3: ABCD EF").line_of((0,)) is None


def test_a_whole_line_is_found_by_its_characters() -> None:
    found = typed("3: ABCD EF\n9: GHJK\n5: MN?P")
    lines = {
        (start, count): found.whole_line(start, count)
        for start in range(14)
        for count in range(1, 15 - start)
    }
    assert {where: line for where, line in lines.items() if line is not None} == {
        (0, 6): 3,
        (6, 4): 9,
        (10, 4): 5,
    }
    assert typed("ABCD\nEFGH").whole_line(0, 4) == 1
    assert typed("ABCD EFGH").whole_line(0, 8) is None


@pytest.mark.parametrize(
    ("raw", "is_so"),
    [
        ("ABCD", False),
        ("ABCD EFGH", True),
        ("ABCDE FGHJK", False),
        ("ABCD EFGH JKMN PQR ST", True),
        ("ABCD EFGH JKM NPQ RS", False),
    ],
)
def test_text_is_grouped_where_most_groups_have_four(raw: str, *, is_so: bool) -> None:
    assert typed(raw).is_grouped == is_so


# --- what groups show ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        grouped(TEXT),
        TEXT,
        "\n".join(groups_of(TEXT)),
        "ABCDEFG HJKMNPQRS",
        # Numbers in order, and lines without numbers in any.
        "\n".join(line.split(":")[1] for line in LINES),
        "\n".join((LINES[0].split(":")[1], LINES[2], LINES[1], LINES[3])),
        # Two groups at a time, and the last with all that is left.
        "\n".join(LINES).replace(LINES[1][3:12], LINES[1][3:12].replace(" ", "")),
    ],
)
def test_whole_groups_in_order_show_nothing(raw: str) -> None:
    assert all(not told and "." not in text for text, told in put(raw)) and not put(raw)


def test_lines_are_put_in_the_order_of_their_numbers() -> None:
    one, two, three, four = LINES
    swapped = (Repair(2, damage=Damage.SWAPPED_LINES, other=3),)
    assert put(f"{one}\n{three}\n{two}\n{four}")[0] == (TEXT, swapped)
    unordered = (Repair(0, damage=Damage.UNORDERED_LINES),)
    assert put(f"{two}\n{three}\n{one}\n{four}")[0] == (TEXT, unordered)
    far = (Repair(1, damage=Damage.SWAPPED_LINES, other=3),)
    assert put(f"{three}\n{two}\n{one}\n{four}")[0] == (TEXT, far)


def test_a_line_that_stands_twice_is_taken_once_either_way() -> None:
    one, two, three, four = LINES
    spoiled = two.replace(TEXT[20:24], TEXT[20:23])
    twice = (Repair(2, damage=Damage.REPEATED_LINE),)
    found = put(f"{one}\n{two}\n{spoiled}\n{three}\n{four}")
    assert found[:2] == [(TEXT, twice), (f"{TEXT[:20]}....{TEXT[24:]}", twice)]
    found = put(f"{one}\n{two}\n{three}\n{two}\n{four}")
    assert found[:2] == [(TEXT, twice)] * 2
    both = (*twice, Repair(3, damage=Damage.SWAPPED_LINES, other=4))
    assert put(f"{one}\n{two}\n{four}\n{two}\n{three}")[0] == (TEXT, both)


@pytest.mark.parametrize("group", range(15))
def test_a_group_missing_in_a_line_is_looked_for_in_each_of_its_places(group: int) -> None:
    groups = list(groups_of(TEXT))
    rows = [groups[start : start + 5] for start in range(0, len(groups), 5)]
    line, place = divmod(group, 5)
    del rows[line][place]
    found = put("\n".join(f"{number}: {' '.join(row)}" for number, row in enumerate(rows, start=1)))
    start = 20 * line
    rest = TEXT[start : start + 4 * place] + TEXT[start + 4 * place + 4 : start + 20]
    assert found == [
        (f"{TEXT[:start]}{rest[: 4 * at]}....{rest[4 * at :]}{TEXT[start + 20 :]}", ()) for at in range(5)
    ]


def test_lines_of_two_groups_or_short_by_two_show_no_missing_one() -> None:
    assert put("ABCD EFGH\nJKMN\nPQRS TVWX") == []
    assert put("ABCD EFGH JKMN\nPQRS\nTVWX YZ01 2345") == []
    assert put("ABCD EFGH JKMN\nPQRS 6789\nTVWX YZ01 2345") == [
        ("ABCDEFGHJKMN....PQRS6789TVWXYZ012345", ()),
        ("ABCDEFGHJKMNPQRS....6789TVWXYZ012345", ()),
        ("ABCDEFGHJKMNPQRS6789....TVWXYZ012345", ()),
    ]


@pytest.mark.parametrize("size", [1, 3, 5, 6])
def test_a_group_that_is_not_whole_is_lost(size: int) -> None:
    groups = list(groups_of(TEXT))
    groups[6] = (groups[6] * 2)[:size]
    assert put(" ".join(groups)) == [(f"{TEXT[:24]}....{TEXT[28:]}", ())]


def test_the_last_group_may_have_two_characters_and_no_other() -> None:
    groups = list(groups_of(TEXT))
    assert put(" ".join([*groups[:6], groups[6][:2], *groups[7:]])) == [(f"{TEXT[:24]}....{TEXT[28:]}", ())]
    assert put(" ".join([*groups[:-1], groups[-1][:1]])) == [(f"{TEXT[:68]}....", ())]
    assert put(" ".join([*groups[:-1], groups[-1] + "A"])) == [(f"{TEXT[:68]}....", ())]


def test_four_broken_groups_are_as_many_as_the_parity_can_fill() -> None:
    groups = list(groups_of(TEXT))
    for count in range(1, 7):
        spoiled = [each[:3] if place < count else each for place, each in enumerate(groups)]
        expected = [("....."[:4] * count + TEXT[4 * count :], ())] if count <= 4 else []
        assert put(" ".join(spoiled)) == expected


def test_an_arrangement_says_what_stood_for_each_group() -> None:
    (found,) = shown_arrangements(typed("ABCD EFG HJKMNPQR STVW WXYZ"))
    assert found == Arrangement(
        (0, 1, 2, 3, LOST, LOST, LOST, LOST, *range(7, 23)),
        found.places,
        (),
        ((0, 1, 2, 3), (4, 5, 6), (7, 8, 9, 10), (11, 12, 13, 14), (15, 16, 17, 18), (19, 20, 21, 22)),
    )
