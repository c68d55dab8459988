"""The catalogue: its file, its id as it grows, and tags to numbers and back."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.catalogue import Catalogue
from codec.codes import MAX_POSITION, CatalogueId, Line, Tag, Term, WantedLine
from codec.errors import CatalogueError
from codec.lines import line_order, tag_order
from tests.codec import strategies

TAGS = ("NET-BASE", "NET-ADV", "5", "lower_case", "With space")
CATALOGUE = Catalogue(TAGS)

catalogues = st.lists(strategies.spelled_tags, unique=True, max_size=12).map(
    lambda tags: Catalogue(tuple(tag for tag in tags if not tag.startswith("#")))
)


# --- the file ------------------------------------------------------------------------------------------


@given(catalogues)
def test_a_catalogue_comes_back_from_its_file(catalogue: Catalogue) -> None:
    assert Catalogue.parse(catalogue.render()) == catalogue
    assert Catalogue.parse("\ufeff" + catalogue.render().replace("\n", "\r\n")) == catalogue


def test_only_blanks_are_taken_off_a_tag() -> None:
    assert Catalogue.parse(" \tROUTE~ \r\n~CRYPTO\n").tags == ("ROUTE~", "~CRYPTO")


def test_comments_and_blank_lines_are_left_out() -> None:
    text = "# all we sell\n\nNET-BASE\n  NET-ADV\t\n#NET-OLD\n\t# indented\n5"
    assert Catalogue.parse(text).tags == ("NET-BASE", "NET-ADV", "5")
    assert Catalogue.parse("") == Catalogue()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\nB\n\nA\n", "Line 4 of the catalogue repeats the tag A of line 1."),
        ("A\n" + "B" * 65, "Line 2 of the catalogue cannot be used: The entitlement tag has 65 characters"),
        ("Ä\n", "Line 1 of the catalogue cannot be used: The entitlement tag holds a character"),
        ("A\x1b[2J\n", "Line 1"),
        ("A\0\n", "Line 1"),
        ("A\x0cB\n", "Line 1"),
        ("A\x85B\n", "Line 1"),
        ("A\u2028B\n", "Line 1"),
        ("A\u00a0\n", "Line 1"),
        ("A\rB\n", "Line 1"),
    ],
    ids=ascii,
)
def test_lines_that_cannot_be_used_are_named(text: str, message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        Catalogue.parse(text)
    assert caught.value.message.startswith(message)
    assert caught.value.message.isprintable()
    assert caught.value.hint


def test_the_number_of_tags_has_a_limit() -> None:
    most = "".join(f"T{place}\n" for place in range(MAX_POSITION + 1))
    assert len(Catalogue.parse(most).tags) == 65_535
    with pytest.raises(CatalogueError, match="65536 tags"):
        Catalogue.parse(most + "ONE-MORE\n")


# --- the id --------------------------------------------------------------------------------------------


def test_an_id_is_a_size_and_four_bytes_of_the_hash() -> None:
    assert CATALOGUE.id() == CatalogueId(
        5, sha256(b"NET-BASE\nNET-ADV\n5\nlower_case\nWith space\n").digest()[:4]
    )
    assert CATALOGUE.id(1) == CatalogueId(1, sha256(b"NET-BASE\n").digest()[:4])


@pytest.mark.parametrize("size", [-1, 0, 6])
def test_no_id_for_tags_that_are_not_there(size: int) -> None:
    assert CATALOGUE.id(size) is None
    assert Catalogue().id() is None


@given(catalogues, st.lists(strategies.spelled_tags, max_size=4))
def test_a_catalogue_covers_those_that_it_has_grown_from(catalogue: Catalogue, more: list[str]) -> None:
    grown = Catalogue(tuple(dict.fromkeys(catalogue.tags + tuple(more))))
    assert grown.covers(catalogue.id())
    assert grown.covers(None)
    assert catalogue.covers(grown.id()) == (grown == catalogue or grown.id() is None)


def test_a_changed_catalogue_does_not_cover_the_old_one() -> None:
    named = CATALOGUE.id(3)
    for tags in (("NET-BASE", "NET-AD", "V5"), ("NET-ADV", "NET-BASE", "5"), TAGS[:2], TAGS[1:]):
        assert not Catalogue(tags).covers(named)


# --- tags to numbers and back --------------------------------------------------------------------------

TERM = Term(strategies.MOMENT.date(), strategies.MOMENT.date())


@given(catalogues, st.data())
def test_lines_come_back_spelled(catalogue: Catalogue, data: st.DataObject) -> None:
    tags = st.one_of(strategies.spelled_tags, *(st.sampled_from(catalogue.tags) for _ in catalogue.tags[:1]))
    wanted = data.draw(st.dictionaries(tags, strategies.counts, max_size=6))
    named = catalogue.id(data.draw(st.integers(0, len(catalogue.tags))))
    lines = tuple(Line(tag, count, TERM) for tag, count in wanted.items())
    numbered = catalogue.number_lines(lines, named)
    size = named.size if named else 0
    assert all((line.tag in catalogue.tags[:size]) is False for line in numbered)
    assert list(numbered) == sorted(numbered, key=line_order)
    assert catalogue.spell_lines(numbered, named) == tuple(sorted(lines, key=line_order))
    wishes = tuple(WantedLine(tag, count) for tag, count in wanted.items())
    numbered_wishes = catalogue.number_wanted(wishes, named)
    assert [line.tag for line in numbered_wishes] == [line.tag for line in numbered]
    assert catalogue.spell_wanted(numbered_wishes, named) == tuple(
        sorted(wishes, key=lambda line: tag_order(line.tag))
    )


def test_only_the_tags_of_the_named_size_are_numbered() -> None:
    lines = tuple(Line(tag, 1) for tag in ("With space", "5", "NET-BASE", "OTHER"))
    for size, tags in (
        (5, (0, 2, 4, "OTHER")),
        (3, (0, 2, "OTHER", "With space")),
        (1, (0, "5", "OTHER", "With space")),
    ):
        assert tuple(line.tag for line in CATALOGUE.number_lines(lines, CATALOGUE.id(size))) == tags


@pytest.mark.parametrize("named", [None, CatalogueId(5, b"else"), CatalogueId(9, b"grew")])
def test_a_catalogue_that_is_not_here_numbers_nothing(named: CatalogueId | None) -> None:
    lines = (Line("5", 1), Line("NET-BASE", 2))
    assert CATALOGUE.number_lines(lines, named) == lines


def test_what_is_numbered_already_stays_as_it_is() -> None:
    """The tag "5" has the position 2; the position 5 is something else."""
    assert CATALOGUE.number_lines((Line(2, 1), Line(5, 1)), CATALOGUE.id()) == (Line(2, 1), Line(5, 1))


def test_lines_with_equal_keys_are_merged() -> None:
    assert CATALOGUE.number_lines((Line("5", 1), Line(2, 3), Line("5", 2, TERM)), CATALOGUE.id()) == (
        Line(2, 4),
        Line(2, 2, TERM),
    )


@pytest.mark.parametrize("named", [None, CatalogueId(5, b"else"), CatalogueId(6, b"grew")])
def test_numbers_of_a_catalogue_that_is_not_here_are_refused(named: CatalogueId | None) -> None:
    for spell in (
        lambda: CATALOGUE.spell_lines((Line(0, 1),), named),
        lambda: CATALOGUE.spell_wanted((WantedLine(0, 1),), named),
    ):
        with pytest.raises(CatalogueError, match="not here") as caught:
            spell()
        assert caught.value.hint


def test_spelled_tags_need_no_catalogue() -> None:
    lines = (Line("A", 1), Line("B", 1))
    assert Catalogue().spell_lines(lines, CatalogueId(644, b"else")) == lines


@pytest.mark.parametrize("tag", [3, 4, 5, 70_000])
def test_numbers_outside_the_named_catalogue_are_refused(tag: Tag) -> None:
    with pytest.raises(CatalogueError, match="outside its catalogue of 3 tags"):
        CATALOGUE.spell_lines((Line(tag, 1),), CATALOGUE.id(3))
