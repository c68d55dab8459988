"""What time it is, for a device whose clock nobody vouches for.

Effective now = the later of the clock and the floor. The floor is the issue time of the newest installed
authorization, raised by the codes that the device signed since. Installing a newer sequence starts it anew.

One boot in a far future must not end every licence: so a signed code raises the floor only when it came
within `PLAUSIBLE` of the issue time, and a clock that is far off is reported, never punished. Dates decide
whether a line is in force; they never decide which authorization is newer.

Not handled: a clock that was set back by less than the time since the last signed code. No software can
tell that from a clock that is right.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from codec.codes import LAST_MINUTE, TIME_ZERO

Clock = Callable[[], datetime]

#: A code signed later than this after the issue of its authorization says more about the clock than the time.
PLAUSIBLE = timedelta(days=366)
#: A clock this far behind the floor is worth a word.
BEHIND = timedelta(days=1)
#: A clock this far ahead of the newest authorization may be wrong: most reservations see an update before.
AHEAD = timedelta(days=3 * 366)


def floor_of(issued_at: datetime | None, signed_at: Iterable[datetime]) -> datetime:
    """Return the earliest time that it can be now.

    Args:
        issued_at: Issue time of the newest installed authorization; None before the first.
        signed_at: When the device signed its codes since that installation, the confirmation included.
    """
    if issued_at is None:
        return TIME_ZERO
    return max((issued_at, *(at for at in signed_at if at - issued_at <= PLAUSIBLE)))


def effective_now(clock: datetime, floor: datetime) -> datetime:
    """Return the later of clock and floor, within what a code can carry."""
    return min(max(clock.astimezone(UTC), floor), LAST_MINUTE)


def clock_notes(clock: datetime, floor: datetime) -> tuple[str, ...]:
    """Say what is wrong with a clock, in sentences; nothing when it may be right."""
    shown = f"{clock.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if floor - clock > BEHIND:
        return (
            f"The clock shows {shown}, but the newest code on this device is of {floor:%Y-%m-%d %H:%M} UTC. "
            "The later time counts. Set the clock.",
        )
    if floor > TIME_ZERO and clock - floor > AHEAD:
        return (
            f"The clock shows {shown}, years after the newest code on this device ({floor:%Y-%m-%d}). "
            "If that is wrong, set the clock: dated licences end by it.",
        )
    if clock < TIME_ZERO:
        return (f"The clock shows {shown}, before the first time that a code can name. Set the clock.",)
    return ()
