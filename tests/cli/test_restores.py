"""A database that was copied back, on the command line: what is said, what is refused, and the way out."""

from collections.abc import Callable

import pytest

from reservation.trustfile import parse
from tests.cli.desk import require_refusal
from tests.cli.portal_desk import Argv
from tests.cli.restoring import RestoringDesk
from tests.cli_reference import commands
from tests.faults.table import COPYING, READING

Refusal = tuple[Callable[[RestoringDesk], Argv], int, str, str, str]

PROPOSE = ("portal", "quarantine", "--end", "--reason", "all is here")


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> RestoringDesk:
    return RestoringDesk(tmp_path_factory.mktemp("desk"))


# --- the whole way ---------------------------------------------------------------------------------


def test_what_was_forgotten_is_rebuilt_and_held_again(desk: RestoringDesk) -> None:
    request, authorization, confirmation = desk.restored()
    shown = desk.done("portal", "quarantine").out
    assert "Events lost: 2" in shown
    assert "Epoch       1" in shown
    for code, outcome in ((confirmation, "kept"), (authorization, "kept"), (request, "rebuilt")):
        assert desk.done("portal", "accept", code, "--json").json["kind"] == outcome
    (reservation,) = desk.done("portal", "list", "--json").json["reservations"]
    assert reservation["state"] == "active"
    desk.end()
    updated = desk.done("portal", "update", request, "--license", "ROUTING=5", "--json").json
    assert updated["sequence"] == {"epoch": 1, "number": 2}
    again = desk.done("device", "install", updated["code"]).line
    assert "Confirmed" in desk.done("portal", "accept", again).out
    assert desk.run("device", "install", authorization).code == 1
    desk.done("portal", "audit")


def test_a_device_orders_by_epoch_first(desk: RestoringDesk) -> None:
    """The forgotten update is number 2, and so is the one that replaces it, in the next epoch."""
    request, _, _ = desk.confirmed()
    desk.back_up()
    forgotten = desk.done("portal", "update", request, "--license", "ROUTING=7").line
    desk.done("device", "install", forgotten)
    desk.restore()
    desk.done("portal", "list")
    desk.end()
    newer = desk.done("portal", "update", request, "--license", "ROUTING=1", "--json").json
    assert newer["sequence"] == {"epoch": 1, "number": 2}
    desk.done("device", "install", newer["code"])
    refused = desk.run("device", "install", forgotten, "--json")
    assert refused.json["error"]["code"] == "older-sequence"


def test_more_than_there_is_becomes_a_shortfall_until_the_order_is_entered_again(desk: RestoringDesk) -> None:
    desk.back_up()
    desk.done("portal", "license", "add", "VPN", "3")
    request = desk.requested("router", "VPN=3")
    authorization = desk.done("portal", "reserve", request, "--as-requested").line
    desk.restore()
    desk.done("portal", "accept", request)
    rebuilt = desk.done("portal", "accept", authorization)
    assert "3 of VPN are more than the books have" in rebuilt.err
    desk.done("portal", "audit")
    desk.done("portal", "license", "add", "VPN", "3")
    (lot,) = (
        lot
        for lot in desk.done("portal", "license", "list", "--json").json["licenses"]
        if lot["tag"] == "VPN"
    )
    counts = lot["counts"]
    assert (counts["shortfall"], counts["in_doubt"], counts["entitled"]) == (0, 3, 3)


def test_lines_that_end_before_their_lots_are_rebuilt_from_those_that_last_longest(
    desk: RestoringDesk,
) -> None:
    desk.done("portal", "license", "add", "ROUTING", "3", "--start", "2026-03-01", "--end", "2027-02-28")
    desk.back_up()
    request = desk.requested()
    authorization = desk.done(
        "portal", "reserve", request, "--as-requested", "--until", "2026-06-30", "--term", "soonest"
    ).line
    desk.restore()
    desk.done("portal", "accept", authorization)
    rebuilt = desk.done("portal", "accept", request)
    assert "those that last longest are taken" in rebuilt.err
    desk.done("portal", "audit")


def test_a_reservation_waits_for_the_return_of_the_one_before(desk: RestoringDesk) -> None:
    desk.confirmed()
    desk.back_up()
    code = desk.done("device", "return", "--yes").line
    desk.done("portal", "accept", code)
    second, authorization = desk.reserved()
    desk.restore()
    for brought in (authorization, second):
        assert desk.done("portal", "accept", brought, "--json").json["kind"] == "kept"
    assert "waits for its return code" in desk.done("portal", "quarantine").out
    assert desk.run(*PROPOSE, "--json").json["error"]["code"] == "unreconciled"
    returned = desk.done("portal", "accept", code, "--json").json
    assert [one["sequence"] for one in returned["rebuilt"]] == [{"epoch": 0, "number": 1}]
    desk.end()


def test_a_return_that_came_back_first_leaves_nothing_to_rebuild(desk: RestoringDesk) -> None:
    desk.back_up()
    request, authorization, _ = desk.confirmed()
    code = desk.done("device", "return", "--yes").line
    desk.restore()
    for brought in (code, authorization, request):
        desk.done("portal", "accept", brought)
    assert desk.done("portal", "list", "--json").json["reservations"] == []
    assert desk.done("portal", "quarantine", "--json").json["waiting"] == []
    desk.end()
    assert desk.run("portal", "reserve", request, "--as-requested", "--json").code == 1


def test_a_code_that_is_known_changes_nothing(desk: RestoringDesk) -> None:
    request, authorization, _ = desk.confirmed()
    desk.back_up()
    desk.done("portal", "license", "add", "VPN", "1")
    desk.restore()
    desk.done("portal", "list")
    before = desk.everything()
    for code in (request, authorization):
        assert desk.done("portal", "accept", code, "--json").json["kind"] == "known"
    assert desk.everything() == before


# --- what shows it ---------------------------------------------------------------------------------


def test_a_database_and_its_checkpoint_go_on_together(desk: RestoringDesk) -> None:
    desk.confirmed()
    assert desk.done("portal", "quarantine", "--json").json["in_quarantine"] is False
    assert b"events 7\n" in desk.checkpoint.read_bytes()


def test_a_crash_before_the_checkpoint_is_written_is_no_restore(desk: RestoringDesk) -> None:
    desk.back_up()
    desk.confirmed()
    desk.checkpoint.write_bytes(desk.path("backup-checkpoint").read_bytes())
    desk.done("portal", "license", "add", "VPN", "1")
    assert desk.done("portal", "quarantine", "--json").json["restores"] == []


def test_both_brought_back_go_unnoticed_until_a_code_proves_it(desk: RestoringDesk) -> None:
    request, _, _ = desk.confirmed()
    desk.back_up()
    forgotten = desk.done("portal", "update", request, "--license", "ROUTING=7").line
    desk.restore(checkpoint="back")
    assert desk.done("portal", "quarantine", "--json").json["in_quarantine"] is False
    assert desk.done("portal", "accept", forgotten, "--json").json["kind"] == "rebuilt"
    seen = desk.done("portal", "quarantine", "--json").json
    assert (seen["in_quarantine"], seen["epoch"]) == (True, 1)
    desk.done("portal", "audit")


def test_without_a_checkpoint_a_person_says_what_the_database_is(desk: RestoringDesk) -> None:
    desk.checkpoint.unlink()
    said = desk.done("portal", "quarantine", "--adopt", "--reason", "keys were moved")
    assert "newest" in said.out
    desk.reserved()
    assert "Nothing to do" in desk.done("portal", "quarantine", "--adopt", "--reason", "again").out
    desk.checkpoint.write_bytes(b"damaged")
    assert desk.done("portal", "quarantine", "--json").json["checkpoint_kept"] is False
    desk.done("portal", "quarantine", "--begin", "--reason", "the disk died")
    assert desk.done("portal", "quarantine", "--json").json["in_quarantine"] is True


def test_each_host_compares_its_own_checkpoint(desk: RestoringDesk) -> None:
    """Another host's checkpoint of the history that was lost is explained by the restore that was noticed."""
    other = desk.path("other-keys")
    other.mkdir()
    desk.back_up()
    desk.reserved()
    (other / "checkpoint").write_bytes(desk.checkpoint.read_bytes())
    desk.done("portal", "license", "add", "VPN", "1")
    desk.restore()
    desk.done("portal", "list")
    desk.end()
    desk.done("portal", "license", "add", "VPN", "2")
    seen = desk.done("portal", "quarantine", "--keys", str(other), "--json").json
    assert (len(seen["restores"]), seen["in_quarantine"]) == (1, False)
    assert desk.checkpoint.read_bytes().split()[9:13] == (other / "checkpoint").read_bytes().split()[9:13]


def test_two_persons_end_it(desk: RestoringDesk) -> None:
    desk.restored()
    desk.done(*PROPOSE)
    assert "Proposed before" in desk.done(*PROPOSE).out
    assert "Taken back" in desk.done("portal", "quarantine", "--reject").out
    desk.end()
    again = desk.done("portal", "quarantine", "--approve", "--user", "alex")
    assert "ended before" in again.out


# --- what is refused -------------------------------------------------------------------------------


def _in_quarantine(*words: str) -> Refusal:
    def prepare(desk: RestoringDesk) -> Argv:
        request, _, _ = desk.confirmed()
        desk.back_up()
        desk.done("portal", "license", "add", "VPN", "1")
        desk.restore()
        desk.done("portal", "list")
        return tuple(request if word == "REQUEST" else word for word in words)

    return prepare, 1, "quarantined", "Events lost: 1", "tallystick portal quarantine"


#: Commands that issue something, or move what is held or could be: all that a quarantine refuses.
REFUSED_IN_QUARANTINE = {
    "reserve": ("portal", "reserve", "REQUEST", "--license", "ROUTING=1"),
    "update": ("portal", "update", "REQUEST", "--license", "ROUTING=3"),
    "issuer renew": ("portal", "issuer", "renew"),
    "reissue": ("portal", "reissue", "REQUEST"),
    "transfer": ("portal", "transfer", "REQUEST", "--to", "DEFAULT"),
    "rehost": ("portal", "rehost", "REQUEST", "--reason", "burnt", "--evidence", "none"),
    "write-off": ("portal", "write-off", "REQUEST", "--reason", "lost"),
    "release": ("portal", "release", "REQUEST", "--reason", "seen"),
    "approve": ("portal", "approve", "REQUEST"),
    "policy": ("portal", "policy", "--rehosts", "9"),
    "license transfer": (
        "portal",
        "license",
        "transfer",
        "ROUTING",
        "1",
        "--from",
        "DEFAULT",
        "--to",
        "DEFAULT",
    ),
    "license correct": ("portal", "license", "correct", "ROUTING", "1"),
    "va rename": ("portal", "va", "rename", "DEFAULT", "Other"),
    "va remove": ("portal", "va", "remove", "DEFAULT"),
    "agreement add": ("portal", "agreement", "add", "Terms", __file__),
    "agreement accept": ("portal", "agreement", "accept", "Terms", "--version", "1"),
    "log checkpoint": ("portal", "log", "checkpoint"),
    "expect": ("portal", "expect", "REQUEST", "--never"),
}

#: Commands that write, and that a quarantine allows: they issue nothing, or make good what was forgotten.
ALLOWED_IN_QUARANTINE = {
    "accept": ("portal", "accept", "REQUEST"),
    "sweep": ("portal", "sweep"),
    "issuer adopt": ("portal", "issuer", "adopt", "TRUST"),
    "license add": ("portal", "license", "add", "VPN", "1"),
    "va add": ("portal", "va", "add", "Berlin"),
    "log export": ("portal", "log", "export", "/dev/null"),
    "product set": ("portal", "product", "set", "RTR-900", "--match", "2"),
    "quarantine": ("portal", "quarantine", "--begin", "--reason", "seen"),
    "license import": ("portal", "license", "import", "ORDER"),
    "catalogue add": ("portal", "catalogue", "add", "CATALOGUE"),
    "user add": ("portal", "user", "add", "robin", "--role", "administrator"),
    "user grant": ("portal", "user", "grant", "alex", "--role", "user"),
    "user revoke": ("portal", "user", "revoke", "alex", "--role", "administrator"),
    "user remove": ("portal", "user", "remove", "alex"),
    "user passphrase": ("portal", "user", "passphrase", "--clear", "alex"),
}


@pytest.mark.parametrize("name", REFUSED_IN_QUARANTINE)
def test_in_quarantine_nothing_is_issued_or_moved(desk: RestoringDesk, name: str) -> None:
    require_refusal(desk, _in_quarantine(*REFUSED_IN_QUARANTINE[name]))


@pytest.mark.parametrize("name", ALLOWED_IN_QUARANTINE)
def test_in_quarantine_what_was_forgotten_can_be_made_good(desk: RestoringDesk, name: str) -> None:
    files = {
        "ORDER": desk.write(
            "order.csv", "tag,quantity,virtual_account,kind,start,end,order\nVPN,1,DEFAULT,perpetual,,,P\n"
        ),
        "CATALOGUE": desk.write("catalogue.txt", "ROUTING\n"),
        "TRUST": parse(desk.path("trust.txt").read_text()).trust.code.text,
    }
    prepare, *_ = _in_quarantine(*(files.get(word, word) for word in ALLOWED_IN_QUARANTINE[name]))
    desk.done("portal", "user", "grant", "alex", "--role", "approver")
    assert desk.run(*prepare(desk)).code == 0


def test_in_quarantine_alerts_are_acknowledged(desk: RestoringDesk) -> None:
    prepare, *_ = _in_quarantine()
    prepare(desk)
    desk.done("portal", "user", "grant", "alex", "--role", "approver")
    alerts = desk.done("portal", "alerts", "--json").json["alerts"]
    desk.done("portal", "acknowledge", alerts[0]["alert"])


def test_in_quarantine_a_batch_is_refused_row_by_row(desk: RestoringDesk) -> None:
    prepare, *_ = _in_quarantine("REQUEST")
    (code,) = prepare(desk)
    desk.join("spare", "FDO2")
    second = desk.requested("spare")
    refused = desk.run("portal", "batch", desk.write("codes.txt", f"{code}\n{second}\n"), "--as-requested")
    assert refused.code == 1
    assert "quarantine" in refused.out + refused.err


def test_every_writing_command_is_in_one_of_the_two_tables() -> None:
    named = {"portal init", "portal acknowledge", "portal batch"}  # the last two: above
    writing = {words for words, _ in commands()} - READING - COPYING - named
    tables = {f"portal {name}" for name in {**REFUSED_IN_QUARANTINE, **ALLOWED_IN_QUARANTINE}}
    assert {words for words in writing if words.startswith("portal ")} == tables - {"portal reissue"}
    assert not REFUSED_IN_QUARANTINE.keys() & ALLOWED_IN_QUARANTINE.keys()


def _no_checkpoint(desk: RestoringDesk) -> Argv:
    request = desk.requested()
    desk.checkpoint.unlink()
    return "portal", "reserve", request, "--as-requested"


def _other_checkpoint(desk: RestoringDesk) -> Argv:
    url = f"sqlite:///{desk.path('other.db')}"
    desk.done("portal", "init", "--account", "Other", "--db", url, "--keys", str(desk.path("other-keys")))
    return "portal", "list", "--keys", str(desk.path("other-keys"))


def _same_person(desk: RestoringDesk) -> Argv:
    desk.restored()
    desk.done(*PROPOSE)
    return "portal", "quarantine", "--approve"


def _something_since(desk: RestoringDesk) -> Argv:
    desk.restored()
    desk.done(*PROPOSE)
    desk.done("portal", "license", "add", "VPN", "1")
    return "portal", "quarantine", "--approve", "--user", "alex"


def _proposed_by_another(desk: RestoringDesk) -> Argv:
    desk.restored()
    desk.done(*PROPOSE, "--user", "alex")
    return PROPOSE


def _nothing_waits(desk: RestoringDesk) -> Argv:
    desk.restored()
    desk.done("portal", "list")
    return "portal", "quarantine", "--approve"


def _another_in_its_place(desk: RestoringDesk) -> Argv:
    """The books came back with their checkpoint, and signed another authorization with the same sequence."""
    request, _, _ = desk.confirmed()
    desk.back_up()
    forgotten = desk.done("portal", "update", request, "--license", "ROUTING=7").line
    desk.restore(checkpoint="back")
    desk.done("portal", "update", request, "--license", "ROUTING=5")
    return "portal", "accept", forgotten


REFUSALS: dict[str, Refusal] = {
    "no checkpoint": (_no_checkpoint, 1, "no-checkpoint", "whether its database is the newest", "--adopt"),
    "another portal's checkpoint": (_other_checkpoint, 2, "other-checkpoint", "of portal", "TALLYSTICK_KEYS"),
    "not in quarantine": (lambda _: PROPOSE, 1, "wrong-state", "not in quarantine", "--begin"),
    "same person": (_same_person, 5, "same-person", "a second person", "TALLYSTICK_USER"),
    "something since": (_something_since, 1, "changed-since", "Something happened", "--reject"),
    "proposed by another": (_proposed_by_another, 1, "decision-pending", "alex", "--approve"),
    "nothing waits": (_nothing_waits, 1, "nothing-pending", "Nobody", "--end"),
    "another in its place": (_another_in_its_place, 1, "sequence-conflict", "another author", "--begin"),
    "two things": (
        lambda _: ("portal", "quarantine", "--begin", "--end", "--reason", "x"), 2, "usage", "exclude", ""
    ),
    "no reason": (lambda _: ("portal", "quarantine", "--begin"), 2, "usage", "needs a reason", "--reason"),
    "a reason for nothing": (lambda _: ("portal", "quarantine", "--reason", "x"), 2, "usage", "belongs", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_it_refuses(desk: RestoringDesk, name: str) -> None:
    require_refusal(desk, REFUSALS[name])


def test_a_checkpoint_that_cannot_be_written_is_said_and_the_work_is_done(desk: RestoringDesk) -> None:
    desk.checkpoint.unlink()
    desk.checkpoint.symlink_to(desk.path("elsewhere"))
    desk.path("elsewhere").write_bytes(b"")
    done = desk.run("portal", "quarantine", "--adopt", "--reason", "moved")
    assert done.code == 6
    assert "cannot be written" in done.err
