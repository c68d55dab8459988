"""The samples are what their script makes: the same on every run, and nothing else lies about."""

from io import BytesIO
from pathlib import Path

import PIL.Image
import pytest

from samples.make import SAMPLES, present, write


@pytest.fixture(scope="module")
def made_anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write(folder)
    return folder


def contents(folder: Path, *, images: bool) -> dict[str, bytes]:
    paths = sorted(present(folder) | {"catalogue.txt", "trust.txt"})
    return {path: (folder / path).read_bytes() for path in paths if path.endswith(".png") == images}


def pixels(png: bytes) -> tuple[tuple[int, int], bytes]:
    with PIL.Image.open(BytesIO(png)) as image:
        return image.size, image.tobytes()


def test_making_them_again_gives_the_same_bytes(made_anew: Path) -> None:
    anew, kept = contents(made_anew, images=False), contents(SAMPLES, images=False)
    assert anew.keys() == kept.keys()
    assert [path for path in anew if anew[path] != kept[path]] == [], (
        "run `make samples` and look at the difference"
    )


def test_making_them_again_gives_the_same_images(made_anew: Path) -> None:
    # Compared by their pixels: how well a PNG is compressed depends on the zlib that Pillow brings.
    anew, kept = contents(made_anew, images=True), contents(SAMPLES, images=True)
    assert anew.keys() == kept.keys()
    assert [path for path in anew if pixels(anew[path]) != pixels(kept[path])] == []


def test_what_is_not_made_any_more_goes(made_anew: Path, tmp_path: Path) -> None:
    stale = tmp_path / "codes" / "old.txt"
    stale.parent.mkdir()
    stale.write_text("left over", encoding="utf-8")
    write(tmp_path)
    assert not stale.exists()
    assert present(tmp_path) == present(made_anew)


def test_they_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 1_500_000


def test_the_readme_names_every_code() -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    names = [path.stem for path in (SAMPLES / "codes").glob("*.txt")]
    assert [name for name in names if f"`{name}`" not in readme] == []
