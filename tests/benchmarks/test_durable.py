"""What the durable reserve is measured against is the same work: the replay leaves the same books."""

import shutil
from contextlib import closing
from pathlib import Path

import apsw

from benchmarks.durable import bare, found, opened, record, replaying, request, reserve_one
from codec.codes import Authorization
from codec.envelope import AuthorizationContext, decode_body, require_kind, verify_authorization
from codec.parity import PARITY_CHARACTERS
from reservation.service import audit

REQUESTS = [request(number) for number in range(3)]


def books(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    with closing(apsw.Connection(str(database))) as connection:
        tables = [
            str(name)
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
        ]
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


def test_the_replay_leaves_the_same_books_as_the_portal(tmp_path: Path) -> None:
    founded = found(tmp_path / "portal")
    recorded, replayed = tmp_path / "recorded.db", tmp_path / "replayed.db"
    for copy in (recorded, replayed):
        shutil.copyfile(founded.database, copy)
    statements = record(recorded, founded, REQUESTS)
    with closing(bare(replayed)) as connection:
        replay = replaying(connection, zip(REQUESTS, statements, strict=True))
        for _ in REQUESTS:
            replay()
    after = books(recorded)
    assert len(after["reservations"]) == len(REQUESTS)
    assert books(replayed) == after


def test_what_is_measured_is_a_reserve(tmp_path: Path) -> None:
    founded = found(tmp_path / "portal")
    with opened(founded.database, founded) as portal:
        assert portal.issuer
        text = reserve_one(portal, REQUESTS[0].text)
        context = AuthorizationContext(
            REQUESTS[0].id, portal.issuer.key.verifying_key, portal.issuer.portal_id
        )
        code = require_kind(decode_body(text[:-PARITY_CHARACTERS]), Authorization)
        assert len(verify_authorization(code, context).value.lines) == 3
        assert audit(portal) == ()
