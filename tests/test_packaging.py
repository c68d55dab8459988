"""The wheel holds what it should, and a minimal install of it works: the program and its three dependencies.

The wheel is built once and installed into an empty environment. Its dependencies are not fetched but copied
out of the environment that runs the tests, and only those that the wheel's own metadata names: so the test
needs no network, and fails if the metadata forgets one.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.style_rules import PRODUCT, ROOT

pytestmark = pytest.mark.xdist_group("packaging")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def minimal(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it declares for every installation; returns its bin folder."""
    root = tmp_path_factory.mktemp("minimal") / "env"
    venv.create(root)
    install = ("-m", "pip", "--isolated", "-qq", "--python", root / "bin" / "python", "install")
    subprocess.run([sys.executable, *install, "--no-index", "--no-deps", wheel], check=True)
    (packages,) = root.glob("lib/python*/site-packages")
    for name in declared_by("tallystick"):
        copy_distribution(name, packages)
    return root / "bin"


def declared_by(name: str, *, extra: str = "") -> set[str]:
    """Name what a distribution needs on this machine, and what that needs in turn."""
    found: set[str] = set()
    for text in importlib.metadata.requires(name) or ():
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
            found |= {wanted.name} | declared_by(wanted.name)
    return found


def copy_distribution(name: str, target: Path) -> None:
    for file in importlib.metadata.files(name) or ():
        if ".." not in file.parts:
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(str(file.locate()), place)
