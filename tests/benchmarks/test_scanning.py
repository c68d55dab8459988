"""The suite of spoiled pictures: the same ones everywhere, harmless at first and hopeless at last."""

from random import Random

import pytest

from benchmarks.distortions import DISTORTIONS, SIDE
from benchmarks.scanning import VERSIONS, symbol
from codec.scan import hard_texts_in, texts_in

TEXT = "Q5K3F7Y2AMM3D9Z0X5VT8HB6NE4RWCJGSPQ0" * 4


@pytest.mark.parametrize("name", DISTORTIONS)
def test_pictures_follow_from_the_seed_and_get_worse(name: str) -> None:
    sharp, version = symbol(TEXT, None, "M")
    assert (version, sharp.size) == (VERSIONS[0], (SIDE, SIDE))
    distort = DISTORTIONS[name]
    mild = distort(sharp, 0.0, Random(7))
    assert mild.mode == "L"
    assert mild.tobytes() == distort(sharp, 0.0, Random(7)).tobytes()
    assert mild.tobytes() != distort(sharp, 1.0, Random(7)).tobytes()
    assert (texts_in(mild) or hard_texts_in(mild)) == (TEXT,)


@pytest.mark.parametrize("name", ["out of focus", "motion", "low light", "curved", "low contrast"])
def test_the_worst_pictures_are_beyond_reading(name: str) -> None:
    sharp, _ = symbol(TEXT, 20, "L")
    worst = DISTORTIONS[name](sharp, 1.0, Random(7))
    assert (texts_in(worst) or hard_texts_in(worst)) == ()
