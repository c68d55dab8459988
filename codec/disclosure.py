"""Everything that a code carries, field by field with raw values and their cost in bits: nothing left out.

Scope: what a release sheet shows. The fields are those of the values' own classes, found by looking, not by a
list: a field that is added to a class appears here by itself. The bits are those that the layout spends.

Invariants:
    * Every field of the value appears, with its raw value, whether it is described or not.
    * Everything that is in the code beside its fields (kind, signature, parity) appears as well.
    * A raw value is printable ASCII; texts from a code are quoted.

Not handled: how it looks (`cli.sheet_text`, `cli.sheet_html`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from enum import IntEnum
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from codec.codes import Code
from codec.digits import DigitSink
from codec.envelope import UnverifiedCode, to_text
from codec.fields import Field, Record
from codec.meanings import MEANINGS, TOGETHER, UNDESCRIBED, Meaning
from codec.parity import PARITY_CHARACTERS
from codec.wire import EXTENSION, LAYOUTS

_LONGEST_RUN = 8


@dataclass(frozen=True, slots=True)
class Section:
    """One field of a code, or several that are encoded together.

    Attributes:
        path: Where it stands in the value: ``udi.serial_number``.
        label: What people call it.
        bits: What it costs in the code.
        fields: Paths and meanings of the single fields, in order.
        rows: Their raw values: one row, or as many as the code lists.
        is_list: Whether the code lists these fields any number of times.
    """

    path: str
    label: str
    bits: float
    fields: tuple[tuple[str, Meaning], ...]
    rows: tuple[tuple[str, ...], ...]
    is_list: bool = False


def sections_of(code: UnverifiedCode[Code], spelled: Mapping[int, str] | None = None) -> tuple[Section, ...]:
    """Return everything that a code carries, in the order in which it is encoded.

    Args:
        code: Of any kind.
        spelled: Tags by their numbers, where a catalogue is at hand; shown beside the numbers.
    """
    value = code.unverified
    sink = DigitSink()
    EXTENSION.put(sink, 0)
    text = to_text(code.payload, code.signature)
    return (
        _fixed("(kind)", code.payload[:1].hex(), 8),
        _fixed("(extension)", "no", sink.bits),
        *_field_sections(code, spelled or {}, leaves_of(type(value))),
        _fixed("(signature)", _raw(code.signature), 8 * len(code.signature)),
        _fixed("(parity)", text[-PARITY_CHARACTERS:], 5 * PARITY_CHARACTERS),
    )


def leaves_of(value: type, prefix: str = "") -> tuple[str, ...]:
    """Return the paths of all fields of a class of values, those inside of other values included."""
    found: list[str] = []
    for name, hint in get_type_hints(value).items():
        inner = _record_in(hint)
        found += leaves_of(inner, f"{prefix}{name}.") if inner else [prefix + name]
    return tuple(found)


def _record_in(hint: Any) -> type | None:
    """Return the class of values that a field holds, perhaps optionally, perhaps many of them."""
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    return next(filter(None, map(_record_in, get_args(hint))), None)


def _fixed(path: str, raw: str, bits: float) -> Section:
    meaning = MEANINGS[path]
    return Section(path, meaning.label, bits, ((path, meaning),), ((raw,),))


def _field_sections(
    code: UnverifiedCode[Code], spelled: Mapping[int, str], leaves: tuple[str, ...]
) -> Iterator[Section]:
    """Yield a section for each field of the layout; then whatever the layout does not know."""
    value = code.unverified
    left = list(leaves)
    for path, bits in _costs(LAYOUTS[code.kind], value):
        inside = [leaf for leaf in leaves if leaf == path or leaf.startswith(f"{path}.")]
        left = [leaf for leaf in left if leaf not in inside]
        yield _section(path, bits, inside, attrgetter(path)(value), spelled)
    for leaf in left:
        yield _section(leaf, 0, [leaf], attrgetter(leaf)(value), spelled)


def _costs(field: Field[Any], value: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield paths and bits of all that a layout encodes on its own."""
    if isinstance(field, Record):
        for name, inner, part in field.parts(value):
            yield from _costs(inner, part, f"{prefix}.{name}" if prefix else name)
        return
    sink = DigitSink()
    field.put(sink, value)
    yield prefix, sink.bits


def _section(path: str, bits: float, leaves: list[str], part: Any, spelled: Mapping[int, str]) -> Section:
    is_list = isinstance(part, tuple) and leaves != [path]
    records = part if is_list else (part,)
    fields = tuple((leaf, MEANINGS.get(leaf, UNDESCRIBED)) for leaf in leaves)
    rows = tuple(
        tuple(_shown(leaf, _inside(record, leaf.removeprefix(path).strip(".")), spelled) for leaf in leaves)
        for record in records
    )
    label = fields[0][1].label if len(fields) == 1 else TOGETHER.get(path, path)
    return Section(path, label, bits, fields, rows, is_list)


def _inside(record: Any, path: str) -> Any:
    """Return what stands at a path; None where something on the way is absent."""
    for name in filter(None, path.split(".")):
        record = None if record is None else getattr(record, name)
    return record


# --- raw values ------------------------------------------------------------------------------------


def _shown(path: str, value: Any, spelled: Mapping[int, str]) -> str:
    if path.rpartition(".")[2] == "tag" and isinstance(value, int):
        return f"#{value}" + (f" = {_raw(spelled[value])}" if value in spelled else "")
    if path == "sketch.components":
        return " ".join(f"{hashed:06x}" for hashed in value) or "none"
    return _raw(value)


def _raw(value: Any) -> str:
    """Return a value in printable ASCII, so that it is one beginning and one end and nothing else."""
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return " ".join(map(_raw, value))
    if isinstance(value, bytes):
        digits = value.hex()
        step = 2 * _LONGEST_RUN
        return " ".join(digits[at : at + step] for at in range(0, len(digits), step))
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, IntEnum):
        return f"{value.name.lower().replace('_', '-')} ({value.value})"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return str(value)


def quoted(text: str) -> str:
    r"""Return a text in quotes; escaped are quotes, several blanks in a row, and all but printable ASCII."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').encode("ascii", "backslashreplace").decode()
    escaped = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in escaped)
    for blanks in ("  ", "\\x20 "):
        escaped = escaped.replace(blanks, "\\x20\\x20")
    return f'"{escaped}"'
