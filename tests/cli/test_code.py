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
        "Product id        RTR-900",
        "Serial number     FDO2547A1B2",
        "3 of 5 components must match",
        "2026-03-02 03:00 UTC (Mon)",
        "1 of this device",
        "Holds, by the key inside",
        "ROUTING      2",
        "will be called ",
    ):
        assert words in out
    words = next(line for line in out.splitlines() if line.startswith("Fingerprint"))
    assert len(words.split()) == 9


def test_an_authorization_in_words(device: Desk, codes: dict[str, str]) -> None:
    out = device.done("code", "explain", codes["authorization"]).out
    assert "authorization number 1 of its reservation" in out
    assert "Not checked: that needs the request code and the trust file." in out
    covered = "the id of its request, the issuer's public key and the portal id"
    assert f"Fingerprint  not known from the code alone: it covers {covered}, too" in out
    assert "(add --request and --trust)" in out
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
    assert "for issues from 2026-01-01 (Thu) on" in out


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


TERM = Term(date(2026, 1, 1), date(2026, 12, 31))
NEXT_YEAR = Term(date(2027, 1, 1), date(2027, 12, 31))


def test_terms_are_told_as_of_the_clock(device: Desk, codes: dict[str, str]) -> None:
    lines = (Line("ROUTING", 5), Line("VPN", 3, TERM), Line("VPN", 3, NEXT_YEAR, export_controlled=True))
    code = ACME.authorize(codes["request"], lines=lines)
    out = device.done("code", "explain", code).out
    assert "AS OF 2026-03-02" in out
    assert "2026-01-01 (Thu) to 2026-12-31 (Thu)  ends in 304 days" in out
    assert "2027-01-01 (Fri) to 2027-12-31 (Fri)  begins in 305 days  export-controlled" in out
    device.wait(days=304)
    assert "ends today" in device.done("code", "explain", code).out
    device.wait(days=2)
    record = device.done("code", "explain", code, "--json").json
    assert [line["ends_in_days"] for line in record["lines"]] == [None, -2, 363]
    assert record["lines"][0]["as_of"] == "2027-01-02"


def test_an_update_against_the_one_before(device: Desk, codes: dict[str, str]) -> None:
    lines = (Line("ROUTING", 5), Line("VPN", 3, TERM, export_controlled=True))
    after = ACME.authorize(codes["request"], number=2, lines=lines)
    argv = ("code", "explain", after, *companions(device, codes)[:4])
    out = device.done(*argv, "--against", codes["authorization"]).out
    assert out.rpartition("\n\n")[2].splitlines() == [
        "Against authorization 1, issued 2026-03-02 03:00 UTC (Mon):",
        "  CRYPTO: dropped, it was 1 (perpetual)",
        "  ROUTING: raised from 2 to 5 (perpetual)",
        "  VPN: added 3 (2026-01-01 (Thu) to 2026-12-31 (Thu), export-controlled)",
    ]
    record = device.done(*argv, "--before", codes["authorization"], "--json").json
    assert [(each["tag"], each["ways"]) for each in record["changes"]] == [
        ("CRYPTO", ["dropped"]),
        ("ROUTING", ["raised"]),
        ("VPN", ["added"]),
    ]
    assert (record["changes"][2]["before"], record["changes"][2]["after"]) == (0, 3)
    assert record["against"]["verified"] is True
    assert record["against"]["fingerprint"] != record["fingerprint"]
    assert record["doubts"] == []
    kept = ACME.authorize(codes["request"], number=3, lines=(*lines, Line("X", 1)))
    out = device.done("code", "explain", kept, "--against", device.write("b.txt", after)).out
    assert "  X: added 1 (perpetual)\n  2 other lines unchanged.\n" in out
    same = device.done("code", "explain", after, "--against", after).out
    assert "Nothing changes: the lines are the same." in same
    refused = device.run("code", "explain", codes["request"], "--against", after)
    assert refused.code == 2
    assert device.run("code", "explain", after, "--against", codes["request"]).code == 4


def test_what_makes_a_comparison_doubtful_is_said(device: Desk, codes: dict[str, str]) -> None:
    newer = ACME.authorize(codes["request"], number=2)
    out = device.done("code", "explain", codes["authorization"], "--against", newer).out
    assert "The code after --against is the newer one of the two." in out
    assert "The signature of the code after --against: Not checked: " in out
    other = ACME.authorize(device.done("device", "request").line, number=2)
    out = device.done("code", "explain", newer, "--against", other).out
    assert "The two answer different requests." in out
    assert "Both are authorization number 2 of a reservation." in out
    numbered = ACME.authorize(codes["request"], number=3, lines=(Line(0, 2),))
    out = device.done("code", "explain", numbered, "--against", newer).out
    assert "--catalogue tells which are the same" in out
    forged = replace(ACME, portal_id=b"portal-9").authorize(codes["request"])
    out = device.done("code", "explain", newer, "--against", forged, *companions(device, codes)).out
    assert "The signature of the code after --against: Does not hold: " in out


def test_a_repair_of_what_is_compared_is_not_silent(device: Desk, codes: dict[str, str]) -> None:
    after = ACME.authorize(codes["request"], number=2)
    typed = mistyped(codes["authorization"], 20)
    assert device.run("code", "explain", after, "--against", typed).code == 3
    shown = device.run("code", "explain", after, "--against", typed, "--accept-repair", "--json")
    assert [each["group"] for each in shown.json["against"]["repairs"]] == [6]
    request = mistyped(codes["request"], 20)
    shown = device.done("code", "explain", codes["return"], "--request", request)
    assert "The code after --request was damaged. Repaired, it is genuine:\n  group 6: " in shown.err


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
