"""A portal on a server alone, and its database in SQL."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from reservation import service
from reservation.bootstrap import Founded
from reservation.service import Portal
from tests import server
from tests.reservation.portal.postgres.openings import opened


@pytest.fixture
def url(postgres: server.Server, postgres_template: str) -> Iterator[str]:
    with postgres.database(postgres_template) as made:
        yield made


@pytest.fixture
def empty(postgres: server.Server) -> Iterator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
def sql(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def portal(url: str, founded: Founded) -> Iterator[Portal]:
    with closing(opened(url, founded)) as portal:
        service.add_license(portal, "ROUTE", 10, order_reference="PO-1")
        yield portal
