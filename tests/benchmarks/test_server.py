"""What is measured on a server is what it says: reserves, from the pools that are named."""

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import server as measuring
from benchmarks.durable import PASSPHRASE
from benchmarks.timing import Effort
from reservation import bootstrap, service
from tests import server

pytestmark = pytest.mark.usefixtures("postgres")


def test_clients_take_from_the_pools_that_are_named(postgres: server.Server, tmp_path: Path) -> None:
    with postgres.database() as url:
        clock = lambda: datetime.now(UTC)  # noqa: E731 - an argument, twice
        founded = bootstrap.initialise(
            url,
            account="Benchmark",
            actor="benchmark",
            keys_folder=tmp_path / "keys",
            passphrase=PASSPHRASE,
            clock=clock,
            random=os.urandom,
        )
        measuring.stock(url)
        with measuring.clients(url, founded.issuer_file) as measured:
            assert measured("hot", 2) > 0
            assert measured("own", 1) > 0
        with closing(bootstrap.open_portal(url, actor="benchmark", clock=clock, random=os.urandom)) as portal:
            taken = {pool.tag: pool.counts.in_doubt for pool in service.overview(portal)}
            assert taken == {"HOT": 16, **{f"OWN-{number}": 1 for number in range(8)}}
            assert service.audit(portal) == ()


def test_a_machine_without_a_server_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "binaries", lambda: None)
    assert "no PostgreSQL" in measuring.section(Effort(rounds=1, repetitions=1))
