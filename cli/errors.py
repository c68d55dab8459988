"""The errors of the command line itself: what it refuses before, or instead of, asking the layers below."""

from collections.abc import Mapping
from typing import ClassVar


class CommandError(Exception):
    """Base of every error that this package raises.

    Attributes:
        code: Stable, kebab-case name of the failure.
        message: What happened and why, in a sentence.
        hint: What to do next; may be empty.
    """

    code: ClassVar[str] = "command"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageMistakeError(CommandError):
    """An option, a setting or a file with which the command cannot do anything."""

    code = "usage"


class RepairRefusedError(CommandError):
    """A code that could be repaired, while nobody accepted the repair.

    Attributes:
        facts: For scripts: the groups concerned.
    """

    code = "repair-not-accepted"

    def __init__(self, message: str, *, hint: str, facts: Mapping[str, object]) -> None:
        super().__init__(message, hint=hint)
        self.facts = facts


class NothingSeenError(CommandError):
    """Pictures in which no code was seen.

    Attributes:
        facts: For scripts: what was seen, and what could not be read.
    """

    code = "nothing-seen"

    def __init__(self, message: str, *, hint: str, facts: Mapping[str, object]) -> None:
        super().__init__(message, hint=hint)
        self.facts = facts


class DeclinedError(CommandError):
    """A person answered no, or nobody was there to answer."""

    code = "declined"


class OutputError(CommandError):
    """A result that could not be written where it was asked for; the command itself is done."""

    code = "output"


class DemoError(CommandError):
    """A step of the demo that did not end as it should."""

    code = "demo"
