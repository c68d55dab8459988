"""Forgeries that pass elsewhere, brought to the real portal: refused when the key is first seen.

The device key in a request is chosen by whoever makes it. Some keys have signatures that anybody can make,
and libraries accept them. Each forgery here is shown to pass such a library before the portal refuses it.
"""

from dataclasses import replace
from hashlib import sha512
from pathlib import Path

import nacl.exceptions
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
)
from nacl.signing import VerifyKey

from codec.codes import Request
from codec.envelope import request_aad, sig_structure, to_text
from codec.wire import encode_payload
from tests.cli.desk import require_refusal
from tests.cli.portal_desk import PortalDesk
from tests.cli.vendor import request_of

IDENTITY = (1).to_bytes(32, "little")
BASE = bytes.fromhex("58" + "66" * 31)
ORDER_EIGHT = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def signed_bytes(value: Request) -> bytes:
    return sig_structure(encode_payload(value), request_aad())


def scalar(text: str) -> bytes:
    return crypto_core_ed25519_scalar_reduce(sha512(text.encode()).digest())


def by_the_identity(value: Request) -> tuple[Request, bytes]:
    """R = B and S = 1 fit every message under the identity: nobody has to know anything."""
    return replace(value, device_key=IDENTITY), BASE + (1).to_bytes(32, "little")


def by_a_key_of_mixed_order(value: Request) -> tuple[Request, bytes]:
    """A key with a part of order eight: its owner finds signatures on which libraries disagree."""
    secret = scalar("secret")
    key = crypto_core_ed25519_add(crypto_scalarmult_ed25519_base_noclamp(secret), ORDER_EIGHT)
    forged = replace(value, device_key=key)
    for attempt in range(1000):
        nonce = scalar(f"nonce {attempt}")
        commitment = crypto_scalarmult_ed25519_base_noclamp(nonce)
        challenge = crypto_core_ed25519_scalar_reduce(
            sha512(commitment + key + signed_bytes(forged)).digest()
        )
        if challenge[0] % 8 == 0:
            product = crypto_core_ed25519_scalar_mul(challenge, secret)
            return forged, commitment + crypto_core_ed25519_scalar_add(nonce, product)
    raise AssertionError("one in eight fits")


def test_the_forgery_by_the_identity_passes_elsewhere_and_not_here(portal: PortalDesk) -> None:
    forged, signature = by_the_identity(request_of(portal.requested()).value)
    key = Ed25519PublicKey.from_public_bytes(IDENTITY)
    key.verify(signature, signed_bytes(forged))
    key.verify(signature, b"and any other message")
    refuse(portal, forged, signature)


def test_the_forgery_by_a_mixed_key_passes_pynacl_and_not_here(portal: PortalDesk) -> None:
    forged, signature = by_a_key_of_mixed_order(request_of(portal.requested()).value)
    VerifyKey(forged.device_key).verify(signed_bytes(forged), signature)
    with pytest.raises(nacl.exceptions.BadSignatureError):
        VerifyKey(forged.device_key).verify(b"another message", signature)
    refuse(portal, forged, signature)


def refuse(portal: PortalDesk, forged: Request, signature: bytes) -> None:
    """Bring a forged request to the portal: its key is refused, and nothing is written."""
    code = to_text(encode_payload(forged), signature)
    words = "The public key in this code is not a sound Ed25519 key"
    for argv in (("portal", "reserve", code, "--as-requested"), ("code", "verify", code)):
        require_refusal(portal, (lambda _, argv=argv: argv, 4, "bad-key", words, "Ask for a new code"))  # type: ignore[misc]
    accepted = portal.run("portal", "accept", code, "--json")
    assert (accepted.code, accepted.json["error"]["code"]) == (4, "bad-key")
    listed = portal.done("portal", "list", "--json").json
    assert listed["reservations"] == []
