"""Codes at the portal: reading and naming them, giving the first answer again, and keeping early returns."""

from dataclasses import replace

import pytest

from codec.catalogue import Catalogue
from codec.codes import CatalogueId, Kind, Mode, Request, Sequence
from codec.envelope import VerifiedCode, sign_request
from codec.errors import KeyRejectedError, MalformedCodeError, NotGenuineError, WrongKindError
from codec.keys import SigningKey
from reservation import service
from reservation.errors import (
    MissingAuthorizationError,
    ReservationClosedError,
    RuleError,
    TooManyKeptError,
    UniversalRequestError,
    UnknownCatalogueError,
    UnknownNameError,
    UnknownRequestError,
)
from reservation.ledger import Account
from reservation.model import EventKind, Line
from reservation.service import AS_REQUESTED, UNIVERSAL, Issued, LinesWanted, Portal
from reservation.service.codes import MOST_EARLY_RETURNS, MOST_EARLY_RETURNS_OF_A_HINT
from reservation.store import Writing
from tests.reservation.portal.appliance import START, Appliance, Time, opened

TRAM, BOAT = Appliance("tram"), Appliance("boat")
TAGS = Catalogue(("ALPHA", "ROUTE", "CRYPTO", "ZULU"))


@pytest.fixture
def stocked(portal: Portal) -> Portal:
    service.add_license(portal, "ROUTE", 10)
    service.add_license(portal, "CRYPTO", 10)
    return portal


def reserve(portal: Portal, device: Appliance = TRAM, **counts: int) -> Issued:
    return service.reserve(portal, device.request(), choice=LinesWanted(counts or {"ROUTE": 4}))


# --- the first answer again ------------------------------------------------------------------------


def test_the_same_request_gets_the_same_authorization_with_when_and_by_whom(
    stocked: Portal, time: Time
) -> None:
    first = reserve(stocked)
    assert (first.again, first.at, first.by) == (False, START, "ann")
    time.set(START.replace(day=9))
    again = reserve(stocked)
    assert (again.again, again.text, again.at, again.by) == (True, first.text, START, "ann")
    assert again.lines == first.lines == (Line("ROUTE", 4),)


def test_after_an_update_the_newest_authorization_answers_to_its_own_lines(stocked: Portal) -> None:
    first = reserve(stocked)
    second = service.update(stocked, first.reservation_id, {"ROUTE": 5})
    assert reserve(stocked, ROUTE=5).text == second.text
    assert reserve(stocked, ROUTE=4).text == first.text
    assert service.reissue(stocked, first.reservation_id).text == second.text


def test_a_confirmation_again_gets_its_first_answer(stocked: Portal, time: Time) -> None:
    code = TRAM.confirmation(reserve(stocked), stocked)
    first = service.accept(stocked, code)
    time.set(START.replace(day=9))
    again = service.accept(stocked, code)
    assert not first.again
    assert again.again
    assert (again.kind, again.moved, again.at, again.by) == (first.kind, first.moved, START, "ann")
    (moved,) = again.moved
    assert (moved.lot.tag, moved.movement.count, moved.movement.target) == ("ROUTE", 4, Account.RESERVED)


def test_a_return_again_gets_its_first_answer(stocked: Portal, time: Time) -> None:
    issued = reserve(stocked)
    code = TRAM.give_back(issued.reservation_id)
    first = service.accept(stocked, code)
    time.set(START.replace(day=9))
    again = service.accept(stocked, code)
    assert (again.again, again.kind, again.moved, again.at) == (True, EventKind.RETURNED, first.moved, START)
    assert [moved.movement.target for moved in again.moved] == [Account.AVAILABLE]


def test_another_return_of_the_same_request_is_kept_and_changes_nothing(stocked: Portal) -> None:
    issued = reserve(stocked)
    service.accept(stocked, TRAM.give_back(issued.reservation_id))
    other = service.accept(stocked, TRAM.give_back(issued.reservation_id, Sequence(0, 1), number=3))
    assert (other.kind, other.moved, other.again) == (EventKind.RETURNED_AGAIN, (), False)
    details = service.show_reservation(stocked, issued.reservation_id)
    assert [code.code_number for code in details.codes][:2] == [1, None]
    assert [code.kind for code in details.codes][2:] == [Kind.RETURN, Kind.RETURN]


# --- news that contradicts the books ---------------------------------------------------------------


def test_a_confirmation_beyond_the_return_is_a_copy_and_is_said(stocked: Portal) -> None:
    issued = reserve(stocked)
    service.accept(stocked, TRAM.give_back(issued.reservation_id))
    late = service.accept(stocked, TRAM.confirmation(issued, stocked))
    assert late.kind is EventKind.CONFIRMED_LATE
    assert late.moved == ()
    assert "was copied or restored" in late.notes[0]
    assert service.accept(stocked, TRAM.confirmation(issued, stocked)).notes == late.notes


def test_a_return_ahead_of_the_books_says_that_they_were_restored(stocked: Portal) -> None:
    issued = reserve(stocked)
    accepted = service.accept(stocked, TRAM.give_back(issued.reservation_id, Sequence(0, 3)))
    assert accepted.kind is EventKind.RETURNED
    assert "restored from an old copy" in accepted.notes[0]


def test_a_new_key_under_a_known_name_is_an_event(stocked: Portal) -> None:
    issued = reserve(stocked)
    service.accept(stocked, TRAM.give_back(issued.reservation_id))
    again = service.reserve(
        stocked, Appliance("tram", key_seed="other").request(), choice=LinesWanted({"ROUTE": 1})
    )
    details = service.show_reservation(stocked, again.reservation_id)
    assert [event.kind for event in details.events] == [EventKind.RESERVED, EventKind.KEY_CHANGED]


def test_a_confirmation_of_an_unknown_authorization_asks_for_it(stocked: Portal) -> None:
    issued = reserve(stocked)
    ahead = Issued(
        issued.reservation_id,
        issued.name,
        issued.udi,
        "DEFAULT",
        Sequence(0, 5),
        issued.text,
        (),
        False,
        START,
        "",
    )
    code = TRAM.confirmation(ahead, stocked)
    with pytest.raises(MissingAuthorizationError, match=r"confirms authorization 0\.5 of reservation"):
        service.read_code(stocked, code.text)


# --- reading ---------------------------------------------------------------------------------------


def test_a_device_code_is_read_whatever_its_form(stocked: Portal) -> None:
    text = TRAM.request().text
    grouped = "-".join(text[place : place + 4] for place in range(0, len(text), 4)).lower()
    received = service.read_code(stocked, f"> {grouped}")
    assert isinstance(received.code.value, Request)
    assert received.repairs == ()


def test_a_mistyped_confirmation_is_repaired_before_its_hint_is_believed(stocked: Portal) -> None:
    text = TRAM.confirmation(reserve(stocked), stocked).text
    # The hint stands at the beginning, so what is typed there names no request that is known.
    wrong = text[:3] + ("0" if text[3] != "0" else "1") + text[4:]
    received = service.read_code(stocked, wrong)
    assert received.code.text == text
    assert [repair.group for repair in received.repairs] == [1]


def test_a_code_for_a_request_never_seen_is_not_for_here(stocked: Portal) -> None:
    code = BOAT.give_back(BOAT.request().id)
    with pytest.raises(UnknownRequestError, match="never saw"):
        service.read_code(stocked, code.text)
    with pytest.raises(UnknownRequestError, match="never saw"):
        service.accept(stocked, code)


def test_a_code_by_another_key_is_not_genuine(stocked: Portal) -> None:
    issued = reserve(stocked)
    forged = Appliance("tram", key_seed="thief")
    with pytest.raises(NotGenuineError):
        service.read_code(stocked, forged.give_back(issued.reservation_id).text)
    with pytest.raises(NotGenuineError):
        service.accept(stocked, forged.give_back(issued.reservation_id))
    with pytest.raises(NotGenuineError):
        service.accept(stocked, forged.confirmation(issued, stocked))
    assert service.show_reservation(stocked, issued.reservation_id).summary.in_doubt == 4


def test_the_portals_own_codes_are_for_devices(stocked: Portal) -> None:
    with pytest.raises(WrongKindError, match="it is for the device"):
        service.read_code(stocked, reserve(stocked).text)


@pytest.mark.parametrize("raw", ["", "Q", "QQQQQQQQ", "Z" * 200, "\x1b[31m"])
def test_what_is_no_code_is_malformed(stocked: Portal, raw: str) -> None:
    with pytest.raises(MalformedCodeError):
        service.read_code(stocked, raw)


def test_a_request_is_reserved_not_accepted(stocked: Portal) -> None:
    request = TRAM.request()
    with pytest.raises(RuleError, match="nothing to accept yet") as refused:
        service.accept(stocked, request)
    assert "tallystick portal reserve" in refused.value.hint
    issued = reserve(stocked)
    with pytest.raises(RuleError, match="reserved already") as refused:
        service.accept(stocked, request)
    assert f"reissue {issued.name}" in refused.value.hint
    service.accept(stocked, TRAM.give_back(issued.reservation_id))
    with pytest.raises(ReservationClosedError, match="was returned on"):
        service.accept(stocked, request)


# --- returns that come before their request --------------------------------------------------------


def test_a_return_before_its_request_is_kept_and_ends_it(stocked: Portal, time: Time) -> None:
    request = BOAT.request()
    early = BOAT.give_back(request.id)
    kept = service.keep_return(stocked, early.text)
    assert (kept.at, kept.actor) == (START, "ann")
    time.set(START.replace(day=9))
    assert service.keep_return(stocked, early.text.lower()) == kept
    for refused in (
        lambda: service.reserve(stocked, request, choice=LinesWanted({"ROUTE": 1})),
        lambda: service.accept(stocked, request),
    ):
        with pytest.raises(ReservationClosedError, match="has already returned this request"):
            refused()


def test_a_kept_return_of_another_key_ends_nothing(stocked: Portal) -> None:
    request = BOAT.request()
    forged = Appliance("boat", key_seed="thief").give_back(request.id)
    service.keep_return(stocked, forged.text)
    assert not reserve(stocked, BOAT).again


def test_only_returns_of_unknown_requests_are_kept(stocked: Portal) -> None:
    with pytest.raises(WrongKindError):
        service.keep_return(stocked, BOAT.request().text)
    issued = reserve(stocked)
    with pytest.raises(RuleError, match="is known here"):
        service.keep_return(stocked, TRAM.give_back(issued.reservation_id).text)


def test_returns_of_one_hint_are_kept_up_to_a_limit_and_none_is_dropped(stocked: Portal) -> None:
    request = BOAT.request()
    early = [BOAT.give_back(request.id, number=number).text for number in range(2, 11)]
    kept = [service.keep_return(stocked, text) for text in early[:MOST_EARLY_RETURNS_OF_A_HINT]]
    with pytest.raises(TooManyKeptError, match="8 returns that begin like it"):
        service.keep_return(stocked, early[-1])
    assert [service.keep_return(stocked, text) for text in early[: len(kept)]] == kept
    service.keep_return(stocked, TRAM.give_back(TRAM.request().id).text)
    with pytest.raises(ReservationClosedError, match="has already returned this request"):
        reserve(stocked, BOAT)


def test_early_returns_are_kept_up_to_a_limit_in_all(stocked: Portal) -> None:
    first = BOAT.give_back(BOAT.request().id).text
    kept = service.keep_return(stocked, first)

    def fill(books: Writing) -> None:
        event_id = books.newest_event_id()
        for number in range(1, MOST_EARLY_RETURNS):
            digest = number.to_bytes(32, "big")
            books.add_early_return(replace(kept, hint=number.to_bytes(4, "big"), digest=digest), event_id)

    stocked.store.write(fill)
    another = TRAM.give_back(TRAM.request().id).text
    with pytest.raises(TooManyKeptError, match="10,000 returns of requests that it never saw"):
        service.keep_return(stocked, another)
    assert service.keep_return(stocked, first) == kept
    # What was not kept is brought again, after its request.
    reserve(stocked)
    assert not service.accept(stocked, service.read_code(stocked, another).code).again


# --- what is reserved ------------------------------------------------------------------------------


def test_as_requested_takes_what_the_request_wants(stocked: Portal) -> None:
    issued = service.reserve(stocked, TRAM.request({"ROUTE": 2, "CRYPTO": 1}), choice=AS_REQUESTED)
    assert issued.lines == (Line("CRYPTO", 1), Line("ROUTE", 2))


def test_a_request_that_wants_nothing_needs_a_choice(stocked: Portal) -> None:
    with pytest.raises(RuleError, match="no entitlement to reserve"):
        service.reserve(stocked, TRAM.request())


def test_numbers_of_the_portals_catalogue_are_understood_and_used(stocked: Portal) -> None:
    service.add_catalogue(stocked, TAGS)
    request = TRAM.request({1: 3, 2: 1}, catalogue=TAGS.id())
    issued = service.reserve(stocked, request)
    assert issued.lines == (Line("CRYPTO", 1), Line("ROUTE", 3))
    assert opened(issued, stocked).value.lines == (Line(1, 3), Line(2, 1))


def test_a_device_with_an_earlier_catalogue_gets_its_numbers_and_spelled_tags(stocked: Portal) -> None:
    service.add_catalogue(stocked, TAGS)
    # A size at which this portal never published its catalogue, but a beginning of it all the same.
    request = TRAM.request({1: 3}, catalogue=TAGS.id(2))
    issued = service.reserve(stocked, request, choice=LinesWanted({"ROUTE": 3, "CRYPTO": 1}))
    assert opened(issued, stocked).value.lines == (Line(1, 3), Line("CRYPTO", 1))


@pytest.mark.parametrize("named", [CatalogueId(4, b"\0" * 4), CatalogueId(900, b"abcd")])
def test_with_a_catalogue_that_the_portal_lacks_everything_is_spelled(
    stocked: Portal, named: CatalogueId
) -> None:
    service.add_catalogue(stocked, TAGS)
    request = TRAM.request({1: 3}, catalogue=named)
    with pytest.raises(UnknownCatalogueError, match=f"a catalogue of {named.size} tags"):
        service.reserve(stocked, request)
    issued = service.reserve(stocked, request, choice=LinesWanted({"ROUTE": 3}))
    assert opened(issued, stocked).value.lines == (Line("ROUTE", 3),)
    assert service.audit(stocked) == ()


def test_a_catalogue_only_grows(portal: Portal) -> None:
    assert service.add_catalogue(portal, TAGS) == 4
    assert service.add_catalogue(portal, TAGS) == 0
    longer = Catalogue((*TAGS.tags, "NEW"))
    assert service.add_catalogue(portal, longer) == 1
    with pytest.raises(RuleError, match="tag 5 is NEW there, and missing here"):
        service.add_catalogue(portal, TAGS)
    with pytest.raises(RuleError, match="tag 2 is ROUTE there, and OTHER here"):
        service.add_catalogue(portal, Catalogue(("ALPHA", "OTHER", *longer.tags[2:])))
    assert service.show_catalogue(portal) == longer


def universal(device: Appliance = TRAM) -> VerifiedCode[Request]:
    return device.request(mode=Mode.UNIVERSAL)


def test_a_universal_reservation_is_one_licence_like_any_other(stocked: Portal) -> None:
    service.add_license(stocked, "UNIVERSAL", 1)
    issued = service.reserve(stocked, universal())
    assert issued.lines == (Line("UNIVERSAL", 1),)
    with pytest.raises(RuleError, match="can give 0"):
        service.reserve(stocked, universal(BOAT))
    with pytest.raises(UniversalRequestError, match="is universal"):
        service.update(stocked, issued.reservation_id, {"ROUTE": 1})


def test_a_product_may_name_its_universal_entitlement(stocked: Portal) -> None:
    service.add_license(stocked, "EVERYTHING", 1)
    service.set_product(stocked, "TR-100", universal_tag="EVERYTHING")
    assert service.reserve(stocked, universal()).lines == (Line("EVERYTHING", 1),)
    with pytest.raises(UniversalRequestError, match="did not ask for a universal"):
        service.reserve(stocked, BOAT.request(), choice=UNIVERSAL)


def test_a_universal_request_is_not_answered_with_named_lines(stocked: Portal) -> None:
    with pytest.raises(UniversalRequestError, match="asks for a universal reservation"):
        service.reserve(stocked, universal(), choice=LinesWanted({"ROUTE": 1}))


def test_a_product_sets_how_many_components_must_match(stocked: Portal) -> None:
    with pytest.raises(RuleError, match="asks that 2 of 5 hardware components match"):
        service.reserve(stocked, TRAM.request({"ROUTE": 1}, required=2))
    service.set_product(stocked, "TR-100", minimum_match=2)
    assert not service.reserve(stocked, TRAM.request({"ROUTE": 1}, required=2)).again
    service.set_product(stocked, "TR-100", minimum_match=5)
    with pytest.raises(RuleError, match="must ask for 5 or more"):
        service.reserve(stocked, BOAT.request({"ROUTE": 1}, required=4))


def test_a_lot_is_named_by_its_first_characters(stocked: Portal) -> None:
    (lot,) = (one for one in service.list_licenses(stocked) if one.lot.tag == "ROUTE")
    issued = service.reserve(stocked, TRAM.request(), choice=LinesWanted({"ROUTE": 1}), term=lot.name.lower())
    assert issued.lines == (Line("ROUTE", 1),)
    for name in ("ZZZZZZZZ", "soon", ""):
        with pytest.raises(UnknownNameError, match="There is no lot"):
            service.reserve(stocked, BOAT.request(), choice=LinesWanted({"ROUTE": 1}), term=name)


# --- naming a reservation --------------------------------------------------------------------------


def test_a_reservation_is_named_by_a_prefix_or_any_of_its_codes(stocked: Portal) -> None:
    issued = reserve(stocked)
    codes = [
        TRAM.request().text,
        issued.text,
        TRAM.confirmation(issued, stocked).text,
        TRAM.give_back(issued.reservation_id).text,
        issued.name,
        issued.name.lower(),
    ]
    for name in codes:
        assert service.find_reservation(stocked, name) == issued.reservation_id


def test_names_that_fit_none_are_refused(stocked: Portal) -> None:
    reserve(stocked)
    for name, problem in {
        "ABC": "too short",
        "ZZZZZZZZ": "No reservation has a name",
        BOAT.request().text: "No reservation of this portal has this code",
    }.items():
        with pytest.raises(UnknownNameError, match=problem):
            service.find_reservation(stocked, name)


def test_a_request_signed_with_another_key_than_its_own_is_not_genuine(stocked: Portal) -> None:
    forged = sign_request(TRAM.request().value, SigningKey(b"x" * 32))
    with pytest.raises(NotGenuineError):
        service.read_code(stocked, forged.text)


def test_a_request_with_an_unsound_key_is_refused(stocked: Portal) -> None:
    value = replace(TRAM.request().value, device_key=b"\1" + b"\0" * 31)
    with pytest.raises(KeyRejectedError):
        service.read_code(stocked, sign_request(value, TRAM.key).text)
