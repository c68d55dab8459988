"""A launcher for each process of tests, and the scenes of every stage, made once."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.runs import Launcher
from tests.faults.scenes import walk
from tests.faults.trial import Bench

_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for trials; in memory where that is possible, since no fault here asks the disk anything."""
    root = Path(tempfile.mkdtemp(dir=_MEMORY)) if _MEMORY.is_dir() else tmp_path_factory.mktemp("faults")
    try:
        for name in ("channel", "scenes", "trials"):
            (root / name).mkdir()
        with Launcher(root / "channel") as launcher:
            yield Bench(launcher, walk(launcher, root / "scenes"), root / "trials")
    finally:
        shutil.rmtree(root)
