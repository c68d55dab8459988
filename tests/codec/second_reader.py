"""A second reader of codes, written from docs/spec/code-v1.md alone: nothing of `codec` is used here.

Scope: what a device or a portal in another language would do, without repair. The expressions and the code
points of the clean-up are read from the page itself. `tests.codec.second_decoder` decodes; this module reads
text and verifies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tests.codec.second_decoder import ALPHABET, PAGE, Refusal, decode, letter_of, require

# --- section 4: text -----------------------------------------------------------------------------------


EXPRESSIONS = tuple(
    line.strip() for line in re.findall(r"```text\n( {3}\^\[ .*?)```", PAGE, re.DOTALL)[0].splitlines()
)
TABLE = {
    name: [
        code
        for part in ranges.split()
        for first, _, last in [part.partition("-")]
        for code in range(int(first, 16), int(last or first, 16) + 1)
    ]
    for name, ranges in re.findall(r"^\| ([a-z -]+) \| ([0-9A-F -]{4,}) \| ", PAGE, re.MULTILINE)
}
PLAIN: dict[int, str | None] = {
    **dict.fromkeys(TABLE["spaces"], " "),
    **dict.fromkeys(TABLE["dashes"], "-"),
    **dict.fromkeys(TABLE["quotes"], "'"),
    **dict.fromkeys(TABLE["invisible"], None),
    **{code: chr(0x21 + place) for place, code in enumerate(TABLE["full-width"])},
}


def recommended(text: str) -> str:
    """Take steps 2 to 6, which a reader need not take."""
    for _ in range(3):
        if re.search("%[0-9A-Fa-f]{2}", text):
            text = unquote(text, errors="replace")
    text = text.replace("\r\n", "\n").translate(dict.fromkeys(TABLE["line breaks"], "\n"))
    text = text.translate(PLAIN)
    for expression in EXPRESSIONS:
        text = re.sub(expression, "", text, flags=re.MULTILINE)
    return re.sub(r"""[_'"`~>|=+,;.]""", "", text)


def clean(raw: str, *, as_recommended: bool = False) -> str:
    require(len(raw) <= 65_536)
    text = recommended(raw) if as_recommended else raw
    text = re.sub(r"[ \t\r\n-]", "", text)
    require(text.isascii())
    text = text.upper().translate(str.maketrans("OIL", "011"))
    require(text and len(text) <= 2046 and set(text) <= set(ALPHABET))
    return text


def to_bytes(characters: str) -> bytes:
    require(len(characters) % 2 == 0)
    number = 0
    for character in characters:
        number = number * 32 + ALPHABET.index(character)
    size = 5 * len(characters) // 8
    padding = 5 * len(characters) - 8 * size
    require(number % (1 << padding) == 0)
    return (number >> padding).to_bytes(size, "big")


def parity_is_right(text: str) -> bool:
    """Evaluate the code's polynomial at the eight roots."""
    if len(text) % 2 or len(text) < 18:
        return False
    symbols = [ALPHABET.index(text[at]) * 32 + ALPHABET.index(text[at + 1]) for at in range(0, len(text), 2)]
    for power in range(1, 9):
        root, value = 1, 0
        for _ in range(power):
            root = _times(root, 2)
        for symbol in symbols:
            value = _times(value, root) ^ symbol
        if value:
            return False
    return True


def _times(left: int, right: int) -> int:
    product = 0
    for bit in range(10):
        if right >> bit & 1:
            product ^= left << bit
    for bit in range(18, 9, -1):
        if product >> bit & 1:
            product ^= 0b10000001001 << (bit - 10)
    return product


# --- section 11: signatures ----------------------------------------------------------------------------


def bstr(content: bytes) -> bytes:
    size = len(content)
    head = (
        bytes([0x40 + size])
        if size < 24
        else bytes([0x58, size])
        if size < 256
        else b"\x59" + size.to_bytes(2, "big")
    )
    return head + content


def signed_bytes(payload: bytes, *known: bytes) -> bytes:
    letter = ALPHABET[payload[0] >> 3].encode()
    aad = bytes([0x82 + len(known)]) + b"\x6ctallystick/1" + b"\x61" + letter + b"".join(map(bstr, known))
    return bytes.fromhex("846a5369676e61747572653143a10132") + bstr(aad) + bstr(payload)


def digest_of(key: str) -> bytes:
    return sha256(bytes.fromhex(key)).digest()


def verify(key: str, payload: bytes, signature: bytes, *known: bytes) -> str:
    """Verify a signature; return id(X)."""
    check_key(key)
    signed = signed_bytes(payload, *known)
    try:
        VerifyKey(bytes.fromhex(key)).verify(signed, signature)
    except BadSignatureError:
        raise Refusal("not-genuine") from None
    return sha256(signed).hexdigest()


def check_key(key: str) -> None:
    require(crypto_core_ed25519_is_valid_point(bytes.fromhex(key)), "bad-key")


@dataclass(slots=True)
class Read:
    """What became of a code: its payload, its id, what it says, its tags in words, and its parity."""

    payload: bytes
    id: str
    fields: dict[str, Any]
    entitlements: list[Any] | None = None
    parity_is_right: bool = True


def read(raw: str, kind: str, context: Mapping[str, Any], *, as_recommended: bool = False) -> Read:
    """Read a code of one kind with what the reader has, as a vector's `context` says."""
    text = clean(raw, as_recommended=as_recommended)
    try:
        found = _verified(text[:-16], kind, context)
    except Refusal:
        # Section 4.2: this reader repairs nothing, so where the parity is wrong, that is the refusal.
        require(parity_is_right(text))
        raise
    found.entitlements = entitlements(found.fields, context)
    found.parity_is_right = parity_is_right(text)
    return found


def _verified(body: str, kind: str, context: Mapping[str, Any]) -> Read:
    whole = to_bytes(body)
    require(whole)
    letter_of(whole[0])
    require(len(whole) > 64)
    payload, signature = whole[:-64], whole[-64:]
    letter, value = decode(payload)
    require(letter == kind, "wrong-kind")
    code_id = VERIFIERS[kind](value, payload, signature, context)
    return Read(payload, code_id, value)


def _asked(context: Mapping[str, Any]) -> Read:
    return read(context["request"], "Q", {})


def _verify_request(value: dict[str, Any], payload: bytes, signature: bytes, _: Mapping[str, Any]) -> str:
    return verify(value["device_key"], payload, signature)


def _verify_authorization(
    value: dict[str, Any], payload: bytes, signature: bytes, context: Mapping[str, Any]
) -> str:
    asked = bytes.fromhex(_asked(context).id)
    keys, portal_id = [context.get("issuer", "")], context.get("portal_id", "")
    if "trust" in context:
        trusted = read(context["trust"], "T", {"root": context["root"]}).fields
        keys, portal_id = candidates(value, trusted), trusted["portal_id"]
    for key in keys:
        try:
            return verify(key, payload, signature, asked, digest_of(key), bytes.fromhex(portal_id))
        except Refusal:
            continue
    raise Refusal("not-genuine")


def candidates(value: dict[str, Any], trusted: dict[str, Any]) -> list[str]:
    hint, day = value["issuer_hint"], value["issued_at"][:10]
    found = [
        each["key"]
        for each in trusted["issuers"]
        if digest_of(each["key"]).hex().startswith(hint)
        and each["valid_from"] <= day <= (each["valid_until"] or "9")
        and digest_of(each["key"]).hex()[:16] not in trusted["revoked"]
    ]
    if not found:
        revoked = any(key_id.startswith(hint) for key_id in trusted["revoked"])
        raise Refusal("revoked-issuer" if revoked else "unknown-issuer")
    return found


def _verify_confirmation(
    _: dict[str, Any], payload: bytes, signature: bytes, context: Mapping[str, Any]
) -> str:
    asked, granted = _asked(context), read(context["authorization"], "A", context)
    ids = (bytes.fromhex(asked.id), bytes.fromhex(granted.id))
    return verify(asked.fields["device_key"], payload, signature, *ids)


def _verify_return(_: dict[str, Any], payload: bytes, signature: bytes, context: Mapping[str, Any]) -> str:
    asked = _asked(context)
    return verify(asked.fields["device_key"], payload, signature, bytes.fromhex(asked.id))


def _verify_trust(value: dict[str, Any], payload: bytes, signature: bytes, context: Mapping[str, Any]) -> str:
    code_id = verify(context["root"], payload, signature, digest_of(context["root"]))
    for issuer in value["issuers"]:
        check_key(issuer["key"])
    if value["next_root"]:
        check_key(value["next_root"])
    return code_id


VERIFIERS = {
    "Q": _verify_request,
    "A": _verify_authorization,
    "C": _verify_confirmation,
    "R": _verify_return,
    "T": _verify_trust,
}


# --- section 12: catalogue -----------------------------------------------------------------------------


def entitlements(value: dict[str, Any], context: Mapping[str, Any]) -> list[Any] | None:
    """Spell the tags of a request or an authorization by the catalogue at hand."""
    if "catalogue" not in context or not {"wanted", "lines"} & set(value):
        return None
    named = value["catalogue"] if "wanted" in value else _asked(context).fields["catalogue"]
    catalogue = context["catalogue"]
    found = [line["tag"] for line in value.get("wanted", value.get("lines", []))]
    if any(isinstance(tag, int) for tag in found):
        require(named and named["size"] <= len(catalogue), "catalogue")
        text = "".join(f"{tag}\n" for tag in catalogue[: named["size"]])
        require(sha256(text.encode()).hexdigest()[:8] == named["digest"], "catalogue")
        require(all(isinstance(tag, str) or tag < named["size"] for tag in found), "catalogue")
    return [catalogue[tag] if isinstance(tag, int) else tag for tag in found]
