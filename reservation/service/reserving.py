"""Reserving: from a verified request to a signed authorization, and further authorizations after it.

Each verb is one transaction: load what the books say, decide by the rules, sign, write, commit. The code is
stored with the commit, so whatever happens afterwards, the same input shows it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from codec.codes import Request
from codec.envelope import VerifiedCode
from reservation import agreements, answers, contradictions, limits, rules
from reservation.errors import InsufficientError, OpenReservationError
from reservation.lots import Position, Preference, TermChoice
from reservation.model import DEFAULT_VIRTUAL_ACCOUNT, Policy, PortalIdentity, Reservation, Sequence, Stamp
from reservation.roles import THE_RESERVATION, Rights, Verb
from reservation.rules import Choice, Wanted
from reservation.service.catalogue import spell_wanted
from reservation.service.codes import known_return
from reservation.service.context import Issuer, Portal, read, require_issuer, require_issuing, write
from reservation.service.issuing import (
    Draft,
    Issued,
    choose_lots,
    issue_authorization,
    issued_before,
    issued_now,
    place_for,
    standing_for,
    virtual_account_of,
)
from reservation.service.refusing import note_refusal
from reservation.standing import Standing, counts_by_tag
from reservation.store import Reading, Writing

AS_REQUESTED = Wanted.AS_REQUESTED
UNIVERSAL = Wanted.UNIVERSAL


def reserve(
    portal: Portal,
    request: VerifiedCode[Request],
    *,
    virtual_account: str = DEFAULT_VIRTUAL_ACCOUNT,
    choice: Choice = AS_REQUESTED,
    term: TermChoice | str = Preference.LONGEST,
    until: date | None = None,
    return_by: date | None = None,
) -> Issued:
    """Reserve licences for a request and return the authorization.

    Args:
        portal: The portal, opened with its issuer.
        request: The request.
        virtual_account: Name of the Virtual Account to take from.
        choice: Entitlements by name, or what the request asks for, or universal.
        term: Which lots to prefer, or the name of one lot.
        until: Last day of every line that would last longer; None: as long as its lot.
        return_by: Day by which the device is to return it; None: none. See `alerting.expect_return`.

    Raises:
        RuleError: When a rule refuses; nothing but a note of it is written then.
    """
    issuer = require_issuer(portal)

    def work(books: Writing, stamp: Stamp) -> Issued:
        standing = books.standing(request.id)
        if standing is not None:
            stamp.rights.require_place(standing.reservation.virtual_account_id, THE_RESERVATION)
            return _answer_again(books, standing, request, choice, until)
        wish = _Wish(virtual_account, choice, term, until, return_by)
        return _open(books, stamp, issuer, request, wish)

    def place(books: Reading) -> bytes | None:
        found = books.virtual_account(virtual_account)
        return found.id if found else None

    try:
        return write(portal, Verb.RESERVE, work, beside_others=True)
    except (InsufficientError, OpenReservationError) as refusal:
        note_refusal(portal, refusal, place, key=request.value.device_key)
        raise


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be reserved."""

    virtual_account: str
    choice: Choice
    term: TermChoice | str
    until: date | None
    return_by: date | None


def _answer_again(
    books: Reading, standing: Standing, request: VerifiedCode[Request], choice: Choice, until: date | None
) -> Issued:
    rules.require_open(standing.reservation)
    product = books.product(request.value.udi.product_id)
    requested = spell_wanted(books, request.value) if choice is AS_REQUESTED else ()
    wanted = rules.wanted_counts(request.value, choice, requested, product)
    sequence = standing.answers(wanted, until)
    if sequence is None:
        raise rules.refuse_other_lines(standing)
    return issued_before(books, standing, sequence)


def _open(
    books: Writing,
    stamp: Stamp,
    issuer: Issuer,
    request: VerifiedCode[Request],
    wish: _Wish,
) -> Issued:
    choice, value = wish.choice, request.value
    place = place_for(books, stamp.rights, wish.virtual_account)
    rules.require_to_come(wish.return_by, stamp)
    identity = require_issuable(books, stamp, request)
    policy = require_agreed(books)
    product = books.product(value.udi.product_id)
    former = books.newest_of_device(value.udi)
    require_no_other(value, former, stamp.rights)
    requested = spell_wanted(books, value) if choice is AS_REQUESTED else ()
    wanted = rules.wanted_counts(value, choice, requested, product)
    taken, lots = choose_lots(books, stamp, place, wanted, wish.term, Position())
    terms = limits.shorter_terms(taken, lots, wish.until, stamp.today)
    ending = limits.limits_of(terms, policy, None)
    draft = Draft(request.id, value.catalogue, Sequence(identity.epoch, 1), taken, lots, place, ending)
    issue = issue_authorization(books, stamp, issuer, draft)
    changes = rules.open_reservation(request, issue, stamp, virtual_account_id=place.id, former=former)
    alive = answers.signs_of_life(
        books.given_up_with_key(value.device_key), "request", stamp, first=1 + len(changes.alerts)
    )
    notes = (answers.ALIVE,) if alive else ()
    changes = replace(changes, alerts=(*changes.alerts, *alive), notes=(*changes.notes, *notes))
    if changes.reservation is not None:
        beside = books.codes_beside(changes.reservation, value.code_number)
        changes = contradictions.noted(changes, changes.reservation, beside, stamp)
    books.record(rules.with_return(changes, wish.return_by))
    return replace(issued_now(value.udi, request.id, issue), notes=changes.notes)


def require_agreed(books: Reading) -> Policy:
    """Return what the account allows itself, when no agreement that it requires waits for its acceptance.

    Raises:
        AgreementError: When one waits.
    """
    policy = books.policy()
    if policy.agreements_required:
        agreements.require_accepted(books.agreements_waiting())
    return policy


def require_no_other(request: Request, former: Reservation | None, rights: Rights) -> None:
    """Refuse a request by a device with another open reservation; what a user may not see is not told.

    Raises:
        OpenReservationError: When there is one.
        PermissionDeniedError: When there is one that is in none of the user's Virtual Accounts.
    """
    if former is not None and former.state.is_open:
        rights.require_place(
            former.virtual_account_id, "This device has a reservation already, and that is in none"
        )
    rules.require_no_other(request, former)


def require_issuable(books: Reading, stamp: Stamp, request: VerifiedCode[Request]) -> PortalIdentity:
    """Refuse to answer a request that is cancelled, or binds its device too loosely, or on a wrong day.

    Returns:
        What the portal is.

    Raises:
        RuleError: When a rule refuses.
    """
    early = known_return(books, request)
    if early is not None:
        raise rules.refuse_cancelled(request.value, early)
    identity = books.identity()
    rules.require_valid_issuer(identity, stamp)
    product = books.product(request.value.udi.product_id)
    rules.require_enough_matches(request.value, product, identity.minimum_match)
    return identity


def update(
    portal: Portal,
    reservation_id: bytes,
    changes: Mapping[str, int],
    *,
    term: TermChoice | str = Preference.LONGEST,
    until: date | None = None,
) -> Issued:
    """Change what a reservation grants and return the new authorization.

    Args:
        portal: The portal, opened with its issuer.
        reservation_id: The reservation; see `find_reservation`.
        changes: Tag → new absolute count; 0 drops it, tags that are not named stay.
        term: Which lots to prefer, or the name of one lot.
        until: Last day of every named line that would last longer; None: as long as its lot.

    Returns:
        The authorization; the newest one again when the change changes nothing.

    Raises:
        RuleError: When a rule refuses; nothing but a note of it is written then.
    """
    issuer = require_issuer(portal)

    def work(books: Writing, stamp: Stamp) -> Issued:
        standing = standing_for(books, stamp.rights, reservation_id)
        reservation = standing.reservation
        named = rules.updated_counts(standing, changes)
        place = virtual_account_of(books, standing)
        chosen, lots = choose_lots(books, stamp, place, named, term, _position(standing))
        carried = rules.carried_over(standing, named, stamp)
        taken, lots = {**carried, **chosen}, {**standing.lots, **lots}
        terms = {
            **rules.kept_terms(standing, carried),
            **limits.shorter_terms(chosen, lots, until, stamp.today),
        }
        rules.require_something(reservation, taken)
        rules.require_universal(standing, counts_by_tag(taken, lots))
        if taken == standing.taken() and terms == rules.kept_terms(standing, taken):
            return issued_before(books, standing, reservation.sequence)
        policy = require_agreed(books)
        identity = books.identity()
        rules.require_valid_issuer(identity, stamp)
        sequence = Sequence(identity.epoch, reservation.sequence.number + 1)
        ending = limits.limits_of(terms, policy, reservation.freed_on)
        draft = Draft(reservation.id, reservation.catalogue, sequence, taken, lots, place, ending)
        issue = issue_authorization(books, stamp, issuer, draft)
        books.record(rules.record_update(standing, issue, stamp))
        return issued_now(reservation.udi, reservation.id, issue)

    def place_now(books: Reading) -> bytes | None:
        reservation = books.reservation(reservation_id)
        return reservation.virtual_account_id if reservation else None

    try:
        return write(portal, Verb.UPDATE, work, beside_others=True)
    except InsufficientError as refusal:
        note_refusal(portal, refusal, place_now)
        raise


def _position(standing: Standing) -> Position:
    """Return where a reservation stands: what it takes counts as far as it still holds it."""
    held = standing.held
    return Position(
        {
            lot_id: min(count, held[lot_id].total)
            for lot_id, count in standing.taken().items()
            if lot_id in held
        },
        held,
    )


def reissue(portal: Portal, reservation_id: bytes) -> Issued:
    """Return a reservation's newest authorization again.

    Raises:
        ReservationClosedError: When the reservation is closed: it never yields a code again.
        UnknownNameError: When there is none.
    """

    def work(books: Reading, rights: Rights) -> Issued:
        require_issuing(portal, books)
        standing = standing_for(books, rights, reservation_id)
        rules.require_open(standing.reservation)
        return issued_before(books, standing, standing.reservation.sequence)

    return read(portal, Verb.REISSUE, work)
