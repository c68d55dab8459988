"""Many codes at once: one result each, whatever the others are, and the same ones again."""

import csv
import io
import os
import shutil
import signal
import subprocess
from contextlib import closing
from copy import copy as copy_of
from pathlib import Path

import pytest

from cli.drafts import open_draft
from cli.errors import OutputError
from cli.exit_codes import INTERRUPTED
from cli.portal.batch_out import Sheet
from cli.portal.batch_rows import COLUMNS
from codec.grouping import grouped
from tests.cli.desk import Outcome
from tests.cli.portal_desk import PortalDesk
from tests.cli.processes import PROGRAM, Machines
from tests.reservation.portal.appliance import Appliance

HOSTILE = "=HYPERLINK(1)/../../x"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> PortalDesk:
    """A desk with a portal, made once; tests work on copies of its folder."""
    return PortalDesk(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(founded: PortalDesk, tmp_path: Path) -> PortalDesk:
    copy = copy_of(founded)
    shutil.copytree(founded.folder, tmp_path, dirs_exist_ok=True)
    copy.folder = tmp_path
    return copy


def asked(name: str, count: int = 1) -> str:
    """Return a request by a device."""
    return Appliance(name).request({"ROUTING": count}).text


def batch(office: PortalDesk, *argv: str, stdin: str = "", terminal: bool = False) -> Outcome:
    return office.run("portal", "batch", *argv, on="portal", stdin=stdin, terminal=terminal)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def outcomes(outcome: Outcome) -> list[str]:
    return [row["outcome"] for row in rows(outcome.out)]


def test_a_folder_of_texts_and_pictures(office: PortalDesk) -> None:
    folder = office.path("requests")
    folder.mkdir()
    (folder / "a.txt").write_text(f"Hello,\n\n{asked('a')}\n\nregards\n")
    office.done("code", "qr", asked("b"), "--png", str(folder / "b.png"))
    (folder / "c.txt").write_text(f"{asked('c')}\n{asked('d')}\n")
    (folder / "d.txt").write_text("no code at all\n")
    (folder / "e.png").write_bytes(b"no picture")
    (folder / "f.txt").write_text(asked("f", 1000))
    (folder / "g.doc").write_text(asked("g"))
    first = batch(office, str(folder), "--as-requested")
    found = rows(first.out)
    assert [(row["place"], row["outcome"], row["serial_number"]) for row in found] == [
        ("a.txt", "reserved", "a"),
        ("b.png", "reserved", "b"),
        ("c.txt, code 1", "reserved", "c"),
        ("c.txt, code 2", "reserved", "d"),
        ("d.txt", "refused", ""),
        ("e.png", "refused", ""),
        ("f.txt", "refused", "f"),
    ]
    assert [row["error"] for row in found[4:]] == ["malformed", "qr", "insufficient"]
    assert first.code == 1
    assert "Done: 4; done before: 0; refused: 3." in first.err
    again = batch(office, str(folder), "--as-requested")
    assert again.out == first.out
    assert "Done: 0; done before: 4; refused: 3." in again.err
    assert rows(first.out)[0]["code"] == office.done("portal", "reissue", asked("a")).line


def test_a_csv_says_what_each_row_gets(office: PortalDesk) -> None:
    office.done("portal", "va", "add", "Berlin")
    office.done("portal", "license", "add", "ROUTING", "5", "--va", "Berlin")
    source = office.write(
        "in.csv",
        "Code,VA,licenses,note\r\n"
        f"{asked('a')},Berlin,ROUTING=3 CRYPTO=1,first\r\n"
        f"{asked('b')},Berlin,as-requested,\r\n"
        f'{asked("c")},,"ROUTING=2, CRYPTO=2",\r\n'
        f"{asked('d')},,,\r\n"
        f"{asked('e')},,ROUTING=many,\r\n"
        f"{asked('f')},Paris,,\r\n"
        f"{asked('g')},,,,,,\r\n"
        "\r\n"
        f"{asked('h')[:40]},,,\r\n",
    )
    found = rows(batch(office, source).out)
    assert [(row["place"], row["outcome"], row["error"]) for row in found] == [
        ("in.csv, row 2", "refused", "insufficient"),
        ("in.csv, row 3", "reserved", ""),
        ("in.csv, row 4", "reserved", ""),
        ("in.csv, row 5", "refused", "usage"),
        ("in.csv, row 6", "refused", "usage"),
        ("in.csv, row 7", "refused", "usage"),
        ("in.csv, row 8", "refused", "usage"),
        ("in.csv, row 10", "refused", "malformed"),
    ]
    assert [row["virtual_account"] for row in found[1:3]] == ["Berlin", "DEFAULT"]
    again = rows(batch(office, source, "--as-requested").out)
    assert [row["outcome"] for row in again[3:6]] == ["reserved", "refused", "refused"]
    assert again[5]["error"] == "unknown-name"


@pytest.mark.parametrize("head", ["code,licence", "va,licenses", "code,code", ""])
def test_columns_that_nobody_knows_are_refused(office: PortalDesk, head: str) -> None:
    source = office.write("in.csv", f"{head}\n{asked('a')},ROUTING=1\n")
    refused = batch(office, source, "--as-requested")
    assert (refused.code, refused.out) == (2, "")
    assert all(name in refused.err for name in (*COLUMNS, "UTF-8", "commas"))


def test_a_text_with_many_codes_by_a_pipe_in_small_groups(office: PortalDesk) -> None:
    codes = [asked(f"n{number}") for number in range(12)]
    text = "\n".join((*codes, codes[0], f"{codes[1][:60]}0{codes[1][61:]}"))
    one = batch(office, "-", "--as-requested", "--commit", "5", stdin=text)
    assert outcomes(one) == ["reserved"] * 13 + ["refused"]
    assert rows(one.out)[12]["code"] == rows(one.out)[0]["code"]
    assert office.done("portal", "audit").code == 0


def test_answers_of_devices_are_taken_too(office: PortalDesk) -> None:
    request, authorization = office.reserved()
    confirmation = office.done("device", "install", authorization).line
    early = Appliance("x").give_back(Appliance("x").request({"ROUTING": 1}).id).text
    text = "\n".join((confirmation, early, asked("x"), request))
    done = batch(office, "-", "--as-requested", stdin=text)
    assert outcomes(done) == ["confirmed", "kept", "refused", "reserved"]
    returned = office.done("device", "return", "--yes").line
    assert outcomes(batch(office, "-", stdin=f"{returned}\n{confirmation}")) == ["returned", "confirmed"]


def test_a_damaged_code_needs_a_word(office: PortalDesk) -> None:
    code = asked("a")
    wrong = office.write("wrong.txt", f"{code[:60]}{'0' if code[60] != '0' else '1'}{code[61:]}")
    refused = batch(office, wrong, "--as-requested")
    assert rows(refused.out)[0]["error"] == "repair-not-accepted"
    taken = batch(office, wrong, "--as-requested", "--accept-repair")
    assert outcomes(taken) == ["reserved"]


def test_names_from_outside_stay_names(office: PortalDesk) -> None:
    source = office.write("in.txt", asked(HOSTILE))
    out, sheet, results = office.path("out"), office.path("sheet.html"), office.path("results.csv")
    done = batch(
        office,
        source,
        "--as-requested",
        "--out",
        str(out),
        "--sheet",
        str(sheet),
        "--results",
        str(results),
    )
    assert (done.code, done.out) == (0, "")
    (row,) = rows(results.read_text())
    assert row["serial_number"] == f"'{HOSTILE}"
    (file,) = out.iterdir()
    assert file.name == f"HYPERLINK-1-x.{row['reservation']}.txt"
    assert file.read_text().strip() == row["code"]
    page = sheet.read_text()
    assert page.count("<svg") == 1
    assert row["reservation"] in page
    assert "events in epoch 0" in page
    assert not [each for each in office.folder.iterdir() if each.name.endswith(".part")]


def test_a_dry_run_changes_nothing(office: PortalDesk) -> None:
    before = office.rows()
    source = office.write("in.txt", f"{asked('a')}\n{asked('b')}\n")
    looked = batch(office, source, "--as-requested", "--dry-run", "--out", str(office.path("out")))
    assert outcomes(looked) == ["would-reserve"] * 2
    assert office.rows() == before
    assert not office.path("out").exists()


def test_scripts_get_one_object(office: PortalDesk) -> None:
    done = batch(office, "-", "--as-requested", "--json", stdin=f"{asked('a')}\n{asked('b', 1000)}")
    record = done.json
    assert (done.code, record["done"], record["again"], record["refused"]) == (1, 1, 0, 1)
    assert [each["outcome"] for each in record["results"]] == ["reserved", "refused"]
    assert record["results"][0]["code"].startswith("A")


def test_what_cannot_be_done_is_refused_before_anything(office: PortalDesk) -> None:
    before = office.rows()
    for argv, words in (
        (("nowhere.txt", "--as-requested"), "cannot be read"),
        ((".", "--as-requested", "--universal"), "exclude each other"),
        ((".", "--as-requested", "--results", "nowhere/r.csv"), "--results"),
        ((".", "--as-requested", "--sheet", "nowhere/s.html"), "--sheet"),
        ((".", "--as-requested", "--out", "nowhere/deep"), "--out"),
    ):
        refused = batch(office, *argv)
        assert refused.code == 2, argv
        assert words in refused.err, argv
    assert office.rows() == before


def test_results_never_replace_the_requests_nor_each_other(office: PortalDesk) -> None:
    source = office.write("in.txt", asked("a"))
    before = office.rows()
    beside = str(office.path("requests") / ".." / "in.txt")
    office.path("requests").mkdir()
    for argv in (
        ("--results", source),
        ("--sheet", source),
        ("--results", beside),
        ("--results", str(office.path("new")), "--sheet", str(office.path("new"))),
    ):
        refused = batch(office, source, "--as-requested", *argv)
        assert refused.code == 2, argv
        assert "Nothing was done" in refused.err, argv
    assert office.path("in.txt").read_text() == asked("a")
    assert not office.path("new").exists()
    assert office.rows() == before
    # What is no plain file can take both.
    assert batch(office, source, "--as-requested", "--results", "/dev/null").code == 0


def test_a_folder_is_read_without_waiting_for_a_pipe(office: PortalDesk) -> None:
    folder = office.path("requests")
    (folder / "more.txt").mkdir(parents=True)
    (folder / "a.txt").write_text(asked("a"))
    (folder / "away.txt").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.txt")
    done = batch(office, str(folder), "--as-requested")
    assert outcomes(done) == ["reserved", "refused"]


def test_a_full_disk_is_told_with_the_file_and_leaves_no_draft(office: PortalDesk) -> None:
    source = office.write("in.txt", asked("a"))
    sheet = Sheet(str(office.path("sheet.html")))
    with closing(sheet):
        # A page that waits in memory, and a disk that takes none of it: the file is one that is full.
        sheet._draft.symlink_to("/dev/full")
        sheet._file = sheet._draft.open("w")
        sheet._file.write("page")
        with pytest.raises(OutputError, match=r"sheet\.html could not be written: No space left"):
            sheet.finish(())
    assert not sheet._draft.is_symlink()
    refused = batch(office, source, "--as-requested", "--results", "/dev/full")
    assert refused.code == 6
    assert "/dev/full could not be written: No space left on device. What was reserved stays" in refused.err


def test_a_message_and_what_to_do_are_two_sentences(office: PortalDesk) -> None:
    refused = batch(office, office.write("in.txt", ""), "--as-requested")
    assert rows(refused.out)[0]["message"] == "There is no code in this text. Paste the whole code."


# --- cut off in the middle -------------------------------------------------------------------------

MANY = 250
"""Requests whose answers do not fit into a pipe: who reads five of them holds the process in the middle."""


def in_the_middle(office: PortalDesk, source: str, signals: int, *more: str) -> tuple[int, str, str]:
    """Start a batch in a process, and send it a signal when it has shown five results."""
    machines = Machines(office.folder)
    running = subprocess.Popen(
        [*PROGRAM, "portal", "batch", source, "--as-requested", "--commit", "3", *more],
        env=dict(machines.environment("portal")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    with running:
        shown = "".join(running.stdout.readline() for _ in range(6))
        running.send_signal(signals)
        # Not `communicate`: it reads past what this side has taken from the pipe already.
        rest, told = running.stdout.read(), running.stderr.read()
    return running.returncode, shown + rest, told


def test_a_batch_that_is_killed_goes_on_where_it_was(office: PortalDesk) -> None:
    office.done("portal", "license", "add", "ROUTING", "1000", on="portal")
    source = office.write("in.txt", "\n".join(asked(f"n{number}") for number in range(MANY)))
    code, killed, _ = in_the_middle(office, source, signal.SIGKILL)
    done_by_then = office.rows().count("reservations (")
    assert code == -signal.SIGKILL
    assert 5 <= done_by_then < MANY
    code, stopped, told = in_the_middle(office, source, signal.SIGINT)
    assert code == INTERRUPTED
    assert "Run the same command again" in told
    whole = batch(office, source, "--as-requested")
    assert whole.code == 0
    assert outcomes(whole) == ["reserved"] * MANY
    assert office.rows().count("reservations (") == MANY
    # Every line that anybody saw is the line of the whole batch.
    lines = whole.out.splitlines()
    for shown in (killed, stopped):
        seen = shown.splitlines()
        assert 6 <= len(seen) < MANY
        assert seen == lines[: len(seen)]
    assert office.done("portal", "audit").code == 0


def test_what_a_killed_batch_left_goes_with_the_next_one(office: PortalDesk) -> None:
    """Its drafts hold codes. What others are writing at the moment stays, whatever it is called."""
    office.done("portal", "license", "add", "ROUTING", "1000", on="portal")
    source = office.write("in.txt", "\n".join(asked(f"n{number}") for number in range(MANY)))
    folder, sheet = office.path("out"), office.path("sheet.html")
    more = ("--out", str(folder), "--sheet", str(sheet))
    in_the_middle(office, source, signal.SIGKILL, *more)
    (left,) = office.folder.glob(".tallystick-*.part")
    assert left.stat().st_size > 0
    in_folder = folder / ".tallystick-12.part"
    in_folder.write_text("of a batch that was killed while it wrote a code")
    shutil.copy(source, office.path("first.txt"))
    office.path("first.txt").write_text(asked("n0"))
    living = (office.folder / ".tallystick-13.sheet.part", folder / ".tallystick-13.part")
    with open_draft(living[0]), open_draft(living[1]):
        assert batch(office, str(office.path("first.txt")), "--as-requested", *more).code == 0
        assert [each.exists() for each in (left, in_folder, *living)] == [False, False, True, True]
    assert sheet.exists()


# --- slips -----------------------------------------------------------------------------------------


def test_a_slip_says_everything_about_an_authorization(office: PortalDesk) -> None:
    code = asked("<b>FDO1</b>", 3)
    issued = office.done("portal", "reserve", code, "--as-requested", "--json").json
    page = office.done("portal", "slip", issued["reservation"]).out
    record = office.done("portal", "slip", code, "--json").json
    html = office.path("slip.html")
    office.done("portal", "slip", code, "--html", str(html))
    drawn = html.read_text()
    words = " ".join(issued["fingerprints"]["authorization"])
    for text in (page, drawn):
        assert issued["reservation"] in text
        assert words in text
        assert grouped(issued["code"]).splitlines()[-1] in text
        assert record["checkpoint"]["hash"] in text
        assert "DEFAULT" in text
        assert "ROUTING" in text
    assert "<b>" not in drawn
    assert drawn.count("<svg") == 1
    assert record["code"] == issued["code"]
    events = office.done("portal", "events", "--json").json["events"]
    assert record["checkpoint"]["events"] == len(events)


def test_a_closed_reservation_has_no_slip(office: PortalDesk) -> None:
    request, _ = office.returned()
    refused = office.run("portal", "slip", request, on="portal")
    assert (refused.code, refused.out) == (1, "")


# --- who may act in a Virtual Account ----------------------------------------------------------------


def test_access_lists_every_role_that_reaches_a_virtual_account(office: PortalDesk) -> None:
    for name in ("Berlin", "Paris"):
        office.done("portal", "va", "add", name)
    office.know("val", "virtual-account-user", "Berlin")
    office.know("vic", "virtual-account-administrator", "Berlin", "Paris")
    office.know("pat", "virtual-account-user", "Paris")
    record = office.done("portal", "va", "access", "Berlin", "--json").json
    found = {(one["user"], one["role"], one["virtual_account"]) for one in record["access"]}
    assert found == {
        ("kim", "administrator", None),
        ("alex", "administrator", None),
        ("val", "virtual-account-user", "Berlin"),
        ("vic", "virtual-account-administrator", "Berlin"),
    }
    may = {one["user"]: set(one["may"]) for one in record["access"]}
    assert "approve" in may["vic"]
    assert "approve" not in may["val"]
    shown = rows(office.done("portal", "va", "access", "Berlin", "--csv").out)
    assert [(row["user"], row["held_in"]) for row in shown if row["approves"] == "no"] == [("val", "Berlin")]
    office.environ["TALLYSTICK_USER"] = "vic"
    assert "pat" in office.done("portal", "va", "access", "Paris").out
    assert office.run("portal", "va", "access", "DEFAULT").code == 5
    office.environ["TALLYSTICK_USER"] = "val"
    assert office.run("portal", "va", "access", "Berlin").code == 5
