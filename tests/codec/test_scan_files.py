"""Files with several pictures: PDF, animations; pictures that need help; and what is more than the limits."""

import io
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from codec import pdfpages, pictures, qr, scan
from codec.errors import QrError
from codec.scan import Symbol

CODES = tuple(f"Q{number}K3F7Y2AMM3D9Z0X5VT8HB6NE4RWCJGSPQ0" * 4 for number in range(3))


def symbol(code: str) -> Image.Image:
    return Image.open(io.BytesIO(qr.png(code))).convert("L")


def saved(shown: Sequence[Image.Image], kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    shown[0].save(file, kind, save_all=True, append_images=list(shown[1:]), **options)
    return file.getvalue()


def pdf_of(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1, the first of them its catalogue."""
    content, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(content))
    return content + head + table + tail


def drawn_page(content: bytes, box: bytes = b"0 0 595 842") -> bytes:
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[" + box + b"]/Contents 4 0 R>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(content), content),
    )


def drawn(code: str, *, module: float) -> bytes:
    """PDF instructions that draw a symbol in vectors."""
    lines = qr.ascii_art(code).split("\n")
    return b"".join(
        b"%.2f %.2f %.2f %.2f re f\n" % (40 + at * module, 780 - row * module, module, module)
        for row, line in enumerate(lines)
        for at, mark in enumerate(line[::2])
        if mark == "#"
    )


# --- several pictures --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "PDF"])
def test_all_pictures_of_a_file_are_read(kind: str) -> None:
    shown = [symbol(code).convert("RGB").resize((500, 500)) for code in CODES]
    options = {} if kind in {"TIFF", "PDF"} else {"duration": 100}
    found = scan.read_symbols(saved(shown, kind, **options))
    assert found == tuple(Symbol(code, page) for page, code in enumerate(CODES, start=1))
    assert scan.read_image(saved([*shown, *shown], kind, **options)) == CODES


def test_symbols_that_a_pdf_draws_are_read() -> None:
    assert scan.read_image(drawn_page(drawn(CODES[0], module=1.6))) == (CODES[0],)


def test_a_page_as_large_as_a_house_is_drawn_small() -> None:
    (page,) = pdfpages.pages(drawn_page(b"", b"0 0 14400 14400"))
    assert page.width * page.height <= 1.01 * pictures.READ_AT
    for box in (b"0 0 1e9 1e9", b"0 0 1e9 0.001", b"0 0 1e39 1e39", b"0 0 0 0"):
        assert scan.read_image(drawn_page(b"", box)) == ()


def test_a_pdf_with_too_many_pages_is_refused_before_any_is_drawn() -> None:
    count = pdfpages.MOST_PAGES + 1
    many = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, b" ".join(b"3 0 R" for _ in range(count))),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
    )
    with pytest.raises(QrError, match="201 pages"):
        next(pdfpages.pages(many))


def test_encrypted_and_damaged_pdf_are_told_apart() -> None:
    locked = drawn_page(b"").replace(
        b"/Root 1 0 R",
        b"/Root 1 0 R/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%b>/U<%b>>>"
        % (b"5a" * 32, b"a5" * 32),
    )
    with pytest.raises(QrError, match="encrypted"):
        scan.read_image(locked)
    for damaged in (b"%PDF-1.7\n", b"%PDF-" + bytes(1000), drawn_page(b"")[:60]):
        with pytest.raises(QrError, match="damaged"):
            scan.read_image(damaged)


@given(st.data())
def test_damaged_pdf_are_read_or_refused(data: st.DataObject) -> None:
    file = bytearray(drawn_page(b"0 0 99 99 re f"))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert scan.read_image(bytes(file)) == ()
    except QrError:
        return


# --- limits ------------------------------------------------------------------------------------


def test_too_many_frames_are_refused() -> None:
    frame = Image.new("L", (20, 20))
    frames = [
        frame.point(lambda _, level=number % 250: level) for number in range(1 + pictures.MOST_PICTURES)
    ]
    with pytest.raises(QrError, match="more than 1,000 pictures"):
        scan.read_image(saved(frames, "TIFF"))


def test_a_film_of_too_many_pixels_is_refused() -> None:
    frames = [Image.new("L", (7000, 7000), level) for level in (1, 2, 3)]
    with pytest.raises(QrError, match="100 megapixels in all"):
        scan.read_image(saved(frames, "TIFF", compression="tiff_deflate"))


def test_what_would_take_much_memory_is_refused_before_decoding() -> None:
    def claimed(mode: int) -> bytes:
        def chunk(name: bytes, content: bytes) -> bytes:
            body = name + content
            return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

        size = (6000).to_bytes(4, "big") * 2
        head = chunk(b"IHDR", size + bytes((8, mode, 0, 0, 0)))
        return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b"")

    for colour in (2, 6):
        with pytest.raises(QrError, match="more than 150 MB"):
            scan.read_image(claimed(colour))
    with pytest.raises(QrError, match="no image"):
        scan.read_image(claimed(0))


def test_a_jpeg_of_very_many_passes_is_refused() -> None:
    file = io.BytesIO()
    symbol(CODES[0]).save(file, "JPEG", progressive=True)
    assert scan.read_image(file.getvalue()) == (CODES[0],)
    with pytest.raises(QrError, match="100 passes"):
        scan.read_image(file.getvalue() + b"\xff\xda" * 100)


def test_heic_photos_are_named() -> None:
    with pytest.raises(QrError, match="HEIC"):
        scan.read_image(b"\0\0\0\x18ftypheic" + bytes(100))


# --- pictures that need help -------------------------------------------------------------------


def test_mirrored_symbols_are_read() -> None:
    file = saved([ImageOps.mirror(symbol(CODES[0]))], "PNG")
    assert scan.read_image(file) == (CODES[0],)


@pytest.mark.parametrize("angle", range(0, 360, 23))
def test_symbols_are_read_at_any_angle(angle: int) -> None:
    turned = symbol(CODES[1]).rotate(angle, expand=True, fillcolor=255)
    assert scan.read_image(saved([turned], "PNG")) == (CODES[1],)


def gaps(picture: Image.Image) -> Image.Image:
    """Black lines between rows of two modules of eight pixels, a quarter of a module high."""
    shown = Image.new("L", (picture.width, picture.height + 3 * (picture.height // 16)), 0)
    for row in range(picture.height // 16 + 1):
        shown.paste(picture.crop((0, 16 * row, picture.width, 16 * row + 16)), (0, 19 * row))
    return shown


def pale(picture: Image.Image) -> Image.Image:
    return picture.point(lambda level: 120 + level // 45)


def unsharp(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2,) * 2).filter(ImageFilter.GaussianBlur(2.1))


@pytest.mark.parametrize(
    ("spoil", "ways"), [(gaps, {"closed"}), (pale, {"evened"}), (unsharp, {"sharpened"})]
)
def test_pictures_that_need_help_are_read(spoil: object, ways: set[str]) -> None:
    picture = spoil(symbol(CODES[2]))  # type: ignore[operator]
    assert scan.texts_in(picture) == ()
    helpful = {way for way, prepare in scan.PREPARATIONS.items() if scan.texts_in(prepare(picture))}
    assert ways <= helpful
    assert scan.read_image(saved([picture], "PNG")) == (CODES[2],)


def test_only_some_pictures_of_a_file_are_looked_at_again() -> None:
    bad, good = gaps(symbol(CODES[0])), symbol(CODES[1])
    many = [*(Image.new("L", bad.size, 255 - number) for number in range(scan.MOST_HARD_PICTURES)), bad]
    assert scan.read_image(saved([*many[1:], good], "TIFF")) == (CODES[0], CODES[1])
    assert scan.read_image(saved([*many, good], "TIFF")) == (CODES[1],)
