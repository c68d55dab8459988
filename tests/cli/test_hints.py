"""Every command that the program tells a person to give can be given: nothing that it needs is missing.

Looks at all texts in the sources, docstrings and examples apart. A command is meant as a command where
anything stands after its name; by its name alone it is only spoken of. What a person fills in stands there
in capitals, and what the program fills in is not known here: both are believed to be right, and everything
else is parsed.
"""

import ast
import re
from collections.abc import Iterator

import click
import pytest

from cli.main import tallystick
from tests.style_rules import Source, every_node, product, read_tree

FILLED = "WORD"
"""What stands here for what the program fills in."""

_PROGRAM = "tallystick"
_PLACEHOLDER = re.compile(r"[A-Z]+(=[A-Z]+)?…?")
_END = re.compile(r"[`),.;:]+$")


def texts(source: Source) -> Iterator[tuple[int, str]]:
    """Yield every text of a file with its line; what is filled in became a word."""
    docs = {id(node.value) for node in every_node(source) if isinstance(node, ast.Expr)}
    # Examples are run, each of them, by `test_help.py`.
    docs |= {
        id(node.value)
        for node in every_node(source)
        if isinstance(node, ast.keyword) and node.arg == "example"
    }
    inside = {
        id(part) for node in every_node(source) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in every_node(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | inside:
            yield node.lineno, re.sub(r"\{\w+\}", FILLED, node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else FILLED for part in node.values)
            yield node.lineno, "".join(map(str, parts))


def commands_in(text: str) -> Iterator[tuple[click.Command, list[str]]]:
    """Yield each command that a text tells to give, with the words after its name."""
    for told in text.split(f"{_PROGRAM} ")[1:]:
        command, words = _named(told.split())
        if not isinstance(command, click.Group) and (taken := _taken(command, words)):
            yield command, taken


def _named(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words begin with, and the words after its name; none, where it ended."""
    command: click.Command = tallystick
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), _END.sub("", words[0]))
        if found is None:
            break
        command, words = found, [] if _END.search(words[0]) else words[1:]
    return command, words


def _taken(command: click.Command, words: list[str]) -> list[str]:
    """Return the words up to where prose goes on."""
    options = {name: one for one in command.params if isinstance(one, click.Option) for name in one.opts}
    taken: list[str] = []
    for word in words:
        bare = _END.sub("", word)
        before = options.get(taken[-1]) if taken else None
        is_value = before is not None and not before.is_flag
        if not (is_value or bare.startswith("--") or _is_filled(bare)):
            break
        taken.append(bare)
        if bare != word:
            break
    return taken


def _is_filled(word: str) -> bool:
    return bool(_PLACEHOLDER.fullmatch(word))


def problem_of(command: click.Command, words: list[str]) -> str:
    """Say why a command cannot be given like this; nothing: it can."""
    context = click.Context(command)
    try:
        given, left, _ = command.make_parser(context).parse_args(list(words))
        for one in command.params:
            value = given.get(one.name)
            if one.required and not value:
                return f"{one.get_error_hint(context)} is missing"
            if isinstance(one.type, click.Choice) and isinstance(value, str) and not _is_filled(value):
                one.type.convert(value, one, context)
    except click.UsageError as error:
        return error.format_message()
    return f"{left} is too much" if left else ""


def told(sources: tuple[Source, ...]) -> Iterator[tuple[str, str]]:
    """Yield every command that is told, with where it stands, and its problem."""
    for source in product(sources):
        for line, text in texts(source):
            for command, words in commands_in(text):
                where = f"{source.path}:{line}: {command.name} {' '.join(words)}"
                yield where, problem_of(command, words)


def test_every_command_that_is_told_can_be_given() -> None:
    found = dict(told(read_tree()))
    assert [f"{where}: {problem}" for where, problem in found.items() if problem] == []
    assert len(found) > 40


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Free it: tallystick portal release R.", "--reason"),
        ("Give it up: tallystick portal rehost R --reason TEXT", "--evidence"),
        ("Add one with `tallystick portal user add NAME`.", "--role"),
        ("tallystick portal user add NAME --role king", "king"),
        ("tallystick portal approve R --maybe, or not", "--maybe"),
        ("tallystick keys show A B", "too much"),
    ],
)
def test_a_command_that_cannot_be_given_is_noticed(text: str, problem: str) -> None:
    ((command, words),) = commands_in(text)
    assert problem in problem_of(command, words)


@pytest.mark.parametrize(
    "text",
    [
        "See `tallystick portal list`, or tallystick portal license add. Then go on",
        "tallystick device return shows it again",
    ],
)
def test_a_command_that_is_spoken_of_by_name_is_let_be(text: str) -> None:
    assert list(commands_in(text)) == []
