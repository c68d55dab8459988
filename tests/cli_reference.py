"""Make docs/cli.md from the program itself: its help texts, and examples that really ran.

``python -m tests.cli_reference`` (``make docs``) writes the page; the test `tests/test_docs.py` makes it
again and compares, so neither a help text nor an output can change without the page.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import click

from cli.exit_codes import EXIT_CODES
from cli.main import tallystick
from tests.cli_examples import EXAMPLES, Example
from tests.forking import forked

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cli.md"
START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)

COLUMNS = 100

HARDWARE = {
    machine: {
        "machine id": f"{machine}-5f2c",
        "board serial": f"BRD-{machine}",
        "disk": f"WD-{machine}",
        "MAC eth0": f"02:00:5e:00:00:{number:02x}",
        "CPU": "GenuineIntel 6 142 10",
    }
    for number, machine in enumerate(("portal", "router", "spare"), start=1)
}

INTRODUCTION = """\
# Commands

Made from the program itself; do not edit (`make docs`). Every example ran as it stands, in the order of the
numbers, and a test runs them again.

**stdout is the result, stderr is talk.** A command whose result is a code prints it as one unbroken line when
stdout is not a terminal, and as numbered groups when it is. `--json` gives one JSON object on stdout, errors
as `{"error": {"code", "message", "hint"}}`. A code argument may be the code itself, however it was wrapped,
grouped or quoted; `-` (standard input); `--file F`; or `--image F`.
"""


def commands(
    group: click.Group = tallystick, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its words."""
    context = click.Context(group, info_name="tallystick")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def page() -> str:
    """Return the whole page."""
    shown = run_examples()
    parts = [INTRODUCTION, _exit_codes(), _whole("", tallystick)]
    for group, members in groupby(commands(), key=lambda item: item[0].split()[0]):
        parts.append(f"## {group}\n")
        whole = tallystick.get_command(click.Context(tallystick), group)
        if isinstance(whole, click.Group):
            parts.append(_whole(group, whole))
        for words, command in members:
            parts.append(f"### tallystick {words}\n\n```text\n{_help(words, command)}\n```\n")
            parts += [text for name, text in shown if name == words]
    return "\n".join(parts)


def _exit_codes() -> str:
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    return f"## Exit codes\n\n| code | meaning |\n|---|---|\n{rows}"


def _whole(words: str, group: click.Command) -> str:
    """Return the help of a group, or of the program."""
    title = "" if words else "## tallystick\n\n"
    return f"{title}```text\n{_help(words, group)}\n```\n"


def _help(words: str, command: click.Command) -> str:
    """Return the help that ``tallystick WORDS --help`` prints; contexts hand down the program's settings."""
    group, _, name = f"tallystick {words}".rpartition(" ")
    parent = click.Context(tallystick, info_name=group, **tallystick.context_settings)
    context = click.Context(command, info_name=name, parent=parent, terminal_width=COLUMNS)
    if not words:
        context = click.Context(
            command, info_name="tallystick", terminal_width=COLUMNS, **tallystick.context_settings
        )
    return command.get_help(context).rstrip()


def run_examples() -> list[tuple[str, str]]:
    """Run the story and return, for each example, its command and its Markdown."""
    shown = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _furnish(home)
        now = START
        with forked(home / "bin" / "tallystick"):
            for number, example in enumerate(EXAMPLES, start=1):
                now += timedelta(minutes=example.minutes)
                shown.append((example.command, _run(example, number, home, now)))
    return shown


def _furnish(home: Path) -> None:
    (home / "bin").mkdir()
    for machine, facts in HARDWARE.items():
        (home / "bin" / f"{machine}.json").write_text(json.dumps(facts))
    (home / "work").mkdir()


def _run(example: Example, number: int, home: Path, now: datetime) -> str:
    environment = {
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home / "work"),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": str(COLUMNS),
        "LANG": "C.UTF-8",
        "FAKE_NOW": now.isoformat(),
        "FAKE_SEED": str(home / "bin" / "seed"),
        "FAKE_HARDWARE": str(home / "bin" / f"{example.on}.json"),
        "TALLYSTICK_USER": "kim",
        "TALLYSTICK_HOME": str(home / "work" / example.on),
        "TALLYSTICK_DB": f"sqlite:///{home / 'work' / 'portal.db'}",
    }
    blocks = []
    for line in example.lines:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=home / "work",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        output = _plain(done.stdout, home)
        status = f"[exit {done.returncode}]\n" if done.returncode else ""
        blocks.append(f"$ {line}\n{output}{status}")
    note = f"{number}. {example.note or 'Example'}" + (
        f" (on the {example.on})" if example.on != "portal" else ""
    )
    return f"{note}\n\n```console\n{''.join(blocks).rstrip()}\n```\n"


def _plain(output: str, home: Path) -> str:
    return re.sub(r"[ \t]+$", "", output.replace(str(home / "work"), "~"), flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
