"""Lines that end before their lots: when they end, and when what they hold is free again. Without I/O.

A line can be given for a shorter time than its lot lasts. The device stops by itself on the last day of the
line. What the reservation holds for it stays held until a return, an update or the end of the lot, unless the
account chose a margin: then it is free again that many days after the last day of the line, without anything
from the device. The margin is for clocks that are slow: a clock that stands still extends a line for ever,
and nothing offline can see that. So it is for the account to choose, and it chooses nothing at first.

Invariants: the day is fixed when the authorization is issued. What was freed stays freed: a clock that is set
back afterwards takes nothing back, since others may have it. A closed reservation frees nothing by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from reservation import ledger
from reservation.errors import RuleError
from reservation.lots import describe
from reservation.model import EventKind, Held, Limit, Lot, Policy, Reservation, Sequence, Stamp, Term
from reservation.standing import Changes, Standing, event_on

LONGEST_MARGIN = 3650


def shorter_terms(
    taken: Mapping[bytes, int], lots: Mapping[bytes, Lot], until: date | None, today: date
) -> dict[bytes, Term]:
    """Return the terms of lines that end before their lots, by lot.

    Args:
        taken: What an authorization takes from each lot.
        lots: These lots.
        until: Last day of every line; None: as long as the lot.
        today: UTC day.

    Raises:
        RuleError: When that day is over, or comes before the lot begins.
    """
    if until is None:
        return {}
    if until < today:
        raise RuleError(
            f"The lines would have ended on {until}, and today is {today}.", hint="Give today or a later day."
        )
    terms = {}
    for lot_id in taken:
        lot = lots[lot_id]
        start = lot.term.start if lot.term else today
        if until < start:
            raise RuleError(
                f"The lines would end on {until}, before this lot begins: {describe(lot)}.",
                hint="Give a later day, or name another lot with --term.",
            )
        if lot.term is None or until < lot.term.end:
            terms[lot_id] = Term(start, until)
    return terms


def limits_of(terms: Mapping[bytes, Term], policy: Policy, freed_on: date | None) -> dict[bytes, Limit]:
    """Return when lines end, and when their holds are free again, by lot.

    Args:
        terms: Terms of lines that end before their lots.
        policy: The account's; its margin decides.
        freed_on: Day up to which the reservation has freed already.
    """
    return {lot_id: Limit(term, _frees_on(term, policy, freed_on)) for lot_id, term in terms.items()}


def _frees_on(term: Term, policy: Policy, freed_on: date | None) -> date | None:
    if policy.margin_days is None:
        return None
    day = term.end + timedelta(days=1 + policy.margin_days)
    # After a clock that ran away: what is issued now is not free already.
    return day if freed_on is None else max(day, freed_on + timedelta(days=1))


def next_freeing(
    limits: Mapping[Sequence, Mapping[bytes, Limit]], confirmed: Sequence | None, freed_on: date | None
) -> date | None:
    """Return the next day on which a part of a hold is free by itself; None: there is none.

    Args:
        limits: Those of every authorization.
        confirmed: The highest one that is proved installed: only it and later ones hold anything.
        freed_on: Day up to which everything was freed already.
    """
    days = (
        limit.frees_on
        for sequence, lots in limits.items()
        if confirmed is None or sequence >= confirmed
        for limit in lots.values()
        if limit.frees_on is not None
    )
    return min((day for day in days if freed_on is None or day > freed_on), default=None)


def first_end(held: Iterable[bytes], lots: Mapping[bytes, Lot], newest: Mapping[bytes, Limit]) -> date | None:
    """Return the first of the last days of what an open reservation holds; None: nothing of it ends.

    Args:
        held: The lots of which it holds something.
        lots: These lots.
        newest: When lines of its newest authorization end that end before their lots.
    """
    terms = (newest[lot_id].term if lot_id in newest else lots[lot_id].term for lot_id in held)
    return min((term.end for term in terms if term is not None), default=None)


def days_of(standing: Standing) -> tuple[date | None, date | None]:
    """Return the next day on which a part of a hold is free, and the first end, as all else makes them."""
    one = standing.reservation
    if not one.state.is_open:
        return None, None
    return (
        next_freeing(standing.limits, one.confirmed, one.freed_on),
        first_end(standing.held, standing.lots, standing.newest_limits()),
    )


def is_due(reservation: Reservation, today: date) -> bool:
    """Tell whether a part of a reservation's hold is free by now, and that was not posted yet."""
    return reservation.frees_next is not None and reservation.frees_next <= today


def held_on(standing: Standing, today: date) -> Mapping[bytes, Held]:
    """Return what a reservation holds on a day, whether or not what is free was posted."""
    if not is_due(standing.reservation, today):
        return standing.held
    return ledger.hold(standing.binding(today), standing.reservation.confirmed)


def free(standing: Standing, stamp: Stamp, number: int) -> Changes:
    """Free what lines held that ended long enough ago.

    Args:
        standing: A reservation for which that is due.
        stamp: When and by whom.
        number: Which of the events that are found due this is.
    """
    before = standing.reservation
    held = held_on(standing, stamp.today)
    event = event_on(before, EventKind.LINE_ENDED, {"on": stamp.today.isoformat()}, stamp)
    return Changes(
        replace(event, id=stamp.earlier_event_id(number)),
        reservation=replace(
            before,
            changed_at=stamp.at,
            freed_on=stamp.today,
            frees_next=next_freeing(standing.limits, before.confirmed, stamp.today),
            first_end=first_end(held, standing.lots, standing.newest_limits()),
        ),
        held=held,
        movements=ledger.postings(before.virtual_account_id, standing.held, held, standing.lots),
    )
