"""The catalogue: an ordered, append-only list of entitlement tags that turns tags into small numbers.

A catalogue id is a size m and four bytes of the SHA-256 over the first m tags, each followed by a line feed.
A code numbers only those m tags and spells all others; so a reader whose catalogue has grown since can still
read it, and two sides without a common catalogue understand each other all the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from codec.codes import MAX_POSITION, CatalogueId, Line, Tag, WantedLine, checked_text
from codec.errors import CatalogueError, FieldError
from codec.hashes import sha256
from codec.lines import line_order, sort_lines, tag_order

DIGEST_BYTES = 4

Item = TypeVar("Item", Line, WantedLine)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """An ordered list of distinct tags. An empty one numbers nothing."""

    tags: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a catalogue file: UTF-8 text, one tag a line, ``#`` starts a comment.

        Raises:
            CatalogueError: With the line number of a tag that cannot be used, or that stands there twice.
        """
        tags: dict[str, int] = {}
        # Split at line feeds only: a tag with another line break in it must not pass for two.
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
            tag = line.strip(" \t\r")
            if not tag or tag.startswith("#"):
                continue
            try:
                checked_text("entitlement tag", tag)
            except FieldError as error:
                raise CatalogueError(
                    f"Line {number} of the catalogue cannot be used: {error.message}", hint=error.hint
                ) from error
            if tag in tags:
                raise CatalogueError(
                    f"Line {number} of the catalogue repeats the tag {tag} of line {tags[tag]}.",
                    hint="Each tag stands in a catalogue once; remove one of the two lines.",
                )
            tags[tag] = number
        if len(tags) > MAX_POSITION + 1:
            raise CatalogueError(
                f"The catalogue has {len(tags)} tags; at most {MAX_POSITION + 1} can be numbered.",
                hint="Leave out tags that are no longer sold; codes spell what a catalogue does not number.",
            )
        return cls(tuple(tags))

    def render(self) -> str:
        """Return the catalogue as a file holds it."""
        return "".join(f"{tag}\n" for tag in self.tags)

    def id(self, size: int | None = None) -> CatalogueId | None:
        """Return the id of the first ``size`` tags (default: all), or None when that is no tag at all."""
        size = len(self.tags) if size is None else size
        if not 0 < size <= len(self.tags):
            return None
        text = "".join(f"{tag}\n" for tag in self.tags[:size])
        return CatalogueId(size, sha256(text.encode())[:DIGEST_BYTES])

    def covers(self, named: CatalogueId | None) -> bool:
        """Tell whether this is the named catalogue, or has grown from it. Every catalogue covers None."""
        return named is None or self.id(named.size) == named

    def number_lines(self, lines: Iterable[Line], named: CatalogueId | None) -> tuple[Line, ...]:
        """Return lines as an authorization carries them: tags numbered, sorted, equal keys merged.

        A catalogue that this one does not cover numbers nothing, and every tag stays spelled.
        """
        return sort_lines(self._numbered(lines, named))

    def number_wanted(
        self, wanted: Iterable[WantedLine], named: CatalogueId | None
    ) -> tuple[WantedLine, ...]:
        """Return wanted lines as a request carries them: tags numbered, sorted."""
        return tuple(sorted(self._numbered(wanted, named), key=lambda line: tag_order(line.tag)))

    def spell_lines(self, lines: Iterable[Line], named: CatalogueId | None) -> tuple[Line, ...]:
        """Return lines with every tag spelled, sorted by tag.

        Raises:
            CatalogueError: When a tag is numbered by a catalogue that this one does not cover.
        """
        return tuple(sorted(self._spelled(lines, named), key=line_order))

    def spell_wanted(self, wanted: Iterable[WantedLine], named: CatalogueId | None) -> tuple[WantedLine, ...]:
        """Return wanted lines with every tag spelled, sorted by tag.

        Raises:
            CatalogueError: When a tag is numbered by a catalogue that this one does not cover.
        """
        return tuple(sorted(self._spelled(wanted, named), key=lambda line: tag_order(line.tag)))

    def _numbered(self, items: Iterable[Item], named: CatalogueId | None) -> tuple[Item, ...]:
        tags = self.tags[: named.size] if named and self.covers(named) else ()
        positions: dict[Tag, int] = {tag: position for position, tag in enumerate(tags)}
        return tuple(replace(item, tag=positions.get(item.tag, item.tag)) for item in items)

    def _spelled(self, items: Iterable[Item], named: CatalogueId | None) -> list[Item]:
        items = tuple(items)
        if any(isinstance(item.tag, int) for item in items) and not (named and self.covers(named)):
            raise CatalogueError(
                "The code numbers its entitlements by a catalogue that is not here.",
                hint="Get the catalogue file that the other side uses; it may have grown.",
            )
        return [replace(item, tag=self._tag(item.tag, named)) for item in items]

    def _tag(self, tag: Tag, named: CatalogueId | None) -> str:
        if isinstance(tag, str):
            return tag
        size = named.size if named else 0
        if tag >= size:
            raise CatalogueError(
                f"The code names entitlement number {tag}, outside its catalogue of {size} tags.",
                hint="The two sides do not use the same catalogue; compare the two files.",
            )
        return self.tags[tag]
