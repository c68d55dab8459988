"""What a portal has: licences, Virtual Accounts, the catalogue, and what it asks of products."""

from datetime import date
from typing import TYPE_CHECKING

import click

from cli.command import argument, command, option, with_session
from cli.errors import UsageMistakeError
from cli.files import read_text
from cli.plain import counted, safe
from cli.portal.books import on_portal
from cli.screen import table
from cli.session import Report, Session
from cli.values import term_record, term_words

if TYPE_CHECKING:
    from codec.codes import Term
    from reservation.model import Lot
    from reservation.service.context import Portal
    from reservation.service.views import License

_LARGEST_CATALOGUE = 8_000_000
# Columns that are shown even when everything in them is zero.
_ALWAYS = ("available", "reserved", "in_doubt", "entitled")


def iso_day(_context: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    """Read an option's value as an ISO day."""
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise click.BadParameter("not a day like 2026-12-31", param=parameter) from None


# --- licences ----------------------------------------------------------------------------------


@command(
    "add",
    example="tallystick portal license add ROUTING 100\n"
    "tallystick portal license add CRYPTO 20 --start 2026-01-01 --end 2026-12-31 --order PO-4711",
    exits="""
    0 done
    1 no such Virtual Account, or the term has ended already
    2 no tag, count or day is written so
    """,
)
@argument("tag", text="The entitlement's tag.")
@argument("quantity", type=click.IntRange(min=1), text="How many.")
@option("--va", default="DEFAULT", show_default=True, metavar="V", help="The Virtual Account that gets them.")
@option("--perpetual", is_flag=True, help="For ever. This is the default without a term.")
@option("--start", metavar="D", callback=iso_day, help="First day of the term (UTC), as 2026-01-01.")
@option("--end", metavar="D", callback=iso_day, help="Last day of the term (UTC); it is included.")
@option("--reporting-only", is_flag=True, help="Counted, and never running out.")
@option("--export-controlled", is_flag=True, help="Marked as export-controlled in every code.")
@option("--order", default="", metavar="REF", help="The order that brought them.")
@on_portal
def add_license(
    portal: "Portal",
    tag: str,
    quantity: int,
    va: str,
    perpetual: bool,
    start: date | None,
    end: date | None,
    reporting_only: bool,
    export_controlled: bool,
    order: str,
) -> Report:
    """Add licences that were bought.

    QUANTITY counts of TAG, for a term or for ever. Licences that are alike in everything make one lot; adding
    more of them makes the lot larger.
    """
    from reservation.model import name_of
    from reservation.service.stock import add_license as add

    added = add(
        portal,
        tag,
        quantity,
        virtual_account=va,
        term=_term(perpetual, start, end),
        export_controlled=export_controlled,
        reporting_only=reporting_only,
        order_reference=order,
    )
    return Report(
        {
            **lot_record(added.lot),
            "lot": name_of(added.lot.id),
            "virtual_account": added.virtual_account,
            "added": added.count,
            "order": added.order_reference,
        },
        text=f"Added {quantity:,} × {safe(tag)} ({lot_words(added.lot)}) to {safe(added.virtual_account)}.",
        says=() if perpetual or start else (_FOR_EVER,),
    )


_FOR_EVER = (
    "No term was given, so they are perpetual; --perpetual says that this is meant. If a term was meant, "
    "take them back with `tallystick portal license correct`, and add them with --start and --end."
)


def _term(perpetual: bool, start: date | None, end: date | None) -> "Term | None":
    from codec.codes import Term

    if perpetual and (start or end):
        raise UsageMistakeError("--perpetual and a term exclude each other.", hint="Leave one of them out.")
    if bool(start) != bool(end):
        raise UsageMistakeError("A term needs both its days.", hint="Give --start and --end, or neither.")
    return Term(start, end) if start and end else None


def lot_words(lot: "Lot") -> str:
    """Return in words what is particular about a lot, its tag apart."""
    flags = ("export-controlled",) * lot.export_controlled + ("reporting-only",) * lot.reporting_only
    return ", ".join((term_words(lot.term), *flags))


def lot_record(lot: "Lot") -> dict[str, object]:
    """Return for scripts what makes a lot; what names it comes apart."""
    return {
        "tag": lot.tag,
        "term": term_record(lot.term),
        "export_controlled": lot.export_controlled,
        "reporting_only": lot.reporting_only,
    }


@command(
    "list",
    example="tallystick portal license list",
    exits="""
    0 done; also when there are no licences yet
    1 there is no portal yet, or no such Virtual Account
    """,
)
@option("--va", metavar="V", help="Only this Virtual Account.")
@option("--tag", metavar="TAG", help="Only this entitlement.")
@on_portal
def list_licenses(portal: "Portal", va: str | None, tag: str | None) -> Report:
    """Show the books: every lot, and where its counts are.

    For every lot, at every moment: available + reserved + in doubt + failed + expired + written off =
    entitled + shortfall. *Reserved* is certainly in use; *in doubt* may be: issued and not confirmed, or
    lowered and not confirmed. LOT is the name for `reserve --term`.
    """
    from reservation.service.views import list_licenses as listed

    found = listed(portal, virtual_account=va, tag=tag)
    return Report(
        {"licenses": [_license_record(each) for each in found]},
        text=_licenses_table(found) if found else "",
        says=() if found else (f"There are no {'such licences' if va or tag else 'licences yet'}.",),
        next_step="" if found else "tallystick portal license add TAG QUANTITY",
    )


def _license_record(each: "License") -> dict[str, object]:
    return {
        **lot_record(each.lot),
        "lot": each.name,
        "state": each.state.value,
        "virtual_account": each.virtual_account,
        "counts": _counts(each),
    }


def _counts(each: "License") -> dict[str, int]:
    return {name: getattr(each.counts, name) for name in each.counts.__dataclass_fields__}


def _licenses_table(found: "tuple[License, ...]") -> str:
    used = [
        name
        for name in found[0].counts.__dataclass_fields__
        if name in _ALWAYS or any(getattr(each.counts, name) for each in found)
    ]
    several = len({each.virtual_account for each in found}) > 1
    head = ["TAG", "TERM (UTC)", "LOT", *(["VIRTUAL ACCOUNT"] if several else [])]
    columns = [name.replace("_", " ").upper() for name in used]
    rows = [
        (
            each.lot.tag,
            lot_words(each.lot) + ("" if each.state.value == "in force" else f" ({each.state.value})"),
            each.name,
            *((each.virtual_account,) if several else ()),
            *(f"{getattr(each.counts, name):,}" for name in used),
        )
        for each in found
    ]
    return table([*head, *columns], rows, right=columns)


@command(
    "sweep",
    example="tallystick portal sweep",
    exits="""
    0 done; also when nothing was due
    1 there is no portal yet
    """,
)
@on_portal
def sweep(portal: "Portal") -> Report:
    """Post what is due: ends of terms and of lines; and alerts.

    Run it once a day (cron, a timer), so that the log tells of an end when it comes, and alerts know since
    when they stand. Nothing depends on it: whatever is shown is as of now, and every command that writes
    posts what is due first.
    """
    from reservation.service.context import sweep as sweep_all

    swept = sweep_all(portal)
    lots, lines = counted(swept.lots, "lot"), counted(swept.reservations, "reservation")
    return Report(
        {
            "lots": swept.lots,
            "reservations": swept.reservations,
            "alerts_opened": swept.opened,
            "alerts_closed": swept.closed,
        },
        text=f"Posted ends of {lots}, and of lines of {lines}."
        if swept.lots or swept.reservations
        else "Nothing was due.",
        says=(f"Opened {counted(swept.opened, 'alert')}, and closed {swept.closed:,}.",)
        if swept.opened or swept.closed
        else (),
        next_step="See them: tallystick portal alerts" if swept.opened else "",
    )


# --- Virtual Accounts --------------------------------------------------------------------------


@command(
    "add",
    example="tallystick portal va add Berlin",
    exits="""
    0 done
    1 there is one of this name already
    """,
)
@argument("name", text="Its name.")
@on_portal
def add_virtual_account(portal: "Portal", name: str) -> Report:
    """Add a Virtual Account.

    A part of the stock with pools of its own: a site, a department. `license add --va` fills it, `reserve
    --va` takes from it.
    """
    from reservation.service.stock import add_virtual_account as add

    added = add(portal, name)
    return Report({"name": added.name}, text=f"Added the Virtual Account {safe(added.name)}.")


@command(
    "list",
    example="tallystick portal va list",
    exits="""
    0 done
    1 there is no portal yet
    """,
)
@on_portal
def list_virtual_accounts(portal: "Portal") -> Report:
    """List the Virtual Accounts."""
    from reservation.service.stock import list_virtual_accounts as listed

    names = [each.name for each in listed(portal)]
    return Report({"virtual_accounts": names}, text="\n".join(safe(name) for name in names))


# --- catalogue ---------------------------------------------------------------------------------


@command(
    "add",
    example="tallystick portal catalogue add catalogue.txt",
    exits="""
    0 done; also when the file has nothing new
    1 the file does not go on from the catalogue that is there
    2 the file is no catalogue
    """,
)
@argument("file", text="UTF-8 text: one tag a line, order matters, `#` starts a comment.")
@on_portal
def add_catalogue(portal: "Portal", file: str) -> Report:
    """Take in a catalogue file, or a longer one.

    A catalogue only grows: the file must begin with the tags that are there, in their order, and may add
    others at its end.
    """
    from codec.catalogue import Catalogue
    from codec.errors import CatalogueError
    from reservation.service.catalogue import add_catalogue as add

    try:
        catalogue = Catalogue.parse(read_text(file, _LARGEST_CATALOGUE))
    except CatalogueError as error:
        raise UsageMistakeError(
            f"The file {safe(file)} is no catalogue. {error.message}", hint=error.hint
        ) from error
    new = add(portal, catalogue)
    size = len(catalogue.tags)
    return Report(
        {"size": size, "new": new},
        text=f"The catalogue has {counted(size, 'tag')}, {new:,} of them new.",
        next_step="Give the same file to devices, as --catalogue of tallystick device init" if new else "",
    )


@command(
    "show",
    example="tallystick portal catalogue show",
    exits="""
    0 done; also when there is none yet
    1 there is no portal yet
    """,
)
@on_portal
def show_catalogue(portal: "Portal") -> Report:
    """Print the catalogue, as a file for devices."""
    from reservation.service.catalogue import show_catalogue as shown

    catalogue = shown(portal)
    named = catalogue.id()
    return Report(
        {
            "tags": catalogue.tags,
            "size": len(catalogue.tags),
            "digest": named.digest if named else None,
        },
        text=catalogue.render().rstrip("\n"),
        says=() if catalogue.tags else ("There is no catalogue: codes spell every tag.",),
    )


# --- products ----------------------------------------------------------------------------------


@command(
    "set",
    example="tallystick portal product set RTR-900 --match 3 --universal ROUTER-ALL",
    exits="""
    0 done
    1 there is no portal yet
    2 no product id, or no tag, is written so
    """,
)
@argument("product_id", metavar="PID", text="The product id, as in the UDI of its devices.")
@option(
    "--match",
    type=click.IntRange(0, 15),
    metavar="K",
    help="Least number of hardware components that its devices must bind to. [the portal's]",
)
@option("--universal", metavar="TAG", help="Entitlement that universal reservations draw from. [UNIVERSAL]")
@on_portal
def set_product(portal: "Portal", product_id: str, match: int | None, universal: str | None) -> Report:
    """Set what is asked of devices of one product.

    An option that is left out goes back to the portal's default.
    """
    from reservation.service.stock import set_product as set_it

    product = set_it(portal, product_id, minimum_match=match, universal_tag=universal)
    least = (
        "the portal's least number of"
        if product.minimum_match is None
        else f"at least {product.minimum_match}"
    )
    return Report(
        {
            "product_id": product.product_id,
            "minimum_match": product.minimum_match,
            "universal_tag": product.universal_tag,
        },
        text=f"{safe(product.product_id)}: devices bind to {least} hardware components; universal "
        f"reservations draw from {safe(product.universal_tag or 'UNIVERSAL')}.",
    )


@command(
    "list",
    example="tallystick portal product list",
    exits="""
    0 done; also when there is none
    1 there is no portal yet
    """,
)
@on_portal
@with_session
def list_products(session: Session, portal: "Portal") -> Report:
    """List the products that something particular is asked of."""
    from reservation.service.stock import list_products as listed

    found = listed(portal)
    session.log(f"{counted(len(found), 'product')}")
    rows = [
        (
            each.product_id,
            "portal's" if each.minimum_match is None else each.minimum_match,
            each.universal_tag or "UNIVERSAL",
        )
        for each in found
    ]
    return Report(
        {
            "products": [
                {
                    "product_id": each.product_id,
                    "minimum_match": each.minimum_match,
                    "universal_tag": each.universal_tag,
                }
                for each in found
            ]
        },
        text=table(("PRODUCT", "LEAST MATCH", "UNIVERSAL"), rows) if found else "",
        says=() if found else ("Nothing particular is asked of any product.",),
    )
