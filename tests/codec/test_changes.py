"""What an update changes: every difference told, nothing told that is none."""

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.changes import Change, changes
from codec.codes import Line, Term
from codec.explain import term_record
from codec.lines import sort_lines

YEAR = Term(date(2026, 1, 1), date(2026, 12, 31))
NEXT = Term(date(2027, 1, 1), date(2027, 12, 31))
IN_WORDS = "2026-01-01 (Thu) to 2026-12-31 (Thu)"
NEXT_IN_WORDS = "2027-01-01 (Fri) to 2027-12-31 (Fri)"

lines = st.lists(
    st.builds(
        Line,
        st.sampled_from(("A", "B", 0, 1)),
        st.integers(1, 4),
        st.sampled_from((None, YEAR, NEXT)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
).map(lambda found: sort_lines(tuple(found)))


@pytest.mark.parametrize(
    ("before", "after", "ways", "words"),
    [
        (None, Line("A", 3), ["added"], "added 3 (perpetual)"),
        (None, Line("A", 3, YEAR, True), ["added"], f"added 3 ({IN_WORDS}, export-controlled)"),
        (Line("A", 3), None, ["dropped"], "dropped, it was 3 (perpetual)"),
        (Line("A", 3), Line("A", 1234), ["raised"], "raised from 3 to 1,234 (perpetual)"),
        (Line("A", 3, YEAR), Line("A", 2, YEAR), ["lowered"], f"lowered from 3 to 2 ({IN_WORDS})"),
        (
            Line("A", 3, YEAR),
            Line("A", 3, NEXT),
            ["other dates"],
            f"other dates: {NEXT_IN_WORDS}, before: {IN_WORDS} (3)",
        ),
        (
            Line("A", 3),
            Line("A", 5, NEXT),
            ["raised", "other dates"],
            f"raised from 3 to 5; other dates: {NEXT_IN_WORDS}, before: perpetual (5)",
        ),
        (
            Line("A", 3),
            Line("A", 3, reporting_only=True),
            ["other flags"],
            "other flags: reporting-only, before: without flags (perpetual, reporting-only)",
        ),
    ],
)  # fmt: skip
def test_a_change_in_words(before: Line | None, after: Line | None, ways: list[str], words: str) -> None:
    (change,) = changes(filter(None, (before,)), filter(None, (after,)))
    assert change == Change(before, after)
    assert list(change.ways) == ways
    assert change.words == words
    record = change.record()
    assert (record["ways"], record["words"]) == (ways, words)
    assert record["before"] == (before.count if before else 0)
    assert record["after"] == (after.count if after else 0)


def test_a_change_as_json_says_all_of_it() -> None:
    (change,) = changes((Line("A", 3, YEAR, True),), (Line("A", 5, NEXT, reporting_only=True),))
    assert change.words == (
        f"raised from 3 to 5; other dates: {NEXT_IN_WORDS}, before: {IN_WORDS}; "
        "other flags: reporting-only, before: export-controlled (5)"
    )
    assert change.record() == {
        "tag": "A",
        "ways": ["raised", "other dates", "other flags"],
        "before": 3,
        "after": 5,
        "term": term_record(NEXT),
        "term_before": term_record(YEAR),
        "export_controlled": False,
        "reporting_only": True,
        "words": change.words,
    }


def test_several_lines_of_one_tag_find_their_partners() -> None:
    before = (Line("A", 1), Line("A", 2, YEAR), Line("A", 4, YEAR, export_controlled=True), Line(0, 9))
    after = (Line("A", 1), Line("A", 2, NEXT), Line("A", 5, NEXT, export_controlled=True), Line("0", 9))
    found = {(change.line.tag, change.line.count): change.ways for change in changes(before, after)}
    assert found == {
        (0, 9): ("dropped",),
        ("0", 9): ("added",),
        ("A", 2): ("other dates",),
        ("A", 5): ("raised", "other dates"),
    }


@given(lines, lines)
def test_every_difference_is_told_and_nothing_else(before: tuple[Line, ...], after: tuple[Line, ...]) -> None:
    found = changes(before, after)
    old = Counter(change.before for change in found if change.before)
    new = Counter(change.after for change in found if change.after)
    same = Counter(before) - old
    assert same + old == Counter(before)
    assert same + new == Counter(after)
    assert all(change.ways and change.words for change in found)
    paired = [change for change in found if change.before and change.after]
    assert all(change.before.tag == change.line.tag for change in paired if change.before)


@given(lines)
def test_alike_is_no_change(both: tuple[Line, ...]) -> None:
    assert changes(both, both) == ()
    told: Any = [change.ways for change in changes((), both)]
    assert told == [("added",)] * len(both)
    assert [change.ways for change in changes(both, ())] == [("dropped",)] * len(both)
