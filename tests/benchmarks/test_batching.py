"""The measurement of batches measures what it says, here in small."""

from benchmarks import batching
from benchmarks.batching import Extent, Measurements, Ran


def test_a_small_measurement() -> None:
    extent = Extent(codes=4, commits=(batching.USUAL_COMMIT,), processes=1, rounds=1, more=2)
    text = batching.section(extent)
    assert text.startswith(batching.TITLE)
    assert "4 request codes" in text
    assert "median of 1" in text


def test_rate_and_growth() -> None:
    found = Measurements(Extent(codes=1000), 0.5, {64: Ran(5.0, 40_000)}, Ran(50.0, 41_000))
    assert found.rate(64) == 100
    assert found.growth == 1000
