"""Nothing that anybody types, pastes, stores or names can steer a terminal or change the reading order."""

import json
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.plain import labelled, safe, sentence, table
from tests.cli.desk import Desk, Outcome
from tests.cli.portal_desk import PortalDesk
from tests.cli.vendor import ACME
from tests.search import examples

NASTY = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202egnp.exe\u2066\u200b\x00\r\n\tend\x7f\ud800"
WICKED = st.one_of(
    st.text(max_size=60),
    st.text(
        alphabet="\x1b\x9b\x07\r\n\t\x00\x7f\u202e\u2066\u200e\u200b\u2028[]0;mABC123\ud800", max_size=40
    ),
    st.just(NASTY),
)
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def require_safe(*texts: str) -> None:
    """Fail when a text holds anything but visible characters, spaces and line ends."""
    for text in texts:
        wrong = {f"U+{ord(c):04X}" for c in text if c != "\n" and unicodedata.category(c) in FORBIDDEN}
        assert not wrong, (wrong, text)


def require_safe_outcome(outcome: Outcome) -> None:
    require_safe(outcome.out, outcome.err)
    assert outcome.code in range(8)
    assert "unexpected" not in outcome.out
    assert "not prepared for" not in outcome.err


@given(WICKED)
def test_safe_text_is_safe(text: str) -> None:
    for shown in (safe(text), sentence(text), table(("A", "B"), [(text, 1)]), labelled([("A", text)])):
        require_safe(shown)
    assert "\n" not in safe(text)
    assert len(table(("A",), [(text,)]).split("\n")) == 2


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), max_size=200))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_long_text_is_cut() -> None:
    assert safe("x" * 1_000_000) == "x" * 399 + "…"


@contextmanager
def _fresh_device() -> Iterator[Desk]:
    # Some of the words are taken for names of files to write; those belong in the desk's own folder.
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        desk = Desk(Path(folder))
        trust = desk.write("trust.txt", ACME.trust_file())
        desk.done("device", "init", "--pid", "RTR-900", "--sn", "FDO1", "--trust", trust)
        yield desk


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.too_slow])
@given(WICKED, st.booleans())
def test_hostile_words_anywhere(text: str, as_json: bool) -> None:
    with _fresh_device() as desk:
        code = ACME.authorize(desk.done("device", "request").line)
        first = ("--json",) if as_json else ()
        for argv in (
            ("device", "install", f"{code[:40]}{text}{code[40:]}"),
            ("device", "install", text),
            ("device", "install", "--file", text),
            ("device", "install", "--image", text),
            ("device", "check", text),
            ("device", "request", "--want", text),
            ("device", "request", "--out", text.replace("/", "_")),
            ("device", "init", "--pid", text, "--sn", text, "--trust", text),
            ("device", "status", "--home", text),
            ("device", "return", "--reason", text),
            ("code", "explain", text),
            ("code", "verify", code, "--request", text),
            ("code", "explain", code, "--catalogue", text),
            ("keys", "show", text),
            ("portal", "list", "--db", text),
            (text,),
            ("device", text),
            ("device", "status", f"--{text}"),
        ):
            outcome = desk.run(*first, *argv)
            require_safe(outcome.out, outcome.err)
            assert outcome.code in range(8)
            if as_json:
                assert isinstance(outcome.json, dict)
        require_safe_outcome(desk.run("device", "install", "-", stdin=text))


@pytest.fixture(scope="module")
def portal() -> Iterator[PortalDesk]:
    with tempfile.TemporaryDirectory() as folder:
        yield PortalDesk(Path(folder))


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow])
@given(text=WICKED)
def test_hostile_words_at_the_portal(portal: PortalDesk, text: str) -> None:
    request = portal.requested()
    for argv in (
        ("portal", "va", "add", text),
        ("portal", "license", "add", text, "1"),
        ("portal", "license", "add", "TAG", "1", "--va", text, "--order", text),
        ("portal", "license", "list", "--va", text),
        ("portal", "license", "add", "TAG", text),
        ("portal", "license", "add", "TAG", "1", "--start", text, "--end", text),
        ("portal", "reserve", request, "--license", text),
        ("portal", "reserve", request, "--license", f"{text}=1", "--term", text, "--va", text),
        ("portal", "accept", text),
        ("portal", "show", text),
        ("portal", "update", text, "--license", "A=1"),
        ("portal", "list", "--va", text, "--page", text),
        ("portal", "list", "--user", text),
        ("portal", "events", "--since", text),
        ("portal", "product", "set", text, "--universal", text),
        ("portal", "catalogue", "add", text),
    ):
        require_safe_outcome(portal.run(*argv))


def test_what_was_stored_is_shown_safely(portal: PortalDesk) -> None:
    """Names that got into the books by another way than the command line."""
    connection = apsw.Connection(str(portal.path("portal.db")))
    for trigger in [
        row[0] for row in connection.execute("select name from sqlite_schema where type='trigger'")
    ]:
        connection.execute(f"drop trigger {trigger}")
    for column in ("lots.tag", "virtual_accounts.name", "events.subject", "events.actor"):
        place, _, name = column.partition(".")
        connection.execute(f"update {place} set {name} = {name} || ?", (NASTY.rstrip("\ud800"),))
    connection.close()
    for argv in (("license", "list"), ("va", "list"), ("events",), ("audit",), ("list",)):
        shown = portal.run("portal", *argv)
        require_safe(shown.out, shown.err)
        as_json = portal.run("portal", *argv, "--json")
        require_safe(as_json.out, as_json.err)
        assert isinstance(json.loads(as_json.out), dict)
        assert argv in {("audit",), ("list",)} or "owned" in as_json.out


def test_a_hostile_file_of_settings_or_trust_is_shown_safely(portal: PortalDesk) -> None:
    file = portal.path("nasty.txt")
    file.write_bytes(NASTY.encode("utf-8", "surrogatepass"))
    for argv in (
        ("device", "init", "--pid", "P", "--sn", "S", "--trust", str(file)),
        ("device", "install", "--file", str(file)),
        ("code", "explain", "--file", str(file)),
        ("portal", "catalogue", "add", str(file)),
        ("keys", "show", str(file)),
        ("portal", "list", "--passphrase-file", str(file)),
    ):
        require_safe_outcome(portal.run(*argv, on="spare"))
    portal.environ["TALLYSTICK_CONFIG"] = str(file)
    portal.environ["TALLYSTICK_HOME"] = ""
    try:
        require_safe_outcome(portal.run("device", "status"))
    finally:
        portal.environ.clear()
