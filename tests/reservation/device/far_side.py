"""Everything on the other side of a device, by hand: the vendor's portal, the wall clock, the machine."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from codec.catalogue import Catalogue
from codec.codes import Authorization, IssuerKey, Line, Request, Sequence, Trust, Udi, to_minute
from codec.envelope import VerifiedCode, issuer_hint, short_hint, sign_authorization, sign_trust
from codec.keys import SigningKey
from reservation import trustfile
from reservation.device import Device
from reservation.device.folder import Folder

UDI = Udi("TSR-9000", "FDO2517A0XY")
CATALOGUE = Catalogue(("ADVANTAGE", "ESSENTIALS", "FIREWALL", "UNIVERSAL", "VPN"))
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FACTS = {
    "machine id": "0123456789abcdef0123456789abcdef",
    "board serial": "PF2C7Q3H",
    "disk sda": "naa.5000c500a1b2c3d4",
    "MAC eth0": "00:1b:21:aa:bb:cc",
    "CPU": "vendor_id=GenuineIntel; cpu family=6; model=85",
}
OTHER_FACTS = {name: f"another {fact}" for name, fact in FACTS.items()}


def key_of(name: str) -> SigningKey:
    """Return the signing key that a name stands for."""
    return SigningKey(sha256(name.encode()).digest())


class WallClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(slots=True)
class SeededRandom:
    """Bytes that look random and are the same in every run."""

    seed: str = "seed"
    calls: int = 0

    def __call__(self, length: int) -> bytes:
        self.calls += 1
        blocks = (
            sha256(f"{self.seed} {self.calls} {block}".encode()).digest() for block in range(length // 32 + 1)
        )
        return b"".join(blocks)[:length]


@dataclass(frozen=True, slots=True)
class Vendor:
    """A portal that issues whatever a test wants, with the keys of root and issuer."""

    portal_id: bytes = b"portal-1"
    root: SigningKey = field(default_factory=lambda: key_of("root"))
    issuer: SigningKey = field(default_factory=lambda: key_of("issuer"))

    def trust(
        self,
        *,
        serial: int = 1,
        issuers: tuple[IssuerKey, ...] | None = None,
        revoked: tuple[bytes, ...] = (),
        next_root: bytes | None = None,
    ) -> VerifiedCode[Trust]:
        issuers = (self.certified(),) if issuers is None else issuers
        ordered = tuple(sorted(issuers, key=lambda issuer: issuer.key))
        return sign_trust(
            Trust(serial, self.portal_id, ordered, tuple(sorted(revoked)), next_root), self.root
        )

    def certified(self, start: date = date(2024, 1, 1), end: date | None = None) -> IssuerKey:
        return IssuerKey(self.issuer.verifying_key.raw, start, end)

    def trust_file(self) -> str:
        return trustfile.render(self.root.verifying_key, self.trust().text)

    def authorize(
        self,
        request: VerifiedCode[Request],
        *lines: Line,
        number: int = 1,
        epoch: int = 0,
        issued_at: datetime = START,
        catalogue: Catalogue = CATALOGUE,
    ) -> VerifiedCode[Authorization]:
        named = request.value.catalogue
        value = Authorization(
            issuer_hint=issuer_hint(self.issuer.verifying_key),
            request_hint=short_hint(request.id),
            issued_at=to_minute(issued_at),
            sequence=Sequence(epoch, number),
            lines=catalogue.number_lines(lines or (Line("VPN", 10),), named),
        )
        return sign_authorization(value, self.issuer, request_id=request.id, portal_id=self.portal_id)

    def with_issuer(self, name: str) -> "Vendor":
        return replace(self, issuer=key_of(name))


class Bench:
    """One machine with a device folder, as a test arranges it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.vendor = Vendor()
        self.clock = WallClock()
        self.random = SeededRandom()
        self.facts = dict(FACTS)

    def initialise(self, *, match: int | None = None, catalogue: Catalogue | None = CATALOGUE) -> Device:
        return Device.initialise(
            self.home,
            udi=UDI,
            trust_file=self.vendor.trust_file(),
            catalogue=catalogue,
            required_matches=match,
            hardware=lambda: self.facts,
            clock=self.clock,
            random=self.random,
        )

    def open(self, *, wait_seconds: float = 5.0) -> Device:
        folder = Folder(self.home, wait_seconds)
        return Device(folder, hardware=lambda: self.facts, clock=self.clock, random=self.random)

    def reserved(self, *lines: Line, number: int = 1, issued_at: datetime = START) -> Device:
        """Return a device with an authorization installed."""
        device = self.initialise()
        device.install(
            self.vendor.authorize(device.request().code, *lines, number=number, issued_at=issued_at)
        )
        return device

    @property
    def files(self) -> dict[str, bytes]:
        """What the folder holds, for "nothing was written"."""
        return {path.name: path.read_bytes() for path in self.home.iterdir()} if self.home.exists() else {}
