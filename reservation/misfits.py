"""Rows that cannot be read, or do not fit each other: what Python says then becomes the error that says so.

Any value can stand in a database that somebody changed, so any step of a decision can stumble over it. What
one row must be like by itself is checked as it is read (`reservation.sql.rows`); what rows must be like
together is found out here, wherever it shows.

Not handled: telling damage from a fault of the program that looks alike. `portal audit` does, and the hint
says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from reservation.errors import StateDamagedError

DAMAGE_HINT = (
    "Change nothing, and keep a copy of the database. `tallystick portal audit` names what disagrees; then "
    "restore the database from a backup."
)

_STUMBLES = (
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


@contextmanager
def misfits_reported() -> Iterator[None]:
    """Report that the books do not fit together, where work on them stumbles.

    Raises:
        StateDamagedError: When it does.
    """
    try:
        yield
    except _STUMBLES as error:
        raise StateDamagedError(
            f"The database holds rows that do not fit together ({type(error).__name__}: {error}).",
            hint=f"{DAMAGE_HINT} If it finds nothing, report what -v shows: a fault of the program.",
        ) from error
