"""Reserving: from a verified request to a signed authorization, and further authorizations after it.

Each verb is one transaction: load what the books say, decide by the rules, sign, write, commit. The code is
stored with the commit, so whatever happens afterwards, the same input shows it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from codec.alphabet import clean
from codec.codes import Authorization, CatalogueId, Kind, Line, Request, to_minute
from codec.envelope import VerifiedCode, issuer_hint, short_hint, sign_authorization
from codec.errors import MalformedCodeError
from codec.lines import sort_lines
from reservation import lots as lot_rules
from reservation import rules
from reservation.errors import StateDamagedError, UnknownNameError
from reservation.lots import Position, Preference, TermChoice
from reservation.model import (
    DEFAULT_VIRTUAL_ACCOUNT,
    Lot,
    Sequence,
    Stamp,
    StoredCode,
    Udi,
    VirtualAccount,
    name_of,
)
from reservation.rules import Choice, Issue, Wanted
from reservation.service.catalogue import number_lines, spell_wanted
from reservation.service.codes import known_return, prefix_range
from reservation.service.context import Issuer, Portal, require_issuer, write
from reservation.standing import Standing, counts_by_tag
from reservation.store import Reading, Writing

AS_REQUESTED = Wanted.AS_REQUESTED
UNIVERSAL = Wanted.UNIVERSAL

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


def reserve(
    portal: Portal,
    request: VerifiedCode[Request],
    *,
    virtual_account: str = DEFAULT_VIRTUAL_ACCOUNT,
    choice: Choice = AS_REQUESTED,
    term: TermChoice | str = Preference.LONGEST,
) -> Issued:
    """Reserve licences for a request and return the authorization.

    Args:
        portal: The portal, opened with its issuer.
        request: The request.
        virtual_account: Name of the Virtual Account to take from.
        choice: Entitlements by name, or what the request asks for, or universal.
        term: Which lots to prefer, or the name of one lot.

    Raises:
        RuleError: When a rule refuses; nothing is written then.
    """
    issuer = require_issuer(portal)

    def work(books: Writing, stamp: Stamp) -> Issued:
        standing = books.standing(request.id)
        if standing is not None:
            return _answer_again(books, standing, request, choice)
        return _open(books, stamp, issuer, request, (virtual_account, choice, term))

    return write(portal, work)


def _answer_again(
    books: Reading, standing: Standing, request: VerifiedCode[Request], choice: Choice
) -> Issued:
    rules.require_open(standing.reservation)
    product = books.product(request.value.udi.product_id)
    requested = spell_wanted(books, request.value) if choice is AS_REQUESTED else ()
    wanted = rules.wanted_counts(request.value, choice, requested, product)
    sequence = standing.answers(wanted)
    if sequence is None:
        raise rules.refuse_other_lines(standing)
    return _issued_before(books, standing, sequence)


def _open(
    books: Writing,
    stamp: Stamp,
    issuer: Issuer,
    request: VerifiedCode[Request],
    wish: tuple[str, Choice, TermChoice | str],
) -> Issued:
    virtual_account, choice, term = wish
    value = request.value
    early = known_return(books, request)
    if early is not None:
        raise rules.refuse_cancelled(value, early)
    identity = books.identity()
    rules.require_valid_issuer(identity, stamp)
    product = books.product(value.udi.product_id)
    rules.require_enough_matches(value, product, identity.minimum_match)
    former = books.newest_of_device(value.udi)
    rules.require_no_other(value, former)
    place = virtual_account_named(books, virtual_account)
    requested = spell_wanted(books, value) if choice is AS_REQUESTED else ()
    wanted = rules.wanted_counts(value, choice, requested, product)
    taken, lots = _choose(books, stamp, place, wanted, term, Position())
    issue = _issue(
        books,
        stamp,
        issuer,
        _Draft(request.id, value.catalogue, Sequence(identity.epoch, 1), taken, lots, place),
    )
    changes = rules.open_reservation(request, issue, stamp, virtual_account_id=place.id, former=former)
    books.record(changes)
    return _issued_now(value.udi, request.id, issue)


def update(
    portal: Portal,
    reservation_id: bytes,
    changes: Mapping[str, int],
    *,
    term: TermChoice | str = Preference.LONGEST,
) -> Issued:
    """Change what a reservation grants and return the new authorization.

    Args:
        portal: The portal, opened with its issuer.
        reservation_id: The reservation; see `find_reservation`.
        changes: Tag → new absolute count; 0 drops it, tags that are not named stay.
        term: Which lots to prefer, or the name of one lot.

    Returns:
        The authorization; the newest one again when the change changes nothing.

    Raises:
        RuleError: When a rule refuses; nothing is written then.
    """
    issuer = require_issuer(portal)

    def work(books: Writing, stamp: Stamp) -> Issued:
        standing = require_standing(books, reservation_id)
        reservation = standing.reservation
        named = rules.updated_counts(standing, changes)
        place = _virtual_account_of(books, standing)
        position = Position(standing.taken(), standing.held)
        chosen, lots = _choose(books, stamp, place, named, term, position)
        taken = {**rules.carried_over(standing, named, stamp), **chosen}
        lots = {**standing.lots, **lots}
        rules.require_something(reservation, taken)
        rules.require_universal(standing, counts_by_tag(taken, lots))
        if taken == standing.taken():
            return _issued_before(books, standing, reservation.sequence)
        identity = books.identity()
        rules.require_valid_issuer(identity, stamp)
        sequence = Sequence(identity.epoch, reservation.sequence.number + 1)
        issue = _issue(
            books, stamp, issuer, _Draft(reservation.id, reservation.catalogue, sequence, taken, lots, place)
        )
        books.record(rules.record_update(standing, issue, stamp))
        return _issued_now(reservation.udi, reservation.id, issue)

    return write(portal, work)


def reissue(portal: Portal, reservation_id: bytes) -> Issued:
    """Return a reservation's newest authorization again.

    Raises:
        ReservationClosedError: When the reservation is closed: it never yields a code again.
        UnknownNameError: When there is none.
    """

    def work(books: Reading) -> Issued:
        standing = require_standing(books, reservation_id)
        rules.require_open(standing.reservation)
        return _issued_before(books, standing, standing.reservation.sequence)

    return portal.store.read(work)


# --- steps -----------------------------------------------------------------------------------------


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


def _virtual_account_of(books: Reading, standing: Standing) -> VirtualAccount:
    found = books.virtual_account_by_id(standing.reservation.virtual_account_id)
    if found is None:
        raise StateDamagedError(
            f"The Virtual Account of reservation {standing.reservation.name} is missing from the books.",
            hint="Run `tallystick portal audit` and keep its output.",
        )
    return found


def _choose(
    books: Reading,
    stamp: Stamp,
    place: VirtualAccount,
    wanted: Mapping[str, int],
    term: TermChoice | str,
    position: Position,
) -> tuple[dict[bytes, int], dict[bytes, Lot]]:
    stock = books.stock(place.id, tuple(wanted))
    chosen = lot_rules.choose(
        wanted,
        stock,
        position,
        term=_term_choice(books, term),
        today=stamp.today,
        virtual_account=place.name,
    )
    return chosen, {item.lot.id: item.lot for item in stock}


def _term_choice(books: Reading, term: TermChoice | str) -> TermChoice:
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
class _Draft:
    """An authorization before it is signed."""

    reservation_id: bytes
    catalogue: CatalogueId | None
    sequence: Sequence
    taken: Mapping[bytes, int]
    lots: Mapping[bytes, Lot]
    place: VirtualAccount


def _issue(books: Reading, stamp: Stamp, issuer: Issuer, draft: _Draft) -> Issue:
    """Sign an authorization."""
    lines = number_lines(books, spelled_lines(draft.taken, draft.lots), draft.catalogue)
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
    return Issue(draft.sequence, draft.taken, draft.lots, stored, draft.place.name)


def spelled_lines(taken: Mapping[bytes, int], lots: Mapping[bytes, Lot]) -> tuple[Line, ...]:
    """Return what is taken from lots as lines of a code, tags spelled, sorted."""
    lines = []
    for lot_id, count in taken.items():
        lot = lots[lot_id]
        lines.append(Line(lot.tag, count, lot.term, lot.export_controlled, lot.reporting_only))
    return sort_lines(tuple(lines))


def _issued_now(udi: Udi, reservation_id: bytes, issue: Issue) -> Issued:
    return Issued(
        reservation_id=reservation_id,
        name=name_of(reservation_id),
        udi=udi,
        virtual_account=issue.virtual_account,
        sequence=issue.sequence,
        text=issue.code.text,
        lines=spelled_lines(issue.taken, issue.lots),
        again=False,
        at=issue.code.at,
        by=issue.code.actor,
    )


def _issued_before(books: Reading, standing: Standing, sequence: Sequence) -> Issued:
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
        virtual_account=_virtual_account_of(books, standing).name,
        sequence=sequence,
        text=code.text,
        lines=spelled_lines(standing.allocations[sequence], standing.lots),
        again=True,
        at=code.at,
        by=code.actor,
    )
