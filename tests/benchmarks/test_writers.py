"""What is measured of several writers is what it says: every way reserves, and groups are groups."""

from pathlib import Path

import apsw
import pytest

from benchmarks import groups, writers
from benchmarks.timing import Effort


@pytest.mark.parametrize(("way", "processes"), [("turns", 2), ("busy handler", 1), ("polling", 1)])
def test_every_way_reserves_what_it_should(way: str, processes: int) -> None:
    found = writers.crowding(way, processes, 3)
    assert [len(spans) for spans in found.ended] == [3] * processes
    assert 0 <= found.share <= 1
    assert found.rate > 0
    assert [found.cells()[number] for number in (0, 1, 7)] == [way, str(processes), "–"]


def test_groups_are_compared_with_the_same_reserves_one_by_one(tmp_path: Path) -> None:
    ours, floor = groups.group_commit(Effort(rounds=1, repetitions=1), tmp_path)
    assert ours.met is not None
    assert floor.met is None
    for name in ("grouped", "single", "bare grouped", "bare single"):
        with apsw.Connection(str(tmp_path / f"{name}.db")) as books:
            assert list(books.execute("SELECT count(*) FROM reservations")) == [(groups.CLIENTS,)]
