"""After a database was copied back, nothing is issued twice but in the ways that are counted."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from codec.codes import Kind, Mode
from reservation import quarantine, rebuilding
from reservation.checkpoint import Verdict
from reservation.errors import ConstraintBrokenError
from reservation.ledger import Account
from reservation.service import LinesWanted, context, watching
from reservation.standing import Changes
from tests.machine.backups import FORGOTTEN, UNNOTICED, WAITING, Restorable
from tests.machine.founding import restorable
from tests.machine.machine import COUNTS, DEVICE, Life, search
from tests.machine.searched import live_through
from tests.machine.test_life import SETTINGS
from tests.machine.world import TAGS
from tests.search import examples

ROUTE = TAGS[0]
STEPS = 40
#: Without making a failure small: that takes longer here than to understand it.
RUNS = settings(
    SETTINGS,
    max_examples=examples(25),
    stateful_step_count=STEPS,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


class Restores(Life):
    """Life with backups, restores, and people who put things right or do not."""

    world: Restorable
    make = staticmethod(restorable)

    @rule()
    def back_up(self) -> None:
        """Keep a copy of the database."""
        self.world.back_up()

    @rule(
        bought=st.sampled_from((*TAGS, "SPARE", None)),
        day=st.lists(st.tuples(DEVICE, COUNTS), max_size=6),
        how=st.sampled_from(("alone", "alone", "alone", "elsewhere", "elsewhere", "unnoticed")),
        truth=st.sampled_from((True, True, True, False)),
        brings=st.sampled_from(("all", "all", "all", "some", "nothing")),
        some=st.lists(st.booleans(), min_size=1, max_size=7),
        order=st.randoms(use_true_random=False),
        ends=st.sampled_from((True, True, True, False)),
    )
    def restore(
        self,
        bought: str | None,
        day: list[tuple[int, dict[str, int]]],
        how: str,
        truth: bool,
        brings: str,
        some: list[bool],
        order: Any,
        ends: bool,
    ) -> None:
        """Copy the database back; a person says what it is, brings codes, and ends the quarantine."""
        if bought:
            self.world.back_up()
            self.world.add(bought, 5, None)
            self.world.make_vacant(0)
            for request in self._shown(Kind.REQUEST)[-1:]:
                self.world.reserve(request.text, LinesWanted({bought: 5}), "longest")
        self._work(day)
        self.world.restore(how)
        self.world.check()
        self._work(day[:2])
        self.world.say(was_restored=truth)
        codes = list(self.world.codes)
        if brings == "some":
            codes = [code for number, code in enumerate(codes) if some[number % len(some)]]
        order.shuffle(codes)
        self.world.bring_all(codes if brings != "nothing" else [])
        self.world.check()
        if ends:
            self.world.end_quarantine()

    def _work(self, day: list[tuple[int, dict[str, int]]]) -> None:
        for device, counts in day:
            self.world.go_on(device, counts, "longest")

    @precondition(lambda self: self._shown())
    @rule(where=st.floats(0, 1))
    def bring(self, where: float) -> None:
        """Bring one code, whether anybody asked for it or not."""
        self.world.bring(self._pick(where))

    @rule()
    def end_quarantine(self) -> None:
        """Let two persons end the quarantine."""
        self.world.end_quarantine()


@pytest.mark.hypothesis
def test_nothing_is_issued_twice_after_a_restore_but_what_is_counted() -> None:
    live_through(Restores, RUNS, "after restores")


# --- every rule is needed --------------------------------------------------------------------------

honest_rebuild = rebuilding.rebuild


def notice_nothing(*_: object) -> Verdict:
    """Take every database for the newest."""
    return Verdict.EXTENDS


def allow(*_: object, **__: object) -> None:
    """Allow everything."""


def nothing_missing(*_: object) -> dict[bytes, int]:
    """Rebuild what is not there without a shortfall."""
    return {}


def rebuild_unheld(*args: Any) -> Changes:
    """Write the authorization down, and hold nothing for it."""
    from dataclasses import replace

    return replace(honest_rebuild(*args), held=None, movements=())


def same_epoch(identity: Any, _known: int) -> int:
    """Go on in the epoch in which things were forgotten."""
    return int(identity.epoch)


MUTANTS: dict[str, tuple[Any, str, Callable[..., Any], str]] = {
    "a database copied back is not noticed": (watching, "judge", notice_nothing, "nobody noticed"),
    "issuing goes on in quarantine": (context, "require_issuing", allow, "was issued by a database"),
    "what is rebuilt is not held": (
        "reservation.service.rebuilding",
        "rebuild",
        rebuild_unheld,
        "does not hold what its|would break the books",
    ),
    "no new epoch": (quarantine, "epoch_after", same_epoch, "epochs only ever grow"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_taking_a_rule_out_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, rule_name, mutant, notice = MUTANTS[name]
    if isinstance(module, str):
        monkeypatch.setattr(f"{module}.{rule_name}", mutant)
    else:
        monkeypatch.setattr(module, rule_name, mutant)
    with pytest.raises((AssertionError, ConstraintBrokenError), match=notice):
        search(Restores, STEPS)


# --- what is counted, and what is not --------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Restorable]:
    made = restorable(tmp_path)
    made.add(ROUTE, 10, None)
    yield made
    made.close()


def equip(world: Restorable, device: int, count: int = 4) -> None:
    """Let a device ask, install and confirm."""
    world.request(device, Mode.SPECIFIC, {})
    world.reserve(newest(world, device, Kind.REQUEST), LinesWanted({ROUTE: count}), "longest")
    world.install(device, newest(world, device, Kind.AUTHORIZATION))
    world.accept(newest(world, device, Kind.CONFIRMATION))
    world.check()


def newest(world: Restorable, device: int, kind: Kind) -> str:
    return next(code.text for code in world.codes[::-1] if (code.device, code.kind) == (device, kind))


def test_what_is_brought_is_held_again(world: Restorable) -> None:
    world.back_up()
    equip(world, 0)
    world.restore("alone")
    world.check()
    assert world.beyond == {WAITING: 1}
    world.bring_all(list(world.codes))
    world.end_quarantine()
    world.beyond.clear()
    equip(world, 1, 6)
    assert not world.beyond
    world.request(2, Mode.SPECIFIC, {})
    world.reserve(newest(world, 2, Kind.REQUEST), LinesWanted({ROUTE: 1}), "longest")
    assert world.refused["reserve: insufficient"] == 1


def test_what_nobody_brings_is_counted_once_two_persons_end_the_quarantine(world: Restorable) -> None:
    world.back_up()
    equip(world, 0)
    world.restore("alone")
    world.end_quarantine()
    equip_again(world)
    assert world.beyond[FORGOTTEN]
    assert not world.beyond[UNNOTICED]


def given_twice(world: Restorable) -> None:
    """Give away what the books forgot that they had given, then bring what they forgot."""
    world.back_up()
    equip(world, 0, 10)
    forgotten = list(world.codes)
    world.restore("alone")
    world.end_quarantine()
    equip(world, 1, 10)
    # After the quarantine a request alone could be a new one: what answered it comes first.
    for code in sorted(forgotten, key=lambda code: code.kind is not Kind.AUTHORIZATION):
        world.bring(code)
    world.check()


def test_what_was_given_twice_is_a_shortfall(world: Restorable) -> None:
    given_twice(world)
    (balance,) = world.portal.store.read(lambda books: books.balances())
    assert balance.counts[Account.SHORTFALL] == 10


def test_a_shortfall_that_is_not_written_down_breaks_the_books(
    world: Restorable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_missing", nothing_missing)
    with pytest.raises(ConstraintBrokenError, match="would break the books"):
        given_twice(world)


def test_a_checkpoint_that_comes_back_too_is_counted(world: Restorable) -> None:
    world.back_up()
    equip(world, 0)
    world.restore("unnoticed")
    equip_again(world)
    assert set(world.beyond) == {UNNOTICED}


def test_a_person_who_says_what_is_not_so_is_counted(world: Restorable) -> None:
    world.back_up()
    equip(world, 0)
    world.restore("elsewhere")
    world.say(was_restored=False)
    equip_again(world)
    assert set(world.beyond) == {UNNOTICED}


def equip_again(world: Restorable) -> None:
    """Give another device everything that the books think there is."""
    world.request(1, Mode.SPECIFIC, {})
    world.reserve(newest(world, 1, Kind.REQUEST), LinesWanted({ROUTE: 10}), "longest")
    world.install(1, newest(world, 1, Kind.AUTHORIZATION))
    world.check()
    assert world.done["reserve"] == 2
