"""Passphrases of key files: from a file that an option or a setting names, or from a person.

Never from an argument, which other users of the machine could see. A passphrase for a new key must be long,
since the key file's own protection is cheap to guess at. Where nobody can be asked, a random one is made and
kept in a file of mode 0600 beside the key, which is found there later.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.command import option
from cli.errors import UsageMistakeError
from reservation.errors import KeyFileError

if TYPE_CHECKING:
    from cli.session import Session

SHORTEST = 12
"""Characters of a new passphrase."""
FILE_NAME = "passphrase"
"""Name of the file beside the keys that holds a random passphrase."""

_RANDOM_BYTES = 17
_RANDOM_WORDS = 12
_LARGEST = 4096


def passphrase_option_in(section: str) -> Callable[[Any], Any]:
    """Declare the option that names the file with the passphrase, under a heading."""
    return option(
        "--passphrase-file",
        metavar="F",
        section=section,
        help="File whose first line is the passphrase. [TALLYSTICK_PASSPHRASE_FILE; else a person is asked]",
    )


passphrase_option = passphrase_option_in("Options")


@dataclass(frozen=True, slots=True)
class NewPassphrase:
    """A passphrase for a new key. ``is_random``: nobody knows it yet, so it must be kept beside the key."""

    text: str = field(repr=False)
    is_random: bool = False

    @contextmanager
    def kept_in(self, folder: Path) -> Iterator[Path | None]:
        """Keep a random one while keys are made, and for good when that succeeds.

        Yields:
            The file that holds it; None for one that somebody knows.
        """
        if not self.is_random:
            yield None
            return
        is_new = not folder.exists()
        path = _keep(self.text, folder)
        try:
            yield path
        except BaseException:
            path.unlink(missing_ok=True)
            if is_new:
                with suppress(OSError):
                    folder.rmdir()
            raise


def new_passphrase(session: "Session", given: str | None, folder: Path) -> NewPassphrase:
    """Return the passphrase for a new key in a folder.

    Args:
        session: Asks a person, twice.
        given: The option's value.
        folder: Where the key will be.

    Raises:
        UsageMistakeError: When it is too short, or typed differently the second time.
        KeyFileError: When its file cannot be used.
    """
    named = session.setting("passphrase_file", given)
    if named:
        return NewPassphrase(_long_enough(_first_line(Path(named))))
    if session.can_ask_secretly:
        session.log(f"Keys: {folder}")
        first = _long_enough(
            session.world.passphrase(f"New passphrase for the keys (at least {SHORTEST} characters): ")
        )
        if session.world.passphrase("The same again: ") != first:
            raise UsageMistakeError("The two passphrases differ. Nothing was done.", hint="Try again.")
        return NewPassphrase(first)
    if (folder / FILE_NAME).exists():
        return NewPassphrase(_first_line(folder / FILE_NAME))
    from codec.words import words_of

    words = words_of(session.world.random(_RANDOM_BYTES), _RANDOM_WORDS)
    return NewPassphrase("-".join(words), is_random=True)


def passphrase_for(session: "Session", given: str | None, folder: Path) -> str:
    """Return the passphrase of the keys in a folder.

    Raises:
        UsageMistakeError: When nobody can be asked.
        KeyFileError: When its file cannot be used.
    """
    named = session.setting("passphrase_file", given)
    beside = folder / FILE_NAME
    if named:
        return _first_line(Path(named))
    if beside.exists():
        session.log(f"Passphrase: {beside}")
        return _first_line(beside)
    if session.can_ask_secretly:
        session.log(f"Keys: {folder}")
        return session.world.passphrase("Passphrase of the keys: ")
    raise UsageMistakeError(
        f"The keys in {folder} have a passphrase, and nobody is here to be asked for it.",
        hint="Name a file that holds it: --passphrase-file F, or TALLYSTICK_PASSPHRASE_FILE.",
    )


def _keep(passphrase: str, folder: Path) -> Path:
    path = folder / FILE_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{passphrase}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeyFileError(
            f"The passphrase cannot be kept in {path}: {error.strerror or error}.",
            hint="Give a passphrase by --passphrase-file, or choose another folder for the keys.",
        ) from error
    return path


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_LARGEST)
    except OSError as error:
        raise KeyFileError(
            f"The file with the passphrase, {path}, cannot be read: {error.strerror or error}.",
            hint="Check the name after --passphrase-file, or TALLYSTICK_PASSPHRASE_FILE.",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            f"Others can read the passphrase in {path} (permissions {mode:04o}).",
            hint=f"Make it yours alone: chmod 600 {path}",
        )
    return content.decode("utf-8", errors="replace").split("\n")[0].rstrip("\r")


def _long_enough(passphrase: str) -> str:
    if len(passphrase) < SHORTEST:
        raise UsageMistakeError(
            f"This passphrase has {len(passphrase)} characters; one for a new key needs at least {SHORTEST}.",
            hint="Several unrelated words are easy to remember and hard to guess.",
        )
    return passphrase
