"""``tallystick portal user``: who may act for the Smart Account, and by which roles."""

from typing import TYPE_CHECKING

import click

from cli.command import argument, command, option, with_session
from cli.passphrase import new_own_passphrase
from cli.plain import safe
from cli.portal.books import on_portal
from cli.portal.proving import own_passphrase_option, proved
from cli.screen import table
from cli.session import Report, Session
from cli.values import moment

if TYPE_CHECKING:
    from reservation.service.context import Portal
    from reservation.service.people import Person

ROLES = ("approver", "administrator", "user", "virtual-account-administrator", "virtual-account-user")
"""The roles, as `reservation.roles` names them."""

_ROLE = option("--role", required=True, type=click.Choice(ROLES), help="The role.")
_PLACES = option(
    "--va",
    "places",
    multiple=True,
    metavar="V",
    help="Virtual Account in which it is held, for the two roles that are. Can be given many times.",
)


@command(
    "add",
    example="tallystick portal user add alex --role administrator\n"
    "tallystick portal user add robin --role virtual-account-user --va Berlin",
    exits="""
    0 done
    1 there is such a user already, or one whose name differs only in the size of letters
    5 who runs this may not give that role there
    """,
)
@argument("name", text="The user's name, as TALLYSTICK_USER gives it and events will say it.")
@_ROLE
@_PLACES
@on_portal
def add(portal: "Portal", name: str, role: str, places: tuple[str, ...]) -> Report:
    """Make somebody known, with a role.

    A role of the Smart Account: `administrator` does everything. `user` reserves and moves licences in all
    Virtual Accounts, and adds neither Virtual Accounts nor users. `approver` changes properties of the
    account, sees users and events, accepts agreements, and has nothing to do with licences.

    A role in Virtual Accounts: `virtual-account-administrator` does all about licences there, and sees
    to users and events. `virtual-account-user` does all about licences there. Neither sees any other.
    """
    from reservation.roles import Role
    from reservation.service.people import add_user

    person = add_user(portal, name, Role(role), virtual_accounts=places)
    return _told(person, f"Added: {_words(person)}", next_step="They act by --user, or TALLYSTICK_USER")


@command(
    "grant",
    example="tallystick portal user grant robin --role virtual-account-user --va DEFAULT",
    exits="""
    0 done; also when they held it already
    1 there is no such user
    5 who runs this may not give that role there
    """,
)
@argument("name", text="The user.")
@_ROLE
@_PLACES
@on_portal
def grant(portal: "Portal", name: str, role: str, places: tuple[str, ...]) -> Report:
    """Give a user one more role."""
    from reservation.roles import Role
    from reservation.service.people import grant_role

    person = grant_role(portal, name, Role(role), virtual_accounts=places)
    return _told(person, f"Now: {_words(person)}")


@command(
    "revoke",
    example="tallystick portal user revoke robin --role virtual-account-user --va DEFAULT",
    exits="""
    0 done
    1 there is no such user, or they do not hold it; or it is their last role, or the last administrator's
    5 who runs this may not take that role there
    """,
)
@argument("name", text="The user.")
@_ROLE
@_PLACES
@on_portal
def revoke(portal: "Portal", name: str, role: str, places: tuple[str, ...]) -> Report:
    """Take a role from a user, who keeps others."""
    from reservation.roles import Role
    from reservation.service.people import revoke_role

    person = revoke_role(portal, name, Role(role), virtual_accounts=places)
    return _told(person, f"Now: {_words(person)}")


@command(
    "remove",
    example="tallystick portal user remove robin",
    exits="""
    0 done
    1 there is no such user, or they are the last administrator
    5 they have a role that who runs this may not take
    """,
)
@argument("name", text="The user.")
@on_portal
def remove(portal: "Portal", name: str) -> Report:
    """Remove a user with all their roles; the name stays in the events."""
    from reservation.service.people import remove_user

    person = remove_user(portal, name)
    return _told(person, f"Removed: {_words(person)}")


@command(
    "list",
    example="tallystick portal user list",
    exits="""
    0 done
    5 who runs this may not see users
    """,
)
@on_portal
def list_all(portal: "Portal") -> Report:
    """List the users and their roles."""
    from reservation.service.people import list_users

    found = list_users(portal)
    rows = [
        (
            person.name,
            role.value,
            place,
            "yes" if person.has_passphrase else "no",
            moment(person.added_at),
            person.added_by,
        )
        for person in found
        for role, place in person.roles
    ]
    head = ("USER", "ROLE", "VIRTUAL ACCOUNT", "PASSPHRASE", "ADDED", "BY")
    return Report({"users": [_record(person) for person in found]}, text=table(head, rows) if rows else "")


@command(
    "passphrase",
    example="tallystick portal user passphrase --new-passphrase-file mine.txt",
    exits="""
    0 done
    2 the new one is too short, or typed differently the second time; or nobody could be asked
    5 the present one is wrong; or who runs this may not clear somebody's
    """,
)
@option("--clear", metavar="NAME", help="Take somebody's passphrase away, who forgot it. For administrators.")
@option(
    "--new-passphrase-file",
    metavar="F",
    help="File whose first line is the new one. [else a person is asked]",
)
@own_passphrase_option
@on_portal
@with_session
def passphrase(
    session: Session,
    portal: "Portal",
    clear: str | None,
    new_passphrase_file: str | None,
    own_passphrase_file: str | None,
) -> Report:
    """Set your own passphrase.

    Approvals then ask for it, and are recorded as authenticated. Nothing else asks for it: on the command
    line, whoever can write the database could do everything without this program.
    """
    from reservation.service.people import clear_passphrase, set_passphrase

    if clear is not None:
        clear_passphrase(portal, clear)
        return Report(
            {"user": clear, "has_passphrase": False}, text=f"Cleared: {safe(clear)} has no passphrase now."
        )
    proven = proved(session, portal, own_passphrase_file)
    set_passphrase(proven, new_own_passphrase(session, new_passphrase_file))
    return Report(
        {"user": portal.actor, "has_passphrase": True},
        text=f"Set: approvals by {safe(portal.actor)} ask for it now.",
    )


def _told(person: "Person", text: str, *, next_step: str = "") -> Report:
    return Report(_record(person), text=text, next_step=next_step)


def _words(person: "Person") -> str:
    roles = ", ".join(f"{role.value}{f' in {safe(place)}' * bool(place)}" for role, place in person.roles)
    return f"{safe(person.name)}: {roles or 'no role'}"


def _record(person: "Person") -> dict[str, object]:
    return {
        "user": person.name,
        "roles": [{"role": role.value, "virtual_account": place or None} for role, place in person.roles],
        "has_passphrase": person.has_passphrase,
        "added_at": person.added_at,
        "added_by": person.added_by,
    }
