"""What a person reads when a code was mistyped, lost in part, or pasted with other text."""

import pytest

from codec.grouping import grouped, groups_of
from tests.cli.desk import Desk
from tests.cli.vendor import ACME, mistyped


@pytest.fixture
def request_code(device: Desk) -> str:
    return device.done("device", "request", "--want", "ROUTING=2").line


@pytest.fixture
def authorization(request_code: str) -> str:
    return ACME.authorize(request_code)


def companions(device: Desk, request_code: str) -> tuple[str, ...]:
    return ("--trust", str(device.path("trust.txt")), "--request", request_code)


def test_a_lost_character_is_repaired_when_it_is_accepted(device: Desk, authorization: str) -> None:
    typed = grouped(authorization[:50] + authorization[51:])
    before = device.snapshot()
    refused = device.run("device", "install", "-", stdin=typed)
    assert refused.code == 3
    assert "With this repaired, it is genuine:" in refused.err
    assert "a character is missing in group 13, in line 3: you typed " in refused.err
    assert f"the code has {groups_of(authorization)[12]}" in refused.err
    assert "(group 13), which nobody accepted" in refused.err
    assert device.snapshot() == before
    assert device.run("device", "install", "-", "--accept-repair", stdin=typed).code == 0


def test_repairs_are_told_to_scripts(device: Desk, authorization: str) -> None:
    lines = grouped(authorization).split("\n")
    lines[1], lines[2] = lines[2], lines[1]
    refused = device.run("device", "install", "-", "--json", stdin="\n".join(lines))
    assert refused.code == 3
    assert refused.json["error"]["repairs"] == [
        {
            "damage": "swapped-lines",
            "group": 2,
            "other": 3,
            "line": None,
            "typed": "",
            "meant": "",
            "words": "lines 2 and 3 were swapped",
        }
    ]
    assert "(lines 2 and 3 were swapped)" in refused.json["error"]["message"]


def test_a_code_among_other_text_is_installed_without_a_word(device: Desk, authorization: str) -> None:
    mail = f"Dear Bob,\nhere is the code:\n\n{grouped(authorization)}\n\nRegards,\nAlice"
    done = device.done("device", "install", "-", stdin=mail)
    assert "damaged" not in done.err


def test_of_two_codes_the_right_one_is_installed_and_that_is_said(
    device: Desk, request_code: str, authorization: str
) -> None:
    done = device.done("device", "install", "-", stdin=f"{request_code}\n\n{authorization}")
    assert "a request code and an authorization code; the authorization code was taken." in done.err


def test_what_is_beyond_repair_names_the_longer_search(device: Desk, authorization: str) -> None:
    typed = mistyped(authorization, 5, 20, 33, 47, 60, 72, 90)
    refused = device.run("device", "install", typed)
    assert refused.code == 3
    assert "damaged beyond repair" in refused.err
    assert "add --search" in refused.err
    again = device.run("device", "install", typed, "--search")
    assert again.code == 3
    assert "add --search" not in again.err


def test_a_longer_search_finds_more(device: Desk, authorization: str) -> None:
    groups = list(groups_of(authorization))
    groups.insert(20, groups.pop(5))
    moved = "".join(groups)
    assert device.run("device", "install", moved, "--accept-repair").code == 3
    found = device.run("device", "install", moved, "--accept-repair", "--search")
    assert found.code == 0
    assert "group 6 stood in the wrong place: it was typed as group 21" in found.err


def test_repair_finds_more_with_what_belongs_to_the_code(
    device: Desk, request_code: str, authorization: str
) -> None:
    typed = mistyped(authorization, 5, 20, 33, 47, 60)
    alone = device.run("code", "repair", typed, "--accept-repair")
    assert alone.code == 3
    assert "With the codes that belong to it, and the trust file, more can be repaired." in alone.err
    done = device.run("code", "repair", typed, "--accept-repair", *companions(device, request_code))
    assert done.code == 0
    assert done.line == authorization
    assert "With these 5 places repaired, it is genuine:" in done.err
    asked = mistyped(request_code, 5, 20, 33, 47, 60)
    assert device.run("code", "repair", asked, "--accept-repair").line == request_code
