"""The speed tables: ours beside what it cannot be faster than, in turns.

* Codes: reading and verifying an authorization of three lines against libsodium's verification of the same
  bytes; signing one and writing it as text against libsodium's signature alone; reading a request, whose key
  is new each time, against point check and verification. Repair of four wrong characters by itself.
* Whole processes: `--help` and `device check` against a Python that only imports what they need.
* The embedded question `Device.entitled`, once open.
* A durable reserve on SQLite (`benchmarks.durable`).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)

from benchmarks.content import Chance
from benchmarks.durable import durable_reserve
from benchmarks.exchange import Exchange
from benchmarks.sizes import Deal, deal
from benchmarks.timing import Alone, Contest, Effort, Work, alone, contest
from codec.alphabet import ALPHABET
from codec.codes import Authorization, Code, Kind, Line, Request, Udi
from codec.envelope import (
    UnverifiedCode,
    VerifiedCode,
    external_aad,
    require_kind,
    sig_structure,
    sign_authorization,
    verify_authorization,
    verify_request,
)
from codec.reading import receive
from reservation.device import Device
from samples.cast import CATALOGUE, chance, trust_file
from samples.story import BEGINS_AT, authorize

READ_LIMIT: Final = 1.35
SIGN_LIMIT: Final = 2.5
REPAIR_MICROSECONDS: Final = 2000
HELP_LIMIT: Final = 1.5
CHECK_LIMIT: Final = 1.6
ENTITLED_MICROSECONDS: Final = 10
_TAG: Final = "ROUTER-BR-STANDARD"


@dataclass(frozen=True, slots=True)
class Efforts:
    """How long each part is measured."""

    codes: Effort
    repair: Effort
    processes: Effort
    entitled: Effort
    reserves: Effort


THOROUGH: Final = Efforts(
    codes=Effort(50, 200),
    repair=Effort(30, 20),
    processes=Effort(30, 1),
    entitled=Effort(30, 2000),
    reserves=Effort(30, 20),
)
_ONCE: Final = Effort(1, 1)
QUICK: Final = Efforts(_ONCE, _ONCE, _ONCE, _ONCE, _ONCE)
"""Enough to see that everything runs, and too little to say anything."""


# --- codes ---------------------------------------------------------------------------------------------


def code_contests(effort: Effort) -> Iterator[Contest]:
    """Measure reading and signing."""
    one = deal(3, seed=0)
    yield contest("read and verify A, N = 3", reading(one), _raw_reading(one), effort, READ_LIMIT)
    yield contest("sign and write A, N = 3", signing(one), _raw_signing(one), effort, SIGN_LIMIT)
    yield contest("read and verify Q", requesting(one), _raw_requesting(one), effort)


def reading(one: Deal) -> Work:
    """Return the work of reading an authorization as a device does."""
    text, context = one.numbered.text, one.exchange.context

    def verify(code: UnverifiedCode[Code]) -> VerifiedCode[Authorization]:
        return verify_authorization(require_kind(code, Authorization), context)

    return lambda: receive(text, verify)


def _raw_reading(one: Deal) -> Work:
    code, context = one.numbered, one.exchange.context
    signed = code.signature + sig_structure(code.payload, context.aad)
    return partial(crypto_sign_open, signed, context.issuer.raw)


def signing(one: Deal) -> Work:
    """Return the work of signing an authorization and writing its text."""
    value, exchange = one.numbered.value, one.exchange
    request_id, portal_id = exchange.request.id, exchange.portal_id
    return lambda: sign_authorization(value, exchange.issuer, request_id=request_id, portal_id=portal_id).text


def _raw_signing(one: Deal) -> Work:
    _, secret = crypto_sign_seed_keypair(one.exchange.issuer.seed)
    return partial(crypto_sign, sig_structure(one.numbered.payload, one.exchange.context.aad), secret)


def requesting(one: Deal) -> Work:
    """Return the work of reading a request as a portal does."""
    text = one.exchange.request.text
    return lambda: receive(text, _verify_request)


def _verify_request(code: UnverifiedCode[Code]) -> VerifiedCode[Request]:
    return verify_request(require_kind(code, Request))


def _raw_requesting(one: Deal) -> Work:
    request = one.exchange.request
    key = request.value.device_key
    signed = request.signature + sig_structure(request.payload, external_aad(Kind.REQUEST))

    def raw() -> None:
        crypto_core_ed25519_is_valid_point(key)
        crypto_sign_open(signed, key)

    return raw


def repair(effort: Effort) -> Alone:
    """Measure reading a request with four wrong characters, always other ones."""
    chance_of_places = Chance("four wrong characters")
    text = Exchange.draw(Chance("repair")).request.text
    damaged = [mistyped(text, chance_of_places) for _ in range(64)]
    turns = iter(range(sys.maxsize))
    name = f"read and verify Q of {len(text)} characters, 4 of them wrong"
    return alone(
        name, lambda: receive(damaged[next(turns) % 64], _verify_request), effort, REPAIR_MICROSECONDS
    )


def mistyped(text: str, places: Chance) -> str:
    """Return a code with four wrong characters, anywhere."""
    characters = list(text)
    left = list(range(len(text)))
    for _ in range(4):
        place = left.pop(places.below(len(left)))
        others = ALPHABET.replace(characters[place], "")
        characters[place] = others[places.below(len(others))]
    return "".join(characters)


# --- the device ----------------------------------------------------------------------------------------


def licensed_device(home: Path) -> Device:
    """Make a device that has one licence, without a node lock, so that any machine will do."""
    device = Device.initialise(
        home,
        udi=Udi("RTB-4400-X", "TSN2611A7K4"),
        trust_file=trust_file(),
        catalogue=CATALOGUE,
        required_matches=0,
        clock=lambda: BEGINS_AT,
        random=chance("speed"),
    )
    device.install(authorize(device.request().code, [Line(_TAG, 1)]))
    return device


def entitled(effort: Effort, home: Path) -> Alone:
    """Measure the question that a product asks, real clock and file system included."""
    device = Device.open(home)
    return alone("Device.entitled, once open", lambda: device.entitled(_TAG), effort, ENTITLED_MICROSECONDS)


def process_contests(effort: Effort, home: Path) -> Iterator[Contest]:
    """Measure whole processes of the installed program."""
    program = str(Path(sys.executable).with_name("tallystick"))
    environ = {**os.environ, "TALLYSTICK_HOME": str(home)}
    yield contest(
        "tallystick --help, against import click",
        _process(environ, program, "--help"),
        _process(environ, sys.executable, "-c", "import click"),
        effort,
        HELP_LIMIT,
    )
    yield contest(
        "tallystick device check, against import click, nacl.signing",
        _process(environ, program, "device", "check", _TAG),
        _process(environ, sys.executable, "-c", "import click, nacl.signing"),
        effort,
        CHECK_LIMIT,
    )


def _process(environ: Mapping[str, str], *command: str) -> Work:
    return partial(subprocess.run, command, env=environ, check=True, capture_output=True)


# --- all of it -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speeds:
    """Everything that was measured."""

    contests: tuple[Contest, ...]
    times: tuple[Alone, ...]


def measure(efforts: Efforts) -> Speeds:
    """Measure everything, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "device"
        licensed_device(home)
        contests = (
            *code_contests(efforts.codes),
            *process_contests(efforts.processes, home),
            durable_reserve(efforts.reserves, Path(folder)),
        )
        return Speeds(contests, (repair(efforts.repair), entitled(efforts.entitled, home)))
