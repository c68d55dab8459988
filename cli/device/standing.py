"""``tallystick device status`` and ``check``: what is licensed, for people and for start scripts."""

from typing import TYPE_CHECKING

import click

from cli.command import argument, command, option
from cli.device.home import on_device, on_reader
from cli.session import Report

if TYPE_CHECKING:
    from reservation.device import Device
    from reservation.device.answers import Status
    from reservation.device.reader import DeviceReader


@command(
    "check",
    example="tallystick device check ROUTING --count 2",
    exits="""
    0 licensed
    1 not licensed: no reservation, another tag, too few, outside the term, other hardware
    6 the stored state is damaged: nothing is licensed until it is put right
    """,
)
@argument("tag", text="The entitlement's tag.")
@option(
    "--count",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many are needed.",
)
@option(
    "--ahead",
    type=click.IntRange(0, 36_500),
    default=0,
    metavar="DAYS",
    help="Ask about the day that many days from now: 1 tells that something will end before.",
)
@on_reader
def check(device: "DeviceReader", tag: str, count: int, ahead: int) -> Report:
    """Tell by the exit code whether something is licensed now.

    Made for start scripts and monitoring: exit code 0 only when at least N of TAG are licensed on this
    hardware at this moment. It writes nothing, needs no key, and no permission to write. With `--ahead 30`
    monitoring hears of an end a month before.
    """
    answer = device.check(tag, count, ahead_days=ahead)
    return Report(
        {
            "licensed": answer.licensed,
            "tag": tag,
            "count": count,
            "ahead_days": ahead,
            "reason": answer.reason,
        },
        text=answer.reason,
        exit_code=0 if answer.licensed else 1,
    )


@command(
    "status",
    example="tallystick device status",
    exits="""
    0 done; also when nothing is licensed: `check` answers that
    1 this is no device yet
    6 the stored state is damaged, or cannot be read
    """,
)
@on_device
def status(device: "Device") -> Report:
    """Say where the device stands and what comes next.

    Shows the state (unregistered, requested, reserved, returned), the reservation, each line with its term
    and the days left, and whatever is wrong with the clock or the hardware. Writes nothing.
    """
    found = device.status()
    return Report(_record(found), text=_text(found), next_step=found.next_step)


def _text(found: "Status") -> str:
    from cli.fingerprints import fingerprint_row
    from cli.screen import labelled
    from cli.values import moment
    from codec.codes import Kind
    from reservation.model import name_of

    number = f"number {found.sequence.number}" if found.sequence else ""
    if found.sequence and found.issued_at and found.installed_at:
        number += f", issued {moment(found.issued_at)}, installed {moment(found.installed_at)}"
    needed, of = found.required_matches
    parts = [
        labelled(
            [
                ("Device", found.udi),
                ("State", found.standing.value),
                ("Reservation", name_of(found.request_id) if found.request_id else ""),
                ("Authorization", number),
                fingerprint_row(Kind.REQUEST, found.request_id),
                fingerprint_row(Kind.AUTHORIZATION, found.authorization_id),
                ("Node lock", f"{needed} of {of} components must match" if needed else "none"),
                ("Time that counts", moment(found.now)),
            ]
        )
    ]
    if found.lines:
        parts.append(_lines(found))
    if found.lines and not found.licensed:
        parts.append("None of these lines counts: this is not the hardware that they were given to.")
    parts += [
        "\n".join(("Attention:", *problems)) for problems in ((*found.clock, *found.hardware),) if problems
    ]
    return "\n\n".join(parts)


def _lines(found: "Status") -> str:
    from cli.screen import table
    from cli.values import flag_words, term_words

    rows = [
        (
            each.line.tag,
            f"{each.line.count:,}",
            term_words(each.line.term),
            "" if each.days_left is None else f"{each.days_left:,}",
            ", ".join(filter(None, (each.standing.value, flag_words(each.line)))),
        )
        for each in found.lines
    ]
    return table(("TAG", "COUNT", "TERM (UTC)", "DAYS LEFT", "STATE"), rows, right=("COUNT", "DAYS LEFT"))


def _record(found: "Status") -> dict[str, object]:
    from cli.fingerprints import fingerprints_record
    from cli.values import line_record, sequence_record, udi_record
    from reservation.model import name_of

    needed, of = found.required_matches
    return {
        "state": found.standing.value,
        "udi": udi_record(found.udi),
        "now": found.now,
        "licensed": found.licensed,
        "universal": found.universal,
        "reservation": name_of(found.request_id) if found.request_id else None,
        "sequence": sequence_record(found.sequence),
        "fingerprints": fingerprints_record(request=found.request_id, authorization=found.authorization_id),
        "issued_at": found.issued_at,
        "installed_at": found.installed_at,
        "lines": [
            {**line_record(each.line), "state": each.standing.value, "days_left": each.days_left}
            for each in found.lines
        ],
        "trust_serial": found.trust_serial,
        "portal_id": found.portal_id,
        "node_lock": {"required": needed, "components": of},
        "problems": [*found.clock, *found.hardware],
        "next": found.next_step,
    }
