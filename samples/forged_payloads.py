"""Bytes that no honest encoder writes, for the test vectors that must be refused.

Each payload (kind byte and fields) is put together digit by digit, so that one thing about it is wrong. Who
signs it, and with what, is the business of `samples.refused_vectors`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from codec.codes import Code, IssuerKey, Kind, Sequence, Term, WantedLine
from codec.digits import DigitSink
from codec.fields import CHARACTER_SET, CHARACTER_SETS
from codec.lines import (
    COUNT,
    DAYS_LONG,
    FIRST_TERM,
    FLAGS,
    LINES_OF_TAG,
    NEW,
    NUMBERED,
    PERPETUAL,
    SECOND_TERM,
    SHARED,
    SPELLED,
    STARTS_AT_ISSUE,
    TEXT,
    YEARS,
    TermTable,
)
from codec.wire import EPOCH, EXTENSION, LAYOUTS, NUMBER, kind_byte
from samples.accepted_vectors import AUTHORIZATION, CONFIRMATION, ISSUED_AT, REQUEST, RETURN, TODAY, TRUST
from samples.vectors import SECOND_ISSUER

#: Name → (kind, description, payload).
Forgeries = Mapping[str, tuple[Kind, str, bytes]]

A, C, Q, R, T = Kind.AUTHORIZATION, Kind.CONFIRMATION, Kind.REQUEST, Kind.RETURN, Kind.TRUST


def _payload(kind: Kind, sink: DigitSink) -> bytes:
    """Return kind byte and fields in the fewest bytes that are allowed."""
    number = sink.fold()
    length = (number.bit_length() + 7) // 8
    return bytes((kind_byte(kind),)) + number.to_bytes(length + (length % 5 == 4), "big")


def _sink(extension: int = 0) -> DigitSink:
    sink = DigitSink()
    EXTENSION.put(sink, extension)
    return sink


def _unchecked(kind: Kind, value: Code) -> bytes:
    """Encode a value without asking whether it means anything."""
    sink = _sink()
    LAYOUTS[kind].put(sink, value)
    return _payload(kind, sink)


def _authorization(put_lines: Callable[[DigitSink], None]) -> bytes:
    """Encode the vectors' authorization with lines that are put by hand."""
    sink = _sink()
    sink.put(int.from_bytes(AUTHORIZATION.issuer_hint, "big"), 1 << 8)
    sink.put(int.from_bytes(AUTHORIZATION.request_hint, "big"), 1 << 16)
    sink.put(_minute(), 1 << 26)
    EPOCH.put(sink, AUTHORIZATION.sequence.epoch)
    NUMBER.put(sink, AUTHORIZATION.sequence.number)
    put_lines(sink)
    return _payload(A, sink)


def _minute() -> int:
    from codec.codes import TIME_ZERO

    return (ISSUED_AT - TIME_ZERO) // timedelta(minutes=1)


def _perpetual(sink: DigitSink, _: int) -> None:
    FIRST_TERM.put(sink, PERPETUAL)


def _put_spelled(sink: DigitSink, *tags: tuple[int, str]) -> None:
    """Put spelled tags, each as (shared characters, rest)."""
    NUMBERED.put(sink, 0)
    SPELLED.put(sink, len(tags))
    for shared, rest in tags:
        SHARED.put(sink, shared)
        TEXT.put(sink, rest)


def _put_lines(
    sink: DigitSink, number: int, put_term: Callable[[DigitSink, int], None] = _perpetual, lines: int = 1
) -> None:
    """Put as many lines of count 1 for each of ``number`` tags."""
    for place in range(number):
        LINES_OF_TAG.put(sink, lines)
        for _ in range(lines):
            COUNT.put(sink, 1)
            put_term(sink, place)
            FLAGS.put(sink, 0)


def _spelled(*tags: tuple[int, str], lines: int = 1) -> bytes:
    def put(sink: DigitSink) -> None:
        _put_spelled(sink, *tags)
        _put_lines(sink, len(tags), lines=lines)

    return _authorization(put)


def _with_term(number: int, put_term: Callable[[DigitSink, int], None]) -> bytes:
    def put(sink: DigitSink) -> None:
        _put_spelled(sink, *((0, letter) for letter in "ABC"[:number]))
        _put_lines(sink, number, put_term)

    return _authorization(put)


# --- other forms ---------------------------------------------------------------------------------------


def other_forms() -> Forgeries:
    """Return payloads that say in another form what has one form only."""
    honest = _unchecked(C, CONFIRMATION)
    left_over = _sink()
    LAYOUTS[C].put(left_over, CONFIRMATION)
    left_over.put(1, 2)
    return {
        "zero-byte": (C, "A zero byte stands before the fields.", honest[:1] + b"\0" + honest[1:]),
        "left-over": (C, "After the last field something is left over.", _payload(C, left_over)),
        "unsorted-tags": (A, "Spelled tags that are not sorted.", _spelled((0, "B"), (0, "A"))),
        "repeated-tag": (A, "A spelled tag twice.", _spelled((0, "AB"), (1, "B"))),
        "shared-less": (
            A,
            "A spelled tag shares a character less with the one before than it could.",
            _spelled((0, "AB"), (0, "AC")),
        ),
        "shared-more": (
            A,
            "A spelled tag shares more characters with the one before than that has.",
            _spelled((0, "AB"), (5, "C")),
        ),
        "larger-character-set": (
            A,
            "A tag of capitals in the set of all characters.",
            _authorization(_large_set),
        ),
        "term-again": (A, "A term is spelled out that the table holds already.", _with_term(2, _new_term)),
        "days-for-years": (A, "A term of one year, counted in days.", _with_term(1, _year_in_days)),
        "unsorted-terms": (A, "Two lines of one tag, the later term first.", _authorization(_later_first)),
        "repeated-line": (A, "Two lines of one tag that are alike.", _spelled((0, "A"), lines=2)),
        "unsorted-issuers": (T, "Issuers that are not sorted by key.", _unsorted_issuers()),
        "repeated-issuer": (
            T,
            "An issuer twice.",
            _unchecked(T, replace(TRUST, issuers=TRUST.issuers * 2)),
        ),
        "unsorted-revoked": (
            T,
            "Revoked keys that are not sorted.",
            _unchecked(T, replace(TRUST, revoked=(b"\2" * 8, b"\1" * 8))),
        ),
    }


def _large_set(sink: DigitSink) -> None:
    NUMBERED.put(sink, 0)
    SPELLED.put(sink, 1)
    SHARED.put(sink, 0)
    CHARACTER_SET.put(sink, 2)
    sink.put(0, 64)
    sink.put(CHARACTER_SETS[2].index("A"), len(CHARACTER_SETS[2]))
    _put_lines(sink, 1)


_TERM: Final = Term(TODAY, TODAY + timedelta(days=99))


def _new_term(sink: DigitSink, place: int) -> None:
    (FIRST_TERM, SECOND_TERM)[place].put(sink, NEW)
    STARTS_AT_ISSUE.put(sink, True)
    YEARS.put(sink, 0)
    DAYS_LONG.put(sink, 100)


def _year_in_days(sink: DigitSink, _: int) -> None:
    FIRST_TERM.put(sink, NEW)
    STARTS_AT_ISSUE.put(sink, True)
    YEARS.put(sink, 0)
    DAYS_LONG.put(sink, 365)


def _later_first(sink: DigitSink) -> None:
    _put_spelled(sink, (0, "A"))
    table = TermTable(TODAY)
    LINES_OF_TAG.put(sink, 2)
    for term in (Term.of_years(TODAY, 1), _TERM):
        COUNT.put(sink, 1)
        table.put(sink, term)
        FLAGS.put(sink, 0)


def _unsorted_issuers() -> bytes:
    both = (*TRUST.issuers, IssuerKey(SECOND_ISSUER.verifying_key.raw, TODAY))
    return _unchecked(T, replace(TRUST, issuers=tuple(sorted(both, key=lambda each: each.key, reverse=True))))


# --- values that no code carries -----------------------------------------------------------------------


def meaningless() -> Forgeries:
    """Return payloads that carry what the format gives no meaning."""
    return {
        "tag-too-long": (A, "A spelled tag of 65 characters.", _spelled((0, "A" * 64), (63, "BC"))),
        "tag-with-space": (A, "A spelled tag that ends with a space.", _spelled((0, "A "))),
        "too-many-lines": (A, "Two tags with 128 lines each.", _spelled((0, "A"), (0, "B"), lines=128)),
        "day-out-of-range": (A, "A term that ends after the last day.", _with_term(1, _too_late)),
        "wanted-outside-the-catalogue": (
            Q,
            "A wanted line whose number is not in the catalogue.",
            _unchecked(Q, replace(REQUEST, wanted=(WantedLine(12, 1),))),
        ),
        "wanted-without-catalogue": (
            Q,
            "A numbered wanted line in a request without a catalogue.",
            _unchecked(Q, replace(REQUEST, catalogue=None, wanted=(WantedLine(0, 1),))),
        ),
        "never-installed-in-an-epoch": (
            R,
            "Nothing installed, and an epoch all the same.",
            _unchecked(R, replace(RETURN, last_sequence=Sequence(1, 0))),
        ),
        "sequence-too-large": (
            R,
            "A sequence number that no authorization has.",
            _unchecked(R, replace(RETURN, last_sequence=Sequence(0, 65_536))),
        ),
        "validity-backwards": (
            T,
            "An issuer whose validity ends before it starts.",
            _unchecked(T, replace(TRUST, issuers=(_backwards(),))),
        ),
    }


def _too_late(sink: DigitSink, _: int) -> None:
    FIRST_TERM.put(sink, NEW)
    STARTS_AT_ISSUE.put(sink, True)
    YEARS.put(sink, 0)
    DAYS_LONG.put(sink, 65_535)


def _backwards() -> IssuerKey:
    return replace(TRUST.issuers[0], valid_until=TRUST.issuers[0].valid_from - timedelta(days=1))


# --- newer versions ------------------------------------------------------------------------------------


class _Later(int):
    """A number that passes for a member of an enumeration which this version does not have."""


def newer() -> Forgeries:
    """Return payloads that only a newer version can mean."""
    extended = _sink(extension=1)
    LAYOUTS[A].put(extended, AUTHORIZATION)
    changes: dict[str, tuple[Kind, str, Any]] = {
        "mode": (Q, "A mode that this version does not know.", replace(REQUEST, mode=_later(2))),
        "reason": (R, "A reason that this version does not know.", replace(RETURN, reason=_later(7))),
        "evidence": (R, "An evidence that this version does not know.", replace(RETURN, evidence=_later(2))),
    }
    unknown = {name: (kind, text, _unchecked(kind, value)) for name, (kind, text, value) in changes.items()}
    return {"extension": (A, "The extension digit is set.", _payload(A, extended)), **unknown}


def _later(number: int) -> Any:
    return _Later(number)


# --- keys ----------------------------------------------------------------------------------------------


def hostile_keys() -> Mapping[str, tuple[str, bytes]]:
    """Return name → (description, 32 bytes that must not pass for a public key)."""
    prime = 2**255 - 19
    order_eight = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    mixed_order = "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d"
    return {
        "key-identity": ("the identity, a point of order one", (1).to_bytes(32, "little")),
        "key-order-two": ("a point of order two", (prime - 1).to_bytes(32, "little")),
        "key-order-eight": ("a point of order eight", bytes.fromhex(order_eight)),
        "key-mixed-order": ("a point of mixed order", bytes.fromhex(mixed_order)),
        "key-not-canonical": ("not the canonical encoding of a point", (prime + 1).to_bytes(32, "little")),
        "key-not-on-the-curve": ("no point of the curve", (2).to_bytes(32, "little")),
    }
