"""Scenario tables: devices that fail, and what two persons decide. The language is described in `desk`."""

import pytest

from reservation.service import Portal, add_virtual_account
from tests.reservation.portal.appliance import Time
from tests.reservation.portal.desk import Desk

SCENARIOS = {
    "a rehost moves the hold to the replacement": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        rehost tram to tug
        pool ROUTE available=6 reserved=4
        approve tram
        pool ROUTE available=6 in_doubt=4
        state tram failed
        state tug issued
        exposed tram ROUTE=4
        confirm tug 1
        pool ROUTE available=6 reserved=4
        return tug 1
        pool ROUTE available=10
        exposed tram ROUTE=4
    """,
    "the surplus stands as failed until the device is found": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        update tram ROUTE=6
        rehost tram to tug ROUTE=3
        approve tram
        pool ROUTE available=4 in_doubt=3 failed=3
        exposed tram ROUTE=3
        return tram 2
        pool ROUTE available=7 in_doubt=3
        state tram returned
        exposed tram
        return tram 2
        pool ROUTE available=7 in_doubt=3
    """,
    "the replacement can get more than the old one had": """
        add ROUTE 10
        add CRYPTO 5
        reserve tram ROUTE=4
        rehost tram to tug ROUTE=7 CRYPTO=1
        approve tram
        pool ROUTE available=3 in_doubt=7
        pool CRYPTO available=4 in_doubt=1
        exposed tram ROUTE=4
        return tram 1
        pool ROUTE available=3 in_doubt=7
    """,
    "and no more than there is": """
        add ROUTE 10
        reserve tram ROUTE=4
        reserve van ROUTE=5
        rehost tram to tug ROUTE=6
        refused insufficient
        rehost tram to tug ROUTE=5
        reserve boat ROUTE=1
        approve tram
        refused insufficient
        state tram issued
        reject tram
        rehost tram to tug
        approve tram
        pool ROUTE in_doubt=10
    """,
    "a device that failed without a replacement, and is replaced later": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        rehost tram
        approve tram
        state tram failed
        pool ROUTE available=6 failed=4
        rehost tram
        refused wrong-state
        rehost tram to tug ROUTE=3
        approve tram
        pool ROUTE available=6 in_doubt=3 failed=1
        rehost tram to van
        approve tram
        pool ROUTE available=3 in_doubt=7
        exposed tram ROUTE=4
        rehost tram to boat
        refused wrong-state
        write_off tram
        refused wrong-state
        return tram 1
        pool ROUTE available=3 in_doubt=7
        exposed tram
    """,
    "a write-off needs two persons and a failed device, and is taken back by a return": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        write_off tram
        refused wrong-state
        rehost tram
        approve tram
        write_off tram
        approve tram by ann
        refused same-person
        approve tram
        state tram written-off
        pool ROUTE available=6 written_off=4
        approve tram
        rehost tram to tug
        refused wrong-state
        write_off tram
        refused wrong-state
        update tram ROUTE=1
        refused reservation-closed
        return tram 1
        pool ROUTE available=10
        state tram returned
    """,
    "any other sign of life is an alert": """
        add ROUTE 10
        reserve tram ROUTE=4
        update tram ROUTE=5
        rehost tram to tug
        approve tram
        alerts
        confirm tram 1
        alerts sign-of-life
        confirm tram 1
        alerts
        confirm tram 2
        alerts sign-of-life
        state tram failed
        exposed tram ROUTE=5
        pool ROUTE available=5 in_doubt=5
        request tram
        reserve tram ROUTE=1
        alerts sign-of-life
        pool ROUTE available=4 in_doubt=6
    """,
    "a device that was set up anew is rehosted to itself": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        rehost tram to tram/anew
        approve tram
        alerts key-changed
        pool ROUTE available=6 in_doubt=4
        confirm tram/anew 1
        pool ROUTE available=6 reserved=4
    """,
    "a replacement has a key of its own and no reservation": """
        add ROUTE 10
        reserve tram ROUTE=4
        reserve boat ROUTE=1
        request tram
        rehost tram to tram
        refused refused
        rehost tram to boat
        refused open-reservation
        request boat
        rehost tram to boat
        refused open-reservation
        return boat 0
        reserve boat ROUTE=1
        return boat 0
        rehost tram to boat
        refused reservation-closed
        rehost tram to tug
        reserve tug ROUTE=1
        approve tram
        refused open-reservation
    """,
    "what happened since must be seen before it is approved": """
        add ROUTE 10
        reserve tram ROUTE=4
        rehost tram to tug
        rehost tram to tug
        rehost tram
        refused decision-pending
        confirm tram 1
        approve tram
        refused changed-since
        reject tram
        approve tram
        refused nothing-pending
        reject tram
        refused nothing-pending
        rehost tram to tug
        return tram 1
        approve tram
        refused changed-since
        pool ROUTE available=10
    """,
    "one more than the quota is refused, and a device that is found does not count": """
        add ROUTE 20
        quota 2
        reserve tram ROUTE=1
        reserve boat ROUTE=1
        reserve van ROUTE=1
        rehost tram to tug
        approve tram
        on 2026-03-12
        rehost van to van/anew
        rehost boat to boat/anew
        approve boat
        approve van
        refused rehost-quota
        reject van
        rehost van to van/anew
        refused rehost-quota
        rehost van
        approve van
        return tram 1
        rehost van to van/anew
        approve van
        on 2027-03-20
        rehost van/anew to cart
        approve van/anew
    """,
    "a doubtful return is released by two persons": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        release tram
        refused wrong-state
        return tram 1 mismatch
        kept tram hardware-mismatch
        pool ROUTE available=6 in_doubt=4
        rehost tram to tug
        refused wrong-state
        release tram
        approve tram
        kept tram no
        pool ROUTE available=10
        state tram returned
        release tram
        refused wrong-state
    """,
    "a doubtful return of a failed device leaves everything as it is": """
        add ROUTE 10
        reserve tram ROUTE=4
        confirm tram 1
        rehost tram to tug ROUTE=3
        approve tram
        return tram 1 mismatch
        state tram returned
        kept tram hardware-mismatch
        pool ROUTE available=6 in_doubt=3 failed=1
        exposed tram ROUTE=3
        release tram
        approve tram
        pool ROUTE available=7 in_doubt=3
        exposed tram
    """,
    "what is only reported is not exposed": """
        add ROUTE 10
        add USAGE 1 reporting
        reserve tram ROUTE=4 USAGE=100
        confirm tram 1
        rehost tram to tug
        approve tram
        exposed tram ROUTE=4
        pool USAGE tallied=100
        rehost tug
        approve tug
        pool USAGE
        pool ROUTE available=6 failed=4
    """,
    "lots that ended meanwhile do not go to the replacement": """
        add ROUTE 10 from 2026-01-01 to 2026-06-30
        add CRYPTO 5
        reserve tram ROUTE=4 CRYPTO=1
        confirm tram 1
        rehost tram to tug
        on 2026-07-01
        approve tram
        exposed tram CRYPTO=1
        pool ROUTE expired=10
        pool CRYPTO available=4 in_doubt=1
        return tram 1
        pool ROUTE expired=10
    """,
    "nothing is left to replace when everything has ended": """
        add ROUTE 10 from 2026-01-01 to 2026-06-30
        reserve tram ROUTE=4
        on 2026-07-01
        rehost tram to tug
        refused nothing-wanted
        rehost tram
        approve tram
        state tram failed
        pool ROUTE expired=10
        on 2026-06-30
        pool ROUTE available=6 failed=4
        return tram 0
        pool ROUTE available=10
    """,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, portal: Portal, time: Time) -> None:
    add_virtual_account(portal, "Ships")
    Desk(portal, time).play(SCENARIOS[name])
