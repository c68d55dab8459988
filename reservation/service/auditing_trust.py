"""Auditing trust: the trust codes, which issuer was in use when, and who signed each authorization.

An authorization must be of an issuer's key that was in use when it was recorded. Where books were restored,
authorizations that were forgotten come back later than they were signed: there any issuer will do.
"""

from collections.abc import Iterator

from codec.codes import Authorization, Kind, Trust
from codec.envelope import VerifiedCode, require_kind, verify_trust
from codec.errors import CodecError
from codec.keys import VerifyingKey
from codec.reading import inspect
from reservation.issuers import identity_under, in_use_at
from reservation.model import PortalIdentity, StoredCode, StoredTrust
from reservation.service.issuers import IssuerHistory
from reservation.standing import Standing
from reservation.store import Reading

Found = tuple[str, str]
"""What a finding is about, and what is wrong."""


def check_trust(books: Reading) -> Iterator[Found]:
    """Verify every trust code by its root, and compare root and issuer of the portal with what they say."""
    identity = books.identity()
    roots: set[bytes | None] = set()
    newest: VerifiedCode[Trust] | None = None
    certified: dict[int, set[bytes]] = {}
    for stored in books.every_trust():
        subject = f"trust code {stored.serial}"
        if roots and stored.root not in roots:
            yield subject, "its root is neither that of the code before it, nor the next one that this names"
        trust, problem = _verified(stored, identity)
        if problem:
            yield subject, problem
        if trust is not None:
            newest = trust
            certified[stored.serial] = {issuer.key for issuer in trust.value.issuers}
            roots = {stored.root, trust.value.next_root}
    yield from _check_issuers(books, identity, certified)
    if newest is None or identity.issuer_key not in {issuer.key for issuer in newest.value.issuers}:
        yield "the issuer's key", "the newest trust code does not certify it"
    elif (
        identity_under(identity, newest.value, books.every_trust()[-1].root, identity.issuer_key) != identity
    ):
        yield "the portal", "what it says of its root and its issuer is not what the newest trust code says"


def _verified(stored: StoredTrust, identity: PortalIdentity) -> tuple[VerifiedCode[Trust] | None, str]:
    """Return a trust code as its root signed it, and what is wrong with it all the same."""
    try:
        trust = verify_trust(require_kind(inspect(stored.text).code, Trust), VerifyingKey.parse(stored.root))
    except CodecError as error:
        return None, error.message
    if (trust.value.serial, trust.id, trust.text) != (stored.serial, stored.id, stored.text):
        return trust, "its serial, id or text is not that of the code"
    if trust.value.portal_id != identity.portal_id:
        return trust, "it is another portal's"
    return trust, ""


def _check_issuers(
    books: Reading, identity: PortalIdentity, certified: dict[int, set[bytes]]
) -> Iterator[Found]:
    used = books.used_issuers()
    for one in used:
        if one.key not in certified.get(one.serial, set()):
            yield f"issuer {VerifyingKey(one.key).id.hex()}", f"trust code {one.serial} does not certify it"
    if not used or used[-1].key != identity.issuer_key:
        yield "the issuer's key", "it is not the one that came into use last"


def check_issuers_of(
    books: Reading,
    history: IssuerHistory,
    standing: Standing,
    codes: tuple[StoredCode, ...],
    *,
    was_restored: bool,
) -> Iterator[str]:
    """Look whether each authorization of a reservation is of the issuer that was in use at its time."""
    if was_restored or len(history.used) < 2:
        return
    came = books.authorization_events(standing.reservation.id)
    for stored in (one for one in codes if one.kind is Kind.AUTHORIZATION):
        in_use = in_use_at(history.used, came[stored.id])
        try:
            code = require_kind(inspect(stored.text).code, Authorization)
        except CodecError:
            continue  # It is a finding of its own.
        found = history.verified(code, standing.reservation.id)
        if found and found[1] != in_use:
            yield (
                f"authorization {stored.sequence} is of issuer {VerifyingKey(found[1]).id.hex()}, which was "
                "not in use when it was recorded"
            )
