"""The published vectors: each ends as it says, and the script that made them makes them still."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import EnumType
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from codec import errors
from codec.catalogue import Catalogue
from codec.codes import KIND_OF, Authorization, Code, Kind, Request, Trust
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    require_kind,
    verify_authorization,
    verify_request,
    verify_trust,
)
from codec.errors import CodecError, FieldError
from codec.keys import VerifyingKey
from codec.proof import Known, verified_by
from codec.reading import Received, receive
from codec.wire import encode_payload
from samples import vectors

FILES = {path.name: path.read_text(encoding="ascii") for path in sorted(vectors.VECTORS.glob("*.json"))}
RECORDS: dict[str, dict[str, Any]] = {
    name.removesuffix(".json"): json.loads(content) for name, content in FILES.items()
}
READ = {name: record for name, record in RECORDS.items() if record["code"] is not None}
ACCEPTED = {name: record for name, record in READ.items() if record["result"] != "refused"}
REFUSED = {name: record for name, record in READ.items() if record["result"] == "refused"}
NOT_BUILT = {name: record for name, record in RECORDS.items() if record["code"] is None}

VALUES = {kind: value for value, kind in KIND_OF.items()}


# --- a reader, as the specification describes it -------------------------------------------------------


def key_of(context: Mapping[str, Any], name: str) -> VerifyingKey:
    return VerifyingKey.parse(bytes.fromhex(context[name]))


def known_from(context: Mapping[str, Any]) -> Known:
    """Verify everything that the reader has, from the root down."""
    request = authorization = trust = None
    if "request" in context:
        request = receive(context["request"], lambda code: verify_request(require_kind(code, Request))).code
    if "trust" in context:
        root = key_of(context, "root")
        trust = receive(
            context["trust"], lambda code: verify_trust(require_kind(code, Trust), root)
        ).code.value
    if "authorization" in context:
        assert request
        authorization = receive(context["authorization"], issued_by(context, request)).code
    root_key = key_of(context, "root") if "root" in context else None
    return Known(request=request, authorization=authorization, root=root_key, trust=trust)


def issued_by(
    context: Mapping[str, Any], request: VerifiedCode[Request]
) -> Callable[[UnverifiedCode[Code]], VerifiedCode[Authorization]]:
    """Verify by the issuer that the context names outright."""
    known = AuthorizationContext(request.id, key_of(context, "issuer"), bytes.fromhex(context["portal_id"]))
    return lambda code: verify_authorization(require_kind(code, Authorization), known)


def read(record: Mapping[str, Any]) -> tuple[Received[Any], list[Any] | None]:
    """Read a vector's code; return it with its tags spelled, where a catalogue is at hand."""
    context = record["context"]
    known = known_from(context)
    received = receive(record["code"], reader_of(record, known))
    return received, spelled(received.code.value, known, context)


def reader_of(record: Mapping[str, Any], known: Known) -> Callable[[UnverifiedCode[Code]], VerifiedCode[Any]]:
    """Return what verifies a vector's code by what its reader knows."""
    context, kind = record["context"], VALUES[Kind(record["reads"])]

    def verify(code: UnverifiedCode[Code]) -> VerifiedCode[Any]:
        wanted = require_kind(code, kind)
        if kind is Authorization and "issuer" in context and known.request:
            return issued_by(context, known.request)(wanted)
        return verified_by(wanted, known)

    return verify


def spelled(value: Code, known: Known, context: Mapping[str, Any]) -> list[Any] | None:
    if "catalogue" not in context:
        return None
    catalogue = Catalogue(tuple(context["catalogue"]))
    if isinstance(value, Request):
        catalogue.spell_wanted(value.wanted, value.catalogue)
        return [catalogue.tags[item.tag] if isinstance(item.tag, int) else item.tag for item in value.wanted]
    assert isinstance(value, Authorization)
    assert known.request
    # One line at a time keeps the order of the code.
    named = known.request.value.catalogue
    return [catalogue.spell_lines((line,), named)[0].tag for line in value.lines]


# --- outcomes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_must_be_accepted(name: str) -> None:
    record = ACCEPTED[name]
    received, entitlements = read(record)
    assert received.code.payload.hex() == record["payload"]
    assert received.code.id.hex() == record["id"]
    assert vectors.as_json(received.code.value) == record["fields"]
    repairs = [{"group": each.group, "typed": each.typed, "meant": each.meant} for each in received.repairs]
    assert repairs == record.get("repairs", [])
    assert entitlements == record.get("entitlements")


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_be_refused(name: str) -> None:
    with pytest.raises(CodecError) as caught:
        read(REFUSED[name])
    assert caught.value.code == REFUSED[name]["error"]
    assert caught.value.message


@pytest.mark.parametrize("name", ACCEPTED)
def test_values_encode_to_the_bytes_of_the_vector(name: str) -> None:
    record = ACCEPTED[name]
    value = from_json(VALUES[Kind(record["reads"])], record["fields"])
    assert encode_payload(value).hex() == record["payload"]


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_no_code_carries_is_not_built(name: str) -> None:
    record = NOT_BUILT[name]
    assert record["error"] == FieldError.code
    with pytest.raises(FieldError):
        encode_payload(from_json(VALUES[Kind(record["reads"])], record["fields"]))


PARSERS: dict[type, Callable[[str], Any]] = {
    bytes: bytes.fromhex,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    UUID: UUID,
}


def from_json(kind: Any, value: Any) -> Any:
    """Return a value of a code from its JSON, the inverse of `samples.vectors.as_json`."""
    if value is None:
        return None
    if get_origin(kind) is tuple:
        return tuple(from_json(get_args(kind)[0], each) for each in value)
    if get_origin(kind) is UnionType:
        possible = [each for each in get_args(kind) if each is not type(None)]
        return from_json(possible[0], value) if len(possible) == 1 else value
    if kind in PARSERS:
        return PARSERS[kind](value)
    if isinstance(kind, EnumType):
        return kind[value.upper().replace("-", "_")]
    hints = get_type_hints(kind)
    return kind(**{name: from_json(hints[name], each) for name, each in value.items()}) if hints else value


# --- the collection ------------------------------------------------------------------------------------


def test_the_script_makes_these_files_and_no_others() -> None:
    assert vectors.made() == FILES


def test_the_script_removes_what_it_no_longer_makes(tmp_path: Path) -> None:
    (tmp_path / "stale.json").write_text("{}", encoding="ascii")
    (tmp_path / "foreign").mkdir()
    written = vectors.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*written, "foreign"}
    assert {name: (tmp_path / name).read_text(encoding="ascii") for name in written} == FILES


def test_every_kind_is_accepted_in_several_ways() -> None:
    kinds = Counter(record["reads"] for record in ACCEPTED.values() if record["result"] == "accepted")
    assert set(kinds) == {kind.value for kind in Kind}
    assert min(kinds.values()) >= 5


def test_every_failure_class_is_named() -> None:
    """All but the base, which is never raised itself, and what concerns frames and images of QR symbols."""
    classes = {
        each.code for each in vars(errors).values() if isinstance(each, type) and issubclass(each, CodecError)
    }
    named = Counter(record["error"] for record in {**REFUSED, **NOT_BUILT}.values())
    assert set(named) == classes - {"codec", "qr", "frames-missing", "frames-disagree"}
    assert sum(named.values()) >= 25


@pytest.mark.parametrize("name", RECORDS)
def test_a_vector_is_named_by_its_file_and_described(name: str) -> None:
    record = RECORDS[name]
    assert record["name"] == name
    assert record["description"].endswith((".", ")"))
    assert record["result"] in {"accepted", "repaired", "refused"}
    assert set(record["context"]) <= {
        "request", "authorization", "issuer", "portal_id", "root", "trust", "catalogue",
    }  # fmt: skip
