"""Order files: every sample, every trick with text, and the promise that only our own error comes out."""

import csv
import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.codes import DAY_ZERO, MAX_COUNT, Term
from reservation.ordererrors import FileProblem, OrderFileError
from reservation.orders import (
    COLUMNS,
    MAX_BYTES,
    MAX_LINES,
    MAX_PROBLEMS,
    LicenseKind,
    OrderLine,
    parse_order,
)
from samples.make import SAMPLES
from tests.style_rules import ROOT

ORDERS = SAMPLES / "orders"
EXPECTED: dict[str, Any] = json.loads((ORDERS / "expected.json").read_text(encoding="utf-8"))
HEADER = ",".join(COLUMNS)
ROW = "ROUTE,3,DEFAULT,perpetual,,,PO-1"
SOUND = {
    "tag": "ROUTE",
    "quantity": 3,
    "virtual_account": "DEFAULT",
    "kind": "perpetual",
    "start": None,
    "end": None,
    "order": "PO-1",
}
LINE = OrderLine(2, "ROUTE", 3, "DEFAULT", None, False, "PO-1")


def problems_in(content: bytes | str) -> tuple[FileProblem, ...]:
    """Return what is wrong in a file that must be refused."""
    with pytest.raises(OrderFileError) as refused:
        parse_order(content.encode(errors="surrogatepass") if isinstance(content, str) else content)
    assert refused.value.problems
    assert refused.value.hint
    assert str(refused.value.problems[0]) in refused.value.message
    return refused.value.problems


def places(problems: Sequence[FileProblem]) -> list[tuple[int, str | None]]:
    return [(one.line, one.column) for one in problems]


# --- samples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, order in EXPECTED.items() if order["good"]])
def test_a_good_sample_is_read(name: str) -> None:
    content = (ORDERS / name).read_bytes()
    file = parse_order(content)
    assert len(file.lines) == EXPECTED[name]["rows"]
    assert file.digest == sha256(content).digest()
    assert [line.line for line in file.lines] == [
        number + (1 if name.endswith(".json") else 2) for number in range(len(file.lines))
    ]


@pytest.mark.parametrize("name", [name for name, order in EXPECTED.items() if not order["good"]])
def test_a_bad_sample_is_refused_where_it_is_wrong(name: str) -> None:
    expected = EXPECTED[name]
    found = problems_in((ORDERS / name).read_bytes())
    assert places(found)[0] == (expected["line"], expected["column"])
    assert {one.line for one in found} == {expected["line"]}


def test_the_same_order_in_two_forms() -> None:
    plain, spreadsheet = (
        parse_order((ORDERS / f"{name}.csv").read_bytes()) for name in ("first-order", "spreadsheet")
    )
    assert plain.lines == spreadsheet.lines
    assert plain.digest != spreadsheet.digest
    assert plain.lines[0] == OrderLine(
        2, "UNIVERSAL", 5, "DEFAULT", Term(date(2026, 3, 16), date(2027, 3, 15)), False, "SO-2026-00417"
    )
    assert plain.lines[-1].reporting_only


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_examples_of_the_page_can_be_imported(form: str) -> None:
    page = (ROOT / "docs" / "howto" / "orders.md").read_text(encoding="utf-8")
    (example,) = re.findall(rf"^```{form}\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    assert {line.order_reference for line in parse_order(example.encode()).lines} == {"PO-4711"}
    for limit in (MAX_BYTES, MAX_LINES, MAX_PROBLEMS, MAX_COUNT):
        assert f"{limit:,}" in page


# --- CSV -------------------------------------------------------------------------------------------

GOOD_CSV = {
    "columns in another order": ",".join(reversed(COLUMNS)) + "\n" + ",".join(reversed(ROW.split(","))),
    "quotes": HEADER.replace("tag", '"tag"') + '\n"ROUTE","3",DEFAULT,perpetual,"",,PO-1\n',
    "Windows": f"{HEADER}\r\n{ROW}\r\n",
    "old Macintosh": f"{HEADER}\r{ROW}\r",
    "a byte order mark": f"\ufeff{HEADER}\n{ROW}",
    "no line end": f"{HEADER}\n{ROW}",
    "blank lines at the end": f"{HEADER}\n{ROW}\n\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("what", GOOD_CSV)
def test_good_csv(what: str) -> None:
    assert parse_order(GOOD_CSV[what].encode()).lines == (LINE,)


BAD_CELLS = {
    "tag": [
        "", " ROUTE", "ROUTE ", "\u200bROUTE", "RO\0UTE", "\x7f", "\u202eETUOR", "RO\tUTE", "R" * 65,
        '"RO\nE"',
    ],
    "quantity": [
        "", "0", "-1", "+1", "1.0", "1e3", "01", " 1", "1 ", "16777216", "9" * 5000, "\u0661", "\uff11",
        "\u00b2", "1_000", '"1,000"', "0x10", "=1+1", "NaN", "\x001",
    ],
    "virtual_account": ["", "V" * 65, "Münster", " DEFAULT"],
    "kind": ["", "Perpetual", "perpetual ", "reporting-only", "\u0440erpetual"],
    "order": ["", "PO-1\0", " PO-1", "P" * 65],
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cell"), [(name, cell) for name, cells in BAD_CELLS.items() for cell in cells]
)
def test_a_bad_cell_is_named(column: str, cell: str) -> None:
    row = ",".join(cell if name == column else ROW.split(",")[place] for place, name in enumerate(COLUMNS))
    found = problems_in(f"{HEADER}\n{ROW}\n{row}\n")
    assert places(found) == [(3, column)]
    assert "\n" not in found[0].text


BAD_TERMS = {
    "2026-1-1,2026-12-31": "start",
    "20260101,2026-12-31": "start",
    "2026-W01-1,2026-12-31": "start",
    "2026-01-01,2026-12-31T00:00:00": "end",
    " 2026-01-01,2026-12-31": "start",
    "2026-01-01,2026-02-30": "end",
    "0000-01-01,2026-12-31": "start",
    "1999-12-31,2026-12-31": "start",
    "2026-01-01,2179-06-07": "end",
    "2026-01-01,9999-12-31": "end",
    "\u0662\u0660\u0662\u0666-01-01,2026-12-31": "start",
    "=TODAY(),2026-12-31": "start",
    "2026-01-02,2026-01-01": "end",
    "2026-01-01,": "end",
    ",2026-01-01": "start",
}


@pytest.mark.parametrize("kind", ["term", "reporting"])
@pytest.mark.parametrize("term", BAD_TERMS)
def test_a_bad_term_is_named(kind: str, term: str) -> None:
    found = problems_in(f"{HEADER}\nROUTE,3,DEFAULT,{kind},{term},PO-1\n")
    assert places(found) == [(2, BAD_TERMS[term])]


def test_the_first_and_the_last_day_that_a_code_can_name() -> None:
    (line,) = parse_order(f"{HEADER}\nROUTE,3,DEFAULT,term,2000-01-01,2179-06-06,PO-1".encode()).lines
    assert line.term == Term(DAY_ZERO, DAY_ZERO + timedelta(days=(1 << 16) - 1))


def test_what_is_only_reported_may_have_a_term_or_none() -> None:
    rows = "ROUTE,1,DEFAULT,reporting,,,PO-1\nROUTE,1,DEFAULT,reporting,2026-01-01,2026-12-31,PO-1"
    first, second = parse_order(f"{HEADER}\n{rows}".encode()).lines
    assert (first.reporting_only, second.reporting_only) == (True, True)
    assert (first.term, second.term) == (None, Term(date(2026, 1, 1), date(2026, 12, 31)))


SHAPES: dict[str, tuple[bytes | str, list[tuple[int, str | None]]]] = {
    "only white space": (" \n\t\n", [(0, None)]),
    "only a mark": ("\ufeff", [(1, None)]),
    "UTF-16": (f"{HEADER}\n{ROW}".encode("utf-16"), [(0, None)]),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", [(1, None)]),
    "an unknown column": (f"{HEADER},price\n{ROW},7", [(1, "price")]),
    "a column in capitals": (f"{HEADER.replace('tag', 'Tag')}\n{ROW}", [(1, "Tag"), (1, "tag")]),
    "a column with a space": (f"{HEADER.replace(',kind', ', kind')}\n{ROW}", [(1, " kind"), (1, "kind")]),
    "an open quote": (f'{HEADER}\n{ROW}\n"ROUTE,3,DEFAULT\n{ROW}\n', [(3, None)]),
    "text after a quote": (f'{HEADER}\n"ROUTE"S,3,DEFAULT,perpetual,,,PO-1\n{ROW}', [(2, None)]),
    "a cell beyond measure": (f"{HEADER}\n{'R' * 200_000},3,DEFAULT,perpetual,,,PO-1", [(2, None)]),
    "lines after a cell with line ends": (
        f'{HEADER}\n"RO\n\nUTE",3,DEFAULT,perpetual,,,P\n1,2', [(2, "tag"), (5, None)],
    ),
    "a cell too many": (f"{HEADER}\n{ROW},", [(2, None)]),
}  # fmt: skip


@pytest.mark.parametrize("what", SHAPES)
def test_a_file_of_another_shape_is_refused(what: str) -> None:
    content, expected = SHAPES[what]
    assert places(problems_in(content)) == expected


def test_all_problems_of_a_file_are_told_together() -> None:
    rows = f"{ROW}\n,0,DEFAULT,lifetime,,,\n{ROW}\nROUTE,3,DEFAULT,term,,,PO-1"
    found = problems_in(f"{HEADER}\n{rows}")
    assert places(found) == [
        (3, "tag"), (3, "order"), (3, "quantity"), (3, "kind"), (5, "start"), (5, "end"),
    ]  # fmt: skip
    assert str(found[-1]) == "Line 5: A term needs both its days, and the end is missing."


# --- JSON ------------------------------------------------------------------------------------------

GOOD_JSON = {
    "an array": [SOUND],
    "an object with lines": {"lines": [SOUND]},
    "empty dates": [SOUND | {"start": "", "end": ""}],
    "no dates": [{name: value for name, value in SOUND.items() if name not in {"start", "end"}}],
    "another order": [dict(reversed(SOUND.items()))],
}


@pytest.mark.parametrize("what", GOOD_JSON)
@pytest.mark.parametrize("before", ["", "\ufeff", " \r\n\t"])
def test_good_json(what: str, before: str) -> None:
    (line,) = parse_order(f"{before}{json.dumps(GOOD_JSON[what])}".encode()).lines
    assert line == OrderLine(1, "ROUTE", 3, "DEFAULT", None, False, "PO-1")


BAD_JSON: dict[str, tuple[str, list[tuple[int, str | None]]]] = {
    "nothing": ("[]", [(0, None)]),
    "no lines": ('{"lines": []}', [(0, None)]),
    "lines and more": (json.dumps({"lines": [SOUND], "total": 1}), [(0, None)]),
    "lines twice": (json.dumps({"lines": [SOUND]})[:-1] + ', "lines": []}', [(0, None)]),
    "lines that are none": ('{"lines": {"tag": "A"}}', [(0, None)]),
    "no objects": (json.dumps([SOUND, [], 7, None]), [(2, None), (3, None), (4, None)]),
    "nothing said": ("[{}]", [(1, name) for name in ("tag", "quantity", "virtual_account", "kind", "order")]),
    "a text as quantity": (json.dumps([SOUND | {"quantity": "3"}]), [(1, "quantity")]),
    "a fraction": (json.dumps([SOUND | {"quantity": 3.0}]), [(1, "quantity")]),
    "an exponent": (json.dumps([SOUND]).replace(": 3", ": 3e0"), [(1, "quantity")]),
    "no number": (json.dumps([SOUND | {"quantity": float("nan")}]), [(1, "quantity")]),
    "infinity": (json.dumps([SOUND | {"quantity": float("inf")}]), [(1, "quantity")]),
    "a negative number": (json.dumps([SOUND | {"quantity": -3}]), [(1, "quantity")]),
    "a number beyond measure": (json.dumps([SOUND]).replace(": 3", f": {'9' * 10_000}"), [(1, "quantity")]),
    "null": (json.dumps([SOUND | {"quantity": None}]), [(1, "quantity")]),
    "a truth value": (json.dumps([SOUND | {"quantity": True}]), [(1, "quantity")]),
    "a number as tag": (json.dumps([SOUND | {"tag": 7}]), [(1, "tag")]),
    "no tag": (json.dumps([SOUND | {"tag": None}]), [(1, "tag")]),
    "an object as tag": (json.dumps([SOUND | {"tag": {"tag": "A"}}]), [(1, "tag")]),
    "half a character": (json.dumps([SOUND | {"tag": "\ud800"}]), [(1, "tag")]),
    "a NUL": (json.dumps([SOUND | {"order": "PO\0"}]), [(1, "order")]),
    "an unknown member": (json.dumps([SOUND | {"\x1b[31m": 1}]), [(1, "\x1b[31m")]),
    "a member twice": (json.dumps([SOUND])[:-2] + ', "order": "PO-1"}]', [(1, "order")]),
    "a day as number": (
        json.dumps([SOUND | {"kind": "term", "start": 20260101, "end": "2026-12-31"}]), [(1, "start")],
    ),
    "something after it": (json.dumps([SOUND]) + " []", [(0, None)]),
    "single quotes": ("[{'tag': 1}]", [(0, None)]),
    "a comment": ("[] // nothing", [(0, None)]),
    "arrays without end": ("[" * 200_000, [(0, None)]),
    "objects without end": ('{"lines":' * 100_000, [(0, None)]),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_JSON)
def test_bad_json_is_refused_where_it_is_wrong(what: str) -> None:
    content, expected = BAD_JSON[what]
    assert places(problems_in(content)) == expected


# --- limits ----------------------------------------------------------------------------------------


def test_limits() -> None:
    full = f"{HEADER}\n" + f"{ROW}\n" * MAX_LINES
    assert len(parse_order(full.encode()).lines) == MAX_LINES
    assert places(problems_in(f"{full}{ROW}\n")) == [(0, None)]
    assert places(problems_in(full.replace(",3,", ",0,") + ROW))[0] == (0, None)
    assert places(problems_in("[" + "{}," * MAX_LINES + "{}]")) == [(0, None)]
    assert places(problems_in(b"x" * (MAX_BYTES + 1))) == [(0, None)]
    assert "bytes" in problems_in(full.encode().ljust(MAX_BYTES + 1))[0].text
    assert len(parse_order(f"{HEADER}\n{ROW}".encode().ljust(MAX_BYTES, b"\n")).lines) == 1


def test_very_many_problems_are_counted() -> None:
    with pytest.raises(OrderFileError) as refused:
        parse_order(f"{HEADER}\n".encode() + b"A,0,DEFAULT,perpetual,,,PO-1\n" * 2_000)
    assert refused.value.count == 2_000
    assert len(refused.value.problems) == MAX_PROBLEMS
    assert "2,000 things" in refused.value.message


def test_progress_is_told_for_every_line() -> None:
    seen: list[object] = []
    parse_order(f"{HEADER}\n{ROW}\n{ROW}\n".encode(), progress=seen.append)
    assert seen == [2, 3]


# --- properties ------------------------------------------------------------------------------------

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
DAYS = st.dates(date(2000, 1, 1), date(2179, 6, 6))
TERMS = st.tuples(DAYS, DAYS).map(lambda days: Term(min(days), max(days)))


@st.composite
def order_lines(draw: st.DrawFn) -> OrderLine:
    kind = draw(st.sampled_from(LicenseKind))
    term = {
        LicenseKind.PERPETUAL: st.none(),
        LicenseKind.TERM: TERMS,
        LicenseKind.REPORTING: st.none() | TERMS,
    }[kind]
    return OrderLine(
        line=0,
        tag=draw(TEXT),
        count=draw(st.integers(1, MAX_COUNT)),
        virtual_account=draw(TEXT),
        term=draw(term),
        reporting_only=kind is LicenseKind.REPORTING,
        order_reference=draw(TEXT),
    )


def cells_of(line: OrderLine) -> dict[str, str]:
    kind = "reporting" if line.reporting_only else "term" if line.term else "perpetual"
    start, end = (line.term.start.isoformat(), line.term.end.isoformat()) if line.term else ("", "")
    cells = (line.tag, str(line.count), line.virtual_account, kind, start, end, line.order_reference)
    return dict(zip(COLUMNS, cells, strict=True))


@given(
    st.lists(order_lines(), min_size=1, max_size=5), st.permutations(COLUMNS), st.sampled_from(["\n", "\r\n"])
)
def test_what_is_written_is_read(lines: list[OrderLine], columns: list[str], end: str) -> None:
    file = StringIO()
    writer = csv.DictWriter(file, columns, lineterminator=end)
    writer.writeheader()
    writer.writerows(cells_of(line) for line in lines)
    objects = [cells_of(line) | {"quantity": line.count} for line in lines]
    for content, first in ((file.getvalue(), 2), (json.dumps(objects), 1)):
        found = parse_order(content.encode()).lines
        assert [line.line for line in found] == list(range(first, first + len(lines)))
        assert [cells_of(line) for line in found] == [cells_of(line) for line in lines]


def require_our_answer(content: bytes) -> None:
    """Fail unless a file gives lines that codes can carry, or our own error, whose words are safe."""
    try:
        lines = parse_order(content).lines
        problems: tuple[FileProblem, ...] = ()
    except OrderFileError as error:
        lines, problems = (), error.problems
    assert bool(lines) != bool(problems)
    assert [one.line for one in problems] == sorted(one.line for one in problems)
    assert all(str(one).isprintable() and len(str(one)) < 400 for one in problems)
    for line in lines:
        assert 1 <= line.count <= MAX_COUNT
        for text in (line.tag, line.virtual_account, line.order_reference):
            assert 1 <= len(text) <= 64
            assert text.isascii() and text.isprintable()


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_get_our_answer(content: bytes) -> None:
    require_our_answer(content)
    require_our_answer(f"{HEADER}\n".encode() + content)
    require_our_answer(b"[" + content + b"]")


CELLS = st.one_of(
    st.sampled_from(["", "3", "DEFAULT", "term", "reporting", "2026-01-01", "2027-12-31", "PO-1", '"']),
    st.text(max_size=8),
)  # fmt: skip
VALUES = st.recursive(
    CELLS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(CELLS, inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(st.lists(CELLS, min_size=6, max_size=8), max_size=4))
def test_any_cells_get_our_answer(rows: list[list[str]]) -> None:
    require_our_answer("\n".join([HEADER, *(",".join(row) for row in rows)]).encode(errors="surrogatepass"))


@given(st.lists(st.dictionaries(st.sampled_from([*COLUMNS, "price"]), VALUES), max_size=4))
def test_any_objects_get_our_answer(objects: list[dict[str, object]]) -> None:
    require_our_answer(json.dumps(objects).encode())
    require_our_answer(json.dumps([SOUND | one for one in objects]).encode())
