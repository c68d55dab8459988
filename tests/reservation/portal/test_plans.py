"""No command of every day goes through the books: SQLite's plan of each named query says so.

Looked at are the tables that grow with what happens. Whoever finds rows in one of them by the Smart Account
alone, or by nothing, goes through all of it; a page in the order of its index is none of these.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path

import apsw
import pytest

from reservation.sql.sqlite_engine import connect

GROWING = {"reservations", "allocations", "holds", "codes", "events", "movements", "chain"}
WHOLE = re.compile(r"SCAN (\w+)\b.*|SEARCH (\w+) .*\(account_id=\?\)")

#: Queries that go through the books, and why they may.
MAY = {
    "movement_sums": "an audit",
    "hold_sums": "an audit",
    "events_without_codes": "an audit",
    "people_events": "an audit",
    "event_count": "an audit",
    "lines_ending": "a report",
    "device_count": "a proposal about a failed device, by an index alone",
    "newest_epoch": "the end of a quarantine",
    "returns_ahead": "the end of a quarantine",
    "newest_event_id": "the last of an index",
    "chain_end": "the last of an index",
    "reservations_kept": "all of an index of those alone",
    "events_of_contradictions": "all of an index of those alone",
    "events_of_rebuilding": "all of an index of those alone",
    "events_of_return_days": "an audit",
    "number_of_event": "a proof about one event, asked for by its id",
}


def queries() -> Iterator[tuple[str, str]]:
    """Yield every named query of SQLite's with its name."""
    here = resources.files("reservation.sql")
    for folder in ("queries", "sqlite"):
        for file in sorted(here.joinpath(folder).iterdir(), key=lambda file: file.name):
            if file.name.endswith("s.sql") or folder == "queries":
                text = file.read_text(encoding="utf-8")
                if "-- name:" in text:
                    yield from re.findall(r"^-- name: (\w+)[^\n]*\n(.*?);$", text, re.MULTILINE | re.DOTALL)


def through_the_whole(books: apsw.Connection, query: str) -> list[str]:
    """Return the steps of a query's plan that go through a whole table which grows."""
    query = re.sub(r"--.*", "", query)
    values = dict.fromkeys(re.findall(r"(?<!:):(\w+)", query))
    named = {short: table for table, short in re.findall(r"(\w+) AS (\w+)", query)}
    found = []
    for *_, step in books.execute(f"EXPLAIN QUERY PLAN {query}", values):
        if match := WHOLE.fullmatch(step):
            name = match[1] or match[2]
            found += [step] if named.get(name, name) in GROWING else []
    return found


@pytest.fixture
def books(database: Path) -> Iterator[apsw.Connection]:
    """Give the database as the program opens it: its settings decide on plans, too."""
    with closing(connect(database)) as books:
        yield books


def test_no_query_of_every_day_goes_through_the_books(books: apsw.Connection) -> None:
    found = {name: through_the_whole(books, query) for name, query in queries()}
    assert len(found) > 100
    assert {name: steps for name, steps in found.items() if steps and name not in MAY} == {}


def test_what_may_go_through_the_books_does(books: apsw.Connection) -> None:
    assert {name for name, query in queries() if through_the_whole(books, query)} == MAY.keys()


def test_a_planner_that_is_told_nothing_is_found_to_go_through_them(database: Path) -> None:
    with closing(connect(database)) as books:
        books.execute("DELETE FROM sqlite_stat1")
    with closing(connect(database)) as books:
        found = {name for name, query in queries() if through_the_whole(books, query)}
    assert found >= {"given_up_with_key", "codes_beside", "holds_of_page"}


def test_every_index_of_a_table_that_grows_is_spoken_of(books: apsw.Connection) -> None:
    """The planner knows nothing of one that is left out, and takes it for a good one."""
    told = {(table, index) for table, index in books.execute("SELECT tbl, idx FROM sqlite_stat1")}
    tables = {table for table, _ in told}
    for table, index in books.execute("SELECT tbl_name, name FROM sqlite_schema WHERE type = 'index'"):
        # The key of a table without row ids goes by the name of the table.
        assert table not in tables or (table, index) in told or index.startswith(f"sqlite_autoindex_{table}")
    assert tables >= GROWING


def planned_again(books: apsw.Connection) -> set[str]:
    """Return the queries that SQLite plans anew for other values; for a plan it asks what may be read."""
    asked: list[None] = []

    def ask(*_: object) -> int:
        asked.append(None)
        return apsw.SQLITE_OK

    books.authorizer = ask
    found = set()
    for name, query in queries():
        bare = re.sub(r"--.*", "", query).strip()
        for value in ("1", "2"):
            asked.clear()
            if bare.startswith("SELECT"):
                list(books.execute(bare, dict.fromkeys(re.findall(r"(?<!:):(\w+)", bare), value)))
        found |= {name} if asked else set()
    return found


def test_a_query_is_planned_once_whatever_is_bound(books: apsw.Connection, database: Path) -> None:
    # The checks plan statements of their own, each time.
    assert planned_again(books) == {"integrity_check", "foreign_key_check"}
    with closing(apsw.Connection(str(database))) as as_they_come:
        assert planned_again(as_they_come) >= {"lots_to_post", "codes_beside", "stock"}
