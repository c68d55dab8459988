"""The page about keys: its commands run as they stand, end well, and say what it shows."""

from pathlib import Path

import pytest

from tests.howto.pages import fits, office_in, steps


@pytest.mark.usefixtures("forked_program")
def test_the_ceremonies_of_the_page_work(tmp_path: Path) -> None:
    shell = office_in(tmp_path)
    for _, command, shown in steps("keys.md"):
        output = shell.done(command)
        assert fits(shown, output), (command, output)
