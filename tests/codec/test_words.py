"""Words: the list, and known answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.words import word_list, words_of


def test_the_list_is_that_of_bip_39() -> None:
    words = word_list()
    assert len(words) == 2048
    assert (words[0], words[1], words[1024], words[2047]) == ("abandon", "ability", "length", "zoo")
    assert list(words) == sorted(words)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)


def test_no_two_words_begin_alike() -> None:
    assert len({word[:4] for word in word_list()}) == 2048


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        # The first words of BIP-39's own vectors; its last word also holds a checksum, which we have not.
        ("00" * 32, "abandon abandon abandon abandon abandon abandon abandon abandon"),
        ("7f" * 32, "legal winner thank year wave sausage worth useful"),
        ("80" * 32, "letter advice cage absurd amount doctor acoustic avoid"),
        ("ff" * 32, "zoo zoo zoo zoo zoo zoo zoo zoo"),
    ],
)
def test_known_words(digest: str, words: str) -> None:
    assert " ".join(words_of(bytes.fromhex(digest))) == words


@given(st.binary(min_size=32, max_size=32), st.integers(1, 23))
def test_words_say_the_first_bits(digest: bytes, count: int) -> None:
    number = 0
    for word in words_of(digest, count):
        number = number << 11 | word_list().index(word)
    assert number == int.from_bytes(digest, "big") >> (256 - 11 * count)


def test_a_digest_too_short_gives_no_words() -> None:
    with pytest.raises(ValueError, match="negative shift"):
        words_of(bytes(10))
