"""The figures of bundles and frames keep their targets, and the page shows what is measured now."""

from benchmarks import frames
from benchmarks.run import RESULTS

PAGE = RESULTS.read_text(encoding="utf-8")


def test_the_usual_version_keeps_its_targets() -> None:
    table = frames.counts_table(subsets=20)
    (row,) = (line for line in table.splitlines() if line.startswith(f"| {frames.JUDGED} "))
    assert row.endswith("| yes |")
    assert "20 of 20" in row


def test_the_page_has_these_numbers_of_frames() -> None:
    kept = frames.kept_section(PAGE)
    for line in frames.counts_table(subsets=1).splitlines()[2:]:
        cells = [cell.strip() for cell in line.split("|")[1:8]]
        assert any([cell.strip() for cell in row.split("|")[1:8]] == cells for row in kept.splitlines())


def test_the_section_is_kept_as_it_is() -> None:
    kept = frames.kept_section(PAGE)
    assert kept.startswith(frames.TITLE)
    assert kept in PAGE
    assert "## Speed" not in kept
    assert "Not measured yet" in frames.kept_section("")
