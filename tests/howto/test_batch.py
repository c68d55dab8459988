"""The how-to page about batches runs as it stands, on a portal with the devices that it speaks of."""

import csv
import re
from pathlib import Path

import pytest

from cli.portal.batch_rows import COLUMNS
from tests.cli.portal_desk import PortalDesk
from tests.howto.pages import steps, text_of
from tests.reservation.portal.appliance import Appliance

PAGE = "batch.md"


def test_the_page_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = PortalDesk(tmp_path)
    codes = [Appliance(name).request({"ROUTING": 1}).text for name in ("north", "south", "west")]
    (table,) = re.findall(r"^```csv\n(.*?)^```", text_of(PAGE), flags=re.MULTILINE | re.DOTALL)
    for code in codes[:2]:
        table = table.replace("Q4…", code, 1)
    assert table.splitlines()[0] == ",".join(COLUMNS)
    desk.write("requests.csv", table)
    (tmp_path / "requests").mkdir()
    desk.write("requests/west.txt", codes[2])
    monkeypatch.chdir(tmp_path)
    commands = [command for _, command, _ in steps(PAGE)]
    for command in commands:
        done = desk.done(*command.split()[1:], on="portal")
        assert "refused: 0" in done.err
    rows = list(csv.DictReader((tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["outcome"] for row in rows] == ["reserved", "reserved"]
    assert (tmp_path / "sheet.html").read_text(encoding="utf-8").count("<svg") == 2
    (file,) = (tmp_path / "authorizations").iterdir()
    assert file.read_text(encoding="utf-8").startswith("A")
    assert desk.done("portal", "slip", rows[0]["reservation"], on="portal").out
