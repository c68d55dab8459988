"""What a confirmation proves: its grade; and how often a short one may be tried.

Scope: frozen values, shared through `reservation.model`.
"""

from enum import StrEnum
from typing import Final


class Grade(StrEnum):
    """What shows that an authorization is installed."""

    SIGNED = "signed"
    MAC = "mac"


#: Wrong short confirmations for one reservation, after which no short one is taken for it.
MOST_WRONG: Final = 5
