"""What is said of a text that holds no code: which advice is given to whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.codes import Kind
from codec.layout import Typed, lines_of
from codec.missing import FEWEST_CHARACTERS, gaps, unreadable

SEARCH, KEY, SHORT, BEGINNING = "--search", "trust file", "short confirmation", "beginning may be missing"


def said_of(count: int, *, first: str = "A", searched: bool = False, has_key: bool = True) -> tuple[str, str]:
    error = unreadable(Typed(lines_of(first + "4" * (count - 1))), searched=searched, has_key=has_key)
    return error.message, error.hint


@given(st.integers(1, 400), st.sampled_from("QACRT0SZ4"), st.booleans(), st.booleans())
def test_advice_is_given_to_those_whom_it_helps(
    count: int, first: str, searched: bool, has_key: bool
) -> None:
    _, hint = said_of(count, first=first, searched=searched, has_key=has_key)
    may_be_whole = count >= 120
    assert (KEY in hint) == (may_be_whole and not has_key)
    assert (SEARCH in hint) == (may_be_whole and has_key and not searched)
    assert (SHORT in hint) == (count < 48)
    assert (BEGINNING in hint) == (first not in {kind.value for kind in Kind})


@pytest.mark.parametrize("count", [47, 48, 119, 120, 121])
def test_advice_changes_at_the_length_of_codes(count: int) -> None:
    for has_key in (True, False):
        for searched in (True, False):
            _, hint = said_of(count, searched=searched, has_key=has_key)
            assert (KEY in hint) == (count >= 120 and not has_key)
            assert (SEARCH in hint) == (count >= 120 and has_key and not searched)
            assert (SHORT in hint) == (count < 48)


def test_nothing_typed_begins_like_no_code() -> None:
    message, hint = unreadable(Typed(())).args[0], unreadable(Typed(())).hint
    assert "0 characters" in message
    assert BEGINNING not in hint


@pytest.mark.parametrize(
    ("count", "message", "hint"),
    [
        (1, "has 1 character, and no code has fewer than 120", "the end is lost most easily"),
        (119, "has 119 characters, and no code has fewer than 120", "Copy the whole code"),
        (120, "damaged beyond repair", "the last line first"),
        (121, "has 121 characters, and every code has an even number", "the last line first"),
    ],
)
def test_the_number_of_characters_says_what_is_wrong(count: int, message: str, hint: str) -> None:
    assert FEWEST_CHARACTERS == 120
    said, advised = said_of(count)
    assert message in said
    assert hint in advised


@pytest.mark.parametrize(
    ("raw", "places"),
    [
        ("2: A444 4444\n3: 4444 4444", ["line 1 is missing"]),
        ("1: A444 4444\n4: 4444 4444", ["line 2 is missing", "line 3 is missing"]),
        ("A444 4444 44", []),
        ("A444 4444 44444", ["group 3, in line 1, has 5 characters and not 4"]),
        ("A444 4444\n4444 444\n4444 4444", ["group 4, in line 2, has 3 characters and not 4"]),
        ("A444 4444 4444\n4444 4444\n4444 4444 4444", ["line 2 has 2 groups, and others have 3"]),
        ("A444 4444\n4444 4444\n4444", []),
        (
            "A444 4444 4444\n4444 4444\n4444 4444\n4444",
            ["line 2 has 2 groups, and others have 3", "line 3 has 2 groups, and others have 3"],
        ),
    ],
)
def test_a_place_is_named_where_lines_and_groups_show_it(raw: str, places: list[str]) -> None:
    assert list(gaps(Typed(lines_of(raw)))) == places
    if places:
        assert "; ".join(places) in unreadable(Typed(lines_of(raw))).hint
