"""Every refusal of the portal's other commands: message, exit code, nothing written, in files or in rows."""

from pathlib import Path

import pytest

from tests.cli.desk import require_refusal
from tests.cli.portal_desk import Argv, PortalDesk, Refusal


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


# Each prepares the desk and returns the command that must be refused.


def _init_again(_: PortalDesk) -> Argv:
    return "portal", "init", "--account", "Another"


def _no_portal(desk: PortalDesk) -> Argv:
    return "portal", "list", "--db", f"sqlite:///{desk.path('nowhere.db')}"


def _no_database(_: PortalDesk) -> Argv:
    return "portal", "list", "--db", "oracle://x"


def _same_account(_: PortalDesk) -> Argv:
    return "portal", "va", "add", "default"


def _shorter_catalogue(desk: PortalDesk) -> Argv:
    desk.done("portal", "catalogue", "add", desk.write("long.txt", "ROUTING\nCRYPTO\n"))
    return "portal", "catalogue", "add", desk.write("short.txt", "CRYPTO\n")


def _bad_catalogue(desk: PortalDesk) -> Argv:
    return "portal", "catalogue", "add", desk.write("bad.txt", "ROUTING\nROUTING\n")


def _ended_term(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VPN", "1", "--start", "2025-01-01", "--end", "2025-12-31"


def _backward_term(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VPN", "1", "--start", "2027-01-01", "--end", "2026-01-01"


def _half_term(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VPN", "1", "--start", "2027-01-01"


def _no_day(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VPN", "1", "--start", "tomorrow", "--end", "2027-01-01"


def _key_again(desk: PortalDesk) -> Argv:
    return "keys", "generate", str(desk.path("portal-keys/root.pem"))


def _short_passphrase(desk: PortalDesk) -> Argv:
    file = desk.path("short")
    file.write_text("short\n")
    file.chmod(0o600)
    return "keys", "generate", str(desk.path("new.pem")), "--passphrase-file", str(file)


def _add_to_no_account(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VPN", "1", "--va", "Atlantis"


def _add_nothing(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VPN", "0"


def _add_what_is_no_tag(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VÖN", "1"


def _perpetual_with_a_term(_: PortalDesk) -> Argv:
    return "portal", "license", "add", "VPN", "1", "--perpetual", "--end", "2027-01-01"


def _list_of_no_account(_: PortalDesk) -> Argv:
    return "portal", "license", "list", "--va", "Atlantis"


def _init_over_a_key(desk: PortalDesk) -> Argv:
    url = f"sqlite:///{desk.path('other.db')}"
    return "portal", "init", "--account", "X", "--db", url, "--keys", str(desk.path("portal-keys"))


def _trust_file_into_nowhere(desk: PortalDesk) -> Argv:
    return "portal", "trust", "--out", str(desk.path("nowhere/trust.txt"))


REFUSALS: dict[str, Refusal] = {
    # what: how, exit code, error code, words of the message, words of the hint
    "init again": (_init_again, 1, "already-there", "exists", "TALLYSTICK_DB"),
    "no portal": (_no_portal, 1, "no-portal", "", "portal init"),
    "no database": (_no_database, 2, "setup", "", "sqlite:///"),
    "same Virtual Account": (_same_account, 1, "name-taken", "already", ""),
    "shorter catalogue": (_shorter_catalogue, 1, "refused", "catalogue", "append-only"),
    "bad catalogue": (_bad_catalogue, 2, "usage", "repeats", "once"),
    "ended term": (_ended_term, 1, "refused", "2025-12-31", ""),
    "backward term": (_backward_term, 2, "field", "before it starts", ""),
    "half a term": (_half_term, 2, "usage", "both", "--end"),
    "no day": (_no_day, 2, "usage", "2026-12-31", "--help"),
    "key again": (_key_again, 1, "already-there", "never overwritten", ""),
    "add to no Virtual Account": (_add_to_no_account, 1, "unknown-name", "Atlantis", "DEFAULT"),
    "add nothing": (_add_nothing, 2, "usage", "0", "--help"),
    "add what is no tag": (_add_what_is_no_tag, 2, "field", "tag", ""),
    "perpetual with a term": (_perpetual_with_a_term, 2, "usage", "exclude", "Leave one"),
    "list of no Virtual Account": (_list_of_no_account, 1, "unknown-name", "Atlantis", "DEFAULT"),
    "init over a key": (_init_over_a_key, 1, "already-there", "never overwritten", "another folder"),
    "trust file into nowhere": (_trust_file_into_nowhere, 2, "usage", "no folder", "--out"),
    "short passphrase": (_short_passphrase, 2, "usage", "at least 12", ""),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_the_portal_refuses(portal: PortalDesk, what: str) -> None:
    require_refusal(portal, REFUSALS[what])
