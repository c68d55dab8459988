"""Frames: a bundle in n pieces, any k of which rebuild it, each small enough for one QR.

A frame is ``kind byte | tag | k, n, number | piece``. The first k frames hold the bundle itself, cut into
equal pieces; the others are made by `codec.erasure`. The tag is the beginning of the bundle's digest, and
keeps the frames of two bundles apart; the whole digest, inside the bundle, proves the rebuilt one.

Invariants:
    * A frame announces nothing that a reader would have to make room for: it keeps the frames it was given.
    * What is rebuilt is the bundle of the digest, or an error.

Not handled: which texts there are (`codec.carriers`), and drawing.

Source: docs/spec/carriers-v1.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from codec.alphabet import ALPHABET, PARITY_CHARACTERS
from codec.bundle import MAX_BUNDLE_BYTES, digest_in, members_announced, read_bundle
from codec.codes import UnsignedKind
from codec.erasure import MOST_POINTS, UNIT_BYTES, if_one_is_wrong, pieces_at
from codec.errors import (
    FieldError,
    FramesDisagreeError,
    FramesMissingError,
    MalformedCodeError,
    NewerVersionError,
)
from codec.fields import NEWER_HINT
from codec.parity import text_of
from codec.wire import MAX_BODY_CHARACTERS, kind_byte

MOST_FRAMES: Final = MOST_POINTS
TAG_BYTES: Final = 5
HEAD_BYTES: Final = 10
HEAD_CHARACTERS: Final = 16
UNIT_CHARACTERS: Final = 8
MOST_UNITS: Final = (MAX_BODY_CHARACTERS - HEAD_CHARACTERS) // UNIT_CHARACTERS
FEWEST_CHARACTERS: Final = HEAD_CHARACTERS + UNIT_CHARACTERS + PARITY_CHARACTERS
"""Of the text of a frame, parity included."""
MOST_LOSS: Final = 90
"""Per cent."""

_KIND_BYTE: Final = kind_byte(UnsignedKind.FRAME)
_BITS: Final = 10
_TRIALS: Final = 1_000_000
"""Steps that the search for a wrong frame may take, a microsecond each or less: about a second."""
_BYTES_A_STEP: Final = 50


class FrameSet(NamedTuple):
    """What the frames of one cutting of one bundle have in common.

    Attributes:
        tag: First 5 bytes of the bundle's digest.
        needed: How many rebuild the bundle.
        total: How many were made.
        units: Length of a piece, in 5 bytes.
    """

    tag: bytes
    needed: int
    total: int
    units: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        of: The set that it belongs to.
        number: Its number there, from 1.
        piece: Its part of the bundle, or what was made of all parts.
    """

    of: FrameSet
    number: int
    piece: bytes

    @property
    def data(self) -> bytes:
        """The bytes of the frame."""
        numbers = (self.of.needed << _BITS | self.of.total) << _BITS | self.number
        return bytes((_KIND_BYTE,)) + self.of.tag + numbers.to_bytes(4) + self.piece

    @property
    def text(self) -> str:
        """The frame as one unbroken code, parity included."""
        return text_of(self.data)

    def __str__(self) -> str:
        return f"frame {self.number} of {self.of.total}"


class Rebuilt(NamedTuple):
    """A bundle that its digest proves.

    Attributes:
        members: Its codes.
        wrong: Numbers of frames that do not belong to it, though they say so.
    """

    members: tuple[bytes, ...]
    wrong: tuple[int, ...]


# --- cutting -------------------------------------------------------------------------------------------


def cut(bundle: bytes, *, room: int, loss: int) -> tuple[Frame, ...]:
    """Cut a bundle into frames, as few as will do.

    Args:
        bundle: The bytes of a bundle.
        room: Characters that a frame may have, parity included; at least 40.
        loss: Per cent of the frames, any of them, that may be lost; 0 to 90.

    Raises:
        FieldError: There is no room, or the bundle needs more than 1,023 frames.
    """
    units = min((room - HEAD_CHARACTERS - PARITY_CHARACTERS) // UNIT_CHARACTERS, MOST_UNITS)
    if units < 1 or not 0 <= loss <= MOST_LOSS:
        raise FieldError(
            f"A frame has at least {FEWEST_CHARACTERS} characters, and at most {MOST_LOSS} % may be lost.",
            hint="Use a larger QR, or less loss.",
        )
    needed = -(-len(bundle) // (UNIT_BYTES * units))
    total = _total(needed, loss)
    if total > MOST_FRAMES:
        raise FieldError(
            f"This bundle would need {total:,} frames; at most {MOST_FRAMES:,} belong together.",
            hint="Use larger QR symbols, or less loss, or make several bundles.",
        )
    length = _piece_length(len(bundle), needed)
    filled = bundle.ljust(needed * length, b"\0")
    pieces = {index: filled[index * length : (index + 1) * length] for index in range(needed)}
    pieces |= pieces_at(pieces, range(needed, total), needed)
    of = FrameSet(digest_in(bundle)[:TAG_BYTES], needed, total, length // UNIT_BYTES)
    return tuple(Frame(of, index + 1, piece) for index, piece in pieces.items())


def _total(needed: int, loss: int) -> int:
    """Return the least number of which ``loss`` per cent, rounded down but at least one, leave enough."""
    total = needed + (loss > 0)
    while total - total * loss // 100 < needed:
        total += 1
    return total


def _piece_length(size: int, needed: int) -> int:
    """Return the least length, in bytes, of pieces that together hold a bundle."""
    return -(-size // (UNIT_BYTES * needed)) * UNIT_BYTES


# --- reading -------------------------------------------------------------------------------------------


def decode_frame(data: bytes) -> Frame:
    """Return a frame from its bytes.

    Raises:
        MalformedCodeError: They are no frame, or one that cannot be.
        NewerVersionError: A newer version made it.
    """
    first = int.from_bytes(data[:1])
    numbers = int.from_bytes(data[1 + TAG_BYTES : HEAD_BYTES])
    newer = first > _KIND_BYTE or (first == _KIND_BYTE and numbers >> 3 * _BITS)
    if ALPHABET[first >> 3] == UnsignedKind.FRAME.value and newer:
        raise NewerVersionError("This frame was made by a newer version of Tallystick.", hint=NEWER_HINT)
    if first != _KIND_BYTE:
        raise MalformedCodeError("This is no frame.", hint="A frame starts with F.")
    needed, total, number = (numbers >> shift & MOST_POINTS for shift in (2 * _BITS, _BITS, 0))
    piece = data[HEAD_BYTES:]
    units, rest = divmod(len(piece), UNIT_BYTES)
    of = FrameSet(data[1 : 1 + TAG_BYTES], needed, total, units)
    sound = 1 <= needed <= total and 1 <= number <= total and 1 <= units <= MOST_UNITS and not rest
    # Pieces have the least length that holds the bundle, which is longer than shorter ones would hold.
    if not sound or UNIT_BYTES * needed * (units - 1) >= MAX_BUNDLE_BYTES:
        raise MalformedCodeError(
            "This frame cannot be right: its numbers contradict each other.",
            hint="Scan or copy it again.",
        )
    return Frame(of, number, piece)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The frames at hand of one set.

    Attributes:
        of: The set.
        pieces: Number to piece.
        doubtful: Numbers under which there were two different pieces; neither is used.
    """

    of: FrameSet
    pieces: Mapping[int, bytes]
    doubtful: tuple[int, ...] = ()

    def without(self, doubtful: Iterable[int]) -> "Gathered":
        """Leave out numbers that were doubtful elsewhere."""
        numbers = {*self.doubtful, *doubtful}
        pieces = {number: piece for number, piece in self.pieces.items() if number not in numbers}
        return Gathered(self.of, pieces, tuple(sorted(numbers)))

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the frames that are not at hand."""
        return tuple(number for number in range(1, self.of.total + 1) if number not in self.pieces)

    @property
    def still_needed(self) -> int:
        """How many more frames it takes."""
        return max(0, self.of.needed - len(self.pieces))

    def rebuild(self) -> Rebuilt:
        """Rebuild the bundle from any k frames, and prove it by its digest.

        With more than k frames, one that is wrong is found out, as long as that takes about a second.

        Raises:
            FramesMissingError: There are too few.
            FramesDisagreeError: What comes out is not the bundle that the frames name.
            NewerVersionError: A newer version made the bundle.
        """
        if self.still_needed:
            raise self._too_few()
        numbers = sorted(self.pieces)[: self.of.needed + 1]
        # The first ones cost the least: the whole is cut into them.
        known = {number - 1: self.pieces[number] for number in numbers[: self.of.needed]}
        whole = self._whole(known)
        members = self._proved(b"".join(whole))
        wrong: tuple[int, ...] = ()
        if members is None:
            if len(numbers) == len(known):
                raise self._disagreeing()
            number, members = self._without_one(known, numbers[-1], whole)
            wrong = (number,)
        return Rebuilt(members, tuple(sorted((*wrong, *self.doubtful))))

    def _whole(self, known: Mapping[int, bytes]) -> list[bytes]:
        """Return the k pieces that the bundle was cut into."""
        needed = self.of.needed
        pieces = {**known, **pieces_at(known, set(range(needed)) - set(known), needed)}
        return [pieces[index] for index in range(needed)]

    def _proved(self, data: bytes) -> tuple[bytes, ...] | None:
        """Return the members of the bundle that these frames name; None for anything else."""
        if digest_in(data)[:TAG_BYTES] != self.of.tag:
            return None
        try:
            members, length = read_bundle(data)
        except MalformedCodeError:
            return None
        return members if _piece_length(length, self.of.needed) == UNIT_BYTES * self.of.units else None

    def _without_one(
        self, known: Mapping[int, bytes], spare: int, whole: list[bytes]
    ) -> tuple[int, tuple[bytes, ...]]:
        """Take each known frame in turn for a wrong one, until the others and the spare one fit together."""
        needed, budget = self.of.needed, _TRIALS
        for point, added in if_one_is_wrong(known, (spare - 1, self.pieces[spare]), needed):
            data = b"".join(_with(whole, added))
            budget -= needed + len(added) + len(data) // _BYTES_A_STEP + members_announced(data)
            if budget < 0:
                break
            members = self._proved(data)
            if members is not None:
                return point + 1, members
        raise self._disagreeing()

    def _too_few(self) -> FramesMissingError:
        found, of = len(self.pieces), self.of
        return FramesMissingError(
            f"{found} of the {of.total} frames are here, and it takes {of.needed}: {self.wanted}.",
            hint="Scan or copy more of them, in any order, and give all of them at once.",
        )

    @property
    def wanted(self) -> str:
        """Which frames are missing, in words; empty when there are enough."""
        if not self.still_needed:
            return ""
        missing, more = self.missing, self.still_needed
        named = _listed(missing)
        if len(missing) == 1:
            return f"{named} is missing"
        which = f"any {'one' if more == 1 else more} of them will do"
        if more == len(missing):
            which = "all of them are needed"
        return f"{named} are missing; {which}"

    def _disagreeing(self) -> FramesDisagreeError:
        spare = len(self.pieces) - self.of.needed
        return FramesDisagreeError(
            f"The {len(self.pieces)} frames do not fit together: what they rebuild is not the bundle that "
            "they name. At least one of them is wrong, or was made to deceive.",
            hint="Scan all frames again, from the original. "
            + ("" if spare else "With one frame more, a single wrong one can be found."),
        )


def _with(whole: list[bytes], added: Mapping[int, bytes]) -> list[bytes]:
    """Return pieces to some of which something was added."""
    pieces = whole.copy()
    for point, piece in added.items():
        pieces[point] = (int.from_bytes(pieces[point]) ^ int.from_bytes(piece)).to_bytes(len(piece))
    return pieces


def gather(frames: Iterable[Frame]) -> tuple[Gathered, ...]:
    """Sort frames by the set that they belong to, in the order in which the sets come up."""
    sets: dict[FrameSet, dict[int, set[bytes]]] = {}
    for frame in frames:
        sets.setdefault(frame.of, {}).setdefault(frame.number, set()).add(frame.piece)
    return tuple(
        Gathered(
            of,
            {number: next(iter(pieces)) for number, pieces in numbers.items() if len(pieces) == 1},
            tuple(sorted(number for number, pieces in numbers.items() if len(pieces) > 1)),
        )
        for of, numbers in sets.items()
    )


def joined(sets: Iterable[Gathered]) -> tuple[Gathered, ...]:
    """Put together what was gathered in several places."""
    sets = tuple(sets)
    frames = (Frame(each.of, number, piece) for each in sets for number, piece in each.pieces.items())
    doubtful: dict[FrameSet, set[int]] = {}
    for each in sets:
        doubtful.setdefault(each.of, set()).update(each.doubtful)
    return tuple(each.without(doubtful.pop(each.of)) for each in gather(frames)) + tuple(
        Gathered(of, {}, tuple(sorted(numbers))) for of, numbers in doubtful.items()
    )


def _listed(numbers: tuple[int, ...]) -> str:
    """Name frames by their numbers, runs of three and more as such: "frames 1 to 4, 6 and 9"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words: list[str] = []
    for run in runs:
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run)
    if len(words) == 1:
        return f"frame{'s' * (len(numbers) > 1)} {words[0]}"
    return f"frames {', '.join(words[:-1])} and {words[-1]}"
