"""SQLite: opening, checking, creating and upgrading a database, and its transactions.

Acknowledged work must survive a power cut, so three things are checked at every start, and the start is
refused when one is wrong: the version of SQLite (those before the ones below can lose commits when several
processes write in WAL mode), ``journal_mode`` and ``synchronous``, both read back. Writers take the lock when
they begin (BEGIN IMMEDIATE), so no transaction fails half-way for want of it; before that they wait for
their turn. A file that got another one in its place meanwhile takes no more work: nobody would find it there;
nor do books that a backup was written over: whoever decides by them must see first what they forgot.

Every error of the engine becomes one of `reservation.errors`.

Not handled: who is next of many that wait to write (`reservation.sql.turns`).
"""

import contextlib
import glob
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import apsw

from reservation import folders
from reservation.errors import (
    AlreadyThereError,
    BusyError,
    ConstraintBrokenError,
    DatabaseReplacedError,
    NewerStateError,
    NoPortalError,
    SetupError,
    StateDamagedError,
    StorageError,
    UnsafeDatabaseError,
)
from reservation.founding import Founding
from reservation.misfits import misfits_reported
from reservation.sql.reading import SqlReading
from reservation.sql.sqlite_schema import deviations, migrations
from reservation.sql.steps import OTHER_FORM_HINT, Migration, insert_founding, other_form, queries_for
from reservation.sql.turns import Turns, turn
from reservation.sql.writing import SqlWriting
from reservation.store import Reading, Writing

T = TypeVar("T")

#: "TALY", in the header of every database of ours.
APPLICATION_ID = 0x54414C59
BUSY_MILLISECONDS = 5000
_FULL = 2
_DAMAGE_HINT = "Keep the file as it is and restore the database from a backup."

# --- the version gate ------------------------------------------------------------------------------

#: First safe release of each branch that has one; every release after the last is safe.
SAFE_RELEASES = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def is_safe_version(version: str) -> bool:
    """Tell whether a SQLite keeps every acknowledged commit: 3.44.6 and 3.50.7 on their branches, 3.51.3 on.

    Source: https://sqlite.org/wal.html, "The WAL-reset bug".

    Args:
        version: As the library names itself, "3.51.3".
    """
    release = tuple(int(part) for part in version.split(".")[:3])
    on_safe_branch = any(release[:2] == safe[:2] and release >= safe for safe in SAFE_RELEASES)
    return on_safe_branch or release >= SAFE_RELEASES[-1]


def _require_safe_version(version: str) -> None:
    if not is_safe_version(version):
        raise UnsafeDatabaseError(
            f"SQLite {version} can lose acknowledged commits when several processes write.",
            hint="Install one that does not: pip install --upgrade 'tallystick[portal]' (SQLite 3.51.3 or "
            "newer).",
        )


def turn_seconds() -> float:
    """Return how long a writer waits for its turn; then SQLite waits as long for its own lock."""
    return BUSY_MILLISECONDS / 1000


# --- queries ---------------------------------------------------------------------------------------


def load_queries() -> Any:
    """Return the named queries as functions."""
    return queries_for("apsw", "sqlite")


# --- connections -----------------------------------------------------------------------------------


@contextlib.contextmanager
def refused_changes() -> Iterator[None]:
    """Turn a constraint that refuses a change into our error."""
    try:
        yield
    except apsw.ConstraintError as error:
        raise ConstraintBrokenError(
            f"The database refused a change that would break the books: {error}.",
            hint="Nothing was changed. Run `tallystick portal audit` and keep its output.",
        ) from error


@contextlib.contextmanager
def engine_errors(path: Path) -> Iterator[None]:
    """Turn the engine's errors into ours."""
    try:
        with refused_changes():
            yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise BusyError(
            f"Another process has held {path} for {BUSY_MILLISECONDS // 1000} seconds.",
            hint="Try again.",
        ) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StateDamagedError(
            f"{path} is damaged, or is no database: {error}.", hint=_DAMAGE_HINT
        ) from error
    except (apsw.SQLError, apsw.SchemaChangeError) as error:
        raise StateDamagedError(
            f"{path} does not have the tables that it must have: {error}. {other_form(migrations())}",
            hint=OTHER_FORM_HINT,
        ) from error
    except (
        apsw.FullError,
        apsw.IOError,
        apsw.ReadOnlyError,
        apsw.CantOpenError,
        apsw.PermissionsError,
        apsw.AuthError,
    ) as error:
        raise StorageError(
            f"{path} cannot be read or written: {error}.",
            hint="Nothing was changed. Check free space, permissions and whether the disk is read-only.",
        ) from error


def connect(path: Path) -> apsw.Connection:
    """Open an existing file with settings under which acknowledged work survives a power cut."""
    _require_safe_version(apsw.sqlite_lib_version())
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(BUSY_MILLISECONDS)
        journal_mode = connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "FULL")
        connection.pragma("foreign_keys", True)
        connection.pragma("trusted_schema", False)
        connection.pragma("cell_size_check", True)
        # A plan that heeds what is bound is made anew whenever that changes: half of the time of all SQL.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        synchronous = connection.pragma("synchronous")
        if journal_mode != "wal" or synchronous != _FULL:
            raise UnsafeDatabaseError(
                f"SQLite would not keep {path} safe: journal_mode is {journal_mode}, synchronous is "
                f"{synchronous}.",
                hint="Put the database on a local disk whose file system supports shared memory and locks.",
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _scalar(connection: apsw.Connection, name: str) -> int:
    return int(str(connection.pragma(name)))


# --- creating and opening --------------------------------------------------------------------------


def create(path: Path, founding: Founding, *, token: str) -> None:
    """Make a new database with its first rows; it appears complete or not at all.

    Args:
        path: Where; nothing may be there.
        founding: The first rows.
        token: Random characters for the name of the file while it is being made.

    Raises:
        AlreadyThereError: When something is there.
        StorageError: When the place cannot be written.
    """
    making = path.with_name(f".{path.name}.{token}.new")
    try:
        folders.make(path.parent)
        discard_drafts(path)
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with engine_errors(making):
            _found(making, founding)
        _publish(making, path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be made: {error.strerror or error}.",
            hint="Check free space and permissions, or choose another place with TALLYSTICK_DB.",
        ) from error
    finally:
        for ending in ("", "-wal", "-shm"):
            # Where not even a folder could be made, there is nothing to take away.
            with contextlib.suppress(OSError):
                making.with_name(making.name + ending).unlink()


def _found(path: Path, founding: Founding) -> None:
    connection = connect(path)
    with contextlib.closing(connection):
        connection.pragma("application_id", APPLICATION_ID)
        _migrate(connection, 0, migrations(), lambda: _seed(connection, founding))
        # Only the database itself gets its name. Closing copies the log into it as well, and does not say
        # when it could not: on a full disk the rows would be lost with the log.
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def discard_drafts(path: Path) -> None:
    """Remove what a command that was cut off left of a database that never got its name, or just got it."""
    with contextlib.suppress(OSError):
        for draft in path.parent.glob(f".{glob.escape(path.name)}.*.new*"):
            draft.unlink()


def _seed(connection: apsw.Connection, founding: Founding) -> None:
    insert_founding(SqliteWriting(connection, load_queries(), founding.account_id), founding)


def _publish(making: Path, path: Path) -> None:
    """Give the finished file its name, never in place of another, and for good or not at all."""
    try:
        path.hardlink_to(making)
        folders.sync(path.parent)
    except FileExistsError as error:
        raise AlreadyThereError(
            f"{path} exists already.",
            hint="That may be your portal: `tallystick portal audit` looks at it. For another portal, choose "
            "another place with TALLYSTICK_DB.",
        ) from error
    except BaseException:
        # The keys of a portal that is not made go as well; so must its name.
        if path.exists() and path.samefile(making):
            path.unlink()
        raise


def open_store(path: Path, *, steps: tuple[Migration, ...] | None = None) -> "SqliteStore":
    """Open a portal's database, bringing an older one up to date with a copy kept beside it.

    Args:
        path: The database.
        steps: Migrations to know; None: those of this version.

    Raises:
        NoPortalError: When there is no file.
        StateDamagedError: When it is damaged or no database of ours; `NewerStateError` when a newer version
            wrote it.
        UnsafeDatabaseError: When SQLite would not keep it safe.
        BusyError: When another process holds it.
    """
    if not path.is_file():
        raise NoPortalError(
            f"There is no portal at {path}.",
            hint="Make one with `tallystick portal init --account NAME`, or set TALLYSTICK_DB.",
        )
    with engine_errors(path), misfits_reported():
        connection = connect(path)
        try:
            _require_ours(connection, path, steps or migrations())
            accounts = list(load_queries().accounts(connection))
            if len(accounts) != 1:
                raise SetupError(
                    f"{path} holds {len(accounts)} Smart Accounts; this version works with exactly one.",
                    hint="Use the version that made it.",
                )
            return SqliteStore(connection, path, accounts[0][0])
        except BaseException:
            connection.close()
            raise


def _require_ours(connection: apsw.Connection, path: Path, steps: tuple[Migration, ...]) -> None:
    if _scalar(connection, "application_id") != APPLICATION_ID:
        raise StateDamagedError(
            f"{path} is a database of something else, not of a Tallystick portal.",
            hint="Name the portal's database with TALLYSTICK_DB.",
        )
    version = _scalar(connection, "user_version")
    newest = steps[-1].number
    if version > newest:
        raise NewerStateError(
            f"{path} was written by a newer Tallystick: its schema is number {version}, and this version "
            f"knows {newest}.",
            hint="Upgrade with pip install --upgrade tallystick.",
        )
    if version < newest:
        _upgrade(connection, path, steps)


def _upgrade(connection: apsw.Connection, path: Path, steps: tuple[Migration, ...]) -> None:
    """Bring an older schema up to date; the database as it was stays beside it as a copy."""
    version = _scalar(connection, "user_version")
    kept = path.with_name(f"{path.name}.schema-{version}")
    making = path.with_name(f".{kept.name}.new")

    def keep_copy() -> None:
        # Inside the transaction: nobody writes meanwhile, and only one process upgrades.
        making.unlink(missing_ok=True)
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as old:
            old.execute("VACUUM INTO ?", (str(making),))
        with making.open("rb") as copy:
            os.fsync(copy.fileno())
        making.replace(kept)
        folders.sync(kept.parent)

    with turn(path, turn_seconds()):
        _migrate(connection, version, steps, None, before=keep_copy)


def _migrate(
    connection: apsw.Connection,
    version: int,
    steps: tuple[Migration, ...],
    seed: Callable[[], None] | None,
    *,
    before: Callable[[], None] | None = None,
) -> None:
    with _transaction(connection, "BEGIN IMMEDIATE"):
        if _scalar(connection, "user_version") != version:
            return  # Another process was faster.
        if before:
            before()
        for step in steps:
            if step.number > version:
                connection.execute(step.script)
        connection.pragma("user_version", steps[-1].number)
        if seed:
            seed()


# --- transactions ----------------------------------------------------------------------------------


@contextlib.contextmanager
def _transaction(connection: apsw.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Some errors of the engine have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class SqliteReading(SqlReading):
    """What SQLite alone says of its files."""

    def engine_problems(self) -> tuple[str, ...]:
        """Return what the database's own check of its files finds, and what is not of our schema."""
        found = [row[0] for row in self.queries.integrity_check(self.connection)]
        strays = [
            f"a row of {row[0]} refers to nothing" for row in self.queries.foreign_key_check(self.connection)
        ]
        return (*(text for text in found if text != "ok"), *strays, *deviations(self.connection))


class SqliteWriting(SqliteReading, SqlWriting):
    """One transaction that changes the books in a SQLite file."""

    def _refusals(self) -> contextlib.AbstractContextManager[None]:
        return refused_changes()

    def _undo_part(self) -> None:
        # Some errors of the engine have ended the whole transaction already.
        if self.connection.in_transaction:
            super()._undo_part()


class SqliteStore:
    """The books of one Smart Account in a SQLite file; see `reservation.store.Store`."""

    def __init__(self, connection: apsw.Connection, path: Path, account_id: bytes) -> None:
        self._connection = connection
        self._path = path
        self._account_id = account_id
        self._turns = Turns(path)
        self._file = _identity(path)
        self._schema = _scalar(connection, "schema_version")
        self._is_log_settled = False

    def read(self, work: Callable[[Reading], T]) -> T:
        """Run work that only reads, in one consistent state."""
        return self._run(
            "BEGIN", lambda: work(SqliteReading(self._connection, load_queries(), self._account_id))
        )

    def write(self, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        """Run work in one transaction and return when it is durable; an error undoes all of it.

        There is one writer at a time in any case.
        """
        del beside_others
        transaction = SqliteWriting(self._connection, load_queries(), self._account_id)

        def whole() -> T:
            # The pages of a backup are written over those of a sound database, which changes this number.
            if _scalar(self._connection, "schema_version") != self._schema:
                raise self._replaced()
            return work(transaction)

        self._turns.take(turn_seconds())
        try:
            self._require_in_place()
            return self._run("BEGIN IMMEDIATE", whole)
        finally:
            self._turns.give_back()

    def _require_in_place(self) -> None:
        if _identity(self._path) != self._file:
            raise self._replaced()

    def _replaced(self) -> DatabaseReplacedError:
        return DatabaseReplacedError(
            f"{self._path} is not the database that it was when it was opened: it was restored or moved.",
            hint="Nothing was changed. Give the command again.",
        )

    def _settle_log(self) -> None:
        """Make durable, once, what processes before this one left in the write-ahead log.

        Who makes that file syncs its name with its first commit, and who commits syncs it before others see
        that; only whoever opens it after a kill sees what nobody synced. This process may answer by it, by
        reading alone too, write nothing, and so sync nothing. What is killed while this one has it open
        leaves nothing that this one sees. (No lock of SQLite's is on that file: it may be opened and closed.)
        """
        if self._is_log_settled:
            return
        try:
            # Beside the file itself, by whatever other name it was opened.
            place = self._path.resolve()
            with (
                contextlib.suppress(FileNotFoundError),
                place.with_name(f"{place.name}-wal").open("rb") as log,
            ):
                os.fsync(log.fileno())
            folders.sync_if_possible(place.parent)
        except OSError as error:
            raise StorageError(
                f"What was written to {self._path} cannot be synced: {error.strerror or error}.",
                hint="Nothing was changed. Check the disk.",
            ) from error
        self._is_log_settled = True

    def _run(self, begin: str, work: Callable[[], T]) -> T:
        self._settle_log()
        with engine_errors(self._path), _transaction(self._connection, begin), misfits_reported():
            return work()

    def place_events(self) -> None:
        """Do nothing: every event gets its place with the statement that records it."""

    def close(self) -> None:
        """Let go of the database."""
        self._turns.close()
        with engine_errors(self._path):
            self._connection.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from all others; None: there is none."""
    try:
        about = os.stat(path)  # noqa: PTH116 - at every transaction
    except OSError:
        return None
    return about.st_dev, about.st_ino
