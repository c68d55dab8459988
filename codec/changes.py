"""What an authorization changes against an older one: lines added, dropped, raised, with other dates.

Scope: two full sets of lines, both with their tags spelled, or both numbered by one catalogue. A line of the
same tag, term and flags is the same line, with another count perhaps. What is left over of one tag on both
sides is the same entitlement with other dates or flags, taken in order.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from codec.codes import Line
from codec.explain import term_record, term_words
from codec.lines import line_order


@dataclass(frozen=True, slots=True)
class Change:
    """How one line changes; ``before`` is None for a new line, ``after`` for one that is dropped."""

    before: Line | None
    after: Line | None

    @property
    def line(self) -> Line:
        """The line as it is afterwards; one that is dropped as it was."""
        line = self.after or self.before
        assert line is not None
        return line

    @property
    def ways(self) -> tuple[str, ...]:
        """In which ways: added, dropped, raised, lowered, other dates, other flags."""
        old, new = self.before, self.after
        if old is None or new is None:
            return ("added",) if old is None else ("dropped",)
        found = {
            "raised": new.count > old.count,
            "lowered": new.count < old.count,
            "other dates": new.term != old.term,
            "other flags": _flags(new) != _flags(old),
        }
        return tuple(way for way, is_so in found.items() if is_so)

    @property
    def words(self) -> str:
        """How the line changes, in words, without its tag."""
        old, new = self.before, self.after
        if old is None or new is None:
            how = "added" if old is None else "dropped, it was"
            return f"{how} {self.line.count:,} ({term_words(self.line.term)}{_flag_words(self.line)})"
        count = f"{new.count:,}"
        parts = []
        if new.count != old.count:
            parts.append(f"{self.ways[0]} from {old.count:,} to {count}")
        if new.term != old.term:
            parts.append(f"other dates: {term_words(new.term)}, before: {term_words(old.term)}")
        if _flags(new) != _flags(old):
            was = _flag_words(old).removeprefix(", ") or "without flags"
            parts.append(f"other flags: {_flag_words(new).removeprefix(', ') or 'none'}, before: {was}")
        same_term = f" ({term_words(new.term)}{_flag_words(new)})" if new.term == old.term else f" ({count})"
        return "; ".join(parts) + same_term

    def record(self) -> dict[str, Any]:
        """Return the change as JSON can hold it; counts are 0 where there is no line."""
        old, new = self.before, self.after
        return {
            "tag": self.line.tag,
            "ways": list(self.ways),
            "before": old.count if old else 0,
            "after": new.count if new else 0,
            "term": term_record(self.line.term),
            "term_before": term_record(old.term) if old else None,
            "export_controlled": self.line.export_controlled,
            "reporting_only": self.line.reporting_only,
            "words": self.words,
        }


def changes(before: Iterable[Line], after: Iterable[Line]) -> tuple[Change, ...]:
    """Return how the lines of an authorization differ from those before; equal ones are left out.

    Args:
        before: The lines of the older authorization.
        after: Those of the newer one.
    """
    old, new = list(before), list(after)
    found = [
        *_paired(old, new, line_order),
        *_paired(old, new, lambda line: (line.tag, _flags(line))),
        *_paired(old, new, lambda line: line.tag),
        *(Change(line, None) for line in old),
        *(Change(None, line) for line in new),
    ]
    return tuple(sorted((each for each in found if each.ways), key=lambda each: line_order(each.line)))


def _paired(old: list[Line], new: list[Line], key: Callable[[Line], Any]) -> list[Change]:
    """Take lines that have the same key out of both lists, in order, and return them as pairs."""
    pairs = []
    for line in tuple(old):
        partner = next((each for each in new if key(each) == key(line)), None)
        if partner is not None:
            old.remove(line)
            new.remove(partner)
            pairs.append(Change(line, partner))
    return pairs


def _flags(line: Line) -> tuple[bool, bool]:
    return line.export_controlled, line.reporting_only


def _flag_words(line: Line) -> str:
    names = (("export-controlled", line.export_controlled), ("reporting-only", line.reporting_only))
    return "".join(f", {name}" for name, is_set in names if is_set)
