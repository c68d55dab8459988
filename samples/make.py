"""Make everything under samples/ anew: the same bytes on every run.

    python -m samples.make [FOLDER]

Whatever lies in the made folders and is not made any more is removed. README.md and the scripts are written
by hand. PNG files depend on the zlib that Pillow brings; their pixels do not.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from samples.code_files import story_files
from samples.damaged_files import damaged_files
from samples.order_files import order_files
from samples.qr_files import qr_files
from samples.story import play

SAMPLES: Final = Path(__file__).resolve().parent
MADE_FOLDERS: Final = ("codes", "damaged", "fleet", "keys", "orders", "qr")


def made() -> Mapping[str, bytes]:
    """Return every made file: path below samples/, with forward slashes, to content."""
    with tempfile.TemporaryDirectory() as folder:
        story = play(Path(folder))
    sources = (story_files(story), damaged_files(story), qr_files(story), order_files())
    return {path: content for source in sources for path, content in source}


def present(folder: Path) -> set[str]:
    """Return the paths of the files that the made folders hold now."""
    files = (path for name in MADE_FOLDERS for path in (folder / name).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in files}


def write(folder: Path) -> Mapping[str, bytes]:
    """Write every made file below a folder, remove stale ones, and return what was written."""
    files = made()
    for path in present(folder) - set(files):
        (folder / path).unlink()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return files


def main() -> None:
    """Write the samples to the folder that is named, or to their own."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    files = write(folder)
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes, in {folder}")


if __name__ == "__main__":
    main()
