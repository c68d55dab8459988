"""The device: one object with a method for each verb.

Every verb works in the same way: load the state, let `reservation.device.rules` decide, and when there is
something to do, do it alone, write once, and only then answer. What was done before is answered again,
without a lock and without a change. So a crash in between shows the same code on the same input:

- an installation and its confirmation are written together, before the confirmation is shown;
- a return's tombstone is written with its code, before the code is shown.

Asking is in `reservation.device.reader`; a process that only asks need not load this module.

Not handled: several members of one stack in one device; hardware keys.
"""

from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Self, TypeVar

import reservation.device.verification as genuine
from codec.catalogue import Catalogue
from codec.codes import (
    Authorization,
    Code,
    Confirmation,
    Mode,
    Request,
    Return,
    ReturnReason,
    Trust,
    Udi,
    WantedLine,
)
from codec.envelope import (
    UnverifiedCode,
    VerifiedCode,
    require_kind,
    sign_confirmation,
    sign_request,
    sign_return,
)
from codec.keys import SigningKey
from codec.reading import Received, receive
from reservation.device import rules
from reservation.device.answers import (
    NEXT_STEPS,
    ON_OTHER_HARDWARE,
    Installation,
    IssuedCode,
    Status,
    TrustUpdate,
    reported,
)
from reservation.device.clock import Clock, clock_notes, effective_now
from reservation.device.folder import Folder
from reservation.device.hardware import HardwareReader, read_hardware
from reservation.device.initialisation import SEED_BYTES, begin
from reservation.device.journal import Journal
from reservation.device.nodelock import SALT_BYTES, make_lock
from reservation.device.own_codes import (
    own_confirmation,
    own_request,
    own_return,
    own_short_confirmation,
    present_trust,
)
from reservation.device.reader import DeviceReader
from reservation.device.state import Reservation, State
from reservation.device.stateform import render
from reservation.device.surroundings import Random, system_clock, system_random
from reservation.device.view import View
from reservation.errors import KeyFileError, WrongStateError

T = TypeVar("T")
V = TypeVar("V", bound=Code)


class Device(DeviceReader):
    """A device folder, opened. Make one with `open` or `initialise`.

    Every method may raise `StateDamagedError` (the state file is not what a device wrote),
    `NotInitialisedError` (it is gone) and `StorageError` (it cannot be read); those that change something,
    also `BusyError`, `KeyFileError` and `StorageError` (it cannot be written: then nothing is lost).
    """

    __slots__ = ("_random",)

    _folder: Folder

    def __init__(
        self,
        folder: Folder,
        *,
        hardware: HardwareReader,
        clock: Clock,
        random: Random = system_random,
    ) -> None:
        super().__init__(folder, hardware=hardware, clock=clock)
        self._random = random

    @classmethod
    def open(
        cls,
        home: str | PathLike[str],
        *,
        hardware: HardwareReader = read_hardware,
        clock: Clock = system_clock,
        random: Random = system_random,
    ) -> Self:
        """Open a device folder. Reading needs no write permission and no key.

        Args:
            home: The folder.
            hardware: Reads what identifies this machine; called now, and when the state has changed.
            clock: Returns the present instant, in UTC.
            random: Returns as many unguessable bytes as it is asked for.

        Raises:
            NotInitialisedError: When the folder holds no device.
            StateDamagedError: When its state is not, byte for byte, what a device wrote.
            StorageError: When it cannot be read.
        """
        return cls(Folder(Path(home)), hardware=hardware, clock=clock, random=random)

    @classmethod
    def initialise(
        cls,
        home: Path,
        *,
        udi: Udi,
        trust_file: str,
        catalogue: Catalogue | None = None,
        required_matches: int | None = None,
        hardware: HardwareReader = read_hardware,
        clock: Clock = system_clock,
        random: Random = system_random,
    ) -> Self:
        """Make a device: its key, what it trusts, and the hardware that it runs on.

        Args:
            home: The folder; made when it is not there.
            udi: What the device is called.
            trust_file: The text of the portal's trust file.
            catalogue: Turns entitlement tags into small numbers; None spells them.
            required_matches: How many hardware components must match; None for 3 of 5; 0 for no node lock.
            hardware: See `open`.
            clock: See `open`.
            random: See `open`.

        Raises:
            AlreadyInitialisedError: When the folder holds a device.
            NotInitialisedError: When it holds a device key whose state was removed.
            TrustFileError: When the trust file cannot be used, or is damaged.
            SetupError: When fewer hardware components are there than must match.
            StorageError: When the folder cannot be written.
        """
        folder = Folder(home)
        lock = make_lock(hardware(), random(SALT_BYTES), required_matches)
        begin(
            folder,
            udi=udi,
            trust_file=trust_file,
            catalogue=catalogue or Catalogue(),
            lock=lock,
            matches_asked=required_matches,
            key=SigningKey(random(SEED_BYTES)),
        )
        return cls(folder, hardware=hardware, clock=clock, random=random)

    # --- codes in ------------------------------------------------------------------------------

    def read(self, raw: str, *, search: bool = False) -> Received[Authorization | Trust]:
        """Read an authorization or a trust code, and verify that it is genuine and for this device.

        Args:
            raw: Whatever was pasted, typed or scanned.
            search: Whether a person waits for a longer search, should it be damaged.

        Returns:
            The verified code, and what had to be repaired to read it. Nothing is changed yet.

        Raises:
            MalformedCodeError, NewerVersionError, WrongKindError, UnknownIssuerError, RevokedIssuerError,
            OtherDeviceError, NotGenuineError: The first that applies, in this order.
        """
        state = self._current().state
        return receive(raw, lambda code: genuine.verified(state, code), search=search)

    def install(self, code: VerifiedCode[Authorization | Trust]) -> Installation:
        """Install an authorization and return its confirmation; once, however often it is asked for.

        Raises:
            CodecError: When the code is of another kind, or does not verify on this device; see `read`.
            TombstoneError, OlderSequenceError, OtherPortalError, HardwareChangedError: In this order.
            CatalogueError: When it numbers its entitlements by a catalogue that the device lacks.
        """
        offered = require_kind(genuine.as_received(code), Authorization)
        return self._once(
            lambda view: self._installed_before(view, offered), lambda view: self._install(view, offered)
        )

    def update_trust(self, code: VerifiedCode[Authorization | Trust]) -> TrustUpdate:
        """Replace what the device trusts by a newer trust code.

        A code signed by the next root that the present one names makes that root the pinned one.

        Raises:
            OlderTrustError: When it is older than the present one, or contradicts it.
            CodecError: When it is of another kind, or does not verify on this device; see `read`.
        """
        offered = require_kind(genuine.as_received(code), Trust)
        return self._once(
            lambda view: self._trusted_before(view, offered), lambda view: self._trust(view, offered)
        )

    # --- codes out -----------------------------------------------------------------------------

    def request(
        self, *, mode: Mode = Mode.SPECIFIC, wanted: Iterable[WantedLine] = ()
    ) -> IssuedCode[Request]:
        """Return the request code: the pending one when there is one, else a new one.

        Args:
            mode: Named entitlements, or everything.
            wanted: What the device's configuration needs, for the portal to propose; equal tags are added.

        Raises:
            WrongStateError: While an authorization is installed.
            PendingRequestError: When a request with other content is pending; asking without a wish shows it.
            HardwareChangedError: When the folder was copied here before the first request.
            FieldError: When a code cannot carry what is wanted.
        """
        lines = tuple(wanted)
        return self._once(
            lambda view: self._pending(view, mode, lines), lambda view: self._request(view, mode, lines)
        )

    def cancel(self) -> IssuedCode[Return]:
        """End a pending request and return its return code; once, however often it is asked for.

        Raises:
            WrongStateError: When no request is pending, or its authorization is installed.
        """
        return self._once(
            lambda view: self._returned_before(view, rules.require_cancellable(view.state)),
            lambda view: self._return(view, ReturnReason.CANCELLED),
        )

    def give_back(self, *, reason: ReturnReason = ReturnReason.UNSPECIFIED) -> IssuedCode[Return]:
        """End the reservation, or a pending request, and return its return code; once.

        The device licenses nothing from the moment on at which the code exists.

        Raises:
            WrongStateError: When the device never made a request.
        """
        return self._once(
            lambda view: self._returned_before(view, rules.require_returnable(view.state)),
            lambda view: self._return(view, reason),
        )

    def confirmation(self) -> IssuedCode[Confirmation]:
        """Return the confirmation of the installed authorization.

        Raises:
            WrongStateError: When none is installed.
        """
        state = self._current().state
        if state.live is None or state.live.installed is None:
            raise WrongStateError(
                "No authorization is installed on this device, so there is no confirmation.",
                hint=NEXT_STEPS[state.standing],
            )
        self._folder.settle()
        return IssuedCode(own_confirmation(state, state.live), again=True)

    def short_confirmation(self) -> str:
        """Return the confirmation of the installed authorization in its short form, 24 characters.

        It is worked out anew each time and is always the same; it has no number in the journal, because it is
        not signed.

        Raises:
            WrongStateError: When none is installed.
        """
        self.confirmation()
        state = self._current().state
        return own_short_confirmation(state, self._key(state)).text

    def codes(self) -> Journal:
        """Return every code that the device signed, oldest first."""
        journal = self._current().state.journal
        self._folder.settle()
        return journal

    # --- answers -------------------------------------------------------------------------------

    def status(self) -> Status:
        """Return how the device stands, and what to do next."""
        view = self._current()
        state, last, clock = view.state, view.state.last, self._clock()
        installed = last.installed if last else None
        now = effective_now(clock, view.floor)
        trust = present_trust(state)
        licensed = view.grant is not None and view.match.holds
        return Status(
            standing=state.standing,
            udi=state.udi,
            now=now,
            lines=tuple(reported(line, now.date()) for line in view.grant.lines) if view.grant else (),
            universal=licensed and view.grant is not None and view.grant.is_universal(now.date()),
            licensed=licensed,
            sequence=installed.sequence if installed else None,
            request_id=state.request_id(last) if last else None,
            authorization_id=installed.id if installed else None,
            issued_at=installed.issued_at if installed else None,
            installed_at=installed.installed_at if installed else None,
            trust_serial=trust.serial,
            portal_id=trust.portal_id,
            required_matches=(state.lock.required, len(state.lock.components)),
            clock=clock_notes(clock, view.floor),
            hardware=view.match.notes,
            next_step=NEXT_STEPS[state.standing] if view.grant is None or licensed else ON_OTHER_HARDWARE,
        )

    # --- one verb, once ------------------------------------------------------------------------

    def _once(self, before: Callable[[View], T | None], do: Callable[[View], T]) -> T:
        """Answer what was done before; else do it, alone, unless another process just did."""
        answer = before(self._current())
        if answer is not None:
            self._folder.settle()
            return answer
        with self._folder.locked():
            self._view = view = self._load()
            answer = before(view)
            if answer is None:
                return do(view)
            self._folder.settle()
            return answer

    def _keep(self, state: State) -> None:
        self._folder.write_state(render(state))
        self._view = self._load()

    def _key(self, state: State) -> SigningKey:
        key = self._folder.read_key()
        if key.verifying_key.raw != state.device_key:
            raise KeyFileError(
                "The device key file is not the key of this device: it belongs to another device folder.",
                hint="Restore the whole folder from one backup; state and key belong together.",
            )
        return key

    # --- what each verb does -------------------------------------------------------------------

    def _pending(self, view: View, mode: Mode, wanted: tuple[WantedLine, ...]) -> IssuedCode[Request] | None:
        state = view.state
        rules.require_unreserved(state)
        if state.live is None:
            return None
        pending = own_request(state, state.live)
        rules.require_same_wish(pending.value, Catalogue(state.catalogue), mode, wanted)
        return IssuedCode(pending, again=True)

    def _request(self, view: View, mode: Mode, wanted: tuple[WantedLine, ...]) -> IssuedCode[Request]:
        state = view.state
        rules.require_initial_hardware(state, view.match)
        # A new salt for each request: what a carrier sees of one says nothing about the next.
        lock = make_lock(view.facts, self._random(SALT_BYTES), state.matches_asked)
        now = effective_now(self._clock(), view.floor)
        code = sign_request(rules.request_value(state, lock, mode, wanted, now), self._key(state))
        self._keep(rules.after_request(state, lock, code))
        return IssuedCode(code)

    def _installed_before(self, view: View, offered: UnverifiedCode[Authorization]) -> Installation | None:
        state = view.state
        found = genuine.addressed(state, offered)
        portal_id = present_trust(state).portal_id
        if not rules.require_installable(state, found, portal_id, view.match):
            return None
        return self._installation(view, found, own_confirmation(state, found.reservation), again=True)

    def _install(self, view: View, offered: UnverifiedCode[Authorization]) -> Installation:
        state = view.state
        found = genuine.addressed(state, offered)
        confirmation = sign_confirmation(
            rules.confirmation_value(state, found),
            self._key(state),
            request_id=state.request_id(found.reservation),
            authorization_id=found.code.id,
        )
        answer = self._installation(view, found, confirmation, again=False)
        now = effective_now(self._clock(), found.code.value.issued_at)
        portal_id = present_trust(state).portal_id
        self._keep(rules.after_install(state, found, portal_id, confirmation, now))
        return answer

    def _installation(
        self, view: View, found: genuine.Addressed, confirmation: VerifiedCode[Confirmation], *, again: bool
    ) -> Installation:
        request = own_request(view.state, found.reservation)
        lines = Catalogue(view.state.catalogue).spell_lines(found.code.value.lines, request.value.catalogue)
        clock, issued_at = self._clock(), found.code.value.issued_at
        notes = (
            *rules.date_notes(lines, effective_now(clock, issued_at).date()),
            *clock_notes(clock, issued_at),
            *view.match.notes,
        )
        return Installation(confirmation, lines, notes, again)

    def _trusted_before(self, view: View, offered: UnverifiedCode[Trust]) -> TrustUpdate | None:
        code, _ = genuine.verified_trust(view.state, offered)
        if rules.require_newer_trust(present_trust(view.state), code.value):
            return TrustUpdate(code.value, again=True)
        return None

    def _trust(self, view: View, offered: UnverifiedCode[Trust]) -> TrustUpdate:
        code, root = genuine.verified_trust(view.state, offered)
        self._keep(rules.after_trust(view.state, code, root))
        return TrustUpdate(code.value, rules.trust_notes(view.state, code.value))

    def _returned_before(self, view: View, reservation: Reservation) -> IssuedCode[Return] | None:
        if reservation.returned is None:
            return None
        return IssuedCode(own_return(view.state, reservation), again=True)

    def _return(self, view: View, reason: ReturnReason) -> IssuedCode[Return]:
        state = view.state
        reservation = rules.require_returnable(state)
        now = effective_now(self._clock(), view.floor)
        code = sign_return(
            rules.return_value(state, reservation, reason, view.match),
            self._key(state),
            request_id=state.request_id(reservation),
        )
        self._keep(rules.after_return(state, reservation, code, now))
        return IssuedCode(code)
