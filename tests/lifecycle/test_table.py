"""The table is whole, it says nothing that nothing shows, and playing a row can fail."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from cli.exits import EXIT_OF
from reservation.device.state import Standing
from reservation.model import EventKind, Kept, State
from tests.lifecycle import device_scene, portal_scene
from tests.lifecycle.device_table import DEVICE, DEVICE_COMMANDS
from tests.lifecycle.outcome import Outcome, Row, Table
from tests.lifecycle.portal_table import PORTAL, PORTAL_COMMANDS
from tests.lifecycle.restored_table import RESTORED
from tests.lifecycle.test_cli import TypedDevice, TypedPortal

TABLES = {
    "device": DEVICE,
    "device commands": DEVICE_COMMANDS,
    "portal": PORTAL,
    "portal commands": PORTAL_COMMANDS,
    "restored": RESTORED,
}

#: Events that are about stock and settings, and not about a reservation.
OF_THE_ACCOUNT = {
    EventKind.ACCOUNT_OPENED,
    EventKind.TRUST_TAKEN,
    EventKind.ISSUER_CHANGED,
    EventKind.RENEWED,
    EventKind.VIRTUAL_ACCOUNT_ADDED,
    EventKind.CATALOGUE_ADDED,
    EventKind.PRODUCT_SET,
    EventKind.LICENSE_ADDED,
    EventKind.ORDER_IMPORTED,
    EventKind.LOT_ENDED,
    EventKind.LOT_RESUMED,
    EventKind.LINE_ENDED,
    EventKind.POLICY_SET,
    EventKind.LICENSE_TRANSFERRED,
    EventKind.LICENSE_CORRECTED,
    EventKind.INSUFFICIENT,
    EventKind.SHORTFALL_COVERED,
    EventKind.RESERVATION_TRANSFERRED,
    EventKind.VIRTUAL_ACCOUNT_RENAMED,
    EventKind.VIRTUAL_ACCOUNT_REMOVED,
    EventKind.RESTORE_NOTICED,
    EventKind.CHECKPOINT_ADOPTED,
    EventKind.QUARANTINE_END_REJECTED,
    EventKind.USER_ADDED,
    EventKind.ROLE_GRANTED,
    EventKind.ROLE_REVOKED,
    EventKind.USER_REMOVED,
    EventKind.PASSPHRASE_SET,
    EventKind.PASSPHRASE_CLEARED,
    EventKind.AGREEMENT_ADDED,
    EventKind.AGREEMENT_ACCEPTED,
    EventKind.ALERT_ACKNOWLEDGED,
    EventKind.RETURN_EXPECTED,
    EventKind.STOCK_REFUSED,
}

#: A wrong short confirmation is refused, and that is written down; so is another key, for the alert about it.
COUNTED = {EventKind.SHORT_WRONG.value, EventKind.SHORT_LOCKED.value, EventKind.KEY_REFUSED.value}


@pytest.mark.parametrize("name", TABLES)
def test_every_pair_has_one_row(name: str) -> None:
    table = TABLES[name]
    pairs = [(row.state, row.code) for row in table.rows]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == set(product(table.states, table.codes))


def test_every_state_and_code_is_one_that_can_be_played() -> None:
    assert device_scene.STATES.keys() == DEVICE.states.keys() == DEVICE_COMMANDS.states.keys()
    assert portal_scene.STATES.keys() == PORTAL.states.keys() == PORTAL_COMMANDS.states.keys()
    assert device_scene.CODES.keys() == DEVICE.codes.keys()
    assert device_scene.COMMANDS.keys() == DEVICE_COMMANDS.codes.keys()
    assert portal_scene.CODES.keys() == PORTAL.codes.keys()
    assert portal_scene.COMMANDS.keys() == PORTAL_COMMANDS.codes.keys()


def test_the_states_are_those_of_the_program() -> None:
    assert {standing.value for standing in Standing} <= DEVICE.states.keys()
    assert {state.value.replace("-", " ") for state in State} <= PORTAL.states.keys()


def test_every_event_of_a_reservation_comes_from_some_row() -> None:
    written = {
        kind
        for table in (PORTAL, PORTAL_COMMANDS, RESTORED)
        for row in table.rows
        for kind in row.outcome.writes
    }
    assert written == {kind.value for kind in set(EventKind) - OF_THE_ACCOUNT}


def test_every_reason_to_keep_a_hold_has_a_row() -> None:
    rows = (row for row in PORTAL.rows if row.state == "updating" and row.outcome.then == "returned kept")
    assert len({row.outcome.says for row in rows}) == len(Kept)


@pytest.mark.parametrize("name", TABLES)
def test_a_refusal_has_the_exit_code_of_its_error_and_writes_nothing(name: str) -> None:
    exits = {error.code: code for error, code in EXIT_OF.items() if hasattr(error, "code")}
    for row in TABLES[name].rows:
        outcome = row.outcome
        assert outcome.exit == (exits[outcome.error] if outcome.error else 0), row
        written = set(outcome.writes) - COUNTED
        assert not (outcome.error and (written or outcome.then)), row
        assert bool(outcome.error) == outcome.says.startswith("refused"), row


@pytest.mark.parametrize("name", TABLES)
def test_whatever_changes_a_state_is_in_the_diagram_and_written_down(name: str) -> None:
    for row in TABLES[name].rows:
        if row.outcome.then:
            assert row.outcome.step, row
            assert row.outcome.writes, row


# --- playing can fail ------------------------------------------------------------------------------


def row_of(table: Table, state: str, code: str) -> Row:
    (found,) = (row for row in table.rows if (row.state, row.code) == (state, code))
    return found


def untrue(outcome: Outcome) -> tuple[Outcome, ...]:
    """Return outcomes that differ from what happens in one thing each."""
    return (
        replace(outcome, exit=7),
        replace(outcome, error="" if outcome.error else "wrong-state"),
        replace(outcome, writes=(*outcome.writes, "trust")),
        replace(outcome, then="issued" if outcome.then else "returned"),
        replace(outcome, note="the moon"),
        replace(outcome, again=not outcome.again),
        replace(outcome, possible=not outcome.possible),
    )


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("code", ["A newer", "A installed", "A older"])
def test_an_untrue_row_of_the_device_is_noticed(code: str, number: int, place: Path) -> None:
    row = row_of(DEVICE, "reserved", code)
    device_scene.assert_device_code(row, TypedDevice(place))
    with pytest.raises(AssertionError):
        device_scene.assert_device_code(
            replace(row, outcome=untrue(row.outcome)[number]), TypedDevice(place / "another")
        )


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("code", ["C of the newest", "C repeated", "C forged"])
def test_an_untrue_row_of_the_portal_is_noticed(code: str, number: int, portal_folder: Path) -> None:
    row = row_of(PORTAL, "updating", code)
    with pytest.raises(AssertionError):
        portal_scene.assert_portal_code(
            replace(row, outcome=untrue(row.outcome)[number]), TypedPortal(portal_folder)
        )
