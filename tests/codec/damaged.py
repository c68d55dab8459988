"""Texts for the searches: code words with mistakes, and texts of nearly nothing but zeros.

The second kind is near to a code word however it is put, so that a search yields much of it, and meets the
sums that are zero.
"""

from hypothesis import strategies as st

from codec.alphabet import ALPHABET
from codec.parity import parity_of, syndromes_of

#: A code word of two dozen characters to five dozen.
words = st.integers(4, 22).flatmap(
    lambda half: st.text(ALPHABET, min_size=2 * half, max_size=2 * half).map(
        lambda body: body + parity_of(body)
    )
)
#: Almost all zeros, an even number.
sparse = st.integers(9, 20).flatmap(
    lambda half: st.dictionaries(st.integers(0, 2 * half - 1), st.sampled_from("1Z"), max_size=4).map(
        lambda marks: "".join(marks.get(place, "0") for place in range(2 * half))
    )
)


@st.composite
def near(draw: st.DrawFn, texts: st.SearchStrategy[str] = words) -> str:
    """Return a text in which at most two symbols were changed."""
    text = draw(texts)
    for place in draw(st.lists(st.integers(0, len(text) // 2 - 1), max_size=2)):
        other = draw(st.text(ALPHABET, min_size=2, max_size=2))
        text = text[: 2 * place] + other + text[2 * place + 2 :]
    return text


def put(text: str, source: tuple[int, ...]) -> str:
    """Return what was typed in another order, with a zero in place of what was lost."""
    return "".join(text[typed] if typed >= 0 else "0" for typed in source)


def values_of(text: str, source: tuple[int, ...]) -> list[int]:
    """Return the syndromes of what was typed in another order."""
    return syndromes_of(put(text, source))
