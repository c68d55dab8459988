"""Pieces that changed places: each exchange and each move is yielded that the parity allows, and no other."""

from collections.abc import Iterator
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.alphabet import ALPHABET
from codec.arrangement import Arrangement, Budget
from codec.damage import Damage, Repair
from codec.parity import parity_of
from codec.sums import Sums, may_be
from codec.swaps import moved, swapped
from tests.codec.damaged import near, sparse, values_of
from tests.search import examples

ENOUGH = 10_000
#: What pieces of a size are called, when they are exchanged, and when one is moved.
NAMED = {
    2: (Damage.SWAPPED_LINES, Damage.MOVED_LINE),
    4: (Damage.SWAPPED_GROUPS, Damage.MOVED_GROUP),
    6: (Damage.SWAPPED_LINES, Damage.MOVED_LINE),
}

texts = st.one_of(near(), near(sparse))
sizes = st.sampled_from(sorted(NAMED))


def put_together(text: str, size: int, order: list[int]) -> tuple[int, ...]:
    """Return a text's places with its pieces in another order; what makes no piece stays at the end."""
    count = len(text) // size
    pieces = [range(piece * size, piece * size + size) for piece in order]
    return (*(place for piece in pieces for place in piece), *range(count * size, len(text)))


def exchanged(order: list[int], one: int, other: int) -> list[int]:
    order = list(order)
    order[one], order[other] = order[other], order[one]
    return order


def put_back(order: list[int], piece: int, place: int) -> list[int]:
    rest = order[:piece] + order[piece + 1 :]
    return [*rest[:place], order[piece], *rest[place:]]


def exchanges(text: str, size: int) -> Iterator[Arrangement]:
    """Exchange each two pieces, and look at the parity of what comes out."""
    count = len(text) // size
    pairs = list(combinations(range(count), 2))
    for one, other in pairs:
        source = put_together(text, size, exchanged(list(range(count)), one, other))
        if may_be(values_of(text, source), 2):
            told = Repair(one + 1, damage=NAMED[size][0], other=other + 1)
            yield Arrangement(source, len(pairs), (told,))


def moves(text: str, size: int) -> Iterator[Arrangement]:
    """Put each piece to each place that is not beside its own, and look at the parity of what comes out."""
    count = len(text) // size
    for piece, place in permutations(range(count), 2):
        source = put_together(text, size, put_back(list(range(count)), piece, place))
        if abs(piece - place) > 1 and may_be(values_of(text, source), 2):
            told = Repair(place + 1, damage=NAMED[size][1], other=piece + 1)
            yield Arrangement(source, count * count, (told,))


@settings(max_examples=examples(40))
@given(texts, sizes, st.integers(0, 99), st.integers(0, 99))
def test_two_pieces_may_be_swapped_where_the_parity_says_so(
    code: str, size: int, one: int, other: int
) -> None:
    count = len(code) // size
    source = put_together(code, size, exchanged(list(range(count)), one % count, other % count))
    text = "".join(code[place] for place in source)
    assert list(swapped(Sums(text), size, Budget(ENOUGH))) == list(exchanges(text, size))


@settings(max_examples=examples(40))
@given(texts, sizes, st.integers(0, 99), st.integers(0, 99))
def test_a_piece_may_be_moved_where_the_parity_says_so(code: str, size: int, one: int, other: int) -> None:
    count = len(code) // size
    source = put_together(code, size, put_back(list(range(count)), one % count, other % count))
    text = "".join(code[place] for place in source)
    assert list(moved(Sums(text), size, Budget(ENOUGH))) == list(moves(text, size))


def test_groups_are_told_apart_a_third_of_the_field_from_each_other() -> None:
    """There the third power of the generator is the same for both places: it has only 341 powers."""
    body = "".join(Random(3).choices(ALPHABET, k=1360))
    code = body + parity_of(body)
    order = exchanged(list(range(344)), 1, 342)
    source = put_together(code, 4, order)
    text = "".join(code[place] for place in source)
    found = swapped(Sums(text), 4, Budget(ENOUGH * ENOUGH))
    assert source in {each.source for each in found}


# --- what it costs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "count"), [(4, 15), (6, 10), (2, 31)])
def test_an_exchange_costs_half_a_step_and_a_move_two(size: int, count: int) -> None:
    sums = Sums("Q4" * (size * count // 2) + "A" * (size - 2))
    for search, steps in ((swapped, count * (count - 1) // 2 // 2), (moved, 2 * count * count)):
        enough, too_few = Budget(steps), Budget(steps - 1)
        list(search(sums, size, enough))
        assert (enough.left, enough.spent) == (0, steps)
        assert not list(search(sums, size, too_few))
        assert too_few.spent == 0


def test_no_work_is_done_for_an_odd_number_of_characters() -> None:
    budget = Budget(ENOUGH)
    for search in (swapped, moved):
        assert not list(search(Sums("0" * 41), 4, budget))
    assert budget.spent == 0
