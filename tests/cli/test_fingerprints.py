"""Both ends see the same fingerprint of the same code, and other words for anything else."""

import re
from pathlib import Path

import pytest

from tests.cli.desk import Outcome
from tests.cli.portal_desk import PortalDesk


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def said(outcome: Outcome) -> dict[str, str]:
    """Return the fingerprints that a person is told."""
    found: dict[str, str] = dict(
        re.findall(r"^Fingerprint of the (\w+): ((?:[a-z]+ ?){8})$", outcome.err, re.MULTILINE)
    )
    return found


def shown(outcome: Outcome) -> dict[str, str]:
    """Return the fingerprints in a table."""
    return dict(re.findall(r"^Fingerprint (\w) +([a-z ]+)$", outcome.out, re.MULTILINE))


def test_both_ends_see_the_same_words(portal: PortalDesk) -> None:
    trust = ("--trust", portal.trust)
    asked = portal.done("device", "request", "--want", "ROUTING=2")
    request = asked.line
    assert set(said(asked)) == {"request"}
    waiting = portal.done("device", "status")
    assert shown(waiting) == {"Q": said(asked)["request"]}

    answered = portal.done("portal", "reserve", request, "--as-requested")
    assert said(answered)["request"] == said(asked)["request"]
    assert set(said(answered)) == {"request", "authorization"}
    again = portal.done("portal", "reissue", request)
    assert said(again) == said(answered)

    installed = portal.done("device", "install", answered.line)
    assert said(installed)["authorization"] == said(answered)["authorization"]
    both = {"Q": said(asked)["request"], "A": said(answered)["authorization"]}
    assert shown(portal.done("device", "status")) == both
    assert shown(portal.done("portal", "show", request)) == both

    accepted = portal.done("portal", "accept", installed.line)
    assert said(accepted) == {"confirmation": said(installed)["confirmation"]}
    explained = portal.done(
        "code", "explain", installed.line, *trust, "--request", request, "--authorization", answered.line
    )
    assert said(installed)["confirmation"] in explained.out

    returned = portal.done("device", "return", "--yes")
    assert said(portal.done("portal", "accept", returned.line)) == said(returned)
    everything = [*said(asked).values(), *said(installed).values(), *said(returned).values()]
    assert len(set(everything)) == 4


def test_scripts_see_the_same_words(portal: PortalDesk) -> None:
    def fingerprints(*argv: str) -> dict[str, str]:
        record = portal.done(*argv, "--json").json
        return {kind: " ".join(words) for kind, words in record["fingerprints"].items() if words}

    request = portal.requested()
    mine = fingerprints("device", "request", "--want", "ROUTING=2")
    answer = fingerprints("portal", "reserve", request, "--as-requested")
    assert answer["request"] == mine["request"]
    code = portal.done("portal", "reissue", request).line
    installed = fingerprints("device", "install", code)
    assert installed["authorization"] == answer["authorization"]
    assert fingerprints("device", "status") == answer
    assert fingerprints("portal", "show", request) == answer
    confirmation = portal.done("device", "confirmation").line
    taken = fingerprints("portal", "accept", confirmation)
    assert taken == {"confirmation": installed["confirmation"]}
    codes = portal.done("portal", "show", request, "--json").json["codes"]
    assert {code["kind"]: " ".join(code["fingerprint"]) for code in codes} == {**answer, **taken}


def test_an_update_shows_the_newest(portal: PortalDesk) -> None:
    request, _, _ = portal.confirmed()
    first = shown(portal.done("portal", "show", request))
    updated = portal.done("portal", "update", request, "--license", "ROUTING=3")
    second = shown(portal.done("portal", "show", request))
    assert second == {"Q": first["Q"], "A": said(updated)["authorization"]}
    assert second["A"] != first["A"]


def test_quiet_is_quiet(portal: PortalDesk) -> None:
    assert portal.done("device", "request", "-q").err == ""


def test_a_replacement_sees_them_too(portal: PortalDesk) -> None:
    failed, _, _ = portal.confirmed()
    portal.join("spare", "FDO2")
    asked = portal.done("device", "request", on="spare")
    portal.done("portal", "rehost", failed, asked.line, "--reason", "burnt", "--evidence", "witness")
    portal.environ["TALLYSTICK_USER"] = "alex"
    approved = portal.done("portal", "approve", failed)
    assert said(approved)["request"] == said(asked)["request"]
    installed = portal.done("device", "install", approved.line, on="spare")
    assert said(installed)["authorization"] == said(approved)["authorization"]
    again = portal.done("portal", "approve", failed, "--json").json["fingerprints"]
    assert " ".join(again["authorization"]) == said(approved)["authorization"]
