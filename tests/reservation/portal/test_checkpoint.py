"""Checkpoints: one form for each, any damage is seen, and what a checkpoint says about a database."""

import fcntl
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservation import checkpointfile, service
from reservation.checkpoint import FORM_BYTES, Checkpoint, Restore, Verdict, form_of, judge, parse
from reservation.errors import StorageError
from reservation.service import Portal

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CHECKPOINTS = st.builds(
    Checkpoint,
    st.binary(min_size=8, max_size=8),
    st.integers(0, 65_535),
    st.integers(1, 2**40),
    st.binary(min_size=32, max_size=32),
    st.datetimes(timezones=st.just(UTC)),
)


def at(events: int, *, epoch: int = 0, history: bytes = b"h", portal: bytes = b"portal 1") -> Checkpoint:
    """Return a checkpoint of a history."""
    return Checkpoint(portal, epoch, events, history * 32, AT)


@given(CHECKPOINTS)
def test_a_checkpoint_is_read_as_it_was_written(checkpoint: Checkpoint) -> None:
    form = form_of(checkpoint)
    assert len(form) == FORM_BYTES
    assert parse(form) == checkpoint


@given(CHECKPOINTS, st.integers(0, FORM_BYTES - 1), st.integers(1, 255))
def test_one_changed_byte_is_seen(checkpoint: Checkpoint, place: int, change: int) -> None:
    form = bytearray(form_of(checkpoint))
    form[place] ^= change
    assert parse(bytes(form)) is None


@given(st.binary(max_size=600))
def test_anything_else_is_no_checkpoint(content: bytes) -> None:
    assert parse(content) is None


@pytest.mark.parametrize(
    ("kept", "now", "hash_then", "verdict"),
    [
        (None, at(9), None, Verdict.UNKNOWN),
        (at(9), at(9), at(9).hash, Verdict.EXTENDS),
        (at(9), at(12, epoch=1), at(9).hash, Verdict.EXTENDS),
        (at(9), at(7), None, Verdict.RESTORED),
        (at(9), at(12), b"other" * 6 + b"..", Verdict.RESTORED),
        (at(9, epoch=2), at(9, epoch=1), at(9).hash, Verdict.RESTORED),
        (at(9), at(9, portal=b"portal 2"), at(9).hash, Verdict.OTHER_PORTAL),
    ],
)
def test_what_a_checkpoint_says(
    kept: Checkpoint | None, now: Checkpoint, hash_then: bytes | None, verdict: Verdict
) -> None:
    assert judge(kept, now, hash_then, ()) is verdict


def test_a_restore_explains_checkpoints_of_the_history_that_was_lost_and_no_others() -> None:
    restore = Restore(b"e" * 16, AT, "kim", 5, AT, at(9), "")
    explained = {events for events in range(1, 15) if restore.explains(at(events))}
    assert explained == {6, 7, 8, 9}
    assert not restore.explains(at(8, epoch=1))
    assert restore.lost_events == 4


def test_an_older_checkpoint_never_replaces_a_newer_one(tmp_path: Path) -> None:
    for checkpoint in (at(3), at(9), at(4), at(2, epoch=1), at(20)):
        checkpointfile.keep(tmp_path, checkpoint)
    assert checkpointfile.read(tmp_path) == at(2, epoch=1)


def test_nobody_waits_for_long_for_one_that_stands_still(tmp_path: Path) -> None:
    checkpointfile.keep(tmp_path, at(1))
    with (tmp_path / checkpointfile.NAME).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="Another process has held"):
            checkpointfile.keep(tmp_path, at(2), wait_seconds=0)
    assert checkpointfile.read(tmp_path) == at(1)
    checkpointfile.keep(tmp_path, at(2), wait_seconds=0)
    assert checkpointfile.read(tmp_path) == at(2)


def test_an_event_that_somebody_changed_is_found(portal: Portal, database: Path) -> None:
    service.add_license(portal, "ROUTE", 10)
    assert service.audit(portal) == ()
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute(
            "DROP TRIGGER events_stay; UPDATE events SET actor = 'nobody' WHERE kind = 'license-added'"
        )
    found = {finding.kind for finding in service.audit(portal)}
    assert "chain" in found


def test_an_event_outside_the_chain_is_found(portal: Portal, database: Path) -> None:
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute(
            "INSERT INTO events SELECT account_id, zeroblob(16), at, actor, kind, subject, reservation_id, "
            "detail FROM events LIMIT 1"
        )
    assert {finding.kind for finding in service.audit(portal)} == {"chain"}
