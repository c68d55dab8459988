"""Values that both halves share, in words for people and in plain form for scripts."""

from collections.abc import Iterable
from datetime import UTC, datetime

from cli.plain import safe
from cli.screen import table
from codec.codes import Line, Sequence, Tag, Term, Udi


def moment(at: datetime) -> str:
    """Return an instant to the minute, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def term_words(term: Term | None) -> str:
    """Return a term in words; both days are included."""
    return "perpetual" if term is None else f"{term.start} to {term.end}"


def tag_words(tag: Tag) -> str:
    """Return a tag, safely; a number that no catalogue spelled as ``#17``."""
    return safe(tag) if isinstance(tag, str) else f"#{tag}"


def flag_words(line: Line) -> str:
    """Return what is special about a line."""
    flags = (("export-controlled", line.export_controlled), ("reporting-only", line.reporting_only))
    return ", ".join(name for name, is_set in flags if is_set)


def line_words(line: Line) -> str:
    """Return a line in one phrase: ``2 × ROUTING (perpetual)``."""
    flags = flag_words(line)
    return f"{line.count:,} × {tag_words(line.tag)} ({term_words(line.term)}{', ' if flags else ''}{flags})"


def lines_table(lines: Iterable[Line]) -> str:
    """Return lines as a table."""
    lines = tuple(lines)
    flags = any(flag_words(line) for line in lines)
    head = ("TAG", "COUNT", "TERM (UTC)", *(("FLAGS",) if flags else ()))
    rows = [
        (
            tag_words(line.tag),
            f"{line.count:,}",
            term_words(line.term),
            *((flag_words(line),) if flags else ()),
        )
        for line in lines
    ]
    return table(head, rows, right=("COUNT",))


def line_record(line: Line) -> dict[str, object]:
    """Return a line for scripts."""
    return {
        "tag": line.tag,
        "count": line.count,
        "term": term_record(line.term),
        "export_controlled": line.export_controlled,
        "reporting_only": line.reporting_only,
    }


def term_record(term: Term | None) -> dict[str, object] | None:
    """Return a term for scripts; null for a perpetual one."""
    return None if term is None else {"start": term.start, "end": term.end}


def sequence_record(sequence: Sequence | None) -> dict[str, int] | None:
    """Return a sequence for scripts."""
    return None if sequence is None else {"epoch": sequence.epoch, "number": sequence.number}


def udi_record(udi: Udi) -> dict[str, object]:
    """Return a UDI for scripts."""
    return {
        "product_id": udi.product_id,
        "serial_number": udi.serial_number,
        "uuid": str(udi.uuid) if udi.uuid else None,
    }
