"""What each person sees: every list of the portal, against a model of who may see what."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from reservation.errors import PermissionDeniedError
from reservation.service import (
    Portal,
    events,
    list_access,
    list_agreements,
    list_licenses,
    list_reservations,
    list_users,
    list_virtual_accounts,
    pending_decisions,
    show_policy,
)
from tests.machine.crew import (
    BEING_HERE,
    EVERYWHERE,
    LICENSING,
    LOCAL,
    SEEING_AGREEMENTS,
    SEEING_PEOPLE,
    Crew,
)
from tests.machine.trouble import PLACES

_ALL = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to see.

    Attributes:
        crew: Who may see what.
        reservations: Each reservation, and where it is.
        waiting: Those of them about which a decision waits.
        places: Every Virtual Account.
    """

    crew: Crew
    reservations: dict[bytes, str]
    waiting: dict[bytes, str]
    places: set[str]


def look(portal: Portal, seen: Seen) -> Counter[str]:
    """Let one person look at everything.

    Returns:
        How often they saw something, and how often they were refused.

    Raises:
        AssertionError: When they see more, or less, than they should.
    """
    done: Counter[str] = Counter()
    for what, duty, place, act in _looks(portal, seen):
        refusal = seen.crew.refusal(portal.actor, duty, *((place,) if place else ()))
        try:
            act()
        except PermissionDeniedError as error:
            came: str | None = error.code
        else:
            came = None
        assert came == refusal, (
            f"{what} in {place or 'any place'} by {portal.actor}, who holds "
            f"{sorted(seen.crew.held.get(portal.actor, ()))}: must be {refusal}, is {came}"
        )
        done["looked" if came is None else "may not look"] += 1
    return done


def _looks(portal: Portal, seen: Seen) -> list[tuple[str, str, str | None, Callable[[], None]]]:
    """Return every look: what it is, the duty, where, and what is done."""
    for_places = [
        (what, duty, place, act)
        for place in PLACES
        for what, duty, act in (
            ("licences", LICENSING, partial(_licences, portal, place)),
            ("access", SEEING_PEOPLE, partial(_access, portal, seen, place)),
        )
    ]
    return [
        *for_places,
        ("policy", BEING_HERE, None, partial(_policy, portal)),
        ("agreements", SEEING_AGREEMENTS, None, partial(_agreements, portal)),
        ("users", SEEING_PEOPLE, None, partial(_users, portal, seen)),
        ("events", SEEING_PEOPLE, None, partial(_events, portal, seen)),
        ("reservations", LICENSING, None, partial(_reservations, portal, seen)),
        ("decisions", LICENSING, None, partial(_waiting, portal, seen)),
        ("Virtual Accounts", LICENSING, None, partial(_places, portal, seen)),
    ]


def _licences(portal: Portal, place: str) -> None:
    found = {one.virtual_account for one in list_licenses(portal, virtual_account=place)}
    assert found <= {place}, _shown(portal, "licences")


def _access(portal: Portal, seen: Seen, place: str) -> None:
    found = {(one.user, one.role.value, one.virtual_account) for one in list_access(portal, place)}
    assert found == {
        (user, role, where)
        for user, held in seen.crew.held.items()
        for role, where in held
        if where in {EVERYWHERE, place}
    }, _shown(portal, "roles")


def _policy(portal: Portal) -> None:
    show_policy(portal)


def _agreements(portal: Portal) -> None:
    list_agreements(portal)


def _users(portal: Portal, seen: Seen) -> None:
    crew = seen.crew
    everywhere = crew.may_everywhere(portal.actor, SEEING_PEOPLE)
    expected = {
        user: {
            (role, where)
            for role, where in held
            if everywhere or (role in LOCAL and crew.may(portal.actor, SEEING_PEOPLE, where))
        }
        for user, held in crew.held.items()
    }
    found = {one.name: {(role.value, where) for role, where in one.roles} for one in list_users(portal)}
    assert found == {user: held for user, held in expected.items() if held}, _shown(portal, "users")


def _events(portal: Portal, seen: Seen) -> None:
    for event in events(portal, most=_ALL):
        if event.reservation_id is not None:
            where = seen.reservations[event.reservation_id]
            assert seen.crew.may(portal.actor, SEEING_PEOPLE, where), _shown(portal, "events")


def _reservations(portal: Portal, seen: Seen) -> None:
    found = {one.id for one in list_reservations(portal, most=_ALL).reservations}
    assert found == _mine(portal, seen, seen.reservations), _shown(portal, "reservations")


def _waiting(portal: Portal, seen: Seen) -> None:
    found = {one.reservation.id for one in pending_decisions(portal)}
    assert found == _mine(portal, seen, seen.waiting), _shown(portal, "decisions")


def _mine(portal: Portal, seen: Seen, where: dict[bytes, str]) -> set[bytes]:
    return {one for one, place in where.items() if seen.crew.may(portal.actor, LICENSING, place)}


def _places(portal: Portal, seen: Seen) -> None:
    found = {one.name for one in list_virtual_accounts(portal)}
    mine = {one for one in seen.places if seen.crew.may(portal.actor, LICENSING, one)}
    assert found == mine, _shown(portal, "Virtual Accounts")


def _shown(portal: Portal, what: str) -> str:
    return f"{portal.actor} is shown other {what} than the model says"
