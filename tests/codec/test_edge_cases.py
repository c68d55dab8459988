"""Keys and signatures on which implementations of Ed25519 disagree, every combination of them.

Built like the edge cases of C2SP's CCTV, from the points of small order: keys and commitments (R) that are of
small order, of mixed order or in a wrong encoding, and S that makes the equation hold with the cofactor, and
sometimes without. One rule decides all of them here: docs/spec/code-v1.md, section 11.1.
"""

from collections.abc import Iterator
from functools import cache
from hashlib import sha256

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from codec.keys import SigningKey
from tests.codec import edwards
from tests.codec.edwards import ORDER, add, base, challenge, encode, encodings, is_right, times, torsion
from tests.codec.test_keys import holds

Case = tuple[bytes, bytes, bytes]

SECRET, NONCE = (int.from_bytes(sha256(name).digest()) % ORDER for name in (b"secret", b"nonce"))
MESSAGES = tuple(f"message {number}".encode() for number in range(4))


def pynacl_holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether PyNaCl accepts it, without our rule for keys."""
    try:
        VerifyKey(key).verify(message, signature)
    except BadSignatureError:
        return False
    return True


@cache
def points(secret: int) -> tuple[tuple[int, bytes], ...]:
    """Return a scalar with each encoding of each point: its multiple of B plus each point of small order."""
    honest = times(secret, base())
    return tuple(
        (scalar, encoded)
        for scalar, start in ((0, edwards.NEUTRAL), (secret, honest))
        for small in torsion()
        for encoded in encodings(add(start, small))
    )


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for secret, key in points(SECRET):
        for nonce, commitment in points(NONCE):
            for message in MESSAGES:
                scalar = (nonce + challenge(commitment, key, message) * secret) % ORDER
                yield key, commitment + scalar.to_bytes(32, "little"), message


def test_there_are_all_points_of_small_order_in_all_encodings() -> None:
    small = [encoded for secret, encoded in points(SECRET) if secret == 0]
    assert len(small) == len(set(small)) == 14
    assert len({encode(point) for point in torsion()}) == 8
    assert len(points(SECRET)) == 14 + 8
    assert all(edwards.affine(times(8, point)) == (0, 1) for point in torsion())


def test_every_edge_case_is_decided_by_the_one_rule() -> None:
    """The equation holds with the cofactor in all of them; the rule leaves those of an honest key."""
    accepted = [case for case in cases() if holds(*case)]
    honest = encode(times(SECRET, base()))
    assert len(cases()) == 22 * 22 * len(MESSAGES)
    assert {(key, signature[:32]) for key, signature, _ in accepted} == {
        (honest, encode(times(NONCE, base())))
    }
    assert [message for _, _, message in accepted] == list(MESSAGES)


def test_a_slow_and_separate_verification_agrees() -> None:
    """For every key that is refused the reason is the key; so one message of each is enough there."""
    honest = encode(times(SECRET, base()))
    for case in cases():
        if case[0] == honest or case[2] == MESSAGES[0]:
            assert is_right(*case) is holds(*case), case


def test_without_our_rule_others_would_be_accepted() -> None:
    """The cases do bite: PyNaCl alone accepts signatures under keys of mixed order."""
    accepted = {case[0] for case in cases() if pynacl_holds(*case)}
    assert len(accepted) > 1
    assert sum(holds(key, signature, message) for key, signature, message in cases() if key in accepted) == 4


def test_the_plain_curve_is_the_real_one() -> None:
    for seed in (bytes(32), b"k" * 32):
        key = SigningKey(seed)
        signature = key.sign(b"message")
        assert is_right(key.verifying_key.raw, signature, b"message")
        assert not is_right(key.verifying_key.raw, signature, b"another")
        point = edwards.decode(key.verifying_key.raw)
        assert point is not None and encode(point) == key.verifying_key.raw
        too_large = int.from_bytes(signature[32:], "little") + ORDER
        assert not is_right(
            key.verifying_key.raw, signature[:32] + too_large.to_bytes(32, "little"), b"message"
        )
