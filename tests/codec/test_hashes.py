"""The hashes: published digests, and Python's own library as oracle."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from codec.hashes import keyed_blake2b, sha256

#: RFC 7693 has none with a key; this is the second of BLAKE2's `blake2b-kat.txt`: key 00 to 3f, input 00.
KEYED = (
    "961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4"
    "187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd"
)


def test_published_digests() -> None:
    """FIPS 180-4 with the examples of NIST, and the test vectors of BLAKE2."""
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert keyed_blake2b(b"\0", bytes(range(64))).hex() == KEYED


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=64))
def test_another_library_agrees(content: bytes, key: bytes) -> None:
    assert sha256(content) == hashlib.sha256(content).digest()
    assert keyed_blake2b(content, key) == hashlib.blake2b(content, key=key).digest()
