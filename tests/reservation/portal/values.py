"""A reservation and a decision about it as plain values, for tests of the functions that take them."""

from dataclasses import replace
from datetime import date, timedelta

from codec.codes import Mode, Sequence, Term, Udi
from reservation.model import Decision, DecisionKind, FailureEvidence, Held, Lot, Reservation, Stamp, State
from reservation.standing import IssuedSequence, Standing
from tests.reservation.portal.appliance import START

TODAY = START.date()
DAY = timedelta(days=1)
STAMP = Stamp.of(START, "ann", b"\1" * 7)
FIRST, SECOND = b"lot-0001", b"lot-0002"
PERPETUAL = Lot(FIRST, "ROUTE")
DATED = Lot(SECOND, "CRYPTO", Term(date(2026, 1, 1), date(2026, 6, 30)))
LOTS = {FIRST: PERPETUAL, SECOND: DATED}
PLACE = b"place..."


def reservation(**other: object) -> Reservation:
    made = Reservation(
        id=b"r" * 32,
        virtual_account_id=PLACE,
        state=State.ISSUED,
        udi=Udi("TR-100", "tram"),
        device_key=b"k" * 32,
        mode=Mode.SPECIFIC,
        members=1,
        required_matches=3,
        catalogue=None,
        sequence=Sequence(0, 1),
        confirmed=None,
        opened_at=START,
        changed_at=START,
        unconfirmed_since=START,
        closed_at=None,
        kept=None,
        page_key=b"p" * 16,
    )
    return replace(made, **other)  # type: ignore[arg-type]


def standing(of: Reservation | None = None, **other: object) -> Standing:
    made = Standing(
        reservation=of or reservation(),
        issued=(IssuedSequence(Sequence(0, 1), b"a" * 32, START),),
        allocations={Sequence(0, 1): {FIRST: 4, SECOND: 2}},
        held={FIRST: Held(0, 4), SECOND: Held(0, 2)},
        lots=LOTS,
    )
    return replace(made, **other)  # type: ignore[arg-type]


def decision(**other: object) -> Decision:
    made = Decision(
        id=b"d" * 16,
        reservation_id=b"r" * 32,
        kind=DecisionKind.REHOST,
        reason="burnt",
        evidence=FailureEvidence.HARDWARE,
        replacement=b"n" * 32,
        request_text="Q",
        lines={"ROUTE": 4},
        proposed_at=START,
        proposed_by="Ann",
    )
    return replace(made, **other)  # type: ignore[arg-type]
