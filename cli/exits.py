"""Exit codes: one table from errors to what a script sees.

Every class of error of every package stands in `EXIT_OF` by itself, and not through its base, so that the
exit code of a new one is a decision and not an accident (a test compares the table with the classes).
"""

from cli import errors as cli_errors
from cli.exit_codes import (
    BUSY,
    DAMAGED,
    NOT_GENUINE,
    NOT_PERMITTED,
    REFUSED,
    UNREADABLE,
    USAGE,
)
from codec import errors as codec_errors
from codec.parity import UncorrectableError
from reservation import errors as reservation_errors
from reservation import ordererrors as order_errors

EXIT_OF: dict[type[Exception], int] = {
    # the codes
    codec_errors.CodecError: UNREADABLE,
    codec_errors.MalformedCodeError: UNREADABLE,
    UncorrectableError: UNREADABLE,
    codec_errors.NewerVersionError: UNREADABLE,
    codec_errors.CatalogueError: UNREADABLE,
    codec_errors.QrError: UNREADABLE,
    codec_errors.FramesMissingError: UNREADABLE,
    codec_errors.FramesDisagreeError: UNREADABLE,
    codec_errors.FieldError: USAGE,
    codec_errors.WrongKindError: NOT_GENUINE,
    codec_errors.NotGenuineError: NOT_GENUINE,
    codec_errors.UnknownIssuerError: NOT_GENUINE,
    codec_errors.RevokedIssuerError: NOT_GENUINE,
    codec_errors.KeyRejectedError: NOT_GENUINE,
    # both halves
    reservation_errors.ReservationError: REFUSED,
    reservation_errors.RuleError: REFUSED,
    reservation_errors.NotHereError: NOT_GENUINE,
    reservation_errors.PermissionDeniedError: NOT_PERMITTED,
    reservation_errors.UnknownUserError: NOT_PERMITTED,
    reservation_errors.PassphraseError: NOT_PERMITTED,
    reservation_errors.StateDamagedError: DAMAGED,
    reservation_errors.NewerStateError: DAMAGED,
    reservation_errors.NotABackupError: DAMAGED,
    reservation_errors.BusyError: BUSY,
    reservation_errors.DatabaseReplacedError: BUSY,
    reservation_errors.SetupError: USAGE,
    reservation_errors.MissingExtraError: USAGE,
    reservation_errors.TrustFileError: NOT_GENUINE,
    order_errors.OrderFileError: USAGE,
    reservation_errors.KeyFileError: DAMAGED,
    reservation_errors.StorageError: DAMAGED,
    # the device
    reservation_errors.NotInitialisedError: REFUSED,
    reservation_errors.AlreadyInitialisedError: REFUSED,
    reservation_errors.WrongStateError: REFUSED,
    reservation_errors.PendingRequestError: REFUSED,
    reservation_errors.TombstoneError: REFUSED,
    reservation_errors.OlderSequenceError: REFUSED,
    reservation_errors.SequenceConflictError: REFUSED,
    reservation_errors.HardwareChangedError: REFUSED,
    reservation_errors.OlderTrustError: REFUSED,
    reservation_errors.OtherPortalError: NOT_GENUINE,
    reservation_errors.OtherDeviceError: NOT_GENUINE,
    # the portal
    reservation_errors.NoPortalError: REFUSED,
    reservation_errors.InsufficientError: REFUSED,
    reservation_errors.OtherLinesError: REFUSED,
    reservation_errors.ReservationClosedError: REFUSED,
    reservation_errors.OpenReservationError: REFUSED,
    reservation_errors.MatchTooLowError: REFUSED,
    reservation_errors.UnknownCatalogueError: REFUSED,
    reservation_errors.UniversalRequestError: REFUSED,
    reservation_errors.IssuerNotValidError: REFUSED,
    reservation_errors.NothingWantedError: REFUSED,
    reservation_errors.RequestNotReservedError: REFUSED,
    reservation_errors.MissingAuthorizationError: REFUSED,
    reservation_errors.WrongShortError: NOT_GENUINE,
    reservation_errors.ShortLockedError: REFUSED,
    reservation_errors.OtherIssuerError: REFUSED,
    reservation_errors.ReplacedIssuerError: BUSY,
    reservation_errors.CertifyError: REFUSED,
    reservation_errors.OtherRootError: NOT_GENUINE,
    reservation_errors.UnknownNameError: REFUSED,
    reservation_errors.NameTakenError: REFUSED,
    reservation_errors.AlreadyThereError: REFUSED,
    order_errors.AlreadyImportedError: REFUSED,
    reservation_errors.PendingDecisionError: REFUSED,
    reservation_errors.NothingPendingError: REFUSED,
    reservation_errors.SamePersonError: NOT_PERMITTED,
    reservation_errors.ChangedSinceError: REFUSED,
    reservation_errors.RehostQuotaError: REFUSED,
    reservation_errors.NotEmptyError: REFUSED,
    reservation_errors.QuarantinedError: REFUSED,
    reservation_errors.NoCheckpointError: REFUSED,
    reservation_errors.OtherCheckpointError: USAGE,
    reservation_errors.UnreconciledError: REFUSED,
    reservation_errors.TooManyKeptError: REFUSED,
    reservation_errors.LastAdministratorError: REFUSED,
    reservation_errors.AgreementError: REFUSED,
    reservation_errors.UnknownRequestError: NOT_GENUINE,
    reservation_errors.UnsafeDatabaseError: DAMAGED,
    reservation_errors.DatabaseAwayError: BUSY,
    reservation_errors.CommitLostError: BUSY,
    reservation_errors.DoneOrNotError: DAMAGED,  # not BUSY, since scripts run again what was busy
    reservation_errors.DatabaseRefusedError: NOT_PERMITTED,
    reservation_errors.ConstraintBrokenError: DAMAGED,
    reservation_errors.LogFormatError: UNREADABLE,
    reservation_errors.NoteNotGenuineError: NOT_GENUINE,
    reservation_errors.LogChangedError: DAMAGED,
    reservation_errors.NotSignedYetError: REFUSED,
    # the command line
    cli_errors.CommandError: REFUSED,
    cli_errors.UsageMistakeError: USAGE,
    cli_errors.RepairRefusedError: UNREADABLE,
    cli_errors.NothingSeenError: UNREADABLE,
    cli_errors.DeclinedError: REFUSED,
    cli_errors.OutputError: DAMAGED,
    cli_errors.DemoError: REFUSED,
}


def exit_code_of(error: Exception) -> int:
    """Return the exit code for an error; that of its nearest base when a table entry is missing."""
    return next((EXIT_OF[kind] for kind in type(error).__mro__ if kind in EXIT_OF), REFUSED)
