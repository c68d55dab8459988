"""People, their roles and agreements in the database: a part of the port, on named queries."""

from typing import Any

from reservation.agreements import Agreement
from reservation.model import Event, Stamp
from reservation.people import User
from reservation.roles import Grant, Role
from reservation.sql import rows


class PeopleReading:
    """What a transaction can read of them."""

    connection: Any
    queries: Any
    account_id: bytes

    def grants_of(self, user: str) -> tuple[Grant, ...]:
        """Return the roles of a user; of whom nobody knows, none."""
        found = self.queries.grants_of(self.connection, account_id=self.account_id, user_name=user)
        return tuple(Grant(Role(role), place) for role, place in found)

    def administrators(self) -> tuple[str, ...]:
        """Return the names of all Smart Account administrators."""
        return tuple(
            row[0] for row in self.queries.administrators(self.connection, account_id=self.account_id)
        )

    def users(self) -> tuple[User, ...]:
        """Return all people that there ever were, by name."""
        grants: dict[str, list[Grant]] = {}
        for name, role, place in self.queries.every_grant(self.connection, account_id=self.account_id):
            grants.setdefault(name, []).append(Grant(Role(role), place))
        found = self.queries.users(self.connection, account_id=self.account_id)
        return tuple(_user_of(row, tuple(grants.get(row[0], ()))) for row in found)

    def user(self, name: str) -> User | None:
        """Return the user of that name, removed or not."""
        row = self.queries.user(self.connection, account_id=self.account_id, user_name=name)
        return _user_of(row, self.grants_of(name)) if row else None

    def people_events(self) -> tuple[Event, ...]:
        """Return all events that say who is a user, with which roles, oldest first."""
        found = self.queries.people_events(self.connection, account_id=self.account_id)
        return tuple(rows.event_of(row) for row in found)

    def agreements(self) -> tuple[Agreement, ...]:
        """Return every version of every agreement, by name, the newest first."""
        found = self.queries.agreements(self.connection, account_id=self.account_id)
        return tuple(
            Agreement(
                name,
                version,
                text,
                rows.instant(at),
                actor,
                rows.instant(accepted_at) if accepted_at else None,
                accepted_by or "",
            )
            for name, version, text, at, actor, accepted_at, accepted_by in found
        )

    def agreements_waiting(self) -> tuple[tuple[str, int], ...]:
        """Return name and newest version of each agreement that nobody accepted."""
        found = self.queries.agreements_waiting(self.connection, account_id=self.account_id)
        return tuple((name, version) for name, version in found)


def _user_of(row: rows.Row, grants: tuple[Grant, ...]) -> User:
    name, passphrase, removed, at, actor = row
    return User(name, grants, rows.instant(at), actor, passphrase, bool(removed))


class PeopleWriting(PeopleReading):
    """What a transaction can change of them."""

    def add_user(self, user: User) -> None:
        """Make somebody known, or somebody who was removed; without any role yet."""
        self.queries.upsert_user(
            self.connection,
            account_id=self.account_id,
            user_name=user.name,
            folded=user.name.casefold(),
            at=rows.instant_text(user.added_at),
            actor=user.added_by,
        )

    def add_grant(self, user: str, grant: Grant, stamp: Stamp) -> None:
        """Give a user a role."""
        self.queries.insert_grant(
            self.connection,
            account_id=self.account_id,
            user_name=user,
            role=grant.role.value,
            virtual_account_id=grant.virtual_account_id,
            at=rows.instant_text(stamp.at),
            actor=stamp.actor,
        )

    def remove_grant(self, user: str, grant: Grant) -> None:
        """Take a role from a user."""
        self.queries.delete_grant(
            self.connection,
            account_id=self.account_id,
            user_name=user,
            role=grant.role.value,
            virtual_account_id=grant.virtual_account_id,
        )

    def remove_user(self, name: str) -> None:
        """Note that a user is there no more."""
        self.queries.remove_user(self.connection, account_id=self.account_id, user_name=name)

    def set_passphrase(self, name: str, kept: str) -> None:
        """Keep a user's stretched passphrase; empty: none."""
        self.queries.set_passphrase(
            self.connection, account_id=self.account_id, user_name=name, passphrase=kept
        )

    def add_agreement(self, agreement: Agreement, event_id: bytes) -> None:
        """Add a version of an agreement."""
        self.queries.insert_agreement(
            self.connection,
            account_id=self.account_id,
            name=agreement.name,
            version=agreement.version,
            text=agreement.text,
            at=rows.instant_text(agreement.added_at),
            actor=agreement.added_by,
            event_id=event_id,
        )

    def accept_agreement(self, agreement: Agreement, event_id: bytes, stamp: Stamp) -> None:
        """Note that a version of an agreement is accepted."""
        self.queries.insert_acceptance(
            self.connection,
            account_id=self.account_id,
            name=agreement.name,
            version=agreement.version,
            at=rows.instant_text(stamp.at),
            actor=stamp.actor,
            event_id=event_id,
        )
