"""One run of one command: its options, what it says and where.

**stdout is the result, stderr is talk.** A command returns a `Report`; this module writes it, as text or as
one JSON object. Every line that goes out is made safe here, whatever its origin; only `Session.draw` lets
escape sequences through, and it is given nothing but what this program made itself.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cli.plain import safe, sentence, wrapped
from cli.world import World

if TYPE_CHECKING:
    from cli.code_output import CodeOutput

LONGEST_LINE = 10_000
"""Characters of one line of output that are shown: more than the longest code."""

_NARROWEST, _USUAL, _WIDEST = 50, 80, 100
_USUAL_LINES = 24

Record = Mapping[str, object]


class Report(NamedTuple):
    """What a command did.

    Attributes:
        record: For scripts: what ``--json`` prints.
        text: For people, on stdout; safe already in what was put into it.
        code: A code that is the result, on stdout.
        output: How the code is shown.
        says: Sentences for people, on stderr.
        next_step: What to do next, on stderr.
        compare: Fingerprints, on stderr: for both ends to compare when the next step is done.
        exit_code: Usually 0.
    """

    record: Record
    text: str = ""
    code: str = ""
    output: "CodeOutput | None" = None
    says: Sequence[str] = ()
    next_step: str = ""
    compare: Sequence[str] = ()
    exit_code: int = 0


class Session:
    """The options that all commands share, and the streams.

    Attributes:
        world: What comes from outside.
        json: Whether stdout is one JSON object.
        quiet: Whether the talk is left out.
        verbose: Whether the steps are told.
        exit_code: That of what is done so far, should nobody be there to read the output.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.json = False
        self.quiet = False
        self.verbose = False
        self.exit_code = 0

    # --- settings --------------------------------------------------------------------------

    def setting(self, name: str, given: str | None = None) -> str | None:
        """Return a setting (see `cli.settings`)."""
        from cli.settings import setting

        return setting(self.world.environ, name, given)

    def user_folder(self, kind: str) -> str:
        """Return the user's folder for files of a kind: ``config``, ``data`` or ``state``."""
        from cli.settings import user_folder

        return user_folder(self.world.environ, kind)

    @property
    def help_width(self) -> int:
        """How wide help is written: as the terminal is, and never so wide that lines are hard to follow."""
        return max(_NARROWEST, min(_size(self.world, self.world.stdout)[0], _WIDEST) - 2)

    @property
    def width(self) -> int | None:
        """Columns of the screen that the result goes to; None where it goes to a pipe or a file."""
        return self.screen[0] if self.screen else None

    @property
    def screen(self) -> tuple[int, int] | None:
        """Columns and lines of the screen that the result goes to; None for a pipe or a file."""
        stdout = self.world.stdout
        return _size(self.world, stdout) if stdout.isatty() else None

    # --- what is said ----------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Tell a person something, on stderr, unless `-q` was given."""
        if not self.quiet:
            self._talk(text)

    def warn(self, text: str) -> None:
        """Tell a person something that must not be missed, on stderr, `-q` or not."""
        self._talk(text)

    def log(self, text: str) -> None:
        """Tell a step, on stderr, when `-v` was given."""
        if self.verbose:
            self._talk(f"· {text}")

    def show(self, text: str) -> None:
        """Write lines of the result on stdout."""
        self._write(self.world.stdout, text)

    def draw(self, drawing: str) -> None:
        """Write what this program made itself, colours included, on stdout."""
        self.world.stdout.write(drawing + "\n")

    def emphasis(self, text: str, stream: TextIO) -> str:
        """Return a safe text in bold type, where that is wanted and understood."""
        return f"\x1b[1m{safe(text)}\x1b[0m" if self.has_colours(stream) else safe(text)

    def has_colours(self, stream: TextIO) -> bool:
        """Tell whether a stream is a terminal whose user wants colours (https://no-color.org)."""
        environ = self.world.environ
        return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"

    def _talk(self, text: str, *, bold: str = "") -> None:
        """Write lines on stderr, broken at blanks where they are longer than the screen is wide."""
        stderr = self.world.stderr
        width = _size(self.world, stderr)[0] if stderr.isatty() else None
        for line in text.split("\n"):
            shown = wrapped(safe(line, LONGEST_LINE), width)
            if bold and shown.startswith(bold):
                shown = self.emphasis(bold, stderr) + shown[len(bold) :]
            try:
                stderr.write(f"{shown}\n")
                stderr.flush()
            except OSError:
                # Nobody can be told; the exit code still says what came of it.
                self.silence(stderr)

    def silence(self, stream: TextIO) -> None:
        """Send what is still to be written on a stream nowhere; Python itself tries that at its end."""
        if stream in (sys.__stdout__, sys.__stderr__):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write("".join(f"{safe(line, LONGEST_LINE)}\n" for line in text.split("\n")))

    # --- what is asked ---------------------------------------------------------------------

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked: input and talk are a terminal, and no script wants JSON."""
        return self.world.stdin.isatty() and self.world.stderr.isatty() and not self.json

    @property
    def can_ask_secretly(self) -> bool:
        """Whether a person can be asked for a passphrase, even while a code comes in by a pipe."""
        return self.world.stderr.isatty()

    def ask(self, question: str) -> bool:
        """Ask a person; anything but a yes is a no."""
        stderr = self.world.stderr
        stderr.write(f"{safe(question, LONGEST_LINE)} [y/N] ")
        stderr.flush()
        answer = self.world.stdin.readline()
        if not answer.endswith("\n"):  # the end of the input: no Enter has moved on to the next line
            stderr.write("\n")
        return answer.strip().lower() in {"y", "yes"}

    # --- reports and errors ----------------------------------------------------------------

    def finish(self, report: Report) -> int:
        """Write a report and return its exit code."""
        if self.json:
            record = dict(report.record)
            if report.code and report.output:
                record |= report.output.save(report.code)
            self._print_json(record)
            return report.exit_code
        if report.text:
            self.show(report.text)
        if report.code and report.output:
            report.output.show(self, report.code)
        self.world.stdout.flush()
        for line in report.says:
            self.say(line)
        if report.next_step:
            self.say(f"Next: {report.next_step}")
        for line in report.compare:
            self.say(line)
        return report.exit_code

    def fail(self, code: str, message: str, hint: str, extra: Record | None = None) -> None:
        """Write an error: on stderr for people, as an object on stdout for scripts."""
        if self.json:
            error = {
                "code": code,
                "message": sentence(message),
                "hint": safe(hint, LONGEST_LINE),
                **(extra or {}),
            }
            self._print_json({"error": error})
            return
        self.world.stdout.flush()
        self._talk(f"Error: {sentence(message)}", bold="Error:")
        if hint:
            # As it is: it often ends with a command, and a full stop would be copied with it.
            self._talk(f"What to do: {hint}", bold="What to do:")

    def _print_json(self, record: Record) -> None:
        import json  # scripts alone need it

        text = json.dumps(record, default=json_form)
        # JSON leaves this one control character as it is.
        self.world.stdout.write(text.replace("\x7f", "\\u007f") + "\n")
        self.world.stdout.flush()


def _size(world: World, stream: TextIO) -> tuple[int, int]:
    """Return how many columns and lines a terminal has."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        columns, lines = 0, 0
    given = world.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit():
        columns = int(given) or columns
    return columns or _USUAL, lines or _USUAL_LINES


def json_form(value: object) -> object:
    """Return how JSON says a value that it has no form for.

    Raises:
        TypeError: For a value of another kind.
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.name.lower().replace("_", "-")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
