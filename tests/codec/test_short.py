"""The short confirmation: one form, its parity, its MAC, its page, and who can make one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycose.algorithms import HMAC25664
from pycose.headers import Algorithm
from pycose.keys.symmetric import SymmetricKey
from pycose.messages.mac0message import Mac0Message

from codec import short
from codec.alphabet import ALPHABET
from codec.codes import Authorization, Kind, Request, Sequence
from codec.damage import Repair
from codec.envelope import AuthorizationContext, require_kind, verify_authorization, verify_request
from codec.errors import CodecError, MalformedCodeError, NotGenuineError, WrongKindError
from codec.grouping import grouped, spell
from codec.keys import SigningKey, VerifyingKey
from codec.reading import inspect, receive
from codec.short import (
    Installed,
    UnmatchedShort,
    covered,
    inspect_short,
    is_clean,
    is_short,
    mac_key,
    matched,
    parity_of,
    read_short,
    short_of,
    times,
)
from samples import short_vectors, specification
from tests.codec import second_short
from tests.codec.strategies import SIGNED_EXAMPLES

FILES = {
    path.name: path.read_text(encoding="ascii") for path in sorted(short_vectors.SHORT_VECTORS.glob("*.json"))
}
RECORDS: dict[str, dict[str, Any]] = {
    name.removesuffix(".json"): json.loads(text) for name, text in FILES.items()
}
PAGE = specification.SHORT_PAGE.read_text(encoding="utf-8")

DEVICE = SigningKey(b"device".ljust(32))
ISSUER = SigningKey(b"issuer".ljust(32))
STRANGER = SigningKey(b"stranger".ljust(32))
INSTALLED = Installed(b"request".ljust(32), b"authorization".ljust(32), Sequence(0, 1))
TEXT = short_of(INSTALLED, device=DEVICE, issuer=ISSUER.verifying_key).text

characters = st.integers(0, 31)
places = st.integers(0, 23)
ids = st.binary(min_size=32, max_size=32)
installations = st.builds(
    Installed, ids, ids, st.builds(Sequence, st.integers(0, 65_534), st.integers(1, 65_535))
)
codes = st.builds(
    UnmatchedShort,
    st.binary(min_size=4, max_size=4),
    st.integers(0, 63),
    st.binary(min_size=8, max_size=8),
)


def changed(text: str, place: int, other: int) -> str:
    return text[:place] + ALPHABET[other] + text[place + 1 :]


def swapped(text: str, place: int) -> str:
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def check(text: str, installed: Installed = INSTALLED) -> str:
    """Return the text that fits, as the portal finds it."""
    for reading in read_short(text):
        try:
            return matched(reading.code, installed, issuer=ISSUER, device=DEVICE.verifying_key).text
        except NotGenuineError:
            continue
    raise NotGenuineError("nothing fits")


def came_of(work: Callable[[], str]) -> str:
    """Return what came of it, or the class of failure."""
    try:
        return work()
    except CodecError as error:
        return error.code


# --- one form ------------------------------------------------------------------------------------------


@given(codes)
def test_what_is_written_is_read(code: UnmatchedShort) -> None:
    text = code.text
    assert len(text) == 24
    assert text[0] == "S"
    assert text[1] in "4567"
    (reading,) = read_short(text)
    assert reading.code == code
    assert reading.repairs == ()


@given(st.lists(characters, min_size=22, max_size=22))
def test_every_sound_text_is_written_again_as_it_was_or_refused(values: list[int]) -> None:
    body = "S" + "".join(ALPHABET[value] for value in values[1:])
    text = body + parity_of(body)
    version = values[1] >> 2
    assert came_of(lambda: read_short(text)[0].code.text) == (
        text if version == 1 else "newer-version" if version else "malformed"
    )


@pytest.mark.parametrize("length", [1, 4, 12, 23, 25, 30, 47])
def test_another_length_is_refused_and_told(length: int) -> None:
    text = (TEXT * 2)[:length]
    assert is_short(text)
    with pytest.raises(MalformedCodeError, match=rf"has 24 characters.*this has {length}\.") as caught:
        read_short(text)
    assert "once more" in caught.value.hint


@pytest.mark.parametrize("raw", [grouped(TEXT), TEXT.lower(), "-".join(TEXT), f"> {TEXT}\n"])
def test_it_is_read_however_it_is_written_down(raw: str) -> None:
    assert is_short(raw)
    assert inspect_short(raw).code.text == TEXT


@pytest.mark.parametrize(
    "around",
    [
        "Hello Tom,\n\nthe short one for router 7 is:\n\n{}\n\nRegards, Anna\nTel. +49 30 1234567\n",
        "code: {}",
        "{}\n{}\n",
        "On Monday Tom wrote:\n> > {}\n> thanks\n",
        "<p>Short&nbsp;one:</p><p>{}</p>",
        '{{"code": "{}"}}',
        "It is {} for router 7, he said.",
        "tech@router7:~$ tallystick device confirmation --short\n{}\ntech@router7:~$ \n",
    ],
)
@pytest.mark.parametrize("said", [TEXT, grouped(TEXT), grouped(TEXT).lower(), grouped(TEXT)[3:]])
def test_it_is_found_among_other_text(around: str, said: str) -> None:
    raw = around.format(said, said)
    assert is_short(raw)
    assert inspect_short(raw).code.text == TEXT


def test_it_is_not_looked_for_beside_a_signed_code_or_another_short_one() -> None:
    assert not is_short(f"{TEXT}\n{SIGNED_EXAMPLES[Kind.REQUEST].code.text}")
    other = UnmatchedShort(bytes(4), 1, bytes(8)).text
    assert not is_short(f"one: {TEXT}\nand: {other}\n")
    assert not is_short(f"spoiled: {TEXT[:-1]}{'0' if TEXT[-1] != '0' else '1'}")


NEARLY = {
    "a character that no code has": lambda: f"{TEXT[:7]}U{TEXT[8:]}",
    "version 0": lambda: with_first("S0"),
    "another letter": lambda: with_first("T5"),
    "fewer characters, and their sum zero": lambda: TEXT[:6] + two_that_end(TEXT[:6]),
    "more characters, and their sum zero": lambda: "S" + TEXT,
}


def with_first(first: str) -> str:
    body = first + TEXT[2:22]
    return body + parity_of(body)


def two_that_end(start: str) -> str:
    """Return two characters after which the sums of a text are zero, though it is too short."""
    (end,) = [one + other for one in ALPHABET for other in ALPHABET if is_clean(start + one + other)]
    return end


@pytest.mark.parametrize("name", NEARLY)
def test_what_only_looks_like_one_is_not_found_among_other_text(name: str) -> None:
    raw = f"spoiled: {NEARLY[name]()}"
    assert not is_short(raw)
    with pytest.raises(MalformedCodeError):
        read_short(raw)


@pytest.mark.parametrize("first", ["Q8", "TZ", "04"])
def test_one_that_starts_with_another_letter_is_refused_whatever_its_version(first: str) -> None:
    text = with_first(first)
    assert is_clean(text)
    with pytest.raises(MalformedCodeError, match=f"starts with {first[0]}"):
        read_short(text)


def test_it_stands_on_one_line_in_six_groups() -> None:
    assert grouped(TEXT) == "1: " + " ".join(TEXT[at : at + 4] for at in range(0, 24, 4))
    assert [line.split(",")[0] for line in spell(TEXT).splitlines()] == ["line 1"] * 6


@pytest.mark.parametrize("raw", ["", "   ", "Q" * 24 * 6, "\u0131" * 24, "N0S9HZEX"])
def test_what_is_meant_otherwise_is_not_taken_for_one(raw: str) -> None:
    assert not is_short(raw)


@pytest.mark.parametrize(
    "read", [inspect, lambda text: receive(text, lambda _code: pytest.fail("was verified"))]
)
def test_readers_of_signed_codes_send_it_to_the_portal(read: Any) -> None:
    with pytest.raises(WrongKindError, match="only the portal"):
        read(grouped(TEXT))


# --- parity --------------------------------------------------------------------------------------------


def test_the_field_is_one() -> None:
    for left in range(1, 32):
        assert sorted(times(left, right) for right in range(32)) == list(range(32))
        assert all(times(left, right) == second_short.product(left, right) for right in range(32))


@pytest.mark.parametrize("place", range(24))
def test_every_wrong_character_is_repaired_and_named(place: int) -> None:
    for other in range(32):
        text = changed(TEXT, place, other)
        if text != TEXT:
            assert is_short(text)
            (reading,) = read_short(text)
            assert reading.code.text == TEXT
            group = slice(place // 4 * 4, place // 4 * 4 + 4)
            assert reading.repairs == (Repair(place // 4 + 1, text[group], TEXT[group]),)


@pytest.mark.parametrize("place", range(24))
def test_a_repair_names_the_line_in_which_it_was_typed(place: int) -> None:
    text = changed(TEXT, place, ALPHABET.index(TEXT[place]) ^ 1)
    (reading,) = read_short(f"{text[:12]}\n{text[12:]}\n")
    assert [repair.line for repair in reading.repairs] == [place // 12 + 1]


@pytest.mark.parametrize("place", range(23))
def test_every_swap_of_neighbours_is_found_and_never_taken_for_one_wrong_character(place: int) -> None:
    text = swapped(TEXT, place)
    assert text == TEXT or not is_clean(text)
    assert check(text) == TEXT
    assert all(len(reading.repairs) <= 2 for reading in read_short(text))
    for reading in read_short(text):
        differing = sum(left != right for left, right in zip(text, reading.code.text, strict=True))
        assert differing in {0, 2}


@given(st.sets(places, min_size=2, max_size=2), st.lists(st.integers(1, 31), min_size=2, max_size=2))
def test_two_wrong_characters_are_never_believed(where: set[int], shifts: list[int]) -> None:
    text = TEXT
    for place, shift in zip(sorted(where), shifts, strict=True):
        text = changed(text, place, ALPHABET.index(text[place]) ^ shift)
    assert not is_clean(text)
    first, second = sorted(where)
    is_swap = second == first + 1 and swapped(text, first) == TEXT
    assert came_of(lambda: check(text)) in ({TEXT} if is_swap else {"malformed", "not-genuine"})


@given(st.text(alphabet=ALPHABET, min_size=24, max_size=24))
def test_repairs_are_those_of_the_page(text: str) -> None:
    expected = {way for way in second_short.near(text) if way[0] == "S" and way[1] in "4567"}
    try:
        found = {reading.code.text for reading in read_short(text)}
    except CodecError:
        found = set()
    if not is_clean(text):
        assert found == expected


def test_a_swap_that_the_parity_cannot_place_is_not_guessed() -> None:
    text = next(
        swapped(TEXT, place)
        for place in range(2, 21)
        if not is_clean(swapped(TEXT, place)) and len(read_short(swapped(TEXT, place))) > 1
    )
    with pytest.raises(MalformedCodeError, match="does not tell"):
        inspect_short(text)


# --- the MAC -------------------------------------------------------------------------------------------


@given(installations)
def test_both_ends_make_the_same(installed: Installed) -> None:
    made = short_of(installed, device=DEVICE, issuer=ISSUER.verifying_key)
    found = matched(made.code, installed, issuer=ISSUER, device=DEVICE.verifying_key)
    assert found == made
    assert found.id == made.id
    assert made.text == second_short.make(
        installed.request_id,
        installed.authorization_id,
        installed.sequence.epoch,
        installed.sequence.number,
        seed=ISSUER.seed,
        other=DEVICE.verifying_key.raw,
    )


OTHERS = {
    "request": Installed(b"another".ljust(32), INSTALLED.authorization_id, INSTALLED.sequence),
    "request with the same hint": Installed(
        b"requ".ljust(32), INSTALLED.authorization_id, INSTALLED.sequence
    ),
    "authorization": Installed(INSTALLED.request_id, b"another".ljust(32), INSTALLED.sequence),
    "number": Installed(INSTALLED.request_id, INSTALLED.authorization_id, Sequence(0, 2)),
    "number with the same end": Installed(INSTALLED.request_id, INSTALLED.authorization_id, Sequence(0, 65)),
    "epoch": Installed(INSTALLED.request_id, INSTALLED.authorization_id, Sequence(1, 1)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_it_fits_nothing_else(name: str) -> None:
    with pytest.raises(NotGenuineError):
        check(TEXT, OTHERS[name])


def test_another_device_or_issuer_makes_another() -> None:
    others = (
        short_of(INSTALLED, device=STRANGER, issuer=ISSUER.verifying_key),
        short_of(INSTALLED, device=DEVICE, issuer=STRANGER.verifying_key),
    )
    for other in others:
        with pytest.raises(NotGenuineError, match="does not fit"):
            matched(other.code, INSTALLED, issuer=ISSUER, device=DEVICE.verifying_key)


@pytest.mark.parametrize("bit", range(8, 110))
def test_every_changed_bit_under_sound_parity_is_refused(bit: int) -> None:
    body = list(TEXT[:22])
    body[bit // 5] = ALPHABET[ALPHABET.index(body[bit // 5]) ^ 16 >> bit % 5]
    text = "".join(body) + parity_of("".join(body))
    with pytest.raises(NotGenuineError):
        check(text)


def test_a_foreign_cose_library_verifies_it() -> None:
    payload, known = covered(INSTALLED)
    message = Mac0Message(phdr={Algorithm: HMAC25664}, payload=payload, external_aad=known)
    message.auth_tag = inspect_short(TEXT).code.mac
    message.key = SymmetricKey(k=mac_key(INSTALLED, DEVICE, ISSUER.verifying_key))
    assert message.verify_tag()
    message.auth_tag = bytes(8)
    assert not message.verify_tag()


def test_only_the_mac_makes_a_matched_one() -> None:
    """Whoever calls it has read about what it takes; nobody else in the product does."""
    from tests import style_rules

    callers = {
        source.path
        for source in style_rules.read_tree()
        if "MatchedShort(" in source.text and source.path.split("/")[0] in style_rules.PRODUCT
    }
    assert callers == {"codec/short.py"}


# --- vectors and page ----------------------------------------------------------------------------------


def context_of(record: dict[str, Any]) -> tuple[Installed, SigningKey, VerifyingKey]:
    known = record["context"]
    issuer = SigningKey(bytes.fromhex(known["issuer_seed"]))
    assert issuer.verifying_key.raw.hex() == known["issuer"]
    request = receive(known["request"], lambda code: verify_request(require_kind(code, Request))).code
    believed = AuthorizationContext(request.id, issuer.verifying_key, bytes.fromhex(known["portal_id"]))
    authorization = receive(
        known["authorization"],
        lambda code: verify_authorization(require_kind(code, Authorization), believed),
    ).code
    installed = Installed(request.id, authorization.id, authorization.value.sequence)
    return installed, issuer, VerifyingKey.parse(request.value.device_key)


def judged(record: dict[str, Any]) -> tuple[str, str]:
    """Return what comes of a vector: as it says, with what was meant, or with the class of failure."""
    installed, issuer, device = context_of(record)
    try:
        readings = read_short(record["code"])
        for reading in readings:
            try:
                found = matched(reading.code, installed, issuer=issuer, device=device)
            except NotGenuineError:
                continue
            return ("repaired" if reading.repairs else "accepted"), found.text
        raise NotGenuineError("nothing fits")
    except CodecError as error:
        return "refused", error.code


@pytest.mark.parametrize("name", RECORDS)
def test_vectors_end_as_they_say(name: str) -> None:
    record = RECORDS[name]
    assert record["name"] == name
    result, what = judged(record)
    assert result == record["result"]
    if result == "refused":
        assert what == record["error"]
        return
    assert what == record.get("meant", what)
    code = inspect_short(what).code
    assert record["fields"] == {
        "request_hint": code.request_hint.hex(),
        "number_end": code.number_end,
        "mac": code.mac.hex(),
    }


@pytest.mark.parametrize("name", RECORDS)
def test_a_second_reader_from_the_page_alone_agrees(name: str) -> None:
    record = RECORDS[name]
    installed, _, _ = context_of(record)
    right = second_short.make(
        installed.request_id,
        installed.authorization_id,
        installed.sequence.epoch,
        installed.sequence.number,
        seed=bytes.fromhex(record["context"]["device_seed"]),
        other=bytes.fromhex(record["context"]["issuer"]),
    )
    result, what = second_short.judge(record["code"], right)
    assert (result, what) == judged(record)


def test_the_script_makes_these_vectors_and_no_others() -> None:
    assert short_vectors.short_vectors() == FILES
    results = {record["result"] for record in RECORDS.values()}
    assert results == {"accepted", "repaired", "refused"}


def test_the_made_parts_of_the_page_are_what_the_code_makes() -> None:
    assert specification.filled(PAGE) == PAGE, "run `python -m samples.specification`, then look at it"
    assert sorted(specification.parts_of(PAGE)) == sorted(short_vectors.PARTS)


def test_the_page_says_the_constants_of_the_code() -> None:
    assert f"| {8 * short.MAC_BYTES} | MAC |" in PAGE
    assert f"modulo {short.NUMBERS} |" in PAGE
    assert "GF(2)[x] / (x^5 + x^2 + 1)" in PAGE
    assert short.PRIMITIVE_POLYNOMIAL == 1 << 5 | 1 << 2 | 1


@pytest.mark.parametrize("lost", [1, 2, 23])
def test_one_without_its_beginning_is_explained(lost: int) -> None:
    with pytest.raises(MalformedCodeError) as caught:
        inspect(TEXT[lost:])
    assert f"has {24 - lost} character{'s' * (lost != 23)}, and no code" in caught.value.message
    assert "A short confirmation has 24 characters, and starts with S." in caught.value.hint
