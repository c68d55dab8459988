"""Everything that the program takes from outside, as one value: clock, chance, hardware, user, streams.

Nothing else in the program reads the clock, the environment or the name of the user: tests hand in a world of
their own, and the same commands run in it. Heavy parts (hardware, the user's name) are functions, asked only
by the commands that need them.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import TextIO, cast


@dataclass(frozen=True, slots=True)
class World:
    """What comes from outside.

    Attributes:
        clock: The present moment, aware, in UTC.
        random: That many unpredictable bytes.
        hardware: Component name → what identifies it, for the node lock.
        user: The name of the operating system's user.
        environ: Environment variables.
        stdin: What is pasted or piped in.
        stdout: The result.
        stderr: The talk.
        passphrase: Asks a person for a passphrase without showing it; gets the question.
        sleep: Lets that many seconds go by, for people to read.
    """

    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    hardware: Callable[[], Mapping[str, str]]
    user: Callable[[], str]
    environ: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    passphrase: Callable[[str], str]
    sleep: Callable[[float], None] = time.sleep


def real_world() -> World:
    """Return the world as it is."""
    return World(
        clock=_now,
        random=os.urandom,
        hardware=_hardware,
        user=_user,
        environ=os.environ,
        # A stray byte in a paste, or a character that the terminal lacks, must not end a command.
        stdin=_stream(sys.stdin, "r", "replace"),
        stdout=_stream(sys.stdout, "w", "backslashreplace"),
        stderr=_stream(sys.stderr, "w", "backslashreplace"),
        passphrase=_passphrase,
    )


def _stream(given: TextIO | None, mode: str, errors: str) -> TextIO:
    """Return a standard stream that no text or byte can break; an empty one where it is closed."""
    if given is None:
        return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123 - pathlib is slow to load
    if isinstance(given, TextIOWrapper):
        given.reconfigure(errors=errors)
    return given


def _now() -> datetime:
    return datetime.now(UTC)


def _hardware() -> Mapping[str, str]:
    from reservation.device.hardware import read_hardware

    return read_hardware()


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        from cli.errors import UsageMistakeError

        raise UsageMistakeError(
            "The system has no name for this user.",
            hint="Say on whose behalf: --user NAME, or TALLYSTICK_USER.",
        ) from None


def _passphrase(question: str) -> str:
    from getpass import getpass

    return getpass(question, sys.stderr)
