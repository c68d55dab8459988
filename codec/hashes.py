"""The hash functions of codes and of devices: SHA-256 (FIPS 180-4), keyed BLAKE2b (RFC 7693), by libsodium.

`hashlib` has them as well. But it loads OpenSSL, which took a twentieth of `device check`, and libsodium is
there anyway, for the signatures.

Not handled: hashing in pieces. What is hashed here is short, and in memory.
"""

from nacl.bindings import crypto_generichash_blake2b_salt_personal, crypto_hash_sha256

__all__ = ["keyed_blake2b", "sha256"]


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of bytes, 32 bytes."""
    return crypto_hash_sha256(data)


def keyed_blake2b(data: bytes, key: bytes) -> bytes:
    """Return the BLAKE2b of bytes, 64 bytes, with a key of 1 to 64 bytes."""
    return crypto_generichash_blake2b_salt_personal(data, digest_size=64, key=key)
