"""The states of a device, and what it shows again: request, cancel, return, trust."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from codec.codes import (
    NEVER_INSTALLED,
    Evidence,
    Kind,
    Line,
    Mode,
    Request,
    ReturnReason,
    Sequence,
    Udi,
    WantedLine,
)
from codec.envelope import link_after, long_hint, require_kind, verify_request
from codec.errors import CodecError, FieldError
from codec.keys import VerifyingKey
from codec.reading import inspect
from codec.short import Installed, inspect_short, matched
from reservation.device import Device
from reservation.device.journal import FIRST_LINK
from reservation.device.state import Standing
from reservation.errors import (
    AlreadyInitialisedError,
    OlderTrustError,
    PendingRequestError,
    SetupError,
    TrustFileError,
    WrongStateError,
)
from tests.reservation.device.far_side import CATALOGUE, FACTS, OTHER_FACTS, START, UDI, Bench, key_of

# --- initialisation ----------------------------------------------------------------------------


def test_a_new_device_is_unregistered_and_says_what_to_do(bench: Bench) -> None:
    status = bench.initialise().status()
    assert status.standing is Standing.UNREGISTERED
    assert status.udi == UDI
    assert not status.licensed
    assert (status.sequence, status.request_id, status.lines) == (None, None, ())
    assert "device request" in status.next_step


def test_a_uuid_is_kept(bench: Bench) -> None:
    udi = Udi("VM", "1", UUID("12345678-1234-5678-1234-567812345678"))
    device = Device.initialise(
        bench.home,
        udi=udi,
        trust_file=bench.vendor.trust_file(),
        hardware=lambda: FACTS,
        clock=bench.clock,
        random=bench.random,
    )
    assert device.request().code.value.udi == udi
    assert bench.open().status().udi == udi


def test_a_second_initialisation_is_refused(bench: Bench) -> None:
    bench.initialise()
    before = bench.files
    with pytest.raises(AlreadyInitialisedError) as caught:
        bench.initialise()
    assert "SN:FDO2517A0XY" in caught.value.message
    assert bench.files == before


def test_an_initialisation_that_was_cut_off_is_done_again(bench: Bench) -> None:
    """The key is written last: without it nothing was ever signed."""
    bench.initialise()
    (bench.home / "device-key.pem").unlink()
    assert bench.open().status().standing is Standing.UNREGISTERED
    with pytest.raises(SetupError) as caught:
        bench.open().request()
    assert "initialise it again" in caught.value.hint
    bench.initialise()
    assert bench.open().request().code.value.code_number == 1


def test_a_key_whose_state_was_removed_is_not_used_again(bench: Bench) -> None:
    """A device that starts to count anew looks like a clone of itself."""
    bench.initialise().request()
    (bench.home / "state.json").unlink()
    for attempt in (bench.initialise, bench.open):
        with pytest.raises(SetupError) as caught:
            attempt()
        assert caught.value.code == "not-initialised"
        assert "removed" in caught.value.message
        assert "backup" in caught.value.hint


def test_a_lost_key_after_the_first_code_is_not_replaced(bench: Bench) -> None:
    bench.initialise().request()
    (bench.home / "device-key.pem").unlink()
    with pytest.raises(AlreadyInitialisedError):
        bench.initialise()


def test_a_damaged_trust_file_is_not_pinned(bench: Bench) -> None:
    text = bench.vendor.trust_file()
    place = text.index("trust  ") + 20
    mistyped = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    with pytest.raises(TrustFileError) as caught:
        Device.initialise(
            bench.home,
            udi=UDI,
            trust_file=mistyped,
            hardware=lambda: FACTS,
            clock=bench.clock,
            random=bench.random,
        )
    assert "group" in caught.value.message
    assert not bench.home.exists()


def test_opening_nothing_says_how_to_begin(bench: Bench) -> None:
    with pytest.raises(SetupError) as caught:
        bench.open()
    assert caught.value.code == "not-initialised"
    assert "device init" in caught.value.hint


# --- request -----------------------------------------------------------------------------------


def test_a_request_says_what_the_device_is_and_needs(bench: Bench) -> None:
    request = (
        bench.initialise().request(wanted=[WantedLine("VPN", 3), WantedLine("HOME-GROWN", 1)]).code.value
    )
    assert request.udi == UDI
    assert request.mode is Mode.SPECIFIC
    assert request.catalogue == CATALOGUE.id()
    assert CATALOGUE.spell_wanted(request.wanted, request.catalogue) == (
        WantedLine("HOME-GROWN", 1),
        WantedLine("VPN", 3),
    )
    assert (request.sketch.required, len(request.sketch.components)) == (3, 5)
    assert (request.members, request.code_number, request.journal_link) == (1, 1, FIRST_LINK)
    assert request.device_time == START


def test_wanted_lines_of_one_tag_are_added(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request(wanted=[WantedLine("VPN", 3), WantedLine("VPN", 2)]).code.value
    assert CATALOGUE.spell_wanted(request.wanted, request.catalogue) == (WantedLine("VPN", 5),)


def test_a_request_without_a_catalogue_spells_its_tags(bench: Bench) -> None:
    request = bench.initialise(catalogue=None).request(wanted=[WantedLine("VPN", 3)]).code.value
    assert request.catalogue is None
    assert request.wanted == (WantedLine("VPN", 3),)


def test_asking_again_shows_the_same_code(bench: Bench) -> None:
    device = bench.initialise()
    wanted = [WantedLine("VPN", 3), WantedLine("FIREWALL", 1)]
    first = device.request(wanted=wanted)
    before = bench.files
    bench.clock.advance(days=40)
    for again in (device.request(), bench.open().request(wanted=reversed(wanted))):
        assert again.again
        assert again.text == first.text
    assert bench.files == before
    assert bench.open().status().standing is Standing.REQUESTED


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        pytest.param(Mode.SPECIFIC, [WantedLine("VPN", 4)], id="another count"),
        pytest.param(Mode.SPECIFIC, [WantedLine("FIREWALL", 3)], id="another tag"),
        pytest.param(Mode.UNIVERSAL, [WantedLine("VPN", 3)], id="everything"),
    ],
)
def test_a_pending_request_is_not_changed(bench: Bench, mode: Mode, wanted: list[WantedLine]) -> None:
    device = bench.initialise()
    device.request(wanted=[WantedLine("VPN", 3)])
    before = bench.files
    with pytest.raises(PendingRequestError) as caught:
        device.request(mode=mode, wanted=wanted)
    assert "device cancel" in caught.value.hint
    assert bench.files == before


def test_a_wish_that_no_code_can_carry_changes_nothing(bench: Bench) -> None:
    device = bench.initialise()
    before = bench.files
    with pytest.raises(FieldError):
        device.request(wanted=[WantedLine("VPN", 0)])
    assert bench.files == before


def test_a_device_with_a_reservation_makes_no_second_request(bench: Bench) -> None:
    device = bench.reserved()
    before = bench.files
    with pytest.raises(WrongStateError) as caught:
        device.request()
    assert "device return" in caught.value.hint
    assert bench.files == before


# --- cancel ------------------------------------------------------------------------------------


def test_a_cancel_gives_a_return_code_for_nothing_installed(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    cancelled = device.cancel().code.value
    assert cancelled.last_sequence == NEVER_INSTALLED
    assert cancelled.reason is ReturnReason.CANCELLED
    assert cancelled.request_hint == long_hint(request.id)
    assert not cancelled.hardware_mismatch
    assert device.status().standing is Standing.RETURNED


def test_a_cancel_is_shown_again_also_as_a_return(bench: Bench) -> None:
    device = bench.initialise()
    device.request()
    first = device.cancel()
    before = bench.files
    for again in (device.cancel(), bench.open().cancel(), bench.open().give_back()):
        assert again.again
        assert again.text == first.text
    assert bench.files == before


def test_nothing_pending_cannot_be_cancelled(bench: Bench) -> None:
    with pytest.raises(WrongStateError) as caught:
        bench.initialise().cancel()
    assert "nothing to cancel" in caught.value.hint


def test_what_is_installed_is_returned_rather_than_cancelled(bench: Bench) -> None:
    device = bench.reserved()
    with pytest.raises(WrongStateError) as caught:
        device.cancel()
    assert "device return" in caught.value.hint
    device.give_back()
    with pytest.raises(WrongStateError):
        device.cancel()


# --- return ------------------------------------------------------------------------------------


def test_a_return_ends_everything_and_says_what_was_installed(bench: Bench) -> None:
    device = bench.reserved(Line("VPN", 10), number=3)
    returned = device.give_back(reason=ReturnReason.MOVED).code.value
    assert returned.last_sequence == Sequence(0, 3)
    assert returned.reason is ReturnReason.MOVED
    assert returned.evidence is Evidence.SOFTWARE_KEY
    assert not device.entitled("VPN")
    assert not device.check("VPN").licensed
    assert device.status().standing is Standing.RETURNED


def test_a_second_return_shows_the_same_code(bench: Bench) -> None:
    device = bench.reserved()
    first = device.give_back(reason=ReturnReason.MOVED)
    before = bench.files
    again = bench.open().give_back(reason=ReturnReason.REPLACED)
    assert (again.again, again.text) == (True, first.text)
    assert bench.files == before


def test_a_request_whose_authorization_was_lost_is_returned_from_the_request_alone(bench: Bench) -> None:
    device = bench.initialise()
    device.request()
    returned = device.give_back(reason=ReturnReason.REPLACED).code.value
    assert (returned.last_sequence, returned.reason) == (NEVER_INSTALLED, ReturnReason.REPLACED)


def test_a_return_on_changed_hardware_says_so(bench: Bench) -> None:
    bench.reserved()
    bench.facts = OTHER_FACTS
    assert bench.open().give_back().code.value.hardware_mismatch


def test_a_return_after_a_tolerated_repair_says_nothing(bench: Bench) -> None:
    bench.reserved()
    bench.facts = FACTS | {"MAC eth0": "00:1b:21:00:00:01"}
    assert not bench.open().give_back().code.value.hardware_mismatch


def test_nothing_requested_cannot_be_returned(bench: Bench) -> None:
    with pytest.raises(WrongStateError) as caught:
        bench.initialise().give_back()
    assert "nothing to give back" in caught.value.hint


def test_a_reader_that_is_open_sees_the_return_of_another_process(bench: Bench) -> None:
    running = bench.reserved(Line("VPN", 10))
    assert running.entitled("VPN", 10)
    bench.open().give_back()
    assert not running.entitled("VPN")


def test_after_a_return_a_new_life_begins(bench: Bench) -> None:
    device = bench.reserved(Line("VPN", 10))
    old = device.give_back()
    request = device.request().code
    assert request.value.code_number == 4
    device.install(bench.vendor.authorize(request, Line("VPN", 2)))
    assert device.entitled("VPN", 2)
    assert not device.entitled("VPN", 3)
    new = device.give_back()
    assert new.text != old.text
    assert device.give_back().text == new.text


# --- the journal -------------------------------------------------------------------------------


def test_every_code_is_numbered_linked_and_kept(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request()
    first = device.install(bench.vendor.authorize(request.code))
    second = device.install(bench.vendor.authorize(request.code, Line("VPN", 1), number=2))
    returned = device.give_back()
    codes = bench.open().codes()
    assert [entry.kind for entry in codes] == [
        Kind.REQUEST,
        Kind.CONFIRMATION,
        Kind.CONFIRMATION,
        Kind.RETURN,
    ]
    assert [entry.text for entry in codes] == [
        request.text,
        first.confirmation,
        second.confirmation,
        returned.text,
    ]
    signed = (request.code.value, first.code.value, second.code.value, returned.code.value)
    assert [value.code_number for value in signed] == [entry.number for entry in codes] == [1, 2, 3, 4]
    links = [FIRST_LINK]
    for entry in codes:
        links.append(link_after(links[-1], entry.id))
    assert [value.journal_link for value in signed] == links[:-1]


def test_only_an_installed_authorization_has_a_confirmation(bench: Bench) -> None:
    device = bench.initialise()
    for _ in range(2):
        with pytest.raises(WrongStateError) as caught:
            device.confirmation()
        assert caught.value.hint
        device.request()
    device.install(bench.vendor.authorize(device.request().code))
    assert device.confirmation().again
    device.give_back()
    with pytest.raises(WrongStateError):
        device.confirmation()


# --- trust -------------------------------------------------------------------------------------


def test_a_short_confirmation_is_the_same_each_time_and_writes_nothing(bench: Bench) -> None:
    device = bench.reserved()
    before = bench.files
    text = device.short_confirmation()
    assert [device.short_confirmation(), bench.open().short_confirmation()] == [text, text]
    assert bench.files == before
    assert len(list(device.codes())) == 2


def test_a_short_confirmation_is_of_the_newest_installation_and_for_its_issuer(bench: Bench) -> None:
    device = bench.reserved()
    state = device.status()
    assert state.request_id is not None
    assert state.authorization_id is not None
    issuer = bench.vendor.issuer
    other = bench.vendor.with_issuer("another").certified()
    device.update_trust(bench.vendor.trust(serial=2, issuers=(other,), revoked=(issuer.verifying_key.id,)))
    (request, _) = device.codes()
    key = verify_request(require_kind(inspect(request.text).code, Request)).value.device_key
    code = inspect_short(device.short_confirmation()).code
    installed = Installed(state.request_id, state.authorization_id, Sequence(0, 1))
    assert matched(code, installed, issuer=issuer, device=VerifyingKey(key)).text == code.text


@pytest.mark.parametrize("end", [Device.request, Device.give_back])
def test_only_what_is_installed_has_a_short_confirmation(
    bench: Bench, end: Callable[[Device], object]
) -> None:
    device = bench.initialise() if end is Device.request else bench.reserved()
    end(device)
    with pytest.raises(WrongStateError, match="no confirmation"):
        device.short_confirmation()


def test_a_newer_trust_code_brings_a_new_issuer(bench: Bench) -> None:
    device = bench.initialise()
    successor = bench.vendor.with_issuer("successor")
    issuers = (bench.vendor.certified(), successor.certified())
    received = device.read(bench.vendor.trust(serial=2, issuers=issuers).text)
    assert not device.update_trust(received.code).again
    assert bench.open().status().trust_serial == 2
    device.install(successor.authorize(device.request().code))
    assert device.entitled("VPN")


def test_the_same_trust_code_has_no_effect(bench: Bench) -> None:
    device = bench.initialise()
    before = bench.files
    assert device.update_trust(bench.vendor.trust()).again
    assert bench.files == before


@pytest.mark.parametrize(
    ("serial", "says"),
    [pytest.param(4, "older", id="older"), pytest.param(5, "other content", id="same serial, other content")],
)
def test_a_trust_code_that_is_not_newer_is_refused(bench: Bench, serial: int, says: str) -> None:
    device = bench.initialise()
    device.update_trust(bench.vendor.trust(serial=5))
    before = bench.files
    with pytest.raises(OlderTrustError) as caught:
        device.update_trust(bench.vendor.with_issuer("successor").trust(serial=serial))
    assert says in caught.value.message
    assert bench.files == before


def test_a_trust_code_by_another_root_is_not_genuine(bench: Bench) -> None:
    device = bench.initialise()
    stranger = replace(bench.vendor, root=key_of("stranger"))
    with pytest.raises(CodecError) as caught:
        device.read(stranger.trust(serial=9).text)
    assert caught.value.code == "not-genuine"


def test_the_next_root_takes_over_with_its_first_code(bench: Bench) -> None:
    device, successor = bench.initialise(), replace(bench.vendor, root=key_of("next root"))
    device.update_trust(bench.vendor.trust(serial=2, next_root=successor.root.verifying_key.raw))
    device.update_trust(bench.vendor.trust(serial=3, next_root=successor.root.verifying_key.raw))
    device.update_trust(successor.trust(serial=4))
    with pytest.raises(CodecError) as caught:
        bench.open().update_trust(bench.vendor.trust(serial=5))
    assert caught.value.code == "not-genuine"
    assert bench.open().status().trust_serial == 4


def test_a_trust_code_of_another_portal_says_what_it_means(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request))
    elsewhere = replace(bench.vendor, portal_id=b"portal-2")
    update = device.update_trust(elsewhere.trust(serial=2))
    assert "another portal" in " ".join(update.notes)
    assert device.entitled("VPN", 10)
    device.update_trust(bench.vendor.trust(serial=3))
    device.install(bench.vendor.authorize(request, Line("VPN", 11), number=2))
    assert device.entitled("VPN", 11)


def test_each_verb_takes_its_own_kind(bench: Bench) -> None:
    device = bench.initialise()
    authorization = bench.vendor.authorize(device.request().code)
    with pytest.raises(CodecError) as caught:
        device.update_trust(authorization)
    assert caught.value.code == "wrong-kind"
    with pytest.raises(CodecError) as caught:
        device.install(bench.vendor.trust(serial=2))
    assert caught.value.code == "wrong-kind"
