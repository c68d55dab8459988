"""The scanning tables: how many spoiled pictures are read, by version and error level, and how fast.

* By version and level: symbols as full as they get, all of one size, through every distortion of
  `benchmarks.distortions` at rising strength.
* By level, for a code of a given length: a higher level needs a larger version, so smaller modules on the
  same paper. That is the choice that `codec.qr` has to make.
* By distortion, over all versions and levels: read as it is, and with each way of preparing it.
* The time of a photo of five megapixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import Final

from PIL import Image, ImageFilter

from benchmarks.distortions import DISTORTIONS, SIDE
from benchmarks.table import markdown, number
from benchmarks.timing import TIME_HEAD, Effort, alone
from codec import qr
from codec.alphabet import ALPHABET
from codec.scan import PREPARATIONS, hard_texts_in, read_image, texts_in

VERSIONS: Final = (6, 7, 8, 10, 11, 20)
LEVELS: Final = ("L", "M", "Q", "H")
LENGTHS: Final = (136, 152, 238, 324)
"""Of a return, of authorizations of 3 and of 50 lines, and of a request, in characters."""
STRENGTHS: Final = tuple(step / 5 for step in range(6))
PHOTO_MICROSECONDS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Tried:
    """One spoiled picture, and whether it was read: as it is, and by which preparations."""

    distortion: str
    version: int
    plain: bool
    prepared: bool
    by: tuple[str, ...]

    @property
    def read(self) -> bool:
        """Whether it is read in the end."""
        return self.plain or self.prepared


def scanning_tables(strengths: Sequence[float] = STRENGTHS) -> tuple[str, str, str]:
    """Return the tables by version and level, by length and level, and by distortion."""
    full = {
        (version, level): tuple(_tries(_full(version, level), version, level, strengths))
        for version in VERSIONS
        for level in LEVELS
    }
    ours = {
        (length, level): tuple(_tries(length, None, level, strengths))
        for length in LENGTHS
        for level in LEVELS
    }
    return _by_version(full), _by_length(ours), _by_distortion(full)


def photo_table(effort: Effort) -> str:
    """Return the table of times."""
    photo = _photo()
    return markdown(
        TIME_HEAD,
        [alone("a photo of 5 megapixels", lambda: read_image(photo), effort, PHOTO_MICROSECONDS).cells()],
    )


def symbol(text: str, version: int | None, level: str) -> tuple[Image.Image, int]:
    """Draw a symbol of `SIDE` pixels, and return its version; without one given, the least that holds it."""
    from qrcode import constants
    from qrcode.main import QRCode
    from qrcode.util import MODE_ALPHA_NUM, QRData

    drawn = QRCode(
        version=version, error_correction=getattr(constants, f"ERROR_CORRECT_{level}"), border=qr.QUIET_ZONE
    )
    drawn.add_data(QRData(text, mode=MODE_ALPHA_NUM))
    drawn.make(fit=version is None)
    rows = drawn.get_matrix()
    levels = bytes(0 if dark else 255 for row in rows for dark in row)
    picture = Image.frombytes("L", (len(rows), len(rows)), levels)
    picture = picture.resize((SIDE, SIDE), Image.Resampling.NEAREST)
    picture.info["modules"] = len(rows)
    return picture, drawn.version


def _full(version: int, level: str) -> int:
    """Return how many characters fill a symbol: 11 bits a pair, after 4 of mode and 9, 11 of length."""
    from qrcode import constants
    from qrcode.util import BIT_LIMIT_TABLE

    bits: int = BIT_LIMIT_TABLE[getattr(constants, f"ERROR_CORRECT_{level}")][version]
    return (bits - 4 - (9 if version < 10 else 11)) // 11 * 2


def _tries(length: int, version: int | None, level: str, strengths: Sequence[float]) -> Iterator[Tried]:
    for name, distort in DISTORTIONS.items():
        for strength in strengths:
            # One seed for all levels: the same lamp, the same noise, the same angle.
            text = "".join(Random(f"{length} {name} {strength}").choices(ALPHABET, k=length))
            sharp, drawn = symbol(text, version, level)
            picture = distort(sharp, strength, Random(f"{name} {strength} {version or length}"))
            plain = text in texts_in(picture)
            by = () if plain else tuple(way for way in PREPARATIONS if _helps(way, picture, text))
            yield Tried(name, drawn, plain, not plain and text in hard_texts_in(picture), by)


def _helps(way: str, picture: Image.Image, text: str) -> bool:
    return text in texts_in(PREPARATIONS[way](picture))


def _share(tried: Sequence[Tried]) -> str:
    return f"{100 * sum(each.read for each in tried) / len(tried):.0f} %"


def _by_version(full: dict[tuple[int, str], tuple[Tried, ...]]) -> str:
    rows = [
        (f"{version} ({4 * version + 17} modules)", *(_share(full[version, level]) for level in LEVELS))
        for version in VERSIONS
    ]
    every = tuple(_share([one for version in VERSIONS for one in full[version, level]]) for level in LEVELS)
    return markdown(("version", *LEVELS), [*rows, ("all", *every)])


def _by_length(ours: dict[tuple[int, str], tuple[Tried, ...]]) -> str:
    def cell(length: int, level: str) -> str:
        tried = ours[length, level]
        return f"{_share(tried)} (v{tried[0].version})"

    rows = [(f"{length} characters", *(cell(length, level) for level in LEVELS)) for length in LENGTHS]
    every = tuple(_share([one for length in LENGTHS for one in ours[length, level]]) for level in LEVELS)
    return markdown(("code", *LEVELS), [*rows, ("all", *every)])


def _by_distortion(full: dict[tuple[int, str], tuple[Tried, ...]]) -> str:
    rows = []
    for name in (*DISTORTIONS, "all"):
        tried = [one for tries in full.values() for one in tries if name in {one.distortion, "all"}]
        plain = f"{100 * sum(one.plain for one in tried) / len(tried):.0f} %"
        ways = (number(sum(way in one.by for one in tried)) for way in PREPARATIONS)
        rows.append((name, number(len(tried)), plain, *ways, _share(tried)))
    return markdown(
        ("spoiled by", "pictures", "as it is", *(f"+ {way}" for way in PREPARATIONS), "read"), rows
    )


def _photo() -> bytes:
    """Return a photo as a telephone takes it: the QR of a request, askew, blurred, noisy, as a JPEG."""
    text = "".join(Random("photo").choices(ALPHABET, k=238))
    sharp, _ = symbol(text, None, "M")
    scene = Image.linear_gradient("L").resize((2592, 1944))
    scene.paste(sharp.resize((1100, 1100)), (700, 400))
    turned = scene.rotate(11, Image.Resampling.BILINEAR, fillcolor=120).filter(ImageFilter.GaussianBlur(2))
    file = BytesIO()
    turned.convert("RGB").save(file, "JPEG", quality=85)
    return file.getvalue()
