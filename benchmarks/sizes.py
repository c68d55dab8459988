"""The size table: characters, QR versions and bytes of every kind of code, and of the peers.

All codes are signed for real. Each figure is the median of 20 seeds, with the worst beside it. The section is
the same on every run and every machine, as far as zlib is (one peer compresses).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from math import log2
from statistics import median
from typing import Final

from benchmarks.content import ISSUED_AT, LINE_COUNTS, SEEDS, Chance, draw_lines, draw_wanted
from benchmarks.exchange import (
    CATALOGUE,
    COMPONENTS,
    OLD,
    PRODUCT_CHARACTERS,
    PRODUCT_LENGTH,
    SERIAL_CHARACTERS,
    SERIAL_LENGTH,
    YOUNG,
    Exchange,
)
from benchmarks.floor import KEY_BITS, TIME_BITS, FieldBits, floor_of, spent_on, wanted_bits
from benchmarks.measured import HEAD, Limits, Measured, Specimen, limit, symbol_version, verdict
from benchmarks.peers import PEERS, Peer
from benchmarks.table import markdown, number
from codec.codes import DAYS, Authorization, Code, ReturnReason
from codec.envelope import VerifiedCode
from codec.short import MAC_BYTES
from codec.short import PARITY_CHARACTERS as SHORT_PARITY
from codec.wire import SIGNATURE_BYTES

NO_LIMITS: Final = Limits()
AUTHORIZATION_LIMITS: Final = {
    1: Limits(140, 6, 1.08),
    3: Limits(152, 6, 1.08),
    10: Limits(180, 8, 1.08),
    50: Limits(324, 11, 1.08),
}
SPELLED_LIMITS: Final = {3: Limits(ratio=1.4)}
REQUEST_LIMITS: Final = Limits(characters=250)
CONFIRMATION_LIMITS: Final = Limits(characters=138)
RETURN_LIMITS: Final = Limits(characters=142)
SHORT_LIMITS: Final = Limits(characters=24)
WANTED_CHARACTERS: Final = 4
ENVELOPE_BYTES: Final = 2
TOO_LARGE: Final = 41
"""Stands for the version of a text that no symbol holds."""

_SIGNATURE_BITS: Final = 8 * SIGNATURE_BYTES
_HINT_BITS: Final = 32
_LINK_BITS: Final = 32
_PORTAL_BITS: Final = 64
_KEY_ID_BITS: Final = 64
_DIGEST_BITS: Final = 32
_REQUEST_BITS: Final = (
    _SIGNATURE_BITS
    + log2(len(SERIAL_CHARACTERS)) * (SERIAL_LENGTH + 1)  # and the first character of the product id
    + log2(len(PRODUCT_CHARACTERS)) * (PRODUCT_LENGTH - 1)
    + KEY_BITS
    + 24 * COMPONENTS
    + _DIGEST_BITS
    + TIME_BITS
    + _LINK_BITS
)


@dataclass(frozen=True, slots=True)
class Deal:
    """One seed's authorization, with tags numbered and with tags spelled."""

    exchange: Exchange
    numbered: VerifiedCode[Authorization]
    spelled: VerifiedCode[Authorization]

    @property
    def floor(self) -> FieldBits:
        """The ideal bits; the same for both, since the floor has a catalogue."""
        return floor_of(self.numbered.value)


Deals = Mapping[int, tuple[Deal, ...]]
"""The authorizations of all seeds, by number of lines."""


def deal(lines: int, seed: int) -> Deal:
    """Make the authorization of one seed."""
    chance = Chance(f"authorization of {lines} lines, seed {seed}")
    exchange = Exchange.draw(chance)
    drawn = draw_lines(chance, lines, ISSUED_AT.date())
    spelled = CATALOGUE.spell_lines(drawn, CATALOGUE.id())
    return Deal(exchange, exchange.authorization(drawn), exchange.authorization(spelled))


def all_deals() -> Deals:
    """Make every authorization that is measured."""
    return {lines: tuple(deal(lines, seed) for seed in SEEDS) for lines in LINE_COUNTS}


# --- our own codes -------------------------------------------------------------------------------------


def numbered_authorizations(deals: Deals) -> Iterator[Measured]:
    """Measure authorizations that number their tags by the catalogue."""
    for lines, dealt in deals.items():
        specimens = tuple(Specimen(one.numbered.text, one.floor.total) for one in dealt)
        yield Measured(f"A, N = {lines}, catalogue", specimens, AUTHORIZATION_LIMITS[lines])


def spelled_authorizations(deals: Deals) -> Iterator[Measured]:
    """Measure the same authorizations with every tag spelled."""
    for lines, dealt in deals.items():
        specimens = tuple(Specimen(one.spelled.text, one.floor.total) for one in dealt)
        yield Measured(f"A, N = {lines}, spelled", specimens, SPELLED_LIMITS.get(lines, NO_LIMITS))


def device_codes(deals: Deals) -> Iterator[Measured]:
    """Measure what the devices of the three-line authorizations sign."""
    pairs = [(one.exchange, one.numbered) for one in deals[3]]
    requests = [exchange.request for exchange, _ in pairs]
    yield _measured("Q, nothing wanted", requests, _REQUEST_BITS, REQUEST_LIMITS)
    for lines in LINE_COUNTS:
        specimens = tuple(wanting(lines, seed).asking for seed in SEEDS)
        yield Measured(f"Q, {lines} wanted", specimens)
    bits = _SIGNATURE_BITS + _HINT_BITS + _LINK_BITS
    for age, life in (("", YOUNG), (", old device", OLD)):
        confirmations = [exchange.confirmation(authorization, life) for exchange, authorization in pairs]
        limits = CONFIRMATION_LIMITS if life is YOUNG else NO_LIMITS
        yield _measured(f"C{age}", confirmations, bits, limits)
    for age, life in (("", YOUNG), (", old device", OLD)):
        returns = [exchange.give_back(life) for exchange, _ in pairs]
        limits = RETURN_LIMITS if life is YOUNG else NO_LIMITS
        yield _measured(f"R{age}", returns, bits + log2(len(ReturnReason)), limits)


def short_codes(deals: Deals) -> Iterator[Measured]:
    """Measure what the same devices say by telephone."""
    codes = [one.exchange.short(one.numbered) for one in deals[3]]
    bits = 8 * MAC_BYTES + _HINT_BITS
    specimens = tuple(Specimen(code.text, bits, SHORT_PARITY) for code in codes)
    yield Measured("S", specimens, SHORT_LIMITS)


def trust_codes(deals: Deals) -> Iterator[Measured]:
    """Measure trust codes."""
    for issuers, revoked in ((1, 0), (2, 0), (2, 1)):
        codes = [one.exchange.trust(issuers, revoked) for one in deals[3]]
        bits = _PORTAL_BITS + (KEY_BITS + log2(DAYS)) * issuers + _KEY_ID_BITS * revoked
        yield _measured(f"T, issuers: {issuers}, revoked: {revoked}", codes, _SIGNATURE_BITS + bits)


def _measured(
    name: str, codes: Iterable[VerifiedCode[Code]], floor_bits: float, limits: Limits = NO_LIMITS
) -> Measured:
    return Measured(name, tuple(Specimen(code.text, floor_bits) for code in codes), limits)


@dataclass(frozen=True, slots=True)
class Wanting:
    """One seed's request, without and with wanted lines."""

    without: str
    asking: Specimen
    lines: int

    @property
    def characters_each(self) -> float:
        """What each wanted line adds."""
        return (len(self.asking.text) - len(self.without)) / self.lines

    @property
    def floor_each(self) -> float:
        """What each wanted line would add at its floor."""
        return (self.asking.floor_bits - _REQUEST_BITS) / 5 / self.lines


def wanting(lines: int, seed: int) -> Wanting:
    """Make two requests of one device that differ in the wanted lines alone."""
    device = f"request, seed {seed}"
    wanted = draw_wanted(Chance(f"{lines} wanted lines, seed {seed}"), lines)
    without = Exchange.draw(Chance(device)).request
    asking = Exchange.draw(Chance(device), wanted).request
    return Wanting(without.text, Specimen(asking.text, _REQUEST_BITS + wanted_bits(wanted)), lines)


# --- tables --------------------------------------------------------------------------------------------


def code_table(deals: Deals) -> str:
    """Show all our codes beside their limits and floors."""
    groups = (numbered_authorizations, spelled_authorizations, device_codes, short_codes, trust_codes)
    return markdown(HEAD, [row.cells() for group in groups for row in group(deals)])


def wanted_table() -> str:
    """Show what each wanted line adds to a request."""
    rows = []
    for lines in LINE_COUNTS:
        requests = [wanting(lines, seed) for seed in SEEDS]
        added = [one.characters_each for one in requests]
        floor = median(one.floor_each for one in requests)
        met = verdict(median(added) <= WANTED_CHARACTERS)
        figures = number(median(added), 2), number(max(added), 2), number(floor, 2)
        rows.append((f"of {lines}", limit(WANTED_CHARACTERS), *figures, met))
    return markdown(("characters each wanted line adds", "≤", "median", "worst", "floor", "met"), rows)


def envelope_table(deals: Deals) -> str:
    """Show what kind, version, sequence and rounding cost in authorizations."""
    rows = []
    for lines, dealt in deals.items():
        octets = [spent_on(one.numbered.value).envelope / 8 for one in dealt]
        met = verdict(median(octets) <= ENVELOPE_BYTES)
        figures = number(median(octets), 2), number(max(octets), 2)
        rows.append((f"N = {lines}", limit(ENVELOPE_BYTES), *figures, met))
    return markdown(("bytes of envelope", "≤", "median", "worst", "met"), rows)


def floor_table(deals: Deals) -> str:
    """Show, field by field, the ideal bits of authorizations and what ours take: medians."""
    head = ["bits", *(f"N = {lines}, {whose}" for lines in deals for whose in ("floor", "ours"))]
    rows = []
    for name in (*(field.name for field in fields(FieldBits)), "total"):
        cells = [name.replace("_", " ")]
        for dealt in deals.values():
            cells.append(number(median(getattr(one.floor, name) for one in dealt), 1))
            cells.append(number(median(getattr(spent_on(one.numbered.value), name) for one in dealt), 1))
        rows.append(cells)
    return markdown(head, rows)


def peer_table(deals: Deals, *, spell: bool) -> str:
    """Show the same authorizations in the peers' formats.

    Args:
        deals: The authorizations.
        spell: Whether tags are spelled, as is usual there, or numbered, as if those formats had catalogues.
    """
    head = ["spelled" if spell else "numbered"]
    head += [f"N = {lines}, {what}" for lines in deals for what in ("characters", "QR", "× ours")]
    formats = {"Tallystick": _ours, **PEERS}
    return markdown(head, [[name, *_peer_cells(deals, peer, spell=spell)] for name, peer in formats.items()])


def _ours(exchange: Exchange, authorization: Authorization) -> str:
    return exchange.authorization(authorization.lines).text


def _peer_cells(deals: Deals, peer: Peer, *, spell: bool) -> Iterator[str]:
    for dealt in deals.values():
        codes = [one.spelled if spell else one.numbered for one in dealt]
        texts = [peer(one.exchange, code.value) for one, code in zip(dealt, codes, strict=True)]
        version = median(symbol_version(text) or TOO_LARGE for text in texts)
        yield number(median(map(len, texts)))
        yield number(version) if version < TOO_LARGE else "none"
        yield number(median(len(text) / len(code.text) for text, code in zip(texts, codes, strict=True)), 2)
