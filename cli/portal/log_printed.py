"""What slips and reports say of the portal's log, so that paper shows later what a database has forgotten."""

from typing import TYPE_CHECKING, NamedTuple

from cli.values import moment

if TYPE_CHECKING:
    from reservation.checkpoint import Checkpoint
    from reservation.log import SignedHead
    from reservation.service.context import Portal


class LogEnd(NamedTuple):
    """Where the log of a portal stands.

    Attributes:
        checkpoint: What is kept beside the issuer's key: everything, up to now.
        signed: The newest signed checkpoint; None: none was ever signed.
        is_vouched_for: Whether a checkpoint on this machine says that the database is the newest.
    """

    checkpoint: "Checkpoint"
    signed: "SignedHead | None"
    is_vouched_for: bool


def log_end_of(portal: "Portal") -> LogEnd:
    """Return where the log of a portal stands now."""
    from reservation.service.log import latest_checkpoint
    from reservation.service.watching import checkpoint_of

    return LogEnd(checkpoint_of(portal), latest_checkpoint(portal), portal.is_vouched_for)


def log_pairs(end: LogEnd) -> tuple[tuple[str, str], ...]:
    """Return labels and values for a page."""
    checkpoint, signed, _ = end
    events = f"{checkpoint.events:,} events in epoch {checkpoint.epoch}, {moment(checkpoint.at)}{_doubt(end)}"
    pairs = (("Log of the portal", events), ("Hash of the log", _word(checkpoint)))
    return (*pairs, ("Signed", f"{_signed_word(signed)} {moment(signed.at)}")) if signed else pairs


def log_lines(end: LogEnd) -> tuple[str, ...]:
    """Return the last lines of a report."""
    checkpoint, signed, _ = end
    line = f"Log: {_word(checkpoint)} in epoch {checkpoint.epoch}, {moment(checkpoint.at)}{_doubt(end)}"
    return (line, f"Signed: {_signed_word(signed)} {moment(signed.at)}") if signed else (line,)


def log_record(end: LogEnd) -> dict[str, object]:
    """Return the same for scripts."""
    checkpoint, signed, is_vouched_for = end
    return {
        "portal_id": checkpoint.portal_id,
        "epoch": checkpoint.epoch,
        "events": checkpoint.events,
        "hash": checkpoint.hash,
        "at": checkpoint.at,
        "printed": _word(checkpoint),
        "is_newest": True if is_vouched_for else None,
        "signed": None
        if signed is None
        else {
            "size": signed.size,
            "root": signed.root,
            "at": signed.at,
            "printed": _signed_word(signed),
            "note": signed.note,
        },
    }


def _doubt(end: LogEnd) -> str:
    return "" if end.is_vouched_for else "; nothing here tells whether this database is the newest"


def _word(checkpoint: "Checkpoint") -> str:
    from reservation.printed import Printed

    return Printed(checkpoint.events, checkpoint.hash, is_root=False).text


def _signed_word(signed: "SignedHead") -> str:
    from reservation.printed import Printed

    return Printed(signed.size, signed.root, is_root=True).text
