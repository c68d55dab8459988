"""What every verb of the portal works with: its books, its issuer, who acts, and the world's clock.

Invariant: one command has one moment and one actor, its `Stamp`; and whatever a command writes, ends of lots
that are due by that moment are posted first, in the same transaction. So every decision sees the books as of
now, and a late sweep never changes an answer. What comes back to a lot of which more is out than was bought
covers that shortfall, in the same transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TypeVar

from codec.errors import CodecError
from codec.keys import SigningKey
from reservation import ledger, limits, quarantine, roles
from reservation.errors import CommitLostError, DoneOrNotError, ReservationError, SetupError
from reservation.ledger import Balance, Movement
from reservation.lots import describe
from reservation.model import Clock, Event, EventKind, Held, Random, Stamp
from reservation.roles import Rights, Verb
from reservation.standing import Changes
from reservation.store import Reading, Store, Writing

T = TypeVar("T")

#: What does again what it did, when it is called again. Every other verb answers again, or refuses.
_COUNTS_TWICE = frozenset({Verb.ADD_LICENSE, Verb.CORRECT_LICENSE, Verb.TRANSFER_LICENSE})


@dataclass(frozen=True, slots=True)
class Issuer:
    """What signs authorizations: the issuer's key, in the name of one portal."""

    key: SigningKey
    portal_id: bytes


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal, opened on behalf of one user.

    Attributes:
        store: Its books.
        issuer: Who signs; None when the key was not opened: all that signs nothing works without.
        actor: The acting user.
        clock: Gives the present moment.
        random: Gives unpredictable bytes.
        is_vouched_for: Whether a checkpoint on this machine says that the books are the newest; also when
            nobody keeps checkpoints.
        is_authenticated: Whether it was proved that the acting user is who they say.
    """

    store: Store
    issuer: Issuer | None
    actor: str
    clock: Clock
    random: Random
    is_vouched_for: bool = True
    is_authenticated: bool = False

    def close(self) -> None:
        """Let go of the books."""
        self.store.close()


def require_issuer(portal: Portal) -> Issuer:
    """Return the issuer of a portal that was opened with its key.

    Raises:
        SetupError: When it was not.
    """
    if portal.issuer is None:
        raise SetupError(
            "This needs the issuer's private key, which was not opened.",
            hint="Say where the key is, and its passphrase.",
        )
    return portal.issuer


def require_issuing(portal: Portal, books: Reading) -> None:
    """Return when this portal may issue something, and move what is issued.

    Raises:
        QuarantinedError: When its database was copied back, and nobody has ended the quarantine.
        NoCheckpointError: When nothing tells whether its database is the newest.
    """
    if books.in_quarantine():
        raise quarantine.refuse(books.restores())
    if not portal.is_vouched_for:
        raise quarantine.refuse_unknown()


def rights_in(books: Reading, portal: Portal, verb: Verb | None) -> Rights:
    """Return what the acting user may do by a verb.

    Args:
        books: The books, in the transaction that the verb works in.
        portal: The portal.
        verb: The verb; None: the program does something by itself.

    Raises:
        PermissionDeniedError: When the user may not do it anywhere.
    """
    if verb is None:
        return Rights(portal.actor, None, ())
    grants = books.grants_of(portal.actor)
    if not grants:
        raise roles.refuse_unknown(portal.actor, books.administrators())
    rights = roles.rights_for(portal.actor, grants, verb)
    return replace(rights, is_authenticated=portal.is_authenticated)


def read(portal: Portal, verb: Verb, work: Callable[[Reading, Rights], T]) -> T:
    """Run the work of a verb that only reads, when the acting user may do it.

    Args:
        portal: The portal.
        verb: The verb.
        work: The work; it is given what the user may do, and heeds in which Virtual Accounts.

    Raises:
        PermissionDeniedError: When the user may not do it anywhere.
    """
    return portal.store.read(lambda books: work(books, rights_in(books, portal, verb)))


def write(
    portal: Portal,
    verb: Verb | None,
    work: Callable[[Writing, Stamp], T],
    *,
    reconciles: bool = False,
    beside_others: bool = False,
) -> T:
    """Run a verb's work in one transaction, after the ends of lots that are due, when the user may do it.

    Args:
        portal: The portal.
        verb: The verb; None: the program does something by itself.
        work: The work; it heeds in which Virtual Accounts the rights of its stamp allow it.
        reconciles: Whether it is allowed in quarantine: it issues nothing, or makes good what was forgotten.
        beside_others: Whether it may run while others write, too; see `reservation.store.Store.write`.

    Raises:
        PermissionDeniedError: When the user may not do it anywhere.
        QuarantinedError: When the portal is in quarantine, and this is not for that.
        NoCheckpointError: When nothing tells whether its database is the newest, and this is not for that.
        CommitLostError: When a server went away during the commit; `DoneOrNotError` when the verb, done
            again, would count twice.
    """
    # Drawn once: a store may run the work again, and it must then do the same.
    now, randomness = portal.clock(), portal.random(7)
    newest = b""

    def whole(transaction: Writing) -> T:
        nonlocal newest
        rights = rights_in(transaction, portal, verb)
        if not reconciles:
            require_issuing(portal, transaction)
        newest = transaction.newest_event_id()
        stamp = Stamp.of(now, portal.actor, randomness, newest=newest, rights=rights)
        post_ends(transaction, stamp)
        result = work(transaction, stamp)
        _cover_shortfalls(transaction, stamp)
        return result

    try:
        return portal.store.write(whole, beside_others=beside_others)
    except CommitLostError as error:
        if verb not in _COUNTS_TWICE:
            raise
        raise DoneOrNotError(
            error.message,
            hint="Done twice it counts twice, so look whether it was done (`tallystick portal license list`) "
            f"before you run it again: tallystick portal events --since {newest.hex()}",
        ) from error


# --- many works in one transaction -------------------------------------------------------------------

Refusal = ReservationError | CodecError
"""Why one of many works was not done."""


def write_each(store: Store, works: Sequence[Callable[[Writing], T]]) -> tuple[T | Refusal, ...]:
    """Run works one after the other in one transaction, and return when all of them are durable.

    Each is as if it were alone: what one is refused leaves nothing, and spoils no other.

    Args:
        store: The books. The transaction runs alone.
        works: As `Store.write` takes them. A store may run all of them again.

    Returns:
        What each returned, or why it was refused, in their order.
    """

    def one(books: Writing, work: Callable[[Writing], T]) -> T | Refusal:
        try:
            return books.apart(lambda: work(books))
        except (ReservationError, CodecError) as error:
            return error

    return store.write(lambda books: tuple(one(books, work) for work in works))


def together(portal: Portal, calls: Sequence[Callable[[Portal], T]]) -> tuple[T | Refusal, ...]:
    """Call verbs one after the other, and commit all that they write at once.

    Each comes out as if it were called by itself, with a moment of its own: only that none of it is durable
    before all of it is. Whoever calls shows nothing to anybody before this returns.

    Args:
        portal: The portal.
        calls: Each calls verbs on the portal that it is given, which may be opened for another user (by
            `replace`); it does nothing else, since all of them may be run again.

    Returns:
        What each returned, or why it was refused, in their order.

    Raises:
        ReservationError: When the database fails; nothing of any call was kept then.
    """

    def one(books: Writing, call: Callable[[Portal], T]) -> T | Refusal:
        try:
            return call(replace(portal, store=_Joined(books)))
        except (ReservationError, CodecError) as error:
            return error

    return portal.store.write(lambda books: tuple(one(books, call) for call in calls))


class _Joined:
    """A store whose transactions are parts of one that runs already."""

    def __init__(self, books: Writing) -> None:
        self._books = books

    def read(self, work: Callable[[Reading], T]) -> T:
        """Read what the transaction sees; an error leaves it sound."""
        return self._books.apart(lambda: work(self._books))

    def write(self, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        """Run a part; an error undoes the part. It is durable with the whole transaction."""
        del beside_others
        return self._books.apart(lambda: work(self._books))

    def place_events(self) -> None:
        """Do nothing: a transaction that runs alone places its events as it records them."""

    def close(self) -> None:
        """Do nothing: whoever opened the database lets go of it."""


def following(books: Reading, stamp: Stamp) -> Stamp:
    """Return the stamp of a further change of the same command, after everything that it recorded."""
    newest = books.newest_event_id()
    return Stamp.of(stamp.at, stamp.actor, stamp.prefix[-7:], newest=newest, rights=stamp.rights)


def _cover_shortfalls(transaction: Writing, stamp: Stamp) -> None:
    """Let what came back to a lot that is short make up for what is missing."""
    for number, balance in enumerate(transaction.balances_short()):
        event = Event(
            stamp.later_event_id(number),
            stamp.at,
            stamp.actor,
            EventKind.SHORTFALL_COVERED,
            describe(balance.lot),
            detail={"lot": balance.lot.id.hex()},
        )
        transaction.record(Changes(event, movements=(ledger.covering(balance),)))


@dataclass(frozen=True, slots=True)
class Swept:
    """What was due without anybody's doing.

    Attributes:
        lots: Lots whose end was posted, or taken back.
        reservations: Reservations of whose hold something is free by itself.
        opened: Alerts that were opened.
        closed: Alerts that were closed.
    """

    lots: int
    reservations: int
    opened: int = 0
    closed: int = 0


def sweep(portal: Portal) -> Swept:
    """Post everything that is due, and bring alerts up to what stands.

    Any command that writes posts what is due before its own work.
    """
    from reservation.service.lookout import Mark, bring_up  # no other verb of this module needs alerts

    now, randomness = portal.clock(), portal.random(7)

    def first(transaction: Writing) -> tuple[Swept, Mark | None]:
        rights_in(transaction, portal, Verb.SWEEP)
        stamp = Stamp.of(now, portal.actor, randomness, newest=transaction.newest_event_id())
        swept = post_ends(transaction, stamp)
        _cover_shortfalls(transaction, stamp)
        return _brought_up(transaction, swept, Mark())

    def _brought_up(transaction: Writing, swept: Swept, mark: Mark) -> tuple[Swept, Mark | None]:
        done, following = bring_up(transaction, now, mark)
        opened, closed = swept.opened + len(done.opened), swept.closed + len(done.closed)
        return replace(swept, opened=opened, closed=closed), following

    swept, mark = portal.store.write(first)
    # Each slice is a transaction of its own: many alerts may have come at once, and others want to write.
    while mark is not None:
        further = partial(_brought_up, swept=swept, mark=mark)
        swept, mark = portal.store.write(further)
    return swept


def post_ends(transaction: Writing, stamp: Stamp) -> Swept:
    """Post what is due: ends of lots, ends that a wrong clock posted too early, lines that ended before.

    Returns:
        How much that was.
    """
    lots = _post_lots(transaction, stamp)
    to_free = transaction.reservations_to_free(stamp.today)
    for number, reservation_id in enumerate(to_free, start=lots):
        standing = transaction.standing(reservation_id)
        if standing is not None:
            transaction.record(limits.free(standing, stamp, number))
    return Swept(lots, len(to_free))


def _post_lots(transaction: Writing, stamp: Stamp) -> int:
    due = transaction.lots_to_post(stamp.today)
    for number, lot_id in enumerate(due):
        balances = balances_of_lot(transaction, lot_id)
        lot = balances[0].lot
        kind = EventKind.LOT_RESUMED if lot.expired else EventKind.LOT_ENDED
        move = ledger.resuming if lot.expired else ledger.ending
        movements = tuple(movement for balance in balances for movement in move(balance))
        event = Event(
            stamp.earlier_event_id(number),
            stamp.at,
            stamp.actor,
            kind,
            describe(lot),
            detail={"lot": lot.id.hex()},
        )
        transaction.record(Changes(event, movements=movements))
        transaction.set_lot_expired(lot.id, expired=not lot.expired)
    return len(due)


def balances_of_lot(transaction: Reading, lot_id: bytes) -> tuple[Balance, ...]:
    """Return a lot's balances, with what is held when its end was posted."""
    return _with_holds(transaction, transaction.balances_of_lot(lot_id))


def balances_as_of(transaction: Reading, today: date) -> tuple[Balance, ...]:
    """Return all balances as they stand on a day, whether or not what is due was posted."""
    freed = ledger.changes_of(
        movement
        for reservation_id in transaction.reservations_to_free(today)
        for movement in _freeing(transaction, reservation_id, today)
    )
    balances = (
        ledger.as_of(one, today)
        for balance in transaction.balances()
        for one in (
            _with_holds(transaction, (balance,))
            if balance.lot.expired and not balance.lot.ended(today)
            else (balance,)
        )
    )
    return tuple(
        ledger.covered(ledger.changed(balance, freed.get((balance.lot.id, balance.virtual_account_id), {})))
        for balance in balances
    )


def _freeing(transaction: Reading, reservation_id: bytes, today: date) -> tuple[Movement, ...]:
    """Return the movements by which a part of a hold is free, as they will be posted."""
    standing = transaction.standing(reservation_id)
    if standing is None:
        return ()
    lots = {lot.id: replace(lot, expired=lot.ended(today)) for lot in standing.lots.values()}
    place = standing.reservation.virtual_account_id
    return ledger.postings(place, standing.held, limits.held_on(standing, today), lots)


def _with_holds(transaction: Reading, balances: tuple[Balance, ...]) -> tuple[Balance, ...]:
    """Add what is held of a lot whose end was posted: its accounts no longer say it."""
    if not balances or not balances[0].lot.expired:
        return balances
    held = transaction.held_of_lot(balances[0].lot.id)
    return tuple(replace(balance, held=held.get(balance.virtual_account_id, Held())) for balance in balances)
