"""What alerts say of one and of many, and of a quota that is nearly or wholly used."""

from datetime import date

import pytest

from reservation.alerts import AlertKind, Fact, Severity
from reservation.alertwords import action, what


def said(kind: AlertKind, count: int, severity: Severity = Severity.WARNING) -> str:
    return what(Fact(kind, "key", "ROUTING", severity, due=date(2026, 3, 31), count=count))


@pytest.mark.parametrize(
    ("kind", "one", "many"),
    [
        (AlertKind.EXPIRING, "Lot ROUTING: 1 ends on 2026-03-31.", "Lot ROUTING: 1,200 end on 2026-03-31."),
        (AlertKind.EXPIRED, "1 has ended, and nothing follows it.", "1,200 have ended, and nothing follows"),
        (AlertKind.SHORTFALL, "1 more is out than was bought.", "1,200 more are out than were bought."),
        (AlertKind.INSUFFICIENT, "1 of ROUTING was asked for, and there is none.", "1,200 of ROUTING were"),
        (AlertKind.QUOTA_NEAR, "1 rehost of the last 365 days counts:", "1,200 rehosts of the last 365 days"),
    ],
)
def test_one_is_told_as_one(kind: AlertKind, one: str, many: str) -> None:
    assert one in said(kind, 1)
    assert many in said(kind, 1200)


@pytest.mark.parametrize("count", [1, 5])
def test_a_quota_that_is_used_up_has_nothing_left(count: int) -> None:
    assert "little of the quota is left" in said(AlertKind.QUOTA_NEAR, count)
    assert "nothing of the quota is left" in said(AlertKind.QUOTA_NEAR, count, Severity.CRITICAL)


@pytest.mark.parametrize("kind", AlertKind)
@pytest.mark.parametrize("count", [None, 1, 2])
def test_every_kind_says_what_is_and_what_to_do(kind: AlertKind, count: int | None) -> None:
    fact = Fact(kind, "key", "ROUTING", Severity.WARNING, count=count, reservation_id=bytes(32))
    assert what(fact).endswith(".")
    assert "{" not in what(fact) + action(fact)
