"""Reports: usage, exposure, expiring and transactions, as tables, CSV and JSON."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from cli.csv_rows import csv_rows
from tests.cli.portal_desk import PortalDesk


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def report(portal: PortalDesk, *argv: str) -> list[dict[str, Any]]:
    """Return a report's rows, after its CSV was found to have as many."""
    record = portal.done("portal", "report", *argv, "--json").json
    rows, _ = record.values()
    written = portal.done("portal", "report", *argv, "--csv").out
    assert len(list(csv.DictReader(io.StringIO(written)))) == len(rows)
    return list(rows)


def give_up(portal: PortalDesk, *, replaced: bool) -> str:
    """Let the router fail, after it had confirmed; return the request code of its replacement."""
    request, _, _ = portal.confirmed()
    portal.join("spare", "FDO2")
    spare = portal.requested("spare")
    to = (spare, "--license", "ROUTING=1") if replaced else ()
    portal.done("portal", "rehost", request, *to, "--reason", "Fire", "--evidence", "none")
    portal.done("portal", "approve", request, "--user", "alex")
    return spare


def test_usage_says_how_much_of_what_was_bought_is_out(portal: PortalDesk) -> None:
    portal.reserved()
    crypto, routing = report(portal, "usage")
    assert (crypto["tag"], crypto["used_percent"], crypto["available"]) == ("CRYPTO", 0, 20)
    assert (routing["tag"], routing["used_percent"], routing["in_doubt"]) == ("ROUTING", 2, 2)
    head, first, *_ = portal.done("portal", "report", "usage").out.splitlines()
    assert head.startswith("TAG      VIRTUAL ACCOUNT  USED %  ENTITLED  RESERVED  IN DOUBT  AVAILABLE")
    assert first.split()[:4] == ["CRYPTO", "DEFAULT", "0", "20"]


def test_exposure_is_empty_once_everything_is_confirmed(portal: PortalDesk) -> None:
    request, authorization = portal.reserved()
    (row,) = report(portal, "exposure")
    assert (row["why"], row["count"], row["tag"]) == ("in-doubt", 2, "ROUTING")
    assert row["reservation"] == portal.done("portal", "show", request, "--json").json["reservation"]
    confirmation = portal.done("device", "install", authorization).line
    portal.done("portal", "accept", confirmation)
    assert report(portal, "exposure") == []
    assert "Nothing is exposed." in portal.done("portal", "report", "exposure").err


def test_exposure_names_what_a_failed_device_had(portal: PortalDesk) -> None:
    give_up(portal, replaced=False)
    assert [(row["why"], row["count"]) for row in report(portal, "exposure")] == [("failed", 2)]


def test_exposure_names_what_a_replacement_got(portal: PortalDesk) -> None:
    give_up(portal, replaced=True)
    found = {(row["why"], row["count"]) for row in report(portal, "exposure")}
    assert found == {("replaced", 1), ("failed", 1), ("in-doubt", 1)}


def test_exposure_of_what_has_ended_is_over(portal: PortalDesk) -> None:
    portal.done("portal", "license", "add", "LEASED", "5", "--start", "2026-03-01", "--end", "2026-03-31")
    portal.done("portal", "reserve", portal.requested(), "--license", "LEASED=2")
    assert [row["count"] for row in report(portal, "exposure")] == [2]
    portal.wait(hours=24 * 29)
    assert [row["tag"] for row in report(portal, "exposure")] == ["LEASED"], "on its last day"
    portal.wait(hours=24)
    assert report(portal, "exposure") == []


def test_expiring_says_where_it_is_and_when_a_line_ends_before_its_lot(portal: PortalDesk) -> None:
    portal.done("portal", "license", "add", "LEASED", "5", "--start", "2026-03-01", "--end", "2026-05-31")
    request = portal.requested()
    portal.done("portal", "reserve", request, "--license", "LEASED=2", "--until", "2026-03-20")
    line, available = report(portal, "expiring")
    assert (line["last_day"], line["days"], line["count"]) == ("2026-03-20", 18, 2)
    assert line["udi"]["serial_number"]
    assert (available["last_day"], available["count"]) == ("2026-05-31", 3)
    assert available["reservation"] is None
    assert [row["count"] for row in report(portal, "expiring", "--days", "17")] == []
    assert [row["count"] for row in report(portal, "expiring", "--days", "18")] == [2]
    shown = portal.done("portal", "report", "expiring").out
    assert "(available)" in shown
    assert portal.done("portal", "report", "expiring", "--days", "0").err == "Nothing ends within 0 days.\n"


def test_transactions_add_up_to_the_books(portal: PortalDesk) -> None:
    portal.confirmed()
    rows = report(portal, "transactions")
    assert [row["kind"] for row in rows[-2:]] == ["reserved", "confirmed"]
    accounts: dict[tuple[str, str], int] = {}
    for row in rows:
        for place, sign in ((row["source"], -1), (row["target"], 1)):
            key = (row["tag"], place["account"])
            accounts[key] = accounts.get(key, 0) + sign * row["count"]
    assert accounts["ROUTING", "available"] == 98
    assert accounts["ROUTING", "reserved"] == 2


def test_transactions_of_some_days_and_of_one_virtual_account(portal: PortalDesk) -> None:
    everything = report(portal, "transactions")
    portal.wait(hours=24)
    portal.done("portal", "va", "add", "Berlin")
    portal.done("portal", "license", "transfer", "ROUTING", "7", "--from", "DEFAULT", "--to", "Berlin")
    (moved,) = report(portal, "transactions", "--since", "2026-03-03")
    assert (moved["count"], moved["source"]["virtual_account"], moved["target"]["virtual_account"]) == (
        7,
        "DEFAULT",
        "Berlin",
    )
    assert report(portal, "transactions", "--va", "Berlin") == [moved]
    assert report(portal, "transactions", "--until", "2026-03-02") == everything
    assert report(portal, "transactions", "--until", "9999-12-31") == [*everything, moved]
    assert "Nothing moved." in portal.done("portal", "report", "transactions", "--since", "2026-03-04").err


REPORTS = pytest.mark.parametrize("name", ["usage", "exposure", "expiring", "transactions"])


def words_below(text: str) -> list[str]:
    """Return what `portal log verify` takes of the last lines of a report."""
    return re.findall(r"^(?:Log|Signed): (\S+) .*2026-03-02", text, re.MULTILINE)


@REPORTS
def test_a_report_says_where_the_log_stood_and_that_is_compared(portal: PortalDesk, name: str) -> None:
    argv = ("portal", "report", name)
    (before,) = words_below(portal.done(*argv).out)
    portal.done("portal", "log", "checkpoint")
    portal.reserved()
    shown = portal.done(*argv)
    record = portal.done(*argv, "--json").json["checkpoint"]
    log, signed = words_below(shown.out)
    assert shown.out.splitlines()[-1].startswith(f"Signed: {signed} ")
    assert [record["printed"], record["signed"]["printed"]] == [log, signed]
    assert log == f"{record['events']}:{record['hash']}"
    spread = portal.done(*argv, "--csv")
    assert words_below(spread.err) == [log, signed]
    assert words_below(spread.out) == []
    said = portal.done("portal", "log", "verify", before, log, signed).out.splitlines()
    assert [line.rpartition(": ")[2][:8] for line in said] == ["5 events", "6 events", "5 events"]


def test_a_slip_says_the_same_of_the_log(portal: PortalDesk) -> None:
    portal.done("portal", "log", "checkpoint")
    request, _ = portal.reserved()
    slip = portal.done("portal", "slip", request).out
    for word in words_below(portal.done("portal", "report", "usage").out):
        assert word in slip


def test_what_was_printed_tells_what_a_database_has_forgotten(portal: PortalDesk) -> None:
    """A report on paper, and yesterday's database with yesterday's checkpoint: the paper alone knows."""
    kept = {name: portal.path(name).read_bytes() for name in ("portal.db", "portal-keys/checkpoint")}
    portal.done("portal", "license", "add", "ROUTING", "7")
    portal.done("portal", "log", "checkpoint")
    words = words_below(portal.done("portal", "report", "usage").out)
    for name, content in kept.items():
        portal.path(name).write_bytes(content)
    assert "quarantine" not in portal.done("portal", "report", "usage").err
    for word in words:
        refused = portal.run("portal", "log", "verify", word)
        assert refused.code == 6
        assert "The log has 5 events, and the paper says that it had 6" in refused.err
    portal.done("portal", "license", "add", "ROUTING", "8")
    for word in words:
        refused = portal.run("portal", "log", "verify", word)
        assert refused.code == 6
        assert "The first 6 events are not those" in refused.err


@REPORTS
def test_a_virtual_account_that_is_not_there_is_refused(portal: PortalDesk, name: str) -> None:
    outcome = portal.run("portal", "report", name, "--va", "Nowhere")
    assert outcome.code == 1
    assert "There is no Virtual Account Nowhere." in outcome.err


def test_nothing_in_csv_is_taken_for_a_formula(portal: PortalDesk) -> None:
    portal.done("portal", "license", "add", "=1+2", "3")
    portal.know("@SUM(A1)", "user")
    portal.environ["TALLYSTICK_USER"] = "@SUM(A1)"
    portal.done("portal", "license", "add", "+2", "3")
    cells = [cell for row in csv.reader(io.StringIO(all_csv(portal))) for cell in row]
    assert {"'=1+2", "'+2", "'@SUM(A1)"} <= set(cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def all_csv(portal: PortalDesk) -> str:
    return "".join(portal.done("portal", "report", name, "--csv").out for name in ("usage", "transactions"))


def test_csv_keeps_what_needs_quotes_on_one_line() -> None:
    written = csv_rows(("A", "B"), [('say "hi"', "a,b"), ("two\nlines\x1b[2J", None), (5, "\uff1d1")])
    assert written.splitlines() == ["A,B", '"say ""hi""","a,b"', "two\\nlines\\x1b[2J,", "5,'\uff1d1"]
