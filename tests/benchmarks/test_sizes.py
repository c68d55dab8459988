"""The sizes keep their limits, and the page of results shows what is measured now."""

import pytest

from benchmarks.measured import HEAD, Limits, Measured, Specimen, symbol_version
from benchmarks.run import RESULTS, SIZES_TITLE, SPEED_TITLE, kept_section
from benchmarks.sizes import (
    WANTED_CHARACTERS,
    Deals,
    all_deals,
    code_table,
    device_codes,
    envelope_table,
    floor_table,
    numbered_authorizations,
    spelled_authorizations,
    wanted_table,
    wanting,
)
from codec.qr import version_of

DEALS: Deals = all_deals()
ROWS = [*numbered_authorizations(DEALS), *spelled_authorizations(DEALS), *device_codes(DEALS)]
LIMITED = [row for row in ROWS if row.met is not None]


@pytest.mark.parametrize("row", LIMITED, ids=lambda row: row.name)
def test_a_size_keeps_its_limits(row: Measured) -> None:
    assert row.met, dict(zip(HEAD, row.cells(), strict=True))


def test_every_limit_of_the_size_table_is_measured() -> None:
    assert [row.name for row in LIMITED] == [
        "A, N = 1, catalogue",
        "A, N = 3, catalogue",
        "A, N = 10, catalogue",
        "A, N = 50, catalogue",
        "A, N = 3, spelled",
        "Q, nothing wanted",
        "C",
        "R",
    ]


def test_a_limit_that_is_not_kept_shows() -> None:
    row = Measured("too long", (Specimen("Q" * 100, 400.0),), Limits(characters=99))
    assert row.met is False
    assert row.cells()[-1] == "NO"


def test_one_limit_out_of_three_is_enough_to_fail() -> None:
    specimens = (Specimen("0" * 100, 400.0),)
    assert Measured("all", specimens, Limits(100, 5, 1.05)).met
    assert not Measured("ratio", specimens, Limits(100, 5, 1.03)).met
    assert not Measured("version", specimens, Limits(100, 4, 1.05)).met


def test_wanted_lines_are_counted_without_the_rest_of_the_request() -> None:
    one = wanting(3, seed=0)
    assert one.characters_each * 3 == len(one.asking.text) - len(one.without)
    assert one.characters_each <= WANTED_CHARACTERS + 2


@pytest.mark.parametrize("lines", list(DEALS))
def test_versions_of_any_text_agree_with_those_of_our_codes(lines: int) -> None:
    for one in DEALS[lines]:
        assert symbol_version(one.numbered.text) == version_of(one.numbered.text)


def test_a_text_that_no_symbol_holds_has_no_version() -> None:
    assert symbol_version("a" * 2331) == 40
    assert symbol_version("a" * 2332) is None


@pytest.mark.parametrize(
    "table", [code_table(DEALS), wanted_table(), floor_table(DEALS), envelope_table(DEALS)], ids=str.__len__
)
def test_the_page_of_results_shows_what_is_measured(table: str) -> None:
    assert table in RESULTS.read_text(encoding="utf-8"), (
        "run `make bench`, or `python -m benchmarks.run sizes`"
    )


def test_speed_figures_are_kept_when_only_sizes_are_measured() -> None:
    earlier = "# Results\n\n## Size\n\n### Floor\n\n## Speed\n\nfigures\n"
    assert kept_section(earlier, SPEED_TITLE) == "## Speed\n\nfigures\n"
    assert kept_section(earlier, SIZES_TITLE) == "## Size\n\n### Floor\n\n"
    assert "Not measured yet" in kept_section("", SPEED_TITLE)
