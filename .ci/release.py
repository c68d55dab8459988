"""Build what is handed out, under dist/: sdist, wheel, offline wheelhouse, checksums, bill of materials.

The wheelhouse holds the program with every extra and all that it needs, so a site without a network
installs from a folder. Dependencies come from requirements/run.lock and nowhere else: their hashes are
checked on the way in and listed again on the way out. Before it reports success, the wheelhouse is
installed with the network switched off into an environment of its own, and the program is started.

Wheels of compiled packages fit the platform and Python that ran this; build on each one that you serve.
Not handled: signing the checksums, and uploading.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
WHEELHOUSE = DIST / "wheelhouse"
EXTRAS = "images,portal,postgres,scan"


def run(*command: str | Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed and return what it printed."""
    full = {**os.environ, **(environ or {})}
    return subprocess.run(command, cwd=ROOT, env=full, check=True, text=True, stdout=subprocess.PIPE).stdout


def source_epoch() -> int:
    """Return the second of the last commit, so that the same sources make the same files.

    Without git (an unpacked sdist) it is the start of the zip format's own calendar.
    """
    try:
        return int(run("git", "log", "-1", "--format=%ct"))
    except (OSError, subprocess.CalledProcessError):
        return int(datetime(1980, 1, 2, tzinfo=UTC).timestamp())


def build_packages(epoch: int) -> Path:
    """Build sdist and wheel from the sources and return the wheel."""
    shutil.rmtree(DIST, ignore_errors=True)
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST), str(ROOT))
    run(*command, environ={"SOURCE_DATE_EPOCH": str(epoch)})
    (wheel,) = DIST.glob("*.whl")
    return wheel


def fill_wheelhouse(wheel: Path) -> None:
    """Put the wheel and every locked dependency into one folder."""
    WHEELHOUSE.mkdir()
    pip = (sys.executable, "-m", "pip", "-qq", "download", "--require-hashes", "--only-binary", ":all:")
    run(*pip, "-r", "requirements/run.lock", "--dest", str(WHEELHOUSE))
    shutil.copy2(wheel, WHEELHOUSE)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_checksums() -> None:
    """Write SHA256SUMS, in the form that `sha256sum --check` reads."""
    files = sorted(path for path in DIST.rglob("*") if path.is_file())
    lines = [f"{digest(path)}  {path.relative_to(DIST).as_posix()}\n" for path in files]
    (DIST / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


def metadata(wheel: Path) -> Message:
    """Read the core metadata out of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def component(wheel: Path) -> dict[str, object]:
    """Describe one wheel as a CycloneDX component."""
    facts = metadata(wheel)
    name, version = facts["Name"], facts["Version"]
    entry: dict[str, object] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        "hashes": [{"alg": "SHA-256", "content": digest(wheel)}],
    }
    if expression := facts["License-Expression"]:
        entry["licenses"] = [{"expression": expression}]
    return entry


def write_bill_of_materials(wheel: Path, epoch: int) -> None:
    """Write sbom.json (CycloneDX 1.6): the program and everything in the wheelhouse."""
    others = sorted(path for path in WHEELHOUSE.glob("*.whl") if path.name != wheel.name)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).isoformat(),
            "component": {**component(wheel), "type": "application"},
        },
        "components": [component(path) for path in others],
    }
    (DIST / "sbom.json").write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")


def prove_offline_install() -> str:
    """Install from the wheelhouse alone into a new environment and return the program's version line."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        # --isolated and an empty configuration: no index and no other folder may help.
        pip = (f"{folder}/bin/python", "-m", "pip", "-qq", "--isolated", "install", "--no-index")
        wanted = ("--find-links", str(WHEELHOUSE), f"tallystick[{EXTRAS}]")
        run(*pip, *wanted, environ={"PIP_CONFIG_FILE": os.devnull})
        return run(f"{folder}/bin/tallystick", "--version").strip()


def main() -> None:
    """Build everything, prove it, and say what there is."""
    epoch = source_epoch()
    wheel = build_packages(epoch)
    fill_wheelhouse(wheel)
    write_bill_of_materials(wheel, epoch)
    write_checksums()
    version = prove_offline_install()
    print(f"{version}, installed from dist/wheelhouse without a network. Under dist/:")
    for path in sorted(DIST.iterdir()):
        count = f"{len(list(path.iterdir()))} wheels" if path.is_dir() else f"{path.stat().st_size:,} bytes"
        print(f"  {path.name}  ({count})")
    print(f"Carry the folder, then: pip install --no-index --find-links wheelhouse 'tallystick[{EXTRAS}]'")


if __name__ == "__main__":
    main()
