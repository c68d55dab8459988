"""The same authorization in the formats that are otherwise used for such things.

Every peer carries the same facts: which issuer, which request, when issued, sequence, and the lines. Each is
given what favours it: short member names, no white space, dates without a time (numbers of days in CBOR), no
members for what is absent. All are signed with Ed25519, so signatures cost all of them the same 64 bytes.

* A format without bound context (XML, JWT, the Keygen-style key) carries 16 bytes of the request's id, since
  the signature must cover which request it answers. PASETO binds it as its implicit assertion, COSE as
  external_aad, as we do; those carry our 2-byte hint.
* ``xml`` is shaped like the authorization of Cisco's Specific License Reservation: an ``authorizationCode``
  with flag, version, piid, timestamp and one ``entitlement`` element a line (tag, count, startDate, endDate,
  licenseType, displayName, tagDescription, subscriptionID), a base64 signature, and the UDI. Here the piid is
  a UUID of the request's id; display name and description repeat the tag, which is shorter than their tags
  (`regid.2017-02.com.…`) and their sentences.
* ``hc1`` is shaped like the EU's digital COVID certificate: a CWT in COSE_Sign1, zlib, base45, ``HC1:``.
* ``keygen`` is shaped like a Keygen licence key: ``key/<base64url of JSON>.<base64url of the signature>``.

Not handled: reading any of them back. The signatures come from each format's own library where there is one.
"""

import json
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from uuid import UUID
from xml.sax.saxutils import escape

import cbor2
import cwt
import jwt
import pyseto
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.exchange import Exchange
from codec.codes import DAY_ZERO, Authorization, Line
from codec.keys import SigningKey

Peer = Callable[[Exchange, Authorization], str]
Json = dict[str, object]

_BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_HCERT = -260
"""The claim of the health certificate, here of the lines."""


def xml(exchange: Exchange, authorization: Authorization) -> str:
    """Write it as an authorization of the SLR kind, in XML."""
    entitlements = "".join(_xml_line(line) for line in authorization.lines)
    milliseconds = int(authorization.issued_at.timestamp() * 1000)
    body = (
        f"<authorizationCode><flag>A</flag><version>C</version><piid>{UUID(bytes=exchange.request.id[:16])}"
        f"</piid><timestamp>{milliseconds}</timestamp><entitlements>{entitlements}</entitlements>"
        "</authorizationCode>"
    )
    signature = b64encode(exchange.issuer.sign(body.encode())).decode()
    udi = exchange.request.value.udi
    return (
        f"<specificPLR>{body}<signature>{signature}</signature>"
        f"<udi>P:{udi.product_id},S:{udi.serial_number}</udi></specificPLR>"
    )


def _xml_line(line: Line) -> str:
    tag = escape(str(line.tag))
    start, end = (line.term.start, line.term.end) if line.term else ("", "")
    kind = "TERM" if line.term else "PERPETUAL"
    return (
        f"<entitlement><tag>{tag}</tag><count>{line.count}</count><startDate>{start}</startDate>"
        f"<endDate>{end}</endDate><licenseType>{kind}</licenseType><displayName>{tag}</displayName>"
        f"<tagDescription>{tag}</tagDescription><subscriptionID></subscriptionID></entitlement>"
    )


def json_web_token(exchange: Exchange, authorization: Authorization) -> str:
    """Write it as a JWT signed with EdDSA (RFC 7519, RFC 8037), by PyJWT."""
    claims = _claims(authorization) | {"sub": _base64(exchange.request.id[:16])}
    key = Ed25519PrivateKey.from_private_bytes(exchange.issuer.seed)
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": authorization.issuer_hint.hex()})


def paseto(exchange: Exchange, authorization: Authorization) -> str:
    """Write it as a PASETO v4.public, by pyseto; the issuer's hint stands in the footer."""
    token: bytes = pyseto.encode(
        pyseto.Key.new(4, "public", _pem(exchange.issuer)),
        _compact(_claims(authorization) | {"sub": authorization.request_hint.hex()}),
        footer=authorization.issuer_hint.hex(),
        implicit_assertion=exchange.request.id,
    )
    return token.decode()


def keygen(exchange: Exchange, authorization: Authorization) -> str:
    """Write it as a signed licence key of the Keygen kind."""
    claims = _claims(authorization) | {
        "sub": _base64(exchange.request.id[:16]),
        "kid": authorization.issuer_hint.hex(),
    }
    signed = f"key/{_base64(_compact(claims))}"
    return f"{signed}.{_base64(exchange.issuer.sign(signed.encode()))}"


def hc1(exchange: Exchange, authorization: Authorization) -> str:
    """Write it as a CWT (RFC 8392) by the ``cwt`` library, deflated, in base45 (RFC 9285)."""
    lines = [_cbor_line(line) for line in authorization.lines]
    sequence = [authorization.sequence.epoch, authorization.sequence.number]
    claims = {
        2: authorization.request_hint,
        6: int(authorization.issued_at.timestamp()),
        _HCERT: {1: sequence, 2: lines},
    }
    key = cwt.COSEKey.from_pem(_pem(exchange.issuer), kid=authorization.issuer_hint)
    cose = cwt.COSE.new(alg_auto_inclusion=True, kid_auto_inclusion=True).encode_and_sign(
        cbor2.dumps(claims), key, external_aad=exchange.request.id
    )
    assert isinstance(cose, bytes)
    return "HC1:" + base45(zlib.compress(cose, 9))


def _cbor_line(line: Line) -> list[str | int]:
    return [line.tag, line.count, *([_day(line.term.start), _day(line.term.end)] if line.term else [])]


def _day(day: date) -> int:
    return (day - DAY_ZERO).days


def base45(octets: bytes) -> str:
    """Write bytes in base45 (RFC 9285): two bytes as three characters, a last odd one as two."""
    characters = []
    for start in range(0, len(octets), 2):
        pair = octets[start : start + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, len(_BASE45))
            characters.append(_BASE45[digit])
    return "".join(characters)


def _claims(authorization: Authorization) -> Json:
    sequence = authorization.sequence
    return {
        "iat": int(authorization.issued_at.timestamp()),
        "seq": [sequence.epoch, sequence.number],
        "lines": [_json_line(line) for line in authorization.lines],
    }


def _json_line(line: Line) -> Json:
    term = {"start": str(line.term.start), "end": str(line.term.end)} if line.term else {}
    return {"tag": line.tag, "n": line.count, **term}


def _compact(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@cache
def _pem(key: SigningKey) -> bytes:
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


PEERS: Mapping[str, Peer] = {
    "SLR-style XML": xml,
    "Keygen-style key": keygen,
    "JWT EdDSA": json_web_token,
    "PASETO v4.public": paseto,
    "HC1-style (CBOR, zlib, base45)": hc1,
}
"""Every peer, by the name it has in tables; the longest first."""
