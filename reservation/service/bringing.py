"""Taking codes that the books have forgotten: requests and authorizations of this very portal.

An authorization can be verified only for its request, and a confirmation only for its authorization. So what
comes first is kept as text, unverified, and judged when what it refers to has come: whatever is brought, in
any order, ends in the same books.

Not handled: how a reservation is rebuilt (`reservation.service.rebuilding`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from codec.codes import Authorization, Code, Confirmation, Kind, Request, Return
from codec.envelope import (
    UnverifiedCode,
    VerifiedCode,
    long_hint,
    require_kind,
    short_hint,
    to_text,
    verify_request,
)
from codec.errors import CodecError, RevokedIssuerError
from codec.reading import inspect
from reservation.checkpoint import KeptCode
from reservation.errors import MissingAuthorizationError, UnknownCatalogueError, UnknownRequestError
from reservation.model import Event, EventKind, Stamp, name_of
from reservation.rebuilding import refuse_conflict
from reservation.roles import Verb
from reservation.service.accepting import Accepted, take_answer
from reservation.service.codes import known_return, locate
from reservation.service.context import Portal, following, read, write
from reservation.service.issuing import virtual_account_named
from reservation.service.rebuilding import (
    Proof,
    Rebuilt,
    authorization_in,
    proofs,
    rebuild_forgotten,
    spelled,
    why_blocked,
)
from reservation.standing import Changes
from reservation.store import Reading, Writing

KEPT = "kept"
REBUILT = "rebuilt"
KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a code that a person brought.

    Attributes:
        outcome: ``rebuilt``, ``kept`` until another code comes, or ``known``: the books have it.
        kind: Of the code.
        needs: What a kept code waits for, in words; empty for others.
        rebuilt: Everything that is in the books again by it.
        accepted: Answers of devices that could be judged by it.
    """

    outcome: str
    kind: Kind
    needs: str
    rebuilt: tuple[Rebuilt, ...]
    accepted: tuple[Accepted, ...]


def is_for_bringing(portal: Portal, code: UnverifiedCode[Code]) -> bool:
    """Tell whether a code could be one that the books have forgotten, so that `bring` takes it.

    Raises:
        SequenceConflictError: When the books have another authorization in its place.
    """
    return read(portal, Verb.IS_FOR_BRINGING, lambda books, _rights: _is_for_this(books, code))


def bring(portal: Portal, raw: str, *, virtual_account: str | None = None) -> Brought | None:
    """Take a code that the books may have forgotten.

    Args:
        portal: The portal.
        raw: A request, authorization or confirmation; what its parity repairs is repaired.
        virtual_account: Where a reservation belongs that was forgotten; None: where its lots are.

    Returns:
        What came of it; None when it is not for this: then the other verbs say what is wrong with it.

    Raises:
        MalformedCodeError: When it cannot be read.
        RuleError: When a rule refuses; nothing is written then.
    """
    code = inspect(raw).code

    def work(books: Writing, stamp: Stamp) -> Brought | None:
        if virtual_account is not None:
            virtual_account_named(books, virtual_account)
        if not _is_for_this(books, code):
            return None
        if _is_in_books(books, code):
            return Brought(KNOWN, code.kind, "", (), ())
        kept = _kept_code(code, stamp)
        known = books.kept_code(kept.digest) is not None
        if not known:
            detail = {"kind": code.kind.value, "hint": kept.hint.hex()}
            event = Event(
                stamp.event_id(0),
                stamp.at,
                stamp.actor,
                EventKind.CODE_KEPT,
                "a code brought back",
                None,
                detail,
            )
            books.record(Changes(event))
            books.keep_code(kept, event.id)
        settled = list(_settle(books, stamp, virtual_account))
        waits = any(one.digest == kept.digest for one in books.kept_codes())
        rebuilt = tuple(one for one in settled if isinstance(one, Rebuilt))
        accepted = tuple(one for one in settled if isinstance(one, Accepted))
        outcome = KEPT if waits else REBUILT if rebuilt or accepted else KNOWN
        return Brought(outcome, code.kind, _needs(books, kept) if waits else "", rebuilt, accepted)

    return write(portal, Verb.BRING, work, reconciles=True)


def settle(portal: Portal) -> tuple[Rebuilt | Accepted, ...]:
    """Judge every kept code that can be judged by now: after a return, a device's next reservation can."""
    if not read(portal, Verb.SETTLE, lambda books, _rights: books.kept_codes()):
        return ()
    return write(
        portal, Verb.SETTLE, lambda books, stamp: tuple(_settle(books, stamp, None)), reconciles=True
    )


# --- which codes are for this ----------------------------------------------------------------------


def _is_for_this(books: Reading, code: UnverifiedCode[Code]) -> bool:
    """Tell whether a code could be one that the books have forgotten."""
    was_restored = books.identity().epoch > 0
    if books.in_quarantine() and _is_in_books(books, code):
        return True
    if code.kind is Kind.AUTHORIZATION:
        authorization = require_kind(code, Authorization)
        known = [one for one in proofs(books, authorization) if one.standing is not None]
        for one in known:
            _require_free_place(books, one)
            _require_no_thief(books, one)
        return was_restored or (bool(known) and not _is_in_books(books, code))
    if code.kind is Kind.REQUEST:
        request = verify_request(require_kind(code, Request))
        if books.reservation(request.id) is not None:
            return False
        return books.in_quarantine() or any(_waits_for(one, request.id) for one in books.kept_codes())
    return code.kind is Kind.CONFIRMATION and was_restored and not _can_be_judged(books, code)


def _can_be_judged(books: Reading, code: UnverifiedCode[Code]) -> bool:
    """Tell whether a confirmation is genuine, or wrong, by what the books have."""
    try:
        locate(books, code)
    except (UnknownRequestError, MissingAuthorizationError):
        return False
    except CodecError:
        return True
    return True


def _is_in_books(books: Reading, code: UnverifiedCode[Code]) -> bool:
    """Tell whether the books have this very request or authorization."""
    if code.kind is Kind.REQUEST:
        return books.reservation(verify_request(require_kind(code, Request)).id) is not None
    if code.kind is not Kind.AUTHORIZATION:
        return False
    return any(one.is_known(books) for one in proofs(books, require_kind(code, Authorization)))


def _require_free_place(books: Reading, proof: "Proof") -> None:
    """Refuse an authorization in whose place the books have another one.

    Raises:
        SequenceConflictError: When they have.
    """
    if proof.standing is not None and _has_another(books, proof):
        raise refuse_conflict(proof.standing.reservation, proof.code)


def _require_no_thief(books: Reading, proof: "Proof") -> None:
    """Refuse an authorization of a revoked key that the books do not have: outside of a quarantine.

    Raises:
        RevokedIssuerError: When it is one.
    """
    if proof.is_known(books) or proof.shows_a_restore(books):
        return
    raise RevokedIssuerError(
        f"This authorization ({proof.code.value.sequence} of {name_of(proof.request.id)}) is of an issuer's "
        "key that the root has revoked, and it is not in these books: whoever has that key may have made it.",
        hint="If a device has installed it, make its return code there. If these books were restored from an "
        "older copy, say so first: tallystick portal quarantine --begin --reason REASON",
    )


def _has_a_place(books: Reading, proof: "Proof") -> bool:
    return books.issued_id(proof.request.id, proof.code.value.sequence) is not None


def _has_another(books: Reading, proof: "Proof") -> bool:
    return books.issued_id(proof.request.id, proof.code.value.sequence) not in {None, proof.code.id}


def _waits_for(kept: KeptCode, request_id: bytes) -> bool:
    return kept.kind is Kind.AUTHORIZATION and kept.hint == short_hint(request_id)


def _kept_code(code: UnverifiedCode[Code], stamp: Stamp) -> KeptCode:
    text = to_text(code.payload, code.signature)
    value = code.unverified
    if isinstance(value, Authorization | Confirmation):
        hint = value.request_hint
    else:
        hint = long_hint(verify_request(require_kind(code, Request)).id)
    return KeptCode(code.kind, hint, sha256(text.encode()).digest(), text, stamp.at, stamp.actor)


def _needs(books: Reading, kept: KeptCode) -> str:
    if kept.kind is Kind.REQUEST:
        return "the authorization that answered this request"
    if kept.kind is Kind.CONFIRMATION:
        return "the authorization that this confirms, and its request"
    proof = next(proofs(books, authorization_in(kept)), None)
    return why_blocked(books, proof) if proof else "the request that this authorization answers"


# --- judging what was kept -------------------------------------------------------------------------


def _settle(books: Writing, stamp: Stamp, place: str | None) -> Iterator[Rebuilt | Accepted]:
    """Judge kept codes until none of them can be judged."""
    goes_on = True
    while goes_on:
        goes_on = False
        for kept in books.kept_codes():
            if kept.kind is Kind.AUTHORIZATION:
                done = _settle_authorization(books, stamp, kept, place)
            elif kept.kind is Kind.CONFIRMATION:
                done = _settle_confirmation(books, stamp, kept)
            else:
                continue
            if done is not None:
                goes_on = True
                yield from done
    for kept in books.kept_codes():
        if kept.kind is Kind.REQUEST:
            _settle_request(books, kept)


def _settle_request(books: Writing, kept: KeptCode) -> None:
    request = verify_request(require_kind(inspect(kept.text).code, Request))
    newest = books.newest_event_of(request.id)
    if newest is not None:
        books.settle_kept_code(kept.digest, newest)
    elif _gives_all_back(books, request) and not any(
        _waits_for(one, request.id) for one in books.kept_codes()
    ):
        books.settle_kept_code(kept.digest, books.newest_event_id())


def _settle_confirmation(books: Writing, stamp: Stamp, kept: KeptCode) -> list[Rebuilt | Accepted] | None:
    try:
        accepted = take_answer(books, following(books, stamp), inspect(kept.text).code)
    except CodecError:
        return None
    books.settle_kept_code(kept.digest, books.newest_event_id())
    return [accepted]


def _settle_authorization(
    books: Writing, stamp: Stamp, kept: KeptCode, place: str | None
) -> list[Rebuilt | Accepted] | None:
    proof = next(proofs(books, authorization_in(kept)), None)
    if proof is None or not proof.shows_a_restore(books):
        return None
    standing = proof.standing
    if standing and (not standing.reservation.state.is_open or _has_a_place(books, proof)):
        # The place is taken; or it is closed: the device's tombstone covers whatever was signed for it.
        books.settle_kept_code(kept.digest, books.newest_event_of(proof.request.id) or b"")
        return []
    if standing is None and _gives_all_back(books, proof.request):
        # Nothing of it is in use, and nothing ever will be.
        books.settle_kept_code(kept.digest, books.newest_event_id())
        return []
    other = books.newest_of_device(proof.request.value.udi)
    if standing is None and other is not None and other.state.is_open:
        return None
    try:
        lines = spelled(books, proof)
    except UnknownCatalogueError:
        return None
    done = rebuild_forgotten(books, stamp, proof, lines, place)
    books.settle_kept_code(kept.digest, books.newest_event_of(proof.request.id) or b"")
    return [done, *_returned_before(books, stamp, proof.request)]


def _gives_all_back(books: Reading, request: VerifiedCode[Request]) -> bool:
    """Tell whether a return of a request came before it, and leaves nothing in doubt."""
    early = known_return(books, request)
    return (
        early is not None and not require_kind(inspect(early.text).code, Return).unverified.hardware_mismatch
    )


def _returned_before(
    books: Writing, stamp: Stamp, request: VerifiedCode[Request]
) -> list[Rebuilt | Accepted]:
    """Take the return that came before a request that is known now."""
    early = known_return(books, request)
    if early is None:
        return []
    return [take_answer(books, following(books, stamp), inspect(early.text).code)]
