"""What adding licences says."""

from pathlib import Path

from tests.cli.portal_desk import PortalDesk


def test_licences_that_nobody_called_perpetual_are_said_to_be_so(tmp_path: Path) -> None:
    portal = PortalDesk(tmp_path)
    silent = portal.done("portal", "license", "add", "ROUTING", "5")
    assert "No term was given, so they are perpetual" in silent.err
    assert "license correct" in silent.err
    term = ("--start", "2026-03-01", "--end", "2027-02-28")
    for said in (("--perpetual",), term, ("-q",)):
        assert portal.done("portal", "license", "add", "ROUTING", "5", *said).err == ""
