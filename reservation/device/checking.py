"""The answer to "is this licensed now?", in a sentence.

The functions here put the answer into words; `reservation.device.licences` decides it.
"""

from datetime import date
from typing import NamedTuple

from codec.codes import Line
from reservation.device.licences import Grant
from reservation.device.nodelock import HardwareMatch
from reservation.device.state import Standing


class Check(NamedTuple):
    """Whether something is licensed now, and why, in a sentence."""

    licensed: bool
    reason: str


def check_of(grant: Grant, tag: str, count: int, day: date) -> Check:
    """Say whether ``count`` of ``tag`` are licensed on a UTC day, and why."""
    lines = grant.lines_for(tag)
    if grant.is_universal(day):
        return Check(
            True, f"Everything is licensed on this device, {tag} with it{_until(grant.universal, day)}."
        )
    available = grant.available(tag, day)
    if available >= count:
        return Check(True, f"{available} of {tag} licensed{_until(grant.by_tag[tag], day)}.")
    if not lines:
        return Check(False, f"The authorization on this device does not name {tag}.")
    return Check(False, " ".join((f"{available} of {tag} licensed, {count} needed.", *_reasons(lines, day))))


def check_on_day_to_come(grant: Grant, tag: str, count: int, today: date, ahead_days: int) -> Check:
    """Say whether ``count`` of ``tag`` are licensed some days after a UTC day, and why."""
    day = date.fromordinal(min(today.toordinal() + ahead_days, date.max.toordinal()))
    then = check_of(grant, tag, count, day)
    return Check(then.licensed, f"On {day} (UTC): {then.reason}")


def _until(lines: tuple[Line, ...], day: date) -> str:
    ends = [line.term.end for line in lines if line.term and line.term.holds_on(day)]
    return f" (the first line ends on {min(ends)}, UTC)" if ends else ""


def _reasons(lines: tuple[Line, ...], day: date) -> list[str]:
    reasons = []
    for line in lines:
        if line.term and line.term.end < day:
            reasons.append(f"{line.count} ended on {line.term.end}.")
        elif line.term and day < line.term.start:
            reasons.append(f"{line.count} begin on {line.term.start}.")
    return reasons


def check_without_grant(standing: Standing) -> Check:
    """Say why nothing is licensed on a device without an installed authorization."""
    reasons = {
        Standing.UNREGISTERED: "This device holds no reservation.",
        Standing.REQUESTED: "The request of this device is pending; no authorization is installed yet.",
        Standing.RETURNED: "The reservation of this device was given back.",
    }
    return Check(False, reasons[standing])


def check_on_other_hardware(match: HardwareMatch) -> Check:
    """Say why nothing is licensed on other hardware than the reservation's."""
    return Check(
        False, " ".join(("This is not the hardware that the reservation is bound to.", *match.notes))
    )
