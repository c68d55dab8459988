"""Short confirmations at the portal: which reservation one is for, and how often somebody may be wrong.

A short confirmation names its request by four bytes. It is tried for every reservation that fits, with the
issuer's private key, and its MAC decides. Whoever has no key can only guess: so each reservation for which a
MAC was worked out and did not fit counts a wrong try, durably, before the answer is given; after five it
takes no short confirmation until a signed one comes. What cannot be read, or names no reservation, counts
nowhere.

Not handled: what a confirmation does (`reservation.answers`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from codec.codes import Authorization, UnsignedKind
from codec.envelope import AuthorizationContext, require_kind, verify_authorization
from codec.errors import CodecError, NotGenuineError
from codec.keys import VerifyingKey
from codec.reading import Repair, inspect
from codec.short import Installed, MatchedShort, ShortReading, matched, misheard, read_short
from reservation import answers
from reservation.errors import (
    MissingAuthorizationError,
    OtherIssuerError,
    ShortLockedError,
    UnknownRequestError,
    WrongShortError,
)
from reservation.model import MOST_WRONG, Reservation, Stamp, StoredCode
from reservation.roles import THE_RESERVATION, Rights, Verb
from reservation.service.accepting import Accepted, first_answer, record
from reservation.service.codes import accepted_short, reservations_hinted
from reservation.service.context import Issuer, Portal, read, require_issuer, write
from reservation.service.issuing import require_standing, standing_for
from reservation.store import Reading, Writing

_LONG_FORM = "Ask for the confirmation code itself, which is signed: tallystick device confirmation"


@dataclass(frozen=True, slots=True)
class ReceivedShort:
    """A short confirmation that fits, and what had to be repaired to read it."""

    text: str
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class _Match:
    """A reading that fits a reservation: a code accepted before, or one whose MAC holds."""

    reservation: Reservation
    reading: ShortReading
    code: StoredCode | MatchedShort


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A reading, and a reservation that its hint names."""

    reservation: Reservation
    reading: ShortReading


def answer_again(portal: Portal, raw: str) -> Accepted | None:
    """Return the first answer to a short confirmation that was accepted before; None for a new one.

    It needs no key, and refuses what no key would help: nobody types a passphrase in vain.

    Raises:
        MalformedCodeError: When it cannot be read, nor repaired.
        UnknownRequestError: When its request was never seen here.
        ShortLockedError: When the reservation takes no short confirmation any more.
        MissingAuthorizationError: When it confirms an authorization that the books do not hold.
    """
    readings = read_short(raw)

    def work(books: Reading, rights: Rights) -> Accepted | None:
        known = _known(books, rights, readings)
        if known is None:
            _require_testable(books, _candidates_of(books, rights, readings))
        elif isinstance(known.code, StoredCode) and not known.reading.repairs:
            return first_answer(books, known.reservation, known.code)
        return None

    return read(portal, Verb.ANSWER_AGAIN, work)


def receive_short(portal: Portal, raw: str) -> ReceivedShort:
    """Read a short confirmation and find out what it confirms; a wrong one is counted.

    Args:
        portal: The portal, opened with its issuer's key.
        raw: The code, however it was typed.

    Raises:
        SetupError: When the portal was opened without the key.
        WrongShortError: When it fits nothing. It was counted for every reservation that it was tried for.
        OtherIssuerError: When another key signed the authorization than the one at hand.
        ReservationError, CodecError: As from `answer_again`.
    """
    issuer = require_issuer(portal)
    readings = read_short(raw)
    found = write(
        portal,
        Verb.RECEIVE_SHORT,
        lambda books, stamp: _found(books, stamp, issuer, readings),
        reconciles=True,
    )
    if isinstance(found, WrongShortError):
        raise found
    return ReceivedShort(found.code.text, found.reading.repairs)


def accept_short(portal: Portal, received: ReceivedShort) -> Accepted:
    """Accept a short confirmation, as `receive_short` returned it; any number of times.

    Raises:
        ReservationError, CodecError: As from `receive_short`.
    """
    issuer = require_issuer(portal)
    readings = read_short(received.text)

    def work(books: Writing, stamp: Stamp) -> Accepted | WrongShortError:
        # Tried once more, inside the transaction that believes it.
        found = _found(books, stamp, issuer, readings)
        if isinstance(found, WrongShortError):
            return found
        if isinstance(found.code, StoredCode):
            return first_answer(books, found.reservation, found.code)
        standing = require_standing(books, found.reservation.id)
        changes = answers.confirm_short(standing, found.code, stamp)
        sequence = found.code.installed.sequence
        return record(books, standing, changes, stamp, sequence=sequence, kind=UnsignedKind.SHORT)

    accepted = write(portal, Verb.ACCEPT_SHORT, work, reconciles=True)
    if isinstance(accepted, WrongShortError):
        raise accepted
    return accepted


# --- what it may be for --------------------------------------------------------------------------------


def _candidates_of(
    books: Reading, rights: Rights, readings: tuple[ShortReading, ...]
) -> tuple[_Candidate, ...]:
    found = tuple(
        _Candidate(reservation, reading)
        for reading in readings
        for reservation in reservations_hinted(books, reading.code.request_hint)
    )
    if not found and readings[0].repairs:
        # As long as something may be mistyped, nothing that the code says is to blame.
        raise misheard()
    if not found:
        raise UnknownRequestError(
            "This short confirmation is for a request that this portal never saw, or it was misheard.",
            hint="Have it read once more, and check that this is the right portal.",
        )
    mine = tuple(one for one in found if rights.covers(one.reservation.virtual_account_id))
    if not mine:
        raise rights.refuse_place(THE_RESERVATION)
    return mine


def _known(books: Reading, rights: Rights, readings: tuple[ShortReading, ...]) -> _Match | None:
    """Return the reading that was accepted before, if any: that needs neither a key nor a try."""
    for reading in readings:
        stored = accepted_short(books, reading.code)
        if stored is not None:
            return _Match(standing_for(books, rights, stored.reservation_id).reservation, reading, stored)
    return None


def _require_testable(
    books: Reading, found: tuple[_Candidate, ...]
) -> tuple[tuple[_Candidate, Installed], ...]:
    """Return what a MAC can be worked out for.

    Raises:
        ShortLockedError, MissingAuthorizationError: When that is nothing.
    """
    open_to_it = [one for one in found if one.reservation.takes_short]
    if not open_to_it:
        raise ShortLockedError(
            f"Reservation {found[0].reservation.name} takes no short confirmation any more: "
            f"{MOST_WRONG} wrong ones came for it.",
            hint=_LONG_FORM,
        )
    testable = tuple((one, installed) for one in open_to_it for installed in _installed_by(books, one))
    if not testable and found[0].reading.repairs:
        raise misheard()
    if not testable:
        raise MissingAuthorizationError(
            f"This confirms an authorization of reservation {open_to_it[0].reservation.name} that the books "
            f"do not hold (the newest is {open_to_it[0].reservation.sequence}), so it cannot be judged.",
            hint="Have it read once more. If it is right, the books may have been restored from an old copy: "
            "look for the authorization code on paper or on the device.",
        )
    return testable


def _installed_by(books: Reading, one: _Candidate) -> Iterator[Installed]:
    """Yield the authorizations that a reading may confirm, the newest first."""
    for issued in reversed(require_standing(books, one.reservation.id).issued):
        installed = Installed(one.reservation.id, issued.code_id, issued.sequence)
        if installed.number_end == one.reading.code.number_end:
            yield installed


# --- a try ---------------------------------------------------------------------------------------------


def _found(
    books: Writing, stamp: Stamp, issuer: Issuer, readings: tuple[ShortReading, ...]
) -> _Match | WrongShortError:
    """Return what a short confirmation fits; or the refusal of a wrong one, after it was counted."""
    known = _known(books, stamp.rights, readings)
    if known is not None:
        return known
    found = _candidates_of(books, stamp.rights, readings)
    testable = [pair for pair in _require_testable(books, found) if is_signed_by(books, issuer, pair[1])]
    if not testable:
        raise OtherIssuerError(
            "Another issuer's key signed this authorization than the one at hand, so its short confirmation "
            "cannot be checked.",
            hint=_LONG_FORM,
        )
    for one, installed in testable:
        device = VerifyingKey(one.reservation.device_key)
        try:
            code = matched(one.reading.code, installed, issuer=issuer.key, device=device)
        except NotGenuineError:
            continue
        return _Match(one.reservation, one.reading, code)
    return _wrong(books, stamp, {one.reservation.id: one.reservation for one, _ in testable})


def is_signed_by(books: Reading, issuer: Issuer, installed: Installed) -> bool:
    """Tell whether an issuer's key signed an authorization: only with that key a MAC says anything."""
    stored = books.code(installed.request_id, installed.authorization_id)
    context = AuthorizationContext(installed.request_id, issuer.key.verifying_key, issuer.portal_id)
    try:
        verify_authorization(
            require_kind(inspect(stored.text if stored else "").code, Authorization), context
        )
    except CodecError:
        return False
    return True


def _wrong(books: Writing, stamp: Stamp, tried: dict[bytes, Reservation]) -> WrongShortError:
    """Count a wrong try for each reservation that it was tried for."""
    for number, reservation in enumerate(tried.values()):
        books.record(answers.count_wrong(reservation, stamp, number=number))
    left = max(MOST_WRONG - 1 - one.wrong_tries for one in tried.values())
    names = ", ".join(one.name for one in tried.values())
    if left:
        tries = f"{left} more {'try is' if left == 1 else 'tries are'} left"
        hint = f"Have it read once more, group by group. {_LONG_FORM}"
    else:
        tries, hint = "that was the last try: it takes no short confirmation any more", _LONG_FORM
    return WrongShortError(
        f"This short confirmation does not fit reservation {names}: it was misheard, or it is for another "
        f"authorization; {tries}.",
        hint=hint,
    )
