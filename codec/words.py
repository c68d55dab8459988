"""Words that two people can read to each other: 11 bits each, from a list of 2,048.

The list is the English one of BIP-39 (github.com/bitcoin/bips, MIT licence): short common words, no two with
the same first four letters. It stands in `words.txt` beside this module.
"""

from functools import cache
from pkgutil import get_data

WORD_BITS = 11


@cache
def word_list() -> tuple[str, ...]:
    """Return the 2,048 words, in order."""
    # A tenth of what `importlib.resources` takes to load, for a device that prints one line of words.
    return tuple((get_data("codec", "words.txt") or b"").decode("ascii").split())


def words_of(digest: bytes, count: int = 8) -> tuple[str, ...]:
    """Return words for the first ``count`` × 11 bits of a digest.

    Args:
        digest: A hash, at least as long as the words need (8 words: 88 bits).
        count: How many words.
    """
    bits = int.from_bytes(digest, "big") >> (8 * len(digest) - WORD_BITS * count)
    return tuple(
        word_list()[(bits >> (WORD_BITS * place)) & ((1 << WORD_BITS) - 1)]
        for place in reversed(range(count))
    )
