"""`code explain`, `verify`, `repair` and `qr`: what a code says, and whether it is genuine."""

from dataclasses import replace
from datetime import date

import pytest

from codec import qr, scan
from codec.codes import Line, Term
from tests.cli.desk import Desk
from tests.cli.vendor import ACME, ACME_NEXT, OTHER, mistyped


@pytest.fixture
def codes(device: Desk) -> dict[str, str]:
    """A code of each kind, of one reservation."""
    codes = {"request": device.done("device", "request", "--want", "ROUTING=2", "--want", "CRYPTO").line}
    codes["authorization"] = ACME.authorize(codes["request"])
    codes["confirmation"] = device.done("device", "install", codes["authorization"]).line
    codes["return"] = device.done("device", "return", "--yes", "--reason", "moved").line
    codes["trust"] = ACME.trust(2)
    return codes


def companions(device: Desk, codes: dict[str, str]) -> tuple[str, ...]:
    return (
        "--trust",
        str(device.path("trust.txt")),
        "--request",
        codes["request"],
        "--authorization",
        device.write("a.txt", codes["authorization"]),
    )


KINDS = ("request", "authorization", "confirmation", "return", "trust")
NEEDED = {
    "request": set[str](),
    "authorization": {"--request", "--trust"},
    "confirmation": {"--request", "--authorization"},
    "return": {"--request"},
    "trust": {"--trust"},
}


# --- explain -----------------------------------------------------------------------------------


def test_a_request_in_words(device: Desk, codes: dict[str, str]) -> None:
    out = device.done("code", "explain", codes["request"]).out
    assert out.startswith("Request code (format 1)\n")
    for words in (
        "Product id      RTR-900",
        "Serial number   FDO2547A1B2",
        "3 of 5 components must match",
        "2026-03-02 03:00 UTC",
        "1 of this device",
        "Holds, by the key inside",
        "ROUTING      2",
        "will be called ",
    ):
        assert words in out
    words = next(line for line in out.splitlines() if line.startswith("Words"))
    assert len(words.split()) == 9


def test_an_authorization_in_words(device: Desk, codes: dict[str, str]) -> None:
    out = device.done("code", "explain", codes["authorization"]).out
    assert "authorization number 1 of its reservation" in out
    assert "Not checked: that needs the request code and the trust file." in out
    assert "Words" not in out
    assert "ROUTING      2  perpetual" in out


def test_a_return_in_words(device: Desk, codes: dict[str, str]) -> None:
    out = device.done("code", "explain", codes["return"]).out
    for words in ("Reason          moved", "as in the request", "authorization number 1", "follows link "):
        assert words in out
    device.done("device", "request")
    never = device.done("device", "cancel").line
    assert "nothing was ever installed" in device.done("code", "explain", never).out


def test_a_trust_code_in_words(device: Desk) -> None:
    code = ACME.trust(7, issuers=(ACME.issuer, ACME_NEXT.issuer), revoked=(ACME.issuer.verifying_key.id,))
    out = device.done("code", "explain", code).out
    assert "Serial        7" in out
    assert ACME.issuer.verifying_key.id.hex() in out
    assert "from 2026-01-01" in out


@pytest.mark.parametrize("kind", KINDS)
def test_with_its_companions_every_code_is_proved(device: Desk, codes: dict[str, str], kind: str) -> None:
    record = device.done("code", "explain", codes[kind], "--json", *companions(device, codes)).json
    assert record["kind"] == kind
    assert record["verified"] is True
    assert len(record["fingerprint"]) == 8
    assert record["signature"].startswith("Holds")
    alone = device.done("code", "explain", codes[kind], "--json").json
    assert alone["verified"] is (kind == "request")
    assert alone["fields"] == record["fields"]
    if kind != "request":
        assert alone["id"] is None
        assert alone["signature"].startswith("Not checked")


def test_a_signature_that_does_not_hold_is_said(device: Desk, codes: dict[str, str]) -> None:
    forged = replace(ACME, portal_id=b"portal-9").authorize(codes["request"])
    out = device.done("code", "explain", forged, *companions(device, codes)).out
    assert "Does not hold: " in out


def test_an_update_against_the_one_before(device: Desk, codes: dict[str, str]) -> None:
    term = Term(date(2026, 1, 1), date(2026, 12, 31))
    lines = (Line("ROUTING", 5), Line("VPN", 3, term, export_controlled=True))
    after = ACME.authorize(codes["request"], number=2, lines=lines)
    out = device.done("code", "explain", after, "--before", codes["authorization"]).out
    table = out.partition("Changed since the authorization before:\n")[2].splitlines()
    assert [line.split()[:3] for line in table] == [
        ["TAG", "BEFORE", "AFTER"],
        ["CRYPTO", "1", "0"],
        ["ROUTING", "2", "5"],
        ["VPN", "0", "3"],
    ]
    assert "export-controlled" in table[3]
    record = device.done("code", "explain", after, "--before", codes["authorization"], "--json").json
    assert record["changes"][2] == {
        "tag": "VPN",
        "term": {"start": "2026-01-01", "end": "2026-12-31"},
        "before": 0,
        "after": 3,
    }
    same = device.done("code", "explain", after, "--before", after).out
    assert "Nothing: the lines are the same." in same
    assert device.run("code", "explain", codes["request"], "--before", after).code == 2


def test_numbered_tags_are_spelled_with_a_catalogue(device: Desk, codes: dict[str, str]) -> None:
    catalogue = device.write("catalogue.txt", "ROUTING\nCRYPTO\n")
    other = device.write("other.txt", "VPN\nCRYPTO\n")
    argv = ("device", "init", "--pid", "P", "--sn", "S", "--trust", str(device.path("trust.txt")))
    device.done(*argv, "--catalogue", catalogue, on="spare")
    request = device.done("device", "request", "--want", "CRYPTO=4", on="spare").line
    assert "#1          4" in device.done("code", "explain", request).out
    assert "CRYPTO      4" in device.done("code", "explain", request, "--catalogue", catalogue).out
    assert "#1          4" in device.done("code", "explain", request, "--catalogue", other).out
    numbered = ACME.authorize(request, lines=(Line(0, 2),))
    assert "#0" in device.done("code", "explain", numbered).out
    assert "ROUTING" in device.done("code", "explain", numbered, "--catalogue", catalogue).out


def test_a_damaged_code_is_repaired_by_its_parity_and_asked_about(
    device: Desk, codes: dict[str, str]
) -> None:
    typed = mistyped(codes["authorization"], 20)
    refused = device.run("code", "explain", typed)
    assert refused.code == 3
    assert "which is no proof" in refused.err
    shown = device.run("code", "explain", typed, "--accept-repair", "--json")
    assert shown.code == 0
    assert [each["group"] for each in shown.json["repairs"]] == [6]


# --- verify ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_verify_takes_every_kind_with_what_it_needs(device: Desk, codes: dict[str, str], kind: str) -> None:
    done = device.done("code", "verify", codes[kind], "--json", *companions(device, codes))
    assert done.json["genuine"] is True
    assert len(done.json["fingerprint"]) == 8
    alone = device.run("code", "verify", codes[kind], "--json")
    assert alone.code == (2 if NEEDED[kind] else 0)
    if NEEDED[kind]:
        for option in NEEDED[kind]:
            assert option in alone.json["error"]["hint"]


def test_an_authorization_without_its_request_is_usage(device: Desk, codes: dict[str, str]) -> None:
    refused = device.run(
        "code", "verify", codes["authorization"], "--trust", str(device.path("trust.txt")), "--json"
    )
    assert refused.code == 2
    assert refused.json["error"]["hint"] == "Add --request."


def test_verify_refuses_what_is_not_genuine(device: Desk, codes: dict[str, str]) -> None:
    def error_for(code: str, *more: str) -> tuple[int, object]:
        refused = device.run("code", "verify", code, "--json", *more)
        return refused.code, refused.json["error"]["code"]

    known = companions(device, codes)
    assert error_for(OTHER.authorize(codes["request"]), *known) == (4, "unknown-issuer")
    assert error_for(replace(ACME, portal_id=b"portal-9").authorize(codes["request"]), *known) == (
        4,
        "not-genuine",
    )
    second = device.done("device", "request").line
    assert error_for(ACME.authorize(second), *known) == (4, "not-genuine")
    issuers = (ACME.issuer, ACME_NEXT.issuer)
    revoked = (ACME.issuer.verifying_key.id,)
    newer = ACME.trust(3, issuers=issuers, revoked=revoked)
    text = device.path("trust.txt").read_text().replace(ACME.trust(), newer)
    trust = device.write("newer.txt", text)
    argv = ("--trust", trust, "--request", codes["request"])
    assert error_for(codes["authorization"], *argv) == (4, "revoked-issuer")
    assert error_for(OTHER.trust(2), *known) == (4, "not-genuine")
    assert error_for("HELLO", *known) == (3, "malformed")
    assert error_for(codes["authorization"], "--trust", device.write("no.txt", "no")) == (4, "trust-file")
    assert error_for(codes["authorization"], "--request", codes["authorization"], *known[:2]) == (
        4,
        "wrong-kind",
    )


# --- repair, qr --------------------------------------------------------------------------------


def test_repair_gives_the_repaired_code(device: Desk, codes: dict[str, str]) -> None:
    code = codes["return"]
    done = device.run("code", "repair", mistyped(code, 3, 44), "--accept-repair")
    assert done.code == 0
    assert done.line == code
    assert "group 1: " in done.err
    assert device.run("code", "repair", mistyped(code, 3, 44)).code == 3
    sound = device.done("code", "repair", code)
    assert sound.line == code
    asked = device.run("code", "repair", mistyped(code, 3), terminal=True, stdin="y\n")
    assert asked.code == 0


def test_qr_draws(device: Desk, codes: dict[str, str]) -> None:
    code = codes["trust"]
    plain = device.done("code", "qr", code).out
    assert qr.ascii_art(code) in plain
    drawn = device.run("code", "qr", code, terminal=True).out
    assert qr.terminal(code) in drawn
    image = device.path("t.png")
    device.done("code", "qr", code.lower(), "--png", str(image))
    assert scan.read_image(image.read_bytes()) == (code,)
