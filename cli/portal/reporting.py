"""``tallystick portal report``: what is used, what is exposed, what ends, what moved."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import click

from cli.command import command, declared, option
from cli.plain import counted
from cli.portal.books import on_portal
from cli.portal.stock import iso_day, lot_record, lot_words
from cli.screen import table
from cli.session import Report
from cli.values import moment, udi_record

if TYPE_CHECKING:
    from codec.codes import Udi
    from reservation.model import Lot
    from reservation.service.context import Portal
    from reservation.service.reporting import Expiring, Exposure, Transaction, Usage

_EXITS = """
    0 done; also when there is nothing to report
    1 there is no portal yet, or no such Virtual Account
    """

_COMMON = (
    option("--va", metavar="V", help="Only this Virtual Account."),
    option("--csv", "as_csv", is_flag=True, help="Print CSV, for a spreadsheet."),
)

Cells = Sequence[object]


def _for_report(run: Callable[..., Report]) -> Callable[..., Report]:
    """Declare the options that every report takes."""
    return declared(run, _COMMON)


def _report(
    portal: "Portal",
    name: str,
    head: Sequence[str],
    found: "Sequence[tuple[dict[str, object], Cells]]",
    as_csv: bool,
    nothing: str,
) -> Report:
    """Return rows as what was asked for.

    Args:
        portal: The portal; the report says where its log stands, so that it shows later what was forgotten.
        name: What scripts call the list of them.
        head: The names of the columns.
        found: Of each row what scripts get, and its cells; a number is shown at the right.
        as_csv: Whether CSV was asked for.
        nothing: What to say where there is no row.
    """
    from cli.portal.log_printed import log_end_of, log_lines, log_record

    end = log_end_of(portal)
    rows = [cells for _, cells in found]
    record = {name: [record for record, _ in found], "checkpoint": log_record(end)}
    if as_csv:
        from cli.csv_rows import csv_rows

        # Whatever reads CSV takes every line of it for a row.
        columns = [each.lower().replace(" ", "_") for each in head]
        return Report(record, text=csv_rows(columns, rows), says=log_lines(end))
    log = "\n".join(log_lines(end))
    if not rows:
        return Report(record, text=log, says=(nothing,))
    right = [each for each, cell in zip(head, rows[0], strict=True) if isinstance(cell, int)]
    shown = table(head, [tuple(map(_shown, row)) for row in rows], right=right)
    return Report(record, text=f"{shown}\n\n{log}")


def _shown(cell: object) -> object:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) else cell


# --- usage -------------------------------------------------------------------------------------


@command("usage", example="tallystick portal report usage", exits=_EXITS)
@_for_report
@on_portal
def usage(portal: "Portal", va: str | None, as_csv: bool) -> Report:
    """Report how much of what was bought is used.

    For each entitlement in each Virtual Account: what was bought, what is certainly in use, what may be, what
    is available, and USED %: the part of what could be used that is out.
    """
    from reservation.service.reporting import usage as reported

    found = [(_usage_record(one), _usage_cells(one)) for one in reported(portal, virtual_account=va)]
    return _report(portal, "usage", _USAGE, found, as_csv, "There are no licences yet.")


_COUNTS = (
    "entitled",
    "reserved",
    "in_doubt",
    "available",
    "failed",
    "expired",
    "written_off",
    "shortfall",
    "tallied",
)
_USAGE = ("TAG", "VIRTUAL ACCOUNT", "USED %", *(name.replace("_", " ").upper() for name in _COUNTS))


def _usage_record(one: "Usage") -> dict[str, object]:
    counts = {name: getattr(one.counts, name) for name in _COUNTS}
    return {"tag": one.tag, "virtual_account": one.virtual_account, "used_percent": one.percent, **counts}


def _usage_cells(one: "Usage") -> Cells:
    return (one.tag, one.virtual_account, one.percent, *(getattr(one.counts, name) for name in _COUNTS))


# --- exposure ----------------------------------------------------------------------------------


@command("exposure", example="tallystick portal report exposure", exits=_EXITS)
@_for_report
@on_portal
def exposure(portal: "Portal", va: str | None, as_csv: bool) -> Report:
    """Report what may be in use although no device is known to use it.

    Oldest first. *in-doubt*: issued, lowered or returned, and not confirmed. *failed*: its device was given
    up. *replaced*: its replacement has the licences already, so that they may be used twice.
    """
    from reservation.service.reporting import exposure as reported

    found = [(_exposure_record(one), _exposure_cells(one)) for one in reported(portal, virtual_account=va)]
    return _report(portal, "exposure", _EXPOSURE, found, as_csv, "Nothing is exposed.")


_EXPOSURE = ("COUNT", "TAG", "TERM", "LOT", "WHY", "SINCE", "RESERVATION", "DEVICE", "VIRTUAL ACCOUNT")


def _exposure_record(one: "Exposure") -> dict[str, object]:
    return {
        **_lot_record(one.lot),
        "count": one.count,
        "why": one.why.value,
        "since": one.since,
        **_holder_record(one.reservation_id, one.udi),
        "virtual_account": one.virtual_account,
    }


def _exposure_cells(one: "Exposure") -> Cells:
    reservation, device = _holder(one.reservation_id, one.udi)
    since = moment(one.since)
    return (one.count, *_lot_cells(one.lot), one.why.value, since, reservation, device, one.virtual_account)


# --- expiring ----------------------------------------------------------------------------------


@command("expiring", example="tallystick portal report expiring --days 365", exits=_EXITS)
@option(
    "--days",
    type=click.IntRange(0, 36_500),
    default=90,
    show_default=True,
    metavar="N",
    help="What ends from today up to N days from now.",
)
@_for_report
@on_portal
def expiring(portal: "Portal", days: int, va: str | None, as_csv: bool) -> Report:
    """Report what ends soon, and where it is.

    First end first: what is available, and the lines of each device. A line may end before its lot does
    (`reserve --until`).
    """
    from reservation.service.reporting import expiring as reported

    found = [
        (_expiring_record(one), _expiring_cells(one))
        for one in reported(portal, days=days, virtual_account=va)
    ]
    return _report(
        portal, "expiring", _EXPIRING, found, as_csv, f"Nothing ends within {counted(days, 'day')}."
    )


_EXPIRING = ("ENDS", "DAYS", "COUNT", "TAG", "TERM", "LOT", "RESERVATION", "DEVICE", "VIRTUAL ACCOUNT")


def _expiring_record(one: "Expiring") -> dict[str, object]:
    return {
        "last_day": one.last_day,
        "days": one.days,
        **_lot_record(one.lot),
        "count": one.count,
        **_holder_record(one.reservation_id, one.udi),
        "virtual_account": one.virtual_account,
    }


def _expiring_cells(one: "Expiring") -> Cells:
    reservation, device = _holder(one.reservation_id, one.udi)
    last_day = one.last_day.isoformat()
    return (
        last_day,
        one.days,
        one.count,
        *_lot_cells(one.lot),
        reservation or "(available)",
        device,
        one.virtual_account,
    )


# --- transactions ------------------------------------------------------------------------------


@command(
    "transactions",
    example="tallystick portal report transactions --since 2026-01-01",
    exits=_EXITS,
)
@option("--since", callback=iso_day, metavar="D", help="From this UTC day on. [the beginning]")
@option("--until", callback=iso_day, metavar="D", help="Up to this UTC day, included. [today]")
@_for_report
@on_portal
def transactions(
    portal: "Portal", since: date | None, until: date | None, va: str | None, as_csv: bool
) -> Report:
    """Report every movement of licences, with who moved them, when and why.

    In the order of the log. Licences move between the accounts of a lot (`license list` shows where they
    are), and between Virtual Accounts.
    """
    from reservation.service.reporting import transactions as reported

    found = reported(
        portal,
        since=_midnight(since) if since else None,
        until=_midnight(until) + timedelta(days=1) if until and until < date.max else None,
        virtual_account=va,
    )
    rows = [(_transaction_record(one), _transaction_cells(one)) for one in found]
    return _report(portal, "transactions", _TRANSACTIONS, rows, as_csv, "Nothing moved.")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_TRANSACTIONS = ("WHEN", "WHO", "WHAT", "RESERVATION", "SUBJECT", "COUNT", "TAG", "TERM", "LOT", "FROM", "TO")


def _transaction_record(one: "Transaction") -> dict[str, object]:
    event, movement = one.event, one.moved.movement
    return {
        "at": event.at,
        "by": event.actor,
        "kind": event.kind.value,
        "event": event.id,
        "reservation": _name(event.reservation_id),
        "subject": event.subject,
        "count": movement.count,
        **_lot_record(one.moved.lot),
        "source": {"virtual_account": one.source, "account": movement.source.value},
        "target": {"virtual_account": one.target, "account": movement.target.value},
    }


def _transaction_cells(one: "Transaction") -> Cells:
    event, movement = one.event, one.moved.movement
    return (
        moment(event.at),
        event.actor,
        event.kind.value,
        _name(event.reservation_id),
        event.subject,
        movement.count,
        *_lot_cells(one.moved.lot),
        f"{one.source}: {movement.source.value}",
        f"{one.target}: {movement.target.value}",
    )


# --- cells that several reports have -----------------------------------------------------------


def _lot_record(lot: "Lot") -> dict[str, object]:
    return {**lot_record(lot), "lot": _name(lot.id)}


def _lot_cells(lot: "Lot") -> Iterable[object]:
    return lot.tag, lot_words(lot), _name(lot.id)


def _holder_record(reservation_id: bytes | None, udi: "Udi | None") -> dict[str, object]:
    return {"reservation": _name(reservation_id), "udi": udi_record(udi) if udi else None}


def _holder(reservation_id: bytes | None, udi: "Udi | None") -> tuple[str | None, str]:
    return _name(reservation_id), str(udi or "")


def _name(identity: bytes | None) -> str | None:
    from reservation.model import name_of

    return name_of(identity) if identity else None
