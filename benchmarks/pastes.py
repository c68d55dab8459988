"""The marks that programs leave on a code that is pasted, mailed, printed or scanned."""

from collections.abc import Callable, Mapping
from html import escape
from quopri import encodestring
from typing import Final
from urllib.parse import quote

from codec.grouping import grouped, groups_of

Paste = Callable[[str], str]


def _wrapped(code: str, width: int = 64) -> list[str]:
    return [code[start : start + width] for start in range(0, len(code), width)]


def _lines(code: str) -> list[str]:
    return grouped(code).split("\n")


def _bare_lines(code: str) -> list[str]:
    return [line.split(": ")[1] for line in _lines(code)]


def _joined(separator: str) -> Paste:
    return lambda code: separator.join(groups_of(code))


def _by_line(before: str, after: str = "") -> Paste:
    return lambda code: "\n".join(f"{before}{line}{after}" for line in _lines(code))


def _wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def _with_reply(code: str) -> str:
    lines = [f"> {line}" for line in _lines(code)]
    said = "On Tue, 3 Mar 2026 at 10:32 Bob Miller <bob@example.com> wrote:"
    return "\n".join(
        ["Hello Alice,", "", said, *lines[:4], "", "I could not read the rest, is it this?", "", *lines[4:]]
    )


def _chat(code: str) -> str:
    lines = enumerate(_bare_lines(code))
    return "\n".join(f"[10:{32 + minute}, 3/4/2026] Bob Miller: {line}" for minute, line in lines)


def _pdf_pages(code: str) -> str:
    lines = [f"{number} {line}" for number, line in enumerate(_bare_lines(code), 1)]
    return "\n".join([*lines[:5], "Page 1 of 2", "", "Reservation slip", *lines[5:], "Page 2 of 2"])


PASTES: Final[Mapping[str, Paste]] = {
    "as it is": lambda code: code,
    "lower case, o for 0, l for 1": lambda code: code.lower().replace("0", "o").replace("1", "l"),
    "groups of four": _joined(" "),
    "numbered lines": grouped,
    "wrapped at 64": lambda code: "\n".join(_wrapped(code)),
    "wrapped at 76, Windows line ends": lambda code: "\r\n".join(_wrapped(code, 76)),
    "quoted mail": lambda code: "\n".join(f"> {line}" for line in _wrapped(code)),
    "quoted four times, ragged": lambda code: "\n".join(f">> > >{line}" for line in _wrapped(code, 71)),
    "a reply between its lines": _with_reply,
    "a greeting and a signature": lambda code: f"Dear Bob, here is the code: {code}\nRegards,\nAlice",
    "smart dashes": _joined("\u2013"),
    "em dashes and spaces": _joined(" \u2014 "),
    "smart quotes": lambda code: f"\u201c{code}\u201d",
    "no-break spaces": _joined("\u00a0"),
    "zero-width spaces": "\u200b".join,
    "soft hyphens": lambda code: "\u00ad".join(groups_of(code)),
    "byte order and direction marks": lambda code: f"\ufeff\u202a{code}\u202c",
    "full width": lambda code: _wide(grouped(code)),
    "auto-correct: first letter, full stop, ellipsis": lambda code: f"{code[0]}{code[1:].lower()}. \u2026",
    "Markdown fence": lambda code: f"```text\n{code}\n```",
    "Markdown bold": lambda code: f"**{code}**",
    "Markdown quote, escaped dashes": lambda code: "> " + "\\-".join(groups_of(code)),
    "Markdown list": lambda code: "\n".join(f"- `{line}`" for line in _bare_lines(code)),
    "Markdown numbered list": lambda code: "\n".join(
        f"{n}. {line}" for n, line in enumerate(_bare_lines(code), 1)
    ),
    "Markdown table": lambda code: "\n".join(
        f"| {number.strip()}: | {line} |" for number, line in (each.split(": ") for each in _lines(code))
    ),
    "URL-encoded": lambda code: quote(" ".join(groups_of(code))),
    "URL-encoded twice": lambda code: quote(quote("\n".join(_wrapped(code)))),
    "HTML line breaks": lambda code: f"<p>{'<br>'.join(_bare_lines(code))}</p>",
    "HTML entities": lambda code: "&nbsp;".join(groups_of(code)) + "&#8203;",
    "HTML mail": lambda code: (
        f'<div style="font:12px">Dear Bob,<br/>\n<pre>{escape(grouped(code))}</pre></div>'
    ),
    "quoted-printable": lambda code: encodestring("\u2013".join(groups_of(code)).encode()).decode(),
    "quoted-printable, soft breaks": lambda code: "=\r\n".join(_wrapped(code, 73)),
    "spreadsheet cell": lambda code: f"'{code}",
    "spreadsheet formula": lambda code: f'="{code}"',
    "spreadsheet row": lambda code: "\t".join(groups_of(code)),
    "comma-separated": lambda code: ",".join(f'"{group}"' for group in groups_of(code)),
    "JSON": lambda code: f'{{"code": "{code}", "kind": "authorization"}}',
    "PDF with line numbers, two pages": _pdf_pages,
    "line numbers without a colon": lambda code: "\n".join(
        f"{number:>2} {line}" for number, line in enumerate(_bare_lines(code), 1)
    ),
    "line numbers, joined": lambda code: " ".join(grouped(code).split()),
    "chat, a time before each line": _chat,
    "chat, bold and code": lambda code: f"*Code:* `{code}` \U0001f44d",
    "brackets": lambda code: f"[{code}]",
    "angle brackets": lambda code: f"<{code}>",
    "a terminal's prompt": lambda code: f"$ tallystick device install {code}\n$",
    "shell continuation": lambda code: " \\\n".join(_wrapped(code, 60)),
    "bullets": _by_line("\u2022 "),
    "bars": _by_line("\u2502 ", " \u2502"),
    "twice": lambda code: f"{code}\n\n{code}\n",
}
