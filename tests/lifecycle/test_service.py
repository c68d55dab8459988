"""Every row of the table through the service layer, as a program that embeds either half would do it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cli.exits import exit_code_of
from codec.codes import Authorization, Code, Request, WantedLine
from codec.envelope import require_kind, verify_request
from codec.errors import CodecError
from codec.reading import receive
from codec.short import is_short
from reservation import bootstrap, service
from reservation.device import Device
from reservation.device.answers import IssuedCode
from reservation.errors import ReservationError, UnknownRequestError
from reservation.model import FailureEvidence
from reservation.service import Issued, LinesWanted
from tests import server
from tests.cli.desk import START
from tests.lifecycle.device_scene import assert_device_code, assert_device_command
from tests.lifecycle.device_table import DEVICE, DEVICE_COMMANDS
from tests.lifecycle.hands import Answer
from tests.lifecycle.outcome import Row
from tests.lifecycle.portal_scene import assert_portal_code, assert_portal_command
from tests.lifecycle.portal_table import PORTAL, PORTAL_COMMANDS
from tests.program import seeded
from tests.reservation.device.far_side import OTHER_FACTS, Bench

Refusal = (CodecError, ReservationError)


def answered(work: Callable[[], Answer]) -> Answer:
    """Do something and make an answer of its refusal."""
    try:
        return work()
    except Refusal as error:
        return Answer(exit_code_of(error), error.code, error.message)


class EmbeddedDevice:
    """A device, worked as by a product that embeds it."""

    def __init__(self, place: Path) -> None:
        self.bench = Bench(place / "device")

    @property
    def home(self) -> Path:
        return self.bench.home

    def initialise(self, trust_file: str) -> None:
        assert trust_file == self.bench.vendor.trust_file()
        self.bench.initialise(catalogue=None)

    def move(self) -> None:
        self.bench.facts = dict(OTHER_FACTS)

    def request(self, tag: str = "") -> Answer:
        wanted = [WantedLine(tag, 1)] if tag else []
        return self._issued(lambda device: device.request(wanted=wanted))

    def cancel(self) -> Answer:
        return self._issued(Device.cancel)

    def give_back(self) -> Answer:
        return self._issued(Device.give_back)

    def confirmation(self) -> Answer:
        return self._issued(Device.confirmation)

    def install(self, code: str) -> Answer:
        def work() -> Answer:
            device = self.bench.open()
            received = device.read(code)
            assert received.repairs == ()
            if isinstance(received.code.value, Authorization):
                done = device.install(received.code)
                return Answer(says=" ".join(done.notes), code=done.confirmation, again=done.again)
            trusted = device.update_trust(received.code)
            return Answer(says=" ".join(trusted.notes), again=trusted.again)

        return answered(work)

    def _issued(self, verb: Callable[[Device], IssuedCode[Code]]) -> Answer:
        def work() -> Answer:
            issued = verb(self.bench.open())
            return Answer(code=issued.text, again=issued.again)

        return answered(work)


class EmbeddedPortal:
    """A portal, worked as by a program that calls its verbs."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{self.database}"
        keys = folder / "portal-keys"
        self._portal = bootstrap.open_portal(
            self.url,
            actor="kim",
            clock=lambda: START,
            random=seeded("lifecycle"),
            issuer_file=keys / bootstrap.ISSUER_FILE,
            passphrase=(keys / "passphrase").read_text(encoding="utf-8").strip(),
        )

    @property
    def books(self) -> str:
        return self.url

    @property
    def database(self) -> Path:
        return self.folder / "portal.db"

    @property
    def trust_file(self) -> str:
        return (self.folder / "trust.txt").read_text(encoding="utf-8")

    def reserve(self, request: str, count: int) -> Answer:
        def work() -> Issued:
            received = receive(request, lambda code: verify_request(require_kind(code, Request)))
            return service.reserve(self._portal, received.code, choice=LinesWanted({"ROUTING": count}))

        return self._issued(work)

    def update(self, name: str, count: int) -> Answer:
        return self._issued(lambda: service.update(self._portal, self._named(name), {"ROUTING": count}))

    def reissue(self, name: str) -> Answer:
        return self._issued(lambda: service.reissue(self._portal, self._named(name)))

    def accept(self, code: str) -> Answer:
        def work() -> Answer:
            if is_short(code):
                taken = service.answer_again(self._portal, code) or service.accept_short(
                    self._portal, service.receive_short(self._portal, code)
                )
                return Answer(says=" ".join(taken.notes), again=taken.again)
            try:
                received = service.read_code(self._portal, code)
            except UnknownRequestError:
                if not code.startswith("R"):
                    raise
                service.keep_return(self._portal, code)
                return Answer()
            done = service.accept(self._portal, received.code)
            return Answer(says=" ".join(done.notes), again=done.again)

        return answered(work)

    def propose(self, what: str, name: str) -> Answer:
        def work() -> Answer:
            reason = "It burnt out."
            if what == "rehost":
                done = service.propose_rehost(
                    self._portal, self._named(name), reason=reason, evidence=FailureEvidence.WITNESS
                )
            elif what == "write-off":
                done = service.propose_write_off(self._portal, self._named(name), reason=reason)
            else:
                done = service.propose_release(self._portal, self._named(name), reason=reason)
            return Answer(again=done.again)

        return answered(work)

    def approve(self, name: str) -> Answer:
        second = replace(self._portal, actor="lee")
        return answered(lambda: Answer(again=service.approve(second, self._named(name)).again))

    def reject(self, name: str) -> Answer:
        return answered(lambda: Answer(again=service.reject(self._portal, self._named(name)).again))

    def audit(self) -> bool:
        return service.audit(self._portal) == ()

    def close(self) -> None:
        self._portal.close()

    def _named(self, name: str) -> bytes:
        return service.find_reservation(self._portal, name)

    def _issued(self, verb: Callable[[], Issued]) -> Answer:
        def work() -> Answer:
            issued = verb()
            return Answer(says=" ".join(issued.notes), code=issued.text, again=issued.again)

        return answered(work)


@pytest.fixture(params=server.ENGINES)
def portal(portal_folder: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedPortal]:
    """A portal with stock, on each engine."""
    if request.param == "sqlite":
        with closing(EmbeddedPortal(portal_folder)) as opened:
            yield opened
        return
    running: server.Server = request.getfixturevalue("postgres")
    template = request.getfixturevalue("postgres_desk")
    with running.database(template) as url, closing(EmbeddedPortal(portal_folder, url)) as opened:
        yield opened


@pytest.mark.parametrize("row", DEVICE.rows, ids=str)
def test_a_device_given_a_code(row: Row, place: Path) -> None:
    assert_device_code(row, EmbeddedDevice(place))


@pytest.mark.parametrize("row", DEVICE_COMMANDS.rows, ids=str)
def test_a_device_asked_for_a_code(row: Row, place: Path) -> None:
    assert_device_command(row, EmbeddedDevice(place))


@pytest.mark.parametrize("row", PORTAL.rows, ids=str)
def test_a_portal_given_a_code(row: Row, portal: EmbeddedPortal) -> None:
    assert_portal_code(row, portal)


@pytest.mark.parametrize("row", PORTAL_COMMANDS.rows, ids=str)
def test_a_portal_asked_for_a_code(row: Row, portal: EmbeddedPortal) -> None:
    assert_portal_command(row, portal)
