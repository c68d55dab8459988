"""Drafts: files that stand beside the place where a result will stand, until it is whole.

Whoever writes a draft holds a lock on it for as long as it is one. So whoever comes later knows by the lock,
and not by a number of a process that may be another one's or another host's, that nobody will finish it, and
takes it away: codes may stand in it.

Not handled: a file system without locks. There drafts of commands that were killed stay.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_BEGINNING, _END = ".tallystick-", ".part"


def draft_beside(path: Path, what: str = "") -> Path:
    """Return the name of a draft of this process; that of the result may be as long as names can be."""
    return path.with_name(f"{_BEGINNING}{os.getpid()}{what}{_END}")


def open_draft(draft: Path) -> BinaryIO:
    """Make a draft, locked until it is closed; one of that name that was left behind is taken away.

    It is given its name while it is open: a draft that is closed is anybody's to take away.

    Raises:
        OSError: When it cannot be made; `FileExistsError` when somebody is writing one of that name.
    """
    while True:
        try:
            file = draft.open("xb")
        except FileExistsError:
            if not _discarded(draft):
                raise
            continue
        _lock(file.fileno(), waits=True)
        if _is_at(draft, file.fileno()):
            return file
        file.close()  # taken away between its making and its lock


def discard_left(folder: Path) -> None:
    """Take away all drafts in a folder that nobody is writing any more; what cannot be looked at stays."""
    with suppress(OSError):
        for draft in [*folder.glob(f"{_BEGINNING}*{_END}")]:
            _discarded(draft)


def _discarded(draft: Path) -> bool:
    try:
        # Neither through a link nor into a pipe that nobody writes.
        descriptor = os.open(draft, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        is_left = stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor, waits=False)
        # Its writer may have given it its name meanwhile, and begun another draft.
        if is_left and _is_at(draft, descriptor):
            draft.unlink()
        return is_left
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, waits: bool) -> bool:
    """Lock a file; tell whether that was possible."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    """Tell whether an open file has this name."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
