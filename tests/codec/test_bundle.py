"""Bundles: what goes in comes out, in one form only, and a hostile one is refused before it costs much."""

import tracemalloc
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.bundle import (
    MAX_BUNDLE_BYTES,
    MAX_MEMBERS,
    decode_bundle,
    encode_bundle,
    fits_one_code,
    member_of,
    members_announced,
    read_bundle,
)
from codec.errors import CodecError, FieldError, MalformedCodeError, NewerVersionError
from codec.parity import text_of
from samples.cast import trust_first
from tests.codec import second_carriers
from tests.codec.carrying import members, some_members
from tests.codec.second_decoder import Refusal


def size(value: int) -> bytes:
    return bytes((value,)) if value < 192 else (0xC000 + value - 192).to_bytes(2)


def bundle_of(content: bytes) -> bytes:
    """A bundle with any content, its digest right."""
    data = b"\x59" + sha256(b"\x59" + content).digest()[:8] + content
    return data + bytes(len(data) % 5 == 4)


@given(members())
def test_what_goes_in_comes_out(codes: tuple[bytes, ...]) -> None:
    data = encode_bundle(codes)
    assert decode_bundle(data) == codes
    assert len(data) % 5 != 4
    assert second_carriers.bundle(data) == (list(codes), len(data))


@given(members(), st.integers(0, 40))
def test_zero_bytes_may_follow_where_frames_leave_them(codes: tuple[bytes, ...], zeros: int) -> None:
    data = encode_bundle(codes)
    assert read_bundle(data + bytes(zeros)) == (codes, len(data))
    if zeros:
        with pytest.raises(MalformedCodeError):
            decode_bundle(data + bytes(zeros))
        with pytest.raises(MalformedCodeError):
            read_bundle(data + bytes(zeros) + b"\1")


@given(members(most=4), st.data())
def test_no_other_bytes_are_read(codes: tuple[bytes, ...], data: st.DataObject) -> None:
    sound = encode_bundle(codes)
    place = data.draw(st.integers(0, len(sound) - 1))
    changed = bytearray(sound)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((MalformedCodeError, NewerVersionError)):
        decode_bundle(bytes(changed))
    with pytest.raises(MalformedCodeError):
        decode_bundle(sound[:place])


@given(st.binary(max_size=300))
def test_what_is_read_has_that_one_form(content: bytes) -> None:
    for data in (content, bundle_of(content)):
        try:
            found = decode_bundle(data)
        except CodecError:
            continue
        assert encode_bundle(found) == data


CODE, OTHER = some_members(2)

#: Other ways to say the same, each with a digest that is right.
OTHER_FORMS = {
    "fewer bytes shared than could be": size(1)
    + size(40)
    + CODE
    + size(41)
    + size(1)
    + (CODE[:20] + OTHER[20:])[3:],
    "nothing shared where something could be": size(1) + size(40) + CODE + size(40) + CODE[:20] + OTHER[20:],
    "a size that stops short": b"\xc0",
    "a member that stops short": size(0) + size(40) + CODE[:-1],
    "more shared than there is before": size(1) + size(40) + CODE + size(81) + size(84) + OTHER[:19],
    "more shared than it is long": size(1) + size(80) + CODE + OTHER[:20] + size(1) + size(70),
    "something shared by the first": size(0) + size(41) + size(0) + CODE[2:],
    "a member too long": size(0) + size(2 * (1270 - 65)) + b"\x51" + bytes(1269),
    "a member of a length that no code has": size(0) + size(2 * (84 - 65)) + CODE[:84],
    "a bundle in a bundle": size(0) + size(40) + b"\x59" + CODE[1:],
    "a frame in a bundle": size(0) + size(40) + b"\x79" + CODE[1:],
    "bytes left over": size(0) + size(40) + CODE + b"\1",
    "a zero byte left over": size(0) + size(40) + CODE + bytes(5),
}


@pytest.mark.parametrize("name", OTHER_FORMS)
def test_other_forms_are_refused(name: str) -> None:
    data = bundle_of(OTHER_FORMS[name])
    with pytest.raises(MalformedCodeError):
        decode_bundle(data)
    with pytest.raises(Refusal):
        second_carriers.bundle_alone(data)


def test_the_form_that_others_are_compared_with_is_read() -> None:
    content = size(1) + size(40) + CODE + size(41) + size(18) + OTHER[20:]
    assert decode_bundle(bundle_of(content)) == (CODE, CODE[:20] + OTHER[20:])


def test_what_no_bundle_can_hold_is_not_built() -> None:
    for codes in ((), (b"\x51" * 64,), (b"\x59" * 65,), (b"\x51" * 84,), (CODE,) * (MAX_MEMBERS + 1)):
        with pytest.raises(FieldError):
            encode_bundle(codes)
    with pytest.raises(FieldError, match="1,000,000 bytes"):
        encode_bundle(some_members(MAX_BUNDLE_BYTES // 1268 + 1, length=1268))


def test_thousands_of_codes_fit() -> None:
    codes = some_members(11_000)
    data = encode_bundle(codes)
    assert len(data) <= MAX_BUNDLE_BYTES
    assert decode_bundle(data) == codes


def test_newer_bundles_are_told() -> None:
    data = encode_bundle((CODE,))
    for version in range(2, 8):
        with pytest.raises(NewerVersionError, match=f"version {version}"):
            decode_bundle(bytes((0x58 | version,)) + data[1:])
    for first in (0x58, 0x51, 0x52, 0x79, 0x7A):
        with pytest.raises(MalformedCodeError, match="no bundle"):
            decode_bundle(bytes((first,)) + data[1:])


def test_a_small_bundle_cannot_unfold_into_much() -> None:
    """Members that share nearly all with the one before take five bytes each, and would have 1,265."""
    content = size(MAX_MEMBERS - 1) + size(2400) + b"\x51" + bytes(1264)
    content += (size(2401) + size(1262) + b"\1") * (MAX_MEMBERS - 1)
    tracemalloc.start()
    try:
        with pytest.raises(MalformedCodeError):
            read_bundle(bundle_of(content))
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BUNDLE_BYTES
    finally:
        tracemalloc.stop()


def test_members_that_claim_to_be_short_cannot_unfold_into_much() -> None:
    """Each takes all but a byte of the one before, and says that it has the least length of all."""
    longest = 16_575 // 2 + 65
    content = size(MAX_MEMBERS - 1) + size(16_574) + b"\x51" + bytes(longest - 1)
    content += b"".join(size(1) + size(shared - 2) for shared in range(longest, 65, -1))
    tracemalloc.start()
    try:
        with pytest.raises(MalformedCodeError):
            read_bundle(bundle_of(content))
        assert tracemalloc.get_traced_memory()[1] < MAX_BUNDLE_BYTES
    finally:
        tracemalloc.stop()


def test_members_may_have_as_many_bytes_together_as_a_bundle() -> None:
    codes = (b"\x51" * 1250,) * (MAX_BUNDLE_BYTES // 1250)
    assert decode_bundle(encode_bundle(codes)) == codes
    with pytest.raises(FieldError):
        encode_bundle((*codes, CODE))


def test_what_is_written_has_no_more_bytes_than_a_bundle_either() -> None:
    """Members that share nothing take a byte more each, for their size."""
    assert 11_764 * 85 < MAX_BUNDLE_BYTES < 11_764 * 86
    with pytest.raises(FieldError, match="1,000,000 bytes"):
        encode_bundle(some_members(11_764))


def test_more_zero_bytes_than_half_a_bundle_are_not_looked_at() -> None:
    data = encode_bundle((CODE,))
    most = MAX_BUNDLE_BYTES + MAX_BUNDLE_BYTES // 2
    assert read_bundle(data.ljust(most, b"\0"))[0] == (CODE,)
    with pytest.raises(MalformedCodeError, match="at most 1,000,000 bytes; this has 1,500,001"):
        read_bundle(data.ljust(most + 1, b"\0"))


@pytest.mark.parametrize("count", [1, 2, 192, 193, 1000])
def test_a_bundle_announces_its_members(count: int) -> None:
    data = encode_bundle((CODE,) * count)
    assert members_announced(data) == count
    for cut in (0, 9, 10) if count > 192 else (0, 9):
        assert members_announced(data[:cut]) == 0


def test_a_bundle_fits_one_code_where_it_has_a_text() -> None:
    for length in range(1260, 1300):
        if length % 5 != 4:
            try:
                text_of(bytes(length))
            except MalformedCodeError:
                assert not fits_one_code(bytes(length))
            else:
                assert fits_one_code(bytes(length))


def test_a_real_code_is_a_member() -> None:
    code = trust_first().text
    data = encode_bundle((member_of(code),))
    assert tuple(map(text_of, decode_bundle(member_of(text_of(data))))) == (code,)
