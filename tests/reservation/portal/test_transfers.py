"""Scenario tables: what moves between Virtual Accounts, and orders that were too large."""

import pytest

from reservation.service import Portal, add_virtual_account
from tests.reservation.portal.appliance import Time
from tests.reservation.portal.desk import Desk

SCENARIOS = {
    "available licences go alone": """
        add ROUTE 10
        reserve tram ROUTE=4
        move ROUTE 5 from DEFAULT to Ships
        pool ROUTE available=1 in_doubt=4
        pool ROUTE in Ships available=5
        move ROUTE 2 from DEFAULT to Ships
        refused insufficient
        move ROUTE 1 from DEFAULT to DEFAULT
        refused refused
        move ROUTE 0 from DEFAULT to Ships
        refused refused
        move ROUTE 1 from DEFAULT to Nowhere
        refused unknown-name
        move NONE 1 from DEFAULT to Ships
        refused insufficient
        reserve boat ROUTE=5 in Ships
        return tram 0
        pool ROUTE available=5
        pool ROUTE in Ships in_doubt=5
    """,
    "those that last longest go first, and none that have ended": """
        add ROUTE 3 from 2026-01-01 to 2026-06-30
        add ROUTE 3 from 2026-01-01 to 2026-12-31
        move ROUTE 4 from DEFAULT to Ships
        lot ROUTE to 2026-06-30 in DEFAULT available=2
        lot ROUTE to 2026-12-31 in Ships available=3
        on 2026-07-01
        move ROUTE 1 from DEFAULT to Ships
        refused insufficient
    """,
    "what is only reported has no stock to move": """
        add USAGE 1 reporting
        move USAGE 1 from DEFAULT to Ships
        refused insufficient
    """,
    "a device goes with its whole hold, and late codes post where it is": """
        add ROUTE 10
        add USAGE 1 reporting
        reserve tram ROUTE=4 USAGE=7
        confirm tram 1
        update tram ROUTE=6
        transfer tram to Ships
        pool ROUTE available=4
        pool USAGE
        pool ROUTE in Ships reserved=4 in_doubt=2
        pool USAGE in Ships tallied=7
        transfer tram to Ships
        confirm tram 2
        pool ROUTE in Ships reserved=6
        update tram ROUTE=7
        refused insufficient
        update tram ROUTE=5
        confirm tram 3
        pool ROUTE in Ships available=1 reserved=5
        return tram 3
        pool ROUTE in Ships available=6
        pool ROUTE available=4
        transfer tram to DEFAULT
        refused wrong-state
    """,
    "what has ended goes too, and comes back with the right time": """
        add ROUTE 10 from 2026-01-01 to 2026-06-30
        reserve tram ROUTE=4
        on 2026-07-01
        transfer tram to Ships
        pool ROUTE expired=6
        pool ROUTE in Ships expired=4
        on 2026-06-30
        pool ROUTE available=6
        pool ROUTE in Ships in_doubt=4
        return tram 0
        pool ROUTE in Ships available=4
    """,
    "failed, written off and kept holds go like others": """
        add ROUTE 10
        reserve tram ROUTE=4
        rehost tram to tug ROUTE=1
        approve tram
        reserve boat ROUTE=2
        return boat 0 mismatch
        transfer tram to Ships
        transfer boat to Ships
        pool ROUTE available=4 in_doubt=1
        pool ROUTE in Ships in_doubt=2 failed=3
        write_off tram
        approve tram
        pool ROUTE in Ships in_doubt=2 written_off=3
        transfer tram to DEFAULT
        pool ROUTE available=4 in_doubt=1 written_off=3
        return tram 0
        pool ROUTE available=7 in_doubt=1
    """,
    "an order that was too large is made smaller": """
        add ROUTE 10
        correct ROUTE 3
        pool ROUTE available=7
        correct ROUTE 8
        refused refused
        correct ROUTE 0
        refused refused
        correct NONE 1
        refused refused
        correct ROUTE 7
        pool ROUTE
        correct ROUTE 1
        refused refused
        add ROUTE 2
        pool ROUTE available=2
    """,
    "what is out becomes a shortfall, which blocks until it has come back": """
        add ROUTE 10
        reserve tram ROUTE=4
        reserve boat ROUTE=3
        correct ROUTE 8
        alerts insufficient
        pool ROUTE in_doubt=7 shortfall=5
        confirm tram 1
        pool ROUTE reserved=4 in_doubt=3 shortfall=5
        reserve tug ROUTE=1
        refused insufficient
        update tram ROUTE=5
        refused insufficient
        update tram ROUTE=3
        confirm tram 2
        pool ROUTE reserved=3 in_doubt=3 shortfall=4
        return boat 0
        pool ROUTE reserved=3 shortfall=1
        add ROUTE 4
        pool ROUTE reserved=3 available=3
        reserve tug ROUTE=3
        correct ROUTE 6
        pool ROUTE reserved=3 in_doubt=3 shortfall=6
        correct ROUTE 1
        refused refused
    """,
    "a shortfall follows the licences that are out": """
        add ROUTE 10
        reserve tram ROUTE=4
        reserve boat ROUTE=6
        correct ROUTE 5
        transfer tram to Ships
        pool ROUTE in_doubt=6 shortfall=5
        pool ROUTE in Ships in_doubt=4
        transfer boat to Ships
        pool ROUTE
        pool ROUTE in Ships in_doubt=10 shortfall=5
        return tram 0
        pool ROUTE in Ships in_doubt=6 shortfall=1
        return boat 0
        pool ROUTE in Ships available=5
    """,
    "a lot that is short ends, and resumes, short": """
        add ROUTE 10 from 2026-01-01 to 2026-06-30
        reserve tram ROUTE=4
        correct ROUTE 8
        on 2026-07-01
        pool ROUTE expired=4 shortfall=2
        correct ROUTE 1
        refused refused
        return tram 0
        pool ROUTE expired=4 shortfall=2
        on 2026-06-30
        add CRYPTO 1
        pool ROUTE available=2
    """,
    "a counter-entry names its lot when there are several": """
        add ROUTE 10
        add ROUTE 5 from 2026-01-01 to 2026-06-30
        correct ROUTE 1
        refused refused
        on 2026-07-01
        correct ROUTE 1
        pool ROUTE available=9 expired=5
    """,
    "a Virtual Account is renamed, and removed when it is empty": """
        add ROUTE 3 in Ships
        add ROUTE 2 from 2026-01-01 to 2026-06-30 in Ships
        rename Ships Fleet
        pool ROUTE in Fleet available=5
        pool ROUTE in Ships
        refused unknown-name
        rename DEFAULT Home
        refused refused
        rename Fleet default
        refused name-taken
        rename Fleet FLEET
        rename FLEET Fleet
        remove DEFAULT
        refused refused
        remove Fleet
        refused not-empty
        reserve boat ROUTE=3 in Fleet
        remove Fleet
        refused not-empty
        transfer boat to DEFAULT
        on 2026-07-01
        remove Fleet
        pool ROUTE in_doubt=3 expired=2
        remove Fleet
        refused unknown-name
        reserve tug ROUTE=1 in Fleet
        refused unknown-name
    """,
    "closed reservations do not keep a Virtual Account, unless they keep something": """
        add ROUTE 3 in Ships
        reserve boat ROUTE=1 in Ships
        rehost boat
        approve boat
        move ROUTE 2 from Ships to DEFAULT
        remove Ships
        refused not-empty
        return boat 0
        move ROUTE 1 from Ships to DEFAULT
        remove Ships
        state boat returned
        pool ROUTE available=3
    """,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, portal: Portal, time: Time) -> None:
    add_virtual_account(portal, "Ships")
    Desk(portal, time).play(SCENARIOS[name])
