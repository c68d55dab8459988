"""Order files: what a vendor sends when licences were bought. Good ones, and ones with one mistake each.

An order is CSV with the header `tag,quantity,virtual_account,kind,start,end,order` (kind: perpetual, term or
reporting), or the same as a JSON array of objects. `orders/expected.json` says of each file whether it can be
imported, how many rows it has, and for a bad one what is wrong in which line.
"""

import csv
import json
from dataclasses import dataclass
from io import StringIO
from typing import Final

from samples.code_files import Files, as_json

COLUMNS: Final = ("tag", "quantity", "virtual_account", "kind", "start", "end", "order")

Row = tuple[str, str, str, str, str, str, str]

_ORDER: Final = "SO-2026-00417"
_FIRST: Final[tuple[Row, ...]] = (
    ("UNIVERSAL", "5", "DEFAULT", "term", "2026-03-16", "2027-03-15", _ORDER),
    ("ROUTER-BR-STANDARD", "120", "DEFAULT", "perpetual", "", "", _ORDER),
    ("ROUTER-BR-SEC", "80", "DEFAULT", "term", "2026-03-16", "2029-03-15", _ORDER),
    ("ROUTER-BR-WAN-200M", "160", "DEFAULT", "term", "2026-03-16", "2029-03-15", _ORDER),
    ("ROUTER-CORE-PREMIER", "4", "DEFAULT", "perpetual", "", "", _ORDER),
    ("ROUTER-CORE-100G", "64", "DEFAULT", "perpetual", "", "", _ORDER),
    ("NVR-STANDARD", "30", "SITE-NORTH", "perpetual", "", "", _ORDER),
    ("NVR-CH-64", "30", "SITE-NORTH", "perpetual", "", "", _ORDER),
    ("NVR-FACE", "90", "SITE-NORTH", "term", "2026-04-01", "2027-03-31", _ORDER),
    ("LAB-RACK-STANDARD", "12", "SITE-SOUTH", "perpetual", "", "", _ORDER),
    ("LAB-RACK-SLOT-16", "12", "SITE-SOUTH", "term", "2028-02-29", "2029-02-28", _ORDER),
    ("FIREWALL-1G", "1", "DEFAULT", "reporting", "2026-03-16", "2027-03-15", _ORDER),
)
_RENEWAL: Final[tuple[Row, ...]] = (
    ("UNIVERSAL", "5", "DEFAULT", "term", "2027-03-16", "2028-03-15", "SO-2027-00102"),
    ("NVR-FACE", "120", "SITE-NORTH", "term", "2027-04-01", "2030-03-31", "SO-2027-00102"),
    ("FIREWALL-1G", "1", "DEFAULT", "reporting", "2027-03-16", "2028-03-15", "SO-2027-00102"),
)
_HOSTILE: Final[tuple[Row, ...]] = (
    ("=HYPERLINK(1)", "1", "DEFAULT", "perpetual", "", "", "@SUM(1+1)*cmd|' /C calc'!A0"),
    ("<b>bold</b>&amp;", "1", "DEFAULT", "perpetual", "", "", '"quoted", with commas'),
    ("'; DROP TABLE lot; --", "1", "DEFAULT", "perpetual", "", "", "-1+1"),
)
_SOUND: Final[Row] = ("NVR-STANDARD", "3", "DEFAULT", "perpetual", "", "", "SO-2026-00500")


@dataclass(frozen=True, slots=True)
class Order:
    """One order file.

    Attributes:
        name: With its ending.
        what: What is special about it.
        content: The file.
        rows: How many rows a good one has.
        line: Of a bad one, the line at fault (from 1; in JSON the number of the object), 0 for the whole.
        column: Of a bad one, the column at fault, or None.
    """

    name: str
    what: str
    content: bytes
    rows: int = 0
    line: int | None = None
    column: str | None = None


def order_files() -> Files:
    """Yield every order file, and what to expect of each."""
    orders = (*_good_orders(), *_bad_rows(), *_bad_shapes(), *_bad_json())
    for order in orders:
        yield f"orders/{order.name}", order.content
    yield "orders/expected.json", as_json({order.name: _expected(order) for order in orders})


def _expected(order: Order) -> dict[str, object]:
    if order.line is None:
        return {"good": True, "what": order.what, "rows": order.rows}
    return {"good": False, "what": order.what, "line": order.line, "column": order.column}


def written(*rows: Row, header: tuple[str, ...] = COLUMNS, delimiter: str = ",", end: str = "\n") -> str:
    """Write rows as CSV, below a header."""
    file = StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def _good_orders() -> tuple[Order, ...]:
    objects = [
        {
            name: int(cell) if name == "quantity" else cell or None
            for name, cell in zip(COLUMNS, row, strict=True)
        }
        for row in _RENEWAL
    ]
    spreadsheet = "\ufeff" + written(*_FIRST, end="\r\n")
    return (
        Order(
            "first-order.csv",
            "Every kind of licence, for three Virtual Accounts.",
            written(*_FIRST).encode(),
            12,
        ),
        Order("renewal.json", "Three lots for the year after, as JSON.", as_json(objects), 3),
        Order("spreadsheet.csv", "Byte order mark and Windows line ends.", spreadsheet.encode(), 12),
        Order(
            "hostile-but-valid.csv",
            "Formulas, markup and SQL: printable ASCII, so imported as it is, and harmless when shown.",
            written(*_HOSTILE).encode(),
            3,
        ),
    )


def _bad_rows() -> tuple[Order, ...]:
    """Each has a sound row first and the bad one in line 3, so that a half-done import would show."""
    cases: tuple[tuple[str, str, str, Row], ...] = (
        ("unknown-kind", "kind", "There is no such kind.", _but(kind="lifetime")),
        ("zero-quantity", "quantity", "Nothing is ordered.", _but(quantity="0")),
        ("negative-quantity", "quantity", "Less than nothing is ordered.", _but(quantity="-5")),
        ("fractional-quantity", "quantity", "Half a licence.", _but(quantity="2.5")),
        ("too-large-quantity", "quantity", "No code can carry a count of 2^24.", _but(quantity="16777216")),
        ("foreign-digits", "quantity", "Digits, but not ASCII ones.", _but(quantity="\u0661\u0662")),
        ("term-without-dates", "start", "A term needs both dates.", _but(kind="term")),
        ("term-without-end", "end", "A term needs both dates.", _but(kind="term", start="2026-03-16")),
        (
            "perpetual-with-dates",
            "start",
            "Perpetual has no dates.",
            _but(start="2026-03-16", end="2027-03-15"),
        ),
        ("end-before-start", "end", "Ends first.", _but(kind="term", start="2026-03-16", end="2026-03-15")),
        ("local-date", "start", "Not an ISO date.", _but(kind="term", start="16.03.2026", end="15.03.2027")),
        (
            "no-such-day",
            "end",
            "There is no 29 February 2027.",
            _but(kind="term", start="2026-03-01", end="2027-02-29"),
        ),
        ("empty-tag", "tag", "No tag.", _but(tag="")),
        ("long-tag", "tag", "65 characters; a code carries 64.", _but(tag="X" * 65)),
        ("escape-in-tag", "tag", "A terminal escape.", _but(tag="NVR-\x1b[31mRED")),
        ("unicode-tag", "tag", "A letter outside ASCII.", _but(tag="NVR-\u00dcBER")),
    )
    return tuple(
        Order(f"bad-{name}.csv", what, written(_SOUND, row).encode(), line=3, column=column)
        for name, column, what, row in cases
    )


def _but(**cells: str) -> Row:
    """Return the sound row with other cells."""
    tag, quantity, account, kind, start, end, order = (
        cells.get(name, cell) for name, cell in zip(COLUMNS, _SOUND, strict=True)
    )
    return tag, quantity, account, kind, start, end, order


def _bad_shapes() -> tuple[Order, ...]:
    latin = written(_SOUND).replace("SO-2026", "B\u00fcro").encode("latin-1")
    return (
        Order("bad-empty.csv", "Nothing at all.", b"", line=0),
        Order("bad-header-only.csv", "A header and no row.", written().encode(), line=0),
        Order("bad-no-header.csv", "No header.", written(_SOUND).partition("\n")[2].encode(), line=1),
        Order(
            "bad-missing-column.csv",
            "The header lacks kind.",
            written(header=tuple(name for name in COLUMNS if name != "kind")).encode(),
            line=1,
            column="kind",
        ),
        Order(
            "bad-repeated-column.csv",
            "The header has quantity twice.",
            written(header=(*COLUMNS, "quantity")).encode(),
            line=1,
            column="quantity",
        ),
        Order("bad-semicolons.csv", "Semicolons.", written(_SOUND, delimiter=";").encode(), line=1),
        Order(
            "bad-short-row.csv",
            "A row with four cells.",
            f"{written(_SOUND)}NVR-FACE,1,DEFAULT,term\n".encode(),
            line=3,
        ),
        Order(
            "bad-long-row.csv",
            "A row with eight cells.",
            f"{written(_SOUND)}A,1,B,term,,,C,D\n".encode(),
            line=3,
        ),
        Order("bad-not-utf-8.csv", "Latin-1, not UTF-8.", latin, line=2, column="order"),
    )


def _bad_json() -> tuple[Order, ...]:
    sound = json.dumps(dict(zip(COLUMNS, _SOUND, strict=True)) | {"quantity": 3})
    twice = sound.replace('"quantity": 3', '"quantity": 3, "quantity": 3000')
    return (
        Order("bad-cut-off.json", "The end is missing.", f"[{sound}, {sound[:40]}".encode(), line=0),
        Order("bad-not-a-list.json", "An object where a list is expected.", f"{sound}\n".encode(), line=0),
        Order(
            "bad-member-twice.json",
            "A quantity of 3 and of 3,000.",
            f"[{twice}]\n".encode(),
            line=1,
            column="quantity",
        ),
        Order(
            "bad-text-quantity.json",
            "A quantity as a truth value.",
            f"[{sound.replace(': 3', ': true')}]\n".encode(),
            line=1,
            column="quantity",
        ),
    )
