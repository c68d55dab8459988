"""Codes that go out: on stdout, in groups for typing, as a QR, into files, onto the clipboard.

On a terminal a code is shown in numbered groups; into a pipe or a file it goes as one unbroken line. Whatever
could fail is tried before the command does anything: a folder that is not there, a library that is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from cli.command import declared, option, the_session
from cli.errors import UsageMistakeError

if TYPE_CHECKING:
    from cli.session import Report, Session

SECTION = "How the code is shown"


@dataclass(frozen=True, slots=True)
class CodeOutput:
    """How a code is shown, beside or instead of the usual form.

    Attributes:
        typed: In numbered groups, also when stdout is not a terminal.
        spelled: In words, for reading aloud.
        qr: As a QR for cameras, on this terminal.
        ascii_qr: The same in plain characters.
        png: Name of a PNG file to write.
        svg: Name of an SVG file to write.
        out: Name of a text file to write.
        copy: Onto the clipboard of the terminal.
    """

    typed: bool = False
    spelled: bool = False
    qr: bool = False
    ascii_qr: bool = False
    png: str | None = None
    svg: str | None = None
    out: str | None = None
    copy: bool = False

    def require_possible(self, session: "Session") -> None:
        """Refuse what could not be done later, before the command does anything.

        Raises:
            UsageMistakeError: When a file could not be written, or a library or a terminal is missing.
        """
        from cli.extras import require_extra
        from cli.files import require_place

        for name, switch in ((self.out, "--out"), (self.png, "--png"), (self.svg, "--svg")):
            if name:
                require_place(name, switch)
        if self.png:
            require_extra("images", "PIL", purpose="A PNG image")
        if self.copy and not (session.world.stderr.isatty() or session.world.stdout.isatty()):
            raise UsageMistakeError(
                "--copy hands the code to the terminal's clipboard, and there is no terminal here.",
                hint="Leave --copy out; --out F writes the code to a file.",
            )

    def show(self, session: "Session", code: str) -> None:
        """Write the code on stdout and wherever else it was asked for."""
        stdout = session.world.stdout
        if self.typed or stdout.isatty():
            from codec.grouping import grouped

            session.show(grouped(code))
        else:
            session.show(code)
        if self.spelled:
            from codec.grouping import spell

            session.show(spell(code))
        self._draw(session, code)
        if self.copy:
            _to_clipboard(session, code)
        stdout.flush()
        for name in self.save(code).get("files", ()):
            session.say(f"Written: {name}")

    def save(self, code: str) -> dict[str, list[str]]:
        """Write the files that were asked for, and name them.

        Raises:
            OutputError: When one could not be written.
        """
        from cli.files import write

        makers: tuple[tuple[str | None, Callable[[str], bytes]], ...] = (
            (self.out, lambda text: f"{text}\n".encode()),
            (self.png, _png),
            (self.svg, _svg),
        )
        written = []
        for name, make in makers:
            if name:
                write(name, make(code))
                written.append(name)
        return {"files": written} if written else {}

    def _draw(self, session: "Session", code: str) -> None:
        if self.qr:
            draw_qr(session, code)
        if self.ascii_qr:
            draw_qr(session, code, plain=True)


def draw_qr(session: "Session", code: str, *, plain: bool = False, indent: int = 0) -> None:
    """Draw the QR of a code on stdout; where the screen is too small for it, say so, with the way out.

    Args:
        session: Draws, and says.
        code: The code.
        plain: In plain characters, twice as wide, without colours.
        indent: Columns before it.
    """
    from codec import qr

    drawing = qr.ascii_art(code) if plain else qr.terminal(code)
    side = 4 * qr.version_of(code) + 17 + 2 * qr.QUIET_ZONE
    columns, lines = indent + side * (2 if plain else 1), drawing.count("\n") + 1
    most_columns, most_lines = session.screen or (columns, lines)
    if columns > most_columns:
        session.warn(
            f"The QR is {columns} columns wide and this screen has {most_columns}, so it is not drawn. "
            + ("With colours it is half as wide: --qr. " if plain else "")
            + "Otherwise make the window wider or its letters smaller, or write the QR to a file: --svg F."
        )
        return
    session.draw("\n".join(" " * indent + line for line in drawing.split("\n")) if indent else drawing)
    if lines > most_lines:
        session.warn(
            f"The QR is {lines} lines high and this screen has {most_lines}: to see it whole, make the "
            "window higher or its letters smaller, or write it to a file: --svg F."
        )


def _png(code: str) -> bytes:
    from codec.qr import png

    return png(code)


def _svg(code: str) -> bytes:
    from codec.qr import svg

    return svg(code).encode()


def _to_clipboard(session: "Session", code: str) -> None:
    """Ask the terminal to take the code (OSC 52, XTerm control sequences)."""
    from binascii import b2a_base64

    world = session.world
    stream = world.stderr if world.stderr.isatty() else world.stdout
    stream.write(f"\x1b]52;c;{b2a_base64(code.encode(), newline=False).decode()}\x07")
    stream.flush()
    session.say("Copied, if this terminal allows it.")


def shows_code(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the options for showing a code, as its parameter ``output``."""
    names = tuple(CodeOutput.__dataclass_fields__)

    @wraps(run)
    def with_output(**options: Any) -> "Report":
        output = CodeOutput(**{name: options.pop(f"as_{name}") for name in names})
        output.require_possible(the_session())
        return run(output=output, **options)

    return declared(with_output, _DECLARATIONS)


def _shown(name: str, *names: str, **rest: Any) -> Callable[[Any], Any]:
    return option(*names, f"as_{name}", section=SECTION, **rest)


_DECLARATIONS: tuple[Callable[[Any], Any], ...] = (
    _shown("qr", "--qr", is_flag=True, help="Draw the QR on this terminal."),
    _shown("ascii_qr", "--ascii-qr", is_flag=True, help="Draw the QR in plain characters, without colours."),
    _shown("png", "--png", metavar="F", help="Write the QR as a PNG image (needs the extra `images`)."),
    _shown("svg", "--svg", metavar="F", help="Write the QR as an SVG drawing."),
    _shown("out", "--out", metavar="F", help="Write the code into a text file as well."),
    _shown("copy", "--copy", is_flag=True, help="Copy the code, in terminals that allow it (OSC 52)."),
    _shown(
        "typed", "--typed", is_flag=True, help="Show numbered groups, for typing, also in a pipe or a file."
    ),
    _shown("spelled", "--spell", is_flag=True, help="Spell the code in words, for reading aloud."),
)
