"""What long tests came to, kept under `build/` as it comes: for the page of results and for whoever looks.

One file for each area, `build/AREA/outcomes.json`: part → name → what was found, the newest in place of what
stood there before. Several processes may keep at once. What a test found is kept before it is judged, so a
failure is told too.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "build"
#: Where every long test starts its choices.
SEED: Final = os.environ.get("SEED", "0")


def file_of(area: str) -> Path:
    """Return where the outcomes of an area are kept."""
    return FOLDER / area / "outcomes.json"


@contextmanager
def changed(area: str) -> Iterator[dict[str, Any]]:
    """Give the outcomes of an area, and keep them as they are in the end; several processes do so in turn."""
    file_of(area).parent.mkdir(parents=True, exist_ok=True)
    with file_of(area).open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        outcomes = json.loads(file.read() or "{}")
        yield outcomes
        file.truncate(0)
        file.write(json.dumps(outcomes, indent=2, sort_keys=True) + "\n")


def keep(area: str, part: str, name: str, found: dict[str, Any]) -> None:
    """Write down what something came to, in place of what it came to before.

    Args:
        area: Names the file.
        part: Of the area.
        name: Of what was tried.
        found: What is to be kept.
    """
    with changed(area) as outcomes:
        outcomes.setdefault(part, {})[name] = found


def kept(area: str) -> dict[str, dict[str, Any]]:
    """Return what the last long runs came to; nothing when there was none."""
    file = file_of(area)
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
