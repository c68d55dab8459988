"""The figures of bundles and frames keep their targets, and the page shows what is measured now."""

from benchmarks import frames
from benchmarks.run import RESULTS, kept_section

PAGE = RESULTS.read_text(encoding="utf-8")


def test_the_usual_version_keeps_its_targets() -> None:
    table = frames.counts_table(subsets=20)
    (row,) = (line for line in table.splitlines() if line.startswith(f"| {frames.JUDGED} "))
    assert row.endswith("| yes |")
    assert "20 of 20" in row


def test_the_page_has_these_numbers_of_frames() -> None:
    kept = kept_section(PAGE, frames.TITLE)
    for line in frames.counts_table(subsets=1).splitlines()[2:]:
        cells = [cell.strip() for cell in line.split("|")[1:8]]
        assert any([cell.strip() for cell in row.split("|")[1:8]] == cells for row in kept.splitlines())
