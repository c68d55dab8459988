"""Damage in words: of one or several, of groups or of lines."""

import pytest

from codec.damage import Damage, Repair


@pytest.mark.parametrize("damage", Damage)
def test_what_is_of_groups_names_a_group(damage: Damage) -> None:
    repair = Repair(2, "AB", "ABCD", damage)
    assert repair.is_of_groups == ("group" in str(repair))


@pytest.mark.parametrize(
    ("repair", "words"),
    [
        (
            Repair(3, "ABC", "ABCD", Damage.MISSING),
            "a character is missing in group 3: you typed ABC, the",
        ),
        (Repair(3, "AB", "ABCD", Damage.MISSING), "2 characters are missing in group 3: you"),
        (Repair(3, "ABCDE", "ABCD", Damage.EXTRA), "a character stands too many in group 3: you"),
        (Repair(3, "ABCDEF", "ABCD", Damage.EXTRA), "2 characters stand too many in group 3: you"),
        (Repair(3, damage=Damage.REPEATED_GROUPS), "group 3 stood twice"),
        (Repair(3, damage=Damage.REPEATED_GROUPS, other=3), "group 3 stood twice"),
        (Repair(3, damage=Damage.REPEATED_GROUPS, other=4), "groups 3 and 4 stood twice"),
        (Repair(3, damage=Damage.REPEATED_GROUPS, other=5), "groups 3 to 5 stood twice"),
        (Repair(1, meant="A", damage=Damage.CUT_BEGINNING), "the first character was missing"),
        (Repair(1, meant="AB", damage=Damage.CUT_BEGINNING), "the first 2 characters were missing"),
        (Repair(9, meant="A", damage=Damage.CUT_END), "the last character was cut off"),
        (Repair(9, meant="AB", damage=Damage.CUT_END), "the last 2 characters were cut off"),
        (Repair(3, "AB", "AC", line=2), "group 3, in line 2: you typed AB, the code has AC"),
    ],
)
def test_one_and_several_are_told_as_such(repair: Repair, words: str) -> None:
    assert str(repair).startswith(words)
