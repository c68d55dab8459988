"""The errors of the reservation layer, for both halves.

Same form as ``codec.errors``: a stable ``code`` for scripts, a ``message`` (what happened and why) and a
``hint`` (what to do next). The four families below decide the exit code of the command line; subclasses
name the rule that refused.
"""

from typing import ClassVar

from codec.errors import NotGenuineError


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


class TrustFileError(SetupError):
    """A trust file that is none, or whose parts do not fit each other."""

    code = "trust-file"


class WrongStateError(RuleError):
    """A command that the present state does not allow; the hint names the one that it does."""

    code = "wrong-state"


class PendingRequestError(RuleError):
    """A request with other content, while one is pending."""

    code = "request-pending"


class TombstoneError(RuleError):
    """An authorization for a request that this device has returned or cancelled: refused for ever."""

    code = "already-returned"


class OlderSequenceError(RuleError):
    """An authorization that an update, installed already, has replaced."""

    code = "older-sequence"


class SequenceConflictError(OlderSequenceError):
    """An authorization with the sequence of the installed one, and other content."""

    code = "sequence-conflict"


class OtherPortalError(NotHereError):
    """An authorization by another portal than the one of the first install."""

    code = "other-portal"


class HardwareChangedError(RuleError):
    """Too few hardware components are those that the request was made with."""

    code = "hardware-changed"


class OlderTrustError(RuleError):
    """A trust code that a newer one has replaced, or that contradicts the present one."""

    code = "older-trust"


class OtherDeviceError(NotGenuineError):
    """An authorization that was made for another device, or for a request that is not of this device."""

    code = "other-device"


class NotInitialisedError(SetupError):
    """A folder that holds no device state."""

    code = "not-initialised"


class AlreadyInitialisedError(RuleError):
    """A folder that holds a device already."""

    code = "already-initialised"


class KeyFileError(SetupError):
    """A key file that is missing, damaged, too open, or not the one that belongs here."""

    code = "key-file"


class StorageError(SetupError):
    """A file that cannot be read or written: no space, no permission, a read-only disk."""

    code = "storage"


class NewerStateError(StateDamagedError):
    """State that a newer version wrote."""

    code = "newer-state"
