"""The search itself: atheris runs, counts, and finds what escapes."""

from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_search_tries_what_was_asked(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path / "findings")
    result = fuzz.search(name, 200, keep=False)
    assert result.inputs >= 200
    assert result.findings == ()
    assert result.covered > 0.4 * result.lines


def test_a_search_finds_what_escapes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path)
    fuzz.drive("planted", "-runs=200000")
    found = [path.read_bytes() for path in tmp_path.iterdir()]
    assert found, "the planted fault was not found"
    assert all(data[0] == 0x51 for data in found)
