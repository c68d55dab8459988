"""Read the sample codes with what their sidecars give, the way a device or a portal would."""

import json
from functools import cache
from typing import Any

from codec.codes import Authorization, Code, Confirmation, Kind, Request, Return, Trust
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    require_kind,
    verify_authorization,
    verify_confirmation,
    verify_request,
    verify_return,
    verify_trust,
)
from codec.keys import VerifyingKey
from codec.reading import Received, receive
from samples.make import SAMPLES


@cache
def sidecar(path: str) -> Any:
    """Return the JSON file at a path below samples/, without its ending."""
    return json.loads((SAMPLES / f"{path}.json").read_text(encoding="utf-8"))


def text_of(path: str) -> str:
    """Return the code or the damaged text at a path below samples/, without its ending, byte for byte."""
    return (SAMPLES / f"{path}.txt").read_bytes().decode()


def names_in(folder: str) -> list[str]:
    """Return the names of all texts in a folder of samples/."""
    return sorted(path.stem for path in (SAMPLES / folder).glob("*.txt"))


def read_as(name: str, raw: str) -> Received[Code]:
    """Read a text as somebody who expects the sample code ``name``, with its request and its keys."""
    beside = sidecar(f"codes/{name}")
    key = VerifyingKey.parse(bytes.fromhex(beside["signed_by"]))

    def verify(code: UnverifiedCode[Code]) -> VerifiedCode[Code]:
        match Kind(beside["kind"]):
            case Kind.REQUEST:
                return verify_request(require_kind(code, Request))
            case Kind.TRUST:
                return verify_trust(require_kind(code, Trust), key)
            case Kind.RETURN:
                return verify_return(require_kind(code, Return), key, request_id=_id(beside["request"]))
            case Kind.CONFIRMATION:
                return verify_confirmation(
                    require_kind(code, Confirmation),
                    key,
                    request_id=_id(beside["request"]),
                    authorization_id=_id(beside["authorization"]),
                )
            case Kind.AUTHORIZATION:
                portal_id = bytes.fromhex(beside["portal_id"])
                context = AuthorizationContext(_id(beside["request"]), key, portal_id)
                return verify_authorization(require_kind(code, Authorization), context)

    return receive(raw, verify)


def _id(name: str) -> bytes:
    return bytes.fromhex(sidecar(f"codes/{name}")["id"])
