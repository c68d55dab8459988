"""A release sheet as one HTML file that needs nothing else: it prints on A4, with the QR as a drawing."""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from cli.release_sheet import CONSENT, SIGNED_BY, Sheet
from codec import qr
from codec.grouping import grouped

if TYPE_CHECKING:
    from codec.disclosure import Section

_STYLE = """
@page { size: A4; margin: 15mm; }
body { font: 10pt/1.35 sans-serif; max-width: 180mm; margin: 0 auto; color: #000; background: #fff; }
h1 { font-size: 15pt; margin: 0 0 2mm; border-bottom: 2px solid #000; }
h2 { font-size: 12pt; margin: 6mm 0 2mm; border-bottom: 1px solid #000; }
dl { display: grid; grid-template-columns: 28mm 1fr; gap: 0.5mm 2mm; margin: 0; }
dt { color: #444; } dd { margin: 0; overflow-wrap: anywhere; }
section { break-inside: avoid; margin: 0 0 3mm; }
h3 { font-size: 10.5pt; margin: 0; display: flex; justify-content: space-between; }
h3 span { font-weight: normal; }
code, pre { font: 9.5pt/1.4 monospace; } pre { margin: 0; white-space: pre-wrap; }
ol { margin: 0; padding-left: 7mm; }
.qr svg { width: 60mm; height: 60mm; } .qr { break-inside: avoid; }
.sign dt { padding-top: 6mm; } .sign dd { border-bottom: 1px solid #000; }
.release { break-inside: avoid; }
"""


def page(sheet: Sheet) -> str:
    """Return the sheet as an HTML document; nothing in it is loaded from elsewhere, and nothing runs."""
    return "\n".join(_page(sheet)) + "\n"


def _page(sheet: Sheet) -> Iterator[str]:
    title = escape(sheet.title)
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>"
    yield f"<p>{escape(sheet.about)}</p>"
    yield from _pairs(sheet.head)
    yield "<h2>Every field, as it is in the code</h2>"
    for number, section in enumerate(sheet.sections, start=1):
        yield from _section(number, section)
    yield f"<p>{escape(sheet.sum)}</p>"
    for heading, words in sheet.remarks:
        yield f"<h2>{escape(heading)}</h2>\n<p>{escape(words)}</p>"
    yield f"<h2>The code</h2>\n<pre>{escape(grouped(sheet.code))}</pre>"
    yield f'<div class="qr">{qr.svg(sheet.code)}</div>'
    yield '<div class="release">\n<h2>Release</h2>'
    yield f"<p>{escape(CONSENT)}</p>"
    yield '<dl class="sign">'
    yield from (f"<dt>{escape(label)}</dt><dd>&nbsp;</dd>" for label in SIGNED_BY)
    yield "</dl>\n</div>\n</body>\n</html>"


def _pairs(pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield "<dl>"
    yield from (f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in pairs)
    yield "</dl>"


def _section(number: int, section: "Section") -> Iterator[str]:
    several = len(section.fields) > 1
    yield f"<section>\n<h3>{number}. {escape(section.label)} <span>{section.bits:,.1f} bits</span></h3>\n<dl>"
    yield f"<dt>Raw value</dt><dd>{_rows(section, several=several)}</dd>"
    for _, meaning in section.fields:
        name = f"<b>{escape(meaning.label)}:</b> " if several else ""
        yield f"<dt>Says</dt><dd>{name}{escape(meaning.says)}</dd>"
        yield f"<dt>Reveals</dt><dd>{name}{escape(meaning.reveals)}</dd>"
    yield "</dl>\n</section>"


def _rows(section: "Section", *, several: bool) -> str:
    names = [f"{escape(meaning.label)} " if several else "" for _, meaning in section.fields]
    rows = [
        "; ".join(f"{name}<code>{escape(value)}</code>" for name, value in zip(names, row, strict=True))
        for row in section.rows
    ]
    if not section.is_list:
        return rows[0]
    return "<ol>" + "".join(f"<li>{row}</li>" for row in rows) + "</ol>" if rows else "none"
