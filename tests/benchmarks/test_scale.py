"""The books that are measured are sound, and no command of the portal is forgotten."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from benchmarks import scale
from benchmarks.books import Books, grown, seeded
from benchmarks.timing import Effort
from reservation.service import audit, overview
from tests.cli_reference import commands

SEED, COPIES = 20, 3


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[Books, Books]:
    folder = tmp_path_factory.mktemp("books")
    seed = seeded(folder / "seed", SEED)
    return seed, grown(seed, folder / "grown.db", SEED * COPIES)


def test_the_first_books_are_sound(books: tuple[Books, Books]) -> None:
    with closing(books[0].opened()) as portal:
        assert audit(portal) == ()


def test_larger_books_add_up_and_only_their_codes_and_chain_are_copies(books: tuple[Books, Books]) -> None:
    held = []
    for one in books:
        with closing(one.opened()) as portal:
            assert {finding.kind for finding in audit(portal)} <= {"chain", "code"}
            counts = [pool.counts for pool in overview(portal)]
            held.append((sum(each.reserved for each in counts), sum(each.in_doubt for each in counts)))
    assert held[1] == tuple(COPIES * count for count in held[0])
    assert held[0] > (0, 0)


def test_larger_books_tell_the_planner_the_same(books: tuple[Books, Books]) -> None:
    told = []
    for one in books:
        with closing(apsw.Connection(str(one.database))) as connection:
            told.append(sorted(connection.execute("SELECT tbl, idx, stat FROM sqlite_stat1")))
    assert told[0] == told[1] != []


def test_every_kind_of_work_is_measured_at_every_size(books: tuple[Books, Books], tmp_path: Path) -> None:
    grown_twice = grown(books[0], tmp_path / "again.db", SEED * 2)
    found = scale.costs((grown_twice, books[1]), Effort(rounds=1, repetitions=1))
    assert {(cost.work, cost.size) for cost in found} == {
        (work, SEED * times) for work in scale.WORK for times in (2, 3)
    }
    assert all(cost.seconds[0] > 0 for cost in found)


def test_every_command_of_the_portal_is_measured_or_left_out() -> None:
    known = {words.removeprefix("portal ") for words, _ in commands() if words.startswith("portal ")}
    tried = {command.rpartition(": ")[2] for command in scale.COMMANDS}
    measured = {name for name in known if any(f"{one} ".startswith(f"{name} ") for one in tried)}
    assert measured | scale.LEFT_OUT == known
    assert not measured & scale.LEFT_OUT


def test_commands_and_memory_are_measured_in_processes(books: tuple[Books, Books], tmp_path: Path) -> None:
    rows = list(scale.command_times(books[1], tmp_path, ("trust", "reserve {request} --license ROUTE=1")))
    assert [row[0] for row in rows] == ["`trust`", "`reserve {request} --license ROUTE=1`"]
    assert all(row[-1] == "yes" or float(row[-2]) > 1 for row in rows)
    ((size, megabytes, _),) = scale.memory(books[1:], tmp_path)
    assert (size, 10 < float(megabytes) < 300) == ("60", True)
    (tmp_path / "other").mkdir()
    with pytest.raises(RuntimeError, match="ended with 2"):
        list(scale.command_times(books[1], tmp_path / "other", ("nonsense",)))


@pytest.mark.soak
def test_every_command_can_be_measured(books: tuple[Books, Books], tmp_path: Path) -> None:
    rows = list(scale.command_times(books[1], tmp_path))
    assert len(rows) == len(scale.COMMANDS)
