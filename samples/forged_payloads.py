"""Bytes that no honest encoder writes, for the test vectors that must be refused.

Each payload (kind byte and fields) is put together digit by digit, so that one thing about it is wrong. Who
signs it, and with what, is the business of `samples.refused_vectors`; the rules of tags, lines and terms are
broken in `samples.forged_lines`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from codec.codes import TIME_ZERO, Code, IssuerKey, Kind, Sequence, WantedLine
from codec.digits import DigitSink
from codec.fields import CHARACTER_SET, CHARACTER_SETS
from codec.lines import COUNT, FIRST_TERM, FLAGS, LINES_OF_TAG, NUMBERED, PERPETUAL, SHARED, SPELLED, TEXT
from codec.wire import EPOCH, EXTENSION, LAYOUTS, NUMBER, kind_byte
from samples.accepted_vectors import (
    AUTHORIZATION,
    CONFIRMATION,
    ISSUED_AT,
    REQUEST,
    RETURN,
    TODAY,
    TRUST,
    long_lines,
)
from samples.vectors import SECOND_ISSUER

#: Name → (kind, description, payload).
Forgeries = Mapping[str, tuple[Kind, str, bytes]]

A, C, Q, R, T = Kind.AUTHORIZATION, Kind.CONFIRMATION, Kind.REQUEST, Kind.RETURN, Kind.TRUST


# --- tools ---------------------------------------------------------------------------------------------


def payload_of(kind: Kind, sink: DigitSink) -> bytes:
    """Return kind byte and fields in the fewest bytes that are allowed."""
    number = sink.fold()
    length = (number.bit_length() + 7) // 8
    return bytes((kind_byte(kind),)) + number.to_bytes(length + (length % 5 == 4), "big")


def _sink(extension: int = 0) -> DigitSink:
    sink = DigitSink()
    EXTENSION.put(sink, extension)
    return sink


def unchecked(kind: Kind, value: Code) -> bytes:
    """Encode a value without asking whether it means anything."""
    sink = _sink()
    LAYOUTS[kind].put(sink, value)
    return payload_of(kind, sink)


def authorization_payload(
    put_lines: Callable[[DigitSink], None], *, issued_at: datetime = ISSUED_AT
) -> bytes:
    """Encode the vectors' authorization with lines that are put by hand."""
    sink = _sink()
    sink.put(int.from_bytes(AUTHORIZATION.issuer_hint, "big"), 1 << 8)
    sink.put(int.from_bytes(AUTHORIZATION.request_hint, "big"), 1 << 16)
    sink.put((issued_at - TIME_ZERO) // timedelta(minutes=1), 1 << 26)
    EPOCH.put(sink, AUTHORIZATION.sequence.epoch)
    NUMBER.put(sink, AUTHORIZATION.sequence.number)
    put_lines(sink)
    return payload_of(A, sink)


def put_in_set(sink: DigitSink, set_: int, text: str) -> None:
    """Put a text in a set of characters of our choosing."""
    characters = CHARACTER_SETS[set_]
    CHARACTER_SET.put(sink, set_)
    sink.put(len(text) - 1, 64)
    for character in text:
        sink.put(characters.index(character), len(characters))


def put_spelled(sink: DigitSink, *tags: tuple[int, str]) -> None:
    """Put spelled tags, each as (shared characters, rest)."""
    NUMBERED.put(sink, 0)
    SPELLED.put(sink, len(tags))
    for shared, rest in tags:
        SHARED.put(sink, shared)
        TEXT.put(sink, rest)


def _perpetual(sink: DigitSink, _: int) -> None:
    FIRST_TERM.put(sink, PERPETUAL)


def put_lines(sink: DigitSink, number: int, put_term: Callable[[DigitSink, int], None] = _perpetual) -> None:
    """Put one line of count 1 for each of ``number`` tags."""
    for place in range(number):
        LINES_OF_TAG.put(sink, 1)
        COUNT.put(sink, 1)
        put_term(sink, place)
        FLAGS.put(sink, 0)


def spelled_lines(*tags: tuple[int, str]) -> bytes:
    """Encode an authorization with a perpetual line for each spelled tag, as (shared characters, rest)."""

    def put(sink: DigitSink) -> None:
        put_spelled(sink, *tags)
        put_lines(sink, len(tags))

    return authorization_payload(put)


def over_long() -> bytes:
    """Return a payload that is right in everything but its length: two bytes more than there can be."""
    tried = (unchecked(A, replace(AUTHORIZATION, lines=long_lines(22, length))) for length in range(1, 65))
    return next(payload for payload in tried if len(payload) + 64 == 1270)


# --- other forms ---------------------------------------------------------------------------------------


def other_forms() -> Forgeries:
    """Return payloads that say in another form what has one form only."""
    honest = _without_zero_byte()
    left_over = _sink()
    LAYOUTS[C].put(left_over, CONFIRMATION)
    left_over.put(1, 2)
    return {
        "zero-byte": (C, "A zero byte stands before fields that need none.", honest[:1] + b"\0" + honest[1:]),
        "five-zero-bytes": (
            C,
            "Five zero bytes stand before fields that need none.",
            honest[:1] + bytes(5) + honest[1:],
        ),
        "six-zero-bytes": (A, "Six zero bytes stand before fields that need one.", _six_zeros()),
        "left-over": (C, "After the last field something is left over.", payload_of(C, left_over)),
        "product-id-in-a-larger-set": (Q, "A product id of capitals in the set of all.", _larger_set()),
        "unsorted-issuers": (T, "Issuers that are not sorted by key.", _unsorted_issuers()),
        "repeated-issuer": (T, "An issuer twice.", _trust(issuers=TRUST.issuers * 2)),
        "unsorted-revoked": (
            T,
            "Revoked keys that are not sorted.",
            _trust(revoked=(b"\2" * 8, b"\1" * 8)),
        ),
        "repeated-revoked": (T, "A revoked key twice.", _trust(revoked=(b"\1" * 8, b"\1" * 8))),
    }


def _trust(**changes: Any) -> bytes:
    return unchecked(T, replace(TRUST, **changes))


def _without_zero_byte() -> bytes:
    """Find a payload that needs no zero byte, and could carry one or five."""
    tried = (unchecked(C, replace(CONFIRMATION, code_number=1 << octave)) for octave in range(1, 26))
    return next(payload for payload in tried if payload[1] and (len(payload) - 1) % 5 < 3)


def _six_zeros() -> bytes:
    """Find a payload that needs one zero byte, and give it five more."""
    tried = (spelled_lines((0, "X" * length)) for length in range(1, 20))
    payload = next(payload for payload in tried if payload[1] == 0)
    return payload[:1] + bytes(5) + payload[1:]


def _larger_set(mode: int = 0) -> bytes:
    """Encode the vectors' request with its product id in the largest set."""
    return _renamed(lambda sink: put_in_set(sink, 2, REQUEST.udi.product_id), mode=mode)


def _renamed(
    put_product: Callable[[DigitSink], None] = lambda sink: TEXT.put(sink, REQUEST.udi.product_id),
    put_serial: Callable[[DigitSink], None] = lambda sink: TEXT.put(sink, REQUEST.udi.serial_number),
    mode: int = 0,
) -> bytes:
    """Encode the vectors' request with a product id or a serial number that is put by hand."""
    sink = _sink()
    put_product(sink)
    put_serial(sink)
    whole, names = DigitSink(), DigitSink()
    LAYOUTS[Q].put(whole, replace(REQUEST, mode=_later(mode)))
    TEXT.put(names, REQUEST.udi.product_id)
    TEXT.put(names, REQUEST.udi.serial_number)
    sink.extend(whole[len(names) :])
    return payload_of(Q, sink)


def _unsorted_issuers() -> bytes:
    both = (*TRUST.issuers, IssuerKey(SECOND_ISSUER.verifying_key.raw, TODAY))
    return _trust(issuers=tuple(sorted(both, key=lambda each: each.key, reverse=True)))


# --- values that no code carries -----------------------------------------------------------------------


def meaningless() -> Forgeries:
    """Return payloads that carry what the format gives no meaning."""
    return {
        **_spaces(),
        "wanted-outside-the-catalogue": (
            Q,
            "A wanted line whose number is not in the catalogue.",
            unchecked(Q, replace(REQUEST, wanted=(WantedLine(12, 1),))),
        ),
        "wanted-without-catalogue": (
            Q,
            "A numbered wanted line in a request without a catalogue.",
            unchecked(Q, replace(REQUEST, catalogue=None, wanted=(WantedLine(0, 1),))),
        ),
        "never-installed-in-an-epoch": (
            R,
            "Nothing installed, and an epoch all the same.",
            unchecked(R, replace(RETURN, last_sequence=Sequence(1, 0))),
        ),
        "sequence-too-large": (
            R,
            "A sequence number that no authorization has.",
            unchecked(R, replace(RETURN, last_sequence=Sequence(0, 65_536))),
        ),
        "validity-backwards": (
            T,
            "An issuer whose validity ends before it starts.",
            _trust(issuers=(_backwards(),)),
        ),
    }


def _spaces() -> Forgeries:
    """Put a space at an end of a text that is no tag."""
    return {
        "product-id-with-space": (
            Q,
            "A product id that ends with a space.",
            _renamed(put_product=lambda sink: TEXT.put(sink, "A ")),
        ),
        "product-id-begins-with-space": (
            Q,
            "A product id that begins with a space.",
            _renamed(put_product=lambda sink: TEXT.put(sink, " A")),
        ),
        "serial-number-with-space": (
            Q,
            "A serial number that ends with a space.",
            _renamed(put_serial=lambda sink: TEXT.put(sink, "A ")),
        ),
    }


def _backwards() -> IssuerKey:
    return replace(TRUST.issuers[0], valid_until=TRUST.issuers[0].valid_from - timedelta(days=1))


def first_flaws() -> Forgeries:
    """Return payloads with two flaws, of which the one that is read first makes them malformed."""
    return {
        "product-id-before-mode": (
            Q,
            "A product id in a larger set than its own, and behind it an unknown mode.",
            _larger_set(mode=2),
        )
    }


# --- newer versions ------------------------------------------------------------------------------------


class _Later(int):
    """A number that passes for a member of an enumeration which this version does not have."""


def newer() -> Forgeries:
    """Return payloads that only a newer version can mean."""
    extended = _sink(extension=1)
    LAYOUTS[A].put(extended, AUTHORIZATION)
    unreadable = _sink(extension=1)
    unreadable.put(0xABCDEF, 1 << 24)
    rest = payload_of(A, unreadable)
    changes: dict[str, tuple[Kind, str, Any]] = {
        "mode": (Q, "A mode that this version does not know.", replace(REQUEST, mode=_later(2))),
        "mode-before-wanted": (
            Q,
            "An unknown mode, and behind it a line outside the catalogue.",
            replace(REQUEST, mode=_later(2), wanted=(WantedLine(12, 1),)),
        ),
        "reason": (R, "A reason that this version does not know.", replace(RETURN, reason=_later(7))),
        "reason-before-the-whole": (
            R,
            "An unknown reason, and a sequence number that is judged after the last field.",
            replace(RETURN, reason=_later(9), last_sequence=Sequence(0, 70_000)),
        ),
        "evidence": (R, "An evidence that this version does not know.", replace(RETURN, evidence=_later(2))),
    }
    unknown = {name: (kind, text, unchecked(kind, value)) for name, (kind, text, value) in changes.items()}
    return {
        "extension": (A, "The extension digit is set.", payload_of(A, extended)),
        "extension-before-the-rest": (
            A,
            "The extension digit is set; behind it is no authorization, and before it a zero byte too many.",
            rest[:1] + b"\0" + rest[1:],
        ),
        **unknown,
    }


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
