"""The log that others can check, on every engine: its tree, checkpoints, proofs and exports."""

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from codec.codes import Kind
from codec.envelope import external_aad, sig_structure
from codec.keys import SigningKey
from reservation import service
from reservation.errors import (
    LogChangedError,
    LogFormatError,
    NoteNotGenuineError,
    NotSignedYetError,
    QuarantinedError,
    SetupError,
    UnknownNameError,
)
from reservation.log import content_of, hashes_line
from reservation.merkle import TILE_WIDTH, Frontier, is_consistent, is_included, leaf_hash
from reservation.notes import LogKey, Note, TreeHead, sign
from reservation.printed import Printed, printed
from reservation.service import LinesWanted, Portal
from reservation.service import log as service_log
from reservation.service.log import (
    export_log,
    latest_checkpoint,
    prove_event,
    prove_growth,
    sign_checkpoint,
    verify_notes,
)
from reservation.service.restoring import begin_quarantine
from reservation.service.watching import checkpoint_of
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.test_audit import reopened, tamper
from tests.reservation.portal.verbs import CALLS, OWN, staffed

TRAM = Appliance("tram")
EVENTS = 6
"""Those of `busy`: the account, a user and a role, an order, a reservation, a confirmation."""


@pytest.fixture
def busy(portal: Portal) -> Portal:
    """An order, a reservation, its confirmation."""
    service.add_license(portal, "ROUTE", 20, order_reference="PO-1")
    issued = service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    service.accept(portal, TRAM.confirmation(issued, portal))
    return portal


def leaves(portal: Portal) -> list[dict[str, object]]:
    """Return the events of the whole export."""
    return [record for record in map(json.loads, export_log(portal).lines) if "id" in record]


def root_of_lines(portal: Portal, size: int) -> bytes:
    """Return the root over the first lines of an export."""
    frontier = Frontier()
    for line in [one for one in export_log(portal).lines if one.startswith(b'{"id"')][:size]:
        frontier.add(leaf_hash(line))
    return frontier.root()


def test_a_checkpoint_is_the_root_over_the_lines_of_the_export(busy: Portal) -> None:
    assert latest_checkpoint(busy) is None
    signed = sign_checkpoint(busy)
    assert signed.head == latest_checkpoint(busy)
    assert signed.head.size == len(leaves(busy)) == EVENTS
    assert signed.head.root == root_of_lines(busy, EVENTS)
    note = Note.parse(signed.head.note)
    assert note.verified([signed.key]) == TreeHead(signed.key.name, EVENTS, signed.head.root)
    assert verify_notes(busy, [note]) == (note.unverified,)


def test_what_paper_says_is_compared(busy: Portal) -> None:
    signed, end = sign_checkpoint(busy).head, checkpoint_of(busy)
    papers = (
        Printed(signed.size, signed.root, is_root=True),
        Printed(end.events, end.hash, is_root=False),
    )
    for paper in papers:
        assert printed(paper.text) == paper
    service.add_license(busy, "ROUTE", 1)
    assert verify_notes(busy, (), papers=papers) == ()
    for paper in papers:
        for other in (replace(paper, events=paper.events - 1), replace(paper, digest=bytes(32))):
            with pytest.raises(LogChangedError, match="are not those that the paper was printed for"):
                verify_notes(busy, (), papers=(other,))
        with pytest.raises(LogChangedError, match="has 7 events, and the paper says that it had 8"):
            verify_notes(busy, (), papers=(replace(paper, events=8),))


@pytest.mark.parametrize(
    "word", ["", "monday.note", "0:" + 64 * "0", "8:" + 64 * "F", "8:" + 43 * "A", "8:" + 63 * "0"]
)
def test_what_is_no_word_of_paper_is_a_name_of_a_file(word: str) -> None:
    assert printed(word) is None


def test_the_same_log_is_signed_once(busy: Portal) -> None:
    first = sign_checkpoint(busy)
    assert sign_checkpoint(busy) == replace(first, again=True)
    service.add_license(busy, "ROUTE", 1)
    assert sign_checkpoint(busy).head.size == first.head.size + 1


def test_events_and_growth_are_proved(busy: Portal) -> None:
    before = sign_checkpoint(busy).head
    service.add_license(busy, "ROUTE", 1)
    head = sign_checkpoint(busy).head
    for number, record in enumerate(leaves(busy), start=1):
        proof = prove_event(busy, event_id=bytes.fromhex(str(record["id"])))
        assert proof == prove_event(busy, number=number)
        assert json.loads(proof.content) == record
        assert is_included(leaf_hash(proof.content), number - 1, head.size, proof.path, head.root)
    grown = prove_growth(busy, before=before.size)
    assert is_consistent(before.size, head.size, grown.path, before.root, head.root)
    assert prove_growth(busy, before=head.size).path == prove_growth(busy, before=0).path == ()


def test_what_no_checkpoint_covers_is_not_proved(busy: Portal) -> None:
    with pytest.raises(NotSignedYetError, match="none was ever signed"):
        prove_event(busy, number=1)
    sign_checkpoint(busy)
    service.add_license(busy, "ROUTE", 1)
    list(export_log(busy).lines)
    with pytest.raises(NotSignedYetError, match="the newest one covers 6"):
        prove_event(busy, number=EVENTS + 1)
    with pytest.raises(NotSignedYetError):
        prove_growth(busy, before=EVENTS + 1)
    for number in (0, -1, EVENTS + 2):
        with pytest.raises(UnknownNameError):
            prove_event(busy, number=number)
    with pytest.raises(UnknownNameError):
        prove_event(busy, event_id=bytes(16))


def test_exports_have_parts_that_fit_together(busy: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_log, "HASHES_IN_LINE", 2)
    monkeypatch.setattr(service_log, "_BATCH", 2)
    header, *lines, balances = export_log(busy).lines
    assert json.loads(header)["size"] == EVENTS
    assert [json.loads(one)["first"] for one in lines if b'"hashes"' in one[:9]] == [1, 3, 5]
    assert json.loads(balances)["balances"][0] == {
        "lot": busy.store.read(lambda books: books.balances()[0].lot.id.hex()),
        "virtual_account": busy.store.read(lambda books: books.virtual_accounts()[0].id.hex()),
        "available": 16,
        "reserved": 4,
        "entitled": 20,
    }
    part = list(export_log(busy, since=3).lines)
    assert [json.loads(one).get("first") for one in part[1:-1]] == [None, 4, None, None, 5]
    assert {*part[1:], balances} <= {*lines, balances, hashes_line(4, [leaf_hash(part[1])])}
    with pytest.raises(UnknownNameError):
        export_log(busy, since=EVENTS + 1)


def test_balances_are_those_of_the_export_although_the_books_go_on(busy: Portal) -> None:
    export = export_log(busy)
    service.reserve(busy, Appliance("bus").request(), choice=LinesWanted({"ROUTE": 7}))
    (claimed,) = json.loads(list(export.lines)[-1])["balances"]
    assert (claimed["available"], claimed["reserved"]) == (16, 4)
    assert "in_doubt" not in claimed


def test_every_code_movement_and_addition_is_bound(portal: Portal) -> None:
    """Whatever the verbs do, nothing that they write beside an event is left out of its line."""
    staffed(portal)
    for verb in (
        "transfer_license",
        "correct_license",
        "transfer_reservation",
        "approve",
        "update",
        "accept",
    ):
        CALLS[next(one for one in CALLS if one.value == verb)](replace(portal, actor="bob"), OWN)
    found = leaves(portal)

    def count(query: str) -> int:
        def ask(books: object) -> int:
            connection = books.connection  # type: ignore[attr-defined]
            return int(next(iter(connection.execute(query)))[0])

        return portal.store.read(ask)

    for name in ("codes", "movements", "additions"):
        bound = sum(len(record[name]) for record in found)  # type: ignore[arg-type, misc]
        assert bound == count(f"SELECT count(*) FROM {name}") > 2, name
    assert len(found) == count("SELECT count(*) FROM events")


# --- refusals ---------------------------------------------------------------------------------------


def test_in_quarantine_nothing_is_signed_and_what_was_signed_is_of_another_epoch(busy: Portal) -> None:
    before = sign_checkpoint(busy)
    begin_quarantine(busy, reason="rehearsal")
    with pytest.raises(QuarantinedError):
        sign_checkpoint(busy)
    assert json.loads(next(export_log(busy).lines))["origin"] == before.key.name[:-1] + "1"
    assert verify_notes(busy, [Note.parse(before.head.note)])


def test_a_note_of_what_a_restore_forgot_is_told_from_a_log_that_was_changed(busy: Portal) -> None:
    """Who keeps such a note is not sent to look for a hand in the database."""
    assert busy.issuer is not None
    head = Note.parse(sign_checkpoint(busy).head.note).unverified
    forgotten = [Note.parse(sign(replace(head, size=size), busy.issuer.key)) for size in (4, EVENTS + 40)]
    for note in forgotten:
        with pytest.raises(LogChangedError, match="is not what it was") as refused:
            verify_notes(busy, [note])
        assert "portal audit" in refused.value.hint
    begin_quarantine(busy, reason="rehearsal")
    for note in forgotten:
        with pytest.raises(LogChangedError, match="was copied back since") as refused:
            verify_notes(busy, [note])
        assert "portal quarantine" in refused.value.hint


def test_without_the_key_nothing_is_signed(busy: Portal) -> None:
    with pytest.raises(SetupError):
        sign_checkpoint(replace(busy, issuer=None))


def test_a_note_of_somebody_else_is_refused(busy: Portal) -> None:
    signed = sign_checkpoint(busy)
    head = Note.parse(signed.head.note).unverified
    with pytest.raises(NoteNotGenuineError):
        verify_notes(busy, [Note.parse(sign(head, SigningKey(bytes(32))))])
    changed = signed.head.note.replace("\n6\n", "\n4\n", 1)
    with pytest.raises(NoteNotGenuineError):
        verify_notes(busy, [Note.parse(changed)])


def test_a_note_that_was_signed_for_another_log_is_seen(busy: Portal) -> None:
    assert busy.issuer is not None
    head = Note.parse(sign_checkpoint(busy).head.note).unverified
    for other in (replace(head, root=bytes(32)), replace(head, size=7), replace(head, size=4)):
        with pytest.raises(LogChangedError):
            verify_notes(busy, [Note.parse(sign(other, busy.issuer.key))])


# --- notes ------------------------------------------------------------------------------------------

HEAD = TreeHead("example.com/log", 7, bytes(range(32)))
KEY = SigningKey(b"k" * 32)
NOTE = sign(HEAD, KEY)


def test_a_note_is_read_back() -> None:
    assert Note.parse(NOTE).verified([LogKey(HEAD.origin, KEY.verifying_key)]) == HEAD
    cosigned = NOTE + "\u2014 witness.example AAAAAQ==\n".replace("AAAAAQ==", "AAAAAAE=")
    assert Note.parse(cosigned).verified([LogKey(HEAD.origin, KEY.verifying_key)]) == HEAD


def test_a_key_signs_for_its_own_log_alone() -> None:
    """Else a key that is known for one log would do for all of them."""
    other = LogKey("example.com/other", KEY.verifying_key)
    signature = b64encode(other.id + KEY.sign(HEAD.text.encode())).decode()
    note = Note.parse(f"{HEAD.text}\n\u2014 {other.name} {signature}\n")
    for keys in ([other], [LogKey(HEAD.origin, KEY.verifying_key), other]):
        with pytest.raises(NoteNotGenuineError):
            note.verified(keys)


@pytest.mark.parametrize(
    "spoiled",
    [
        "",
        "\n\n",
        NOTE[:-1],
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\n7\n", "\n07\n"),
        NOTE.replace("\n7\n", "\n-7\n"),
        NOTE.replace("\n7\n", "\n7 \n"),
        NOTE.replace("Hh8=", "Hh9="),
        NOTE.replace("Hh8=", ""),
        NOTE.replace("Hh8=", "Hh8"),
        NOTE.replace("example", "exam\tple"),
        NOTE + "\n",
        NOTE + "\u2014 a AAAA\n",
        "\n" + NOTE,
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("\n\n", "\n" + "x" * 70_000 + "\n\n"),
    ],
)
def test_what_is_no_note_is_refused(spoiled: str) -> None:
    with pytest.raises(LogFormatError):
        Note.parse(spoiled)


def test_no_note_can_pass_for_a_code() -> None:
    """What a code's signature is over begins with a byte that no text in UTF-8 begins with."""
    signed = sig_structure(b"payload", external_aad(Kind.AUTHORIZATION, b"portal"))
    assert signed[:1] == b"\x84"
    with pytest.raises(UnicodeDecodeError):
        signed[:1].decode()
    assert HEAD.text.encode()[:1].isascii()


def test_the_key_line_of_the_specification_of_notes() -> None:
    """The vkey of the Go project's own tests of notes, worked out anew from its key."""
    from base64 import b64decode

    from codec.keys import VerifyingKey

    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    raw = b64decode(text.rpartition("+")[2])[1:]
    assert LogKey("PeterNeumann", VerifyingKey(raw)).text == text


def test_a_line_is_the_same_whoever_makes_it(busy: Portal) -> None:
    entries = busy.store.read(lambda books: books.entries(0, 100))
    assert [one.number for one in entries] == [*range(1, len(entries) + 1)]
    assert len(entries) >= EVENTS - 2  # on some engines others have no place yet
    assert all(content_of(one).isascii() and b"\x7f" not in content_of(one) for one in entries)


# --- the audit --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        (
            "UPDATE movements SET count = count + 1 WHERE source = 'entitled'",
            "log",
            "event 4 is not what it was",
        ),
        ("UPDATE additions SET order_reference = 'PO-2'", "log", "event 4 is not what it was"),
        ("UPDATE lots SET tag = 'BOAT'", "log", "event 4 is not what it was"),
        ("UPDATE codes SET code_id = zeroblob(32) WHERE kind = 'Q'", "log", "event 5 is not what it was"),
        ("UPDATE events SET actor = 'eve' WHERE kind = 'confirmed'", "log", "event 6 is not what it was"),
        ("DELETE FROM chain WHERE number = 6", "log", "missing after event 5"),
        ("DELETE FROM tree_hashes WHERE place = 5", "log", "not those that it was signed for"),
        ("UPDATE tree_hashes SET hash = zeroblob(32) WHERE place = 2", "log", "event 3 is not what it was"),
        ("UPDATE signed_heads SET root = zeroblob(32)", "log", "it says something else than its note"),
        ("UPDATE signed_heads SET size = 5", "log", "not those that it was signed for"),
        ("UPDATE signed_heads SET note = replace(note, 'tally', 'rally')", "log", "No key"),
        ("UPDATE signed_heads SET note = ''", "log", "This is no signed checkpoint"),
    ],
)
def test_the_audit_finds_what_the_log_is_not(
    busy: Portal, database: Path, statement: str, kind: str, message: str
) -> None:
    sign_checkpoint(busy)
    assert service.audit(busy) == ()
    tamper(database, statement)
    found = [one.message for one in service.audit(busy) if one.kind == kind]
    assert any(message in one for one in found), found


def test_the_audit_finds_a_wrong_hash_of_many_events(busy: Portal, database: Path) -> None:
    for _ in range(TILE_WIDTH - EVENTS):
        service.add_license(busy, "ROUTE", 1)
    sign_checkpoint(busy)
    assert service.audit(busy) == ()
    tamper(database, "UPDATE tree_hashes SET hash = zeroblob(32) WHERE level = 1")
    (finding,) = [one for one in service.audit(busy) if one.kind == "log"]
    assert finding.message == "its hash 0 of level 1 is another one"


def test_an_event_that_was_changed_before_it_is_in_the_tree_is_not_signed(
    busy: Portal, database: Path
) -> None:
    for statement, words in (
        ("UPDATE events SET actor = 'eve' WHERE kind = 'license-added'", r"Event 4 \(license-added"),
        ("DELETE FROM chain WHERE number = 3", "Event 3 is missing"),
    ):
        tamper(database, statement)
        with reopened(busy, database) as portal, pytest.raises(LogChangedError, match=words):
            sign_checkpoint(portal)
    assert latest_checkpoint(busy) is None


def test_what_contradicts_an_older_checkpoint_is_not_signed(busy: Portal, database: Path) -> None:
    sign_checkpoint(busy)
    tamper(database, "UPDATE tree_hashes SET hash = zeroblob(32) WHERE place = 2")
    with reopened(busy, database) as portal:
        service.add_license(portal, "ROUTE", 1)
        with pytest.raises(LogChangedError, match="The first 6 events are not those"):
            sign_checkpoint(portal)
