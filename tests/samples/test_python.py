"""The Python verifier of samples/: a stranger wrote it from the specification; it imports nothing of ours."""

import ast
import sys
from pathlib import Path
from typing import Final

from samples.make import SAMPLES
from tests.samples import outsiders

VERIFIER: Final = SAMPLES / "verify_standalone.py"
# -I: neither this tree nor anything else that is not installed can be imported.
COMMAND: Final = (sys.executable, "-I", str(VERIFIER))


def test_it_agrees_with_every_published_vector() -> None:
    ended = outsiders.run(COMMAND, *outsiders.PUBLISHED)
    assert ended.returncode == 0, ended.stdout
    assert f"{outsiders.FOR_READERS} vectors, all agree" in ended.stdout


def test_it_agrees_with_our_reader_on_codes_that_nobody_published(tmp_path: Path) -> None:
    names = outsiders.unpublished(tmp_path, seed="python", variants=8)
    ended = outsiders.run(COMMAND, *names)
    assert ended.returncode == 0, ended.stdout


def test_it_sees_vectors_that_claim_something_untrue(tmp_path: Path) -> None:
    for name in outsiders.tampered(tmp_path):
        assert outsiders.run(COMMAND, name).returncode == 1, name


def test_it_is_short_and_stands_alone() -> None:
    source = VERIFIER.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 200
    modules = {name.partition(".")[0] for name in imported(ast.parse(source))}
    assert modules - set(sys.stdlib_module_names) == {"nacl"}


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found
