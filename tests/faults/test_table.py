"""The table of commands that are killed is complete: a new command has to take sides."""

from tests.cli_reference import commands
from tests.faults.table import COPYING, READING, WRITING


def test_every_command_either_writes_and_is_killed_or_only_reads() -> None:
    writing = {command.argv for command in WRITING}
    for words, _ in commands():
        tried = any(argv == words or argv.startswith(f"{words} ") for argv in writing)
        sides = (tried, words in READING, words in COPYING)
        assert sum(sides) == 1, f"`tallystick {words}`: {sides}"


def test_no_command_is_listed_that_is_not_there() -> None:
    known = {words for words, _ in commands()}
    assert known >= READING | COPYING
