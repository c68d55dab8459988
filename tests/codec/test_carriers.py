"""Texts with several codes in them: every layout is taken apart, and nonsense costs little and is named."""

import textwrap
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec import carriers
from codec.alphabet import ALPHABET
from codec.bundle import encode_bundle
from codec.carriers import Carried, carried_by, carried_in
from codec.envelope import decode_body
from codec.errors import MalformedCodeError, NewerVersionError, WrongKindError
from codec.grouping import grouped
from codec.parity import text_of
from codec.reading import inspect
from samples.cast import trust_first, trust_revoked, trust_rotated
from tests.codec.carrying import some_frames, some_members
from tests.codec.work import calls_in
from tests.search import examples

FRAMES = [frame.text for frame in some_frames(10)]
CODES = (trust_first().text, trust_rotated().text, trust_revoked().text)
BUNDLE = text_of(encode_bundle(some_members(5)))


def members_of(carried: Carried) -> tuple[str, ...]:
    rebuilt = [text_of(member) for each in carried.sets for member in each.rebuild().members]
    return (*carried.codes, *rebuilt)


def wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 76))


LAYOUTS: dict[str, Callable[[list[str]], str]] = {
    "lines": "\n".join,
    "empty lines between": "\n\n".join,
    "wrapped": lambda texts: "\n".join(map(wrapped, texts)),
    "wrapped, empty lines between": lambda texts: "\n\n".join(map(wrapped, texts)),
    "quoted mail": lambda texts: "\n".join(
        f"> {line}" for text in texts for line in wrapped(text).split("\n")
    ),
    "for typing": lambda texts: "\n\n".join(map(grouped, texts)),
    "for typing, no empty lines": lambda texts: "\n".join(map(grouped, texts)),
    "lower case and carriage returns": lambda texts: "\r\n".join(texts).lower(),
    "numbered": lambda texts: "\n".join(f"{number}. {text}" for number, text in enumerate(texts, start=1)),
    "with titles": lambda texts: "\n".join(
        f"frame {n} of 9:\n{text}" for n, text in enumerate(texts, start=1)
    ),
    "in a mail": lambda texts: "Hello,\n\nhere they are:\n\n" + "\n".join(texts) + "\n\nYours,\nNorthwind",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_taken_apart(layout: str) -> None:
    carried = carried_in(LAYOUTS[layout]([*CODES, BUNDLE, *FRAMES]))
    expected = (*CODES, *map(text_of, some_members(5)), *map(text_of, some_members(10)))
    assert members_of(carried) == expected
    assert (carried.bundles, carried.repaired, carried.unreadable) == (1, 0, ())


@given(st.permutations(FRAMES), st.integers(0, 2))
@settings(max_examples=examples(30))
def test_frames_come_in_any_order_with_some_lost(frames: list[str], lost: int) -> None:
    assert members_of(carried_in("\n".join(frames[lost:]))) == tuple(map(text_of, some_members(10)))


def damaged(text: str, count: int, seed: int = 1) -> str:
    rng = Random(seed)
    characters = list(text)
    for place in rng.sample(range(2, len(text)), count):
        characters[place] = rng.choice(ALPHABET.replace(characters[place], ""))
    return "".join(characters)


@pytest.mark.parametrize("layout", ["lines", "wrapped, empty lines between", "for typing"])
def test_damaged_frames_and_bundles_are_repaired(layout: str) -> None:
    texts = [damaged(FRAMES[0], 3), damaged(BUNDLE, 4), *FRAMES[1:]]
    carried = carried_in(LAYOUTS[layout](texts))
    assert members_of(carried) == tuple(map(text_of, (*some_members(5), *some_members(10))))
    assert carried.repaired == 2


def test_what_cannot_be_read_is_named_by_its_line() -> None:
    texts = [
        FRAMES[0],
        damaged(FRAMES[1], 40),
        *FRAMES[2:4],
        damaged(CODES[0], 1),
        CODES[1],
        damaged(BUNDLE, 30),
    ]
    carried = carried_in("\n".join(texts))
    assert carried.unreadable == (2, 5, 7)
    assert carried.codes == (CODES[1],)
    (gathered,) = carried.sets
    assert set(gathered.pieces) == {1, 3, 4}
    assert carried_by(texts) == carried


def test_a_damaged_wrapped_frame_is_named_once() -> None:
    texts = [FRAMES[0], damaged(FRAMES[1], 60), FRAMES[2]]
    carried = carried_in("\n".join(map(wrapped, texts)))
    assert set(carried.sets[0].pieces) == {1, 3}
    assert len(carried.unreadable) == 1


def test_texts_of_newer_versions_are_told() -> None:
    newer = text_of(b"\x7a" + bytes(14))
    with pytest.raises(NewerVersionError):
        carried_in(newer)


def test_an_empty_text_holds_nothing() -> None:
    assert carried_in("") == carried_in("\n \nHello\n") == Carried((), ())


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(MalformedCodeError, match="8,000,000"):
        carried_in("0" * (carriers.LONGEST_TEXT + 1))


LETTERS = "".join(Random(1).choices(ALPHABET, k=40_000))


def in_lines_of(width: int, end: str = "\n", text: str = LETTERS) -> str:
    return end.join(text[at : at + width] for at in range(0, len(text), width))


@pytest.mark.parametrize(
    "raw",
    [
        *(f"{line}\n" * (40_000 // (len(line) + 1)) for line in ("F", "F0", "A4U", "F" * 40, "F" * 2000)),
        *(f"{line}\n" * (40_000 // (len(line) + 1)) for line in ("%25" * 500, "FRAME\n\n", "1:", "> ")),
        *(in_lines_of(width) for width in (2, 10, 40, 2000)),
        *(in_lines_of(width, "\n\n") for width in (2, 40, 2000)),
        "\n\n".join(in_lines_of(15, text=LETTERS[at : at + 1920]) for at in range(0, 38_400, 1920)),
    ],
)
def test_senseless_text_costs_little(raw: str) -> None:
    """Each letter costs a few steps, however lines that are no code might be put together."""
    assert calls_in(lambda: carried_in(raw)) < 20 * len(raw) + 10_000


def titled(text: str) -> str:
    return f"Code of {len(text)} characters:\n{grouped(text)}"


@pytest.mark.parametrize("width", [60, 64, 76])
def test_long_codes_of_any_lengths_are_taken_out_of_their_lines(width: int) -> None:
    """There is work enough for all of them, and no two are taken for one, though their parity is right."""
    rng = Random(width)
    texts = [text_of(some_members(1, 100 + 5 * rng.randrange(60), seed)[0]) for seed in range(100)]
    for written in (partial(textwrap.fill, width=width), grouped, titled):
        assert carried_in("\n".join(map(written, texts))).codes == tuple(texts)


def test_bundles_of_members_all_alike_make_no_flood_of_codes() -> None:
    """A bundle of 2 KB holds a hundred codes of a thousand characters; a few such bundles are plenty."""
    alike = text_of(encode_bundle(some_members(1, length=700) * 140))
    one, many = carried_in(alike), carried_in(f"{alike}\n" * 100)
    assert len(one.codes) == 140
    assert sum(map(len, many.codes)) < 150_000 + 10 * 100 * len(alike)
    assert len(many.unreadable) == 100 - many.bundles
    assert carried_by([alike] * 100) == many


# --- where one code is needed --------------------------------------------------------------------------


def test_a_frame_in_place_of_a_code_says_which_frame_it_is() -> None:
    for text in (FRAMES[2], damaged(FRAMES[2], 3), grouped(FRAMES[2])):
        with pytest.raises(WrongKindError, match=f"frame 3 of {len(FRAMES)} of a bundle") as caught:
            inspect(text)
        assert "unbundle" in caught.value.hint


def test_a_bundle_in_place_of_a_code_says_so() -> None:
    for text in (BUNDLE, damaged(BUNDLE, 3)):
        with pytest.raises(WrongKindError, match="This is a bundle of 5 codes") as caught:
            inspect(text)
        assert "unbundle" in caught.value.hint


@pytest.mark.parametrize("letter", "BF")
def test_what_only_begins_like_a_carrier_is_still_of_the_wrong_kind(letter: str) -> None:
    with pytest.raises(WrongKindError):
        decode_body(f"{letter}4" + "0" * 118)
