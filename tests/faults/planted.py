"""Faults planted into the program, in a child of the launcher, to see that the trials notice each of them.

Each function takes a promise out of the program: by an assignment in place of the part that keeps it.
"""

import os
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import apsw

from cli import main
from reservation import checkpointfile, folders
from reservation.checkpoint import Checkpoint, Verdict, judge
from reservation.device import folder as device_folder
from reservation.device.agent import Device
from reservation.device.folder import Folder
from reservation.device.state import State
from reservation.founding import Founding
from reservation.service import watching
from reservation.service.watching import checkpoint_in
from reservation.sql import sqlite_engine
from reservation.sql.sqlite_engine import SqliteStore
from reservation.sql.sqlite_schema import migrations
from reservation.sql.turns import Turns
from reservation.sql.writing import SqlWriting
from reservation.standing import Changes
from reservation.store import Reading, Writing

T = TypeVar("T")


def plant(name: str) -> None:
    """Plant a fault.

    Args:
        name: One of this module's functions below.
    """
    planted: Callable[[], None] = globals()[name]
    planted()


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# --- the portal --------------------------------------------------------------------------------


def show_before_commit() -> None:
    """Print a code, and commit then."""
    honest = SqliteStore.write

    def write(self: SqliteStore, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        def shown(books: Writing) -> T:
            result = work(books)
            _show(getattr(result, "text", ""))
            return result

        return honest(self, shown, beside_others=beside_others)

    SqliteStore.write = write  # type: ignore[method-assign]


def commit_without_sync() -> None:
    """Let SQLite sync nothing."""
    _set_when_connected("synchronous", "OFF")


def commit_normally() -> None:
    """Let SQLite sync its log only before it copies from it, as ``synchronous = NORMAL`` does."""
    _set_when_connected("synchronous", "NORMAL")


def keep_rollback_journal() -> None:
    """Commit by removing a journal, as ``journal_mode = DELETE`` does."""
    _set_when_connected("journal_mode", "delete")


def _set_when_connected(pragma: str, value: str) -> None:
    honest = sqlite_engine.connect

    def connect(path: Path) -> apsw.Connection:
        connection = honest(path)
        connection.pragma(pragma, value)
        return connection

    sqlite_engine.connect = connect


def commit_in_two() -> None:
    """Commit the code before what it takes from the stock."""
    honest = SqlWriting._post

    def post(self: SqlWriting, changes: Changes) -> None:
        self.connection.execute("COMMIT")
        self.connection.execute("BEGIN IMMEDIATE")
        honest(self, changes)

    SqlWriting._post = post  # type: ignore[method-assign]


def close_without_checkpoint() -> None:
    """Leave it to closing to copy the rows of a new database into it, which says nothing of errors."""

    def found(path: Path, founding: Founding) -> None:
        with closing(sqlite_engine.connect(path)) as connection:
            connection.pragma("application_id", sqlite_engine.APPLICATION_ID)
            sqlite_engine._migrate(
                connection, 0, migrations(), lambda: sqlite_engine._seed(connection, founding)
            )

    sqlite_engine._found = found


def keep_checkpoint_before_commit() -> None:
    """Note what was done beside the key, and commit then."""
    honest = SqliteStore.write

    def write(self: SqliteStore, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        def noted(books: Writing) -> T:
            result = work(books)
            checkpointfile.keep(Path(os.environ["TALLYSTICK_KEYS"]), checkpoint_in(books, datetime.now(UTC)))
            return result

        return honest(self, noted, beside_others=beside_others)

    SqliteStore.write = write  # type: ignore[method-assign]


def keep_checkpoint_over_newer() -> None:
    """Write a checkpoint over any other: the process that ends last has the last word."""
    Checkpoint.is_newer_than = lambda self, other: True  # type: ignore[method-assign]


def look_at_books_first() -> None:
    """Read the checkpoint when the books have been read, and others may have written both since."""
    honest = watching.checkpoint_in

    def checkpoint_and_kept(books: Reading, kept: Checkpoint | None, now: datetime) -> Verdict:
        there = honest(books, now)
        later = checkpointfile.read(Path(os.environ["TALLYSTICK_KEYS"]))
        return judge(later, there, books.hash_after(later.events) if later else None, ())

    watching._verdict = checkpoint_and_kept


def give_up_at_once() -> None:
    """Call the database busy without waiting for it."""
    sqlite_engine.BUSY_MILLISECONDS = 0


def take_the_lock_late() -> None:
    """Take the lock for writing when something was read already, and no turn, which would hide that."""
    Turns.take = lambda self, seconds: None  # type: ignore[method-assign]
    honest = SqliteStore._run

    def run(self: SqliteStore, begin: str, work: Callable[[], T]) -> T:
        return honest(self, "BEGIN", work)

    SqliteStore._run = run  # type: ignore[method-assign]


# --- the device --------------------------------------------------------------------------------


def show_before_tombstone() -> None:
    """Print a code, and write the state that holds it then."""
    honest = Device._keep

    def keep(self: Device, state: State) -> None:
        _show(state.journal[-1].text)
        honest(self, state)

    Device._keep = keep  # type: ignore[method-assign]


def write_in_place() -> None:
    """Write over the state file."""

    def replace(self: Folder, name: str, content: bytes, modes: int) -> None:
        with (Path(self.home) / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    Folder._replace = replace  # type: ignore[method-assign]


def leave_drafts() -> None:
    """Draft under another name each time, and remove nothing that others left."""
    device_folder._TEMPORARY = f".{len(list(Path(os.environ['TALLYSTICK_HOME']).iterdir()))}"
    Folder._discard_leftovers = lambda self: None  # type: ignore[method-assign]


def forget_what_is_pending() -> None:
    """Make a new request each time."""
    Device._pending = lambda self, *_: None  # type: ignore[method-assign]


# --- both --------------------------------------------------------------------------------------


def sync_no_folder() -> None:
    """Rename, and sync no folder."""
    folders.sync = lambda folder: None


def sync_keys_late() -> None:
    """Make the name of a key last only when its draft's name is gone."""
    honest = folders.sync

    def sync(folder: Path) -> None:
        if not any(key.stat().st_nlink > 1 for key in folder.glob("*.pem")):
            honest(folder)

    folders.sync = sync


def sync_nothing() -> None:
    """Sync no file and no folder."""
    os.fsync = lambda fd: None


def settle_nothing() -> None:
    """Show again without looking whether it is durable."""
    Folder.settle = lambda self: None  # type: ignore[method-assign]


def pass_over_failed_syncs() -> None:
    """Go on when a folder could not be synced."""
    honest = folders.sync

    def sync(folder: Path) -> None:
        with suppress(OSError):
            honest(folder)

    folders.sync = sync


def say_nothing_of_errors() -> None:
    """End well, whatever happened."""
    main._refuse = lambda error, session: 0
