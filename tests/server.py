"""A PostgreSQL server of the tests' own, and databases on it.

One server for each process of the test run, started when the first test asks for it, in memory where that can
be had, on a socket in its folder, with `fsync` on. PostgreSQL does
not run as root: then it runs as the system's `postgres`, or as `nobody`.

Where the machine has no PostgreSQL, the tests run on SQLite alone and the header of the run says so; on CI
that is an error.
"""

import base64
import hashlib
import hmac
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_USER, _PASSWORD = "tally", "sésame/ouvre@toi"
_QUOTED = "s%C3%A9same%2Fouvre%40toi"
_SETTINGS = (
    "listen_addresses=''",
    "shared_buffers=64MB",
    "max_connections=60",
    "max_wal_size=256MB",
    "autovacuum=off",
    "jit=off",
    "deadlock_timeout=200ms",
    "log_min_messages=panic",
    "log_min_error_statement=panic",
)


@cache
def binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs; None: this machine has none."""
    named = shutil.which("initdb")
    folders = [Path(named).resolve().parent] if named else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: -int(one.parent.name))
    found = next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)
    if found is None and os.environ.get("CI"):
        raise RuntimeError("CI tests on PostgreSQL too, and there is none: apt-get install postgresql")
    return found


ENGINES = ("sqlite", "postgres") if binaries() else ("sqlite",)


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        folder: Holds its socket.
        control: What starts and stops it.
        made: As whom, and where.
    """

    folder: Path
    control: list[Path | str]
    made: dict[str, Any]

    def url(self, database: str, *, user: str = _USER, password: str = _QUOTED) -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}:{password}@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Connect as the owner of everything."""
        return psycopg.connect(self.url(database), autocommit=True)

    def create(self, database: str, template: str = "template0") -> str:
        """Make a database and return its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
        with closing(self.connect()) as connection:
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(template)))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        with closing(self.connect()) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
            )

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Give the URL of a database that is there for a while."""
        name = f"test_{next(_NUMBERS)}"
        try:
            yield self.create(name, template)
        finally:
            self.drop(name)


_NUMBERS = itertools.count(1)


def _account() -> dict[str, Any]:
    """Return as whom the server runs, for `subprocess`."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    who = names.get("postgres") or names["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


@contextmanager
def running(*settings: str) -> Iterator[Server]:
    """Run a server with an empty cluster.

    Args:
        settings: More of them, like ``fsync=off``.
    """
    programs = binaries()
    if programs is None:
        raise RuntimeError("this machine has no PostgreSQL")
    account = _account()
    made: dict[str, Any] = {"env": {"PATH": os.defpath, "LC_ALL": "C"}, **account}
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="tally-pg-", dir=memory if os.access(memory, os.W_OK) else None
    ) as name:
        folder = Path(name)
        if account:
            os.chown(folder, account["user"], account["group"])
        made["cwd"] = folder
        _make_cluster(programs, folder, made)
        options = " ".join(
            f"-c {one}" for one in (f"unix_socket_directories={folder}", *_SETTINGS, *settings)
        )
        control: list[Path | str] = [programs / "pg_ctl", "-w", "-s", "-D", folder / "cluster"]
        subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], check=True, **made)
        try:
            server = Server(folder, control, made)
            _cheapen_password(server)
            yield server
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, **made)


def _cheapen_password(server: Server) -> None:
    """Store the password so that checking it takes no time: thousands of connections are made here."""
    salt = bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", _PASSWORD.encode(), salt, 1)
    client, serving = (hmac.digest(salted, label, "sha256") for label in (b"Client Key", b"Server Key"))
    keys = (hashlib.sha256(client).digest(), serving)
    stored, check = (base64.b64encode(key).decode() for key in keys)
    verifier = f"SCRAM-SHA-256$1:{base64.b64encode(salt).decode()}${stored}:{check}"
    with closing(server.connect()) as connection:
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(_USER), sql.Literal(verifier)))


def _make_cluster(programs: Path, folder: Path, made: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(_PASSWORD, encoding="utf-8")
    command: list[Path | str] = [
        programs / "initdb",
        f"--pgdata={folder / 'cluster'}",
        f"--username={_USER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    subprocess.run(command, check=True, capture_output=True, **made)
