"""Failed devices, transfers and counter-entries through the command line: what is refused writes nothing."""

import json
from pathlib import Path

import pytest

from tests.cli.desk import require_refusal
from tests.cli.portal_desk import Argv, PortalDesk, Refusal

WHY = ("--reason", "Board burnt out", "--evidence", "hardware")


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    desk = PortalDesk(tmp_path)
    desk.join("spare", "FDO2")
    return desk


def proposed(desk: PortalDesk) -> str:
    """Return the request of a device whose rehost waits."""
    request = desk.reserved()[0]
    desk.done("portal", "rehost", request, desk.requested("spare"), *WHY)
    return request


def failed(desk: PortalDesk) -> str:
    """Return the request of a device that failed and was not replaced."""
    request = desk.reserved()[0]
    desk.done("portal", "rehost", request, *WHY)
    desk.done("portal", "approve", request, "--user", "alex")
    return request


# Each prepares the desk and returns the command that must be refused.


def _approve_oneself(desk: PortalDesk) -> Argv:
    return "portal", "approve", proposed(desk)


def _approve_nothing(desk: PortalDesk) -> Argv:
    return "portal", "approve", desk.reserved()[0], "--user", "alex"


def _approve_what_changed(desk: PortalDesk) -> Argv:
    request, authorization = desk.reserved()
    desk.done("portal", "rehost", request, *WHY)
    desk.done("portal", "accept", desk.done("device", "install", authorization).line)
    return "portal", "approve", request, "--user", "alex"


def _propose_twice(desk: PortalDesk) -> Argv:
    return "portal", "rehost", proposed(desk), *WHY


def _rehost_itself(desk: PortalDesk) -> Argv:
    desk.reserved()
    desk.done("device", "cancel")
    authorization = desk.done("portal", "list", "--json").json["reservations"][0]["reservation"]
    return "portal", "rehost", authorization, desk.requested(), *WHY


def _rehost_without_quota(desk: PortalDesk) -> Argv:
    desk.done("portal", "policy", "--rehosts", "0", "--rehost-share", "0")
    return "portal", "rehost", desk.reserved()[0], desk.requested("spare"), *WHY


def _rehost_beyond_stock(desk: PortalDesk) -> Argv:
    request = desk.reserved()[0]
    return "portal", "rehost", request, desk.requested("spare"), "--license", "ROUTING=101", *WHY


def _rehost_the_returned(desk: PortalDesk) -> Argv:
    return "portal", "rehost", desk.returned()[0], *WHY


def _rehost_to_a_reserved(desk: PortalDesk) -> Argv:
    return "portal", "rehost", desk.reserved()[0], desk.reserved("spare")[0], *WHY


def _rehost_without_a_reason(desk: PortalDesk) -> Argv:
    return "portal", "rehost", desk.reserved()[0], "--evidence", "none"


def _rehost_for_no_shown_reason(desk: PortalDesk) -> Argv:
    return "portal", "rehost", desk.reserved()[0], "--evidence", "none", "--reason", "lost\u202e"


def _lines_for_nobody(desk: PortalDesk) -> Argv:
    return "portal", "rehost", desk.reserved()[0], "--license", "ROUTING=1", *WHY


def _write_off_the_open(desk: PortalDesk) -> Argv:
    return "portal", "write-off", desk.reserved()[0], "--reason", "lost"


def _release_the_open(desk: PortalDesk) -> Argv:
    return "portal", "release", desk.reserved()[0], "--reason", "found"


def _update_the_failed(desk: PortalDesk) -> Argv:
    return "portal", "update", failed(desk), "--license", "ROUTING=1"


def _reissue_the_failed(desk: PortalDesk) -> Argv:
    return "portal", "reissue", failed(desk)


def _transfer_too_many(_: PortalDesk) -> Argv:
    return "portal", "license", "transfer", "ROUTING", "101", "--from", "DEFAULT", "--to", "DEFAULT"


def _transfer_more_than_there_is(desk: PortalDesk) -> Argv:
    desk.done("portal", "va", "add", "Berlin")
    return "portal", "license", "transfer", "ROUTING", "101", "--from", "DEFAULT", "--to", "Berlin"


def _transfer_to_nowhere(desk: PortalDesk) -> Argv:
    return "portal", "transfer", desk.reserved()[0], "--to", "Atlantis"


def _transfer_the_returned(desk: PortalDesk) -> Argv:
    desk.done("portal", "va", "add", "Berlin")
    return "portal", "transfer", desk.returned()[0], "--to", "Berlin"


def _correct_too_much(_: PortalDesk) -> Argv:
    return "portal", "license", "correct", "ROUTING", "101"


def _correct_one_of_two(desk: PortalDesk) -> Argv:
    desk.done("portal", "license", "add", "ROUTING", "1", "--start", "2026-01-01", "--end", "2026-12-31")
    return "portal", "license", "correct", "ROUTING", "1"


def _reserve_what_is_short(desk: PortalDesk) -> Argv:
    desk.reserved()
    desk.done("portal", "license", "correct", "ROUTING", "99")
    return "portal", "reserve", desk.requested("spare"), "--license", "ROUTING=1"


def _rename_to_the_same(desk: PortalDesk) -> Argv:
    desk.done("portal", "va", "add", "Berlin")
    return "portal", "va", "rename", "Berlin", "default"


def _rename_default(_: PortalDesk) -> Argv:
    return "portal", "va", "rename", "DEFAULT", "Home"


def _remove_what_is_not_empty(desk: PortalDesk) -> Argv:
    desk.done("portal", "va", "add", "Berlin")
    desk.done("portal", "license", "transfer", "ROUTING", "1", "--from", "DEFAULT", "--to", "Berlin")
    return "portal", "va", "remove", "Berlin"


def _remove_with_a_device(desk: PortalDesk) -> Argv:
    desk.done("portal", "va", "add", "Berlin")
    desk.done("portal", "transfer", desk.reserved()[0], "--to", "Berlin")
    return "portal", "va", "remove", "Berlin"


def _end_in_the_past(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--as-requested", "--until", "2026-03-01"


def _end_twice(desk: PortalDesk) -> Argv:
    request = desk.requested()
    return (
        "portal", "reserve", request, "--as-requested", "--until", "2026-03-31", "--for-days", "3",
    )  # fmt: skip


def _end_for_no_days(desk: PortalDesk) -> Argv:
    return "portal", "update", desk.reserved()[0], "--license", "ROUTING=2", "--for-days", "0"


def _a_margin_of_words(_: PortalDesk) -> Argv:
    return "portal", "policy", "--margin", "soon"


def _a_margin_of_ages(_: PortalDesk) -> Argv:
    return "portal", "policy", "--margin", "100000"


REFUSALS: dict[str, Refusal] = {
    # what: how, exit code, error code, words of the message, words of the hint
    "approve oneself": (_approve_oneself, 5, "same-person", "kim proposed", "somebody else"),
    "approve nothing": (_approve_nothing, 1, "nothing-pending", "waits", "portal decisions"),
    "approve what changed": (_approve_what_changed, 1, "changed-since", "happened", "--reject"),
    "propose twice": (_propose_twice, 1, "decision-pending", "waits for a second person", "approve"),
    "rehost to itself": (_rehost_itself, 1, "refused", "so it lives", "device return"),
    "rehost without quota": (_rehost_without_quota, 1, "rehost-quota", "allows 0", "--rehosts N"),
    "rehost beyond stock": (_rehost_beyond_stock, 1, "insufficient", "100", "license"),
    "rehost the returned": (_rehost_the_returned, 1, "wrong-state", "returned", "portal reserve"),
    "rehost to a reserved": (_rehost_to_a_reserved, 1, "open-reservation", "already", "new request"),
    "rehost without a reason": (_rehost_without_a_reason, 2, "usage", "--reason", ""),
    "rehost with a hidden reason": (_rehost_for_no_shown_reason, 1, "refused", "shown", "sentence"),
    "lines for nobody": (_lines_for_nobody, 2, "usage", "none was named", "request code"),
    "write off the open": (_write_off_the_open, 1, "wrong-state", "not failed", "portal rehost"),
    "release the open": (_release_the_open, 1, "wrong-state", "in doubt", "return code"),
    "update the failed": (_update_the_failed, 1, "reservation-closed", "failed", "new request"),
    "reissue the failed": (_reissue_the_failed, 1, "reservation-closed", "failed", "new request"),
    "transfer to the same": (_transfer_too_many, 1, "refused", "already", "--to"),
    "transfer too many": (_transfer_more_than_there_is, 1, "insufficient", "100", "license"),
    "transfer to nowhere": (_transfer_to_nowhere, 1, "unknown-name", "Atlantis", "DEFAULT"),
    "transfer the returned": (_transfer_the_returned, 1, "wrong-state", "keeps nothing", "Nothing"),
    "correct too much": (_correct_too_much, 1, "refused", "100", "1 to 100"),
    "correct one of two": (_correct_one_of_two, 1, "refused", "more than one", "--lot"),
    "reserve what is short": (_reserve_what_is_short, 1, "insufficient", "more of it is", "license"),
    "rename to a taken name": (_rename_to_the_same, 1, "name-taken", "already", "another"),
    "rename DEFAULT": (_rename_default, 1, "refused", "always there", "va add"),
    "remove what is not empty": (_remove_what_is_not_empty, 1, "not-empty", "1 of ROUTING", "transfer"),
    "end in the past": (_end_in_the_past, 1, "refused", "2026-03-01", "later day"),
    "end twice": (_end_twice, 2, "usage", "exclude", "one of them"),
    "end for no days": (_end_for_no_days, 2, "usage", "--for-days", ""),
    "a margin of words": (_a_margin_of_words, 2, "usage", "never", ""),
    "a margin of ages": (_a_margin_of_ages, 1, "refused", "100000", "never"),
    "remove with a device": (_remove_with_a_device, 1, "not-empty", "reservation", "portal transfer"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_the_portal_refuses(portal: PortalDesk, what: str) -> None:
    require_refusal(portal, REFUSALS[what])


def test_a_spare_takes_the_place_of_a_failed_device(portal: PortalDesk) -> None:
    request, _, confirmation = portal.confirmed()
    new = portal.requested("spare")
    argv = ("portal", "rehost", request, new, "--license", "ROUTING=1", *WHY)
    first = portal.done(*argv, "--json").json
    assert first["again"] is False
    assert portal.done(*argv, "--json").json == {**first, "again": True}
    listed = portal.done("portal", "decisions", "--json").json["decisions"]
    assert listed == [{key: value for key, value in first.items() if key != "again"}]
    assert "waits for a second person, proposed by kim" in portal.done("portal", "show", request).out

    approved = portal.done("portal", "approve", request, "--user", "alex", "--json").json
    assert (approved["state"], approved["by"], approved["proposed_by"]) == ("failed", "alex", "kim")
    assert approved["authenticated"] is False
    assert [(each["tag"], each["count"]) for each in approved["exposed"]] == [("ROUTING", 1)]
    again = portal.done("portal", "approve", request, "--user", "alex", "--json").json
    assert again == {**approved, "again": True}
    assert portal.done("portal", "reserve", new, "--license", "ROUTING=1").line == approved["code"]

    installed = portal.done("device", "install", approved["code"], on="spare").line
    portal.done("portal", "accept", installed)
    shown = portal.done("portal", "show", request).out
    assert "Exposed" in shown
    assert "FAILED" in shown
    late = portal.done("device", "return", "--yes").line
    moved = portal.done("portal", "accept", late, "--json").json["moved"]
    assert moved == [{"tag": "ROUTING", "count": 1, "from": "failed", "to": "available"}]
    assert portal.done("portal", "accept", confirmation, "--json").json["again"] is True
    assert portal.done("portal", "audit").out == "The books add up.\n"


def test_a_sign_of_life_is_said_and_logged(portal: PortalDesk) -> None:
    request, authorization = portal.reserved()
    portal.done("portal", "rehost", request, *WHY)
    portal.done("portal", "approve", request, "--user", "alex")
    late = portal.done("device", "install", authorization).line
    accepted = portal.done("portal", "accept", late)
    assert "it lives" in accepted.err
    events = portal.done("portal", "events", "--json").json["events"]
    assert [each["kind"] for each in events][-2:] == ["confirmed-late", "sign-of-life"]


def test_a_reservation_is_moved_with_its_licences(portal: PortalDesk) -> None:
    request, _, _ = portal.confirmed()
    portal.done("portal", "va", "add", "Berlin")
    moved = portal.done("portal", "transfer", request, "--to", "Berlin")
    assert "from DEFAULT to Berlin" in moved.out
    again = portal.done("portal", "transfer", request, "--to", "Berlin", "--json").json
    assert (again["again"], again["moved"]) == (True, [])
    listed = json.loads(portal.done("portal", "list", "--va", "Berlin", "--json").out)["reservations"]
    assert [each["reserved"] for each in listed] == [2]


def test_an_order_that_is_too_small_for_what_is_out_says_so(portal: PortalDesk) -> None:
    portal.reserved()
    corrected = portal.done("portal", "license", "correct", "ROUTING", "99", "--order", "PO-1")
    assert "Insufficient: 1 more are out" in corrected.err
    assert "SHORTFALL" in portal.done("portal", "license", "list").out
    kinds = [each["kind"] for each in portal.done("portal", "events", "--json").json["events"]]
    assert kinds[-2:] == ["license-corrected", "insufficient"]


def test_policy_is_shown_and_changed(portal: PortalDesk) -> None:
    assert portal.done("portal", "policy", "--json").json == {
        "rehosts": 3,
        "rehost_share": 10,
        "margin_days": None,
        "agreements": "optional",
        "in_doubt_days": 30,
        "quota_near": 80,
    }
    portal.done("portal", "policy", "--rehost-share", "20", "--margin", "14", "--in-doubt", "9")
    changed = {
        "rehosts": 3,
        "rehost_share": 20,
        "margin_days": 14,
        "agreements": "optional",
        "in_doubt_days": 9,
        "quota_near": 80,
    }
    assert portal.done("portal", "policy", "--json").json == changed
    assert "hold for 14 more days" in portal.done("portal", "policy").out
    portal.done("portal", "policy", "--margin", "never")
    assert portal.done("portal", "policy", "--json").json == {**changed, "margin_days": None}


def test_a_line_for_a_time_comes_home_after_the_margin(portal: PortalDesk) -> None:
    portal.done("portal", "policy", "--margin", "2")
    request = portal.requested()
    reserved = portal.done("portal", "reserve", request, "--as-requested", "--for-days", "30", "--json")
    (line,) = reserved.json["lines"]
    assert line["term"] == {"start": "2026-03-02", "end": "2026-03-31"}
    again = portal.done("portal", "reserve", request, "--as-requested", "--until", "2026-03-31")
    assert again.line == reserved.json["code"]
    portal.done("portal", "accept", portal.done("device", "install", again.line).line)
    assert "Frees by itself  from 2026-04-03 on" in portal.done("portal", "show", request).out
    assert portal.done("portal", "sweep").out == "Nothing was due.\n"
    portal.wait(days=31)
    assert portal.run("device", "check", "ROUTING").code == 1

    def reserved_now() -> list[int]:
        listed = portal.done("portal", "license", "list", "--json").json["licenses"]
        return [each["counts"]["reserved"] for each in listed if each["tag"] == "ROUTING"]

    assert reserved_now() == [2]
    portal.wait(days=1)
    assert reserved_now() == [0]
    nothing = {"lots": 0, "reservations": 0, "alerts_opened": 0, "alerts_closed": 0}
    assert portal.done("portal", "sweep", "--json").json == {**nothing, "reservations": 1}
    assert portal.done("portal", "sweep", "--json").json == nothing
    assert portal.done("portal", "events", "--json").json["events"][-1]["kind"] == "line-ended"
    assert reserved_now() == [0]
    longer = portal.done("portal", "update", request, "--license", "ROUTING=2", "--until", "2026-12-31")
    portal.done("device", "install", longer.line)
    assert portal.run("device", "check", "ROUTING").code == 0
