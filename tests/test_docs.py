"""The documentation says what the program does."""

import pytest

from cli.portal import portal
from tests.cli_examples import EXAMPLES
from tests.cli_reference import PAGE, commands, page


@pytest.mark.xdist_group("docs")
def test_the_command_page_is_what_the_program_says_and_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_other_name_of_a_command_has_an_example() -> None:
    lines = [line for example in EXAMPLES for line in example.lines]
    other_names = [f"tallystick portal {name} " for name in portal.other_names]
    assert other_names
    for name in other_names:
        assert any(name in line for line in lines), f"no example of `{name}`"


def test_every_command_has_an_example_that_uses_it() -> None:
    shown = {example.command: " ".join(example.lines) for example in reversed(EXAMPLES)}
    for words, _ in commands():
        assert f"tallystick {words}" in shown.get(words, ""), f"no example of `tallystick {words}`"
