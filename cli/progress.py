"""Progress of what takes more than a second, on one line of a terminal that is gone at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from cli.session import Session

PATIENCE = timedelta(seconds=1)
_STEP = timedelta(milliseconds=100)


@contextmanager
def counting(session: Session, what: str) -> Iterator[Callable[[object], None]]:
    """Give a function to call for each thing that is done; after a second, a count is shown.

    Args:
        session: Nothing is shown unless its talk goes to a terminal.
        what: What is counted, in the plural.
    """
    stream, clock = session.world.stderr, session.world.clock
    shown = stream.isatty() and not session.quiet and not session.json
    count, next_at, drawn = 0, clock() + PATIENCE, False

    def step(_: object) -> None:
        nonlocal count, next_at, drawn
        count += 1
        if shown and (now := clock()) >= next_at:
            stream.write(f"\r{count:,} {what} …")
            stream.flush()
            next_at, drawn = now + _STEP, True

    try:
        yield step
    finally:
        if drawn:
            stream.write("\r\x1b[K")
            stream.flush()
