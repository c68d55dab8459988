"""What one person proposes and a second one approves, without I/O: rehost, write-off and release.

    open → failed → written off          a rehost gives a device up, a write-off what it still held
    returned, kept in doubt → returned   a release frees a hold that a return left in doubt

* A decision is approved by another person than the one who proposed it, and only while nothing has happened
  to the reservation since: otherwise the second person would approve something else than was proposed.
* A rehost moves the old hold to the replacement, up to what the replacement takes of each lot. That part is
  noted as *exposure*: the failed device may still use it, if it lives. The surplus stands as failed.
* The quota counts rehosts that gave licences to a replacement and whose device did not come back since.

Not handled: which lots the replacement takes (`reservation.lots`), its reservation (`reservation.rules`).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from codec.codes import Request
from reservation import ledger, limits
from reservation.errors import (
    ChangedSinceError,
    NothingPendingError,
    PendingDecisionError,
    RehostQuotaError,
    RuleError,
    SamePersonError,
    WrongStateError,
)
from reservation.model import (
    Decision,
    DecisionKind,
    EventKind,
    Exposure,
    Held,
    Lot,
    Outcome,
    Policy,
    Reservation,
    Stamp,
    State,
)
from reservation.standing import Changes, Standing, event_on

LONGEST_REASON = 200
QUOTA_DAYS = 365
MOST_REHOSTS = 1_000_000

PROPOSED = {
    DecisionKind.REHOST: EventKind.REHOST_PROPOSED,
    DecisionKind.WRITE_OFF: EventKind.WRITE_OFF_PROPOSED,
    DecisionKind.RELEASE: EventKind.RELEASE_PROPOSED,
}
"""The event of each proposal."""

# --- proposing -------------------------------------------------------------------------------------


def require_reason(reason: str) -> None:
    """Refuse a reason that is none, or that could deceive whoever reads it.

    Raises:
        RuleError: When it is empty, too long, or has characters that are not shown.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise RuleError(
            "The reason is empty, too long, or has characters that cannot be shown.",
            hint=f"Say why, in a sentence of at most {LONGEST_REASON} characters.",
        )


def propose(standing: Standing, decision: Decision, stamp: Stamp) -> Changes:
    """Record a proposal."""
    detail: dict[str, object] = {"decision": decision.id.hex(), "reason": decision.reason}
    if decision.evidence is not None:
        detail["evidence"] = decision.evidence.value
    if decision.replacement is not None:
        detail["replacement"] = decision.replacement.hex()
    if decision.lines:
        detail["lines"] = dict(decision.lines)
    event = event_on(standing.reservation, PROPOSED[decision.kind], detail, stamp)
    return Changes(event, proposal=decision)


def is_same_proposal(one: Decision, other: Decision) -> bool:
    """Tell whether two proposals ask for the same: then the first one is the answer."""

    def wish(decision: Decision) -> tuple[object, ...]:
        return (
            decision.kind,
            decision.reason,
            decision.evidence,
            decision.replacement,
            dict(decision.lines),
        )

    return one.proposed_by == other.proposed_by and wish(one) == wish(other)


def refuse_second(reservation: Reservation, pending: Decision) -> PendingDecisionError:
    """Return the refusal of a proposal while another one waits."""
    return PendingDecisionError(
        f"A {pending.kind} of reservation {reservation.name} waits for a second person since "
        f"{pending.proposed_at:%Y-%m-%d %H:%M} UTC, proposed by {pending.proposed_by}.",
        hint=f"Decide it first: tallystick portal approve {reservation.name}, or the same with --reject",
    )


def require_rehostable(standing: Standing, *, has_replacement: bool) -> None:
    """Refuse to rehost what has nothing to give.

    Raises:
        WrongStateError: For a reservation that was returned or written off; for one that is failed, when no
            replacement is named or nothing stands as failed.
    """
    reservation = standing.reservation
    if reservation.state.is_open:
        return
    if reservation.state is not State.FAILED:
        raise WrongStateError(
            f"Reservation {reservation.name} of {reservation.udi} is {reservation.state}; there is nothing "
            "to move to another device.",
            hint="Reserve for the replacement like for any device: tallystick portal reserve",
        )
    if not has_replacement:
        raise WrongStateError(
            f"Reservation {reservation.name} of {reservation.udi} is given up as failed already.",
            hint="Name the request code of the replacement, or write off what is left: tallystick portal "
            f"write-off {reservation.name} --reason REASON",
        )
    if not standing.held:
        raise _nothing_failed(reservation)


def require_write_off(standing: Standing) -> None:
    """Refuse to write off what does not stand as failed.

    Raises:
        WrongStateError: When nothing does.
    """
    reservation = standing.reservation
    if reservation.state is not State.FAILED:
        raise WrongStateError(
            f"Reservation {reservation.name} of {reservation.udi} is {reservation.state}, not failed.",
            hint="Give the device up first: tallystick portal rehost "
            f"{reservation.name} --reason REASON --evidence EVIDENCE"
            if reservation.state.is_open
            else f"See what it holds: tallystick portal show {reservation.name}",
        )
    if not standing.held:
        raise _nothing_failed(reservation)


def _nothing_failed(reservation: Reservation) -> WrongStateError:
    return WrongStateError(
        f"Nothing of reservation {reservation.name} stands as failed: its replacement got everything.",
        hint=f"See what is exposed: tallystick portal show {reservation.name}",
    )


def require_kept(standing: Standing) -> None:
    """Refuse to release what was not kept in doubt.

    Raises:
        WrongStateError: When it was not.
    """
    reservation = standing.reservation
    if reservation.kept is None:
        raise WrongStateError(
            f"Reservation {reservation.name} of {reservation.udi} is {reservation.state}, and no return left "
            "its hold in doubt.",
            hint="A hold of an open reservation ends with the device's return code, or by a rehost.",
        )


def require_replacement(standing: Standing, request: Request) -> None:
    """Refuse a replacement that is the device itself: then it lives, and can return.

    Raises:
        RuleError: When the request is signed with the key of the device that failed.
    """
    if request.device_key == standing.reservation.device_key:
        raise RuleError(
            f"This request is signed with the key of {standing.reservation.udi}, the device that is said to "
            "have failed: so it lives.",
            hint="Make a return code on it (`tallystick device return`), and accept it here. If it has "
            "forgotten its reservation, give that up without a replacement, and reserve for the new request.",
        )


def require_quota(policy: Policy, devices: int, earlier: tuple[datetime, ...], stamp: Stamp) -> None:
    """Refuse a rehost above the account's quota.

    Args:
        policy: What the account allows itself.
        devices: Devices that ever had a reservation.
        earlier: When others were rehosted in the last `QUOTA_DAYS`, oldest first.
        stamp: Now.

    Raises:
        RehostQuotaError: When it is used up.
    """
    allowed = policy.rehosts_allowed(devices)
    if len(earlier) < allowed:
        return
    free = earlier[len(earlier) - allowed] + timedelta(days=QUOTA_DAYS) if allowed else None
    when = f" The next one is free on {free:%Y-%m-%d}." if free else ""
    were = "1 device was" if len(earlier) == 1 else f"{len(earlier)} devices were"
    raise RehostQuotaError(
        f"{were} rehosted in the {QUOTA_DAYS} days before {stamp.today}, and this "
        f"account allows {allowed}.{when}",
        hint="Accept return codes of devices that were found again: they do not count. Or allow more: "
        "tallystick portal policy --rehosts N",
    )


def require_policy(policy: Policy) -> None:
    """Refuse a policy with numbers out of range.

    Raises:
        RuleError: When one is.
    """
    if policy.margin_days is not None and not 0 <= policy.margin_days <= limits.LONGEST_MARGIN:
        raise RuleError(
            f"A margin of {policy.margin_days} days is not possible.",
            hint=f"Give a number from 0 to {limits.LONGEST_MARGIN:,}, or never.",
        )
    if not 0 <= policy.rehost_percent <= 100 or not 0 <= policy.rehost_minimum <= MOST_REHOSTS:
        raise RuleError(
            f"{policy.rehost_percent} % and {policy.rehost_minimum} rehosts are no possible quota.",
            hint=f"Give a share from 0 to 100, and a number from 0 to {MOST_REHOSTS:,}.",
        )
    if not 1 <= policy.in_doubt_days <= limits.LONGEST_MARGIN or not 1 <= policy.quota_near_percent <= 100:
        raise RuleError(
            f"Alerts after {policy.in_doubt_days} days and from {policy.quota_near_percent} % on are not "
            "possible.",
            hint=f"Give a number of days from 1 to {limits.LONGEST_MARGIN:,}, and a share from 1 to 100.",
        )


# --- deciding --------------------------------------------------------------------------------------


def require_pending(decision: Decision | None, reservation: Reservation) -> Decision:
    """Return the decision that waits.

    Raises:
        NothingPendingError: When none does.
    """
    if decision is None or decision.outcome is not None:
        raise NothingPendingError(
            f"Nothing about reservation {reservation.name} waits for a second person.",
            hint="See what waits: tallystick portal decisions",
        )
    return decision


def require_second_person(decision: Decision, stamp: Stamp) -> None:
    """Refuse an approval by whoever proposed.

    Raises:
        SamePersonError: When it is the same person.
    """
    if stamp.actor.casefold() == decision.proposed_by.casefold():
        raise SamePersonError(
            f"{stamp.actor} proposed this {decision.kind}; a second person has to approve it.",
            hint="Let somebody else run this command (TALLYSTICK_USER), or take it back with --reject.",
        )


def refuse_former(reservation: Reservation, decision: Decision) -> ChangedSinceError:
    """Return the refusal to approve what was proposed by somebody who may not propose it any more."""
    return ChangedSinceError(
        f"{decision.proposed_by} proposed this {decision.kind} of reservation {reservation.name}, and has no "
        "role any more by which they could.",
        hint="Take the proposal back with --reject; somebody who may propose it does so anew.",
    )


def require_unchanged(decision: Decision, reservation: Reservation, newest_event: bytes | None) -> None:
    """Refuse to approve what is no longer what was proposed.

    Raises:
        ChangedSinceError: When something happened to the reservation since.
    """
    if newest_event != decision.id:
        raise ChangedSinceError(
            f"Something happened to reservation {reservation.name} since its {decision.kind} was proposed.",
            hint=f"Look at it (tallystick portal show {reservation.name}), take the proposal back with "
            "--reject, and propose anew.",
        )


def reject(standing: Standing, decision: Decision, stamp: Stamp) -> Changes:
    """Take a proposal back."""
    detail = {"decision": decision.id.hex(), "kind": decision.kind.value}
    event = event_on(standing.reservation, EventKind.REJECTED, detail, stamp)
    return Changes(event, decided=_decided(decision, Outcome.REJECTED, event.id, stamp))


def give_up(
    standing: Standing,
    decision: Decision,
    stamp: Stamp,
    *,
    taken: Mapping[bytes, int],
    lots: Mapping[bytes, Lot],
) -> Changes:
    """Give a device up as failed, and move its hold to the replacement.

    The movements include those of the replacement's reservation, which is recorded with none of its own.

    Args:
        standing: The failed device's reservation.
        decision: The approved rehost.
        stamp: When and by whom.
        taken: What the replacement takes of each lot; empty without one.
        lots: Every lot that the two name.
    """
    before = standing.reservation
    moved: dict[bytes, int] = {}
    left: dict[bytes, Held] = {}
    for lot_id, was in standing.held.items():
        # What is only reported has no quantity that could be used twice.
        if lots[lot_id].reporting_only:
            continue
        gone = min(was.total, taken.get(lot_id, 0))
        if gone:
            moved[lot_id] = gone
        if was.total > gone:
            left[lot_id] = Held(failed=was.total - gone)
    gained = {lot_id: Held(in_doubt=count) for lot_id, count in taken.items()}
    event = event_on(before, EventKind.REHOSTED, _approval(decision, stamp, exposed=_named(moved)), stamp)
    return Changes(
        event,
        reservation=replace(
            before,
            state=State.FAILED,
            changed_at=stamp.at,
            unconfirmed_since=None,
            closed_at=before.closed_at or stamp.at,
            frees_next=None,
        ),
        held=left,
        movements=ledger.postings(before.virtual_account_id, standing.held, ledger.added(left, gained), lots),
        decided=_decided(decision, Outcome.APPROVED, event.id, stamp),
        exposures=tuple(Exposure(lot_id, count, event.id) for lot_id, count in sorted(moved.items())),
    )


def write_off(standing: Standing, decision: Decision, stamp: Stamp) -> Changes:
    """Give up what stands as failed."""
    held = {lot_id: Held(written_off=was.total) for lot_id, was in standing.held.items()}
    return _closing(standing, decision, EventKind.WRITTEN_OFF, stamp, state=State.WRITTEN_OFF, held=held)


def release(standing: Standing, decision: Decision, stamp: Stamp) -> Changes:
    """Free a hold that a return left in doubt; what its device exposed is over with it."""
    changes = _closing(
        standing, decision, EventKind.RELEASED, stamp, state=standing.reservation.state, held={}
    )
    return replace(changes, clears=True)


def _closing(
    standing: Standing,
    decision: Decision,
    kind: EventKind,
    stamp: Stamp,
    *,
    state: State,
    held: Mapping[bytes, Held],
) -> Changes:
    before = standing.reservation
    event = event_on(before, kind, _approval(decision, stamp), stamp)
    return Changes(
        event,
        reservation=replace(before, state=state, changed_at=stamp.at, unconfirmed_since=None, kept=None),
        held=held,
        movements=ledger.postings(before.virtual_account_id, standing.held, held, standing.lots),
        decided=_decided(decision, Outcome.APPROVED, event.id, stamp),
    )


def _decided(decision: Decision, outcome: Outcome, event_id: bytes, stamp: Stamp) -> Decision:
    return replace(
        decision, outcome=outcome, decided_at=stamp.at, decided_by=stamp.actor, decided_with=event_id
    )


def _approval(decision: Decision, stamp: Stamp, **more: object) -> dict[str, object]:
    """Return the facts of an approval, and whether the second person's own passphrase was given."""
    detail: dict[str, object] = {
        "decision": decision.id.hex(),
        "reason": decision.reason,
        "proposed_by": decision.proposed_by,
        "authenticated": stamp.rights.is_authenticated,
        **more,
    }
    if decision.replacement is not None:
        detail["replacement"] = decision.replacement.hex()
    return detail


def _named(moved: Mapping[bytes, int]) -> dict[str, int]:
    return {lot_id.hex(): count for lot_id, count in sorted(moved.items())}
