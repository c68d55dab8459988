"""Golden codes, damaged in every small way, and genuine codes in the hands of those for whom they are not.

Golden are the codes of the vectors that must be accepted, each text once. Whatever is damaged is refused, or
it is the same code and the reader is told what was repaired. What stands before and after a code that is
whole is other text, and no damage: it may be left out without a word.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any, Final

from codec.alphabet import ALPHABET
from codec.codes import Authorization, Code, Confirmation, Kind, Request, Return, Trust
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    decode_body,
    require_kind,
    sign_authorization,
    sign_confirmation,
    sign_request,
    sign_return,
    sign_trust,
    verify_authorization,
    verify_confirmation,
    verify_request,
    verify_return,
    verify_trust,
)
from codec.errors import CodecError
from codec.keys import SigningKey
from codec.parity import PARITY_CHARACTERS
from codec.reading import Received, receive
from tests.codec.strategies import EXAMPLES
from tests.codec.test_vectors import ACCEPTED, known_from, reader_of

AREA: Final = "codes"
#: Name of a vector → how often its code was damaged in each way of `DAMAGES`, and what was wrong.
DAMAGED: Final = "damaged"
DAMAGES: Final = (
    "a bit changed",
    "cut off at the end",
    "cut off at the beginning",
    "longer at the end",
    "longer at the beginning",
)
#: Kind of stranger → how many codes they were shown, and what they took.
STRANGERS: Final = "strangers"

Read = Callable[[str], Received[Any]]


# --- damage ----------------------------------------------------------------------------------------------


def damages(text: str) -> Iterator[tuple[str, str]]:
    """Yield every changed bit, every truncation and every extension by a character, each with its name."""
    for place, character in enumerate(text):
        for bit in range(5):
            other = ALPHABET[ALPHABET.index(character) ^ 1 << bit]
            yield "a bit changed", text[:place] + other + text[place + 1 :]
    for length in range(len(text)):
        yield "cut off at the end", text[:length]
        yield "cut off at the beginning", text[length + 1 :]
    for character in ALPHABET:
        yield "longer at the end", text + character
        yield "longer at the beginning", character + text


def breaches(text: str, read: Read) -> tuple[Counter[str], list[str]]:
    """Read a code in every damage; return how often, and what was read wrongly or without a word."""
    tried: Counter[str] = Counter()
    found = []
    for damage, damaged in damages(text):
        tried[damage] += 1
        with suppress(CodecError):
            received = read(damaged)
            is_told = received.repairs or text in damaged
            if received.code.text != text or not is_told:
                found.append(f"{damage}: {damaged} was read as {received.code.text}")
    return tried, found


@cache
def golden() -> dict[str, str]:
    """Return the name of a vector for every golden code."""
    names: dict[str, str] = {}
    for name, record in ACCEPTED.items():
        text = receive(record["code"], reader_of(record, known_from(record["context"]))).code.text
        names.setdefault(text, name)
    return {name: text for text, name in names.items()}


def reads(name: str) -> Read:
    """Return how the reader of a vector reads."""
    record = ACCEPTED[name]
    verify = reader_of(record, known_from(record["context"]))
    return lambda raw: receive(raw, verify)


# --- strangers -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """Those who sign and read, made at random.

    Attributes:
        device, issuer, root: Keys.
        request_id, authorization_id: What the device's codes and the issuer's are about.
        portal_id: The portal's name.
    """

    device: SigningKey
    issuer: SigningKey
    root: SigningKey
    request_id: bytes
    authorization_id: bytes
    portal_id: bytes

    def sign(self, kind: Kind) -> VerifiedCode[Any]:
        """Sign a code of a kind."""
        match EXAMPLES[kind]:
            case Request() as value:
                return sign_request(replace(value, device_key=self.device.verifying_key.raw), self.device)
            case Authorization() as value:
                mine = replace(
                    value,
                    issuer_hint=self.issuer.verifying_key.digest[:1],
                    request_hint=self.request_id[:2],
                )
                return sign_authorization(
                    mine, self.issuer, request_id=self.request_id, portal_id=self.portal_id
                )
            case Confirmation() as value:
                return sign_confirmation(
                    replace(value, request_hint=self.request_id[:4]),
                    self.device,
                    request_id=self.request_id,
                    authorization_id=self.authorization_id,
                )
            case Return() as value:
                mine_too = replace(value, request_hint=self.request_id[:4])
                return sign_return(mine_too, self.device, request_id=self.request_id)
            case Trust() as value:
                return sign_trust(replace(value, portal_id=self.portal_id), self.root)
        raise AssertionError(kind)

    def verify(self, kind: Kind, code: UnverifiedCode[Code]) -> VerifiedCode[Any]:
        """Verify a code, as whoever reads that kind here."""
        match kind:
            case Kind.REQUEST:
                return verify_request(require_kind(code, Request))
            case Kind.AUTHORIZATION:
                context = AuthorizationContext(self.request_id, self.issuer.verifying_key, self.portal_id)
                return verify_authorization(require_kind(code, Authorization), context)
            case Kind.CONFIRMATION:
                return verify_confirmation(
                    require_kind(code, Confirmation),
                    self.device.verifying_key,
                    request_id=self.request_id,
                    authorization_id=self.authorization_id,
                )
            case Kind.RETURN:
                return verify_return(
                    require_kind(code, Return), self.device.verifying_key, request_id=self.request_id
                )
            case Kind.TRUST:
                return verify_trust(require_kind(code, Trust), self.root.verifying_key)


def world(random: Random) -> World:
    """Make a world."""
    device, issuer, root = (SigningKey(random.randbytes(32)) for _ in range(3))
    return World(device, issuer, root, random.randbytes(32), random.randbytes(32), random.randbytes(8))


def strange_readings(here: World, there: World) -> Iterator[tuple[str, Kind, World, str]]:
    """Yield codes of one world, and who reads each in vain: why, as which kind, where, and the code's body.

    In the other world one thing is another; a hint that begins alike must not help, so it is always kept.
    """
    body = {kind: here.sign(kind).text[:-PARITY_CHARACTERS] for kind in Kind}
    other_device = replace(here, device=there.device)
    other_request = replace(here, request_id=here.request_id[:4] + there.request_id[4:])
    other_portal = replace(here, portal_id=there.portal_id)
    other_issuer = replace(here, issuer=there.issuer)
    for kind in (Kind.CONFIRMATION, Kind.RETURN):
        yield "device", kind, other_device, body[kind]
    for kind in (Kind.AUTHORIZATION, Kind.CONFIRMATION, Kind.RETURN):
        yield "device", kind, other_request, body[kind]
    stolen = sign_request(
        replace(EXAMPLES[Kind.REQUEST], device_key=here.device.verifying_key.raw),  # type: ignore[arg-type]
        there.device,
    )
    yield "device", Kind.REQUEST, here, stolen.text[:-PARITY_CHARACTERS]
    yield "issuer", Kind.AUTHORIZATION, other_issuer, body[Kind.AUTHORIZATION]
    yield "issuer", Kind.AUTHORIZATION, other_portal, body[Kind.AUTHORIZATION]
    yield "issuer", Kind.TRUST, replace(here, root=there.root), body[Kind.TRUST]
    for kind in Kind:
        for other in set(Kind) - {kind}:
            yield "kind", other, here, body[kind]
            yield "kind", other, here, other.value + body[kind][1:]


def taken(rounds: int, seed: str, *, careless: bool = False) -> tuple[Counter[str], list[str]]:
    """Let strangers read; return how many codes they were shown, and which they took.

    Args:
        rounds: How many pairs of worlds.
        seed: Makes them.
        careless: Whether a stranger's reader knows what the right one knows.
    """
    random, tried, found = Random(seed), Counter[str](), []
    for _ in range(rounds):
        here = world(random)
        for why, kind, reader, body in strange_readings(here, world(random)):
            tried[why] += 1
            with suppress(CodecError):
                (here if careless else reader).verify(kind, decode_body(body))
                found.append(f"another {why}: {kind.name} {body}")
    return tried, found
