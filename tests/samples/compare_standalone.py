"""Compares the Python verifier of samples/ with vectors, as a program that sees nothing of this tree.

``python -I compare_standalone.py VERIFIER VECTOR...``: a line for each disagreement, then their number.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any


def loaded(file: str) -> Any:
    """Return the verifier, loaded from its file alone."""
    spec = importlib.util.spec_from_file_location("verify_standalone", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def disagreement(verifier: Any, vector: dict[str, Any]) -> str:
    """Return what a verifier says otherwise than a vector; empty where they agree."""
    is_damaged = "repairs" in vector and vector["result"] != "accepted"
    refused = {"refused": vector.get("error"), "accepted": None}
    wanted = "malformed" if is_damaged else refused[vector["result"]]
    try:
        said = verifier.verify(vector["code"], vector["reads"], vector["context"])
    except verifier.Refused as refusal:
        return "" if refusal.failure == wanted else f"{refusal.failure}, not {wanted}"
    expected = {key: vector[key] for key in ("payload", "id", "fields", "entitlements") if key in vector}
    if wanted:
        return f"accepted, not {wanted}"
    return "" if json.loads(json.dumps(said)) == expected else f"{said}, not {expected}"


def main(file: str, *names: str) -> int:
    """Compare, and return the exit code."""
    verifier = loaded(file)
    vectors = [json.loads(Path(name).read_text(encoding="ascii")) for name in names]
    given = [vector for vector in vectors if vector["code"] is not None]
    found = {vector["name"]: disagreement(verifier, vector) for vector in given}
    wrong = {name: what for name, what in found.items() if what}
    for name, what in wrong.items():
        print(f"{name}: {what}")
    print(f"{len(given)} vectors, {len(wrong)} disagree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
