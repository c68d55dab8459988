"""The errors about orders: files with mistakes, each with its place, and orders that came in before."""

from collections.abc import Mapping
from dataclasses import dataclass

from reservation.errors import RuleError, SetupError


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing that is wrong in a file.

    Attributes:
        line: Where, from 1; 0: the file as a whole.
        column: The column or member at fault; None: the line as such.
        text: What is wrong, in a sentence.
        unit: What a line is called: ``line``, or ``object`` in JSON.
    """

    line: int
    column: str | None
    text: str
    unit: str = "line"

    def __str__(self) -> str:
        return f"{self.unit.capitalize()} {self.line}: {self.text}" if self.line else self.text


class OrderFileError(SetupError):
    """An order file that cannot be used.

    Attributes:
        problems: What is wrong in it, by line; of very many, the first.
        count: How many things are wrong.
    """

    code = "order-file"

    def __init__(
        self, message: str, *, hint: str = "", problems: tuple[FileProblem, ...] = (), count: int = 0
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems
        self.count = count

    @property
    def facts(self) -> Mapping[str, object]:
        """For scripts: every problem, with its place."""
        told = [{"line": one.line, "column": one.column, "message": one.text} for one in self.problems]
        return {"problems": told, "count": self.count}


class AlreadyImportedError(RuleError):
    """An order whose licences are in the books already.

    Attributes:
        facts: For scripts: which orders, when and by whom, and whether it was the same file.
    """

    code = "already-imported"

    def __init__(self, message: str, *, hint: str, facts: Mapping[str, object]) -> None:
        super().__init__(message, hint=hint)
        self.facts = facts
