"""Frames on a terminal, one after the other, until somebody has seen enough.

The screen is the terminal's second one, where it has one: what stood there before comes back at the end, and
so does the cursor, however it ends.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice

from cli.errors import UsageMistakeError
from cli.session import Session

_SECOND_SCREEN, _FIRST_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_TOP, _CLEAR, _CLEAR_LINE = "\x1b[H", "\x1b[2J", "\x1b[K"


def animate(session: Session, texts: Sequence[str], *, milliseconds: int, rounds: int) -> None:
    """Show the QR of each text in turn.

    Args:
        session: Whose stdout is a terminal.
        texts: Codes with symbols of one size.
        milliseconds: How long each is shown.
        rounds: How often all of them; 0 until Ctrl-C, which ends it in peace.

    Raises:
        UsageMistakeError: The screen is too small.
    """
    _require_room(session, texts[0])
    drawings: dict[int, str] = {}
    stdout = session.world.stdout
    with _second_screen(session):
        for _ in islice(count(), rounds or None):
            for number, text in enumerate(texts):
                if number not in drawings:
                    drawings[number] = _drawing(session, text)
                note = f"{number + 1} of {len(texts)}, again and again. Ctrl-C ends it."
                stdout.write(f"{_TOP}{drawings[number]}\n{note}{_CLEAR_LINE}")
                stdout.flush()
                session.world.sleep(milliseconds / 1000)


@contextmanager
def _second_screen(session: Session) -> Iterator[None]:
    stdout = session.world.stdout
    stdout.write(f"{_SECOND_SCREEN}{_HIDE_CURSOR}{_CLEAR}")
    try:
        yield
    except KeyboardInterrupt:
        # That is how a person says that the other side has it all.
        return
    finally:
        stdout.write(f"{_SHOW_CURSOR}{_FIRST_SCREEN}")
        stdout.flush()


def _drawing(session: Session, text: str) -> str:
    from codec import qr

    return qr.terminal(text) if session.has_colours(session.world.stdout) else qr.ascii_art(text)


def _require_room(session: Session, text: str) -> None:
    from codec import qr

    coloured = session.has_colours(session.world.stdout)
    side = 4 * qr.version_of(text) + 17 + 2 * qr.QUIET_ZONE
    columns, lines = (side, (side + 1) // 2 + 1) if coloured else (2 * side, side + 1)
    most_columns, most_lines = session.screen or (columns, lines)
    if columns > most_columns or lines > most_lines:
        raise UsageMistakeError(
            f"The QR takes {columns} columns and {lines} lines, and this screen has {most_columns} and "
            f"{most_lines}.",
            hint="Leave --qr-version out, make the window larger or its letters smaller, or use --gif F.",
        )
