"""`code cose`: out to other people's tools and back in, by the command line alone."""

from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace

import cwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.cli.desk import Desk
from tests.cli.test_code import KINDS, NEEDED, codes, companions
from tests.cli.vendor import ACME, mistyped

__all__ = ["codes"]


def verified(message: str, key: str, external_aad: str) -> bytes:
    """Let a foreign library verify a message by what the command tells; return its payload."""
    pem = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    payload = cwt.COSE.new().decode(
        bytes.fromhex(message),
        cwt.COSEKey.from_pem(pem, alg="Ed25519"),
        external_aad=bytes.fromhex(external_aad),
    )
    assert isinstance(payload, bytes)
    return payload


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_library_verifies_by_what_is_told(device: Desk, codes: dict[str, str], kind: str) -> None:
    told = device.done("code", "cose", codes[kind], "--json", *companions(device, codes)).json
    payload = verified(told["cose"], told["key"], told["external_aad"])
    assert payload.hex() in told["cose"]
    assert told["verified"] is True
    said = device.done("code", "cose", codes[kind], *companions(device, codes))
    assert said.line == told["cose"]
    assert f"external_aad: {told['external_aad']}\n" in said.err
    assert f"public key: {told['key']}\n" in said.err


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_for_the_aad_is_named(device: Desk, codes: dict[str, str], kind: str) -> None:
    done = device.done("code", "cose", codes[kind])
    told = device.done("code", "cose", codes[kind], "--json").json
    assert {f"--{name}" for name in told["needs"]} == NEEDED[kind]
    assert (told["external_aad"] is None) is bool(NEEDED[kind])
    assert all(option in done.err for option in NEEDED[kind])


def test_a_code_that_is_not_genuine_has_no_aad(device: Desk, codes: dict[str, str]) -> None:
    forged = replace(ACME, portal_id=b"portal-9").authorize(codes["request"])
    done = device.done("code", "cose", forged, *companions(device, codes))
    assert "Its signature does not hold" in done.err
    assert "external_aad: " not in done.err


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_by_every_way(device: Desk, codes: dict[str, str], kind: str) -> None:
    code = codes[kind]
    file = str(device.path("c.cose"))
    device.done("code", "cose", code, "--out", file)
    message = device.path("c.cose").read_bytes()
    assert device.done("code", "cose", code).line == message.hex()
    assert device.done("code", "cose", code, "--base64").line == b64encode(message).decode()
    ways = {
        "a file": file,
        "hex": message.hex(),
        "hex in capitals, in lines": "\n".join(
            message.hex().upper()[at : at + 64] for at in range(0, 2 * len(message), 64)
        ),
        "base64": b64encode(message).decode(),
        "base64 for links, without padding": urlsafe_b64encode(message).decode().rstrip("="),
        "a file of hex": device.write("c.hex", f"{message.hex()}\n"),
    }
    for way, given in ways.items():
        assert device.done("code", "cose", "--import", given).line == code, way
    assert device.done("code", "cose", "--import", "-", stdin=message.hex()).line == code
    back = str(device.path("back.txt"))
    done = device.done("code", "cose", "--import", file, "--out", back, "--json").json
    assert (done["code"], done["files"]) == (code, [back])
    assert device.path("back.txt").read_text() == f"{code}\n"


def test_a_repair_is_asked_about_before_the_export(device: Desk, codes: dict[str, str]) -> None:
    typed = mistyped(codes["return"], 20)
    assert device.run("code", "cose", typed).code == 3
    repaired = device.run("code", "cose", typed, "--accept-repair")
    assert repaired.line == device.done("code", "cose", codes["return"]).line


def test_what_cannot_be_imported(device: Desk, codes: dict[str, str]) -> None:
    message = device.done("code", "cose", codes["request"]).line

    def refused(*argv: str) -> tuple[int, object]:
        before = device.everything()
        outcome = device.run("code", "cose", *argv, "--json")
        assert device.everything() == before
        return outcome.code, outcome.json["error"]["code"]

    assert refused("--import", "no-such-file.cose") == (2, "usage")
    assert refused("--import", message, codes["request"]) == (2, "usage")
    assert refused("--import", message, "--base64") == (2, "usage")
    assert refused("--import", message, "--out", str(device.path("no") / "c.txt")) == (2, "usage")
    assert refused("--import", message[:-2]) == (3, "malformed")
    assert refused("--import", message + "00") == (3, "malformed")
    assert refused("--import", codes["request"]) == (3, "malformed")
    assert refused("--import", device.write("big", "00" * 200_000)) == (3, "malformed")
    assert refused("--import", "") == (2, "usage")
    assert refused() == (2, "usage")
