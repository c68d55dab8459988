"""A durable reserve on SQLite, beside the same SQL and cryptography with nothing of ours around them.

The floor is not guessed: every statement that the portal runs is written down, with its bindings, while it
reserves for a row of requests in one copy of a database. Then the same requests are reserved in a second copy
by the portal, and the statements are replayed in a third one on a bare connection with the same settings,
with the point check, the verification and the signature that each reserve needs. Ours and the floor take
turns; both wait for the disk at every commit (WAL, synchronous=FULL).

One writer. What several writers do to each other is not measured here.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import apsw
from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)

from benchmarks.content import Chance
from benchmarks.exchange import CATALOGUE, Exchange
from benchmarks.timing import Contest, Effort, Work, contest
from codec.codes import Kind, Request
from codec.envelope import VerifiedCode, external_aad, sig_structure
from reservation.bootstrap import Founded, initialise, open_portal
from reservation.service import LinesWanted, Portal, add_catalogue, add_license, read_code, reserve
from samples.cast import chance
from samples.story import BEGINS_AT

#: The limit of the rate is 0.6 of the floor's; here it is one of time.
RESERVE_LIMIT: Final = 1 / 0.6
PASSPHRASE: Final = "only for the measurement"
WANTED: Final = LinesWanted({"ROUTER-EDGE-STANDARD": 1, "ROUTER-EDGE-IPSEC": 2, "ROUTER-EDGE-10G": 8})

Bindings = Any
"""Whatever the portal gave to SQLite: a tuple, a mapping, or None."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that the portal ran."""

    sql: str
    bindings: Bindings


def durable_reserve(effort: Effort, folder: Path) -> Contest:
    """Measure reserving three lines, from the text of the request to that of the authorization."""
    founded = found(folder / "portal")
    requests = [request(number) for number in range(1 + effort.rounds * effort.repetitions)]
    copies = [folder / f"{name}.db" for name in ("recorded", "ours", "floor")]
    for copy in copies:
        shutil.copyfile(founded.database, copy)
    recorded, ours, floor = copies
    statements = record(recorded, founded, requests)
    with opened(ours, founded) as portal, closing(bare(floor)) as connection:
        texts = iter(requests)
        replays = zip(requests, statements, strict=True)
        return contest(
            "durable reserve, N = 3, one writer",
            lambda: reserve_one(portal, next(texts).text),
            replaying(connection, replays),
            effort,
            RESERVE_LIMIT,
        )


def found(folder: Path) -> Founded:
    """Make a portal with a catalogue and plenty of three licences."""
    founded = initialise(
        f"sqlite:///{folder / 'portal.db'}",
        account="Benchmark",
        actor="benchmark",
        keys_folder=folder / "keys",
        passphrase=PASSPHRASE,
        clock=lambda: BEGINS_AT,
        random=chance("portal of the benchmark"),
    )
    with opened(founded.database, founded) as portal:
        add_catalogue(portal, CATALOGUE)
        for tag in WANTED.counts:
            add_license(portal, tag, 1_000_000)
    return founded


@contextmanager
def opened(database: Path, founded: Founded, *, is_shared: bool = False) -> Iterator[Portal]:
    """Open a copy of the portal's database, perhaps for many threads; the same ids are drawn from each."""
    portal = open_portal(
        f"sqlite:///{database}",
        actor="benchmark",
        clock=lambda: BEGINS_AT,
        random=chance("ids of the benchmark"),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
        is_shared=is_shared,
    )
    try:
        yield portal
    finally:
        portal.close()


def request(number: int) -> VerifiedCode[Request]:
    """Make the request of one device."""
    return Exchange.draw(Chance(f"device {number}")).request


def reserve_one(portal: Portal, text: str) -> str:
    """Do what the command does: read the request, reserve, and return the authorization."""
    code = read_code(portal, text).code
    return reserve(portal, cast("VerifiedCode[Request]", code), choice=WANTED).text


# --- the floor -----------------------------------------------------------------------------------------


def record(
    database: Path, founded: Founded, requests: Sequence[VerifiedCode[Request]]
) -> list[tuple[Statement, ...]]:
    """Reserve for every request and return the statements that each of them took."""
    running: list[Statement] = []

    def trace(_: apsw.Cursor, sql: str, bindings: Bindings) -> bool:
        running.append(Statement(sql, bindings))
        return True

    def attach(connection: apsw.Connection) -> None:
        connection.exec_trace = trace

    apsw.connection_hooks.append(attach)
    try:
        with opened(database, founded) as portal:
            recorded = []
            for one in requests:
                running.clear()
                reserve_one(portal, one.text)
                recorded.append(tuple(running))
            return recorded
    finally:
        apsw.connection_hooks.remove(attach)


def bare(database: Path) -> apsw.Connection:
    """Open a copy with the settings of the portal and nothing else."""
    connection = apsw.Connection(str(database))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.pragma("foreign_keys", True)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def replaying(
    connection: apsw.Connection, replays: Iterator[tuple[VerifiedCode[Request], Sequence[Statement]]]
) -> Work:
    """Return the work of one reserve without ours: the statements, and the cryptography of libsodium."""
    ready = list(replays)
    crypto = cryptography([code for code, _ in ready])
    turns = iter(ready)

    def replay() -> None:
        next(crypto)()
        _, statements = next(turns)
        for statement in statements:
            connection.execute(statement.sql, statement.bindings).fetchall()

    return replay


def cryptography(requests: Sequence[VerifiedCode[Request]]) -> Iterator[Work]:
    """Return what libsodium does for each reserve: the point check, the verification, and a signature."""
    _, secret = crypto_sign_seed_keypair(bytes(32))
    aad = external_aad(Kind.REQUEST)

    def work(signed: bytes, key: bytes) -> None:
        crypto_core_ed25519_is_valid_point(key)
        crypto_sign_open(signed, key)
        crypto_sign(signed, secret)

    return iter([partial(work, _signed(code, aad), code.value.device_key) for code in requests])


def _signed(code: VerifiedCode[Request], aad: bytes) -> bytes:
    return code.signature + sig_structure(code.payload, aad)
