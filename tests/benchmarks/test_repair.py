"""The repair bench runs, counts what fails, and damages codes as it says. Nothing here judges a time."""

from dataclasses import replace
from random import Random

from benchmarks.damages import Typed, wrong_characters
from benchmarks.repair import TINY, TITLE, batch, repair_section
from benchmarks.run import kept_section
from benchmarks.specimens import specimens
from benchmarks.trials import Kind, Tally, attempt, names_rightly
from codec.codes import Kind as CodeKind
from codec.damage import Repair

CODES = specimens("bench")


def test_every_kind_of_code_is_there_and_verifies() -> None:
    assert {each.code.kind for each in CODES} == set(CodeKind)
    assert len({len(each.text) for each in CODES}) > 80
    for each in CODES:
        assert 120 <= len(each.text) <= 330


def test_the_section_has_all_its_tables() -> None:
    section = repair_section(TINY)
    assert section.startswith(TITLE)
    assert section.count("\n| ---") == 4
    assert "{" not in section.replace('{"', "")
    assert kept_section(f"# Results\n\n{section}## Speed\n\nfast\n", TITLE) == section


def test_another_code_is_counted_as_wrong() -> None:
    one, other = CODES[3], CODES[4]
    swapped = Kind("another code", lambda code, rng: Typed(other.text, frozenset(), 1))
    tally = Tally()
    attempt(swapped, replace(one, verify=other.verify), Random(1), tally)
    assert (tally.read, tally.false) == (0, 1)
    attempt(swapped, one, Random(1), tally)
    assert (tally.read, tally.false, tally.trials) == (0, 1, 2)
    assert len(tally.failures) == 1


def test_a_repair_that_names_a_sound_group_is_counted() -> None:
    typed = Typed("", frozenset({3, 4}), 1)
    assert names_rightly((Repair(3, "A", "B"),), typed)
    assert names_rightly((Repair(5, "A", "B"),), typed)
    assert not names_rightly((Repair(5, "AC", "BD"),), typed)
    assert not names_rightly((Repair(3, "AC", "BD"), Repair(5, "A", "B")), typed)


def test_batches_are_repeatable_and_characters_are_wrong() -> None:
    one, again = (batch("within four", 12, "seed", 1) for _ in range(2))
    assert (one.read, one.trials) == (again.read, again.trials) == (12, 12)
    for count in (1, 4):
        typed = wrong_characters(count)(CODES[0].text, Random(2)).raw
        assert sum(x != y for x, y in zip(typed, CODES[0].text, strict=True)) == count
