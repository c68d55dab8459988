"""Deciding: what one person proposes and a second one approves. Rehost, write-off and release.

Each verb is one transaction. A proposal changes nothing but itself; the approval does all of it, and signs
the replacement's authorization when there is a replacement. An approval that was given already gives its
first answer again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from codec.codes import Mode, Request
from codec.envelope import VerifiedCode, require_kind, verify_request
from codec.reading import inspect
from reservation import decisions, limits, people, rules
from reservation.errors import OpenReservationError
from reservation.lots import Position, Preference
from reservation.model import (
    Decision,
    DecisionKind,
    Event,
    EventKind,
    FailureEvidence,
    Held,
    Lot,
    Outcome,
    Policy,
    Reservation,
    Sequence,
    Stamp,
)
from reservation.roles import THE_RESERVATION, Rights, Verb
from reservation.rules import Choice, LinesWanted, Wanted
from reservation.service.context import Portal, read, require_issuer, write
from reservation.service.issuing import (
    Draft,
    Issued,
    choose_lots,
    issue_authorization,
    issued_before,
    issued_now,
    require_standing,
    standing_for,
    virtual_account_of,
)
from reservation.service.reserving import require_agreed, require_issuable, require_no_other
from reservation.standing import Changes, Standing, counts_by_tag
from reservation.store import Moved, Reading, Writing


@dataclass(frozen=True, slots=True)
class Proposed:
    """A decision that waits for a second person.

    Attributes:
        decision: The proposal.
        reservation: What it is about.
        again: Whether the same was proposed before, and still waits.
    """

    decision: Decision
    reservation: Reservation
    again: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was made.

    Attributes:
        decision: The proposal with its outcome.
        reservation: What it is about, as it stands now.
        moved: Movements of licences.
        exposed: Lots of which the failed device may still use something, and how much.
        issued: The replacement's authorization; None when there is none to show.
        again: Whether it was made before.
        is_authenticated: Whether the second person's own passphrase was given.
    """

    decision: Decision
    reservation: Reservation
    moved: tuple[Moved, ...]
    exposed: tuple[tuple[Lot, int], ...]
    issued: Issued | None
    again: bool
    is_authenticated: bool = False


# --- proposing -------------------------------------------------------------------------------------


def propose_rehost(
    portal: Portal,
    reservation_id: bytes,
    *,
    reason: str,
    evidence: FailureEvidence,
    replacement: VerifiedCode[Request] | None = None,
    lines: Mapping[str, int] | None = None,
) -> Proposed:
    """Propose to give a device up as failed, and to move what it holds to a replacement.

    Args:
        portal: The portal.
        reservation_id: The failed device's reservation.
        reason: Why, in a sentence.
        evidence: What shows that it failed.
        replacement: Request of the replacement; None: what it held stands as failed for now.
        lines: What the replacement is to get, tag by tag; None: what the failed device had.

    Raises:
        RuleError: When a rule refuses; nothing is written then.
    """

    def check(books: Reading, stamp: Stamp, standing: Standing) -> None:
        decisions.require_rehostable(standing, has_replacement=replacement is not None)
        if replacement is not None:
            _require_quota(books, stamp)
            _require_replaceable(books, stamp, standing, replacement)
            _lines_of(books, stamp, standing, replacement.value, lines or {})

    wish = _Wish(DecisionKind.REHOST, reason, evidence, replacement, lines or {})
    return _propose(portal, reservation_id, wish, check)


def propose_write_off(portal: Portal, reservation_id: bytes, *, reason: str) -> Proposed:
    """Propose to write off what stands as failed of a reservation.

    Raises:
        RuleError: When a rule refuses; nothing is written then.
    """
    wish = _Wish(DecisionKind.WRITE_OFF, reason)
    return _propose(portal, reservation_id, wish, lambda _books, _stamp, it: decisions.require_write_off(it))


def propose_release(portal: Portal, reservation_id: bytes, *, reason: str) -> Proposed:
    """Propose to free the hold that a doubtful return left.

    Raises:
        RuleError: When a rule refuses; nothing is written then.
    """
    wish = _Wish(DecisionKind.RELEASE, reason)
    return _propose(portal, reservation_id, wish, lambda _books, _stamp, it: decisions.require_kept(it))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is proposed."""

    kind: DecisionKind
    reason: str
    evidence: FailureEvidence | None = None
    replacement: VerifiedCode[Request] | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def decision(self, reservation_id: bytes, stamp: Stamp) -> Decision:
        """Return the decision that waits."""
        return Decision(
            id=stamp.event_id(0),
            reservation_id=reservation_id,
            kind=self.kind,
            reason=self.reason,
            evidence=self.evidence,
            replacement=self.replacement.id if self.replacement else None,
            request_text=self.replacement.text if self.replacement else "",
            lines=dict(self.lines),
            proposed_at=stamp.at,
            proposed_by=stamp.actor,
        )


def _propose(
    portal: Portal,
    reservation_id: bytes,
    wish: _Wish,
    check: Callable[[Reading, Stamp, Standing], None],
) -> Proposed:
    decisions.require_reason(wish.reason)

    def work(books: Writing, stamp: Stamp) -> Proposed:
        standing = standing_for(books, stamp.rights, reservation_id)
        decision = wish.decision(reservation_id, stamp)
        pending = _pending(books, reservation_id)
        if pending is not None:
            if decisions.is_same_proposal(pending, decision):
                return Proposed(pending, standing.reservation, again=True)
            raise decisions.refuse_second(standing.reservation, pending)
        check(books, stamp, standing)
        books.record(decisions.propose(standing, decision, stamp))
        return Proposed(decision, standing.reservation)

    return write(portal, _PROPOSING[wish.kind], work)


_PROPOSING = {
    DecisionKind.REHOST: Verb.PROPOSE_REHOST,
    DecisionKind.WRITE_OFF: Verb.PROPOSE_WRITE_OFF,
    DecisionKind.RELEASE: Verb.PROPOSE_RELEASE,
}


def _pending(books: Reading, reservation_id: bytes) -> Decision | None:
    found = books.decisions_of(reservation_id)
    return found[-1] if found and found[-1].outcome is None else None


def pending_decisions(portal: Portal) -> tuple[Proposed, ...]:
    """Return all decisions that wait for a second person, oldest first."""

    def work(books: Reading, rights: Rights) -> tuple[Proposed, ...]:
        waiting = (
            Proposed(decision, require_standing(books, decision.reservation_id).reservation)
            for decision in books.pending_decisions()
        )
        return tuple(one for one in waiting if rights.covers(one.reservation.virtual_account_id))

    return read(portal, Verb.PENDING_DECISIONS, work)


# --- deciding --------------------------------------------------------------------------------------


def approve(portal: Portal, reservation_id: bytes) -> Decided:
    """Approve what somebody else proposed about a reservation, and carry it out.

    An approval that was given already is answered again.

    Args:
        portal: The portal; opened with its issuer when a replacement gets an authorization.
        reservation_id: The reservation.

    Raises:
        NothingPendingError: When nothing waits.
        SamePersonError: When the acting user proposed it.
        ChangedSinceError: When something happened to the reservation since.
        RuleError: When a rule refuses; nothing is written then.
    """

    def work(books: Writing, stamp: Stamp) -> Decided:
        standing = standing_for(books, stamp.rights, reservation_id)
        found = books.decisions_of(reservation_id)
        newest = found[-1] if found else None
        if newest is not None and newest.outcome is Outcome.APPROVED:
            return _decided_before(books, stamp.rights, standing, newest)
        decision = decisions.require_pending(newest, standing.reservation)
        decisions.require_second_person(decision, stamp)
        _require_first_person(books, standing, decision)
        people.require_authenticated(books.user(stamp.actor), stamp)
        decisions.require_unchanged(decision, standing.reservation, books.newest_event_of(reservation_id))
        if decision.kind is DecisionKind.REHOST:
            return _rehost(portal, books, stamp, standing, decision)
        if decision.kind is DecisionKind.WRITE_OFF:
            decisions.require_write_off(standing)
            return _carry_out(books, standing, decisions.write_off(standing, decision, stamp))
        decisions.require_kept(standing)
        return _carry_out(books, standing, decisions.release(standing, decision, stamp))

    return write(portal, Verb.APPROVE, work)


def _require_first_person(books: Reading, standing: Standing, decision: Decision) -> None:
    """Refuse a proposal by somebody who may not propose it any more: two persons decide.

    Raises:
        ChangedSinceError: When they may not.
    """
    grants = books.grants_of(decision.proposed_by)
    rights = Rights(decision.proposed_by, _PROPOSING[decision.kind], grants)
    if not rights.covers(standing.reservation.virtual_account_id):
        raise decisions.refuse_former(standing.reservation, decision)


def needs_key(portal: Portal, reservation_id: bytes) -> bool:
    """Tell whether approving what waits about a reservation signs something."""

    def work(books: Reading, rights: Rights) -> bool:
        standing_for(books, rights, reservation_id)
        pending = _pending(books, reservation_id)
        return pending is not None and pending.replacement is not None

    return read(portal, Verb.NEEDS_KEY, work)


def reject(portal: Portal, reservation_id: bytes) -> Decided:
    """Take back what waits for a second person; whoever proposed may do it too.

    Raises:
        NothingPendingError: When nothing waits.
    """

    def work(books: Writing, stamp: Stamp) -> Decided:
        standing = standing_for(books, stamp.rights, reservation_id)
        decision = decisions.require_pending(_pending(books, reservation_id), standing.reservation)
        if decision.proposed_by != stamp.actor:
            place = standing.reservation.virtual_account_id
            stamp.rights.also(Verb.APPROVE).require_place(place, THE_RESERVATION)
        return _carry_out(books, standing, decisions.reject(standing, decision, stamp))

    return write(portal, Verb.REJECT, work)


def _carry_out(books: Writing, standing: Standing, changes: Changes, issued: Issued | None = None) -> Decided:
    books.record(changes)
    after = require_standing(books, standing.reservation.id)
    if changes.decided is None:
        raise ValueError("an approval without a decision")
    return Decided(
        decision=changes.decided,
        reservation=after.reservation,
        moved=books.moved(changes.event.id),
        exposed=_exposed(after),
        issued=issued,
        again=False,
        is_authenticated=_was_authenticated(changes.event),
    )


def _was_authenticated(event: Event | None) -> bool:
    return bool(((event.detail if event else None) or {}).get("authenticated", False))


def _exposed(standing: Standing) -> tuple[tuple[Lot, int], ...]:
    return tuple((standing.lots[lot_id], count) for lot_id, count in sorted(standing.exposed().items()))


def _decided_before(books: Reading, rights: Rights, standing: Standing, decision: Decision) -> Decided:
    replacement = books.standing(decision.replacement) if decision.replacement else None
    issued = None
    # Since then the replacement may have been taken to where the acting user sees nothing.
    if replacement is not None and rights.covers(replacement.reservation.virtual_account_id):
        issued = _issued_to(books, replacement)
    return Decided(
        decision=decision,
        reservation=standing.reservation,
        moved=books.moved(decision.decided_with or b""),
        exposed=_exposed(standing),
        issued=issued,
        again=True,
        is_authenticated=_was_authenticated(books.event(decision.decided_with or b"")),
    )


def _issued_to(books: Reading, replacement: Standing) -> Issued | None:
    """Return the first authorization of a replacement; None when its reservation is closed."""
    if not replacement.reservation.state.is_open:
        return None
    return issued_before(books, replacement, replacement.issued[0].sequence)


# --- rehost ----------------------------------------------------------------------------------------


def _rehost(portal: Portal, books: Writing, stamp: Stamp, standing: Standing, decision: Decision) -> Decided:
    decisions.require_rehostable(standing, has_replacement=decision.replacement is not None)
    if decision.replacement is None:
        changes = decisions.give_up(standing, decision, stamp, taken={}, lots=standing.lots)
        return _carry_out(books, standing, changes)
    issuer = require_issuer(portal)
    request = verify_request(require_kind(inspect(decision.request_text).code, Request))
    policy = require_agreed(books)
    _require_quota(books, stamp)
    _require_replaceable(books, stamp, standing, request)
    taken, lots = _lines_of(books, stamp, standing, request.value, decision.lines)
    place = virtual_account_of(books, standing)
    sequence = Sequence(books.identity().epoch, 1)
    # What the failed device had for a time, its replacement has for that time.
    terms = limits.limits_of(rules.kept_terms(standing, taken), policy, None)
    draft = Draft(request.id, request.value.catalogue, sequence, taken, lots, place, terms)
    issue = issue_authorization(books, stamp, issuer, draft)
    changes = decisions.give_up(standing, decision, stamp, taken=taken, lots=lots)
    issued = issued_now(request.value.udi, request.id, issue)
    decided = _carry_out(books, standing, changes, issued)
    opened = rules.open_reservation(
        request,
        issue,
        stamp,
        virtual_account_id=place.id,
        former=books.newest_of_device(request.value.udi),
        first_event=1,
    )
    # Its licences moved with the hold of the failed device.
    books.record(replace(opened, movements=()))
    return decided


def _require_quota(books: Reading, stamp: Stamp) -> None:
    since = stamp.at - timedelta(days=decisions.QUOTA_DAYS)
    decisions.require_quota(books.policy(), books.device_count(), books.replaced_since(since), stamp)


def _require_replaceable(
    books: Reading, stamp: Stamp, standing: Standing, request: VerifiedCode[Request]
) -> None:
    """Refuse a replacement that could not get an authorization."""
    decisions.require_replacement(standing, request.value)
    known = books.reservation(request.id)
    if known is not None:
        stamp.rights.require_place(known.virtual_account_id, THE_RESERVATION)
        rules.require_open(known)
        raise OpenReservationError(
            f"The request of the replacement is reserved already, as {known.name}.",
            hint="Let the replacement return it and make a new request.",
        )
    require_issuable(books, stamp, request)
    former = books.newest_of_device(request.value.udi)
    if former is not None and former.id != standing.reservation.id:
        require_no_other(request.value, former, stamp.rights)


def _lines_of(
    books: Reading, stamp: Stamp, standing: Standing, request: Request, lines: Mapping[str, int]
) -> tuple[dict[bytes, int], dict[bytes, Lot]]:
    """Return what the replacement takes from each lot, and every lot that the two reservations name."""
    had = rules.carried_over(standing, {}, stamp)
    wanted = rules.wanted_counts(
        request, _choice(standing, request, lines, had), (), books.product(request.udi.product_id)
    )
    # What the failed device holds, the replacement can take; a part of it may have gone to another one.
    kept = {lot_id: min(count, standing.held.get(lot_id, Held()).total) for lot_id, count in had.items()}
    position = Position(kept, standing.held)
    place = virtual_account_of(books, standing)
    taken, lots = choose_lots(books, stamp, place, wanted, Preference.LONGEST, position)
    return taken, {**standing.lots, **lots}


def _choice(
    standing: Standing, request: Request, lines: Mapping[str, int], had: Mapping[bytes, int]
) -> Choice:
    if lines:
        return LinesWanted(lines)
    if Mode.UNIVERSAL in {request.mode, standing.reservation.mode}:
        return Wanted.UNIVERSAL
    return LinesWanted(counts_by_tag(had, standing.lots))


# --- policy ----------------------------------------------------------------------------------------


def show_policy(portal: Portal) -> Policy:
    """Return what the account allows itself."""
    return read(portal, Verb.SHOW_POLICY, lambda books, _rights: books.policy())


def set_policy(portal: Portal, policy: Policy) -> Policy:
    """Set what the account allows itself.

    Raises:
        RuleError: When a number is out of range.
    """
    decisions.require_policy(policy)

    def work(books: Writing, stamp: Stamp) -> Policy:
        detail = {
            "rehost_percent": policy.rehost_percent,
            "rehost_minimum": policy.rehost_minimum,
            "margin_days": policy.margin_days,
            "agreements_required": policy.agreements_required,
            "in_doubt_days": policy.in_doubt_days,
            "quota_near_percent": policy.quota_near_percent,
        }
        event = Event(
            stamp.event_id(0), stamp.at, stamp.actor, EventKind.POLICY_SET, "the account", detail=detail
        )
        books.record(Changes(event))
        books.set_policy(policy)
        return policy

    return write(portal, Verb.SET_POLICY, work)
