"""Comparing a portal's books with its checkpoint when they are opened: the part that every command runs.

Scope: noticing that the database was copied back, and beginning the quarantine. It loads little, since
every command of a portal comes by.

Not handled: what is forgotten, and the end of the quarantine (`reservation.service.restoring`).
"""

from dataclasses import replace
from datetime import datetime

from reservation import quarantine
from reservation.checkpoint import Checkpoint, Restore, Verdict, judge
from reservation.model import Stamp
from reservation.roles import Verb
from reservation.service.context import Portal, read, write
from reservation.standing import Changes
from reservation.store import Reading, Writing


def checkpoint_of(portal: Portal) -> Checkpoint:
    """Return where the log of a portal stands."""
    now = portal.clock()
    portal.store.place_events()
    return portal.store.read(lambda books: checkpoint_in(books, now))


def checkpoint_in(books: Reading, now: datetime) -> Checkpoint:
    """Return where the log of some books stands."""
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
        begin(portal, kept, "")
    return replace(portal, is_vouched_for=verdict is not Verdict.UNKNOWN)


def _verdict(books: Reading, kept: Checkpoint | None, now: datetime) -> Verdict:
    there = checkpoint_in(books, now)
    hash_then = books.hash_after(kept.events) if kept else None
    known = () if kept is None or hash_then == kept.hash else books.restores()
    verdict = judge(kept, there, hash_then, known)
    if verdict is Verdict.OTHER_PORTAL and kept is not None:
        raise quarantine.refuse_other(kept, there)
    return verdict


def begin(portal: Portal, kept: Checkpoint | None, reason: str, *, verb: Verb | None = None) -> Restore:
    """Begin the quarantine, unless another process was faster.

    Args:
        portal: The portal.
        kept: The checkpoint that its books do not extend; None: a person says that they were copied back.
        reason: What that person says.
        verb: The verb by which a person begins it; None: the program does, whoever opened the portal.
    """

    def work(books: Writing, stamp: Stamp) -> Restore:
        if kept is not None and _verdict(books, kept, stamp.at) is not Verdict.RESTORED:
            return books.restores()[-1]  # Another process was faster.
        return enter_quarantine(books, stamp, kept, reason)

    return write(portal, verb, work, reconciles=True)


def enter_quarantine(books: Writing, stamp: Stamp, kept: Checkpoint | None, reason: str) -> Restore:
    """Begin a quarantine, in a new epoch; or note one more reason for it.

    Args:
        books: The books.
        stamp: When and by whom.
        kept: The checkpoint that they do not extend; None: something else shows that they were copied back.
        reason: What else.
    """
    identity = books.identity()
    lasts = books.in_quarantine()
    found_events, _ = books.log_end()
    newest = books.event(books.newest_event_id())
    if newest is None:
        raise ValueError("books without an event")
    event, restore = quarantine.notice(newest, found_events, kept, reason, stamp)
    books.record(Changes(event))
    books.add_restore(restore)
    if not lasts or (kept is not None and kept.epoch >= identity.epoch):
        books.set_epoch(quarantine.epoch_after(identity, kept.epoch if kept else 0))
    return restore


def require_backup(portal: Portal) -> None:
    """Return when the acting user may copy the books: they hold everything about everybody.

    Raises:
        PermissionDeniedError: When not.
    """
    read(portal, Verb.REQUIRE_BACKUP, lambda _books, _rights: None)


def in_quarantine(portal: Portal) -> bool:
    """Tell whether a portal's database was copied back, and nobody has ended the quarantine."""
    return portal.store.read(lambda books: books.in_quarantine())
