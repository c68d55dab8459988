"""A second maker and checker of short confirmations, written from docs/spec/short-v1.md alone.

It shares nothing with `codec`: arithmetic of its own, the standard library, and PyNaCl's X25519.
"""

import hashlib
import hmac
from collections.abc import Iterator

import nacl.bindings as sodium

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NAME = bytes.fromhex("6c74616c6c79737469636b2f31")

Checked = tuple[str, str]


def doubled(value: int, times: int) -> int:
    """Multiply by the generator of the field so many times."""
    for _ in range(times):
        value = value << 1 ^ (0b100101 if value & 16 else 0)
    return value


def product(left: int, right: int) -> int:
    found = 0
    for bit in range(5):
        if right >> bit & 1:
            found ^= doubled(left, bit)
    return found


def sums(values: list[int]) -> tuple[int, int]:
    s = t = 0
    for place, value in enumerate(values, start=1):
        s ^= value
        t ^= doubled(value, 24 - place)
    return s, t


def with_parity(body: list[int]) -> list[int]:
    """Try every pair of last characters."""
    found = [
        [*body, first, second]
        for first in range(32)
        for second in range(32)
        if sums([*body, first, second]) == (0, 0)
    ]
    assert len(found) == 1
    return found[0]


def text_of(values: list[int]) -> str:
    return "".join(ALPHABET[value] for value in values)


def make(
    request_id: bytes, authorization_id: bytes, epoch: int, number: int, *, seed: bytes, other: bytes
) -> str:
    """Make the code of one authorization, with the private key of either end and the other's public one."""
    _, secret = sodium.crypto_sign_seed_keypair(seed)
    shared = sodium.crypto_scalarmult(
        sodium.crypto_sign_ed25519_sk_to_curve25519(secret),
        sodium.crypto_sign_ed25519_pk_to_curve25519(other),
    )
    sequence = epoch.to_bytes(2, "big") + number.to_bytes(2, "big")
    known = (
        b"\x85" + NAME + b"\x61S\x58\x20" + request_id + b"\x58\x20" + authorization_id + b"\x44" + sequence
    )
    payload = b"\xc9" + request_id[:4] + bytes((number % 64,))
    covered = b"\x84\x64MAC0\x43\xa1\x01\x04\x58\x59" + known + b"\x46" + payload
    prk = hmac.new(authorization_id, shared, hashlib.sha256).digest()
    key = hmac.new(prk, b"\x82" + NAME + b"\x61S\x01", hashlib.sha256).digest()
    mac = hmac.new(key, covered, hashlib.sha256).digest()[:8]
    bits = f"{0xC9:08b}{int.from_bytes(request_id[:4], 'big'):032b}{number % 64:06b}"
    bits += f"{int.from_bytes(mac, 'big'):064b}"
    assert len(bits) == 110
    return text_of(with_parity([int(bits[at : at + 5], 2) for at in range(0, 110, 5)]))


def near(text: str) -> Iterator[str]:
    """Yield what one wrong character, or a swap of neighbours, would explain: by trying all of them."""
    values = [ALPHABET.index(character) for character in text]
    for place in range(24):
        for other in range(32):
            changed = [*values[:place], other, *values[place + 1 :]]
            if changed != values and sums(changed) == (0, 0):
                yield text_of(changed)
    for place in range(23):
        changed = [*values[:place], values[place + 1], values[place], *values[place + 2 :]]
        if changed != values and sums(changed) == (0, 0):
            yield text_of(changed)


def cleaned(text: str) -> str:
    """Undo what the page asks of every reader."""
    text = text.rsplit(":", maxsplit=1)[-1]
    text = "".join(text.split()).replace("-", "").upper()
    return text.translate(str.maketrans("OIL", "011"))


def judge(text: str, right: str) -> Checked:
    """Return the result and the class of failure, or what was meant, for a text where ``right`` is right."""
    text = cleaned(text)
    if len(text) != 24:
        return "refused", "malformed"
    values = [ALPHABET.index(character) for character in text]
    if sums(values) != (0, 0):
        ways = [way for way in near(text) if way[0] == "S" and way[1] in "4567"]
        if right in ways:
            return "repaired", right
        return "refused", "not-genuine" if ways else "malformed"
    if text[0] != "S" or (values[1] >> 2) == 0:
        return "refused", "malformed"
    if values[1] >> 2 != 1:
        return "refused", "newer-version"
    return ("accepted", text) if text == right else ("refused", "not-genuine")
