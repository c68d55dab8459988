"""What a product that embeds the device gets without asking: this machine's clock and its randomness.

The one place of this half that reads them; everything else is handed a `Clock` and a `Random`.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime

Random = Callable[[int], bytes]


def system_clock() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


def system_random(length: int) -> bytes:
    """Return ``length`` bytes that nobody can guess."""
    return os.urandom(length)
