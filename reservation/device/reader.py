"""Asking a device whether it is licensed: for start scripts, monitoring, and products that embed it.

    DeviceReader.open(home).entitled("TAG", count=1)

Nothing here writes, takes a lock or needs the private key. A reader notices when another process has changed
the state, at the cost of one system call: so a return ends what a running product was licensed for.

A start script asks in a process of its own, so this module loads little; all other verbs are in
`reservation.device.agent`.
"""

import os
from typing import Self

from reservation.device.checking import (
    Check,
    check_of,
    check_on_day_to_come,
    check_on_other_hardware,
    check_without_grant,
)
from reservation.device.clock import Clock, effective_now
from reservation.device.hardware import HardwareReader, read_hardware
from reservation.device.statefile import StateFile
from reservation.device.stateform import parse
from reservation.device.surroundings import system_clock
from reservation.device.view import View, view_of


class DeviceReader:
    """A device folder, opened for asking. Make one with `open`.

    Every method may raise what `open` raises, when the state was changed since.
    """

    __slots__ = ("_clock", "_folder", "_hardware", "_view")

    def __init__(self, folder: StateFile, *, hardware: HardwareReader, clock: Clock) -> None:
        self._folder = folder
        self._hardware = hardware
        self._clock = clock
        self._view = self._load()

    @classmethod
    def open(
        cls,
        home: str | os.PathLike[str],
        *,
        hardware: HardwareReader = read_hardware,
        clock: Clock = system_clock,
    ) -> Self:
        """Open a device folder. This needs no write permission.

        Args:
            home: The folder.
            hardware: Reads what identifies this machine; called now, and when the state has changed.
            clock: Returns the present instant, in UTC.

        Raises:
            NotInitialisedError: When the folder holds no device.
            StateDamagedError: When its state is not, byte for byte, what a device wrote.
            StorageError: When it cannot be read.
        """
        return cls(StateFile(home), hardware=hardware, clock=clock)

    def entitled(self, tag: str, count: int = 1) -> bool:
        """Tell whether ``count`` of ``tag`` are licensed now.

        Made to be called often. The hardware is compared when the state is read, not at every call.
        """
        view = self._current()
        if view.grant is None or not view.match.holds:
            return False
        return view.grant.covers(tag, count, effective_now(self._clock(), view.floor).date())

    def check(self, tag: str, count: int = 1, *, ahead_days: int = 0) -> Check:
        """Say whether ``count`` of ``tag`` are licensed now, or will be in some days, and why.

        A day to come is asked about as if nothing were installed or returned until then.
        """
        view = self._current()
        if view.grant is None:
            return check_without_grant(view.state.standing)
        if not view.match.holds:
            return check_on_other_hardware(view.match)
        today = effective_now(self._clock(), view.floor).date()
        if not ahead_days:
            return check_of(view.grant, tag, count, today)
        return check_on_day_to_come(view.grant, tag, count, today, ahead_days)

    def _current(self) -> View:
        if self._folder.state_stamp() != self._view.stamp:
            self._view = self._load()
        return self._view

    def _load(self) -> View:
        # The stamp comes first: a state that is replaced in between is loaded again the next time.
        stamp = self._folder.state_stamp()
        return view_of(parse(self._folder.read_state()), self._hardware(), stamp)
