"""The good sample orders have the shape that the interface page gives; each bad one lacks it where it says.

What an order must look like is written here once more, independently of whatever imports it.
"""

import csv
import json
from collections.abc import Mapping
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from codec.codes import MAX_COUNT, Term, checked_text
from codec.errors import FieldError
from samples.make import SAMPLES

COLUMNS = ["tag", "quantity", "virtual_account", "kind", "start", "end", "order"]
ORDERS = SAMPLES / "orders"
EXPECTED: Mapping[str, Any] = json.loads((ORDERS / "expected.json").read_text(encoding="utf-8"))
GOOD = [name for name, order in EXPECTED.items() if order["good"]]
BAD = [name for name, order in EXPECTED.items() if not order["good"]]


class OrderError(Exception):
    """An order is not one, in this line and column; line 0 is the whole file."""

    def __init__(self, line: int, column: str | None = None) -> None:
        super().__init__(line, column)
        self.place = (line, column)


def rows_of(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OrderError(path.read_bytes()[: error.start].count(b"\n") + 1, "order") from None
    return json_rows(text) if path.suffix == ".json" else csv_rows(text)


def csv_rows(text: str) -> list[dict[str, str]]:
    header, *rows = list(csv.reader(StringIO(text, newline=""), strict=True)) or [[]]
    if not header or (header == COLUMNS and not rows):
        raise OrderError(0)
    if header != COLUMNS:
        repeated = [name for name in COLUMNS if header.count(name) > 1]
        missing = [name for name in COLUMNS if name not in header]
        few = repeated or (missing if len(missing) == 1 else [])
        raise OrderError(1, few[0] if few else None)
    for line, row in enumerate(rows, start=2):
        if len(row) != len(COLUMNS):
            raise OrderError(line)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def json_rows(text: str) -> list[dict[str, str]]:
    place = 0

    def members(pairs: list[tuple[str, object]]) -> dict[str, str]:
        nonlocal place
        place += 1
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise OrderError(place, name)
        wanted = {name: int if name == "quantity" else str for name in COLUMNS}
        for name, value in pairs:
            if value is not None and type(value) is not wanted[name]:
                raise OrderError(place, name)
        return {name: "" if value is None else str(value) for name, value in pairs}

    try:
        rows = json.loads(text, object_pairs_hook=members)
    except json.JSONDecodeError:
        raise OrderError(0) from None
    if not isinstance(rows, list):
        raise OrderError(0)
    return rows


def check(line: int, row: Mapping[str, str]) -> None:
    """Raise `OrderError` at the first cell that cannot stand."""
    try:
        checked_text("tag", row["tag"])
    except FieldError:
        raise OrderError(line, "tag") from None
    quantity = row["quantity"]
    if not (quantity.isascii() and quantity.isdigit() and 1 <= int(quantity) <= MAX_COUNT):
        raise OrderError(line, "quantity")
    if row["kind"] not in {"perpetual", "term", "reporting"}:
        raise OrderError(line, "kind")
    if row["kind"] == "perpetual":
        if row["start"] or row["end"]:
            raise OrderError(line, "start")
        return
    days = {}
    for column in ("start", "end"):
        try:
            days[column] = date.fromisoformat(row[column])
        except ValueError:
            raise OrderError(line, column) from None
    try:
        Term(days["start"], days["end"])
    except FieldError:
        raise OrderError(line, "end") from None


def read(name: str) -> int:
    """Check a whole order and return its number of rows."""
    first = 1 if name.endswith(".json") else 2
    rows = rows_of(ORDERS / name)
    for line, row in enumerate(rows, start=first):
        check(line, row)
    return len(rows)


def test_every_order_is_accounted_for() -> None:
    present = {path.name for path in ORDERS.iterdir()} - {"expected.json"}
    assert present == set(EXPECTED)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_order_can_be_read(name: str) -> None:
    assert read(name) == EXPECTED[name]["rows"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_order_is_wrong_where_it_says(name: str) -> None:
    with pytest.raises(OrderError) as wrong:
        read(name)
    assert wrong.value.place == (EXPECTED[name]["line"], EXPECTED[name]["column"])
