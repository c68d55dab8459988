"""The far side of the air gap, as small as it can be: keys and codes, no rules.

An appliance signs whatever a test asks for, also what no honest device would: the portal must keep its books
right against all of it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from codec.alphabet import to_bytes
from codec.codes import (
    NEVER_INSTALLED,
    Authorization,
    CatalogueId,
    Confirmation,
    Evidence,
    Mode,
    Request,
    Return,
    ReturnReason,
    Sequence,
    Sketch,
    Tag,
    Udi,
    WantedLine,
)
from codec.envelope import (
    AuthorizationContext,
    VerifiedCode,
    decode_body,
    long_hint,
    require_kind,
    sign_confirmation,
    sign_request,
    sign_return,
    verify_authorization,
)
from codec.keys import SigningKey, VerifyingKey
from codec.parity import PARITY_CHARACTERS
from codec.short import Installed, MatchedShort, short_of
from reservation.service import Issued, Portal

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def seeded(seed: str) -> Callable[[int], bytes]:
    """Return a source of reproducible bytes, different at every call."""
    calls = 0

    def take(length: int) -> bytes:
        nonlocal calls
        calls += 1
        return hashlib.shake_256(f"{seed}/{calls}".encode()).digest(length)

    return take


@dataclass(slots=True, frozen=True)
class Time:
    """A clock that a test sets."""

    moments: list[datetime] = field(default_factory=lambda: [START])

    def __call__(self) -> datetime:
        return self.moments[-1]

    def set(self, moment: datetime) -> None:
        """Let it be another moment."""
        self.moments.append(moment)


@dataclass(frozen=True, slots=True)
class Appliance:
    """A device's key and name."""

    name: str
    product_id: str = "TR-100"
    key_seed: str = ""

    @property
    def key(self) -> SigningKey:
        return SigningKey(hashlib.sha256((self.key_seed or self.name).encode()).digest())

    @property
    def udi(self) -> Udi:
        return Udi(self.product_id, self.name)

    def request(
        self,
        wanted: Mapping[Tag, int] | None = None,
        *,
        number: int = 1,
        mode: Mode = Mode.SPECIFIC,
        required: int = 3,
        catalogue: CatalogueId | None = None,
    ) -> VerifiedCode[Request]:
        """Sign a request; another code number makes it another request."""
        lines = sorted((wanted or {}).items(), key=lambda item: (isinstance(item[0], str), item[0]))
        return sign_request(
            Request(
                udi=self.udi,
                device_key=self.key.verifying_key.raw,
                sketch=Sketch((1, 2, 3, 4, 5), required),
                mode=mode,
                wanted=tuple(WantedLine(tag, count) for tag, count in lines),
                members=1,
                catalogue=catalogue,
                code_number=number,
                device_time=START.replace(second=0),
                journal_link=b"\0" * 4,
            ),
            self.key,
        )

    def confirmation(
        self, issued: Issued, portal: Portal, *, number: int = 0, link: bytes = b"\1" * 4
    ) -> VerifiedCode[Confirmation]:
        """Sign that an authorization is installed; by default with a number that no other code is next to."""
        authorization = opened(issued, portal)
        number = number or _numbers_of(issued.reservation_id) + 2 * (issued.sequence.number % 16)
        return sign_confirmation(
            Confirmation(long_hint(issued.reservation_id), issued.sequence, number, link),
            self.key,
            request_id=issued.reservation_id,
            authorization_id=authorization.id,
        )

    def short(self, issued: Issued, portal: Portal) -> MatchedShort:
        """Make the short confirmation of an installed authorization."""
        assert portal.issuer is not None
        installed = Installed(issued.reservation_id, opened(issued, portal).id, issued.sequence)
        return short_of(installed, device=self.key, issuer=portal.issuer.key.verifying_key)

    def give_back(
        self,
        request_id: bytes,
        last: Sequence = NEVER_INSTALLED,
        *,
        mismatch: bool = False,
        number: int = 0,
        link: bytes = b"\2" * 4,
    ) -> VerifiedCode[Return]:
        """Sign that nothing of a request is, or ever will be, installed any more."""
        value = Return(
            request_hint=long_hint(request_id),
            last_sequence=last,
            reason=ReturnReason.NO_LONGER_NEEDED,
            evidence=Evidence.SOFTWARE_KEY,
            hardware_mismatch=mismatch,
            code_number=number or _numbers_of(request_id) + 40,
            journal_link=link,
        )
        return sign_return(value, self.key, request_id=request_id)


def _numbers_of(request_id: bytes) -> int:
    """Return where the numbers begin of the codes that follow a request: others for each."""
    return 100 + 64 * int.from_bytes(request_id[:2])


def opened(issued: Issued, portal: Portal) -> VerifiedCode[Authorization]:
    """Verify an authorization as its device would."""
    assert portal.issuer is not None
    context = AuthorizationContext(
        issued.reservation_id, VerifyingKey(portal.issuer.key.verifying_key.raw), portal.issuer.portal_id
    )
    code = decode_body(issued.text[:-PARITY_CHARACTERS])
    assert to_bytes(issued.text[:-PARITY_CHARACTERS]) == code.payload + code.signature
    return verify_authorization(require_kind(code, Authorization), context)
