"""Make the test vectors of the code format: one file for each scenario, the same bytes on every run.

    python -m samples.vectors [FOLDER]

`docs/spec/code-v1.md` says how to read them. Scenarios that must be accepted stand in
`samples.accepted_vectors` and, for each table of weights, in `samples.table_vectors`; those that must be
refused in `samples.refused_vectors`; both kinds in `samples.pasted_vectors` (what people do to texts) and
`samples.issuer_vectors` (who issued, hints, catalogues). This module knows how a scenario becomes a file. The
keys are made from their names, so anybody has them: nothing signed with them
proves anything.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from codec.alphabet import PARITY_CHARACTERS, clean
from codec.catalogue import Catalogue
from codec.codes import Authorization, Code, Kind, Request
from codec.envelope import VerifiedCode
from codec.grouping import groups_of
from codec.keys import SigningKey
from samples.cast import secret

VECTORS: Final = Path(__file__).resolve().parent.parent / "tests" / "vectors"

ROOT: Final = SigningKey(secret("vectors: root key"))
ISSUER: Final = SigningKey(secret("vectors: issuer key"))
SECOND_ISSUER: Final = SigningKey(secret("vectors: second issuer key"))
DEVICE: Final = SigningKey(secret("vectors: device key"))
STRANGER: Final = SigningKey(secret("vectors: key of a stranger"))
PORTAL_ID: Final = secret("vectors: portal", 8)

CATALOGUE: Final = Catalogue(
    (
        "NET-BASE",
        "NET-ADVANTAGE",
        "NET-ROUTES-1K",
        "NET-ROUTES-10K",
        "SEC-BASE",
        "SEC-INSPECT",
        "SEC-VPN-TUNNEL",
        "VOICE-CHANNEL",
        "VIDEO-STREAM",
        "TIME-GRANDMASTER",
        "SUPPORT-8X5",
        "UNIVERSAL",
    )
)
"""Small enough to stand in a vector as it is."""


@dataclass(frozen=True, slots=True)
class Vector:
    """One scenario.

    Attributes:
        name: File name without its ending, in kebab-case; starts with the kind and the result.
        description: What it shows, in a sentence.
        reads: The kind of code that the reader is asked to read.
        code: What the reader is given, character for character; None where nothing can be built.
        context: What the reader has beside it.
        outcome: What must come of it.
    """

    name: str
    description: str
    reads: Kind
    code: str | None
    context: Mapping[str, Any] = field(default_factory=dict)
    outcome: Mapping[str, Any] = field(default_factory=dict)

    def render(self) -> str:
        """Return the file's content."""
        record = {
            "name": self.name,
            "description": self.description,
            "reads": self.reads.value,
            "code": self.code,
            "context": self.context,
            **self.outcome,
        }
        return json.dumps(record, indent=2, ensure_ascii=True) + "\n"


# --- what must come of it ------------------------------------------------------------------------------


def accepted(
    name: str,
    description: str,
    signed: VerifiedCode[Code],
    context: Mapping[str, Any],
    *,
    given: str | None = None,
    shown: str | None = None,
    recommended: bool = False,
) -> Vector:
    """Return a scenario in which a code must be accepted, as it was signed or repaired from ``given``.

    Where only the parity was wrong, the signature holds without any repair. Where ``given`` has characters
    that no code has, ``shown`` is how its groups are shown. ``recommended`` marks what needs the clean-up
    that the specification only recommends.
    """
    text = signed.text if given is None else given
    typed = shown or clean(text)
    repairs = repairs_of(typed, signed.text)
    body_is_right = typed[:-PARITY_CHARACTERS] == signed.text[:-PARITY_CHARACTERS]
    outcome: dict[str, Any] = {
        "result": "accepted" if body_is_right else "repaired",
        **({"clean_up": "recommended"} if recommended else {}),
        "payload": signed.payload.hex(),
        "id": signed.id.hex(),
        "fields": as_json(signed.value),
    }
    if repairs:
        outcome["repairs"] = repairs
    entitlements = _entitlements(signed.value, context)
    if entitlements is not None:
        outcome["entitlements"] = entitlements
    return Vector(name, description, signed.kind, text, context, outcome)


def refused(
    name: str,
    description: str,
    reads: Kind,
    code: str,
    error: str,
    context: Mapping[str, Any],
    *,
    meant: str | None = None,
) -> Vector:
    """Return a scenario in which a code must be refused, for the named class of failure.

    Where the class is that of a code as the parity repairs it, ``meant`` is that code.
    """
    outcome: dict[str, Any] = {"result": "refused", "error": error}
    if meant is not None:
        outcome["repairs"] = repairs_of(clean(code), meant)
    return Vector(name, description, reads, code, context, outcome)


def repairs_of(typed: str, signed: str) -> list[dict[str, Any]]:
    """Return which groups differ between what was typed, cleaned up, and what was signed."""
    pairs = zip(groups_of(typed), groups_of(signed), strict=True)
    return [
        {"group": number, "typed": found, "meant": meant}
        for number, (found, meant) in enumerate(pairs, start=1)
        if found != meant
    ]


def not_built(name: str, description: str, value: Code, kind: Kind) -> Vector:
    """Return a scenario in which a value must be refused before any code is made of it."""
    return Vector(
        name,
        description,
        kind,
        None,
        {},
        {"result": "refused", "error": "field", "fields": as_json(value)},
    )


def _entitlements(value: Code, context: Mapping[str, Any]) -> list[str | int] | None:
    """Return the tags of lines in the order of the code, spelled by the catalogue of the context."""
    if "catalogue" not in context or not isinstance(value, Authorization | Request):
        return None
    items = value.lines if isinstance(value, Authorization) else value.wanted
    tags = context["catalogue"]
    return [tags[item.tag] if isinstance(item.tag, int) else item.tag for item in items]


def as_json(value: Any) -> Any:
    """Return a value of a code as JSON holds it.

    Bytes become hexadecimal digits, days and UTC minutes ISO 8601, members of an enumeration their names in
    kebab-case.
    """
    if is_dataclass(value):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [as_json(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.name.lower().replace("_", "-")
    if isinstance(value, UUID):
        return str(value)
    return value


# --- files ---------------------------------------------------------------------------------------------


def made() -> dict[str, str]:
    """Return every vector: file name to content.

    Raises:
        ValueError: When two scenarios have one name.
    """
    from samples.accepted_vectors import accepted_vectors
    from samples.issuer_vectors import issuer_vectors
    from samples.pasted_vectors import pasted_vectors
    from samples.refused_vectors import refused_vectors
    from samples.table_vectors import table_vectors

    makers = (accepted_vectors, table_vectors, pasted_vectors, issuer_vectors, refused_vectors)
    vectors = [vector for make in makers for vector in make()]
    files = {f"{vector.name}.json": vector.render() for vector in vectors}
    if len(files) != len(vectors):
        raise ValueError("two vectors have the same name")
    return files


def write(folder: Path, files: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Write every vector into a folder, remove those that are not made any more, return what was written.

    Args:
        folder: Where.
        files: File name to content; None for the vectors of signed codes.
    """
    files = made() if files is None else files
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in folder.glob("*.json")} - set(files):
        (folder / stale).unlink()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="ascii", newline="\n")
    return files


def main() -> None:
    """Write the vectors to the folder that is named, or to their own."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS
    print(f"{len(write(folder))} vectors in {folder}")


if __name__ == "__main__":
    main()
