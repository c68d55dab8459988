"""What was measured of codes, beside what it should be.

One `Measured` is one line of a table: the codes of all seeds, their floors, and the limits that the project
holds itself to. A limit is met when the median keeps it.
"""

from dataclasses import dataclass
from statistics import median
from typing import Final

from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode

from benchmarks.table import number
from codec.parity import PARITY_CHARACTERS
from codec.qr import version_of

HEAD: Final = (
    "code", "characters ≤", "median", "worst", "QR ≤", "median", "worst",
    "bytes", "floor", "ratio ≤", "median", "worst", "met",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper limits; None where there is none."""

    characters: int | None = None
    version: int | None = None
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Specimen:
    """One code in its text form, the bits of its floor, and how many characters of it are parity."""

    text: str
    floor_bits: float
    parity: int = PARITY_CHARACTERS

    @property
    def octets(self) -> int:
        """Bytes of the code before parity."""
        return (len(self.text) - self.parity) * 5 // 8

    @property
    def ratio(self) -> float:
        """How many times its floor it takes."""
        return 8 * self.octets / self.floor_bits


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of a table."""

    name: str
    specimens: tuple[Specimen, ...]
    limits: Limits = Limits()

    @property
    def characters(self) -> list[int]:
        """Length of every code, parity included."""
        return [len(specimen.text) for specimen in self.specimens]

    @property
    def versions(self) -> list[int]:
        """QR version of every code at level M."""
        return [version_of(specimen.text) for specimen in self.specimens]

    @property
    def ratios(self) -> list[float]:
        """Bytes before parity to floor, of every code."""
        return [specimen.ratio for specimen in self.specimens]

    @property
    def met(self) -> bool | None:
        """Whether all limits are kept; None when there is none."""
        pairs = (
            (self.limits.characters, self.characters),
            (self.limits.version, self.versions),
            (self.limits.ratio, self.ratios),
        )
        kept = [median(values) <= limit for limit, values in pairs if limit is not None]
        return all(kept) if kept else None

    def cells(self) -> tuple[str, ...]:
        """Return the cells under `HEAD`."""
        return (
            self.name,
            limit(self.limits.characters),
            number(median(self.characters)),
            number(max(self.characters)),
            limit(self.limits.version),
            number(median(self.versions)),
            number(max(self.versions)),
            number(median(specimen.octets for specimen in self.specimens), 1),
            number(median(specimen.floor_bits for specimen in self.specimens) / 8, 1),
            limit(self.limits.ratio, 2),
            number(median(self.ratios), 3),
            number(max(self.ratios), 3),
            verdict(self.met),
        )


def limit(value: float | None, places: int = 0) -> str:
    """Write a limit, or a dash where there is none."""
    return "–" if value is None else number(value, places)


def verdict(met: bool | None) -> str:
    """Write whether a limit is met."""
    return {None: "–", True: "yes", False: "NO"}[met]


def symbol_version(text: str) -> int | None:
    """Return the QR version at level M of any text in one segment, or None when no symbol holds it."""
    symbol = QRCode(error_correction=ERROR_CORRECT_M)
    symbol.add_data(text, optimize=0)
    try:
        version: int = symbol.best_fit()
    except (DataOverflowError, ValueError):
        return None
    return version
