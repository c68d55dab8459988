"""Repairs of a code: in words for people, and as a record for scripts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codec.damage import Repair


def repairs_record(repairs: "Sequence[Repair]") -> list[dict[str, object]]:
    """Return repairs for scripts."""
    return [
        {
            "damage": each.damage.value,
            "group": each.group,
            "other": each.other or None,
            "line": each.line,
            "typed": each.typed,
            "meant": each.meant,
            "words": str(each),
        }
        for each in repairs
    ]


def listed(repairs: "Sequence[Repair]") -> str:
    """Name the places of repairs in one breath: "groups 4, 7"."""
    numbers = [str(repair.group) for repair in repairs if repair.is_of_groups]
    words = [f"group{'s' * (len(numbers) > 1)} {', '.join(numbers)}"] if numbers else []
    return "; ".join([*words, *(str(repair) for repair in repairs if not repair.is_of_groups)])
