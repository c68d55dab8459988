"""On a server two commands can come between each other: between what one reads and what it writes.

Each pair below is stopped just there, in processes of their own. Either the second waits for the first, or
both go on and the database decides; in no case may it come out as if neither had seen the other. With one
protection taken out of the program, it does come out like that: so these tests can see it.
"""

import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.model import EventKind, FailureEvidence, Kind, Policy, State
from reservation.service import LinesWanted, Portal, Role
from tests import server
from tests.forking import forked
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.conftest import PASSPHRASE

#: What runs one of the two, and its first words: the database, the issuer, what is planted.
Opening = tuple[str, ...]

TRAM, BOAT, TUG, VAN = (Appliance(name) for name in ("tram", "boat", "tug", "van"))
TWIN = Appliance("twin", key_seed="tram")


@dataclass(frozen=True)
class Pair:
    """Two commands of which only some outcomes are right.

    Attributes:
        first: The one that is stopped first, and goes on first.
        second: The one that comes between.
        plant: The protection without which it goes wrong; "": constraints of the tables alone see to it.
        prepare: Makes the books that both find.
        is_right: Whether what came of both, and the books afterwards, can have come one after the other.
    """

    first: str
    second: str
    plant: str
    prepare: Callable[[Portal], object]
    is_right: Callable[[Portal, object, object], bool]


def _reserved(portal: Portal) -> None:
    service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 2}))


def _updated(portal: Portal) -> None:
    _reserved(portal)
    service.update(portal, TRAM.request().id, {"ROUTE": 5})


def _copied(portal: Portal) -> None:
    _reserved(portal)
    service.reserve(portal, TWIN.request(), choice=LinesWanted({"ROUTE": 1}))


def _two_rehosts(portal: Portal) -> None:
    service.set_policy(portal, Policy(rehost_percent=0, rehost_minimum=1))
    for device, replacement in ((TRAM, TUG), (BOAT, VAN)):
        service.reserve(portal, device.request(), choice=LinesWanted({"ROUTE": 1}))
        service.propose_rehost(
            portal,
            device.request().id,
            reason="broken",
            evidence=FailureEvidence.WITNESS,
            replacement=replacement.request(),
        )


def _ships(portal: Portal) -> None:
    service.add_virtual_account(portal, "Ships")
    service.add_license(portal, "ROUTE", 5, virtual_account="Ships")
    service.correct_license(portal, "ROUTE", 5, virtual_account="Ships")


def _adds_up(portal: Portal, *_: object) -> bool:
    return service.audit(portal) == ()


def _not_cancelled_and_open(portal: Portal, *_: object) -> bool:
    early = portal.store.read(lambda books: books.early_returns(TRAM.request().id[:4]))
    known = portal.store.read(lambda books: books.reservation(TRAM.request().id))
    return not (early and known is not None and known.state.is_open) and _adds_up(portal)


def _one_refused(portal: Portal, *said: object) -> bool:
    return sum(str(one).startswith("refused") for one in said) == 1 and _adds_up(portal)


def _is_closed(portal: Portal, *_: object) -> bool:
    shown = service.show_reservation(portal, TRAM.request().id)
    return shown.summary.state is State.RETURNED and _adds_up(portal)


def _both_counted(portal: Portal, *said: object) -> bool:
    known = portal.store.read(lambda books: books.reservation(TRAM.request().id))
    return known is not None and known.wrong_tries == 2 and _adds_up(portal)


def _told(portal: Portal, *_: object) -> bool:
    """Every confirmation contradicts another code of the device, and an alert names it."""
    events = portal.store.read(lambda books: books.events(after=b"", most=99))
    alerts = " ".join(json.dumps(one.detail) for one in events if one.kind is EventKind.FORKED)
    confirmed = [
        code.id.hex()
        for device in (TRAM, TWIN)
        for code in service.show_reservation(portal, device.request().id).codes
        if code.kind is Kind.CONFIRMATION
    ]
    return confirmed != [] and all(code in alerts for code in confirmed) and _adds_up(portal)


def _nothing_in_quarantine(portal: Portal, *_: object) -> bool:
    """A reservation before the quarantine has the epoch before it, and none comes after it."""
    events = service.events(portal, after=service.views.NO_EVENT, most=99)
    kinds = [one.kind.value for one in events]
    return "reserved" not in kinds[kinds.index(EventKind.RESTORE_NOTICED.value) :] and _adds_up(portal)


PAIRS = {
    "a return that comes before its request, and the request": Pair(
        "reserve tram 1", "keep tram", "account", lambda _: None, _not_cancelled_and_open
    ),
    "the request, and its return": Pair(
        "keep tram", "reserve tram 1", "account", lambda _: None, _not_cancelled_and_open
    ),
    "an update and a confirmation": Pair("update tram 1", "confirm tram", "reservation", _reserved, _adds_up),
    "a confirmation and an update": Pair("confirm tram", "update tram 9", "reservation", _reserved, _adds_up),
    "a confirmation and a return": Pair("confirm tram", "give_back tram", "", _updated, _is_closed),
    "a return and a confirmation": Pair("give_back tram", "confirm tram", "", _updated, _is_closed),
    "two rehosts under a quota of one": Pair(
        "approve tram", "approve boat", "account", _two_rehosts, _one_refused
    ),
    "two proposals about one device": Pair(
        "propose tram tug", "propose tram van", "", _reserved, _one_refused
    ),
    "the last licences": Pair("reserve tram 9", "reserve boat 9", "", lambda _: None, _one_refused),
    "the last licences, of which one was taken back": Pair(
        "reserve tram 9", "correct 9", "", lambda _: None, _adds_up
    ),
    "one device twice": Pair("reserve tram 1", "reserve tram 1", "", lambda _: None, _adds_up),
    "two wrong tries": Pair("guess tram", "guess tram", "account", _reserved, _both_counted),
    "a quarantine and a request": Pair(
        "quarantine", "reserve tram 1", "account", lambda _: None, _nothing_in_quarantine
    ),
    "two copies of one device": Pair(
        "confirm tram 70001", "confirm twin/tram 70001", "device", _copied, _told
    ),
    "a device, and a request of its copy": Pair(
        "confirm tram 2", "reserve twin/tram 1", "device", _reserved, _told
    ),
    "a request from what is removed": Pair("remove Ships", "reserve tram 1 Ships", "", _ships, _one_refused),
}


@contextmanager
def held_up(
    opening: Opening, actor: str, command: str, *, stop: str = "writing"
) -> Iterator["subprocess.Popen[str]"]:
    """Start a command that will stop, before it writes if nothing else is said."""
    argv = [*opening, stop, actor, *command.split()]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def waiting(connection: psycopg.Connection[Any]) -> int:
    """Return how many commands wait for a lock that another one has."""
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    assert found is not None
    return int(found[0])


def has_said(process: "subprocess.Popen[str]") -> bool:
    """Tell whether a command has come to a line of its output, within a moment."""
    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], 0.01)[0])


def goes_on(process: "subprocess.Popen[str]") -> object:
    """Let a command go on to its end, and return what it says."""
    output, _ = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    return json.loads(output.splitlines()[-1])


def interleaved(url: str, opening: Opening, pair: Pair) -> tuple[object, object]:
    """Let the second come between, if it can, and return what both say."""
    with (
        psycopg.connect(url, autocommit=True) as watching,
        held_up(opening, "bob", pair.first) as one,
    ):
        assert one.stdout is not None
        assert one.stdout.readline() == "deciding\n"
        with held_up(opening, "cy", pair.second) as other:
            while not has_said(other) and not waiting(watching):
                pass
            return goes_on(one), goes_on(other)


@pytest.fixture(scope="module")
def holding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What runs one of the two, as a process of its own."""
    program = tmp_path_factory.mktemp("holding") / "held_up"
    with forked(program, "tests.reservation.portal.held_up:main"):
        yield program


@pytest.fixture
def on_a_server(postgres: server.Server, postgres_template: str) -> Iterator[str]:
    with postgres.database(postgres_template) as url:
        yield url


def prepared(url: str, founded: Founded, pair: Pair) -> Portal:
    portal = bootstrap.open_portal(
        url,
        actor="ann",
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )
    service.add_user(portal, "cy", Role.ADMINISTRATOR)
    service.add_license(portal, "ROUTE", 10)
    pair.prepare(portal)
    return portal


@pytest.mark.parametrize("name", PAIRS)
def test_it_comes_out_as_if_one_came_after_the_other(
    name: str, on_a_server: str, founded: Founded, holding: Path
) -> None:
    pair = PAIRS[name]
    with closing(prepared(on_a_server, founded, pair)) as portal:
        opening = (str(holding), on_a_server, str(founded.issuer_file), "-")
        said = interleaved(on_a_server, opening, pair)
        assert pair.is_right(portal, *said), said


@pytest.mark.parametrize("name", [name for name, pair in PAIRS.items() if pair.plant])
def test_without_its_protection_it_goes_wrong(
    name: str, on_a_server: str, founded: Founded, holding: Path
) -> None:
    pair = PAIRS[name]
    with closing(prepared(on_a_server, founded, pair)) as portal:
        opening = (str(holding), on_a_server, str(founded.issuer_file), pair.plant)
        said = interleaved(on_a_server, opening, pair)
        assert not pair.is_right(portal, *said), said


def overtaken(opening: Opening) -> tuple[object, object]:
    """Let a request be answered while another process, which found no answer yet, has the same one."""
    reserve = "reserve tram 1"
    with held_up(opening, "bob", reserve, stop="reading") as slow:
        assert slow.stdout is not None
        assert slow.stdout.readline() == "deciding\n"
        with held_up(opening, "cy", reserve, stop="nowhere") as quick:
            first = goes_on(quick)
        return first, goes_on(slow)


@pytest.mark.parametrize(("plant", "then"), [("-", True), ("refusal", "refused: open-reservation")])
def test_a_refusal_by_books_of_two_moments_is_no_answer(
    plant: str, then: object, on_a_server: str, founded: Founded, holding: Path
) -> None:
    with closing(prepared(on_a_server, founded, PAIRS["one device twice"])) as portal:
        opening = (str(holding), on_a_server, str(founded.issuer_file), plant)
        assert overtaken(opening) == (False, then)
        assert service.audit(portal) == ()


@pytest.mark.parametrize(("plant", "is_overtaken"), [("-", False), ("turn", True)])
def test_who_waits_to_run_alone_is_overtaken_by_nobody(
    plant: str, is_overtaken: bool, on_a_server: str, founded: Founded, holding: Path
) -> None:
    """Else a stream of those who run beside each other would keep it waiting as long as it lasts."""
    with closing(prepared(on_a_server, founded, PAIRS["one device twice"])) as portal:
        opening = (str(holding), on_a_server, str(founded.issuer_file), plant)
        with (
            psycopg.connect(on_a_server, autocommit=True) as watching,
            held_up(opening, "bob", "reserve tram 1") as one,
        ):
            assert one.stdout is not None
            assert one.stdout.readline() == "deciding\n"
            with held_up(opening, "cy", "correct 5", stop="nowhere") as alone:
                while not waiting(watching):
                    pass
                with held_up(opening, "cy", "reserve boat 1", stop="nowhere") as later:
                    while not has_said(later) and waiting(watching) < 2:
                        pass
                    assert has_said(later) == is_overtaken
                    said = [goes_on(process) for process in (one, alone, later)]
        assert said == [False, "corrected", False]
        assert service.audit(portal) == ()
