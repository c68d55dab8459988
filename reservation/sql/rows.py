"""Rows of the database as values, and values as parameters of queries.

Scope: conversion only. Instants are ISO texts with microseconds, days are ISO texts, flags are 0 or 1, an
absent UUID is an empty text. A row that no program of ours wrote is reported as damage.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from codec.errors import FieldError
from reservation.checkpoint import Checkpoint, KeptCode, Restore
from reservation.errors import StateDamagedError
from reservation.ledger import BALANCED, Account, Balance, Movement
from reservation.log import SignedHead
from reservation.misfits import DAMAGE_HINT
from reservation.model import (
    CatalogueId,
    Decision,
    DecisionKind,
    Event,
    EventKind,
    FailureEvidence,
    Grade,
    Held,
    Kept,
    Kind,
    Limit,
    Lot,
    Mode,
    Outcome,
    PortalIdentity,
    Reservation,
    Sequence,
    State,
    StoredCode,
    Term,
    Udi,
    UnsignedKind,
    VirtualAccount,
)
from reservation.store import EndingLine, Moved

Row = tuple[Any, ...]
Parameters = dict[str, Any]

P = ParamSpec("P")
T = TypeVar("T")

LOT_COLUMNS = 7
EVENT_OF_MOVEMENT = LOT_COLUMNS + 5
#: More than a code can name; keys are gone through for each epoch that there was.
_LAST_EPOCH = 0xFFFF


def reported(convert: Callable[P, T]) -> Callable[P, T]:
    """Make a conversion report a row that it cannot read."""

    @wraps(convert)
    def converted(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return convert(*args, **kwargs)
        except (ValueError, LookupError, TypeError, RecursionError, FieldError) as error:
            raise StateDamagedError(
                f"The database holds a row that cannot be read ({convert.__name__}: {error}).",
                hint=DAMAGE_HINT,
            ) from error

    return converted


def instant_text(moment: datetime) -> str:
    """Return an instant as it is stored."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def instant(text: str) -> datetime:
    """Return a stored instant."""
    return datetime.fromisoformat(text)


def _optional_instant(text: str | None) -> datetime | None:
    return None if text is None else instant(text)


def _optional_text(moment: datetime | None) -> str | None:
    return None if moment is None else instant_text(moment)


def _optional_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _sequence(epoch: int | None, number: int | None) -> Sequence | None:
    return None if epoch is None or number is None else Sequence(epoch, number)


@reported
def identity_of(row: Row) -> PortalIdentity:
    """Return what a portal is."""
    portal_id, epoch, minimum_match, root_key, issuer_key, since, until, revoked = row
    if not 0 <= epoch <= _LAST_EPOCH:
        raise ValueError(f"epoch {epoch}")
    return PortalIdentity(
        portal_id,
        epoch,
        minimum_match,
        root_key,
        issuer_key,
        date.fromisoformat(since),
        date.fromisoformat(until) if until else None,
        bool(revoked),
    )


@reported
def virtual_account_of(row: Row) -> VirtualAccount:
    """Return a Virtual Account."""
    virtual_account_id, name, removed = row
    return VirtualAccount(virtual_account_id, name, bool(removed))


# --- lots ------------------------------------------------------------------------------------------


@reported
def lot_of(row: Row) -> Lot:
    """Return the lot in the first seven columns."""
    lot_id, tag, starts, ends, export_controlled, reporting_only, expired = row[:LOT_COLUMNS]
    term = Term(date.fromisoformat(starts), date.fromisoformat(ends)) if ends is not None else None
    return Lot(lot_id, tag, term, bool(export_controlled), bool(reporting_only), bool(expired))


def lot_parameters(lot: Lot) -> Parameters:
    """Return the columns of a lot."""
    return {
        "lot_id": lot.id,
        "tag": lot.tag,
        "starts": lot.term and lot.term.start.isoformat(),
        "ends": lot.term and lot.term.end.isoformat(),
        "export_controlled": int(lot.export_controlled),
        "reporting_only": int(lot.reporting_only),
    }


@reported
def balance_of(row: Row) -> Balance:
    """Return a balance: the lot, the Virtual Account, then every account."""
    virtual_account_id, *counts = row[LOT_COLUMNS:]
    return Balance(lot_of(row), virtual_account_id, dict(zip(BALANCED, counts, strict=True)))


@reported
def movement_of(lot_id: bytes, row: Row) -> Movement:
    """Return a movement: count, source, target, and where each is."""
    count, source, target, source_place, target_place = row
    return Movement(lot_id, count, Account(source), Account(target), source_place, target_place)


def movement_parameters(movement: Movement) -> Parameters:
    """Return the columns of a movement, its place in the event apart."""
    return {
        "lot_id": movement.lot_id,
        "count": movement.count,
        "source": movement.source.value,
        "target": movement.target.value,
        "source_virtual_account_id": movement.source_virtual_account_id,
        "target_virtual_account_id": movement.target_virtual_account_id,
    }


def posting_parameters(changes: Mapping[Account, int]) -> Parameters:
    """Return by how much each account changes."""
    return {account.value: changes.get(account, 0) for account in BALANCED}


# --- reservations ----------------------------------------------------------------------------------


def udi_parameters(udi: Udi) -> Parameters:
    """Return the columns of a UDI."""
    return {
        "product_id": udi.product_id,
        "serial_number": udi.serial_number,
        "uuid": str(udi.uuid) if udi.uuid else "",
    }


@reported
def reservation_of(row: Row) -> Reservation:
    """Return the reservation in a row of `reservation_rows`; its account comes first."""
    (
        _account_id,
        reservation_id,
        virtual_account_id,
        state,
        product_id,
        serial_number,
        uuid,
        device_key,
        mode,
        members,
        required_matches,
        catalogue_size,
        catalogue_digest,
        epoch,
        number,
        confirmed_epoch,
        confirmed_number,
        opened_at,
        changed_at,
        unconfirmed_since,
        closed_at,
        kept,
        page_key,
        freed_on,
        frees_next,
        first_end,
        return_by,
        grade,
        wrong_tries,
    ) = row
    return Reservation(
        id=reservation_id,
        virtual_account_id=virtual_account_id,
        state=State(state),
        udi=Udi(product_id, serial_number, UUID(uuid) if uuid else None),
        device_key=device_key,
        mode=Mode(mode),
        members=members,
        required_matches=required_matches,
        catalogue=None if catalogue_size is None else CatalogueId(catalogue_size, catalogue_digest),
        sequence=Sequence(epoch, number),
        confirmed=_sequence(confirmed_epoch, confirmed_number),
        opened_at=instant(opened_at),
        changed_at=instant(changed_at),
        unconfirmed_since=_optional_instant(unconfirmed_since),
        closed_at=_optional_instant(closed_at),
        kept=None if kept is None else Kept(kept),
        page_key=page_key,
        freed_on=_optional_day(freed_on),
        frees_next=_optional_day(frees_next),
        first_end=_optional_day(first_end),
        return_by=_optional_day(return_by),
        grade=None if grade is None else Grade(grade),
        wrong_tries=wrong_tries,
    )


def standing_parameters(reservation: Reservation) -> Parameters:
    """Return the columns of a reservation that change."""
    confirmed = reservation.confirmed
    return {
        "reservation_id": reservation.id,
        "virtual_account_id": reservation.virtual_account_id,
        "state": reservation.state.value,
        "epoch": reservation.sequence.epoch,
        "number": reservation.sequence.number,
        "confirmed_epoch": confirmed and confirmed.epoch,
        "confirmed_number": confirmed and confirmed.number,
        "changed_at": instant_text(reservation.changed_at),
        "unconfirmed_since": _optional_text(reservation.unconfirmed_since),
        "closed_at": _optional_text(reservation.closed_at),
        "kept": reservation.kept and reservation.kept.value,
        "freed_on": reservation.freed_on and reservation.freed_on.isoformat(),
        "frees_next": reservation.frees_next and reservation.frees_next.isoformat(),
        "first_end": reservation.first_end and reservation.first_end.isoformat(),
        "return_by": reservation.return_by and reservation.return_by.isoformat(),
        "grade": reservation.grade and reservation.grade.value,
        "wrong_tries": reservation.wrong_tries,
    }


def opening_parameters(reservation: Reservation) -> Parameters:
    """Return all columns of a reservation."""
    catalogue = reservation.catalogue
    return {
        **standing_parameters(reservation),
        **udi_parameters(reservation.udi),
        "device_key": reservation.device_key,
        "mode": int(reservation.mode),
        "members": reservation.members,
        "required_matches": reservation.required_matches,
        "catalogue_size": catalogue and catalogue.size,
        "catalogue_digest": catalogue and catalogue.digest,
        "opened_at": instant_text(reservation.opened_at),
        "page_key": reservation.page_key,
    }


@reported
def limit_of(row: Row) -> Limit | None:
    """Return when a line ends that ends before its lot: starts, ends, frees on; None: it does not."""
    starts, ends, frees_on = row
    if ends is None:
        return None
    return Limit(Term(date.fromisoformat(starts), date.fromisoformat(ends)), _optional_day(frees_on))


def limit_parameters(limit: Limit | None) -> Parameters:
    """Return the columns of a limit; all of them empty when there is none."""
    return {
        "starts": limit and limit.term.start.isoformat(),
        "ends": limit and limit.term.end.isoformat(),
        "frees_on": limit and limit.frees_on and limit.frees_on.isoformat(),
    }


def held_parameters(reservation_id: bytes, lot_id: bytes, held: Held) -> Parameters:
    """Return the columns of a hold."""
    return {
        "reservation_id": reservation_id,
        "lot_id": lot_id,
        "reserved": held.reserved,
        "in_doubt": held.in_doubt,
        "failed": held.failed,
        "written_off": held.written_off,
    }


# --- decisions -------------------------------------------------------------------------------------


@reported
def decision_of(row: Row) -> Decision:
    """Return a decision."""
    (
        decision_id,
        reservation_id,
        kind,
        reason,
        evidence,
        replacement,
        request_text,
        lines,
        at,
        actor,
        outcome,
        decided_at,
        decided_by,
        decided_with,
    ) = row
    return Decision(
        id=decision_id,
        reservation_id=reservation_id,
        kind=DecisionKind(kind),
        reason=reason,
        evidence=FailureEvidence(evidence) if evidence else None,
        replacement=replacement,
        request_text=request_text,
        lines=json.loads(lines),
        proposed_at=instant(at),
        proposed_by=actor,
        outcome=Outcome(outcome) if outcome else None,
        decided_at=_optional_instant(decided_at),
        decided_by=decided_by,
        decided_with=decided_with,
    )


def proposal_parameters(decision: Decision) -> Parameters:
    """Return the columns of a decision that waits."""
    return {
        "decision_id": decision.id,
        "reservation_id": decision.reservation_id,
        "kind": decision.kind.value,
        "reason": decision.reason,
        "evidence": decision.evidence and decision.evidence.value,
        "replacement_id": decision.replacement,
        "request_text": decision.request_text,
        "lines": json.dumps(dict(decision.lines), sort_keys=True, separators=(",", ":")),
        "at": instant_text(decision.proposed_at),
        "actor": decision.proposed_by,
    }


def outcome_parameters(decision: Decision) -> Parameters:
    """Return the columns that change when a decision is made."""
    return {
        "decision_id": decision.id,
        "outcome": decision.outcome and decision.outcome.value,
        "decided_at": _optional_text(decision.decided_at),
        "decided_by": decision.decided_by,
        "decided_with": decision.decided_with,
    }


# --- codes and events ------------------------------------------------------------------------------


@reported
def code_of(row: Row) -> StoredCode:
    """Return a stored code."""
    code_id, reservation_id, kind, text, epoch, number, code_number, link, at, actor, event_id = row
    return StoredCode(
        id=code_id,
        reservation_id=reservation_id,
        kind=UnsignedKind(kind) if kind == UnsignedKind.SHORT.value else Kind(kind),
        text=text,
        sequence=_sequence(epoch, number),
        code_number=code_number,
        link=link,
        at=instant(at),
        actor=actor,
        event_id=event_id,
    )


def code_parameters(code: StoredCode) -> Parameters:
    """Return the columns of a code, its event apart."""
    return {
        "reservation_id": code.reservation_id,
        "code_id": code.id,
        "kind": code.kind.value,
        "code_text": code.text,
        "epoch": code.sequence and code.sequence.epoch,
        "number": code.sequence and code.sequence.number,
        "code_number": code.code_number,
        "link": code.link,
        "at": instant_text(code.at),
        "actor": code.actor,
    }


@reported
def moved_with_event_of(row: Row) -> tuple[Event, Moved]:
    """Return a movement with its lot, and the event that it belongs to."""
    lot, event_at = lot_of(row), EVENT_OF_MOVEMENT
    movement = movement_of(lot.id, row[LOT_COLUMNS:event_at])
    return event_of(row[event_at : event_at + 7]), Moved(lot, movement)


@reported
def ending_line_of(row: Row) -> EndingLine:
    """Return a line that ends, with its reservation."""
    reservation_id, product_id, serial_number, uuid, virtual_account_id, ends, count = row[LOT_COLUMNS:]
    return EndingLine(
        reservation_id,
        Udi(product_id, serial_number, UUID(uuid) if uuid else None),
        virtual_account_id,
        lot_of(row),
        date.fromisoformat(ends),
        count,
    )


@reported
def event_of(row: Row) -> Event:
    """Return an event."""
    event_id, at, actor, kind, subject, reservation_id, detail = row
    facts = json.loads(detail)
    return Event(event_id, instant(at), actor, EventKind(kind), subject, reservation_id, facts)


def event_parameters(event: Event) -> Parameters:
    """Return the columns of an event. Its detail is canonical: sorted, without spaces, ASCII."""
    detail = json.dumps(event.detail or {}, sort_keys=True, separators=(",", ":"))
    return {
        "event_id": event.id,
        "at": instant_text(event.at),
        "actor": event.actor,
        "kind": event.kind.value,
        "subject": event.subject,
        "reservation_id": event.reservation_id,
        "detail": detail,
    }


# --- restores --------------------------------------------------------------------------------------


@reported
def restore_of(portal_id: bytes, row: Row) -> Restore:
    """Return a restore that was noticed."""
    event_id, at, actor, found_events, found_at, epoch, events, digest, expected_at, reason, *ending = row
    expected = None
    if epoch is not None:
        expected = Checkpoint(portal_id, epoch, events, digest, instant(expected_at))
    return Restore(event_id, instant(at), actor, found_events, instant(found_at), expected, reason, *ending)


@reported
def kept_code_of(row: Row) -> KeptCode:
    """Return a code that is kept until it can be judged."""
    kind, hint, digest, text, at, actor = row
    return KeptCode(Kind(kind), hint, digest, text, instant(at), actor)


@reported
def signed_head_of(row: Row) -> SignedHead:
    """Return a signed checkpoint."""
    size, root, note, at, actor = row
    return SignedHead(size, root, note, instant(at), actor)
