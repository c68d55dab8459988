"""Sightings: each code once, in the order of its first place, and every other text with its reason."""

from hypothesis import given
from hypothesis import strategies as st

from codec.alphabet import ALPHABET
from codec.codes import Kind
from codec.errors import MalformedCodeError
from codec.grouping import grouped, groups_of
from codec.reading import Repair
from codec.sightings import OtherText, Place, SeenCode, Sighting, sort_out
from tests.codec.strategies import SIGNED_EXAMPLES

REQUEST = SIGNED_EXAMPLES[Kind.REQUEST].code.text
TRUST = SIGNED_EXAMPLES[Kind.TRUST].code.text
FIRST, SECOND, THIRD = Place("a.png"), Place("b.pdf", 2), Place("a.png", 3)


def mistyped(text: str) -> str:
    return text[:4] + ALPHABET[ALPHABET.index(text[4]) ^ 1] + text[5:]


def test_a_code_stands_once_however_often_and_in_whatever_shape_it_was_seen() -> None:
    shape = grouped(REQUEST)
    seen = sort_out(
        [
            Sighting(REQUEST, SECOND),
            Sighting(TRUST, FIRST),
            Sighting(shape, FIRST),
            Sighting(REQUEST, SECOND),
            Sighting(shape, SECOND),
            Sighting(shape, THIRD),
        ]
    )
    assert seen.codes == (
        SeenCode(REQUEST, Kind.REQUEST, REQUEST, (), (SECOND, FIRST, THIRD)),
        SeenCode(TRUST, Kind.TRUST, TRUST, (), (FIRST,)),
    )
    assert seen.others == ()


def test_the_sounder_text_stands_for_both_wherever_it_was_seen() -> None:
    wrong = mistyped(REQUEST)
    for texts in ((wrong, REQUEST), (REQUEST, wrong)):
        (code,) = sort_out(map(Sighting, texts, (THIRD, FIRST))).codes
        assert (code.code, code.text, code.repairs) == (REQUEST, REQUEST, ())
        assert code.places == (THIRD, FIRST)


def test_a_text_that_was_mistyped_is_repaired_and_that_is_told() -> None:
    wrong = mistyped(TRUST)
    (code,) = sort_out([Sighting(wrong, FIRST)]).codes
    assert (code.code, code.kind, code.text) == (TRUST, Kind.TRUST, wrong)
    assert code.repairs == (Repair(2, groups_of(wrong)[1], groups_of(TRUST)[1]),)


def test_what_is_no_code_is_kept_with_its_reason() -> None:
    seen = sort_out([Sighting("hello", SECOND), Sighting(TRUST, FIRST), Sighting("hello", FIRST)])
    (other,) = seen.others
    assert other == OtherText("hello", other.reason, (SECOND, FIRST))
    assert isinstance(other.reason, MalformedCodeError)
    assert [code.code for code in seen.codes] == [TRUST]


@given(
    st.lists(
        st.tuples(st.sampled_from((REQUEST, grouped(REQUEST), TRUST, "hello", "")), st.integers(1, 3)),
        max_size=8,
    )
)
def test_every_sighting_is_accounted_for_once(found: list[tuple[str, int]]) -> None:
    seen = sort_out(Sighting(text, Place("x", page)) for text, page in found)
    meant = [(REQUEST if text == grouped(REQUEST) else text, page) for text, page in found]
    by_code = {code.code: code.places for code in seen.codes} | {
        other.text: other.places for other in seen.others
    }
    expected: dict[str, tuple[Place, ...]] = {}
    for text, page in dict.fromkeys(meant):
        expected[text] = (*expected.get(text, ()), Place("x", page))
    assert {text: sorted(places) for text, places in by_code.items()} == {
        text: sorted(places) for text, places in expected.items()
    }
    assert list(by_code) == [text for text in expected if text in {REQUEST, TRUST}] + [
        text for text in expected if text not in {REQUEST, TRUST}
    ]
