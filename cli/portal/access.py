"""``tallystick portal va access``: who may act in a Virtual Account. Roles are given by ``portal user``."""

from typing import TYPE_CHECKING

from cli.command import argument, command, option
from cli.plain import safe
from cli.portal.books import on_portal
from cli.screen import table
from cli.session import Report

if TYPE_CHECKING:
    from reservation.service.context import Portal
    from reservation.service.people import Access

_HEAD = ("USER", "ROLE", "HELD IN", "LICENSES", "APPROVES", "GRANTS ROLES")
EVERYWHERE = "all of the Smart Account"


@command(
    "access",
    example="tallystick portal va access DEFAULT",
    exits="""
    0 done
    1 there is no such Virtual Account
    5 it is none in which you may see the users
    """,
)
@argument("name", metavar="VA", text="The Virtual Account.")
@option("--csv", "as_csv", is_flag=True, help="Print CSV, for a spreadsheet.")
@on_portal
def access(portal: "Portal", name: str, as_csv: bool) -> Report:
    """List who may act in a Virtual Account, and by which roles.

    A role is held there, or in the whole Smart Account. LICENSES: may reserve and accept, and what belongs to
    it; APPROVES: may approve what somebody else proposed; GRANTS ROLES: may let others in. Nothing is changed
    here: `portal user grant` and `revoke` do that.
    """
    from reservation.service.people import list_access

    found = list_access(portal, name)
    rows = [_cells(one) for one in found]
    record = {"virtual_account": name, "access": [_record(one) for one in found]}
    if as_csv:
        from cli.csv_rows import csv_rows

        return Report(record, text=csv_rows([each.lower().replace(" ", "_") for each in _HEAD], rows))
    return Report(record, text=table(_HEAD, rows), says=() if rows else (f"Nobody may act in {safe(name)}.",))


def _cells(one: "Access") -> tuple[str, ...]:
    from reservation.roles import Verb

    shown = (Verb.RESERVE, Verb.APPROVE, Verb.GRANT_ROLE)
    may = ("yes" if verb in one.verbs else "no" for verb in shown)
    return one.user, one.role.value, one.virtual_account or EVERYWHERE, *may


def _record(one: "Access") -> dict[str, object]:
    return {
        "user": one.user,
        "role": one.role.value,
        "virtual_account": one.virtual_account or None,
        "may": [verb.value for verb in one.verbs],
    }
