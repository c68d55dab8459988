"""Whether a history is one that some order of its operations explains, and the books agree with that order.

The order of the operations that wrote is the database's own, the *witness*; nothing is searched for it. On
SQLite it is the order of the chain of events, since there is one writer. On PostgreSQL events of several
writers get their place in the chain later, so there it is the order in which their transactions became
visible: by the first snapshot of a reader that shows them, and among those that no reader told apart by the
server's own time of commit. (Those that depend on each other wait for each other's locks, so either tells
their order.)

What is checked:

1. What the clients' clocks say: what was answered before something else was asked comes before it.
2. Each operation that wrote says what the model says after those before it.
3. Each one that wrote nothing (refusals, repeats, what only reads) says what the model says at some moment
   between its beginning and its end, and these moments keep to the first rule among themselves. Where the
   database tells which snapshot a reader had, it is that moment and no other.
4. An authorization has one text, whoever shows it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from tests.linear.model import Model
from tests.linear.operations import Record, Said

_NEVER = 1 << 63


@dataclass(frozen=True, slots=True)
class Written:
    """A transaction in the books.

    Attributes:
        actor: Who.
        at: When, by the client's clock.
        transaction: The database's number of it; 0: it has none.
    """

    actor: str
    at: str
    transaction: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a reader could see: transactions below ``high``, without those that were still running."""

    high: int
    running: frozenset[int]

    @classmethod
    def of(cls, text: str) -> "Snapshot":
        """Read one as the server writes it."""
        _, high, running = text.split(":")
        return cls(int(high), frozenset(int(one) for one in running.split(",") if one))

    def shows(self, transaction: int) -> bool:
        """Tell whether a committed transaction is in it."""
        return transaction < self.high and transaction not in self.running


@dataclass(slots=True)
class Waiting:
    """An operation that wrote nothing, and where in the order of writers it can be: after so many of them."""

    record: Record
    first: int
    last: int
    seen: list[Said] = field(default_factory=list)


def in_order(written: Iterable[Written], records: Sequence[Record]) -> list[Written]:
    """Return transactions in the order in which they became visible.

    Args:
        written: As the books or the server order them.
        records: Of all clients.
    """
    found = list(dict.fromkeys(written))
    snapshots = [Snapshot.of(text) for text in {one.snapshot for one in records} if text]
    if not snapshots:
        return found
    numbers = {one.transaction for one in found}
    ordered = sorted(numbers)
    snapshots.sort(key=lambda it: bisect_left(ordered, it.high) - len(it.running & numbers))
    return sorted(
        found, key=lambda one: bisect_left(snapshots, True, key=lambda it: it.shows(one.transaction))
    )


@dataclass
class Checker:
    """A history, and what is wrong with it.

    Attributes:
        records: Of all clients.
        written: Transactions of clients, in order; see `in_order`.
    """

    records: Sequence[Record]
    written: Sequence[Written]
    model: Model = field(default_factory=Model)
    problems: list[str] = field(default_factory=list)
    texts: dict[tuple[object, ...], str] = field(default_factory=dict)

    def check(self) -> list[str]:
        """Return everything that is wrong; the model is then what the books must be."""
        of = {(one.operation.actor, one.at): one for one in self.records}
        writers = [of.get((one.actor, one.at)) for one in self.written]
        if None in writers:
            return ["the books hold what no client has done"]
        order = [one for one in writers if one is not None]
        self._check_times(order)
        waiting = self._explain(self._waiting(order), 0)
        for number, record in enumerate(order, start=1):
            self._write(record)
            waiting = self._explain(waiting, number)
        self.problems += [_unexplained(one) for one in waiting]
        # What only waited for another one that nothing explains comes last.
        return sorted(self.problems, key=lambda problem: problem.endswith("one of []"))

    def _check_times(self, order: Sequence[Record]) -> None:
        earliest = _NEVER
        for record in reversed(order):
            if earliest < record.began:
                self.problems.append(f"{record.operation} comes before what had ended when it began")
            earliest = min(earliest, _end(record))

    def _waiting(self, order: Sequence[Record]) -> list[Waiting]:
        """Return the operations that wrote nothing, by their beginning."""
        ends = sorted((_end(record), number) for number, record in enumerate(order, start=1))
        ended = [end for end, _ in ends]
        most = [0, *accumulate((number for _, number in ends), max)]
        begins = sorted((record.began, number) for number, record in enumerate(order))
        began = [begin for begin, _ in begins]
        least = [*[*accumulate((number for _, number in reversed(begins)), min)][::-1], len(order)]
        writers = {id(record) for record in order}
        waiting = [
            Waiting(record, most[bisect_left(ended, record.began)], least[bisect_right(began, _end(record))])
            for record in self.records
            if id(record) not in writers and record.said is not None
        ]
        for one in waiting:
            self._narrow(one)
        return sorted(waiting, key=lambda one: one.record.began)

    def _narrow(self, one: Waiting) -> None:
        """Leave a reader the one moment that its snapshot shows."""
        if not one.record.snapshot or one.record.operation.verb not in {"overview", "list", "reissue"}:
            return
        snapshot = Snapshot.of(one.record.snapshot)
        moment = sum(snapshot.shows(it.transaction) for it in self.written)
        if not one.first <= moment <= one.last:
            self.problems.append(f"{one.record.operation} saw the books as they were at another time")
        one.first = one.last = moment

    def _explain(self, waiting: list[Waiting], moment: int) -> list[Waiting]:
        """Let go of the operations that this moment explains, after those that had ended before them."""
        left: list[Waiting] = []
        earliest = _NEVER
        for place, one in enumerate(waiting):
            if one.first > moment and earliest <= one.record.began:
                return left + waiting[place:]
            is_free = one.first <= moment and earliest >= one.record.began
            if is_free and one.last >= moment and self._is_explained(one):
                continue
            if one.last <= moment:
                self.problems.append(_unexplained(one))
                continue
            left.append(one)
            earliest = min(earliest, _end(one.record))
        return left

    def _is_explained(self, one: Waiting) -> bool:
        said, effect = self.model.answer(one.record.operation)
        if effect is None and said == self._said(one.record):
            return True
        if said not in one.seen:
            one.seen.append(said)
        return False

    def _write(self, record: Record) -> None:
        said, effect = self.model.answer(record.operation)
        if effect is None:
            self.problems.append(f"{record.operation} wrote something; {said} would have been right")
            return
        effect()
        if record.said is not None and said != self._said(record):
            self.problems.append(f"{record.operation} said {record.said}; {said} would have been right")

    def _said(self, record: Record) -> Said:
        """Return what was said, without the text of an authorization, which must always be the same."""
        said = list(record.said or ())
        if said[:1] == ["decided"] and said[-1]:
            return [*said[:-1], self._without_text(said[-1])]
        return self._without_text(said) if said[:1] == ["issued"] else said

    def _without_text(self, issued: Said) -> Said:
        *facts, text = issued
        _, device, number, sequence, _, _ = facts
        if self.texts.setdefault((device, number, sequence), text) != text:
            self.problems.append(f"authorization {sequence} of {device} {number} has two texts")
        return facts


def _end(record: Record) -> int:
    return _NEVER if record.ended is None else record.ended


def _unexplained(one: Waiting) -> str:
    return f"{one.record.operation} said {one.record.said}; right would have been one of {one.seen}"
