"""The checkpoint as a file beside the issuer key: read before the database is, written at a process's end.

The file is written over in place, without a sync: the database is durable already, and what a power cut takes
away leaves an older checkpoint, which the database extends. It is locked while it is written, so that of two
processes the one with more to say has the last word; nobody waits for long for one that stands still with the
lock in its hand. A reader may come between: it reads again.

Not handled: what a checkpoint says (`reservation.checkpoint`).
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reservation import folders
from reservation.checkpoint import FORM_BYTES, Checkpoint, form_of, parse
from reservation.errors import StorageError

NAME = "checkpoint"
_READS = 3
_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.02


def read(folder: Path) -> Checkpoint | None:
    """Return the checkpoint that a folder keeps; None: there is none, it is damaged, or it is not for us.

    Raises:
        StorageError: When the disk fails.
    """
    for _ in range(_READS):
        try:
            form = (folder / NAME).read_bytes()
        except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError):
            return None
        except OSError as error:
            raise StorageError(
                f"{folder / NAME} cannot be read: {error.strerror or error}.",
                hint="Check the disk that the portal's keys are on.",
            ) from error
        found = parse(form)
        if found is not None:
            return found
    return None


def create(folder: Path, checkpoint: Checkpoint) -> None:
    """Write the first checkpoint of a portal, durably, in place of what is there.

    Raises:
        StorageError: When it cannot be written.
    """
    try:
        folders.make(folder)
        with _opened(folder) as descriptor:
            _write(descriptor, checkpoint, durably=True)
        folders.sync(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep(folder: Path, checkpoint: Checkpoint, *, wait_seconds: float = _WAIT_SECONDS) -> None:
    """Write a checkpoint over the one that is there, unless that one is of this portal and as new.

    Args:
        folder: Where.
        checkpoint: What to write.
        wait_seconds: How long to wait for another process that writes.

    Raises:
        StorageError: When it cannot be written, or another process writes for longer than that.
    """
    kept = read(folder)
    if not checkpoint.is_newer_than(kept):
        return
    try:
        folders.make(folder)
        with _opened(folder, wait_seconds) as descriptor:
            # Another process may have written since, the first one too.
            there = parse(os.pread(descriptor, FORM_BYTES, 0))
            if checkpoint.is_newer_than(there):
                _write(descriptor, checkpoint, durably=there is None)
        if kept is None:
            folders.sync(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def discard(folder: Path) -> None:
    """Take away the checkpoint of a portal that was not made after all.

    Raises:
        OSError: When that fails.
    """
    (folder / NAME).unlink(missing_ok=True)


def _write(descriptor: int, checkpoint: Checkpoint, *, durably: bool) -> None:
    os.pwrite(descriptor, form_of(checkpoint), 0)
    if durably:
        os.ftruncate(descriptor, FORM_BYTES)
        os.fsync(descriptor)


@contextmanager
def _opened(folder: Path, wait_seconds: float = _WAIT_SECONDS) -> Iterator[int]:
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _lock(descriptor, time.monotonic() + wait_seconds)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, deadline: float) -> None:
    """Keep other writers out.

    Raises:
        BlockingIOError: When one of them stays until the deadline, in seconds of the monotonic clock.
    """
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_POLL_SECONDS)


def _unwritable(folder: Path, error: OSError) -> StorageError:
    if isinstance(error, BlockingIOError):
        return StorageError(
            f"Another process has held {folder / NAME} for too long.",
            hint="Nothing is lost: the next command writes it. Look for a tallystick that stands still.",
        )
    return StorageError(
        f"{folder / NAME} cannot be written: {error.strerror or error}.",
        hint="Check free space and permissions of the folder of the portal's keys (TALLYSTICK_KEYS).",
    )
