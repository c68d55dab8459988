"""How a bundle's frames are shown: on paper, in a film, on the screen, as text; and the options for it.

Whatever could fail is tried before the command does anything: a folder that is not there, a missing library.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from cli.command import declared, option, the_session
from cli.errors import UsageMistakeError
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.frames import Frame

SECTION = "How the frames are shown"
VERSION = 20
"""Of a QR, unless another one is asked for: phones read it from paper and screens."""
SMALLEST, LARGEST = 5, 30
LOSS = 30
EVERY = 250


@dataclass(frozen=True, slots=True)
class Shown:
    """How a bundle is shown, beside its text.

    Attributes:
        frames: Whether frames are wanted even where one code would do.
        version: Largest QR; None for the usual one.
        loss: Per cent of the frames that may get lost.
        every: Milliseconds that a frame is shown.
        rounds: How often all are shown on the terminal; 0 for ever.
        animate: On the terminal.
        gif: Name of a file to write.
        apng: Name of a file to write.
        sheet: Name of a file to write.
        out: Name of a file to write.
    """

    frames: bool
    version: int | None
    loss: int
    every: int
    rounds: int
    animate: bool
    gif: str | None
    apng: str | None
    sheet: str | None
    out: str | None

    @property
    def drawn(self) -> bool:
        """Whether there will be QR symbols."""
        return bool(self.animate or self.gif or self.apng or self.sheet)

    def require_possible(self, session: Session) -> None:
        """Refuse what could not be done later, before anything is done.

        Raises:
            UsageMistakeError: When a file could not be written, or a library or a terminal is missing.
        """
        from cli.extras import require_extra
        from cli.files import require_place

        for name, switch in (
            (self.gif, "--gif"), (self.apng, "--apng"), (self.sheet, "--sheet"), (self.out, "--out")
        ):  # fmt: skip
            if name:
                require_place(name, switch)
        if self.gif or self.apng:
            require_extra("images", "PIL", purpose="An animation in a file")
        if self.animate and (session.screen is None or session.json):
            raise UsageMistakeError(
                "--animate shows the frames on a terminal, and there is none here.",
                hint="Write them to a file: --gif F, --apng F, or --sheet F to print.",
            )


def shows_frames(run: Callable[..., Report]) -> Callable[..., Report]:
    """Give a command the options for showing frames, as its parameter ``shown``."""
    names = tuple(Shown.__dataclass_fields__)

    @wraps(run)
    def with_shown(**options: Any) -> Report:
        shown = Shown(**{name: options.pop(f"as_{name}") for name in names})
        shown.require_possible(the_session())
        return run(shown=shown, **options)

    return declared(with_shown, _DECLARATIONS)


def written_files(shown: Shown, texts: list[str], frames: "tuple[Frame, ...]", codes: int) -> list[str]:
    """Write the files that were asked for, and name them."""
    from cli.files import write

    written: list[str] = []

    def put(name: str | None, content: Callable[[], bytes]) -> None:
        if name:
            write(name, content())
            written.append(name)

    def film(form: Any) -> bytes:
        from codec.animation import animated

        return animated(texts, milliseconds=shown.every, form=form)

    def page() -> bytes:
        from codec.sheet import sheet

        return sheet(frames, codes=codes).encode()

    put(shown.out, lambda: "".join(f"{text}\n" for text in texts).encode())
    put(shown.gif, lambda: film("GIF"))
    put(shown.apng, lambda: film("APNG"))
    put(shown.sheet, page)
    return written


def _shown(name: str, *names: str, **rest: Any) -> Callable[[Any], Any]:
    return option(*names, f"as_{name}", section=SECTION, **rest)


_DECLARATIONS: tuple[Callable[[Any], Any], ...] = (
    _shown("sheet", "--sheet", metavar="F", help="Write an HTML page with all frames, to print."),
    _shown(
        "animate", "--animate", is_flag=True, help="Show the frames on this terminal, one after the other."
    ),
    _shown("gif", "--gif", metavar="F", help="Write an animated GIF (needs the extra `images`)."),
    _shown("apng", "--apng", metavar="F", help="Write an animated PNG (needs the extra `images`)."),
    _shown("out", "--out", metavar="F", help="Write the texts into a file as well, one a line."),
    _shown("frames", "--frames", is_flag=True, help="Make frames even where one code would do."),
    _shown(
        "loss",
        "--loss",
        type=click.IntRange(0, 90),
        default=LOSS,
        metavar="PERCENT",
        help=f"How many frames may get lost, whichever they are (usually {LOSS}).",
    ),
    _shown(
        "version",
        "--qr-version",
        type=click.IntRange(SMALLEST, LARGEST),
        metavar="N",
        help=f"Largest QR, {SMALLEST} to {LARGEST} (usually {VERSION}, on a terminal what fits).",
    ),
    _shown(
        "every",
        "--every",
        type=click.IntRange(20, 60_000),
        default=EVERY,
        metavar="MS",
        help=f"How long a frame is shown in an animation (usually {EVERY} milliseconds).",
    ),
    _shown(
        "rounds",
        "--rounds",
        type=click.IntRange(0, 1_000_000),
        default=0,
        metavar="N",
        help="How often --animate shows all frames; without it, until Ctrl-C.",
    ),
)
