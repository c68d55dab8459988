"""The form of the table: one row for every state and everything that can be given or done in it."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of something.

    Attributes:
        says: What happens, for people.
        exit: The exit code.
        error: The code of the error that refuses it; empty when it is done.
        writes: What is recorded, in order: kinds of events at a portal, kinds of codes on a device.
        then: The state afterwards; empty when it stays.
        note: Words that the answer, or the refusal, must have; without any, an answer has no notes.
        again: Whether the answer says that it was given before.
        step: The word for it in a diagram; empty where no state changes.
        possible: Whether such a code can be there at all; `says` tells why not.
    """

    says: str
    exit: int = 0
    error: str = ""
    writes: tuple[str, ...] = ()
    then: str = ""
    note: str = ""
    again: bool = False
    step: str = ""
    possible: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row: in this state, this code or command, and what comes of it."""

    state: str
    code: str
    outcome: Outcome

    def __str__(self) -> str:
        return f"{self.state}: {self.code}"


@dataclass(frozen=True, slots=True)
class Table:
    """States with what they mean, codes (or commands) with what they are, and a row for every pair.

    Attributes:
        states: What each state means.
        codes: What each code or command is.
        rows: The rows.
    """

    states: dict[str, str]
    codes: dict[str, str]
    rows: tuple[Row, ...]


def cannot_be(why: str) -> Outcome:
    """Return the outcome of what can never be given in a state, with the reason."""
    return Outcome(why, possible=False)


def told(code: str, **by_state: Outcome) -> Iterator[Row]:
    """Yield the rows of one code. States are written with underscores."""
    for state, outcome in by_state.items():
        yield Row(state.replace("_", " "), code, outcome)


def alike(code: str, states: dict[str, str], outcome: Outcome) -> Iterator[Row]:
    """Yield the rows of a code whose outcome is the same in every state."""
    for state in states:
        yield Row(state, code, outcome)
