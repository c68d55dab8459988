"""The JavaScript verifier of samples/, which a stranger wrote from the specification, run by Node."""

import re
from pathlib import Path
from typing import Final

from samples.make import SAMPLES
from tests.samples import outsiders

VERIFIER: Final = SAMPLES / "verify.mjs"
COMMAND: Final = ("node", str(VERIFIER))


def test_it_agrees_with_every_published_vector() -> None:
    ended = outsiders.run(COMMAND, *outsiders.PUBLISHED)
    assert ended.returncode == 0, ended.stdout
    assert f"{outsiders.FOR_READERS} vectors, 0 disagree" in ended.stdout


def test_it_agrees_with_our_reader_on_codes_that_nobody_published(tmp_path: Path) -> None:
    names = outsiders.unpublished(tmp_path, seed="javascript", variants=8)
    ended = outsiders.run(COMMAND, *names)
    assert ended.returncode == 0, ended.stdout


def test_it_sees_vectors_that_claim_something_untrue(tmp_path: Path) -> None:
    for name in outsiders.tampered(tmp_path):
        assert outsiders.run(COMMAND, name).returncode == 1, name


def test_it_is_short_and_stands_alone() -> None:
    source = VERIFIER.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 200
    modules = re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""", source)
    assert modules
    assert all(module.startswith("node:") for module in modules)
