"""What else can happen to a world: devices that fail, persons who decide, stock that moves, clocks that jump.

Any device can have its folder restored from one of several snapshots of different ages. What it may run then
beyond the books is what it had forgotten, and nothing that was issued since.
"""

import shutil
from collections import Counter
from dataclasses import astuple, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from codec.codes import NEVER_INSTALLED, Kind, Mode
from reservation.device.answers import Status
from reservation.device.state import Standing as DeviceStanding
from reservation.model import DEFAULT_POLICY, DEFAULT_VIRTUAL_ACCOUNT, FailureEvidence, Policy
from reservation.service import (
    License,
    Portal,
    add_virtual_account,
    approve,
    correct_license,
    find_reservation,
    list_licenses,
    propose_rehost,
    propose_release,
    propose_write_off,
    read_code,
    reject,
    set_policy,
    sweep,
    transfer_license,
    transfer_reservation,
)
from tests.machine.watch import DEVICES, LAST
from tests.machine.world import TAGS, World, hardware_of, request_in

OTHER_PLACE = "Ships"
PLACES = (DEFAULT_VIRTUAL_ACCOUNT, OTHER_PLACE)
MOST_SNAPSHOTS = 4


@dataclass(slots=True)
class Troubled(World):
    """A world in which things go wrong.

    Attributes:
        behind: How far the clock of a device stands from the right time.
        elsewhere: Devices that run on other hardware.
        days: How long new lines last; None: as long as their lots.
        snapshots: Of each device, oldest first.
    """

    behind: dict[int, timedelta] = field(default_factory=dict)
    elsewhere: set[int] = field(default_factory=set)
    days: int | None = None
    snapshots: dict[int, list[Path]] = field(default_factory=dict)

    def begin(self) -> None:
        """Make a second place for licences, and allow as many rehosts as there can be."""
        add_virtual_account(self.portal, OTHER_PLACE)
        self.choose_terms(None, None)

    # --- what a device takes from its surroundings ---------------------------------------------

    def clock_of(self, device: int) -> datetime:
        """Return what the clock of a device says."""
        return self.now + self.behind.get(device, timedelta())

    def hardware_at(self, device: int) -> dict[str, str]:
        """Return the facts of the machine that a device runs on."""
        return hardware_of("another machine" if device in self.elsewhere else DEVICES[device])

    def until(self) -> date | None:
        """Return the last day of new lines."""
        return None if self.days is None else self.now.date() + timedelta(days=self.days)

    def set_clock(self, device: int, days: int) -> None:
        """Let the clock of a device jump to so many days from the right time."""
        self.behind[device] = timedelta(days=days)
        self.done[f"clock {'right' if not days else 'ahead' if days > 0 else 'behind'}"] += 1

    def swap_hardware(self, device: int) -> None:
        """Move a device to other hardware, or back."""
        self.elsewhere ^= {device}
        self.restart(device)
        self.done["hardware"] += 1

    # --- snapshots -----------------------------------------------------------------------------

    def take_snapshot(self, device: int) -> None:
        """Copy the folder of a device; the oldest copy goes when there are many."""
        kept = self.snapshots.setdefault(device, [])
        copy = self.folder / f"snapshot {device} {self.done['snapshot']}"
        shutil.copytree(self._home(device), copy)
        kept.append(copy)
        if len(kept) > MOST_SNAPSHOTS:
            shutil.rmtree(kept.pop(0))
        self.done["snapshot"] += 1

    def restore_snapshot(self, device: int, where: float = 1.0) -> None:
        """Put a copy back, the newest at 1.0, the oldest at 0.0: the device forgets what it did since."""
        kept = self.snapshots.get(device)
        if not kept:
            return
        copy = kept[int(where * (len(kept) - 1))]
        if _state(self._home(device)) == _state(copy):
            return
        before = self.devices[device].status()
        shutil.rmtree(self._home(device))
        shutil.copytree(copy, self._home(device))
        self.restart(device)
        self._note_forgotten(device, before)
        self.done["restored"] += 1
        if copy != kept[-1]:
            self.done["restored an older one"] += 1

    def _note_forgotten(self, device: int, before: Status) -> None:
        """Note what nothing can see: which authorizations a device may use again that it had done with.

        Those older than the one that it had; and every one of a reservation that it had returned.
        """
        request = self.devices[device].status().request_id
        if request is None:
            return
        stays = before.request_id == request and before.standing is not DeviceStanding.RETURNED
        forgotten = (before.sequence or NEVER_INSTALLED) if stays else LAST
        known = self.restored.get((device, request), NEVER_INSTALLED)
        self.restored[device, request] = max(forgotten, known, key=astuple)

    def _home(self, device: int) -> Path:
        return self.folder / DEVICES[device]

    # --- codes that cross ----------------------------------------------------------------------

    def install_crossed(self, device: int) -> None:
        """Install the newest authorization of a device, tell the portal, and install the one before."""
        codes = [code for code in self.codes if code.device == device and code.kind is Kind.AUTHORIZATION]
        for code in codes[:-3:-1]:
            self.install(device, code.text)
            newest = self._newest(device, Kind.CONFIRMATION)
            if newest is not None:
                self.accept(newest.text)

    # --- decisions -----------------------------------------------------------------------------

    def equip(self, device: int, counts: dict[str, int]) -> None:
        """Take the orderly steps after which a device has a reservation that it has confirmed."""
        for _ in range(3):
            if self.devices[device].status().standing is not DeviceStanding.RESERVED:
                self.go_on(device, counts, "longest")
        newest = self._newest(device, Kind.CONFIRMATION)
        if newest is not None:
            self.accept(newest.text)

    def give_up(self, device: int) -> None:
        """Let two persons give a device up, without a replacement."""
        self.propose(device, "rehost", None, {})
        self.decide(device, approved=True)

    def propose(self, device: int, what: str, replacement: int | None, lines: dict[str, int]) -> None:
        """Let one person propose something about the last reservation of a device."""
        request = self._last_request(device)
        if request is None:
            return
        other = None if replacement is None else self._last_request(replacement)

        def act() -> None:
            reservation = find_reservation(self.portal, request)
            if what == "write-off":
                propose_write_off(self.portal, reservation, reason="gone")
            elif what == "release":
                propose_release(self.portal, reservation, reason="seen")
            else:
                propose_rehost(
                    self.portal,
                    reservation,
                    reason="burnt",
                    evidence=FailureEvidence.NONE,
                    replacement=request_in(read_code(self.portal, other).code) if other else None,
                    lines=lines if other else {},
                )

        self._try(f"propose {what}", act)

    def decide(self, device: int, *, approved: bool) -> None:
        """Let a second person decide what waits about the last reservation of a device."""
        request = self._last_request(device)
        if request is None:
            return
        second = self.second()
        choose = approve if approved else reject
        decided = self._try(choose.__name__, lambda: choose(second, find_reservation(self.portal, request)))
        if decided and decided.issued:
            to = self._holder_of(decided.issued.udi.serial_number)
            self._carry(Kind.AUTHORIZATION, decided.issued.text, to)

    def second(self) -> Portal:
        """Return the portal on behalf of the person who decides."""
        return replace(self.portal, actor="alex")

    def _holder_of(self, serial_number: str) -> int:
        return next(
            number
            for number, device in enumerate(self.devices)
            if device.status().udi.serial_number == serial_number
        )

    def make_vacant(self, device: int) -> None:
        """Let a device return what it has, so that it can take the place of another one, and ask for it."""
        before = len(self.codes)
        self.give_back(device)
        for code in self.codes[before:]:
            self.accept(code.text)
        self.request(device, Mode.SPECIFIC, {})

    def return_in_doubt(self, device: int) -> None:
        """Let a device return on other hardware: its hold stays in doubt."""
        self.swap_hardware(device)
        before = len(self.codes)
        self.give_back(device)
        for code in self.codes[before:]:
            self.accept(code.text)
        self.swap_hardware(device)

    # --- stock ---------------------------------------------------------------------------------

    def transfer(self, device: int, place: str) -> None:
        """Take a device to a place, with what it holds."""
        request = self._last_request(device)
        if request is not None:
            self._try(
                "transfer device",
                lambda: transfer_reservation(
                    self.portal, find_reservation(self.portal, request), target=place
                ),
            )

    def move(self, tag: str, count: int, *, away: bool) -> None:
        """Take available licences from one place to the other."""
        source, target = PLACES if away else PLACES[::-1]
        self._try(
            "transfer licences",
            lambda: transfer_license(self.portal, tag, count, source=source, target=target),
        )

    def beyond_stock(self, lines: dict[str, int]) -> dict[str, int]:
        """Return lines of so many more than the first place has available."""
        available = Counter[str]()
        for lot in list_licenses(self.overseer(), virtual_account=PLACES[0]):
            available[lot.lot.tag] += lot.counts.available
        return {tag: available[tag] + count for tag, count in lines.items()}

    def correct(self, where: float, count: int) -> None:
        """Make the order of a lot smaller."""
        found = list_licenses(self.overseer())
        if found:
            self.correct_lot(found[int(where * (len(found) - 1))], count)

    def correct_lot(self, lot: License, count: int) -> None:
        """Make the order of this lot smaller."""
        self._try(
            "correct",
            lambda: correct_license(
                self.portal, lot.lot.tag, count, virtual_account=lot.virtual_account, lot=lot.name
            ),
        )

    def outlast(self, device: int) -> None:
        """Let a line end, and its margin, while the clock of its device stands far behind."""
        self.choose_terms(20, 7)
        self.make_vacant(device)
        self.equip(device, {TAGS[0]: 1})
        self.set_clock(device, -400)
        self.wait(29)
        self.sweep()

    # --- terms ---------------------------------------------------------------------------------

    def choose_terms(self, days: int | None, margin: int | None) -> None:
        """Choose how long new lines last, and when what they held is free by itself."""
        self.days = days
        policy = self.policy(margin)
        self._try("policy", lambda: set_policy(self.portal, policy))

    def policy(self, margin: int | None) -> Policy:
        """Return what the account allows itself."""
        return replace(DEFAULT_POLICY, rehost_minimum=1000, margin_days=margin)

    def sweep(self) -> None:
        """Post what is due."""
        swept = self._try("sweep", lambda: sweep(self.portal))
        assert swept is not None
        self.done["swept lots"] += swept.lots
        self.done["swept lines"] += swept.reservations


def _state(folder: Path) -> bytes:
    return (folder / "state.json").read_bytes()
