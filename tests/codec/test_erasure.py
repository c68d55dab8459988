"""Erasure coding: an independent field as oracle, every subset of small sets, any subset of large ones."""

import random
from itertools import combinations

import pytest
import reedsolo
from hypothesis import given
from hypothesis import strategies as st

from codec.erasure import MOST_POINTS, UNIT_BYTES, if_one_is_wrong, pieces_at
from codec.parity import PRIMITIVE_POLYNOMIAL
from tests.codec.second_carriers import from_symbols, symbols


def whole(needed: int, units: int = 1, seed: int = 0) -> dict[int, bytes]:
    rng = random.Random(f"{needed} {units} {seed}")
    return {point: rng.randbytes(UNIT_BYTES * units) for point in range(needed)}


def test_a_later_piece_is_the_sum_of_quotients() -> None:
    reedsolo.init_tables(prim=PRIMITIVE_POLYNOMIAL, generator=2, c_exp=10)
    pieces = whole(7, units=3)
    made = pieces_at(pieces, (7, 12, 1022), 7)
    for point, piece in made.items():
        expected = [0] * 12
        for index, other in pieces.items():
            for place, symbol in enumerate(symbols(other)):
                expected[place] ^= reedsolo.gf_div(symbol, point ^ index)
        assert piece == from_symbols(expected)


@pytest.mark.parametrize("needed", range(1, 7))
def test_every_subset_of_a_small_set_rebuilds_everything(needed: int) -> None:
    total = needed + 4
    pieces = whole(needed, units=2)
    pieces |= pieces_at(pieces, range(needed, total), needed)
    for chosen in combinations(range(total), needed):
        known = {point: pieces[point] for point in chosen}
        lost = sorted(set(range(total)) - set(chosen))
        assert pieces_at(known, lost, needed) == {point: pieces[point] for point in lost}


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 4), st.randoms(use_true_random=False))
def test_any_subset_rebuilds_everything(needed: int, more: int, units: int, rng: random.Random) -> None:
    total = needed + more
    pieces = whole(needed, units)
    pieces |= pieces_at(pieces, range(needed, total), needed)
    points = list(range(total))
    rng.shuffle(points)
    known = {point: pieces[point] for point in points[:needed]}
    assert pieces_at(known, points[needed:], needed) == {point: pieces[point] for point in points[needed:]}


def test_the_largest_set_is_rebuilt_from_its_last_pieces() -> None:
    needed = MOST_POINTS // 2
    pieces = whole(needed)
    made = pieces_at(pieces, range(needed, MOST_POINTS), needed)
    last = dict(list(made.items())[-needed:])
    assert pieces_at(last, range(needed), needed) == pieces


@given(st.integers(1, 20), st.integers(0, 10), st.integers(1, 3), st.data())
def test_a_wrong_piece_is_undone_by_what_is_added_for_it(
    needed: int, more: int, units: int, data: st.DataObject
) -> None:
    pieces = whole(needed, units)
    every = pieces | pieces_at(pieces, range(needed, needed + more + 1), needed)
    points = sorted(data.draw(st.permutations(sorted(every)))[: needed + 1])
    known = {point: every[point] for point in points[:-1]}
    spare = (points[-1], every[points[-1]])
    assert dict(if_one_is_wrong(known, spare, needed)) == {}
    suspect = data.draw(st.sampled_from(points[:-1]))
    known[suspect] = bytes((known[suspect][0] ^ data.draw(st.integers(1, 255)),)) + known[suspect][1:]
    added = dict(if_one_is_wrong(known, spare, needed))
    assert added.keys() == known.keys()
    assert all(each.keys() <= pieces.keys() for each in added.values())
    found = known | pieces_at(known, [point for point in pieces if point not in known], needed)
    for point, piece in added[suspect].items():
        found[point] = bytes(a ^ b for a, b in zip(found[point], piece, strict=True))
    assert {point: found[point] for point in pieces} == pieces
