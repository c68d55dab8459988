"""Bundles and frames: how many there are, whether any loss of 30 % is borne, and how long it takes.

The bundle is one of 20,000 bytes of authorizations that share nothing, the worst case. The least number of
frames is that of symbols of the same version filled to the last character with those bytes alone, without
any head, parity or redundancy.
"""

from typing import Final

from benchmarks.content import Chance
from benchmarks.measured import verdict
from benchmarks.table import markdown, number
from benchmarks.timing import TIME_HEAD, Effort, alone
from codec.bundle import encode_bundle
from codec.frames import Frame, cut, gather
from codec.qr import room_of

BYTES: Final = 20_000
MEMBER_BYTES: Final = 85
LOSS: Final = 30
MOST: Final = 1.5
VERSIONS: Final = (10, 15, 20, 25)
SUBSETS: Final = 300
HEAD: Final = ("QR version", "least", "k", "n", "n : least ≤", "n : least", "lost", "rebuilt", "met")
"""Of `counts_table`."""
_LIMIT_MICROSECONDS: Final = 50_000
JUDGED: Final = 20
"""The version that is usual; smaller symbols give a larger part to head and parity."""
TITLE: Final = "## Bundles and frames\n"
_SECTION: Final = """\
{title}
A bundle of 20,000 bytes that share nothing, cut so that any 30 % of the frames may get lost
(`benchmarks/frames.py`). Least: symbols of that version, filled with these bytes alone. Rebuilt: how often
the codes came back after a random 30 % were lost. The target is for the usual version, 20; n is at least
1.43 times k.

{counts}

{times}

"""


def members() -> tuple[bytes, ...]:
    """Return bytes that look like authorizations, 20,000 of them."""
    chance = Chance("bundle")
    return tuple(b"\x51" + chance.octets(MEMBER_BYTES - 1) for _ in range(-(-BYTES // MEMBER_BYTES)))


def least_frames(version: int) -> int:
    """Return how many symbols of a version the bytes alone fill."""
    characters = -(-8 * BYTES // 5)
    return -(-characters // room_of(version))


def rebuilt(frames: tuple[Frame, ...], expected: tuple[bytes, ...], seed: str, subsets: int) -> int:
    """Lose 30 % of the frames, as often as said; return how often the rest gave all codes back."""
    chance = Chance(seed)
    return sum(_survives(list(frames), expected, chance) for _ in range(subsets))


def _survives(frames: list[Frame], expected: tuple[bytes, ...], chance: Chance) -> bool:
    for _ in range(len(frames) * LOSS // 100):
        frames.pop(chance.below(len(frames)))
    (gathered,) = gather(frames)
    return gathered.rebuild().members == expected


def counts_table(subsets: int = SUBSETS) -> str:
    """Measure numbers of frames and how loss is borne, for each version."""
    codes = members()
    bundle = encode_bundle(codes)
    rows = []
    for version in VERSIONS:
        frames = cut(bundle, room=room_of(version), loss=LOSS)
        least, found = least_frames(version), rebuilt(frames, codes, f"version {version}", subsets)
        ratio = len(frames) / least
        rows.append(
            (
                str(version),
                str(least),
                str(frames[0].of.needed),
                str(len(frames)),
                number(MOST, 2) if version == JUDGED else "–",
                number(ratio, 3),
                str(len(frames) * LOSS // 100),
                f"{found} of {subsets}",
                _verdict(version, ratio, found == subsets),
            )
        )
    return markdown(HEAD, rows)


def _verdict(version: int, ratio: float, always: bool) -> str:
    """Judge the usual version by both targets, others by whether every loss is borne."""
    return verdict(always and (ratio <= MOST or version != JUDGED))


def section(effort: Effort, subsets: int = SUBSETS) -> str:
    """Measure and describe bundles and frames."""
    return _SECTION.format(title=TITLE, counts=counts_table(subsets), times=times_table(effort))


def times_table(effort: Effort) -> str:
    """Measure how long cutting and rebuilding take."""
    bundle = encode_bundle(members())
    frames = cut(bundle, room=room_of(20), loss=LOSS)
    (last,) = gather(frames[-frames[0].of.needed :])
    times = (
        alone("cut 20 KB into frames", lambda: cut(bundle, room=970, loss=LOSS), effort, _LIMIT_MICROSECONDS),
        alone("rebuild 20 KB from its last frames", last.rebuild, effort, _LIMIT_MICROSECONDS),
    )
    return markdown(TIME_HEAD, [one.cells() for one in times])
