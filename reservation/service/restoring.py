"""What is known of a database that was copied back, what people say about it, and how it ends.

Not handled: noticing it (`reservation.service.watching`), and rebuilding what it forgot
(`reservation.service.rebuilding`).
"""

from dataclasses import dataclass
from datetime import datetime

from reservation import people, quarantine
from reservation.checkpoint import Checkpoint, KeptCode, Restore
from reservation.decisions import require_reason
from reservation.errors import StateDamagedError
from reservation.model import Event, EventKind, Sequence, Stamp
from reservation.roles import Rights, Verb
from reservation.service.context import Portal, read, write
from reservation.service.rebuilding import Blocked, blocked
from reservation.service.watching import begin, checkpoint_in
from reservation.standing import Changes
from reservation.store import Reading, Writing

_PAGE = 1000


def begin_quarantine(portal: Portal, *, reason: str) -> Restore:
    """Begin the quarantine because a person says that the database was copied back.

    Raises:
        RuleError: When the reason is none.
    """
    require_reason(reason)
    return begin(portal, None, reason, verb=Verb.BEGIN_QUARANTINE)


def adopt(portal: Portal, *, reason: str) -> None:
    """Take the books for the newest, because a person says so where no checkpoint is.

    Raises:
        RuleError: When the reason is none.
    """
    require_reason(reason)
    write(
        portal,
        Verb.ADOPT,
        lambda books, stamp: books.record(Changes(quarantine.adopt(reason, stamp))),
        reconciles=True,
    )


# --- what is known ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known about restores of a portal's database.

    Attributes:
        checkpoint: Where the log stands.
        newest_at: When the newest event was recorded.
        is_vouched_for: Whether a checkpoint on this machine says that it is the newest.
        restores: Every restore that was noticed, oldest first.
        waiting: Codes that were brought, and that wait for others.
        blocked: Those among them that are proved, and what each of them waits for.
        ahead: Reservations whose device returned after an authorization that the books do not know.
        rebuilt: Events by which something was rebuilt since the quarantine began; in none, nothing.
    """

    checkpoint: Checkpoint
    newest_at: datetime
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

    @property
    def can_be_told(self) -> bool:
        """Whether a checkpoint tells if something is missing, and how much."""
        return self.is_vouched_for and all(one.expected is not None for one in self.lasting)


def show_quarantine(portal: Portal) -> Outlook:
    """Return what was noticed, what is known to be forgotten, and what was rebuilt."""
    now = portal.clock()

    def work(books: Reading, _rights: Rights) -> Outlook:
        restores = books.restores()
        first = next((one.event_id for one in restores if one.lasts), None)
        newest = books.event(books.newest_event_id())
        return Outlook(
            checkpoint=checkpoint_in(books, now),
            newest_at=newest.at if newest else now,
            is_vouched_for=portal.is_vouched_for,
            restores=restores,
            waiting=books.kept_codes(),
            blocked=blocked(books),
            ahead=books.returns_ahead(),
            rebuilt=_rebuilt_since(books, first) if first else (),
        )

    return read(portal, Verb.SHOW_QUARANTINE, work)


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
        is_authenticated: Whether the second person's own passphrase was given.
    """

    restore: Restore
    again: bool = False
    is_authenticated: bool = False


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

    return write(portal, Verb.PROPOSE_END, work, reconciles=True)


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
            return Ending(restores[-1], again=True, is_authenticated=_was_authenticated(books))
        proposed_with = quarantine.require_proposed(restores).proposed_with or b""
        event = quarantine.end(restores, stamp, something_since=books.something_since(proposed_with))
        people.require_authenticated(books.user(stamp.actor), stamp)
        quarantine.require_reconciled([one.reason for one in blocked(books)])
        books.record(Changes(event))
        books.end_quarantine(event.id, stamp.actor)
        return Ending(_newest(books), is_authenticated=_was_authenticated(books))

    return write(portal, Verb.APPROVE_END, work, reconciles=True)


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

    return write(portal, Verb.REJECT_END, work, reconciles=True)


def _was_authenticated(books: Reading) -> bool:
    event = books.event(_newest(books).ended_with or b"")
    return bool(((event.detail if event else None) or {}).get("authenticated", False))


def _newest(books: Reading) -> Restore:
    restores = books.restores()
    if not restores:
        raise StateDamagedError(
            "The restore that was noticed is missing from the books.",
            hint="Run `tallystick portal audit` and keep its output.",
        )
    return restores[-1]
