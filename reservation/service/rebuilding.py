"""Proving that an authorization was forgotten, and putting its reservation into the books again.

An authorization can be verified only for its request: that of a reservation that is known, or one that was
brought. One that is genuine and unknown proves by itself that the database was copied back: where nobody
noticed before, the quarantine begins with it.

Not handled: in which order codes come (`reservation.service.bringing`), what a rebuilt reservation takes
(`reservation.rebuilding`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from codec.codes import Authorization, Kind, Line, Request
from codec.envelope import (
    UnverifiedCode,
    VerifiedCode,
    require_kind,
    verify_request,
)
from codec.reading import inspect
from reservation import quarantine
from reservation.checkpoint import KeptCode
from reservation.errors import UnknownCatalogueError
from reservation.issuers import is_revoked
from reservation.model import (
    DEFAULT_VIRTUAL_ACCOUNT,
    Lot,
    Reservation,
    Sequence,
    Stamp,
    VirtualAccount,
    name_of,
)
from reservation.rebuilding import Found, Placed, place_lines, rebuild
from reservation.service.catalogue import covers
from reservation.service.codes import reservations_hinted
from reservation.service.context import following
from reservation.service.issuers import IssuerHistory, newest_trust
from reservation.service.issuing import require_standing, virtual_account_named, virtual_account_of
from reservation.service.stock import lot_of
from reservation.service.watching import enter_quarantine
from reservation.standing import Standing
from reservation.store import Reading, Writing

_PROOF = "an authorization that this portal signed is not in its books"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An authorization that is in the books again.

    Attributes:
        reservation: Its reservation as it stands now.
        sequence: Its sequence.
        virtual_account: Where its licences were taken.
        notes: Sentences that a person should read.
    """

    reservation: Reservation
    sequence: Sequence
    virtual_account: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """An authorization that was brought and proved, and is not rebuilt yet.

    Attributes:
        reservation_id: Its reservation.
        sequence: Its sequence.
        reason: What it waits for, in words.
    """

    reservation_id: bytes
    sequence: Sequence
    reason: str


# --- proofs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """An authorization that is genuine for a request: of a reservation that is known, or that was brought.

    Attributes:
        request: The request.
        code: The authorization.
        standing: The reservation; None: the request was brought, and is of none that is known.
        is_revoked: Whether its issuer's key was revoked since: then a thief may have signed it.
    """

    request: VerifiedCode[Request]
    code: VerifiedCode[Authorization]
    standing: Standing | None
    is_revoked: bool = False

    def is_known(self, books: Reading) -> bool:
        """Tell whether the books have it."""
        return books.code(self.request.id, self.code.id) is not None

    def shows_a_restore(self, books: Reading) -> bool:
        """Tell whether it is believed to be forgotten: of a revoked key only once a restore is known."""
        return not self.is_revoked or books.in_quarantine()


def authorization_in(kept: KeptCode) -> UnverifiedCode[Authorization]:
    """Return the authorization in a kept text."""
    return require_kind(inspect(kept.text).code, Authorization)


def proofs(books: Reading, code: UnverifiedCode[Authorization]) -> Iterator[Proof]:
    """Find the requests for which an authorization is genuine: at most one, unless a hash was broken."""
    history = IssuerHistory.of(books)
    for request, standing in _requests_hinted(books, code.unverified.request_hint):
        found = history.verified(code, request.id)
        if found is not None:
            verified, key = found
            yield Proof(request, verified, standing, is_revoked(newest_trust(books), key))


def _requests_hinted(books: Reading, hint: bytes) -> Iterator[tuple[VerifiedCode[Request], Standing | None]]:
    for reservation in reservations_hinted(books, hint):
        stored = next(one for one in books.codes(reservation.id) if one.kind is Kind.REQUEST)
        request = verify_request(require_kind(inspect(stored.text).code, Request))
        yield request, require_standing(books, reservation.id)
    for kept in books.kept_codes():
        if kept.kind is Kind.REQUEST and kept.hint[: len(hint)] == hint:
            request = verify_request(require_kind(inspect(kept.text).code, Request))
            if books.reservation(request.id) is None:
                yield request, None


def blocked(books: Reading) -> tuple[Blocked, ...]:
    """Return what was brought and proved, and is not rebuilt yet."""
    return tuple(
        Blocked(proof.request.id, proof.code.value.sequence, why_blocked(books, proof))
        for kept in books.kept_codes()
        if kept.kind is Kind.AUTHORIZATION
        for proof in proofs(books, authorization_in(kept))
    )


def why_blocked(books: Reading, proof: Proof) -> str:
    """Say in words what an authorization waits for that is proved, and not rebuilt."""
    udi = proof.request.value.udi
    other = books.newest_of_device(udi)
    what = f"authorization {proof.code.value.sequence} of {name_of(proof.request.id)} for {udi}"
    if other is not None and other.state.is_open and other.id != proof.request.id:
        return f"{what} waits for its return code, or that of {other.name}, which the device has open"
    return f"{what} numbers its entitlements by a catalogue that is not here: add it again"


def rebuild_forgotten(
    books: Writing, stamp: Stamp, proof: Proof, lines: tuple[Line, ...], place: str | None
) -> Rebuilt:
    """Put a forgotten authorization, and its reservation, into the books again.

    Args:
        books: The books.
        stamp: The command's; what is recorded follows on everything that it recorded before.
        proof: The authorization, whose reservation is open or unknown.
        lines: Its lines, every tag spelled.
        place: Name of the Virtual Account where an unknown reservation belongs; None: where its lots are.
    """
    identity = books.identity()
    sequence = proof.code.value.sequence
    standing = proof.standing
    if sequence.epoch >= identity.epoch:
        if books.in_quarantine():
            books.set_epoch(quarantine.epoch_after(identity, sequence.epoch))
        else:
            enter_quarantine(books, following(books, stamp), None, _PROOF)
    account, placed, available = _placed(books, lines, standing, place)
    books.add_lots(tuple((lot, account.id) for lot in placed.missing))
    placed = _with_ended(books, stamp, placed)
    found = Found(proof.request, proof.code, placed, available, account.id, account.name)
    changes = rebuild(found, standing, following(books, stamp))
    books.record(changes)
    return Rebuilt(
        require_standing(books, proof.request.id).reservation, sequence, account.name, changes.notes
    )


def _placed(
    books: Reading, lines: tuple[Line, ...], standing: Standing | None, place: str | None
) -> tuple[VirtualAccount, Placed, dict[bytes, int]]:
    """Choose the Virtual Account and the lots."""
    if standing is not None:
        accounts: tuple[VirtualAccount, ...] = (virtual_account_of(books, standing),)
    elif place is not None:
        accounts = (virtual_account_named(books, place),)
    else:
        accounts = tuple(
            sorted(books.virtual_accounts(), key=lambda one: (one.name != DEFAULT_VIRTUAL_ACCOUNT, one.name))
        )
    held = standing.held if standing else {}
    choices = []
    for account in accounts:
        stock = books.stock(account.id, tuple({str(line.tag) for line in lines}))
        placed = place_lines(lines, stock, held, _lot_like)
        available = {item.lot.id: item.available for item in stock}
        choices.append((account, placed, available))
    return min(choices, key=lambda choice: _lacking(choice[1], choice[2], standing))


def _lacking(placed: Placed, available: dict[bytes, int], standing: Standing | None) -> int:
    """Return how many licences a Virtual Account has too few; the first with the fewest is chosen."""
    held = standing.held if standing else {}
    return sum(
        max(0, count - available.get(lot_id, 0) - (held[lot_id].total if lot_id in held else 0))
        for lot_id, count in placed.taken.items()
    )


def _lot_like(line: Line) -> Lot:
    return lot_of(
        str(line.tag), line.term, export_controlled=line.export_controlled, reporting_only=line.reporting_only
    )


def _with_ended(books: Writing, stamp: Stamp, placed: Placed) -> Placed:
    """Post the end of lots that were missing and are over; and take the others as the books have them."""
    lots = dict(placed.lots)
    for lot in placed.missing:
        there = books.lot(lot.id) or lot
        if there.ended(stamp.today) and not there.expired:
            books.set_lot_expired(lot.id, expired=True)
            there = replace(there, expired=True)
        lots[lot.id] = there
    return replace(placed, lots=lots)


def spelled(books: Reading, proof: Proof) -> tuple[Line, ...]:
    """Return an authorization's lines with every tag spelled.

    Raises:
        UnknownCatalogueError: When they are numbered by a catalogue that the books have forgotten.
    """
    lines = proof.code.value.lines
    positions = tuple(line.tag for line in lines if isinstance(line.tag, int))
    if not positions:
        return lines
    if not covers(books, proof.request.value.catalogue):
        raise UnknownCatalogueError(
            f"The authorization for {proof.request.value.udi} numbers its entitlements by a catalogue that "
            "is not here.",
            hint="Add that catalogue: tallystick portal catalogue add FILE",
        )
    tags = books.tags_at(positions)
    return tuple(replace(line, tag=tags[line.tag]) if isinstance(line.tag, int) else line for line in lines)
