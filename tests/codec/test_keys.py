"""Keys: foreign vectors through our own verification, hostile keys, and secrets that stay secret."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey as ForeignSigningKey

from codec.errors import CodecError, KeyRejectedError, NotGenuineError
from codec.keys import SigningKey, VerifyingKey, stretch_passphrase

FOREIGN = Path(__file__).parent.parent / "vectors" / "foreign"
PRIME = 2**255 - 19

seeds = st.binary(min_size=32, max_size=32)


def holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether the project accepts a signature, by the way that every code takes."""
    try:
        VerifyingKey.parse(key).verify(signature, message)
    except CodecError:
        return False
    return True


# --- foreign vectors -----------------------------------------------------------------------------------


def wycheproof_cases() -> list[tuple[str, dict[str, Any]]]:
    groups = json.loads((FOREIGN / "wycheproof_ed25519_test.json").read_text(encoding="utf-8"))["testGroups"]
    return [(group["publicKey"]["pk"], test) for group in groups for test in group["tests"]]


def speccheck_cases() -> list[dict[str, str]]:
    cases: list[dict[str, str]] = json.loads((FOREIGN / "speccheck_cases.json").read_text(encoding="utf-8"))
    return cases


@pytest.mark.parametrize(
    ("key", "case"), wycheproof_cases(), ids=lambda part: f"{part['tcId']}" if isinstance(part, dict) else ""
)
def test_wycheproof(key: str, case: dict[str, Any]) -> None:
    expected = {"valid": True, "invalid": False}[case["result"]]
    parts = (bytes.fromhex(part) for part in (key, case["sig"], case["msg"]))
    assert holds(*parts) is expected, case["comment"]


def test_wycheproof_is_all_there() -> None:
    results = [case["result"] for _, case in wycheproof_cases()]
    assert (len(results), results.count("valid"), results.count("invalid")) == (151, 88, 63)


@pytest.mark.parametrize("number", range(12))
def test_taming_the_many_eddsas(number: int) -> None:
    case = speccheck_cases()[number]
    assert not holds(*(bytes.fromhex(case[part]) for part in ("pub_key", "signature", "message")))


def test_the_many_eddsas_are_all_there() -> None:
    assert len(speccheck_cases()) == 12


# --- hostile keys --------------------------------------------------------------------------------------

IDENTITY = (1).to_bytes(32, "little")

HOSTILE = {
    "identity": IDENTITY,
    "identity with the sign bit": (1 | 1 << 255).to_bytes(32, "little"),
    "order two": (PRIME - 1).to_bytes(32, "little"),
    "order four": bytes(32),
    "order four, other sign": (1 << 255).to_bytes(32, "little"),
    "order eight": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    "order eight, other sign": bytes.fromhex(
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
    ),
    "order eight, other point": bytes.fromhex(
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
    ),
    "mixed order": bytes.fromhex("cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d"),
    "not canonical: p": PRIME.to_bytes(32, "little"),
    "not canonical: p + 1": (PRIME + 1).to_bytes(32, "little"),
    "not on the curve": (2).to_bytes(32, "little"),
    "all ones": b"\xff" * 32,
    "empty": b"",
    "31 bytes": bytes(31),
    "33 bytes": SigningKey(bytes(32)).verifying_key.raw + b"\0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_keys_are_refused_when_first_seen(name: str) -> None:
    with pytest.raises(KeyRejectedError) as caught:
        VerifyingKey.parse(HOSTILE[name])
    assert caught.value.hint


def test_the_universal_signature_fits_nothing() -> None:
    """Under the identity as key, R = B and S = 1 would verify for every message."""
    base = bytes.fromhex("58" + "66" * 31)
    universal = base + (1).to_bytes(32, "little")
    assert not holds(IDENTITY, universal, b"any message")
    assert not holds(IDENTITY, IDENTITY + bytes(32), b"any message")


@given(st.binary(max_size=40))
def test_arbitrary_keys_are_refused_or_sound(raw: bytes) -> None:
    try:
        key = VerifyingKey.parse(raw)
    except KeyRejectedError:
        return
    with pytest.raises(NotGenuineError):
        key.verify(bytes(64), b"")


# --- signatures ----------------------------------------------------------------------------------------


@given(seeds, st.binary(max_size=200))
def test_signatures_are_those_of_rfc_8032(seed: bytes, message: bytes) -> None:
    key, foreign = SigningKey(seed), ForeignSigningKey(seed)
    assert key.verifying_key.raw == bytes(foreign.verify_key)
    assert key.sign(message) == foreign.sign(message).signature
    VerifyingKey.parse(key.verifying_key.raw).verify(key.sign(message), message)


@given(seeds, st.binary(max_size=64), st.binary(max_size=100).filter(lambda data: len(data) != 64))
def test_signatures_of_a_wrong_length_are_refused(seed: bytes, message: bytes, signature: bytes) -> None:
    with pytest.raises(NotGenuineError):
        SigningKey(seed).verifying_key.verify(signature, message)


def test_every_bit_of_a_signature_and_of_its_message_counts() -> None:
    key, message = SigningKey(b"k" * 32), b"a message"
    signature = key.sign(message)
    both = signature + message
    for bit in range(8 * len(both)):
        changed = (int.from_bytes(both, "big") ^ 1 << bit).to_bytes(len(both), "big")
        assert not holds(key.verifying_key.raw, changed[:64], changed[64:])
    assert holds(key.verifying_key.raw, signature, message)


def test_another_scalar_of_the_same_signature_is_refused() -> None:
    """S + L verifies where the range of S is not checked: RFC 8032, section 5.1.7."""
    order = 2**252 + 27742317777372353535851937790883648493
    key, message = SigningKey(b"k" * 32), b"a message"
    signature = key.sign(message)
    scalar = int.from_bytes(signature[32:], "little") + order
    assert not holds(key.verifying_key.raw, signature[:32] + scalar.to_bytes(32, "little"), message)


# --- names and secrets ---------------------------------------------------------------------------------


def test_a_key_is_named_by_its_hash() -> None:
    key = SigningKey(b"k" * 32).verifying_key
    assert key.digest == sha256(key.raw).digest()
    assert key.id == key.digest[:8]


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_seeds_of_a_wrong_length_are_refused(length: int) -> None:
    with pytest.raises(KeyRejectedError, match=f"{length} bytes"):
        SigningKey(b"s" * length)


def test_a_signing_key_shows_no_secret() -> None:
    key = SigningKey(b"\xab\xcd" * 16)
    for shown in (repr(key), str(key), f"{key}"):
        assert "abcd" not in shown.replace("\\x", "")
        assert "seed" not in shown
    assert repr(key.verifying_key.raw) in repr(key)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 70])
def test_a_signature_is_not_lengthened_or_shortened_by_its_message(length: int) -> None:
    """Put together the two are what they were: only the place where they part is another one."""
    key = SigningKey(b"s" * 32)
    whole = key.sign(b"a message") + b"a message"
    key.verifying_key.verify(whole[:64], whole[64:])
    with pytest.raises(NotGenuineError):
        key.verifying_key.verify(whole[:length], whole[length:])


def test_a_passphrase_is_stretched_as_it_always_was() -> None:
    """Key files that were written once are opened with it: another limit would lock them for ever."""
    key = "5e5200462044d270c5ecfb1fb9b9c497bfa48f661c229469141c9d2c3bb10e02"
    assert stretch_passphrase("correct horse", b"0123456789abcdef").hex() == key


def test_two_keys_agree_on_one_secret() -> None:
    one, other = SigningKey(b"1" * 32), SigningKey(b"2" * 32)
    shared = one.agree(other.verifying_key)
    assert shared == other.agree(one.verifying_key)
    assert len(shared) == 32
    assert shared != one.agree(one.verifying_key)
    with pytest.raises(KeyRejectedError):
        one.agree(VerifyingKey(bytes(32)))
