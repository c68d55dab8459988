"""The story that the sample codes tell, played by real devices in a temporary folder.

Devices are `reservation.device.Device` with a sample clock, sample chance and sample hardware; the portal's
part is signed by the codec directly, since no ledger is needed for it. Every code that anybody makes is
written down under a name, with what a reader needs to verify it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from codec.codes import (
    NEVER_INSTALLED,
    UNIVERSAL_TAG,
    Authorization,
    Code,
    Confirmation,
    Line,
    Mode,
    Request,
    Return,
    ReturnReason,
    Term,
    WantedLine,
)
from codec.codes import Sequence as CodeSequence
from codec.envelope import VerifiedCode, issuer_hint, short_hint, sign_authorization
from codec.keys import SigningKey
from reservation.device import Device
from reservation.device.folder import Folder
from samples.cast import (
    CATALOGUE,
    FLEET,
    ISSUER,
    PORTAL_ID,
    STRANGER,
    SampleDevice,
    chance,
    trust_file,
    trust_first,
    trust_revoked,
    trust_rotated,
)

BEGINS_AT: Final = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
_YEAR: Final = Term.of_years(date(2026, 3, 16), 1)
_THREE_YEARS: Final = Term.of_years(date(2026, 3, 16), 3)
_NEXT_YEAR: Final = Term.of_years(date(2027, 1, 1), 1)
_ENDED: Final = Term(date(2025, 2, 1), date(2026, 1, 31))


class Player:
    """One device of the fleet, brought to life. Twenty minutes pass before everything that it does."""

    def __init__(self, sample: SampleDevice, home: Path) -> None:
        self.name = sample.name
        self.hardware: Mapping[str, str] = sample.hardware
        self._home = home
        self._now = BEGINS_AT
        self._device = Device.initialise(
            home,
            udi=sample.udi,
            trust_file=trust_file(),
            catalogue=CATALOGUE if sample.has_catalogue else None,
            required_matches=sample.match,
            hardware=lambda: self.hardware,
            clock=lambda: self._now,
            random=chance(sample.name),
        )

    @property
    def key(self) -> SigningKey:
        """Its private key."""
        return Folder(self._home).read_key()

    def request(
        self, mode: Mode = Mode.SPECIFIC, wanted: Mapping[str, int] | None = None
    ) -> VerifiedCode[Request]:
        """Ask the portal."""
        lines = [WantedLine(tag, count) for tag, count in (wanted or {}).items()]
        return self._later().request(mode=mode, wanted=lines).code

    def install(self, authorization: VerifiedCode[Authorization]) -> VerifiedCode[Confirmation]:
        """Install what the portal answered."""
        return self._later().install(authorization).code

    def give_back(self, reason: ReturnReason) -> VerifiedCode[Return]:
        """Give the reservation back."""
        return self._later().give_back(reason=reason).code

    def cancel(self) -> VerifiedCode[Return]:
        """End the pending request."""
        return self._later().cancel().code

    def swap(self, **parts: str) -> None:
        """Wake up in another machine: components are replaced, named with underscores."""
        replaced = {name.replace("_", " "): fact for name, fact in parts.items()}
        self.hardware = {**self.hardware, **replaced}
        self._device = Device.open(
            self._home,
            hardware=lambda: self.hardware,
            clock=lambda: self._now,
            random=chance(f"{self.name}, moved"),
        )

    def _later(self) -> Device:
        self._now += timedelta(minutes=20)
        return self._device


def authorize(
    request: VerifiedCode[Request], lines: Sequence[Line], *, number: int = 1, issuer: SigningKey = ISSUER
) -> VerifiedCode[Authorization]:
    """Answer a request as the sample portal: ten minutes after it was made, updates forty minutes apart."""
    value = Authorization(
        issuer_hint=issuer_hint(issuer.verifying_key),
        request_hint=short_hint(request.id),
        issued_at=request.value.device_time + timedelta(minutes=40 * number - 30),
        sequence=CodeSequence(0, number),
        lines=CATALOGUE.number_lines(lines, request.value.catalogue),
    )
    return sign_authorization(value, issuer, request_id=request.id, portal_id=PORTAL_ID)


@dataclass(frozen=True, slots=True)
class SampleCode:
    """A code of the story.

    Attributes:
        name: In kebab-case; also the name of its file.
        what: What it is and does, in a sentence.
        code: The code.
        request: Name of the request that it belongs to, or None.
        authorization: Name of the authorization that it confirms, or None.
        issuer: Who signed it, when it is an authorization.
    """

    name: str
    what: str
    code: VerifiedCode[Code]
    request: str | None = None
    authorization: str | None = None
    issuer: SigningKey = ISSUER


@dataclass(frozen=True, slots=True)
class Story:
    """All codes, in the order in which they were made, and the private keys of the fleet by name."""

    codes: tuple[SampleCode, ...]
    device_keys: Mapping[str, SigningKey]

    def code(self, name: str) -> SampleCode:
        """Return the code of this name."""
        return next(sample for sample in self.codes if sample.name == name)


def play(folder: Path) -> Story:
    """Play the whole story.

    Args:
        folder: An empty folder for the devices' state.
    """
    players = {sample.name: Player(sample, folder / sample.name) for sample in FLEET}
    scenes: Sequence[Callable[[Mapping[str, Player]], Iterator[SampleCode]]] = (
        _vendor, _branch_router, _core_router, _lab_rack, _virtual_firewall, _voice_recorder, _video_recorder,
        _oscilloscope, _plant_switch,
    )  # fmt: skip
    codes = tuple(sample for scene in scenes for sample in scene(players))
    return Story(codes, {name: player.key for name, player in players.items()})


def _vendor(_: Mapping[str, Player]) -> Iterator[SampleCode]:
    yield SampleCode("trust-first", "The root certifies the first issuer; devices pin it.", trust_first())
    yield SampleCode(
        "trust-rotated",
        "A second issuer from September on; the first one stays good until the end of the year.",
        trust_rotated(),
    )
    yield SampleCode(
        "trust-revoked", "The first issuer is revoked, and the next root is named.", trust_revoked()
    )


def _branch_router(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    """One whole life: request, authorization, confirmation, update, its confirmation, return."""
    player = players["branch-router"]
    asked = player.request()
    yield SampleCode("request-specific", "A device with a catalogue asks; what it wants is left open.", asked)
    small = authorize(asked, [Line("ROUTER-BR-STANDARD", 1)])
    of = "request-specific"
    yield SampleCode("authorization-small", "One perpetual line: the shortest authorization.", small, of)
    yield SampleCode(
        "confirmation-first",
        "The small authorization is installed.",
        player.install(small),
        of,
        "authorization-small",
    )
    lines = [
        Line("ROUTER-BR-STANDARD", 1),
        Line("ROUTER-BR-SEC", 1, _THREE_YEARS),
        Line("ROUTER-BR-WAN-200M", 2, _THREE_YEARS),
    ]
    update = authorize(asked, lines, number=2)
    yield SampleCode(
        "authorization-update", "Sequence 0.2 of the same reservation: three lines now.", update, of
    )
    yield SampleCode(
        "confirmation-update", "The update is installed.", player.install(update), of, "authorization-update"
    )
    strange = authorize(asked, [Line("ROUTER-BR-STANDARD", 999)], issuer=STRANGER)
    yield SampleCode(
        "authorization-stranger",
        "An issuer whom the root did not certify answers.",
        strange,
        of,
        issuer=STRANGER,
    )
    back = player.give_back(ReturnReason.DECOMMISSIONED)
    yield SampleCode("return-installed", "Everything comes home; last installed: 0.2.", back, of)


def _core_router(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    wanted = {"ROUTER-CORE-PREMIER": 1, "ROUTER-CORE-100G": 8, "ROUTER-CORE-EVPN": 1, "ROUTER-CORE-BGP-4M": 2}
    asked = players["core-router"].request(wanted=wanted)
    yield SampleCode("request-wanted", "A device says which four entitlements it needs.", asked)
    terms = (None, _YEAR, _THREE_YEARS, _THREE_YEARS, _NEXT_YEAR)
    tags = CATALOGUE.tags[7::13]
    lines = [Line(tag, 1 + place**2 % 97, terms[place % 5]) for place, tag in enumerate(tags[:49])]
    lines += [Line("SPARE-PART-NOT-IN-CATALOGUE", 12)]
    yield SampleCode(
        "authorization-large",
        "Fifty lines, one of them spelled because the catalogue does not have it.",
        authorize(asked, lines),
        "request-wanted",
    )


def _lab_rack(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    player = players["lab-rack"]
    asked = player.request(Mode.UNIVERSAL)
    of = "request-universal"
    yield SampleCode(of, "A device asks for everything.", asked)
    granted = authorize(asked, [Line(UNIVERSAL_TAG, 1, _YEAR)])
    yield SampleCode(
        "authorization-universal", "One line of the entitlement UNIVERSAL, for a year.", granted, of
    )
    yield SampleCode(
        "confirmation-universal", "It is installed.", player.install(granted), of, "authorization-universal"
    )


def _virtual_firewall(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    asked = players["virtual-firewall"].request()
    of = "request-uuid"
    yield SampleCode(of, "A virtual device, whose UDI has a UUID.", asked)
    lines = [
        Line("FIREWALL-STANDARD", 1),
        Line("FIREWALL-STANDARD", 1, _NEXT_YEAR),
        Line("FIREWALL-VPN-100", 3, _YEAR, export_controlled=True),
        Line("FIREWALL-IPS", 2, _ENDED),
        Line("FIREWALL-1G", 40, _YEAR, reporting_only=True),
    ]
    yield SampleCode(
        "authorization-terms",
        "Every kind of line: perpetual, not begun, export-controlled, ended, reporting-only; one tag twice.",
        authorize(asked, lines),
        of,
    )


def _voice_recorder(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    asked = players["voice-recorder"].request(wanted={"REC-VOICE-CH-120": 1, "third-party plug-in (v2)": 2})
    of = "request-spelled"
    yield SampleCode(of, "A device without a catalogue: wanted tags are spelled.", asked)
    lines = [
        Line("REC-VOICE-STANDARD", 1),
        Line("REC-VOICE-CH-120", 1, _YEAR),
        Line("REC-VOICE-SEARCH", 1, _YEAR),
    ]
    yield SampleCode("authorization-spelled", "Three lines, every tag spelled.", authorize(asked, lines), of)


def _video_recorder(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    player = players["video-recorder"]
    asked = player.request()
    yield SampleCode("request-recorder", "A device whose hardware will change.", asked)
    granted = authorize(asked, [Line("NVR-STANDARD", 1), Line("NVR-CH-64", 1), Line("NVR-FACE", 4, _YEAR)])
    of, installed = "request-recorder", "authorization-recorder"
    yield SampleCode(installed, "Three lines for the video recorder.", granted, of)
    yield SampleCode("confirmation-recorder", "They are installed.", player.install(granted), of, installed)
    player.swap(machine_id="0" * 31 + "1", board_serial="NEW-BOARD", MAC_eth0="00:00:5e:00:53:fe")
    yield SampleCode(
        "return-mismatch",
        "A return signed on other hardware than the reservation's: its hardware-mismatch bit is set.",
        player.give_back(ReturnReason.REPLACED),
        of,
    )


def _oscilloscope(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    player = players["oscilloscope"]
    of = "request-cancelled"
    yield SampleCode(of, "A request that is cancelled before anything was installed.", player.request())
    back = player.cancel()
    assert back.value.last_sequence == NEVER_INSTALLED
    yield SampleCode(
        "return-never-installed", "The return of the cancelled request; last installed: 0.0.", back, of
    )


def _plant_switch(players: Mapping[str, Player]) -> Iterator[SampleCode]:
    asked = players["plant-switch"].request()
    yield SampleCode("request-unlocked", "A request without node lock: no component must match.", asked)
