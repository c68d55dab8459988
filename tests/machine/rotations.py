"""Worlds in which the issuer changes: the root signs, the portal takes it, and each device sees it or not."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from codec.codes import Kind, Trust
from codec.envelope import VerifiedCode
from codec.keys import SigningKey
from reservation import trustfile
from reservation.certifying import Change, Validity, following, signed
from reservation.device import Device
from reservation.issuers import is_revoked
from reservation.service import Portal, trust_file
from reservation.service.issuers import (
    IssuerHistory,
    every_device_behind,
    list_issuers,
    newest_trust,
    read_trust,
    renew,
    take_trust,
)
from reservation.store import Reading
from tests.machine.trouble import Troubled
from tests.machine.world import seeded

MOST_LISTED = 3
#: The first key that `tests.machine.founding` draws is the root's.
ROOT = SigningKey(seeded("portal")(32))


@dataclass(slots=True)
class Rotating(Troubled):
    """A world with a root.

    Attributes:
        rotated: How many issuers came after the first one.
    """

    rotated: int = 0

    def rotate(self, *, revoke: bool, seen_by: Collection[int]) -> None:
        """Let another issuer follow on the one in use, which is revoked or stays believed.

        Args:
            revoke: Whether the root revokes it.
            seen_by: Devices that the trust code is carried to.
        """
        assert self.portal.issuer is not None
        self.rotated += 1
        key = SigningKey(seeded(f"issuer/{self.rotated}")(32))
        before = trustfile.parse(trust_file(self.portal)).trust.code.value
        gone = frozenset({self.portal.issuer.key.verifying_key.id}) if revoke else frozenset()
        # A trust code lists few issuers: those that are dropped are believed no more, as if revoked.
        listed = [one.id for one in list_issuers(self.portal) if one.valid_from]
        dropped = frozenset(listed[: max(0, len(listed) - MOST_LISTED)])
        change = Change({key.verifying_key.raw: Validity()}, revoked=gone, dropped=dropped)
        code = signed(ROOT, following(ROOT, before, change, is_next=False, today=self.now.date()))
        offered = read_trust(self.portal, code.text)
        take_trust(self.portal, offered.received.code, key=key.verifying_key)
        self.portal = replace(self.portal, issuer=replace(self.portal.issuer, key=key))
        self.done["revoked" if revoke else "rotated"] += 1
        for device in seen_by:
            self._try("device trust", partial(_trusted, self.devices[device], code.text))

    def renew(self) -> None:
        """Issue anew whatever a revoked issuer had signed and nobody confirmed."""
        names = {str(device.status().udi): number for number, device in enumerate(self.devices)}
        found = list(every_device_behind(self.portal))
        needs = {one.reservation.id: (one.needs_trust, one.needs_renewal) for one in found}
        assert needs == self.portal.store.read(_needs_by_signatures)
        for behind in [one for one in found if one.needs_renewal]:
            text = self._try("renew", partial(_renewed, self.portal, behind.reservation.id))
            if text is not None:
                self._carry(Kind.AUTHORIZATION, text, names[str(behind.udi)])


def _needs_by_signatures(books: Reading) -> dict[bytes, tuple[bool, bool]]:
    """Return what open reservations need, found out from who really signed their authorizations."""
    history, trust = IssuerHistory.of(books), newest_trust(books)
    found = {}
    for one in books.every_reservation():
        codes = books.codes(one.id)
        newest = history.of_sequence(one.id, codes, one.sequence)
        known = history.of_sequence(one.id, codes, one.confirmed) if one.confirmed else None
        believed = {issuer.key for issuer in trust.issuers if not is_revoked(trust, issuer.key)}
        needs_trust = history.serial_shown_by(known) < trust.serial
        needs_renewal = one.confirmed != one.sequence and newest not in believed
        if one.state.is_open and (needs_trust or needs_renewal):
            found[one.id] = needs_trust, needs_renewal
    return found


def _renewed(portal: Portal, reservation_id: bytes) -> str:
    return renew(portal, reservation_id).text


def _trusted(device: Device, text: str) -> int:
    code = cast("VerifiedCode[Trust]", device.read(text).code)
    return device.update_trust(code).trust.serial
