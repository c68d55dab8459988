"""docs/lifecycle.md says what the table says."""

import re
from dataclasses import replace

from tests.lifecycle import page
from tests.lifecycle.outcome import Table
from tests.lifecycle.portal_table import PORTAL, PORTAL_COMMANDS

PAGE = page.PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_table_says() -> None:
    assert page.filled(PAGE) == PAGE, "run `python -m tests.lifecycle.page`, then look at it"


def test_the_page_has_every_made_part_once() -> None:
    assert sorted(page.parts_of(PAGE)) == sorted(page.PARTS)


def test_every_row_is_a_line_of_the_page() -> None:
    for table in (PORTAL, PORTAL_COMMANDS):
        assert page.outcomes(table).count("\n") == len(table.rows) + 2
        assert page.outcomes(table) in PAGE


def test_a_changed_row_changes_table_diagram_and_list() -> None:
    (first, *rest) = PORTAL.rows
    changed = replace(first, outcome=replace(first.outcome, then="active", step="jump"))
    table = Table(PORTAL.states, PORTAL.codes, (changed, *rest))
    assert page.outcomes(table) != page.outcomes(PORTAL)
    assert "request_unknown --> active: jump" in page.diagram(table)
    assert "  - jump: leads to **active**." in page.spoken(table)


def test_the_diagram_and_the_list_say_the_same() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (.+)$", page.diagram(PORTAL, PORTAL_COMMANDS), re.MULTILINE)
    listed, here = [], ""
    for line in page.spoken(PORTAL, PORTAL_COMMANDS).splitlines():
        if state := re.match(r"- \*\*(.+?)\*\*", line):
            here = state[1].replace(" ", "_")
        elif step := re.match(r"  - (.+): (?:leads to \*\*(.+)\*\*|stays here)\.", line):
            listed.append((here, (step[2] or here).replace(" ", "_"), step[1]))
    assert listed == drawn
