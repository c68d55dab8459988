"""Bundles and frames among texts that were seen: their codes, in place of them.

Scope: pure; sightings in, sightings of single codes out. A code that a bundle carries was seen where the
bundle was; one that frames carry, where the first of the frames was.

Not handled: what is no bundle or frame, which stays as it was (`codec.sightings`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codec.carriers import opened
from codec.errors import CodecError
from codec.frames import Frame, FrameSet, gather
from codec.parity import text_of
from codec.sightings import Place, Sighting


@dataclass(frozen=True, slots=True)
class Opened:
    """What was seen, with carriers opened.

    Attributes:
        sightings: All else, and the codes that were inside.
        problems: Why frames gave no codes.
        wrong: Frames that do not belong to their bundle, though they say so.
    """

    sightings: tuple[Sighting, ...]
    problems: tuple[CodecError, ...] = ()
    wrong: tuple[str, ...] = ()


def opened_by(sightings: Iterable[Sighting]) -> Opened:
    """Put the codes that are carried in place of what carries them."""
    found: list[Sighting] = []
    frames: list[tuple[Frame, Place]] = []
    for sighting in sightings:
        inside = opened(sighting.text)
        if isinstance(inside, Frame):
            frames.append((inside, sighting.place))
        elif inside is None:
            found.append(sighting)
        else:
            found += _sightings(inside, sighting.place)
    return _with_frames(found, frames)


def _with_frames(found: list[Sighting], frames: list[tuple[Frame, Place]]) -> Opened:
    """Add the codes that frames carry, bundle by bundle."""
    problems: list[CodecError] = []
    wrong: list[str] = []
    first: dict[FrameSet, Place] = {}
    for frame, place in frames:
        first.setdefault(frame.of, place)
    for gathered in gather(frame for frame, _ in frames):
        try:
            rebuilt = gathered.rebuild()
        except CodecError as problem:
            problems.append(problem)
            continue
        found += _sightings(rebuilt.members, first[gathered.of])
        wrong += (f"frame {number} of {gathered.of.total}" for number in rebuilt.wrong)
    return Opened(tuple(found), tuple(problems), tuple(wrong))


def _sightings(members: Iterable[bytes], place: Place) -> Iterator[Sighting]:
    return (Sighting(text_of(member), place) for member in members)
