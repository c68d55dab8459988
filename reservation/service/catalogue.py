"""The portal's catalogue, and how codes number tags by it.

A request names the catalogue that its device has by a size and a digest. When that is a beginning of the
portal's catalogue, its tags are numbered; otherwise every tag is spelled, and wanted lines with numbers
cannot be read. No command reads the whole catalogue for that: each published size is stored with its digest.
"""

from codec.catalogue import Catalogue
from codec.codes import CatalogueId, Line, Request, WantedLine
from codec.lines import sort_lines
from reservation.errors import RuleError, UnknownCatalogueError
from reservation.model import Event, EventKind, Stamp
from reservation.roles import Verb
from reservation.service.context import Portal, read, write
from reservation.standing import Changes
from reservation.store import Reading, Writing


def covers(books: Reading, named: CatalogueId | None) -> bool:
    """Tell whether the portal has the catalogue that a request names. Naming none is having none."""
    if named is None:
        return False
    published = books.catalogue_digest(named.size)
    if published is not None:
        return published == named.digest
    return Catalogue(books.catalogue_tags()).covers(named)


def number_lines(books: Reading, lines: tuple[Line, ...], named: CatalogueId | None) -> tuple[Line, ...]:
    """Return spelled lines as an authorization for that catalogue carries them."""
    if named is None or not covers(books, named):
        return sort_lines(lines)
    places = books.positions(tuple({str(line.tag) for line in lines}))
    numbered = {tag: place for tag, place in places.items() if place < named.size}
    return sort_lines(
        tuple(
            Line(
                numbered.get(str(line.tag), line.tag),
                line.count,
                line.term,
                line.export_controlled,
                line.reporting_only,
            )
            for line in lines
        )
    )


def spell_wanted(books: Reading, request: Request) -> tuple[WantedLine, ...]:
    """Return a request's wanted lines with every tag spelled.

    Raises:
        UnknownCatalogueError: When they are numbered by a catalogue that the portal does not have.
    """
    positions = tuple(line.tag for line in request.wanted if isinstance(line.tag, int))
    if not positions:
        return request.wanted
    if not covers(books, request.catalogue):
        size = request.catalogue.size if request.catalogue else 0
        raise UnknownCatalogueError(
            f"{request.udi} names its entitlements by a catalogue of {size} tags that this portal does not "
            "have.",
            hint="Add that catalogue with `tallystick portal catalogue add FILE`, or name the entitlements "
            "with --license TAG=N.",
        )
    tags = books.tags_at(positions)
    return tuple(
        WantedLine(tags[line.tag] if isinstance(line.tag, int) else line.tag, line.count)
        for line in request.wanted
    )


def show_catalogue(portal: Portal) -> Catalogue:
    """Return the portal's catalogue."""
    return Catalogue(read(portal, Verb.SHOW_CATALOGUE, lambda books, _rights: books.catalogue_tags()))


def add_catalogue(portal: Portal, catalogue: Catalogue) -> int:
    """Let the portal's catalogue grow to this one, and return how many tags are new.

    Raises:
        RuleError: When it does not start with the tags that the portal has, in their order.
    """

    def work(books: Writing, stamp: Stamp) -> int:
        present = books.catalogue_tags()
        _require_growth(present, catalogue.tags)
        new = catalogue.tags[len(present) :]
        named = catalogue.id()
        if not new or named is None:
            return 0
        detail = {"size": named.size, "digest": named.digest.hex(), "new": len(new)}
        subject = f"{len(new)} tags, {named.size} in all"
        books.record(
            Changes(
                Event(
                    stamp.event_id(0),
                    stamp.at,
                    stamp.actor,
                    EventKind.CATALOGUE_ADDED,
                    subject,
                    detail=detail,
                )
            )
        )
        books.append_catalogue(len(present), new, named.size, named.digest)
        return len(new)

    return write(portal, Verb.ADD_CATALOGUE, work, reconciles=True)


def _require_growth(present: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    if wanted[: len(present)] == present:
        return
    wrong = next(
        (place for place, tag in enumerate(present) if place >= len(wanted) or wanted[place] != tag), 0
    )
    raise RuleError(
        f"This catalogue does not go on from the portal's: tag {wrong + 1} is {present[wrong]} there"
        + (f", and {wanted[wrong]} here." if wrong < len(wanted) else ", and missing here."),
        hint="A catalogue is append-only: keep the tags that are there, in their order, and add at the end.",
    )
