"""The device folder: durable files, their permissions, and one writer at a time.

    state.json        everything the device remembers; replaced as a whole
    device-key.pem    the private key; written once
    lock              held while a command changes something

A file is replaced by writing a temporary one, fsync, rename, and fsync of the folder: whatever happens in
between, the old content or the new one is there, whole. What a crash left behind goes with the next change.
Between rename and fsync others see what a power cut could still undo; so a code is shown again only after
`Folder.settle`.

Reading takes no lock and needs no write permission (`reservation.device.statefile`): a whole file is always
there to be read. The key is for its owner alone (0600, refused otherwise). The state may be readable for a
group, so that a service user can check licences without being able to change them; a rewritten state keeps
the owner, group and permissions of the one before, except that nobody but its owner may write it.

Not handled: folders on file systems without rename or flock semantics.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from codec.keys import SigningKey
from reservation import folders
from reservation.device.keyfile import from_pem, to_pem
from reservation.device.statefile import KEY, STATE, StateFile, unusable
from reservation.errors import BusyError, KeyFileError

_LOCK = "lock"
_TEMPORARY = ".new"

_OWNER_ONLY = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_STATE_MODES = 0o644
_POLL_SECONDS = 0.02


class Folder(StateFile):
    """A device folder.

    Attributes:
        home: Where it is.
        wait_seconds: How long a change waits for another one to end.
    """

    __slots__ = ("home", "wait_seconds")

    def __init__(self, home: Path, wait_seconds: float = 5.0) -> None:
        super().__init__(home)
        self.home = home
        self.wait_seconds = wait_seconds

    def create(self) -> list[Path]:
        """Make the folder, for its owner alone, unless it is there.

        Returns:
            The folders that were made, the innermost first.

        Raises:
            StorageError: When it cannot be made.
        """
        missing = [one for one in (self.home, *self.home.parents) if not one.exists()]
        try:
            folders.make(self.home)
        except OSError as error:
            self.remove(missing)
            raise unusable("made", self.home, error) from error
        return missing

    def abandon(self) -> None:
        """Take away the lock, which is held, while there is no device: neither a state nor a key."""
        if not (self.has_state or self.has_key):
            with suppress(OSError):
                (self.home / _LOCK).unlink()

    @staticmethod
    def remove(made: Iterable[Path]) -> None:
        """Take away folders that were made for nothing, the innermost first, as far as they are empty."""
        with suppress(OSError):
            for one in made:
                one.rmdir()

    def write_state(self, content: bytes) -> None:
        """Replace the state file, durably.

        Raises:
            StorageError: When it cannot be written; what was there before is still there, unless the error
                came after the rename: then the new content may be there.
        """
        self._replace(STATE, content, _STATE_MODES)

    def settle(self) -> None:
        """Make sure that the state that can be read is durable: its writer may have died just before.

        Raises:
            StorageError: When that fails.
        """
        try:
            folders.sync_if_possible(self.home)
        except OSError as error:
            raise unusable("made durable", self.home, error) from error

    def write_key(self, key: SigningKey) -> None:
        """Write the key file, durably.

        Raises:
            StorageError: When it cannot be written.
        """
        self._replace(KEY, to_pem(key), _OWNER_ONLY)

    def read_key(self) -> SigningKey:
        """Read the key file.

        Raises:
            KeyFileError: When it is missing, damaged, or others may read or write it.
            StorageError: When it cannot be read.
        """
        path = self.home / KEY
        try:
            with path.open("rb") as stream:
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
                content = stream.read()
        except FileNotFoundError:
            raise KeyFileError(
                f"The device key {path} is missing, so no code can be signed.",
                hint="Restore it from a backup of this folder. If the device never made a request, "
                "initialise it again.",
            ) from None
        except OSError as error:
            raise unusable("read", path, error) from error
        if mode & _OTHERS:
            raise KeyFileError(
                f"The device key {path} can be read or written by others (permissions {mode:04o}).",
                hint=f"Run `chmod 600 {path}`. If somebody may have copied it, tell who runs the portal.",
            )
        return from_pem(content)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other change out.

        Raises:
            BusyError: When another process holds the lock for longer than ``wait_seconds``.
            StorageError: When the folder cannot be written.
        """
        descriptor = self._take_lock(time.monotonic() + self.wait_seconds)
        try:
            yield
        finally:
            os.close(descriptor)

    def _take_lock(self, deadline: float) -> int:
        """Return a locked descriptor of the lock; one that was taken away meanwhile keeps nobody out."""
        path = self.home / _LOCK
        while True:
            descriptor = self._open_lock(path)
            try:
                _wait_for(descriptor, path, deadline)
                if _is_named(descriptor, path):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _open_lock(self, path: Path) -> int:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _OWNER_ONLY)
        except FileNotFoundError:
            raise self.not_initialised() from None
        except OSError as error:
            raise unusable("written", path, error) from error

    def _replace(self, name: str, content: bytes, modes: int) -> None:
        path, temporary = self.home / name, self.home / (name + _TEMPORARY)
        try:
            self._discard_leftovers()
            descriptor = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _OWNER_ONLY
            )
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                _inherit(path, descriptor, modes)
                os.fsync(descriptor)
            temporary.replace(path)
            folders.sync(self.home)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise unusable("written", path, error) from error

    def _discard_leftovers(self) -> None:
        for name in (STATE, KEY):
            (self.home / (name + _TEMPORARY)).unlink(missing_ok=True)


def _wait_for(descriptor: int, path: Path, deadline: float) -> None:
    """Lock a file, once whoever holds it lets go."""
    # A module that only Unix has; reading a state works without it.
    import fcntl

    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise BusyError(
                    "Another command is changing this device at the moment.",
                    hint="Try again in a moment.",
                ) from None
        except OSError as error:
            raise unusable("locked", path, error) from error
        time.sleep(_POLL_SECONDS)


def _is_named(descriptor: int, path: Path) -> bool:
    """Tell whether a file that was opened is still there under its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _inherit(path: Path, descriptor: int, modes: int) -> None:
    """Give a new file the owner, group and permissions of the one that it replaces."""
    try:
        before = path.stat()
    except FileNotFoundError:
        return
    now = os.fstat(descriptor)
    if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & modes)
