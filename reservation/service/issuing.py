"""The steps to a signed authorization that every issuing verb takes: find, choose lots, sign, answer.

Invariant: nothing here writes. A verb records what these steps made, in the transaction that made it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from codec.alphabet import clean
from codec.codes import Authorization, CatalogueId, Kind, Line, to_minute
from codec.envelope import issuer_hint, short_hint, sign_authorization
from codec.errors import MalformedCodeError
from codec.lines import sort_lines
from reservation import issuers
from reservation import lots as lot_rules
from reservation.errors import StateDamagedError, UnknownNameError
from reservation.lots import Position, Preference, TermChoice
from reservation.model import Limit, Lot, Sequence, Stamp, StoredCode, Udi, VirtualAccount, name_of
from reservation.roles import THE_RESERVATION, Rights
from reservation.rules import Issue
from reservation.service.catalogue import number_lines
from reservation.service.codes import prefix_range
from reservation.service.context import Issuer
from reservation.standing import Standing
from reservation.store import Reading

_LOT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Issued:
    """An authorization, as it is handed to whoever carries it.

    Attributes:
        reservation_id: 32 bytes.
        name: Short name of the reservation.
        udi: The device.
        virtual_account: Whose licences it takes.
        sequence: Place of the authorization in its reservation.
        text: The code.
        lines: What it grants, every tag spelled.
        again: Whether it was issued before, and is shown again.
        at: When it was issued.
        by: Who issued it.
        notes: Sentences that a person should read.
        id: id(A), 32 bytes.
    """

    reservation_id: bytes
    name: str
    udi: Udi
    virtual_account: str
    sequence: Sequence
    text: str
    lines: tuple[Line, ...]
    again: bool
    at: datetime
    by: str
    notes: tuple[str, ...] = ()
    id: bytes = b""


def require_standing(books: Reading, reservation_id: bytes) -> Standing:
    """Return what the books say about a reservation.

    Raises:
        UnknownNameError: When there is none.
    """
    standing = books.standing(reservation_id)
    if standing is None:
        raise UnknownNameError(
            f"There is no reservation {name_of(reservation_id)}.",
            hint="See the reservations with `tallystick portal list`.",
        )
    return standing


def standing_for(books: Reading, rights: Rights, reservation_id: bytes) -> Standing:
    """Return what the books say about a reservation that a user may touch.

    Raises:
        UnknownNameError: When there is none.
        PermissionDeniedError: When it is in none of the user's Virtual Accounts.
    """
    standing = require_standing(books, reservation_id)
    rights.require_place(standing.reservation.virtual_account_id, THE_RESERVATION)
    return standing


def place_for(books: Reading, rights: Rights, name: str) -> VirtualAccount:
    """Return a Virtual Account, by its name, in which a user may do something.

    Raises:
        UnknownNameError: When there is none.
        PermissionDeniedError: When it is none of the user's, whether or not it is there.
    """
    found = books.virtual_account(name)
    if rights.places is not None and (found is None or not rights.covers(found.id)):
        raise rights.refuse_place(f"Virtual Account {name} is none")
    return found or virtual_account_named(books, name)


def virtual_account_named(books: Reading, name: str) -> VirtualAccount:
    """Return a Virtual Account by its name.

    Raises:
        UnknownNameError: When there is none.
    """
    found = books.virtual_account(name)
    if found is None:
        names = ", ".join(one.name for one in books.virtual_accounts())
        raise UnknownNameError(
            f"There is no Virtual Account {name}.",
            hint=f"There are: {names}. Add one with `tallystick portal va add NAME`.",
        )
    return found


def virtual_account_of(books: Reading, standing: Standing) -> VirtualAccount:
    """Return the Virtual Account that a reservation takes from."""
    found = books.virtual_account_by_id(standing.reservation.virtual_account_id)
    if found is None:
        raise StateDamagedError(
            f"The Virtual Account of reservation {standing.reservation.name} is missing from the books.",
            hint="Run `tallystick portal audit` and keep its output.",
        )
    return found


def choose_lots(
    books: Reading,
    stamp: Stamp,
    place: VirtualAccount,
    wanted: Mapping[str, int],
    term: TermChoice | str,
    position: Position,
) -> tuple[dict[bytes, int], dict[bytes, Lot]]:
    """Return what to take from each lot, and every lot that it could be taken from.

    Raises:
        InsufficientError: When there is too little.
        UnknownNameError: When there is no such lot.
    """
    stock = books.stock(place.id, tuple(wanted))
    chosen = lot_rules.choose(
        wanted,
        stock,
        position,
        term=term_choice(books, term),
        today=stamp.today,
        virtual_account=place.name,
    )
    return chosen, {item.lot.id: item.lot for item in stock}


def term_choice(books: Reading, term: TermChoice | str) -> TermChoice:
    """Return which lots a person means: ``longest``, ``soonest``, or the name of one lot.

    Raises:
        UnknownNameError: When there is no such lot.
    """
    if isinstance(term, Preference | bytes):
        return term
    if term in set(Preference):
        return Preference(term)
    try:
        found = books.lots_between(*prefix_range(clean(term), _LOT_BYTES))
    except MalformedCodeError:
        found = ()
    if len(found) != 1:
        raise UnknownNameError(
            f"There is no lot {term}.",
            hint="Say longest, soonest, or the name of a lot: see `tallystick portal license list`.",
        )
    return found[0]


@dataclass(frozen=True, slots=True)
class Draft:
    """An authorization before it is signed."""

    reservation_id: bytes
    catalogue: CatalogueId | None
    sequence: Sequence
    taken: Mapping[bytes, int]
    lots: Mapping[bytes, Lot]
    place: VirtualAccount
    limits: Mapping[bytes, Limit] = field(default_factory=dict)


def issue_authorization(books: Reading, stamp: Stamp, issuer: Issuer, draft: Draft) -> Issue:
    """Sign an authorization.

    Raises:
        ReplacedIssuerError: When another key came into use since this one was opened.
        IssuerNotValidError: When devices believe it no more.
    """
    issuers.require_in_use(books.identity(), issuer.key.verifying_key, stamp.today)
    lines = number_lines(books, spelled_lines(draft.taken, draft.lots, draft.limits), draft.catalogue)
    code = sign_authorization(
        Authorization(
            issuer_hint=issuer_hint(issuer.key.verifying_key),
            request_hint=short_hint(draft.reservation_id),
            issued_at=to_minute(stamp.at),
            sequence=draft.sequence,
            lines=lines,
        ),
        issuer.key,
        request_id=draft.reservation_id,
        portal_id=issuer.portal_id,
    )
    stored = StoredCode(
        id=code.id,
        reservation_id=draft.reservation_id,
        kind=Kind.AUTHORIZATION,
        text=code.text,
        sequence=draft.sequence,
        code_number=None,
        link=None,
        at=stamp.at,
        actor=stamp.actor,
    )
    return Issue(draft.sequence, draft.taken, draft.lots, stored, draft.place.name, draft.limits)


def spelled_lines(
    taken: Mapping[bytes, int], lots: Mapping[bytes, Lot], limits: Mapping[bytes, Limit]
) -> tuple[Line, ...]:
    """Return what is taken from lots as lines of a code, tags spelled, sorted."""
    lines = []
    for lot_id, count in taken.items():
        lot = lots[lot_id]
        term = limits[lot_id].term if lot_id in limits else lot.term
        lines.append(Line(lot.tag, count, term, lot.export_controlled, lot.reporting_only))
    return sort_lines(tuple(lines))


def issued_now(udi: Udi, reservation_id: bytes, issue: Issue) -> Issued:
    """Return an authorization that was issued just now."""
    return Issued(
        reservation_id=reservation_id,
        name=name_of(reservation_id),
        udi=udi,
        virtual_account=issue.virtual_account,
        sequence=issue.sequence,
        text=issue.code.text,
        lines=spelled_lines(issue.taken, issue.lots, issue.limits),
        again=False,
        at=issue.code.at,
        by=issue.code.actor,
        id=issue.code.id,
    )


def issued_before(books: Reading, standing: Standing, sequence: Sequence) -> Issued:
    """Return an authorization that was issued before, as it was."""
    reservation = standing.reservation
    code_id = books.issued_id(reservation.id, sequence)
    code = books.code(reservation.id, code_id) if code_id else None
    if code is None:
        raise StateDamagedError(
            f"Authorization {sequence} of reservation {reservation.name} is missing from the books.",
            hint="Run `tallystick portal audit` and keep its output.",
        )
    return Issued(
        reservation_id=reservation.id,
        name=reservation.name,
        udi=reservation.udi,
        virtual_account=virtual_account_of(books, standing).name,
        sequence=sequence,
        text=code.text,
        lines=spelled_lines(standing.allocations[sequence], standing.lots, standing.limits.get(sequence, {})),
        again=True,
        at=code.at,
        by=code.actor,
        id=code.id,
    )
