"""Groups: numbered lines as printed, numbers of groups and lines, and spelling."""

import pytest

from codec.alphabet import ALPHABET
from codec.grouping import group_of, grouped, groups_of, line_of, spell, usual_groups_per_line

CODE = "QK3F7Y2AMM3D9Z0X5VT8HB6NE4RWCJGSPQ"


def test_lines_are_numbered() -> None:
    assert grouped(CODE) == "1: QK3F 7Y2A MM3D 9Z0X 5VT8\n2: HB6N E4RW CJGS PQ"


def test_line_numbers_are_aligned() -> None:
    lines = grouped("QK3F" * 11, groups_per_line=1).splitlines()
    assert lines[0] == " 1: QK3F"
    assert lines[8:] == [" 9: QK3F", "10: QK3F", "11: QK3F"]


def test_no_code_has_no_lines() -> None:
    assert grouped("") == ""
    assert spell("") == ""


def test_groups_and_lines_are_found_where_they_are_printed() -> None:
    printed = [line.split(": ")[1].split() for line in grouped(CODE, 3).splitlines()]
    for position in range(len(CODE)):
        group = group_of(position)
        line = line_of(group, 3)
        assert printed[line - 1][(group - 1) % 3] == groups_of(CODE)[group - 1]
        assert CODE[position] in groups_of(CODE)[group - 1]


@pytest.mark.parametrize(("position", "group"), [(0, 1), (3, 1), (4, 2), (2045, 512)])
def test_groups_count_from_one(position: int, group: int) -> None:
    assert group_of(position) == group


@pytest.mark.parametrize(("group", "line"), [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3)])
def test_lines_count_from_one(group: int, line: int) -> None:
    assert line_of(group) == line


def test_spelling_names_line_and_group() -> None:
    assert spell("QK3F7Y", groups_per_line=1) == (
        "line 1, group 1: quebec kilo three foxtrot.\nline 2, group 2: seven yankee."
    )


def test_every_character_has_its_own_word() -> None:
    words = [spell(character).removeprefix("line 1, group 1: ").rstrip(".") for character in ALPHABET]
    assert len(set(words)) == len(ALPHABET)
    for character, word in zip(ALPHABET[10:], words[10:], strict=True):
        assert word[0].upper() == character


def test_only_a_short_confirmation_stands_on_one_line() -> None:
    assert [usual_groups_per_line("0" * length) for length in (18, 24, 25, 330)] == [6, 6, 5, 5]
