"""The floor: how few bytes the same content could take, field by field, and what ours takes.

The floor of a code is its 64-byte signature plus the entropy of its fields under the content model. Entropy
is taken as the ideal code length of the very content that is measured, -log2 p(content): its mean over all
contents is the entropy, and medians compare like with like. What the model leaves no choice about costs the
floor nothing: the kind and version, the number of lines, the sequence (1 of epoch 0), flags, rounding.

Ours is counted in the same fields by asking the codec's own fields for their digits, log2(total / size) each.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date
from math import comb, log2
from typing import Final

from benchmarks.content import (
    HIGHEST_COUNT,
    OTHER_START_DAYS,
    PERPETUAL,
    SHARES_TERM,
    STARTS_AT_ISSUE,
    TAGS,
    WHOLE_YEARS,
    YEARS,
    longest_term_days,
)
from codec.codes import MINUTES, Authorization, Line, Term, WantedLine
from codec.digits import DigitSink
from codec.lines import Lines, TagSet, TermTable, WantedLines
from codec.wire import SIGNATURE_BYTES, encode_payload

_HARMONIC: Final = sum(1 / count for count in range(1, HIGHEST_COUNT + 1))
#: A public key is a point of the prime-order subgroup: its order is a little over 2^252.
KEY_BITS: Final = 252.0
HINT_BITS: Final = 8 + 16
TIME_BITS: Final = log2(MINUTES)


@dataclass(frozen=True, slots=True)
class FieldBits:
    """Bits of one authorization, field by field.

    Attributes:
        signature: 512, on both sides.
        hints: One byte for the issuer, two for the request.
        issued_at: Minutes.
        tags: Which ones; with ours also how many.
        counts: Of all lines.
        terms: Of all lines, perpetual included.
        spare: What the model has no use for and lines must be able to say: flags, and several of one tag.
        envelope: Kind and version, the mark of an extension, the sequence, rounding up to whole bytes.
    """

    signature: float
    hints: float
    issued_at: float
    tags: float
    counts: float
    terms: float
    spare: float = 0.0
    envelope: float = 0.0

    @property
    def total(self) -> float:
        """The sum of all fields."""
        return float(sum(astuple(self)))


def floor_of(authorization: Authorization) -> FieldBits:
    """Return the ideal bits of an authorization whose content came from the model, tags in a catalogue."""
    lines = authorization.lines
    return FieldBits(
        signature=8 * SIGNATURE_BYTES,
        hints=HINT_BITS,
        issued_at=TIME_BITS,
        tags=tag_set_bits(len(lines)),
        counts=sum(count_bits(line.count) for line in lines),
        terms=term_bits([line.term for line in lines], authorization.issued_at.date()),
    )


def tag_set_bits(number: int) -> float:
    """Return log2 of the number of sets of that many tags."""
    return log2(comb(TAGS, number))


def count_bits(count: int) -> float:
    """Return -log2 p of a Zipf-like count."""
    return log2(count * _HARMONIC)


def wanted_bits(wanted: Sequence[WantedLine]) -> float:
    """Return the ideal bits of wanted lines, all tags in the catalogue."""
    return tag_set_bits(len(wanted)) + sum(count_bits(line.count) for line in wanted)


def term_bits(terms: Sequence[Term | None], issue_day: date) -> float:
    """Return -log2 p of the terms of all lines, in order.

    A new term that happens to equal the one that could have been shared counts both ways it can come about.
    """
    bits = 0.0
    latest: Term | None = None
    for term in terms:
        if term is None:
            bits -= log2(PERPETUAL)
            continue
        likely = new_term_probability(term, issue_day)
        if latest is not None:
            likely = SHARES_TERM * (term == latest) + (1 - SHARES_TERM) * likely
        bits -= log2((1 - PERPETUAL) * likely)
        latest = term
    return bits


def new_term_probability(term: Term, issue_day: date) -> float:
    """Return how likely a new term is this one, by all ways in which it can come about."""
    offset = (term.start - issue_day).days
    start = STARTS_AT_ISSUE * (offset == 0)
    if abs(offset) <= OTHER_START_DAYS:
        start += (1 - STARTS_AT_ISSUE) / (2 * OTHER_START_DAYS + 1)
    whole = sum(Term.of_years(term.start, years) == term for years in YEARS) / len(YEARS)
    days, longest = (term.end - term.start).days + 1, longest_term_days(term.start)
    other = (days <= longest) / longest
    return start * (WHOLE_YEARS * whole + (1 - WHOLE_YEARS) * other)


def spent_on(authorization: Authorization) -> FieldBits:
    """Return the bits that our encoding of an authorization spends, by the same fields as the floor.

    The catalogue numbers every tag, or none: tags are whatever the lines hold.
    """
    lines, issue_day = authorization.lines, authorization.issued_at.date()
    in_all = DigitSink()
    Lines(issue_day).put(in_all, lines)
    tags = _tags_spent(lines)
    counts = _counts_spent(lines)
    terms = _terms_spent(lines, issue_day)
    octets = 8 * len(encode_payload(authorization))
    return FieldBits(
        signature=8 * SIGNATURE_BYTES,
        hints=HINT_BITS,
        issued_at=TIME_BITS,
        tags=tags,
        counts=counts,
        terms=terms,
        spare=in_all.bits - tags - counts - terms,
        envelope=octets - HINT_BITS - TIME_BITS - in_all.bits,
    )


def _tags_spent(lines: Sequence[Line]) -> float:
    sink = DigitSink()
    TagSet().put(sink, tuple(line.tag for line in lines))
    return sink.bits


def _counts_spent(lines: Sequence[Line]) -> float:
    """Count by way of wanted lines, which are tags and counts and nothing else."""
    sink = DigitSink()
    WantedLines().put(sink, tuple(WantedLine(line.tag, line.count) for line in lines))
    return sink.bits - _tags_spent(lines)


def _terms_spent(lines: Sequence[Line], issue_day: date) -> float:
    sink = DigitSink()
    table = TermTable(issue_day)
    for line in lines:
        table.put(sink, line.term)
    return sink.bits
