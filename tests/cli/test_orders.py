"""`portal license import`: what it prints, asks and refuses; after a refusal, nothing was written."""

import json
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from samples.make import SAMPLES
from tests.cli.desk import Desk
from tests.cli.portal_desk import PortalDesk
from tests.cli.processes import PROGRAM, Machines
from tests.cli.test_hostile_text import require_safe_outcome

ORDERS = SAMPLES / "orders"
EXPECTED = json.loads((ORDERS / "expected.json").read_text(encoding="utf-8"))
GOOD = [name for name, order in EXPECTED.items() if order["good"]]
BAD = [name for name, order in EXPECTED.items() if not order["good"]]
IMPORT = ("portal", "license", "import")
HEADER = "tag,quantity,virtual_account,kind,start,end,order\n"
SMALL = f"{HEADER}VPN,2,DEFAULT,perpetual,,,PO-7\nVPN,3,DEFAULT,term,2026-01-01,2026-12-31,PO-7\n"


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    """A desk with the Virtual Accounts that the samples name."""
    desk = PortalDesk(tmp_path)
    for name in ("SITE-NORTH", "SITE-SOUTH"):
        desk.done("portal", "va", "add", name)
    return desk


@pytest.mark.parametrize("name", GOOD)
def test_every_good_sample(portal: PortalDesk, name: str) -> None:
    file = str(ORDERS / name)
    before = portal.everything()
    table = portal.done(*IMPORT, file, "--dry-run")
    preview = portal.done(*IMPORT, file, "--dry-run", "--json").json
    assert portal.everything() == before
    imported = portal.done(*IMPORT, file, "--json").json
    require_safe_outcome(table)

    assert imported == preview | {"dry_run": False}
    assert imported["lines"] == EXPECTED[name]["rows"]
    assert imported["sha256"] == sha256((ORDERS / name).read_bytes()).hexdigest()
    added = [each for order in imported["orders"] for each in order["added"]]
    assert len(table.out.splitlines()) == len(added) + 1
    for each, line in zip(added, table.out.splitlines()[1:], strict=True):
        assert line.startswith(each["tag"])
        assert each["lot"] in line and each["virtual_account"] in line and str(each["added"]) in line
    assert "Nothing was added yet." in table.err
    assert f"Next: tallystick portal license import {file}" in table.err

    listed = portal.done("portal", "license", "list", "--json").json["licenses"]
    books = {(each["lot"], each["virtual_account"]): each["counts"] for each in listed}
    for each in added:
        counts = books[each["lot"], each["virtual_account"]]
        assert counts["available"] == (0 if each["reporting_only"] else each["added"])
    assert portal.done("portal", "audit").out == "The books add up.\n"


@pytest.mark.parametrize("name", BAD)
def test_every_bad_sample(portal: PortalDesk, name: str) -> None:
    before = portal.everything()
    for more in ((), ("--dry-run",)):
        refused = portal.run(*IMPORT, str(ORDERS / name), *more)
        assert refused.code == 2
        assert refused.out == ""
        assert "Error: The order file cannot be used." in refused.err
        require_safe_outcome(refused)
    as_json = portal.run(*IMPORT, str(ORDERS / name), "--json")
    assert (as_json.code, as_json.err) == (2, "")
    error = as_json.json["error"]
    assert error["code"] == "order-file"
    assert "Nothing was added" in error["hint"]
    first = error["problems"][0]
    assert (first["line"], first["column"]) == (EXPECTED[name]["line"], EXPECTED[name]["column"])
    assert portal.everything() == before


def _unknown_account(desk: PortalDesk) -> str:
    return desk.write("order.csv", SMALL.replace("DEFAULT", "Atlantis"))


def _same_again(desk: PortalDesk) -> str:
    file = desk.write("order.csv", SMALL)
    desk.done(*IMPORT, file)
    return file


def _other_content(desk: PortalDesk) -> str:
    desk.done(*IMPORT, desk.write("first.csv", SMALL))
    return desk.write("order.csv", SMALL.replace("VPN,2", "VPN,4"))


def _ended(desk: PortalDesk) -> str:
    return desk.write("order.csv", SMALL.replace("2026-01-01,2026-12-31", "2025-01-01,2025-12-31"))


def _missing(desk: PortalDesk) -> str:
    return str(desk.path("nowhere.csv"))


def _folder(desk: PortalDesk) -> str:
    return str(desk.folder)


REFUSALS: dict[str, tuple[Callable[[PortalDesk], str], int, str, str, str]] = {
    # what: how, exit code, error code, words of the message, words of the hint
    "unknown account": (_unknown_account, 1, "unknown-name", "Atlantis (lines 2, 3)", "portal va add"),
    "the same again": (
        _same_again,
        1,
        "already-imported",
        "PO-7, imported from this same file on 2026-03-02 03:00 UTC by kim",
        "all is done",
    ),
    "the same order with other content": (
        _other_content,
        1,
        "already-imported",
        "another file",
        "of their own",
    ),
    "a term that is over": (_ended, 1, "refused", "line 3", "end dates"),
    "no file": (_missing, 2, "usage", "nowhere.csv", "name of the file"),
    "a folder": (_folder, 2, "usage", "cannot be read", ""),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refused_import(portal: PortalDesk, what: str) -> None:
    prepare, exit_code, error_code, message, hint = REFUSALS[what]
    file = prepare(portal)
    before = portal.everything()
    for more in ((), ("--dry-run",)):
        refused = portal.run(*IMPORT, file, *more)
        assert (refused.code, refused.out) == (exit_code, "")
        error = portal.run(*IMPORT, file, *more, "--json").json["error"]
        assert error["code"] == error_code
        assert message in error["message"]
        assert hint in error["hint"]
        assert f"Error: {error['message']}\nWhat to do: {error['hint']}\n" in refused.err
    assert portal.everything() == before


def test_scripts_are_told_which_order_is_known(portal: PortalDesk) -> None:
    file = _same_again(portal)
    known = [{"order": "PO-7", "at": "2026-03-02T03:00:00Z", "actor": "kim", "same_file": True}]
    assert portal.run(*IMPORT, file, "--json").json["error"]["orders"] == known


def test_one_order_and_several_are_summed_up(portal: PortalDesk) -> None:
    one = portal.done(*IMPORT, portal.write("order.csv", SMALL))
    assert one.out == "Imported order PO-7: 2 lines, 5 licences for 1 Virtual Account.\n"
    two = portal.done(
        *IMPORT, "-", stdin=SMALL.replace("PO-7\nVPN,3", "PO-8\nVPN,3000").replace("PO-7", "PO-9")
    )
    assert two.out == (
        "ORDER  LINES  LOTS  ADDED\n"
        "PO-8       1     1      2\n"
        "PO-9       1     1  3,000\n"
        "Imported 2 orders: 2 lines, 3,002 licences for 1 Virtual Account.\n"
    )
    assert portal.done(*IMPORT, "-", "-q", stdin=SMALL.replace("PO-7", "PO-6")).err == ""


def test_every_mistake_is_told_before_the_error(portal: PortalDesk) -> None:
    many = HEADER + "VPN,0,DEFAULT,perpetual,,,PO-7\n" * 80
    refused = portal.run(*IMPORT, "-", stdin=many)
    lines = refused.err.splitlines()
    assert lines[0].startswith("Line 2: The quantity '0' is no whole number")
    assert lines[49].startswith("Line 51: ")
    assert lines[50] == "… and 30 more."
    assert lines[51].startswith("Error: The order file cannot be used. 80 things in it are wrong. Line 2: ")
    assert len(portal.run(*IMPORT, "-", "--json", stdin=many).json["error"]["problems"]) == 80


def test_licences_of_one_tag(portal: PortalDesk) -> None:
    portal.done(*IMPORT, "-", stdin=SMALL)
    listed = portal.done("portal", "license", "list", "--tag", "VPN", "--json").json["licenses"]
    assert [each["counts"]["available"] for each in listed] == [2, 3]
    nothing = portal.done("portal", "license", "list", "--tag", "NONE")
    assert (nothing.out, "no such licences" in nothing.err) == ("", True)


def test_a_next_step_can_be_pasted(portal: PortalDesk) -> None:
    file = portal.write("order of May; rm -rf.csv", SMALL)
    shown = portal.done(*IMPORT, file, "--dry-run")
    assert f"Next: tallystick portal license import '{file}'\n" in shown.err
    assert "Next: The same without --dry-run" in portal.done(*IMPORT, "-", "--dry-run", stdin=SMALL).err


class SlowDesk(PortalDesk):
    """A desk whose clock moves on by a tenth of a second whenever somebody looks at it."""

    @property
    def now(self) -> datetime:
        self._now += timedelta(milliseconds=100)
        return self._now

    @now.setter
    def now(self, moment: datetime) -> None:
        self._now = moment


def test_what_takes_long_shows_how_far_it_is(tmp_path: Path) -> None:
    desk = SlowDesk(tmp_path)
    rows = "".join(f"TAG-{number},1,DEFAULT,perpetual,,,PO-7\n" for number in range(50))
    file = desk.write("order.csv", HEADER + rows)
    shown = desk.run(*IMPORT, file, terminal=True)
    assert shown.code == 0
    assert "20 lines read …" in shown.err
    assert "20 lots entered …" in shown.err
    assert shown.err.endswith("\r\x1b[K")


def test_without_a_portal(desk: Desk) -> None:
    assert desk.run(*IMPORT, desk.write("order.csv", SMALL)).code == 1
    assert list(desk.snapshot()) == ["order.csv"]


# --- processes -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Machines:
    machines = Machines(tmp_path_factory.mktemp("machines"))
    assert machines.run("portal", "init", "--account", "Example Networks").code == 0
    return machines


def test_a_pipe_is_read_byte_for_byte(machines: Machines) -> None:
    spreadsheet = ("\ufeff" + SMALL).replace("\n", "\r\n")
    piped = machines.run(*IMPORT, "-", "--json", stdin=spreadsheet)
    assert piped.json["sha256"] == sha256(spreadsheet.encode()).hexdigest()
    done = subprocess.run(
        [*PROGRAM, *IMPORT, "-", "--json"],
        env=machines.environment("portal"),
        input=SMALL.replace("PO-7", "B\xfcro").encode("latin-1"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"bytes that are not UTF-8" in done.stdout


def test_of_two_imports_at_once_one_wins(machines: Machines) -> None:
    rows = "".join(f"TAG-{number},1,DEFAULT,perpetual,,,PO-BIG\n" for number in range(500))
    machines.folder.joinpath("big.csv").write_text(HEADER + rows)
    argv = [*PROGRAM, *IMPORT, str(machines.folder / "big.csv"), "--json"]
    started = [
        subprocess.Popen(argv, env=machines.environment("portal"), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outcomes = [(each.communicate()[0], each.returncode) for each in started]
    assert sorted(code for _, code in outcomes) == [0, 1]
    (loser,) = (json.loads(out) for out, code in outcomes if code)
    assert loser["error"]["code"] == "already-imported"
    listed = machines.run("portal", "license", "list", "--json").json["licenses"]
    assert sum(each["counts"]["available"] for each in listed if each["tag"].startswith("TAG-")) == 500
    assert machines.run("portal", "audit").code == 0
