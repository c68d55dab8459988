"""Every refusal of a device command but `install`: message, exit code, and nothing written.

Those of `install` are in `test_install_refusals`, those of damaged and busy state in `test_state`.
"""

from collections.abc import Callable
from datetime import date

import pytest

from codec.codes import Line, Term
from tests.cli.desk import HARDWARE, Desk, require_refusal, told
from tests.cli.vendor import ACME, OTHER

Argv = tuple[str, ...]
INIT = ("device", "init", "--pid", "RTR-900", "--sn", "FDO9")


def _pending(desk: Desk) -> str:
    return desk.done("device", "request", "--want", "ROUTING=2").line


def _installed(desk: Desk) -> str:
    code = ACME.authorize(_pending(desk))
    desk.done("device", "install", code)
    return code


# Each prepares the desk and returns the command that must be refused.


def _request_while_reserved(desk: Desk) -> Argv:
    _installed(desk)
    return "device", "request", "--want", "ROUTING=2"


def _other_request(desk: Desk) -> Argv:
    _pending(desk)
    return "device", "request", "--want", "ROUTING=3"


def _universal_instead(desk: Desk) -> Argv:
    _pending(desk)
    return "device", "request", "--universal"


def _copied_folder(desk: Desk) -> Argv:
    desk.hardware["router"] = dict(HARDWARE["spare"])
    return "device", "request"


def _want_and_universal(_: Desk) -> Argv:
    return "device", "request", "--universal", "--want", "ROUTING"


def _want_no_number(_: Desk) -> Argv:
    return "device", "request", "--want", "ROUTING=two"


def _want_twice(_: Desk) -> Argv:
    return "device", "request", "--want", "ROUTING=2", "--want", "ROUTING"


def _want_none(_: Desk) -> Argv:
    return "device", "request", "--want", "ROUTING=0"


def _want_too_many(_: Desk) -> Argv:
    return "device", "request", "--want", f"ROUTING={2**24}"


def _want_no_tag(_: Desk) -> Argv:
    return "device", "request", "--want", "RÖUTING"


def _cancel_nothing(_: Desk) -> Argv:
    return "device", "cancel"


def _cancel_installed(desk: Desk) -> Argv:
    _installed(desk)
    return "device", "cancel"


def _cancel_returned(desk: Desk) -> Argv:
    _installed(desk)
    desk.done("device", "return", "--yes")
    return "device", "cancel"


def _return_nothing(_: Desk) -> Argv:
    return "device", "return", "--yes"


def _return_unasked(desk: Desk) -> Argv:
    _installed(desk)
    return "device", "return"


def _return_for_no_reason(desk: Desk) -> Argv:
    _installed(desk)
    return "device", "return", "--yes", "--reason", "boredom"


def _return_another_authorization(desk: Desk) -> Argv:
    # A genuine one, for an earlier reservation of the same device.
    earlier = _installed(desk)
    desk.done("device", "return", "--yes")
    _pending(desk)
    return "device", "return", "--yes", "--authorization", earlier


def _return_a_strangers_authorization(desk: Desk) -> Argv:
    request = _pending(desk)
    return "device", "return", "--yes", "--authorization", OTHER.authorize(request)


def _confirm_nothing(desk: Desk) -> Argv:
    _pending(desk)
    return "device", "confirmation"


def _no_such_code(desk: Desk) -> Argv:
    _pending(desk)
    return "device", "codes", "2"


def _no_device(desk: Desk) -> Argv:
    return "device", "request", "--home", str(desk.path("nowhere"))


def _init_again(desk: Desk) -> Argv:
    return *INIT, "--trust", str(desk.path("trust.txt"))


def _init_without_trust(desk: Desk) -> Argv:
    return *INIT, "--home", str(desk.path("new")), "--trust", str(desk.path("nothing.txt"))


def _init_with_another_file(desk: Desk) -> Argv:
    return *INIT, "--home", str(desk.path("new")), "--trust", desk.write("no-trust.txt", "hello\n")


def _init_with_changed_words(desk: Desk) -> Argv:
    text = ACME.trust_file()
    words = next(line for line in text.splitlines() if line.startswith("words"))
    changed = desk.write("changed.txt", text.replace(words, "words  " + "able " * 8))
    return *INIT, "--home", str(desk.path("new")), "--trust", changed


def _init_with_foreign_trust(desk: Desk) -> Argv:
    """The trust code of one root under the key of another."""
    text = ACME.trust_file().replace(ACME.trust(), OTHER.trust())
    return *INIT, "--home", str(desk.path("new")), "--trust", desk.write("mixed.txt", text)


def _init_with_bad_catalogue(desk: Desk) -> Argv:
    catalogue = desk.write("catalogue.txt", "ROUTING\nROUTING\n")
    trust = str(desk.path("trust.txt"))
    return *INIT, "--home", str(desk.path("new")), "--trust", trust, "--catalogue", catalogue


def _init_with_bad_serial(desk: Desk) -> Argv:
    trust = str(desk.path("trust.txt"))
    return "device", "init", "--pid", "P", "--sn", "ü", "--home", str(desk.path("new")), "--trust", trust


def _init_with_more_than_there_is(desk: Desk) -> Argv:
    desk.hardware["router"] = {"machine id": "1"}
    trust = str(desk.path("trust.txt"))
    return *INIT, "--home", str(desk.path("new")), "--trust", trust, "--match", "3"


REFUSALS: dict[str, tuple[Callable[[Desk], Argv], int, str, str, str]] = {
    # what: how, exit code, error code, words of the message, words of the hint
    "request while reserved": (_request_while_reserved, 1, "wrong-state", "already", "device return"),
    "another request": (_other_request, 1, "request-pending", "pending", "device cancel"),
    "universal instead": (_universal_instead, 1, "request-pending", "pending", "device cancel"),
    "copied folder": (_copied_folder, 1, "hardware-changed", "copied", "initialise"),
    "want and universal": (_want_and_universal, 2, "usage", "--universal", "Leave one"),
    "want no number": (_want_no_number, 2, "usage", "TAG=N", "ROUTING=2"),
    "want twice": (_want_twice, 2, "usage", "twice", "once"),
    "want none": (_want_none, 2, "field", "1 to 16777215", "bounds"),
    "want too many": (_want_too_many, 2, "field", "1 to 16777215", "bounds"),
    "want what is no tag": (_want_no_tag, 2, "field", "tag", ""),
    "cancel nothing": (_cancel_nothing, 1, "wrong-state", "No request", "nothing to cancel"),
    "cancel what is installed": (_cancel_installed, 1, "wrong-state", "installed", "device return"),
    "cancel what was returned": (_cancel_returned, 1, "wrong-state", "No request", "nothing to cancel"),
    "return nothing": (_return_nothing, 1, "wrong-state", "no reservation", "nothing to give back"),
    "return without being asked": (_return_unasked, 2, "usage", "Nothing was done", "--yes"),
    "return for no reason": (_return_for_no_reason, 2, "usage", "--reason", "moved"),
    "return with another authorization": (
        _return_another_authorization,
        4,
        "other-device",
        "--authorization",
        "leave --authorization out",
    ),
    "return with a stranger's": (_return_a_strangers_authorization, 4, "unknown-issuer", "issuer", ""),
    "confirm nothing": (_confirm_nothing, 1, "wrong-state", "no confirmation", "device request"),
    "no such code": (_no_such_code, 1, "unknown-name", "no number 2", "device codes"),
    "no device": (_no_device, 1, "not-initialised", "nowhere", "device init"),
    "init again": (_init_again, 1, "already-initialised", "already", ""),
    "init without a trust file": (_init_without_trust, 2, "usage", "cannot be read", ""),
    "init with another file": (_init_with_another_file, 4, "trust-file", "", "portal trust"),
    "init with changed words": (_init_with_changed_words, 4, "trust-file", "words", ""),
    "init with foreign trust": (_init_with_foreign_trust, 4, "trust-file", "", ""),
    "init with a bad catalogue": (_init_with_bad_catalogue, 2, "usage", "no catalogue", "once"),
    "init with a bad serial number": (_init_with_bad_serial, 2, "field", "serial number", ""),
    "init with more than there is": (_init_with_more_than_there_is, 2, "setup", "3", "--match"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_the_device_refuses(device: Desk, what: str) -> None:
    refused, as_json = require_refusal(device, REFUSALS[what])
    assert refused.err == told(as_json)
    assert not device.path("new").exists()


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "what?\n"])
def test_a_person_who_does_not_say_yes_gives_nothing_back(device: Desk, answer: str) -> None:
    _installed(device)
    before = device.snapshot()
    asked = device.run("device", "return", terminal=True, stdin=answer)
    assert asked.code == 1
    assert "Nothing was given back" in asked.err
    assert device.snapshot() == before
    assert device.run("device", "check", "ROUTING").code == 0


NOT_LICENSED: dict[str, tuple[Callable[[Desk], object], Argv, str]] = {
    "nothing requested": (lambda _: None, ("ROUTING",), "no reservation"),
    "requested": (_pending, ("ROUTING",), "pending"),
    "another tag": (_installed, ("TELEPORT",), "TELEPORT"),
    "too few": (_installed, ("ROUTING", "--count", "3"), "2 of ROUTING licensed, 3 needed"),
    "given back": (_cancel_returned, ("ROUTING",), "given back"),
}


@pytest.mark.parametrize("what", NOT_LICENSED)
def test_what_is_not_licensed_exits_1_and_says_why(device: Desk, what: str) -> None:
    prepare, argv, reason = NOT_LICENSED[what]
    prepare(device)
    before = device.snapshot()
    refused = device.run("device", "check", *argv)
    assert refused.code == 1
    assert reason in refused.out
    record = device.run("device", "check", *argv, "--json").json
    assert record["licensed"] is False
    assert reason in record["reason"]
    assert device.snapshot() == before


def test_on_other_hardware_nothing_is_licensed(device: Desk) -> None:
    _installed(device)
    device.hardware["router"] = dict(HARDWARE["spare"])
    refused = device.run("device", "check", "ROUTING")
    assert refused.code == 1
    assert "hardware" in refused.out


def test_a_result_that_cannot_be_written_exits_6_and_the_command_is_done(device: Desk) -> None:
    failed = device.run("device", "request", "--out", "/dev/full")
    assert failed.code == 6
    assert "The command itself is done" in failed.err
    assert device.run("device", "request", "--out", "/dev/full", "--json").json["error"]["code"] == "output"
    assert device.done("device", "request").line == failed.line


def test_an_end_is_told_before_it_comes(device: Desk) -> None:
    ends = date(2026, 3, 31)
    lines = (Line("ROUTING", 2, Term(date(2026, 3, 1), ends)), Line("VPN", 1))
    device.done("device", "install", ACME.authorize(_pending(device), lines=lines))
    before = device.snapshot()
    for ahead, exit_code in (("0", 0), ("29", 0), ("30", 1), ("36500", 1)):
        assert device.run("device", "check", "ROUTING", "--ahead", ahead).code == exit_code, ahead
    refused = device.run("device", "check", "ROUTING", "--ahead", "30")
    assert "On 2026-04-01 (UTC): 0 of ROUTING licensed" in refused.out
    assert "ended on 2026-03-31" in refused.out
    assert (
        device.done("device", "check", "VPN", "--ahead", "36500").out
        == "On 2126-02-06 (UTC): 1 of VPN licensed.\n"
    )
    assert device.run("device", "check", "VPN", "--ahead", "-1").code == 2
    device.now = device.now.replace(year=9990)
    assert device.run("device", "check", "VPN", "--ahead", "36500", "--json").json["licensed"] is True
    assert device.snapshot() == before


def test_the_status_on_other_hardware_says_what_to_do_there(device: Desk) -> None:
    device.done("device", "install", ACME.authorize(device.done("device", "request").line))
    assert "Carry the confirmation code" in device.done("device", "status").err
    device.hardware["router"] = dict(HARDWARE["spare"])
    shown, record = device.done("device", "status"), device.done("device", "status", "--json").json
    assert "None of these lines counts" in shown.out
    assert "Carry the confirmation code" not in shown.err
    for way in ("tallystick device init", "tallystick device return", "tallystick device request"):
        assert way in shown.err
        assert way in record["next"]
