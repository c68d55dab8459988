"""What must hold after every step of a world, read past the service layer.

Two things can make a device run more than the books hold for it, and nothing offline can see them: a snapshot
of its folder that was restored, and a clock that stands behind. They are counted; nothing else is let pass.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from codec.codes import NEVER_INSTALLED, Sequence
from reservation.device import Device
from reservation.device.answers import LineStanding, Status
from reservation.service import Portal, audit
from tests import raw
from tests.raw import Raw

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
DEVICES = ("substation", "ship", "lab")

#: A line as the books and the devices both see it: its tag and its last day.
Key = tuple[str, date | None]

RESTORED = "a restored snapshot"
#: After every authorization.
LAST = Sequence(2**32, 0)
SLOW = "a clock that stands behind"

#: What the books keep for the authorization that a device has installed: line by line, with what is exposed.
_KEPT = """
SELECT l.tag, coalesce(a.ends, l.ends),
       coalesce(h.reserved + h.in_doubt + h.failed + h.written_off, 0) + coalesce(
           (SELECT sum(e.count) FROM exposures AS e
            WHERE e.account_id = a.account_id AND e.reservation_id = a.reservation_id
                  AND e.lot_id = a.lot_id AND e.cleared_by IS NULL), 0)
FROM allocations AS a
JOIN lots AS l USING (account_id, lot_id)
LEFT JOIN holds AS h USING (account_id, reservation_id, lot_id)
WHERE a.reservation_id = ? AND a.epoch = ? AND a.number = ?
"""


@dataclass(slots=True)
class Watched:
    """A portal and devices, and the books between them.

    Attributes:
        folder: An empty folder for this world alone.
        portal: The opened portal; its clock is `clock`.
        now: The right time, which is the portal's.
        devices: The devices, in the order of `DEVICES`.
        books: The database.
        place: Its URL, when it is on a server.
        checked: What was checked of the books: the state of the database, and the day.
        restored: Requests that a device may use beyond the books, since it forgot what it did; and before
            which place in its reservation the authorizations are that it may use so.
        beyond: How often a device ran more than is held, by what made it undetectable.
    """

    folder: Path
    portal: Portal
    now: datetime = START
    devices: list[Device] = field(default_factory=list)
    books: Raw = field(init=False)
    place: str = ""
    checked: tuple[object, date] | None = None
    restored: dict[tuple[int, bytes], Sequence] = field(default_factory=dict)
    beyond: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.books = raw.opened(self.place or self.folder / "portal.db")

    def close(self) -> None:
        """Let go of the database."""
        self.books.close()
        self.portal.close()

    def clock(self) -> datetime:
        """Return the world's moment."""
        return self.now

    def overseer(self) -> Portal:
        """Return the portal on behalf of somebody who may see everything."""
        return self.portal

    def check(self) -> None:
        """Check everything that must hold after every step.

        Raises:
            AssertionError: When something does not.
        """
        self.check_books()
        total: Counter[str] = Counter()
        for number, device in enumerate(self.devices):
            status = device.status()
            enforced = enforced_by(status)
            kept = self.kept(status) if enforced else enforced
            for key, count in enforced.items():
                if count > kept[key]:
                    self.beyond[self._explanation(number, status, key, count, kept[key])] += 1
                total[key[0]] += min(count, kept[key])
        existing = self.existing() if total else total
        for tag, count in total.items():
            assert count <= existing[tag], f"{count} of {tag} run, {existing[tag]} exist"

    def _explanation(self, number: int, status: Status, key: Key, count: int, kept: int) -> str:
        """Return what lets a device run more than is held, where nothing could have seen it."""
        forgotten = self.restored.get((number, status.request_id or b""), NEVER_INSTALLED)
        if status.sequence is not None and astuple(status.sequence) < astuple(forgotten):
            return RESTORED
        late = key[1] is not None and status.now.date() <= key[1] < self.now.date()
        assert late, f"{DEVICES[number]} runs {count} of {key}, {kept} held"
        return SLOW

    def check_books(self) -> None:
        """Check the books, unless they and the day are those of the last time."""
        state = self.books.state(), self.now.date()
        if state == self.checked:
            return
        self.check_balance()
        findings = audit(self.overseer())
        assert not findings, findings
        self.checked = state

    def check_balance(self) -> None:
        """Check the balance equation of every lot, from the movements and from the balances alike."""
        for row in self._rows(
            "SELECT sum(available + reserved + in_doubt + failed + expired + written_off), "
            "sum(entitled + shortfall), min(available), min(reserved), min(in_doubt), min(failed), "
            "min(expired), min(written_off) FROM balances GROUP BY lot_id"
        ):
            assets, sources, *least = row
            assert assets == sources
            assert min(least) >= 0

    def kept(self, status: Status) -> Counter[Key]:
        """Return what the books keep for what a device has installed."""
        counts: Counter[Key] = Counter()
        sequence = status.sequence
        assert sequence is not None
        for tag, ends, count in self._rows(_KEPT, (status.request_id, sequence.epoch, sequence.number)):
            counts[tag, date.fromisoformat(ends) if ends else None] += count
        return counts

    def existing(self) -> Counter[str]:
        """Return what can run at all: what was bought, what is out beyond that, and what is exposed."""
        counts: Counter[str] = Counter()
        for tag, count in self._rows(
            "SELECT tag, sum(entitled + shortfall) FROM balances JOIN lots USING (account_id, lot_id) "
            "GROUP BY tag UNION ALL "
            "SELECT tag, sum(count) FROM exposures JOIN lots USING (account_id, lot_id) "
            "WHERE cleared_by IS NULL GROUP BY tag"
        ):
            counts[tag] += int(count)
        return counts

    def _rows(self, statement: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        yield from list(self.books.execute(statement, values))


def enforced_by(status: Status) -> Counter[Key]:
    """Return what a device lets run now."""
    counts: Counter[Key] = Counter()
    for each in status.lines if status.licensed else ():
        if each.standing is LineStanding.IN_FORCE:
            last = each.line.term.end if each.line.term else None
            counts[str(each.line.tag), last] += each.line.count
    return counts
