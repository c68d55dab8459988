"""Long random lives of a device: codes lost, repeated, reordered; clocks and hardware that change.

A model beside the device knows only what was issued, installed and returned. Whatever happens, the device
licenses exactly what the newest authorization that it installed says, nothing after a return or on other
hardware, and its journal only grows.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from codec.codes import Authorization, Line, Request
from codec.envelope import VerifiedCode
from reservation.device.journal import is_chained
from reservation.errors import HardwareChangedError, OlderSequenceError, TombstoneError, WrongStateError
from tests.reservation.device.far_side import FACTS, OTHER_FACTS, START, Bench
from tests.search import examples

MOMENTS = [START + timedelta(days=days) for days in (-20_000, 0, 90, 20_000)]


@dataclass(frozen=True, slots=True)
class Issued:
    """An authorization that the portal has issued, as the model remembers it."""

    code: VerifiedCode[Authorization]
    request_id: bytes
    count: int

    @property
    def number(self) -> int:
        return self.code.value.sequence.number


class DeviceLife(RuleBasedStateMachine):
    """A device in the hands of somebody who does everything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name) / "device")
        self.issued: list[Issued] = []
        self.live: VerifiedCode[Request] | None = None
        self.installed: Issued | None = None
        self.closed: set[bytes] = set()
        self.bound = dict(FACTS)
        self.texts: list[str] = []
        self.last_number = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize()
    def initialise(self) -> None:
        self.bench.initialise()

    @property
    def fits(self) -> bool:
        """Whether this is the hardware that the reservation is bound to."""
        return self.bench.facts == self.bound

    @rule()
    def ask(self) -> None:
        try:
            code = self.bench.open().request()
        except WrongStateError:
            assert self.installed
        except HardwareChangedError:
            assert not self.fits
            assert not self.texts
        else:
            assert not self.installed
            assert code.again is (self.live is not None)
            if not code.again:
                self.live, self.last_number, self.bound = code.code, 0, dict(self.bench.facts)

    @precondition(lambda self: self.live is not None)
    @rule(count=st.integers(1, 50), age=st.integers(0, 400))
    def issue(self, count: int, age: int) -> None:
        assert self.live
        self.last_number += 1
        code = self.bench.vendor.authorize(
            self.live, Line("VPN", count), number=self.last_number, issued_at=START + timedelta(days=age)
        )
        self.issued.append(Issued(code, self.live.id, count))

    @precondition(lambda self: self.issued)
    @rule(place=st.integers(0, 200), newest=st.booleans())
    def install(self, place: int, newest: bool) -> None:
        offered = self.issued[-1] if newest else self.issued[place % len(self.issued)]
        try:
            installation = self.bench.open().install(offered.code)
        except TombstoneError:
            assert offered.request_id in self.closed
        except OlderSequenceError:
            assert self.installed
            assert offered.number < self.installed.number
        except HardwareChangedError:
            assert not self.fits
        else:
            assert self.live
            assert offered.request_id == self.live.id
            assert self.fits
            assert installation.again is (offered == self.installed)
            assert self.installed is None or offered.number >= self.installed.number
            self.installed = offered

    @rule(cancel=st.booleans())
    def give_back(self, cancel: bool) -> None:
        device = self.bench.open()
        try:
            code = device.cancel() if cancel else device.give_back()
        except WrongStateError:
            assert not self.texts or (cancel and (self.installed or not self.live))
            return
        assert code.again is (self.live is None)
        if self.live:
            returned = code.code.value
            assert returned.last_sequence.number == (self.installed.number if self.installed else 0)
            assert returned.hardware_mismatch is not self.fits
            self.closed.add(self.live.id)
        self.live = self.installed = None

    @rule(moment=st.sampled_from(MOMENTS))
    def set_the_clock(self, moment: datetime) -> None:
        self.bench.clock.now = moment

    @rule()
    def move_the_folder(self) -> None:
        self.bench.facts = dict(OTHER_FACTS) if self.bench.facts == FACTS else dict(FACTS)

    @invariant()
    def licenses_what_was_installed(self) -> None:
        if not self.bench.home.exists():
            return
        device = self.bench.open()
        count = self.installed.count if self.installed and self.fits else 0
        assert device.entitled("VPN", count + 1) is False
        assert count == 0 or device.entitled("VPN", count)
        assert device.status().licensed is (count > 0)

    @invariant()
    def keeps_every_code(self) -> None:
        if not self.bench.home.exists():
            return
        codes = self.bench.open().codes()
        assert is_chained(codes)
        texts = [entry.text for entry in codes]
        assert texts[: len(self.texts)] == self.texts
        self.texts = texts


TestDeviceLife = DeviceLife.TestCase
TestDeviceLife.settings = settings(max_examples=examples(50), stateful_step_count=40)
