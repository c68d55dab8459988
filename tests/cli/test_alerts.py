"""Alerts through the command line: every kind comes, is acknowledged, and is closed by the facts alone."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reservation.alerts import AlertKind
from tests.cli.portal_desk import PortalDesk

Step = Callable[[PortalDesk], object]


@pytest.fixture
def desk(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def listed(desk: PortalDesk, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.done("portal", "alerts", "--json", *options).json["alerts"]
    return found


def _refused(desk: PortalDesk, *argv: str) -> None:
    assert desk.run(*argv).code == 1


# --- what brings each alert, and what closes it ----------------------------------------------------


def _want_too_much(desk: PortalDesk) -> None:
    _refused(desk, "portal", "reserve", desk.requested(), "--license", "ROUTING=101")


def _buy_more(desk: PortalDesk) -> None:
    desk.done("portal", "license", "add", "ROUTING", "1")


def _order_less(desk: PortalDesk) -> None:
    desk.confirmed()
    desk.done("portal", "license", "correct", "ROUTING", "99")


def _buy_a_term(desk: PortalDesk) -> None:
    desk.done("portal", "license", "add", "VPN", "4", "--start", "2026-01-01", "--end", "2026-03-31")


def _let_it_end(desk: PortalDesk) -> None:
    desk.wait(days=30)


def _let_a_term_end(desk: PortalDesk) -> None:
    _buy_a_term(desk)
    _let_it_end(desk)


def _renew(desk: PortalDesk) -> None:
    desk.done("portal", "license", "add", "VPN", "4")


def _reserve_and_let_end(desk: PortalDesk) -> None:
    desk.done("portal", "license", "add", "ROUTING", "4", "--start", "2026-01-01", "--end", "2026-03-05")
    request = desk.requested()
    issued = desk.done("portal", "reserve", request, "--as-requested", "--term", "soonest").line
    desk.done("portal", "accept", desk.done("device", "install", issued).line)
    desk.wait(days=4)


def _give_back(desk: PortalDesk) -> None:
    desk.done("portal", "accept", desk.done("device", "return", "--yes").line)


def _reserve_and_wait(desk: PortalDesk) -> None:
    _, issued = desk.reserved()
    desk.write("issued.txt", issued)
    desk.wait(days=31)


def _confirm(desk: PortalDesk) -> None:
    install = desk.done("device", "install", "--file", str(desk.path("issued.txt")))
    desk.done("portal", "accept", install.line)


def _lend(desk: PortalDesk) -> None:
    request = desk.requested()
    argv = ("portal", "reserve", request, "--as-requested", "--return-by", "2026-03-10")
    desk.done("portal", "accept", desk.done("device", "install", desk.done(*argv).line).line)
    assert listed(desk) == []
    desk.wait(days=8)


def _copied(desk: PortalDesk) -> str:
    """Copy the router, hardware and all, once it is confirmed; return its request."""
    request, _, _ = desk.confirmed()
    shutil.copytree(desk.path("router"), desk.path("spare"))
    desk.hardware["spare"] = desk.hardware["router"]
    return request


def _answer_from_two_copies(desk: PortalDesk) -> None:
    request = _copied(desk)
    for machine, count in (("router", "3"), ("spare", "4")):
        issued = desk.done("portal", "update", request, "--license", f"ROUTING={count}").line
        desk.done("portal", "accept", desk.done("device", "install", issued, on=machine).line)


def _give_the_newer_back(desk: PortalDesk) -> None:
    desk.wait(days=1)
    desk.done("portal", "accept", desk.done("device", "return", "--yes", on="spare").line)


def _return_from_a_snapshot(desk: PortalDesk) -> None:
    request = _copied(desk)
    issued = desk.done("portal", "update", request, "--license", "ROUTING=3").line
    desk.done("portal", "accept", desk.done("device", "install", issued).line)
    desk.done("portal", "accept", desk.done("device", "return", "--yes", on="spare").line)
    desk.write("request.txt", request)


def _release(desk: PortalDesk) -> None:
    of = ("--file", str(desk.path("request.txt")))
    desk.done("portal", "release", *of, "--reason", "The snapshot was destroyed")
    desk.done("portal", "approve", *of, "--user", "alex")


def _begin_quarantine(desk: PortalDesk) -> None:
    desk.done("portal", "quarantine", "--begin", "--reason", "rehearsal")


def _end_quarantine(desk: PortalDesk) -> None:
    desk.done("portal", "quarantine", "--end", "--reason", "all is here")
    desk.done("portal", "quarantine", "--approve", "--user", "alex")


def _ask_with_another_key(desk: PortalDesk) -> None:
    desk.confirmed()
    desk.join("spare", "FDO1")
    _refused(desk, "portal", "reserve", desk.requested("spare"), "--as-requested")


def _hear_of_a_failed_device(desk: PortalDesk) -> None:
    request, issued = desk.reserved()
    late = desk.done("device", "install", issued).line
    desk.join("spare", "FDO2")
    replacement = desk.requested("spare")
    because = ("--reason", "burnt", "--evidence", "witness", "--license", "ROUTING=2")
    desk.done("portal", "rehost", request, replacement, *because)
    desk.done("portal", "approve", request, "--user", "alex")
    desk.done("portal", "accept", late)


def _rehost_the_last_one(desk: PortalDesk) -> None:
    desk.done("portal", "policy", "--rehosts", "1", "--rehost-share", "0")
    _hear_of_a_failed_device(desk)


def _allow_more(desk: PortalDesk) -> None:
    desk.done("portal", "policy", "--rehosts", "3")


#: Of each kind what brings it, and what closes it.
LIVES: list[tuple[AlertKind, Step, Step]] = [
    (AlertKind.INSUFFICIENT, _want_too_much, _buy_more),
    (AlertKind.SHORTFALL, _order_less, _buy_more),
    (AlertKind.EXPIRING, _buy_a_term, _let_it_end),
    (AlertKind.EXPIRED, _let_a_term_end, _renew),
    (AlertKind.RESERVED_EXPIRED, _reserve_and_let_end, _give_back),
    (AlertKind.IN_DOUBT, _reserve_and_wait, _confirm),
    (AlertKind.RETURN_EXPECTED, _lend, _give_back),
    (AlertKind.CLONE, _answer_from_two_copies, _give_the_newer_back),
    (AlertKind.ROLLBACK, _return_from_a_snapshot, _release),
    (AlertKind.ROLLBACK, _begin_quarantine, _end_quarantine),
    (AlertKind.KEY_CHANGED, _ask_with_another_key, _give_back),
    (AlertKind.DUPLICATE_DEVICE, _hear_of_a_failed_device, _give_back),
    (AlertKind.QUOTA_NEAR, _rehost_the_last_one, _allow_more),
]


def test_there_is_a_life_of_every_kind() -> None:
    assert {kind for kind, _, _ in LIVES} == set(AlertKind)


@pytest.mark.parametrize(("kind", "bring", "settle"), LIVES)
def test_an_alert_comes_is_acknowledged_and_is_closed_by_the_facts(
    kind: AlertKind, bring: Step, settle: Step, desk: PortalDesk
) -> None:
    bring(desk)
    (alert,) = [one for one in listed(desk) if one["kind"] == kind]
    assert alert["what"].endswith(".")
    assert alert["action"]
    seen = desk.done("portal", "acknowledge", alert["alert"], "--note", "I saw it", "--json").json
    assert (seen["acknowledged_by"], seen["note"], seen["again"]) == ("kim", "I saw it", False)
    again = desk.done("portal", "acknowledge", alert["alert"], "--json", "--user", "alex").json
    assert (again["acknowledged_by"], again["again"]) == ("kim", True)
    # Nobody closes it: it is there as before.
    assert alert["id"] in [one["id"] for one in listed(desk)]
    settle(desk)
    assert alert["id"] not in [one["id"] for one in listed(desk)]
    (closed,) = [one for one in listed(desk, "--all") if one["id"] == alert["id"]]
    assert closed["closed_at"]
    assert closed["acknowledged_by"] == "kim"
    text = desk.done("portal", "alerts", "--all").out
    assert f"{alert['alert']}  " in text
    assert "Closed on 20" in text
    desk.done("portal", "audit")


# --- what else the commands do ---------------------------------------------------------------------


def test_a_new_key_that_two_persons_wanted_is_no_alert(desk: PortalDesk) -> None:
    request, _, _ = desk.confirmed()
    desk.join("spare", "FDO1")
    anew = desk.requested("spare")
    _refused(desk, "portal", "reserve", anew, "--as-requested")
    assert [one["kind"] for one in listed(desk)] == ["key-changed"]
    desk.done("portal", "rehost", request, anew, "--reason", "set up anew", "--evidence", "witness")
    desk.done("portal", "approve", request, "--user", "alex")
    assert listed(desk) == []


def test_the_same_fact_again_is_another_alert(desk: PortalDesk) -> None:
    _want_too_much(desk)
    (first,) = listed(desk)
    desk.done("portal", "acknowledge", first["alert"])
    _buy_more(desk)
    assert listed(desk) == []
    desk.wait(days=1)
    _refused(desk, "portal", "reserve", desk.requested(), "--license", "ROUTING=150")
    (second,) = listed(desk)
    assert second["alert"] != first["alert"]
    assert second["acknowledged_by"] is None
    assert [one["id"] for one in listed(desk, "--all")] == [second["id"], first["id"]]
    desk.done("portal", "audit")


def test_one_that_becomes_worse_is_to_be_acknowledged_again(desk: PortalDesk) -> None:
    _buy_a_term(desk)
    (alert,) = listed(desk)
    assert (alert["severity"], alert["step"]) == ("info", 30)
    desk.done("portal", "acknowledge", alert["alert"])
    steps = {}
    for days in range(29):
        desk.wait(days=1)
        (now,) = listed(desk)
        steps[now["step"]] = now["severity"]
        if days == 0:
            assert now["acknowledged_by"] == "kim"
    assert steps == {30: "info", 14: "warning", 7: "warning", 3: "critical", 1: "critical"}
    (last,) = listed(desk)
    assert last["acknowledged_by"] is None
    assert last["id"] == alert["id"]


def test_a_day_of_return_can_be_set_and_taken_back(desk: PortalDesk) -> None:
    request, _, _ = desk.confirmed()
    told = desk.done("portal", "expect", request, "--return-by", "2026-03-05").out
    assert "is to be returned by 2026-03-05" in told
    assert "by 2026-03-05" in desk.done("portal", "show", request).out
    desk.wait(days=5)
    (alert,) = listed(desk)
    assert alert["kind"] == "return-expected"
    desk.done("portal", "expect", request, "--never")
    assert listed(desk) == []
    for argv, code in (
        (("--return-by", "2026-03-01"), 1),
        ((), 2),
        (("--return-by", "2026-03-09", "--never"), 2),
    ):
        assert desk.run("portal", "expect", request, *argv).code == code
    _give_back(desk)
    assert desk.run("portal", "expect", request, "--never").code == 1


def test_whoever_may_only_look_sees_what_stands_and_acknowledges_nothing(desk: PortalDesk) -> None:
    desk.know("pip", "approver")
    _buy_a_term(desk)
    before = desk.everything()
    (alert,) = listed(desk, "--user", "pip")
    assert alert["kind"] == "expiring"
    assert desk.everything() == before
    refused = desk.run("portal", "acknowledge", alert["alert"], "--user", "pip")
    assert refused.code == 5
    assert "may not acknowledge alerts" in refused.err
    # The name that they read is the one that it is opened by.
    assert listed(desk)[0]["id"] == alert["id"]


def test_a_virtual_account_sees_its_own(desk: PortalDesk) -> None:
    desk.done("portal", "va", "add", "Berlin")
    desk.know("val", "virtual-account-user", "Berlin")
    _begin_quarantine(desk)
    _end_quarantine(desk)
    for place, end in (("DEFAULT", "2026-03-03"), ("Berlin", "2026-03-20")):
        desk.done(
            "portal", "license", "add", "VPN", "4", "--va", place, "--start", "2026-01-01", "--end", end
        )
    elsewhere, own = listed(desk)
    assert [elsewhere["virtual_account"], own["virtual_account"]] == ["DEFAULT", "Berlin"]
    assert [one["id"] for one in listed(desk, "--user", "val", "--all")] == [own["id"]]
    assert [one["id"] for one in listed(desk, "--va", "Berlin")] == [own["id"]]
    assert [one["id"] for one in listed(desk, "--severity", "critical")] == [elsewhere["id"]]
    for name in (elsewhere["alert"], "00000000"):
        assert desk.run("portal", "acknowledge", name, "--user", "val").code == 5
    assert desk.run("portal", "alerts", "--user", "val", "--va", "DEFAULT").code == 5
    desk.done("portal", "acknowledge", own["alert"], "--user", "val")


def test_pages_go_on_where_the_one_before_ended(desk: PortalDesk) -> None:
    for number in range(5):
        desk.done(
            "portal",
            "license",
            "add",
            f"VPN{number}",
            "4",
            "--start",
            "2026-01-01",
            "--end",
            f"2026-03-{5 + 4 * number:02}",
        )
    desk.done("portal", "sweep")
    desk.wait(days=5)
    whole = [one["id"] for one in listed(desk, "--all")]
    assert len(whole) == 6
    found: list[str] = []
    following: list[str] = []
    while True:
        page = desk.done("portal", "alerts", "--all", "--most", "2", "--json", *following).json
        found += [one["id"] for one in page["alerts"]]
        if page["next_page"] is None:
            break
        following = ["--page", page["next_page"]]
    assert found == whole
    for page in ("x", "open/info/2026-03-01", "closed/2026-03-01/00", "closed/x/00", "open/info/x/00"):
        assert desk.run("portal", "alerts", "--page", page).code == 1


def test_a_spreadsheet_takes_nothing_for_a_formula(desk: PortalDesk) -> None:
    _refused(desk, "portal", "reserve", desk.requested(), "--license", "+SUM(A1)=7")
    lines = desk.done("portal", "alerts", "--csv").out.splitlines()
    assert lines[0].startswith("alert,severity,kind,due,subject")
    assert ",'+SUM(A1)," in lines[1]


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("00000000",), 1, "no alert"),
        (("CGN",), 1, "too short"),
        (("!",), 1, "no alert"),
        (("00000000", "--note", "\x1b[31m"), 1, "cannot be shown"),
        (("00000000", "--note", "x" * 201), 1, "too long"),
    ],
)
def test_what_cannot_be_acknowledged_is_refused(
    argv: tuple[str, ...], code: int, words: str, desk: PortalDesk
) -> None:
    refused = desk.run("portal", "acknowledge", *argv)
    assert refused.code == code
    assert words in refused.err


@pytest.mark.parametrize("what", ["alert", "id"])
def test_what_scripts_are_given_names_an_alert(what: str, desk: PortalDesk) -> None:
    _want_too_much(desk)
    _refused(desk, "portal", "reserve", desk.requested(), "--license", "CRYPTO=101")
    _, alert = listed(desk)
    done = desk.done("portal", "acknowledge", str(alert[what]), "--json").json
    assert (done["id"], done["again"]) == (alert["id"], False)
    other = f"{int(alert['id'][0], 16) ^ 1:x}{alert['id'][1:]}"
    for name in (other, alert["id"].upper(), alert["id"][:-1]):
        assert desk.run("portal", "acknowledge", name).code == 1


def test_a_closed_one_is_not_acknowledged_any_more(desk: PortalDesk) -> None:
    _want_too_much(desk)
    (alert,) = listed(desk)
    _buy_more(desk)
    refused = desk.run("portal", "acknowledge", alert["alert"])
    assert refused.code == 1
    assert "was closed on" in refused.err


def test_the_daily_sweep_opens_and_closes(desk: PortalDesk) -> None:
    _buy_a_term(desk)
    swept = desk.done("portal", "sweep")
    assert "Opened 1 alert" in swept.err
    assert "tallystick portal alerts" in swept.err
    _let_it_end(desk)
    assert desk.done("portal", "sweep", "--json").json == {
        "lots": 1,
        "reservations": 0,
        "alerts_opened": 1,
        "alerts_closed": 1,
    }
