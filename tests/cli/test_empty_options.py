"""An option that is given and empty is refused: it is not the same as one that is left out."""

from pathlib import Path

import pytest

from tests.cli.desk import require_refusal
from tests.cli.portal_desk import PortalDesk


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


@pytest.mark.parametrize("name", ["--user", "--db", "--keys", "--va"])
def test_an_empty_option_is_no_option_left_out(portal: PortalDesk, name: str) -> None:
    """A script whose variable is unset must not act as somebody else, or somewhere else."""
    require_refusal(
        portal,
        (
            lambda _: ("portal", "license", "add", "ROUTING", "1", name, ""),
            2,
            "usage",
            f"'{name}': it is empty",
            "--help",
        ),
    )


def test_an_empty_file_name_or_folder_is_refused(portal: PortalDesk) -> None:
    request = portal.requested()
    for argv in (
        ("portal", "reserve", request, "--as-requested", "--passphrase-file="),
        ("portal", "reserve", request, "--as-requested", "--out", ""),
        ("portal", "batch", "-", "--results", ""),
        ("device", "status", "--home", ""),
    ):
        refused = portal.run(*argv, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (2, "usage")
        assert "it is empty" in refused.json["error"]["message"]


def test_a_remark_may_be_empty(portal: PortalDesk) -> None:
    portal.done("portal", "license", "add", "ROUTING", "1", "--order", "")
