"""What a target is, and what its inputs may cost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

MILLISECONDS: Final = 50
"""That reading an input of up to 64 KB may take, of computing."""
MEGABYTES: Final = 10
"""That it may take of memory."""
SEARCH_MILLISECONDS: Final = 1000
"""The same where a person waits: a search on request, a picture, frames of which one is wrong."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    Attributes:
        run: Takes any bytes, and returns.
        seeds: Valid input, from which the search starts.
        modules: The parser's own modules, whose coverage is reported.
        longest: Bytes of the longest input that is tried.
        share: How many of its inputs are tried for each that is asked for: slow parsers get fewer.
        milliseconds: What one input may take, of computing; reported, since time depends on the machine.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    modules: tuple[str, ...]
    longest: int
    share: float
    milliseconds: int = MILLISECONDS
