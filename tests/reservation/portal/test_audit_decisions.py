"""The audit finds what was changed of decisions, exposures and limits; the database refuses it first."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import apsw
import pytest

from reservation import service
from reservation.model import FailureEvidence, Policy
from reservation.service import LinesWanted, Portal
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.rows import every_row
from tests.reservation.portal.test_audit import of, tamper

TRAM_S, BOAT_S, VAN_S, CART_S = of("tram"), of("boat"), of("van"), of("cart")


@pytest.fixture
def busy(portal: Portal) -> Portal:
    """A failed tram with a surplus, replaced by the tug; a lost boat; a released van; a cart for a time.

    And a bike whose rehost waits.
    """
    second = replace(portal, actor="bob")
    service.set_policy(portal, Policy(rehost_percent=10, rehost_minimum=3, margin_days=7))
    service.add_license(portal, "ROUTE", 30)
    for name, count in {"tram": 4, "boat": 3, "van": 2, "bike": 1}.items():
        service.reserve(portal, Appliance(name).request(), choice=LinesWanted({"ROUTE": count}))
    wanted = LinesWanted({"ROUTE": 5})
    service.reserve(portal, Appliance("cart").request(), choice=wanted, until=date(2026, 5, 31))

    def rehost(name: str, replacement: Appliance | None, **lines: int) -> None:
        service.propose_rehost(
            portal,
            Appliance(name).request().id,
            reason="burnt",
            evidence=FailureEvidence.NONE,
            replacement=replacement.request() if replacement else None,
            lines=lines,
        )

    rehost("tram", Appliance("tug"), ROUTE=3)
    service.approve(second, Appliance("tram").request().id)
    boat, van = Appliance("boat").request().id, Appliance("van").request().id
    rehost("boat", None)
    service.approve(second, boat)
    service.propose_write_off(portal, boat, reason="sunk")
    service.approve(second, boat)
    service.accept(portal, Appliance("van").give_back(van, mismatch=True))
    service.propose_release(portal, van, reason="seen")
    service.approve(second, van)
    rehost("bike", None)
    return portal


def test_books_that_are_right_have_no_findings(busy: Portal) -> None:
    assert service.audit(busy) == ()


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        ("UPDATE decisions SET decided_by = actor WHERE outcome IS NOT NULL",
         "decision", "one person proposed and approved"),
        (f"DELETE FROM decisions WHERE kind = 'rehost' AND {TRAM_S}", "decision", "nobody approved a rehost"),
        (f"DELETE FROM decisions WHERE kind = 'rehost' AND {TRAM_S}", "exposure", "no approved rehost"),
        (f"DELETE FROM decisions WHERE kind = 'write-off' AND {BOAT_S}", "decision", "nobody approved that"),
        (f"DELETE FROM decisions WHERE kind = 'release' AND {VAN_S}", "state", "nobody released it"),
        ("UPDATE decisions SET outcome = 'rejected' WHERE kind = 'release'", "state", "nobody released it"),
        ("UPDATE decisions SET replacement_id = zeroblob(32) WHERE replacement_id IS NOT NULL",
         "decision", "replacement is missing"),
        ("DELETE FROM exposures", "hold", "does not hold"),
        ("UPDATE exposures SET count = 2", "hold", "does not hold"),
        ("UPDATE exposures SET cleared_by = event_id", "exposure", "did not return"),
        (f"UPDATE holds SET failed = 0, in_doubt = 1 WHERE {TRAM_S}", "hold", "does not hold"),
        (f"UPDATE holds SET failed = 0, written_off = 1 WHERE {TRAM_S}", "hold", "does not hold"),
        (f"UPDATE holds SET failed = 3, written_off = 0 WHERE {BOAT_S}", "hold", "does not hold"),
        (f"UPDATE reservations SET state = 'written-off' WHERE {TRAM_S}", "decision", "nobody approved that"),
        (f"UPDATE reservations SET state = 'returned' WHERE {TRAM_S}", "state", "its return code says"),
        ("UPDATE balances SET failed = 0, available = available + 1", "balance", "failed is 0"),
        ("UPDATE balances SET written_off = 0, available = available + 3", "balance", "written off is 0"),
        ("UPDATE balances SET shortfall = 2, entitled = entitled - 2", "shortfall", "more is out"),
        (f"UPDATE reservations SET frees_next = NULL WHERE {CART_S}", "hold", "its lines say not"),
        (f"UPDATE reservations SET return_by = '2027-01-01' WHERE {CART_S}", "alert", "no event says"),
        (f"UPDATE reservations SET first_end = NULL WHERE {CART_S}", "hold", "what it holds says not"),
        (f"UPDATE reservations SET freed_on = '2027-01-01' WHERE {CART_S}", "hold", "does not hold"),
        (f"UPDATE allocations SET ends = '2026-05-30' WHERE {CART_S}", "code", "other lines"),
        (f"UPDATE allocations SET starts = NULL, ends = NULL WHERE {CART_S}", "code", "other lines"),
        (f"UPDATE allocations SET frees_on = '2026-06-01' WHERE {CART_S}", "hold", "its lines say not"),
    ],
)  # fmt: skip
def test_the_audit_names(statement: str, kind: str, message: str, busy: Portal, database: Path) -> None:
    tamper(database, statement)
    findings = service.audit(busy)
    assert [one for one in findings if one.kind == kind and message in one.message], findings


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET reason = 'other'",
        "UPDATE decisions SET outcome = NULL, decided_at = NULL, decided_by = NULL, decided_with = NULL",
        "UPDATE decisions SET outcome = 'approved', decided_at = at, decided_by = actor,"
        " decided_with = decision_id WHERE outcome IS NULL",
        "UPDATE decisions SET outcome = 'approved', decided_at = at, decided_by = 'bob',"
        " decided_with = decision_id, reason = 'other' WHERE outcome IS NULL",
        "UPDATE decisions SET outcome = 'maybe' WHERE outcome IS NULL",
        "DELETE FROM decisions",
        "INSERT INTO decisions SELECT account_id, zeroblob(16), reservation_id, kind, reason, evidence,"
        " replacement_id, request_text, lines, at, actor, outcome, decided_at, decided_by, decided_with"
        " FROM decisions WHERE outcome IS NULL",
        "UPDATE exposures SET count = 1",
        "UPDATE exposures SET cleared_by = zeroblob(16)",
        "UPDATE exposures SET cleared_by = event_id, count = 1",
        "DELETE FROM exposures",
        "UPDATE holds SET failed = -1, in_doubt = 9",
        "UPDATE reservations SET state = 'issued', closed_at = NULL WHERE state = 'failed'",
        "UPDATE reservations SET frees_next = '2026-05-01' WHERE state = 'failed'",
        "UPDATE reservations SET frees_next = 'soon'",
        "UPDATE reservations SET first_end = '2026-05-01' WHERE state = 'failed'",
        "UPDATE reservations SET first_end = 'soon'",
        "UPDATE reservations SET return_by = 'soon'",
        "UPDATE policies SET rehost_percent = 101",
        "UPDATE policies SET margin_days = -1",
        "UPDATE virtual_accounts SET removed = 2",
        "INSERT INTO virtual_accounts SELECT account_id, zeroblob(8), name, 0 FROM virtual_accounts",
    ],
)
def test_the_database_refuses(statement: str, busy: Portal, database: Path) -> None:
    del busy
    before = every_row(database)
    with closing(apsw.Connection(str(database))) as raw:
        raw.pragma("foreign_keys", True)
        with pytest.raises((apsw.ConstraintError, apsw.MismatchError)):
            raw.execute(f"BEGIN; {statement}; COMMIT")
        raw.execute("ROLLBACK")
    assert every_row(database) == before
