"""What a device installs, what it refuses and why, in the order of the protocol."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from codec.codes import IssuerKey, Line, Sequence, Term
from codec.envelope import sign_request, to_text
from codec.errors import CodecError
from codec.keys import SigningKey
from reservation.device import Device
from reservation.errors import ReservationError
from tests.reservation.device.far_side import FACTS, OTHER_FACTS, START, Bench, Vendor, key_of

Arrange = Callable[[Bench], str]
Refused = (CodecError, ReservationError)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A device and a code that it must refuse. ``arrange`` returns the code."""

    name: str
    arrange: Arrange
    error: str
    says: str


def install(device: Device, raw: str) -> None:
    """Do what the install command does with an authorization."""
    device.install(device.read(raw).code)


def nothing_like_a_code(bench: Bench) -> str:
    bench.initialise().request()
    return "A" * 60


def damaged_beyond_repair(bench: Bench) -> str:
    device = bench.initialise()
    code = bench.vendor.authorize(device.request().code).text
    return code[:40] + code[40:70][::-1] + code[70:]


def newer_version(bench: Bench) -> str:
    device = bench.initialise()
    code = bench.vendor.authorize(device.request().code)
    return to_text(bytes((code.payload[0] + 1,)) + code.payload[1:], code.signature)


def another_kind(bench: Bench) -> str:
    return bench.initialise().request().text


def unknown_issuer(bench: Bench) -> str:
    device = bench.initialise()
    return bench.vendor.with_issuer("stranger").authorize(device.request().code).text


def issuer_not_yet_valid(bench: Bench) -> str:
    device = bench.initialise()
    tomorrow = START.date() + timedelta(days=1)
    device.update_trust(bench.vendor.trust(serial=2, issuers=(bench.vendor.certified(tomorrow),)))
    return bench.vendor.authorize(device.request().code).text


def issuer_valid_no_more(bench: Bench) -> str:
    device = bench.initialise()
    yesterday = START.date() - timedelta(days=1)
    certified = bench.vendor.certified(date(2024, 1, 1), yesterday)
    device.update_trust(bench.vendor.trust(serial=2, issuers=(certified,)))
    return bench.vendor.authorize(device.request().code).text


def revoked_issuer(bench: Bench) -> str:
    device = bench.initialise()
    vendor = bench.vendor
    device.update_trust(vendor.trust(serial=2, revoked=(vendor.issuer.verifying_key.id,)))
    return vendor.authorize(device.request().code).text


def revoked_issuer_no_longer_listed(bench: Bench) -> str:
    device, vendor = bench.initialise(), bench.vendor
    successor = IssuerKey(key_of("successor").verifying_key.raw, date(2024, 1, 1))
    revoked = (vendor.issuer.verifying_key.id,)
    device.update_trust(vendor.trust(serial=2, issuers=(successor,), revoked=revoked))
    return vendor.authorize(device.request().code).text


def other_device(bench: Bench) -> str:
    bench.initialise().request()
    other = Bench(bench.home.with_name("other"))
    other.random.seed = "other"
    return bench.vendor.authorize(other.initialise().request().code).text


def nothing_requested(bench: Bench) -> str:
    bench.initialise()
    other = Bench(bench.home.with_name("other"))
    return bench.vendor.authorize(other.initialise().request().code).text


def other_signer(bench: Bench) -> str:
    """Return an authorization that names issuer and request rightly, signed by somebody else."""
    request = bench.initialise().request().code
    code = bench.vendor.authorize(request)
    forged = Vendor(portal_id=b"portal-2").authorize(request)
    return to_text(code.payload, forged.signature)


def other_portal_id_in_the_signature(bench: Bench) -> str:
    return replace(bench.vendor, portal_id=b"portal-2").authorize(bench.initialise().request().code).text


def after_a_return(bench: Bench) -> str:
    device = bench.initialise()
    code = bench.vendor.authorize(device.request().code)
    device.install(code)
    device.give_back()
    return code.text


def update_after_a_return(bench: Bench) -> str:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request))
    device.give_back()
    device.request()
    return bench.vendor.authorize(request, number=2).text


def after_a_cancel(bench: Bench) -> str:
    device = bench.initialise()
    request = device.request().code
    device.cancel()
    return bench.vendor.authorize(request).text


def older_sequence(bench: Bench) -> str:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request, number=3))
    return bench.vendor.authorize(request, number=2).text


def older_epoch(bench: Bench) -> str:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request, number=1, epoch=1))
    return bench.vendor.authorize(request, number=9, epoch=0).text


def same_sequence_other_content(bench: Bench) -> str:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request, Line("VPN", 1)))
    return bench.vendor.authorize(request, Line("VPN", 2)).text


def other_portal(bench: Bench) -> str:
    device = bench.reserved()
    device.give_back()
    elsewhere = replace(bench.vendor, portal_id=b"portal-2")
    device.update_trust(elsewhere.trust(serial=2))
    return elsewhere.authorize(device.request().code).text


def changed_hardware(bench: Bench) -> str:
    device = bench.initialise()
    code = bench.vendor.authorize(device.request().code)
    bench.facts = FACTS | dict.fromkeys(("machine id", "disk sda", "MAC eth0"), "new")
    return code.text


REFUSALS = [
    Refusal("nothing like a code", nothing_like_a_code, "malformed", ""),
    Refusal("damaged beyond repair", damaged_beyond_repair, "malformed", ""),
    Refusal("newer version", newer_version, "newer-version", "newer version"),
    Refusal("another kind", another_kind, "wrong-kind", "request code"),
    Refusal("unknown issuer", unknown_issuer, "unknown-issuer", "does not trust"),
    Refusal("issuer not yet valid", issuer_not_yet_valid, "unknown-issuer", "not valid on that day"),
    Refusal("issuer valid no more", issuer_valid_no_more, "unknown-issuer", "not valid on that day"),
    Refusal("revoked issuer", revoked_issuer, "revoked-issuer", "revoked"),
    Refusal("revoked issuer, listed no more", revoked_issuer_no_longer_listed, "revoked-issuer", "revoked"),
    Refusal("other device", other_device, "other-device", "not made for a request of this device"),
    Refusal("nothing requested", nothing_requested, "other-device", "not requested anything"),
    Refusal("other signer", other_signer, "not-genuine", "not genuine"),
    Refusal("other portal id", other_portal_id_in_the_signature, "not-genuine", "not genuine"),
    Refusal("after a return", after_a_return, "already-returned", "for ever"),
    Refusal("update after a return", update_after_a_return, "already-returned", "for ever"),
    Refusal("after a cancel", after_a_cancel, "already-returned", "for ever"),
    Refusal("older sequence", older_sequence, "older-sequence", "number 2"),
    Refusal("older epoch", older_epoch, "older-sequence", "older"),
    Refusal(
        "same sequence, other content", same_sequence_other_content, "sequence-conflict", "other content"
    ),
    Refusal("other portal", other_portal, "other-portal", "another portal"),
    Refusal("changed hardware", changed_hardware, "hardware-changed", "machine id, disk sda, MAC eth0"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_refuses_with_the_reason_and_changes_nothing(bench: Bench, refusal: Refusal) -> None:
    code = refusal.arrange(bench)
    before = bench.files
    with pytest.raises(Refused) as caught:
        install(bench.open(), code)
    error = caught.value
    assert isinstance(error, Refused)
    assert error.code == refusal.error
    assert refusal.says in error.message
    assert error.hint
    assert bench.files == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("revoked", "other device", id="revoked issuer before other device"),
        pytest.param("returned", "older", id="tombstone before older sequence"),
        pytest.param("returned", "hardware", id="tombstone before hardware"),
        pytest.param("older", "portal", id="older sequence before portal"),
        pytest.param("older", "hardware", id="older sequence before hardware"),
        pytest.param("portal", "hardware", id="portal before hardware"),
    ],
)
def test_of_two_reasons_the_earlier_check_speaks(bench: Bench, first: str, second: str) -> None:
    codes = {
        "revoked": "revoked-issuer",
        "returned": "already-returned",
        "older": "older-sequence",
        "portal": "other-portal",
    }
    code = with_two_reasons(bench, {first, second})
    with pytest.raises(Refused) as caught:
        install(bench.open(), code)
    assert getattr(caught.value, "code", None) == codes[first]


def with_two_reasons(bench: Bench, reasons: set[str]) -> str:
    device, vendor = bench.initialise(), bench.vendor
    request = device.request().code
    device.install(vendor.authorize(request, number=5))
    number = 2 if "older" in reasons else 6
    if "other device" in reasons:
        other = Bench(bench.home.with_name("other"))
        other.random.seed = "other"
        request = other.initialise().request().code
    if "returned" in reasons:
        device.give_back()
    if "portal" in reasons:
        vendor = replace(vendor, portal_id=b"portal-2")
        device.update_trust(vendor.trust(serial=2))
    if "revoked" in reasons:
        device.update_trust(vendor.trust(serial=2, revoked=(vendor.issuer.verifying_key.id,)))
    if "hardware" in reasons:
        bench.facts = OTHER_FACTS
    return vendor.authorize(request, number=number).text


def test_the_installation_is_kept_with_its_confirmation(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    authorization = bench.vendor.authorize(request, Line("VPN", 10), Line("FIREWALL", 2))
    installation = device.install(authorization)
    assert not installation.again
    assert [(line.tag, line.count) for line in installation.lines] == [("FIREWALL", 2), ("VPN", 10)]
    assert installation.code.value.sequence == Sequence(0, 1)
    assert installation.code.value.code_number == 2
    assert bench.open().confirmation().text == installation.confirmation
    assert bench.open().entitled("VPN", 10)


def test_installing_again_changes_nothing_and_shows_the_same_confirmation(bench: Bench) -> None:
    device = bench.initialise()
    authorization = bench.vendor.authorize(device.request().code)
    first = device.install(authorization)
    before = bench.files
    bench.clock.advance(days=3)
    again = bench.open().install(authorization)
    assert again.again
    assert again.confirmation == first.confirmation
    assert bench.files == before


def test_the_installed_authorization_is_known_after_its_issuer_was_revoked(bench: Bench) -> None:
    device, vendor = bench.initialise(), bench.vendor
    authorization = vendor.authorize(device.request().code)
    first = device.install(authorization)
    update = device.update_trust(vendor.trust(serial=2, revoked=(vendor.issuer.verifying_key.id,)))
    assert "stays in force" in " ".join(update.notes)
    assert device.entitled("VPN", 10)
    received = device.read(authorization.text)
    assert device.install(received.code).confirmation == first.confirmation


def test_an_update_replaces_every_line(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request, Line("VPN", 10), Line("FIREWALL", 2)))
    device.install(bench.vendor.authorize(request, Line("VPN", 4), number=2))
    assert [device.entitled(*asked) for asked in (("VPN", 4), ("VPN", 5), ("FIREWALL", 1))] == [
        True,
        False,
        False,
    ]


def test_an_update_may_skip_numbers_that_got_lost(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request, number=4))
    assert device.status().sequence == Sequence(0, 4)


def test_a_term_not_begun_or_ended_installs_with_a_note(bench: Bench) -> None:
    device = bench.initialise()
    authorization = bench.vendor.authorize(
        device.request().code,
        Line("VPN", 1, Term(date(2027, 1, 1), date(2027, 12, 31))),
        Line("FIREWALL", 1, Term(date(2025, 1, 1), date(2025, 12, 31))),
        Line("ESSENTIALS", 1, Term(date(2026, 1, 1), date(2026, 12, 31))),
    )
    notes = device.install(authorization).notes
    assert [note.split(";")[0] for note in notes] == [
        "FIREWALL: the term ended on 2025-12-31",
        "VPN: the term begins on 2027-01-01",
    ]
    assert [device.entitled(tag) for tag in ("VPN", "FIREWALL", "ESSENTIALS")] == [False, False, True]


def test_a_mistyped_authorization_is_repaired_and_says_so(bench: Bench) -> None:
    device = bench.initialise()
    code = bench.vendor.authorize(device.request().code).text
    typed = code[:9] + ("B" if code[9] != "B" else "C") + code[10:]
    received = device.read(typed)
    assert [repair.group for repair in received.repairs] == [3]
    assert received.code.text == code


@pytest.mark.parametrize("position", range(0, 100, 9))
def test_a_mistyped_hint_blames_nobody(bench: Bench, position: int) -> None:
    """Wherever the wrong character is, the code is repaired; no stranger is blamed for a typing mistake."""
    device = bench.initialise()
    code = bench.vendor.authorize(device.request().code).text
    typed = code[:position] + ("7" if code[position] != "7" else "8") + code[position + 1 :]
    assert device.read(typed).code.text == code


def test_a_code_verified_elsewhere_is_verified_again_here(bench: Bench) -> None:
    """A `VerifiedCode` says that somebody verified it; this device takes nobody's word."""
    bench.initialise().request()
    other = Bench(bench.home.with_name("other"))
    other.random.seed = "other"
    for_the_other = bench.vendor.authorize(other.initialise().request().code)
    with pytest.raises(CodecError) as caught:
        bench.open().install(for_the_other)
    assert caught.value.code == "other-device"


def test_lines_by_a_catalogue_that_is_not_here_are_refused(tmp_path: Path) -> None:
    """A portal numbers tags by the request's catalogue alone; a genuine code that does not is refused."""
    bench = Bench(tmp_path / "device")
    device = bench.initialise(catalogue=None)
    authorization = bench.vendor.authorize(device.request().code, Line(3, 1))
    before = bench.files
    with pytest.raises(CodecError) as caught:
        device.install(authorization)
    assert caught.value.code == "catalogue"
    assert bench.files == before


def test_a_request_by_another_key_is_not_ours(bench: Bench) -> None:
    """Somebody who copies UDI and sketch, but not the key, cannot get an authorization that installs here."""
    device = bench.initialise()
    ours = device.request().code
    thief = SigningKey(bytes(32))
    theirs = sign_request(replace(ours.value, device_key=thief.verifying_key.raw), thief)
    with pytest.raises(CodecError) as caught:
        device.read(bench.vendor.authorize(theirs).text)
    assert caught.value.code == "other-device"


def test_two_live_candidates_are_both_tried(bench: Bench) -> None:
    """An issuer with the same one-byte name does not hide the right one."""
    vendor = bench.vendor
    hint = vendor.issuer.verifying_key.digest[:1]
    twin = next(
        key for number in range(5000) if (key := key_of(f"twin {number}")).verifying_key.digest[:1] == hint
    )
    device = bench.initialise()
    both = (vendor.certified(), IssuerKey(twin.verifying_key.raw, date(2024, 1, 1)))
    device.update_trust(vendor.trust(serial=2, issuers=both))
    request = device.request().code
    for issuer in (vendor.issuer, twin):
        authorization = replace(vendor, issuer=issuer).authorize(request)
        assert device.read(authorization.text).code == authorization


def test_unverified_content_never_reaches_the_messages(bench: Bench) -> None:
    """A stranger's code cannot put words into our messages."""
    bench.initialise().request()
    other = Bench(bench.home.with_name("other"))
    other.random.seed = "other"
    request = other.initialise(catalogue=None).request().code
    stranger = bench.vendor.authorize(request, Line("CALL-THIS-NUMBER", 1))
    with pytest.raises(CodecError) as caught:
        bench.open().read(stranger.text)
    assert "CALL-THIS-NUMBER" not in caught.value.message + caught.value.hint
