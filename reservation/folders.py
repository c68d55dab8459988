"""Folders whose entries must last: both halves make them durable in the same way.

A file is durable under its name only when its folder is synced, and a new folder only when the one above it
is.

Not handled: file systems without fsync of folders (nothing can be done there, so it counts as done).
"""

import os
from errno import EACCES, EINVAL, EPERM
from pathlib import Path

#: Not ours to sync, or a file system that cannot sync folders. A read-only one is not among these: where
#: nothing was changed it syncs without an error, and where it became read-only by an error, changes are lost.
_CANNOT = frozenset({EACCES, EINVAL, EPERM})


def sync(folder: Path) -> None:
    """Make what was made, renamed or linked in a folder durable.

    Raises:
        OSError: When that fails.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_if_possible(folder: Path) -> None:
    """Make a folder's entries durable, unless it belongs to others or its file system cannot do that.

    Raises:
        OSError: When it could be done, and fails.
    """
    try:
        sync(folder)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise


def make(folder: Path) -> None:
    """Make a folder and those above it, durably, for the owner alone; or do nothing more than that it lasts.

    Raises:
        OSError: When that fails.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for above in folder.absolute().parents:
        sync_if_possible(above)
