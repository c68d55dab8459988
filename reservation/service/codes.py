"""Reading codes at the portal: which of them are genuine, and for which reservation.

A request is verified by the key inside it. Confirmations and returns name their request by four bytes; every
reservation that fits is tried with its own device key, and the signature decides.

Not handled: what a code does to the books (`reservation.service.accepting`, `reservation.service.reserving`).
"""

from dataclasses import dataclass

from codec.alphabet import clean, to_number
from codec.codes import (
    SHORT_CHARACTERS,
    Authorization,
    Code,
    Confirmation,
    Kind,
    Request,
    Return,
    UnsignedKind,
)
from codec.envelope import (
    UnverifiedCode,
    VerifiedCode,
    long_hint,
    named,
    require_kind,
    to_text,
    verify_confirmation,
    verify_request,
    verify_return,
)
from codec.errors import CodecError, NotGenuineError, WrongKindError
from codec.hashes import sha256
from codec.keys import VerifyingKey
from codec.reading import Received, inspect, receive
from codec.short import UnmatchedShort, inspect_short
from reservation.errors import (
    MissingAuthorizationError,
    RuleError,
    TooManyKeptError,
    UnknownNameError,
    UnknownRequestError,
)
from reservation.model import (
    NAME_CHARACTERS,
    EarlyReturn,
    Event,
    EventKind,
    Reservation,
    Stamp,
    StoredCode,
)
from reservation.roles import THE_RESERVATION, Rights, Verb
from reservation.service.context import Portal, read, write
from reservation.standing import Changes
from reservation.store import Reading, Writing

DeviceCode = Request | Confirmation | Return

#: Anybody can make returns of requests that nobody saw. An honest device makes one of each.
MOST_EARLY_RETURNS = 10_000
MOST_EARLY_RETURNS_OF_A_HINT = 8

_MOST_CANDIDATES = 256
_ID_BYTES = 32
_LONGEST_NAME = 52


def read_code(portal: Portal, raw: str, *, search: bool = False) -> Received[DeviceCode]:
    """Read and verify a code that a device made.

    Args:
        portal: The portal.
        raw: The code, however it was pasted.
        search: Whether a person waits for a longer search, should it be damaged.

    Raises:
        MalformedCodeError: When it cannot be read, nor repaired.
        WrongKindError: For a code that no device makes.
        UnknownRequestError: When its request was never seen here. (`keep_return` keeps such a return.)
        MissingAuthorizationError: For a confirmation of an authorization that the books do not hold.
        NotGenuineError: When its signature does not hold.
    """

    def work(books: Reading, rights: Rights) -> Received[DeviceCode]:
        return receive(raw, lambda code: _verify(books, rights, code), search=search)

    return read(portal, Verb.READ_CODE, work)


def _verify(books: Reading, rights: Rights, code: UnverifiedCode[Code]) -> VerifiedCode[DeviceCode]:
    if code.kind is Kind.REQUEST:
        return verify_request(require_kind(code, Request))
    if code.kind in {Kind.CONFIRMATION, Kind.RETURN}:
        located = locate(books, code)
        rights.require_place(located.reservation.virtual_account_id, THE_RESERVATION)
        return located.code
    raise WrongKindError(
        f"This is {named(code.kind)}, which portals make; it is for the device.",
        hint="Install it there: tallystick device install",
    )


@dataclass(frozen=True, slots=True)
class Located:
    """A genuine answer of a device, and the reservation that it is about."""

    reservation: Reservation
    code: VerifiedCode[Confirmation] | VerifiedCode[Return]


def locate(books: Reading, code: UnverifiedCode[Code]) -> Located:
    """Verify a confirmation or a return for the reservation that it names.

    Raises:
        WrongKindError: For a code of another kind.
        UnknownRequestError: When no request fits its hint.
        MissingAuthorizationError: For a confirmation of an authorization that the books do not hold.
        NotGenuineError: When its signature holds for none of those that fit.
    """
    if code.kind is Kind.RETURN:
        return _locate_return(books, require_kind(code, Return))
    return _locate_confirmation(books, require_kind(code, Confirmation))


def reservations_hinted(books: Reading, hint: bytes) -> list[Reservation]:
    """Return the reservations that a hint in a code could mean."""
    ids = books.reservations_between(*_range(hint), _MOST_CANDIDATES)
    return [found for found in map(books.reservation, ids) if found is not None]


def _range(prefix: bytes) -> tuple[bytes, bytes]:
    rest = _ID_BYTES - len(prefix)
    return prefix + b"\x00" * rest, prefix + b"\xff" * rest


def _locate_return(books: Reading, code: UnverifiedCode[Return]) -> Located:
    error: CodecError = _unknown_request("return")
    for reservation in reservations_hinted(books, code.unverified.request_hint):
        key = VerifyingKey(reservation.device_key)
        try:
            return Located(reservation, verify_return(code, key, request_id=reservation.id))
        except NotGenuineError as refused:
            error = refused
    raise error


def _locate_confirmation(books: Reading, code: UnverifiedCode[Confirmation]) -> Located:
    error: CodecError = _unknown_request("confirmation")
    for reservation in reservations_hinted(books, code.unverified.request_hint):
        issued = books.issued_id(reservation.id, code.unverified.sequence)
        if issued is None:
            error = _missing_authorization(reservation, code.unverified)
            continue
        key = VerifyingKey(reservation.device_key)
        try:
            verified = verify_confirmation(code, key, request_id=reservation.id, authorization_id=issued)
        except NotGenuineError as refused:
            error = refused
        else:
            return Located(reservation, verified)
    raise error


def _unknown_request(kind: str) -> UnknownRequestError:
    return UnknownRequestError(
        f"This {kind} code is for a request that this portal never saw.",
        hint="Check that this is the right portal, and that its request was reserved here.",
    )


def _missing_authorization(reservation: Reservation, value: Confirmation) -> MissingAuthorizationError:
    return MissingAuthorizationError(
        f"This confirms authorization {value.sequence} of reservation {reservation.name}, and the books hold "
        f"none of that sequence (the newest is {reservation.sequence}), so it cannot be judged.",
        hint="The books may have been restored from an old copy: then say so (tallystick portal quarantine). "
        "Keep this code, and look for the authorization code on paper or in mails.",
    )


# --- returns that come before their request --------------------------------------------------------


def keep_return(portal: Portal, raw: str) -> EarlyReturn:
    """Keep a return whose request was never seen here, unverified, until the request comes.

    The same one again is kept once: the first keeping is the answer, with when and by whom.

    Raises:
        MalformedCodeError: When the code cannot be read, nor repaired.
        WrongKindError: When it is no return.
        RuleError: When its request is known here, so that `accept` takes it.
        TooManyKeptError: When as many are kept as there may be: in all, or of this hint.
    """
    code = require_kind(inspect(raw).code, Return)
    text = to_text(code.payload, code.signature)
    hint, digest = code.unverified.request_hint, sha256(text.encode())

    def work(books: Writing, stamp: Stamp) -> EarlyReturn:
        _require_unknown(books, code)
        for known in books.early_returns(hint):
            if known.digest == digest:
                return known
        _require_room(books, hint)
        early = EarlyReturn(hint, digest, text, stamp.at, stamp.actor)
        detail = {"hint": hint.hex()}
        event = Event(
            stamp.event_id(0),
            stamp.at,
            stamp.actor,
            EventKind.RETURN_KEPT,
            "a request not seen",
            None,
            detail,
        )
        books.record(Changes(event))
        books.add_early_return(early, event.id)
        return early

    return write(portal, Verb.KEEP_RETURN, work, reconciles=True)


def _require_unknown(books: Reading, code: UnverifiedCode[Return]) -> None:
    try:
        found = _locate_return(books, code)
    except CodecError:
        return
    raise RuleError(
        f"This return is of reservation {found.reservation.name}, which is known here.",
        hint="Accept it: tallystick portal accept",
    )


def _require_room(books: Reading, hint: bytes) -> None:
    """Refuse to keep one more return; those that are kept stay."""
    of_hint, of_all = len(books.early_returns(hint)), books.count_early_returns()
    if of_hint >= MOST_EARLY_RETURNS_OF_A_HINT:
        kept = f"{of_hint} returns that begin like it"
    elif of_all >= MOST_EARLY_RETURNS:
        kept = f"{of_all:,} returns of requests that it never saw"
    else:
        return
    raise TooManyKeptError(
        f"This portal keeps {kept} already, which is as many as it may: this one is not kept.",
        hint="Keep this code, and bring it again once its request has come here. If another portal reserved "
        "for this device, take it there.",
    )


def known_return(books: Reading, request: VerifiedCode[Request]) -> EarlyReturn | None:
    """Return the return of this request that came before it, now that it can be verified."""
    key = VerifyingKey(request.value.device_key)
    for early in books.early_returns(long_hint(request.id)):
        code = require_kind(inspect(early.text).code, Return)
        try:
            verify_return(code, key, request_id=request.id)
        except NotGenuineError:
            continue
        return early
    return None


# --- naming a reservation --------------------------------------------------------------------------


def find_reservation(portal: Portal, name: str) -> bytes:
    """Return the id of the reservation that a person names.

    Args:
        portal: The portal.
        name: The first 8 or more characters of its id, or any of its codes.

    Raises:
        UnknownNameError: When no reservation, or more than one, has that name.
        CodecError: When it is a code that cannot be read, or is not genuine.
    """

    def work(books: Reading, rights: Rights) -> bytes:
        found = _find(books, name)
        reservation = books.reservation(found)
        if reservation is not None:
            rights.require_place(reservation.virtual_account_id, THE_RESERVATION)
        return found

    return read(portal, Verb.FIND_RESERVATION, work)


def _find(books: Reading, name: str) -> bytes:
    # A code may stand among other text, which no name does.
    if len("".join(name.split())) > _LONGEST_NAME:
        return _find_by_code(books, name)
    text = clean(name)
    if len(text) < NAME_CHARACTERS:
        raise UnknownNameError(
            f"'{text}' is too short to name a reservation.",
            hint=f"Give at least {NAME_CHARACTERS} characters of its name, or one of its codes.",
        )
    named_by = _find_by_short(books, text) if len(text) == SHORT_CHARACTERS else None
    if named_by is not None:
        return named_by
    found = books.reservations_between(*prefix_range(text, _ID_BYTES), 2)
    if len(found) != 1:
        number = "More than one" if found else "No"
        raise UnknownNameError(
            f"{number} reservation has a name that starts with {text}.",
            hint="See the names with `tallystick portal list`, and give more characters.",
        )
    return found[0]


def prefix_range(text: str, size: int) -> tuple[bytes, bytes]:
    """Return the lowest and the highest id of ``size`` bytes whose characters start with ``text``."""
    bits = 8 * size
    known = min(5 * len(text), bits)
    number = to_number(text) >> (5 * len(text) - known)
    low = number << (bits - known)
    return low.to_bytes(size, "big"), (low | (1 << (bits - known)) - 1).to_bytes(size, "big")


def _find_by_code(books: Reading, raw: str) -> bytes:
    code = inspect(raw).code
    if code.kind is Kind.REQUEST:
        reservation_id = verify_request(require_kind(code, Request)).id
        if books.reservation(reservation_id) is None:
            raise _not_reserved()
        return reservation_id
    if code.kind is Kind.AUTHORIZATION:
        return _find_by_authorization(books, require_kind(code, Authorization))
    if code.kind is Kind.TRUST:
        raise WrongKindError(
            "This is a trust code, which names no reservation.",
            hint="Give the name of a reservation, or one of its codes.",
        )
    return locate(books, code).reservation.id


def _find_by_short(books: Reading, raw: str) -> bytes | None:
    """Return the reservation for which a short confirmation was accepted."""
    try:
        code = inspect_short(raw).code
    except CodecError:
        return None
    known = accepted_short(books, code)
    return known.reservation_id if known else None


def accepted_short(books: Reading, code: UnmatchedShort) -> StoredCode | None:
    """Return the row of a short confirmation that was accepted before, which needs no key to be known."""
    for reservation in reservations_hinted(books, code.request_hint):
        for stored in books.codes(reservation.id):
            if stored.kind is UnsignedKind.SHORT and stored.text == code.text:
                return stored
    return None


def _find_by_authorization(books: Reading, code: UnverifiedCode[Authorization]) -> bytes:
    text = to_text(code.payload, code.signature)
    for reservation_id in books.reservations_between(*_range(code.unverified.request_hint), _MOST_CANDIDATES):
        if any(stored.text == text for stored in books.codes(reservation_id)):
            return reservation_id
    raise _not_reserved()


def _not_reserved() -> UnknownNameError:
    return UnknownNameError(
        "No reservation of this portal has this code.",
        hint="See the reservations with `tallystick portal list`.",
    )
