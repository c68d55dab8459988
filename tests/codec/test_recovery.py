"""Recovery of damaged codes: every kind of damage, the words for it, who is blamed, and bounded work."""

from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.pastes import PASTES
from benchmarks.repair import hostile_inputs
from benchmarks.specimens import Specimen, specimens
from benchmarks.trials import BEYOND, LAID_OUT, SEARCHED, WITHIN_FOUR, Tally, attempt
from benchmarks.trials import Kind as DamageKind
from codec import recovery
from codec.codes import Code, Kind
from codec.damage import Damage, Repair
from codec.envelope import UnverifiedCode, VerifiedCode
from codec.errors import (
    CodecError,
    KeyRejectedError,
    MalformedCodeError,
    NewerVersionError,
    NotGenuineError,
    WrongKindError,
)
from codec.grouping import grouped, groups_of
from codec.pasted import LEFT_OUT
from codec.reading import inspect, is_whole, receive
from codec.recovery import AUTOMATIC, ON_REQUEST, Recovered, Search
from tests.codec.strategies import SIGNED_EXAMPLES
from tests.search import examples

CODES = specimens("tests")
EVERY_KIND = (*WITHIN_FOUR, *SEARCHED, *LAID_OUT)
AUTHORIZATION = SIGNED_EXAMPLES[Kind.AUTHORIZATION]
REQUEST = SIGNED_EXAMPLES[Kind.REQUEST]
TEXT = AUTHORIZATION.code.text
LINES = grouped(TEXT).split("\n")

few = settings(max_examples=examples(8))


def repairs_of(raw: str, *, search: bool = False) -> list[str]:
    received = receive(raw, AUTHORIZATION.verify, search=search)
    assert received.code == AUTHORIZATION.code
    return [str(repair) for repair in received.repairs]


# --- every kind of damage ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.name)
@few
@given(st.sampled_from(CODES), st.randoms(use_true_random=False))
def test_damage_is_repaired_and_named(kind: DamageKind, specimen: Specimen, rng: Random) -> None:
    tally = Tally()
    attempt(kind, specimen, rng, tally)
    assert (tally.read, tally.false, tally.misnamed) == (1, 0, 0), tally.failures


@pytest.mark.parametrize("kind", BEYOND, ids=lambda kind: kind.name)
@settings(max_examples=examples(4))
@given(st.sampled_from(CODES), st.randoms(use_true_random=False))
def test_what_is_beyond_repair_is_refused(kind: DamageKind, specimen: Specimen, rng: Random) -> None:
    tally = Tally()
    attempt(kind, specimen, rng, tally)
    assert (tally.read, tally.false) == (0, 0)


@pytest.mark.parametrize("name", PASTES)
def test_a_paste_leaves_nothing_to_repair(name: str) -> None:
    for signed in SIGNED_EXAMPLES.values():
        received = receive(PASTES[name](signed.code.text), signed.verify)
        assert (received.code, received.repairs) == (signed.code, ())


# --- the words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (TEXT[:50] + TEXT[51:], ["a character is missing in group 13: you typed 7ZH, the code has 7ZWH"]),
        (
            TEXT[:50] + TEXT[49:],
            ["a character stands too many in group 13: you typed 7ZZWH, the code has 7ZWH"],
        ),
        (TEXT[:48] + TEXT[52:], ["group 13 is missing: it is 7ZWH"]),
        (TEXT[:48] + TEXT[56:], ["groups 13 and 14 are missing: they are 7ZWH KCK3"]),
        (TEXT[:48] + TEXT[44:], ["group 12 stood twice"]),
        (TEXT[:60] + TEXT[40:], ["groups 11 to 15 stood twice"]),
        (TEXT[:40] + TEXT[44:48] + TEXT[40:44] + TEXT[48:], ["groups 11 and 12 were swapped"]),
        (TEXT[:-6], ["the last 6 characters were cut off, and restored: PENQRN"]),
        (TEXT[:-1], ["the last character was cut off, and restored: N"]),
        (TEXT[3:], ["the first 3 characters were missing, and restored: A48"]),
        ("\n".join(LINES[:3] + LINES[2:]), ["line 3 stood twice"]),
        ("\n".join([LINES[0], LINES[3], LINES[2], LINES[1], *LINES[4:]]), ["lines 2 and 4 were swapped"]),
        ("\n".join([*LINES[2:], *LINES[:2]]), ["the lines were not in the order of their numbers"]),
        (
            "\n".join(LINES).replace("KXM0", "KX0"),
            ["a character is missing in group 12, in line 3: you typed KX0, the code has KXM0"],
        ),
        (
            "\n".join(LINES).replace("KXM0", "KUM0"),
            ["group 12, in line 3: you typed KUM0, the code has KXM0"],
        ),
        ("\n".join(LINES).replace("KXM0 ", ""), ["group 12 is missing: it is KXM0"]),
        (
            "\n".join(line.split(": ")[1] for line in [*LINES[:1], *LINES[2:5], LINES[1], *LINES[5:]]),
            ["line 2 stood in the wrong place: it was typed as line 5"],
        ),
    ],
)
def test_a_repair_says_what_happened(raw: str, words: list[str]) -> None:
    assert repairs_of(raw) == words


def test_a_moved_group_is_found_on_request() -> None:
    groups = list(groups_of(TEXT))
    groups.insert(20, groups.pop(5))
    raw = "".join(groups)
    assert repairs_of(raw, search=True) == ["group 6 stood in the wrong place: it was typed as group 21"]


def test_every_damage_has_words() -> None:
    for damage in Damage:
        words = str(Repair(2, "AB", "CDEF", damage, other=4))
        assert "{" not in words
        assert not words.endswith(".")


# --- other text ----------------------------------------------------------------------------------------


def test_of_two_codes_the_one_that_verifies_is_taken_and_that_is_said() -> None:
    received = receive(f"{REQUEST.code.text}\n\n{grouped(TEXT)}", AUTHORIZATION.verify)
    assert received.code == AUTHORIZATION.code
    assert received.notes == (
        "The text holds 2 codes, a request code and an authorization code; the authorization code was taken.",
    )


def test_of_two_codes_that_do_not_verify_none_is_taken() -> None:
    raw = f"{REQUEST.code.text} {SIGNED_EXAMPLES[Kind.RETURN].code.text}"
    for read in (inspect, lambda text: receive(text, AUTHORIZATION.verify)):
        with pytest.raises(MalformedCodeError, match="2 codes, a request code and a return code"):
            read(raw)


def test_codes_of_one_kind_are_counted() -> None:
    other = next(each.code for each in CODES if each.code.kind is Kind.AUTHORIZATION).text
    received = receive(f"{other}\n{TEXT}", AUTHORIZATION.verify)
    assert received.notes == (
        "The text holds 2 authorization codes; the only one that is genuine here was taken.",
    )
    with pytest.raises(MalformedCodeError, match="This text holds 2 authorization codes, and it is"):
        inspect(f"{other}\n{TEXT}")
    with pytest.raises(MalformedCodeError, match="3 codes, a request code and 2 authorization codes, and"):
        inspect(f"{REQUEST.code.text}\n{other}\n{TEXT}")


def test_zeros_after_a_code_make_no_other_code() -> None:
    for zeros in ("\0" * 100, "0" * 12, " 0000 0000"):
        received = receive(TEXT + zeros, AUTHORIZATION.verify)
        assert (received.code, received.notes) == (AUTHORIZATION.code, (LEFT_OUT,))


@pytest.mark.parametrize(
    "around",
    [
        "Dear Bob, it is {}",
        "{} Best regards, Anna",
        "From: anna@example.com\n\n> Hello Bob,\n> {}\n> Anna",
        "Code:{}",
        "{}!!! OK",
        "<p>Hello</p><p>{}</p>",
        "{}&nbsp;for router 7",
    ],
)
def test_other_text_that_is_left_out_is_told(around: str) -> None:
    """Whoever gave more than a code may have meant that more of it counts."""
    for code in (TEXT, grouped(TEXT), "\n".join(LINES)):
        received = receive(around.format(code), AUTHORIZATION.verify)
        assert (received.code, received.repairs, received.notes) == (AUTHORIZATION.code, (), (LEFT_OUT,))
        inspected = inspect(around.format(code))
        assert (inspected.code, inspected.notes) == (inspect(TEXT).code, (LEFT_OUT,))


def test_other_text_around_a_damaged_code_is_told_too() -> None:
    wrong = TEXT[:20] + ("0" if TEXT[20] != "0" else "1") + TEXT[21:]
    received = receive(f"Dear Bob,\n\n{grouped(wrong)}\n\nAnna", AUTHORIZATION.verify)
    assert (len(received.repairs), received.notes) == (1, (LEFT_OUT,))


@pytest.mark.parametrize(
    "dress",
    [
        lambda code: code.lower(),
        lambda code: "> " + grouped(code).replace("\n", "\n> "),
        lambda code: "```text\n" + code + "\n```",
        lambda code: '"' + code + '"',
        lambda code: f"<pre>{code}</pre>",
        lambda code: grouped(code).replace(" ", "&nbsp;"),
        lambda code: grouped(code).replace("\n", "<br>\n"),
        lambda code: code.replace(code[40:44], code[40:44] + "=\r\n"),
    ],
)
def test_what_mail_and_layout_add_is_no_other_text(dress: Callable[[str], str]) -> None:
    for read in (inspect, lambda text: receive(text, AUTHORIZATION.verify)):
        found = read(dress(TEXT))
        assert (found.repairs, found.notes) == ((), ())
        assert read("\n".join(LINES)).notes == ()


def test_a_paste_is_whole_when_a_code_in_it_is() -> None:
    assert is_whole(TEXT)
    assert is_whole(f"Dear Bob, it is {grouped(TEXT)}")
    assert not is_whole(TEXT[:-2])
    assert not is_whole("Dear Bob")
    assert not is_whole("\n".join(LINES[:-1]))


# --- who is blamed -------------------------------------------------------------------------------------

Verify = Callable[[UnverifiedCode[Code]], VerifiedCode[Code]]


def refusing(error: type[CodecError]) -> Verify:
    def verify(code: UnverifiedCode[Code]) -> VerifiedCode[Code]:
        raise error(f"refused: {code.kind}")

    return verify


REFUSALS = (NotGenuineError, KeyRejectedError, WrongKindError, NewerVersionError)
PROVED = (TEXT[:50] + TEXT[51:], TEXT[:48] + TEXT[52:], TEXT[:-6], "\n".join(LINES[:3] + LINES[2:]))
UNPROVED = (TEXT[:-16], TEXT[:-15])


@pytest.mark.parametrize("error", REFUSALS)
def test_the_refusal_of_what_parity_proves_stands(error: type[CodecError]) -> None:
    for raw in PROVED:
        with pytest.raises(error):
            receive(raw, refusing(error))


@pytest.mark.parametrize("error", REFUSALS)
def test_the_refusal_of_a_mere_proposal_never_stands(error: type[CodecError]) -> None:
    for raw in UNPROVED:
        with pytest.raises(MalformedCodeError):
            receive(raw, refusing(error))


def test_without_the_signature_a_proposal_would_be_a_guess() -> None:
    """A judge that accepts everything takes some proposal for what is beyond repair."""
    rng, guesses = Random(6), 0
    for specimen in CODES:
        if guesses:
            break
        raw = BEYOND[0].mistake(specimen.text, rng).raw
        with suppress(MalformedCodeError):
            guesses += recovery.recover(raw, raw, lambda code: code).code.signature != specimen.code.signature
        with pytest.raises(MalformedCodeError):
            receive(raw, specimen.verify)
    assert guesses


def test_without_a_key_only_what_parity_proves_is_taken() -> None:
    for raw in PROVED:
        assert inspect(raw).code.signature == AUTHORIZATION.code.signature
    rng = Random(4)
    for raw in (*UNPROVED, *(BEYOND[0].mistake(TEXT, rng).raw for _ in range(5))):
        with pytest.raises(MalformedCodeError):
            inspect(raw)


@settings(max_examples=examples(60))
@given(st.sampled_from((*SEARCHED, *LAID_OUT)), st.sampled_from(CODES), st.randoms(use_true_random=False))
def test_without_a_key_no_other_code_comes_out(kind: DamageKind, specimen: Specimen, rng: Random) -> None:
    try:
        found = inspect(kind.mistake(specimen.text, rng).raw)
    except MalformedCodeError:
        return
    assert (found.code.payload, found.code.signature) == (specimen.code.payload, specimen.code.signature)


# --- bounded work --------------------------------------------------------------------------------------


def counted(raw: str, *, thorough: bool) -> tuple[int, int]:
    """Return the steps that a search takes, and how often it asks the judge."""
    asked = 0

    def judge(code: UnverifiedCode[Code]) -> None:
        nonlocal asked
        asked += 1
        raise NotGenuineError(f"refused: {code.kind}")

    search: Search[None] = Search(judge, needs_proof=False, thorough=thorough)
    found: Recovered[None] | None = search.find(tuple(recovery.stretches_of(raw)))
    assert found is None
    return search.budget.spent, asked


@pytest.mark.parametrize(("name", "raw"), list(hostile_inputs()), ids=lambda each: str(each)[:20])
def test_no_input_makes_more_work_than_the_budget(name: str, raw: str) -> None:
    spent, asked = counted(raw, thorough=False)
    assert spent <= AUTOMATIC, name
    assert asked <= 150, name


def test_a_search_on_request_is_bounded_too() -> None:
    noise = dict(hostile_inputs())["1,001 characters of noise"]
    spent, asked = counted(noise[:400], thorough=True)
    assert AUTOMATIC < spent <= ON_REQUEST
    assert asked < 2_000
