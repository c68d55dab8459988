"""What is measured of the log is what the portal does, and its part of the page can be made."""

from benchmarks import log
from benchmarks.timing import Effort
from reservation.merkle import Frontier, Tiles, root_of


def test_the_rows_that_proofs_are_measured_on_are_those_of_the_tree() -> None:
    rows, frontier = log.Rows(700), Frontier()
    for leaf in rows.fetch(0, 0, 700):
        frontier.add(leaf)
    assert root_of(700, Tiles(rows.fetch).whole) == frontier.root()


def test_the_section_can_be_made() -> None:
    section = log.section(Effort(rounds=1, repetitions=1), leaves=1_000)
    assert section.startswith(log.TITLE)
    assert "the log asked for after every 64" in section
    assert section.count("\n| a proof of") == 2
