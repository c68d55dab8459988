"""Orders: whole files of licences that were bought."""

from shlex import quote
from typing import TYPE_CHECKING

from cli.command import argument, command, option, with_session
from cli.plain import counted, safe
from cli.portal.books import on_portal
from cli.portal.stock import lot_record, lot_words
from cli.screen import table
from cli.session import Report, Session

if TYPE_CHECKING:
    from reservation.orders import OrderFile
    from reservation.service.context import Portal
    from reservation.service.ordering import OrderAdded
    from reservation.service.stock import Added

# Problems of a file that a person reads at once.
_MOST_SHOWN = 50


@command(
    "import",
    example="tallystick portal license import order.csv --dry-run\n"
    "tallystick portal license import order.csv",
    exits="""
    0 done; with --dry-run: it could be done
    1 an order came in before, a Virtual Account does not exist, or a term is over
    2 the file cannot be used: every line at fault is named
    """,
)
@argument("file", text="The order file, CSV or JSON; `-` reads it from standard input.")
@option("--dry-run", is_flag=True, help="Show what would be added, and add nothing.")
@on_portal
@with_session
def import_order(session: Session, portal: "Portal", file: str, dry_run: bool) -> Report:
    """Add everything that an order file lists, or nothing.

    The file is CSV (UTF-8, commas) with the header tag,quantity,virtual_account,kind,start,end,order, or a
    JSON array of objects with these members. Kind is perpetual, term or reporting. A term has a start and an
    end, both days included, such as 2026-01-01; a perpetual licence has neither; what is only reported has
    both or neither.

    A file with one wrong line is refused as a whole, with all its mistakes. So is an order that came in
    before: each order reference comes in once.
    """
    from cli.progress import counting
    from reservation.service.ordering import import_order as import_it
    from reservation.service.ordering import preview_order

    parsed = _parsed(session, file)
    if dry_run:
        return _preview(file, parsed, preview_order(portal, parsed))
    with counting(session, "lots entered") as step:
        orders = import_it(portal, parsed, progress=step)
    return Report(_record(parsed, orders, dry_run=False), text=_orders_told(orders))


def _parsed(session: Session, file: str) -> "OrderFile":
    """Read and parse the file, and tell a person everything that is wrong in it."""
    from cli.files import read_bytes, read_piped
    from cli.progress import counting
    from reservation.ordererrors import OrderFileError
    from reservation.orders import MAX_BYTES, parse_order

    content = read_piped(session.world.stdin, MAX_BYTES) if file == "-" else read_bytes(file, MAX_BYTES)
    try:
        with counting(session, "lines read") as step:
            return parse_order(content, progress=step)
    except OrderFileError as error:
        if error.count > 1 and not session.json:
            _tell_problems(session, error.problems, error.count)
        raise


def _tell_problems(session: Session, problems: "tuple[object, ...]", count: int) -> None:
    for problem in problems[:_MOST_SHOWN]:
        session.warn(safe(problem))
    if count > _MOST_SHOWN:
        session.warn(f"… and {count - _MOST_SHOWN:,} more.")


# --- what is told of it ----------------------------------------------------------------------------


def _preview(file: str, parsed: "OrderFile", orders: "tuple[OrderAdded, ...]") -> Report:
    """Report what would be added."""
    again = "" if file == "-" else f"tallystick portal license import {safe(quote(file))}"
    return Report(
        _record(parsed, orders, dry_run=True),
        text=_added_table(orders),
        says=(f"{_totals(orders)} Nothing was added yet.",),
        next_step=again or "The same without --dry-run",
    )


def _added_table(orders: "tuple[OrderAdded, ...]") -> str:
    from reservation.model import name_of

    rows = [
        (
            each.lot.tag,
            lot_words(each.lot),
            name_of(each.lot.id),
            each.virtual_account,
            f"{each.count:,}",
            each.order_reference,
        )
        for one in orders
        for each in one.added
    ]
    return table(("TAG", "TERM (UTC)", "LOT", "VIRTUAL ACCOUNT", "ADDED", "ORDER"), rows, right=("ADDED",))


def _orders_told(orders: "tuple[OrderAdded, ...]") -> str:
    if len(orders) == 1:
        return f"Imported order {safe(orders[0].order_reference)}: {_totals(orders)}"
    rows = [
        (one.order_reference, f"{one.lines:,}", f"{len(one.added):,}", f"{one.count:,}") for one in orders
    ]
    counts = ("LINES", "LOTS", "ADDED")
    return (
        f"{table(('ORDER', *counts), rows, right=counts)}\nImported {len(orders):,} orders: {_totals(orders)}"
    )


def _totals(orders: "tuple[OrderAdded, ...]") -> str:
    lines, count = sum(one.lines for one in orders), sum(one.count for one in orders)
    places = {each.virtual_account for one in orders for each in one.added}
    accounts = counted(len(places), "Virtual Account")
    return f"{counted(lines, 'line')}, {counted(count, 'licence')} for {accounts}."


def _record(parsed: "OrderFile", orders: "tuple[OrderAdded, ...]", *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "sha256": parsed.digest,
        "lines": len(parsed.lines),
        "count": sum(one.count for one in orders),
        "orders": [
            {
                "order": one.order_reference,
                "lines": one.lines,
                "count": one.count,
                "added": [_added_record(each) for each in one.added],
            }
            for one in orders
        ],
    }


def _added_record(added: "Added") -> dict[str, object]:
    from reservation.model import name_of

    return {
        **lot_record(added.lot),
        "lot": name_of(added.lot.id),
        "virtual_account": added.virtual_account,
        "added": added.count,
    }
