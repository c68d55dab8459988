"""Codes that come in: as an argument, on stdin, in a file, in an image; and the repair of what was mistyped.

A code may be pasted in any shape: unbroken, in groups (each a word of its own for the shell), wrapped,
quoted by a mail program. A repair is never silent: its groups are named, a person is asked, and a script
decides with `--accept-repair` or `--no-repair`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from cli.command import argument, declared, option
from cli.errors import RepairRefusedError, UsageMistakeError
from cli.plain import safe
from cli.repaired import listed, repairs_record

if TYPE_CHECKING:
    from cli.session import Report, Session
    from codec.codes import Code, Kind
    from codec.envelope import VerifiedCode
    from codec.reading import Inspected, Received, Repair

V = TypeVar("V", bound="Code")

SECTION = "Where the code comes from"
BY_PARITY = "its parity holds, which is no proof"
_LONGEST_INPUT = 65_536
_LONGEST_BYTES = 4 * _LONGEST_INPUT
# How files begin that show a QR: PNG, JPEG, GIF, PDF, TIFF, WebP.
_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"%PDF-", b"II*\0", b"MM\0*", b"RIFF")
# Shorter than any code.
_LONGEST_NAME = 100
_LONGEST_ENDING = 5
# No line of a paste comes later than that after the one before it, and nobody types a line so fast.
_PASTE_SECONDS = 0.1
_WAYS = (
    "Paste the code after the command, pipe it in with `-`, or name a file that holds it (--file) or a "
    "picture of its QR (--image)"
)


@dataclass(frozen=True, slots=True)
class CodeInput:
    """Where the code is, as the command line says it.

    Attributes:
        words: The code as an argument, perhaps in several words; ``-`` for stdin.
        file: A text file that holds it.
        image: A picture of its QR.
        accept_repair: Yes, no, or ask.
        may_be_name: Whether a reservation's name will do in place of a code.
        search: Whether a person waits for a longer search, should the code be damaged.
    """

    words: tuple[str, ...]
    file: str | None = None
    image: str | None = None
    accept_repair: bool | None = None
    may_be_name: bool = False
    search: bool = False

    def read(self, session: "Session", what: str, *, kinds: "Collection[Kind]" = ()) -> str:
        """Return the code as it was given, in whatever shape.

        Args:
            session: Asks for it where a person can paste it.
            what: What is wanted, for people ("the request code").
            kinds: What to look for in a picture that shows several codes; empty for any kind.

        Raises:
            UsageMistakeError: When no code was given, or in two places at once.
            NothingSeenError: When a picture shows none, or several among which nobody chose.
        """
        if sum(map(bool, (self.words, self.file, self.image))) > 1:
            raise UsageMistakeError("The code was given in two places at once.", hint=_WAYS)
        if self.image:
            from cli.scanning import only_code

            return only_code(session, self.image, kinds)
        if self.words == ("-",) or self.file == "-":
            return _from_pipe(session)
        if self.file:
            return _from_file(self.file)
        if self.words:
            return " ".join(self.words) if self.may_be_name else _from_words(self.words)
        if session.is_interactive:
            return _pasted(session, what)
        raise UsageMistakeError(f"This command needs {what}, and none was given.", hint=_WAYS)

    def accepted(self, session: "Session", received: "Received[V]") -> "VerifiedCode[V]":
        """Return the code, after the repairs that it needed were accepted.

        Raises:
            RepairRefusedError: When they were not.
        """
        self.require_acceptance(session, received.repairs, "it is genuine", received.notes)
        return received.code

    def inspected(self, session: "Session", raw: str) -> "Inspected":
        """Return what a code says that nobody verified, after the repairs that it needed were accepted.

        Raises:
            RepairRefusedError: When they were not.
            CodecError: When there is no code in the text.
        """
        from codec.reading import inspect

        found = inspect(raw)
        self.require_acceptance(session, found.repairs, BY_PARITY, found.notes)
        return found

    def require_acceptance(
        self, session: "Session", repairs: "Sequence[Repair]", proof: str, notes: Sequence[str] = ()
    ) -> None:
        """Name the repairs that a code needed, and return when they are accepted, or there are none.

        Args:
            session: Names them, and asks where a person can answer.
            repairs: The groups concerned.
            proof: What is known of the code as it is repaired ("it is genuine").
            notes: What else is to be said of the text.

        Raises:
            RepairRefusedError: When they are not.
        """
        for note in notes:
            session.warn(note)
        if not repairs:
            return
        mended = "this" if len(repairs) == 1 else f"these {len(repairs)} places"
        session.warn(f"The code was damaged. With {mended} repaired, {proof}:")
        session.warn("\n".join(f"  {repair}" for repair in repairs))
        if self.accept_repair or (
            self.accept_repair is None
            and session.is_interactive
            and session.ask("Is that what the original says? Use the repaired code?")
        ):
            return
        asked = self.accept_repair is None and session.is_interactive
        raise RepairRefusedError(
            f"The code needs a repair ({listed(repairs)}), which nobody accepted. Nothing was done.",
            hint="Correct it and try again."
            if asked
            else "Compare with the original. Then correct the code, or add --accept-repair.",
            facts={"repairs": repairs_record(repairs)},
        )


def code_text(given: str) -> str:
    """Return the code that an option names: the code itself, or the content of a file of that name.

    Raises:
        UsageMistakeError: When it is the name of a file that is not there, or that cannot be read.
    """
    if len(given) < _LONGEST_NAME and is_file(given):
        return _from_file(given)
    _require_no_file_name(given)
    return given


def _from_words(words: tuple[str, ...]) -> str:
    if len(words) == 1 and len(words[0]) < _LONGEST_NAME and is_file(words[0]):
        raise UsageMistakeError(
            f"{safe(words[0])} is the name of a file, not a code.",
            hint=f"If the code is in that file, write: --file {safe(words[0])}",
        )
    if len(words) == 1:
        _require_no_file_name(words[0])
    return " ".join(words)


def _require_no_file_name(given: str) -> None:
    """Refuse what is too short for a code and looks like the name of a file, mistyped.

    Raises:
        UsageMistakeError: When that is so.
    """
    ending = given.rpartition(".")[2]
    has_ending = given != ending and ending.isalpha() and len(ending) <= _LONGEST_ENDING
    if len(given) < _LONGEST_NAME and ("/" in given or has_ending):
        raise UsageMistakeError(
            f"There is no file {safe(given)}, and a code it is not.",
            hint="Check the name of the file, or paste the code itself.",
        )


def is_file(name: str) -> bool:
    """Tell whether there is a file of this name; what cannot be a name is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _from_file(name: str) -> str:
    from cli.files import read_bytes, text_within

    content = read_bytes(name, _LONGEST_BYTES)
    if content.startswith(_PICTURES):
        raise UsageMistakeError(
            f"The file {safe(name)} is a picture or a PDF, not a text.",
            hint=f"If it shows the QR of a code, write: --image {safe(name)}",
        )
    return text_within(name, content, _LONGEST_BYTES)


def _from_pipe(session: "Session") -> str:
    from cli.files import read_piped, text_of

    content = read_piped(session.world.stdin, _LONGEST_BYTES)
    if len(content) > _LONGEST_BYTES:
        raise UsageMistakeError(
            f"What was piped in has more than {_LONGEST_BYTES:,} bytes, which no code has.",
            hint="Pipe in the code alone.",
        )
    return text_of(content)


def _pasted(session: "Session", what: str) -> str:
    """Read lines until they make a whole code, or an empty line says that there is no more.

    What was pasted in one go is read to its end: the shell would take the rest of a mail for commands.
    """
    session.warn(f"Paste or type {what}, then press Enter twice:")
    stdin = session.world.stdin
    lines: list[str] = []
    size = 0
    while size <= _LONGEST_INPUT:
        line = stdin.readline(_LONGEST_INPUT)
        more_waits = _has_more(stdin)
        if not line or (not line.strip() and lines and not more_waits):
            break
        lines.append(line)
        size += len(line)
        if not more_waits and _is_whole("".join(lines)):
            break
    return "".join(lines)


def _has_more(stdin: TextIO) -> bool:
    """Tell whether another line of a paste stands in the terminal already, or comes at once."""
    from select import select  # for people at a terminal alone

    try:
        return bool(select([stdin], [], [], _PASTE_SECONDS)[0])
    except (OSError, ValueError):  # no terminal of this kind
        return False


def _is_whole(text: str) -> bool:
    from codec.errors import CodecError
    from codec.reading import is_whole
    from codec.short import inspect_short, is_short

    if not is_short(text):
        return is_whole(text)
    try:
        return not inspect_short(text).repairs
    except CodecError:
        return False


def takes_code(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command an argument ``CODE`` with all the ways to give it, as its parameter ``given``."""
    return declared(_with_input(run, may_be_name=False), (_CODE, *_DECLARATIONS, _SEARCH))


def names_reservation(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command an argument ``RESERVATION``: a name or any code of it, as its parameter ``given``."""
    return declared(_with_input(run, may_be_name=True), (_RESERVATION, *_DECLARATIONS))


def _with_input(run: Callable[..., "Report"], *, may_be_name: bool) -> Callable[..., "Report"]:
    @wraps(run)
    def with_input(**options: Any) -> "Report":
        given = CodeInput(
            words=options.pop("code"),
            file=options.pop("code_file"),
            image=options.pop("code_image"),
            accept_repair=options.pop("accept_repair"),
            may_be_name=may_be_name,
            search=options.pop("search", False),
        )
        return run(given=given, **options)

    return with_input


_CODE = argument(
    "code",
    nargs=-1,
    metavar="[CODE]",
    text="The code, however it was wrapped, grouped or quoted; `-` reads it from standard input.",
)
_RESERVATION = argument(
    "code",
    nargs=-1,
    metavar="RESERVATION",
    text="The first 8 or more characters of its name, or any of its codes; `-` reads it from standard input.",
)


_DECLARATIONS: tuple[Callable[[Any], Any], ...] = (
    option("--file", "code_file", metavar="F", section=SECTION, help="Read the code from a text file."),
    option(
        "--image",
        "code_image",
        metavar="F",
        section=SECTION,
        help="Read the code from a photo, screenshot or PDF that shows its QR (needs the extra `scan`).",
    ),
    option(
        "--accept-repair/--no-repair",
        "accept_repair",
        default=None,
        section=SECTION,
        help="Use a code whose mistyped groups could be repaired, or refuse it. Without either, a person is "
        "asked, and a script is refused.",
    ),
)

_SEARCH = option(
    "--search",
    is_flag=True,
    section=SECTION,
    help="Search longer, up to a second, for what may have happened to a badly damaged code.",
)
