"""The demo: it shows what it promises, touches nothing, and leaves nothing behind."""

import builtins
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cli import demo
from codec import qr
from tests.cli.desk import Desk
from tests.cli.processes import Machines


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_it_shows_everything_and_leaves_nothing(desk: Desk, place: Path) -> None:
    before = desk.snapshot()
    shown = desk.done("demo", "--fast")
    out = shown.out
    assert [int(number) for number in re.findall(r"^(\d)\. ", out, re.MULTILINE)] == [1, 2, 3, 4, 5, 6, 7]
    assert "A scanner reads it: yes" in out
    assert "not made for a request of this device" in out
    assert "group 5: you typed" in out
    assert "This very code was accepted before" in out
    assert "The books add up." in out
    books = re.findall(r"The books (?:before|after):\n((?:   [A-Z]+ .*\n)+)", out)
    assert len(books) == 2
    assert books[0] == books[1]
    assert not any(place.iterdir())
    assert desk.snapshot() == before


def test_json(desk: Desk, place: Path) -> None:
    record = desk.done("demo", "--json").json
    assert record["scanner_reads_qr"] is True
    assert {step["exit_code"] for step in record["steps"]} == {0, 1, 4}
    code = next(
        step["stdout"].strip() for step in record["steps"] if step["command"][1:3] == ["device", "request"]
    )
    plain = desk.done("demo").out
    drawn = [line[3:] for line in plain.splitlines() if "▀" in line]
    assert len(drawn) == len(qr.terminal(code).splitlines())


def test_a_person_can_go_step_by_step(desk: Desk, place: Path) -> None:
    shown = desk.run("demo", "--pause", terminal=True, stdin="\n" * 6)
    assert shown.code == 0
    assert shown.err.count("Press Enter") == 6
    assert "\x1b[1m1. " in shown.out


def test_on_a_terminal_it_waits_a_little(desk: Desk, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tests.cli.desk.World", lambda **world: _restless(waits, **world))
    assert desk.run("demo", terminal=True).code == 0
    assert waits == [demo.PAUSE_SECONDS] * 6


def _restless(waits: list[float], **parts: object) -> object:
    from cli.world import World

    return replace(World(**parts), sleep=waits.append)  # type: ignore[arg-type]


def test_without_colours_the_qr_is_plain(desk: Desk, place: Path) -> None:
    desk.environ["NO_COLOR"] = "1"
    assert "\x1b" not in desk.run("demo", "--fast", terminal=True).out


def test_a_step_that_goes_wrong_ends_it(desk: Desk, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names of the real one
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> object:
        if name.partition(".")[0] == "cryptography":
            raise ImportError("not here")
        return real_import(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", without)
    failed = desk.run("demo", "--fast")
    assert failed.code == 1
    assert "cryptography" in failed.err
    assert "pip install 'tallystick[portal]'" in failed.err
    assert not any(place.iterdir())


def test_as_a_process_it_takes_less_than_a_minute(tmp_path: Path) -> None:
    machines = Machines(tmp_path)
    done = machines.run("demo", TMPDIR=str(tmp_path))
    assert done.code == 0
    assert not list(tmp_path.glob("tallystick-demo-*"))
