"""How soon clients that check first and act afterwards are noticed, for the page of results.

That they are noticed at all is asserted in every run, by `tests.linear`; the other programs that break a
promise are tried by `tests.power`.
"""

import pytest

from tests import server
from tests.faults.outcomes import AREA, CONTROLS
from tests.linear.test_histories import MOST_HISTORIES, OPERATIONS, PLANTED, crew_on
from tests.outcomes import keep


@pytest.mark.soak
@pytest.mark.parametrize("engine", server.ENGINES)
def test_how_soon_each_was_noticed_is_kept(engine: str) -> None:
    with crew_on(engine) as crew:
        for plant in PLANTED:
            seeds = range(MOST_HISTORIES)
            noticed = next((seed for seed in seeds if crew.history(seed, OPERATIONS, plant)), None)
            tried = MOST_HISTORIES if noticed is None else noticed + 1
            keep(AREA, CONTROLS, f"{plant}, {engine}", {"tried": tried, "found": noticed is not None})
            assert noticed is not None, plant
