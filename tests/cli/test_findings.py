"""What an audit found, as people see it: many findings that are alike are one line."""

from contextlib import closing
from pathlib import Path

import apsw
from hypothesis import given
from hypothesis import strategies as st

from cli.portal.findings import rows_of
from reservation.service.auditing import Finding
from tests.cli.portal_desk import PortalDesk


def test_triggers_that_are_gone_hide_nothing(tmp_path: Path) -> None:
    portal = PortalDesk(tmp_path)
    with closing(apsw.Connection(str(portal.path("portal.db")))) as connection:
        triggers = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type='trigger'")
        ]
        for name in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.pragma("ignore_check_constraints", True)
        connection.execute("UPDATE balances SET available = available + 5")
    shown = portal.run("portal", "audit")
    assert shown.code == 6
    first = ", ".join(sorted(triggers)[:3])
    assert f"{len(triggers)} triggers are missing: {first} and {len(triggers) - 3} more" in shown.out
    assert "the two sides of its accounts differ" in shown.out
    assert "the file" not in shown.out
    assert len(shown.out.splitlines()) < 10
    assert "--json" in shown.err
    every = portal.run("portal", "audit", "--json").json["findings"]
    assert {f"the trigger {name} is missing" for name in triggers} <= {one["message"] for one in every}


def test_what_is_alike_in_other_ways() -> None:
    same = [Finding("database", "the database", "a row of lots refers to nothing")] * 5
    holds = [Finding("hold", f"reservation {number}", "it does not hold what it has") for number in range(9)]
    strange = [
        Finding("database", "the database", f"the index i{n} is none of this program's") for n in range(4)
    ]
    few = [Finding("state", f"reservation {number}", "it is wrong") for number in range(3)]
    assert rows_of([*same, *holds, *strange, *few]) == [
        ("database", "the database", "a row of lots refers to nothing (5 times)"),
        ("hold", "9: reservation 0, reservation 1, reservation 2 and 6 more", "it does not hold what it has"),
        ("database", "the database", "4 indexes are none of this program's: i0, i1, i2 and 1 more"),
        *(("state", f"reservation {number}", "it is wrong") for number in range(3)),
    ]


FINDINGS = st.builds(
    Finding,
    kind=st.sampled_from(["database", "hold"]),
    subject=st.sampled_from(["the database", "a", "b"]),
    message=st.sampled_from(["the trigger x is missing", "the trigger y is missing", "m", "n"]),
)


@given(st.lists(FINDINGS, max_size=30))
def test_no_kind_of_difference_is_lost(findings: list[Finding]) -> None:
    rows = rows_of(findings)
    assert {kind for kind, _, _ in rows} == {one.kind for one in findings}
    assert len(rows) <= len(findings)
    for one in findings:
        if not one.message.startswith("the"):
            assert any(kind == one.kind and message.startswith(one.message) for kind, _, message in rows)
