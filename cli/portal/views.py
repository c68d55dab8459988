"""What people look at: reservations, what happened, and whether the books add up."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cli.code_input import CodeInput, names_reservation
from cli.command import command, option, with_session
from cli.errors import UsageMistakeError
from cli.plain import counted, safe
from cli.portal.books import on_portal, on_signing_portal
from cli.portal.naming import reservation_of
from cli.portal.stock import lot_words
from cli.screen import labelled, table
from cli.session import Report, Session
from cli.values import line_record, lines_table, moment, sequence_record, udi_record

if TYPE_CHECKING:
    from cli.portal.books import Unlock
    from reservation.model import Event, Lot
    from reservation.service.auditing import Finding
    from reservation.service.context import Portal
    from reservation.service.views import Details, HeldLine, Summary

STATES = ("issued", "active", "updating", "returned", "failed", "written-off", "in-doubt", "expired")
"""States of reservations, then the computed views, as `reservation.model` and the views name them."""


# --- list --------------------------------------------------------------------------------------


@command(
    "list",
    example="tallystick portal list --state active",
    exits="""
    0 done; also when there is none
    1 there is no portal yet, or no such Virtual Account
    """,
)
@option(
    "--state",
    type=click.Choice(STATES),
    help="Only those in this state; in-doubt and expired look at what they hold.",
)
@option("--va", metavar="V", help="Only those of this Virtual Account.")
@option("--most", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N", help="At most N.")
@option("--page", metavar="P", help="Go on from here, as the page before says.")
@on_portal
def list_all(portal: "Portal", state: str | None, va: str | None, most: int, page: str | None) -> Report:
    """List reservations.

    Newest first, with their state, and how many licences they hold for certain and in doubt.
    """
    from reservation.model import State
    from reservation.service.views import View, list_reservations

    wanted = View(state) if state in set(View) else State(state) if state else None
    found = list_reservations(portal, state=wanted, virtual_account=va, page=page, most=most)
    rows = [
        (
            each.name,
            _state(each),
            each.udi,
            each.virtual_account,
            f"{each.reserved:,}",
            f"{each.in_doubt:,}",
            moment(each.changed_at),
        )
        for each in found.reservations
    ]
    head = ("RESERVATION", "STATE", "DEVICE", "VIRTUAL ACCOUNT", "RESERVED", "IN DOUBT", "CHANGED")
    return Report(
        {
            "reservations": [_summary_record(each) for each in found.reservations],
            "next_page": found.next_page,
        },
        text=table(head, rows, right=("RESERVED", "IN DOUBT")) if rows else "",
        says=() if rows else ("There is none.",),
        next_step=f"There are more: add --page {found.next_page}" if found.next_page else "",
    )


def _state(each: "Summary") -> str:
    notes = ("in doubt",) * (each.in_doubt_since is not None) + ("expired",) * each.is_expired
    notes += ("mac",) * (each.grade == "mac")
    return each.state.value + (f" ({', '.join(notes)})" if notes else "")


def _summary_record(each: "Summary") -> dict[str, object]:
    return {
        "reservation": each.name,
        "id": each.id,
        "udi": udi_record(each.udi),
        "virtual_account": each.virtual_account,
        "state": each.state.value,
        "sequence": sequence_record(each.sequence),
        "confirmed": sequence_record(each.confirmed),
        "grade": each.grade.value if each.grade else None,
        "wrong_tries": each.wrong_tries,
        "takes_short": each.takes_short,
        "opened_at": each.opened_at,
        "changed_at": each.changed_at,
        "closed_at": each.closed_at,
        "in_doubt_since": each.in_doubt_since,
        "kept": each.kept.value if each.kept else None,
        "is_expired": each.is_expired,
        "frees_next": each.frees_next,
        "reserved": each.reserved,
        "in_doubt": each.in_doubt,
        "failed": each.failed,
        "written_off": each.written_off,
        "expired": each.expired,
    }


# --- show --------------------------------------------------------------------------------------


@command(
    "show",
    example="tallystick portal show --file request.txt",
    exits="""
    0 done
    1 no reservation has this name, or more than one
    """,
)
@names_reservation
@on_portal
@with_session
def show(session: Session, portal: "Portal", given: CodeInput) -> Report:
    """Show everything about one reservation.

    What it grants, what it holds of each lot, every code that was received and issued, and everything that
    happened to it.
    """
    from reservation.service.views import show_reservation

    found = show_reservation(portal, reservation_of(session, portal, given))
    return Report(_details_record(found), text=_details_text(found))


def _newest_authorization(found: "Details") -> bytes | None:
    """Return the id of the newest authorization."""
    from codec.codes import Kind

    issued = [code for code in found.codes if code.kind is Kind.AUTHORIZATION]
    return max(issued, key=lambda code: code.sequence or found.summary.sequence).id if issued else None


def _details_text(found: "Details") -> str:
    from cli.fingerprints import fingerprint_row
    from codec.codes import Kind

    each = found.summary
    parts = [
        labelled(
            [
                ("Reservation", each.name),
                ("Device", each.udi),
                ("Virtual Account", each.virtual_account),
                ("State", _state(each)),
                ("Issued", f"authorization {each.sequence.number}"),
                fingerprint_row(Kind.REQUEST, each.id),
                fingerprint_row(Kind.AUTHORIZATION, _newest_authorization(found)),
                ("Confirmed", _confirmed(each)),
                ("In doubt since", moment(each.in_doubt_since) if each.in_doubt_since else ""),
                ("Frees by itself", f"from {each.frees_next} on" if each.frees_next else ""),
                ("To be returned", f"by {found.return_by}" if found.return_by else ""),
                ("Kept in doubt", each.kept.value if each.kept else ""),
                ("Short form", _short_form(each)),
                ("Never came", _missing(found)),
                ("Opened", moment(each.opened_at)),
                ("Closed", moment(each.closed_at) if each.closed_at else ""),
            ]
        ),
    ]
    if found.lines and each.state.is_open:
        parts.append(f"Its newest authorization grants:\n{lines_table(found.lines)}")
    if found.held:
        parts.append(f"It holds:\n{_held_table(found.held)}")
    if found.exposed:
        lines = (f"  {count:,} × {safe(lot.tag)} ({lot_words(lot)})" for lot, count in found.exposed)
        parts.append("Exposed: its replacement got these, and it may still use them:\n" + "\n".join(lines))
    if found.pending:
        parts.append(
            f"A {found.pending.kind.value} waits for a second person, proposed by "
            f"{safe(found.pending.proposed_by)} on {moment(found.pending.proposed_at)}: "
            f"{safe(found.pending.reason)}"
        )
    parts.append("What happened:\n" + _events_table(found.events))
    return "\n\n".join(parts)


def _missing(found: "Details") -> str:
    """Say which codes of its device never came; nothing where none is missing."""
    runs = ", ".join(
        f"{first}" if first == last else f"{first} to {last}" for first, last in found.missing_codes
    )
    return f"codes {runs} of its device; it shows them again (tallystick device codes)" if runs else ""


def _confirmed(each: "Summary") -> str:
    if each.confirmed is None:
        return "none yet"
    proof = "mac, by a short confirmation" if each.grade == "mac" else "signed"
    return f"authorization {each.confirmed.number} (grade: {proof})"


def _short_form(each: "Summary") -> str:
    """Say how often somebody was wrong with a short confirmation; nothing where nobody was."""
    if not each.takes_short:
        return "locked, after too many wrong ones; a signed confirmation opens it"
    return f"wrong tries: {each.wrong_tries}" if each.wrong_tries else ""


def _held_table(held: "tuple[HeldLine, ...]") -> str:
    from reservation.model import name_of

    given_up = any(line.held.failed or line.held.written_off for line in held)
    columns = ("RESERVED", "IN DOUBT", *(("FAILED", "WRITTEN OFF") if given_up else ()), "EXPIRED")
    rows = [
        (
            line.lot.tag,
            name_of(line.lot.id),
            f"{line.held.reserved:,}",
            f"{line.held.in_doubt:,}",
            *((f"{line.held.failed:,}", f"{line.held.written_off:,}") if given_up else ()),
            f"{line.expired:,}",
        )
        for line in held
    ]
    return table(("TAG", "LOT", *columns), rows, right=columns)


def exposed_record(exposed: "tuple[tuple[Lot, int], ...]") -> list[dict[str, object]]:
    """Return what a failed device may still use, for scripts."""
    from reservation.model import name_of

    return [{"tag": lot.tag, "lot": name_of(lot.id), "count": count} for lot, count in exposed]


def _details_record(found: "Details") -> dict[str, object]:
    from cli.fingerprints import fingerprints_record
    from codec.words import words_of
    from reservation.model import name_of

    return {
        **_summary_record(found.summary),
        "fingerprints": fingerprints_record(
            request=found.summary.id, authorization=_newest_authorization(found)
        ),
        "members": found.members,
        "required_matches": found.required_matches,
        "return_by": found.return_by,
        "lines": [line_record(line) for line in found.lines],
        "held": [
            {
                "tag": line.lot.tag,
                "lot": name_of(line.lot.id),
                "reserved": line.held.reserved,
                "in_doubt": line.held.in_doubt,
                "failed": line.held.failed,
                "written_off": line.held.written_off,
                "expired": line.expired,
            }
            for line in found.held
        ],
        "exposed": exposed_record(found.exposed),
        "pending": found.pending and found.pending.kind.value,
        "missing_codes": [{"first": first, "last": last} for first, last in found.missing_codes],
        "codes": [
            {
                "kind": code.kind.name.lower(),
                "code": code.text,
                "at": code.at,
                "by": code.actor,
                "fingerprint": list(words_of(code.id)),
            }
            for code in found.codes
        ],
        "events": [_event_record(event) for event in found.events],
    }


# --- events ------------------------------------------------------------------------------------


@command(
    "events",
    example="tallystick portal events --since 2026-01-01",
    exits="""
    0 done; also when nothing happened
    2 --since is neither a day nor the id of an event
    """,
)
@option("--since", metavar="D|ID", help="From this day (UTC) on, or after the event with this id.")
@option(
    "--most", type=click.IntRange(1, 10_000), default=100, show_default=True, metavar="N", help="At most N."
)
@on_portal
def events(portal: "Portal", since: str | None, most: int) -> Report:
    """List what happened, from the append-only log.

    Oldest first: when, who, what, and to whom. Every change of the books has its event, committed with it.
    """
    from reservation.service.views import NO_EVENT
    from reservation.service.views import events as listed

    found = listed(portal, after=_after(since) if since else NO_EVENT, most=most + 1)
    shown, more = found[:most], len(found) > most
    return Report(
        {"events": [_event_record(event) for event in shown], "more": more},
        text=_events_table(shown) if shown else "",
        says=() if shown else ("Nothing happened.",),
        next_step=f"There are more: add --since {shown[-1].id.hex()}" if more else "",
    )


def _after(since: str) -> bytes:
    """Return the id just before the first event that is wanted."""
    from reservation.events import id_before

    if len(since) == 32:
        try:
            return bytes.fromhex(since)
        except ValueError:
            pass
    try:
        start = datetime.fromisoformat(since)
    except ValueError:
        raise UsageMistakeError(
            f"--since {safe(since)} is neither a day nor the id of an event.",
            hint="Write a day such as 2026-01-31, or an id as `tallystick portal events --json` shows it.",
        ) from None
    start = start.replace(tzinfo=UTC) if start.tzinfo is None else start
    return id_before(start)


def _events_table(found: "tuple[Event, ...]") -> str:
    from reservation.model import name_of

    rows = [
        (
            moment(event.at),
            event.actor,
            event.kind.value,
            name_of(event.reservation_id) if event.reservation_id else "",
            event.subject,
        )
        for event in found
    ]
    return table(("WHEN", "WHO", "WHAT", "RESERVATION", "ABOUT"), rows)


def _event_record(event: "Event") -> dict[str, object]:
    from reservation.model import name_of

    return {
        "id": event.id,
        "at": event.at,
        "actor": event.actor,
        "kind": event.kind.value,
        "subject": event.subject,
        "reservation": name_of(event.reservation_id) if event.reservation_id else None,
        "detail": event.detail,
    }


# --- audit -------------------------------------------------------------------------------------


@command(
    "audit",
    example="tallystick portal audit",
    exits="""
    0 the books add up, and every code in them is genuine
    6 something differs: it is listed
    """,
)
@option(
    "--macs",
    is_flag=True,
    help="Work out the MACs of short confirmations again, too; that needs the issuer's key.",
)
@on_signing_portal
@with_session
def audit(session: Session, portal: "Portal", unlock: "Unlock", macs: bool) -> Report:
    """Recompute the books from the rows, and say what differs.

    Adds up every movement since the beginning, compares it with what the books say now, and verifies every
    stored code again. A hand that changed a number, a row or a code is seen. What rests on a short
    confirmation alone is counted: its MAC says something only to who has the issuer's key.
    """
    from cli.exit_codes import DAMAGED
    from cli.progress import counting
    from reservation.model import Grade, Reservation
    from reservation.service.auditing import audit as findings_of

    by_mac = 0

    def look(reservation: Reservation) -> None:
        nonlocal by_mac
        by_mac += reservation.grade is Grade.MAC
        step(reservation)

    opened = unlock(portal, issues=False) if macs else portal
    with counting(session, "reservations audited") as step:
        findings = findings_of(opened, progress=look)
    return Report(
        {
            "sound": not findings,
            "findings": [_finding_record(each) for each in findings],
            "by_mac": by_mac,
            "macs_checked": macs,
        },
        text=_findings_table(findings) if findings else "The books add up.",
        says=(*_mac_words(by_mac, macs), *_count_words(len(findings))),
        next_step="Keep this output, and compare with a backup before anything else is done"
        if findings
        else "",
        exit_code=DAMAGED if findings else 0,
    )


def _mac_words(by_mac: int, checked: bool) -> tuple[str, ...]:
    """Say how much rests on short confirmations, and whether their MACs were worked out again."""
    if not by_mac:
        return ()
    done = "was worked out again" if checked else "was not checked: that needs the issuer's key (--macs)"
    return (f"{counted(by_mac, 'reservation')} confirmed by a short confirmation alone, whose MAC {done}.",)


def _count_words(findings: int) -> tuple[str, ...]:
    return (f"{counted(findings, 'finding')}; with --json, each by itself.",) if findings else ()


def _findings_table(findings: "tuple[Finding, ...]") -> str:
    from cli.portal.findings import rows_of

    return table(("CHECK", "ABOUT", "WHAT DIFFERS"), rows_of(findings))


def _finding_record(finding: "Finding") -> dict[str, object]:
    return {"kind": finding.kind, "subject": finding.subject, "message": finding.message}
