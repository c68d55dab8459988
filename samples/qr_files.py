"""QR symbols of some sample codes: PNG, SVG, and what a terminal shows."""

from typing import Final

from codec.qr import ascii_art, png, svg, terminal
from samples.code_files import Files
from samples.story import Story

DRAWN: Final = (
    "request-specific",
    "authorization-small",
    "authorization-large",
    "confirmation-first",
    "return-installed",
    "trust-first",
)
"""Codes that are drawn; the large authorization is the densest symbol."""


def qr_files(story: Story) -> Files:
    """Yield the symbols of each code, in every form."""
    for name in DRAWN:
        text = story.code(name).code.text
        yield f"qr/{name}.png", png(text)
        yield f"qr/{name}.svg", svg(text).encode()
        yield f"qr/{name}.terminal.txt", f"{terminal(text)}\n".encode()
        yield f"qr/{name}.ascii.txt", f"{ascii_art(text)}\n".encode()
