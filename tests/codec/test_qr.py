"""QR symbols: every form that is drawn is read back by an independent reader; hostile images are refused."""

import io
import re
import struct
import sys
import zlib
from typing import cast
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from qrcode.util import lost_point

from codec import qr, scan
from codec.alphabet import ALPHABET
from codec.errors import QrError
from codec.parity import parity_of
from codec.pictures import LONGEST_SIDE

CODE = "Q5K3F7Y2AMM3D9Z0X5VT8HB6NE4RWCJGSPQ0" * 4 + "01"
LONGER = CODE + CODE[::-1] + parity_of(CODE)
KINDS = zxingcpp.barcode_formats_from_str("QRCode")
LIGHT, DARK = 255, 0

Picture = list[list[int]]
"""Rows of grey levels."""


def enlarged(picture: Picture, factor: int) -> Image.Image:
    height, width = len(picture), len(picture[0])
    image = Image.frombytes("L", (width, height), bytes(level for row in picture for level in row))
    return image.resize((width * factor, height * factor), Image.Resampling.NEAREST)


def read(image: Image.Image) -> zxingcpp.Barcode:
    found = zxingcpp.read_barcodes(image, formats=KINDS, try_invert=False)
    assert len(found) == 1
    return found[0]


def png_file(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


# --- What a terminal shows -----------------------------------------------------------------------------

PALETTE = {"16": DARK, "231": LIGHT}
CELL = re.compile(r"\x1b\[([0-9;]*)m|(.)")


def shown_by_terminal(text: str, *, around: int, gap: int) -> Picture:
    """Paint a terminal's cells: two halves each, colours as last set, ``around`` where none is set."""
    picture: Picture = []
    for line in text.split("\n"):
        upper, lower = [], []
        foreground = background = around
        for settings, character in CELL.findall(line):
            if not character:
                parts = settings.split(";")
                if parts == ["0"]:
                    foreground = background = around
                for at, part in enumerate(parts):
                    if part == "38":
                        foreground = PALETTE[parts[at + 2]]
                    if part == "48":
                        background = PALETTE[parts[at + 2]]
                continue
            assert character == "▀"
            upper += [foreground] * 8
            lower += [background] * 8
        assert foreground == background == around, "colours leak into the next line"
        # A terminal with line spacing fills the gap with the cell's background.
        picture += [upper] * 8 + [lower] * (8 + gap)
    return picture


@pytest.mark.parametrize("around", [DARK, LIGHT])
@pytest.mark.parametrize("gap", [0, 1, 2, 4])
def test_terminal_symbols_are_read(around: int, gap: int) -> None:
    picture = shown_by_terminal(qr.terminal(LONGER), around=around, gap=gap)
    symbol = read(enlarged(picture, 1))
    assert symbol.text == LONGER


@pytest.mark.parametrize("around", [DARK, LIGHT])
@pytest.mark.parametrize("gap", [1, 2])
def test_terminals_that_leave_lines_in_their_own_colour_are_read(around: int, gap: int) -> None:
    cells = shown_by_terminal(qr.terminal(LONGER), around=around, gap=0)
    rows = range(0, len(cells), 16)
    apart = [line for row in rows for line in (*cells[row : row + 16], *[[around] * len(cells[0])] * gap)]
    assert scan.read_image(png_file(enlarged(apart, 1))) == (LONGER,)


def test_terminal_symbols_bring_their_own_quiet_zone() -> None:
    picture = shown_by_terminal(qr.terminal(CODE), around=DARK, gap=0)
    assert {level for row in picture[: 4 * 8] for level in row} == {LIGHT}
    assert {level for row in picture[-5 * 8 :] for level in row} == {LIGHT}
    assert {level for row in picture for level in row[: 4 * 8] + row[-4 * 8 :]} == {LIGHT}


def test_plain_text_symbols_are_read() -> None:
    lines = qr.ascii_art(CODE).split("\n")
    assert set("".join(lines)) == {"#", " "}
    picture = [[DARK if character == "#" else LIGHT for character in line] for line in lines for _ in "12"]
    assert read(enlarged(picture, 3)).text == CODE


# --- SVG and PNG ---------------------------------------------------------------------------------------


def shown_by_browser(text: str) -> Picture:
    root = ElementTree.fromstring(text)
    _, _, width, height = map(int, root.attrib["viewBox"].split())
    ground, path = root
    assert (ground.attrib["width"], ground.attrib["height"]) == (str(width), str(height))
    assert (ground.attrib["fill"], path.attrib["fill"]) == ("#fff", "#000")
    picture = [[LIGHT] * width for _ in range(height)]
    bar = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
    assert not bar.sub("", path.attrib["d"])
    for left, top, right_by, back_by in bar.findall(path.attrib["d"]):
        assert right_by == back_by
        for at in range(int(left), int(left) + int(right_by)):
            picture[int(top)][at] = DARK
    return picture


def test_svg_symbols_are_read() -> None:
    assert read(enlarged(shown_by_browser(qr.svg(LONGER)), 4)).text == LONGER


def test_all_forms_show_the_same_symbol() -> None:
    modules = shown_by_browser(qr.svg(CODE))
    size = 4 * qr.version_of(CODE) + 17 + 2 * qr.QUIET_ZONE
    assert len(modules) == size
    text = qr.ascii_art(CODE).split("\n")
    assert [[DARK if mark == "#" else LIGHT for mark in line[::2]] for line in text] == modules
    cells = shown_by_terminal(qr.terminal(CODE), around=DARK, gap=0)
    assert [row[::8] for row in cells[::8]][:size] == modules
    image = Image.open(io.BytesIO(qr.png(CODE))).convert("L")
    assert image.size == (8 * size, 8 * size)
    assert enlarged(modules, 8).tobytes() == image.tobytes()


@given(st.text(ALPHABET, min_size=1, max_size=340))
def test_any_code_comes_back_from_its_image(code: str) -> None:
    assert scan.read_image(qr.png(code)) == (code,)


# --- The symbol itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "version"),
    # The capacity of each version at level M in alphanumeric mode (ISO/IEC 18004, table 7), and one more.
    [(20, 1), (21, 2), (154, 6), (155, 7), (178, 7), (179, 8), (221, 8), (222, 9), (366, 11), (2046, 31)],
)
@pytest.mark.parametrize("character", ["Z", "7"])
def test_versions_are_those_of_alphanumeric_mode_at_level_m(count: int, version: int, character: str) -> None:
    assert qr.version_of(character * count) == version


def test_the_reader_sees_the_version_and_the_level() -> None:
    for code in (CODE, LONGER, "7" * 40 + CODE):
        symbol = read(Image.open(io.BytesIO(qr.png(code))))
        assert cast("dict[str, str]", symbol.extra)["Version"] == str(qr.version_of(code))
        assert symbol.ec_level == "M"


def test_the_mask_has_the_least_penalty() -> None:
    from qrcode.main import QRCode
    from qrcode.util import MODE_ALPHA_NUM, QRData

    for code in (CODE, LONGER, "Q5", CODE[7:]):
        drawn = [row[4:-4] for row in shown_by_browser(qr.svg(code))[4:-4]]
        modules = [[level == DARK for level in row] for row in drawn]
        every = []
        for mask in range(8):
            other = QRCode(error_correction=0, mask_pattern=mask)
            other.add_data(QRData(code, mode=MODE_ALPHA_NUM))
            other.make()
            every.append(other.modules)
        assert modules in every
        assert lost_point(modules) == min(map(lost_point, every))


@pytest.mark.parametrize("text", ["", "q5", "QU", "HTTPS://X", "Q 5", "é", "Z" * 2047])
def test_what_is_no_code_is_not_drawn(text: str) -> None:
    for draw in (qr.terminal, qr.ascii_art, qr.svg, qr.png, qr.version_of):
        with pytest.raises(QrError):
            draw(text)


# --- Photos and files ----------------------------------------------------------------------------------


def photo() -> Image.Image:
    """A symbol as a telephone sees it: small in a large grey picture, askew, blurred, unevenly lit."""
    symbol = Image.open(io.BytesIO(qr.png(LONGER))).convert("L")
    scene = Image.new("L", (4000, 3000), 150)
    scene.paste(symbol.resize((1300, 1300)), (1500, 700))
    scene = scene.rotate(11, Image.Resampling.BILINEAR, fillcolor=120).filter(ImageFilter.GaussianBlur(2))
    return scene.point(lambda level: 40 + level * 0.6)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_photos_are_read_from_every_format(kind: str) -> None:
    assert scan.read_image(png_file(photo(), kind)) == (LONGER,)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16"])
def test_every_kind_of_pixel_is_read(mode: str) -> None:
    symbol = Image.open(io.BytesIO(qr.png(CODE))).convert("L")
    if mode == "I;16":
        deep = struct.pack(f"<{len(symbol.tobytes())}H", *(100 + level * 200 for level in symbol.tobytes()))
        image = Image.frombytes("I;16", symbol.size, deep)
    else:
        image = symbol.convert("RGB").convert(mode)
    assert scan.read_image(png_file(image, "TIFF" if mode in {"CMYK", "YCbCr"} else "PNG")) == (CODE,)


def test_transparent_paper_is_white() -> None:
    mask = Image.open(io.BytesIO(qr.png(CODE))).convert("L").point(lambda level: 255 - level)
    image = Image.new("RGBA", mask.size, (0, 0, 0, 0))
    image.putalpha(mask)
    assert scan.read_image(png_file(image)) == (CODE,)
    palette = image.quantize()
    assert palette.mode == "P"
    assert scan.read_image(png_file(palette)) == (CODE,)


def test_inverted_symbols_are_read() -> None:
    symbol = Image.open(io.BytesIO(qr.png(CODE))).convert("L").point(lambda level: 255 - level)
    assert scan.read_image(png_file(symbol)) == (CODE,)


def test_all_different_symbols_of_an_image_are_found() -> None:
    sheet = Image.new("L", (2000, 800), LIGHT)
    for at, code in enumerate([CODE, LONGER[:60], CODE]):
        sheet.paste(Image.open(io.BytesIO(qr.png(code))), (40 + 640 * at, 40))
    found = scan.read_image(png_file(sheet))
    assert sorted(found) == sorted([CODE, LONGER[:60]])


def test_an_image_without_a_symbol_has_no_texts() -> None:
    assert scan.read_image(png_file(Image.new("RGB", (300, 200), "green"))) == ()


def png_header(width: int, height: int) -> bytes:
    """A PNG of that size which claims far more pixels than it has bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "size", [(7072, 7072), (65_536, 1), (12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)]
)
def test_too_many_pixels_are_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(QrError, match="50 megapixels"):
        scan.read_image(png_header(*size))


def test_large_files_are_refused_before_opening() -> None:
    with pytest.raises(QrError, match="20,000,001 bytes"):
        scan.read_image(bytes(scan.LARGEST_FILE + 1))


def test_long_screenshots_are_read() -> None:
    strip = Image.new("L", (600, 40_000), LIGHT)
    symbol = Image.open(io.BytesIO(qr.png(CODE)))
    strip.paste(symbol, (20, 30_000))
    assert scan.read_image(png_file(strip)) == (CODE,)
    assert scan.read_image(png_file(Image.new("1", (LONGEST_SIDE, 1)))) == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"QK3F",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"P5 9 9 255\n" + bytes(81),
        png_header(100, 100),
        png_header(0, 100),
        qr.png(CODE)[:200],
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"GIF89a" + bytes(100),
        b"RIFF\x24\0\0\0WEBPVP8 " + bytes(100),
        b"II*\0\x08\0\0\0\xff\xff" + bytes(100),
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(QrError):
        scan.read_image(data)


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"]), st.data())
def test_damaged_images_are_read_or_refused(kind: str, data: st.DataObject) -> None:
    file = bytearray(png_file(Image.open(io.BytesIO(qr.png("Q5"))).convert("L"), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        texts = scan.read_image(bytes(file))
    except QrError:
        return
    assert texts in {(), ("Q5",)}


# --- Extras that are not there -------------------------------------------------------------------------


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "zxingcpp", None)
    with pytest.raises(QrError) as caught:
        qr.png(CODE)
    assert "pip install 'tallystick[images]'" in caught.value.hint
    with pytest.raises(QrError) as caught:
        scan.read_image(b"")
    assert "pip install 'tallystick[scan]'" in caught.value.hint
    assert qr.svg(CODE).startswith("<svg")
