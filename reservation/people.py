"""The people of a Smart Account: who they are, what roles they hold, and their own passphrases.

Invariants: a Smart Account always has an administrator; no two people have names that differ only in the
size of letters, those who were removed included, since their names stand in the events; whoever grants a
role may act wherever that role does.

Scope: pure; a passphrase is stretched here, with the salt that comes in. Not handled: what a role may do
(`reservation.roles`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from shlex import quote

from codec.keys import stretch_passphrase
from reservation.errors import (
    LastAdministratorError,
    NameTakenError,
    PassphraseError,
    RuleError,
    UnknownNameError,
)
from reservation.events import Stamp
from reservation.roles import Grant, Role

SHORTEST_PASSPHRASE, LONGEST_PASSPHRASE = 12, 1023
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class User:
    """Somebody whom the portal knows.

    Attributes:
        name: As it stands in events.
        grants: Their roles.
        added_at: When they were added.
        added_by: By whom.
        passphrase: Their stretched passphrase; empty: none.
        is_removed: Whether they were removed.
    """

    name: str
    grants: tuple[Grant, ...]
    added_at: datetime
    added_by: str
    passphrase: str = field(default="", repr=False)
    is_removed: bool = False


def require_free(name: str, known: Iterable[User]) -> None:
    """Refuse a name that is, or was, somebody else's.

    Raises:
        NameTakenError: When somebody has it, or somebody had one that differs only in the size of letters.
    """
    for one in known:
        if one.name == name and not one.is_removed:
            raise NameTakenError(
                f"There is a user {name} already.",
                hint=f"Give them one more role: tallystick portal user grant {quote(name)} --role ROLE",
            )
        if one.name != name and one.name.casefold() == name.casefold():
            raise NameTakenError(
                f"{name} could be taken for {one.name}, whose name stands in the events.",
                hint="Choose a name that nobody takes for another one.",
            )


def require_user(name: str, found: User | None) -> User:
    """Return a user who is there.

    Raises:
        UnknownNameError: When there is none of that name.
    """
    if found is None or found.is_removed:
        raise UnknownNameError(
            f"There is no user {name}.",
            hint="See the users with `tallystick portal user list`; add one with `tallystick portal user "
            "add NAME --role ROLE`.",
        )
    return found


def grants_of(role: Role, places: tuple[bytes, ...]) -> tuple[Grant, ...]:
    """Return a role as it is held: in each of these Virtual Accounts, or in the whole Smart Account.

    Raises:
        RuleError: When the role is of the other kind.
    """
    if role.is_for_places and not places:
        raise RuleError(
            f"The role {role} is held in Virtual Accounts, and none was named.",
            hint="Name each of them with --va.",
        )
    if not role.is_for_places and places:
        raise RuleError(
            f"The role {role} is held in the whole Smart Account, and in no Virtual Account.",
            hint="Leave --va out, or choose virtual-account-administrator or virtual-account-user.",
        )
    return tuple(Grant(role, place) for place in places) or (Grant(role),)


def require_administrator_left(user: User, taken: Iterable[Grant], administrators: tuple[str, ...]) -> None:
    """Refuse to leave the Smart Account without an administrator.

    Args:
        user: Whose roles are taken.
        taken: The roles.
        administrators: Names of all who are there.

    Raises:
        LastAdministratorError: When nobody else is one.
    """
    if Grant(Role.ADMINISTRATOR) in taken and administrators == (user.name,):
        raise LastAdministratorError(
            f"{user.name} is the only administrator of this Smart Account.",
            hint="Make somebody else one first: tallystick portal user add NAME --role administrator",
        )


def require_role_left(user: User, taken: Iterable[Grant]) -> None:
    """Refuse to leave a user without any role; whoever should have none is removed.

    Raises:
        RuleError: When no role would be left.
    """
    if set(user.grants) <= set(taken):
        raise RuleError(
            f"{user.name} has no other role.",
            hint=f"Remove them, if that is what is meant: tallystick portal user remove {quote(user.name)}",
        )


def require_held(user: User, wanted: tuple[Grant, ...]) -> None:
    """Refuse to take a role that is not held.

    Raises:
        UnknownNameError: When it is not.
    """
    if not set(wanted) <= set(user.grants):
        raise UnknownNameError(
            f"{user.name} does not hold the role {wanted[0].role} there.",
            hint="See who holds what: tallystick portal user list",
        )


# --- their own passphrases -------------------------------------------------------------------------


def require_authenticated(user: User | None, stamp: Stamp) -> None:
    """Refuse an approval in the name of somebody who has a passphrase and did not give it.

    Raises:
        PassphraseError: When that is so.
    """
    if user is not None and user.passphrase and not stamp.rights.is_authenticated:
        raise PassphraseError(
            f"{user.name} has a passphrase of their own, and it was not given.",
            hint="Give it when asked, or name a file that holds it: --own-passphrase-file F",
        )


def stretched(passphrase: str, salt: bytes) -> str:
    """Return what is kept of a passphrase: a salt and a key that is slow to make.

    Args:
        passphrase: The passphrase.
        salt: `SALT_BYTES` unpredictable bytes.

    Raises:
        RuleError: When it is too short or too long.
    """
    if not len(passphrase) >= SHORTEST_PASSPHRASE or len(passphrase.encode()) > LONGEST_PASSPHRASE:
        raise RuleError(
            "The passphrase is too short or too long.",
            hint=f"Give at least {SHORTEST_PASSPHRASE} characters.",
        )
    return f"argon2id/1/{salt.hex()}/{stretch_passphrase(passphrase, salt).hex()}"


def holds(passphrase: str, kept: str) -> bool:
    """Tell whether a passphrase is the one of which this was kept."""
    form, version, salt, key = kept.split("/")
    if (form, version) != ("argon2id", "1") or len(passphrase.encode()) > LONGEST_PASSPHRASE:
        return False
    return compare_digest(stretch_passphrase(passphrase, bytes.fromhex(salt)), bytes.fromhex(key))
