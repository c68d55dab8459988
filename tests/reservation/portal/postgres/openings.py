"""Opening a portal whose books are on a server."""

from reservation import bootstrap
from reservation.bootstrap import Founded
from reservation.service import Portal
from reservation.sql.postgres_engine import PostgresStore
from tests.reservation.portal.appliance import START, seeded
from tests.reservation.portal.conftest import PASSPHRASE


def opened(url: str, founded: Founded, seed: str = "x") -> Portal:
    return bootstrap.open_portal(
        url,
        actor="ann",
        clock=lambda: START,
        random=seeded(seed),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )


def store_of(portal: Portal) -> PostgresStore:
    assert isinstance(portal.store, PostgresStore)
    return portal.store
