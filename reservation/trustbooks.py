"""The part of the port to the books that is about trust codes and issuers; see `reservation.store`."""

from typing import Protocol

from reservation.issuers import NewestAuthorization, UsedIssuer
from reservation.model import PortalIdentity, Stamp, StoredTrust


class TrustReading(Protocol):
    """What a transaction can read of them."""

    def identity(self) -> PortalIdentity:
        """Return what the portal is."""

    def trust_text(self) -> str:
        """Return the newest trust code."""

    def every_trust(self) -> tuple[StoredTrust, ...]:
        """Return all trust codes that there ever were, the oldest first."""

    def used_issuers(self) -> tuple[UsedIssuer, ...]:
        """Return which issuer's key signed from when on, the oldest first."""

    def authorization_events(self, reservation_id: bytes) -> dict[bytes, bytes]:
        """Return with which event each authorization of a reservation was recorded, by id(A)."""

    def newest_authorizations(
        self, settled: bytes | None, before: bytes | None, most: int
    ) -> tuple[NewestAuthorization, ...]:
        """Return open reservations, newest first, that confirmed nothing which came lately.

        Args:
            settled: What came with this event and later ones counts as lately; None: nothing does.
            before: Only those before this place in lists; None: from the first on.
            most: How many at most.
        """

    def events_of_rebuilding(self) -> frozenset[bytes]:
        """Return the events with which forgotten authorizations came back."""


class TrustWriting(TrustReading, Protocol):
    """What a transaction can change of them."""

    def add_trust(self, trust: StoredTrust, stamp: Stamp) -> None:
        """Add a trust code with a new serial."""

    def use_issuer(self, issuer: UsedIssuer) -> None:
        """Note that an issuer's key signs from now on."""

    def set_issuer(self, identity: PortalIdentity) -> None:
        """Set root and issuer of the portal, and from when to when the issuer is believed."""
