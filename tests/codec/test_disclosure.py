"""Everything in a code is disclosed: every field of every kind, by its raw value, described, and its bits."""

from dataclasses import dataclass, fields, is_dataclass, make_dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.codes import KIND_OF, Kind, Line, Request, Term, Udi
from codec.disclosure import Section, leaves_of, quoted, sections_of
from codec.envelope import UnverifiedCode, VerifiedCode
from codec.meanings import ABOUT, MEANINGS, TOGETHER, UNDESCRIBED
from tests.codec.strategies import SIGNED_EXAMPLES, Signed, signed_codes


def unverified(code: VerifiedCode[Any]) -> UnverifiedCode[Any]:
    return UnverifiedCode(code.payload, code.signature, code.value)


def undescribed(value: type) -> set[str]:
    """Return the fields of a class of values, inner ones included, that no table describes."""
    return {leaf for leaf in leaves_of(value) if leaf not in MEANINGS}


def atoms(value: Any) -> list[str]:
    """Return every single thing in a value, in a form of its own, found without the code under test."""
    if is_dataclass(value):
        return [atom for field in fields(value) for atom in atoms(getattr(value, field.name))]
    if isinstance(value, tuple):
        return [atom for each in value for atom in atoms(each)]
    if value is None:
        return ["none"]
    if isinstance(value, bytes):
        return [value.hex()]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, IntEnum):
        return [f"({value.value})"]
    if isinstance(value, datetime):
        return [f"{value:%Y-%m-%d%H:%M}UTC"]
    return [
        str(each) if isinstance(each, date | UUID) else squeezed(quoted(str(each)))[1:-1] for each in (value,)
    ]


def squeezed(text: str) -> str:
    return text.replace(" ", "")


def shown(sections: tuple[Section, ...]) -> str:
    return squeezed("\n".join(value for section in sections for row in section.rows for value in row))


# --- nothing is left out -------------------------------------------------------------------------------


@pytest.mark.parametrize("value", KIND_OF)
def test_every_field_of_every_kind_is_described(value: type) -> None:
    assert undescribed(value) == set()


def test_a_new_field_would_be_noticed_wherever_it_is_added() -> None:
    planted_line = make_dataclass("Line", [*((f.name, f.type) for f in fields(Line)), ("colour", int)])
    planted = make_dataclass(
        "Request",
        [
            *((f.name, f.type) for f in fields(Request)),
            ("location", str),
            ("lines", tuple[planted_line, ...]),  # type: ignore[valid-type]
            ("owner", Udi | None),
        ],
    )
    assert undescribed(planted) == {
        "location",
        "lines.colour",
        "owner.product_id",
        "owner.serial_number",
        "owner.uuid",
    }


def test_a_new_field_would_be_shown_before_anybody_describes_it() -> None:
    @dataclass(frozen=True)
    class Longer(Request):
        location: str = "bunker 5"

    code = SIGNED_EXAMPLES[Kind.REQUEST].code
    value = Longer(**{field.name: getattr(code.value, field.name) for field in fields(Request)})
    (section,) = (
        section
        for section in sections_of(UnverifiedCode(code.payload, code.signature, value))
        if section.path == "location"
    )
    assert section.rows == (('"bunker 5"',),)
    assert section.fields == (("location", UNDESCRIBED),)


@given(signed_codes)
def test_every_raw_value_is_shown(signed: Signed) -> None:
    code = unverified(signed.code)
    told = shown(sections_of(code))
    if isinstance(code.unverified, Request):
        components = code.unverified.sketch.components
        assert squeezed(" ".join(f"{each:06x}" for each in components) or "none") in told
    for atom in atoms(code.unverified):
        if not atom.isdigit():
            assert atom in told
    assert code.signature.hex() in told
    assert signed.code.text[-16:] in told


@given(signed_codes)
def test_each_value_stands_at_its_own_place(signed: Signed) -> None:
    """A count is not hidden by an equal number elsewhere: rows and columns are those of the value."""
    value = unverified(signed.code).unverified
    by_path = {section.path: section for section in sections_of(unverified(signed.code))}
    for name in ("lines", "wanted", "issuers"):
        if hasattr(value, name):
            section, items = by_path[name], getattr(value, name)
            assert section.is_list
            assert len(section.rows) == len(items)
            columns = [path.rpartition(".")[2] for path, _ in section.fields]
            if "count" in columns:
                shown_counts = [int(row[columns.index("count")]) for row in section.rows]
                assert shown_counts == [item.count for item in items]
    for name in ("members", "code_number", "serial"):
        if hasattr(value, name):
            assert by_path[name].rows == ((str(getattr(value, name)),),)
    for name in ("sequence", "last_sequence"):
        if hasattr(value, name):
            sequence = getattr(value, name)
            assert by_path[f"{name}.epoch"].rows == ((str(sequence.epoch),),)
            assert by_path[f"{name}.number"].rows == ((str(sequence.number),),)


def test_the_terms_of_lines_stand_beside_them() -> None:
    sections = {
        section.path: section for section in sections_of(unverified(SIGNED_EXAMPLES[Kind.AUTHORIZATION].code))
    }
    assert sections["lines"].rows[3] == ('"EXTRA-TAG"', "1", "2025-01-01", "2025-02-14", "no", "yes")
    assert sections["lines"].rows[0] == ("#17", "2", "none", "none", "no", "no")


def test_numbers_of_a_catalogue_are_spelled_beside() -> None:
    code = unverified(SIGNED_EXAMPLES[Kind.REQUEST].code)
    sections = {section.path: section for section in sections_of(code, {17: "VPN"})}
    assert [row[0] for row in sections["wanted"].rows] == ['#17 = "VPN"', "#640", '"EXTRA-TAG"']


# --- bits ----------------------------------------------------------------------------------------------


@given(signed_codes)
def test_the_bits_are_those_of_the_code(signed: Signed) -> None:
    """What the fields cost is what they take, but for zeros before the number.

    The digits that are put last cost a little more than they are worth, while the number is small.
    """
    code = unverified(signed.code)
    sections = sections_of(code)
    assert all(section.bits >= 0 for section in sections)
    whole = sum(
        section.bits for section in sections if section.path not in {"(kind)", "(signature)", "(parity)"}
    )
    number = int.from_bytes(code.payload[1:])
    assert number.bit_length() <= whole + 16
    assert all(section.bits for section in sections if section.path != "(extension)")


@pytest.mark.parametrize(
    ("kind", "path", "bits"),
    [
        (Kind.REQUEST, "device_key", 256),
        (Kind.REQUEST, "device_time", 26),
        (Kind.REQUEST, "journal_link", 32),
        (Kind.CONFIRMATION, "request_hint", 32),
        (Kind.TRUST, "portal_id", 64),
        (Kind.TRUST, "(signature)", 512),
        (Kind.TRUST, "(parity)", 80),
    ],
)
def test_known_costs(kind: Kind, path: str, bits: int) -> None:
    sections = {section.path: section for section in sections_of(unverified(SIGNED_EXAMPLES[kind].code))}
    assert sections[path].bits == pytest.approx(bits)


# --- the table -----------------------------------------------------------------------------------------


def test_no_description_is_left_over() -> None:
    paths = {leaf for value in KIND_OF for leaf in leaves_of(value)}
    assert {path for path in MEANINGS if not path.startswith("(")} == paths
    assert set(ABOUT) == set(Kind)
    assert all(any(path.startswith(f"{group}.") for path in paths) for group in TOGETHER)


def test_descriptions_are_plain_sentences() -> None:
    for meaning in (*MEANINGS.values(), UNDESCRIBED):
        assert meaning.says.endswith(".") and meaning.reveals.endswith(".")
        assert (meaning.label + meaning.says + meaning.reveals).isascii()


# --- texts from a code ---------------------------------------------------------------------------------


@given(st.text(max_size=80))
def test_quoted_texts_are_one_piece_and_can_be_told_apart(text: str) -> None:
    shown_text = quoted(text)
    assert shown_text.isascii() and shown_text.isprintable()
    assert shown_text[0] == shown_text[-1] == '"'
    assert '"' not in shown_text[1:-1].replace("\\\\", "").replace('\\"', "")
    assert "  " not in shown_text


@given(st.text(alphabet=' ab"\\x20', max_size=12), st.text(alphabet=' ab"\\x20', max_size=12))
def test_different_texts_are_shown_differently(one: str, other: str) -> None:
    assert (quoted(one) == quoted(other)) is (one == other)


def test_terms_without_end_are_none() -> None:
    assert leaves_of(Line) == (
        "tag",
        "count",
        "term.start",
        "term.end",
        "export_controlled",
        "reporting_only",
    )
    assert leaves_of(Term) == ("start", "end")
