"""One reservation's life among people: technician, administrator, two devices, and what goes wrong.

Told through processes of the real program. The books are checked after every step.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from codec.alphabet import ALPHABET
from codec.scan import read_image
from tests.story.site import Site

REFUSED, USAGE, UNREADABLE, NOT_GENUINE = 1, 2, 3, 4


def mistyped(code: str, *places: int) -> str:
    """Return a code with other characters at these places."""
    characters = list(code)
    for place in places:
        characters[place] = ALPHABET[(ALPHABET.index(characters[place]) + 7) % 32]
    return "".join(characters)


def as_mail(code: str) -> str:
    """Return a code as it comes out of a quoted mail, in lower case, with dashes made of hyphens."""
    groups = [code[at : at + 4].lower() for at in range(0, len(code), 4)]
    lines = [" – ".join(groups[at : at + 6]) for at in range(0, len(groups), 6)]
    return "> " + "\r\n> ".join(lines) + "\u200b\r\n"


@pytest.fixture
def site(tmp_path: Path, forked_program: Path) -> Site:
    """A portal with licences, and two devices that trust it."""
    site = Site.at(tmp_path, forked_program)
    site.done("portal", "init", "--account", "Northwind Power")
    site.done("portal", "license", "add", "ROUTE-1G", "10", "--perpetual")
    site.done(
        "portal", "license", "add", "CRYPTO-STRONG", "3", "--start", "2026-03-01", "--end", "2027-02-28"
    )
    (tmp_path / "trust.txt").write_text(site.done("portal", "trust") + "\n")
    for machine, serial in (("router", "FOC2145X0AB"), ("spare", "FOC2145X0AC")):
        site.done("device", "init", "--pid", "TR-100", "--sn", serial, "--trust", "trust.txt", on=machine)
    return site


def test_a_reservation_among_people(site: Site) -> None:
    request, authorization = ask(site)
    install(site, authorization)
    newest = lower(site, request, authorization)
    give_back(site, request, newest)
    start_again(site, request)


def ask(site: Site) -> tuple[str, str]:
    # The technician asks the router, and mails the request; the mail program does its worst.
    request = site.done("device", "request", "--want", "ROUTE-1G=4", "--want", "CRYPTO-STRONG", on="router")
    assert site.done("device", "request", on="router") == request
    authorization = site.done("portal", "reserve", "-", "--as-requested", stdin=as_mail(request))
    assert site.stock("ROUTE-1G") == {"available": 6, "in_doubt": 4, "entitled": 10}

    # The administrator pastes it a second time, and asks for something else with it.
    assert site.done("portal", "reserve", request, "--as-requested") == authorization
    site.refused(REFUSED, "portal update", "portal", "reserve", request, "--license", "ROUTE-1G=5")
    assert site.stock("ROUTE-1G") == {"available": 6, "in_doubt": 4, "entitled": 10}
    return request, authorization


def install(site: Site, authorization: str) -> None:
    # It is carried to the wrong router first.
    site.refused(NOT_GENUINE, "another", "device", "install", authorization, on="spare")
    assert site.run("device", "check", "ROUTE-1G", on="spare").code == REFUSED

    # At the right one four characters are mistyped: refused with the groups named, until they are accepted.
    typed = mistyped(authorization, 5, 37, 82, 130)
    site.refused(UNREADABLE, "group 2", "device", "install", typed, on="router")
    confirmation = site.done("device", "install", typed, "--accept-repair", on="router")
    assert site.run("device", "check", "ROUTE-1G", "--count", "4", on="router").code == 0
    assert site.run("device", "check", "ROUTE-1G", "--count", "5", on="router").code == REFUSED

    # The confirmation is lost on the way; the device shows it again, and it is pasted twice.
    assert site.done("device", "confirmation", on="router") == confirmation
    assert site.done("device", "install", authorization, on="router") == confirmation
    site.done("portal", "accept", confirmation)
    site.done("portal", "accept", as_mail(confirmation))
    assert site.stock("ROUTE-1G") == {"available": 6, "reserved": 4, "entitled": 10}


def lower(site: Site, request: str, authorization: str) -> str:
    # Fewer are needed. Until the device confirms, the portal holds what may still run.
    update = site.done("portal", "update", request, "--license", "ROUTE-1G=1")
    assert site.stock("ROUTE-1G") == {"available": 6, "reserved": 1, "in_doubt": 3, "entitled": 10}
    site.done("portal", "accept", site.done("device", "install", update, on="router"))
    assert site.stock("ROUTE-1G") == {"available": 9, "reserved": 1, "entitled": 10}
    site.refused(REFUSED, "older", "device", "install", authorization, on="router")
    return update


def give_back(site: Site, request: str, newest: str) -> None:
    # A second request while one is open names the return; so the device gives back, and pastes twice.
    site.refused(REFUSED, "device return", "device", "request", on="router")
    returned = site.done("device", "return", "--yes", on="router")
    assert site.done("device", "return", "--yes", on="router") == returned
    assert site.run("device", "check", "ROUTE-1G", on="router").code == REFUSED
    assert site.stock("ROUTE-1G") == {"available": 9, "reserved": 1, "entitled": 10}
    site.done("portal", "accept", mistyped(returned, 0, 40, 90, 120), "--accept-repair")
    site.done("portal", "accept", returned)
    assert site.stock("ROUTE-1G") == {"available": 10, "entitled": 10}

    # What was returned never works again, on either side.
    site.refused(REFUSED, "refused for ever", "device", "install", newest, on="router")
    site.refused(REFUSED, "never yields a code again", "portal", "reserve", request, "--as-requested")
    site.refused(REFUSED, "never yields a code again", "portal", "reissue", request)


def start_again(site: Site, former: str) -> None:
    # The router starts again, this time with a QR that a camera reads.
    request = site.done("device", "request", "--want", "ROUTE-1G=10", "--png", "request.png", on="router")
    assert request != former
    assert read_image((site.folder / "request.png").read_bytes()) == (request,)
    site.done("portal", "reserve", "--image", "request.png", "--as-requested")
    assert site.stock("ROUTE-1G") == {"in_doubt": 10, "entitled": 10}

    # Nothing is left for the spare, which is told so; its request goes nowhere and is cancelled.
    spare = site.done("device", "request", on="spare")
    site.refused(REFUSED, "ROUTE-1G", "portal", "reserve", spare, "--license", "ROUTE-1G=1")
    cancelled = site.done("device", "cancel", on="spare")
    site.run("portal", "accept", cancelled)
    site.refused(REFUSED, "already returned", "portal", "reserve", spare, "--license", "CRYPTO-STRONG=1")

    # The authorization never reaches the router: the request alone brings the licences home.
    site.done("portal", "accept", site.done("device", "cancel", on="router"))
    assert site.stock("ROUTE-1G") == {"available": 10, "entitled": 10}


def test_a_copied_folder_licenses_nothing_on_other_hardware(site: Site) -> None:
    request = site.done("device", "request", on="router")
    authorization = site.done("portal", "reserve", request, "--license", "ROUTE-1G=2")
    site.done("device", "install", authorization, on="router")
    copy = site.folder / "spare"
    for file in copy.iterdir():
        file.unlink()
    for file in (site.folder / "router").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
        (copy / file.name).chmod(0o600)
    outcome = site.run("device", "check", "ROUTE-1G", on="spare")
    assert outcome.code == REFUSED
    assert "hardware" in outcome.out + outcome.err
    assert site.run("device", "check", "ROUTE-1G", on="router").code == 0


def test_a_term_ends_by_itself_and_its_licences_with_it(site: Site) -> None:
    request = site.done("device", "request", on="router")
    authorization = site.done("portal", "reserve", request, "--license", "CRYPTO-STRONG=2")
    site.done("portal", "accept", site.done("device", "install", authorization, on="router"))
    assert site.stock("CRYPTO-STRONG") == {"available": 1, "reserved": 2, "entitled": 3}
    site.now += timedelta(days=363)
    assert site.run("device", "check", "CRYPTO-STRONG", on="router").code == 0
    site.now += timedelta(days=1)
    assert site.run("device", "check", "CRYPTO-STRONG", on="router").code == REFUSED
    assert site.stock("CRYPTO-STRONG") == {"expired": 3, "entitled": 3}
    returned = site.done("device", "return", "--yes", on="router")
    site.done("portal", "accept", returned)
    assert site.stock("CRYPTO-STRONG") == {"expired": 3, "entitled": 3}
