"""One of several processes that work on the same few devices and licences, and write down what came of it.

    python -m tests.linear.client URL ISSUER_FILE ORDERS,ANSWERS …

becomes as many clients as there are pairs of ends of pipes. URL is that of the portal whose copies they work
on. Each line of a client's orders is ``URL ACTOR SEED OPERATIONS ORIGIN PLANT FILE``; it opens the portal,
says ``ready``, waits for a line, does its operations, writes their records to the file and says ``done``.

What it does next follows from its seed and from what it was told. It knows of the others only what it sees
in the books, so that many try the same: the same request, an update of what is just being returned, one
decision. And now and then they meet, to do it at the same time: see `tests.linear.meetings`.
"""

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic_ns
from typing import Any, TextIO

from codec.codes import Confirmation, Request, Sequence, Term
from codec.envelope import VerifiedCode, long_hint, sign_confirmation
from codec.errors import CodecError
from reservation import bootstrap, service
from reservation.errors import ReservationError
from reservation.model import FailureEvidence, State
from reservation.service import Issued, Issuer, LinesWanted, Portal
from reservation.sql.rows import instant_text
from reservation.store import Reading, Store, Writing
from tests.linear.meetings import ACTORS, CLIENTS, Meetings, Part, meetings_in
from tests.linear.operations import (
    DEVICES,
    ENDING,
    PLACES,
    RACED,
    TAGS,
    Name,
    Operation,
    Record,
    Said,
    keep,
)
from tests.linear.plants import PLANTS
from tests.reservation.portal.appliance import START, Appliance
from tests.reservation.portal.conftest import PASSPHRASE

#: How many days after the moment a late clock stands.
LATE = timedelta(days=40)
#: Which part of the operations, at the end, has a late clock.
_LAST = 0.3
_MOST_LISTED = 500

#: How often each is tried.
WEIGHTS = {
    "reserve": 22,
    "update": 16,
    "confirm": 14,
    "return": 11,
    "reissue": 4,
    "cancel": 2,
    "transfer": 4,
    "move": 6,
    "add": 2,
    "propose rehost": 6,
    "propose write off": 2,
    "propose release": 3,
    "approve": 9,
    "reject": 1,
    "sweep": 4,
    "overview": 5,
    "list": 5,
}


@dataclass(slots=True)
class Clock:
    """A clock that all clients share, and that gives none the same moment twice; a late one stands far ahead.

    Attributes:
        origin: Nanoseconds on the clock of this machine when it was `START`.
    """

    origin: int
    is_late: bool = False
    last: datetime = START

    def __call__(self) -> datetime:
        late = LATE if self.is_late else timedelta()
        now = START + late + timedelta(microseconds=(monotonic_ns() - self.origin) // 1000)
        self.last = now if now != self.last else now + timedelta(microseconds=1)
        return self.last


@dataclass(slots=True)
class Noting:
    """A store that also notes which transactions the last one that only read could see."""

    store: Store
    snapshot: str = ""

    def read(self, work: Callable[[Reading], Any]) -> Any:
        """Run work that only reads."""
        return self.store.read(lambda books: self._noted(books, work))

    def _noted(self, books: Any, work: Callable[[Reading], Any]) -> Any:
        statement = "SELECT CAST(pg_current_snapshot() AS text)"
        ((self.snapshot,),) = books.connection.execute(statement).fetchall()
        return work(books)

    def write(self, work: Callable[[Writing], Any], *, beside_others: bool = False) -> Any:
        """Run work that writes."""
        return self.store.write(work, beside_others=beside_others)

    def place_events(self) -> None:
        """Give events their place."""
        self.store.place_events()

    def close(self) -> None:
        """Let go of the books."""
        self.store.close()


@dataclass
class Client:
    """One process at work on one portal.

    Attributes:
        noted: The store under the portal's, where it can tell what a transaction could see.
        requests: Of all devices, as far as they were made.
        names: By the ids of these.
    """

    portal: Portal
    clock: Clock
    random: Random
    noted: Noting | None
    requests: dict[Name, VerifiedCode[Request]]
    names: dict[bytes, Name]
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DEVICES, 0))
    known: dict[Name, Issued] = field(default_factory=dict)
    must_look: bool = False
    waiting: list[Name] = field(default_factory=list)

    # --- what next -----------------------------------------------------------------------------

    def next(self, part: float) -> Operation:
        """Choose an operation.

        Args:
            part: How far this history is, from 0 to 1.
        """
        verb = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if self.must_look:
            self.must_look, verb = False, "list"
        device = self.random.choice(DEVICES)
        if self.waiting:
            device, number = self.waiting.pop()
            late = part > 1 - _LAST
            return Operation("approve", device, number, is_late=late, actor=self.portal.actor)
        before = self.random.random() < 0.15 or (verb == "propose release" and self.random.random() < 0.7)
        number = max(self.numbers[device] - before, 0)
        if verb == "confirm" and (device, number) not in self.known:
            verb = "reissue"
        chosen = Operation(verb, device, number, actor=self.portal.actor)
        is_late = part > 1 - _LAST and self.random.random() < 0.9
        return replace(self._with_facts(chosen), is_late=is_late)

    def _with_facts(self, it: Operation) -> Operation:
        random = self.random
        if it.verb == "reserve":
            counts = {tag: random.randint(1, 4) for tag in random.sample(TAGS, random.choice((1, 1, 2)))}
            return replace(it, counts=counts, place=random.choice((PLACES[0], *PLACES)))
        if it.verb == "update":
            return replace(it, counts={random.choice(TAGS): random.randint(0, 4)})
        if it.verb in {"confirm", "return"}:
            known = self.known.get(it.name)
            newest = known.sequence.number if known else 0
            last = newest if it.verb == "confirm" else random.choice((newest, newest, newest, 0))
            return replace(it, sequence=last)
        if it.verb == "cancel":
            return replace(it, number=it.number + 1)
        if it.verb in {"move", "add"}:
            tag = random.choice(TAGS)
            most = 1 if it.verb == "add" else 3
            return replace(
                it, device="", number=0, counts={tag: random.randint(1, most)}, place=random.choice(PLACES)
            )
        if it.verb == "transfer":
            return replace(it, place=random.choice(PLACES))
        if it.verb == "propose rehost":
            return replace(it, other=self._replacement(it.device))
        if it.verb == "list":
            return replace(it, device="", number=0, place=random.choice(("issued", "active", "updating")))
        return it

    def _replacement(self, device: str) -> Name | None:
        if self.random.random() < 0.3:
            return None
        other = self.random.choice([one for one in DEVICES if one != device])
        return other, self.numbers[other] + self.random.choice((0, 1))

    # --- doing it ------------------------------------------------------------------------------

    def do(self, it: Operation) -> Record:
        """Do an operation and write down what came of it."""
        self.clock.is_late = it.is_late
        work = getattr(self, f"_{it.verb.replace(' ', '_')}")
        if self.noted is not None:
            self.noted.snapshot = ""
        prepared, before = self._prepared(it), self.clock.last
        began = monotonic_ns()
        try:
            said: Said = work(it, *prepared)
        except (ReservationError, CodecError) as error:
            said = ["refused", error.code]
        except Exception as error:  # noqa: BLE001 - nothing explains it, and the checker says so
            said = ["failed", repr(error)]
        ended = monotonic_ns()
        snapshot = self.noted.snapshot if self.noted is not None else ""
        self._learn(it, said)
        at = self.clock.last if self.clock.last != before else self.clock()
        return Record(it, instant_text(at), began, ended, said, snapshot)

    def _prepared(self, it: Operation) -> tuple[Any, ...]:
        """Return the codes that an operation needs, so that making them is no part of it."""
        if not it.device:
            return ()
        request = self.request(it.name)
        if it.verb == "reserve":
            return (request,)
        if it.verb == "confirm":
            return (self._confirmation(it.name, request.id),)
        if it.verb in {"return", "cancel"}:
            last = Sequence(0, it.sequence)
            code = Appliance(it.device).give_back(request.id, last, number=_numbered(it, 49 - it.sequence))
            return (code,)
        if it.verb == "propose rehost":
            return request.id, self.request(it.other) if it.other else None
        return (request.id,)

    def request(self, name: Name) -> VerifiedCode[Request]:
        """Return a device's request."""
        if name not in self.requests:
            device, number = name
            self.requests[name] = code = Appliance(device).request(number=1 + 50 * number)
            self.names[code.id] = name
        return self.requests[name]

    def _confirmation(self, name: Name, request_id: bytes) -> VerifiedCode[Confirmation]:
        issued = self.known[name]
        value = Confirmation(
            long_hint(request_id), issued.sequence, 2 + 50 * name[1] + issued.sequence.number % 40, b"\1" * 4
        )
        key = Appliance(name[0]).key
        return sign_confirmation(value, key, request_id=request_id, authorization_id=issued.id)

    def _learn(self, it: Operation, said: Said) -> None:
        if it.device in RACED:
            return
        if said == ["refused", "reservation-closed"] and it.number == self.numbers[it.device]:
            self.numbers[it.device] += 1
        elif said[:2] == ["accepted", "returned"]:
            self.numbers[it.device] = max(self.numbers[it.device], it.number + 1)
        elif it.verb.startswith("propose") and said == ["refused", "decision-pending"]:
            # Others are told the same just then: so some of them decide at once.
            self.waiting.append(it.name)
        elif said in (["refused", "open-reservation"], ["refused", "unknown-name"]):
            self.must_look = self.random.random() < 0.5

    # --- meeting the others --------------------------------------------------------------------

    def history(self, many: int, meetings: Meetings, place: int) -> list[Record]:
        """Do so many operations, and meet the others now and then."""
        records: list[Record] = []
        for number, until in enumerate((*meetings_in(many), many)):
            while len(records) < until:
                records.append(self.do(self.next(len(records) / many)))
            if until < many:
                records += self._meeting(meetings, Part(number, (place + number) % CLIENTS))
        return records

    def _meeting(self, meetings: Meetings, part: Part) -> list[Record]:
        meetings.gather()
        records = [self._appointed(one) for one in part.before()]
        meetings.gather()
        meetings.appoint(part.race)
        raced = self._appointed(part.racing())
        meetings.arrive()
        meetings.gather()
        after = part.after(raced.said or [""])
        return [*records, raced, *(self._appointed(one) for one in after)]

    def _appointed(self, it: Operation) -> Record:
        return self.do(replace(it, actor=self.portal.actor))

    # --- the verbs -----------------------------------------------------------------------------

    def _issued(self, issued: Issued) -> Said:
        name = self.named(issued.reservation_id)
        self.known[name] = issued
        counts: dict[str, int] = {}
        for line in issued.lines:
            counts[str(line.tag)] = counts.get(str(line.tag), 0) + line.count
        listed = [list(one) for one in sorted(counts.items())]
        return ["issued", *name, issued.sequence.number, issued.again, listed, issued.text]

    def named(self, request_id: bytes) -> Name:
        """Return which request has an id."""
        for number in count():
            if request_id in self.names:
                return self.names[request_id]
            for device in (*DEVICES, *RACED):
                self.request((device, number))
        raise AssertionError

    def _reserve(self, it: Operation, request: VerifiedCode[Request]) -> Said:
        wanted = LinesWanted(it.counts)
        return self._issued(service.reserve(self.portal, request, virtual_account=it.place, choice=wanted))

    def _update(self, it: Operation, reservation: bytes) -> Said:
        return self._issued(service.update(self.portal, reservation, it.counts))

    def _reissue(self, _: Operation, reservation: bytes) -> Said:
        return self._issued(service.reissue(self.portal, reservation))

    def _confirm(self, _: Operation, code: Any) -> Said:
        accepted = service.accept(self.portal, code)
        return ["accepted", accepted.kind.value, accepted.again]

    _return = _confirm

    def _cancel(self, _: Operation, code: Any) -> Said:
        service.keep_return(self.portal, code.text)
        return ["kept"]

    def _transfer(self, it: Operation, reservation: bytes) -> Said:
        return ["transferred", service.transfer_reservation(self.portal, reservation, target=it.place).again]

    def _move(self, it: Operation) -> Said:
        ((tag, number),) = it.counts.items()
        target = PLACES[1 - PLACES.index(it.place)]
        service.transfer_license(self.portal, tag, number, source=it.place, target=target)
        return ["moved"]

    def _add(self, it: Operation) -> Said:
        ((tag, number),) = it.counts.items()
        service.add_license(self.portal, tag, number, virtual_account=it.place, term=term_of(tag))
        return ["added"]

    def _propose_rehost(
        self, _: Operation, reservation: bytes, replacement: VerifiedCode[Request] | None
    ) -> Said:
        proposed = service.propose_rehost(
            self.portal,
            reservation,
            reason="broken",
            evidence=FailureEvidence.WITNESS,
            replacement=replacement,
        )
        return ["proposed", proposed.again]

    def _propose_write_off(self, _: Operation, reservation: bytes) -> Said:
        return ["proposed", service.propose_write_off(self.portal, reservation, reason="gone").again]

    def _propose_release(self, _: Operation, reservation: bytes) -> Said:
        return ["proposed", service.propose_release(self.portal, reservation, reason="seen").again]

    def _approve(self, _: Operation, reservation: bytes) -> Said:
        decided = service.approve(self.portal, reservation)
        exposed = [[lot.tag, number] for lot, number in decided.exposed]
        issued = self._issued(decided.issued) if decided.issued else None
        state = decided.reservation.state.value
        return ["decided", decided.decision.kind.value, decided.again, state, sorted(exposed), issued]

    def _reject(self, _: Operation, reservation: bytes) -> Said:
        return ["rejected", service.reject(self.portal, reservation).decision.kind.value]

    def _sweep(self, _: Operation, __: bytes) -> Said:
        return ["swept", service.sweep(self.portal).lots]

    def _overview(self, _: Operation, __: bytes) -> Said:
        return ["pools", pools_of(self.portal)]

    def _list(self, it: Operation) -> Said:
        page = service.list_reservations(self.portal, state=State(it.place), most=_MOST_LISTED)
        listed = []
        for one in page.reservations:
            device, number = self.named(one.id)
            if device in self.numbers:
                self.numbers[device] = number
            confirmed = one.confirmed.number if one.confirmed else 0
            held = [one.reserved, one.in_doubt]
            listed.append([device, number, one.virtual_account, one.sequence.number, confirmed, held])
        return ["listed", sorted(listed)]


def _numbered(it: Operation, place: int) -> int:
    """Return the number of a device's code."""
    return 1 + 50 * it.number + max(place, 42)


def term_of(tag: str) -> Term | None:
    """Return how long the lot of an entitlement is in force."""
    return Term(START.date(), (START + LATE / 2).date()) if tag == ENDING else None


def pools_of(portal: Portal) -> list[list[Any]]:
    """Return every pool that is not empty, as the model writes it."""
    pools = []
    for pool in service.overview(portal):
        counts = pool.counts
        accounts = [
            counts.available,
            counts.reserved,
            counts.in_doubt,
            counts.failed,
            counts.written_off,
            counts.expired,
            counts.entitled,
        ]
        accounts += [counts.shortfall] * bool(counts.shortfall)
        if any(accounts):
            pools.append([pool.tag, pool.virtual_account, *accounts])
    return pools


# --- the processes ---------------------------------------------------------------------------------


def opened(url: str, actor: str, clock: Clock, issuer: Issuer | None) -> Portal:
    """Open a portal with the issuer of the one that it is a copy of."""
    portal = bootstrap.open_portal(url, actor=actor, clock=clock, random=os.urandom)
    noted = Noting(portal.store) if url.startswith("postgresql:") else portal.store
    return replace(portal, store=noted, issuer=issuer)


def work(issuer: Issuer | None, meetings: Meetings, orders: TextIO, answers: TextIO) -> None:
    """Work for each line of the orders."""
    requests: dict[Name, VerifiedCode[Request]] = {}
    names: dict[bytes, Name] = {}
    for line in orders:
        url, actor, seed, operations, origin, plant, file = line.split()
        clock = Clock(int(origin))
        portal = opened(url, actor, clock, issuer)
        noted = portal.store if isinstance(portal.store, Noting) else None
        client = Client(
            PLANTS[plant](portal, meetings), clock, Random(f"{seed} {actor}"), noted, requests, names
        )
        print("ready", file=answers, flush=True)
        orders.readline()
        keep(client.history(int(operations), meetings, ACTORS.index(actor)), Path(file))
        portal.close()
        print("done", file=answers, flush=True)


def main() -> None:
    """Become several clients, each with an end of a pipe for its orders and one for its answers."""
    url, issuer_file, *ends = sys.argv[1:]
    first = bootstrap.open_portal(
        url,
        actor="ann",
        clock=Clock(0),
        random=os.urandom,
        issuer_file=Path(issuer_file),
        passphrase=PASSPHRASE,
    )
    first.close()
    # A quarter of the time would go into looking for garbage among what all of them share and keep.
    gc.freeze()
    gc.set_threshold(100_000)
    meetings = Meetings.made()
    pairs = [tuple(int(end) for end in pair.split(",")) for pair in ends]
    for mine in pairs:
        if os.fork():
            continue
        for end in {end for pair in pairs for end in pair} - set(mine):
            os.close(end)
        with os.fdopen(mine[0]) as orders, os.fdopen(mine[1], "w") as answers:
            work(first.issuer, meetings, orders, answers)
        return
    for pair in pairs:
        for end in pair:
            os.close(end)
    for _ in pairs:
        os.wait()


if __name__ == "__main__":
    main()
