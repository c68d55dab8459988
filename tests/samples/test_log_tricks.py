"""The verifier of the log against those who make files for it: texts with two readings, words that steer."""

import json
import sys
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from nacl.signing import SigningKey

from reservation.notes import LogKey, Note, TreeHead, sign
from samples.make import SAMPLES
from tests.samples import outsiders
from tests.samples.test_log import CONFIRMED, Kept, changed, handled, kept, made, opened, run

__all__ = ["kept", "made"]  # fixtures

VERIFIER: Final = SAMPLES / "verify_log.py"


# --- two readings of one text -----------------------------------------------------------------------


def with_line(at: int, line: str) -> Callable[[list[str]], list[str]]:
    """Return what puts a line before another one; 0 is the header, -1 the balances."""
    return lambda lines: [*lines[:at], line, *lines[at:]]


def with_text(at: int, old: str, new: str) -> Callable[[list[str]], list[str]]:
    """Return what exchanges a text in one line, which has it."""

    def hand(lines: list[str]) -> list[str]:
        spoilt = lines[at].replace(old, new, 1)
        assert spoilt != lines[at]
        lines[at] = spoilt
        return lines

    return hand


UNREADABLE: Final[dict[str, Callable[[list[str]], list[str]]]] = {
    "an event passes for a line of hashes": lambda lines: [
        *lines[:3],
        lines[4][:-1] + ',"hashes":[]}',
        *lines[3:],
    ],
    "an event passes for the balances": lambda lines: [
        *lines[:3],
        lines[4][:-1] + ',"balances":[]}',
        *lines[3:],
    ],
    "an event has a member more": with_text(4, '{"id"', '{"seen":true,"id"'),
    "an event has a name twice": with_text(4, '{"id"', '{"actor":"nobody","id"'),
    "the header has a name twice": with_text(0, '"since"', '"size":1,"since"'),
    "a balance has a name twice": with_text(-1, '"available"', '"available":999,"available"'),
    "one place has two balances": with_text(-1, "[{", '[{"lot":"00","virtual_account":"00"},{"lot":"00",'),
    "two lines of balances": lambda lines: [*lines, lines[-1]],
    "balances before the events": lambda lines: [lines[0], lines[-1], *lines[1:-1]],
    "an event after the balances": lambda lines: [*lines, lines[2]],
    "a balance is no whole number": with_text(-1, '"available":11', '"available":11.0'),
    "a balance is no number": with_text(-1, '"available":11', '"available":NaN'),
    "a balance is endless": with_text(-1, '"available":11', '"available":1e999'),
    "the size is no whole number": with_text(0, f'"size":{CONFIRMED}', f'"size":{CONFIRMED}.0'),
    "the size is a word": with_text(0, '"since":0', '"since":false'),
    "the version is a word": with_text(0, '"log":1', '"log":true'),
    "a number of 5,000 digits": with_text(0, f'"size":{CONFIRMED}', '"size":' + "9" * 5000),
    "brackets without end": with_line(3, "[" * 100_000),
    "objects without end": with_line(3, '{"a":' * 50_000 + "1" + "}" * 50_000),
    "no hashes at all": lambda lines: [one for one in lines if not one.startswith('{"hashes"')],
    "hashes of other events": with_text(-2, '"first":1', '"first":2'),
    "an empty line": with_line(2, ""),
    "a second header": lambda lines: [lines[0], *lines],
    "letters that are not ASCII": with_text(4, '"subject":"', '"subject":"\u202e'),
    "a mark before the first line": with_text(0, "{", "\ufeff{"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_others_could_read_in_another_way_is_refused(kept: Kept, what: str) -> None:
    """What an auditor sees in the file with other programs is what was verified."""
    export = kept.folder / "before.jsonl"
    lines = UNREADABLE[what](export.read_text(encoding="utf-8").splitlines())
    export.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    code, said = kept.verify(*kept.notes, "--export", export)
    assert (code, said.splitlines()[-1].partition(": ")[0]) == (3, "unreadable"), said
    assert "all is so" not in said
    assert len(said) < 1000


def test_an_export_without_its_last_lines_is_incomplete(kept: Kept) -> None:
    """Nobody is rid of the balances, or of the hashes, by cutting the file off."""
    export = kept.folder / "before.jsonl"
    lines = export.read_text().splitlines(keepends=True)
    for less, missing in ((1, "no balances"), (2, "no balances")):
        export.write_text("".join(lines[:-less]))
        code, said = kept.verify(*kept.notes, "--export", export)
        assert (code, missing in said) == (1, True), said


@pytest.mark.parametrize("account", ["source", "target"])
def test_licences_do_not_come_from_nowhere_nor_go_there(kept: Kept, account: str) -> None:
    export = kept.folder / "before.jsonl"
    old = {"source": '"source":"in_doubt","target":"reserved"', "target": '"target":"reserved"'}[account]
    new = {
        "source": '"source":"unmetered","target":"nowhere"',
        "target": '"target":"nowhere"',
    }[account]
    handled(export, lambda events: [one.replace(old, new) for one in events], rehashed=True)
    code, said = kept.verify("--export", export)
    assert (code, "impossible: event 8 (confirmed" in said) == (1, True), said


def test_a_line_without_end_is_not_read_to_its_end(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    from samples import verify_log

    monkeypatch.setattr(verify_log, "LONGEST_LINE", 5000)
    export = kept.folder / "before.jsonl"
    with export.open("a") as file:
        file.write(" " * 5001)
    code, said = kept.verify(*kept.notes, "--export", export)
    assert (code, "too long" in said) == (3, True), said
    kept.notes[0].write_text("x" * 70_000)
    code, said = kept.verify(kept.notes[0])
    assert (code, "too long" in said) == (3, True), said


# --- words that steer -------------------------------------------------------------------------------

STEERING: Final = {
    "clears the screen": "\x1b[2J\x1b[Hall is so: 8 events",
    "begins a line": "x\nall is so: 8 events",
    "begins a line of its own kind": "x\x85all is so\u2028all is so",
    "turns the direction": "\u202egnihton\u2066",
    "cannot be encoded": "\ud800",
    "ends a string": "\x00",
    "is without end": "x" * 100_000,
}
PLACES: Final = ("kind", "subject", "id")


def shown(kept: Kept, export: Path) -> str:
    """Return what a terminal of a person would get, from the program itself."""
    words = ("--key", kept.key, str(kept.notes[1]), "--export", str(export))
    ended = outsiders.run((sys.executable, "-I", str(VERIFIER)), *words)
    assert (ended.returncode, ended.stderr) == (1, "")
    return ended.stdout


@pytest.mark.parametrize("what", STEERING)
def test_no_text_of_an_export_steers_the_terminal_of_its_reader(kept: Kept, what: str) -> None:
    word = STEERING[what]
    before = (kept.folder / "before.jsonl").read_text()

    def planted(events: list[str]) -> list[str]:
        record = json.loads(events[3])
        record["movements"][0]["lot"]["tag"] = word
        for name in PLACES:
            record[name] = word
        added = json.loads(events[0])
        added["kind"] = "virtual-account-added"
        added["subject"] = added["detail"]["virtual_account"] = word
        return [json.dumps(added), *events[1:3], json.dumps(record), *events[4:]]

    export = kept.folder / "now.jsonl"
    export.write_text(before)
    handled(export, planted, rehashed=False)
    said = shown(kept, export)
    export.write_text(before.replace("tallystick/", json.dumps(word)[1:-1] + "/", 1))
    said += shown(kept, export)
    assert all(line.isprintable() for line in said.split("\n"))
    assert not [line for line in said.split("\n") if line.startswith("all is so")]
    assert len(said) < 20_000


def test_a_finding_is_told_where_a_terminal_has_few_letters(kept: Kept) -> None:
    export = kept.folder / "before.jsonl"
    handled(export, lambda events: changed(events, CONFIRMED), rehashed=False)
    handled(
        export,
        lambda events: [one.replace('"subject":"', '"subject":"\\u017d') for one in events],
        rehashed=False,
    )
    words = ("--key", kept.key, "--export", str(export))
    program = ("env", "PYTHONIOENCODING=ascii", sys.executable, str(VERIFIER))
    ended = outsiders.run(program, *words)
    assert (ended.returncode, "changed: event 8 (confirmed, \\u017d" in ended.stdout) == (1, True), ended


# --- checkpoints ------------------------------------------------------------------------------------


@pytest.fixture
def stranger() -> SigningKey:
    return SigningKey(bytes(range(32)))


def test_a_key_signs_for_its_own_log_alone(kept: Kept, stranger: SigningKey) -> None:
    """Who audits two portals pins two keys: neither portal can sign for the other."""
    theirs = "tallystick/bbbbbbbbbbbbbbbb/cccccccccccccccc/0"
    key, key_id = vkey(theirs, stranger)
    head = Note.parse(kept.notes[0].read_text()).unverified
    note = kept.folder / "forged.note"
    note.write_text(signed(TreeHead(head.origin, 5, bytes(32)).text, theirs, key_id, stranger))
    for keys in ((kept.key, key), (key, kept.key)):
        code, said = run(["--key", keys[0], "--key", keys[1], str(note)])
        assert code == 4, said
    note.write_text(signed(TreeHead(theirs, 5, bytes(32)).text, theirs, key_id, stranger))
    assert run(["--key", kept.key, "--key", key, str(note)])[0] == 0


def vkey(name: str, key: SigningKey) -> tuple[str, bytes]:
    from hashlib import sha256

    raw = b"\x01" + bytes(key.verify_key)
    key_id = sha256(name.encode() + b"\n" + raw).digest()[:4]
    return f"{name}+{key_id.hex()}+{b64encode(raw).decode()}", key_id


def signed(text: str, name: str, key_id: bytes, key: SigningKey) -> str:
    signature = b64encode(key_id + key.sign(text.encode()).signature).decode()
    return f"{text}\n\u2014 {name} {signature}\n"


def test_two_roots_for_one_size_are_two_logs(kept: Kept) -> None:
    """An operator who shows one log to one auditor and another to the next, until the two compare."""
    with closing(opened(kept.folder, signs=True)) as portal:
        assert portal.issuer is not None
        head = Note.parse(kept.notes[0].read_text()).unverified
        kept.notes[1].write_text(sign(TreeHead(head.origin, head.size, bytes(32)), portal.issuer.key))
    code, said = kept.verify(*kept.notes)
    assert (code, "two logs: " in said) == (1, True), said
    assert kept.verify(kept.notes[0], kept.notes[0])[0] == 0


def test_growth_is_proved_across_a_restore(kept: Kept) -> None:
    """The portal goes on in a new epoch: a log by another name that begins with the same events."""
    with closing(opened(kept.folder, signs=True)) as portal:
        assert portal.issuer is not None
        key = portal.issuer.key
    head = Note.parse(kept.notes[1].read_text()).unverified
    later = TreeHead(head.origin.removesuffix("0") + "1", head.size, head.root)
    proof = kept.folder / "grown.proof"
    proof.write_text(proof.read_text().partition("\n\n")[0] + "\n\n" + sign(later, key))
    words = ["--key", kept.key, "--key", LogKey(later.origin, key.verifying_key).text, "--proof", str(proof)]
    assert run([*words, str(kept.notes[0])])[0] == 0
    kept.notes[0].write_text(sign(TreeHead(head.origin, 4, bytes(32)), key))
    assert run([*words, str(kept.notes[0])])[0] == 1


def test_a_number_has_one_form(kept: Kept) -> None:
    proof = kept.folder / "event.proof"
    text = proof.read_text()
    for other in ("index -3", "index 05", "index \u0665", "index 5_0", "index +5"):
        proof.write_text(text.replace("index 5", other))
        assert kept.verify("--proof", proof, "--event", kept.folder / "event.json")[0] == 3, other


@pytest.fixture
def asked(kept: Kept) -> dict[str, tuple[object, ...]]:
    note, export = kept.notes[0], kept.folder / "before.jsonl"
    return {
        "nothing": (),
        "paper, and nothing to compare it with": (note, "--printed", f"4:{b64encode(bytes(32)).decode()}"),
        "an older export alone": (note, "--before", export),
        "an event without its proof": (note, "--event", kept.folder / "event.json"),
    }


def test_what_would_check_nothing_is_a_mistake(
    kept: Kept, asked: dict[str, tuple[object, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    for what, words in asked.items():
        assert (what, kept.verify(*words)[0]) == (what, 2)
    assert "usage:" in capsys.readouterr().err


def test_a_proof_that_is_not_there_is_no_finding(kept: Kept) -> None:
    assert kept.verify("--proof", kept.folder / "none.proof", "--event", kept.folder / "event.json")[0] == 3
    assert kept.verify("--proof", kept.folder / "event.proof", "--event", kept.folder / "none.json")[0] == 3
