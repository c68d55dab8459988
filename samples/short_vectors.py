"""The vectors of the short confirmation, and the computed parts of its page.

    python -m samples.short_vectors

writes ``tests/vectors/short/*.json``, one scenario each. The keys are those of the other vectors, their seeds
included: without the private key of one end nobody can check a MAC.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from codec.alphabet import ALPHABET
from codec.codes import Authorization, Sequence
from codec.envelope import VerifiedCode, mac_structure
from codec.errors import MalformedCodeError
from codec.grouping import grouped, spell
from codec.keys import SigningKey
from codec.short import (
    Installed,
    MatchedShort,
    UnmatchedShort,
    covered,
    mac_key,
    parity_of,
    read_short,
    short_of,
)
from samples.accepted_vectors import ASKED, AUTHORIZATION, AUTHORIZED, authorize
from samples.vectors import DEVICE, ISSUER, PORTAL_ID, STRANGER, VECTORS, write

SHORT_VECTORS: Final = VECTORS / "short"

AUTHORIZATIONS: Final = {
    "first": AUTHORIZED,
    "last number": authorize(replace(AUTHORIZATION, sequence=Sequence(0, 65535))),
    "after a restore": authorize(replace(AUTHORIZATION, sequence=Sequence(3, 64))),
}


def installed_from(authorization: VerifiedCode[Authorization]) -> Installed:
    """Return what a short confirmation of an authorization is about."""
    return Installed(ASKED.id, authorization.id, authorization.value.sequence)


INSTALLED: Final = installed_from(AUTHORIZED)
SHORT: Final = short_of(INSTALLED, device=DEVICE, issuer=ISSUER.verifying_key)


def short_vectors() -> dict[str, str]:
    """Return every vector: file name to content."""
    return {f"{record['name']}.json": json.dumps(record, indent=2) + "\n" for record in _records()}


def _records() -> Iterator[dict[str, Any]]:
    yield from _accepted()
    yield from _repaired()
    yield from _refused()


def _context(authorization: VerifiedCode[Authorization]) -> dict[str, str]:
    return {
        "request": ASKED.text,
        "authorization": authorization.text,
        "issuer": ISSUER.verifying_key.raw.hex(),
        "issuer_seed": ISSUER.seed.hex(),
        "device": DEVICE.verifying_key.raw.hex(),
        "device_seed": DEVICE.seed.hex(),
        "portal_id": PORTAL_ID.hex(),
    }


def _case(
    name: str, description: str, code: str, outcome: Mapping[str, Any], authorized: str = "first"
) -> dict[str, Any]:
    known = _context(AUTHORIZATIONS[authorized])
    return {"name": f"short-{name}", "description": description, "code": code, "context": known, **outcome}


def _steps(short: MatchedShort) -> dict[str, Any]:
    """Return what is worked out on the way, for whoever looks for a mistake."""
    payload, known = covered(short.installed)
    return {
        "shared": DEVICE.agree(ISSUER.verifying_key).hex(),
        "mac_key": mac_key(short.installed, DEVICE, ISSUER.verifying_key).hex(),
        "external_aad": known.hex(),
        "payload": payload.hex(),
        "mac_structure": mac_structure(payload, known).hex(),
        "id": short.id.hex(),
    }


def _fields(code: UnmatchedShort) -> dict[str, Any]:
    return {"request_hint": code.request_hint.hex(), "number_end": code.number_end, "mac": code.mac.hex()}


def _accepted() -> Iterator[dict[str, Any]]:
    for name, authorized in AUTHORIZATIONS.items():
        short = short_of(installed_from(authorized), device=DEVICE, issuer=ISSUER.verifying_key)
        sequence = authorized.value.sequence
        description = f"Of authorization {sequence.number} in epoch {sequence.epoch}."
        outcome = {"result": "accepted", "fields": _fields(short.code), "steps": _steps(short)}
        yield _case(f"accepted-{name.replace(' ', '-')}", description, short.text, outcome, name)
    for name, text in (
        ("in-groups", grouped(SHORT.text)),
        ("small", SHORT.text.lower()),
        ("look-alikes", SHORT.text.replace("0", "O").replace("1", "l")),
    ):
        outcome = {"result": "accepted", "fields": _fields(SHORT.code)}
        yield _case(f"accepted-{name}", "The first one, as people write it down.", text, outcome)


def _with(position: int, shift: int = 1, text: str = SHORT.text) -> str:
    """Return a text with one other character."""
    other = ALPHABET[(ALPHABET.index(text[position]) + shift) % len(ALPHABET)]
    return text[:position] + other + text[position + 1 :]


def _swapped(position: int) -> str:
    text = SHORT.text
    return text[:position] + text[position + 1] + text[position] + text[position + 2 :]


def _repaired() -> Iterator[dict[str, Any]]:
    outcome = {"result": "repaired", "fields": _fields(SHORT.code), "meant": SHORT.text}
    for position in (0, 1, 9, 23):
        text = f"Character {position + 1} is a wrong one."
        yield _case(f"repaired-character-{position + 1}", text, _with(position), outcome)
    swap = next(at for at in range(4, 23) if SHORT.text[at] != SHORT.text[at + 1])
    yield _case("repaired-swap", "Two neighbours are swapped.", _swapped(swap), outcome)


def _refused() -> Iterator[dict[str, Any]]:
    def case(name: str, description: str, code: str, error: str) -> dict[str, Any]:
        return _case(f"refused-{name}", description, code, {"result": "refused", "error": error})

    def not_genuine(name: str, description: str, code: UnmatchedShort) -> dict[str, Any]:
        return case(name, description, code.text, "not-genuine")

    flipped = bytes((SHORT.code.mac[0] ^ 0x80, *SHORT.code.mac[1:]))
    yield not_genuine("mac", "One bit of the MAC is another one.", replace(SHORT.code, mac=flipped))
    yield not_genuine("number", "It names another number.", replace(SHORT.code, number_end=2))
    yield not_genuine("hint", "It names another request.", replace(SHORT.code, request_hint=bytes(4)))
    later = installed_from(AUTHORIZATIONS["after a restore"])
    yield not_genuine("other-authorization", "It is of another authorization.", _short(later, DEVICE))
    yield not_genuine("other-device", "Another device made it.", _short(INSTALLED, STRANGER))
    yield case("one-missing", "A character is missing.", SHORT.text[:-1], "malformed")
    yield case("one-too-many", "A character too many.", SHORT.text + "0", "malformed")
    yield case(
        "two-wrong", "Two characters are wrong: no one character explains it.", _two_wrong(), "malformed"
    )
    for letter, name in (("C", "another-letter"), ("R", "another-letter-too")):
        yield case(name, f"It starts with {letter}.", _sound(letter + SHORT.text[1:22]), "malformed")
    version = SHORT.text[:1] + ALPHABET[ALPHABET.index(SHORT.text[1]) + 4] + SHORT.text[2:22]
    yield case("version", "The format version is 2.", _sound(version), "newer-version")


def _short(installed: Installed, device: SigningKey) -> UnmatchedShort:
    return short_of(installed, device=device, issuer=ISSUER.verifying_key).code


def _sound(body: str) -> str:
    return body + parity_of(body)


def _two_wrong() -> str:
    """Return a text with two wrong characters that no small mistake explains."""
    for shift in range(1, len(ALPHABET)):
        text = _with(20, shift, _with(8))
        try:
            read_short(text)
        except MalformedCodeError:
            return text
    raise ValueError("every pair of mistakes looks like one")


# --- the parts of docs/spec/short-v1.md that are computed ----------------------------------------------


def _hex(*parts: bytes) -> str:
    digits = b"".join(parts).hex()
    return "\n".join(digits[at : at + 64] for at in range(0, len(digits), 64))


def example() -> str:
    """Return the example of the first section."""
    return f"```text\n{grouped(SHORT.text)}\n```\n"


def spoken() -> str:
    """Return how it is read aloud."""
    return f"```text\n{spell(SHORT.text)}\n```\n"


def parities() -> str:
    """Return some bodies with their parity."""
    bodies = ("0" * 22, "0" * 21 + "1", "S4" + "0" * 20, "Z" * 22, SHORT.text[:22])
    rows = [f"{body}  {parity_of(body)}" for body in bodies]
    return "```text\n" + "\n".join(("body                    parity", *rows)) + "\n```\n"


def worked() -> str:
    """Return the worked example."""
    payload, known = covered(INSTALLED)
    parts = (
        ("id(Q)", ASKED.id.hex()),
        ("id(A)", AUTHORIZED.id.hex()),
        ("sequence: epoch 0, number 1", "00000001"),
        ("device's public key", DEVICE.verifying_key.raw.hex()),
        ("device's seed", DEVICE.seed.hex()),
        ("issuer's public key", ISSUER.verifying_key.raw.hex()),
        ("issuer's seed", ISSUER.seed.hex()),
        ("shared: X25519 of the converted keys", DEVICE.agree(ISSUER.verifying_key).hex()),
        ("MAC key: HKDF-SHA-256, salt id(A)", mac_key(INSTALLED, DEVICE, ISSUER.verifying_key).hex()),
        ("payload", payload.hex()),
        ("external_aad", _hex(known)),
        ("MAC_structure", _hex(mac_structure(payload, known))),
        ("id(S), its SHA-256", SHORT.id.hex()),
        ("MAC: the first 8 bytes of HMAC-SHA-256", SHORT.code.mac.hex()),
        ("code", SHORT.text),
    )
    return "```text\n" + "\n\n".join(f"{name}:\n{value}" for name, value in parts) + "\n```\n"


PARTS: Final = {"short": example, "spoken": spoken, "parities": parities, "worked-short": worked}


def main() -> None:
    """Write the vectors to their folder."""
    print(f"{len(write(SHORT_VECTORS, short_vectors()))} vectors in {SHORT_VECTORS}")


if __name__ == "__main__":
    main()
