"""Copies of a portal's database: made while others work, and put back for good or not at all.

A copy is one consistent state, in one file, checked before it gets its name. To put one back, SQLite writes
its pages over those of the database inside one transaction: processes that have the database open see the old
state or the new one, and a crash leaves one of them. What was there is kept beside it.

Not handled: what follows from a database that was put back (`reservation.service.watching`).
"""

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw

from reservation import folders
from reservation.errors import (
    AlreadyThereError,
    NewerStateError,
    NotABackupError,
    SetupError,
    StateDamagedError,
    StorageError,
)
from reservation.sql.sqlite_engine import connect, discard_drafts, engine_errors, open_store, turn_seconds
from reservation.sql.turns import turn
from reservation.store import Copy, Reading

_ENDINGS = ("", "-wal", "-shm")
_ALL_PAGES = -1


def back_up(path: Path, target: Path, *, token: str) -> Copy:
    """Copy a database while others may work on it; the copy appears complete and checked, or not at all.

    Args:
        path: The database.
        target: Where the copy goes; nothing may be there.
        token: Random characters for the name of the file while it is being made.

    Raises:
        AlreadyThereError: When something is there.
        StorageError: When the place cannot be written.
        StateDamagedError: When the database is damaged: then there is no copy.
    """
    with _draft(target, token) as making:
        _copy_pages(path, making)
        copy = _checked(making)
        _publish(making, target)
        return copy


def restore(backup: Path, path: Path, *, token: str, kept: Path) -> Copy:
    """Put a copy in the place of a database, and keep what was there.

    Args:
        backup: The copy.
        path: The database; it need not be there, and may be damaged.
        token: Random characters for the name of a file while it is being made.
        kept: Where what is there now goes; nothing may be there.

    Raises:
        NotABackupError: When it is none.
        AlreadyThereError: When something is where the present database should be kept.
        StorageError: When something cannot be read or written; nothing is changed then.
        BusyError: When another process holds the database.
    """
    with _draft(path, token) as making:
        copy = _taken(backup, making)
        # Before the turn: opening one of an older version takes a turn itself.
        was_sound = path.exists() and _is_sound(path)
        with turn(path, turn_seconds()):
            _put(making, path, token, kept, was_sound=was_sound)
        return copy


def look_into(backup: Path, *, beside: Path, token: str) -> Copy:
    """Check a copy, and return what it holds; nothing is changed.

    Args:
        backup: The copy.
        beside: The database that it is for: what is written to check it goes there.
        token: Random characters for the name of that file.

    Raises:
        NotABackupError: When it is none.
        StorageError: When something cannot be read or written.
    """
    with _draft(beside, token) as making:
        return _taken(backup, making)


# --- steps -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _draft(path: Path, token: str) -> Iterator[Path]:
    """Make room for a file that gets its name later; whatever is left of it is taken away."""
    making = path.with_name(f".{path.name}.{token}.new")
    try:
        folders.make(path.parent)
        discard_drafts(path)
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        yield making
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Nothing was changed. Check free space and permissions, or choose another place.",
        ) from error
    finally:
        for draft in path.parent.glob(f"{glob.escape(making.name)}*"):
            with contextlib.suppress(OSError):
                draft.unlink()


def _put(making: Path, path: Path, token: str, kept: Path, *, was_sound: bool) -> None:
    """Put a copy in its place, while nobody else writes: what is kept is all that there was."""
    if was_sound:
        with _draft(kept, token) as keeping:
            _copy_pages(path, keeping)
            _publish(keeping, kept)
        _overwrite(making, path)
        return
    if path.exists():
        _set_aside(path, kept)
    _publish(making, path)


def _copy_pages(path: Path, making: Path) -> None:
    """Copy one state of a database, without what was deleted from it."""
    with engine_errors(path), contextlib.closing(connect(path)) as live:
        live.execute("VACUUM INTO ?", (str(making),))


def _taken(backup: Path, making: Path) -> Copy:
    """Copy a file that should be a backup, with the log beside it if there is one, and check it."""
    if not backup.is_file():
        raise NotABackupError(f"There is no file {backup}.", hint="Name a file that `backup` made.")
    for ending in ("", "-wal"):
        source = backup.with_name(backup.name + ending)
        if source.is_file():
            shutil.copyfile(source, making.with_name(making.name + ending))
    try:
        return _checked(making)
    except NewerStateError as error:
        raise NewerStateError(error.message.replace(str(making), str(backup)), hint=error.hint) from error
    except (StateDamagedError, SetupError) as error:
        what = error.message.replace(str(making), "it")
        raise NotABackupError(
            f"{backup} is no sound copy of a portal's database: {what}",
            hint="Nothing was changed. Try an older backup.",
        ) from error


def _checked(making: Path) -> Copy:
    """Return what a copy holds, all of it in the one file, when nothing is found wrong with it."""
    with contextlib.closing(open_store(making)) as store:
        copy, problems = store.read(lambda books: (_copy_of(books), books.engine_problems()))
    if problems:
        raise StateDamagedError(f"{making} is damaged: {problems[0]}.", hint="Run `tallystick portal audit`.")
    with engine_errors(making), contextlib.closing(connect(making)) as connection:
        # Also brings what a log beside it holds into the file itself, or says that it could not.
        connection.pragma("journal_mode", "delete")
    with making.open("rb") as file:
        os.fsync(file.fileno())
    return copy


def _copy_of(books: Reading) -> Copy:
    identity, (events, _) = books.identity(), books.log_end()
    newest = books.event(books.newest_event_id())
    if newest is None:
        raise StateDamagedError("It holds no event.", hint="Try an older backup.")
    return Copy(identity.portal_id, identity.epoch, events, newest.at)


def _is_sound(path: Path) -> bool:
    """Tell whether a database can be read and written, as a portal's."""
    try:
        with contextlib.closing(open_store(path)) as store:
            return not store.read(lambda books: books.engine_problems())
    except (StateDamagedError, SetupError):
        return False


def _overwrite(making: Path, path: Path) -> None:
    """Write the pages of a copy over those of a database, in one transaction."""
    with (
        engine_errors(path),
        contextlib.closing(connect(path)) as live,
        contextlib.closing(apsw.Connection(str(making), flags=apsw.SQLITE_OPEN_READONLY)) as copy,
        live.backup("main", copy, "main") as pages,
    ):
        pages.step(_ALL_PAGES)


def _set_aside(path: Path, kept: Path) -> None:
    """Give a damaged database another name, with the log beside it: somebody may still read it."""
    if kept.exists():
        raise _already_there(kept)
    for ending in reversed(_ENDINGS):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(kept.with_name(kept.name + ending))
    folders.sync(path.parent)


def _publish(making: Path, path: Path) -> None:
    """Give a finished file its name, never in place of another."""
    try:
        path.hardlink_to(making)
    except FileExistsError as error:
        raise _already_there(path) from error
    folders.sync(path.parent)


def _already_there(path: Path) -> AlreadyThereError:
    return AlreadyThereError(
        f"{path} exists already, and nothing is written over a copy.", hint="Choose another name."
    )
