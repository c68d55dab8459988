"""What stands on a release sheet, however it is laid out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codec.disclosure import Section

SIGNED_BY = ("Name", "Office", "Date, time", "Signature")
"""The lines that a person fills in."""

CONSENT = "I have read this sheet. The code may be carried across as it stands above."


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a sheet, however it is laid out.

    Attributes:
        title: What it is of.
        about: What such a code is for.
        head: Labels and values that identify the code and the sheet.
        sections: Everything that the code carries.
        remarks: Headings, and what is to be said under each, after the fields.
        code: The code itself, for groups and QR.
    """

    title: str
    about: str
    head: tuple[tuple[str, str], ...]
    sections: "tuple[Section, ...]"
    remarks: tuple[tuple[str, str], ...]
    code: str

    @property
    def sum(self) -> str:
        """How much the code carries in all."""
        bits = sum(section.bits for section in self.sections)
        return (
            f"All together about {bits:,.0f} bits. The fields are packed into one number; zeros before it "
            "are left out."
        )
