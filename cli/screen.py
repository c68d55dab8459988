"""Tables and labelled values for the screen of the command that is running; see `cli.plain`.

On a terminal they fit its width. Elsewhere a row is one line, whatever its length, for `grep` and `awk`.
"""

from collections.abc import Collection, Sequence

from cli import plain
from cli.command import the_session


def table(head: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[str] = ()) -> str:
    """Return aligned columns that fit the screen (see `cli.plain.table`)."""
    return plain.table(head, rows, right, width=the_session().width)


def labelled(pairs: Sequence[tuple[str, object]]) -> str:
    """Return labels and values that fit the screen (see `cli.plain.labelled`)."""
    return plain.labelled(pairs, width=the_session().width)
