"""What a root signs: one code after another, each whole, no serial twice, far from any portal."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.alphabet import to_characters
from codec.codes import IssuerKey, Trust
from codec.envelope import sign_trust
from codec.keys import SigningKey
from reservation.certifying import MOST_ISSUERS, Change, Validity, following, key_named, public_key
from reservation.errors import CertifyError, OtherRootError, ReservationError, UnknownNameError
from reservation.signedtrusts import newest, sign_following
from reservation.trustfile import TrustFile, parse, render

TODAY = date(2026, 3, 2)
KEYS = tuple(SigningKey(bytes([number]) * 32) for number in range(1, 9))
ROOT, OTHER = SigningKey(b"r" * 32), SigningKey(b"o" * 32)
FIRST = Trust(1, b"portal-1", (IssuerKey(KEYS[0].verifying_key.raw, TODAY),))


def file_of(trust: Trust, root: SigningKey = ROOT) -> TrustFile:
    return parse(render(root.verifying_key, sign_trust(trust, root).text))


def certifying(*keys: SigningKey, revoked: tuple[SigningKey, ...] = ()) -> Change:
    return Change(
        {key.verifying_key.raw: Validity() for key in keys},
        frozenset(key.verifying_key.id for key in revoked),
    )


def after(trust: Trust, change: Change, root: SigningKey = ROOT, *, is_next: bool = False) -> Trust:
    return following(root, trust, change, is_next=is_next, today=TODAY)


@given(st.lists(st.tuples(st.sampled_from(KEYS[1:]), st.booleans()), max_size=12))
def test_every_code_says_all_that_the_one_before_said_and_serials_grow(
    steps: list[tuple[SigningKey, bool]],
) -> None:
    trust = FIRST
    for key, revokes in steps:
        gone = key.verifying_key.id in trust.revoked
        change = certifying(revoked=(key,)) if revokes else certifying(key)
        if gone and not revokes:
            with pytest.raises(CertifyError):
                after(trust, change)
            continue
        newer = after(trust, change)
        assert set(trust.issuers) <= set(newer.issuers)
        assert set(trust.revoked) <= set(newer.revoked)
        assert (newer == trust) is (newer.serial == trust.serial)
        assert newer.serial in {trust.serial, trust.serial + 1}
        assert after(newer, change) == newer
        sign_trust(newer, ROOT)
        trust = newer


def test_the_days_of_an_issuer_change_and_it_is_listed_once() -> None:
    until = Change({KEYS[0].verifying_key.raw: Validity(last=date(2027, 3, 1))})
    (issuer,) = after(FIRST, until).issuers
    assert (issuer.valid_from, issuer.valid_until) == (TODAY, date(2027, 3, 1))
    (issuer,) = after(after(FIRST, until), certifying(KEYS[0])).issuers
    assert issuer.valid_until == date(2027, 3, 1)


def test_when_no_more_issuers_fit_the_oldest_is_named_and_dropped() -> None:
    trust = FIRST
    for number in range(20, 20 + MOST_ISSUERS - 1):
        trust = after(trust, certifying(SigningKey(bytes([number]) * 32)))
    sign_trust(trust, ROOT)
    with pytest.raises(CertifyError) as refused:
        after(trust, certifying(KEYS[1]))
    named = re.search(r"--drop ([0-9a-f]{16})", refused.value.hint)
    assert named
    change = replace(certifying(KEYS[1]), dropped=frozenset({key_named(named[1], trust)}))
    sign_trust(after(trust, change), ROOT)


def test_a_next_root_is_kept_until_it_signs_itself() -> None:
    named = after(FIRST, Change(next_root=OTHER.verifying_key.raw))
    assert after(named, certifying(KEYS[1])).next_root == OTHER.verifying_key.raw
    taken = after(named, certifying(), OTHER, is_next=True)
    assert (taken.next_root, taken.serial) == (None, 3)


def test_a_root_is_no_issuer() -> None:
    """Whoever pastes the wrong one of two public keys would let the offline key license, or give it away."""
    named = after(FIRST, Change(next_root=OTHER.verifying_key.raw))
    with pytest.raises(CertifyError, match="is that of a root"):
        after(named, certifying(OTHER))


@pytest.mark.parametrize(
    "change",
    [
        Change(dropped=frozenset({KEYS[0].verifying_key.id})),
        certifying(KEYS[0], revoked=(KEYS[0],)),
        Change({KEYS[1].verifying_key.raw: Validity(date(2026, 5, 1), date(2026, 4, 1))}),
        Change(next_root=ROOT.verifying_key.raw),
        Change(next_root=KEYS[0].verifying_key.raw),
        certifying(ROOT),
        replace(certifying(OTHER), next_root=OTHER.verifying_key.raw),
    ],
)
def test_a_code_that_would_be_wrong_is_not_signed(change: Change) -> None:
    with pytest.raises(CertifyError):
        after(FIRST, change)


# --- what is kept ----------------------------------------------------------------------------------


def sign(root_file: Path, given_file: TrustFile | None, change: Change, root: SigningKey = ROOT) -> str:
    return sign_following(root_file, root, given_file, lambda _: change, today=TODAY).code.text


def test_one_serial_is_never_used_twice(tmp_path: Path) -> None:
    """Whatever is brought, whatever is wished: a second code with the serial of the first is refused."""
    root_file = tmp_path / "root.pem"
    start = file_of(FIRST)
    code = sign(root_file, start, certifying(KEYS[1]))
    assert sign(root_file, start, certifying(KEYS[1])) == code
    assert sign(root_file, None, certifying(KEYS[1])) == code
    for change in (certifying(KEYS[2]), certifying(revoked=(KEYS[0],))):
        with pytest.raises(CertifyError):
            sign(root_file, start, change)
    kept = newest(root_file)
    assert kept is not None
    assert kept.trust.code.text == code
    sign(root_file, None, certifying(KEYS[2]))
    with pytest.raises(CertifyError):
        sign(root_file, kept, certifying(KEYS[3]))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["root.trust-0002.txt", "root.trust-0003.txt"]


def test_nothing_is_signed_after_nothing_or_for_another_root(tmp_path: Path) -> None:
    root_file = tmp_path / "root.pem"
    with pytest.raises(CertifyError, match="nothing to follow"):
        sign(root_file, None, certifying(KEYS[1]))
    with pytest.raises(OtherRootError):
        sign(root_file, file_of(FIRST), certifying(KEYS[1]), OTHER)
    assert list(tmp_path.iterdir()) == []


def test_a_code_that_was_changed_by_hand_is_not_followed(tmp_path: Path) -> None:
    root_file = tmp_path / "root.pem"
    sign(root_file, file_of(FIRST), certifying(KEYS[1]))
    (kept,) = tmp_path.iterdir()
    kept.write_text(kept.read_text().replace("words  ", "words  abandon "))
    with pytest.raises(ReservationError):
        sign(root_file, None, certifying(KEYS[2]))


# --- names of keys ---------------------------------------------------------------------------------


def test_a_key_is_named_by_its_id_or_by_itself() -> None:
    key = KEYS[0].verifying_key
    characters = to_characters(key.raw)
    assert public_key(f" {characters[:26].lower()}-{characters[26:]}\n") == key.raw
    for name in (key.id.hex(), key.id.hex().upper(), characters):
        assert key_named(name, FIRST) == key.id
    with pytest.raises(UnknownNameError):
        key_named(KEYS[1].verifying_key.id.hex(), FIRST)
    for wrong in ("", "0" * 51, characters + "00", "ABC!"):
        with pytest.raises(CertifyError):
            public_key(wrong)
