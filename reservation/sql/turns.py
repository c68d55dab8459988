"""Turns among the processes that write one SQLite file, so that everybody's comes.

SQLite has whoever finds its lock taken sleep and look again: of several that write without rest, one gets
nearly everything. Here a writer sleeps in the kernel until it is let in. It has an exclusive flock on a file
beside the database, ``portal.db-turn``, from before it begins its transaction until after its commit, with
the checkpoint that SQLite makes of it.

Invariants: the turn comes first, SQLite's lock second, and nobody waits for a turn who has SQLite's lock.
The kernel ends the turn of a process that dies. SQLite's lock alone keeps the books right, and a turn only
decides who is next; so where there can be none (nothing may be written there, the file is for others, the
file system knows no flock), work goes on without. Readers take none.

The file is empty, and stays. Whoever may write the database may open it, and nobody else, who could make
everybody wait. It has the database's own name after symbolic links, so every way to it meets the same turns.

Not handled: systems without `fcntl`; hard links in several folders, each of which has a log of its own.
"""

import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reservation.errors import BusyError

ENDING = "-turn"
_OWNER_ONLY = 0o600
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_MAY_WRITE = (stat.S_IWUSR, stat.S_IWGRP, stat.S_IWOTH)


class Turns:
    """The turns of one writer; for one thread at a time, as the connection beside it.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._wait: _Wait | None = None

    def take(self, seconds: float) -> None:
        """Wait until nobody else has the turn.

        Args:
            seconds: How long at most.

        Raises:
            BusyError: When others had it all that time.
        """
        # One that was given up still stands in the queue: this goes on from its place there.
        if self._wait is None or not self._wait.resume():
            self._wait = self._begun()
        if self._wait is None:
            return
        if not self._wait.ends_within(seconds):
            raise _busy(self._path, self._wait.descriptor, seconds)
        self._wait = None

    def give_back(self) -> None:
        """Let the next one in."""
        if self._descriptor is not None:
            with suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file, and of the turn."""
        if self._wait is not None:
            self._wait.close()
        elif self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = self._wait = None

    def _begun(self) -> "_Wait | None":
        """Begin to wait; None: there is nothing to wait for."""
        descriptor = self._opened()
        if descriptor is None:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _Wait(descriptor)
        except OSError:
            return None
        return None

    def _opened(self) -> int | None:
        """Return the file; anew when somebody took it away, and None where there can be none."""
        if self._descriptor is not None:
            if os.fstat(self._descriptor).st_nlink:
                return self._descriptor
            self.close()
        with suppress(OSError):
            self._descriptor = _open(Path(os.path.realpath(self._path)))
        return self._descriptor


@contextmanager
def turn(path: Path, seconds: float) -> Iterator[None]:
    """Have the turn at a database for a while.

    Raises:
        BusyError: When others had it for so many seconds.
    """
    turns = Turns(path)
    try:
        turns.take(seconds)
        yield
    finally:
        turns.close()


class _Wait:
    """A wait for a lock in a thread of its own: flock knows no limit, and looking again and again is unfair.

    Only what waits pays for the thread. A wait that was given up goes on in the queue; when its turn comes
    and nobody asks for it any more, it passes it on.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._guard = threading.Lock()
        self._is_wanted, self._is_over, self._is_closed = True, False, False
        self._lasts = threading.Lock()
        self._lasts.acquire()
        threading.Thread(target=self._run, name="turn", daemon=True).start()

    def resume(self) -> bool:
        """Ask for the turn again; return whether the wait still goes on."""
        with self._guard:
            self._is_wanted = not self._is_over
            return self._is_wanted

    def ends_within(self, seconds: float) -> bool:
        """Wait so long at most; return whether the turn came. If not, the wait is given up."""
        try:
            self._lasts.acquire(timeout=seconds)
        except BaseException:
            if self._give_up():
                self._pass_on()
            raise
        return self._give_up()

    def close(self) -> None:
        """Let go of the file, now or when the wait is over."""
        with self._guard:
            self._is_closed = True
            if self._is_over:
                os.close(self.descriptor)

    def _give_up(self) -> bool:
        """Return whether it was too late for that: the turn came."""
        with self._guard:
            self._is_wanted = False
            return self._is_over

    def _pass_on(self) -> None:
        with suppress(OSError):
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def _run(self) -> None:
        # An error ends it as the turn would: work goes on without, as where there can be none.
        with suppress(OSError):
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        with self._guard:
            self._is_over = True
            if self._is_closed:
                os.close(self.descriptor)
            elif not self._is_wanted:
                self._pass_on()
        self._lasts.release()


def _open(database: Path) -> int:
    """Open the file beside a database, or make it.

    Raises:
        OSError: When that cannot be done.
    """
    name = f"{database}{ENDING}"
    with suppress(FileNotFoundError):
        return os.open(name, _FLAGS)
    try:
        descriptor = os.open(name, _FLAGS | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        return os.open(name, _FLAGS)
    with suppress(OSError):
        _share(descriptor, database.stat())
    return descriptor


def _share(descriptor: int, database: os.stat_result) -> None:
    """Let exactly those open a new file who may write the database.

    Raises:
        OSError: When its group cannot be given to it; it is for its owner alone then.
    """
    owner = database.st_uid if os.geteuid() == 0 else -1
    os.fchown(descriptor, owner, database.st_gid)
    # Whoever may write in a class may read in it.
    written = database.st_mode & sum(_MAY_WRITE)
    os.fchmod(descriptor, _OWNER_ONLY | written | written << 1)


def _busy(path: Path, descriptor: int, seconds: float) -> BusyError:
    holder = _holder(descriptor)
    whose = f"process {holder}" if holder else "another process"
    return BusyError(
        f"Others have been writing {path} for {seconds:g} seconds; now it is the turn of {whose}.",
        hint="Try again. If this lasts, that process stands still: look at it, and end it.",
    )


def _holder(descriptor: int) -> int | None:
    """Return the number of the process that has the turn, where Linux tells it: see proc_locks(5)."""
    about = os.fstat(descriptor)
    place = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    with suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            # A line of one who waits has an arrow before the kind.
            if words[1] == "FLOCK" and words[5] == place:
                return int(words[4])
    return None
