"""Texts that people give in files: what is no text is refused, and not turned into another one."""

from pathlib import Path

import pytest

from tests.cli.desk import require_refusal
from tests.cli.portal_desk import Argv, PortalDesk, Refusal

LATIN = "Lizenzen für eigene Geräte.\n".encode("latin-1")
SECRET = b"a sentence f\xfcr myself alone\n"


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def _file(desk: PortalDesk, content: bytes) -> str:
    path = desk.path("given.txt")
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


def _nowhere(desk: PortalDesk) -> str:
    return str(desk.path("nowhere.txt"))


def _agreement(desk: PortalDesk) -> Argv:
    return "portal", "agreement", "add", "Terms", _file(desk, b"1. None.\n" + LATIN)


def _agreement_cut_off(desk: PortalDesk) -> Argv:
    return "portal", "agreement", "add", "Terms", _file(desk, "für".encode("utf-16")[:-1])


def _agreement_with_nul(desk: PortalDesk) -> Argv:
    return "portal", "agreement", "add", "Terms", _file(desk, b"Some\0thing that is no text.\n")


def _catalogue(desk: PortalDesk) -> Argv:
    return "portal", "catalogue", "add", _file(desk, b"ROUTING\nVERKEHR-F\xdcR-ALLE\n")


def _order(desk: PortalDesk) -> Argv:
    lines = b"tag,quantity,virtual_account,kind,start,end,order\nROUTING,1,DEFAULT,perpetual,,,F\xfcr\n"
    return "portal", "license", "import", _file(desk, lines)


def _key(desk: PortalDesk) -> Argv:
    return "keys", "generate", str(desk.path("new.pem")), "--passphrase-file", _file(desk, SECRET)


def _reserving(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--as-requested", "--passphrase-file", _file(desk, SECRET)


def _own(desk: PortalDesk) -> Argv:
    return "portal", "user", "passphrase", "--new-passphrase-file", _file(desk, SECRET)


def _no_key(desk: PortalDesk) -> Argv:
    return "keys", "generate", str(desk.path("new.pem")), "--passphrase-file", _nowhere(desk)


def _no_reserving(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--as-requested", "--passphrase-file", _nowhere(desk)


def _no_own(desk: PortalDesk) -> Argv:
    return "portal", "user", "passphrase", "--new-passphrase-file", _nowhere(desk)


def _no_new(desk: PortalDesk) -> Argv:
    root, passphrase = (str(desk.path(f"portal-keys/{name}")) for name in ("root.pem", "passphrase"))
    return (
        *("keys", "passphrase", root, "--passphrase-file", passphrase),
        *("--new-passphrase-file", _nowhere(desk)),
    )


def _spoiled_beside(desk: PortalDesk) -> Argv:
    desk.path("portal-keys/passphrase").write_bytes(SECRET)
    return "portal", "reserve", desk.requested(), "--as-requested"


def _short_own(desk: PortalDesk) -> Argv:
    return "portal", "user", "passphrase", "--new-passphrase-file", _file(desk, b"short\n")


REFUSALS: dict[str, Refusal] = {
    # what: how, exit code, error code, words of the message, words of the hint
    "agreement": (_agreement, 2, "usage", "no text in UTF-8: line 2", "iconv -f WINDOWS-1252 -t UTF-8"),
    "agreement, cut off": (_agreement_cut_off, 2, "usage", "no text in UTF-8: line 1", "iconv"),
    "agreement with NUL": (_agreement_with_nul, 1, "refused", "the character NUL", "word processor"),
    "catalogue": (_catalogue, 2, "usage", "Line 2 of the catalogue", "printable ASCII"),
    "order": (_order, 2, "order-file", "bytes that are not UTF-8", "Nothing was added"),
    "new key": (_key, 2, "usage", "bytes that are no characters", "--passphrase-file"),
    "key in use": (_reserving, 2, "usage", "bytes that are no characters", "--passphrase-file"),
    "own passphrase": (_own, 2, "usage", "bytes that are no characters", "--new-passphrase-file"),
    "new key, no file": (_no_key, 2, "usage", "No such file", "--passphrase-file"),
    "key in use, no file": (_no_reserving, 2, "usage", "No such file", "--passphrase-file"),
    "own passphrase, no file": (_no_own, 2, "usage", "No such file", "--new-passphrase-file"),
    "new passphrase, no file": (_no_new, 2, "usage", "No such file", "--new-passphrase-file"),
    "beside the keys": (_spoiled_beside, 6, "key-file", "bytes that are no characters", "--passphrase-file"),
    "short own passphrase": (_short_own, 2, "usage", "5 characters; a new one needs", "unrelated words"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_is_no_text_is_refused(portal: PortalDesk, what: str) -> None:
    require_refusal(portal, REFUSALS[what])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_an_agreement_is_kept_word_for_word(portal: PortalDesk, encoding: str) -> None:
    text = LATIN.decode("latin-1")
    portal.done("portal", "agreement", "add", "Terms", _file(portal, text.encode(encoding)))
    assert portal.done("portal", "agreement", "show", "Terms", "--json").json["text"] == text


def test_strange_bytes_around_codes_do_no_harm(portal: PortalDesk) -> None:
    """In a mail, in remarks of a catalogue and a trust file, in a note of a batch."""
    request = portal.requested()
    portal.done("portal", "reserve", "--as-requested", "--file", _file(portal, LATIN + request.encode()))
    table = portal.path("codes.csv")
    table.write_bytes(b"code,note\n" + request.encode() + b",f\xfcr Halle 3\n")
    assert '"again": true' in portal.done("portal", "batch", str(table), "--as-requested", "--json").out
    portal.done("portal", "catalogue", "add", _file(portal, b"# f\xfcr alle\nROUTING\n"))
    remark, trust = b"# f\xfcr alle\n", Path(portal.trust).read_bytes()
    given = ("--trust", _file(portal, remark + trust))
    portal.done("device", "init", "--pid", "RTR-900", "--sn", "FDO2", *given, on="spare")
