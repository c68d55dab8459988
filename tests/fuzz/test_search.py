"""The search itself: atheris runs, counts, and finds what escapes."""

from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz import pictures
from tests.fuzz.costs import Costs, Watched
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_search_tries_what_was_asked(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path / "findings")
    # Targets that search for repairs take long for each input.
    inputs = 40 if TARGETS[name].share > 0.03 else 20
    result = fuzz.search(name, inputs, keep=False)
    assert result.inputs >= inputs
    assert result.findings == ()
    assert result.covered > 0.4 * result.lines


def test_what_a_search_came_to_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path / "findings")
    monkeypatch.setattr(fuzz, "OUTCOMES", tmp_path / "outcomes")
    assert fuzz.Result.read("bundle") is None
    result = fuzz.search("bundle", 20, keep=False)
    result.keep()
    assert fuzz.Result.read("bundle") == result
    assert result.costs.milliseconds > 0
    assert bytes.fromhex(result.costs.slowest)


def test_searches_add_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "OUTCOMES", tmp_path)
    for costs, findings in ((Costs(3, 1, "aa"), ("b",)), (Costs(2, 4, "bb"), ("a", "b"))):
        fuzz.Result("wire", 10, 1.5, 7, 9, findings, costs).keep(add=True)
    assert fuzz.Result.read("wire") == fuzz.Result("wire", 20, 3.0, 7, 9, ("a", "b"), Costs(3, 4, "aa"))


def test_the_input_that_costs_most_is_kept(tmp_path: Path) -> None:
    most = tmp_path / "costs.json"
    watched = Watched(lambda data: bytearray(10_000_000 * len(data)).count(1), most)
    for data in (b"", b"four", b"two"):
        watched(data)
    costs = Costs.read(most)
    assert bytes.fromhex(costs.slowest) == b"four"
    assert 40 < costs.megabytes < 41


def test_a_search_finds_what_escapes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path)
    fuzz.drive("planted", "-runs=200000", "-seed=7")
    found = [path.read_bytes() for path in tmp_path.iterdir()]
    assert found, "the planted fault was not found"
    assert all(data[0] == 0x51 for data in found)


def test_spoiled_pictures_are_answered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pictures, "FINDINGS", tmp_path)
    result = pictures.search(30)
    assert (result.inputs, result.findings) == (30, ())
    assert result.costs.milliseconds > 0


@pytest.mark.parametrize(
    "server",
    [
        "raise SystemExit",
        'print(\'{"symbols": [], "costs": [1001, 1]}\')',
        'print(\'{"symbols": [], "costs": [1, 201]}\')',
    ],
)
def test_a_reader_that_breaks_or_takes_too_much_is_found(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pictures, "FINDINGS", tmp_path)
    result = pictures.search(1, server=server)
    assert [path.name for path in tmp_path.iterdir()] == list(result.findings)
    assert len(result.findings) == 1
