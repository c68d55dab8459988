"""What long tests came to, kept in a file for the page of results until the next long run."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def changed(path: Path) -> Iterator[dict[str, Any]]:
    """Give what a file holds, and keep it as it is in the end; several processes do so in turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        kept = json.loads(file.read() or "{}")
        yield kept
        file.truncate(0)
        file.write(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def outcomes_in(path: Path) -> dict[str, Any]:
    """Return what a file holds; nothing when it is not there."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
