"""PostgreSQL: connecting, making, opening and upgrading a database, and its transactions.

Written for anything that speaks PostgreSQL: no advisory locks, no sequences, no DDL in a transaction with
data, and whole transactions run again when the database asks for it. Acknowledged work must survive a power
cut, so a server that does not wait for its disk (``fsync = off``) is refused, and a session that would not
(``synchronous_commit = off``) is told to.

The number of the schema is kept in the comment on the table ``portal``: so it changes with the tables.

Every error of the engine becomes one of `reservation.errors`; see `reservation.sql.postgres_errors`.

Not handled: several threads in one store; keeping a copy before an upgrade (`pg_dump` is for that).
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from codec.errors import CodecError
from reservation.errors import (
    AlreadyThereError,
    NewerStateError,
    NoPortalError,
    ReservationError,
    SetupError,
    StateDamagedError,
    UnsafeDatabaseError,
)
from reservation.founding import Founding
from reservation.misfits import misfits_reported
from reservation.sql import postgres_errors
from reservation.sql.postgres_books import (
    AloneWriting,
    BesideWriting,
    NotBesideOthers,
    Placing,
    PostgresReading,
)
from reservation.sql.postgres_schema import deviations, migrations, strays
from reservation.sql.steps import Migration, insert_founding, queries_for
from reservation.store import Reading, Writing

T = TypeVar("T")

LOCK_MILLISECONDS = 10_000
IDLE_MILLISECONDS = 60_000
_CLIENT: dict[str, Any] = {
    "connect_timeout": 10,
    "application_name": "tallystick",
    "client_encoding": "UTF8",
}
#: How often a transaction is run again because the database asks for it.
MOST_ATTEMPTS = 20
_COMMENT = "tallystick schema "
#: Without any handler, Python shows what libraries log. Here that is of connections, whose loss is our error.
_SILENCE = logging.NullHandler()
_COMMITTED = b"BEGIN ISOLATION LEVEL READ COMMITTED"
_ONE_SNAPSHOT = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_ASKS_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected)

#: What a transaction beside others cannot say for good, and one that runs alone is asked instead. Each
#: statement sees what is committed just then, so a refusal can come of books that never stood like that.
_NO_ANSWER: tuple[type[Exception], ...] = (
    NotBesideOthers,
    psycopg.IntegrityError,
    errors.PipelineAborted,
    ReservationError,
    CodecError,
)

_SETTINGS = """
SELECT set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                       ELSE current_setting('synchronous_commit') END, false),
       set_config('lock_timeout', %(lock)s, false),
       set_config('idle_in_transaction_session_timeout', %(idle)s, false),
       set_config('DateStyle', 'ISO', false),
       current_setting('fsync', true), current_setting('server_encoding', true)
"""


def load_queries() -> Any:
    """Return the named queries as functions."""
    return queries_for("psycopg", "postgres")


# --- connections -----------------------------------------------------------------------------------


def _connect(url: str, name: str) -> psycopg.Connection[Any]:
    """Connect with settings under which acknowledged work survives a power cut."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # From nothing: what the library says quotes the URL, password and all.
        raise SetupError(
            "The database's URL cannot be read.",
            hint="Write it like postgresql://USER@HOST:5432/DATABASE; characters like @ and / in a password "
            "are written as %40 and %2F.",
        ) from None
    logging.getLogger("psycopg").addHandler(_SILENCE)
    try:
        connection = psycopg.connect(make_conninfo(**{**_CLIENT, **given}), autocommit=True)
    except psycopg.OperationalError as error:
        raise postgres_errors.of_connecting(error, name) from None
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        with postgres_errors.translated(name):
            _settle(connection, name)
        undo.pop_all()
    return connection


def _settle(connection: psycopg.Connection[Any], name: str) -> None:
    times = {"lock": str(LOCK_MILLISECONDS), "idle": str(IDLE_MILLISECONDS)}
    row = connection.execute(_SETTINGS, times).fetchone()
    fsync, encoding = row[-2:] if row else (None, None)
    if fsync == "off":
        raise UnsafeDatabaseError(
            f"The server of {name} does not wait for its disk (fsync = off), and can lose acknowledged work.",
            hint="Set fsync = on in postgresql.conf and restart the server.",
        )
    if encoding not in {None, "UTF8"}:
        raise SetupError(
            f"{name} is kept in {encoding}, which cannot hold every name.",
            hint="Make a database in UTF-8: createdb --encoding=UTF8 --template=template0 NAME",
        )


# --- creating and opening --------------------------------------------------------------------------


def is_there(url: str, name: str) -> bool:
    """Tell whether a database holds a portal.

    Raises:
        NoPortalError: When there is no such database; `DatabaseAwayError` when the server does not answer.
        StateDamagedError: When it holds something else by our names.
    """
    with contextlib.closing(_connect(url, name)) as connection, postgres_errors.translated(name):
        return _version(connection, name) > 0 and bool(list(load_queries().accounts(connection)))


def create(url: str, name: str, founding: Founding) -> None:
    """Make the tables, and then the first rows in one transaction: a portal is there complete or not at all.

    Args:
        url: An existing database.
        name: What to call it, without any password.
        founding: The first rows.

    Raises:
        AlreadyThereError: When it holds a portal.
        DatabaseRefusedError: When this user may not make tables.
    """
    with contextlib.closing(_connect(url, name)) as connection, postgres_errors.translated(name):
        _migrate(connection, name, migrations())
        if list(load_queries().accounts(connection)):
            raise there_already(name)
        try:
            with _transaction(connection, _COMMITTED):
                insert_founding(
                    AloneWriting(connection, load_queries(), founding.account_id, tuple), founding
                )
        except errors.UniqueViolation:
            raise there_already(name) from None  # another process was faster


def there_already(name: str) -> AlreadyThereError:
    """Return the error for a portal where a new one shall go."""
    return AlreadyThereError(
        f"{name} holds a portal already.",
        hint="That may be your portal: `tallystick portal audit` looks at it. For another portal, choose "
        "another database with TALLYSTICK_DB.",
    )


def open_store(url: str, name: str, *, steps: tuple[Migration, ...] | None = None) -> "PostgresStore":
    """Open a portal's database, bringing older tables up to date.

    Args:
        url: The database.
        name: What to call it, without any password.
        steps: Migrations to know; None: those of this version.

    Raises:
        NoPortalError: When there is no such database, or no portal in it.
        NewerStateError: When a newer version wrote it.
        StateDamagedError: When it holds something else by our names.
        UnsafeDatabaseError: When the server would not keep it safe.
        DatabaseAwayError: When the server does not answer.
        DatabaseRefusedError: When it does not let this user in.
    """
    connection = _connect(url, name)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        with postgres_errors.translated(name):
            _bring_up(connection, name, steps or migrations())
            store = PostgresStore(connection, url, name, _account_in(connection, name))
        undo.pop_all()
    return store


def _bring_up(connection: psycopg.Connection[Any], name: str, steps: tuple[Migration, ...]) -> None:
    """Take the steps that older tables lack; refuse those of a newer version, and where there are none."""
    version, newest = _version(connection, name), steps[-1].number
    if version > newest:
        raise NewerStateError(
            f"{name} was written by a newer Tallystick: its schema is number {version}, and this version "
            f"knows {newest}.",
            hint="Upgrade with pip install --upgrade tallystick.",
        )
    if not version:
        raise _nothing_in(name)
    _migrate(connection, name, steps)


def _account_in(connection: psycopg.Connection[Any], name: str) -> bytes:
    accounts = list(load_queries().accounts(connection))
    if not accounts:
        raise _nothing_in(name)
    if len(accounts) != 1:
        raise SetupError(
            f"{name} holds {len(accounts)} Smart Accounts; this version works with exactly one.",
            hint="Use the version that made it.",
        )
    return bytes(accounts[0][0])


def _nothing_in(name: str) -> NoPortalError:
    return NoPortalError(
        f"There is no portal in {name}.",
        hint="Make one with `tallystick portal init --account NAME`, or set TALLYSTICK_DB.",
    )


def _version(connection: psycopg.Connection[Any], name: str) -> int:
    """Return the number of the schema; 0: there is none."""
    found = connection.execute(
        "SELECT to_regclass('portal') IS NOT NULL, obj_description(to_regclass('portal'), 'pg_class')"
    ).fetchone()
    is_table, comment = found or (False, None)
    if not is_table:
        return 0
    number = (comment or "").removeprefix(_COMMENT)
    if not (comment or "").startswith(_COMMENT) or not number.isdigit():
        raise StateDamagedError(
            f"{name} has a table named portal that is not of a Tallystick portal.",
            hint="Name the portal's database with TALLYSTICK_DB, or give it a database of its own.",
        )
    return int(number)


def _migrate(connection: psycopg.Connection[Any], name: str, steps: tuple[Migration, ...]) -> None:
    """Take the steps that are missing, each in a transaction with nothing but itself."""
    for step in steps:
        if _version(connection, name) >= step.number:
            continue
        try:
            with _transaction(connection, b"BEGIN"):
                connection.execute(step.script.encode())
                connection.execute(f"COMMENT ON TABLE portal IS '{_COMMENT}{step.number}'".encode())
        except (
            errors.DuplicateObject,
            errors.DuplicateTable,
            errors.DuplicateFunction,
            errors.UniqueViolation,
        ):
            if _version(connection, name) < step.number:
                raise
            # Another process was faster.


# --- transactions ----------------------------------------------------------------------------------


@contextlib.contextmanager
def _transaction(connection: psycopg.Connection[Any], begin: bytes) -> Iterator[None]:
    connection.execute(begin)
    with _committed(connection):
        yield


@contextlib.contextmanager
def _committed(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """End a transaction: keep all of it, or nothing after an error."""
    try:
        yield
        with postgres_errors.committing(connection):
            connection.execute(b"COMMIT")
    except BaseException:
        if not connection.closed:
            with contextlib.suppress(psycopg.Error):
                connection.execute(b"ROLLBACK")
        raise


@contextlib.contextmanager
def _ended(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """End a transaction that wrote nothing."""
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(b"ROLLBACK")


class PostgresStore:
    """The books of one Smart Account in a PostgreSQL database; see `reservation.store.Store`."""

    def __init__(self, connection: psycopg.Connection[Any], url: str, name: str, account_id: bytes) -> None:
        self._connection = connection
        self._url = url
        self._name = name
        self._account_id = account_id

    def read(self, work: Callable[[Reading], T]) -> T:
        """Run work that only reads, in one consistent state."""
        with postgres_errors.translated(self._name):
            connection = self._begun(_ONE_SNAPSHOT)
            with _ended(connection), misfits_reported():
                return work(PostgresReading(connection, load_queries(), self._account_id, self._deviations))

    def write(self, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        """Run work in one transaction and return when it is durable; an error undoes all of it."""
        with postgres_errors.translated(self._name):
            if beside_others:
                with contextlib.suppress(*_NO_ANSWER):
                    return self._tried(BesideWriting, work)
            return self._tried(AloneWriting, work)

    def place_events(self) -> None:
        """Give every event that waits for it its place in the chain."""
        with postgres_errors.translated(self._name):
            if load_queries().has_unplaced(self._connected(), account_id=self._account_id) is None:
                return
            self._tried(Placing, lambda books: books.place_waiting())

    def _tried(self, kind: type[AloneWriting], work: Callable[[Any], T]) -> T:
        for _ in range(MOST_ATTEMPTS - 1):
            with contextlib.suppress(*_ASKS_AGAIN):
                return self._once(kind, work)
        return self._once(kind, work)

    def _once(self, kind: type[AloneWriting], work: Callable[[Any], T]) -> T:
        connection = self._begun(_COMMITTED)
        with _committed(connection), misfits_reported():
            books = kind(connection, load_queries(), self._account_id, self._deviations)
            books.begin()
            return work(books)

    def _begun(self, begin: bytes) -> psycopg.Connection[Any]:
        """Begin a transaction; on another connection when the server has closed this one since the last."""
        connection = self._connected()
        try:
            connection.execute(begin)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
            connection = self._connected()
            connection.execute(begin)
        return connection

    def _connected(self) -> psycopg.Connection[Any]:
        """Return the connection; another one when it is known to be gone."""
        if self._connection.closed:
            self._connection = _connect(self._url, self._name)
        return self._connection

    def _deviations(self) -> tuple[str, ...]:
        strange = deviations(self._connection, lambda: _connect(self._url, self._name))
        return (*strays(self._connection), *strange)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
