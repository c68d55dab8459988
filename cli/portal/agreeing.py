"""``tallystick portal agreement``: what is agreed, in which version, and who accepted it."""

from shlex import quote
from typing import TYPE_CHECKING

import click

from cli.command import argument, command, option
from cli.files import read_exact_text
from cli.plain import safe
from cli.portal.books import on_portal
from cli.screen import table
from cli.session import Report
from cli.values import moment

if TYPE_CHECKING:
    from reservation.agreements import Agreement
    from reservation.service.context import Portal

_LARGEST = 1 << 20


@command(
    "add",
    example="tallystick portal agreement add Terms terms.txt",
    exits="""
    0 done; also when the newest version has this very text
    2 the file cannot be read, or is no text in UTF-8
    5 who runs this is no administrator
    """,
)
@argument("name", text="Its short name.")
@argument("file", text="Its text.")
@on_portal
def add(portal: "Portal", name: str, file: str) -> Report:
    """Add an agreement, or a further version of it.

    A further version has to be accepted anew. The same text again is no further version.
    """
    from reservation.service.agreements import add_agreement

    added = add_agreement(portal, name, read_exact_text(file, _LARGEST))
    return Report(
        _record(added),
        text=_words(added),
        next_step="" if added.accepted_at else _accepting(added),
    )


@command(
    "list",
    example="tallystick portal agreement list",
    exits="""
    0 done; also when there is none
    5 who runs this may not see agreements
    """,
)
@on_portal
def list_all(portal: "Portal") -> Report:
    """List every version of every agreement."""
    from reservation.service.agreements import list_agreements

    found = list_agreements(portal)
    rows = [
        (
            one.name,
            one.version,
            moment(one.added_at),
            one.added_by,
            moment(one.accepted_at) if one.accepted_at else "not accepted",
            one.accepted_by,
        )
        for one in found
    ]
    head = ("AGREEMENT", "VERSION", "ADDED", "BY", "ACCEPTED", "BY")
    return Report(
        {"agreements": [_record(one) for one in found]},
        text=table(head, rows) if rows else "",
        says=() if rows else ("There is no agreement.",),
    )


@command(
    "show",
    example="tallystick portal agreement show Terms",
    exits="""
    0 done
    1 there is no such agreement, or version
    5 who runs this may not see agreements
    """,
)
@argument("name", text="The agreement.")
@option("--version", "number", type=click.IntRange(1), metavar="N", help="Which version. [the newest]")
@on_portal
def show(portal: "Portal", name: str, number: int | None) -> Report:
    """Print the text of an agreement."""
    from reservation.service.agreements import show_agreement

    found = show_agreement(portal, name, version=number)
    newest = found if number is None else show_agreement(portal, name)
    return Report(
        {**_record(found), "text": found.text},
        text=found.text.rstrip("\n"),
        says=(_words(found),),
        next_step="" if found.accepted_at or found != newest else _accepting(found),
    )


@command(
    "accept",
    example="tallystick portal agreement accept Terms --version 1",
    exits="""
    0 done; also when it was accepted before: the first acceptance stands
    1 there is no such agreement, or a newer version
    5 who runs this may not accept agreements
    """,
)
@argument("name", text="The agreement.")
@option(
    "--version", "number", type=click.IntRange(1), required=True, metavar="N", help="The version you read."
)
@on_portal
def accept(portal: "Portal", name: str, number: int) -> Report:
    """Accept the newest version of an agreement."""
    from reservation.service.agreements import accept_agreement

    accepted = accept_agreement(portal, name, version=number)
    return Report(_record(accepted), text=_words(accepted))


def _accepting(one: "Agreement") -> str:
    return (
        "An approver or administrator accepts it: tallystick portal agreement accept "
        f"{quote(safe(one.name))} --version {one.version}"
    )


def _words(one: "Agreement") -> str:
    what = f"{safe(one.name)}, version {one.version}"
    if one.accepted_at is None:
        return f"{what}: not accepted."
    return f"{what}: accepted on {moment(one.accepted_at)} by {safe(one.accepted_by)}."


def _record(one: "Agreement") -> dict[str, object]:
    return {
        "agreement": one.name,
        "version": one.version,
        "sha256": one.digest,
        "added_at": one.added_at,
        "added_by": one.added_by,
        "accepted_at": one.accepted_at,
        "accepted_by": one.accepted_by or None,
    }
