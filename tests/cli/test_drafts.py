"""Drafts of results: whoever was killed leaves one, whoever lives keeps theirs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.drafts import discard_left, draft_beside, open_draft
from cli.files import write
from tests.cli.processes import ROOT

_WRITER = """
import sys
from pathlib import Path
from cli.drafts import open_draft
file = open_draft(Path(sys.argv[1]))
file.write(b"a code")
file.flush()
print("written", flush=True)
sys.stdin.read()
"""


@contextmanager
def writing(draft: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that is writing a draft."""
    argv = [sys.executable, "-c", _WRITER, str(draft)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        yield process
        process.kill()


def test_a_draft_goes_when_its_writer_is_killed_and_not_before(tmp_path: Path) -> None:
    draft = tmp_path / ".tallystick-1.part"
    with writing(draft) as writer:
        discard_left(tmp_path)
        assert draft.read_bytes() == b"a code"
        with pytest.raises(FileExistsError):
            open_draft(draft)
        writer.kill()
        writer.wait()
        assert draft.exists()
        discard_left(tmp_path)
        assert not draft.exists()


def test_a_draft_by_the_same_name_is_no_obstacle_once_it_is_left(tmp_path: Path) -> None:
    """In a container every command may be the same process by its number."""
    place = tmp_path / "code.txt"
    draft_beside(place).write_text("of a command that was killed")
    write(str(place), b"whole")
    assert [each.name for each in tmp_path.iterdir()] == ["code.txt"]
    assert place.read_bytes() == b"whole"


def test_nothing_else_is_taken_away(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("of somebody else")
    (tmp_path / ".tallystick-1.part").symlink_to(target)
    os.mkfifo(tmp_path / ".tallystick-2.part")
    (tmp_path / ".tallystick-3.part").mkdir()
    for name in ("tallystick-4.part", ".tallystick-5.partly", ".other.part"):
        (tmp_path / name).write_text("a name like those of drafts")
    before = sorted(each.name for each in tmp_path.iterdir())
    discard_left(tmp_path)
    discard_left(tmp_path / "nowhere")
    assert sorted(each.name for each in tmp_path.iterdir()) == before
    assert target.read_text() == "of somebody else"
