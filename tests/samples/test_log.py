"""The verifier of the log in samples/: what an auditor finds by two checkpoints and an export.

Somebody with the database's file changes it behind the program's back, or the export itself. The verifier is
a program of its own that imports nothing of ours.
"""

import ast
import json
import re
import shutil
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import apsw
import pytest

from reservation import bootstrap, service
from reservation.service import LinesWanted, Portal
from reservation.service.log import export_log, prove_event, prove_growth, sign_checkpoint
from samples import verify_log
from samples.make import SAMPLES
from tests.reservation.portal.appliance import Appliance, Time, seeded
from tests.reservation.portal.conftest import PASSPHRASE, fast_folder, found
from tests.reservation.portal.test_audit import tamper
from tests.samples import outsiders
from tests.samples.test_python import imported

VERIFIER: Final = SAMPLES / "verify_log.py"
OPENED, USER, ROLE, ADDED, BERLIN, MOVED, RESERVED, CONFIRMED = range(1, 9)
"""Numbers of events; the first checkpoint covers those up to `ADDED`, the second all."""


@dataclass(frozen=True)
class Kept:
    """What an auditor has, and the database of the portal that it came from."""

    folder: Path
    key: str

    @property
    def database(self) -> Path:
        return self.folder / "portal.db"

    def export(self, name: str, *, since: int = 0) -> Path:
        """Let the portal export its log as it is now."""
        with closing(opened(self.folder)) as portal:
            lines = list(export_log(portal, since=since).lines)
        path = self.folder / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    def verify(self, *words: object) -> tuple[int, str]:
        """Run the verifier in this process."""
        return run(["--key", self.key, *map(str, words)])

    @property
    def notes(self) -> tuple[Path, Path]:
        return self.folder / "first.note", self.folder / "second.note"


def run(words: list[str]) -> tuple[int, str]:
    said: list[str] = []
    patch = pytest.MonkeyPatch()
    patch.setattr(verify_log, "print", lambda *parts: said.append(" ".join(map(str, parts))), raising=False)
    try:
        verify_log.main(words)
    except SystemExit as end:
        return int(end.code or 0), "\n".join(said)
    finally:
        patch.undo()
    return 0, "\n".join(said)


def opened(folder: Path, *, signs: bool = False) -> Portal:
    return bootstrap.open_portal(
        f"sqlite://{folder}/portal.db",
        actor="ann",
        clock=Time(),
        random=seeded("log"),
        issuer_file=folder / "keys" / "issuer.pem" if signs else None,
        passphrase=PASSPHRASE if signs else "",
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("log")
    found(f"sqlite://{folder}/portal.db", folder / "keys")
    with closing(opened(folder, signs=True)) as portal:
        service.add_license(portal, "ROUTE", 20, order_reference="PO-1")
        first = sign_checkpoint(portal)
        service.add_virtual_account(portal, "Berlin")
        service.transfer_license(portal, "ROUTE", 5, source="DEFAULT", target="Berlin")
        tram = Appliance("tram")
        issued = service.reserve(portal, tram.request(), choice=LinesWanted({"ROUTE": 4}))
        service.accept(portal, tram.confirmation(issued, portal))
        second = sign_checkpoint(portal)
        grown, event = prove_growth(portal, before=first.head.size), prove_event(portal, number=MOVED)
    assert (first.head.size, second.head.size) == (ADDED, CONFIRMED)
    kept = Kept(folder, first.key.text)
    for path, text in zip(kept.notes, (first.head.note, second.head.note), strict=True):
        path.write_text(text, encoding="utf-8")
    (folder / "grown.proof").write_text(grown.text, encoding="utf-8")
    (folder / "event.proof").write_text(event.text, encoding="utf-8")
    (folder / "event.json").write_bytes(event.content + b"\n")
    kept.export("before.jsonl")
    return kept


@pytest.fixture
def kept(made: Kept) -> Iterator[Kept]:
    with fast_folder() as folder:
        yield Kept(Path(shutil.copytree(made.folder, folder / "log")), made.key)


# --- what is so -------------------------------------------------------------------------------------


def test_an_honest_log_is_verified_and_its_books_are_worked_out(kept: Kept) -> None:
    code, said = kept.verify(
        *kept.notes, "--export", kept.export("now.jsonl"), "--before", kept.folder / "before.jsonl"
    )
    assert code == 0, said
    assert "8 events, 2 checkpoints" in said
    assert "in DEFAULT: available 11, entitled 15, reserved 4" in said
    assert "in Berlin: available 5, entitled 5" in said


def test_it_is_a_program_of_its_own(kept: Kept) -> None:
    source = VERIFIER.read_text(encoding="utf-8")
    modules = {name.partition(".")[0] for name in imported(ast.parse(source))}
    assert modules - set(sys.stdlib_module_names) == {"nacl"}
    words = [str(kept.notes[0]), "--export", str(kept.folder / "before.jsonl")]
    ended = outsiders.run((sys.executable, "-I", str(VERIFIER), "--key", kept.key), *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "all is so: 8 events, 1 checkpoints" in ended.stdout


def test_parts_of_an_export_are_joined(kept: Kept) -> None:
    later = kept.export("later.jsonl", since=ADDED)
    code, said = kept.verify(kept.notes[1], "--export", later)
    assert (code, "does not follow 0" in said) == (3, True)
    with closing(opened(kept.folder)) as portal:
        lines = list(export_log(portal).lines)
    header = json.loads(lines[0]) | {"size": ADDED}
    hashes = {"hashes": json.loads(lines[-2])["hashes"][:ADDED], "first": 1}
    added = json.loads(lines[ADDED])["additions"][0]
    place = {name: added[name] for name in ("lot", "virtual_account")}
    balances = {"balances": [place | {"available": 20, "entitled": 20}]}
    part = kept.folder / "part.jsonl"
    ends = [json.dumps(line).encode() for line in (header, hashes, balances)]
    part.write_bytes(b"\n".join([ends[0], *lines[1 : 1 + ADDED], *ends[1:], b""]))
    code, said = kept.verify(*kept.notes, "--export", part, "--export", later)
    assert code == 0, said


def test_what_paper_says_is_compared(kept: Kept) -> None:
    """A report on paper is as good as a note, if it is known where it was."""
    size, root = kept.notes[0].read_text(encoding="utf-8").split("\n")[1:3]
    export = kept.folder / "before.jsonl"
    assert kept.verify("--printed", f"{size}:{root}", "--export", export)[0] == 0
    export.write_text(export.read_text().replace('"ann"', '"bob"', 1))
    code, said = kept.verify("--printed", f"{size}:{root}", "--export", export)
    assert (code, "the first 4 events are not those" in said) == (1, True), said
    for word in (f"0{size}:{root}", f"{size}:{root[:-4]}", root):
        assert kept.verify("--printed", word, "--export", export)[0] == 3


def test_a_checkpoint_of_an_older_epoch_is_compared(kept: Kept) -> None:
    """Else whoever puts an old copy of the database back would be rid of all checkpoints."""
    export = kept.folder / "before.jsonl"
    origin = kept.key.partition("+")[0]
    later = export.read_text().replace(origin, f"{origin.removesuffix('/0')}/1", 1)
    export.write_text(later)
    assert kept.verify(*kept.notes, "--export", export)[0] == 0
    lines = later.splitlines(keepends=True)
    export.write_text(
        "".join([*lines[:CONFIRMED], lines[CONFIRMED].replace("tram", "boat"), *lines[CONFIRMED + 1 :]])
    )
    code, said = kept.verify(*kept.notes, "--export", export)
    assert (code, "the first 4 are, so look at events 5 to 8" in said) == (1, True), said


def test_a_checkpoint_of_another_portal_is_not_passed_over(kept: Kept) -> None:
    export = kept.folder / "before.jsonl"
    export.write_text(export.read_text().replace("tallystick/", "tallystick/f", 1))
    code, said = kept.verify(kept.notes[0], "--export", export)
    assert (code, said.splitlines()[1].partition(" is of ")[0]) == (1, "other: a checkpoint")


def test_proofs_need_no_export(kept: Kept) -> None:
    event = ("--proof", kept.folder / "event.proof", "--event", kept.folder / "event.json")
    assert kept.verify(*event) == (0, "proved: event 6 is in the log of 8 events")
    code, said = kept.verify(kept.notes[0], "--proof", kept.folder / "grown.proof")
    assert (code, said.splitlines()[-1]) == (
        0,
        "proved: the log grew from 4 to 8 events, and changed nothing",
    )
    (kept.folder / "event.json").write_text('{"id":"something else"}\n')
    assert kept.verify(*event) == (1, "changed: the line is not event 6 of the log")


def test_a_log_that_was_rewritten_has_no_proof(kept: Kept) -> None:
    """The issuer itself signs another history: the auditor who kept the first note sees it."""
    with closing(opened(kept.folder, signs=True)) as portal:
        assert portal.issuer is not None
        from reservation.notes import Note, TreeHead, sign

        head = Note.parse(kept.notes[0].read_text()).unverified
        kept.notes[0].write_text(sign(TreeHead(head.origin, head.size, bytes(32)), portal.issuer.key))
    code, said = kept.verify(kept.notes[0], "--proof", kept.folder / "grown.proof")
    assert (code, "does not begin with the one of 4" in said) == (1, True)


# --- a hand with the database -----------------------------------------------------------------------

OF = "(SELECT event_id FROM chain WHERE number = {0})"

HAND: Final = {
    "an event is changed": (
        f"UPDATE events SET actor = 'nobody' WHERE event_id = {OF.format(MOVED)}",
        "changed: event 6 (license-transferred",
    ),
    "an event is deleted": (
        f"""DELETE FROM movements WHERE event_id = {OF.format(MOVED)};
        DELETE FROM events WHERE event_id = {OF.format(MOVED)};
        DELETE FROM chain WHERE number = {MOVED};
        UPDATE chain SET number = -number WHERE number > {MOVED};
        UPDATE chain SET number = -number - 1 WHERE number < 0""",
        "deleted: event 6 is missing",
    ),
    "an event is inserted": (
        f"""UPDATE chain SET number = -number WHERE number >= {MOVED};
        UPDATE chain SET number = -number + 1 WHERE number < 0;
        INSERT INTO events SELECT account_id, zeroblob(16), at, 'ann', 'rejected', 'never was', NULL, '{{}}'
            FROM events LIMIT 1;
        INSERT INTO chain SELECT account_id, {MOVED}, zeroblob(16), zeroblob(32) FROM events LIMIT 1""",
        "inserted: event 6 (rejected, never was",
    ),
    "events are put in another order": (
        f"""UPDATE chain SET number = 99 WHERE number = {BERLIN};
        UPDATE chain SET number = {BERLIN} WHERE number = {MOVED};
        UPDATE chain SET number = {MOVED} WHERE number = 99""",
        "moved: event 5 (license-transferred",
    ),
    "a posting is changed": (
        f"UPDATE movements SET count = count + 1 WHERE event_id = {OF.format(RESERVED)}",
        "changed: event 7 (reserved",
    ),
    "a posting is changed, and the balances with it": (
        f"""UPDATE movements SET count = count + 1 WHERE event_id = {OF.format(ADDED)};
        UPDATE balances SET available = available + 1, entitled = entitled + 1 WHERE reserved > 0;
        UPDATE additions SET count = count + 1""",
        "changed: event 4 (license-added",
    ),
    "a posting is deleted": (
        f"DELETE FROM movements WHERE event_id = {OF.format(CONFIRMED)}",
        "changed: event 8 (confirmed",
    ),
    "an order is changed": ("UPDATE additions SET order_reference = ''", "changed: event 4 (license-added"),
    "licences become others": ("UPDATE lots SET tag = 'CRYPTO'", "changed: event 4 (license-added"),
    "a code is exchanged": (
        "UPDATE codes SET code_id = zeroblob(32) WHERE kind = 'A'",
        "changed: event 7 (reserved",
    ),
    "a balance is changed": (
        "UPDATE balances SET available = available + 1, entitled = entitled + 1 WHERE reserved > 0",
        "balance: the books say",
    ),
}


def tampered(database: Path, statements: str) -> None:
    for statement in statements.split(";"):
        tamper(database, statement)


@pytest.mark.parametrize("what", HAND)
def test_a_hand_with_the_database_is_seen(kept: Kept, what: str) -> None:
    statements, finding = HAND[what]
    tampered(kept.database, statements)
    code, said = kept.verify(*kept.notes, "--export", kept.export("now.jsonl"))
    assert code == 1, said
    assert finding in said
    if "balance is" not in what:
        assert "are not those that the checkpoint was signed for" in said or "forgotten:" in said
        assert kept.verify(*kept.notes, "--export", kept.folder / "before.jsonl")[0] == 0


@pytest.mark.parametrize("what", [one for one in HAND if "balance is" not in one])
def test_a_hand_that_makes_the_tree_anew_is_seen(kept: Kept, what: str) -> None:
    """The kept hashes are made to fit: the checkpoints still do not, and an older export says which event."""
    statements, finding = HAND[what]
    tampered(kept.database, statements + "; DELETE FROM tree_hashes")
    rechain(kept.database)
    now = kept.export("now.jsonl")
    code, said = kept.verify(*kept.notes, "--export", now)
    assert code == 1, said
    assert finding not in said
    wrong = "look at events 1 to 4" if "event 4" in finding else "look at events 5 to 8"
    assert wrong in said or "forgotten: a checkpoint covers 8 events" in said
    code, said = kept.verify(*kept.notes, "--export", now, "--before", kept.folder / "before.jsonl")
    assert (code, finding in said) == (1, True), said


def rechain(database: Path) -> None:
    """Work the chain out anew, as who wants to hide something would."""
    from reservation.checkpoint import NO_EVENTS, chained
    from reservation.sql import rows

    with closing(apsw.Connection(str(database))) as connection:
        query = """SELECT c.number, e.event_id, e.at, e.actor, e.kind, e.subject, e.reservation_id, e.detail
            FROM chain AS c JOIN events AS e USING (account_id, event_id) ORDER BY c.number"""
        events = list(connection.execute(query))
        hashes = chained(NO_EVENTS, (rows.event_of(tuple(row)) for _, *row in events))
        for (number, *_), digest in zip(events, hashes, strict=True):
            connection.execute("UPDATE chain SET hash = ? WHERE number = ?", (digest, number))


# --- a hand with the export -------------------------------------------------------------------------

Hand = Callable[[list[str], int], list[str]]


def changed(events: list[str], number: int) -> list[str]:
    return [*events[: number - 1], events[number - 1].replace('"ann"', '"bob"'), *events[number:]]


def deleted(events: list[str], number: int) -> list[str]:
    return [*events[: number - 1], *events[number:]]


def inserted(events: list[str], number: int) -> list[str]:
    other = events[BERLIN - 1].replace("Berlin", "Bonn")
    return [*events[: number - 1], other, *events[number - 1 :]]


def repeated(events: list[str], number: int) -> list[str]:
    return [*events[: number - 1], events[USER - 1], *events[number - 1 :]]


def moved(events: list[str], number: int) -> list[str]:
    """Put an event before its neighbour; the last one too, which has none behind it."""
    first = min(number, len(events) - 1)
    return [*events[: first - 1], events[first], events[first - 1], *events[first + 1 :]]


HANDS: Final[dict[str, tuple[Hand, str]]] = {
    "changed": (changed, "changed: event {number} ("),
    "deleted": (deleted, "deleted: event {number} is missing"),
    "inserted": (inserted, "inserted: event {number} (virtual-account-added, Bonn"),
    "repeated": (repeated, "inserted: event {number} (user-added"),
    "moved": (moved, "moved: event {near} ("),
}
PLACES: Final = {"first": OPENED, "middle": MOVED, "last": CONFIRMED}


def handled(export: Path, hand: Callable[[list[str]], list[str]], *, rehashed: bool) -> None:
    """Let a hand change the events of an export and, if it is careful, make hashes and numbers fit."""
    header, *events, hashes, balances = export.read_text().splitlines()
    events = hand(events)
    if rehashed:
        leaves = [b64encode(sha256(b"\0" + line.encode()).digest()).decode() for line in events]
        header = json.dumps(json.loads(header) | {"size": len(events)})
        hashes = json.dumps({"hashes": leaves, "first": 1})
    export.write_text("".join(f"{line}\n" for line in (header, *events, hashes, balances)))


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("what", HANDS)
def test_a_hand_with_the_export_is_seen(kept: Kept, what: str, where: str) -> None:
    """Two checkpoints and the export: its own hashes name the event."""
    (hand, finding), number = HANDS[what], PLACES[where]
    export = kept.folder / "before.jsonl"
    handled(export, lambda events: hand(events, number), rehashed=False)
    code, said = kept.verify(*kept.notes, "--export", export)
    assert code == 1, said
    named = {finding.format(number=number, near=near) for near in (number - 1, number, number + 1)}
    assert [each for each in named if each in said], said


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("what", HANDS)
def test_a_hand_that_makes_the_hashes_of_the_export_fit_is_seen(kept: Kept, what: str, where: str) -> None:
    """Two checkpoints say between which events it is, and an older export says which one."""
    (hand, finding), number = HANDS[what], PLACES[where]
    now = kept.export("now.jsonl")
    handled(now, lambda events: hand(events, number), rehashed=True)
    code, said = kept.verify(*kept.notes, "--export", now)
    assert code == 1, said
    is_early = number <= ADDED
    assert "look at events 1 to 4" in said or not is_early
    assert "look at events 5 to 8" in said or "forgotten: a checkpoint covers 8" in said or is_early
    assert not re.search(r"^(changed: event|deleted|inserted|moved)", said, re.MULTILINE), said
    code, said = kept.verify(*kept.notes, "--export", now, "--before", kept.folder / "before.jsonl")
    assert code == 1, said
    named = {finding.format(number=number, near=near) for near in (number - 1, number, number + 1)}
    assert [each for each in named if each in said], said


def test_what_came_after_an_older_export_is_no_difference(kept: Kept) -> None:
    with closing(opened(kept.folder)) as portal:
        service.add_license(portal, "ROUTE", 1)
    now = kept.export("now.jsonl")
    words = (*kept.notes, "--export", now, "--before", kept.folder / "before.jsonl")
    code, said = kept.verify(*words)
    assert (code, "not signed: events 9 to 9 are newer" in said) == (0, True), said
    handled(now, lambda events: changed(events, CONFIRMED), rehashed=True)
    code, said = kept.verify(*words)
    assert [line for line in said.splitlines() if "event 9" in line] == []
    assert (code, "changed: event 8 (confirmed" in said) == (1, True), said


# --- the books --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('"count":4,"source"', '"count":40,"source"', "impossible: after event 7 (reserved"),
        ('"count":4,"source"', '"count":-4,"source"', "impossible: event 7 (reserved"),
        ('"count":4,"source"', '"count":true,"source"', "impossible: event 7 (reserved"),
        ('"count":4,"source":"in_doubt"', '"count":5,"source":"in_doubt"', "impossible: after event 8"),
        ('"target":"in_doubt"', '"target":"unmetered"', "11 licences are there, and 15 were bought"),
        ('"count":4,"source"', '"count":3,"source"', "balance: the books say {'available': 11"),
        ('"available":11', '"available":12', "balance: the books say {'available': 12"),
        ('"reserved":4', '"reserved":4,"failed":1', "balance: the books say"),
        ('"lot":"', '"lot":"f', "balance: the books say"),
    ],
)  # fmt: skip
def test_books_that_the_movements_do_not_make_are_found(kept: Kept, old: str, new: str, finding: str) -> None:
    """Nothing is signed, and all hashes fit: the movements themselves contradict the books."""

    def planted(events: list[str]) -> list[str]:
        return [one.replace(old, new) for one in events]

    export = kept.folder / "now.jsonl"
    *lines, balances = (kept.folder / "before.jsonl").read_text().splitlines()
    spoilt = balances.replace(old, new)
    export.write_text("\n".join([*lines, spoilt, ""]))
    if spoilt == balances:
        handled(export, planted, rehashed=True)
    code, said = kept.verify("--export", export)
    assert (code, finding in said) == (1, True), said


# --- what cannot be read or believed ----------------------------------------------------------------


def test_a_note_that_was_changed_is_not_genuine(kept: Kept) -> None:
    kept.notes[0].write_text(kept.notes[0].read_text().replace("\n4\n", "\n5\n"))
    assert kept.verify(kept.notes[0])[0] == 4
    other = kept.key.partition("+")[0]
    assert run(["--key", other, str(kept.notes[1])])[0] == 3
    assert run(["--key", kept.key.replace("/0+", "/1+"), str(kept.notes[1])])[0] == 3


@pytest.mark.parametrize(
    "text", ["", "{}", '{"log":2}', "[1]", '{"log":1,"origin":"x","since":0,"size":1}\n{}\n']
)
def test_what_is_no_export_cannot_be_read(kept: Kept, text: str) -> None:
    path = kept.folder / "none.jsonl"
    path.write_text(text)
    assert kept.verify("--export", path)[0] == 3


def test_it_says_how_it_is_called(kept: Kept) -> None:
    assert kept.verify("--proof", kept.folder / "event.proof")[0] == 2
    assert kept.verify("--proof", kept.folder / "grown.proof")[0] == 2
    assert run([])[0] == 2


# --- the page ---------------------------------------------------------------------------------------


def test_the_example_of_the_page_is_verified(tmp_path: Path) -> None:
    page = (SAMPLES.parent / "docs" / "spec" / "log-v1.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:text|json)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    first, *_, key, second, lines, event, grown = blocks
    names = ("first.note", "second.note", "log.jsonl", "event.proof", "grown.proof")
    paths = [tmp_path / name for name in names]
    for path, text in zip(paths, (first, second, lines, event, grown), strict=True):
        path.write_text(text, encoding="utf-8")
    (tmp_path / "event.json").write_text(lines.splitlines()[2] + "\n")
    kept = Kept(tmp_path, key.strip())
    code, said = kept.verify(*paths[:2], "--export", paths[2])
    assert (code, "4 events, 2 checkpoints" in said) == (0, True), said
    assert kept.verify("--proof", paths[3], "--event", tmp_path / "event.json")[0] == 0
    assert kept.verify(paths[0], "--proof", paths[4])[0] == 0
    digest = b64encode(sha256(b"\x00" + lines.splitlines()[1].encode()).digest()).decode()
    assert f"is `{digest}` in base64" in page
