"""Write the lock files under requirements/: exact versions and hashes of everything that is installed.

One lock a purpose, each good for every platform and every Python that the project supports:
`run` (the program with all extras), `build` (what turns the sources into a wheel), `dev` (both and the
tools). `dev` is solved first and binds the others, so that no version differs between them.
Run by `make lock`, which brings uv; not part of any other target.
"""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"


def solve(name: str, *, sources: Sequence[str], constraint: Path | None = None, stdin: str = "") -> Path:
    """Solve `sources` and write requirements/`name`.lock."""
    target = LOCKS / f"{name}.lock"
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", *sources, "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-annotate", "--custom-compile-command", "make lock"]
    command += ["--constraint", str(constraint)] if constraint else []
    subprocess.run([*command, "--output-file", str(target)], input=stdin, text=True, cwd=ROOT, check=True)
    return target


def main() -> None:
    """Solve anew from pyproject.toml alone; the present locks have no say."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for stale in LOCKS.glob("*.lock"):
        stale.unlink()
    dev = solve("dev", sources=["pyproject.toml", "--extra", "dev"])
    extras = [word for extra in ("images", "scan", "portal", "postgres") for word in ("--extra", extra)]
    solve("run", sources=["pyproject.toml", *extras], constraint=dev)
    build = "\n".join(project["build-system"]["requires"])
    solve("build", sources=["-"], constraint=dev, stdin=build)


if __name__ == "__main__":
    main()
