"""What a refusal leaves behind: that somebody wanted more than there was, or used another's name.

A refusal undoes everything that its command did. So what should be known of it is written afterwards, in a
transaction of its own, and nothing of that may spoil the refusal: when it cannot be written, it is not.
The same again within a day is one note, so that asking again and again does not fill the log.
"""

from collections.abc import Callable
from datetime import timedelta

from reservation.errors import InsufficientError, OpenReservationError, ReservationError, Shortage
from reservation.events import id_before
from reservation.model import Event, EventKind, Stamp
from reservation.service.context import Portal
from reservation.standing import Changes
from reservation.store import Reading, Writing

_ONCE_IN = timedelta(days=1)

Place = Callable[[Reading], bytes | None]
"""Finds the Virtual Account in which licences were wanted."""


def note_refusal(
    portal: Portal, refusal: InsufficientError | OpenReservationError, place: Place, *, key: bytes = b""
) -> None:
    """Note a refusal, if it is one that should be known of.

    Args:
        portal: The portal.
        refusal: What was refused.
        place: Where.
        key: The device's key, of a request.
    """
    now, randomness = portal.clock(), portal.random(7)

    def work(books: Writing) -> None:
        stamp = Stamp.of(now, portal.actor, randomness, newest=books.newest_event_id())
        event = _event(books, stamp, refusal, place(books), key)
        if event is not None:
            books.record(Changes(event))

    if not _is_notable(refusal):
        return
    try:
        portal.store.write(work, beside_others=True)
    except ReservationError:
        return  # The refusal stands without it, and is what the person has to hear of.


def _is_notable(refusal: InsufficientError | OpenReservationError) -> bool:
    if isinstance(refusal, InsufficientError):
        return refusal.shortage is not None
    return refusal.other_key is not None


def _event(
    books: Reading,
    stamp: Stamp,
    refusal: InsufficientError | OpenReservationError,
    place: bytes | None,
    key: bytes,
) -> Event | None:
    if isinstance(refusal, InsufficientError):
        shortage = refusal.shortage
        return _shortage(books, stamp, shortage, place) if shortage and place else None
    return _other_key(books, stamp, refusal.other_key, key) if refusal.other_key else None


def _shortage(books: Reading, stamp: Stamp, shortage: Shortage, place: bytes) -> Event | None:
    detail = {
        "virtual_account_id": place.hex(),
        "wanted": shortage.wanted,
        "needed": shortage.needed,
    }
    known = books.refusals_since(id_before(stamp.at - _ONCE_IN))
    if any(one.subject == shortage.tag and one.detail == detail for one in known):
        return None
    kind = EventKind.STOCK_REFUSED
    return Event(stamp.event_id(0), stamp.at, stamp.actor, kind, shortage.tag, detail=detail)


def _other_key(books: Reading, stamp: Stamp, reservation_id: bytes, key: bytes) -> Event | None:
    """Return an event that is no news of the reservation, so that it disturbs nothing decided about it."""
    reservation = books.reservation(reservation_id)
    if reservation is None:
        return None
    detail = {
        "reservation": reservation.id.hex(),
        "virtual_account_id": reservation.virtual_account_id.hex(),
        "key": key.hex(),
    }
    if any(one.kind is EventKind.KEY_REFUSED and one.detail == detail for one in books.contradictions()):
        return None
    subject = str(reservation.udi)
    return Event(stamp.event_id(0), stamp.at, stamp.actor, EventKind.KEY_REFUSED, subject, detail=detail)
