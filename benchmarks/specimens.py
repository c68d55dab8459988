"""Signed codes of every kind and of all lengths from 120 to 330 characters that there are, with readers.

Requests and authorizations grow with their lines, trust codes with their issuers; confirmations and returns
are always about as long. Everything is drawn as for the size figures (`benchmarks.content`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.content import ISSUED_AT, Chance, draw_lines, draw_wanted
from benchmarks.exchange import OLD, YOUNG, Exchange
from codec.codes import Authorization, Code, Confirmation, Kind, Request, Return, Trust
from codec.envelope import (
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

SHORTEST: Final = 120
LONGEST: Final = 330
_TURNS: Final = 6
_MOST_LINES: Final = 52
_MOST_WANTED: Final = 30

Reader = Callable[[UnverifiedCode[Code]], VerifiedCode[Code]]


@dataclass(frozen=True, slots=True)
class Specimen:
    """A signed code, and how its reader verifies it."""

    code: VerifiedCode[Code]
    text: str
    verify: Reader


def specimens(seed: str, each: int = 1) -> list[Specimen]:
    """Draw codes: of every kind and length at most ``each``.

    Args:
        seed: Of all draws.
        each: How many of the same kind and length.
    """
    found: dict[tuple[Kind, int], list[Specimen]] = defaultdict(list)
    for turn in range(_TURNS * each):
        for specimen in _drawn(Chance(f"{seed} {turn}")):
            alike = found[specimen.code.kind, len(specimen.text)]
            if len(alike) < each and SHORTEST <= len(specimen.text) <= LONGEST:
                alike.append(specimen)
    return [specimen for key in sorted(found, key=str) for specimen in found[key]]


def _drawn(chance: Chance) -> Iterator[Specimen]:
    """Draw one code of each kind and number of lines."""
    exchange = Exchange.draw(chance)
    for lines in range(_MOST_LINES):
        yield _authorization(exchange, chance, lines)
    authorization = exchange.authorization(draw_lines(chance, 3, ISSUED_AT.date()))
    for life in (YOUNG, OLD):
        confirmation = exchange.confirmation(authorization, life)
        yield _specimen(confirmation, _confirmation_reader(exchange, authorization.id))
        yield _specimen(exchange.give_back(life), _return_reader(exchange))
    for wanted in range(_MOST_WANTED):
        request = Exchange.draw(chance, draw_wanted(chance, wanted)).request
        yield _specimen(request, _read_request)
    for issuers in (1, 2, 3):
        for revoked in range(3):
            code, root = exchange.rooted_trust(issuers, revoked)
            yield _specimen(code, _trust_reader(root))


def _specimen(code: VerifiedCode[Code], verify: Reader) -> Specimen:
    return Specimen(code, code.text, verify)


def _authorization(exchange: Exchange, chance: Chance, lines: int) -> Specimen:
    context = exchange.context
    code = exchange.authorization(draw_lines(chance, lines, ISSUED_AT.date()))
    return _specimen(code, lambda found: verify_authorization(require_kind(found, Authorization), context))


def _read_request(code: UnverifiedCode[Code]) -> VerifiedCode[Code]:
    return verify_request(require_kind(code, Request))


def _confirmation_reader(exchange: Exchange, authorization_id: bytes) -> Reader:
    key, request_id = exchange.device.verifying_key, exchange.request.id

    def verify(code: UnverifiedCode[Code]) -> VerifiedCode[Code]:
        found = require_kind(code, Confirmation)
        return verify_confirmation(found, key, request_id=request_id, authorization_id=authorization_id)

    return verify


def _return_reader(exchange: Exchange) -> Reader:
    key, request_id = exchange.device.verifying_key, exchange.request.id
    return lambda code: verify_return(require_kind(code, Return), key, request_id=request_id)


def _trust_reader(root: VerifyingKey) -> Reader:
    return lambda code: verify_trust(require_kind(code, Trust), root)
