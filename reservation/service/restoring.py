"""Restores of the database: noticing one, what is known to be forgotten, and the end of the quarantine.

Whoever opens a portal reads the checkpoint first, and then lets `watch` compare. At the end of a process,
`checkpoint_of` says where the log stands, for the checkpoint to be written anew.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from reservation import quarantine
from reservation.checkpoint import Checkpoint, KeptCode, Restore, Verdict, judge
from reservation.decisions import require_reason
from reservation.errors import StateDamagedError
from reservation.model import Event, EventKind, Sequence, Stamp
from reservation.service.context import Portal, write
from reservation.service.rebuilding import Blocked, blocked, enter_quarantine
from reservation.standing import Changes
from reservation.store import Reading, Writing

_PAGE = 1000


def checkpoint_of(portal: Portal) -> Checkpoint:
    """Return where the log of a portal stands."""
    now = portal.clock()
    return portal.store.read(lambda books: _checkpoint(books, now))


def _checkpoint(books: Reading, now: datetime) -> Checkpoint:
    identity = books.identity()
    events, digest = books.log_end()
    return Checkpoint(identity.portal_id, identity.epoch, events, digest, now)


def watch(portal: Portal, kept: Checkpoint | None) -> Portal:
    """Compare a portal's books with its checkpoint; when they were copied back, begin the quarantine.

    Args:
        portal: The portal.
        kept: The checkpoint, as it was read before the books were opened; None: there is none.

    Returns:
        The portal, which knows whether a checkpoint vouches for its books.

    Raises:
        OtherCheckpointError: When the checkpoint is of another portal.
    """
    verdict = portal.store.read(lambda books: _verdict(books, kept, portal.clock()))
    if verdict is Verdict.RESTORED and kept is not None:
        _begin(portal, kept, "")
    return replace(portal, is_vouched_for=verdict is not Verdict.UNKNOWN)


def _verdict(books: Reading, kept: Checkpoint | None, now: datetime) -> Verdict:
    there = _checkpoint(books, now)
    hash_then = books.hash_after(kept.events) if kept else None
    known = () if kept is None or hash_then == kept.hash else books.restores()
    verdict = judge(kept, there, hash_then, known)
    if verdict is Verdict.OTHER_PORTAL and kept is not None:
        raise quarantine.refuse_other(kept, there)
    return verdict


def _begin(portal: Portal, kept: Checkpoint | None, reason: str) -> Restore:
    def work(books: Writing, stamp: Stamp) -> Restore:
        if kept is not None and _verdict(books, kept, stamp.at) is not Verdict.RESTORED:
            return books.restores()[-1]  # Another process was faster.
        return enter_quarantine(books, stamp, kept, reason)

    return write(portal, work, reconciles=True)


def begin_quarantine(portal: Portal, *, reason: str) -> Restore:
    """Begin the quarantine because a person says that the database was copied back.

    Raises:
        RuleError: When the reason is none.
    """
    require_reason(reason)
    return _begin(portal, None, reason)


def adopt(portal: Portal, *, reason: str) -> None:
    """Take the books for the newest, because a person says so where no checkpoint is.

    Raises:
        RuleError: When the reason is none.
    """
    require_reason(reason)
    write(
        portal,
        lambda books, stamp: books.record(Changes(quarantine.adopt(reason, stamp))),
        reconciles=True,
    )


def in_quarantine(portal: Portal) -> bool:
    """Tell whether a portal's database was copied back, and nobody has ended the quarantine."""
    return portal.store.read(lambda books: books.in_quarantine())


# --- what is known ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known about restores of a portal's database.

    Attributes:
        checkpoint: Where the log stands.
        is_vouched_for: Whether a checkpoint on this machine says that it is the newest.
        restores: Every restore that was noticed, oldest first.
        waiting: Codes that were brought, and that wait for others.
        blocked: Those among them that are proved, and what each of them waits for.
        ahead: Reservations whose device returned after an authorization that the books do not know.
        rebuilt: Events by which something was rebuilt since the quarantine began; in none, nothing.
    """

    checkpoint: Checkpoint
    is_vouched_for: bool
    restores: tuple[Restore, ...]
    waiting: tuple[KeptCode, ...]
    blocked: tuple[Blocked, ...]
    ahead: tuple[tuple[bytes, Sequence], ...]
    rebuilt: tuple[Event, ...]

    @property
    def lasting(self) -> tuple[Restore, ...]:
        """The restores whose quarantine lasts."""
        return tuple(one for one in self.restores if one.lasts)


def show_quarantine(portal: Portal) -> Outlook:
    """Return what was noticed, what is known to be forgotten, and what was rebuilt."""
    now = portal.clock()

    def work(books: Reading) -> Outlook:
        restores = books.restores()
        first = next((one.event_id for one in restores if one.lasts), None)
        return Outlook(
            checkpoint=_checkpoint(books, now),
            is_vouched_for=portal.is_vouched_for,
            restores=restores,
            waiting=books.kept_codes(),
            blocked=blocked(books),
            ahead=books.returns_ahead(),
            rebuilt=_rebuilt_since(books, first) if first else (),
        )

    return portal.store.read(work)


def _rebuilt_since(books: Reading, event_id: bytes) -> tuple[Event, ...]:
    found: list[Event] = []
    while page := books.events(after=event_id, most=_PAGE):
        found += [event for event in page if event.kind is EventKind.REBUILT]
        event_id = page[-1].id
    return tuple(found)


# --- ending ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the end of a quarantine stands.

    Attributes:
        restore: The newest restore.
        again: Whether this was said or done before.
    """

    restore: Restore
    again: bool = False


def propose_end(portal: Portal, *, reason: str) -> Ending:
    """Propose to end the quarantine.

    Raises:
        WrongStateError: When there is none.
        UnreconciledError: When something is known to be forgotten that could be rebuilt.
        RuleError: When a rule refuses; nothing is written then.
    """
    require_reason(reason)

    def work(books: Writing, stamp: Stamp) -> Ending:
        restore = quarantine.require_quarantine(books.restores())
        if (restore.proposed_by, restore.end_reason) == (stamp.actor, reason):
            return Ending(restore, again=True)
        quarantine.require_reconciled([one.reason for one in blocked(books)])
        event = quarantine.propose_end(restore, reason, stamp)
        books.record(Changes(event))
        books.propose_end(event.id, stamp.actor, reason)
        return Ending(_newest(books))

    return write(portal, work, reconciles=True)


def approve_end(portal: Portal) -> Ending:
    """End the quarantine, as somebody else proposed.

    Raises:
        NothingPendingError: When nobody did.
        SamePersonError: When the acting user did.
        ChangedSinceError: When something happened since.
        UnreconciledError: When something is known to be forgotten that could be rebuilt.
    """

    def work(books: Writing, stamp: Stamp) -> Ending:
        restores = books.restores()
        if restores and not restores[-1].lasts:
            return Ending(restores[-1], again=True)
        proposed_with = quarantine.require_proposed(restores).proposed_with or b""
        event = quarantine.end(restores, stamp, something_since=books.something_since(proposed_with))
        quarantine.require_reconciled([one.reason for one in blocked(books)])
        books.record(Changes(event))
        books.end_quarantine(event.id, stamp.actor)
        return Ending(_newest(books))

    return write(portal, work, reconciles=True)


def reject_end(portal: Portal) -> Ending:
    """Take back the proposal to end the quarantine; whoever made it may do it too.

    Raises:
        NothingPendingError: When there is none.
    """

    def work(books: Writing, stamp: Stamp) -> Ending:
        event = quarantine.reject_end(books.restores(), stamp)
        books.record(Changes(event))
        books.propose_end(None, None, "")
        return Ending(_newest(books))

    return write(portal, work, reconciles=True)


def _newest(books: Reading) -> Restore:
    restores = books.restores()
    if not restores:
        raise StateDamagedError(
            "The restore that was noticed is missing from the books.",
            hint="Run `tallystick portal audit` and keep its output.",
        )
    return restores[-1]
