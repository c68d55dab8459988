"""Make the parts of the pages in docs/spec that are computed: tables of weights and the examples.

    python -m samples.specification

Between ``<!-- made: NAME -->`` and ``<!-- end -->`` stands what `PARTS` makes; the rest is written by hand. A
test fails when a part is not what the code makes.
"""

import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from codec import fields, lines, wire
from codec.alphabet import to_bytes, to_number
from codec.codes import KIND_OF, Authorization, Kind
from codec.cose import to_cose
from codec.digits import DigitSource, Point
from codec.envelope import external_aad, sig_structure
from codec.fields import Choice, Flag, Magnitude
from codec.galois import times
from codec.grouping import grouped
from codec.parity import FIRST_ROOT, PARITY_CHARACTERS, parity_of
from codec.words import words_of
from samples.accepted_vectors import ASKED, AUTHORIZATION, AUTHORIZED
from samples.short_vectors import PARTS as SHORT_PARTS
from samples.vectors import DEVICE, ISSUER, PORTAL_ID

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "spec" / "code-v1.md"
SHORT_PAGE: Final = PAGE.with_name("short-v1.md")
MADE_PART: Final = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

#: Name in the specification → the weights that the code uses.
WEIGHTS: Final[dict[str, Choice | Magnitude]] = {
    "EXTENSION": wire.EXTENSION,
    "RARELY": wire.RARELY,
    "MOSTLY": wire.MOSTLY,
    "CHARACTER-SET": fields.CHARACTER_SET,
    "CATALOGUE-SIZE": wire.CATALOGUE_SIZE,
    "FEW": wire.FEW,
    "CODE-NUMBER": wire.CODE_NUMBER,
    "EPOCH": wire.EPOCH,
    "NUMBER": wire.NUMBER,
    "LAST-NUMBER": wire.LAST_NUMBER,
    "SERIAL": wire.SERIAL,
    "REVOKED": wire.REVOKED,
    "NUMBERED": lines.NUMBERED,
    "SPELLED": lines.SPELLED,
    "LAST-POSITION": lines.LAST_POSITION,
    "SHARED": lines.SHARED,
    "LINES-OF-TAG": lines.LINES_OF_TAG,
    "COUNT": lines.COUNT,
    "FIRST-TERM": lines.FIRST_TERM,
    "SECOND-TERM": lines.SECOND_TERM,
    "LATER-TERM": lines.LATER_TERM,
    "STARTS-AT-ISSUE": lines.STARTS_AT_ISSUE,
    "OFFSET": lines.OFFSET,
    "YEARS": lines.YEARS,
    "DAYS-LONG": lines.DAYS_LONG,
    "FLAGS": lines.FLAGS,
}


def weights_of(field: Choice | Magnitude) -> tuple[int, ...]:
    """Return the weights of a field, by index or octave."""
    return tuple(size for _, size, _ in field.spans)


def _weights() -> str:
    """Write one row for each table of weights."""
    rows = ["| name | form | weights | total | values |", "|---|---|---|---|---|"]
    for name, field in WEIGHTS.items():
        weights = weights_of(field)
        cells = (name, _form(field), _abbreviated(weights), str(sum(weights)), _range(field, weights))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _form(field: Choice | Magnitude) -> str:
    if isinstance(field, Magnitude):
        return "magnitude" if field.first else "shifted"
    return "flag" if isinstance(field, Flag) else "choice"


def _range(field: Choice | Magnitude, weights: tuple[int, ...]) -> str:
    if isinstance(field, Flag):
        return "no, yes"
    if isinstance(field, Choice):
        return f"0 to {len(weights) - 1}"
    return f"{field.first} to {(1 << len(weights)) - 2 + field.first:,}"


def _abbreviated(weights: tuple[int, ...]) -> str:
    """Write runs of four or more equal weights as ``weight×length``."""
    runs: list[tuple[int, int]] = []
    for weight in weights:
        if runs and runs[-1][0] == weight:
            runs[-1] = (weight, runs[-1][1] + 1)
        else:
            runs.append((weight, 1))
    return ", ".join(
        f"{weight}×{length}" if length > 3 else ", ".join([str(weight)] * length) for weight, length in runs
    )


# --- kinds and parity ----------------------------------------------------------------------------------


def _kinds() -> str:
    names = {kind: value.__name__.lower() for value, kind in KIND_OF.items()}
    rows = ["| letter | kind | kind byte in version 1 |", "|---|---|---|"]
    rows += [f"| `{kind.value}` | {names[kind]} | `{wire.kind_byte(kind):02x}` |" for kind in Kind]
    return "\n".join(rows) + "\n"


def _parity() -> str:
    """Write the generator polynomial, worked out by schoolbook multiplication, and some parities."""
    coefficients = [1]
    root = 1
    for _ in range(FIRST_ROOT, FIRST_ROOT + PARITY_CHARACTERS // 2):
        root = times(root, 2)
        above, below = [0, *coefficients], [times(each, root) for each in coefficients]
        coefficients = [high ^ low for high, low in zip(above, [*below, 0], strict=True)]
    powers = [f"{coefficient} x^{power}" for power, coefficient in enumerate(coefficients)][::-1]
    rows = [f"g(x) = {' + '.join(powers)}", "", "body        parity"]
    rows += [f"{body:<10}  {parity_of(body)}" for body in ("00", "01", "Q4", "ZZZZ")]
    return (
        "```text\n"
        + "\n".join(rows).replace("1 x^8", "x^8").replace(" x^0", "").replace("x^1 ", "x ")
        + "\n```\n"
    )


# --- examples ------------------------------------------------------------------------------------------


def _example(text: str) -> Callable[[], str]:
    return lambda: f"```text\n{grouped(text)}\n```\n"


def _hex(*parts: bytes) -> str:
    """Write bytes as lines of 32."""
    digits = b"".join(parts).hex()
    return "\n".join(digits[at : at + 64] for at in range(0, len(digits), 64))


class _Tracing(DigitSource):
    """A source that notes each digit: how it was taken, what it was, what number was left."""

    __slots__ = ("notes",)

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.notes: list[tuple[str, int, int]] = []

    def take(self, radix: int) -> int:
        """Return the next value, and note it; a radix of 1 takes nothing."""
        value = super().take(radix)
        if radix > 1:
            self.notes.append(
                (f"uniform({radix:,})" if radix < 1 << 20 else _power(radix), value, self._number)
            )
        return value

    def take_span(self, points: tuple[Point, ...]) -> int:
        """Return which possibility comes next, and note it."""
        value = super().take_span(points)
        self.notes.append((f"total {len(points)}", value, self._number))
        return value


def _power(radix: int) -> str:
    return f"uniform(2^{radix.bit_length() - 1})"


#: What each digit of the worked example is, in order; digits of radix 1 take nothing and are left out.
_DIGITS: Final = (
    "EXTENSION: none",
    "issuer hint: 0x52",
    "request hint: 0x6824",
    "issued at: minute of 2026-03-02 09:30",
    "EPOCH, octave 0: 0",
    "NUMBER, octave 0: 1",
    "NUMBERED, octave 2",
    "its low bits: 2^2 + 0 − 1 = 3 numbered tags",
    "SPELLED, octave 0: none",
    "LAST-POSITION, octave 3",
    "its low bits: 2^3 + 0 − 1 = 7",
    "first gap, steps of 1: no step, so position 0",
    "second gap, steps of 2: one step",
    "second gap, steps of 2: another",
    "second gap, steps of 2: no more",
    "second gap, rest: position 1 + 2 · 2 + 1 = 6",
    "tag 0: LINES-OF-TAG, octave 0: one line",
    "COUNT, octave 0: 1",
    "FIRST-TERM: perpetual",
    "FLAGS: none",
    "tag 6: LINES-OF-TAG, octave 0: one line",
    "COUNT, octave 5",
    "its low bits: 2^5 + 8 = 40",
    "FIRST-TERM: new",
    "STARTS-AT-ISSUE: yes",
    "YEARS: 3, from 2026-03-02 to 2029-03-01",
    "FLAGS: none",
    "tag 7: LINES-OF-TAG, octave 0: one line",
    "COUNT, octave 7",
    "its low bits: 2^7 + 122 = 250",
    "SECOND-TERM: the latest",
    "FLAGS: none",
)


def trace() -> list[tuple[str, str, int, int]]:
    """Take the worked example's digits one by one.

    Returns:
        For each digit: what it is, how it is taken, its value, the number that is left.

    Raises:
        ValueError: When the descriptions above do not fit the digits any more.
    """
    source = _Tracing(int.from_bytes(AUTHORIZED.payload[1:], "big"))
    wire.EXTENSION.take(source)
    value: Authorization = wire.LAYOUTS[Kind.AUTHORIZATION].take(source)
    if value != AUTHORIZATION or not source.exhausted or len(source.notes) != len(_DIGITS):
        raise ValueError("the worked example is another one now: describe its digits anew")
    return [(what, *note) for what, note in zip(_DIGITS, source.notes, strict=True)]


def _worked_text() -> str:
    text, data = AUTHORIZED.text, AUTHORIZED.payload + AUTHORIZED.signature
    if to_bytes(text[:-16]) != data or text[-16:] != parity_of(text[:-16]):
        raise ValueError("the example does not read as its own bytes")
    symbols = ", ".join(str(to_number(text[at : at + 2])) for at in range(0, 8, 2))
    return (
        f"```text\nbody    {text[:-16][:32]}…{text[:-16][-8:]}   {len(text) - 16} characters\n"
        f"parity  {text[-16:]}\n"
        f"symbols {symbols}, …   {len(text) // 2} symbols\n\n"
        f"bytes, {len(data)}:\n{_hex(data)}\n\n"
        f"kind byte  {data[0]:02x}\n"
        f"fields     {data[1:-64].hex()}\n"
        f"number     {int.from_bytes(data[1:-64], 'big')}\n"
        f"signature  {data[-64:-32].hex()}\n           {data[-32:].hex()}\n```\n"
    )


def _worked_digits() -> str:
    rows = ["| digit | taken by | value | number left |", "|---|---|---|---|"]
    rows += [f"| {what} | {how} | {value} | {left} |" for what, how, value, left in trace()]
    return "\n".join(rows) + "\n"


def _worked_signature() -> str:
    """Show ids, what is signed, the key that verifies, the fingerprints, and the COSE message."""
    asked = sig_structure(ASKED.payload, external_aad(Kind.REQUEST))
    aad = external_aad(Kind.AUTHORIZATION, ASKED.id, ISSUER.verifying_key.digest, PORTAL_ID)
    signed = sig_structure(AUTHORIZED.payload, aad)
    if (sha256(asked).digest(), sha256(signed).digest()) != (ASKED.id, AUTHORIZED.id):
        raise ValueError("the ids of the example are not the hashes of what is signed")
    parts = (
        ("the request's external_aad", _hex(external_aad(Kind.REQUEST))),
        ("the request's Sig_structure", _hex(asked)),
        ("id(Q), its SHA-256", ASKED.id.hex()),
        ("device key, inside the request, by which its signature verifies", DEVICE.verifying_key.raw.hex()),
        ("issuer's public key", ISSUER.verifying_key.raw.hex()),
        ("its SHA-256, whose first byte is the issuer hint", ISSUER.verifying_key.digest.hex()),
        ("portal id", PORTAL_ID.hex()),
        ("the authorization's external_aad", _hex(aad)),
        ("the authorization's Sig_structure", _hex(signed)),
        ("id(A), its SHA-256", AUTHORIZED.id.hex()),
        ("fingerprint of the request", " ".join(words_of(ASKED.id))),
        ("fingerprint of the authorization", " ".join(words_of(AUTHORIZED.id))),
        ("the authorization as a COSE message", _hex(to_cose(AUTHORIZED))),
    )
    return "```text\n" + "\n\n".join(f"{name}:\n{value}" for name, value in parts) + "\n```\n"


# --- the page ------------------------------------------------------------------------------------------

PARTS: Final[dict[str, Callable[[], str]]] = {
    "request": _example(ASKED.text),
    "authorization": _example(AUTHORIZED.text),
    "kinds": _kinds,
    "parity": _parity,
    "weights": _weights,
    "worked-text": _worked_text,
    "worked-digits": _worked_digits,
    "worked-signature": _worked_signature,
}


def filled(page: str) -> str:
    """Return the page with every made part made anew."""
    makers = {**PARTS, **SHORT_PARTS}
    return MADE_PART.sub(lambda found: found[1] + makers[found[2]]() + found[3], page)


def parts_of(page: str) -> Iterable[str]:
    """Return the names of the made parts that a page has, in its order."""
    return [found[2] for found in MADE_PART.finditer(page)]


def main() -> None:
    """Write the made parts of the specification anew."""
    for page, parts in ((PAGE, PARTS), (SHORT_PAGE, SHORT_PARTS)):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
        print(f"{len(parts)} parts of {page.name}")


if __name__ == "__main__":
    main()
