"""Ed25519 keys (RFC 8032), by libsodium.

A public key is checked once, when it is first seen: it must be the canonical encoding of a point of the prime
order subgroup. libsodium's verification alone accepts some keys for which "universal" signatures exist; a
checked key accepts none. Verifying and signing keys are different types, and a signing key never shows its
seed in a message.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_scalarmult,
    crypto_sign,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError, CryptoError

from codec.errors import KeyRejectedError, NotGenuineError
from codec.hashes import sha256

KEY_BYTES = 32
SIGNATURE_BYTES = 64


@lru_cache(64)
def _digest_of(key: bytes) -> bytes:
    """Return the SHA-256 of a public key; remembered, since one issuer signs code after code."""
    return sha256(key)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A checked public key. Make one with `parse`."""

    raw: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Check 32 bytes and return the key.

        Raises:
            KeyRejectedError: When they are not a canonical point of the prime-order subgroup.
        """
        if len(raw) != KEY_BYTES or not crypto_core_ed25519_is_valid_point(raw):
            raise KeyRejectedError(
                "The public key in this code is not a sound Ed25519 key, so nothing signed with it proves "
                "anything.",
                hint="Ask for a new code where this one was made. If it holds the same key again, somebody "
                "made that key to deceive.",
            )
        return cls(raw)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the key, 32 bytes."""
        return _digest_of(self.raw)

    @property
    def id(self) -> bytes:
        """The first 8 bytes of the digest; names the key in trust codes."""
        return self.digest[:8]

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when ``signature`` (64 bytes) over ``message`` is this key's.

        Raises:
            NotGenuineError: When it is not.
        """
        # crypto_sign_open takes the signature before the message and raises ValueError on a wrong length.
        if len(signature) != SIGNATURE_BYTES:
            raise NotGenuineError("The signature of this code has a wrong length.")
        try:
            crypto_sign_open(signature + message, self.raw)
        except BadSignatureError:
            raise NotGenuineError(
                "The signature of this code does not hold: it was made with another key, for another device, "
                "or its content was changed.",
                hint="Check that this is the right code for this device, then ask for it again.",
            ) from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, from its 32-byte seed.

    Raises:
        KeyRejectedError: When the seed has another length.
    """

    seed: bytes = field(repr=False)
    verifying_key: VerifyingKey = field(init=False)
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_BYTES:
            raise KeyRejectedError(
                f"A private key has {KEY_BYTES} bytes, and this one has {len(self.seed)} bytes.",
                hint="The file that it came from is damaged; bring it back from a copy.",
            )
        public, secret = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "verifying_key", VerifyingKey(public))
        object.__setattr__(self, "_secret", secret)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over ``message``."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def agree(self, other: VerifyingKey) -> bytes:
        """Return the 32 bytes that only the owners of the two keys can work out.

        X25519 (RFC 7748) of both keys, converted to Curve25519. Not to be used as a key without a derivation.

        Args:
            other: The other owner's checked key: of the prime-order subgroup, so the result is never zero.

        Raises:
            KeyRejectedError: When it was never checked, and is no such key.
        """
        own = crypto_sign_ed25519_sk_to_curve25519(self._secret)
        try:
            return crypto_scalarmult(own, crypto_sign_ed25519_pk_to_curve25519(other.raw))
        except CryptoError:
            raise KeyRejectedError("This public key is not a sound Ed25519 key.") from None


def stretch_passphrase(passphrase: str, salt: bytes) -> bytes:
    """Return 32 bytes from a passphrase that are slow to make, so that guessing is.

    Argon2id (RFC 9106) with libsodium's limits for a login: two passes over 64 MiB.

    Args:
        passphrase: The passphrase.
        salt: 16 unpredictable bytes.
    """
    from nacl.pwhash import argon2id  # few commands need it

    key: bytes = argon2id.kdf(
        32,
        passphrase.encode(),
        salt,
        opslimit=argon2id.OPSLIMIT_INTERACTIVE,
        memlimit=argon2id.MEMLIMIT_INTERACTIVE,
    )
    return key
