"""Every QR symbol of the samples reads as its code."""

import re

import pytest

from codec.qr import svg
from codec.scan import read_image
from samples.make import SAMPLES
from tests.samples.library import text_of

PNGS = sorted(path.stem for path in (SAMPLES / "qr").glob("*.png"))
MODULE = re.compile(r"M(\d+) (\d+)h(\d+)v1")


def dark_modules(document: str) -> set[tuple[int, int]]:
    """Return (column, row) of every dark module of an SVG symbol."""
    bars = (tuple(map(int, bar)) for bar in MODULE.findall(document))
    return {(left + step, top) for left, top, width in bars for step in range(width)}


def test_there_are_pngs() -> None:
    assert len(PNGS) >= 5


@pytest.mark.parametrize("name", PNGS)
def test_a_png_reads_as_its_code(name: str) -> None:
    assert read_image((SAMPLES / "qr" / f"{name}.png").read_bytes()) == (text_of(f"codes/{name}").strip(),)


@pytest.mark.parametrize("name", PNGS)
def test_svg_and_plain_characters_show_the_same_symbol(name: str) -> None:
    document = (SAMPLES / "qr" / f"{name}.svg").read_text(encoding="utf-8")
    rows = text_of(f"qr/{name}.ascii").splitlines()
    drawn = {
        (column // 2, row)
        for row, line in enumerate(rows)
        for column in range(0, len(line), 2)
        if line[column : column + 2] == "##"
    }
    assert dark_modules(document) == drawn
    assert document == svg(text_of(f"codes/{name}").strip())
