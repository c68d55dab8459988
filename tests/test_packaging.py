"""The wheel holds what it should, and a minimal install of it works: the program and its three dependencies.

The wheel is built once and installed into an empty environment. Its dependencies are not fetched but copied
out of the environment that runs the tests, and only those that the wheel's own metadata names: so the test
needs no network, and fails if the metadata forgets one.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from codec.codes import Authorization, IssuerKey, Line, Request, Sequence, Trust
from codec.envelope import (
    issuer_hint,
    require_kind,
    short_hint,
    sign_authorization,
    sign_trust,
    verify_request,
)
from codec.keys import SigningKey
from codec.reading import receive
from reservation import trustfile
from tests.style_rules import PRODUCT, ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel"))


def built(sources: Path, folder: Path) -> Path:
    """Build a wheel in place of any that is in the folder."""
    command = (
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(sources),
    )
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


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


def run(bin_folder: Path, *words: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the installed program, with nothing of this process's Python in its environment."""
    environ = {"PATH": os.defpath, "TALLYSTICK_HOME": str(home or bin_folder.parent / "home")}
    command = [str(bin_folder / "tallystick"), *words]
    return subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False
    )


def result_of(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- what is in it ---------------------------------------------------------------------------------


def test_the_wheel_holds_the_three_packages_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert inside == set(sources_of_the_product())


def sources_of_the_product() -> Iterator[str]:
    """Name every file of the packages: modules, py.typed, SQL and word list alike."""
    for path in (path for package in PRODUCT for path in (ROOT / package).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT).as_posix()


def test_another_build_of_the_same_sources_is_the_same_file(wheel: Path, tmp_path: Path) -> None:
    """On another day, in another folder: whoever builds it can compare."""
    copy = tmp_path / "elsewhere"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "dist", "build", "tests", "samples", "benchmarks")
    shutil.copytree(ROOT, copy, ignore=left_out, copy_function=shutil.copyfile)
    assert digest(built(copy, tmp_path)) == digest(wheel)


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_bill_of_materials_and_the_checksums_name_everything(wheel: Path, tmp_path: Path) -> None:
    """Of a wheelhouse as `make dist` fills it, its wheels made here: no network is needed."""
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    release: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(release)
    release.DIST, release.WHEELHOUSE = tmp_path, tmp_path / "wheelhouse"
    release.WHEELHOUSE.mkdir()
    lock = (ROOT / "requirements" / "run.lock").read_text(encoding="utf-8")
    locked = re.findall(r"^([\w.-]+)==([^ ;\\\n]+)", lock, re.MULTILINE)
    for name, version in locked:
        with zipfile.ZipFile(release.WHEELHOUSE / f"{name}-{version}-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{name}-{version}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n")
    for folder in (tmp_path, release.WHEELHOUSE):
        shutil.copy2(wheel, folder)
    release.write_bill_of_materials(wheel, 0)
    release.write_checksums()
    bill = json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["version"]) for one in bill["components"]] == sorted(locked)
    everything = [bill["metadata"]["component"], *bill["components"]]
    named = {one["hashes"][0]["content"] for one in everything}
    assert named == {digest(one) for one in release.WHEELHOUSE.iterdir()}
    sums = (tmp_path / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    files = [one for one in sorted(tmp_path.rglob("*")) if one.is_file() and one.name != "SHA256SUMS"]
    assert sums == [f"{digest(one)}  {one.relative_to(tmp_path)}" for one in files]


def test_types_and_queries_are_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {f"{package}/py.typed" for package in PRODUCT} <= set(names)
    assert any(name.startswith("reservation/sql/") and name.endswith(".sql") for name in names)


def metadata_in(archive: zipfile.ZipFile) -> str:
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return name


def test_a_device_needs_three_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        facts = Parser().parsestr(archive.read(metadata_in(archive)).decode())
    needed = [Requirement(text) for text in facts.get_all("Requires-Dist", [])]
    assert {each.name for each in needed if each.marker is None} == {"click", "pynacl", "qrcode"}
    assert facts["License-Expression"] == "Apache-2.0"
    assert facts["Requires-Python"] == ">=3.11"


# --- a device, with the three packages alone -------------------------------------------------------

ROOT_KEY, ISSUER_KEY = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
PORTAL_ID = b"8 bytes."


def trust_file() -> str:
    """The trust file of a portal whose keys these tests hold."""
    issuer = IssuerKey(ISSUER_KEY.verifying_key.raw, date(2024, 1, 1))
    trust = Trust(serial=1, portal_id=PORTAL_ID, issuers=(issuer,), revoked=(), next_root=None)
    return trustfile.render(ROOT_KEY.verifying_key, sign_trust(trust, ROOT_KEY).text)


def authorization_for(request_text: str) -> str:
    """Answer a request as that portal would: two of what was asked, for ever."""
    request = receive(request_text, lambda code: verify_request(require_kind(code, Request))).code
    authorization = Authorization(
        issuer_hint=issuer_hint(ISSUER_KEY.verifying_key),
        request_hint=short_hint(request.id),
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        sequence=Sequence(0, 1),
        lines=(Line("ROUTING-ADVANCED", 2),),
    )
    return sign_authorization(authorization, ISSUER_KEY, request_id=request.id, portal_id=PORTAL_ID).text


@pytest.fixture
def home(minimal: Path, tmp_path: Path) -> Path:
    """The state folder of a device that trusts this portal, made by the installed program."""
    trust, folder = tmp_path / "trust.txt", tmp_path / "home"
    trust.write_text(trust_file(), encoding="utf-8")
    init = (
        "device",
        "init",
        "--pid",
        "RTR-900",
        "--sn",
        "FDO2547A1B2",
        "--trust",
        str(trust),
        "--match",
        "1",
    )
    result_of(run(minimal, *init, home=folder))
    return folder


def test_the_minimal_environment_has_no_extra(minimal: Path) -> None:
    for module in ("apsw", "aiosql", "cryptography", "PIL", "zxingcpp", "pytest"):
        done = subprocess.run(
            [minimal / "python", "-c", f"import {module}"], capture_output=True, check=False
        )
        assert done.returncode == 1, module


def test_the_program_says_its_version(minimal: Path) -> None:
    version = importlib.metadata.version("tallystick")
    assert result_of(run(minimal, "--version")) == f"tallystick {version}"
    as_module = [str(minimal / "python"), "-m", "cli", "--version"]
    assert (
        subprocess.run(as_module, text=True, capture_output=True, check=True).stdout
        == f"tallystick {version}\n"
    )


@pytest.mark.parametrize("group", ["", "device", "portal", "code", "keys"])
def test_help_needs_no_extra(group: str, minimal: Path) -> None:
    assert "Usage: tallystick" in result_of(run(minimal, *filter(None, [group]), "--help"))


def test_a_device_lives_a_whole_life(minimal: Path, home: Path) -> None:
    request = result_of(run(minimal, "device", "request", "--want", "ROUTING-ADVANCED=2", home=home))
    assert request.startswith("Q")
    confirmation = result_of(run(minimal, "device", "install", authorization_for(request), home=home))
    assert confirmation.startswith("C")
    assert run(minimal, "device", "check", "ROUTING-ADVANCED", "--count", "2", home=home).returncode == 0
    assert run(minimal, "device", "check", "ROUTING-ADVANCED", "--count", "3", home=home).returncode == 1
    assert "ROUTING-ADVANCED" in result_of(run(minimal, "device", "status", home=home))
    assert confirmation == result_of(run(minimal, "device", "confirmation", home=home))
    assert result_of(run(minimal, "device", "return", "--yes", home=home)).startswith("R")
    assert run(minimal, "device", "check", "ROUTING-ADVANCED", home=home).returncode == 1


def test_codes_are_read_and_drawn(minimal: Path, home: Path, tmp_path: Path) -> None:
    request = result_of(run(minimal, "device", "request", home=home))
    assert "FDO2547A1B2" in result_of(run(minimal, "code", "explain", request))
    picture = tmp_path / "request.svg"
    result_of(run(minimal, "code", "qr", request, "--svg", str(picture)))
    assert picture.read_text(encoding="utf-8").lstrip().startswith(("<?xml", "<svg"))


# --- what an extra is needed for -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanting:
    """A command that needs an extra, and the extra."""

    words: tuple[str, ...]
    extra: str


WANTING = (
    Wanting(("portal", "init", "--account", "Example"), "portal"),
    Wanting(("portal", "list"), "portal"),
    Wanting(("keys", "generate", "FILE"), "portal"),
    Wanting(("demo", "--fast"), "portal"),
    Wanting(("code", "qr", "CODE", "--png", "FILE"), "images"),
    Wanting(("code", "explain", "--image", "FILE"), "scan"),
)


@pytest.mark.parametrize("wanting", WANTING, ids=lambda wanting: " ".join(wanting.words))
def test_a_missing_extra_is_named(wanting: Wanting, minimal: Path, home: Path, tmp_path: Path) -> None:
    request = result_of(run(minimal, "device", "request", home=home))
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    words = [{"CODE": request, "FILE": str(picture)}.get(word, word) for word in wanting.words]
    done = run(minimal, *words)
    assert done.returncode == 2
    assert f"pip install 'tallystick[{wanting.extra}]'" in done.stderr
    assert done.stdout == ""
