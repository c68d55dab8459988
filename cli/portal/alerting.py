"""``tallystick portal alerts``: what somebody should know of, and who has seen it; expected returns."""

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from cli.code_input import CodeInput, names_reservation
from cli.command import argument, command, option, with_session
from cli.errors import UsageMistakeError
from cli.plain import safe
from cli.portal.books import on_portal
from cli.portal.naming import reservation_of
from cli.portal.stock import iso_day
from cli.session import Report, Session
from cli.values import moment

if TYPE_CHECKING:
    from reservation.service.alerting import AlertShown
    from reservation.service.context import Portal

SEVERITIES = ("critical", "warning", "info")
"""The severities, as `reservation.alerts` names them."""


@command(
    "alerts",
    example="tallystick portal alerts",
    exits="""
    0 done; also when there is none
    1 there is no portal yet, or no such page
    5 who runs this has no role here, or none in that Virtual Account
    """,
)
@option("--va", metavar="V", help="Only those of this Virtual Account.")
@option("--severity", type=click.Choice(SEVERITIES), help="Only those of this severity.")
@option("--all", "every", is_flag=True, help="Also those that are closed, the newest first.")
@option("--most", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N", help="At most N.")
@option("--page", metavar="P", help="Go on from here, as the page before says.")
@option("--csv", "as_csv", is_flag=True, help="Print CSV, for a spreadsheet.")
@on_portal
def alerts(
    portal: "Portal",
    va: str | None,
    severity: str | None,
    every: bool,
    most: int,
    page: str | None,
    as_csv: bool,
) -> Report:
    """List what somebody should know of and act on.

    The most severe first, and what is due soonest. Each says what happened and what to do. An alert stands as
    long as what it is about: nobody closes it. `acknowledge` says that you have seen it.
    """
    from reservation.alerts import Severity
    from reservation.service.alerting import list_alerts

    found = list_alerts(
        portal,
        virtual_account=va,
        severity=Severity(severity) if severity else None,
        every=every,
        page=page,
        most=most,
    )
    record = {"alerts": [_record(each) for each in found.alerts], "next_page": found.next_page}
    following = f"There are more: add --page {found.next_page}" if found.next_page else ""
    if as_csv:
        return Report(record, text=_csv(found.alerts), next_step=following)
    return Report(
        record,
        text="\n\n".join(map(_words, found.alerts)),
        says=() if found.alerts else ("There is no alert.",),
        next_step=following,
    )


@command(
    "acknowledge",
    example="tallystick portal acknowledge 9DYRH1FT --note 'Ordered today'",
    exits="""
    0 done; also when it was acknowledged before: the first acknowledgement stands
    1 no alert has this name, or it is closed
    5 it is in none of your Virtual Accounts, or you may only look
    """,
)
@argument("alert", text="The first 8 or more characters of its name; or its id, as `alerts --json` has it.")
@option("--note", default="", metavar="TEXT", help="What to say about it, in a sentence.")
@on_portal
def acknowledge(portal: "Portal", alert: str, note: str) -> Report:
    """Say that you have seen an alert.

    It is noted who acknowledged it, and when. The alert stands until what it is about is settled. Should it
    become worse, it is to be acknowledged again.
    """
    from reservation.alertwords import action
    from reservation.service.alerting import acknowledge_alert

    done = acknowledge_alert(portal, alert, note=note)
    before = "It was acknowledged before, and that stands." if done.again else ""
    return Report(
        {**_record(done.shown), "again": done.again},
        text=_words(done.shown),
        says=(before,) if before else (),
        next_step=safe(action(done.shown.alert.fact)),
    )


@command(
    "expect",
    example="tallystick portal expect --file request.txt --return-by 2026-12-31",
    exits="""
    0 done
    1 the reservation is closed, or the day is over
    2 no day was said
    """,
)
@names_reservation
@option("--return-by", callback=iso_day, metavar="D", help="The day (UTC), as 2026-12-31.")
@option("--never", is_flag=True, help="No day any more.")
@on_portal
@with_session
def expect(
    session: Session, portal: "Portal", given: CodeInput, return_by: date | None, never: bool
) -> Report:
    """Say by which day a device is to be returned.

    From that day on there is an alert, until its return code was accepted. The device knows nothing of it:
    for a day on which it stops by itself see `reserve --until`.
    """
    from reservation.service.alerting import expect_return

    if (return_by is None) is not never:
        raise UsageMistakeError(
            "Say one day, or that there is none.", hint="Add --return-by D, or --never, and not both."
        )
    done = expect_return(portal, reservation_of(session, portal, given), return_by)
    name = done.reservation.name
    said = f"is to be returned by {done.day}" if done.day else "is to be returned by no day"
    return Report(
        {"reservation": name, "return_by": done.day},
        text=f"Reservation {name} of {safe(done.reservation.udi)} {said}.",
    )


# --- an alert, in words and cells ----------------------------------------------------------------


def _words(each: "AlertShown") -> str:
    from reservation.alertwords import action, what

    alert, fact = each.alert, each.alert.fact
    where = f" in {safe(each.virtual_account)}" if each.virtual_account else ""
    lines = [
        f"{alert.name}  {fact.severity.value}  {fact.kind.value}{where}, due {fact.due}",
        f"  {safe(what(fact))}",
    ]
    if alert.closed_at is None:
        lines.append(f"  To do: {safe(action(fact))}")
    if alert.acknowledged is not None:
        note = f": {safe(alert.acknowledged.note)}" if alert.acknowledged.note else "."
        seen = alert.acknowledged
        lines.append(f"  Acknowledged on {moment(seen.at)} by {safe(seen.by)}{note}")
    if alert.closed_at is not None:
        lines.append(f"  Closed on {moment(alert.closed_at)}.")
    return "\n".join(lines)


def _record(each: "AlertShown") -> dict[str, object]:
    from reservation.alertwords import action, what
    from reservation.model import name_of

    alert, fact = each.alert, each.alert.fact
    seen = alert.acknowledged
    return {
        "alert": alert.name,
        "id": alert.id,
        "kind": fact.kind.value,
        "severity": fact.severity.value,
        "subject": fact.subject,
        "virtual_account": each.virtual_account or None,
        "what": what(fact),
        "action": action(fact),
        "since": fact.since,
        "due": fact.due,
        "count": fact.count,
        "step": fact.step,
        "lot": name_of(fact.lot_id) if fact.lot_id else None,
        "reservation": name_of(fact.reservation_id) if fact.reservation_id else None,
        "opened_at": alert.opened_at,
        "closed_at": alert.closed_at,
        "acknowledged_at": seen.at if seen else None,
        "acknowledged_by": seen.by if seen else None,
        "note": seen.note if seen else None,
    }


_CELLS = (
    "alert",
    "severity",
    "kind",
    "due",
    "subject",
    "virtual_account",
    "reservation",
    "lot",
    "count",
    "what",
    "action",
    "since",
    "opened_at",
    "closed_at",
    "acknowledged_at",
    "acknowledged_by",
    "note",
)


def _csv(found: "tuple[AlertShown, ...]") -> str:
    from cli.csv_rows import csv_rows

    records = [_record(each) for each in found]
    return csv_rows(_CELLS, [[_cell(record[name]) for name in _CELLS] for record in records])


def _cell(value: object) -> object:
    return moment(value) if isinstance(value, datetime) else value
