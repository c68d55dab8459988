"""Issuers at the portal: which key signs, what devices need after a change, and nothing held twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from codec.codes import Authorization, Kind, Line, Trust, Udi
from codec.envelope import VerifiedCode, issuer_hint, short_hint, sign_authorization, sign_trust
from codec.errors import CodecError, NotGenuineError, RevokedIssuerError
from codec.keys import SigningKey
from codec.reading import inspect
from reservation import service
from reservation.certifying import Validity
from reservation.errors import (
    IssuerNotValidError,
    OlderTrustError,
    OtherPortalError,
    ReplacedIssuerError,
    ReservationError,
    UnknownNameError,
    WrongStateError,
)
from reservation.model import EventKind, Sequence, Term
from reservation.service import Counts, LinesWanted, Portal
from reservation.service.bringing import bring, is_for_bringing
from reservation.service.issuers import devices_behind, list_issuers, read_trust, renew, take_trust
from reservation.service.restoring import begin_quarantine
from tests.reservation.portal.appliance import START, Appliance, Time
from tests.reservation.portal.rooted import (
    FIRST,
    NEXT_ROOT,
    ROOT,
    SECOND,
    THIRD,
    newest,
    signing,
    taken,
    trust_after,
)

TRAM, BOAT, TUG = Appliance("tram"), Appliance("boat"), Appliance("tug")


def reserve(portal: Portal, device: Appliance, count: int = 4) -> service.Issued:
    return service.reserve(portal, device.request(), choice=LinesWanted({"ROUTE": count}))


@pytest.fixture
def stocked(portal: Portal) -> Portal:
    service.add_license(portal, "ROUTE", 20)
    return portal


def counts(portal: Portal) -> Counts:
    (license_,) = service.list_licenses(portal)
    return license_.counts


# --- taking a trust code ---------------------------------------------------------------------------


def test_the_issuer_that_a_trust_code_brings_signs_from_now_on(stocked: Portal) -> None:
    before = reserve(stocked, TRAM)
    code = trust_after(stocked, SECOND)
    answer = taken(stocked, code, SECOND)
    assert (answer.signs, answer.changes_issuer, answer.again) == (SECOND.verifying_key.raw, True, False)
    now = signing(stocked, SECOND)
    after = reserve(now, BOAT)
    assert after.sequence == Sequence(0, 1)
    # Each is genuine by the key of its time: confirmations of both are taken, and the audit knows both.
    service.accept(stocked, TRAM.confirmation(before, stocked))
    service.accept(now, BOAT.confirmation(after, now))
    assert service.audit(now) == ()
    kinds = [event.kind for event in service.events(now)]
    assert kinds.count(EventKind.TRUST_TAKEN) == kinds.count(EventKind.ISSUER_CHANGED) == 1
    assert newest(now) == code.value


@pytest.mark.parametrize("number", range(10, 20))
def test_the_new_issuer_is_the_one_that_was_never_in_use(portal: Portal, number: int) -> None:
    """Wherever it stands among the others: trust codes list keys in the order of their bytes."""
    key = SigningKey(bytes([number]) * 32)
    assert read_trust(portal, trust_after(portal, key).text).signs == key.verifying_key.raw


def test_a_trust_code_again_changes_nothing(stocked: Portal) -> None:
    code = trust_after(stocked, SECOND)
    taken(stocked, code, SECOND)
    before = service.events(stocked)
    assert taken(stocked, code, SECOND).again
    assert service.events(stocked) == before


def test_the_books_know_from_when_on_each_issuer_signed(stocked: Portal, time: Time) -> None:
    time.set(START + timedelta(days=1))
    taken(stocked, trust_after(stocked, SECOND, revoked=(FIRST,)), SECOND)
    first, second = list_issuers(stocked)
    assert (first.key, first.is_revoked, first.is_in_use) == (FIRST.verifying_key.raw, True, False)
    assert (second.key, second.is_revoked, second.is_in_use) == (SECOND.verifying_key.raw, False, True)
    assert [(one.used[0].at, one.used[0].serial) for one in (first, second)] == [
        (START, 1), (START + timedelta(days=1), 2),
    ]  # fmt: skip


def test_an_issuer_that_is_to_come_waits_for_its_first_day(stocked: Portal, time: Time) -> None:
    code = trust_after(stocked, SECOND, validity=Validity(START.date() + timedelta(days=30)))
    assert not taken(stocked, code, SECOND).changes_issuer
    reserve(stocked, TRAM)
    time.set(START + timedelta(days=30))
    assert taken(stocked, code, SECOND).changes_issuer
    reserve(signing(stocked, SECOND), BOAT)
    assert service.audit(stocked) == ()
    assert len(service.events(stocked)) == len({event.id for event in service.events(stocked)})


def test_a_key_that_is_not_at_hand_never_comes_into_use(stocked: Portal) -> None:
    code = trust_after(stocked, SECOND)
    for key in (None, THIRD.verifying_key):
        with pytest.raises(WrongStateError):
            take_trust(stocked, code, key=key)
    assert newest(stocked).serial == 1
    reserve(stocked, TRAM)


def test_of_several_new_issuers_a_person_chooses(stocked: Portal) -> None:
    code = trust_after(stocked, SECOND, THIRD)
    with pytest.raises(UnknownNameError, match="more than one"):
        read_trust(stocked, code.text)
    with pytest.raises(UnknownNameError, match="no issuer"):
        read_trust(stocked, code.text, use=b"12345678")
    assert taken(stocked, code, THIRD, use=THIRD).signs == THIRD.verifying_key.raw
    # And back to one that was in use before.
    assert taken(stocked, code, FIRST, use=FIRST).changes_issuer
    assert [len(one.used) for one in list_issuers(stocked)] == [2, 1, 0]
    reserve(stocked, TRAM)
    assert service.audit(stocked) == ()


def _older(portal: Portal) -> VerifiedCode[Trust]:
    taken(portal, trust_after(portal, SECOND), SECOND)
    return sign_trust(Trust(1, newest(portal).portal_id, newest(portal).issuers), ROOT)


def _same_serial(portal: Portal) -> VerifiedCode[Trust]:
    other = trust_after(portal, THIRD)
    taken(portal, trust_after(portal, SECOND), SECOND)
    return other


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda portal: trust_after(portal, SECOND, root=THIRD), NotGenuineError),
        (lambda portal: trust_after(portal, SECOND, root=FIRST), NotGenuineError),
        (lambda portal: sign_trust(Trust(2, b"portal-2", newest(portal).issuers), ROOT), OtherPortalError),
        (_older, OlderTrustError),
        (_same_serial, OlderTrustError),
    ],
)
def test_a_trust_code_is_refused(
    stocked: Portal, make: "object", refusal: type[ReservationError | CodecError]
) -> None:
    assert callable(make)
    code = make(stocked)
    before = service.events(stocked), service.trust_file(stocked)
    with pytest.raises(refusal):
        read_trust(stocked, code.text)
    with pytest.raises(refusal):
        take_trust(stocked, code, key=SECOND.verifying_key)
    assert (service.events(stocked), service.trust_file(stocked)) == before


def test_the_next_root_takes_over(stocked: Portal) -> None:
    """A root that was named in time replaces one that is lost; the lost one is believed no more."""
    early = trust_after(stocked, SECOND, root=NEXT_ROOT)
    with pytest.raises(NotGenuineError):
        read_trust(stocked, early.text)
    taken(stocked, trust_after(stocked, next_root=NEXT_ROOT), FIRST)
    taken(stocked, trust_after(stocked, SECOND, root=NEXT_ROOT), SECOND)
    assert newest(stocked).next_root is None
    late = trust_after(stocked, THIRD, root=ROOT)
    with pytest.raises(NotGenuineError):
        read_trust(stocked, late.text)
    reserve(signing(stocked, SECOND), TRAM)
    assert service.audit(stocked) == ()


# --- which key may sign ----------------------------------------------------------------------------


def test_a_process_that_opened_the_former_key_signs_nothing_with_it(stocked: Portal) -> None:
    issued = reserve(stocked, TRAM)
    taken(stocked, trust_after(stocked, SECOND), SECOND)
    with pytest.raises(ReplacedIssuerError):
        reserve(stocked, BOAT)
    with pytest.raises(ReplacedIssuerError):
        service.update(stocked, issued.reservation_id, {"ROUTE": 5})
    assert counts(stocked) == Counts(available=16, in_doubt=4, entitled=20)


def test_an_issuer_that_is_revoked_without_a_successor_signs_nothing(stocked: Portal) -> None:
    taken(stocked, trust_after(stocked, revoked=(FIRST,)), FIRST)
    with pytest.raises(IssuerNotValidError, match="revoked"):
        reserve(stocked, TRAM)
    taken(stocked, trust_after(stocked, SECOND), SECOND)
    reserve(signing(stocked, SECOND), TRAM)


def test_after_its_last_day_an_issuer_signs_nothing(stocked: Portal, time: Time) -> None:
    last = START.date() + timedelta(days=10)
    taken(stocked, trust_after(stocked, FIRST, validity=Validity(last=last)), FIRST)
    time.set(START + timedelta(days=10))
    reserve(stocked, TRAM)
    time.set(START + timedelta(days=11))
    with pytest.raises(IssuerNotValidError, match="until"):
        reserve(stocked, BOAT)


# --- what devices need -----------------------------------------------------------------------------


def _revoked(portal: Portal) -> Portal:
    taken(portal, trust_after(portal, SECOND, revoked=(FIRST,)), SECOND)
    return signing(portal, SECOND)


def test_devices_that_need_something_are_named(stocked: Portal) -> None:
    """One that confirmed, one that did not, and one that gave back."""
    service.accept(stocked, TRAM.confirmation(reserve(stocked, TRAM), stocked))
    boat, tug = reserve(stocked, BOAT), reserve(stocked, TUG)
    service.accept(stocked, TUG.give_back(tug.reservation_id))
    assert devices_behind(stocked).devices == ()
    now = _revoked(stocked)
    needs = {
        one.udi.serial_number: (one.needs_trust, one.needs_renewal) for one in devices_behind(now).devices
    }
    assert needs == {"tram": (True, False), "boat": (True, True)}
    renewed = renew(now, boat.reservation_id)
    assert [one.needs_renewal for one in devices_behind(now).devices] == [False, False]
    service.accept(now, BOAT.confirmation(renewed, now))
    assert [one.udi for one in devices_behind(now).devices] == [TRAM.udi]


def test_devices_behind_come_in_pages(stocked: Portal) -> None:
    for device in (TRAM, BOAT, TUG):
        reserve(stocked, device)
    taken(stocked, trust_after(stocked, SECOND), SECOND)
    found: list[Udi] = []
    page = None
    while not found or page is not None:
        shown = devices_behind(stocked, page=page, most=1)
        found += [one.udi for one in shown.devices]
        page = shown.next_page
    assert found == [TUG.udi, BOAT.udi, TRAM.udi]
    assert [one.udi for one in devices_behind(stocked).devices] == found
    with pytest.raises(UnknownNameError):
        devices_behind(stocked, page="nowhere")


def test_a_planned_rotation_asks_for_no_renewal(stocked: Portal) -> None:
    """The former issuer stays listed: what it signed and nobody installed yet is believed for ever."""
    issued = reserve(stocked, TRAM)
    taken(stocked, trust_after(stocked, SECOND), SECOND)
    assert [one.needs_renewal for one in devices_behind(stocked).devices] == [False]
    with pytest.raises(WrongStateError):
        renew(signing(stocked, SECOND), issued.reservation_id)


def test_an_issuer_that_is_listed_no_more_asks_for_renewal(stocked: Portal) -> None:
    issued = reserve(stocked, TRAM)
    taken(stocked, trust_after(stocked, SECOND, dropped=(FIRST,)), SECOND)
    assert renew(signing(stocked, SECOND), issued.reservation_id).sequence == Sequence(0, 2)


@pytest.mark.parametrize("installed", [1, 2])
def test_a_renewal_holds_nothing_twice_whichever_the_device_has(stocked: Portal, installed: int) -> None:
    issued = reserve(stocked, TRAM)
    confirmation = TRAM.confirmation(issued, stocked)
    before = counts(stocked)
    now = _revoked(stocked)
    renewed = renew(now, issued.reservation_id)
    assert (renewed.sequence, renewed.lines) == (Sequence(0, 2), issued.lines)
    assert counts(now) == before
    if installed == 1:
        service.accept(now, confirmation)
    assert counts(now).available == before.available
    service.accept(now, TRAM.confirmation(renewed, now))
    assert counts(now) == Counts(available=16, reserved=4, entitled=20)
    with pytest.raises(WrongStateError):
        renew(now, issued.reservation_id)
    assert service.audit(now) == ()


def test_the_renewal_of_an_update_keeps_the_greater_hold(stocked: Portal) -> None:
    """Confirmed 4, an update to 1 that a revoked key signed, renewed: 4 are held until that is confirmed."""
    issued = reserve(stocked, TRAM)
    service.accept(stocked, TRAM.confirmation(issued, stocked))
    service.update(stocked, issued.reservation_id, {"ROUTE": 1})
    now = _revoked(stocked)
    renewed = renew(now, issued.reservation_id)
    assert renewed.sequence == Sequence(0, 3)
    assert counts(now).available == 16
    service.accept(now, TRAM.confirmation(renewed, now))
    assert counts(now) == Counts(available=19, reserved=1, entitled=20)


def test_what_has_ended_is_not_renewed(stocked: Portal, time: Time) -> None:
    term = Term(START.date(), START.date() + timedelta(days=5))
    service.add_license(stocked, "VIDEO", 5, term=term)
    issued = service.reserve(stocked, TRAM.request(), choice=LinesWanted({"ROUTE": 1, "VIDEO": 2}))
    now = _revoked(stocked)
    time.set(START + timedelta(days=9))
    assert [line.tag for line in renew(now, issued.reservation_id).lines] == ["ROUTE"]


# --- a stolen key ----------------------------------------------------------------------------------


def _forged(portal: Portal, issued: service.Issued, key: SigningKey) -> str:
    """Sign, as a thief does, an update that the portal never issued."""
    assert portal.issuer is not None
    value = Authorization(
        issuer_hint(key.verifying_key),
        short_hint(issued.reservation_id),
        START.replace(second=0),
        Sequence(0, 9),
        (Line("ROUTE", 20_000),),
    )
    portal_id = portal.issuer.portal_id
    return sign_authorization(value, key, request_id=issued.reservation_id, portal_id=portal_id).text


def test_what_a_thief_signed_is_told_from_what_was_forgotten(stocked: Portal) -> None:
    """Before the revocation it looks like a restore; after it, like what it is, and begins no quarantine."""
    issued = reserve(stocked, TRAM)
    forged = _forged(stocked, issued, FIRST)
    assert is_for_bringing(stocked, inspect(forged).code)
    now = _revoked(stocked)
    before = service.events(now)
    for take in (lambda: is_for_bringing(now, inspect(forged).code), lambda: bring(now, forged)):
        with pytest.raises(RevokedIssuerError, match="not in these books"):
            take()
    assert service.events(now) == before


def test_what_a_revoked_issuer_signed_in_time_is_known(stocked: Portal) -> None:
    issued = reserve(stocked, TRAM)
    now = _revoked(stocked)
    assert not is_for_bringing(now, inspect(issued.text).code)
    assert service.find_reservation(now, issued.text) == issued.reservation_id


def test_in_quarantine_a_person_may_bring_it_back(stocked: Portal) -> None:
    """Books that were copied back may have forgotten honest work of a key that was revoked since."""
    issued = reserve(stocked, TRAM)
    forged = _forged(stocked, issued, FIRST)
    now = _revoked(stocked)
    begin_quarantine(now, reason="a backup came back")
    brought = bring(now, forged)
    assert brought is not None
    assert (brought.kind, brought.outcome) == (Kind.AUTHORIZATION, "rebuilt")


# --- the audit -------------------------------------------------------------------------------------


def test_the_audit_finds_an_authorization_of_an_issuer_that_was_not_in_use(stocked: Portal) -> None:
    """Planted: as if someone with the former key and the database had gone on issuing."""
    reserve(stocked, TRAM)
    _revoked(stocked)
    identity = stocked.store.read(lambda books: books.identity())
    put_back = replace(identity, issuer_key=FIRST.verifying_key.raw, issuer_revoked=False)
    stocked.store.write(lambda books: books.set_issuer(put_back))
    reserve(stocked, BOAT)
    stocked.store.write(lambda books: books.set_issuer(identity))
    (finding,) = service.audit(stocked)
    assert finding.kind == "code"
    assert "not in use when it was recorded" in finding.message
