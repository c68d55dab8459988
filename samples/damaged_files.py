"""Sample codes as people, mail programs and forgers leave them, and what a reader must make of each.

"accepted": read without a word. "repaired": read, naming the groups that were wrong. "refused": with an error
of that class. The reader is one who expects the undamaged code: it has that code's request and keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from codec.codes import Authorization, Request
from codec.envelope import to_text
from codec.grouping import GROUP_CHARACTERS, grouped, groups_of
from codec.wire import encode_payload
from samples.code_files import Files, as_json
from samples.story import Story


@dataclass(frozen=True, slots=True)
class Damaged:
    """One damaged code.

    Attributes:
        name: In kebab-case; also the name of its file.
        what: What happened to it.
        code: Name of the code that the reader expects.
        text: What the reader gets.
        groups: Numbers of the groups that are named as repaired.
        error: Class of the refusal, or None.
    """

    name: str
    what: str
    code: str
    text: str
    groups: tuple[int, ...] = ()
    error: str | None = None

    @property
    def expect(self) -> str:
        """What a reader must do."""
        if self.error:
            return "refused"
        return "repaired" if self.groups else "accepted"


def damaged_files(story: Story) -> Files:
    """Yield every damaged code, with its sidecar."""
    for source in (_typed, _mailed, _pasted, _beyond_repair, _not_genuine):
        for case in source(story):
            yield f"damaged/{case.name}.txt", case.text.encode()
            yield f"damaged/{case.name}.json", as_json(_sidecar(case))


def _sidecar(case: Damaged) -> dict[str, object]:
    return {
        "what": case.what,
        "code": case.code,
        "expect": case.expect,
        "groups": case.groups,
        "error": case.error,
    }


def mistyped(text: str, *positions: int) -> str:
    """Return the code with another character at each of these positions (from 0; below 0 from the end)."""
    characters = list(text)
    for position in positions:
        characters[position] = "K" if characters[position] == "7" else "7"
    return "".join(characters)


def _typed(story: Story) -> Iterator[Damaged]:
    """Type from paper."""
    name = "authorization-small"
    text = story.code(name).code.text
    yield Damaged("typed-in-lines", "Typed with spaces and line numbers, as printed.", name, grouped(text))
    look_alikes = text.lower().replace("0", "o").replace("1", "l", 1).replace("1", "i")
    yield Damaged("typed-look-alikes", "Lower case, o for 0, l and i for 1.", name, look_alikes)
    one = mistyped(text, 21)
    yield Damaged("typed-one-wrong", "One wrong character.", name, grouped(one), groups=(6,))
    four = mistyped(text, 10, 33, 34, 77)
    yield Damaged("typed-four-wrong", "Four wrong characters.", name, four.lower(), groups=(3, 9, 20))
    yield Damaged("typed-letter-u", "A U, which no code has.", name, f"{text[:9]}U{text[10:]}", groups=(3,))
    arabic = f"{text[:9]}\u0663{text[10:]}"
    yield Damaged("typed-arabic-digit", "An Arabic digit three.", name, arabic, groups=(3,))
    short = grouped(f"{text[:41]}{text[42:]}")
    yield Damaged("typed-one-missing", "One character left out.", name, short, groups=(11,))
    twice = f"{text[:41]}{text[40:]}"
    yield Damaged("typed-one-twice", "One character typed twice.", name, twice, groups=(11,))
    without = f"{text[:24]}{text[28:]}"
    yield Damaged("typed-group-missing", "A group left out.", name, without, groups=(7,))
    lines = grouped(text).split("\n")
    lines[1], lines[3] = lines[3], lines[1]
    yield Damaged("typed-lines-swapped", "Two lines swapped.", name, "\n".join(lines), groups=(2,))
    parity = mistyped(text, -1, -2, -3, -4, -5)
    first = len(groups_of(text)) - 1
    yield Damaged(
        "typed-parity-wrong",
        "Five wrong characters, all in the parity.",
        name,
        parity,
        groups=(first, first + 1),
    )


def _mailed(story: Story) -> Iterator[Damaged]:
    """Send by mail."""
    name = "request-wanted"
    text = story.code(name).code.text
    wrapped = [text[start : start + 64] for start in range(0, len(text), 64)]
    quoted = "\n".join(f"> > {line}" for line in wrapped)
    yield Damaged("mailed-quoted", "Wrapped at 64 and quoted twice.", name, quoted)
    dashes = "\u2013".join(groups_of(text))
    yield Damaged("mailed-dashes", "Groups joined by what a mail program made of hyphens.", name, dashes)
    spaces = "\r\n".join(line.replace("7", "7\u00a0").replace("4", "\u200b4") for line in wrapped)
    yield Damaged("mailed-spaces", "No-break and zero-width spaces, Windows line ends.", name, spaces)
    letter = f"Dear Bob,\n\nhere it is:\n{grouped(text)}\n\nRegards,\nAlice"
    yield Damaged("mailed-in-a-letter", "Between a greeting and a signature.", name, letter)
    cut = "\n".join(f"> {line}" for line in wrapped)[:-6]
    last = (len(text) - 6) // GROUP_CHARACTERS + 1
    yield Damaged("mailed-cut-off", "The last six characters cut off.", name, cut, groups=(last,))
    both = mistyped(text, 5, 130)
    lines = "\n".join(f"> {both[start : start + 72]}" for start in range(0, len(both), 72))
    yield Damaged(
        "mailed-and-mistyped", "Quoted, wrapped, and two wrong characters.", name, lines, groups=(2, 33)
    )


def _pasted(story: Story) -> Iterator[Damaged]:
    """Paste out of a chat, a word processor, a spreadsheet, a browser."""
    name = "return-installed"
    text = story.code(name).code.text
    yield Damaged("pasted-markdown", "A Markdown code fence.", name, f"```\n{text}\n```\n")
    yield Damaged("pasted-bold", "Bold, in curly quotes.", name, f"**\u201c{text}\u201d**")
    yield Damaged("pasted-spreadsheet", "A spreadsheet cell: apostrophe and quotes.", name, f'\'"{text}"\t')
    wide = "".join(chr(ord(character) + 0xFEE0) for character in text)
    yield Damaged("pasted-full-width", "Full-width characters of an East Asian keyboard.", name, wide)
    encoded = quote(quote(" ".join(groups_of(text))))
    yield Damaged("pasted-url", "URL-encoded twice.", name, encoded)


def _beyond_repair(story: Story) -> Iterator[Damaged]:
    """Damage beyond repair."""
    name = "confirmation-first"
    text = story.code(name).code.text
    refused = "malformed"
    ten = mistyped(text, *range(3, 63, 6))
    yield Damaged("lost-ten-wrong", "Ten wrong characters, spread out.", name, ten, error=refused)
    yield Damaged("lost-half", "The second half is missing.", name, text[: len(text) // 2], error=refused)
    yield Damaged("lost-empty", "Nothing but white space.", name, " \n\t\n", error=refused)
    yield Damaged("lost-other-text", "A sentence.", name, "The code follows in a second mail.", error=refused)


def _not_genuine(story: Story) -> Iterator[Damaged]:
    """Make what reads well and must not be believed."""
    name = "authorization-small"
    genuine = story.code(name).code
    request = story.code("request-specific").code.value
    assert isinstance(genuine.value, Authorization)
    assert isinstance(request, Request)
    more = replace(genuine.value, lines=tuple(replace(line, count=1000) for line in genuine.value.lines))
    forged = to_text(encode_payload(more), genuine.signature)
    refused = "not-genuine"
    yield Damaged("forged-count", "The count raised, parity made to fit.", name, forged, error=refused)
    other = story.code("authorization-update").code.text
    yield Damaged(
        "forged-other-device", "Genuine, for another device.", "authorization-universal", other, error=refused
    )
    stranger = story.code("authorization-stranger").code.text
    yield Damaged("forged-stranger", "Signed by the issuer of another portal.", name, stranger, error=refused)
    newer = to_text(bytes((genuine.payload[0] + 1,)) + genuine.payload[1:], genuine.signature)
    yield Damaged("newer-version", "Format version 2.", name, newer, error="newer-version")
    kind = story.code("request-specific").code.text
    yield Damaged("wrong-kind", "The request in place of its authorization.", name, kind, error="wrong-kind")
    weak = to_text(encode_payload(replace(request, device_key=bytes(32))), genuine.signature)
    yield Damaged(
        "weak-key", "A request with a key of small order.", "request-specific", weak, error="bad-key"
    )
