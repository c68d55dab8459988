"""Who plays in the samples: a vendor's keys, a portal, and a fleet of twelve devices.

Every secret here is made from its own name, so that the samples are the same on every run. Anybody can make
them: nothing signed with them proves anything, and no real portal or device must ever use them. Names,
product ids and serial numbers are invented; MAC addresses are from the range for documentation (RFC 7042).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import shake_256
from itertools import count
from typing import Final
from uuid import UUID

from codec.catalogue import Catalogue
from codec.codes import IssuerKey, Trust, Udi
from codec.envelope import VerifiedCode, sign_trust
from codec.keys import SigningKey
from reservation.trustfile import render
from samples.entitlements import tags

CATALOGUE: Final = Catalogue(tags())
OPENED_AT: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""When the sample portal was opened."""


def secret(name: str, length: int = 32) -> bytes:
    """Return the bytes that this name always gives."""
    return shake_256(f"tallystick sample: {name}".encode()).digest(length)


def chance(name: str) -> Callable[[int], bytes]:
    """Return a source of bytes that look random and are the same on every run."""
    draws = count(1)
    return lambda length: secret(f"{name}, draw {next(draws)}", length)


# --- the vendor ----------------------------------------------------------------------------------------

ROOT: Final = SigningKey(secret("root key"))
ISSUER: Final = SigningKey(secret("issuer key"))
SECOND_ISSUER: Final = SigningKey(secret("second issuer key"))
STRANGER: Final = SigningKey(secret("issuer key of another portal"))
PORTAL_ID: Final = secret("portal", 8)


def trust_first() -> VerifiedCode[Trust]:
    """Sign what devices pin on their first day: one issuer."""
    return _trust(1, [IssuerKey(ISSUER.verifying_key.raw, OPENED_AT.date())])


def trust_rotated() -> VerifiedCode[Trust]:
    """Sign the change to a second issuer, the first one still good until the end of the year."""
    first = IssuerKey(ISSUER.verifying_key.raw, OPENED_AT.date(), date(2026, 12, 31))
    return _trust(2, [first, IssuerKey(SECOND_ISSUER.verifying_key.raw, date(2026, 9, 1))])


def trust_revoked() -> VerifiedCode[Trust]:
    """Sign the revocation of the first issuer, whose key is taken to be stolen, and name the next root."""
    value = Trust(
        serial=3,
        portal_id=PORTAL_ID,
        issuers=(IssuerKey(SECOND_ISSUER.verifying_key.raw, date(2026, 9, 1)),),
        revoked=(ISSUER.verifying_key.id,),
        next_root=SigningKey(secret("next root key")).verifying_key.raw,
    )
    return sign_trust(value, ROOT)


def _trust(serial: int, issuers: list[IssuerKey]) -> VerifiedCode[Trust]:
    ordered = tuple(sorted(issuers, key=lambda issuer: issuer.key))
    return sign_trust(Trust(serial, PORTAL_ID, ordered), ROOT)


def trust_file() -> str:
    """Return the trust file of the sample portal."""
    return render(ROOT.verifying_key, trust_first().text)


# --- the fleet -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SampleDevice:
    """One device of the fleet.

    Attributes:
        name: What it is, in kebab-case; also the name of its file.
        udi: What it is called in codes.
        hardware: Component name → what identifies it.
        has_catalogue: Whether the catalogue was put on it.
        match: How many components must match; None for the default.
    """

    name: str
    udi: Udi
    hardware: Mapping[str, str]
    has_catalogue: bool = True
    match: int | None = None


def _hardware(name: str, cpu: str, *components: str) -> dict[str, str]:
    """Invent the facts of some components, from the name of the device."""
    facts = {"machine id": secret(f"{name}: machine id", 16).hex()}
    for component in components:
        octets = secret(f"{name}: {component}", 8)
        if component.startswith("MAC"):
            facts[component] = f"00:00:5e:00:53:{octets[0]:02x}"
        else:
            facts[component] = octets.hex().upper()
    return facts | {"CPU": cpu}


_BOARD: Final = ("board serial", "disk sda", "MAC eth0")
_ARM: Final = "CPU implementer=0x41; CPU architecture=8; CPU part=0xd08; CPU revision=3"
_X86: Final = "vendor_id=GenuineExample; cpu family=6; model=154; stepping=3"

FLEET: Final = (
    SampleDevice(
        "branch-router",
        Udi("RTB-4400-X", "TSN2611A7K4"),
        _hardware("branch-router", _ARM, *_BOARD, "MAC eth1"),
    ),
    SampleDevice(
        "core-router", Udi("RTC-9900-L", "TSN2533Q0B1"), _hardware("core-router", _X86, *_BOARD, "disk sdb")
    ),
    SampleDevice(
        "access-switch", Udi("SWA-48P-GE", "TSN2540C8X9"), _hardware("access-switch", _ARM, *_BOARD)
    ),
    SampleDevice(
        "plant-switch", Udi("SWI-16-DIN", "TSN2418M2Z7"), _hardware("plant-switch", _ARM, "MAC eth0"), match=0
    ),
    SampleDevice(
        "firewall", Udi("FWX-3200-D", "TSN2605H5R2"), _hardware("firewall", _X86, *_BOARD, "MAC eth1")
    ),
    SampleDevice(
        "video-recorder", Udi("NVR-64CH-R", "TSN2549T1W6"), _hardware("video-recorder", _X86, *_BOARD)
    ),
    SampleDevice(
        "voice-recorder",
        Udi("RVX/120 rev.b", "sn 0047-11"),
        _hardware("voice-recorder", _X86, "disk nvme0n1", "MAC eno1"),
        has_catalogue=False,
    ),
    SampleDevice(
        "lab-rack", Udi("LBR-16-SLT", "TSN2601E9D3"), _hardware("lab-rack", _X86, *_BOARD, "MAC eth1")
    ),
    SampleDevice(
        "virtual-firewall",
        Udi("FWX-VIRT", "9KPTXQ3ZC2A", UUID(bytes=secret("virtual-firewall: uuid", 16), version=4)),
        _hardware("virtual-firewall", _X86, "board serial", "MAC ens3"),
    ),
    SampleDevice("oscilloscope", Udi("OSC-4G-16M", "TSN2604F6V8"), _hardware("oscilloscope", _X86, *_BOARD)),
    SampleDevice("cell-site", Udi("CLS-3-SECT", "TSN2552J3N0"), _hardware("cell-site", _ARM, *_BOARD)),
    SampleDevice(
        "time-server", Udi("TMS-PTP-GM", "TSN2607S4Y5"), _hardware("time-server", _ARM, "MAC eth0"), match=2
    ),
)


def device_named(name: str) -> SampleDevice:
    """Return the device of the fleet that has this name."""
    return next(device for device in FLEET if device.name == name)
