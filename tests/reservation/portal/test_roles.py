"""Roles: every verb against every role, in the Virtual Account of a person and in another one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.errors import PermissionDeniedError, UnknownUserError
from reservation.model import State
from reservation.roles import TABLE, Reach, Role, Row, Verb
from reservation.service import Portal
from tests.reservation.portal.appliance import START, seeded
from tests.reservation.portal.conftest import PASSPHRASE, fast_folder
from tests.reservation.portal.verbs import (
    CALLS,
    FILTERED,
    NO_VERBS,
    OTHER,
    OWN,
    PEOPLE,
    PREPARED,
    device,
    staffed,
    verbs,
)

Open = Callable[[Path, str], Portal]


@dataclass(frozen=True, slots=True)
class Books:
    """Books in which every verb can be called, and a place for copies of them."""

    founded: Founded
    template: Path
    folder: Path
    untouched: Portal
    """One copy for all that is refused, since that writes nothing."""

    def opened(self, actor: str) -> Portal:
        """Open a fresh copy on behalf of somebody."""
        copy = Path(shutil.copy(self.template, self.folder / "copy.db"))
        for rest in self.folder.glob("copy.db-*"):
            rest.unlink()
        return _open(self.founded, copy, actor)


def _open(founded: Founded, database: Path, actor: str) -> Portal:
    return bootstrap.open_portal(
        f"sqlite://{database}",
        actor=actor,
        clock=lambda: START,
        random=seeded(actor),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )


@pytest.fixture(scope="module")
def books(founded: Founded) -> Iterator[Books]:
    with fast_folder() as folder:
        yield from _books(founded, folder)


def _books(founded: Founded, folder: Path) -> Iterator[Books]:
    template = Path(shutil.copy(founded.database, folder / "staffed.db"))
    with closing(_open(founded, template, "ann")) as ann:
        staffed(ann)
    untouched = _open(founded, Path(shutil.copy(template, folder / "untouched.db")), "ann")
    with closing(untouched):
        before = service.events(untouched, most=10_000)
        yield Books(founded, template, folder, untouched)
        assert service.events(untouched, most=10_000) == before


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a verb."""

    is_permitted: bool
    told: str


def _tried(books: Books, verb: Verb, actor: str, place: str, *, on_a_copy: bool) -> Tried:
    if not on_a_copy and verb not in PREPARED:
        return _called(replace(books.untouched, actor=actor), verb, place)
    with closing(books.opened(actor)) as portal:
        return _called(portal, verb, place)


def _called(portal: Portal, verb: Verb, place: str) -> Tried:
    try:
        return Tried(True, repr(CALLS[verb](portal, place)))
    except PermissionDeniedError as refused:
        return Tried(False, f"{refused.message} {refused.hint}")


def _breaches(
    books: Books, verb: Verb, expected: dict[Role, Reach], *, planted: bool = False
) -> Iterator[str]:
    """Try a verb on behalf of every role, in both Virtual Accounts; say where it is not as expected."""
    for actor, role in PEOPLE.items():
        reach = expected[role]
        # With transfers, one end is always in the other Virtual Account.
        own = reach is Reach.EVERYWHERE or (reach is Reach.OWN and verb is not Verb.TRANSFER_LICENSE)
        tried = _tried(books, verb, actor, OWN, on_a_copy=own or planted)
        if tried.is_permitted is not own:
            yield f"{role} in their own: {tried}"
        if reach is Reach.OWN and tried.is_permitted and OTHER in tried.told:
            yield f"{role} sees another Virtual Account: {tried}"
        if reach is Reach.OWN and verb not in FILTERED:
            elsewhere = _tried(books, verb, actor, OTHER, on_a_copy=planted)
            if elsewhere.is_permitted:
                yield f"{role} elsewhere: {elsewhere}"
            if OTHER in elsewhere.told.replace(f"Virtual Account {OTHER} is none", ""):
                yield f"{role} is told what is elsewhere: {elsewhere}"


def test_every_verb_of_the_service_layer_stands_in_the_table() -> None:
    assert set(verbs()) - NO_VERBS == {verb.value for verb in Verb}
    assert set(verbs()) >= NO_VERBS
    assert set(TABLE) == set(CALLS) == set(Verb)


@pytest.mark.parametrize("verb", Verb)
def test_a_verb_does_for_each_role_what_the_table_says(verb: Verb, books: Books) -> None:
    assert list(_breaches(books, verb, {role: TABLE[verb].of(role) for role in Role})) == []


@pytest.mark.parametrize("verb", [Verb.RESERVE, Verb.SHOW_RESERVATION, Verb.EVENTS, Verb.APPROVE])
def test_a_verb_that_asks_too_little_is_found(
    verb: Verb, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {role: TABLE[verb].of(role) for role in Role}
    monkeypatch.setitem(TABLE, verb, Row(TABLE[verb].words, *[Reach.EVERYWHERE] * len(Role)))
    found = "\n".join(_breaches(books, verb, expected, planted=True))
    assert "approver in their own" in found or verb is Verb.EVENTS
    assert "virtual-account-user" in found


def test_somebody_unknown_can_do_nothing(books: Books) -> None:
    joe = replace(books.untouched, actor="joe")
    for verb in set(Verb) - PREPARED:
        with pytest.raises(UnknownUserError) as refused:
            CALLS[verb](joe, OWN)
        assert "ada, ann, bob" in refused.value.hint
        assert "user add joe" in refused.value.hint
    for verb in PREPARED:
        with closing(books.opened("joe")) as portal, pytest.raises(UnknownUserError):
            CALLS[verb](portal, OWN)


# --- the five roles, said once more in words ---------------------------------------------------------

_LICENSING = {
    Verb.RESERVE, Verb.UPDATE, Verb.REISSUE, Verb.ACCEPT, Verb.LIST_RESERVATIONS, Verb.SHOW_RESERVATION,
    Verb.LIST_LICENSES, Verb.ADD_LICENSE, Verb.TRANSFER_LICENSE, Verb.TRANSFER_RESERVATION,
    Verb.PROPOSE_REHOST, Verb.PROPOSE_WRITE_OFF,
}  # fmt: skip
_USERS = {Verb.ADD_USER, Verb.GRANT_ROLE, Verb.REVOKE_ROLE, Verb.REMOVE_USER}
_PLACES = {Verb.ADD_VIRTUAL_ACCOUNT, Verb.RENAME_VIRTUAL_ACCOUNT, Verb.REMOVE_VIRTUAL_ACCOUNT}

ROLES = {
    Role.APPROVER: (
        {Verb.SET_POLICY, Verb.LIST_USERS, Verb.ACCEPT_AGREEMENT, Verb.EVENTS},
        _LICENSING | _USERS | _PLACES | {Verb.APPROVE},
    ),
    Role.ADMINISTRATOR: (set(Verb), set()),
    Role.USER: (_LICENSING, _USERS | _PLACES | {Verb.SET_POLICY, Verb.ACCEPT_AGREEMENT, Verb.APPROVE}),
    Role.VIRTUAL_ACCOUNT_ADMINISTRATOR: (
        _LICENSING | _USERS | {Verb.EVENTS, Verb.LIST_AGREEMENTS, Verb.SHOW_AGREEMENT, Verb.APPROVE},
        _PLACES | {Verb.SET_POLICY, Verb.ACCEPT_AGREEMENT, Verb.AUDIT},
    ),
    Role.VIRTUAL_ACCOUNT_USER: (
        _LICENSING,
        _USERS | _PLACES | {Verb.EVENTS, Verb.LIST_AGREEMENTS, Verb.LIST_USERS, Verb.APPROVE},
    ),
}


@pytest.mark.parametrize("role", Role)
def test_the_table_says_what_the_roles_are(role: Role) -> None:
    may, may_not = ROLES[role]
    reach = {verb: TABLE[verb].of(role) for verb in Verb}
    assert {verb for verb in may if reach[verb] is Reach.NOWHERE} == set()
    assert {verb for verb in may_not if reach[verb] is not Reach.NOWHERE} == set()
    if not role.is_for_places:
        assert Reach.OWN not in reach.values()
    elif may & _LICENSING:
        assert {reach[verb] for verb in may & (_LICENSING | _USERS | {Verb.EVENTS})} == {Reach.OWN}


# --- Virtual Accounts --------------------------------------------------------------------------------


def test_a_list_over_several_virtual_accounts_is_one_list(books: Books) -> None:
    ann = books.opened("ann")
    service.grant_role(ann, "val", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=(OTHER,))
    val = replace(ann, actor="val")
    with closing(ann):
        for state in (None, State.FAILED, service.View.IN_DOUBT, service.View.EXPIRED):
            assert list(_paged(val, state)) == list(_paged(ann, state, most=50))
        assert {one.virtual_account for one in _paged(val, None)} == {OWN, OTHER}


def _paged(portal: Portal, state: State | service.View | None, *, most: int = 3) -> Iterator[service.Summary]:
    page = None
    while True:
        found = service.list_reservations(portal, state=state, page=page, most=most)
        yield from found.reservations
        page = found.next_page
        if page is None:
            return


def test_a_transfer_needs_rights_at_both_ends(books: Books) -> None:
    ann = books.opened("ann")
    val = replace(ann, actor="val")
    reservation = device(OWN, "out").request().id
    with closing(ann):
        for source, target in ((OWN, OTHER), (OTHER, OWN)):
            with pytest.raises(PermissionDeniedError, match="Other is none"):
                service.transfer_license(val, "ROUTE", 1, source=source, target=target)
        with pytest.raises(PermissionDeniedError, match="Other is none"):
            service.transfer_reservation(val, reservation, target=OTHER)
        service.grant_role(ann, "val", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=(OTHER,))
        assert service.transfer_license(val, "ROUTE", 1, source=OWN, target=OTHER).moved
        assert service.transfer_reservation(val, reservation, target=OTHER).target == OTHER
        service.revoke_role(ann, "val", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=(OTHER,))
        with pytest.raises(PermissionDeniedError):
            service.show_reservation(val, reservation)


def test_what_is_elsewhere_and_what_is_nowhere_get_one_answer(books: Books) -> None:
    with closing(books.opened("val")) as val:
        told = []
        for name in (OTHER, "Nowhere"):
            with pytest.raises(PermissionDeniedError) as refused:
                service.list_licenses(val, virtual_account=name)
            told.append(refused.value.message.replace(name, "…"))
        assert told[0] == told[1]


def test_a_device_that_has_a_reservation_elsewhere_is_not_told_where(books: Books) -> None:
    with closing(books.opened("val")) as val, pytest.raises(PermissionDeniedError) as refused:
        service.reserve(val, device(OTHER, "out").request(number=50), virtual_account=OWN)
    assert "has a reservation already" in refused.value.message
    assert OTHER not in refused.value.message


def test_roles_add_up(books: Books) -> None:
    ann = books.opened("ann")
    with closing(ann):
        service.grant_role(ann, "pip", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=(OWN,))
        pip = replace(ann, actor="pip")
        assert service.list_virtual_accounts(pip)[0].name == OWN
        assert len(service.events(pip, most=1000)) == len(service.events(ann, most=1000))
        with pytest.raises(PermissionDeniedError):
            service.list_licenses(pip, virtual_account=OTHER)
