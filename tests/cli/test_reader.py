"""The process that reads pictures: what breaks or exhausts it is told, and the next file is read again."""

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image

from cli import reader
from cli.reader import PictureReader
from codec import qr
from codec.errors import QrError
from codec.scan import Symbol
from tests.codec.test_scan_files import drawn_page, pdf_of

CODE = "Q5K3F7Y2AMM3D9Z0X5VT8HB6NE4RWCJGSPQ0"


def laughing() -> bytes:
    """A PDF whose page draws a form that draws ten forms, and so on, twelve times."""
    forms = [
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 60"
        b"/Resources<</XObject<</F %d 0 R>>>>>>stream\n%b\nendstream" % (6 + at, b"/F Do " * 10)
        for at in range(12)
    ]
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>"
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        page,
        b"<</Length 5>>stream\n/F Do\nendstream",
        *forms,
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 11>>stream\n0 0 9 9 re f\nendstream",
    )


def swollen() -> bytes:
    """A PDF whose page has 300 MB of instructions, packed into some hundred kilobytes."""
    packed = zlib.compress(b"0 0 m 500 800 l S\n" * 16_000_000, 1)
    page = drawn_page(packed)
    return page.replace(b"<</Length", b"<</Filter/FlateDecode/Length")


@pytest.mark.parametrize("hostile", [laughing, swollen])
def test_what_exhausts_the_process_is_told_and_the_next_file_is_read(hostile: object) -> None:
    with PictureReader() as pictures:
        with pytest.raises(QrError, match="more time or memory"):
            pictures.read(hostile())  # type: ignore[operator]
        assert pictures.read(qr.png(CODE)) == (Symbol(CODE, 1),)


def test_errors_cross_as_they_are() -> None:
    with PictureReader() as pictures:
        for _ in "12":
            with pytest.raises(QrError, match="no image") as caught:
                pictures.read(b"no picture")
            assert "PDF" in caught.value.hint
        assert pictures.read(qr.png(CODE)) == (Symbol(CODE, 1),)


def test_the_process_is_given_nothing_and_ends_with_its_context() -> None:
    with PictureReader() as pictures:
        pictures.read(qr.png(CODE))
        process = pictures._process
        assert process
        with Path(f"/proc/{process.pid}/environ").open("rb") as file:
            assert file.read() == b"MALLOC_MMAP_THRESHOLD_=1000000\0"
        with Path(f"/proc/{process.pid}/limits").open() as file:
            limits = file.read()
        assert f"Max data size             {reader.MOST_MEMORY}" in limits
        assert "Max cpu time              unlimited" not in limits
        assert kilobytes("VmHWM", pictures) < 200_000
    assert process.returncode is not None


def kilobytes(kind: str, pictures: PictureReader) -> int:
    """Return how much memory the process that reads has (VmRSS) or had at most (VmHWM); see proc(5)."""
    assert pictures._process
    status = Path(f"/proc/{pictures._process.pid}/status").read_text()
    return int(status.partition(f"{kind}:")[2].split()[0])


def large(width: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, width), "white").save(file, "PNG", compress_level=1)
    return file.getvalue()


def test_the_largest_pictures_stay_within_the_memory() -> None:
    with PictureReader() as pictures:
        assert pictures.read(large(5400)) == ()
        assert kilobytes("VmHWM", pictures) < 260_000


def test_a_picture_leaves_the_next_one_all_the_memory() -> None:
    with PictureReader() as pictures:
        pictures.read(qr.png(CODE))
        before = kilobytes("VmRSS", pictures)
        for width in (900, 1500, 2100, 2700, 900):
            pictures.read(large(width))
        assert kilobytes("VmRSS", pictures) < before + 3_000
