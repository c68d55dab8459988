"""What nothing offline can see is counted when it happens, and nothing else is taken for it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codec.codes import Kind, Mode
from reservation import ledger
from reservation.model import Event, EventKind, Stamp
from reservation.service import LinesWanted
from reservation.standing import Changes
from reservation.store import Reading
from tests.machine.founding import founded
from tests.machine.trouble import Troubled
from tests.machine.watch import DEVICES, RESTORED, SLOW
from tests.machine.world import TAGS

ROUTE = TAGS[0]
FORGETFUL = len(DEVICES) - 1


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Troubled]:
    made = founded(tmp_path)
    made.add(ROUTE, 10, None)
    yield made
    made.close()


def newest(world: Troubled, device: int, kind: Kind) -> str:
    return next(code.text for code in world.codes[::-1] if (code.device, code.kind) == (device, kind))


def equip(world: Troubled, device: int, count: int = 4) -> None:
    """Let a device ask, install and confirm."""
    world.request(device, Mode.SPECIFIC, {})
    world.reserve(newest(world, device, Kind.REQUEST), LinesWanted({ROUTE: count}), "longest")
    world.install(device, newest(world, device, Kind.AUTHORIZATION))
    world.accept(newest(world, device, Kind.CONFIRMATION))
    world.check()
    assert not world.beyond


def give_back(world: Troubled, device: int) -> None:
    world.give_back(device)
    world.accept(newest(world, device, Kind.RETURN))


def update(world: Troubled, device: int, count: int) -> None:
    """Let a device install and confirm an update."""
    world.update(device, {ROUTE: count}, "longest")
    world.install(device, newest(world, device, Kind.AUTHORIZATION))
    world.accept(newest(world, device, Kind.CONFIRMATION))


def fall_short(world: Troubled) -> None:
    """Make an order smaller than what is out, and get that back."""
    equip(world, FORGETFUL, 10)
    world.correct(0.0, 4)
    world.check()
    give_back(world, FORGETFUL)
    world.check()


def test_what_comes_back_covers_a_shortfall(world: Troubled) -> None:
    fall_short(world)
    assert world.done["correct"] == 1


def test_a_shortfall_that_is_not_covered_is_noticed(world: Troubled, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ledger.covering
    monkeypatch.setattr(ledger, "covering", lambda balance: replace(honest(balance), count=1))
    with pytest.raises(AssertionError, match="more is out"):
        fall_short(world)


def test_a_snapshot_restored_after_a_return_is_counted(world: Troubled) -> None:
    equip(world, FORGETFUL)
    world.take_snapshot(FORGETFUL)
    give_back(world, FORGETFUL)
    world.check()
    world.restore_snapshot(FORGETFUL)
    world.check()
    assert world.beyond == {RESTORED: 1}


def test_a_snapshot_restored_after_an_update_that_lowered_is_counted(world: Troubled) -> None:
    equip(world, FORGETFUL)
    world.take_snapshot(FORGETFUL)
    world.update(FORGETFUL, {ROUTE: 1}, "longest")
    world.install(FORGETFUL, newest(world, FORGETFUL, Kind.AUTHORIZATION))
    world.accept(newest(world, FORGETFUL, Kind.CONFIRMATION))
    world.restore_snapshot(FORGETFUL)
    world.check()
    assert world.beyond == {RESTORED: 1}


def test_a_snapshot_that_changes_nothing_explains_nothing(world: Troubled) -> None:
    equip(world, FORGETFUL)
    world.take_snapshot(FORGETFUL)
    world.restore_snapshot(FORGETFUL)
    assert not world.restored


def test_each_device_has_snapshots_of_several_ages(world: Troubled) -> None:
    for device in range(2):
        equip(world, device)
        world.take_snapshot(device)
        update(world, device, 1)
        world.take_snapshot(device)
        update(world, device, 2)
    world.check()
    assert not world.beyond
    world.restore_snapshot(0, 0.0)
    world.restore_snapshot(1, 1.0)
    world.check()
    assert [world.devices[device].status().lines[0].line.count for device in range(2)] == [4, 1]
    assert world.beyond == {RESTORED: 1}


def test_what_is_installed_after_a_restore_is_not_excused(world: Troubled) -> None:
    """The restore explains what the device had done with, and not what it got since."""
    equip(world, FORGETFUL)
    world.take_snapshot(FORGETFUL)
    update(world, FORGETFUL, 1)
    world.restore_snapshot(FORGETFUL)
    update(world, FORGETFUL, 2)
    world.check()
    assert not world.beyond
    status = world.devices[FORGETFUL].status()
    with pytest.raises(AssertionError, match=r"lab runs 2 of .* 0 held"):
        world._explanation(FORGETFUL, status, (ROUTE, None), 2, 0)


def test_without_that_explanation_it_is_a_failure(world: Troubled) -> None:
    equip(world, FORGETFUL)
    world.take_snapshot(FORGETFUL)
    give_back(world, FORGETFUL)
    world.restore_snapshot(FORGETFUL)
    world.restored.clear()
    with pytest.raises(AssertionError, match=r"lab runs 4 of .* 0 held"):
        world.check()


def test_a_return_on_other_hardware_holds_what_a_copy_may_use(world: Troubled) -> None:
    equip(world, FORGETFUL)
    world.take_snapshot(FORGETFUL)
    world.return_in_doubt(FORGETFUL)
    world.restore_snapshot(FORGETFUL)
    world.check()
    assert not world.beyond


def test_a_slow_clock_is_counted_once_a_line_is_free(world: Troubled) -> None:
    world.choose_terms(20, 7)
    equip(world, 0)
    world.set_clock(0, -400)
    world.wait(27)
    world.sweep()
    world.check()
    assert not world.beyond
    world.wait(1)
    world.sweep()
    world.check()
    assert world.beyond == {SLOW: 1}
    world.set_clock(0, 0)
    world.check()
    assert world.beyond == {SLOW: 1}


def test_a_slow_clock_gains_nothing_where_lines_hold_until_they_are_returned(world: Troubled) -> None:
    world.choose_terms(20, None)
    equip(world, 0)
    world.set_clock(0, -400)
    world.wait(400)
    world.sweep()
    world.check()
    assert not world.beyond


def test_a_fast_clock_gains_nothing(world: Troubled) -> None:
    world.choose_terms(20, 0)
    equip(world, 0)
    world.set_clock(0, 20_000)
    world.check()
    world.set_clock(0, 0)
    world.check()
    assert not world.beyond


def test_a_failed_device_that_lives_runs_what_is_exposed_and_no_more(world: Troubled) -> None:
    equip(world, 0)
    world.request(1, Mode.SPECIFIC, {})
    world.propose(0, "rehost", 1, {ROUTE: 3})
    world.decide(0, approved=True)
    world.install(1, newest(world, 1, Kind.AUTHORIZATION))
    world.check()
    assert world.existing()[ROUTE] == 13
    give_back(world, 0)
    world.check()
    assert world.existing()[ROUTE] == 10
    assert not world.beyond


def test_an_exposure_forgotten_is_a_failure(world: Troubled) -> None:
    equip(world, 0)
    world.request(1, Mode.SPECIFIC, {})
    world.propose(0, "rehost", 1, {})
    world.decide(0, approved=True)
    changes = cleared(world)
    world.portal.store.write(lambda books: books.record(changes))
    world.checked = world.books.state(), world.now.date()
    with pytest.raises(AssertionError, match=r"substation runs 4 of .* 0 held"):
        world.check()


def cleared(world: Troubled) -> Changes:
    """Return changes that forget what a failed device may use."""
    stamp = Stamp.of(world.now, "kim", b"randoms", newest=world.portal.store.read(_newest_event))
    request = world.devices[0].status().request_id
    event = Event(stamp.event_id(0), world.now, "kim", EventKind.POLICY_SET, "a fault", request)
    return Changes(event, clears=True)


def _newest_event(books: Reading) -> bytes:
    return books.newest_event_id()
