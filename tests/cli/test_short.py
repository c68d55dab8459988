"""The short confirmation on the command line: shown, read aloud, typed, mistyped, refused, explained."""

import re
import shlex
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from codec.alphabet import ALPHABET
from codec.short import inspect_short
from reservation.bootstrap import ISSUER_FILE
from tests.cli.desk import Desk, require_refusal
from tests.cli.portal_desk import Argv, PortalDesk, Refusal
from tests.cli.vendor import ACME


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def called(desk: PortalDesk) -> str:
    """Return the short confirmation of what the router has installed."""
    return desk.done("device", "install", desk.reserved()[1], "--short").line


def wrong(text: str, guess: int = 0) -> str:
    """Return a sound code with another MAC."""
    return replace(inspect_short(text).code, mac=guess.to_bytes(8, "big")).text


def name_of(desk: PortalDesk) -> str:
    """Return the name of the newest reservation."""
    (first, *_) = desk.done("portal", "list", "--json").json["reservations"]
    return str(first["reservation"])


def mistyped(text: str, place: int) -> str:
    """Return a text with one wrong character."""
    return text[:place] + ALPHABET[ALPHABET.index(text[place]) ^ 1] + text[place + 1 :]


# --- the device ------------------------------------------------------------------------------------


def test_install_prints_it_in_place_of_the_long_one(portal: PortalDesk) -> None:
    _, authorization = portal.reserved()
    first = portal.done("device", "install", authorization, "--short")
    assert len(first.line) == 24
    assert "Installed." in first.err
    assert "by telephone" in first.err
    again = portal.done("device", "install", authorization, "--short", "--json").json
    assert (again["code"], again["kind"], again["again"]) == (first.line, "short", True)
    shown = portal.done("device", "confirmation", "--short")
    assert shown.line == first.line
    as_json = portal.done("device", "confirmation", "--short", "--json").json
    assert as_json == {"code": first.line, "kind": "short", "again": True}
    assert len(portal.done("device", "confirmation").line) > 120


def test_making_it_writes_nothing(portal: PortalDesk) -> None:
    called(portal)
    before = portal.everything()
    portal.done("device", "confirmation", "--short")
    assert portal.everything() == before


def test_a_person_sees_one_line_and_can_have_it_spelled(portal: PortalDesk) -> None:
    text = called(portal)
    shown = portal.run("device", "confirmation", "--short", "--spell", terminal=True)
    line, *words = shown.out.splitlines()
    assert line == "1: " + " ".join(text[at : at + 4] for at in range(0, 24, 4))
    assert len(words) == 6
    assert words[0].startswith("line 1, group 1: sierra ")


def test_an_update_has_another_one(portal: PortalDesk) -> None:
    request, authorization = portal.reserved()
    first = portal.done("device", "install", authorization, "--short").line
    portal.done("portal", "accept", first)
    update = portal.done("portal", "update", request, "--license", "ROUTING=1").line
    second = portal.done("device", "install", update, "--short").line
    assert second != first
    assert portal.done("portal", "accept", second, "--json").json["sequence"] == {"epoch": 0, "number": 2}


def _nothing_installed(_: Desk) -> Argv:
    return "device", "confirmation", "--short"


def _another_key(desk: Desk) -> Argv:
    code = ACME.authorize(desk.done("device", "request").line)
    desk.done("device", "install", code)
    (key,) = desk.path("router").glob("*.pem")
    key.unlink()
    return "device", "confirmation", "--short"


@pytest.mark.parametrize(
    "refusal",
    [
        (_nothing_installed, 1, "wrong-state", "no confirmation", "device request"),
        (_another_key, 6, "key-file", "key", ""),
    ],
    ids=["nothing installed", "no key"],
)
def test_the_device_refuses(refusal: tuple[Callable[[Desk], Argv], int, str, str, str], device: Desk) -> None:
    require_refusal(device, refusal)


@pytest.fixture
def device(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    trust = desk.write("trust.txt", ACME.trust_file())
    desk.done("device", "init", "--pid", "RTR-900", "--sn", "FDO1", "--trust", trust)
    return desk


# --- the portal ------------------------------------------------------------------------------------


def test_the_portal_takes_it_and_shows_its_grade(portal: PortalDesk) -> None:
    text = called(portal)
    taken = portal.done("portal", "confirm", text[:4], text[4:12].lower(), "-".join(text[12:]))
    assert "Confirmed, grade mac:" in taken.out
    assert "It is not signed." in taken.err
    (listed,) = portal.done("portal", "list", "--json").json["reservations"]
    assert (listed["grade"], listed["wrong_tries"], listed["takes_short"]) == ("mac", 0, True)
    assert "active (mac)" in portal.done("portal", "list").out
    shown = portal.done("portal", "show", text)
    assert "authorization 1 (grade: mac, by a short confirmation)" in shown.out
    assert "confirmed-mac" in shown.out
    codes = portal.done("portal", "show", text, "--json").json["codes"]
    assert (codes[-1]["kind"], codes[-1]["code"]) == ("short", text)
    assert "confirmed-mac" in portal.done("portal", "events").out


def test_again_it_needs_no_passphrase(portal: PortalDesk) -> None:
    text = called(portal)
    portal.done("portal", "accept", text)
    portal.path("portal-keys/issuer.pem").unlink()
    again = portal.done("portal", "accept", text, "--json").json
    assert (again["kind"], again["again"], again["grade"]) == ("confirmed-mac", True, "mac")


def test_the_signed_one_raises_the_grade(portal: PortalDesk) -> None:
    text = called(portal)
    portal.done("portal", "accept", text)
    signed = portal.done("portal", "accept", portal.done("device", "confirmation").line)
    assert "Signed now, and not by a MAC alone" in signed.out
    assert "grade: signed" in portal.done("portal", "show", text).out
    late = portal.done("portal", "accept", portal.done("device", "confirmation").line, "--json").json
    assert (late["again"], late["grade"], late["kind"]) == (True, "signed", "confirmed-signed")


def test_a_mistyped_one_is_repaired_and_named(portal: PortalDesk) -> None:
    text = called(portal)
    before = portal.everything()
    asked = portal.run("portal", "accept", mistyped(text, 9), terminal=True, stdin="n\n")
    assert asked.code == 3
    assert f"group 3: you typed {mistyped(text, 9)[8:12]}, the code has {text[8:12]}" in asked.err
    assert "With this repaired, it fits:" in asked.err
    assert portal.everything() == before
    taken = portal.done("portal", "accept", mistyped(text, 9), "--accept-repair", "--json").json
    assert taken["kind"] == "confirmed-mac"
    assert [repair["group"] for repair in taken["repairs"]] == [3]


def test_a_person_can_type_it(portal: PortalDesk) -> None:
    text = called(portal)
    typed = portal.run("portal", "accept", terminal=True, stdin=f"{text[:12]} {text[12:]}\nnot read\n")
    assert typed.code == 0, typed.err


def test_wrong_ones_are_counted_shown_and_at_last_refused(portal: PortalDesk) -> None:
    text = called(portal)
    first = portal.run("portal", "accept", wrong(text), "--json")
    assert (first.code, first.json["error"]["code"]) == (4, "short-wrong")
    assert "4 more tries are left" in first.json["error"]["message"]
    assert "wrong tries: 1" in portal.done("portal", "show", name_of(portal)).out
    told = [portal.run("portal", "accept", wrong(text, guess)).err for guess in range(1, 5)]
    assert "1 more try is left" in told[2]
    assert "it takes no short confirmation any more" in told[3]
    locked = portal.run("portal", "accept", text, "--json")
    assert (locked.code, locked.json["error"]["code"]) == (1, "short-locked")
    assert "tallystick device confirmation" in locked.json["error"]["hint"]
    assert "locked, after too many wrong ones" in portal.done("portal", "show", name_of(portal)).out
    portal.done("portal", "accept", portal.done("device", "confirmation").line)
    assert portal.done("portal", "list", "--json").json["reservations"][0]["takes_short"] is True


# Each prepares the desk and returns the command that must be refused.


def _locked(desk: PortalDesk) -> Argv:
    text = called(desk)
    for guess in range(5):
        desk.run("portal", "accept", wrong(text, guess))
    return "portal", "accept", text


def _of_a_stranger(desk: PortalDesk) -> Argv:
    return "portal", "accept", replace(inspect_short(called(desk)).code, request_hint=bytes(4)).text


def _of_what_was_never_issued(desk: PortalDesk) -> Argv:
    return "portal", "accept", replace(inspect_short(called(desk)).code, number_end=7).text


def _too_short(desk: PortalDesk) -> Argv:
    return "portal", "accept", called(desk)[:-1]


def _too_long(desk: PortalDesk) -> Argv:
    return "portal", "accept", called(desk) + "A"


def _two_wrong(desk: PortalDesk) -> Argv:
    text = called(desk)
    return "portal", "accept", mistyped(mistyped(text, 1), 2)


def _mistyped(desk: PortalDesk) -> Argv:
    return "portal", "accept", mistyped(called(desk), 9)


def _to_reserve(desk: PortalDesk) -> Argv:
    return "portal", "reserve", called(desk), "--as-requested"


def _to_install(desk: PortalDesk) -> Argv:
    return "device", "install", called(desk)


def _to_verify(desk: PortalDesk) -> Argv:
    return "code", "verify", called(desk)


def _wrong_passphrase(desk: PortalDesk) -> Argv:
    other = desk.path("other-passphrase")
    other.write_text("correct horse battery\n")
    other.chmod(0o600)
    return "portal", "accept", called(desk), "--passphrase-file", str(other)


def _another_issuer(desk: PortalDesk) -> Argv:
    """A portal whose issuer was exchanged since, as far as its books say."""
    text = called(desk)
    keys, url = str(desk.path("other-keys")), f"sqlite:///{desk.path('other.db')}"
    desk.done("portal", "init", "--account", "Other", "--db", url, "--keys", keys)
    with closing(apsw.Connection(str(desk.path("portal.db")))) as books:
        books.execute("ATTACH ? AS other", (str(desk.path("other.db")),))
        books.execute("UPDATE main.portal SET issuer_key = (SELECT issuer_key FROM other.portal)")
    for file in (ISSUER_FILE, "passphrase"):
        shutil.copy(desk.path("other-keys") / file, desk.path("portal-keys") / file)
    return "portal", "accept", text


REFUSALS: dict[str, Refusal] = {
    "locked": (_locked, 1, "short-locked", "no short confirmation any more", "device confirmation"),
    "a stranger's": (_of_a_stranger, 4, "unknown-request", "never saw", "right portal"),
    "never issued": (_of_what_was_never_issued, 1, "missing-authorization", "do not hold", "once more"),
    "too short": (_too_short, 3, "malformed", "this has 23", "once more"),
    "too long": (_too_long, 3, "malformed", "this has 25", "once more"),
    "two wrong": (_two_wrong, 3, "malformed", "More than one character", "group by group"),
    "mistyped": (_mistyped, 3, "repair-not-accepted", "group 3", "--accept-repair"),
    "to reserve": (_to_reserve, 4, "wrong-kind", "short confirmation", "portal accept"),
    "to install": (_to_install, 4, "wrong-kind", "short confirmation", "portal accept"),
    "to verify": (_to_verify, 2, "usage", "only the portal", "portal accept"),
    "wrong passphrase": (_wrong_passphrase, 6, "key-file", "passphrase", ""),
    "another issuer": (_another_issuer, 1, "other-issuer", "Another issuer's key", "device confirmation"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused(name: str, portal: PortalDesk) -> None:
    require_refusal(portal, REFUSALS[name])


# --- looking into it -------------------------------------------------------------------------------


def test_explain_says_what_it_holds_and_who_can_check_it(portal: PortalDesk) -> None:
    text = called(portal)
    name = name_of(portal)
    told = portal.done("code", "explain", text)
    assert told.out.startswith("Short confirmation (format 1)\n")
    assert f"id begins with {name[:6]}" in told.out
    assert "only the portal that gave the authorization can" in told.out
    record = portal.done("code", "explain", text, "--json").json
    assert (record["kind"], record["verified"], record["fields"]["number_end"]) == ("short", False, 1)


def test_repair_and_qr_show_it_again(portal: PortalDesk) -> None:
    text = called(portal)
    assert portal.done("code", "repair", mistyped(text, 20), "--accept-repair").line == text
    assert portal.run("code", "repair", mistyped(text, 20)).code == 3
    assert portal.done("code", "qr", text, "--typed").out.startswith(f"1: {text[:4]} ")


# --- the audit -------------------------------------------------------------------------------------


def test_the_audit_says_what_rests_on_a_mac(portal: PortalDesk) -> None:
    portal.done("portal", "accept", called(portal))
    plain = portal.done("portal", "audit")
    assert "1 reservation confirmed by a short confirmation alone" in plain.err
    assert "--macs" in plain.err
    with_key = portal.done("portal", "audit", "--macs", "--json").json
    assert with_key == {"sound": True, "findings": [], "by_mac": 1, "macs_checked": True}
    assert "was worked out again" in portal.done("portal", "audit", "--macs").err
    with closing(apsw.Connection(str(portal.path("portal.db")))) as books:
        ((trigger,),) = books.execute("SELECT sql FROM sqlite_schema WHERE name = 'codes_stay'")
        books.execute("DROP TRIGGER codes_stay")
        books.execute("UPDATE codes SET code_text = ? WHERE kind = 'S'", (wrong(called_text(portal)),))
        books.execute(trigger)
    assert portal.run("portal", "audit").code == 0
    assert portal.run("portal", "audit", "--macs").code == 6


def called_text(portal: PortalDesk) -> str:
    return portal.done("device", "confirmation", "--short").line


# --- the page --------------------------------------------------------------------------------------

TELEPHONE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "telephone.md"


def test_the_page_shows_what_the_program_prints(portal: PortalDesk) -> None:
    called(portal)
    page = TELEPHONE.read_text(encoding="utf-8")
    shown = "".join(re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    parts = re.split(r"^(device|portal)\$ tallystick (.*)\n", shown, flags=re.MULTILINE)
    assert len(parts) > 12
    for side, typed, expected in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        argv = shlex.split(typed.partition(" > ")[0].replace("confirmation.txt", str(portal.path("c.txt"))))
        ran = portal.done(*argv, on="router" if side == "device" else "portal")
        if " > " in typed:
            portal.write("c.txt", ran.out)
        else:
            assert ran.out == expected, typed
