"""What the codes of one device say of its journal, without I/O: whether two copies of its state went on.

Code n of a device carries link(n - 1), which follows from all codes before it (docs/spec/code-v1.md, 11.4).
So two codes with one number, a link that does not follow from the code before, or a code that is numbered
after the return of its own request, prove that the device's state was copied, or restored from a snapshot. A
gap between numbers proves nothing: codes get lost, and come late.

News of this kind never changes the books by itself: it is an alert.

Not handled: what a person does about it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum

from codec.envelope import link_after
from reservation.events import EventKind, Stamp
from reservation.model import Kind, Reservation, StoredCode
from reservation.standing import Changes, event_on


class Fork(StrEnum):
    """What proves that two copies of a device's state went on separately."""

    SAME_NUMBER = "same-number"
    LINK = "link"
    AFTER_RETURN = "after-return"


_WHY = {
    Fork.SAME_NUMBER: "it has the number of another code of this device",
    Fork.LINK: "it does not follow from the code before it, or the one after does not follow from it",
    Fork.AFTER_RETURN: "it was made after the return of its own request",
}


def forks(code: StoredCode, others: Iterable[StoredCode]) -> Iterator[tuple[Fork, StoredCode]]:
    """Return what other codes of the same device prove, together with one that came now.

    Args:
        code: A request, confirmation or return.
        others: Codes of the device: those with its number, the one before or the one after, and the returns
            of its reservation. More do no harm.
    """
    for other in others:
        if other.id == code.id or other.code_number is None or code.code_number is None:
            continue
        if other.code_number == code.code_number:
            yield Fork.SAME_NUMBER, other
        elif (other.code_number == code.code_number - 1 and not _follows(other, code)) or (
            other.code_number == code.code_number + 1 and not _follows(code, other)
        ):
            yield Fork.LINK, other
        if _is_after_return(code, other) or _is_after_return(other, code):
            yield Fork.AFTER_RETURN, other


def _follows(first: StoredCode, second: StoredCode) -> bool:
    return first.link is not None and second.link == link_after(first.link, first.id)


def _is_after_return(code: StoredCode, returned: StoredCode) -> bool:
    return (
        returned.kind is Kind.RETURN
        and code.reservation_id == returned.reservation_id
        and (code.code_number or 0) > (returned.code_number or 0)
    )


def noted(changes: Changes, reservation: Reservation, others: Iterable[StoredCode], stamp: Stamp) -> Changes:
    """Return what a code of a device does, with an alert when it contradicts another one.

    Args:
        changes: What the code does; it comes first among their codes.
        reservation: The one that the code is about.
        others: As for `forks`.
        stamp: When and by whom.
    """
    if not changes.codes:
        return changes
    code = changes.codes[0]
    found = list(forks(code, others))
    if not found:
        return changes
    detail = {
        "proves": sorted({fork.value for fork, _ in found}),
        "code": code.id.hex(),
        "number": code.code_number,
        "against": sorted({other.id.hex() for _, other in found}),
    }
    number = 1 + len(changes.alerts)
    event = event_on(reservation, EventKind.FORKED, detail, stamp, number=number)
    notes = (*changes.notes, _note(*found[0]))
    # The same code given again is answered with the notes of its event.
    told = replace(changes.event, detail={**(changes.event.detail or {}), "notes": notes})
    return replace(changes, event=told, alerts=(*changes.alerts, event), notes=notes)


def _note(fork: Fork, other: StoredCode) -> str:
    return (
        f"This code contradicts another one, which came on {other.at:%Y-%m-%d}: {_WHY[fork]}. Two copies of "
        "the state of its device went on separately: a snapshot was restored, or the device was copied. Get "
        "`tallystick device codes` from the device, and look into it."
    )


def missing(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return the runs of numbers, first and last, that are missing below the highest of some."""
    runs, before = [], 0
    for number in sorted(set(numbers)):
        if number > before + 1:
            runs.append((before + 1, number - 1))
        before = number
    return tuple(runs)
