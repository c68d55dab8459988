"""What a person sees on a screen of 80 columns: nothing breaks inside a word, a command or a QR.

The screen is `COLUMNS` wide here, since a stream of a test has no size of its own.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.plain import labelled, table, wrapped
from codec import qr as drawing
from tests.cli.desk import Desk
from tests.cli.portal_desk import PortalDesk

COMMAND = "tallystick portal license add TAG QUANTITY"


# --- words -------------------------------------------------------------------------------------


@given(words=st.lists(st.text("abc-", min_size=1, max_size=12), min_size=1, max_size=40))
def test_wrapped_lines_fit_and_lose_nothing(words: list[str]) -> None:
    text = " ".join(words)
    shown = wrapped(text, 40)
    assert all(len(line) <= 40 for line in shown.split("\n"))
    assert shown.replace("\n", " ") == text
    assert wrapped(text, None) == text


def test_a_command_is_never_broken() -> None:
    for before in range(20, 60):
        shown = wrapped(f"{'x' * before} do this: {COMMAND} and --other things", 70)
        assert COMMAND in shown
        assert "\n" in shown


def test_wrapped_lines_keep_their_indent() -> None:
    shown = wrapped("  " + "word " * 20, 40, indent=4)
    assert re.fullmatch(r"  word.*(\n      word.*)+", shown)


def test_a_long_name_of_a_file_stays_whole() -> None:
    name = "/a" * 60
    assert name in wrapped(f"Written: {name}", 50).split("\n")


def test_a_value_goes_on_below_its_beginning() -> None:
    shown = labelled([("Signature", "holds " * 20), ("Id", "7")], width=60).split("\n")
    assert shown[0].startswith("Signature  holds")
    assert all(line.startswith("           holds") for line in shown[1:-1])
    assert shown[-1] == "Id         7"


# --- tables ------------------------------------------------------------------------------------

HEAD = ("TAG", "TERM", "LOT", "FREE", "USED")
ROWS = [
    ("ROUTING", "perpetual, export-controlled", "D11TTJT1", "10", "0"),
    ("VPN", "perpetual", "X", "1", "22"),
]


def test_a_wide_table_goes_on_in_a_second_line() -> None:
    shown = table(HEAD, ROWS, right=("FREE", "USED"), width=52)
    assert shown.split("\n") == [
        "TAG      TERM                          LOT",
        "    FREE  USED",
        "ROUTING  perpetual, export-controlled  D11TTJT1",
        "      10     0",
        "VPN      perpetual                     X",
        "       1    22",
    ]


def test_a_table_that_fits_is_as_it_would_be_in_a_file() -> None:
    plain = table(HEAD, ROWS, right=("FREE", "USED"))
    assert table(HEAD, ROWS, right=("FREE", "USED"), width=max(map(len, plain.split("\n")))) == plain
    assert len(plain.split("\n")) == 3


@given(width=st.integers(30, 90))
def test_no_cell_is_lost_in_any_width(width: int) -> None:
    shown = table(HEAD, ROWS, right=("FREE", "USED"), width=width)
    assert all(len(line) <= max(width, 4 + 28) for line in shown.split("\n"))
    assert [word for line in shown.split("\n") for word in line.split()] == [
        word for row in (HEAD, *ROWS) for cell in row for word in cell.split()
    ]


def test_the_portal_fits_80_columns(tmp_path_factory: pytest.TempPathFactory) -> None:
    portal = PortalDesk(tmp_path_factory.mktemp("portal"))
    portal.environ |= {"COLUMNS": "80", "NO_COLOR": "1"}
    portal.done(
        "portal", "license", "add", "CRYPTO-STRONG-256", "5", "--start", "2026-03-01", "--end", "2027-02-28"
    )
    request, authorization, confirmation = portal.confirmed()
    portal.done("portal", "update", request, "--license", "ROUTING=5")
    for argv in (
        ("portal", "license", "list"),
        ("portal", "list"),
        ("portal", "show", request),
        ("portal", "events"),
        ("portal", "reissue", request),
        ("portal", "accept", confirmation),
        ("portal", "trust", "--out", str(portal.path("again.txt"))),
        ("code", "explain", request),
        ("code", "explain", authorization, "--request", request, "--trust", portal.trust),
        ("device", "status"),
        ("device", "journal"),
        ("device", "request"),
        ("device", "cancel"),
        ("device", "confirmation"),
    ):
        shown = portal.run(*argv, terminal=True)
        for line in (shown.out + shown.err).split("\n"):
            # A path or an id may be longer than any screen; a sentence or a table may not.
            assert len(line) <= 80 or " " not in line.strip(), (argv, line)


def test_the_demo_fits_80_columns(desk: Desk) -> None:
    desk.environ |= {"COLUMNS": "80", "NO_COLOR": "1"}
    shown = desk.run("demo", "--fast", terminal=True)
    assert shown.code == 0
    assert [line for line in shown.out.split("\n") if len(line) > 80] == []
    assert "columns wide and this screen has 80" in shown.err


def test_in_a_pipe_a_row_is_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    portal = PortalDesk(tmp_path_factory.mktemp("portal"))
    portal.environ["COLUMNS"] = "40"
    assert len(portal.done("portal", "license", "list").out.splitlines()) == 3
    step, fingerprint = portal.done("device", "request").err.splitlines()
    assert step.startswith("Next: ")
    assert fingerprint.startswith("Fingerprint of the request: ")


# --- QR ----------------------------------------------------------------------------------------


@pytest.fixture
def code(device: Desk) -> str:
    """A request code."""
    return device.done("device", "request").line


def _side(code: str) -> int:
    return 4 * drawing.version_of(code) + 17 + 2 * drawing.QUIET_ZONE


@pytest.mark.parametrize(("option", "times"), [("--qr", 1), ("--ascii-qr", 2)])
def test_a_qr_that_does_not_fit_is_not_drawn(device: Desk, code: str, option: str, times: int) -> None:
    device.environ["COLUMNS"] = str(_side(code) * times - 1)
    shown = device.run("device", "request", option, terminal=True)
    assert shown.code == 0
    assert "▀" not in shown.out
    assert "##" not in shown.out
    assert f"The QR is {_side(code) * times} columns wide" in shown.err
    assert "--svg F" in " ".join(shown.err.split())
    device.environ["COLUMNS"] = str(_side(code) * times)
    assert "columns wide" not in device.run("device", "request", option, terminal=True).err


def test_a_qr_that_is_higher_than_the_screen_is_drawn_and_said(device: Desk, code: str) -> None:
    # A stream without a size counts as 24 lines.
    shown = device.run("device", "request", "--qr", terminal=True)
    assert drawing.terminal(code) in shown.out
    assert f"{(_side(code) + 1) // 2} lines high and this screen has 24" in shown.err


def test_in_a_file_a_qr_has_any_size(device: Desk, code: str) -> None:
    device.environ["COLUMNS"] = "20"
    assert drawing.terminal(code) in device.done("device", "request", "--qr").out


def test_without_colours_the_qr_of_a_code_is_plain(device: Desk, code: str) -> None:
    device.environ |= {"NO_COLOR": "1", "COLUMNS": "200"}
    shown = device.run("code", "qr", code, terminal=True)
    assert drawing.ascii_art(code) in shown.out
    assert "\x1b" not in shown.out


def test_kinds_have_their_articles(device: Desk, code: str) -> None:
    assert "A request code, " in device.done("code", "qr", code).err
    returned = device.done("device", "cancel").line
    assert "A return code, " in device.done("code", "repair", returned).err


# --- questions ---------------------------------------------------------------------------------


def test_nobody_types_a_passphrase_in_vain(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What can be refused without the key is refused first: the desk has no passphrase to give."""
    portal = PortalDesk(tmp_path_factory.mktemp("portal"))
    portal.path("portal-keys/passphrase").unlink()
    request = portal.requested()
    for argv, exit_code in (
        (("portal", "init", "--account", "Another"), 1),
        (("keys", "generate", str(portal.path("portal-keys/root.pem"))), 1),
        (("portal", "reserve", request), 2),
        (("portal", "reserve", "HELLO", "--as-requested"), 3),
        (("portal", "update", "ZZZZZZZZ", "--license", "ROUTING=1"), 1),
    ):
        assert portal.run(*argv, terminal=True).code == exit_code, argv
    portal.passphrases = ["not the one"]
    assert portal.run("portal", "reserve", request, "--as-requested", terminal=True).code == 6
    assert portal.passphrases == []


def test_a_return_says_what_ends(tmp_path_factory: pytest.TempPathFactory) -> None:
    portal = PortalDesk(tmp_path_factory.mktemp("portal"))
    portal.confirmed()
    before = portal.everything()
    asked = portal.run("device", "return", terminal=True, stdin="n\n")
    assert "  2 × ROUTING (perpetual)\n" in asked.err
    assert "Give them back? [y/N]" in asked.err
    assert asked.code == 1
    assert portal.everything() == before
