"""Many codes that come in at once: as arguments, on stdin, in files and folders, in any layout.

Each place is read by itself, so that what cannot be read is named by its file and line. Bundles and frames
among the codes are taken apart; frames may be spread over all places.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.command import argument, declared, option
from cli.errors import UsageMistakeError
from cli.plain import counted, safe

if TYPE_CHECKING:
    from cli.session import Report, Session
    from codec.carriers import Carried
    from codec.frames import Gathered

ENDING = ".txt"
"""Of the files that are read in a folder."""
_MOST_NAMED = 5
_LONGEST_NAME = 100
_WAYS = "Name files or folders of codes, pipe them in with `-`, or paste them after the command"


@dataclass(frozen=True, slots=True)
class ManyCodes:
    """Where the codes are, as the command line says it.

    Attributes:
        words: Codes, files and folders; ``-`` for stdin.
        files: More files.
    """

    words: tuple[str, ...]
    files: tuple[str, ...] = ()

    def read(self, session: "Session") -> "Found":
        """Return everything that is there.

        Raises:
            UsageMistakeError: When nothing was named, or a name cannot be read.
            CodecError: When a newer version made something, or a text is too long.
        """
        from codec.carriers import carried_in

        if not self.words and not self.files:
            if session.world.stdin.isatty():
                raise UsageMistakeError("This command needs codes, and none were given.", hint=_WAYS)
            return Found((("standard input", carried_in(_piped(session))),))
        return Found(tuple((name, carried_in(text)) for name, text in self._texts(session)))

    def _texts(self, session: "Session") -> Iterator[tuple[str, str]]:
        pasted: list[str] = []
        for word in (*self.words, *self.files):
            if word == "-":
                yield "standard input", _piped(session)
            elif len(word) < _LONGEST_NAME and Path(word).is_dir():
                yield from ((name, _content(name)) for name in _files_of(word))
            elif word in self.files or (len(word) < _LONGEST_NAME and Path(word).is_file()):
                yield word, _content(word)
            else:
                pasted.append(_no_file_name(word))
        if pasted:
            yield "the command line", "\n".join(pasted)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, place by place."""

    places: "tuple[tuple[str, Carried], ...]"

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes that stood alone, or in a bundle of one code."""
        return tuple(code for _, carried in self.places for code in carried.codes)

    @property
    def sets(self) -> "tuple[Gathered, ...]":
        """Frames of all places, by the bundle that they belong to."""
        from codec.frames import joined

        return joined(gathered for _, carried in self.places for gathered in carried.sets)

    @property
    def repaired(self) -> int:
        """How many bundles and frames were repaired by their parity."""
        return sum(carried.repaired for _, carried in self.places)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Where there is what looks like a code and cannot be read: "line 7 of batch.txt"."""
        return tuple(
            f"line {line} of {safe(name)}" for name, carried in self.places for line in carried.unreadable
        )


def listed(places: tuple[str, ...]) -> str:
    """Name the first few of some places."""
    more = len(places) - _MOST_NAMED
    shown = ", ".join(places[:_MOST_NAMED])
    return f"{shown} and {counted(more, 'more place')}" if more > 0 else shown


def _piped(session: "Session") -> str:
    from cli.files import read_piped, text_of
    from codec.carriers import LONGEST_TEXT

    return text_of(read_piped(session.world.stdin, LONGEST_TEXT))


def _content(name: str) -> str:
    from cli.files import read_text
    from codec.carriers import LONGEST_TEXT

    return read_text(name, LONGEST_TEXT)


def _files_of(folder: str) -> tuple[str, ...]:
    from cli.files import files_in

    files = files_in(folder, {ENDING})
    if not files:
        raise UsageMistakeError(
            f"The folder {folder} holds no files whose names end in {ENDING}.",
            hint="Name the files themselves.",
        )
    return tuple(files)


def _no_file_name(word: str) -> str:
    """Return a word that is part of a code, and no mistyped name of a file."""
    if len(word) < _LONGEST_NAME and ("/" in word or word.endswith(ENDING)):
        raise UsageMistakeError(
            f"There is no file {safe(word)}, and a code it is not.", hint="Check the name of the file."
        )
    return word


def takes_codes(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command an argument ``CODES`` with all the ways to give them, as its parameter ``given``."""

    @wraps(run)
    def with_input(**options: Any) -> "Report":
        given = ManyCodes(options.pop("codes"), options.pop("code_files"))
        return run(given=given, **options)

    return declared(with_input, _DECLARATIONS)


_DECLARATIONS: tuple[Callable[[Any], Any], ...] = (
    argument(
        "codes",
        nargs=-1,
        metavar="[CODES]...",
        text="Codes, bundles and frames, or files and folders that hold them (one a line, wrapped, or with "
        "empty lines between); `-` reads standard input.",
    ),
    option("--file", "code_files", metavar="F", multiple=True, help="Read a text file; may be repeated."),
)
