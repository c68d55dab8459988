"""Verifiers written by strangers from the specification alone, held against our own reader.

Scope: running one over vector files as a program of its own, and making vectors that nobody has published:
codes signed by the right key whose digits were changed, so that only the rules of the format refuse them.
"""

import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from codec.codes import Kind
from codec.errors import CodecError
from codec.wire import decode_payload
from samples.accepted_vectors import accepted_vectors
from samples.refused_vectors import code_of_payload
from samples.vectors import VECTORS, Vector, as_json
from tests.codec.test_one_form import forge
from tests.codec.test_vectors import read

Ended = subprocess.CompletedProcess[str]

LONGEST_PAYLOAD = 1_268 - 64
PUBLISHED = sorted(str(path) for path in VECTORS.glob("*.json"))
FOR_READERS = sum(
    json.loads(Path(name).read_text(encoding="ascii"))["code"] is not None for name in PUBLISHED
)


def run(command: Sequence[str], *files: str, stdin: str | None = None) -> Ended:
    """Run a verifier far from this tree's own modules."""
    return subprocess.run(
        [*command, *files], input=stdin, capture_output=True, text=True, check=False, cwd=VECTORS.anchor
    )


def unpublished(folder: Path, *, seed: str, variants: int) -> list[str]:
    """Write vectors with our reader's verdict on each, and return their names."""
    names = []
    for vector in _forged(random.Random(seed), variants):
        path = folder / f"{vector.name}.json"
        path.write_text(vector.render(), encoding="ascii")
        names.append(str(path))
    return names


def _forged(rng: random.Random, variants: int) -> Iterator[Vector]:
    for vector in accepted_vectors():
        payload = bytes.fromhex(vector.outcome["payload"])
        kind, value = Kind(vector.reads), decode_payload(payload)
        for number in range(variants):
            forged = forge(value, rng)
            if len(forged) > LONGEST_PAYLOAD:
                continue
            code = code_of_payload(kind, forged)
            asked = Vector(f"{vector.name}-{number}", "Changed digits.", kind, code, vector.context)
            yield replace(asked, outcome=_verdict(json.loads(asked.render())))


def _verdict(record: dict[str, Any]) -> dict[str, Any]:
    try:
        received, entitlements = read(record)
    except CodecError as error:
        return {"result": "refused", "error": error.code}
    code = received.code
    verdict = {"result": "accepted", "payload": code.payload.hex(), "id": code.id.hex()}
    spelled = {} if entitlements is None else {"entitlements": entitlements}
    return {**verdict, "fields": as_json(code.value), **spelled}


def tampered(folder: Path) -> Iterator[str]:
    """Write published vectors that claim something untrue, each in another way, and yield their names."""
    claims: dict[str, tuple[str, dict[str, Any]]] = {
        "accepts": ("authorization-refused-other-request", {"result": "accepted"}),
        "refuses": ("authorization-accepted-flags", {"result": "refused", "error": "malformed"}),
        "names": ("authorization-refused-version-2", {"error": "not-genuine"}),
        "identifies": ("authorization-accepted-flags", {"id": "00" * 32}),
    }
    for name, (published, claim) in claims.items():
        record = json.loads((VECTORS / f"{published}.json").read_text(encoding="ascii"))
        path = folder / f"{name}.json"
        path.write_text(json.dumps({**record, **claim}), encoding="ascii")
        yield str(path)
