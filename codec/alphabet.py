"""Characters of a code: Crockford base32, and the clean-up of what people paste and type.

Scope: bytes to characters and back, and ``clean``, which turns a paste, a mail or typed lines into the
unbroken upper-case run that everything else works on.

Invariants:
    * One byte string has exactly one character string, of even length (two characters make one symbol of
      the parity code), and the other way round: non-zero padding is refused.
    * Non-ASCII letters and digits are never folded to ASCII ones (full-width forms apart), so a Turkish
      dotless i or an Arabic digit is an error, never an ``I`` or a number.
    * No error message carries a raw control character.

Not handled: what the characters mean (``codec.wire``) and wrong characters (``codec.parity``).

Source: https://www.crockford.com/base32.html, without its hyphens and check symbol.
"""

import re
from functools import cache
from typing import Final

from codec.errors import FieldError, MalformedCodeError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LONGEST_CODE: Final = 2046
"""Characters: 1,023 symbols, the whole length of a Reed-Solomon code over GF(1024)."""
PARITY_CHARACTERS: Final = 16
"""Characters at the end of a code that let typing mistakes be repaired (`codec.parity`)."""
LONGEST_INPUT: Final = 65_536
"""Characters of raw input, looked at only for its length beyond that."""

_INVALID: Final = b"!"
_DIGITS: Final = b"0123456789abcdefghijklmnopqrstuv"
_TO_DIGITS: Final = _INVALID * 48 + bytes(
    _DIGITS[ALPHABET.index(chr(code))] if chr(code) in ALPHABET else _INVALID[0] for code in range(48, 256)
)
_TO_CHARACTERS: Final = ALPHABET.encode("ascii") + _INVALID * 224


def to_characters(data: bytes) -> str:
    """Write bytes as characters: bits big-endian, padded with zero bits to an even count.

    Args:
        data: Bytes whose length is not 4 modulo 5. (With 4, the padding to an even count would hold a
            whole byte, and the length could not be told from the characters.)

    Returns:
        ``2 * ceil(4 * len(data) / 5)`` characters.

    Raises:
        FieldError: The length of ``data`` is 4 modulo 5.
    """
    return from_number(*to_digits(data))


def to_digits(data: bytes) -> tuple[int, int]:
    """Return the characters of bytes as one number, and how many they are; otherwise like `to_characters`."""
    size = len(data)
    if size % 5 == 4:
        raise FieldError(f"{size} bytes have no unambiguous characters; add a byte")
    count = 2 * ((4 * size + 4) // 5)
    return int.from_bytes(data) << (5 * count - 8 * size), count


def to_bytes(characters: str) -> bytes:
    """Read characters as bytes, the inverse of ``to_characters``.

    Args:
        characters: A clean, even-length run of characters of the alphabet.

    Returns:
        ``5 * len(characters) // 8`` bytes.

    Raises:
        MalformedCodeError: A character outside the alphabet, an odd count, or non-zero padding.
    """
    count = len(characters)
    if count % 2:
        raise MalformedCodeError(
            f"The code has {count} characters, and every code has an even number",
            hint="Compare the length of each line with the original: a character is missing or doubled.",
        )
    size = 5 * count // 8
    padding = 5 * count - 8 * size
    number = to_number(characters)
    if number & ((1 << padding) - 1):
        raise MalformedCodeError(
            "The last characters of the code cannot be right: its padding is not zero",
            hint="Compare the last groups with the original.",
        )
    return (number >> padding).to_bytes(size)


def to_number(characters: str) -> int:
    """Read characters as one big-endian number, five bits each.

    Raises:
        MalformedCodeError: A character outside the alphabet.
    """
    if not characters:
        return 0
    try:
        return int(characters.encode("ascii").translate(_TO_DIGITS), 32)
    except ValueError:
        raise MalformedCodeError(
            "The code holds a character outside the alphabet",
            hint="Codes are made of the digits 0-9 and the letters A-Z without I, L, O and U.",
        ) from None


def from_number(number: int, count: int) -> str:
    """Write a number below ``32 ** count`` as ``count`` characters, the inverse of ``to_number``.

    The five-bit digits are spread to one byte each by halving: the upper half of every block moves up, in
    all blocks at once. That is logarithmic in steps of C speed, four times faster than a loop.
    """
    for upper_halves, distance in _spreading((count - 1).bit_length()):
        upper = number & upper_halves
        number ^= upper ^ (upper << distance)
    return number.to_bytes(count).translate(_TO_CHARACTERS).decode("ascii")


@cache
def _spreading(levels: int) -> tuple[tuple[int, int], ...]:
    """Give (mask of the upper halves, bits to move) for ``2 ** levels`` digits, coarsest step first."""
    steps = []
    for level in reversed(range(levels)):
        half, block = 5 << level, 16 << level
        every_block = ((1 << (block << (levels - 1 - level))) - 1) // ((1 << block) - 1)
        steps.append((((1 << half) - 1 << half) * every_block, 3 << level))
    return tuple(steps)


# --- Clean-up of human input ---------------------------------------------------------------------------

_UNBROKEN: Final = re.compile(f"[{ALPHABET}]*")
_ENCODED_AT_MOST: Final = 3
"""Rounds of URL-encoding undone: a link copied out of a link gives two."""
_IGNORED: Final = b" \t\n-_'\"`~>|=+,;."
_FOLDED: Final = bytes.maketrans(b"abcdefghjkmnpqrstvwxyzOoIiLl", b"ABCDEFGHJKMNPQRSTVWXYZ001111")


def clean(raw: str) -> str:
    """Turn pasted, mailed or typed text into one unbroken run of characters of the alphabet.

    Ignored are case, white space, line wraps, what mail programs and word processors make of ``-`` and of
    quotes, zero-width and direction marks, ``>`` and ``|`` of quoted mail, Markdown, URL-encoding, the
    dressing of spreadsheet cells, and line numbers. ``O`` is read as 0, ``I`` and ``L`` as 1, full-width
    forms as their ASCII ones. Nothing is ignored that somebody could type in place of a real character.

    Args:
        raw: At most 65,536 characters from anywhere.

    Returns:
        1 to 2,046 characters of the alphabet.

    Raises:
        MalformedCodeError: Too long, nothing in it, or a character outside the alphabet; the message
            names its line and its group of four, and shows it in printable form.
    """
    if len(raw) > LONGEST_INPUT:
        raise MalformedCodeError(
            f"This text has {len(raw):,} characters; a code has at most {LONGEST_CODE:,}",
            hint="Paste the code alone.",
        )
    code = raw.strip()
    if not _UNBROKEN.fullmatch(code):
        code = _clean_lines(plain(raw))
    if not code:
        raise MalformedCodeError("There is no code in this text", hint="Paste the whole code.")
    if len(code) > LONGEST_CODE:
        raise MalformedCodeError(
            f"This text holds {len(code):,} characters; a code has at most {LONGEST_CODE:,}",
            hint="Paste one code alone.",
        )
    return code


def plain(raw: str) -> str:
    """Undo URL-encoding, write line ends alike, and map typographic characters to plain ones."""
    text = raw
    for _ in range(_ENCODED_AT_MOST):
        if not _pattern(r"%[0-9A-Fa-f]{2}").search(text):
            break
        from urllib.parse import unquote  # rare, and not free to import

        text = unquote(text, errors="replace")
    text = _pattern(r"\r\n|[\r\v\f\x1c-\x1f\x85\u2028\u2029]").sub("\n", text)
    return text if text.isascii() else text.translate(_typography())


def _clean_lines(text: str) -> str:
    """Strip what surrounds the characters, then fold case and look-alikes; refuse what is left over."""
    text = undressed(text)
    if text.isascii():
        code = text.encode("ascii").translate(_FOLDED, _IGNORED).decode("ascii")
        if _UNBROKEN.fullmatch(code):
            return code
    raise _wrong_character(text)


def undressed(text: str) -> str:
    """Take off what is written around a code and would be read as part of it."""
    for expression in _DRESSING:
        text = _pattern(expression).sub("", text)
    return text


_DRESSING: Final = (
    # A Markdown code fence on a line of its own, and the mark of a heading.
    r"^[ \t>|]*(?:`{3,}|~{3,})(?:text|txt|plain|plaintext|code|console|bash|sh|none)?[ \t]*$",
    r"^[ \t>|]*#{1,6}(?=[ \t])",
    # A line number: with a colon anywhere, since line breaks get lost; otherwise as a list writes it.
    r"(?<![0-9A-Za-z])[0-9]{1,3}[ \t*_`']{0,4}:",
    r"^[ \t>|*_#'-]*[0-9]{1,3}\\?[.)](?=[ \t])",
    # A backslash before what Markdown escapes, or at the end of a line.
    r"\\(?=[-_*`>|#~+.'\n])|\\\Z",
    # Emphasis. A star inside a word is an 8 typed with the shift key held: it stays, as an error.
    r"(?<![0-9A-Za-z])\*|\*(?![0-9A-Za-z])",
)
"""What is written around a code and would be read as part of it. Each takes linear time on any input."""


@cache
def _pattern(expression: str) -> re.Pattern[str]:
    """Compile on first use: an unbroken code, the usual input, needs none of these."""
    return re.compile(expression, re.MULTILINE)


# Ranges of code points, both ends included.
_SPACES: Final = ((0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x202F, 0x202F),
                  (0x205F, 0x205F), (0x2800, 0x2800), (0x3000, 0x3000))  # fmt: skip
_DASHES: Final = (
    (0xAF, 0xAF), (0x2D7, 0x2D7), (0x58A, 0x58A), (0x5BE, 0x5BE), (0x1400, 0x1400), (0x1806, 0x1806),
    (0x2010, 0x2015), (0x203E, 0x203E), (0x2043, 0x2043), (0x2053, 0x2053), (0x207B, 0x207B),
    (0x208B, 0x208B), (0x2212, 0x2212), (0x23AF, 0x23AF), (0x2500, 0x257F), (0x2796, 0x2796),
    (0x2E17, 0x2E17), (0x2E1A, 0x2E1A), (0x2E3A, 0x2E3B), (0x2E40, 0x2E40), (0x2E5D, 0x2E5D),
    (0x301C, 0x301C), (0x3030, 0x3030), (0x30A0, 0x30A0), (0x30FC, 0x30FC), (0xFE31, 0xFE32),
    (0xFE58, 0xFE58), (0xFE63, 0xFE63), (0xFF70, 0xFF70), (0x10D6E, 0x10D6E), (0x10EAD, 0x10EAD),
)  # fmt: skip
"""Dash punctuation (category Pd), minus signs, and the lines and prolonged-sound marks that input methods and
terminals draw in place of a dash."""
_QUOTES: Final = (
    (0xAB, 0xAB), (0xB4, 0xB4), (0xBB, 0xBB), (0x2B9, 0x2BF), (0x2C8, 0x2C8), (0x2CA, 0x2CB),
    (0x2018, 0x201F), (0x2032, 0x2037), (0x2039, 0x203A), (0x275B, 0x275E), (0x276E, 0x276F),
    (0x2E02, 0x2E05), (0x2E09, 0x2E0A), (0x2E0C, 0x2E0D), (0x2E1C, 0x2E1D), (0x2E20, 0x2E21),
    (0x300C, 0x300F), (0x301D, 0x301F),
)  # fmt: skip
_INVISIBLE: Final = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x180B, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
)  # fmt: skip
"""Soft hyphen, joiners, direction marks, variation selectors, byte order mark."""


@cache
def _typography() -> dict[int, str | None]:
    """Give the translation of every typographic character; made on first use, not at start-up."""
    table: dict[int, str | None] = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}
    for ranges, plain in ((_SPACES, " "), (_DASHES, "-"), (_QUOTES, "'"), (_INVISIBLE, None)):
        for first, last in ranges:
            table.update(dict.fromkeys(range(first, last + 1), plain))
    return table


def _wrong_character(text: str) -> MalformedCodeError:
    """Describe the first character of ``text`` that is neither ignored nor of the alphabet."""
    allowed = ALPHABET + ALPHABET.lower() + "OoIiLl"
    ignored = _IGNORED.decode("ascii")
    place = next(place for place, character in enumerate(text) if character not in allowed + ignored)
    before = sum(character in allowed for character in text[:place])
    character = text[place]
    where = f"group {before // 4 + 1}"
    if "\n" in text.strip(ignored):
        # Lines with something in them, so that blank lines of a paste do not shift the printed numbers.
        lines = text[: place + 1].split("\n")
        where = f"line {sum(bool(line.strip(ignored)) for line in lines)}, {where}"
    return MalformedCodeError(
        f"{_shown(character)} in {where} is not a character of a code",
        hint="Codes are made of the digits 0-9 and the letters A-Z without I, L, O and U. "
        + _what_to_do(character),
    )


def _what_to_do(character: str) -> str:
    if character.isalnum() and not character.isascii():
        return (
            "This one is of another alphabet, even if it looks right: type that group anew on an English "
            "keyboard."
        )
    return (
        "A U is often a mistyped V. " if character in "uU" else ""
    ) + "Compare that group with the original."


def _shown(character: str) -> str:
    """Name one character, in printable ASCII only."""
    if character.isascii() and character.isprintable():
        return f"'{character}'"
    import unicodedata  # only to name what is refused

    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
