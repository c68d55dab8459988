"""What a device answers: values for a command line, or for a product that embeds the device.

Answers about single entitlements are in `reservation.device.checking`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Generic, TypeVar

from codec.codes import Code, Confirmation, Line, Sequence, Trust, Udi
from codec.envelope import VerifiedCode
from reservation.device.state import Standing

V_co = TypeVar("V_co", bound=Code, covariant=True)

NEXT_STEPS = {
    Standing.UNREGISTERED: "Make a request: tallystick device request",
    Standing.REQUESTED: "Carry the request code to the portal (tallystick device request shows it again), "
    "then install the authorization: tallystick device install CODE",
    Standing.RESERVED: "Carry the confirmation code to the portal if that is not done (tallystick device "
    "confirmation shows it again).",
    Standing.RETURNED: "Carry the return code to the portal if that is not done (tallystick device return "
    "shows it again). To use this device again: tallystick device request",
}
ON_OTHER_HARDWARE = (
    "Nothing is licensed on this hardware. If this folder was copied here, initialise this machine as a "
    "device of its own (tallystick device init). If the machine was repaired, give the reservation back "
    "(tallystick device return), and request it again: tallystick device request"
)
"""What to do where an authorization is installed for other hardware."""


class LineStanding(Enum):
    """Where a day lies in a line's term."""

    IN_FORCE = "in force"
    NOT_BEGUN = "not begun"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """A line as of a day.

    Attributes:
        line: With its tag spelled.
        standing: In force, not begun or ended.
        days_left: Days from this one to its last; 0 when it has ended; None for a perpetual line.
    """

    line: Line
    standing: LineStanding
    days_left: int | None


def reported(line: Line, day: date) -> ReportedLine:
    """Return a line as of a UTC day."""
    if line.term is None:
        return ReportedLine(line, LineStanding.IN_FORCE, None)
    days_left = max(0, (line.term.end - day).days)
    if day < line.term.start:
        return ReportedLine(line, LineStanding.NOT_BEGUN, days_left)
    if day > line.term.end:
        return ReportedLine(line, LineStanding.ENDED, 0)
    return ReportedLine(line, LineStanding.IN_FORCE, days_left)


@dataclass(frozen=True, slots=True)
class IssuedCode(Generic[V_co]):
    """A code that the device signed. ``again``: it was signed before, and nothing was changed."""

    code: VerifiedCode[V_co]
    again: bool = False

    @property
    def text(self) -> str:
        """The code as one unbroken string."""
        return self.code.text


@dataclass(frozen=True, slots=True)
class Installation:
    """An installed authorization.

    Attributes:
        code: Its confirmation.
        lines: What it grants, tags spelled.
        notes: What deserves attention, in sentences.
        again: It was installed before, and nothing was changed.
    """

    code: VerifiedCode[Confirmation]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    again: bool = False

    @property
    def confirmation(self) -> str:
        """The confirmation code as one unbroken string."""
        return self.code.text


@dataclass(frozen=True, slots=True)
class TrustUpdate:
    """A trust code that took effect. ``again``: it had before, and nothing was changed."""

    trust: Trust
    notes: tuple[str, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """How a device stands.

    Attributes:
        standing: unregistered, requested, reserved or returned.
        udi: What the device is called.
        now: The effective time.
        lines: Those of the installed authorization, as of now.
        universal: Whether everything is licensed now.
        sequence: The newest one installed for the newest reservation; None when none was.
        request_id: id(Q) of the newest reservation, 32 bytes; None before the first.
        authorization_id: id(A) of the newest authorization of that reservation, 32 bytes.
        issued_at: When the portal issued it.
        installed_at: When it was installed.
        trust_serial: Serial of the newest trust code.
        portal_id: The portal that the device trusts, 8 bytes.
        required_matches: How many hardware components must match, of how many.
        clock: What is wrong with the clock, in sentences.
        hardware: What differs from the hardware that the reservation is bound to, in sentences.
        licensed: Whether the lines in force count: an authorization is installed, and the hardware holds.
        next_step: What to do next.
    """

    standing: Standing
    udi: Udi
    now: datetime
    lines: tuple[ReportedLine, ...]
    universal: bool
    sequence: Sequence | None
    request_id: bytes | None
    authorization_id: bytes | None
    issued_at: datetime | None
    installed_at: datetime | None
    trust_serial: int
    portal_id: bytes
    required_matches: tuple[int, int]
    clock: tuple[str, ...]
    hardware: tuple[str, ...]
    licensed: bool
    next_step: str
