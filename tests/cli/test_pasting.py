"""Text that is pasted into a terminal, or piped in: more of it than the code, and in other encodings."""

import os
import pty
import re
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from select import select
from typing import TextIO

import pytest

from cli.code_input import CodeInput
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


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_code_in_any_encoding(device: Desk, authorization: str, encoding: str) -> None:
    content = f"Grüße\r\n{authorization}\r\n".encode(encoding)
    file = device.path("mail.txt")
    file.write_bytes(content)
    assert device.done("code", "explain", "--file", str(file), "--json").json["kind"] == "authorization"
    piped = TextIOWrapper(BytesIO(content), errors="replace")
    assert is_whole(CodeInput(words=("-",)).read(Session(_world(piped)), "the code"))


def test_a_file_that_can_be_read_once(device: Desk, authorization: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, authorization.encode())
    os.close(writing)
    device.done("code", "explain", "--file", f"/dev/fd/{reading}")
    os.close(reading)


def test_too_much_is_no_code(device: Desk) -> None:
    much = "no code here\n" * 100_000
    for words, stdin in ((("-",), much), (("--file", device.write("much.txt", much)), "")):
        refused = device.run("code", "explain", *words, stdin=stdin)
        assert refused.code == 2
        assert "more than 262,144 bytes" in refused.err


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"%PDF-1.7", b"RIFF\0\1\0\0WEBP"]
)
def test_a_picture_is_no_text(device: Desk, start: bytes) -> None:
    picture = device.path("photo")
    picture.write_bytes(start + bytes(500))
    refused = device.run("code", "explain", "--file", str(picture))
    assert refused.code == 2
    assert "is a picture or a PDF" in refused.err
    assert f"write: --image {picture}" in refused.err.replace("\n", " ")


def test_the_end_of_the_input_at_a_question_ends_its_line() -> None:
    for answer, ending in (("", "[y/N] \n"), ("y", "[y/N] \n"), ("y\n", "[y/N] ")):
        world = _world(Stream(answer, terminal=True))
        assert isinstance(world.stderr, Stream)
        assert Session(world).ask("Sure?") is bool(answer)
        assert world.stderr.getvalue().endswith(ending)


def test_other_text_is_told_and_the_code_is_taken(device: Desk, authorization: str) -> None:
    """In one line beside the result, also where everything that is not important is silent."""
    mail = f"Hello Tom,\n\nfor router 7:\n\n{authorization}\n\nAnna\n"
    told = device.done("device", "install", "-", "-q", stdin=mail)
    alone = device.done("device", "install", "-", "-q", stdin=f"> {authorization}\n")
    assert told.out == alone.out
    assert "Other text stands around the code; it was left out.\n" in told.err
    assert "left out" not in alone.err
    shown = device.done("code", "explain", "-", "--json", stdin=mail)
    assert shown.json["kind"] == "authorization"
    assert "left out" in shown.err
