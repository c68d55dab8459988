"""One process that stops between what it read and what it writes, so that another can come between.

python -m tests.reservation.portal.held_up URL ISSUER_FILE PLANT STOP ACTOR VERB [ARGUMENT…]

It prints ``deciding`` where it stops, once, and waits for a line; then it prints what came of it. STOP is
where: ``writing`` when its work has read and is about to write, ``reading`` when it has looked for the
reservation, and ``nowhere``. PLANT takes a protection out of the program: ``-`` for none, see `PLANTS`.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from codec.envelope import link_after
from codec.errors import CodecError
from reservation import bootstrap, service
from reservation.errors import ReservationError
from reservation.model import FailureEvidence
from reservation.service import LinesWanted, Portal
from reservation.service.restoring import begin_quarantine
from reservation.sql import postgres_books, postgres_engine
from reservation.sql.postgres_books import AloneWriting, BesideWriting, NotBesideOthers, PostgresReading
from reservation.sql.writing import SqlWriting
from reservation.standing import Changes
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.conftest import PASSPHRASE


def no_lock_on_the_account() -> None:
    """Let everybody write beside everybody."""
    AloneWriting.begin = lambda _self: None  # type: ignore[method-assign, assignment]
    BesideWriting.begin = lambda _self: None  # type: ignore[method-assign, assignment]


def no_lock_on_the_reservation() -> None:
    """Read a reservation that somebody else may be changing."""

    def reservation(self: BesideWriting, reservation_id: bytes) -> object:
        self._locked.add(reservation_id)
        return PostgresReading.reservation(self, reservation_id)

    BesideWriting.reservation = reservation  # type: ignore[method-assign, assignment]


def no_look_at_the_device() -> None:
    """Compare with the codes of a device that somebody else may be adding to."""
    BesideWriting.codes_beside = PostgresReading.codes_beside  # type: ignore[method-assign]


def no_turn() -> None:
    """Let those who run beside others past one who waits to run alone."""
    postgres_books._PASS_THE_TURN = b"SELECT 1"


def a_refusal_is_an_answer() -> None:
    """Believe what a rule refuses beside others."""
    postgres_engine._NO_ANSWER = (NotBesideOthers, psycopg.IntegrityError, psycopg.errors.PipelineAborted)


PLANTS: dict[str, Callable[[], None]] = {
    "-": lambda: None,
    "account": no_lock_on_the_account,
    "reservation": no_lock_on_the_reservation,
    "device": no_look_at_the_device,
    "turn": no_turn,
    "refusal": a_refusal_is_an_answer,
}


def named(device: str) -> Appliance:
    """Return a device; ``NAME/OTHER`` has a copy of the other one's key."""
    name, _, other = device.partition("/")
    return Appliance(name, key_seed=other)


def reserve(portal: Portal, device: str, count: str, place: str = "DEFAULT") -> object:
    wanted = LinesWanted({"ROUTE": int(count)})
    return service.reserve(portal, named(device).request(), virtual_account=place, choice=wanted).again


def update(portal: Portal, device: str, count: str) -> object:
    return service.update(portal, named(device).request().id, {"ROUTE": int(count)}).again


def give_back(portal: Portal, device: str) -> object:
    return service.accept(portal, named(device).give_back(named(device).request().id)).kind


def confirm(portal: Portal, device: str, number: str = "0") -> object:
    request = named(device).request()
    issued = service.reissue(portal, request.id)
    link = link_after(request.value.journal_link, request.id)
    code = named(device).confirmation(issued, portal, number=int(number), link=link)
    return service.accept(portal, code).kind


def keep(portal: Portal, device: str) -> object:
    service.keep_return(portal, named(device).give_back(named(device).request().id).text)
    return "kept"


def propose(portal: Portal, device: str, replacement: str) -> object:
    return service.propose_rehost(
        portal,
        named(device).request().id,
        reason="broken",
        evidence=FailureEvidence.WITNESS,
        replacement=named(replacement).request(),
    ).again


def approve(portal: Portal, device: str) -> object:
    return service.approve(portal, named(device).request().id).again


def quarantine(portal: Portal) -> object:
    begin_quarantine(portal, reason="copied back")
    return "begun"


def remove(portal: Portal, virtual_account: str) -> object:
    service.remove_virtual_account(portal, virtual_account)
    return "removed"


def correct(portal: Portal, count: str) -> object:
    service.correct_license(portal, "ROUTE", int(count), virtual_account="DEFAULT")
    return "corrected"


def guess(portal: Portal, device: str) -> object:
    issued = service.reissue(portal, named(device).request().id)
    code = named(device).short(issued, portal).code
    service.receive_short(portal, replace(code, mac=bytes(8)).text)
    return "guessed"


VERBS: dict[str, Callable[..., object]] = {
    verb.__name__: verb
    for verb in (
        reserve,
        update,
        give_back,
        confirm,
        keep,
        propose,
        approve,
        quarantine,
        remove,
        correct,
        guess,
    )
}


def _stopping() -> Callable[[], None]:
    """Return what says that it has come to where it stops, and waits: the first time."""
    stopped: list[None] = []

    def stop() -> None:
        if not stopped:
            stopped.append(None)
            print("deciding", flush=True)
            sys.stdin.readline()

    return stop


def stop_before_writing() -> None:
    """Stop when the work has read everything."""
    stop = _stopping()

    def held_up(honest: Callable[[SqlWriting, Changes], None]) -> Callable[[SqlWriting, Changes], None]:
        def record(self: SqlWriting, changes: Changes) -> None:
            stop()
            honest(self, changes)

        return record

    beside: Any = BesideWriting.record
    BesideWriting.record = held_up(beside)  # type: ignore[method-assign, assignment]
    SqlWriting.record = held_up(SqlWriting.record)  # type: ignore[method-assign, assignment]


def stop_while_reading() -> None:
    """Stop when the work has looked for the reservation, and for nothing else."""
    stop = _stopping()
    honest = BesideWriting.reservation

    def reservation(self: BesideWriting, reservation_id: bytes) -> object:
        found = honest(self, reservation_id)
        stop()
        return found

    BesideWriting.reservation = reservation  # type: ignore[method-assign, assignment]


STOPS: dict[str, Callable[[], None]] = {
    "nowhere": lambda: None,
    "reading": stop_while_reading,
    "writing": stop_before_writing,
}


def main() -> None:
    """Do the one thing."""
    url, issuer_file, plant, stop, actor, verb, *arguments = sys.argv[1:]
    PLANTS[plant]()
    portal = bootstrap.open_portal(
        url,
        actor=actor,
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        issuer_file=Path(issuer_file),
        passphrase=PASSPHRASE,
    )
    STOPS[stop]()
    try:
        said: object = VERBS[verb](portal, *arguments)
    except (ReservationError, CodecError) as error:
        said = f"refused: {error.code}"
    print(json.dumps(said), flush=True)
    portal.close()


if __name__ == "__main__":
    main()
