"""``tallystick device codes`` and ``journal``: everything that a device ever signed."""

from typing import TYPE_CHECKING

import click

from cli.code_output import CodeOutput, shows_code
from cli.command import argument, command, with_session
from cli.device.home import on_device
from cli.screen import table
from cli.session import Report, Session
from cli.values import moment

if TYPE_CHECKING:
    from reservation.device import Device
    from reservation.device.journal import JournalEntry


@command(
    "codes",
    example="tallystick device codes\ntallystick device codes 1 --typed",
    exits="""
    0 done
    1 there is no code with this number
    """,
)
@argument("number", required=False, type=click.IntRange(min=1), text="Show this code alone.")
@shows_code
@on_device
@with_session
def codes(session: Session, device: "Device", output: CodeOutput, number: int | None) -> Report:
    """Show every code that this device ever made.

    Without NUMBER: all of them, oldest first, each with its number, kind and time. With NUMBER: that code
    alone, in any form (`--qr`, `--typed`, …). The portal takes any of them any number of times.
    """
    entries = device.codes()
    if number is not None:
        return _one(entries, number, output)
    return Report(
        {"codes": [{**_record(entry), "code": entry.text} for entry in entries]},
        text=_all(entries, session.world.stdout.isatty() or output.typed),
        next_step="" if entries else "There is none yet. Make a request: tallystick device request",
    )


def _one(entries: "tuple[JournalEntry, ...]", number: int, output: CodeOutput) -> Report:
    from reservation.errors import UnknownNameError

    if number > len(entries):
        raise UnknownNameError(
            f"This device has made {len(entries)} codes; there is no number {number}.",
            hint="`tallystick device codes` shows them all.",
        )
    entry = entries[number - 1]
    return Report(
        {**_record(entry), "code": entry.text}, code=entry.text, output=output, says=(_title(entry),)
    )


def _all(entries: "tuple[JournalEntry, ...]", in_groups: bool) -> str:
    if not in_groups:
        return "\n".join(entry.text for entry in entries)
    from codec.grouping import grouped

    return "\n\n".join(f"{_title(entry)}\n{grouped(entry.text)}" for entry in entries)


def _title(entry: "JournalEntry") -> str:
    return f"Code {entry.number}: {entry.kind.name.lower()} of {moment(entry.at)}"


def _record(entry: "JournalEntry") -> dict[str, object]:
    return {"number": entry.number, "kind": entry.kind.name.lower(), "at": entry.at}


@command(
    "journal",
    example="tallystick device journal",
    exits="""
    0 done; also when the device has signed nothing yet
    1 this is no device yet
    6 the stored state is damaged, or cannot be read
    """,
)
@on_device
def journal(device: "Device") -> Report:
    """List what this device signed, and how it is chained.

    Each code has a number and carries the link of the one before, so that two copies of one device give
    themselves away. The list is what a portal's auditor compares: number, kind, time (UTC), the beginning of
    the code's id, and the link that the next code will carry.
    """
    from codec.alphabet import from_number

    entries = device.codes()
    rows = [
        (
            entry.number,
            entry.kind.name.lower(),
            moment(entry.at),
            from_number(int.from_bytes(entry.id[:5], "big"), 8),
            entry.link.hex(),
        )
        for entry in entries
    ]
    return Report(
        {"entries": [{**_record(entry), "id": entry.id, "link": entry.link} for entry in entries]},
        text=table(("NO", "KIND", "SIGNED", "ID", "LINK"), rows, right=("NO",)) if rows else "",
        says=() if rows else ("This device has signed nothing yet.",),
    )
