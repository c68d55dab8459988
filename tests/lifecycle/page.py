"""Make the parts of docs/lifecycle.md that follow from the table: diagrams, lists of steps, the table.

    python -m tests.lifecycle.page

Between ``<!-- made: NAME -->`` and ``<!-- end -->`` stands what `PARTS` makes; the rest is written by hand.
`tests/lifecycle/test_page.py` compares.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from tests.lifecycle.device_table import DEVICE, DEVICE_COMMANDS
from tests.lifecycle.outcome import Row, Table
from tests.lifecycle.portal_table import PORTAL, PORTAL_COMMANDS
from tests.lifecycle.restored_table import RESTORED

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs" / "lifecycle.md"
_PART: Final = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


# --- diagrams --------------------------------------------------------------------------------------


def steps(*tables: Table) -> dict[str, dict[str, list[str]]]:
    """Return what leads from each state to which, in the order of the tables: state → state → steps."""
    found: dict[str, dict[str, list[str]]] = {state: {} for state in tables[0].states}
    for row in (row for table in tables for row in table.rows if row.outcome.step):
        words = found[row.state].setdefault(row.outcome.then or row.state, [])
        if row.outcome.step not in words:
            words.append(row.outcome.step)
    return found


def diagram(*tables: Table) -> str:
    """Draw a state machine in Mermaid."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_node(next(iter(tables[0].states)))}"]
    lines += [f'    state "{state}" as {_node(state)}' for state in tables[0].states if " " in state]
    for state, targets in steps(*tables).items():
        for target, words in targets.items():
            lines.append(f"    {_node(state)} --> {_node(target)}: {', '.join(words)}")
    return "\n".join((*lines, "```", ""))


def _node(state: str) -> str:
    return state.replace(" ", "_")


def spoken(*tables: Table) -> str:
    """Say the same state machine in a list."""
    lines = []
    for state, targets in steps(*tables).items():
        lines.append(f"- **{state}**: {tables[0].states[state]}.")
        for target, words in targets.items():
            where = "stays here" if target == state else f"leads to **{target}**"
            lines.append(f"  - {', '.join(words)}: {where}.")
    return "\n".join((*lines, ""))


# --- tables ----------------------------------------------------------------------------------------


def states(table: Table) -> str:
    """Say what each state is."""
    rows = [f"| {state} | {meaning} |" for state, meaning in table.states.items()]
    return "\n".join(("| state | what it is |", "|---|---|", *rows, ""))


def codes(table: Table) -> str:
    """Say what each code or command is."""
    rows = [f"| {code} | {meaning} |" for code, meaning in table.codes.items()]
    return "\n".join(("| name | what it is |", "|---|---|", *rows, ""))


def outcomes(table: Table) -> str:
    """Write every row, state by state."""
    heads = ("| state | given | what happens | written | then | exit |", "|---|---|---|---|---|---|")
    return "\n".join((*heads, *_rows(table), ""))


def _rows(table: Table) -> Iterator[str]:
    for state in table.states:
        for code in table.codes:
            (row,) = (row for row in table.rows if (row.state, row.code) == (state, code))
            yield f"| {' | '.join(_cells(row))} |"


def _cells(row: Row) -> tuple[str, ...]:
    outcome = row.outcome
    if not outcome.possible:
        return row.state, row.code, f"cannot be: {outcome.says}", "–", "–", "–"
    exit_code = f"{outcome.exit} `{outcome.error}`" if outcome.error else str(outcome.exit)
    written = ", ".join(outcome.writes) or "nothing"
    return row.state, row.code, outcome.says, written, outcome.then or "the same", exit_code


# --- the page --------------------------------------------------------------------------------------

PARTS: Final[dict[str, Callable[[], str]]] = {
    "device-diagram": partial(diagram, DEVICE, DEVICE_COMMANDS),
    "device-steps": partial(spoken, DEVICE, DEVICE_COMMANDS),
    "portal-diagram": partial(diagram, PORTAL, PORTAL_COMMANDS),
    "portal-steps": partial(spoken, PORTAL, PORTAL_COMMANDS),
    "device-codes": partial(codes, DEVICE),
    "device-table": partial(outcomes, DEVICE),
    "device-commands": partial(codes, DEVICE_COMMANDS),
    "device-command-table": partial(outcomes, DEVICE_COMMANDS),
    "portal-codes": partial(codes, PORTAL),
    "portal-table": partial(outcomes, PORTAL),
    "portal-commands": partial(codes, PORTAL_COMMANDS),
    "portal-command-table": partial(outcomes, PORTAL_COMMANDS),
    "restored-states": partial(states, RESTORED),
    "restored-codes": partial(codes, RESTORED),
    "restored-table": partial(outcomes, RESTORED),
}


def parts_of(page: str) -> list[str]:
    """Return the names of the parts that a page has room for."""
    return [name for _, name, _ in _PART.findall(page)]


def filled(page: str) -> str:
    """Return the page with every part made anew."""
    return _PART.sub(lambda match: match[1] + PARTS[match[2]]() + match[3], page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
