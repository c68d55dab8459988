"""Auditing people: their roles and passphrases follow from the events, and from nothing else.

Whoever can write the database could give a role by hand, or take a passphrase away to approve in somebody's
name. Neither leaves an event.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reservation.model import Event, EventKind
from reservation.roles import Grant, Role
from reservation.store import Reading


@dataclass(frozen=True, slots=True)
class _Known:
    """What the events say of a user."""

    grants: frozenset[Grant] = frozenset()
    has_passphrase: bool = False
    is_removed: bool = True

    def after(self, event: Event) -> "_Known":
        """Return what is known after one event more."""
        if event.kind is EventKind.ROLE_GRANTED:
            return replace(self, grants=self.grants | {_grant_in(event)})
        if event.kind is EventKind.ROLE_REVOKED:
            return replace(self, grants=self.grants - {_grant_in(event)})
        if event.kind is EventKind.USER_REMOVED:
            return replace(self, is_removed=True, has_passphrase=False)
        if event.kind is EventKind.USER_ADDED:
            return replace(self, is_removed=False)
        return replace(self, has_passphrase=event.kind is EventKind.PASSPHRASE_SET)


def _grant_in(event: Event) -> Grant:
    detail = event.detail or {}
    return Grant(Role(str(detail["role"])), bytes.fromhex(str(detail["virtual_account_id"])))


def check_people(books: Reading) -> Iterator[tuple[str, str]]:
    """Say of whom the books and the events disagree: the user, and how."""
    known: dict[str, _Known] = {}
    for event in books.people_events():
        if event.kind is EventKind.ACCOUNT_OPENED:
            known[event.actor] = _Known(frozenset({Grant(Role.ADMINISTRATOR)}), is_removed=False)
        else:
            known[event.subject] = known.get(event.subject, _Known()).after(event)
    users = {one.name: one for one in books.users()}
    for name in sorted(known.keys() | users.keys()):
        told, found = known.get(name, _Known()), users.get(name)
        if found is None or found.is_removed != told.is_removed:
            yield name, "the events say otherwise whether this is a user"
        elif set(found.grants) != told.grants:
            yield name, "the events do not give this user these roles"
        elif bool(found.passphrase) != told.has_passphrase:
            yield name, "the events say otherwise whether this user has a passphrase"
