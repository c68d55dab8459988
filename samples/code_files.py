"""The files of the story: codes with their sidecars, the fleet, the keys, the trust file.

A sidecar says in JSON what a code holds and what a reader needs to verify it: bytes are in hexadecimal, times
and dates in ISO 8601, members of enumerations by name.
"""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Final
from uuid import UUID

from codec.codes import Authorization, Code, Kind, Request, Tag
from codec.envelope import VerifiedCode
from codec.keys import SigningKey
from samples.cast import (
    CATALOGUE,
    FLEET,
    ISSUER,
    PORTAL_ID,
    ROOT,
    SECOND_ISSUER,
    STRANGER,
    SampleDevice,
    trust_file,
)
from samples.story import SampleCode, Story

Files = Iterator[tuple[str, bytes]]
"""Paths below samples/, with forward slashes, and contents."""

WARNING: Final = "SAMPLE KEYS. Everybody has them: nothing signed with them proves anything. Never use them."


def story_files(story: Story) -> Files:
    """Yield every file that the story fills."""
    yield "catalogue.txt", catalogue_text().encode()
    yield "trust.txt", trust_file().encode()
    yield "keys/keys.json", as_json({"warning": WARNING, "portal_id": PORTAL_ID, "keys": _keys()})
    for device in FLEET:
        yield f"fleet/{device.name}.json", as_json(_device(device, story.device_keys[device.name]))
        yield f"fleet/hardware/{device.name}.json", as_json(device.hardware)
    for sample in story.codes:
        yield f"codes/{sample.name}.txt", f"{sample.code.text}\n".encode()
        yield f"codes/{sample.name}.json", as_json(_sidecar(sample, story))


def catalogue_text() -> str:
    """Return the catalogue file, with the comment that people put on top."""
    return f"# Sample catalogue: {len(CATALOGUE.tags)} invented tags. Append only.\n{CATALOGUE.render()}"


def as_json(value: object) -> bytes:
    """Write a value as JSON that people can read."""
    return (json.dumps(plain(value), indent=2, ensure_ascii=True) + "\n").encode()


def plain(value: object) -> object:
    """Turn a value of the codec into what JSON has."""
    if isinstance(value, Enum):
        return value.name.lower().replace("_", "-")
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _keys() -> dict[str, object]:
    names = {"root": ROOT, "issuer": ISSUER, "second-issuer": SECOND_ISSUER, "stranger": STRANGER}
    return {name: _key(key) for name, key in names.items()}


def _key(key: SigningKey) -> dict[str, object]:
    return {"seed": key.seed, "public": key.verifying_key.raw, "id": key.verifying_key.id}


def _device(device: SampleDevice, key: SigningKey) -> dict[str, object]:
    return {
        "warning": WARNING,
        "name": device.name,
        "udi": device.udi,
        "catalogue": "catalogue.txt" if device.has_catalogue else None,
        "match": device.match,
        "hardware": device.hardware,
        "key": _key(key),
    }


def _sidecar(sample: SampleCode, story: Story) -> dict[str, object]:
    code = sample.code
    return {
        "what": sample.what,
        "kind": code.kind.value,
        "id": code.id,
        "characters": len(code.text),
        "request": sample.request,
        "authorization": sample.authorization,
        "signed_by": _signer(sample, story),
        "portal_id": PORTAL_ID if code.kind is Kind.AUTHORIZATION else None,
        "fields": code.value,
        "tags": _tags(code),
    }


def _signer(sample: SampleCode, story: Story) -> bytes:
    """Return the public key that verifies a code."""
    if sample.code.kind is Kind.TRUST:
        return ROOT.verifying_key.raw
    if sample.code.kind is Kind.AUTHORIZATION:
        return sample.issuer.verifying_key.raw
    request = (story.code(sample.request) if sample.request else sample).code.value
    assert isinstance(request, Request)
    return request.device_key


def _tags(code: VerifiedCode[Code]) -> list[str] | None:
    """Return the tags of lines or wanted lines, spelled, in their order.

    All requests name the whole catalogue or none, so a number means the same in every code.
    """
    if isinstance(code.value, Authorization):
        return [_spelled(line.tag) for line in code.value.lines]
    if isinstance(code.value, Request):
        return [_spelled(line.tag) for line in code.value.wanted]
    return None


def _spelled(tag: Tag) -> str:
    return CATALOGUE.tags[tag] if isinstance(tag, int) else tag
