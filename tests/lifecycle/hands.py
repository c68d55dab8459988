"""Hands that carry out what a row says: the same rows are played through the service layer and by commands.

A hand does one thing at a time and gives a plain `Answer`, so that what comes of it can be compared with the
table whichever way it went.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.cli.desk import Outcome as Run


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one command.

    Attributes:
        exit: The exit code.
        error: The code of the error; empty when it was done.
        says: The error's message, or the notes of the answer.
        code: The code that it gave, if any.
        again: Whether it says that this was done before.
    """

    exit: int = 0
    error: str = ""
    says: str = ""
    code: str = ""
    again: bool = False

    @classmethod
    def of_run(cls, run: Run) -> "Answer":
        """Read the answer off one JSON object."""
        found = run.json
        if "error" in found:
            return cls(run.code, found["error"]["code"], found["error"]["message"])
        notes = " ".join(found.get("notes", ()))
        return cls(run.code, "", notes, found.get("code", ""), found.get("again", False))


class DeviceHands(Protocol):
    """Works one device."""

    @property
    def home(self) -> Path:
        """Its folder."""

    def initialise(self, trust_file: str) -> None:
        """Make the device."""

    def move(self) -> None:
        """Put its folder on other hardware."""

    def request(self, tag: str = "") -> Answer:
        """Ask; for one of a tag, or without a wish."""

    def install(self, code: str) -> Answer:
        """Give it a code."""

    def cancel(self) -> Answer:
        """Cancel."""

    def give_back(self) -> Answer:
        """Return."""

    def confirmation(self) -> Answer:
        """Show the confirmation."""


class PortalHands(Protocol):
    """Works one portal, which has enough of ROUTING."""

    @property
    def books(self) -> Path | str:
        """Its database: a file, or the URL of one on a server."""

    @property
    def trust_file(self) -> str:
        """The text of its trust file."""

    def reserve(self, request: str, count: int) -> Answer:
        """Reserve so many of ROUTING for a request."""

    def accept(self, code: str) -> Answer:
        """Give it a code."""

    def update(self, name: str, count: int) -> Answer:
        """Change the count of ROUTING."""

    def reissue(self, name: str) -> Answer:
        """Show the newest authorization."""

    def propose(self, what: str, name: str) -> Answer:
        """Propose ``rehost`` without a replacement, ``write-off`` or ``release``."""

    def approve(self, name: str) -> Answer:
        """Approve what waits, as a second person."""

    def reject(self, name: str) -> Answer:
        """Reject what waits."""

    def audit(self) -> bool:
        """Tell whether the books add up."""
