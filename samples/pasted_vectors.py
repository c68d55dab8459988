"""The scenarios of the test vectors about texts: what people, mail programs and keyboards do to codes.

Scope: clean-up, the limits of texts, parity, and repair; accepted, repaired and refused. What a text says
and who signed it is right in all of them, unless the point is what comes of both being wrong.
`samples.vectors` makes files of them.

A refused text is damaged beyond what a reader with more than parity could repair.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from codec.alphabet import LONGEST_INPUT, from_number, to_number
from codec.codes import Kind, Request
from codec.envelope import VerifiedCode, sign_request, to_text
from codec.grouping import grouped, groups_of
from codec.parity import PARITY_CHARACTERS, PRIMITIVE_POLYNOMIAL, parity_of
from samples.accepted_vectors import (
    ASKED,
    AUTHORIZATION,
    AUTHORIZATION_CONTEXT,
    AUTHORIZED,
    REQUEST,
    authorize,
    long_lines,
)
from samples.forged_payloads import over_long
from samples.refused_vectors import code_of_payload
from samples.vectors import DEVICE, Vector, accepted, refused

A: Final = Kind.AUTHORIZATION
TEXT: Final = AUTHORIZED.text
BODY: Final = TEXT[:-PARITY_CHARACTERS]


def pasted_vectors() -> Iterator[Vector]:
    """Yield every scenario about texts."""
    yield from _cleaned()
    yield from _cleaned_as_recommended()
    yield from _encoded()
    yield from _marks()
    yield from _parity()
    yield from _repaired()
    yield from _refused_after_repair()
    yield from _refused_without_a_root()
    yield from _damaged()
    yield from _foreign_letters()
    yield from _lengths()


def other_character(character: str) -> str:
    """Return another character than this one."""
    return "7" if character != "7" else "8"


def mistype(text: str, *places: int) -> str:
    """Change the characters at these places, from 0; negative ones count from the end."""
    characters = list(text)
    for place in places:
        characters[place] = other_character(characters[place])
    return "".join(characters)


def with_parity(body: str) -> str:
    """Append the parity that is right for a body."""
    return body + parity_of(body)


# --- clean-up ------------------------------------------------------------------------------------------


def _accepted(name: str, description: str, given: str, *, recommended: bool = False) -> Vector:
    return accepted(
        f"authorization-accepted-{name}",
        description,
        AUTHORIZED,
        AUTHORIZATION_CONTEXT,
        given=given,
        recommended=recommended,
    )


def _cleaned() -> Iterator[Vector]:
    yield _accepted("lower-case", "Small letters, and spaces around.", f"  {TEXT.lower()}\n")
    yield _accepted("hyphens", "Hyphens, tabs and line breaks between groups.", _between("-", "\t", "\r\n"))
    yield _accepted(
        "look-alikes",
        "Each of O, o, I, i, L and l, where a digit is meant.",
        _in_turn(_in_turn(TEXT, "0", "Oo"), "1", "IiLl"),
    )
    filler = " " * (LONGEST_INPUT - len(TEXT))
    yield _accepted("longest-input", "65,536 characters, most of them spaces.", filler + TEXT)


def _between(*marks: str) -> str:
    """Write the groups of the code, and after each one of the marks, in turn."""
    groups = groups_of(TEXT)
    return "".join(group + marks[place % len(marks)] for place, group in enumerate(groups))


def _in_turn(text: str, character: str, *others: str) -> str:
    """Replace a character by each of the others in turn."""
    for other in "".join(others) * text.count(character):
        text = text.replace(character, other, 1)
    return text


def _each_between(*characters: int) -> str:
    """Write every one of these characters somewhere within the code."""
    share = -(-len(characters) // len(TEXT))
    marks = ["".join(map(chr, characters[place * share : (place + 1) * share])) for place in range(len(TEXT))]
    return "".join(character + mark for character, mark in zip(TEXT, marks, strict=True))


def _cleaned_as_recommended() -> Iterator[Vector]:
    def case(name: str, description: str, given: str) -> Vector:
        return _accepted(name, description, given, recommended=True)

    lines = grouped(TEXT).split("\n")
    yield case("grouped", "Numbered lines of groups of four, as codes are shown for typing.", grouped(TEXT))
    yield case("lost-line-breaks", "The line breaks before the numbers of lines are gone.", "  ".join(lines))
    yield case(
        "numbered-list",
        "Lines numbered as lists are: 1. 2) 3.",
        "\n".join(
            line.replace(":", ".)"[place % 2], 1).replace(".", "\\.", place % 4 // 2)
            for place, line in enumerate(lines)
        ),
    )
    yield case(
        "quoted-mail",
        "Quoted by a mail program that wraps lines and makes dashes typographic.",
        "\r\n".join(f"> {TEXT[at : at + 36]}\u2013" for at in range(0, len(TEXT), 36)),
    )
    yield case(
        "fenced",
        "In a Markdown fence whose word is made of characters of codes.",
        f"```text\n{TEXT}\n```\n",
    )
    yield case("fenced-by-tildes", "Quoted, in a fence of tildes.", f"> ~~~txt\n> {TEXT}\n> ~~~~\n")
    yield case(
        "fence-words", "Each part in a fence of its own, with every word, quoted and in a table.", _fences()
    )
    yield case("heading", "As a Markdown heading.", f"## {TEXT}")
    yield case(
        "headings",
        "Each line as a heading of another level, quoted and in a table.",
        "\n".join(f"{'> ' * (level % 2)}|{'#' * level}\t{part}" for level, part in _parts(6)),
    )
    yield case(
        "far-numbers",
        "Numbers of three digits, with marks and blanks before their colons.",
        "".join(
            f"\n{100 + number}{gap}:{part}" for (number, part), gap in zip(_parts(4), _GAPS, strict=True)
        ),
    )
    yield case(
        "lists-in-marks",
        "Numbers of lists behind quotes, bars, stars and other marks.",
        "".join(
            f"\n{mark}{number}) {part}" for (number, part), mark in zip(_parts(6), _LIST_MARKS, strict=True)
        ),
    )
    yield case(
        "emphasis",
        "In bold and italic type, with numbers of lines.",
        "\n".join(f"**{line.strip().replace(':', '**:', 1).replace(': ', ': _', 1)}_" for line in lines),
    )


def _encoded() -> Iterator[Vector]:
    def case(name: str, description: str, given: str) -> Vector:
        return _accepted(name, description, given, recommended=True)

    groups = groups_of(TEXT)
    yield case("escaped", "Backslashes before hyphens and at ends of lines.", "\\-".join(groups) + "\\\n\\")
    yield case(
        "percent-encoding",
        "Percent-encoded, as in a link: a space, a line break and the letters of its first group.",
        "".join(f"%{ord(character):02x}" for character in groups[0]) + "%20%0A" + TEXT[4:],
    )
    yield case(
        "percent-encoding-of-utf-8",
        "Percent-encoded three times, with a zero-width space in UTF-8.",
        f"%252541{TEXT[1:]}%2525E2%252580%25258B",
    )
    yield case(
        "percent-encoding-in-small-digits",
        "Percent-encoded, with small hexadecimal digits.",
        f"{TEXT}%e2%80%8b%ef%bb%bf%2d",
    )


_GAPS = ("", " \t*_", "`'", " ")
_LIST_MARKS = ("> ", "| ", "* ", "_", "#'", "- ")
_FENCE_WORDS = ("text", "txt", "plain", "plaintext", "code", "console", "bash", "sh", "none")


def _parts(number: int) -> list[tuple[int, str]]:
    """Cut the code into so many parts, each with its number, from 1."""
    size = -(-len(TEXT) // number)
    return [(place + 1, TEXT[place * size : (place + 1) * size]) for place in range(number)]


def _fences() -> str:
    """Write the code in parts, each in a fence with another word."""
    marks = ("```", "~~~~", "> `````", "| ~~~")
    return "".join(
        f"{marks[number % 4]}{word}\n{part}\n{marks[number % 4]}\n"
        for (number, part), word in zip(_parts(len(_FENCE_WORDS)), _FENCE_WORDS, strict=True)
    )


def _marks() -> Iterator[Vector]:
    def case(name: str, description: str, *characters: int) -> Vector:
        return _accepted(name, description, _each_between(*characters), recommended=True)

    yield _accepted(
        "full-width",
        "Full-width characters with zero-width spaces between them.",
        "\u200b".join(chr(ord(character) + 0xFEE0) for character in TEXT),
        recommended=True,
    )
    yield case("ignored-marks", "Every ASCII mark that is dropped.", *b"_'\"`~>|=+,;.")
    yield case(
        "line-breaks",
        "Every line break, with one before the number of a line.",
        *(0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x1F, 0x85, 0x2028, 0x2029),
    )
    yield case(
        "spaces",
        "Every space of Unicode.",
        *(0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x2800, 0x3000),
    )
    yield case(
        "dashes",
        "Every dash, minus sign and drawn line of the table.",
        *(0xAF, 0x2D7, 0x58A, 0x5BE, 0x1400, 0x1806, *range(0x2010, 0x2016), 0x203E, 0x2043, 0x2053, 0x207B),
        *(0x208B, 0x2212, 0x23AF, *range(0x2500, 0x2580), 0x2796, 0x2E17, 0x2E1A, 0x2E3A, 0x2E3B, 0x2E40),
        *(0x2E5D, 0x301C, 0x3030, 0x30A0, 0x30FC, 0xFE31, 0xFE32, 0xFE58, 0xFE63, 0xFF70, 0x10D6E, 0x10EAD),
    )
    yield case(
        "quotes",
        "Every typographic quote and prime of the table.",
        *(0xAB, 0xB4, 0xBB, *range(0x2B9, 0x2C0), 0x2C8, 0x2CA, 0x2CB, *range(0x2018, 0x2020)),
        *(*range(0x2032, 0x2038), 0x2039, 0x203A, *range(0x275B, 0x275F), 0x276E, 0x276F),
        *(*range(0x2E02, 0x2E06), 0x2E09, 0x2E0A, 0x2E0C, 0x2E0D, 0x2E1C, 0x2E1D, 0x2E20, 0x2E21),
        *(*range(0x300C, 0x3010), 0x301D, 0x301E, 0x301F),
    )
    yield case(
        "invisible",
        "Every invisible character of the table: joiners, direction marks, variation selectors and others.",
        *(0xAD, 0x34F, 0x61C, *range(0x180B, 0x180F), *range(0x200B, 0x2010), *range(0x202A, 0x202F)),
        *(*range(0x2060, 0x2070), *range(0xFE00, 0xFE10), 0xFEFF),
    )


# --- parity --------------------------------------------------------------------------------------------


def _parity() -> Iterator[Vector]:
    """Take a signature that holds, and parity that is wrong: accepted, and told."""
    yield _accepted(
        "wrong-parity",
        "Two characters of the parity are wrong; the signature holds.",
        mistype(TEXT, -1, -9),
    )
    yield _accepted(
        "no-right-parity",
        "All of the parity is wrong; the signature holds.",
        mistype(TEXT, *range(-PARITY_CHARACTERS, 0)),
    )
    for name, left_out in (("first", 1), ("last", 8)):
        yield _accepted(
            f"parity-without-{name}-root",
            f"The signature holds; the parity is wrong, though all roots but the {name} one fit.",
            BODY + _almost(left_out),
        )


def _almost(left_out: int, text: str = TEXT) -> str:
    """Return a code's parity with a polynomial added that has all roots but one."""
    polynomial = [1]
    for exponent in set(range(1, 9)) - {left_out}:
        root = _power(exponent)
        shifted = [*polynomial, 0]
        polynomial = [a ^ _times(root, b) for a, b in zip(shifted, [0, *polynomial], strict=True)]
    added = 0
    for coefficient in polynomial:
        added = added << 10 | coefficient
    return from_number(to_number(text[-PARITY_CHARACTERS:]) ^ added, PARITY_CHARACTERS)


def _power(exponent: int) -> int:
    value = 1
    for _ in range(exponent):
        value = _times(value, 2)
    return value


def _times(left: int, right: int) -> int:
    product = 0
    for bit in range(10):
        product <<= 1
        if product >> 10:
            product ^= PRIMITIVE_POLYNOMIAL
        if right >> (9 - bit) & 1:
            product ^= left
    return product


def _repaired() -> Iterator[Vector]:
    def case(name: str, description: str, *places: int) -> Vector:
        return accepted(
            f"authorization-repaired-{name}",
            description,
            AUTHORIZED,
            AUTHORIZATION_CONTEXT,
            given=mistype(TEXT, *places),
        )

    yield case("one-character", "One character is wrong; the parity finds it, the signature agrees.", 30)
    yield case("four-characters", "Four characters are wrong, in four groups.", 3, 41, 77, 120)
    yield case("one-group", "All four characters of one group are wrong.", 40, 41, 42, 43)
    yield case(
        "eight-characters", "Eight characters are wrong, in four symbols.", 8, 9, 50, 51, 98, 99, 140, 141
    )
    yield case("first-character", "The letter of the kind is wrong.", 0)
    yield case("version", "The second character is wrong, and with it the version.", 1)
    # Characters that no code has: clean-up refuses them, and where they stand is known.
    for name, description, character, shown in (
        ("letter-u", "A letter that no code has: U.", "U", "U"),
        ("one-arabic-digit", "A digit, but not an ASCII one.", "\u0663", "?"),
        ("one-dotless-i", "A letter that some programs turn into I.", "\u0131", "?"),
    ):
        yield accepted(
            f"authorization-repaired-{name}",
            description,
            AUTHORIZED,
            AUTHORIZATION_CONTEXT,
            given=TEXT[:20] + character + TEXT[21:],
            shown=TEXT[:20] + shown + TEXT[21:],
        )


def _refused(
    name: str,
    description: str,
    code: str,
    error: str = "malformed",
    meant: str | None = None,
    context: Mapping[str, Any] = AUTHORIZATION_CONTEXT,
) -> Vector:
    return refused(f"authorization-refused-{name}", description, A, code, error, context, meant=meant)


def _refused_after_repair() -> Iterator[Vector]:
    other: VerifiedCode[Any] = authorize(AUTHORIZATION, _other_request())
    for name, what, code, error in (
        ("other-kind", "A genuine request code, where authorization codes are read", ASKED, "wrong-kind"),
        ("other-request", "Issued for another request", other, "not-genuine"),
    ):
        yield _refused(
            f"{name}-mistyped",
            f"{what}, with a wrong character: after the repair, the class is that of the code.",
            mistype(code.text, 30),
            error,
            code.text,
        )
        yield _refused(
            f"{name}-damaged",
            f"{what}, with parity that cannot be corrected: it may be mistyped.",
            mistype(code.text, *range(-PARITY_CHARACTERS, 0)),
        )


def _refused_without_a_root() -> Iterator[Vector]:
    """Take codes for another request: a reader that forgets a root of the parity says more than it knows."""
    other = authorize(AUTHORIZATION, _other_request()).text
    for name, left_out in (("first", 1), ("last", 8)):
        yield _refused(
            f"parity-without-{name}-root",
            f"For another request, and its parity has all roots but the {name} one: it may be mistyped.",
            other[:-PARITY_CHARACTERS] + _almost(left_out, other),
        )


def _other_request() -> VerifiedCode[Request]:
    return sign_request(replace(REQUEST, code_number=2), DEVICE)


# --- what is no code -----------------------------------------------------------------------------------


def _damaged() -> Iterator[Vector]:
    yield _refused("empty", "Nothing but white space.", " \n\t")
    yield _refused("too-short", "The beginning of a code.", TEXT[:40])
    yield _refused("end-missing", "The last twenty characters are missing.", TEXT[:-20])
    missing = TEXT[:20] + TEXT[21:50] + TEXT[51:90] + TEXT[91:]
    yield _refused("three-missing", "Three characters are missing, in different places.", missing)
    yield _refused(
        "eight-wrong",
        "Eight characters are wrong, twice as many as the parity can put right.",
        mistype(TEXT, 3, 25, 47, 69, 91, 93, 97, 101),
    )
    yield _refused(
        "no-kind", "The parity is right, and no kind has this letter.", with_parity("Z" + BODY[1:])
    )
    yield _refused("padding", "The padding bits after the signature are not zero.", _padded())
    encoded = "".join(f"%252525{ord(character):02X}" for character in TEXT)
    yield _refused(
        "percent-encoding-four-times", "Percent-encoded four times, of which three are undone.", encoded
    )
    stars = "*".join(TEXT[place : place + 14] for place in range(0, len(TEXT), 14))
    yield _refused("stars-inside", "Stars between letters and digits are no emphasis.", stars)


def _padded() -> str:
    """Set the last padding bit of a code that has any."""
    body = authorize(replace(AUTHORIZATION, lines=AUTHORIZATION.lines[:1])).text[:-PARITY_CHARACTERS]
    if 5 * len(body) % 8 == 0:
        raise ValueError("this code has no padding bits to set: choose another")
    return with_parity(from_number(to_number(body) | 1, len(body)))


def _foreign_letters() -> Iterator[Vector]:
    """Write a long code with letters that some programs turn into those of the alphabet."""
    text = authorize(replace(AUTHORIZATION, lines=long_lines(8, 64))).text
    # With nine symbols unknown, nothing can be repaired; and no letter may be folded to another.
    for name, description, meant, foreign in (
        ("letters-u", "U in place of V: no code has a U.", "V", "U"),
        ("small-letters-u", "Small u in place of V.", "V", "u"),
        ("dotless-i", "A letter that some programs turn into I.", "1", "\u0131"),
        ("long-s", "A letter that some programs turn into S.", "S", "\u017f"),
        ("kelvin-sign", "A sign that some programs turn into K.", "K", "\u212a"),
        ("superscript", "A digit that some programs turn into 3.", "3", "\u00b3"),
        ("arabic-digit", "A digit, but not an ASCII one.", "3", "\u0663"),
        ("cyrillic-letter", "A letter that looks like A.", "A", "\u0410"),
    ):
        if text.count(meant) < 9:
            raise ValueError(f"nine {meant} are needed, so that nothing repairs them: choose other lines")
        yield _refused(name, description, text.replace(meant, foreign))


def _lengths() -> Iterator[Vector]:
    filler = " " * (LONGEST_INPUT + 1 - len(TEXT))
    yield _refused("input-too-long", "65,537 characters, most of them spaces.", filler + TEXT)
    yield _refused(
        "too-long",
        "2,048 characters, more than any code has. All else but the parity is right.",
        code_of_payload(A, over_long(), parity="0" * PARITY_CHARACTERS),
    )
    yield _refused(
        "no-room-for-a-signature",
        "118 characters: the parity is right, and the bytes are fewer than 65.",
        to_text(AUTHORIZED.payload[:1], bytes(62)),
    )
