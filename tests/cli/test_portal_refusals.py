"""Every refusal of a portal command that takes a code: message, exit code, and nothing written."""

import json
from pathlib import Path

import pytest

from codec.codes import Evidence, Return, ReturnReason, Sequence
from codec.envelope import long_hint, sign_return
from codec.parity import PARITY_CHARACTERS, parity_of
from tests.cli.desk import require_refusal
from tests.cli.portal_desk import Argv, PortalDesk, Refusal
from tests.cli.vendor import ACME, OTHER, mistyped, request_of
from tests.reservation.portal.appliance import Appliance

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


# Each prepares the desk and returns the command that must be refused.


def _no_stock(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--license", "ROUTING=101"


def _no_such_tag(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--license", "TELEPORT=1"


def _not_said(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested()


def _said_twice(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--as-requested", "--universal"


def _open_reservation(desk: PortalDesk) -> Argv:
    # A second request of the same device, whose return the portal did not get yet.
    desk.confirmed()
    desk.done("device", "return", "--yes")
    return "portal", "reserve", desk.requested(), "--as-requested"


def _other_lines(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.reserved()[0], "--license", "ROUTING=3"


def _cancelled_request(desk: PortalDesk) -> Argv:
    request = desk.requested()
    desk.done("portal", "accept", desk.done("device", "cancel").line)
    return "portal", "reserve", request, "--as-requested"


def _returned_request(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.returned()[0], "--as-requested"


def _loose_lock(desk: PortalDesk) -> Argv:
    argv = ("device", "init", "--pid", "RTR-900", "--sn", "FDO2", "--trust", desk.trust, "--match", "1")
    desk.done(*argv, on="spare")
    return "portal", "reserve", desk.requested("spare"), "--as-requested"


def _no_such_account(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--as-requested", "--va", "Atlantis"


def _no_such_lot(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.requested(), "--as-requested", "--term", "ZZZZZZZZ"


def _reserve_an_authorization(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.reserved()[1], "--as-requested"


def _reserve_a_mistyped(desk: PortalDesk) -> Argv:
    return "portal", "reserve", mistyped(desk.requested(), 30), "--as-requested"


def _accept_a_request(desk: PortalDesk) -> Argv:
    return "portal", "accept", desk.requested()


def _accept_a_reserved_request(desk: PortalDesk) -> Argv:
    return "portal", "accept", desk.reserved()[0]


def _accept_a_returned_request(desk: PortalDesk) -> Argv:
    return "portal", "accept", desk.returned()[0]


def _accept_an_authorization(desk: PortalDesk) -> Argv:
    return "portal", "accept", desk.reserved()[1]


def _accept_a_stranger(desk: PortalDesk) -> Argv:
    elsewhere = OTHER
    desk.write("other.txt", elsewhere.trust_file())
    argv = ("device", "init", "--pid", "P", "--sn", "S", "--trust", str(desk.path("other.txt")))
    desk.done(*argv, on="spare")
    request = desk.done("device", "request", on="spare").line
    return "portal", "accept", desk.done("device", "install", elsewhere.authorize(request), on="spare").line


def _accept_a_forgery(desk: PortalDesk) -> Argv:
    """A return that names a reservation of this portal, signed with another device's key."""
    request = request_of(desk.reserved()[0])
    value = Return(
        long_hint(request.id), Sequence(0, 1), ReturnReason.MOVED, Evidence.SOFTWARE_KEY, False, 2, bytes(4)
    )
    return "portal", "accept", sign_return(value, ACME.root, request_id=request.id).text


def _accept_garbage(_: PortalDesk) -> Argv:
    return "portal", "accept", "CQQQ QQQQ"


def _accept_a_mistyped(desk: PortalDesk) -> Argv:
    _, authorization = desk.reserved()
    return "portal", "accept", mistyped(desk.done("device", "install", authorization).line, 30)


def _reissue_after_return(desk: PortalDesk) -> Argv:
    return "portal", "reissue", desk.returned()[0]


def _update_after_return(desk: PortalDesk) -> Argv:
    return "portal", "update", desk.returned()[0], "--license", "ROUTING=1"


def _update_beyond_stock(desk: PortalDesk) -> Argv:
    return "portal", "update", desk.reserved()[0], "--license", "ROUTING=101"


def _update_to_nothing(desk: PortalDesk) -> Argv:
    return "portal", "update", desk.reserved()[0], "--license", "ROUTING=0"


def _update_without_a_count(desk: PortalDesk) -> Argv:
    return "portal", "update", desk.reserved()[0], "--license", "ROUTING"


def _show_nothing(_: PortalDesk) -> Argv:
    return "portal", "show", "ZZZZZZZZ"


def _show_too_short(_: PortalDesk) -> Argv:
    return "portal", "show", "ABC"


def _wrong_passphrase(desk: PortalDesk) -> Argv:
    file = desk.path("wrong")
    file.write_text("not the passphrase\n")
    file.chmod(0o600)
    return "portal", "reserve", desk.requested(), "--as-requested", "--passphrase-file", str(file)


def _no_passphrase(desk: PortalDesk) -> Argv:
    desk.path("portal-keys/passphrase").unlink()
    return "portal", "reserve", desk.requested(), "--as-requested"


def _open_passphrase(desk: PortalDesk) -> Argv:
    desk.path("portal-keys/passphrase").chmod(0o644)
    return "portal", "reserve", desk.requested(), "--as-requested"


def _no_key(desk: PortalDesk) -> Argv:
    desk.path("portal-keys/issuer.pem").unlink()
    return "portal", "reserve", desk.requested(), "--as-requested"


def _nothing_requested(desk: PortalDesk) -> Argv:
    return "portal", "reserve", desk.done("device", "request").line, "--as-requested"


def _universal_for_a_specific_request(desk: PortalDesk) -> Argv:
    desk.done("portal", "product", "set", "RTR-900", "--universal", "ROUTING")
    return "portal", "reserve", desk.requested(), "--universal"


def _universal_request(desk: PortalDesk) -> str:
    return desk.done("device", "request", "--universal").line


def _lines_for_a_universal_request(desk: PortalDesk) -> Argv:
    return "portal", "reserve", _universal_request(desk), "--license", "ROUTING=1"


def _no_universal_stock(desk: PortalDesk) -> Argv:
    return "portal", "reserve", _universal_request(desk), "--universal"


def _update_of_a_universal(desk: PortalDesk) -> Argv:
    desk.done("portal", "license", "add", "UNIVERSAL", "3")
    request = _universal_request(desk)
    desk.done("portal", "reserve", request, "--universal")
    return "portal", "update", request, "--license", "ROUTING=1"


def _unknown_catalogue(desk: PortalDesk) -> Argv:
    catalogue = desk.write("catalogue.txt", "ROUTING\nCRYPTO\n")
    argv = ("device", "init", "--pid", "RTR-900", "--sn", "FDO2", "--trust", desk.trust)
    desk.done(*argv, "--catalogue", catalogue, on="spare")
    return "portal", "reserve", desk.requested("spare"), "--as-requested"


def _clock_set_back(desk: PortalDesk) -> Argv:
    request = desk.requested()
    desk.wait(days=-30)
    return "portal", "reserve", request, "--as-requested"


def _clock_beyond_all_codes(desk: PortalDesk) -> Argv:
    request = desk.requested()
    desk.wait(days=130 * 366)
    return "portal", "reserve", request, "--license", "PERPETUAL=1"


def _request_changed(desk: PortalDesk) -> Argv:
    """A request whose parity is right, and whose signature does not hold."""
    body = desk.requested()[:-PARITY_CHARACTERS]
    changed = mistyped(body, len(body) - 20)
    return "portal", "reserve", changed + parity_of(changed), "--as-requested"


def _request_with_a_bad_key(_: PortalDesk) -> Argv:
    """A request whose key is a point of small order, with which anybody could sign."""
    vector = json.loads((VECTORS / "request-refused-key-order-eight.json").read_text())
    return "portal", "reserve", vector["code"], "--as-requested"


def _confirms_what_was_never_issued(desk: PortalDesk) -> Argv:
    """A confirmation of an update that a database does not know which came back with its checkpoint."""
    request, _, _ = desk.confirmed()
    copy, checkpoint = desk.path("portal.db").read_bytes(), desk.path("portal-keys/checkpoint").read_bytes()
    update = desk.done("portal", "update", request, "--license", "ROUTING=5").line
    confirmation = desk.done("device", "install", update).line
    for name in ("portal.db-wal", "portal.db-shm"):
        desk.path(name).unlink(missing_ok=True)
    desk.path("portal.db").write_bytes(copy)
    desk.path("portal-keys/checkpoint").write_bytes(checkpoint)
    return "portal", "accept", confirmation


def _two_ways_to_give_a_code(desk: PortalDesk) -> Argv:
    return "portal", "accept", desk.requested(), "--file", "x"


def _a_file_for_a_code(desk: PortalDesk) -> Argv:
    return "portal", "accept", desk.trust


def _no_code(_: PortalDesk) -> Argv:
    return "portal", "accept"


def _another_portals_key(desk: PortalDesk) -> Argv:
    file = desk.path("other-passphrase")
    file.write_text("correct horse battery\n")
    file.chmod(0o600)
    keys, named = str(desk.path("other-keys")), ("--passphrase-file", str(file))
    url = f"sqlite:///{desk.path('other.db')}"
    desk.done("portal", "init", "--account", "Other", "--db", url, "--keys", keys, *named)
    (desk.path("other-keys") / "issuer.pem").replace(desk.path("portal-keys/issuer.pem"))
    return "portal", "reserve", desk.requested(), "--as-requested", *named


def _key_that_others_can_read(desk: PortalDesk) -> Argv:
    desk.path("portal-keys/issuer.pem").chmod(0o644)
    return "portal", "reserve", desk.requested(), "--as-requested"


REFUSALS: dict[str, Refusal] = {
    # what: how, exit code, error code, words of the message, words of the hint
    "no stock": (_no_stock, 1, "insufficient", "100", "license"),
    "no such tag": (_no_such_tag, 1, "insufficient", "TELEPORT", ""),
    "nothing said": (
        _not_said,
        2,
        "usage",
        "What to reserve",
        "--as-requested for what the request asks (2 × ROUTING)",
    ),
    "two things said": (_said_twice, 2, "usage", "exclude", ""),
    "open reservation": (_open_reservation, 1, "open-reservation", "open", "tallystick device return"),
    "other lines": (_other_lines, 1, "other-lines", "reserved already", "portal update"),
    "cancelled request": (_cancelled_request, 1, "reservation-closed", "returned", "new request"),
    "returned request": (_returned_request, 1, "reservation-closed", "returned", "new request"),
    "loose node lock": (_loose_lock, 1, "match-too-low", "1 of 5", "--match 3"),
    "no such Virtual Account": (_no_such_account, 1, "unknown-name", "Atlantis", "DEFAULT"),
    "no such lot": (_no_such_lot, 1, "unknown-name", "ZZZZZZZZ", "license list"),
    "reserve an authorization": (_reserve_an_authorization, 4, "wrong-kind", "authorization", "Q"),
    "reserve a mistyped request": (
        _reserve_a_mistyped,
        3,
        "repair-not-accepted",
        "group 8",
        "--accept-repair",
    ),
    "accept a request": (_accept_a_request, 1, "request-not-reserved", "request", "portal reserve"),
    "accept a reserved request": (
        _accept_a_reserved_request,
        1,
        "request-not-reserved",
        "reserved",
        "reissue",
    ),
    "accept a returned request": (
        _accept_a_returned_request,
        1,
        "reservation-closed",
        "returned",
        "new request",
    ),
    "accept an authorization": (_accept_an_authorization, 4, "wrong-kind", "authorization", "device install"),
    "accept a stranger's": (_accept_a_stranger, 4, "unknown-request", "never saw", "portal"),
    "accept a forgery": (_accept_a_forgery, 4, "not-genuine", "signature", ""),
    "accept garbage": (_accept_garbage, 3, "malformed", "", ""),
    "accept a mistyped": (_accept_a_mistyped, 3, "repair-not-accepted", "group 8", "--accept-repair"),
    "reissue after a return": (_reissue_after_return, 1, "reservation-closed", "returned", "new request"),
    "update after a return": (_update_after_return, 1, "reservation-closed", "returned", "new request"),
    "update beyond stock": (_update_beyond_stock, 1, "insufficient", "100", "license"),
    "update to nothing": (_update_to_nothing, 1, "nothing-wanted", "", "return"),
    "update without a count": (_update_without_a_count, 2, "usage", "count", "--license ROUTING=5"),
    "show nothing": (_show_nothing, 1, "unknown-name", "ZZZZZZZZ", "portal list"),
    "show with a short name": (_show_too_short, 1, "unknown-name", "short", "8"),
    "wrong passphrase": (_wrong_passphrase, 6, "key-file", "passphrase", ""),
    "no passphrase": (_no_passphrase, 2, "usage", "nobody is here", "--passphrase-file"),
    "passphrase that others can read": (_open_passphrase, 6, "key-file", "0644", "chmod 600"),
    "no key": (_no_key, 6, "key-file", "issuer.pem", ""),
    "nothing requested": (_nothing_requested, 1, "nothing-wanted", "no entitlement", "--license TAG=N"),
    "universal for a specific request": (
        _universal_for_a_specific_request,
        1,
        "universal-request",
        "did not ask",
        "--universal",
    ),
    "lines for a universal request": (
        _lines_for_a_universal_request,
        1,
        "universal-request",
        "universal",
        "--universal",
    ),
    "no universal stock": (_no_universal_stock, 1, "insufficient", "UNIVERSAL", ""),
    "update of a universal": (_update_of_a_universal, 1, "universal-request", "is universal", "return it"),
    "unknown catalogue": (_unknown_catalogue, 1, "unknown-catalogue", "2 tags", "catalogue add"),
    "clock set back": (_clock_set_back, 1, "issuer-not-valid", "2026-01-31", "clock"),
    "clock beyond all codes": (_clock_beyond_all_codes, 1, "issuer-not-valid", "2151-08-", "clock"),
    "request changed": (_request_changed, 4, "not-genuine", "", ""),
    "request with a bad key": (_request_with_a_bad_key, 4, "bad-key", "key", ""),
    "confirms what was never issued": (
        _confirms_what_was_never_issued,
        1,
        "missing-authorization",
        "cannot be judged",
        "Keep this code",
    ),
    "two ways to give a code": (_two_ways_to_give_a_code, 2, "usage", "two places", "--file"),
    "a file for a code": (_a_file_for_a_code, 2, "usage", "name of a file", "--file"),
    "no code": (_no_code, 2, "usage", "none was given", "--image"),
    "another portal's key": (_another_portals_key, 6, "key-file", "", ""),
    "key that others can read": (_key_that_others_can_read, 6, "key-file", "0644", "chmod 600"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_the_portal_refuses(portal: PortalDesk, what: str) -> None:
    require_refusal(portal, REFUSALS[what])


def test_a_return_of_a_request_never_seen_is_kept(portal: PortalDesk) -> None:
    request = portal.requested()
    code = portal.done("device", "cancel").line
    first = portal.done("portal", "accept", code)
    assert "Kept" in first.out
    rows = portal.rows()
    portal.wait(hours=1)
    again = portal.done("portal", "accept", code, "--json")
    assert again.json["kind"] == "return-kept"
    assert again.json["at"] == "2026-03-02T03:00:00Z"
    assert portal.rows() == rows
    assert portal.run("portal", "reserve", request, "--as-requested").code == 1


def test_returns_of_requests_never_seen_are_not_kept_without_limit(portal: PortalDesk) -> None:
    stranger = Appliance("stranger")
    request = stranger.request().id
    codes = [stranger.give_back(request, number=number).text for number in range(2, 11)]
    for code in codes[:-1]:
        assert "Kept" in portal.done("portal", "accept", code).out
    before = portal.rows()
    refused = portal.run("portal", "accept", codes[-1], "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "too-many-kept")
    assert "bring it again" in portal.run("portal", "accept", codes[-1]).err
    assert portal.rows() == before


def test_a_foreign_trust_file_is_refused(portal: PortalDesk) -> None:
    before = portal.snapshot()
    text = portal.path("trust.txt").read_text()
    words = next(line for line in text.splitlines() if line.startswith("words"))
    swapped = portal.write("swapped.txt", text.replace(words, "words  " + "abandon " * 8))
    nothing = portal.write("nothing.txt", "nothing")
    for file in (swapped, nothing):
        argv = ("device", "init", "--pid", "P", "--sn", "S", "--trust", file)
        refused = portal.run(*argv, on="spare")
        assert refused.code == 4
        assert portal.run(*argv, "--json", on="spare").json["error"]["code"] == "trust-file"
    before |= {name: portal.path(name).read_bytes() for name in ("swapped.txt", "nothing.txt")}
    assert portal.snapshot() == before
