"""What follows when a database was copied back, without I/O: it issues nothing until two persons end that.

    checkpoint not extended → in quarantine, in a new epoch → reconciled by codes that people bring → ended

* A new epoch is higher than every one that the database or the checkpoint knows, so that what is issued
  afterwards comes after all that was forgotten.
* In quarantine nothing is issued and nothing that is held moves to anybody else. What devices answer is
  taken, codes that were forgotten are brought back, and what was bought is entered again.
* One person proposes to end it, another one does, and only while nothing was brought since. What is known to
  be forgotten and could be rebuilt has to be rebuilt first.

Not handled: how a reservation is rebuilt (`reservation.rebuilding`).
"""

from collections.abc import Sequence as Many

from reservation.checkpoint import Checkpoint, Restore
from reservation.errors import (
    ChangedSinceError,
    NoCheckpointError,
    NothingPendingError,
    OtherCheckpointError,
    PendingDecisionError,
    QuarantinedError,
    SamePersonError,
    UnreconciledError,
    WrongStateError,
)
from reservation.model import Event, EventKind, PortalIdentity, Stamp

SUBJECT = "the database"
_SEE = "See what was noticed with `tallystick portal quarantine`"

# --- noticing --------------------------------------------------------------------------------------


def notice(
    newest: Event, found_events: int, expected: Checkpoint | None, reason: str, stamp: Stamp
) -> tuple[Event, Restore]:
    """Return the event and the row that keep what was noticed.

    Args:
        newest: The newest event that the database has.
        found_events: How many it has.
        expected: The checkpoint that it does not extend; None: a person says that it was copied back.
        reason: What that person says; what else shows it.
        stamp: When and by whom.
    """
    restore = Restore(stamp.event_id(0), stamp.at, stamp.actor, found_events, newest.at, expected, reason)
    detail: dict[str, object] = {"found_events": found_events, "found_at": newest.at.isoformat()}
    if expected is not None:
        detail |= {
            "expected_events": expected.events,
            "expected_epoch": expected.epoch,
            "expected_hash": expected.hash.hex(),
            "expected_at": expected.at.isoformat(),
            "lost_events": restore.lost_events,
        }
    if reason:
        detail["reason"] = reason
    return _event(EventKind.RESTORE_NOTICED, detail, stamp), restore


def epoch_after(identity: PortalIdentity, known: int) -> int:
    """Return the epoch that a restore opens.

    Args:
        identity: The portal, as its database has it.
        known: The highest epoch that is known from elsewhere.
    """
    return max(identity.epoch, known) + 1


def adopt(reason: str, stamp: Stamp) -> Event:
    """Return the event by which a person says that a database without a checkpoint is the newest."""
    return _event(EventKind.CHECKPOINT_ADOPTED, {"reason": reason}, stamp)


def lost(restore: Restore) -> str:
    """Say in words what is lost."""
    known = f"The database knows what happened until {restore.found_at:%Y-%m-%d %H:%M} UTC"
    expected = restore.expected
    if expected is None:
        return f"{known}; {restore.reason}"
    if restore.lost_events:
        return (
            f"{known}, {_counted(restore.found_events)}; its checkpoint of {expected.at:%Y-%m-%d %H:%M} UTC "
            f"counts {expected.events:,}. Events lost: {restore.lost_events:,}"
        )
    return (
        f"{known}; but its events are others than those of its checkpoint of "
        f"{expected.at:%Y-%m-%d %H:%M} UTC ({_counted(expected.events)})"
    )


def _counted(events: int) -> str:
    return "1 event" if events == 1 else f"{events:,} events"


# --- refusing --------------------------------------------------------------------------------------


def refuse(restores: Many[Restore]) -> QuarantinedError:
    """Return the refusal of everything that issues or moves something in quarantine."""
    first = next(one for one in restores if one.lasts)
    return QuarantinedError(
        f"This portal is in quarantine since {first.at:%Y-%m-%d %H:%M} UTC, and issues nothing: its database "
        f"was copied back. {lost(first)}.",
        hint=f"{_SEE}. Bring the codes that it has forgotten (tallystick portal accept); then two persons "
        "end the quarantine: tallystick portal quarantine --end --reason REASON",
    )


def refuse_unknown() -> NoCheckpointError:
    """Return the refusal of everything that issues something where no checkpoint is."""
    return NoCheckpointError(
        "There is no checkpoint of this portal among its keys on this machine, so nothing tells whether its "
        "database is the newest, or was copied back from a backup.",
        hint="Name the folder of its keys (TALLYSTICK_KEYS). If the database comes from a backup: tallystick "
        "portal quarantine --begin --reason REASON. If it is the one that was used last: tallystick portal "
        "quarantine --adopt --reason REASON",
    )


def refuse_other(kept: Checkpoint, now: Checkpoint) -> OtherCheckpointError:
    """Return the refusal of a database beside the checkpoint of another portal."""
    return OtherCheckpointError(
        f"The checkpoint in the folder of the keys is of portal {kept.portal_id.hex()}, and the database is "
        f"of portal {now.portal_id.hex()}.",
        hint="Name the database (TALLYSTICK_DB) and the folder of the keys (TALLYSTICK_KEYS) of one portal.",
    )


def require_quarantine(restores: Many[Restore]) -> Restore:
    """Return the newest restore whose quarantine lasts.

    Raises:
        WrongStateError: When there is none.
    """
    found = [one for one in restores if one.lasts]
    if not found:
        raise WrongStateError(
            "This portal is not in quarantine.",
            hint="If its database was copied back, say so: tallystick portal quarantine --begin --reason "
            "REASON",
        )
    return found[-1]


def require_reconciled(waiting: Many[str]) -> None:
    """Refuse to end a quarantine while something is known to be forgotten.

    Args:
        waiting: What waits, in words.

    Raises:
        UnreconciledError: When anything does.
    """
    if waiting:
        raise UnreconciledError(
            f"{len(waiting)} of the authorizations that were brought are not rebuilt yet: {waiting[0]}.",
            hint=f"{_SEE}, and bring what is missing: a device shows all its codes with `tallystick device "
            "codes`.",
        )


# --- ending ----------------------------------------------------------------------------------------


def propose_end(restore: Restore, reason: str, stamp: Stamp) -> Event:
    """Return the event by which one person proposes to end the quarantine.

    Raises:
        PendingDecisionError: When somebody else has, or for another reason.
    """
    if restore.proposed_with is not None:
        raise PendingDecisionError(
            f"{restore.proposed_by} has proposed to end the quarantine, and waits for a second person.",
            hint="Decide it first: tallystick portal quarantine --approve, or the same with --reject",
        )
    return _event(EventKind.QUARANTINE_END_PROPOSED, {"reason": reason}, stamp)


def end(restores: Many[Restore], stamp: Stamp, *, something_since: bool) -> Event:
    """Return the event by which a second person ends the quarantine.

    Args:
        restores: Every restore that was noticed.
        stamp: When and by whom.
        something_since: Whether anything happened since it was proposed.

    Raises:
        NothingPendingError: When nobody proposed it.
        SamePersonError: When the same person did.
        ChangedSinceError: When something happened since.
    """
    newest = require_proposed(restores)
    if stamp.actor.casefold() == (newest.proposed_by or "").casefold():
        raise SamePersonError(
            f"{stamp.actor} proposed to end the quarantine; a second person has to approve it.",
            hint="Let somebody else run this command (TALLYSTICK_USER), or take it back with --reject.",
        )
    if something_since or any(one.lasts and one.proposed_with is None for one in restores):
        raise ChangedSinceError(
            "Something happened since the end of the quarantine was proposed.",
            hint=f"{_SEE}; take the proposal back with --reject, and propose anew.",
        )
    detail: dict[str, object] = {"reason": newest.end_reason, "proposed_by": newest.proposed_by}
    detail["authenticated"] = stamp.rights.is_authenticated
    return _event(EventKind.QUARANTINE_ENDED, detail, stamp)


def reject_end(restores: Many[Restore], stamp: Stamp) -> Event:
    """Return the event that takes the proposal back.

    Raises:
        NothingPendingError: When there is none.
    """
    newest = require_proposed(restores)
    return _event(EventKind.QUARANTINE_END_REJECTED, {"proposed_by": newest.proposed_by}, stamp)


def require_proposed(restores: Many[Restore]) -> Restore:
    """Return the newest restore about whose quarantine a proposal waits.

    Raises:
        NothingPendingError: When none does.
    """
    require_quarantine(restores)
    found = [one for one in restores if one.lasts and one.proposed_with is not None]
    if not found:
        raise NothingPendingError(
            "Nobody has proposed to end the quarantine.",
            hint="Propose it first: tallystick portal quarantine --end --reason REASON",
        )
    return found[-1]


def _event(kind: EventKind, detail: dict[str, object], stamp: Stamp) -> Event:
    return Event(stamp.event_id(0), stamp.at, stamp.actor, kind, SUBJECT, detail=detail)
