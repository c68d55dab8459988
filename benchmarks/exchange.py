"""The codes of one device and one portal, made and signed for real, from drawn content.

The UDI is a product id of 10 upper-case letters, digits and dashes and a serial number of 11 upper-case
letters and digits; the sketch has five components of which three must match; the sample catalogue is named.
Keys, ids and journal links are drawn evenly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from string import ascii_uppercase, digits
from typing import Final, Self

from benchmarks.content import ISSUED_AT, Chance
from codec.catalogue import Catalogue
from codec.codes import (
    Authorization,
    Confirmation,
    Evidence,
    IssuerKey,
    Line,
    Mode,
    Request,
    Return,
    ReturnReason,
    Sketch,
    Trust,
    Udi,
    WantedLine,
)
from codec.codes import Sequence as CodeSequence
from codec.envelope import (
    AuthorizationContext,
    VerifiedCode,
    issuer_hint,
    long_hint,
    short_hint,
    sign_authorization,
    sign_confirmation,
    sign_request,
    sign_return,
    sign_trust,
)
from codec.keys import SigningKey, VerifyingKey
from codec.short import Installed, MatchedShort, short_of
from samples.entitlements import tags

CATALOGUE: Final = Catalogue(tags())
SERIAL_CHARACTERS: Final = ascii_uppercase + digits
PRODUCT_CHARACTERS: Final = ascii_uppercase + digits + "-"
SERIAL_LENGTH: Final = 11
PRODUCT_LENGTH: Final = 10
COMPONENTS: Final = 5
REQUIRED: Final = 3
LINK_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Life:
    """How far a device has come: the sequence that it installed, the number of the code that says so."""

    sequence: CodeSequence
    code_number: int


YOUNG: Final = Life(CodeSequence(0, 1), 2)
OLD: Final = Life(CodeSequence(1, 12), 500)
"""The twelfth update, at a portal that was restored once, on a device that signed 499 codes before."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One device, one portal, and the request that joins them."""

    chance: Chance
    device: SigningKey
    issuer: SigningKey
    portal_id: bytes
    request: VerifiedCode[Request]

    @classmethod
    def draw(cls, chance: Chance, wanted: Sequence[WantedLine] = ()) -> Self:
        """Draw the two parties and sign the request, asking for ``wanted``."""
        device = SigningKey(chance.octets(32))
        issuer = SigningKey(chance.octets(32))
        portal_id = chance.octets(8)
        value = Request(
            udi=Udi(
                chance.text(SERIAL_CHARACTERS, 1) + chance.text(PRODUCT_CHARACTERS, PRODUCT_LENGTH - 1),
                chance.text(SERIAL_CHARACTERS, SERIAL_LENGTH),
            ),
            device_key=device.verifying_key.raw,
            sketch=Sketch(tuple(chance.below(1 << 24) for _ in range(COMPONENTS)), REQUIRED),
            mode=Mode.SPECIFIC,
            wanted=tuple(wanted),
            members=1,
            catalogue=CATALOGUE.id(),
            code_number=1,
            device_time=ISSUED_AT - timedelta(minutes=chance.below(7 * 24 * 60)),
            journal_link=chance.octets(LINK_BYTES),
        )
        return cls(chance, device, issuer, portal_id, sign_request(value, device))

    @property
    def context(self) -> AuthorizationContext:
        """What the device knows before it reads an authorization."""
        return AuthorizationContext(self.request.id, self.issuer.verifying_key, self.portal_id)

    def authorization(self, lines: Sequence[Line]) -> VerifiedCode[Authorization]:
        """Sign the first authorization."""
        value = Authorization(
            issuer_hint=issuer_hint(self.issuer.verifying_key),
            request_hint=short_hint(self.request.id),
            issued_at=ISSUED_AT,
            sequence=YOUNG.sequence,
            lines=tuple(lines),
        )
        return sign_authorization(value, self.issuer, request_id=self.request.id, portal_id=self.portal_id)

    def confirmation(
        self, authorization: VerifiedCode[Authorization], life: Life = YOUNG
    ) -> VerifiedCode[Confirmation]:
        """Sign a confirmation at this point of the device's life."""
        value = Confirmation(
            request_hint=long_hint(self.request.id),
            sequence=life.sequence,
            code_number=life.code_number,
            journal_link=self.chance.octets(LINK_BYTES),
        )
        return sign_confirmation(
            value, self.device, request_id=self.request.id, authorization_id=authorization.id
        )

    def short(self, authorization: VerifiedCode[Authorization]) -> MatchedShort:
        """Make the short confirmation of the first authorization."""
        installed = Installed(self.request.id, authorization.id, YOUNG.sequence)
        return short_of(installed, device=self.device, issuer=self.issuer.verifying_key)

    def give_back(self, life: Life = YOUNG) -> VerifiedCode[Return]:
        """Sign the return of what was installed, the next code after the confirmation, for any reason."""
        value = Return(
            request_hint=long_hint(self.request.id),
            last_sequence=life.sequence,
            reason=ReturnReason(self.chance.below(len(ReturnReason))),
            evidence=Evidence.SOFTWARE_KEY,
            hardware_mismatch=False,
            code_number=life.code_number + 1,
            journal_link=self.chance.octets(LINK_BYTES),
        )
        return sign_return(value, self.device, request_id=self.request.id)

    def trust(self, issuers: int, revoked: int = 0) -> VerifiedCode[Trust]:
        """Sign a trust code of that many issuers, the last ones without an end, and revoked key ids."""
        return self.rooted_trust(issuers, revoked)[0]

    def rooted_trust(self, issuers: int, revoked: int = 0) -> tuple[VerifiedCode[Trust], VerifyingKey]:
        """Sign a trust code as `trust` does, and return the root key that verifies it as well."""
        keys = sorted(SigningKey(self.chance.octets(32)).verifying_key.raw for _ in range(issuers))
        value = Trust(
            serial=1 + revoked,
            portal_id=self.portal_id,
            issuers=tuple(IssuerKey(key, ISSUED_AT.date()) for key in keys),
            revoked=tuple(sorted(self.chance.octets(8) for _ in range(revoked))),
        )
        root = SigningKey(self.chance.octets(32))
        return sign_trust(value, root), root.verifying_key
