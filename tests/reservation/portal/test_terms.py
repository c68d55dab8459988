"""Scenario tables: what ends by itself, and when. The language is described in `desk`.

Each scenario is played twice: as it stands, and with a sweep after every change of the day. A sweep changes
no answer, neither of what is asked next nor of what was asked before.
"""

import pytest

from reservation import service
from reservation.service import Portal, add_virtual_account
from tests.reservation.portal.appliance import Time
from tests.reservation.portal.desk import Desk

SCENARIOS = {
    "a line that ends before its lot holds until it is returned": """
        add ROUTE 10
        reserve tram ROUTE=4 until 2026-03-31
        lines tram ROUTE=4/2026-03-02/2026-03-31
        confirm tram 1
        on 2026-04-01
        pool ROUTE available=6 reserved=4
        on 2027-04-01
        pool ROUTE available=6 reserved=4
        return tram 1
        pool ROUTE available=10
    """,
    "where the account has chosen a margin, it is free after that": """
        add ROUTE 10
        margin 7
        reserve tram ROUTE=4 until 2026-03-31
        confirm tram 1
        margin never
        on 2026-04-07
        pool ROUTE available=6 reserved=4
        on 2026-04-08
        pool ROUTE available=10
        reserve boat ROUTE=10
        state tram active
        return tram 1
        pool ROUTE in_doubt=10
    """,
    "with no days of margin, on the day after": """
        add ROUTE 10
        margin 0
        reserve tram ROUTE=4 until 2026-03-02
        on 2026-03-02
        pool ROUTE available=6 in_doubt=4
        on 2026-03-03
        pool ROUTE available=10
        confirm tram 1
        pool ROUTE available=10
        update tram ROUTE=2
        pool ROUTE available=8 in_doubt=2
        lines tram ROUTE=2
    """,
    "an update lets a line last longer, or shorter": """
        add ROUTE 10
        add CRYPTO 5
        margin 7
        reserve tram ROUTE=4 CRYPTO=1 until 2026-03-31
        confirm tram 1
        update tram ROUTE=4 until 2026-03-31
        state tram active
        update tram ROUTE=4
        lines tram CRYPTO=1/2026-03-02/2026-03-31 ROUTE=4
        on 2026-04-08
        pool ROUTE available=6 in_doubt=4
        pool CRYPTO available=5
        confirm tram 2
        pool ROUTE available=6 reserved=4
        pool CRYPTO available=5
        update tram ROUTE=3 until 2026-04-10
        lines tram ROUTE=3/2026-04-08/2026-04-10
        confirm tram 3
        pool ROUTE available=7 reserved=3
        on 2026-04-18
        pool ROUTE available=10
    """,
    "while a longer one may be installed, it is held": """
        add ROUTE 10
        margin 0
        reserve tram ROUTE=4
        confirm tram 1
        update tram ROUTE=4 until 2026-03-31
        pool ROUTE available=6 reserved=4
        on 2026-04-01
        pool ROUTE available=6 in_doubt=4
        confirm tram 2
        pool ROUTE available=10
    """,
    "a lot that ends before the line does not last longer by it": """
        add ROUTE 10 from 2026-01-01 to 2026-06-30
        margin 7
        reserve tram ROUTE=4 until 2026-12-31
        lines tram ROUTE=4/2026-01-01/2026-06-30
        reserve boat ROUTE=1 until 2026-06-28
        on 2026-07-01
        pool ROUTE expired=10
        on 2026-07-06
        pool ROUTE expired=10
        return boat 0
        return tram 0
        pool ROUTE expired=10
    """,
    "a day that is over, or before the lot begins, is refused": """
        add ROUTE 10
        add LATER 10 from 2027-01-01 to 2027-12-31
        reserve tram ROUTE=4 until 2026-03-01
        refused refused
        reserve tram LATER=4 until 2026-12-31
        refused refused
        reserve tram LATER=4 until 2027-01-01
        lines tram LATER=4/2027-01-01/2027-01-01
        update tram LATER=4 until 2026-03-01
        refused refused
    """,
    "the same request until another day is another request": """
        add ROUTE 10
        reserve tram ROUTE=4 until 2026-03-31
        reserve tram ROUTE=4 until 2026-03-31
        reserve tram ROUTE=4
        reserve tram ROUTE=4 until 2026-04-30
        refused other-lines
        pool ROUTE available=6 in_doubt=4
    """,
    "what was freed by a wrong clock stays free": """
        add ROUTE 10
        margin 0
        reserve tram ROUTE=4 until 2026-03-31
        confirm tram 1
        on 2026-05-01
        reserve boat ROUTE=8
        on 2026-03-03
        pool ROUTE available=2 in_doubt=8
        update tram ROUTE=4
        refused insufficient
        update tram ROUTE=2 until 2026-03-31
        pool ROUTE in_doubt=10
        confirm tram 2
        pool ROUTE reserved=2 in_doubt=8
        on 2026-05-01
        pool ROUTE reserved=2 in_doubt=8
        on 2026-05-02
        pool ROUTE available=2 in_doubt=8
    """,
    "a closed reservation frees nothing by itself": """
        add ROUTE 10
        margin 0
        reserve tram ROUTE=4 until 2026-03-31
        reserve boat ROUTE=3 until 2026-03-31
        confirm boat 1
        rehost tram
        approve tram
        return boat 1 mismatch
        on 2026-05-01
        pool ROUTE available=3 in_doubt=3 failed=4
    """,
    "a replacement has for a time what the failed device had for that time": """
        add ROUTE 10
        add CRYPTO 5
        margin 0
        reserve tram ROUTE=4 CRYPTO=1 until 2026-03-31
        confirm tram 1
        update tram CRYPTO=2
        rehost tram to tug
        approve tram
        lines tug CRYPTO=2 ROUTE=4/2026-03-02/2026-03-31
        on 2026-04-01
        pool ROUTE available=10
        pool CRYPTO available=3 in_doubt=2
        exposed tram CRYPTO=2 ROUTE=4
        rehost tug to van
        approve tug
        lines van CRYPTO=2
    """,
    "what a line frees covers a shortfall first": """
        add ROUTE 10
        margin 0
        reserve tram ROUTE=4 until 2026-03-31
        correct ROUTE 9
        pool ROUTE in_doubt=4 shortfall=3
        on 2026-04-01
        pool ROUTE available=1
    """,
    "a line goes with its device, and frees where it is": """
        add ROUTE 10
        margin 0
        reserve tram ROUTE=4 until 2026-03-31
        transfer tram to Ships
        on 2026-04-01
        pool ROUTE available=6
        pool ROUTE in Ships available=4
    """,
    "what is only reported is freed, too": """
        add USAGE 1 reporting
        margin 0
        reserve tram USAGE=7 until 2026-03-31
        lines tram USAGE=7/2026-03-02/2026-03-31/reporting
        on 2026-04-01
        pool USAGE
    """,
    "flags go through reserving and updating": """
        add CRYPTO 5 export
        add CRYPTO 5
        add USAGE 1 reporting
        add USAGE 1 reporting export
        reserve tram CRYPTO=7 USAGE=3 term soonest
        confirm tram 1
        update tram USAGE=4
        confirm tram 2
        pool CRYPTO available=3 reserved=7
        pool USAGE tallied=4
        update tram CRYPTO=1
        confirm tram 3
        pool CRYPTO available=9 reserved=1
        return tram 3
        pool CRYPTO available=10
        pool USAGE
    """,
    "an export-controlled licence is told from another one": """
        add CRYPTO 5 export
        reserve tram CRYPTO=2
        lines tram CRYPTO=2/export
        add USAGE 1 reporting
        update tram USAGE=9
        lines tram CRYPTO=2/export USAGE=9/reporting
        update tram CRYPTO=0
        lines tram USAGE=9/reporting
    """,
    "lots are changed for the same entitlement": """
        add ROUTE 5 from 2026-01-01 to 2026-12-31
        reserve tram ROUTE=3
        confirm tram 1
        add ROUTE 5
        update tram ROUTE=3
        state tram active
        update tram ROUTE=6
        lines tram ROUTE=3 ROUTE=3/2026-01-01/2026-12-31
        on 2027-01-01
        pool ROUTE available=2 in_doubt=3 expired=5
        update tram ROUTE=4
        lines tram ROUTE=4
        confirm tram 3
        pool ROUTE available=1 reserved=4 expired=5
        return tram 3
        pool ROUTE available=5 expired=5
    """,
    "leap days and ends of years": """
        add LEAP 4 from 2028-02-01 to 2028-02-29
        add YEAR 4 from 2026-01-01 to 2026-12-31
        reserve tram LEAP=1 YEAR=1
        reserve boat YEAR=1
        on 2026-12-31
        pool YEAR available=2 in_doubt=2
        on 2027-01-01
        pool YEAR expired=4
        pool LEAP available=3 in_doubt=1
        on 2028-02-29
        confirm tram 1
        pool LEAP available=3 reserved=1
        on 2028-03-01
        pool LEAP expired=4
        return tram 1
        return boat 0
        pool LEAP expired=4
    """,
    "a line until a leap day": """
        add ROUTE 4
        margin 1
        on 2028-02-28
        reserve tram ROUTE=1 until 2028-02-29
        on 2028-03-01
        pool ROUTE available=3 in_doubt=1
        on 2028-03-02
        pool ROUTE available=4
    """,
    "a term that has not begun is chosen last, and ends like others": """
        add ROUTE 5 from 2027-01-01 to 2027-12-31
        add ROUTE 5 from 2026-01-01 to 2026-12-31
        reserve tram ROUTE=6
        lines tram ROUTE=1/2027-01-01/2027-12-31 ROUTE=5/2026-01-01/2026-12-31
        confirm tram 1
        on 2027-01-01
        lot ROUTE to 2027-12-31 available=4 reserved=1
        lot ROUTE to 2026-12-31 expired=5
        on 2028-01-01
        pool ROUTE expired=10
    """,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, portal: Portal, time: Time) -> None:
    add_virtual_account(portal, "Ships")
    Desk(portal, time).play(SCENARIOS[name])


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_sweep_changes_no_answer(name: str, portal: Portal, time: Time) -> None:
    add_virtual_account(portal, "Ships")
    desk = Desk(portal, time)

    def shown() -> object:
        licenses = [(one.lot.id, one.virtual_account, one.counts) for one in service.list_licenses(portal)]
        held = [
            ([(line.lot.id, line.held, line.expired) for line in one.held], one.summary.is_expired)
            for one in (
                service.show_reservation(portal, each.id)
                for each in service.list_reservations(portal).reservations
            )
        ]
        return licenses, held, service.overview(portal)

    parts = SCENARIOS[name].replace("\n        on ", "\n        \0on ").split("\0")
    for part in parts:
        day, _, rest = part.partition("\n") if part.startswith("on ") else ("", "", part)
        if day:
            desk.play(day)
            before = shown()
            desk.play("sweep")
            assert shown() == before
            swept = service.sweep(portal)
            assert (swept.lots, swept.reservations) == (0, 0)
        desk.play(rest)
