"""The Python verifier of samples/: a stranger wrote it from the specification; it imports nothing of ours."""

import ast
import json
import sys
from pathlib import Path
from typing import Final

import pytest

from samples.make import SAMPLES
from samples.vectors import VECTORS
from tests.samples import outsiders

VERIFIER: Final = SAMPLES / "verify_standalone.py"
# -I: neither this tree nor anything else that is not installed can be imported.
COMMAND: Final = (sys.executable, "-I", str(Path(__file__).with_name("compare_standalone.py")), str(VERIFIER))


def test_it_agrees_with_every_published_vector() -> None:
    ended = outsiders.run(COMMAND, *outsiders.PUBLISHED)
    assert ended.returncode == 0, ended.stdout
    assert f"{outsiders.FOR_READERS} vectors, 0 disagree" in ended.stdout


def test_it_agrees_with_our_reader_on_codes_that_nobody_published(tmp_path: Path) -> None:
    names = outsiders.unpublished(tmp_path, seed="python", variants=8)
    ended = outsiders.run(COMMAND, *names)
    assert ended.returncode == 0, ended.stdout


def test_a_vector_that_claims_something_untrue_is_seen(tmp_path: Path) -> None:
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


# --- as a program ----------------------------------------------------------------------------------


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("name", ["authorization-accepted-flags", "authorization-refused-other-request"])
def test_the_program_says_what_a_code_says(name: str, piped: bool, tmp_path: Path) -> None:
    vector = json.loads((VECTORS / f"{name}.json").read_text(encoding="ascii"))
    context = tmp_path / "context.json"
    context.write_text(json.dumps(vector["context"]), encoding="ascii")
    program = (sys.executable, "-I", str(VERIFIER), vector["reads"], str(context))
    words, stdin = ((), vector["code"]) if piped else ((vector["code"],), "")
    ended = outsiders.run((*program, *words), stdin=stdin)
    if vector["result"] == "accepted":
        assert (ended.returncode, json.loads(ended.stdout)["id"]) == (0, vector["id"])
    else:
        assert (ended.returncode, ended.stdout.split(":")[0].strip()) == (1, vector["error"])
