"""What the portal must say, one operation after the other: a small model, written for this and nothing else.

It shares no rule with the program. Each entitlement has one lot, so what is available follows from what was
bought and what is held: only the latter two are kept. One lot ends on a day; a client whose clock stands
after it posts that, one whose clock stands before takes it back.

`Model.answer` changes nothing: it returns what must be said, and what then has to be done, if anything has.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.linear.operations import DEVICES, ENDING, PLACES, RACED, STOCK, Name, Operation, Said

Effect = Callable[[], None]
Answer = tuple[Said, Effect | None]
Counts = dict[str, int]

OPEN = ("issued", "active", "updating")
GIVEN_UP = ("failed", "written-off")


class Refused(Exception):  # noqa: N818 - an answer
    """The operation must be refused with this code."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What waits for a second person, or waited.

    Attributes:
        wish: What is proposed, and by whom: the same again is no second proposal.
        at: Number of the last thing that had happened to the reservation.
        outcome: Empty: it waits.
    """

    kind: str
    by: str
    other: Name | None
    counts: tuple[tuple[str, int], ...]
    at: int
    outcome: str = ""

    @property
    def wish(self) -> tuple[object, ...]:
        """What must be the same."""
        return self.kind, self.by, self.other, self.counts


@dataclass(slots=True)
class Hold:
    """How many of an entitlement a reservation holds: for certain, in doubt, failed, written off."""

    reserved: int = 0
    in_doubt: int = 0
    failed: int = 0
    written_off: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.reserved + self.in_doubt + self.failed + self.written_off


@dataclass(slots=True)
class Reservation:
    """One reservation.

    Attributes:
        closed: How it ended; empty: it is open.
        issued: What each authorization grants, from sequence 1 on.
        confirmed: The highest confirmed sequence; 0: none.
        answers: Codes of its device that came, and what each of them did.
        happened: How often something has happened to it.
    """

    place: str
    issued: list[Counts]
    held: dict[str, Hold]
    closed: str = ""
    confirmed: int = 0
    kept: bool = False
    answers: dict[tuple[str, int], str] = field(default_factory=dict)
    exposed: Counts = field(default_factory=dict)
    proposal: Proposal | None = None
    happened: int = 1

    @property
    def state(self) -> str:
        """Where it stands."""
        if self.closed:
            return self.closed
        if not self.confirmed:
            return "issued"
        return "active" if self.confirmed == len(self.issued) else "updating"

    def hold(self) -> dict[str, Hold]:
        """Return what an open one holds: the most that any possible authorization grants."""
        possible = self.issued[max(self.confirmed - 1, 0) :]
        held = {}
        for tag in {tag for counts in possible for tag in counts}:
            counts = [one.get(tag, 0) for one in possible]
            certain = min(counts) if self.confirmed else 0
            held[tag] = Hold(certain, max(counts) - certain)
        return held


def _refuse(condition: bool, code: str) -> None:
    if condition:
        raise Refused(code)


class Model:
    """The books, as simple as they can be."""

    def __init__(self) -> None:
        self.bought = {(tag, place): 0 for tag in STOCK for place in PLACES}
        self.bought |= {(tag, PLACES[0]): count for tag, count in STOCK.items()}
        self.free = dict(self.bought)
        self.reservations: dict[Name, Reservation] = {}
        self.newest: dict[str, list[Reservation]] = {device: [] for device in (*DEVICES, *RACED)}
        self.early: set[Name] = set()
        self.end_is_posted = False

    def answer(self, operation: Operation) -> Answer:
        """Return what must be said to an operation, and what it does; None: nothing."""
        verb: Callable[[Operation], Answer] = getattr(self, f"_{operation.verb.replace(' ', '_')}")
        try:
            said, effect = verb(operation)
        except Refused as refused:
            return ["refused", str(refused)], None
        reads = operation.verb in {"overview", "list", "reissue"}
        if reads or self.end_is_posted == operation.is_late:
            return said, effect

        def with_the_end() -> None:
            self.end_is_posted = operation.is_late
            if effect is not None:
                effect()

        return said, with_the_end

    # --- reserving -----------------------------------------------------------------------------

    def _reserve(self, it: Operation) -> Answer:
        known = self.reservations.get(it.name)
        if known is not None:
            _refuse(bool(known.closed), "reservation-closed")
            for sequence in (len(known.issued), 1):
                if known.issued[sequence - 1] == it.counts:
                    return self._issued(it.name, known, sequence, again=True), None
            raise Refused("other-lines")
        self._require_new(it.name)
        self._require_enough(it, it.place, it.counts, {})
        new = Reservation(it.place, [dict(it.counts)], {})

        def effect() -> None:
            for one in self.newest[it.device]:
                one.happened += one.state in GIVEN_UP
            self._open(it.name, new)

        return self._issued(it.name, new, 1, again=False), effect

    def _require_new(self, name: Name, beside: Reservation | None = None) -> None:
        """Refuse a request that was returned before it came, or whose device has another reservation."""
        _refuse(name in self.early, "reservation-closed")
        others = [one for one in self.newest[name[0]] if not one.closed and one is not beside]
        _refuse(bool(others), "open-reservation")

    def _require_enough(self, it: Operation, place: str, wanted: Counts, held: dict[str, Hold]) -> None:
        for tag, count in wanted.items():
            has_ended = tag == ENDING and it.is_late
            possible = 0 if has_ended else held.get(tag, Hold()).total + self.free[tag, place]
            _refuse(count > possible, "insufficient")

    def _open(self, name: Name, new: Reservation) -> None:
        self.reservations[name] = new
        self.newest[name[0]].append(new)
        self._set_held(new, new.hold())

    def _set_held(self, it: Reservation, held: dict[str, Hold]) -> None:
        for tag, one in it.held.items():
            self.free[tag, it.place] += one.total
        for tag, one in held.items():
            self.free[tag, it.place] -= one.total
        it.held = {tag: one for tag, one in held.items() if one.total}

    def _issued(self, name: Name, it: Reservation, sequence: int, *, again: bool) -> Said:
        counts = sorted(it.issued[sequence - 1].items())
        return ["issued", *name, sequence, again, [list(one) for one in counts]]

    def _known(self, name: Name) -> Reservation:
        found = self.reservations.get(name)
        if found is None:
            raise Refused("unknown-name")
        return found

    def _update(self, it: Operation) -> Answer:
        known = self._known(it.name)
        _refuse(bool(known.closed), "reservation-closed")
        self._require_enough(
            it, known.place, {tag: count for tag, count in it.counts.items() if count}, known.held
        )
        taken = {tag: count for tag, count in (self._carried(known, it) | it.counts).items() if count}
        _refuse(not taken, "nothing-wanted")
        if taken == known.issued[-1]:
            return self._issued(it.name, known, len(known.issued), again=True), None
        after = replace(known, issued=[*known.issued, taken])

        def effect() -> None:
            known.issued.append(taken)
            known.happened += 1
            self._set_held(known, known.hold())

        return self._issued(it.name, after, len(after.issued), again=False), effect

    def _carried(self, known: Reservation, it: Operation) -> Counts:
        """Return what the newest authorization grants, without what has ended."""
        return {tag: n for tag, n in known.issued[-1].items() if not (tag == ENDING and it.is_late)}

    def _reissue(self, it: Operation) -> Answer:
        known = self._known(it.name)
        _refuse(bool(known.closed), "reservation-closed")
        return self._issued(it.name, known, len(known.issued), again=True), None

    # --- what devices answer -------------------------------------------------------------------

    def _confirm(self, it: Operation) -> Answer:
        known = self.reservations.get(it.name)
        if known is None:
            raise Refused("unknown-request")
        code = "C", it.sequence
        if code in known.answers:
            return ["accepted", known.answers[code], True], None
        is_news = not known.closed and it.sequence > known.confirmed
        kind = "confirmed" if is_news else "confirmed-late"

        def effect() -> None:
            known.answers[code] = kind
            known.happened += 1
            if is_news:
                known.confirmed = it.sequence
                self._set_held(known, known.hold())

        return ["accepted", kind, False], effect

    def _return(self, it: Operation) -> Answer:
        known = self.reservations.get(it.name)
        if known is None:
            raise Refused("unknown-request")
        code = "R", it.sequence
        if code in known.answers:
            return ["accepted", known.answers[code], True], None
        kind = "returned-again" if known.closed == "returned" else "returned"

        def effect() -> None:
            known.answers[code] = kind
            known.happened += 1
            if kind == "returned":
                self._close(known, it.sequence)

        return ["accepted", kind, False], effect

    def _close(self, known: Reservation, last: int) -> None:
        was_given_up = known.closed in GIVEN_UP
        known.closed, known.kept = "returned", last < known.confirmed
        if not known.kept:
            self._set_held(known, {})
            known.exposed = {} if was_given_up else known.exposed
        elif not was_given_up:
            self._set_held(known, {tag: Hold(in_doubt=one.total) for tag, one in known.held.items()})

    def _cancel(self, it: Operation) -> Answer:
        _refuse(it.name in self.reservations, "refused")
        return ["kept"], None if it.name in self.early else lambda: self.early.add(it.name)

    # --- stock ---------------------------------------------------------------------------------

    def _add(self, it: Operation) -> Answer:
        _refuse(ENDING in it.counts and it.is_late, "refused")

        def effect() -> None:
            for tag, count in it.counts.items():
                self._bring(tag, count, it.place)

        return ["added"], effect

    def _bring(self, tag: str, count: int, place: str) -> None:
        self.bought[tag, place] += count
        self.free[tag, place] += count

    def _move(self, it: Operation) -> Answer:
        self._require_enough(it, it.place, it.counts, {})

        def effect() -> None:
            for tag, count in it.counts.items():
                self._bring(tag, -count, it.place)
                self._bring(tag, count, _other(it.place))

        return ["moved"], effect

    def _transfer(self, it: Operation) -> Answer:
        known = self._known(it.name)
        if known.place == it.place:
            return ["transferred", True], None
        _refuse(bool(known.closed) and not known.held, "wrong-state")

        def effect() -> None:
            for tag, one in known.held.items():
                self.bought[tag, known.place] -= one.total
                self.bought[tag, it.place] += one.total
            known.place = it.place
            known.happened += 1

        return ["transferred", False], effect

    def _sweep(self, it: Operation) -> Answer:
        return ["swept", int(self.end_is_posted != it.is_late)], None

    # --- what needs two persons ----------------------------------------------------------------

    def _propose_rehost(self, it: Operation) -> Answer:
        return self._propose(it, "rehost")

    def _propose_write_off(self, it: Operation) -> Answer:
        return self._propose(it, "write-off")

    def _propose_release(self, it: Operation) -> Answer:
        return self._propose(it, "release")

    def _propose(self, it: Operation, kind: str) -> Answer:
        known = self._known(it.name)
        made = Proposal(kind, it.actor, it.other, tuple(sorted(it.counts.items())), known.happened + 1)
        if known.proposal is not None and not known.proposal.outcome:
            _refuse(known.proposal.wish != made.wish, "decision-pending")
            return ["proposed", True], None
        self._require_decidable(it, known, kind)
        if kind == "rehost" and it.other is not None:
            self._lines(it, known, it.other, it.counts)

        def effect() -> None:
            known.happened += 1
            known.proposal = made

        return ["proposed", False], effect

    def _require_decidable(self, it: Operation, known: Reservation, kind: str) -> None:
        if kind == "release":
            _refuse(not known.kept, "wrong-state")
        elif kind == "write-off":
            _refuse(known.closed != "failed" or not known.held, "wrong-state")
        elif known.closed:
            _refuse(known.closed != "failed" or it.other is None or not known.held, "wrong-state")

    def _lines(self, it: Operation, known: Reservation, other: Name, counts: Counts) -> Counts:
        """Return what a replacement takes; refuse one that could not get it."""
        taken = self.reservations.get(other)
        if taken is not None:
            _refuse(bool(taken.closed), "reservation-closed")
            raise Refused("open-reservation")
        self._require_new(other, beside=known)
        wanted = counts or self._carried(known, it)
        _refuse(not any(wanted.values()), "nothing-wanted")
        self._require_enough(it, known.place, wanted, known.held)
        return dict(wanted)

    def _approve(self, it: Operation) -> Answer:
        known = self._known(it.name)
        proposal = known.proposal
        if proposal is not None and proposal.outcome == "approved":
            other = self.reservations.get(proposal.other) if proposal.other else None
            shown = (
                self._issued(proposal.other, other, 1, again=True)
                if proposal.other and other is not None and not other.closed
                else None
            )
            return ["decided", proposal.kind, True, known.state, _sorted(known.exposed), shown], None
        if proposal is None or proposal.outcome:
            raise Refused("nothing-pending")
        _refuse(proposal.by == it.actor, "same-person")
        _refuse(proposal.at != known.happened, "changed-since")
        checked = replace(it, other=proposal.other)
        self._require_decidable(checked, known, proposal.kind)
        if proposal.kind == "rehost":
            return self._rehost(checked, known, proposal)
        state = "written-off" if proposal.kind == "write-off" else known.state
        exposed = _sorted(known.exposed) if proposal.kind == "write-off" else []

        def effect() -> None:
            self._decided(known, proposal, "approved")
            if proposal.kind == "write-off":
                known.closed = "written-off"
                self._set_held(known, {tag: Hold(written_off=one.total) for tag, one in known.held.items()})
            else:
                known.kept, known.exposed = False, {}
                self._set_held(known, {})

        return ["decided", proposal.kind, False, state, exposed, None], effect

    def _rehost(self, it: Operation, known: Reservation, proposal: Proposal) -> Answer:
        taken = self._lines(it, known, it.other, dict(proposal.counts)) if it.other else {}
        gone = {tag: min(one.total, taken.get(tag, 0)) for tag, one in known.held.items()}
        exposed = {tag: known.exposed.get(tag, 0) + gone.get(tag, 0) for tag in {*known.exposed, *gone}}
        exposed = {tag: count for tag, count in exposed.items() if count}
        new = Reservation(known.place, [taken], {})

        def effect() -> None:
            self._decided(known, proposal, "approved")
            known.closed, known.exposed = "failed", exposed
            left = {tag: Hold(failed=one.total - gone[tag]) for tag, one in known.held.items()}
            self._set_held(known, left)
            if it.other:
                self._open(it.other, new)

        issued = self._issued(it.other, new, 1, again=False) if it.other else None
        return ["decided", "rehost", False, "failed", _sorted(exposed), issued], effect

    def _reject(self, it: Operation) -> Answer:
        known = self._known(it.name)
        proposal = known.proposal
        if proposal is None or proposal.outcome:
            raise Refused("nothing-pending")
        return ["rejected", proposal.kind], lambda: self._decided(known, proposal, "rejected")

    def _decided(self, known: Reservation, proposal: Proposal, outcome: str) -> None:
        known.happened += 1
        known.proposal = replace(proposal, outcome=outcome)

    # --- what is looked at ---------------------------------------------------------------------

    def _overview(self, it: Operation) -> Answer:
        return ["pools", self.pools(is_late=it.is_late)], None

    def pools(self, *, is_late: bool) -> list[list[Any]]:
        """Return every pool: entitlement, place, and what stands in each of its accounts."""
        pools = {place: [self.free[place], 0, 0, 0, 0, 0, bought] for place, bought in self.bought.items()}
        for it in self.reservations.values():
            for tag, one in it.held.items():
                counts = pools[tag, it.place]
                for number, count in enumerate(
                    (one.reserved, one.in_doubt, one.failed, one.written_off), start=1
                ):
                    counts[number] += count
        for (tag, _), counts in pools.items():
            if tag == ENDING and is_late:
                counts[:] = [0, 0, 0, 0, 0, counts[6], counts[6]]
        return [[*place, *counts] for place, counts in sorted(pools.items()) if any(counts)]

    def _list(self, it: Operation) -> Answer:
        listed = [
            [*name, one.place, len(one.issued), one.confirmed, _held_on(one, it.is_late)]
            for name, one in self.reservations.items()
            if one.state == it.place
        ]
        return ["listed", sorted(listed)], None


def _held_on(it: Reservation, is_late: bool) -> list[int]:
    """Return how many a reservation holds for certain and in doubt, without what has ended."""
    live = [one for tag, one in it.held.items() if not (tag == ENDING and is_late)]
    return [sum(one.reserved for one in live), sum(one.in_doubt for one in live)]


def _other(place: str) -> str:
    return PLACES[1 - PLACES.index(place)]


def _sorted(counts: Counts) -> list[list[Any]]:
    return [list(one) for one in sorted(counts.items())]
