"""The Merkle tree, held against the definitions of RFC 6962, section 2.1, as they stand there.

The known answers are those of the certificate transparency project's own tests, written down here as digests
that anybody can work out again.
"""

from collections.abc import Sequence
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from reservation.merkle import (
    EMPTY_ROOT,
    TILE_WIDTH,
    Frontier,
    Row,
    Tiles,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
    rows_for,
)

# --- the definitions, as RFC 6962 has them: D is the list of inputs ---------------------------------


def mth(d: Sequence[bytes]) -> bytes:
    if not d:
        return sha256().digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: Sequence[bytes]) -> list[bytes]:
    return subproof(m, d, True)


def subproof(m: int, d: Sequence[bytes], b: bool) -> list[bytes]:
    if m == len(d):
        return [] if b else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


# --- trees ------------------------------------------------------------------------------------------


class Kept:
    """Rows of a tree, as a database keeps them."""

    def __init__(self, batches: Sequence[Sequence[bytes]]) -> None:
        self.rows: dict[tuple[int, int], bytes] = {}
        self.size = 0
        for batch in batches:
            made = rows_for(self.size, [leaf_hash(one) for one in batch], self.fetch)
            assert not {(one.level, one.place) for one in made} & self.rows.keys(), "a row changed"
            self.rows |= {(one.level, one.place): one.hash for one in made}
            self.size += len(batch)

    def fetch(self, level: int, first: int, end: int) -> list[bytes]:
        return [self.rows[level, place] for place in range(first, end) if (level, place) in self.rows]

    @property
    def tiles(self) -> Tiles:
        return Tiles(self.fetch)


def inputs(count: int) -> list[bytes]:
    return [b"input %d" % number for number in range(count)]


SIZES = st.integers(1, 40) | st.sampled_from([255, 256, 257, 511, 512, 513, 700])


@st.composite
def batches(draw: st.DrawFn) -> list[list[bytes]]:
    d = inputs(draw(SIZES))
    cuts = sorted(draw(st.sets(st.integers(0, len(d)), max_size=4)))
    return [d[first:end] for first, end in zip([0, *cuts], [*cuts, len(d)], strict=True)]


@given(batches())
def test_roots_are_those_of_the_definition(parts: list[list[bytes]]) -> None:
    d = [one for part in parts for one in part]
    kept, frontier = Kept(parts), Frontier()
    assert frontier.root() == root_of(0, kept.tiles.whole) == mth([]) == EMPTY_ROOT
    for one in d:
        frontier.add(leaf_hash(one))
    assert frontier.root() == root_of(len(d), kept.tiles.whole) == mth(d)
    assert frontier.size == len(d)


@given(SIZES, st.data())
def test_what_is_included_is_proved(size: int, data: st.DataObject) -> None:
    d, place = inputs(size), data.draw(st.integers(0, size - 1))
    made = inclusion_proof(place, size, Kept([d]).tiles.whole)
    assert made == path(place, d)
    assert is_included(leaf_hash(d[place]), place, size, made, mth(d))


@given(SIZES, st.data())
def test_what_only_grew_is_proved(size: int, data: st.DataObject) -> None:
    d, before = inputs(size), data.draw(st.integers(1, size))
    made = consistency_proof(before, size, Kept([d]).tiles.whole)
    assert made == proof(before, d)
    assert is_consistent(before, size, made, mth(d[:before]), mth(d))


@given(st.integers(1, 40), st.data())
def test_an_older_root_is_found_in_the_rows_of_a_newer_tree(size: int, data: st.DataObject) -> None:
    d, before = inputs(size), data.draw(st.integers(0, size))
    assert root_of(before, Kept([d]).tiles.whole) == mth(d[:before])


# --- what is not so ---------------------------------------------------------------------------------


def spoiled(made: list[bytes], data: st.DataObject) -> list[bytes]:
    """Return a proof with one hash changed, taken away, doubled or added."""
    place = data.draw(st.integers(0, max(0, len(made) - 1)))
    ways = [[*made, bytes(32)], [bytes(32), *made]]
    if made:
        ways += [
            [*made[:place], bytes(32), *made[place + 1 :]],
            [*made[:place], *made[place + 1 :]],
            [*made[:place], made[place], *made[place:]],
        ]
    return data.draw(st.sampled_from(ways))


@given(SIZES, st.data())
def test_a_false_inclusion_is_not_believed(size: int, data: st.DataObject) -> None:
    d, place = inputs(size), data.draw(st.integers(0, size - 1))
    leaf, made, root = leaf_hash(d[place]), path(place, d), mth(d)
    assert not is_included(leaf_hash(b"another"), place, size, made, root)
    assert not is_included(leaf, place, size, made, bytes(32))
    assert not is_included(leaf, place, size, spoiled(made, data), root)
    assert not any(is_included(leaf, other, size, made, root) for other in (-1, size, place ^ 1))


@given(SIZES, st.data())
def test_a_false_growth_is_not_believed(size: int, data: st.DataObject) -> None:
    d, before = inputs(size), data.draw(st.integers(1, size))
    made, older, root = proof(before, d), mth(d[:before]), mth(d)
    assert not is_consistent(before, size, made, bytes(32), root)
    assert not is_consistent(before, size, made, older, bytes(32))
    assert not is_consistent(before, size, spoiled(made, data), older, root)
    assert not is_consistent(0, size, made, older, root)
    assert not is_consistent(size + 1, size, made, older, root)


# --- known answers ----------------------------------------------------------------------------------

KNOWN = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243")]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
}


def test_the_published_roots_come_out() -> None:
    frontier = Frontier()
    for size, one in enumerate(KNOWN, start=1):
        frontier.add(leaf_hash(one))
        assert frontier.root().hex() == ROOTS[size]


def test_a_proof_in_a_large_tree_looks_at_few_rows() -> None:
    """Rows of three levels, as of a tree of 256 · 256 leaves: no proof reads more than a tile of each."""
    asked: list[tuple[int, int, int]] = []

    def fetch(level: int, first: int, end: int) -> list[bytes]:
        asked.append((level, first, end))
        return [leaf_hash(b"%d %d" % (level, place)) for place in range(first, end)]

    size = TILE_WIDTH**2 + 70_000
    whole = Tiles(fetch).whole
    inclusion_proof(50_000, size, whole)
    assert sum(end - first for _, first, end in asked) <= 5 * TILE_WIDTH
    assert len(asked) == len(set(asked))


def test_rows_are_made_of_every_eighth_level() -> None:
    kept = Kept([inputs(TILE_WIDTH * 2 + 1)])
    assert {level for level, _ in kept.rows} == {0, 1}
    assert kept.rows[1, 1] == mth(inputs(2 * TILE_WIDTH)[TILE_WIDTH:])
    assert rows_for(0, [], kept.fetch) == []
    assert rows_for(0, [b"x"], lambda *_: []) == [Row(0, 0, b"x")]
