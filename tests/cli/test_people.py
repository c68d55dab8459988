"""People at the command line: who may do what, who is told why not, agreements, and own passphrases."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import require_refusal
from tests.cli.portal_desk import Argv, PortalDesk

SECRET = "a sentence of alex alone"


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def secret(desk: PortalDesk, name: str = "mine.txt", text: str = SECRET) -> str:
    """Write a passphrase that nobody else can read, and return its file."""
    file = desk.write(name, f"{text}\n")
    desk.path(name).chmod(0o600)
    return file


def with_passphrase(desk: PortalDesk, user: str = "alex") -> str:
    file = secret(desk)
    desk.done("portal", "user", "passphrase", "--new-passphrase-file", file, "--user", user)
    return file


def branched(desk: PortalDesk) -> None:
    """Let there be Berlin, with licences, and robin who reserves there."""
    desk.done("portal", "va", "add", "Berlin")
    desk.done("portal", "license", "add", "ROUTING", "5", "--va", "Berlin")
    desk.know("robin", "virtual-account-user", "Berlin")


def proposed(desk: PortalDesk) -> str:
    request, _, _ = desk.confirmed()
    desk.done("portal", "rehost", request, "--reason", "burnt", "--evidence", "witness")
    return request


# --- refusals --------------------------------------------------------------------------------------


def _unknown(desk: PortalDesk) -> Argv:
    return "portal", "list", "--user", "joe"


def _role(desk: PortalDesk) -> Argv:
    desk.know("pip", "approver")
    return "portal", "license", "add", "ROUTING", "1", "--user", "pip"


def _place(desk: PortalDesk) -> Argv:
    branched(desk)
    return "portal", "license", "add", "ROUTING", "1", "--user", "robin"


def _reservation(desk: PortalDesk) -> Argv:
    branched(desk)
    request, _ = desk.reserved()
    name = desk.done("portal", "show", request, "--json").json["reservation"]
    return "portal", "show", name, "--user", "robin"


def _code(desk: PortalDesk) -> Argv:
    branched(desk)
    _, _, confirmation = desk.confirmed()
    return "portal", "accept", confirmation, "--user", "robin"


def _transfer(desk: PortalDesk) -> Argv:
    branched(desk)
    return (
        "portal",
        "license",
        "transfer",
        "ROUTING",
        "1",
        "--from",
        "Berlin",
        "--to",
        "DEFAULT",
        "--user",
        "robin",
    )


def _granting(desk: PortalDesk) -> Argv:
    branched(desk)
    desk.know("vic", "virtual-account-administrator", "Berlin")
    return "portal", "user", "grant", "vic", "--role", "administrator", "--user", "vic"


def _approving(desk: PortalDesk) -> Argv:
    desk.know("uma", "user")
    return "portal", "approve", proposed(desk), "--user", "uma"


def _backup(desk: PortalDesk) -> Argv:
    desk.know("uma", "user")
    return "portal", "backup", str(desk.path("copy.db")), "--user", "uma"


def _without_passphrase(desk: PortalDesk) -> Argv:
    request = proposed(desk)
    with_passphrase(desk)
    return "portal", "approve", request, "--user", "alex"


def _wrong_passphrase(desk: PortalDesk) -> Argv:
    request = proposed(desk)
    with_passphrase(desk)
    wrong = secret(desk, "wrong.txt", "some other sentence")
    return "portal", "approve", request, "--user", "alex", "--own-passphrase-file", wrong


def _present_passphrase(desk: PortalDesk) -> Argv:
    file = with_passphrase(desk)
    wrong = secret(desk, "wrong.txt", "some other sentence")
    files = ("--new-passphrase-file", file, "--own-passphrase-file", wrong)
    return "portal", "user", "passphrase", *files, "--user", "alex"


def _clearing(desk: PortalDesk) -> Argv:
    desk.know("uma", "user")
    return "portal", "user", "passphrase", "--clear", "alex", "--user", "uma"


def _former_proposer(desk: PortalDesk) -> Argv:
    desk.know("uma", "user")
    request, _, _ = desk.confirmed()
    wish = ("portal", "rehost", request, "--reason", "burnt", "--evidence", "witness")
    desk.done(*wish, "--user", "uma")
    desk.done("portal", "user", "remove", "uma")
    return "portal", "approve", request


def _last_administrator(desk: PortalDesk) -> Argv:
    desk.done("portal", "user", "remove", "alex")
    return "portal", "user", "remove", "kim"


def _last_administrator_role(desk: PortalDesk) -> Argv:
    desk.done("portal", "user", "remove", "alex")
    desk.done("portal", "user", "grant", "kim", "--role", "user")
    return "portal", "user", "revoke", "kim", "--role", "administrator"


def _last_role(desk: PortalDesk) -> Argv:
    return "portal", "user", "revoke", "alex", "--role", "administrator"


def _added_twice(desk: PortalDesk) -> Argv:
    return "portal", "user", "add", "alex", "--role", "user"


def _alike(desk: PortalDesk) -> Argv:
    desk.done("portal", "user", "remove", "alex")
    return "portal", "user", "add", "Alex", "--role", "user"


def _nobody(desk: PortalDesk) -> Argv:
    return "portal", "user", "grant", "joe", "--role", "user"


def _no_place(desk: PortalDesk) -> Argv:
    return "portal", "user", "add", "joe", "--role", "virtual-account-user"


def _too_many_places(desk: PortalDesk) -> Argv:
    return "portal", "user", "add", "joe", "--role", "user", "--va", "DEFAULT"


def _not_agreed(desk: PortalDesk) -> Argv:
    desk.done("portal", "policy", "--agreements", "required")
    desk.done("portal", "agreement", "add", "Terms", desk.write("terms.txt", "All of it.\n"))
    return "portal", "reserve", desk.requested(), "--as-requested"


def _old_version(desk: PortalDesk) -> Argv:
    for text in ("All of it.", "More of it."):
        desk.done("portal", "agreement", "add", "Terms", desk.write("terms.txt", text))
    return "portal", "agreement", "accept", "Terms", "--version", "1"


REFUSALS: dict[str, tuple[Callable[[PortalDesk], Argv], int, str, str, str]] = {
    "unknown user": (
        _unknown,
        5,
        "unknown-user",
        "joe is no user",
        "alex, kim) can add them: tallystick portal",
    ),
    "role": (_role, 5, "not-permitted", "pip may not add licences", "Ask a Smart Account administrator"),
    "other Virtual Account": (_place, 5, "not-permitted", "DEFAULT is none", "--va"),
    "reservation elsewhere": (_reservation, 5, "not-permitted", "The reservation is in none", "--va"),
    "code of elsewhere": (_code, 5, "not-permitted", "The reservation is in none", "--va"),
    "one end of a transfer": (_transfer, 5, "not-permitted", "DEFAULT is none", "--va"),
    "granting more": (_granting, 5, "not-permitted", "The role administrator is held beyond", "ask an"),
    "approving": (_approving, 5, "not-permitted", "uma may not approve", "administrator"),
    "backup": (_backup, 5, "not-permitted", "uma may not copy the books", "administrator"),
    "no passphrase given": (_without_passphrase, 2, "usage", "nobody is here", "--own-passphrase-file"),
    "wrong passphrase": (_wrong_passphrase, 5, "own-passphrase", "not the passphrase of alex", "--clear"),
    "wrong present one": (_present_passphrase, 5, "own-passphrase", "not the passphrase of alex", "--clear"),
    "clearing": (_clearing, 5, "not-permitted", "uma may not clear", "administrator"),
    "former proposer": (_former_proposer, 1, "changed-since", "uma proposed this rehost", "--reject"),
    "last administrator": (_last_administrator, 1, "last-administrator", "kim is the only", "user add"),
    "last one's role": (_last_administrator_role, 1, "last-administrator", "kim is the only", "user add"),
    "last role": (_last_role, 1, "refused", "no other role", "user remove alex"),
    "added twice": (_added_twice, 1, "name-taken", "There is a user alex", "user grant"),
    "alike": (_alike, 1, "name-taken", "Alex could be taken for alex", "another"),
    "nobody": (_nobody, 1, "unknown-name", "no user joe", "user list"),
    "no place": (_no_place, 1, "refused", "none was named", "--va"),
    "too many places": (_too_many_places, 1, "refused", "in no Virtual Account", "--va"),
    "not agreed": (
        _not_agreed,
        1,
        "agreement-not-accepted",
        "Version 1 of agreement Terms",
        "accept Terms",
    ),
    "old version": (_old_version, 1, "refused", "Version 2 of agreement Terms", "agreement show"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_say_why_and_what_next_and_write_nothing(portal: PortalDesk, name: str) -> None:
    require_refusal(portal, REFUSALS[name])


# --- what works ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["y'; touch taken; '", "two words", "$(touch taken)", "`touch taken`", "O'Hara"]
)
def test_a_command_in_a_hint_takes_a_name_as_one_word(portal: PortalDesk, name: str) -> None:
    def words(*argv: str) -> list[str]:
        refused = portal.run("portal", *argv, "--json", on="portal")
        assert refused.code in (1, 5)
        return shlex.split(refused.json["error"]["hint"].partition("tallystick portal ")[2])

    assert words("list", "--user", name)[:3] == ["user", "add", name]
    portal.done("portal", "user", "add", name, "--role", "user")
    assert words("user", "add", name, "--role", "user")[:3] == ["user", "grant", name]
    assert words("user", "revoke", name, "--role", "user") == ["user", "remove", name]
    portal.done("portal", "agreement", "add", name, portal.write("terms.txt", "terms"))
    assert words("agreement", "accept", name, "--version", "2") == ["agreement", "show", name]
    portal.done("portal", "va", "add", name)
    portal.done("portal", "license", "add", name, "1", "--va", name)
    moved = ["license", "transfer", name, "1", "--from", name, "--to", "DEFAULT"]
    assert words("va", "remove", name) == moved


def test_who_made_the_portal_is_its_administrator(portal: PortalDesk) -> None:
    users = portal.done("portal", "user", "list", "--json").json["users"]
    assert [(one["user"], one["roles"], one["added_by"]) for one in users] == [
        (name, [{"role": "administrator", "virtual_account": None}], "kim") for name in ("alex", "kim")
    ]


def test_a_virtual_account_user_works_in_theirs_and_sees_no_other(portal: PortalDesk) -> None:
    branched(portal)
    portal.reserved()
    portal.join("spare", "FDO2")
    asked = portal.done("device", "request", "--want", "ROUTING=1", on="spare").line
    portal.done("portal", "reserve", asked, "--as-requested", "--va", "Berlin", "--user", "robin")
    for argv in (
        ("list",),
        ("license", "list"),
        ("report", "usage"),
        ("report", "transactions"),
        ("va", "list"),
    ):
        seen = portal.done("portal", *argv, "--user", "robin", "--json").out
        assert "Berlin" in seen
        assert "DEFAULT" not in seen
        assert "FDO1" not in seen
    whole = portal.done("portal", "list", "--json").json
    assert len(whole["reservations"]) == 2


def test_who_did_what_stays_in_the_events_of_somebody_who_was_removed(portal: PortalDesk) -> None:
    portal.know("uma", "user")
    portal.done("portal", "license", "add", "VPN", "1", "--user", "uma")
    portal.done("portal", "user", "remove", "uma")
    assert portal.run("portal", "list", "--user", "uma").code == 5
    events: list[Any] = portal.done("portal", "events", "--json").json["events"]
    assert ("license-added", "uma") in {(one["kind"], one["actor"]) for one in events}
    assert [one["kind"] for one in events[-2:]] == ["role-revoked", "user-removed"]
    assert "uma" not in portal.done("portal", "user", "list").out


def test_an_approval_with_the_own_passphrase_is_authenticated(portal: PortalDesk) -> None:
    request = proposed(portal)
    file = with_passphrase(portal)
    argv = ("portal", "approve", request, "--user", "alex", "--own-passphrase-file", file, "--json")
    assert portal.done(*argv).json["authenticated"] is True
    again = portal.done(*argv).json
    assert (again["again"], again["authenticated"]) == (True, True)
    assert SECRET.encode() not in portal.path("portal.db").read_bytes()


def test_an_approval_without_one_is_not(portal: PortalDesk) -> None:
    argv = ("portal", "approve", proposed(portal), "--user", "alex", "--json")
    assert portal.done(*argv).json["authenticated"] is False


def test_a_person_is_asked_for_theirs(portal: PortalDesk) -> None:
    portal.passphrases = [SECRET, SECRET]
    assert portal.run("portal", "user", "passphrase", "--user", "alex", terminal=True).code == 0
    request = proposed(portal)
    portal.passphrases = [SECRET]
    assert portal.run("portal", "approve", request, "--user", "alex", terminal=True).code == 0
    portal.passphrases = [SECRET, "another sentence", "another one yet"]
    differing = portal.run("portal", "user", "passphrase", "--user", "alex", terminal=True)
    assert (differing.code, "differ" in differing.err) == (2, True)
    portal.done("portal", "user", "passphrase", "--clear", "alex")
    assert portal.done("portal", "user", "list", "--json").json["users"][0]["has_passphrase"] is False


def test_nothing_is_given_out_before_the_agreement_is_accepted(portal: PortalDesk) -> None:
    portal.know("pip", "approver")
    argv = ("portal", "reserve", portal.requested(), "--as-requested")
    portal.done("portal", "policy", "--agreements", "required")
    terms = portal.write("terms.txt", "Licences are for our own devices.\x1b[2J\n")
    portal.done("portal", "agreement", "add", "Terms", terms)
    assert portal.run(*argv).code == 1
    shown = portal.done("portal", "agreement", "show", "Terms", "--user", "pip")
    assert "\x1b" not in shown.out
    accepted = portal.done(
        "portal", "agreement", "accept", "Terms", "--version", "1", "--user", "pip", "--json"
    )
    assert accepted.json["accepted_by"] == "pip"
    portal.done(*argv)
    # A newer version waits anew; what is out stays out, and is taken back.
    portal.done("portal", "agreement", "add", "Terms", portal.write("terms.txt", "And for no other.\n"))
    versions = portal.done("portal", "agreement", "list", "--json").json["agreements"]
    assert [(one["version"], one["accepted_by"]) for one in versions] == [(2, None), (1, "pip")]
    assert portal.run("portal", "update", argv[2], "--license", "ROUTING=5").code == 1
    portal.done(*argv)
    portal.done("portal", "return", portal.done("device", "return", "--yes").line)
    argv = ("portal", "agreement", "show", "Terms")
    assert "accept Terms --version 2" in portal.done(*argv).err
    portal.done("portal", "agreement", "add", "Other", terms)
    portal.done("portal", "agreement", "add", "Other", portal.write("other.txt", "More.\n"))
    assert "agreement accept" not in portal.done("portal", "agreement", "show", "Other", "--version", "1").err
    assert portal.done("portal", "agreement", "show", "Terms", "--version", "1").out.startswith(
        "Licences are"
    )


def test_what_there_is_to_choose_from_is_one_sentence(portal: PortalDesk) -> None:
    refused = portal.run("portal", "rehost", "ABCDEFGH", "--reason", "burnt")
    assert refused.code == 2
    assert "Choose from: hardware, software, witness, none." in refused.err
