"""The books balance and devices keep their limits whenever the issuer changes, and whoever hears of it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.machine.founding import rotating
from tests.machine.machine import COUNTS, DEVICE, Life
from tests.machine.rotations import Rotating
from tests.machine.searched import live_through
from tests.machine.trouble import Troubled
from tests.search import examples

SETTINGS = settings(
    max_examples=examples(24), stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
LEAST = 3


class Rotated(Life):
    """A life in which issuers come and go; it counts what was done."""

    make: Callable[[Path], Troubled] = staticmethod(rotating)
    done: ClassVar[Counter[str]] = Counter()

    @rule(
        revoke=st.booleans(),
        seen_by=st.sets(DEVICE),
        renew=st.booleans(),
        device=DEVICE,
        counts=COUNTS,
    )
    def rotate(
        self, revoke: bool, seen_by: set[int], renew: bool, device: int, counts: dict[str, int]
    ) -> None:
        """Let another issuer follow while something is on its way; perhaps renew it, and go on."""
        assert isinstance(self.world, Rotating)
        for _ in range(3):
            self.world.go_on(device, counts, "longest")
        self.world.rotate(revoke=revoke, seen_by=seen_by)
        if renew:
            self.world.renew()
        self.world.go_on(device, counts, "longest")

    def teardown(self) -> None:
        """Keep what was done."""
        self.done.update(self.world.done)
        super().teardown()


STEPS = ("rotated", "revoked", "renew", "device trust", "device confirmation")


@pytest.mark.hypothesis
def test_nothing_is_issued_twice_or_lost_when_the_issuer_changes() -> None:
    Rotated.done.clear()
    live_through(Rotated, SETTINGS, "the issuer changes")
    if rare():
        # Chance may leave a step out of nearly all lives of one search: not of another one's, too.
        run_state_machine_as_test(seed(1)(type("Again", (Rotated,), {})), settings=SETTINGS)
    assert not rare()


def rare() -> dict[str, int]:
    """Return what was hardly ever done."""
    return {step: Rotated.done[step] for step in STEPS if Rotated.done[step] < LEAST}
