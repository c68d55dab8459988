"""Licences and devices that go to another Virtual Account; orders and Virtual Accounts that are put right."""

from typing import TYPE_CHECKING

import click

from cli.code_input import CodeInput, names_reservation
from cli.command import argument, command, option, with_session
from cli.plain import safe
from cli.portal.accepted import moved_record
from cli.portal.books import on_portal
from cli.portal.naming import reservation_of
from cli.portal.stock import lot_record, lot_words
from cli.session import Report, Session
from cli.values import udi_record

if TYPE_CHECKING:
    from reservation.service.context import Portal
    from reservation.service.transferring import Transferred

_TO = option("--to", "target", required=True, metavar="V", help="The Virtual Account where they will be.")
_LOT = option("--lot", metavar="LOT", help="The lot, as `license list` names it.")


@command(
    "transfer",
    example="tallystick portal license transfer ROUTING 10 --from DEFAULT --to Berlin",
    exits="""
    0 done
    1 fewer are available, or no such Virtual Account or lot
    """,
)
@argument("tag", text="The entitlement's tag.")
@argument("quantity", type=click.IntRange(min=1), text="How many.")
@option("--from", "source", required=True, metavar="V", help="The Virtual Account where they are.")
@_TO
@_LOT
@on_portal
def transfer_license(
    portal: "Portal", tag: str, quantity: int, source: str, target: str, lot: str | None
) -> Report:
    """Take available licences to another Virtual Account.

    QUANTITY counts of TAG that nobody has; those that last longest, unless a lot is named. What a device has
    goes with the device: `portal transfer`.
    """
    from reservation.service.transferring import transfer_license as transfer_it

    done = transfer_it(portal, tag, quantity, source=source, target=target, lot=lot)
    text = f"Transferred {quantity:,} × {safe(tag)} from {safe(done.source)} to {safe(done.target)}."
    return Report({"tag": tag, "count": quantity, **_record(done)}, text=text)


@command(
    "correct",
    example="tallystick portal license correct ROUTING 10 --order PO-4711",
    exits="""
    0 done; also when that leaves a shortfall
    1 there were never so many, or more than one lot fits
    """,
)
@argument("tag", text="The entitlement's tag.")
@argument("quantity", type=click.IntRange(min=1), text="How many to take back.")
@option("--va", default="DEFAULT", show_default=True, metavar="V", help="The Virtual Account that has them.")
@_LOT
@option("--order", default="", metavar="REF", help="The order that this corrects.")
@on_portal
def correct_license(
    portal: "Portal", tag: str, quantity: int, va: str, lot: str | None, order: str
) -> Report:
    """Take back licences that were wrongly added.

    A counter-entry: what was added stays in the books, and so does this. Nothing is taken from a device.
    Should more be out than is left, the rest is a shortfall: nothing more can be reserved from the lot until
    as much has come back.
    """
    from reservation.model import name_of
    from reservation.service.transferring import correct_license as correct_it

    done = correct_it(portal, tag, quantity, virtual_account=va, lot=lot, order_reference=order)
    short = (
        f"Insufficient: {done.shortfall:,} more are out than were bought. Nothing can be reserved from this "
        "lot until they have come back, or were bought.",
    )
    return Report(
        {
            **lot_record(done.lot),
            "lot": name_of(done.lot.id),
            "virtual_account": done.virtual_account,
            "taken_back": done.count,
            "shortfall": done.shortfall,
            "order": order,
        },
        text=f"Took back {quantity:,} × {safe(tag)} ({lot_words(done.lot)}) from "
        f"{safe(done.virtual_account)}.",
        says=short if done.shortfall else (),
    )


@command(
    "transfer",
    example="tallystick portal transfer --file request.txt --to Berlin",
    exits="""
    0 done; also when it is there already
    1 the reservation is closed, and keeps nothing
    """,
)
@names_reservation
@_TO
@on_portal
@with_session
def transfer(session: Session, portal: "Portal", given: CodeInput, target: str) -> Report:
    """Take a device with its licences to another Virtual Account.

    Everything that it holds goes with it, whatever is in doubt as well. What the device sends later posts
    where it is then; updates take from there.
    """
    from reservation.service.transferring import transfer_reservation

    done = transfer_reservation(portal, reservation_of(session, portal, given), target=target)
    it = done.reservation
    name = f"{it.name}, {safe(it.udi)}," if it else ""
    sentence = (
        f"Nothing to do: {name} is in {safe(done.target)}."
        if done.again
        else f"Transferred {name} from {safe(done.source)} to {safe(done.target)}."
    )
    lines = [
        f"  {each.movement.count:,} × {safe(each.lot.tag)}: {each.movement.source.value.replace('_', ' ')}"
        for each in done.moved
        if each.is_between
    ]
    about = {"reservation": it.name, "udi": udi_record(it.udi)} if it else {}
    return Report({**about, **_record(done), "again": done.again}, text="\n".join([sentence, *lines]))


def _record(done: "Transferred") -> dict[str, object]:
    return {"from": done.source, "to": done.target, "moved": moved_record(done.moved)}


# --- Virtual Accounts --------------------------------------------------------------------------


@command(
    "rename",
    example="tallystick portal va rename Berlin Potsdam",
    exits="""
    0 done
    1 there is none, or another one of the new name; DEFAULT keeps its name
    """,
)
@argument("name", text="Its name.")
@argument("new_name", text="Its new name.")
@on_portal
def rename_virtual_account(portal: "Portal", name: str, new_name: str) -> Report:
    """Give a Virtual Account another name."""
    from reservation.service.stock import rename_virtual_account as rename_it

    renamed = rename_it(portal, name, new_name)
    return Report(
        {"name": renamed.name, "before": name}, text=f"{safe(name)} is {safe(renamed.name)} from now on."
    )


@command(
    "remove",
    example="tallystick portal va remove Depot",
    exits="""
    0 done
    1 something is in it; DEFAULT is always there
    """,
)
@argument("name", text="Its name.")
@on_portal
def remove_virtual_account(portal: "Portal", name: str) -> Report:
    """Remove a Virtual Account that is empty.

    Licences and devices in it have to be transferred first; what has expired in it goes to DEFAULT. What
    happened in it stays in the books.
    """
    from reservation.service.stock import remove_virtual_account as remove_it

    removed = remove_it(portal, name)
    return Report({"name": removed.name}, text=f"Removed the Virtual Account {safe(removed.name)}.")
