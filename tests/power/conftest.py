"""A bench for power cuts, in memory where that can be had: no disk is asked anything."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.runs import Launcher
from tests.power.bench import Bench
from tests.power.history import History

_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Scenes with what is durable of them."""
    root = Path(tempfile.mkdtemp(dir=_MEMORY)) if _MEMORY.is_dir() else tmp_path_factory.mktemp("power")
    try:
        for name in ("channel", "scenes"):
            (root / name).mkdir()
        with Launcher(root / "channel") as launcher:
            yield History(launcher, root / "scenes")
    finally:
        shutil.rmtree(root)


@pytest.fixture(scope="session")
def bench(history: History) -> Bench:
    """Where commands are cut."""
    return Bench(history, history.root.with_name("trial"))
