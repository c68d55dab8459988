"""The people of a Smart Account: adding and removing them, their roles and their own passphrases.

All of it works in quarantine too: two persons end one, and there may be only one yet.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from shlex import quote

from codec.codes import checked_text
from reservation import people
from reservation.errors import PassphraseError
from reservation.model import Event, EventKind, Stamp
from reservation.people import User
from reservation.roles import Grant, Rights, Role, Verb, verbs_of
from reservation.service.context import Portal, read, write
from reservation.service.issuing import place_for
from reservation.standing import Changes
from reservation.store import Reading, Writing


@dataclass(frozen=True, slots=True)
class Person:
    """A user, for people.

    Attributes:
        name: As it stands in events.
        roles: Each role, and the Virtual Account in which it is held; empty: in the whole Smart Account.
        added_at: When they were added.
        added_by: By whom.
        has_passphrase: Whether they have a passphrase of their own.
    """

    name: str
    roles: tuple[tuple[Role, str], ...]
    added_at: datetime
    added_by: str
    has_passphrase: bool


def _person(books: Reading, user: User) -> Person:
    names = {one.id: one.name for one in books.every_virtual_account()}
    held = ((one.role, names.get(one.virtual_account_id, "")) for one in user.grants)
    roles = sorted(held, key=lambda one: (list(Role).index(one[0]), one[1]))
    return Person(user.name, tuple(roles), user.added_at, user.added_by, bool(user.passphrase))


def list_users(portal: Portal) -> tuple[Person, ...]:
    """Return the users, by name, each with the roles that the acting user may see."""

    def work(books: Reading, rights: Rights) -> tuple[Person, ...]:
        seen = (
            replace(one, grants=tuple(each for each in one.grants if _covers(rights, each)))
            for one in books.users()
            if not one.is_removed
        )
        return tuple(_person(books, one) for one in seen if one.grants or rights.places is None)

    return read(portal, Verb.LIST_USERS, work)


@dataclass(frozen=True, slots=True)
class Access:
    """One role by which somebody may act in a Virtual Account.

    Attributes:
        user: Who.
        role: The role.
        virtual_account: Where it is held; empty: in the whole Smart Account, and so in all of them.
        verbs: What it allows there.
    """

    user: str
    role: Role
    virtual_account: str
    verbs: tuple[Verb, ...]


def list_access(portal: Portal, name: str) -> tuple[Access, ...]:
    """Return who may act in a Virtual Account: by user, and by role.

    Whoever may see it at all sees everybody, also those with roles in the whole Smart Account.

    Args:
        portal: The portal.
        name: The Virtual Account.

    Raises:
        UnknownNameError: When there is none of that name.
        PermissionDeniedError: When it is none in which the acting user may see people.
    """

    def work(books: Reading, rights: Rights) -> tuple[Access, ...]:
        place = place_for(books, rights, name)
        return tuple(
            Access(
                user.name, grant.role, place.name if grant.virtual_account_id else "", verbs_of(grant.role)
            )
            for user in books.users()
            if not user.is_removed
            for grant in sorted(user.grants)
            if grant.virtual_account_id in {b"", place.id}
        )

    return read(portal, Verb.LIST_ACCESS, work)


def add_user(portal: Portal, name: str, role: Role, *, virtual_accounts: tuple[str, ...] = ()) -> Person:
    """Make somebody known, with a role.

    Args:
        portal: The portal.
        name: 1 to 64 printable ASCII characters, as it will stand in events.
        role: The role.
        virtual_accounts: Names of those in which it is held; empty for a role of the Smart Account.

    Raises:
        NameTakenError: When the name is, or could be taken for, somebody else's.
        RuleError: When the role is of the other kind.
        PermissionDeniedError: When the acting user may not grant it there.
        FieldError: When the name is none.
    """
    checked_text("user name", name)

    def work(books: Writing, stamp: Stamp) -> Person:
        wanted = _wanted(books, stamp.rights, role, virtual_accounts)
        people.require_free(name, books.users())
        user = User(name, wanted, stamp.at, stamp.actor)
        books.record(Changes(_event(stamp, 0, EventKind.USER_ADDED, name, wanted[0])))
        books.add_user(user)
        for number, grant in enumerate(wanted, start=1):
            _grant(books, stamp, number, name, grant)
        return _person(books, user)

    return write(portal, Verb.ADD_USER, work, reconciles=True)


def grant_role(portal: Portal, name: str, role: Role, *, virtual_accounts: tuple[str, ...] = ()) -> Person:
    """Give a user one more role; one that is held already changes nothing.

    Raises:
        UnknownNameError: When there is no such user or Virtual Account.
        RuleError: When the role is of the other kind.
        PermissionDeniedError: When the acting user may not grant it there.
    """

    def work(books: Writing, stamp: Stamp) -> Person:
        wanted = _wanted(books, stamp.rights, role, virtual_accounts)
        user = people.require_user(name, books.user(name))
        new = tuple(grant for grant in wanted if grant not in user.grants)
        for number, grant in enumerate(new):
            _grant(books, stamp, number, name, grant)
        return _person(books, replace(user, grants=(*user.grants, *new)))

    return write(portal, Verb.GRANT_ROLE, work, reconciles=True)


def revoke_role(portal: Portal, name: str, role: Role, *, virtual_accounts: tuple[str, ...] = ()) -> Person:
    """Take a role from a user, who keeps others.

    Raises:
        UnknownNameError: When there is no such user, or they do not hold it.
        LastAdministratorError: When nobody else is an administrator.
        RuleError: When it is their last role.
        PermissionDeniedError: When the acting user may not take it there.
    """

    def work(books: Writing, stamp: Stamp) -> Person:
        wanted = _wanted(books, stamp.rights, role, virtual_accounts)
        user = people.require_user(name, books.user(name))
        people.require_held(user, wanted)
        people.require_administrator_left(user, wanted, books.administrators())
        people.require_role_left(user, wanted)
        for number, grant in enumerate(wanted):
            books.record(Changes(_event(stamp, number, EventKind.ROLE_REVOKED, name, grant)))
            books.remove_grant(name, grant)
        return _person(books, replace(user, grants=tuple(one for one in user.grants if one not in wanted)))

    return write(portal, Verb.REVOKE_ROLE, work, reconciles=True)


def remove_user(portal: Portal, name: str) -> Person:
    """Remove a user with all roles; the name stays in the events.

    Raises:
        UnknownNameError: When there is no such user.
        LastAdministratorError: When nobody else is an administrator.
        PermissionDeniedError: When the user has a role that the acting user may not take.
    """

    def work(books: Writing, stamp: Stamp) -> Person:
        user = people.require_user(name, books.user(name))
        for grant in user.grants:
            _require_covered(stamp.rights, grant)
        people.require_administrator_left(user, user.grants, books.administrators())
        # Whoever has a role somewhere else, or none that is still anywhere, belongs to the Smart Account.
        if not user.grants:
            _require_covered(stamp.rights, Grant(Role.ADMINISTRATOR))
        for number, grant in enumerate(user.grants):
            books.record(Changes(_event(stamp, number, EventKind.ROLE_REVOKED, name, grant)))
            books.remove_grant(name, grant)
        last = user.grants[0] if user.grants else None
        books.record(Changes(_event(stamp, len(user.grants), EventKind.USER_REMOVED, name, last)))
        books.remove_user(name)
        return _person(books, user)

    return write(portal, Verb.REMOVE_USER, work, reconciles=True)


def _wanted(
    books: Reading, rights: Rights, role: Role, virtual_accounts: tuple[str, ...]
) -> tuple[Grant, ...]:
    """Return a role as it is to be held, where the acting user may give and take it."""
    places = tuple(place_for(books, rights, one).id for one in dict.fromkeys(virtual_accounts))
    wanted = people.grants_of(role, places)
    for grant in wanted:
        _require_covered(rights, grant)
    return wanted


def _covers(rights: Rights, grant: Grant) -> bool:
    """Tell whether a user's rights reach as far as a role does: that of the Smart Account, everywhere."""
    return rights.places is None or (grant.role.is_for_places and rights.covers(grant.virtual_account_id))


def _require_covered(rights: Rights, grant: Grant) -> None:
    if not _covers(rights, grant):
        raise rights.refuse_place(f"The role {grant.role} is held beyond those")


def _grant(books: Writing, stamp: Stamp, number: int, name: str, grant: Grant) -> None:
    books.record(Changes(_event(stamp, number, EventKind.ROLE_GRANTED, name, grant)))
    books.add_grant(name, grant, stamp)


def _event(stamp: Stamp, number: int, kind: EventKind, name: str, grant: Grant | None = None) -> Event:
    detail = {"user": name}
    if grant is not None:
        detail |= {"role": grant.role.value, "virtual_account_id": grant.virtual_account_id.hex()}
    return Event(stamp.event_id(number), stamp.at, stamp.actor, kind, name, detail=detail)


# --- their own passphrases -------------------------------------------------------------------------


def has_passphrase(portal: Portal) -> bool:
    """Tell whether the acting user has a passphrase of their own."""

    def work(books: Reading, rights: Rights) -> bool:
        return bool(people.require_user(rights.user, books.user(rights.user)).passphrase)

    return read(portal, Verb.HAS_PASSPHRASE, work)


def authenticate(portal: Portal, passphrase: str) -> Portal:
    """Return the portal on behalf of a user who has proved to be the acting one.

    Raises:
        PassphraseError: When the passphrase is wrong, or the user has none.
    """

    def work(books: Reading, rights: Rights) -> str:
        return people.require_user(rights.user, books.user(rights.user)).passphrase

    kept = read(portal, Verb.AUTHENTICATE, work)
    # Outside the transaction: it takes a tenth of a second on purpose.
    if not kept or not people.holds(passphrase, kept):
        raise PassphraseError(
            f"This is not the passphrase of {portal.actor}.",
            hint="Try again, or have an administrator clear it: tallystick portal user passphrase "
            f"--clear {quote(portal.actor)}",
        )
    return replace(portal, is_authenticated=True)


def set_passphrase(portal: Portal, passphrase: str) -> None:
    """Set the acting user's own passphrase.

    Args:
        portal: The portal; on behalf of a user who gave the present passphrase, when there is one.
        passphrase: The new one.

    Raises:
        PassphraseError: When there is one, and it was not given.
        RuleError: When the new one is too short.
    """
    kept = people.stretched(passphrase, portal.random(people.SALT_BYTES))

    def work(books: Writing, stamp: Stamp) -> None:
        user = people.require_user(stamp.actor, books.user(stamp.actor))
        people.require_authenticated(user, stamp)
        books.record(Changes(_event(stamp, 0, EventKind.PASSPHRASE_SET, user.name)))
        books.set_passphrase(user.name, kept)

    write(portal, Verb.SET_PASSPHRASE, work, reconciles=True)


def clear_passphrase(portal: Portal, name: str) -> None:
    """Take a passphrase that was forgotten from a user; the events say who did.

    Raises:
        UnknownNameError: When there is no such user.
    """

    def work(books: Writing, stamp: Stamp) -> None:
        user = people.require_user(name, books.user(name))
        books.record(Changes(_event(stamp, 0, EventKind.PASSPHRASE_CLEARED, user.name)))
        books.set_passphrase(user.name, "")

    write(portal, Verb.CLEAR_PASSPHRASE, work, reconciles=True)
