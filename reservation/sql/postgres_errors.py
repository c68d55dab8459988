"""PostgreSQL's errors as ours.

Invariant: nothing that the client library says of a connection is shown: it quotes parts of the URL, and a
password that holds an `@` can be among them.

Not handled: which errors mean that a transaction may be tried again (`reservation.sql.postgres_engine`).
"""

import contextlib
from collections.abc import Iterator

import psycopg
from psycopg import errors

from reservation.errors import (
    BusyError,
    ConstraintBrokenError,
    DatabaseAwayError,
    DatabaseRefusedError,
    NoPortalError,
    ReservationError,
    SetupError,
    StateDamagedError,
    StorageError,
)
from reservation.sql.steps import OTHER_FORM_HINT, migrations_in, other_form

_REFUSALS = ("password", "authentication", "pg_hba.conf", "role", "permission denied", "user name")


def of_connecting(error: psycopg.OperationalError, name: str) -> ReservationError:
    """Return the error for a connection that did not come about."""
    said = str(error)
    if 'database "' in said and "does not exist" in said:
        return NoPortalError(
            f"There is no database {name} on that server.",
            hint="Make one (createdb), then run `tallystick portal init`; or correct TALLYSTICK_DB.",
        )
    if (error.pgconn and error.pgconn.needs_password) or any(word in said for word in _REFUSALS):
        return DatabaseRefusedError(
            f"The server of {name} does not let this user in.",
            hint="Check the user in the URL, and the password in ~/.pgpass, PGPASSWORD or the URL; the "
            "server's log says more.",
        )
    if "too many" in said or "remaining connection slots" in said:
        return BusyError(f"The server of {name} has no connection left.", hint="Try again.")
    return DatabaseAwayError(
        f"The server of {name} does not answer.",
        hint="Check that it runs, and the host and port in the URL; then try again. Nothing was changed.",
    )


def unreadable_url() -> SetupError:
    """Return the error for a URL that the client library cannot read."""
    return SetupError(
        "The database's URL cannot be read.",
        hint="Write it like postgresql://USER@HOST:5432/DATABASE; characters like @ and / in a password "
        "are written as %40 and %2F.",
    )


@contextlib.contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn the engine's errors into ours.

    Args:
        name: What to call the database, without any password.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _of_statement(error, name) from error


@contextlib.contextmanager
def refused_changes() -> Iterator[None]:
    """Turn a constraint that refuses a change, or a value that no column holds, into our error."""
    try:
        yield
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise _of_statement(error, "") from error


def _of_statement(error: psycopg.Error, name: str) -> ReservationError:
    said = _said(error)
    kind, message, hint = next(row[1:] for row in _KINDS if isinstance(error, row[0]))
    return kind(message.format(name=name, said=said, form=other_form(migrations_in("postgres"))), hint=hint)


_Kind = tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], type[ReservationError], str, str]

#: What an error means: the first row that fits. Families come after the members that mean something else.
_KINDS: tuple[_Kind, ...] = (
    (
        (psycopg.IntegrityError, psycopg.DataError),
        ConstraintBrokenError,
        "The database refused a change that would break the books: {said}.",
        "Nothing was changed. Run `tallystick portal audit` and keep its output.",
    ),
    (
        (errors.LockNotAvailable, errors.QueryCanceled),
        BusyError,
        "Other processes have held {name} for too long.",
        "Try again.",
    ),
    (
        (errors.SerializationFailure, errors.DeadlockDetected),
        BusyError,
        "Other processes got in the way in {name} again and again.",
        "Try again.",
    ),
    (
        errors.InsufficientPrivilege,
        DatabaseRefusedError,
        "The user that {name} is opened as may not do this: {said}.",
        "Grant what docs/howto/postgresql.md lists; `portal init`, and the first command of a newer version, "
        "need the owner of the tables.",
    ),
    (
        (errors.DiskFull, errors.ReadOnlySqlTransaction, errors.IoError),
        StorageError,
        "{name} cannot be written: {said}.",
        "Nothing was changed. Check free space on the server, and that it is no standby.",
    ),
    (
        psycopg.OperationalError,
        DatabaseAwayError,
        "The server of {name} went away in the middle, so this may have been kept or not.",
        "Run the same command again: what was kept is shown again, and nothing is done twice.",
    ),
    (
        psycopg.ProgrammingError,
        StateDamagedError,
        "{name} does not have the tables that it must have: {said}. {form}",
        OTHER_FORM_HINT,
    ),
    (psycopg.Error, StateDamagedError, "{name} is damaged: {said}.", "Restore the database from a backup."),
)


def _said(error: psycopg.Error) -> str:
    """Return what the server said, without its trailing context."""
    return error.diag.message_primary or type(error).__name__
