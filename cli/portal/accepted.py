"""What an answer of a device did to the books: in words for people, and as a record for scripts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cli.plain import safe
from cli.values import moment, sequence_record, udi_record

if TYPE_CHECKING:
    from reservation.service.accepting import Accepted
    from reservation.store import Moved

_WHAT_HAPPENED = {
    "confirmed": "Confirmed: {udi} has installed authorization {number} of {name}.",
    "confirmed-mac": "Confirmed, grade mac: {udi} has installed authorization {number} of {name}.",
    "confirmed-signed": "Signed now, and not by a MAC alone: {udi} has installed authorization {number} of "
    "{name}.",
    "confirmed-late": "Nothing new: {udi} had installed authorization {number} of {name}; that, or newer, is "
    "known.",
    "returned": "Returned: {udi} has given back {name}.",
    "returned-again": "Nothing new: {udi} had given back {name} before.",
}


def accepted_text(accepted: "Accepted") -> str:
    """Say what an answer of a device did to the books."""
    sentence = _WHAT_HAPPENED[accepted.kind.value].format(
        udi=safe(accepted.udi), name=accepted.reservation.name, number=accepted.sequence.number
    )
    lines = [sentence]
    if accepted.again:
        lines.append(f"This very code was accepted before, on {moment(accepted.at)} by {safe(accepted.by)}.")
    lines += moved_lines(accepted.moved)
    return "\n".join(lines)


def moved_lines(moved: "Iterable[Moved]") -> list[str]:
    """Return movements of licences in words, one a line."""
    lines = []
    for each in moved:
        way = f"{each.movement.source.value} → {each.movement.target.value}".replace("_", " ")
        lines.append(f"  {each.movement.count:,} × {safe(each.lot.tag)}: {way}")
    return lines


def moved_record(moved: "Iterable[Moved]") -> list[dict[str, object]]:
    """Return movements of licences for scripts."""
    return [
        {
            "tag": each.lot.tag,
            "count": each.movement.count,
            "from": each.movement.source.value,
            "to": each.movement.target.value,
        }
        for each in moved
    ]


def accepted_record(accepted: "Accepted") -> dict[str, object]:
    """Return the same for scripts."""
    return {
        "kind": accepted.kind.value,
        "reservation": accepted.reservation.name,
        "state": accepted.reservation.state.value,
        "udi": udi_record(accepted.udi),
        "sequence": sequence_record(accepted.sequence),
        "moved": moved_record(accepted.moved),
        "grade": accepted.grade.value if accepted.grade else None,
        "notes": accepted.notes,
        "again": accepted.again,
        "at": accepted.at,
        "by": accepted.by,
    }
