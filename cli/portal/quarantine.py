"""The command for a database that was copied back: what was noticed, and how the quarantine ends."""

from typing import TYPE_CHECKING

from cli.command import command, option, with_session
from cli.errors import UsageMistakeError
from cli.plain import safe
from cli.portal.books import on_portal_beside
from cli.portal.proving import own_passphrase_option, proved
from cli.screen import labelled, table
from cli.session import Report, Session
from cli.values import moment, sequence_record

if TYPE_CHECKING:
    from pathlib import Path

    from reservation.checkpoint import Restore
    from reservation.service.context import Portal
    from reservation.service.restoring import Ending, Outlook

_APPROVE = "A second person ends it: tallystick portal quarantine --approve"
_REASONED = ("begin", "adopt", "end")


@command(
    "quarantine",
    example="tallystick portal quarantine",
    exits="""
    0 done
    1 there is no quarantine; or nothing waits, or something does that must be rebuilt first
    2 more than one thing to do was named, or the reason is missing
    5 the person who proposed to end it is who approves, or has a passphrase that was not given or is wrong
    """,
)
@option("--begin", is_flag=True, help="The database was copied back: begin a quarantine.")
@option("--adopt", is_flag=True, help="No checkpoint is here, and the database is the one used last.")
@option("--end", is_flag=True, help="Propose to end the quarantine.")
@option("--approve", is_flag=True, help="End it, as somebody else proposed.")
@option("--reject", is_flag=True, help="Take the proposal back; its proposer may do that too.")
@option("--reason", metavar="TEXT", default="", help="Why, in a sentence; with --begin, --adopt and --end.")
@own_passphrase_option
@on_portal_beside
@with_session
def quarantine(
    session: Session,
    portal: "Portal",
    folder: "Path",
    begin: bool,
    adopt: bool,
    end: bool,
    approve: bool,
    reject: bool,
    reason: str,
    own_passphrase_file: str | None,
) -> Report:
    """Show and decide what follows when the database was copied back.

    A checkpoint beside the issuer's key says how many events there were, with a hash over them. A database
    that does not extend it has forgotten something: the portal is then in quarantine, and issues nothing.
    What devices answer is accepted, and so are requests and authorizations that were forgotten: bring what
    you have, in any order (`accept`), and enter again what was bought. Then one person proposes to end the
    quarantine, and another one does. What is issued afterwards comes after everything that was forgotten.

    Without an option, it shows what was noticed, what is known to be forgotten, and what was rebuilt.
    """
    chosen = [
        name
        for name, wanted in (
            ("begin", begin),
            ("adopt", adopt),
            ("end", end),
            ("approve", approve),
            ("reject", reject),
        )
        if wanted
    ]
    _require_sense(chosen, reason)
    if chosen in (["begin"], ["adopt"]):
        return _say_what_it_is(portal, folder, chosen[0], reason)
    if chosen:
        if chosen == ["approve"]:
            portal = proved(session, portal, own_passphrase_file)
        return _decide(portal, chosen[0], reason)
    return _show(portal)


def _require_sense(chosen: list[str], reason: str) -> None:
    if len(chosen) > 1:
        raise UsageMistakeError(
            f"--{chosen[0]} and --{chosen[1]} exclude each other.", hint="Do one after the other."
        )
    wants_reason = bool(chosen) and chosen[0] in _REASONED
    if wants_reason and not reason:
        raise UsageMistakeError(f"--{chosen[0]} needs a reason.", hint="Add --reason TEXT.")
    if reason and not wants_reason:
        raise UsageMistakeError(
            "A reason belongs to --begin, --adopt or --end.", hint="Name one of them, or leave --reason out."
        )


def _say_what_it_is(portal: "Portal", folder: "Path", what: str, reason: str) -> Report:
    """Begin a quarantine, or take the database for the newest; either way there is a checkpoint then."""
    from reservation.bootstrap import begin_checkpoint
    from reservation.service.restoring import adopt, begin_quarantine

    if what == "begin":
        restore = begin_quarantine(portal, reason=reason)
        begin_checkpoint(portal, folder)
        return Report(
            {"in_quarantine": True, "restore": _restore_record(restore)},
            text=f"This portal is in quarantine since {moment(restore.at)}: it issues nothing.",
            next_step="Bring the codes that were forgotten: tallystick portal accept",
        )
    if portal.is_vouched_for:
        return Report(
            {"adopted": False}, text="Nothing to do: the checkpoint says that this database is the newest."
        )
    adopt(portal, reason=reason)
    begin_checkpoint(portal, folder)
    return Report(
        {"adopted": True}, text="This database is taken for the newest, and a checkpoint is kept from now on."
    )


def _decide(portal: "Portal", what: str, reason: str) -> Report:
    from reservation.service.restoring import approve_end, propose_end, reject_end

    if what == "end":
        proposed = propose_end(portal, reason=reason)
        before = "Proposed before" if proposed.again else "Proposed"
        return Report(
            _ending_record(proposed),
            text=f"{before}: end the quarantine. {safe(reason)}",
            says=("What nobody has brought may still be in use, and its licences can be given out again.",),
            next_step=_APPROVE,
        )
    if what == "reject":
        return Report(_ending_record(reject_end(portal)), text="Taken back: the quarantine goes on.")
    ended = approve_end(portal)
    when = "It was ended before" if ended.again else "The quarantine is ended"
    return Report(
        _ending_record(ended),
        text=f"{when}, by {safe(ended.restore.ended_by)}, as {safe(ended.restore.proposed_by)} proposed.",
    )


def _ending_record(ending: "Ending") -> dict[str, object]:
    restore = ending.restore
    return {
        "in_quarantine": restore.lasts,
        "restore": _restore_record(restore),
        "authenticated": ending.is_authenticated,
        "again": ending.again,
    }


def _restore_record(restore: "Restore") -> dict[str, object]:
    expected = restore.expected
    return {
        "at": restore.at,
        "by": restore.actor,
        "found_events": restore.found_events,
        "found_at": restore.found_at,
        "expected_events": expected.events if expected else None,
        "expected_at": expected.at if expected else None,
        "lost_events": restore.lost_events if expected else None,
        "reason": restore.reason or None,
        "proposed_by": restore.proposed_by,
        "end_reason": restore.end_reason or None,
        "ended_by": restore.ended_by,
    }


# --- showing -----------------------------------------------------------------------------------


def _show(portal: "Portal") -> Report:
    from reservation.service.restoring import show_quarantine

    outlook = show_quarantine(portal)
    parts = [_heading(outlook), *_noticed(outlook), _untold(outlook), _forgotten(outlook), _rebuilt(outlook)]
    return Report(
        _outlook_record(outlook), text="\n\n".join(filter(None, parts)), next_step=_next_step(outlook)
    )


def _heading(outlook: "Outlook") -> str:
    checkpoint = outlook.checkpoint
    lasting = outlook.lasting
    standing = f"since {moment(lasting[0].at)}" if lasting else "no"
    kept = "kept here" if outlook.is_vouched_for else "none on this machine: nothing is issued"
    return labelled(
        [
            ("Quarantine", standing),
            ("Epoch", checkpoint.epoch),
            ("Events", f"{checkpoint.events:,}"),
            ("Hash", checkpoint.hash.hex()),
            ("Checkpoint", kept),
        ]
    )


def _noticed(outlook: "Outlook") -> list[str]:
    from reservation.quarantine import lost

    lines = [f"{moment(one.at)}, {safe(one.actor)}: {safe(lost(one))}." for one in outlook.lasting]
    return ["What was noticed\n" + "\n".join(f"  {line}" for line in lines)] if lines else []


def _untold(outlook: "Outlook") -> str:
    if outlook.can_be_told:
        return ""
    return (
        "What cannot be known here\n"
        f"  Whether anything happened after the newest event, {moment(outlook.newest_at)}, and how much: no "
        "checkpoint says so.\n"
        "  Licences may be out that these books do not have. Returns, orders and changes of users may be "
        "missing.\n"
        "  Paper may tell: what a slip or a report says of the log is compared by `tallystick portal log "
        "verify`."
    )


_KINDS = {"Q": "request", "A": "authorization", "C": "confirmation"}


def _forgotten(outlook: "Outlook") -> str:
    from reservation.model import name_of

    proved = [f"{safe(one.reason)}" for one in outlook.blocked]
    kept = [
        f"{_KINDS[one.kind.value]} for request {_hinted(one.hint)}, brought on {moment(one.at)} by "
        f"{safe(one.actor)}: another code is missing"
        for one in outlook.waiting
    ]
    ahead = [
        f"{name_of(reservation_id)} returned after authorization {sequence}, which is not in the books"
        for reservation_id, sequence in outlook.ahead
    ]
    lines = [*proved, *kept, *ahead]
    return "Known to be forgotten\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def _hinted(hint: bytes) -> str:
    """Return as much of a reservation's name as a hint says."""
    from reservation.model import name_of

    return name_of(hint.ljust(5, bytes(1)))[: 8 * len(hint) // 5] + "…"


def _rebuilt(outlook: "Outlook") -> str:
    from reservation.model import name_of

    rows = [
        (
            name_of(event.reservation_id or b""),
            event.subject,
            (event.detail or {}).get("sequence", ""),
            moment(event.at),
            event.actor,
        )
        for event in outlook.rebuilt
    ]
    return table(("REBUILT", "DEVICE", "SEQUENCE", "WHEN", "BY"), rows) if rows else ""


def _next_step(outlook: "Outlook") -> str:
    if outlook.lasting:
        proposer = outlook.lasting[-1].proposed_by
        return _APPROVE if proposer else "Bring what was forgotten: tallystick portal accept"
    if not outlook.is_vouched_for:
        return (
            "Say what this database is: tallystick portal quarantine --begin --reason REASON, or --adopt in "
            "place of --begin"
        )
    return ""


def _outlook_record(outlook: "Outlook") -> dict[str, object]:
    from reservation.model import name_of

    return {
        "in_quarantine": bool(outlook.lasting),
        "checkpoint_kept": outlook.is_vouched_for,
        "can_be_told": outlook.can_be_told,
        "epoch": outlook.checkpoint.epoch,
        "events": outlook.checkpoint.events,
        "hash": outlook.checkpoint.hash,
        "restores": [_restore_record(one) for one in outlook.restores],
        "waiting": [
            {"kind": _KINDS[one.kind.value], "hint": one.hint, "at": one.at, "by": one.actor}
            for one in outlook.waiting
        ],
        "blocked": [
            {
                "reservation": name_of(one.reservation_id),
                "sequence": sequence_record(one.sequence),
                "needs": one.reason,
            }
            for one in outlook.blocked
        ],
        "ahead": [
            {"reservation": name_of(reservation_id), "sequence": sequence_record(sequence)}
            for reservation_id, sequence in outlook.ahead
        ],
        "rebuilt": [
            {"reservation": name_of(event.reservation_id or b""), "at": event.at, "by": event.actor}
            for event in outlook.rebuilt
        ],
    }
