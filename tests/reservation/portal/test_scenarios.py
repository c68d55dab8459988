"""Scenario tables: what happens to the books, line by line. The language is described in `desk`."""

import pytest

from reservation.service import Portal, add_virtual_account
from tests.reservation.portal.appliance import Time
from tests.reservation.portal.desk import Desk

SCENARIOS = {
    "a licence leaves the pool and comes home": """
        add ROUTE 10
        reserve tram ROUTE=4
        pool ROUTE available=6 in_doubt=4
        state tram issued
        confirm tram 1
        pool ROUTE available=6 reserved=4
        state tram active
        return tram 1
        pool ROUTE available=10
        state tram returned
    """,
    "confirmed 10, unconfirmed 5, then 3 still holds 10": """
        add ROUTE 12
        reserve tram ROUTE=10
        confirm tram 1
        update tram ROUTE=5
        pool ROUTE available=2 reserved=5 in_doubt=5
        state tram updating
        update tram ROUTE=3
        pool ROUTE available=2 reserved=3 in_doubt=7
        confirm tram 2
        pool ROUTE available=7 reserved=3 in_doubt=2
        confirm tram 3
        pool ROUTE available=9 reserved=3
        state tram active
    """,
    "raised, and lowered before anybody confirmed": """
        add ROUTE 12
        reserve tram ROUTE=2
        update tram ROUTE=9
        update tram ROUTE=4
        pool ROUTE available=3 in_doubt=9
        state tram issued
        confirm tram 3
        pool ROUTE available=8 reserved=4
    """,
    "confirmations come late, twice and in the wrong order": """
        add ROUTE 12
        reserve tram ROUTE=10
        update tram ROUTE=5
        confirm tram 2
        pool ROUTE available=7 reserved=5
        confirm tram 1
        pool ROUTE available=7 reserved=5
        confirm tram 2
        pool ROUTE available=7 reserved=5
        return tram 2
        confirm tram 1
        pool ROUTE available=12
        state tram returned
    """,
    "a count given up is not given to two": """
        add ROUTE 10
        reserve tram ROUTE=10
        confirm tram 1
        update tram ROUTE=1
        reserve boat ROUTE=1
        refused insufficient
        confirm tram 2
        reserve boat ROUTE=9
        pool ROUTE reserved=1 in_doubt=9
    """,
    "an authorization that got lost comes home by a return of its request": """
        add ROUTE 10
        reserve tram ROUTE=10
        return tram 0
        pool ROUTE available=10
        state tram returned
        return tram 0
        pool ROUTE available=10
    """,
    "a return closes whatever was issued since": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        update tram ROUTE=9
        return tram 1
        pool ROUTE available=10
        state tram returned
        update tram ROUTE=1
        refused reservation-closed
    """,
    "a return below a confirmed sequence closes, and leaves the hold in doubt": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        update tram ROUTE=6
        confirm tram 2
        return tram 1
        pool ROUTE available=4 in_doubt=6
        state tram returned
        return tram 2
        pool ROUTE available=4 in_doubt=6
    """,
    "a return from changed hardware closes, and leaves the hold in doubt": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        return tram 1 mismatch
        pool ROUTE available=6 in_doubt=4
        state tram returned
    """,
    "one reservation for a device, one after the other": """
        add ROUTE 10
        reserve tram ROUTE=4
        request tram
        reserve tram ROUTE=4
        refused open-reservation
        return tram 0
        reserve tram ROUTE=5
        pool ROUTE available=5 in_doubt=5
    """,
    "the same request with the same lines is the same reservation": """
        add ROUTE 10
        reserve tram ROUTE=4
        reserve tram ROUTE=4
        pool ROUTE available=6 in_doubt=4
        reserve tram ROUTE=5
        refused other-lines
        update tram ROUTE=5
        reserve tram ROUTE=5
        reserve tram ROUTE=4
        pool ROUTE available=5 in_doubt=5
        reserve tram ROUTE=3
        refused other-lines
    """,
    "unnamed entitlements stay, 0 drops one, nothing at all is a return": """
        add ROUTE 10
        add CRYPTO 10
        reserve tram ROUTE=4 CRYPTO=2
        confirm tram 1
        update tram ROUTE=5
        confirm tram 2
        pool CRYPTO available=8 reserved=2
        update tram CRYPTO=0
        confirm tram 3
        pool CRYPTO available=10
        pool ROUTE available=5 reserved=5
        update tram ROUTE=0
        refused nothing-wanted
    """,
    "an update that changes nothing issues nothing": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        update tram ROUTE=4
        state tram active
        update tram CRYPTO=0
        state tram active
    """,
    "licences of another Virtual Account are not touched": """
        add ROUTE 3 in DEFAULT
        add ROUTE 5 in Ships
        reserve boat ROUTE=4
        refused insufficient
        reserve boat ROUTE=4 in Ships
        pool ROUTE available=3
        pool ROUTE in Ships available=1 in_doubt=4
        update boat ROUTE=5
        pool ROUTE in Ships in_doubt=5
        return boat 0
        pool ROUTE in Ships available=5
        reserve tug ROUTE=1 in Nowhere
        refused unknown-name
    """,
    "what is only reported has no limit": """
        add USAGE 1 reporting
        reserve tram USAGE=500
        pool USAGE tallied=500
        confirm tram 1
        update tram USAGE=100
        pool USAGE tallied=500
        confirm tram 2
        pool USAGE tallied=100
        return tram 2
        pool USAGE
    """,
    "licences expire after their last day, wherever they are": """
        add ROUTE 10 from 2026-01-01 to 2026-06-30
        add ROUTE 3
        reserve tram ROUTE=4 term soonest
        confirm tram 1
        reserve boat ROUTE=2 term soonest
        on 2026-06-30
        lot ROUTE to 2026-06-30 available=4 reserved=4 in_doubt=2
        on 2026-07-01
        lot ROUTE to 2026-06-30 expired=10
        pool ROUTE available=3 expired=10
        return tram 1
        lot ROUTE to 2026-06-30 expired=10
        reserve tug ROUTE=4
        refused insufficient
        update boat ROUTE=3
        pool ROUTE in_doubt=3 expired=10
        confirm boat 2
        pool ROUTE reserved=3 expired=10
        add ROUTE 1 from 2026-01-01 to 2026-06-30
        refused refused
    """,
    "expired lines drop out of an update of something else": """
        add ROUTE 10 from 2026-01-01 to 2026-06-30
        add CRYPTO 5
        reserve tram ROUTE=4 CRYPTO=1
        on 2026-07-01
        update tram CRYPTO=2
        confirm tram 2
        pool CRYPTO available=3 reserved=2
        pool ROUTE expired=10
        return tram 2
        pool CRYPTO available=5
    """,
    "a portal whose clock ran away gets its licences back with the right time": """
        add ROUTE 10 from 2026-01-01 to 2026-12-31
        reserve tram ROUTE=4
        confirm tram 1
        reserve boat ROUTE=3
        on 2099-01-01
        pool ROUTE expired=10
        add CRYPTO 1
        return boat 0
        pool ROUTE expired=10
        on 2026-03-03
        pool ROUTE available=6 reserved=4
        reserve tug ROUTE=6
        pool ROUTE reserved=4 in_doubt=6
    """,
    "a change of lots for one entitlement holds both until it is confirmed": """
        add ROUTE 5 from 2026-01-01 to 2026-12-31
        add ROUTE 5 from 2026-01-01 to 2029-12-31
        reserve tram ROUTE=4 term soonest
        confirm tram 1
        reserve boat ROUTE=2 term soonest
        lot ROUTE to 2026-12-31 reserved=4 in_doubt=1
        lot ROUTE to 2029-12-31 available=4 in_doubt=1
    """,
    "a term that has not begun can be reserved": """
        add ROUTE 5 from 2027-01-01 to 2027-12-31
        reserve tram ROUTE=5
        pool ROUTE in_doubt=5
    """,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, portal: Portal, time: Time) -> None:
    add_virtual_account(portal, "Ships")
    Desk(portal, time).play(SCENARIOS[name])
