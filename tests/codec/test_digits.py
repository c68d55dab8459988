"""Digits: exact inverses, at the price that theory asks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.digits import DigitSink, DigitSource
from codec.fields import points_of, spans_of

weights = st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any).map(tuple)
#: Steps of a layout: a plain radix, or the weights of a choice.
steps = st.one_of(st.integers(1, 1 << 40), weights)
Step = int | tuple[int, ...]


def take(source: DigitSource, step: Step) -> int:
    return source.take(step) if isinstance(step, int) else source.take_span(points_of(step))


def put(sink: DigitSink, step: Step, value: int) -> None:
    if isinstance(step, int):
        sink.put(value, step)
    else:
        sink.put_span(spans_of(step)[value])


@st.composite
def valued_steps(draw: st.DrawFn) -> list[tuple[Step, int]]:
    layout = draw(st.lists(steps, max_size=30))
    return [
        (step, draw(st.integers(0, step - 1)) if isinstance(step, int) else draw(_chosen(step)))
        for step in layout
    ]


def _chosen(step: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.sampled_from([index for index, weight in enumerate(step) if weight])


@given(valued_steps())
def test_values_come_back_in_the_order_in_which_they_were_put(layout: list[tuple[Step, int]]) -> None:
    sink = DigitSink()
    for step, value in layout:
        put(sink, step, value)
    source = DigitSource(sink.fold())
    assert [take(source, step) for step, _ in layout] == [value for _, value in layout]
    assert source.exhausted


@given(st.integers(0, 1 << 200), st.lists(steps, max_size=60))
def test_a_number_has_one_reading_and_a_reading_one_number(number: int, layout: list[Step]) -> None:
    source = DigitSource(number)
    values = [take(source, step) for step in layout]
    sink = DigitSink()
    for step, value in zip(layout, values, strict=True):
        put(sink, step, value)
    assert (sink.fold() == number) == source.exhausted


@given(valued_steps())
def test_a_number_costs_the_information_in_it(layout: list[tuple[Step, int]]) -> None:
    """Measured on top of a large number, since the very first values meet a number that is still small."""
    large = 1 << 300
    sink, bits = DigitSink(), math.log2(large)
    for step, value in [*layout, (large, large - 1)]:
        put(sink, step, value)
    for step, value in layout:
        bits += math.log2(step) if isinstance(step, int) else math.log2(sum(step) / step[value])
    assert math.log2(sink.fold()) == pytest.approx(bits, abs=1e-9)


def test_known_numbers() -> None:
    sink = DigitSink()
    sink.put(3, 10)
    sink.put(2, 10)
    sink.put(1, 10)
    assert sink.fold() == 123
    weighted = DigitSink()
    weighted.put_span(spans_of((3, 1))[0])
    weighted.put_span(spans_of((3, 1))[1])
    # From the last to the first: 0 → 0·4 + 3 = 3, then (3 div 3)·4 + 0 + 3 mod 3 = 4.
    assert weighted.fold() == 4


@pytest.mark.parametrize("number", [1, 2, 1 << 64])
def test_what_is_left_over_is_seen(number: int) -> None:
    source = DigitSource(number * 7 + 3)
    assert source.take(7) == 3
    assert not source.exhausted
