"""Every refusal of the install order, through the command line: message, exit code, and nothing written.

The order is that of the protocol: malformed, newer version, unknown issuer, revoked issuer, bad signature or
other device, already returned, older sequence (or an equal one with other content), another portal, changed
hardware. Dates come last and refuse nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from codec.codes import Line, Term
from codec.envelope import decode_body, to_text
from codec.parity import PARITY_CHARACTERS
from tests.cli.desk import HARDWARE, Desk, require_refusal, told
from tests.cli.vendor import ACME, ACME_NEXT, LINES, OTHER, mistyped

MORE = (*LINES, Line("VPN", 5))


def requested(desk: Desk) -> str:
    return desk.done("device", "request", "--want", "ROUTING=2").line


def installed(desk: Desk, number: int = 1) -> str:
    request = requested(desk)
    desk.done("device", "install", ACME.authorize(request, number=number))
    return request


# Each prepares a device and returns the code that it must refuse.


def _garbage(desk: Desk) -> str:
    requested(desk)
    return "HELLO W0RLD HELLO W0RLD HELLO W0RLD"


def _beyond_repair(desk: Desk) -> str:
    code = ACME.authorize(requested(desk))
    return mistyped(code, *range(8, 60, 4))


def _newer_version(desk: Desk) -> str:
    code = decode_body(ACME.authorize(requested(desk))[:-PARITY_CHARACTERS])
    return to_text(bytes((code.payload[0] + 1,)) + code.payload[1:], code.signature)


def _wrong_kind(desk: Desk) -> str:
    return requested(desk)


def _unknown_issuer(desk: Desk) -> str:
    return OTHER.authorize(requested(desk))


def _revoked_issuer(desk: Desk) -> str:
    request = requested(desk)
    issuers = (ACME.issuer, ACME_NEXT.issuer)
    trust = ACME.trust(2, issuers=issuers, revoked=(ACME.issuer.verifying_key.id,))
    desk.done("device", "install", trust)
    return ACME.authorize(request)


def _other_device(desk: Desk) -> str:
    requested(desk)
    trust = str(desk.path("trust.txt"))
    desk.done("device", "init", "--pid", "RTR-900", "--sn", "OTHER", "--trust", trust, on="spare")
    return ACME.authorize(desk.done("device", "request", on="spare").line)


def _forged(desk: Desk) -> str:
    return replace(ACME, portal_id=b"portal-9").authorize(requested(desk))


def _returned(desk: Desk) -> str:
    request = installed(desk)
    desk.done("device", "return", "--yes")
    return ACME.authorize(request, number=2, lines=MORE)


def _cancelled(desk: Desk) -> str:
    request = requested(desk)
    desk.done("device", "cancel")
    return ACME.authorize(request)


def _older(desk: Desk) -> str:
    return ACME.authorize(installed(desk, number=3), number=2)


def _same_number(desk: Desk) -> str:
    return ACME.authorize(installed(desk), lines=MORE)


def _other_portal(desk: Desk) -> str:
    request = installed(desk)
    moved = replace(ACME, portal_id=b"portal-9")
    desk.done("device", "install", moved.trust(2))
    return moved.authorize(request, number=2)


def _other_hardware(desk: Desk) -> str:
    code = ACME.authorize(requested(desk))
    desk.hardware["router"] = dict(HARDWARE["spare"])
    return code


def _older_trust(desk: Desk) -> str:
    desk.done("device", "install", ACME.trust(3))
    return ACME.trust(2)


def _foreign_trust(desk: Desk) -> str:
    return OTHER.trust(9)


REFUSALS: dict[str, tuple[Callable[[Desk], str], int, str, str, str]] = {
    # what: how, exit code, error code, words of the message, words of the hint
    "malformed": (_garbage, 3, "malformed", "code", ""),
    "beyond repair": (_beyond_repair, 3, "malformed", "", ""),
    "newer version": (_newer_version, 3, "newer-version", "newer version of Tallystick", ""),
    "a request": (_wrong_kind, 4, "wrong-kind", "request code", "starts with A"),
    "unknown issuer": (_unknown_issuer, 4, "unknown-issuer", "issuer", "trust code"),
    "revoked issuer": (_revoked_issuer, 4, "revoked-issuer", "revoked", "portal"),
    "other device": (_other_device, 4, "other-device", "device", ""),
    "forged": (_forged, 4, "not-genuine", "", ""),
    "already returned": (_returned, 1, "already-returned", "gave back", "new request"),
    "cancelled": (_cancelled, 1, "already-returned", "gave back", "new request"),
    "older sequence": (_older, 1, "older-sequence", "older", "reissue"),
    "equal sequence, other content": (_same_number, 1, "sequence-conflict", "other content", "portal"),
    "another portal": (_other_portal, 4, "other-portal", "another portal", "portal"),
    "changed hardware": (_other_hardware, 1, "hardware-changed", "hardware", ""),
    "older trust code": (_older_trust, 1, "older-trust", "older", "newest"),
    "foreign trust code": (_foreign_trust, 4, "not-genuine", "", ""),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_install_refuses(device: Desk, what: str) -> None:
    prepare, exit_code, error_code, message, hint = REFUSALS[what]

    def install(desk: Desk) -> tuple[str, ...]:
        return "device", "install", prepare(desk)

    refused, as_json = require_refusal(device, (install, exit_code, error_code, message, hint))
    assert refused.err == told(as_json)
    assert as_json.err == ""


def test_the_order_of_the_checks(device: Desk) -> None:
    """A code with several faults gets the error of the first one in the protocol's order."""
    request = installed(device, number=3)
    older = ACME.authorize(request, number=2)
    older_elsewhere = replace(ACME, portal_id=b"portal-9")
    device.hardware["router"] = dict(HARDWARE["spare"])

    def error_for(code: str) -> object:
        return device.run("device", "install", code, "--json").json["error"]["code"]

    assert error_for(ACME.authorize(request, number=4)) == "hardware-changed"
    assert error_for(older) == "older-sequence"
    device.done("device", "install", older_elsewhere.trust(2))
    assert error_for(older_elsewhere.authorize(request, number=4)) == "other-portal"
    assert error_for(older_elsewhere.authorize(request, number=2)) == "older-sequence"
    device.done("device", "return", "--yes")
    assert error_for(older_elsewhere.authorize(request, number=2)) == "already-returned"
    assert error_for(ACME.authorize(request, number=2)) == "not-genuine"
    device.done("device", "install", older_elsewhere.trust(3, revoked=(ACME.issuer.verifying_key.id,)))
    assert error_for(older_elsewhere.authorize(request, number=2)) == "revoked-issuer"
    assert error_for(OTHER.authorize(request)) == "unknown-issuer"
    assert error_for(_newer_of(OTHER.authorize(request))) == "newer-version"


def _newer_of(code: str) -> str:
    read = decode_body(code[:-PARITY_CHARACTERS])
    return to_text(bytes((read.payload[0] + 1,)) + read.payload[1:], read.signature)


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [(date(2026, 6, 1), date(2027, 5, 31), "begins"), (date(2025, 1, 1), date(2025, 12, 31), "ended")],
)
def test_dates_refuse_nothing(device: Desk, start: date, end: date, word: str) -> None:
    code = ACME.authorize(requested(device), lines=(Line("ROUTING", 2, Term(start, end)),))
    done = device.done("device", "install", code)
    assert done.line.startswith("C")
    assert word in done.err
    assert device.run("device", "check", "ROUTING").code == 1


def test_installing_again_shows_the_same_confirmation(device: Desk) -> None:
    code = ACME.authorize(requested(device))
    first = device.done("device", "install", code)
    before = device.snapshot()
    again = device.done("device", "install", code)
    assert again.line == first.line == device.done("device", "confirmation").line
    assert "installed before" in again.err
    assert device.snapshot() == before
