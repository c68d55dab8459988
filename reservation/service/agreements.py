"""Agreements of a Smart Account: adding versions, reading and accepting them."""

from codec.codes import checked_text
from reservation import agreements
from reservation.agreements import Agreement
from reservation.errors import UnknownNameError
from reservation.model import Event, EventKind, Stamp
from reservation.roles import Verb
from reservation.service.context import Portal, read, write
from reservation.standing import Changes
from reservation.store import Reading, Writing


def list_agreements(portal: Portal) -> tuple[Agreement, ...]:
    """Return every version of every agreement, by name, newest version first."""
    return read(portal, Verb.LIST_AGREEMENTS, lambda books, _rights: books.agreements())


def show_agreement(portal: Portal, name: str, *, version: int | None = None) -> Agreement:
    """Return one version of an agreement; None: the newest.

    Raises:
        UnknownNameError: When there is none.
    """
    return read(portal, Verb.SHOW_AGREEMENT, lambda books, _rights: _named(books, name, version))


def _named(books: Reading, name: str, version: int | None = None) -> Agreement:
    for one in books.agreements():
        if one.name == name and version in {None, one.version}:
            return one
    which = f"agreement {name}" if version is None else f"version {version} of an agreement {name}"
    raise UnknownNameError(
        f"There is no {which}.", hint="See what there is: tallystick portal agreement list"
    )


def add_agreement(portal: Portal, name: str, text: str) -> Agreement:
    """Add an agreement, or a further version of it; the newest version's text again changes nothing.

    Raises:
        FieldError: When the name is no plain text of 1 to 64 characters.
        RuleError: When the text is empty or too long.
    """
    checked_text("name of the agreement", name)
    agreements.require_text(text)

    def work(books: Writing, stamp: Stamp) -> Agreement:
        newest = next((one for one in books.agreements() if one.name == name), None)
        if newest is not None and newest.text == text:
            return newest
        new = Agreement(name, newest.version + 1 if newest else 1, text, stamp.at, stamp.actor)
        event = _event(stamp, EventKind.AGREEMENT_ADDED, new)
        books.record(Changes(event))
        books.add_agreement(new, event.id)
        return new

    return write(portal, Verb.ADD_AGREEMENT, work)


def accept_agreement(portal: Portal, name: str, *, version: int) -> Agreement:
    """Accept the newest version of an agreement for the account; the first acceptance stands.

    Args:
        portal: The portal.
        name: The agreement.
        version: The version that was read; only the newest can be accepted.

    Raises:
        UnknownNameError: When there is no such agreement.
        RuleError: When it is not the newest version.
    """

    def work(books: Writing, stamp: Stamp) -> Agreement:
        newest = _named(books, name)
        agreements.require_newest(version, newest)
        if newest.accepted_at is not None:
            return newest
        event = _event(stamp, EventKind.AGREEMENT_ACCEPTED, newest)
        books.record(Changes(event))
        books.accept_agreement(newest, event.id, stamp)
        return _named(books, name)

    return write(portal, Verb.ACCEPT_AGREEMENT, work)


def _event(stamp: Stamp, kind: EventKind, about: Agreement) -> Event:
    detail = {"agreement": about.name, "version": about.version, "sha256": about.digest}
    return Event(
        stamp.event_id(0),
        stamp.at,
        stamp.actor,
        kind,
        f"{about.name}, version {about.version}",
        detail=detail,
    )
