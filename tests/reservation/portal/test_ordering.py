"""Orders come in whole or not at all, and once."""

import json
from datetime import date

import pytest

from codec.codes import MAX_COUNT, Term
from reservation import service
from reservation.errors import RuleError, UnknownNameError
from reservation.model import EventKind
from reservation.ordererrors import AlreadyImportedError, OrderFileError
from reservation.orders import OrderFile, parse_order
from reservation.service import Counts, Portal
from samples.make import SAMPLES
from tests.reservation.portal.appliance import START, Time
from tests.reservation.portal.rows import every_row

ORDERS = SAMPLES / "orders"
EXPECTED = json.loads((ORDERS / "expected.json").read_text(encoding="utf-8"))
HEADER = "tag,quantity,virtual_account,kind,start,end,order"


def order(*rows: str) -> OrderFile:
    return parse_order("\n".join([HEADER, *rows]).encode())


def sample(name: str) -> OrderFile:
    return parse_order((ORDERS / name).read_bytes())


@pytest.fixture
def sites(portal: Portal) -> Portal:
    """A portal with the Virtual Accounts that the samples name."""
    for name in ("SITE-NORTH", "SITE-SOUTH"):
        service.add_virtual_account(portal, name)
    return portal


def counts(portal: Portal) -> dict[tuple[str, str, Term | None], Counts]:
    return {
        (one.lot.tag, one.virtual_account, one.lot.term): one.counts for one in service.list_licenses(portal)
    }


@pytest.mark.parametrize("name", [name for name, order in EXPECTED.items() if order["good"]])
def test_every_good_sample_comes_in_line_by_line(sites: Portal, name: str) -> None:
    file = sample(name)
    orders = service.import_order(sites, file)
    assert sum(one.lines for one in orders) == EXPECTED[name]["rows"]
    assert service.audit(sites) == ()
    found = counts(sites)
    assert len(found) == len(file.lines)
    for line in file.lines:
        lot = found[line.tag, line.virtual_account, line.term]
        bought = 0 if line.reporting_only else line.count
        assert (lot.available, lot.entitled, lot.tallied) == (bought, bought, 0)


@pytest.mark.parametrize("name", [name for name, order in EXPECTED.items() if order["good"]])
def test_a_preview_is_what_comes_in(sites: Portal, url: str, name: str) -> None:
    before = every_row(url)
    preview = service.preview_order(sites, sample(name))
    assert every_row(url) == before
    assert service.import_order(sites, sample(name)) == preview


def test_one_event_an_order_with_totals_and_the_digest(sites: Portal) -> None:
    file = order(
        "ROUTE,3,DEFAULT,perpetual,,,PO-1",
        "CRYPTO,1,SITE-NORTH,term,2026-01-01,2026-12-31,PO-2",
        "ROUTE,4,SITE-NORTH,perpetual,,,PO-1",
    )
    service.import_order(sites, file)
    first, second = [
        one
        for one in service.events(sites, after=service.views.NO_EVENT, most=99)
        if one.kind is EventKind.ORDER_IMPORTED
    ]
    assert first.detail == {"order": "PO-1", "lines": 2, "lots": 1, "count": 7, "sha256": file.digest.hex()}
    assert second.detail == {"order": "PO-2", "lines": 1, "lots": 1, "count": 1, "sha256": file.digest.hex()}
    assert (first.subject, second.subject) == ("PO-1: 7 licences", "PO-2: 1 licence")
    assert (first.actor, first.at) == ("ann", START)


def test_lines_that_are_alike_are_added_up(portal: Portal, url: str) -> None:
    service.add_license(portal, "ROUTE", 5)
    (one,) = service.import_order(portal, order(*[f"ROUTE,{MAX_COUNT},DEFAULT,perpetual,,,PO-1"] * 300))
    assert (one.lines, one.count, len(one.added)) == (300, 300 * MAX_COUNT, 1)
    assert counts(portal) == {
        ("ROUTE", "DEFAULT", None): Counts(available=300 * MAX_COUNT + 5, entitled=300 * MAX_COUNT + 5)
    }
    assert len(every_row(url)["additions"]) == 2
    assert service.audit(portal) == ()


def test_an_order_of_more_lots_than_one_batch(portal: Portal) -> None:
    seen: list[object] = []
    file = order(*(f"TAG-{number},1,DEFAULT,perpetual,,,PO-1" for number in range(2_500)))
    service.import_order(portal, file, progress=seen.append)
    assert len(seen) == len(service.list_licenses(portal)) == 2_500
    assert service.audit(portal) == ()


def test_licences_of_one_tag_are_listed(sites: Portal) -> None:
    service.import_order(sites, sample("first-order.csv"))
    found = service.list_licenses(sites, tag="NVR-FACE")
    assert [(one.lot.tag, one.counts.available) for one in found] == [("NVR-FACE", 90)]
    assert service.list_licenses(sites, tag="NVR-FACE", virtual_account="DEFAULT") == ()


# --- refusals --------------------------------------------------------------------------------------

SOUND = "ROUTE,3,DEFAULT,perpetual,,,PO-9"
TERM_OVER = "ROUTE,1,DEFAULT,term,2025-03-01,2026-03-01,PO-9"


def refuse(portal: Portal, url: str, file: OrderFile, error: type[RuleError]) -> RuleError:
    """Return the refusal of an import, which is that of its preview, and of which nothing is written."""
    before = every_row(url)
    with pytest.raises(error) as previewed:
        service.preview_order(portal, file)
    with pytest.raises(error) as refused:
        service.import_order(portal, file)
    assert every_row(url) == before
    assert refused.value.message == previewed.value.message
    assert refused.value.hint
    return refused.value


def test_the_same_file_twice(sites: Portal, url: str, time: Time) -> None:
    service.import_order(sites, sample("first-order.csv"))
    time.set(START.replace(day=9))
    refused = refuse(sites, url, sample("first-order.csv"), AlreadyImportedError)
    assert "SO-2026-00417, imported from this same file on 2026-03-02 09:30 UTC by ann." in refused.message
    other = refuse(sites, url, sample("spreadsheet.csv"), AlreadyImportedError)
    assert "SO-2026-00417, imported from another file on 2026-03-02 09:30 UTC by ann." in other.message
    assert isinstance(other, AlreadyImportedError)
    assert other.facts == {
        "orders": [{"order": "SO-2026-00417", "at": START, "actor": "ann", "same_file": False}]
    }


def test_an_order_that_came_in_by_hand(portal: Portal, url: str) -> None:
    service.add_license(portal, "ROUTE", 1, order_reference="PO-9")
    refused = refuse(portal, url, order("NEW,1,DEFAULT,perpetual,,,PO-8", SOUND), AlreadyImportedError)
    assert "PO-9, added without a file on 2026-03-02 09:30 UTC by ann" in refused.message
    assert "PO-8" not in refused.message


def test_several_orders_of_which_some_are_known(portal: Portal, url: str) -> None:
    rows = [f"ROUTE,1,DEFAULT,perpetual,,,PO-{number}" for number in range(1, 9)]
    service.import_order(portal, order(*rows[:7]))
    refused = refuse(portal, url, order(*rows), AlreadyImportedError)
    assert "these orders are in the books: PO-1, imported" in refused.message
    assert refused.message.endswith("by ann and 2 more.")
    assert service.import_order(portal, order(rows[7]))[0].order_reference == "PO-8"


def test_unknown_virtual_accounts_are_all_named(portal: Portal, url: str) -> None:
    rows = [SOUND, *["A,1,Nowhere,perpetual,,,PO-9"] * 7, "A,1,default,perpetual,,,PO-9"]
    refused = refuse(portal, url, order(*rows), UnknownNameError)
    assert "Nowhere (lines 3, 4, 5, 6, 7 and 2 more), default (line 10)" in refused.message
    assert "DEFAULT" in refused.hint
    assert "portal va add" in refused.hint


def test_a_term_that_is_over(portal: Portal, url: str) -> None:
    refused = refuse(portal, url, order(SOUND, TERM_OVER), RuleError)
    assert "line 3" in refused.message
    last_day = "ROUTE,1,DEFAULT,term,2025-03-02,2026-03-02,PO-9"
    (lot,) = service.import_order(portal, order(last_day))[0].added
    assert lot.lot.term == Term(date(2025, 3, 2), date(2026, 3, 2))


def test_json_lines_are_named_as_objects(portal: Portal, url: str) -> None:
    line = {"tag": "A", "quantity": 1, "virtual_account": "Nowhere", "kind": "perpetual", "order": "PO-9"}
    refused = refuse(portal, url, parse_order(json.dumps([line, line]).encode()), UnknownNameError)
    assert "Nowhere (objects 1, 2)" in refused.message


def test_an_import_that_fails_half_way_leaves_nothing(portal: Portal, url: str) -> None:
    before = every_row(url)

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.import_order(portal, order(SOUND), progress=stop)
    assert every_row(url) == before
    assert service.import_order(portal, order(SOUND))[0].count == 3


@pytest.mark.parametrize("name", [name for name, order in EXPECTED.items() if not order["good"]])
def test_a_bad_sample_never_gets_to_the_books(name: str) -> None:
    with pytest.raises(OrderFileError):
        sample(name)


def test_ends_that_are_due_are_posted_with_an_import(portal: Portal, time: Time) -> None:
    service.add_license(portal, "SHORT", 4, term=Term(date(2026, 1, 1), date(2026, 3, 2)))
    time.set(START.replace(day=3))
    service.import_order(portal, order(SOUND))
    kinds = [one.kind for one in service.events(portal, after=service.views.NO_EVENT, most=99)]
    assert kinds[-2:] == [EventKind.LOT_ENDED, EventKind.ORDER_IMPORTED]
    assert service.audit(portal) == ()
