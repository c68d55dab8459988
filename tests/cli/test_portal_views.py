"""What the portal's commands show, and the round trip through them: books after every step."""

from pathlib import Path

import pytest

from tests.cli.portal_desk import PortalDesk


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def books(portal: PortalDesk) -> dict[str, tuple[int, int, int, int]]:
    """Return available, reserved, in doubt and entitled of each tag."""
    listed = portal.done("portal", "license", "list", "--json").json["licenses"]
    names = ("available", "reserved", "in_doubt", "entitled")
    return {each["tag"]: tuple(each["counts"][name] for name in names) for each in listed}


def test_the_round_trip_in_the_books(portal: PortalDesk) -> None:
    start = {"CRYPTO": (20, 0, 0, 20), "ROUTING": (100, 0, 0, 100)}
    assert books(portal) == start
    request, authorization = portal.reserved()
    assert books(portal)["ROUTING"] == (98, 0, 2, 100)
    confirmation = portal.done("device", "install", authorization)
    portal.done("portal", "accept", confirmation.line)
    assert books(portal)["ROUTING"] == (98, 2, 0, 100)
    update = portal.done("portal", "update", request, "--license", "ROUTING=5", "--license", "CRYPTO=1")
    assert books(portal) == {"CRYPTO": (19, 0, 1, 20), "ROUTING": (95, 2, 3, 100)}
    portal.done("portal", "accept", portal.done("device", "install", update.line).line)
    assert books(portal) == {"CRYPTO": (19, 1, 0, 20), "ROUTING": (95, 5, 0, 100)}
    portal.done("portal", "accept", portal.done("device", "return", "--yes").line)
    assert books(portal) == start
    assert portal.done("portal", "audit").out == "The books add up.\n"


def test_every_code_can_be_given_again(portal: PortalDesk) -> None:
    request, authorization = portal.reserved()
    portal.wait(hours=5)
    again = portal.done("portal", "reserve", request, "--as-requested")
    assert again.line == authorization
    assert "Reserved before, on 2026-03-02 03:00 UTC by kim" in again.err
    confirmation = portal.done("device", "install", authorization).line
    first = portal.done("portal", "accept", confirmation, "--json").json
    portal.wait(hours=5)
    for name in ("accept", "confirm", "return"):
        second = portal.done("portal", name, confirmation, "--json").json
        assert second == {**first, "again": True}
    portal.environ["TALLYSTICK_USER"] = "alex"
    assert (
        "accepted before, on 2026-03-02 08:00 UTC by kim" in portal.done("portal", "accept", confirmation).out
    )


def test_a_reservation_is_named_by_its_beginning_or_by_any_code(portal: PortalDesk) -> None:
    request, authorization, confirmation = portal.confirmed()
    record = portal.done("portal", "show", request, "--json").json
    name = record["reservation"]
    assert len(name) == 8
    groups = [authorization[at : at + 4] for at in range(0, len(authorization), 4)]
    for words in (
        [name],
        [name.lower()],
        [f"{name[:4]}-{name[4:]}"],
        [authorization],
        groups,
        [confirmation],
    ):
        assert portal.done("portal", "show", *words, "--json").json == record
    assert portal.done("portal", "show", "-", "--json", stdin=confirmation).json == record
    assert portal.done("portal", "reissue", name).line == authorization
    typed = confirmation[:30] + ("Z" if confirmation[30] != "Z" else "Y") + confirmation[31:]
    assert portal.run("portal", "show", typed).code == 3
    assert portal.run("portal", "show", typed, "--accept-repair").code == 0


def test_everything_about_one_reservation(portal: PortalDesk) -> None:
    request, _, _ = portal.confirmed()
    portal.done("portal", "update", request, "--license", "ROUTING=5")
    shown = portal.done("portal", "show", request).out
    for words in (
        "PID:RTR-900,SN:FDO1",
        "updating (in doubt)",
        "Issued           authorization 2",
        "Confirmed        authorization 1",
        "It holds:",
        "What happened:",
        "confirmed",
    ):
        assert words in shown
    record = portal.done("portal", "show", request, "--json").json
    assert [code["kind"] for code in record["codes"]] == [
        "request",
        "authorization",
        "confirmation",
        "authorization",
    ]
    assert record["held"][0] == {
        "tag": "ROUTING",
        "lot": record["held"][0]["lot"],
        "reserved": 2,
        "in_doubt": 3,
        "failed": 0,
        "written_off": 0,
        "expired": 0,
    }


def test_lists_by_state_and_by_virtual_account(portal: PortalDesk) -> None:
    portal.join("spare", "FDO2")
    portal.confirmed()
    portal.reserved("spare")
    portal.done("portal", "va", "add", "Berlin")

    def named(*argv: str) -> list[str]:
        listed = portal.done("portal", "list", *argv, "--json").json["reservations"]
        return [each["udi"]["serial_number"] for each in listed]

    assert sorted(named()) == ["FDO1", "FDO2"]
    assert named("--state", "active") == ["FDO1"]
    assert named("--state", "issued") == ["FDO2"]
    assert named("--state", "in-doubt") == ["FDO2"]
    assert named("--state", "returned") == []
    assert named("--va", "Berlin") == []
    assert "There is none." in portal.done("portal", "list", "--va", "Berlin").err
    first = portal.done("portal", "list", "--most", "1", "--json").json
    rest = portal.done("portal", "list", "--most", "1", "--page", first["next_page"], "--json").json
    assert {each["reservations"][0]["udi"]["serial_number"] for each in (first, rest)} == {"FDO1", "FDO2"}
    assert rest["next_page"] is None
    assert "--page" in portal.done("portal", "list", "--most", "1").err


def test_events_since(portal: PortalDesk) -> None:
    portal.wait(days=1)
    portal.confirmed()

    def kinds(*argv: str) -> list[str]:
        return [each["kind"] for each in portal.done("portal", "events", *argv, "--json").json["events"]]

    everything = kinds()
    assert everything[0] == "account-opened"
    assert everything[-2:] == ["reserved", "confirmed"]
    assert kinds("--since", "2026-03-03") == ["reserved", "confirmed"]
    assert kinds("--since", "2026-03-02T03:00:00Z") == everything
    assert kinds("--since", "2026-03-04") == []
    assert kinds("--since", "9999-12-31") == []
    last = portal.done("portal", "events", "--json").json["events"][-2]["id"]
    assert kinds("--since", last) == ["confirmed"]
    first = portal.done("portal", "events", "--most", "2", "--json").json
    assert first["more"] is True
    assert len(first["events"]) == 2
    assert portal.run("portal", "events", "--since", "yesterday").code == 2


def test_licences_with_terms_and_flags(portal: PortalDesk) -> None:
    argv = ("--start", "2026-01-01", "--end", "2026-12-31", "--order", "PO-1")
    added = portal.done("portal", "license", "add", "VPN", "5", *argv, "--export-controlled", "--json").json
    assert added["term"] == {"start": "2026-01-01", "end": "2026-12-31"}
    assert added["order"] == "PO-1"
    portal.done("portal", "license", "add", "STATS", "1", "--reporting-only")
    shown = portal.done("portal", "license", "list").out
    assert "2026-01-01 to 2026-12-31, export-controlled" in shown
    assert "perpetual, reporting-only" in shown
    request = portal.requested("router", "VPN=2", "STATS=7")
    code = portal.done("portal", "reserve", request, "--license", "VPN=2", "--term", added["lot"]).line
    installed = portal.done("device", "install", code)
    assert "2 × VPN (2026-01-01 to 2026-12-31, export-controlled)" in installed.err
    status = portal.done("device", "status").out
    assert "304" in status
    portal.now = portal.now.replace(year=2027)
    assert portal.run("device", "check", "VPN").code == 1
    assert "ended" in portal.done("device", "status").out
    listed = portal.done("portal", "license", "list").out
    assert "(ended)" in listed
    assert "EXPIRED" in listed


def test_virtual_accounts_have_pools_of_their_own(portal: PortalDesk) -> None:
    portal.done("portal", "va", "add", "Berlin")
    portal.done("portal", "license", "add", "ROUTING", "3", "--va", "Berlin")
    request = portal.requested("router", "ROUTING=3")
    portal.done("portal", "reserve", request, "--as-requested", "--va", "Berlin")
    listed = portal.done("portal", "license", "list", "--va", "Berlin", "--json").json["licenses"]
    assert [each["counts"]["available"] for each in listed] == [0]
    assert "VIRTUAL ACCOUNT" in portal.done("portal", "license", "list").out
    assert portal.done("portal", "va", "list").out == "Berlin\nDEFAULT\n"


def test_universal(portal: PortalDesk) -> None:
    portal.done("portal", "license", "add", "UNIVERSAL", "1")
    request = portal.done("device", "request", "--universal").line
    assert "add --universal" in portal.run("portal", "reserve", request).err
    code = portal.done("portal", "reserve", request, "--universal").line
    portal.done("device", "install", code)
    assert portal.run("device", "check", "ANYTHING", "--count", "9").code == 0


def test_the_trust_file_goes_to_stdout_or_to_a_file(portal: PortalDesk) -> None:
    text = portal.done("portal", "trust").out
    assert text == portal.path("trust.txt").read_text()
    record = portal.done("portal", "trust", "--json").json
    assert record["trust_file"] == text
    assert f"trust  {record['code']}" in text
    update = portal.done("device", "install", record["code"])
    assert "In force" not in update.err
    assert "It was in force before." in update.out
    assert portal.run("portal", "trust", "--out", str(portal.path("no/where"))).code == 2


def test_a_random_passphrase_is_kept_beside_the_keys(portal: PortalDesk) -> None:
    kept = portal.path("portal-keys/passphrase")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert len(kept.read_text().strip().split("-")) == 12
    for name in ("root.pem", "issuer.pem"):
        file = portal.path(f"portal-keys/{name}")
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"ENCRYPTED PRIVATE KEY" in file.read_bytes()
    root = portal.done("keys", "show", str(portal.path("portal-keys/root.pem"))).out
    words = next(line for line in root.splitlines() if line.startswith("Words")).split()[1:]
    assert words == portal.done("portal", "trust", "--json").json["root_words"]
    assert "PRIVATE" not in root


def test_a_person_is_asked_for_the_passphrase(portal: PortalDesk) -> None:
    portal.path("portal-keys/passphrase").unlink()
    other = str(portal.path("other.db"))
    portal.passphrases = ["correct horse battery", "correct horse battery"]
    made = portal.run("portal", "init", "--account", "B", "--db", f"sqlite:///{other}", terminal=True)
    assert made.code == 0
    assert portal.passphrases == []
    assert not portal.path("other-keys/passphrase").exists()
    portal.passphrases = ["correct horse battery"]
    argv = ("portal", "reserve", portal.requested(), "--license", "ROUTING=1", "--db", f"sqlite:///{other}")
    refused = portal.run(*argv, terminal=True)
    assert refused.code == 1
    assert portal.passphrases == []
    portal.passphrases = ["one long passphrase", "another long passphrase"]
    third = f"sqlite:///{portal.path('third.db')}"
    differing = portal.run("portal", "init", "--account", "C", "--db", third, terminal=True)
    assert differing.code == 2
    assert "differ" in differing.err
    assert not portal.path("third.db").exists()
