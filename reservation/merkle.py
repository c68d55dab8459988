"""The Merkle tree of RFC 6962 (section 2.1): roots, proofs, and what checks them. Without I/O.

    leaf = SHA-256(0x00 ‖ content)        node = SHA-256(0x01 ‖ left ‖ right)        empty tree = SHA-256("")

Trees are never held whole. `Frontier` adds leaves one by one and keeps the right edge. Proofs are worked out
from the hashes of complete subtrees, which `Tiles` finds in rows that are kept of every eighth level: of the
leaves, of each 256 leaves, of each 65,536 leaves, … `rows_for` makes these rows as leaves come.

Invariants: a row never changes once it is made, whatever comes after it. A proof of a million leaves looks at
a few hundred rows. Places count from 0.

Not handled: what a leaf says (`reservation.leaves`), and where rows are kept (`reservation.sql.logging`).
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
TILE_LEVELS = 8
TILE_WIDTH = 1 << TILE_LEVELS

Whole = Callable[[int, int], bytes]
"""Gives the hash of a complete subtree: of the 2^level leaves from place · 2^level on."""
Fetch = Callable[[int, int, int], Sequence[bytes]]
"""Gives kept rows: of a row level, from a place on, up to another place that is not included any more."""


class Row(NamedTuple):
    """A hash that is kept: of the 256^level leaves from place · 256^level on."""

    level: int
    place: int
    hash: bytes


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two others."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only its right edge is kept of."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add the hash of one more leaf."""
        place = self.size
        while place & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            place >>= 1
        self._edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of what was added."""
        if not self._edge:
            return EMPTY_ROOT
        *others, root = self._edge
        for left in reversed(others):
            root = node_hash(left, root)
        return root


# --- kept rows -------------------------------------------------------------------------------------


def rows_for(size: int, leaves: Sequence[bytes], fetch: Fetch) -> list[Row]:
    """Return the rows that a tree gets with further leaves.

    Args:
        size: Leaves before them.
        leaves: Their hashes.
        fetch: Gives the rows that there are.
    """
    made: list[Row] = []
    level, first, hashes = 0, size, list(leaves)
    while hashes:
        made += [Row(level, place, one) for place, one in enumerate(hashes, start=first)]
        start = first - first % TILE_WIDTH
        tiles = [*fetch(level, start, first), *hashes]
        ends = range(TILE_WIDTH, len(tiles) + 1, TILE_WIDTH)
        hashes = [_levels_of(tiles[end - TILE_WIDTH : end])[-1][0] for end in ends]
        level, first = level + 1, start // TILE_WIDTH
    return made


def _levels_of(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return all complete subtrees over up to 256 hashes, level by level."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)])
    return levels


class Tiles:
    """The complete subtrees of a tree, found in kept rows; each is read and hashed once."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: dict[tuple[int, int], list[list[bytes]]] = {}

    def whole(self, level: int, place: int) -> bytes:
        """Return the hash of a complete subtree."""
        row_level, height = divmod(level, TILE_LEVELS)
        tile, within = divmod(place << height, TILE_WIDTH)
        key = row_level, tile
        if key not in self._known:
            first = tile * TILE_WIDTH
            self._known[key] = _levels_of(self._fetch(row_level, first, first + TILE_WIDTH))
        return self._known[key][height][within >> height]


# --- roots and proofs ------------------------------------------------------------------------------


def root_of(size: int, whole: Whole) -> bytes:
    """Return the root of the first leaves of a tree (RFC 6962, section 2.1)."""
    return _over(0, size, whole) if size else EMPTY_ROOT


def _over(first: int, end: int, whole: Whole) -> bytes:
    count = end - first
    if count & (count - 1) == 0:
        return whole(count.bit_length() - 1, first // count)
    middle = first + _split(count)
    return node_hash(_over(first, middle, whole), _over(middle, end, whole))


def _split(count: int) -> int:
    """Return the largest power of two that is less than a count."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_proof(place: int, size: int, whole: Whole) -> list[bytes]:
    """Return what proves that a tree has a leaf (RFC 6962, section 2.1.1)."""
    if not 0 <= place < size:
        raise ValueError(f"no leaf {place} among {size}")
    first, end, proof = 0, size, list[bytes]()
    while end - first > 1:
        middle = first + _split(end - first)
        if place < middle:
            proof.append(_over(middle, end, whole))
            end = middle
        else:
            proof.append(_over(first, middle, whole))
            first = middle
    return proof[::-1]


def consistency_proof(before: int, size: int, whole: Whole) -> list[bytes]:
    """Return what proves that a tree begins with an older one (RFC 6962, section 2.1.2)."""
    if not 0 < before <= size:
        raise ValueError(f"no tree of {before} leaves in one of {size}")
    first, end, proof = 0, size, list[bytes]()
    while before != end:
        middle = first + _split(end - first)
        if before <= middle:
            proof.append(_over(middle, end, whole))
            end = middle
        else:
            proof.append(_over(first, middle, whole))
            first = middle
    return [*([_over(first, end, whole)] if first else []), *proof[::-1]]


# --- what checks them ------------------------------------------------------------------------------


def is_included(leaf: bytes, place: int, size: int, proof: Iterable[bytes], root: bytes) -> bool:
    """Tell whether a proof shows a leaf in a tree (RFC 9162, section 2.1.3.2)."""
    if not 0 <= place < size:
        return False
    here, last, found = place, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(one, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, one)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(before: int, size: int, proof: Sequence[bytes], root_before: bytes, root: bytes) -> bool:
    """Tell whether a proof shows that a tree begins with an older one (RFC 9162, section 2.1.4.2)."""
    if not 0 < before <= size:
        return False
    if before == size:
        return not proof and root_before == root
    path = [root_before, *proof] if before & (before - 1) == 0 else list(proof)
    if not path:
        return False
    here, last = before - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    older = newer = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            older, newer = node_hash(one, older), node_hash(one, newer)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            newer = node_hash(newer, one)
        here, last = here >> 1, last >> 1
    return last == 0 and older == root_before and newer == root
