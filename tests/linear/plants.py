"""Clients that check first and act afterwards, or without a lock: what the checker must see.

`PLANTS` gives for each name what makes a portal like that, of an honest one; the lock is taken out of the
whole process. Constraints of the database refuse much of what comes of it, and the checker sees that, too:
such an answer is one that no order of operations explains.

Two who race (`tests.linear.meetings`) wait for each other after what they check and before what they do. So
what one of them does is always old to the other: that it is noticed is no matter of luck.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from reservation.service import Portal
from reservation.sql.sqlite_engine import SqliteStore, SqliteWriting, load_queries
from reservation.sql.writing import SqlWriting
from reservation.standing import Changes
from reservation.store import Store
from tests.linear.meetings import Meetings
from tests.reservation.portal import held_up

HONEST = "-"
_RECORD = SqlWriting.record


class _Checked(Exception):  # noqa: N818 - the way out of a transaction that shall leave nothing
    """The work knows now what it will decide by."""


@dataclass(slots=True)
class _Reading:
    """A transaction some of whose answers are kept for another one, or given as they were kept."""

    books: Any
    name: str
    kept: dict[tuple[object, ...], list[Any]]
    is_first: bool

    def __getattr__(self, name: str) -> Any:
        honest = getattr(self.books, name)
        if name != self.name:
            return honest

        def answer(*asked: Any) -> Any:
            kept = self.kept.setdefault(asked, [])
            if self.is_first:
                kept.append(honest(*asked))
                return kept[-1]
            return kept.pop(0) if kept else honest(*asked)

        return answer


@dataclass(slots=True)
class _Store:
    """A store like that of a portal, but for what happens when it writes."""

    store: Store
    meetings: Meetings

    def write(self, work: Callable[[Any], Any], *, beside_others: bool = False) -> Any:
        """Wait for the other one of a race, and write."""
        self.meetings.arrive()
        return self.store.write(work, beside_others=beside_others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass(slots=True)
class _Stale(_Store):
    """A store that reads in one transaction what it decides by in the next."""

    name: str

    def write(self, work: Callable[[Any], Any], *, beside_others: bool = False) -> Any:
        """Check, wait for the other one of a race to have checked, and act."""
        kept: dict[tuple[object, ...], list[Any]] = {}

        def check(books: Any) -> None:
            kept.clear()
            work(_Reading(books, self.name, kept, is_first=True))
            raise _Checked

        with contextlib.suppress(_Checked):
            self.store.write(check, beside_others=beside_others)
        self.meetings.arrive()
        return self.store.write(
            lambda books: work(_Reading(books, self.name, {key: [*one] for key, one in kept.items()}, False)),
            beside_others=beside_others,
        )


def _reads_stock_first(portal: Portal, meetings: Meetings) -> Portal:
    return replace(portal, store=_Stale(portal.store, meetings, "stock"))


def _reads_reservations_first(portal: Portal, meetings: Meetings) -> Portal:
    return replace(portal, store=_Stale(portal.store, meetings, "standing"))


def _takes_no_lock(portal: Portal, meetings: Meetings) -> Portal:
    def record(self: SqlWriting, changes: Changes) -> None:
        meetings.arrive()
        _RECORD(self, changes)

    SqlWriting.record = record  # type: ignore[method-assign]
    held_up.no_lock_on_the_account()
    held_up.no_lock_on_the_reservation()

    def write(self: Any, work: Callable[[Any], Any], *, beside_others: bool = False) -> Any:
        del beside_others
        books = SqliteWriting(self._connection, load_queries(), self._account_id)
        return self._run("BEGIN", lambda: work(books))

    SqliteStore.write = write  # type: ignore[method-assign]
    return portal


def _honest(portal: Portal, meetings: Meetings) -> Portal:
    return replace(portal, store=_Store(portal.store, meetings))


PLANTS: dict[str, Callable[[Portal, Meetings], Portal]] = {
    HONEST: _honest,
    "stock": _reads_stock_first,
    "standing": _reads_reservations_first,
    "lock": _takes_no_lock,
}
