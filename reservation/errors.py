"""The errors of the reservation layer, for both halves.

Same form as ``codec.errors``: a stable ``code`` for scripts, a ``message`` (what happened and why) and a
``hint`` (what to do next). The four families below decide the exit code of the command line; subclasses
name the rule that refused.
"""

from dataclasses import dataclass
from typing import ClassVar

from codec.errors import CodecError, NotGenuineError


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


class UnknownUserError(PermissionDeniedError):
    """The acting user has no role in this Smart Account."""

    code = "unknown-user"


class PassphraseError(PermissionDeniedError):
    """A user's own passphrase that is wrong, or is needed and was not given."""

    code = "own-passphrase"


class StateDamagedError(ReservationError):
    """Stored state that cannot be read, or is not what it claims to be."""

    code = "state-damaged"


class BusyError(ReservationError):
    """Another process holds what this one needs; trying again will do."""

    code = "busy"


class DatabaseReplacedError(BusyError):
    """The file of a database was replaced by another one while it was open."""

    code = "database-replaced"


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


@dataclass(frozen=True, slots=True)
class Shortage:
    """Of what there was too little.

    Attributes:
        tag: The entitlement.
        wanted: The count that was asked for.
        needed: How many of it would have had to be available.
    """

    tag: str
    wanted: int
    needed: int


class InsufficientError(RuleError):
    """Fewer licences than asked for."""

    code = "insufficient"

    def __init__(self, message: str, *, hint: str = "", shortage: Shortage | None = None) -> None:
        super().__init__(message, hint=hint)
        self.shortage = shortage


class OtherLinesError(RuleError):
    """A request that is reserved already, with other lines; `update` changes them."""

    code = "other-lines"


class ReservationClosedError(RuleError):
    """A reservation that was returned, cancelled or written off: it never yields a code again."""

    code = "reservation-closed"


class OpenReservationError(RuleError):
    """A second request by a device whose first reservation is still open.

    Attributes:
        other_key: The reservation, when another key signed for it.
    """

    code = "open-reservation"

    def __init__(self, message: str, *, hint: str = "", other_key: bytes | None = None) -> None:
        super().__init__(message, hint=hint)
        self.other_key = other_key


class MatchTooLowError(RuleError):
    """A request whose hardware sketch asks for fewer matches than the product's minimum."""

    code = "match-too-low"


class UnknownCatalogueError(RuleError):
    """A request that numbers its entitlements by a catalogue which the portal does not have."""

    code = "unknown-catalogue"


class NothingWantedError(RuleError):
    """Nothing is asked for, or nothing would be left."""

    code = "nothing-wanted"


class RequestNotReservedError(RuleError):
    """A request given to `accept`, which takes what devices answer; `reserve` takes requests."""

    code = "request-not-reserved"


class MissingAuthorizationError(RuleError, CodecError):
    """A confirmation of an authorization that the portal's books do not hold.

    Raised while a code is read, so it is an error of reading too: repair is tried before it stands.
    """

    code = "missing-authorization"


class UnknownRequestError(NotHereError, CodecError):
    """A confirmation or a return for a request that this portal never saw.

    Raised while a code is read, so it is an error of reading too: repair is tried before it stands.
    """

    code = "unknown-request"


class WrongShortError(NotGenuineError):
    """A short confirmation that fits no authorization which it could be for: it counts as a wrong try."""

    code = "short-wrong"


class ShortLockedError(RuleError):
    """A short confirmation for a reservation that takes none any more, after too many wrong ones."""

    code = "short-locked"


class OtherIssuerError(RuleError):
    """A short confirmation of an authorization that another key signed than the one at hand."""

    code = "other-issuer"


class CertifyError(RuleError):
    """A trust code that a root must not sign, or should not."""

    code = "certify"


class OtherRootError(NotHereError):
    """A root that did not sign the trust code which its own is to follow, and is not named in it."""

    code = "other-root"


class ReplacedIssuerError(BusyError):
    """A key that was the issuer's when it was opened, and is not any more."""

    code = "issuer-replaced"


class UnknownNameError(RuleError):
    """A reservation, Virtual Account, lot or product that does not exist."""

    code = "unknown-name"


def no_such_page() -> UnknownNameError:
    """Return the refusal of a page that no list named."""
    return UnknownNameError("There is no such page.", hint="Give what the page before named as the next one.")


class NameTakenError(RuleError):
    """A name that something else has already."""

    code = "name-taken"


class AlreadyThereError(RuleError):
    """A portal, a key file or a folder that would be overwritten."""

    code = "already-there"


class NotABackupError(SetupError):
    """A file that should be a backup of a portal's database, and is none, or a damaged one."""

    code = "not-a-backup"


class MissingExtraError(SetupError):
    """A package of an optional extra is not installed; the hint names the extra."""

    code = "missing-extra"


class NoPortalError(SetupError):
    """A place that holds no portal."""

    code = "no-portal"


class UnsafeDatabaseError(SetupError):
    """A database engine, or a setting of it, with which acknowledged work could be lost."""

    code = "unsafe-database"


class DatabaseAwayError(ReservationError):
    """A database server that does not answer, or went away in the middle of something."""

    code = "database-away"


class CommitLostError(DatabaseAwayError):
    """A database server that went away during a commit: it was kept or not. The same command tells."""

    code = "commit-lost"


class DoneOrNotError(ReservationError):
    """A lost commit of something that would be done a second time by the same command."""

    code = "done-or-not"


class DatabaseRefusedError(PermissionDeniedError):
    """A database server that lets nobody in by that name and password, or not do what must be done."""

    code = "database-refused"


class ConstraintBrokenError(StateDamagedError):
    """A change that the database refused because the books would no longer be right."""

    code = "constraint-broken"


class UniversalRequestError(RuleError):
    """A universal request with named entitlements, or a specific one with another product's universal one."""

    code = "universal-request"


class IssuerNotValidError(RuleError):
    """An authorization that devices would refuse, because the issuer's key is not valid on this day."""

    code = "issuer-not-valid"


class PendingDecisionError(RuleError):
    """A proposal about a reservation about which another one waits for a second person."""

    code = "decision-pending"


class NothingPendingError(RuleError):
    """An approval where nothing waits for one."""

    code = "nothing-pending"


class SamePersonError(PermissionDeniedError):
    """An approval by the person who proposed."""

    code = "same-person"


class ChangedSinceError(RuleError):
    """An approval of a proposal that something has happened since."""

    code = "changed-since"


class RehostQuotaError(RuleError):
    """A rehost above the account's quota."""

    code = "rehost-quota"


class NotEmptyError(RuleError):
    """A Virtual Account that would be removed while something is in it."""

    code = "not-empty"


class TooManyKeptError(RuleError):
    """A code that would be kept unverified, where as many are kept as there may be."""

    code = "too-many-kept"


class QuarantinedError(RuleError):
    """Something that a portal does not do while nobody knows what its restored database has forgotten."""

    code = "quarantined"


class NoCheckpointError(RuleError):
    """Something that a portal does not do where no checkpoint tells whether its database is the newest."""

    code = "no-checkpoint"


class OtherCheckpointError(SetupError):
    """A checkpoint that belongs to another portal than the database."""

    code = "other-checkpoint"


class UnreconciledError(RuleError):
    """The end of a quarantine while something is known to be forgotten, and not rebuilt."""

    code = "unreconciled"


class LastAdministratorError(RuleError):
    """A Smart Account that would be left without an administrator."""

    code = "last-administrator"


class AgreementError(RuleError):
    """Licences that are given out while an agreement waits for its acceptance."""

    code = "agreement-not-accepted"


class LogFormatError(ReservationError):
    """A signed note, or an export of the log, that cannot be read."""

    code = "log-format"


class NoteNotGenuineError(NotHereError):
    """A note that is signed by nobody known, or is of another log."""

    code = "note-not-genuine"


class LogChangedError(StateDamagedError):
    """A log that is not what it was: an event was changed, deleted, inserted or put elsewhere."""

    code = "log-changed"


class NotSignedYetError(RuleError):
    """A proof about events that no signed checkpoint covers yet."""

    code = "not-signed-yet"
