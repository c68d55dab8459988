"""What is missing is named before anything is done; what takes long says how far it is."""

import importlib.util
from datetime import timedelta
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from cli.progress import counting
from cli.session import Session
from cli.world import World
from tests.cli.desk import START, Desk, Stream
from tests.cli.portal_desk import PortalDesk


@pytest.mark.parametrize(
    ("module", "argv", "extra"),
    [
        ("PIL", ("device", "request", "--png", "q.png"), "images"),
        ("PIL", ("device", "install", "--image", "q.png"), "scan"),
        ("zxingcpp", ("device", "install", "--image", "q.png"), "scan"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    device: Desk, monkeypatch: pytest.MonkeyPatch, module: str, argv: tuple[str, ...], extra: str
) -> None:
    real = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == module else real(name, package)

    monkeypatch.setattr("cli.extras.find_spec", without)
    before = device.snapshot()
    refused = device.run(*argv)
    assert refused.code == 2
    assert module in refused.err
    assert f"pip install 'tallystick[{extra}]'" in refused.err
    assert device.snapshot() == before


def test_a_portal_that_cannot_be_made_leaves_nothing(desk: Desk) -> None:
    refused = desk.run("portal", "init", "--account", "x" * 65)
    assert refused.code == 2
    assert desk.snapshot() == {}
    assert list(desk.folder.iterdir()) == []


def _session(*, terminal: bool, quiet: bool = False) -> tuple[Session, Stream]:
    moments = iter(START + timedelta(seconds=step / 2) for step in range(100))
    err = Stream(terminal=terminal)
    world = World(
        clock=lambda: next(moments),
        random=bytes,
        hardware=dict,
        user=str,
        environ={},
        stdin=Stream(),
        stdout=Stream(),
        stderr=err,
        passphrase=str,
    )
    session = Session(world)
    session.quiet = quiet
    return session, err


def test_progress_is_shown_after_a_second_and_is_gone_at_the_end() -> None:
    session, err = _session(terminal=True)
    with counting(session, "things done") as step:
        step(None)
        assert err.getvalue() == ""
        step(None)
        assert err.getvalue() == "\r2 things done …"
    assert err.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_progress_is_for_terminals(terminal: bool, quiet: bool) -> None:
    session, err = _session(terminal=terminal, quiet=quiet)
    with counting(session, "things done") as step:
        for _ in range(10):
            step(None)
    assert err.getvalue() == ""


def test_a_quick_audit_shows_none(tmp_path: Path) -> None:
    portal = PortalDesk(tmp_path)
    portal.confirmed()
    assert "…" not in portal.run("portal", "audit", terminal=True).err
