"""``tallystick portal log``: what auditors get, and what comes back from them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.portal_desk import Argv, PortalDesk

EVENTS = 5
"""Those that a desk begins with."""


@pytest.fixture
def desk(tmp_path: Path) -> PortalDesk:
    made = PortalDesk(tmp_path)
    made.done("portal", "log", "checkpoint", "--out", str(made.path("first.note")), on="portal")
    return made


def test_a_checkpoint_is_printed_byte_for_byte_as_it_is_kept(desk: PortalDesk) -> None:
    printed = desk.done("portal", "log", "checkpoint")
    assert printed.out == desk.path("first.note").read_text(encoding="utf-8")
    assert "The key that verifies it: tallystick/" in printed.err
    record = desk.done("portal", "log", "checkpoint", "--json").json
    assert (record["note"], record["size"], record["again"]) == (printed.out, EVENTS, True)
    assert record["key"].startswith(record["origin"] + "+")


def test_what_auditors_kept_is_compared(desk: PortalDesk) -> None:
    first, second, log = (str(desk.path(name)) for name in ("first.note", "second.note", "log.jsonl"))
    desk.reserved()
    desk.done("portal", "log", "checkpoint", "--out", second, "-q")
    assert f"{EVENTS + 1} events written" in desk.done("portal", "log", "export", log).out
    said = desk.done("portal", "log", "verify", first, second, "--export", log)
    assert said.out.splitlines() == [
        f"{first}: 5 events, as signed",
        f"{second}: 6 events, as signed",
        f"{log}: as it is in the log",
    ]
    record = desk.done("portal", "log", "verify", first, "--json").json
    assert record["checkpoints"][0]["size"] == EVENTS
    part = json.loads(desk.done("portal", "log", "export", log, "--since", first, "--json").out)
    assert (part["since"], part["size"]) == (EVENTS, EVENTS + 1)


def test_events_and_growth_are_proved(desk: PortalDesk) -> None:
    line, proof = str(desk.path("event.json")), str(desk.path("event.proof"))
    shown = desk.done("portal", "events", "--json").json["events"][3]
    by_number = desk.done("portal", "log", "prove", "4", "--line", line)
    assert by_number.out == desk.done("portal", "log", "prove", shown["id"]).out
    assert by_number.out.startswith("c2sp.org/tlog-proof@v1\nindex 3\n")
    assert json.loads(desk.path("event.json").read_text())["id"] == shown["id"]
    assert "Written" in desk.done("portal", "log", "prove", "4", "--out", proof).err
    desk.done("portal", "license", "add", "ROUTING", "1")
    desk.done("portal", "log", "checkpoint")
    for before in ("5", str(desk.path("first.note"))):
        grown = desk.done("portal", "log", "prove", "--from", before, "--json").json
        assert (grown["before"], grown["size"]) == (EVENTS, EVENTS + 1)
        assert grown["proof"].startswith("old 5\n")


def test_an_approver_sees_the_log_and_signs_nothing(desk: PortalDesk) -> None:
    desk.know("pip", "approver")
    desk.done("portal", "log", "export", str(desk.path("log.jsonl")), "--user", "pip")
    refused = desk.run("portal", "log", "checkpoint", "--user", "pip", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (5, "not-permitted")


def _spoilt(desk: PortalDesk, old: str, new: str) -> str:
    path = desk.path("first.note")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return str(path)


HANDS: dict[str, tuple[Callable[[list[str]], list[str]], int]] = {
    "an event less": (lambda lines: [*lines[:3], *lines[4:]], 6),
    "an event twice": (lambda lines: [*lines[:3], *lines[2:]], 6),
    "another event": (lambda lines: [*lines[:3], lines[3].replace('"at":"2', '"at":"1'), *lines[4:]], 6),
    "an event that has no id": (lambda lines: [*lines[:3], '{"kind":"reserved"}', *lines[3:]], 3),
    "a list": (lambda lines: [*lines[:3], '["id"]', *lines[3:]], 3),
    "lists without end": (lambda lines: [*lines[:3], "[" * 100_000, *lines[3:]], 3),
    "an event that passes for hashes": (
        lambda lines: [*lines[:3], '{"hashes":[],"kind":"reserved"}', *lines[3:]],
        6,
    ),
    "other hashes": (lambda lines: [*lines[:-2], lines[-2].replace("=", "A", 1), lines[-1]], 6),
    "no hashes": (lambda lines: [*lines[:-2], lines[-1]], 6),
    "other balances": (lambda lines: [*lines[:-1], lines[-1].replace("10", "11", 1)], 6),
    "no balances": (lambda lines: lines[:-1], 3),
    "two balances": (lambda lines: [*lines, lines[-1]], 3),
    "a name twice": (lambda lines: [lines[0].replace('"since"', '"size":1,"since"'), *lines[1:]], 3),
    "a size without end": (lambda lines: [lines[0].replace('"size":', '"size":1e999,"s":'), *lines[1:]], 3),
    "another size": (lambda lines: [lines[0].replace('"size":', '"size":1'), *lines[1:]], 6),
    "another portal": (lambda lines: [lines[0].replace("tallystick/", "tallystick/f"), *lines[1:]], 6),
    "a later part": (lambda lines: [lines[0].replace('"since":0', '"since":1'), lines[1], *lines[3:]], 3),
}


@pytest.mark.parametrize("what", HANDS)
def test_an_export_is_the_log_or_it_is_said(desk: PortalDesk, what: str) -> None:
    """Each line is compared, so what is called as it is in the log has no line that is not."""
    hand, code = HANDS[what]
    desk.done("portal", "license", "add", "ROUTE", "10")
    path = desk.path("log.jsonl")
    desk.done("portal", "log", "export", str(path))
    argv = ("portal", "log", "verify", str(desk.path("first.note")), "--export", str(path))
    assert "as it is in the log" in desk.done(*argv).out
    path.write_text("".join(f"{line}\n" for line in hand(path.read_text().splitlines())))
    refused = desk.run(*argv)
    assert (refused.code, refused.out) == (code, ""), refused.err
    if code == 6:
        assert "one of the two was changed" in refused.err
        assert desk.run(*argv, "--json").json["error"]["code"] == "log-changed"


def test_a_later_log_still_has_what_was_exported(desk: PortalDesk) -> None:
    """Balances are compared as they were after the last event of the export."""
    desk.done("portal", "va", "add", "Berlin")
    desk.done("portal", "license", "add", "ROUTE", "10", "--va", "Berlin")
    path = desk.path("log.jsonl")
    desk.done("portal", "log", "export", str(path))
    desk.done("portal", "license", "add", "AHEAD", "3")
    desk.done("portal", "license", "transfer", "ROUTE", "10", "--from", "Berlin", "--to", "DEFAULT")
    desk.done("portal", "va", "remove", "Berlin")
    said = desk.done("portal", "log", "verify", str(desk.path("first.note")), "--export", str(path))
    assert "as it is in the log" in said.out


REFUSED: dict[str, tuple[Callable[[PortalDesk], Argv], int, str]] = {
    "no note": (lambda desk: ("portal", "log", "verify", _spoilt(desk, "\n\n", "\n")), 3, "log-format"),
    "a note that was changed": (
        lambda desk: ("portal", "log", "verify", _spoilt(desk, "\n5\n", "\n4\n")),
        4,
        "note-not-genuine",
    ),
    "a note that is not there": (lambda _: ("portal", "log", "verify", "/nowhere"), 2, "usage"),
    "no export": (
        lambda desk: ("portal", "log", "verify", str(desk.path("first.note")), "--export", __file__),
        3,
        "log-format",
    ),
    "an export that is not there": (
        lambda desk: ("portal", "log", "verify", str(desk.path("first.note")), "--export", "/nowhere"),
        2,
        "usage",
    ),
    "an event that is not there": (lambda _: ("portal", "log", "prove", "77"), 1, "unknown-name"),
    "an event that nobody signed for": (
        lambda desk: (desk.done("portal", "va", "add", "Bonn"), ("portal", "log", "prove", "6"))[1],
        1,
        "not-signed-yet",
    ),
    "no event": (lambda _: ("portal", "log", "prove", "x"), 2, "usage"),
    "nothing to prove": (lambda _: ("portal", "log", "prove"), 2, "usage"),
    "two things to prove": (lambda _: ("portal", "log", "prove", "1", "--from", "1"), 2, "usage"),
    "more than there is": (
        lambda _: ("portal", "log", "export", "/dev/null", "--since", "9"),
        1,
        "unknown-name",
    ),
    "no place for it": (lambda _: ("portal", "log", "export", "/nowhere/log"), 2, "usage"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(desk: PortalDesk, what: str) -> None:
    prepare, code, name = REFUSED[what]
    argv = prepare(desk)
    before = desk.everything()
    refused = desk.run(*argv, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (code, name)
    assert desk.everything() == before
