"""What is fuzzed: for each parser, a function of any bytes that must never raise anything.

Each takes what a stranger may hand in, swallows the errors that the parser promises (`CodecError`), and
checks what must hold of whatever it accepts. Anything that escapes is a finding.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from codec.codes import Authorization, Code, Confirmation, Return
from codec.cose import from_cose, to_cose
from codec.envelope import UnverifiedCode, VerifiedCode, decode_body
from codec.errors import CodecError, NotGenuineError
from codec.explain import explain
from codec.keys import SIGNATURE_BYTES
from codec.parity import PARITY_CHARACTERS
from codec.proof import Known, missing_for, verified_by
from codec.reading import inspect, is_whole, receive
from codec.scan import read_image
from codec.wire import decode_payload, encode_payload
from samples.cast import ROOT, trust_first
from samples.make import SAMPLES
from samples.vectors import VECTORS
from tests.fuzz import carriers, short
from tests.fuzz.target import MILLISECONDS, SEARCH_MILLISECONDS, Target

CORPUS: Final = Path(__file__).parent / "corpus"


# --- the samples, as a reader knows them -------------------------------------------------------


@cache
def texts() -> dict[str, str]:
    """Return the text of every sample code, by name."""
    return {path.stem: path.read_text("ascii").strip() for path in sorted((SAMPLES / "codes").glob("*.txt"))}


@cache
def _contexts() -> tuple[Known, ...]:
    """Return what readers of the sample codes have: each request, with each of its authorizations."""
    records = {
        path.stem: json.loads(path.read_text("ascii")) for path in sorted((SAMPLES / "codes").glob("*.json"))
    }
    root, trust = ROOT.verifying_key, trust_first().value
    bare = Known(root=root, trust=trust)
    known: dict[str | None, Known] = {None: bare}
    for name, record in records.items():
        if record["kind"] == "Q":
            known[name] = Known(root=root, trust=trust, request=_genuine(name, bare))
    for name, record in records.items():
        if record["kind"] == "A" and name != "authorization-stranger":
            of_request = known[record["request"]]
            known[name] = Known(
                root=root,
                trust=trust,
                request=of_request.request,
                authorization=_genuine(name, of_request),
            )
    return tuple(known.values())


def _genuine(name: str, known: Known) -> VerifiedCode[Any]:
    return verified_by(decode_body(texts()[name][:-PARITY_CHARACTERS]), known)


def _verify(code: UnverifiedCode[Code]) -> VerifiedCode[Any]:
    """Verify with whatever context makes the code genuine."""
    for known in _contexts():
        if missing_for(code, known) or _hint(code.unverified) != _expected_hint(code.unverified, known):
            continue
        try:
            return verified_by(code, known)
        except NotGenuineError:
            continue
    raise NotGenuineError("No sample request fits.")


def _hint(value: Code) -> bytes:
    return value.request_hint if isinstance(value, Authorization | Confirmation | Return) else b""


def _expected_hint(value: Code, known: Known) -> bytes:
    return known.request.id[: len(_hint(value))] if known.request else b""


# --- text --------------------------------------------------------------------------------------


def text(data: bytes) -> None:
    """Read a paste, without a key and with all of them: only the sample codes are ever accepted."""
    raw = data.decode("utf-8", errors="replace")
    with suppress(CodecError):
        explain(inspect(raw).code)
    try:
        accepted = receive(raw, _verify).code.text
    except CodecError:
        return
    assert accepted in texts().values(), "a code that nobody signed was accepted"


def _text_seeds() -> Iterator[bytes]:
    for folder in ("codes", "damaged"):
        for path in sorted((SAMPLES / folder).glob("*.txt")):
            yield path.read_bytes()
    for record in _vectors():
        if "clean_up" in record:
            yield record["code"].encode()


@cache
def _vectors() -> tuple[dict[str, Any], ...]:
    """Return the test vectors of codes."""
    return tuple(json.loads(path.read_text("ascii")) for path in sorted(VECTORS.glob("*.json")))


def search(data: bytes) -> None:
    """Read a text as somebody who waits for a search does: what is accepted is a sample code."""
    raw = data.decode("utf-8", errors="replace")
    is_whole(raw)
    try:
        accepted = receive(raw, _verify, search=True).code.text
    except CodecError:
        return
    assert accepted in texts().values(), "a code that nobody signed was accepted"


def _search_seeds() -> Iterator[bytes]:
    """Yield what takes a search: some of the damaged texts, and codes whose second group stands elsewhere."""
    for path in sorted((SAMPLES / "damaged").glob("typed-*.txt")):
        yield path.read_bytes()
    for name in ("confirmation-first", "request-uuid"):
        code = texts()[name].encode()
        yield code[:4] + code[8:60] + code[4:8] + code[60:]


# --- wire --------------------------------------------------------------------------------------


def wire(data: bytes) -> None:
    """Decode a payload: what is decoded encodes to the same bytes, and can be explained."""
    try:
        value = decode_payload(data)
    except CodecError:
        return
    assert encode_payload(value) == data, "two forms of one value"
    explain(UnverifiedCode(data, bytes(SIGNATURE_BYTES), value)).record()


def _wire_seeds() -> Iterator[bytes]:
    for characters in texts().values():
        yield decode_body(characters[:-PARITY_CHARACTERS]).payload
    for record in _vectors():
        if "payload" in record:
            yield bytes.fromhex(record["payload"])


# --- COSE --------------------------------------------------------------------------------------


def cose(data: bytes) -> None:
    """Import a COSE message: what is taken is exported as the same bytes."""
    try:
        code = from_cose(data)
    except CodecError:
        return
    assert to_cose(code) == data, "two forms of one message"


def _cose_seeds() -> Iterator[bytes]:
    for characters in texts().values():
        yield to_cose(decode_body(characters[:-PARITY_CHARACTERS]))


# --- images ------------------------------------------------------------------------------------


def image(data: bytes) -> None:
    """Read whatever claims to be an image."""
    try:
        found = read_image(data)
    except CodecError:
        return
    assert all(isinstance(each, str) for each in found)


def _image_seeds() -> Iterator[bytes]:
    for path in sorted((SAMPLES / "qr").glob("*.png")):
        yield path.read_bytes()


TARGETS: Final = {
    "text": Target(
        text,
        _text_seeds,
        ("codec.alphabet", "codec.parity", "codec.reading"),
        4096,
        0.02,
        2 * MILLISECONDS,  # it is read twice
    ),
    "wire": Target(wire, _wire_seeds, ("codec.digits", "codec.fields", "codec.lines", "codec.wire"), 1300, 1),
    "cose": Target(cose, _cose_seeds, ("codec.cose",), 1400, 1),
    "short": short.TARGET,
    **carriers.TARGETS,
    "search": Target(
        search, _search_seeds, ("codec.recovery", "codec.pasted"), 65_536, 0.0005, SEARCH_MILLISECONDS
    ),
    "image": Target(image, _image_seeds, ("codec.scan", "codec.pictures"), 65_536, 0.02, SEARCH_MILLISECONDS),
}


# --- a fault, planted --------------------------------------------------------------------------


def _careless(data: bytes) -> None:
    if len(data) > 3 and data[0] == 0x51 and data[1] > 0xF0:
        raise ValueError("planted")


PLANTED: Final = Target(_careless, lambda: iter((b"Q0000",)), (), 16, 1)
"""A careless parser, so that a test can see that the search finds what escapes."""
