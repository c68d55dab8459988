"""Text that is pasted into a terminal, or piped in: more of it than the code, and in other encodings."""

import os
import pty
import re
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from select import select
from typing import TextIO

import pytest

from cli.code_input import CodeInput
from cli.main import run
from cli.session import Session
from cli.world import World
from codec.reading import is_whole
from tests.cli.desk import START, Desk, Stream
from tests.cli.vendor import ACME

GROUPS = 5


@pytest.fixture
def authorization(device: Desk) -> str:
    """A code that the device installs."""
    request = device.done("device", "request", "--want", "ROUTING=2").line
    return ACME.authorize(request)


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """Return where a person types, and the program's end of it."""
    typing, reading = pty.openpty()
    with os.fdopen(reading, encoding="utf-8") as stdin:
        yield typing, stdin
    os.close(typing)


def _world(stdin: TextIO, home: str = "") -> World:
    return World(
        clock=lambda: START,
        random=bytes,
        hardware=dict,
        user=str,
        environ={"HOME": home, "TALLYSTICK_HOME": home},
        stdin=stdin,
        stdout=Stream(),
        stderr=Stream(terminal=True),
        passphrase=str,
    )


def _double_spaced(code: str) -> str:
    groups = re.findall(r".{1,4}", code)
    return "\n\n".join(" ".join(groups[place : place + GROUPS]) for place in range(0, len(groups), GROUPS))


@pytest.mark.parametrize(
    "around",
    [
        "{code}\n",
        "{code}\nBest regards\nAnna\n",
        "Hello Tom,\n\nfor router 7:\n\n{code}\n\nBest regards,\n\nAnna\n\n",
        "{double_spaced}\n\n",
        "\n\n{double_spaced}\n\n\n\nrm -rf precious\n",
    ],
)
def test_nothing_that_was_pasted_is_left_for_the_shell(
    terminal: tuple[int, TextIO], authorization: str, around: str
) -> None:
    typing, stdin = terminal
    pasted = around.format(code=authorization, double_spaced=_double_spaced(authorization))
    os.write(typing, pasted.encode())
    given = CodeInput(words=()).read(Session(_world(stdin)), "the code")
    assert is_whole(given)
    assert not select([stdin], [], [], 0)[0]


def test_an_empty_line_ends_what_is_typed(terminal: tuple[int, TextIO]) -> None:
    typing, stdin = terminal
    os.write(typing, b"A46D 466Y\n\n")
    assert CodeInput(words=()).read(Session(_world(stdin)), "the code").strip() == "A46D 466Y"


def test_the_end_of_the_input_at_a_question_ends_its_line() -> None:
    for answer, ending in (("", "[y/N] \n"), ("y", "[y/N] \n"), ("y\n", "[y/N] ")):
        world = _world(Stream(answer, terminal=True))
        assert Session(world).ask("Sure?") is bool(answer)
        assert str(getattr(world.stderr, "getvalue")()).endswith(ending)
