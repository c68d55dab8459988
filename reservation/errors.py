"""The errors of the reservation layer, for both halves.

Same form as ``codec.errors``: a stable ``code`` for scripts, a ``message`` (what happened and why) and a
``hint`` (what to do next). The four families below decide the exit code of the command line; subclasses
name the rule that refused.
"""

from typing import ClassVar


class ReservationError(Exception):
    """Base of every error that this package raises.

    Attributes:
        code: Stable, kebab-case name of the failure.
        message: What happened and why, in a sentence.
        hint: What to do next; may be empty.
    """

    code: ClassVar[str] = "reservation"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RuleError(ReservationError):
    """A rule refused: no stock, wrong state, already returned, …"""

    code = "refused"


class NotHereError(ReservationError):
    """A genuine code that is not meant for this device or this portal."""

    code = "not-here"


class PermissionDeniedError(ReservationError):
    """The acting user may not do this."""

    code = "not-permitted"


class StateDamagedError(ReservationError):
    """Stored state that cannot be read, or is not what it claims to be."""

    code = "state-damaged"


class BusyError(ReservationError):
    """Another process holds what this one needs; trying again will do."""

    code = "busy"


class SetupError(ReservationError):
    """Something that a command needs is missing or unusable: a folder, a key, a setting."""

    code = "setup"
