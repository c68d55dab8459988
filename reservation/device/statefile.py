"""A device folder as one sees it who only reads the state: no lock, no key, no permission to write.

A start script does that in a process of its own, so this module does without `pathlib`, which takes longer to
load than a state to be read. Everything else about the folder is in `reservation.device.folder`.
"""

import os
from errno import EACCES, EPERM

from reservation.errors import NotInitialisedError, StorageError

STATE = "state.json"
KEY = "device-key.pem"

#: What changes when a file is replaced: inode, time of change (nanoseconds), size.
Stamp = tuple[int, int, int]


class StateFile:
    """The state file of a device folder."""

    __slots__ = ("_home", "_path")

    def __init__(self, home: str | os.PathLike[str]) -> None:
        self._home = os.fspath(home)
        self._path = os.path.join(self._home, STATE)

    @property
    def has_state(self) -> bool:
        """Whether there is a state file, sound or not."""
        return os.path.lexists(self._path)

    @property
    def has_key(self) -> bool:
        """Whether there is a key file, sound or not."""
        return os.path.lexists(os.path.join(self._home, KEY))

    def state_stamp(self) -> Stamp | None:
        """Return what tells this state file from its successor; None when there is no file to be seen."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns, found.st_size

    def read_state(self) -> bytes:
        """Return the content of the state file.

        Raises:
            NotInitialisedError: When there is none.
            StorageError: When it cannot be read.
        """
        try:
            with open(self._path, "rb") as stream:
                return stream.read()
        except (FileNotFoundError, NotADirectoryError):
            raise self.not_initialised() from None
        except OSError as error:
            raise unusable("read", self._path, error) from error

    def not_initialised(self) -> NotInitialisedError:
        """Return the error for a folder without a state."""
        if self.has_key:
            return NotInitialisedError(
                f"{self._home} holds a device key, and no device state: {STATE} was removed.",
                hint=f"Restore {STATE} from a backup of this folder. If this device never made a request, "
                f"remove {KEY} and initialise it again.",
            )
        return NotInitialisedError(
            f"{self._home} holds no device state.",
            hint="Initialise the device (`tallystick device init`), or name its folder by TALLYSTICK_HOME.",
        )


def unusable(done: str, path: str | os.PathLike[str], error: OSError) -> StorageError:
    """Return the error for a file that the system refused.

    Args:
        done: What cannot be done with it ("read").
        path: The file.
        error: The refusal.
    """
    if error.errno in (EACCES, EPERM):
        way = "Give the command again as the user that owns the folder."
    else:
        way = "Put this right (space, permissions, a read-only disk), then give the same command again."
    return StorageError(
        f"{path} cannot be {done}: {error.strerror or error}.", hint=f"Nothing is lost. {way}"
    )
