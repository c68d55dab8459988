"""Trust codes and issuers in the database: a part of the port, on named queries."""

from typing import Any

from reservation.issuers import NewestAuthorization, UsedIssuer
from reservation.model import PortalIdentity, Stamp, StoredTrust
from reservation.sql import rows

_AFTER_ALL = b"\xff" * 16


class IssuerReading:
    """What a transaction can read of them."""

    connection: Any
    queries: Any
    account_id: bytes

    def every_trust(self) -> tuple[StoredTrust, ...]:
        """Return all trust codes that there ever were, the oldest first."""
        return tuple(StoredTrust(*row) for row in self.queries.every_trust(self.connection))

    def used_issuers(self) -> tuple[UsedIssuer, ...]:
        """Return which issuer's key signed from when on, the oldest first."""
        found = self.queries.used_issuers(self.connection, account_id=self.account_id)
        return tuple(
            UsedIssuer(key, serial, event_id, rows.instant(at), actor)
            for key, serial, event_id, at, actor in found
        )

    def authorization_events(self, reservation_id: bytes) -> dict[bytes, bytes]:
        """Return with which event each authorization of a reservation was recorded, by id(A)."""
        found = self.queries.authorization_events(
            self.connection, account_id=self.account_id, reservation_id=reservation_id
        )
        return dict(found)

    def newest_authorizations(
        self, settled: bytes | None, before: bytes | None, most: int
    ) -> tuple[NewestAuthorization, ...]:
        """Return open reservations, newest first, that confirmed nothing which came lately."""
        found = self.queries.newest_authorizations(
            self.connection,
            account_id=self.account_id,
            settled=settled or _AFTER_ALL,
            before=before or _AFTER_ALL,
            most=most,
        )
        return tuple(NewestAuthorization(*row) for row in found)

    def events_of_rebuilding(self) -> frozenset[bytes]:
        """Return the events with which forgotten authorizations came back."""
        found = self.queries.events_of_rebuilding(self.connection, account_id=self.account_id)
        return frozenset(event_id for (event_id,) in found)


class IssuerWriting(IssuerReading):
    """What a transaction can change of them."""

    def add_trust(self, trust: StoredTrust, stamp: Stamp) -> None:
        """Add a trust code with a new serial."""
        self.queries.insert_trust(
            self.connection,
            serial=trust.serial,
            root_key=trust.root,
            code_id=trust.id,
            code_text=trust.text,
            at=rows.instant_text(stamp.at),
            actor=stamp.actor,
        )

    def use_issuer(self, issuer: UsedIssuer) -> None:
        """Note that an issuer's key signs from now on."""
        self.queries.insert_issuer(
            self.connection,
            account_id=self.account_id,
            event_id=issuer.event_id,
            issuer_key=issuer.key,
            serial=issuer.serial,
            at=rows.instant_text(issuer.at),
            actor=issuer.by,
        )

    def set_issuer(self, identity: PortalIdentity) -> None:
        """Set root and issuer of the portal, and from when to when the issuer is believed."""
        until = identity.issuer_until
        self.queries.set_issuer(
            self.connection,
            root_key=identity.root_key,
            issuer_key=identity.issuer_key,
            issuer_from=identity.issuer_from.isoformat(),
            issuer_until=until.isoformat() if until else None,
            issuer_revoked=int(identity.issuer_revoked),
        )
