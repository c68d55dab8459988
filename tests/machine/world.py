"""A small world: a portal with its database, three devices, and a channel that treats codes badly.

Scope: the steps that a technician, an administrator and bad luck can take, and what must hold after every one
of them. The parts are the real ones: service functions on a SQLite file, devices on folders. Only clock,
randomness and hardware are the world's own.

A step that a rule refuses is fine, and counted; any other error is a failure. Deliveries are made from every
code that was ever shown, so the channel loses, repeats, delays and reorders by choosing; it also mistypes.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from codec.alphabet import ALPHABET
from codec.codes import Authorization, Kind, Mode, Request, Return, Term, Trust, Udi, UnsignedKind, WantedLine
from codec.envelope import VerifiedCode, long_hint
from codec.errors import CodecError
from codec.reading import inspect
from codec.short import is_short
from reservation.device import Device
from reservation.device.state import Standing
from reservation.errors import NotHereError, RuleError
from reservation.model import DEFAULT_VIRTUAL_ACCOUNT
from reservation.service import (
    AS_REQUESTED,
    UNIVERSAL,
    Choice,
    LinesWanted,
    accept,
    accept_short,
    add_license,
    find_reservation,
    keep_return,
    read_code,
    receive_short,
    reissue,
    reserve,
    trust_file,
    update,
)
from tests.machine.watch import DEVICES, Watched

T = TypeVar("T")

TAGS = ("ROUTE-1G", "CRYPTO-STRONG", "RECORD-8CH")


def seeded(seed: str) -> Callable[[int], bytes]:
    """Return a source of reproducible bytes, different at every call."""
    calls = 0

    def take(length: int) -> bytes:
        nonlocal calls
        calls += 1
        return hashlib.shake_256(f"{seed}/{calls}".encode()).digest(length)

    return take


@dataclass(frozen=True, slots=True)
class Carried:
    """A code on its way: its text, and the device that it is from or for."""

    kind: Kind | UnsignedKind
    text: str
    device: int


@dataclass(slots=True)
class World(Watched):
    """The whole world; one for each run of the machine.

    Attributes:
        codes: Every code that was ever shown, oldest first.
        refused: How often each rule refused a step.
        done: How often each step did something.
        returned: Hints of requests whose return reached the portal.
    """

    codes: list[Carried] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    returned: set[bytes] = field(default_factory=set)

    # --- what a device takes from its surroundings ---------------------------------------------

    def clock_of(self, device: int) -> datetime:
        """Return what the clock of a device says."""
        assert 0 <= device < len(DEVICES)
        return self.now

    def hardware_at(self, device: int) -> dict[str, str]:
        """Return the facts of the machine that a device runs on."""
        return hardware_of(DEVICES[device])

    def until(self) -> date | None:
        """Return the last day of new lines; None: as long as their lots."""
        return None

    def counter(self) -> str:
        """Return the Virtual Account in which licences are bought, and from which they are reserved."""
        return DEFAULT_VIRTUAL_ACCOUNT

    # --- the beginning -------------------------------------------------------------------------

    def add_devices(self) -> None:
        """Set up one device for each name, all trusting the portal."""
        trust = trust_file(self.portal)
        for number, name in enumerate(DEVICES):
            self.devices.append(
                Device.initialise(
                    self.folder / name,
                    udi=Udi("TR-100", f"SN{number:04}"),
                    trust_file=trust,
                    hardware=partial(self.hardware_at, number),
                    clock=partial(self.clock_of, number),
                    random=seeded(name),
                )
            )

    # --- order ---------------------------------------------------------------------------------

    def go_on(self, device: int, counts: dict[str, int], lot: str) -> None:
        """Take the step that an orderly technician would take next for a device.

        Args:
            device: Which.
            counts: What to ask for, or to change.
            lot: Which lots to prefer.
        """
        standing = self.devices[device].status().standing
        if standing is Standing.REQUESTED:
            self._go_on_requested(device, counts, lot)
        elif standing is Standing.RESERVED:
            self._go_on_reserved(device, counts, lot)
        else:
            # Now and then the return gets lost.
            returned = self._newest(device, Kind.RETURN)
            if returned is not None and sum(counts.values()) % 4:
                self.accept(returned.text)
            mode = Mode.UNIVERSAL if sum(counts.values()) % 5 == 0 else Mode.SPECIFIC
            self.request(device, mode, {})

    def _go_on_requested(self, device: int, counts: dict[str, int], lot: str) -> None:
        request = self._newest(device, Kind.REQUEST)
        answered = self._newest(device, Kind.AUTHORIZATION)
        assert request is not None
        if answered is not None and self.codes.index(answered) > self.codes.index(request):
            self.install(device, answered.text)
            return
        before = self.refused.total()
        self.reserve(request.text, LinesWanted({tag: max(count, 1) for tag, count in counts.items()}), lot)
        if self.refused.total() > before:
            # Universal; or the return of the reservation before is missing.
            self.reserve(request.text, UNIVERSAL, lot)
            for code in [code for code in self.codes if code.device == device and code.kind is Kind.RETURN]:
                self.accept(code.text)

    def _go_on_reserved(self, device: int, counts: dict[str, int], lot: str) -> None:
        installed = self.devices[device].confirmation().text
        authorization = self._newest(device, Kind.AUTHORIZATION)
        assert authorization is not None
        newest = self._newest(device, Kind.CONFIRMATION)
        assert newest is not None
        what = sum(counts.values()) % 4
        if self.codes.index(authorization) > self.codes.index(newest):
            self.install(device, authorization.text)
        elif what == 0:
            self.give_back(device)
        elif what == 1 and sum(counts.values()) % 8 == 5:
            self.accept(self.devices[device].short_confirmation())
        elif what == 1:
            self.accept(installed)
        else:
            self.update(device, counts, lot)

    def _newest(self, device: int, kind: Kind) -> Carried | None:
        codes = (code for code in reversed(self.codes) if code.device == device and code.kind is kind)
        return next(codes, None)

    # --- steps at a device ---------------------------------------------------------------------

    def request(self, device: int, mode: Mode, wanted: dict[str, int]) -> None:
        """Ask for licences."""
        lines = [WantedLine(tag, count) for tag, count in wanted.items()]
        self._show(device, Kind.REQUEST, lambda it: it.request(mode=mode, wanted=lines).text)

    def cancel(self, device: int) -> None:
        """End a pending request."""
        self._show(device, Kind.RETURN, lambda it: it.cancel().text)

    def give_back(self, device: int) -> None:
        """Return the reservation."""
        self._show(device, Kind.RETURN, lambda it: it.give_back().text)

    def restart(self, device: int) -> None:
        """Forget everything that a running device keeps in memory."""
        name = DEVICES[device]
        self.devices[device] = Device.open(
            self.folder / name,
            hardware=partial(self.hardware_at, device),
            clock=partial(self.clock_of, device),
            random=seeded(f"{name}/{len(self.codes)}"),
        )

    def install(self, device: int, text: str) -> None:
        """Paste a code into a device: its own, or anybody's."""

        def confirm(it: Device) -> str:
            return it.install(_authorization(it.read(text).code)).confirmation

        self._show(device, Kind.CONFIRMATION, confirm)
        self._show(device, UnsignedKind.SHORT, Device.short_confirmation)

    def carry_all_again(self, device: int) -> None:
        """Carry every code that there ever was from and for a device to where it belongs, the oldest last."""
        for code in [code for code in self.codes[::-1] if code.device == device]:
            self.carry(code, LinesWanted({TAGS[0]: 1}), "longest")

    def carry(self, code: Carried, choice: Choice, lot: str) -> None:
        """Carry a code to where it belongs."""
        if code.kind is Kind.REQUEST:
            self.reserve(code.text, choice, lot)
        elif code.kind is Kind.AUTHORIZATION:
            self.install(code.device, code.text)
        else:
            self.accept(code.text)

    def _show(self, device: int, kind: Kind | UnsignedKind, step: Callable[[Device], str]) -> None:
        text = self._try(f"device {kind.name.lower()}", lambda: step(self.devices[device]))
        if text is not None:
            self._carry(kind, text, device)

    # --- steps at the portal -------------------------------------------------------------------

    def add(self, tag: str, count: int, term: Term | None) -> None:
        """Buy licences."""
        place = self.counter()
        self._try("add", lambda: add_license(self.portal, tag, count, virtual_account=place, term=term))

    def reserve(self, text: str, choice: Choice, lot: str, *, like: str | None = None) -> None:
        """Answer a request; ``like`` is how it was shown, when ``text`` is mistyped."""

        def answer() -> str:
            request = request_in(read_code(self.portal, text).code)
            answered = reserve(
                self.portal,
                request,
                virtual_account=self.counter(),
                choice=choice,
                term=lot,
                until=self.until(),
            ).text
            assert long_hint(request.id) not in self.returned, "a request was answered after its return"
            return answered

        text_of_answer = self._try("reserve", answer)
        if text_of_answer is not None:
            self._carry(Kind.AUTHORIZATION, text_of_answer, self._device_of(like or text))

    def update(self, device: int, changes: dict[str, int], lot: str) -> None:
        """Change the lines of the device's last reservation."""
        request = self._last_request(device)
        if request is not None:

            def change() -> str:
                reservation = find_reservation(self.portal, request)
                return update(self.portal, reservation, changes, term=lot, until=self.until()).text

            answer = self._try("update", change)
            if answer is not None:
                self._carry(Kind.AUTHORIZATION, answer, device)

    def reissue(self, device: int) -> None:
        """Show the authorization of the device's last reservation again."""
        request = self._last_request(device)
        if request is not None:
            text = self._try(
                "reissue", lambda: reissue(self.portal, find_reservation(self.portal, request)).text
            )
            assert text is None or Carried(Kind.AUTHORIZATION, text, device) in self.codes

    def accept(self, text: str) -> None:
        """Paste a device's code into the portal."""

        if is_short(text):
            self._try("accept short", lambda: accept_short(self.portal, receive_short(self.portal, text)))
            return

        def take() -> str:
            accept(self.portal, read_code(self.portal, text).code)
            return ""

        accepted = self._try("accept", take) is not None
        if not accepted and text.startswith(Kind.RETURN.value):
            accepted = self._try("keep return", lambda: keep_return(self.portal, text)) is not None
        # Mistyped ones are not counted: the portal keeps those as well.
        code = inspect(text).code.unverified if accepted and self._is_shown(text) else None
        if isinstance(code, Return):
            self.returned.add(code.request_hint)

    def mistype(self, code: Carried, places: list[int], shift: int) -> None:
        """Type a code with mistakes, at the portal and at a device."""
        text = mistyped(code.text, places, shift)
        if code.kind is Kind.AUTHORIZATION:
            self.install(code.device, text)
        elif code.kind is Kind.REQUEST:
            self.reserve(text, AS_REQUESTED, "longest", like=code.text)
        else:
            self.accept(text)

    def _is_shown(self, text: str) -> bool:
        return any(code.text == text for code in self.codes)

    def _device_of(self, text: str) -> int:
        return next(code.device for code in self.codes if code.text == text)

    def _last_request(self, device: int) -> str | None:
        request = self._newest(device, Kind.REQUEST)
        return request.text if request else None

    # --- time and errors -----------------------------------------------------------------------

    def wait(self, days: int) -> None:
        """Let days pass, for everyone."""
        self.now += timedelta(days=days, minutes=1)

    def _carry(self, kind: Kind | UnsignedKind, text: str, device: int) -> None:
        code = Carried(kind, text, device)
        if code not in self.codes:
            self.codes.append(code)

    def _try(self, step: str, act: Callable[[], T]) -> T | None:
        self.now += timedelta(minutes=1)
        try:
            result = act()
        except (CodecError, RuleError, NotHereError) as error:
            self.refused[f"{step}: {error.code}"] += 1
            return None
        self.done[step] += 1
        return result


def hardware_of(name: str) -> dict[str, str]:
    """Return the facts of a machine of that name."""
    return {part: f"{part} of {name}" for part in ("machine id", "board serial", "disk", "MAC eth0", "CPU")}


def mistyped(text: str, places: list[int], shift: int) -> str:
    """Return a code with the characters at some places replaced by others."""
    characters = list(text)
    for place in places:
        at = place % len(text)
        characters[at] = ALPHABET[(ALPHABET.index(text[at]) + shift) % len(ALPHABET)]
    return "".join(characters)


def request_in(code: VerifiedCode[Any]) -> VerifiedCode[Request]:
    """Return a code that is a request."""
    assert code.kind is Kind.REQUEST
    return code


def _authorization(code: VerifiedCode[Authorization | Trust]) -> VerifiedCode[Authorization]:
    assert code.kind is Kind.AUTHORIZATION
    return cast("VerifiedCode[Authorization]", code)


CHOICES: tuple[Choice, ...] = (
    AS_REQUESTED,
    UNIVERSAL,
    *(LinesWanted({tag: count}) for tag in TAGS for count in (1, 3, 7)),
    LinesWanted({TAGS[0]: 4, TAGS[1]: 2}),
)
