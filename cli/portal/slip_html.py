"""Slips as HTML that needs nothing else: each authorization on a page of A4, with its QR as a drawing.

Scope: one page, or many after each other; a document of thousands is written piece by piece.
"""

from collections.abc import Iterator
from html import escape

from cli.portal.slip_page import COMPARE, HEAD, INSTALL, Slip
from codec import qr
from codec.errors import QrError
from codec.grouping import grouped

_STYLE = """
@page { size: A4; margin: 15mm; }
body { font: 10pt/1.35 sans-serif; max-width: 180mm; margin: 0 auto; color: #000; background: #fff; }
section { break-after: page; } section:last-child { break-after: auto; }
h1 { font-size: 14pt; margin: 0 0 3mm; border-bottom: 2px solid #000; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: 34mm 1fr; gap: 0.5mm 2mm; margin: 0 0 3mm; }
dt { color: #444; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 0 0 3mm; } td, th { text-align: left; padding: 0.3mm 4mm 0.3mm 0; }
th { border-bottom: 1px solid #000; }
pre { font: 9.5pt/1.4 monospace; margin: 0; }
.code { display: flex; gap: 8mm; align-items: flex-start; break-inside: avoid; }
.code svg { width: 75mm; height: 75mm; }
"""


def document(page: Slip) -> str:
    """Return one slip as a document."""
    return f"{beginning('Slip')}{section(page)}{ENDING}"


def beginning(title: str) -> str:
    """Return how a document begins; nothing in it is loaded from elsewhere, and nothing runs."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )


ENDING = "</body>\n</html>\n"


def section(page: Slip) -> str:
    """Return one slip as a part of a document."""
    return "\n".join(_section(page)) + "\n"


def closing_section(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return labels and values that stand at the end of a document of many slips."""
    return f"<section>\n<h1>End of the batch</h1>\n{_pairs(pairs)}\n</section>\n"


def _section(page: Slip) -> Iterator[str]:
    yield f"<section>\n<h1>{escape(page.title)}</h1>"
    yield _pairs(page.pairs)
    yield f"<table>\n{_row('th', HEAD)}"
    yield from (_row("td", cells) for cells in page.lines)
    yield f"</table>\n<p>{escape(INSTALL)} {escape(COMPARE)}</p>"
    yield f'<div class="code"><pre>{escape(grouped(page.code))}</pre>{_drawing(page.code)}</div>\n</section>'


def _drawing(code: str) -> str:
    try:
        return qr.svg(code)
    except QrError as error:
        return f"<p>{escape(error.message)}</p>"


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return (
        f"<dl>{''.join(f'<dt>{escape(label)}</dt><dd>{escape(value)}</dd>' for label, value in pairs)}</dl>"
    )


def _row(cell: str, cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(each)}</{cell}>' for each in cells)}</tr>"
