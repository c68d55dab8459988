"""People: adding and removing them, their roles and passphrases, and agreements, on the real database."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reservation import service
from reservation.errors import (
    AgreementError,
    ChangedSinceError,
    ConstraintBrokenError,
    LastAdministratorError,
    PassphraseError,
    PermissionDeniedError,
    QuarantinedError,
    RuleError,
)
from reservation.model import DEFAULT_POLICY, FailureEvidence
from reservation.roles import Role
from reservation.service import LinesWanted, Portal
from reservation.service.restoring import approve_end, begin_quarantine, propose_end
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.test_audit import tamper

SECRET = "four words nobody guesses"


@pytest.fixture
def berlin(portal: Portal) -> Portal:
    """A portal with Berlin and Bonn, and vic who is administrator in Berlin."""
    for place in ("Berlin", "Bonn"):
        service.add_virtual_account(portal, place)
    service.add_user(portal, "vic", Role.VIRTUAL_ACCOUNT_ADMINISTRATOR, virtual_accounts=("Berlin",))
    return portal


def roles_of(portal: Portal, name: str) -> list[tuple[str, str]]:
    (person,) = (one for one in service.list_users(portal) if one.name == name)
    return [(role.value, place) for role, place in person.roles]


def test_roles_are_given_and_taken(berlin: Portal) -> None:
    service.add_user(berlin, "eve", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=("Bonn", "Berlin", "Bonn"))
    service.grant_role(berlin, "eve", Role.APPROVER)
    again = service.grant_role(berlin, "eve", Role.APPROVER)
    assert len(again.roles) == 3
    service.revoke_role(berlin, "eve", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=("Bonn",))
    assert roles_of(berlin, "eve") == [("approver", ""), ("virtual-account-user", "Berlin")]
    service.remove_user(berlin, "eve")
    assert "eve" not in {one.name for one in service.list_users(berlin)}
    service.add_user(berlin, "eve", Role.USER)
    assert roles_of(berlin, "eve") == [("user", "")]
    assert service.audit(berlin) == ()


def test_nobody_gives_or_takes_more_than_they_have(berlin: Portal) -> None:
    vic = replace(berlin, actor="vic")
    service.add_user(vic, "val", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=("Berlin",))
    service.add_user(berlin, "bea", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=("Berlin", "Bonn"))
    before = service.events(berlin, most=1000)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: service.add_user(vic, "eve", Role.USER),
        lambda: service.grant_role(vic, "vic", Role.ADMINISTRATOR),
        lambda: service.grant_role(vic, "val", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=("Bonn",)),
        lambda: service.grant_role(
            vic, "val", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=("Berlin", "Bonn")
        ),
        lambda: service.revoke_role(vic, "bea", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=("Bonn",)),
        lambda: service.revoke_role(vic, "ann", Role.ADMINISTRATOR),
        lambda: service.remove_user(vic, "bea"),
        lambda: service.remove_user(vic, "ann"),
    )
    for attempt in attempts:
        with pytest.raises(PermissionDeniedError):
            attempt()
    assert service.events(berlin, most=1000) == before
    assert {one.name for one in service.list_users(vic)} == {"vic", "val", "bea"}
    assert roles_of(vic, "bea") == [("virtual-account-user", "Berlin")]
    service.remove_user(vic, "val")


def test_a_role_that_is_taken_is_gone_at_once(berlin: Portal) -> None:
    vic = replace(berlin, actor="vic")
    service.add_license(vic, "ROUTE", 1, virtual_account="Berlin")
    service.remove_user(berlin, "vic")
    with pytest.raises(PermissionDeniedError, match="vic is no user"):
        service.add_license(vic, "ROUTE", 1, virtual_account="Berlin")


def test_the_last_administrator_stays(portal: Portal) -> None:
    service.grant_role(portal, "ann", Role.APPROVER)
    service.remove_user(portal, "bob")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: service.remove_user(portal, "ann"),
        lambda: service.revoke_role(portal, "ann", Role.ADMINISTRATOR),
    )
    for attempt in attempts:
        with pytest.raises(LastAdministratorError):
            attempt()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM grants",
        "DELETE FROM users",
        "UPDATE grants SET role = 'user'",
        "INSERT INTO users SELECT account_id, 'Ann', 'ann', '', 0, at, actor FROM users",
        "INSERT INTO grants SELECT account_id, 'eve', role, virtual_account_id, at, actor FROM grants",
        "INSERT INTO grants SELECT account_id, 'ann', 'virtual-account-user', virtual_account_id, at, actor"
        " FROM grants",
        "UPDATE agreements SET text = 'other'",
        "DELETE FROM agreements",
        "UPDATE acceptances SET actor = 'bob'",
        "DELETE FROM acceptances",
    ],
)
def test_the_database_refuses(portal: Portal, statement: str) -> None:
    service.add_agreement(portal, "Terms", "All of it.")
    service.accept_agreement(portal, "Terms", version=1)
    with pytest.raises(ConstraintBrokenError):
        portal.store.write(lambda books: books.connection.execute(statement))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("INSERT INTO grants SELECT account_id, 'eve', 'administrator', x'', at, actor FROM grants "
         "WHERE user_name = 'ann'", "eve"),
        ("DELETE FROM grants WHERE user_name = 'bob'", "bob"),
        ("UPDATE users SET passphrase = '' WHERE user_name = 'ann'", "ann"),
        ("UPDATE users SET passphrase = 'argon2id/1/00/00' WHERE user_name = 'bob'", "bob"),
        ("UPDATE users SET removed = 1 WHERE user_name = 'eve'", "eve"),
        ("INSERT INTO users SELECT account_id, 'joe', 'joe', '', 0, at, actor FROM users "
         "WHERE user_name = 'ann'", "joe"),
    ],
)  # fmt: skip
def test_the_audit_names_what_no_event_says_of_people(
    portal: Portal, database: Path, statement: str, name: str
) -> None:
    service.add_user(portal, "eve", Role.USER)
    service.set_passphrase(portal, SECRET)
    assert service.audit(portal) == ()
    tamper(database, statement)
    assert [one.subject for one in service.audit(portal) if one.kind == "user"] == [name]


def test_an_approval_that_is_answered_again_shows_nothing_that_is_elsewhere_now(berlin: Portal) -> None:
    vic, tram, tug = replace(berlin, actor="vic"), Appliance("tram").request(), Appliance("tug").request()
    service.add_license(berlin, "ROUTE", 1, virtual_account="Berlin")
    service.reserve(berlin, tram, virtual_account="Berlin", choice=LinesWanted({"ROUTE": 1}))
    service.propose_rehost(berlin, tram.id, reason="burnt", evidence=FailureEvidence.NONE, replacement=tug)
    first = service.approve(vic, tram.id).issued
    assert first is not None
    shown = service.approve(vic, tram.id).issued
    assert shown is not None and shown.text == first.text
    service.transfer_reservation(berlin, tug.id, target="Bonn")
    again = service.approve(vic, tram.id)
    assert again.again and again.issued is None
    shown = service.approve(replace(berlin, actor="bob"), tram.id).issued
    assert shown is not None and shown.text == first.text


# --- their own passphrases -------------------------------------------------------------------------


def test_who_has_a_passphrase_gives_it_for_an_approval_and_to_change_it(portal: Portal) -> None:
    bob = replace(portal, actor="bob")
    service.set_passphrase(bob, SECRET)
    begin_quarantine(portal, reason="rehearsal")
    propose_end(portal, reason="all is there")
    with pytest.raises(PassphraseError, match="bob has a passphrase"):
        approve_end(bob)
    with pytest.raises(PassphraseError, match="bob has a passphrase"):
        service.set_passphrase(bob, SECRET)
    with pytest.raises(PassphraseError, match="not the passphrase of bob"):
        service.authenticate(bob, SECRET.upper())
    with pytest.raises(PassphraseError, match="not the passphrase of ann"):
        service.authenticate(portal, "")
    assert approve_end(service.authenticate(bob, SECRET)).is_authenticated
    assert approve_end(bob).is_authenticated


def test_a_removed_user_who_comes_back_has_no_passphrase(portal: Portal) -> None:
    service.set_passphrase(replace(portal, actor="bob"), SECRET)
    service.remove_user(portal, "bob")
    service.add_user(portal, "bob", Role.ADMINISTRATOR)
    assert not service.has_passphrase(replace(portal, actor="bob"))
    assert service.audit(portal) == ()


@pytest.mark.parametrize("passphrase", ["", "eleven char", "x" * 1024])
def test_a_passphrase_that_is_too_short_or_too_long_is_refused(portal: Portal, passphrase: str) -> None:
    with pytest.raises(RuleError, match="too short or too long"):
        service.set_passphrase(portal, passphrase)


def test_nobody_is_shown_what_is_kept_of_a_passphrase(portal: Portal) -> None:
    service.set_passphrase(portal, SECRET)
    kept = portal.store.read(lambda books: books.user("ann"))
    assert kept is not None
    assert kept.passphrase.startswith("argon2id/1/")
    told = repr((service.list_users(portal), service.events(portal, most=1000), kept))
    assert kept.passphrase not in told
    assert SECRET not in told


# --- two persons -----------------------------------------------------------------------------------


def test_a_person_who_is_new_can_end_a_quarantine(portal: Portal) -> None:
    service.remove_user(portal, "bob")
    begin_quarantine(portal, reason="rehearsal")
    propose_end(portal, reason="all is there")
    service.add_user(portal, "eve", Role.ADMINISTRATOR)
    assert not approve_end(replace(portal, actor="eve")).restore.lasts


def test_the_proposer_of_the_end_has_to_be_an_administrator_still(portal: Portal) -> None:
    begin_quarantine(portal, reason="rehearsal")
    propose_end(replace(portal, actor="bob"), reason="all is there")
    service.add_user(portal, "eve", Role.ADMINISTRATOR)
    service.remove_user(portal, "bob")
    with pytest.raises(ChangedSinceError, match="Something happened"):
        approve_end(portal)


# --- agreements ------------------------------------------------------------------------------------


def test_agreements_stop_what_is_given_out_and_nothing_else(portal: Portal) -> None:
    tram, tug = Appliance("tram"), Appliance("tug")
    service.add_license(portal, "ROUTE", 10)
    issued = service.reserve(portal, tram.request(), choice=LinesWanted({"ROUTE": 2}))
    service.add_agreement(portal, "Terms", "All of it.")
    service.reserve(portal, Appliance("van").request(), choice=LinesWanted({"ROUTE": 2}))
    service.set_policy(portal, replace(DEFAULT_POLICY, agreements_required=True))
    attempts: tuple[Callable[[], object], ...] = (
        lambda: service.reserve(portal, tug.request(), choice=LinesWanted({"ROUTE": 2})),
        lambda: service.update(portal, issued.reservation_id, {"ROUTE": 3}),
    )
    for attempt in attempts:
        with pytest.raises(AgreementError, match="Version 1 of agreement Terms"):
            attempt()
    assert service.reissue(portal, issued.reservation_id).again
    assert service.reserve(portal, tram.request(), choice=LinesWanted({"ROUTE": 2})).again
    service.accept(portal, tram.confirmation(issued, portal))
    service.accept(portal, tram.give_back(issued.reservation_id, issued.sequence))
    first = service.accept_agreement(portal, "Terms", version=1)
    assert service.accept_agreement(replace(portal, actor="bob"), "Terms", version=1) == first
    service.reserve(portal, tug.request(), choice=LinesWanted({"ROUTE": 2}))
    assert service.add_agreement(portal, "Terms", "All of it.").version == 1
    assert service.add_agreement(portal, "Terms", "More of it.").version == 2
    assert not service.show_agreement(portal, "Terms").accepted_at
    assert service.show_agreement(portal, "Terms", version=1).accepted_by == "ann"


@pytest.mark.parametrize("text", ["", " \n", "x" * (1 << 18) + "y"])
def test_an_agreement_that_nobody_can_read_is_refused(portal: Portal, text: str) -> None:
    with pytest.raises(RuleError, match="empty or too long"):
        service.add_agreement(portal, "Terms", text)


def test_agreements_wait_for_the_end_of_a_quarantine(portal: Portal) -> None:
    begin_quarantine(portal, reason="rehearsal")
    with pytest.raises(QuarantinedError):
        service.add_agreement(portal, "Terms", "All of it.")
