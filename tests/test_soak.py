"""The long run: the longest tests first, every end written down as it comes, every part told."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import settings

from tests import search, soak
from tests.outcomes import SEED


def ended(name: str, outcome: str, words: str = "") -> Any:
    return SimpleNamespace(
        nodeid=name,
        outcome=outcome,
        duration=61.04,
        when="call",
        longreprtext=words,
        passed=outcome == "passed",
        failed=outcome == "failed",
    )


def test_the_longest_tests_come_first() -> None:
    names = [
        "tests/codec/test_wire.py::test_every_value_comes_back",
        "tests/power/test_cuts.py::test_many_power_cuts_lose_nothing[request]",
        "tests/linear/test_histories.py::test_many_long_histories_have_an_order[sqlite]",
        "tests/faults/test_lives.py::test_lives_survive_many_random_kills",
    ]
    assert sorted(names, key=soak.place) == [names[2], names[3], names[1], names[0]]


def test_no_process_begins_with_two_of_the_longest() -> None:
    names = [
        "tests/codec/test_golden.py::a",
        "tests/a.py::b",
        "tests/a.py::c",
        "tests/machine/test_life.py::d",
    ]
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in names]
    soak.pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [names[3], names[2], names[0], names[1]]
    soak.pytest_collection_modifyitems(items[:1])


def test_an_end_is_written_down_as_it_comes_with_the_words_of_a_failure(tmp_path: Path) -> None:
    diary, file = soak.Diary(tmp_path / "soak"), tmp_path / "soak" / "tests.jsonl"
    diary.pytest_runtest_logreport(ended("a.py::one", "passed"))
    told = {"test": "a.py::one", "outcome": "passed", "seconds": 61.0, "seed": SEED}
    assert json.loads(file.read_text()) == told
    diary.pytest_runtest_logreport(ended("a.py::two", "failed", "half done"))
    assert json.loads(file.read_text().splitlines()[1])["words"] == "half done"


def test_every_part_is_told_and_every_failure_with_how_to_see_it_again() -> None:
    entries = [
        {"test": "a.py::one", "outcome": "passed", "seconds": 61.0},
        {"test": "a.py::two", "outcome": "failed", "seconds": 1.0},
        {"test": "b.py::one", "outcome": "passed", "seconds": 2.0},
    ]
    told = list(soak.summary(entries))
    assert told[0].startswith("a.py: 1 failed, 1 passed, 62 s. Again: SEED=")
    assert told[-1].endswith("SOAK_TESTS='a.py::two'")
    assert list(soak.summary(entries[::2]))[-1] == "2 tests ended, 0 of them failed"
    assert list(soak.summary(entries, "too long"))[-3] == "STOPPED before the end of all tests: too long"


def test_a_soak_searches_every_test_as_many_times_further() -> None:
    usual = settings().max_examples
    with_soak = settings.get_profile("soak").max_examples
    assert with_soak == 20 * search.USUAL
    assert search.examples(600) == 600 * usual // search.USUAL
