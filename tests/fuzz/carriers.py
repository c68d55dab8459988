"""Bundles and frames: bytes with a right digest and parity, and texts made of frames by a recipe.

Mutated bytes alone would never get past a digest or a parity. So an input of `bundle` is what a bundle has
after its digest, and one of `frames` is a list of instructions: take this frame of that bundle, as it is or
changed in some way, and put it after the others.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from codec.alphabet import ALPHABET
from codec.bundle import DIGEST_BYTES, decode_bundle, digest_in, digest_of, encode_bundle
from codec.carriers import carried_by, carried_in, carrier_named, opened, require_no_carrier
from codec.errors import CodecError, FieldError, NewerVersionError
from codec.frames import HEAD_BYTES, TAG_BYTES, Frame, FrameSet, Gathered, cut, decode_frame, joined
from codec.grouping import grouped
from codec.parity import text_of
from samples.carrier_vectors import ALIKE, EVERY_KIND, QR_5, VECTORS, bundle_of
from tests.fuzz.target import SEARCH_MILLISECONDS, Target

_BUNDLE: Final = b"\x59"
_FRAME: Final = b"\x79"


# --- bundles -----------------------------------------------------------------------------------


def bundle(data: bytes) -> None:
    """Take the members out of a bundle with a right digest: what is taken is bundled as the same bytes."""
    whole = sealed(data)
    for read in (carrier_named, require_no_carrier):
        with suppress(CodecError):
            read(whole)
    try:
        members = decode_bundle(whole)
    except CodecError:
        return
    assert encode_bundle(members) == whole, "two forms of one bundle"


def sealed(content: bytes) -> bytes:
    """Return a bundle of any content, with the digest and the padding that are right for it."""
    whole = _BUNDLE + digest_of(content) + content
    return whole + bytes(len(whole) % 5 == 4)


def _bundle_seeds() -> Iterator[bytes]:
    for codes in (ALIKE[:1], ALIKE[:4], EVERY_KIND, (ALIKE[0], ALIKE[0])):
        yield _content(bundle_of(codes))


def _content(whole: bytes) -> bytes:
    return whole[1 + DIGEST_BYTES :]


# --- frames, by a recipe -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cutting:
    """A bundle that was cut: its frames, and its members."""

    frames: tuple[Frame, ...]
    members: tuple[bytes, ...]


@cache
def _cuttings() -> tuple[_Cutting, ...]:
    """Return bundles to draw frames from: two cut in two ways, one in a frame, one in two hundred."""
    forms = ((ALIKE[:4], QR_5, 30), (EVERY_KIND, QR_5, 50), (EVERY_KIND, 400, 50), (ALIKE[:1], 400, 60))
    many = tuple(encode_bundle([*_members(ALIKE), bytes((0xB9, number, *range(98)))]) for number in range(2))
    found = [(bundle_of(codes), room, loss) for codes, room, loss in forms]
    found += [(many[0], 40, 2), (many[1], 56, 2)]
    return tuple(
        _Cutting(cut(whole, room=room, loss=loss), decode_bundle(whole)) for whole, room, loss in found
    )


def _members(codes: tuple[str, ...]) -> tuple[bytes, ...]:
    return decode_bundle(bundle_of(codes))


_STEP: Final = 4
"""Bytes of an instruction: what to do, with the frames of which bundle, with which one, and how."""


def _plain(frame: Frame, how: int) -> Iterator[str]:
    yield frame.text


def _all_others(frame: Frame, how: int) -> Iterator[str]:
    """Yield the frames of a set, one or two left out."""
    frames = next(each.frames for each in _cuttings() if each.frames[0].of == frame.of)
    yield from (each.text for each in frames if each.number not in (frame.number, how))


def _as_many_as_needed(frame: Frame, how: int) -> Iterator[str]:
    """Yield the last frames of a set: they cost the most."""
    frames = next(each.frames for each in _cuttings() if each.frames[0].of == frame.of)
    yield from (each.text for each in frames[-frame.of.needed :])


def _wrong_piece(frame: Frame, how: int) -> Iterator[str]:
    piece = bytearray(frame.piece)
    piece[how % len(piece)] ^= 1 + how % 255
    yield replace(frame, piece=bytes(piece)).text


def _longer_piece(frame: Frame, how: int) -> Iterator[str]:
    yield _text(replace(frame, piece=frame.piece + bytes(how)))


def _shorter_piece(frame: Frame, how: int) -> Iterator[str]:
    yield _text(replace(frame, piece=frame.piece[:how]))


def _other_number(frame: Frame, how: int) -> Iterator[str]:
    yield _text(replace(frame, number=how * 5))


def _other_needed(frame: Frame, how: int) -> Iterator[str]:
    yield _text(replace(frame, of=frame.of._replace(needed=how * 5)))


def _other_total(frame: Frame, how: int) -> Iterator[str]:
    yield _text(replace(frame, of=frame.of._replace(total=how * 5)))


def _other_tag(frame: Frame, how: int) -> Iterator[str]:
    yield replace(frame, of=frame.of._replace(tag=bytes((how,)) + frame.of.tag[1:])).text


def _other_version(frame: Frame, how: int) -> Iterator[str]:
    yield text_of(bytes((frame.data[0] & 0xF8 | how & 7,)) + frame.data[1:])


def _mistyped(frame: Frame, how: int) -> Iterator[str]:
    """Yield a frame with one to five characters changed: four are repaired."""
    characters = list(frame.text)
    for step in range(1 + how % 5):
        characters[(how + 11 * step) % len(characters)] = ALPHABET[how % len(ALPHABET)]
    yield "".join(characters)


def _cut_off(frame: Frame, how: int) -> Iterator[str]:
    yield frame.text[: how or 1]


def _in_lines(frame: Frame, how: int) -> Iterator[str]:
    yield grouped(frame.text)


def _quoted(frame: Frame, how: int) -> Iterator[str]:
    width = 10 + how % 70
    yield "\n".join(f"> {frame.text[at : at + width]}" for at in range(0, len(frame.text), width))


def _a_code(frame: Frame, how: int) -> Iterator[str]:
    yield ALIKE[how % len(ALIKE)]


def _a_bundle(frame: Frame, how: int) -> Iterator[str]:
    yield text_of(bundle_of(ALIKE[: 1 + how % 8]))


def _words(frame: Frame, how: int) -> Iterator[str]:
    yield "Dear Bob, the codes of today:"


def _end_of_paragraph(frame: Frame, how: int) -> Iterator[str]:
    yield ""


def _text(frame: Frame) -> str:
    """Return the text even of a frame that cannot be."""
    of = frame.of
    numbers = (of.needed % 2048 << 20 | of.total % 1024 << 10 | frame.number % 1024).to_bytes(4)
    data = _FRAME + of.tag + numbers + frame.piece
    return text_of(data + bytes(len(data) % 5 == 4))


_WAYS: Final[tuple[Callable[[Frame, int], Iterator[str]], ...]] = (
    _plain,
    _all_others,
    _as_many_as_needed,
    _wrong_piece,
    _longer_piece,
    _shorter_piece,
    _other_number,
    _other_needed,
    _other_total,
    _other_tag,
    _other_version,
    _mistyped,
    _cut_off,
    _in_lines,
    _quoted,
    _a_code,
    _a_bundle,
    _words,
    _end_of_paragraph,
)
_RAW: Final = len(_WAYS)
_HOSTILE: Final = _RAW + 1
_MOST_BY_THEMSELVES: Final = 50
_MOST_TEXTS: Final = 1_100
"""Of one recipe, so that it stays within the 64 KB that the limits are for."""


def made(data: bytes) -> tuple[str, ...]:
    """Follow a recipe, and return the texts that it makes."""
    texts: list[str] = []
    place = 0
    while place < len(data) and len(texts) < _MOST_TEXTS:
        step, place = data[place : place + _STEP].ljust(_STEP, b"\0"), place + _STEP
        way = step[0] % (_HOSTILE + 1)
        if way < _RAW:
            frames = _cuttings()[step[1] % len(_cuttings())].frames
            with suppress(CodecError):
                texts += _WAYS[way](frames[step[2] % len(frames)], step[3])
            continue
        content, place = data[place : place + step[3]], place + step[3]
        texts += _raw(content) if way == _RAW else _hostile(content, 40 + 4 * step[1], step[2] % 91)
    return tuple(texts[:_MOST_TEXTS])


def _raw(content: bytes) -> Iterator[str]:
    """Yield a frame of any bytes, with its parity."""
    with suppress(CodecError):
        yield text_of(_FRAME + content + bytes((1 + len(content)) % 5 == 4))


def _hostile(content: bytes, room: int, loss: int) -> Iterator[str]:
    """Yield the frames of a bundle of any content."""
    with suppress(FieldError):
        yield from (frame.text for frame in cut(sealed(content), room=room, loss=loss))


def frames(data: bytes) -> None:
    """Read texts made of frames, and rebuild what they carry: it is what was cut, or an error."""
    texts = made(data)
    for text in texts[:3]:
        opened(text)
    sets: tuple[Gathered, ...] = ()
    # A newer version's frame makes either of them refuse all.
    with suppress(NewerVersionError):
        sets += carried_in("\n".join(texts)).sets
    with suppress(NewerVersionError):
        sets += carried_by(texts[:_MOST_BY_THEMSELVES]).sets
    for gathered in joined(sets):
        _check(gathered)


def _check(gathered: Gathered) -> None:
    """Rebuild: true frames alone give what was cut, and false ones among them nothing else."""
    cutting = _known().get(gathered.of)
    try:
        rebuilt = gathered.rebuild()
    except CodecError:
        assert not (cutting and _is_whole(gathered, cutting)), "true frames were refused"
        return
    whole = encode_bundle(rebuilt.members)
    assert digest_in(whole)[:TAG_BYTES] == gathered.of.tag, "another bundle than the frames name"
    assert cutting is None or rebuilt.members == cutting.members, "another bundle than was cut"


@cache
def _known() -> Mapping[FrameSet, _Cutting]:
    return {each.frames[0].of: each for each in _cuttings()}


def _is_whole(gathered: Gathered, cutting: _Cutting) -> bool:
    """Tell whether there are enough frames, and none of them was changed."""
    true = {frame.number: frame.piece for frame in cutting.frames}
    return not gathered.still_needed and gathered.pieces.items() <= true.items()


def _frame_seeds() -> Iterator[bytes]:
    for which, cutting in enumerate(_cuttings()):
        wanted = range(min(cutting.frames[0].of.needed + 1, 12))
        yield b"".join(bytes((0, which, number, 0)) for number in wanted)
        yield bytes((1, which, 0, 0, 3, which, 1, 9))
        yield bytes((2, which, 0, 0))
        yield bytes((1, which, 1, 3, 3, which, 1, 9, 3, which, 2, 9))
    for way in range(len(_WAYS)):
        yield bytes((0, 0, 0, 0, way, 0, 1, 7, 1, 0, 0, 1))
    content = _content(bundle_of(ALIKE[:2]))[:255]
    yield bytes((_HOSTILE, 20, 40, len(content))) + content
    for text in _vector_frames():
        yield bytes((_RAW, 0, 0, len(text) - 1)) + text[1:]


def _vector_frames() -> Iterator[bytes]:
    """Yield the bytes of the short frames of the test vectors."""
    for path in sorted(VECTORS.glob("frames-*.json")):
        for text in json.loads(path.read_text("ascii"))["texts"]:
            with suppress(CodecError):
                inside = opened(text)
                if isinstance(inside, Frame) and len(inside.data) < 250:
                    yield inside.data


# --- anything ----------------------------------------------------------------------------------


def carriers(data: bytes) -> None:
    """Read any text for what it carries; single frames from bytes, too: what is read has one form."""
    raw = data.decode("utf-8", errors="replace")
    with suppress(CodecError):
        found = carried_in(raw)
        for gathered in found.sets:
            _check(gathered)
    opened(raw)
    frame = _FRAME + data
    try:
        assert decode_frame(frame).data == frame, "two forms of one frame"
    except CodecError:
        return


def _carrier_seeds() -> Iterator[bytes]:
    for path in sorted(VECTORS.glob("*.json")):
        yield "\n".join(json.loads(path.read_text("ascii"))["texts"]).encode()
    yield _cuttings()[0].frames[0].data[1:]
    yield _cuttings()[0].frames[0].data[1:HEAD_BYTES] + bytes(5)


TARGETS: Final = {
    "bundle": Target(bundle, _bundle_seeds, ("codec.bundle",), 1300, 0.4),
    "frames": Target(
        frames,
        _frame_seeds,
        ("codec.erasure", "codec.frames", "codec.carriers"),
        2000,
        0.04,
        SEARCH_MILLISECONDS,
    ),
    "carriers": Target(carriers, _carrier_seeds, ("codec.carriers", "codec.frames"), 8192, 0.1),
}
