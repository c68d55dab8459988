"""Bundles and frames for tests: members that look like codes, and frames cut from them."""

from random import Random

from hypothesis import strategies as st

from codec.bundle import encode_bundle
from codec.frames import Frame, cut

_KINDS = bytes.fromhex("b95161c1d1")
lengths = st.one_of(st.integers(65, 160), st.integers(65, 1268)).filter(lambda length: length % 5 != 4)


@st.composite
def members(draw: st.DrawFn, most: int = 12) -> tuple[bytes, ...]:
    """Codes' bytes, some of which begin like the one before."""
    found: list[bytes] = []
    for length in draw(st.lists(lengths, min_size=1, max_size=most)):
        rng = Random(draw(st.integers(0, 1 << 32)))
        fresh = bytes((rng.choice(_KINDS),)) + rng.randbytes(length - 1)
        alike = draw(st.sampled_from((0, 0, 1, 2, 3, 20, 193, 194, 195, 1268))) if found else 0
        shared = found[-1][:alike] if found else b""
        found.append((shared + fresh[len(shared) :])[:length])
    return tuple(found)


def some_members(count: int, length: int = 85, seed: int = 1) -> tuple[bytes, ...]:
    """As many different authorizations' bytes, that share nothing but the kind."""
    rng = Random(f"{count} {length} {seed}")
    return tuple(b"\x51" + rng.randbytes(length - 1) for _ in range(count))


def some_frames(count: int, *, room: int = 400, loss: int = 40, seed: int = 1) -> tuple[Frame, ...]:
    """The frames of a bundle of so many members."""
    return cut(encode_bundle(some_members(count, seed=seed)), room=room, loss=loss)
