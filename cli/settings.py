"""Settings: an option, then a ``TALLYSTICK_*`` environment variable, then a line of a TOML file.

The file is the one that ``TALLYSTICK_CONFIG`` names, or ``tallystick/config.toml`` in the user's
configuration folder (``XDG_CONFIG_HOME``, by default ``~/.config``) if it is there. A name in it that nobody
knows is refused: a misspelled setting must not be silently without effect.

Paths are texts here: `device check` comes by at every start, and `pathlib` takes long to load.
"""

import os
from collections.abc import Mapping

from cli.errors import UsageMistakeError

#: Every setting: its name in the file, and in capitals after ``TALLYSTICK_`` in the environment.
SETTINGS: dict[str, str] = {
    "home": "folder of the device's state",
    "db": "the portal's database: sqlite:///PATH or postgresql://USER@HOST/DATABASE",
    "user": "on whose behalf portal commands act",
    "keys": "folder of the portal's keys",
    "passphrase_file": "file whose first line is the passphrase of the key files",
    "own_passphrase_file": "file whose first line is the acting user's own passphrase",
}
_LARGEST_FILE = 65_536


def setting(environ: Mapping[str, str], name: str, given: str | None = None) -> str | None:
    """Return the value of a setting, or None when it is nowhere given.

    Args:
        environ: Environment variables.
        name: One of `SETTINGS`.
        given: The option's value, if there was one.

    Raises:
        UsageMistakeError: When the file of settings cannot be used.
    """
    if given:
        return given
    return environ.get(f"TALLYSTICK_{name.upper()}") or _from_file(environ).get(name)


def user_folder(environ: Mapping[str, str], kind: str) -> str:
    """Return the user's folder for a kind of files: ``config``, ``data`` or ``state`` (XDG)."""
    folders = {"config": ".config", "data": ".local/share", "state": ".local/state"}
    named = environ.get(f"XDG_{kind.upper()}_HOME", "")
    # The specification has relative paths ignored.
    base = named if named.startswith("/") else os.path.join(_home_folder(environ), folders[kind])
    return os.path.join(base, "tallystick")


def _home_folder(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME") or os.path.expanduser("~")
    if home == "~":
        raise UsageMistakeError(
            "This user has no home folder: HOME is not set, and the system does not know the user.",
            hint="Name the device's folder (TALLYSTICK_HOME) or the database (TALLYSTICK_DB), or set HOME.",
        )
    return home


def _from_file(environ: Mapping[str, str]) -> Mapping[str, str]:
    named = environ.get("TALLYSTICK_CONFIG")
    try:
        path = named or os.path.join(user_folder(environ, "config"), "config.toml")
    except UsageMistakeError:
        return {}  # who has no folder has no such file in it
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        if named:
            raise _unusable(path, "it is not there") from None
        return {}
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({error.strerror})") from error
    return _parsed(content, path)


def _parsed(content: bytes, path: str) -> Mapping[str, str]:
    import tomllib  # only for those who have such a file

    if len(content) > _LARGEST_FILE:
        raise _unusable(path, f"it has more than {_LARGEST_FILE:,} bytes")
    try:
        values = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise _unusable(path, f"it is no TOML: {error}") from error
    for name, value in values.items():
        if name not in SETTINGS:
            raise _unusable(path, f"it has a setting '{name}' that does not exist")
        if not isinstance(value, str):
            raise _unusable(path, f"its setting '{name}' is no text in quotes")
        if "\0" in value:
            raise _unusable(path, f"its setting '{name}' holds a character that no name of a file has")
    return values


def _unusable(path: str, why: str) -> UsageMistakeError:
    return UsageMistakeError(
        f"The file of settings {path} cannot be used: {why}.",
        hint=f"Correct it. The settings are: {', '.join(SETTINGS)}.",
    )
