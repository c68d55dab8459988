"""Every command's help: a first line, an example that works, and the options that all commands share.

The examples are run in the order of a person's work, in one folder, as they stand in the help.
"""

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.command import Verb
from cli.exit_codes import EXIT_CODES
from cli.main import tallystick
from cli.portal.views import STATES
from cli.settings import SETTINGS
from reservation.orders import COLUMNS
from tests.cli.desk import Desk, Outcome
from tests.cli.vendor import mistyped

# In the order of a person's work; each makes what the next ones need.
ORDER = (
    "portal init",
    "portal trust",
    "portal license add",
    "portal license import",
    "portal license list",
    "portal va add",
    "portal va list",
    "portal user add",
    "portal user grant",
    "portal user revoke",
    "portal user list",
    "portal va access",
    "portal user passphrase",
    "portal user remove",
    "portal agreement add",
    "portal agreement list",
    "portal agreement show",
    "portal agreement accept",
    "portal catalogue add",
    "portal catalogue show",
    "portal product set",
    "portal product list",
    "device init",
    "device status",
    "device request",
    "code qr",
    "code scan",
    "portal reserve",
    "portal batch",
    "portal reissue",
    "portal slip",
    "code explain",
    "code verify",
    "code repair",
    "code bundle",
    "code unbundle",
    "code release-sheet",
    "code cose",
    "device install",
    "device check",
    "device confirmation",
    "portal accept",
    "portal list",
    "portal show",
    "portal update",
    "portal license transfer",
    "portal license correct",
    "portal policy",
    "portal quarantine",
    "portal expect",
    "portal transfer",
    "portal rehost",
    "portal decisions",
    "portal approve",
    "portal write-off",
    "device codes",
    "device journal",
    "device return",
    "portal release",
    "portal va rename",
    "portal va remove",
    "portal events",
    "portal log checkpoint",
    "portal log export",
    "portal log verify",
    "portal log prove",
    "portal report usage",
    "portal report exposure",
    "portal report expiring",
    "portal report transactions",
    "portal sweep",
    "portal audit",
    "keys generate",
    "keys show",
    "keys passphrase",
    "keys rotate-issuer",
    "keys certify",
    "portal issuer adopt",
    "portal issuer list",
    "portal issuer devices",
    "portal issuer renew",
    "keys revoke",
    "portal backup",
    "portal restore",
    "portal alerts",
    "portal acknowledge",
    "device cancel",
    "demo",
)


def verbs(group: click.Group = tallystick, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Verb]]:
    """Yield every command that does something, with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from verbs(command, (*words, name))
        else:
            assert isinstance(command, Verb)
            yield " ".join((*words, name)), command


VERBS = dict(verbs())


def groups(group: click.Group = tallystick) -> Iterator[click.Group]:
    yield group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from groups(command)


def test_the_commands_are_those_of_the_interface() -> None:
    assert set(VERBS) == set(ORDER)


@pytest.mark.parametrize("group", tuple(groups()), ids=lambda group: str(group.name))
def test_lists_say_what_the_commands_say(group: click.Group) -> None:
    from cli.lazy import LazyGroup

    assert isinstance(group, LazyGroup)
    for name, (_, text) in group.places.items():
        command = group.get_command(click.Context(group), name)
        assert command is not None
        assert command.help is not None
        assert command.help.strip().splitlines()[0] == text
        assert command.name == name
        assert len(text) <= 72


@pytest.mark.parametrize("words", VERBS)
def test_help_reads_like_a_page(desk: Desk, words: str) -> None:
    shown = desk.done(*words.split(), "--help").out
    lines = shown.splitlines()
    assert lines[0].startswith(f"Usage: tallystick {words}")
    assert "Options of every command:" in lines
    assert "Example:" in lines
    assert "Exit codes (`tallystick --help` lists all of them):" in lines
    assert any(line.startswith("  0  ") for line in lines)
    assert "  --json " in shown
    assert f"  $ tallystick {words}" in shown
    assert max(map(len, lines)) <= 100
    for name in [
        option for parameter in VERBS[words].params for option in parameter.opts if option[0] == "-"
    ]:
        assert name in shown


def test_states_are_those_of_the_reservation() -> None:
    from reservation.model import State
    from reservation.service.views import View

    assert [*State, *View] == list(STATES)


def test_reasons_are_those_of_the_codec() -> None:
    from cli.device.exchange import REASONS
    from codec.codes import ReturnReason

    names = [reason.name.lower().replace("_", "-") for reason in ReturnReason]
    assert [name for name in names if name != "cancelled"] == list(REASONS)


SPEAKING = {"code repair", "portal acknowledge"}
"""Examples that say something even to scripts: what was repaired; that there is a quarantine."""


def run_examples(desk: Desk, words: str, *more: str) -> list[Outcome]:
    outcomes = []
    for line in VERBS[words].example.strip().splitlines():
        argv = shlex.split(line)
        assert argv[0] == "tallystick"
        outcomes.append(desk.run(*argv[1:], *more))
    return outcomes


def prepare(desk: Desk, words: str) -> None:
    """Make what an example needs and no example before it makes."""
    if words == "portal reserve":
        desk.write("requests.csv", f"code\n{desk.path('request.txt').read_text()}")
    if words == "portal user passphrase":
        desk.write("mine.txt", "a sentence of my own\n")
        desk.path("mine.txt").chmod(0o600)
    if words == "portal agreement add":
        desk.write("catalogue.txt", "ROUTING\nCRYPTO\nVPN\n")
        desk.write("terms.txt", "Licences are for our own devices.\n")
    if words == "portal license import":
        desk.write("order.csv", f"{','.join(COLUMNS)}\nVPN,5,DEFAULT,perpetual,,,PO-4712\n")
    if words == "code repair":
        code = desk.path("authorization.txt").read_text().strip()
        desk.write("mistyped.txt", mistyped(code, 20))
    if words == "portal rehost":
        desk.done("device", "init", "--pid", "RTR-900", "--sn", "NEW1", "--trust", "trust.txt", on="spare")
        desk.write("new.txt", desk.done("device", "request", on="spare").line)
        desk.write("old.txt", desk.path("request.txt").read_text())
    if words == "portal release":
        desk.hardware["spare"] = {}
        desk.write("request.txt", desk.path("new.txt").read_text())
        desk.done("portal", "accept", desk.done("device", "cancel", on="spare").line)
    if words == "portal va remove":
        desk.done("portal", "va", "add", "Depot")
    if words == "portal acknowledge":
        # Of all alerts, only the one about the database has the same name everywhere.
        desk.done("portal", "quarantine", "--begin", "--reason", "rehearsal")
    _prepare_device(desk, words)


def _prepare_device(desk: Desk, words: str) -> None:
    if words == "device cancel":
        desk.done("device", "request")
    _prepare_keys(desk, words)


def _prepare_keys(desk: Desk, words: str) -> None:
    if words == "keys passphrase":
        desk.write("new.txt", "another long enough passphrase\n")
        desk.path("new.txt").chmod(0o600)
    if words == "keys certify":
        desk.environ["TALLYSTICK_PASSPHRASE_FILE"] = str(desk.path("portal-keys/passphrase"))
        shutil.copy(desk.path("portal-keys/root.pem"), desk.path("root.pem"))
        desk.write(
            "old-issuer.txt", desk.done("portal", "issuer", "list", "--json").json["issuers"][0]["key_id"]
        )


@pytest.mark.parametrize("as_json", [False, True])
def test_every_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    """As it stands; and once more in a new folder with ``--json``, where it gives one object."""
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    for words in ORDER:
        prepare(desk, words)
        for outcome in run_examples(desk, words, *(("--json",) if as_json else ())):
            assert outcome.code == 0, (words, outcome)
            if as_json:
                assert isinstance(outcome.json, dict), words
                assert "error" not in outcome.json
                assert outcome.err == "" or words in SPEAKING, (words, outcome.err)


def test_json_says_what_the_text_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every code on stdout is the one of ``--json``, for every command that makes one."""
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    seen = set()
    for words in ORDER:
        prepare(desk, words)
        for outcome in run_examples(desk, words):
            first = outcome.out.split("\n")[0]
            if len(first) < 100 or " " in first:
                continue
            again = run_examples(desk, words, "--json")[-1]
            if words not in {"device codes", "portal update", "code scan", "code bundle", "code unbundle"}:
                assert json.loads(again.out)["code"] == first, words
                seen.add(words)
    assert {"device request", "portal reserve", "device install", "device return", "portal reissue"} <= seen


def test_the_help_of_the_program_says_what_goes_for_every_command(desk: Desk) -> None:
    shown = desk.done("--help").out
    for code, meaning in EXIT_CODES.items():
        assert f"  {code}  {meaning[:40]}" in shown
    for name in SETTINGS:
        assert f"TALLYSTICK_{name.upper()} " in shown
        assert name in shown
    for shell in ("bash", "zsh", "fish"):
        assert f"_TALLYSTICK_COMPLETE={shell}_source" in shown
    assert "Examples:" in shown


@pytest.mark.parametrize("words", VERBS)
def test_exit_codes_of_a_command_are_those_of_the_table(words: str) -> None:
    lines = [line.split(maxsplit=1) for line in VERBS[words].exits.strip().splitlines()]
    codes = [int(code) for code, _ in lines]
    assert codes[0] == 0
    assert codes == sorted(set(codes))
    assert set(codes) <= EXIT_CODES.keys()
