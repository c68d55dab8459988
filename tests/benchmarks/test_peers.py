"""The peers carry what ours carries, and their own libraries accept what is measured."""

import json
import zlib
from base64 import b64decode, urlsafe_b64decode
from xml.etree import ElementTree

import cbor2
import cwt
import jwt
import pyseto
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.types import Options

from benchmarks.peers import base45, hc1, json_web_token, keygen, paseto, xml
from benchmarks.sizes import deal
from codec.codes import Line

DEAL = deal(10, seed=7)
EXCHANGE, SPELLED = DEAL.exchange, DEAL.spelled.value
ISSUER = EXCHANGE.issuer.verifying_key
PUBLIC = Ed25519PublicKey.from_public_bytes(ISSUER.raw)
PEM = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def facts(line: Line) -> tuple[str, int, str | None, str | None]:
    start, end = (str(line.term.start), str(line.term.end)) if line.term else (None, None)
    return str(line.tag), line.count, start, end


FACTS = [facts(line) for line in SPELLED.lines]


def claimed(lines: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(line["tag"], line["n"], line.get("start"), line.get("end")) for line in lines]


def test_the_jwt_verifies_and_says_the_same() -> None:
    # Neither the clock nor the form of the subject matters here.
    token = json_web_token(EXCHANGE, SPELLED)
    options: Options = {"verify_iat": False, "verify_sub": False}
    claims = jwt.decode(token, PUBLIC, algorithms=["EdDSA"], options=options)
    assert claimed(claims["lines"]) == FACTS


def test_the_paseto_verifies_for_its_request_only() -> None:
    key, token = pyseto.Key.new(4, "public", PEM), paseto(EXCHANGE, SPELLED)
    payload = pyseto.decode(key, token, implicit_assertion=EXCHANGE.request.id).payload
    assert isinstance(payload, bytes)
    assert claimed(json.loads(payload)["lines"]) == FACTS
    with pytest.raises(pyseto.VerifyError):
        pyseto.decode(key, token, implicit_assertion=bytes(32))


def test_the_keygen_style_key_verifies() -> None:
    signed, _, signature = keygen(EXCHANGE, SPELLED).partition(".")
    ISSUER.verify(urlsafe_b64decode(signature + "=="), signed.encode())
    assert signed.startswith("key/")


def test_the_hc1_style_code_verifies_and_says_the_same() -> None:
    code = hc1(EXCHANGE, SPELLED)
    cose = zlib.decompress(from_base45(code.removeprefix("HC1:")))
    payload = cwt.COSE.new().decode(
        cose, cwt.COSEKey.from_pem(PEM, kid=SPELLED.issuer_hint), external_aad=EXCHANGE.request.id
    )
    assert isinstance(payload, bytes)
    lines = cbor2.loads(payload)[-260][2]
    assert [(tag, count) for tag, count, *_ in lines] == [(tag, count) for tag, count, *_ in FACTS]
    assert [len(line) == 4 for line in lines] == [start is not None for *_, start, _ in FACTS]


def from_base45(text: str) -> bytes:
    """Read base45, written anew from RFC 9285."""
    digits = ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".index(character) for character in text]
    octets = b""
    for start in range(0, len(digits), 3):
        chunk = digits[start : start + 3]
        value = sum(digit * 45**place for place, digit in enumerate(chunk))
        octets += value.to_bytes(len(chunk) - 1, "big")
    return octets


@pytest.mark.parametrize(
    ("octets", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"", "")]
)
def test_base45_writes_the_examples_of_its_rfc(octets: bytes, text: str) -> None:
    assert base45(octets) == text


def test_the_xml_is_signed_and_says_the_same() -> None:
    document = xml(EXCHANGE, SPELLED)
    root = ElementTree.fromstring(document)
    body = document.partition("<specificPLR>")[2].partition("<signature>")[0]
    ISSUER.verify(b64decode(root.findtext("signature") or ""), body.encode())
    assert [read(line) for line in root.iter("entitlement")] == FACTS


def read(line: ElementTree.Element) -> tuple[str | None, int, str | None, str | None]:
    start, end = (line.findtext(name) or None for name in ("startDate", "endDate"))
    return line.findtext("tag"), int(line.findtext("count") or 0), start, end
