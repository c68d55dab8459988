"""The checkpoint as a file beside the issuer key: read before the database is, written at a process's end.

The file is written over in place, without a sync: the database is durable already, and what a power cut takes
away leaves an older checkpoint, which the database extends. It is locked while it is written, so that of two
processes the one with more to say has the last word. A reader may come between: it reads again.

Not handled: what a checkpoint says (`reservation.checkpoint`).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reservation import folders
from reservation.checkpoint import FORM_BYTES, Checkpoint, form_of, parse
from reservation.errors import StorageError

NAME = "checkpoint"
_READS = 3


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
            os.pwrite(descriptor, form_of(checkpoint), 0)
            os.ftruncate(descriptor, FORM_BYTES)
            os.fsync(descriptor)
        folders.sync(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint over the one that is there, unless that one is of this portal and as new.

    Raises:
        StorageError: When it cannot be written.
    """
    kept = read(folder)
    if kept is None:
        create(folder, checkpoint)
        return
    if not checkpoint.is_newer_than(kept):
        return
    try:
        with _opened(folder) as descriptor:
            if checkpoint.is_newer_than(parse(os.pread(descriptor, FORM_BYTES, 0))):
                os.pwrite(descriptor, form_of(checkpoint), 0)
    except OSError as error:
        raise _unwritable(folder, error) from error


def discard(folder: Path) -> None:
    """Take away the checkpoint of a portal that was not made after all.

    Raises:
        OSError: When that fails.
    """
    (folder / NAME).unlink(missing_ok=True)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder / NAME} cannot be written: {error.strerror or error}.",
        hint="Check free space and permissions of the folder of the portal's keys (TALLYSTICK_KEYS).",
    )
