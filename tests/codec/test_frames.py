"""Frames: any k of n rebuild the bundle; what is lost, doubled, mixed, damaged or made up is told apart."""

import tracemalloc
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.bundle import MAX_BUNDLE_BYTES, decode_bundle, encode_bundle, member_of
from codec.errors import (
    CodecError,
    FieldError,
    FramesDisagreeError,
    FramesMissingError,
    MalformedCodeError,
    NewerVersionError,
)
from codec.frames import (
    MOST_FRAMES,
    MOST_LOSS,
    MOST_UNITS,
    Frame,
    FrameSet,
    Gathered,
    cut,
    decode_frame,
    gather,
    joined,
)
from tests.codec import second_carriers
from tests.codec.carrying import members, some_frames, some_members
from tests.codec.second_decoder import Refusal
from tests.codec.work import calls_in

#: Characters of a QR at level M: versions 3, 5, 10, 20, and the longest code.
ROOMS = (61, 122, 311, 970, 2046)


# --- any k of n ----------------------------------------------------------------------------------------


@given(members(), st.sampled_from(ROOMS), st.integers(0, 60), st.randoms(use_true_random=False))
def test_any_k_of_n_rebuild(codes: tuple[bytes, ...], room: int, loss: int, rng: Random) -> None:
    frames = list(cut(encode_bundle(codes[:3]), room=room, loss=loss))
    needed = frames[0].of.needed
    assert len(frames) - len(frames) * loss // 100 >= needed
    rng.shuffle(frames)
    (gathered,) = gather(frames[:needed])
    assert gathered.rebuild() == (codes[:3], ())
    assert all(len(frame.text) <= room for frame in frames)


def test_every_subset_of_a_small_set_rebuilds_it() -> None:
    frames = some_frames(4, room=200, loss=40)
    codes = some_members(4)
    needed = frames[0].of.needed
    assert (needed, len(frames)) == (4, 6)
    for count in range(1, len(frames) + 1):
        for chosen in combinations(frames, count):
            (gathered,) = gather(chosen)
            if count >= needed:
                assert gathered.rebuild().members == codes
                continue
            with pytest.raises(
                FramesMissingError,
                match=f"any {needed - count if count < needed - 1 else 'one'} of them will do",
            ):
                gathered.rebuild()


def test_a_reader_from_the_page_alone_rebuilds_the_same() -> None:
    frames = some_frames(6, room=200, loss=50)
    chosen = frames[-frames[0].of.needed :]
    found = second_carriers.rebuilt([second_carriers.frame(frame.text) for frame in chosen])
    assert tuple(found) == some_members(6)


def test_the_first_frames_are_the_bundle_itself() -> None:
    frames = some_frames(10)
    data = b"".join(frame.piece for frame in frames[: frames[0].of.needed])
    assert decode_bundle(data.rstrip(b"\0")) == some_members(10)


def test_the_fewest_frames_that_will_do_are_made() -> None:
    for loss in range(MOST_LOSS + 1):
        frames = some_frames(6, loss=loss)
        fewer = len(frames) - 1
        assert fewer - max(fewer * loss // 100, loss > 0) < frames[0].of.needed
        assert len(frames) - max(len(frames) * loss // 100, loss > 0) >= frames[0].of.needed


def test_frames_are_all_alike_long() -> None:
    assert len({len(frame.text) for frame in some_frames(20)}) == 1


# --- what can be wrong ---------------------------------------------------------------------------------


def test_doubled_and_reordered_frames_do_no_harm() -> None:
    frames = some_frames(10)
    (gathered,) = gather([*frames[::-1], *frames, frames[0]])
    assert gathered.rebuild() == (some_members(10), ())


def test_frames_of_two_bundles_are_told_apart() -> None:
    mine, other = some_frames(10), some_frames(10, seed=2)
    mixed = [frame for pair in zip(mine, other, strict=True) for frame in pair]
    first, second = gather(mixed)
    assert first.rebuild().members == some_members(10)
    assert second.rebuild().members == some_members(10, seed=2)


def test_two_cuttings_of_one_bundle_are_told_apart() -> None:
    sets = gather([*some_frames(10, loss=40), *some_frames(10, loss=20), *some_frames(10, room=300)])
    assert [each.rebuild().members for each in sets] == [some_members(10)] * 3


def test_what_is_missing_is_named() -> None:
    frames = some_frames(10, room=190, loss=30)
    needed, total = frames[0].of.needed, frames[0].of.total
    assert (needed, total) == (10, 13)
    present = [frame for frame in frames if frame.number not in {2, 3, 4, 7, 13}]
    (gathered,) = gather(present)
    assert gathered.wanted == "frames 2 to 4, 7 and 13 are missing; any 2 of them will do"
    with pytest.raises(FramesMissingError, match="8 of the 13 frames are here, and it takes 10") as caught:
        gathered.rebuild()
    assert caught.value.hint
    whole = some_frames(10, room=190, loss=0)
    (gathered,) = gather(whole[1:-1])
    assert gathered.wanted == "frames 1 and 10 are missing; all of them are needed"
    (gathered,) = gather(whole[1:])
    assert gathered.wanted == "frame 1 is missing"
    (gathered,) = gather([frame for frame in frames if frame.number not in {2, 3, 7, 8}])
    assert gathered.wanted == "frames 2, 3, 7 and 8 are missing; any one of them will do"
    (gathered,) = gather(frames[4:])
    assert gathered.wanted == "frames 1 to 4 are missing; any one of them will do"
    (gathered,) = gather(frames[3:])
    assert gathered.wanted == ""


def wrong(frame: Frame, seed: int = 1) -> Frame:
    return replace(frame, piece=Random(seed).randbytes(len(frame.piece)))


@pytest.mark.parametrize("place", [0, 3, 9])
def test_one_wrong_frame_is_found_when_there_is_one_to_spare(place: int) -> None:
    frames = list(some_frames(10, room=190, loss=30))
    frames[place] = wrong(frames[place])
    needed = frames[0].of.needed
    others = [frame for index, frame in enumerate(frames) if index != place]
    (gathered,) = gather([frames[place], *others[-needed:]])
    assert gathered.rebuild() == (some_members(10), (place + 1,))


def test_a_wrong_frame_without_one_to_spare_is_an_error() -> None:
    frames = some_frames(10, room=190, loss=30)
    (gathered,) = gather([wrong(frames[0]), *frames[1 : frames[0].of.needed]])
    with pytest.raises(FramesDisagreeError, match="do not fit together") as caught:
        gathered.rebuild()
    assert "one frame more" in caught.value.hint
    (gathered,) = gather([wrong(frames[0]), wrong(frames[1]), *frames[2:]])
    with pytest.raises(FramesDisagreeError) as caught:
        gathered.rebuild()
    assert "one frame more" not in caught.value.hint


def test_two_frames_of_one_number_are_both_left_out() -> None:
    frames = some_frames(10, room=190, loss=30)
    (gathered,) = gather([*frames, wrong(frames[2])])
    assert gathered.rebuild() == (some_members(10), (3,))
    assert 3 in gathered.missing


def test_frames_that_are_wrong_are_named_in_their_order() -> None:
    frames = list(some_frames(10, room=190, loss=30))
    doubled = [wrong(frames[number - 1]) for number in (9, 3)]
    frames[6] = wrong(frames[6])
    (gathered,) = gather([*frames[::-1], *doubled])
    assert gathered.doubtful == (3, 9)
    assert gathered.rebuild() == (some_members(10), (3, 7, 9))


def test_what_was_gathered_in_several_places_is_put_together() -> None:
    frames, other = some_frames(10, room=190, loss=30), some_frames(10, room=190, loss=30, seed=2)
    first = gather([*frames[:6], *other[:1], wrong(frames[1]), frames[8], wrong(frames[8])])
    second = gather([wrong(other[1]), *frames[4:], *other[2:5], other[1]])
    mine, theirs = joined(iter((*first, *second)))
    assert mine.doubtful == (2, 9)
    assert mine.rebuild() == (some_members(10), (2, 9))
    assert sorted(mine.pieces) == [1, *range(3, 9), *range(10, 14)]
    assert (theirs.of, sorted(theirs.pieces), theirs.doubtful) == (other[0].of, [1, 3, 4, 5], (2,))


def test_two_places_with_different_frames_of_one_number_make_both_doubtful() -> None:
    frames = some_frames(10, room=190, loss=30)
    sets = [*gather(frames[:9]), *gather([wrong(frames[4]), *frames[9:]])]
    (gathered,) = joined(sets)
    assert gathered.doubtful == (5,)
    assert gathered.rebuild() == (some_members(10), (5,))


def test_doubtful_numbers_are_remembered_where_nothing_else_is_there() -> None:
    frames = some_frames(10, room=190, loss=30)
    doubled = [frames[8], wrong(frames[8]), frames[2], wrong(frames[2])]
    (gathered,) = joined(gather(doubled))
    assert gathered == Gathered(frames[0].of, {}, (3, 9))
    assert gathered.without([1, 3]) == Gathered(frames[0].of, {}, (1, 3, 9))
    assert [each.of for each in joined(gather([*doubled, *some_frames(3)]))] == [
        some_frames(3)[0].of,
        frames[0].of,
    ]


def test_frames_in_any_order_are_rebuilt_at_the_cost_of_the_first_ones() -> None:
    """The first ones are the bundle itself, and nothing has to be worked out."""
    frames = some_frames(28, room=60, loss=40)
    (ordered,), (turned,) = gather(frames), gather(frames[::-1])
    cheap = calls_in(ordered.rebuild)
    (last,) = gather(frames[-frames[0].of.needed :])
    assert calls_in(last.rebuild) > 2 * cheap
    assert calls_in(turned.rebuild) <= cheap


@pytest.mark.parametrize("place", [0, 1, 250, 483])
def test_one_wrong_frame_among_hundreds_is_found(place: int) -> None:
    frames = list(some_frames(28, room=40, loss=1))
    frames[place] = wrong(frames[place])
    (gathered,) = gather(frames)
    assert gathered.rebuild() == (some_members(28), (place + 1,))


def disagrees(gathered: Gathered) -> None:
    with pytest.raises(FramesDisagreeError):
        gathered.rebuild()


def test_the_search_for_a_wrong_frame_costs_little_for_each_frame() -> None:
    """With two wrong ones among hundreds all are tried; rebuilding anew for each would take half a minute."""
    frames = list(some_frames(28, room=40, loss=1))
    assert len(frames) > 480
    (gathered,) = gather([wrong(frames[0]), wrong(frames[1]), *frames[2:]])
    assert calls_in(lambda: disagrees(gathered)) < 100 * len(frames)


def test_the_search_for_a_wrong_frame_has_an_end() -> None:
    """Members that are all the same cost two bytes each, and to read them costs as much as others."""
    member = some_members(1, length=65)[0]
    frames = list(cut(encode_bundle([member] * 4000), room=60, loss=1))
    last = frames[0].of.needed
    (gathered,) = gather([*frames[: last - 2], *map(wrong, frames[last - 2 : last]), *frames[last:]])
    # Without an end all of 540 would be tried: more than four million.
    assert calls_in(lambda: disagrees(gathered)) < 2_000_000


@given(st.integers(0, 1 << 32), st.integers(1, 5))
def test_a_damaged_frame_is_none_or_repaired_by_its_parity(seed: int, count: int) -> None:
    rng = Random(seed)
    frame = some_frames(3)[0]
    text = list(frame.text)
    for place in rng.sample(range(len(text)), count):
        text[place] = rng.choice("0123456789")
    damaged = "".join(text)
    if damaged != frame.text:
        with pytest.raises(Refusal):
            second_carriers.frame(damaged)


# --- hostile heads -------------------------------------------------------------------------------------


def head(needed: int, total: int, number: int, first: int = 0x79, high: int = 0) -> bytes:
    numbers = high << 30 | needed << 20 | total << 10 | number
    return bytes((first,)) + b"tagtg" + numbers.to_bytes(4)


@pytest.mark.parametrize(
    ("needed", "total", "number", "piece"),
    [
        (0, 3, 1, 5),
        (2, 0, 1, 5),
        (4, 3, 1, 5),
        (2, 3, 0, 5),
        (2, 3, 4, 5),
        (2, 3, 1, 0),
        (2, 3, 1, 6),
        (2, 3, 1, 5 * 252),
        (1000, 1000, 1, 1255),
        (1000, 1000, 1, 5 * 201),
    ],
)
def test_heads_that_contradict_themselves_are_refused(
    needed: int, total: int, number: int, piece: int
) -> None:
    with pytest.raises(MalformedCodeError):
        decode_frame(head(needed, total, number) + bytes(piece))


def test_newer_frames_are_told() -> None:
    assert decode_frame(head(2, 3, 1) + bytes(5)).number == 1
    for first in range(0x7A, 0x80):
        with pytest.raises(NewerVersionError):
            decode_frame(head(2, 3, 1, first) + bytes(5))
    for high in (1, 2, 3):
        with pytest.raises(NewerVersionError):
            decode_frame(head(2, 3, 1, high=high) + bytes(5))
    for first in (0x78, 0x59, 0x5A, 0x81):
        for high in (0, 1):
            with pytest.raises(MalformedCodeError, match="no frame"):
                decode_frame(head(2, 3, 1, first, high) + bytes(5))
    with pytest.raises(MalformedCodeError, match="no frame"):
        decode_frame(b"")


def test_the_longest_pieces_are_read() -> None:
    assert decode_frame(head(2, 3, 3) + bytes(5 * MOST_UNITS)).of.units == MOST_UNITS
    assert decode_frame(head(1000, 1000, 1) + bytes(5 * 200)).of.units == 200


@given(st.binary(max_size=40), st.booleans())
def test_what_is_read_is_written_the_same(data: bytes, framed: bool) -> None:
    given_data = b"\x79" + data if framed else data
    try:
        frame = decode_frame(given_data)
    except CodecError:
        return
    assert frame.data == given_data


def test_a_frame_makes_room_for_itself_alone() -> None:
    """However much it announces: a reader keeps what it was given, and nothing else."""
    data = head(1023, 1023, 1) + bytes(5 * 195)
    tracemalloc.start()
    try:
        (gathered,) = gather([decode_frame(data)])
        with pytest.raises(FramesMissingError):
            gathered.rebuild()
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["forged digest", "longer pieces than needed"])
def test_pieces_that_rebuild_no_bundle_are_refused(form: str) -> None:
    data = encode_bundle(some_members(3))
    units = -(-len(data) // 5)
    tag = data[1:6]
    if form == "forged digest":
        data = data[:6] + bytes(3) + data[9:]
    else:
        units += 1
    frame = Frame(FrameSet(tag, 1, 1, units), 1, data.ljust(5 * units, b"\0"))
    (gathered,) = gather([decode_frame(frame.data)])
    with pytest.raises(FramesDisagreeError):
        gathered.rebuild()


# --- limits --------------------------------------------------------------------------------------------


def test_the_largest_bundle_goes_through_the_longest_frames() -> None:
    codes = some_members(MAX_BUNDLE_BYTES // 87)
    frames = cut(encode_bundle(codes), room=2046, loss=20)
    assert len(frames) <= MOST_FRAMES
    rng = Random(1)
    (gathered,) = gather(rng.sample(frames, frames[0].of.needed))
    assert gathered.rebuild().members == codes


def test_what_cannot_be_cut_is_told() -> None:
    bundle = encode_bundle(some_members(3))
    for room, loss in ((39, 30), (200, -1), (200, MOST_LOSS + 1)):
        with pytest.raises(FieldError, match="at least 40 characters"):
            cut(bundle, room=room, loss=loss)
    assert len(cut(bytes(5 * MOST_FRAMES), room=40, loss=0)) == MOST_FRAMES
    with pytest.raises(FieldError, match="1,023"):
        cut(bytes(5 * MOST_FRAMES + 1), room=40, loss=0)
    with pytest.raises(FieldError, match="1,023"):
        cut(encode_bundle(some_members(2000)), room=122, loss=30)


def test_a_frame_is_a_code_like_any_other() -> None:
    for frame in some_frames(3):
        assert frame.text[0] == "F"
        assert decode_frame(member_of(frame.text)) == frame
        assert str(frame) == f"frame {frame.number} of {frame.of.total}"
