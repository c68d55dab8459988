"""Passphrases of key files: from a file that an option or a setting names, or from a person.

Never from an argument, which other users of the machine could see. A passphrase for a new key must be long,
since the key file's own protection is cheap to guess at. Where nobody can be asked, a random one is made and
kept in a file of mode 0600 beside the key, which is found there later.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.command import option
from cli.errors import UsageMistakeError
from cli.files import reason
from cli.interrupts import whole
from reservation import folders
from reservation.errors import BusyError, KeyFileError

if TYPE_CHECKING:
    from cli.session import Session

SHORTEST = 12
"""Characters of a new passphrase."""
LONGEST = 1023
"""Bytes of a new passphrase (OpenSSL)."""
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
    """A passphrase for a new key. ``kept``: the file beside the key that holds it, when nobody knows it."""

    text: str = field(repr=False)
    kept: Path | None = None


@contextmanager
def new_passphrase(session: "Session", given: str | None, folder: Path) -> Iterator[NewPassphrase]:
    """Give the passphrase for a new key in a folder, while that key is made.

    A random one is in its file before the key is made, and is taken away again when no key comes of it; so
    for as long as that can happen, no other command finds it there and makes keys with it.

    Args:
        session: Asks a person, twice.
        given: The option's value.
        folder: Where the key will be.

    Raises:
        UsageMistakeError: When it is too short, typed differently the second time, or in no file that can
            be read.
        KeyFileError: When others can read its file, or the one beside the key cannot be used.
        BusyError: When another command makes keys with a random one in that folder.
    """
    named = session.setting("passphrase_file", given)
    if named:
        passphrase = NewPassphrase(_fit(_given_in(named)))
    elif session.can_ask_secretly:
        passphrase = NewPassphrase(_asked_twice(session, folder))
    else:
        with whole(), _alone_in(folder), _random(session, folder) as passphrase:
            yield passphrase
        return
    with whole():
        yield passphrase


def _asked_twice(session: "Session", folder: Path) -> str:
    session.log(f"Keys: {folder}")
    question = f"New passphrase for the keys (at least {SHORTEST} characters): "
    first = _fit(session.world.passphrase(question))
    if session.world.passphrase("The same again: ") != first:
        raise UsageMistakeError("The two passphrases differ. Nothing was done.", hint="Try again.")
    return first


@contextmanager
def _random(session: "Session", folder: Path) -> Iterator[NewPassphrase]:
    path = folder / FILE_NAME
    if path.exists():
        yield NewPassphrase(_kept_in(path))
        return
    from codec.words import words_of

    passphrase = "-".join(words_of(session.world.random(_RANDOM_BYTES), _RANDOM_WORDS))
    _keep(passphrase, path)
    with ExitStack() as undo:
        undo.callback(path.unlink, missing_ok=True)
        yield NewPassphrase(passphrase, path)
        undo.pop_all()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other commands that make keys out of a folder; make it, for as long as nothing goes wrong."""
    # A module that only Unix has; a named passphrase, or a person's, works without it.
    import fcntl

    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _unkept(folder / FILE_NAME, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError(
            f"Another command is making keys in {folder} at the moment. Nothing was done.",
            hint="Look at what it says. Should it fail, try again.",
        ) from None
    except BaseException:
        for one in made:
            with suppress(OSError):
                one.rmdir()
        raise
    finally:
        os.close(descriptor)


def passphrase_for(session: "Session", given: str | None, folder: Path) -> str:
    """Return the passphrase of the keys in a folder.

    Raises:
        UsageMistakeError: When nobody can be asked, or the file that was named cannot be read.
        KeyFileError: When others can read its file, or the one beside the keys cannot be used.
    """
    named = session.setting("passphrase_file", given)
    beside = folder / FILE_NAME
    if named:
        return _given_in(named)
    if beside.exists():
        session.log(f"Passphrase: {beside}")
        return _kept_in(beside)
    if session.can_ask_secretly:
        session.log(f"Keys: {folder}")
        return session.world.passphrase("Passphrase of the keys: ")
    raise UsageMistakeError(
        f"The keys in {folder} have a passphrase, and nobody is here to be asked for it.",
        hint="Name a file that holds it: --passphrase-file F, or TALLYSTICK_PASSPHRASE_FILE.",
    )


def own_passphrase(session: "Session", given: str | None, question: str) -> str:
    """Return a user's own passphrase: from the file that an option or a setting names, or from a person.

    Raises:
        UsageMistakeError: When nobody can be asked, or the file that was named cannot be read.
        KeyFileError: When others can read its file.
    """
    named = session.setting("own_passphrase_file", given)
    if named:
        return _given_in(named, "--own-passphrase-file, or TALLYSTICK_OWN_PASSPHRASE_FILE")
    if session.can_ask_secretly:
        return session.world.passphrase(question)
    raise UsageMistakeError(
        "A user's own passphrase is needed, and nobody is here to be asked for it.",
        hint="Name a file that holds it: --own-passphrase-file F, or TALLYSTICK_OWN_PASSPHRASE_FILE.",
    )


def new_own_passphrase(session: "Session", given: str | None) -> str:
    """Return a user's new passphrase: from a file, or from a person, who is asked twice.

    Raises:
        UsageMistakeError: When it is too short, typed differently the second time, in no file that can be
            read, or nobody can be asked.
        KeyFileError: When others can read its file.
    """
    return _changed(session, given, f"Your new passphrase (at least {SHORTEST} characters): ")


def changed_passphrase(session: "Session", given: str | None) -> str:
    """Return the new passphrase of a key file that has one: from a file, or from a person, asked twice.

    Raises:
        UsageMistakeError: When it is too short, typed differently the second time, in no file that can be
            read, or nobody can be asked.
        KeyFileError: When others can read its file.
    """
    return _changed(session, given, f"New passphrase of the key (at least {SHORTEST} characters): ")


def _changed(session: "Session", given: str | None, question: str) -> str:
    if given:
        return _fit(_given_in(given, "--new-passphrase-file"))
    if not session.can_ask_secretly:
        raise UsageMistakeError(
            "A new passphrase is needed, and nobody is here to be asked for it.",
            hint="Name a file that holds it: --new-passphrase-file F.",
        )
    first = _fit(session.world.passphrase(question))
    if session.world.passphrase("The same again: ") != first:
        raise UsageMistakeError("The two passphrases differ. Nothing was done.", hint="Try again.")
    return first


def _keep(passphrase: str, path: Path) -> None:
    """Write the file in one step: a command that dies leaves a whole one, or none."""
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{passphrase}\n")
            file.flush()
            os.fsync(file.fileno())
        # Nobody else makes a file of this name: whoever would, waits (`_alone_in`).
        draft.replace(path)
        # Before the key has a name: a power cut must not leave one that nobody can open.
        folders.sync(path.parent)
    except OSError as error:
        for made in (draft, path):
            with suppress(OSError):
                made.unlink(missing_ok=True)
        raise _unkept(path, error) from error


def _unkept(path: Path, error: OSError) -> KeyFileError:
    return KeyFileError(
        f"The passphrase cannot be kept in {path}: {error.strerror or error}.",
        hint="Give a passphrase by --passphrase-file, or choose another folder for the keys.",
    )


def _given_in(name: str, named: str = "--passphrase-file, or TALLYSTICK_PASSPHRASE_FILE") -> str:
    """Return the passphrase in a file that somebody named."""
    try:
        return _first_line(Path(name))
    except (OSError, ValueError) as error:
        raise UsageMistakeError(
            f"The file with the passphrase, {name}, cannot be read: {_reason(error)}.",
            hint=f"Check the name after {named}, and that its first line is text in UTF-8.",
        ) from error


def _kept_in(path: Path) -> str:
    """Return the passphrase in the file beside the keys."""
    try:
        return _first_line(path)
    except (OSError, ValueError) as error:
        raise KeyFileError(
            f"The file with the passphrase, {path}, cannot be read: {_reason(error)}.",
            hint="Name another file that holds the passphrase: --passphrase-file F",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "its first line holds bytes that are no characters"
    return reason(error)


def _first_line(path: Path) -> str:
    """Return a passphrase exactly: were strange bytes replaced, other ones would do in their place.

    Raises:
        OSError: When the file cannot be read.
        ValueError: When its first line is no text in UTF-8, or its name is no name of a file.
        KeyFileError: When others can read it.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        content = file.read(_LARGEST)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            f"Others can read the passphrase in {path} (permissions {mode:04o}).",
            hint=f"Make it yours alone: chmod 600 {path}",
        )
    return content.split(b"\n")[0].rstrip(b"\r").decode()


def _fit(passphrase: str) -> str:
    if len(passphrase) < SHORTEST:
        raise UsageMistakeError(
            f"This passphrase has {len(passphrase)} characters; a new one needs at least {SHORTEST}.",
            hint="Several unrelated words are easy to remember and hard to guess.",
        )
    if len(passphrase.encode()) > LONGEST:
        raise UsageMistakeError(
            f"This passphrase is too long: a new one can have at most {LONGEST} bytes.",
            hint="Give a shorter one. If a file was named, its first line is the passphrase.",
        )
    return passphrase
