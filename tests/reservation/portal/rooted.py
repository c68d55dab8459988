"""The root of the portals of these tests, and trust codes that it signs: far from the portal's code."""

from dataclasses import replace

from codec.codes import Trust
from codec.envelope import VerifiedCode
from codec.keys import SigningKey
from reservation import service
from reservation.certifying import Change, Validity, following, signed
from reservation.service import Portal
from reservation.service.issuers import OfferedTrust, read_trust, take_trust
from reservation.trustfile import parse
from tests.reservation.portal.appliance import seeded

_made = seeded("portal")
#: The keys that `tests.reservation.portal.conftest.found` makes, in this order.
ROOT, FIRST = SigningKey(_made(32)), SigningKey(_made(32))
SECOND, THIRD, NEXT_ROOT = (SigningKey(bytes([number]) * 32) for number in (2, 3, 4))


def newest(portal: Portal) -> Trust:
    """Return what the portal's trust file says."""
    return parse(service.trust_file(portal)).trust.code.value


def trust_after(
    portal: Portal,
    *certified: SigningKey,
    revoked: tuple[SigningKey, ...] = (),
    dropped: tuple[SigningKey, ...] = (),
    validity: Validity | None = None,
    next_root: SigningKey | None = None,
    root: SigningKey = ROOT,
) -> VerifiedCode[Trust]:
    """Sign the trust code that follows on the portal's newest one."""
    before = newest(portal)
    change = Change(
        {key.verifying_key.raw: validity or Validity() for key in certified},
        frozenset(key.verifying_key.id for key in revoked),
        frozenset(key.verifying_key.id for key in dropped),
        next_root.verifying_key.raw if next_root else None,
    )
    is_next = root.verifying_key.raw == before.next_root
    return signed(root, following(root, before, change, is_next=is_next, today=portal.clock().date()))


def taken(
    portal: Portal, code: VerifiedCode[Trust], key: SigningKey, *, use: SigningKey | None = None
) -> OfferedTrust:
    """Let a portal take a trust code, with a key at hand."""
    wanted = use.verifying_key.id if use else None
    offered = read_trust(portal, code.text, use=wanted)
    return take_trust(portal, offered.received.code, key=key.verifying_key, use=wanted)


def signing(portal: Portal, key: SigningKey) -> Portal:
    """Return a portal that was opened with another key."""
    assert portal.issuer is not None
    return replace(portal, issuer=replace(portal.issuer, key=key))
