"""A vendor for tests: keys, trust files, and any authorization, also those that no portal issues."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from codec.codes import (
    Authorization,
    IssuerKey,
    Line,
    Request,
    Sequence,
    Trust,
)
from codec.envelope import (
    VerifiedCode,
    issuer_hint,
    require_kind,
    short_hint,
    sign_authorization,
    sign_trust,
    verify_request,
)
from codec.keys import SigningKey
from codec.reading import receive
from reservation import trustfile

ISSUED_AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LINES = (Line("CRYPTO", 1), Line("ROUTING", 2))


def key(number: int) -> SigningKey:
    """Return a key by its number."""
    return SigningKey(bytes([number]) * 32)


@dataclass(frozen=True, slots=True)
class Vendor:
    """Root, issuer and portal of one vendor."""

    root: SigningKey
    issuer: SigningKey
    portal_id: bytes

    def trust(
        self, serial: int = 1, *, revoked: tuple[bytes, ...] = (), issuers: tuple[SigningKey, ...] = ()
    ) -> str:
        """Return a trust code."""
        raw = sorted(each.verifying_key.raw for each in (issuers or (self.issuer,)))
        keys = tuple(IssuerKey(each, date(2026, 1, 1)) for each in raw)
        value = Trust(serial, self.portal_id, keys, tuple(sorted(revoked)))
        return sign_trust(value, self.root).text

    def trust_file(self) -> str:
        """Return a trust file."""
        return trustfile.render(self.root.verifying_key, self.trust())

    def authorize(
        self,
        request_text: str,
        *,
        number: int = 1,
        lines: tuple[Line, ...] = LINES,
        issued_at: datetime = ISSUED_AT,
    ) -> str:
        """Return an authorization for a request."""
        request = request_of(request_text)
        value = Authorization(
            issuer_hint(self.issuer.verifying_key),
            short_hint(request.id),
            issued_at,
            Sequence(0, number),
            lines,
        )
        return sign_authorization(value, self.issuer, request_id=request.id, portal_id=self.portal_id).text


ACME = Vendor(key(1), key(2), b"portal-1")
ACME_NEXT = replace(ACME, issuer=key(3))
OTHER = Vendor(key(4), key(5), b"portal-2")


def request_of(text: str) -> VerifiedCode[Request]:
    """Read a request."""
    return receive(text, lambda code: verify_request(require_kind(code, Request))).code


def mistyped(code: str, *places: int) -> str:
    """Return a code with wrong characters at these places."""
    wrong = {place: "Z" if code[place] != "Z" else "Y" for place in places}
    return "".join(wrong.get(place, character) for place, character in enumerate(code))
