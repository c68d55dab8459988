"""Which races there were in a history: pairs of operations of which each began before the other had ended."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.linear.operations import Record

LAST_LICENCE = "the last licence"
SAME_REQUEST = "the same request"
RETURN_OR_UPDATE = "a return against an update"
APPROVALS = "two approvals"
RACES = (LAST_LICENCE, SAME_REQUEST, RETURN_OR_UPDATE, APPROVALS)


def races(records: Sequence[Record]) -> Counter[str]:
    """Count the races that have names."""
    return Counter(name for one, other in overlapping(records) if (name := _named(one, other)))


def overlapping(records: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
    """Return the pairs of operations that were under way at the same time, the one that began first first."""
    running: list[Record] = []
    for record in sorted(records, key=lambda one: one.began):
        running = [one for one in running if one.ended is None or one.ended >= record.began]
        yield from ((one, record) for one in running)
        running.append(record)


def _named(one: Record, other: Record) -> str:
    verbs = {one.operation.verb, other.operation.verb}
    is_one = one.operation.name == other.operation.name
    if verbs == {"approve"} and is_one and _decided(one) and _decided(other):
        return APPROVALS
    if verbs == {"return", "update"} and is_one and "accepted" in {_said(one), _said(other)}:
        return RETURN_OR_UPDATE
    if verbs == {"reserve"} and is_one and {_said(one), _said(other)} & {"issued"}:
        return SAME_REQUEST
    if verbs <= {"reserve", "update"} and one.operation.counts.keys() & other.operation.counts.keys():
        said = [_said(one), _said(other)]
        codes = [(it.said or [""])[-1] for it in (one, other)]
        return LAST_LICENCE if "issued" in said and "insufficient" in codes else ""
    return ""


def _said(record: Record) -> str:
    return str((record.said or ["nothing"])[0])


def _decided(record: Record) -> bool:
    """Tell whether an approval was carried out, or came just after the one that was."""
    return _said(record) == "decided"
