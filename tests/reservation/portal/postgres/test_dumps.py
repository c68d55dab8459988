"""What the server's own tools put back is what they took, and the audit says nothing of it."""

import subprocess
from contextlib import closing
from pathlib import Path

from reservation import service
from reservation.bootstrap import Founded
from reservation.service import LinesWanted, Portal
from tests import server
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.postgres.openings import opened
from tests.reservation.portal.rows import every_row


def test_a_dump_that_was_restored_passes_the_audit(
    portal: Portal, founded: Founded, url: str, postgres: server.Server, tmp_path: Path
) -> None:
    """As docs/howto/postgresql.md says to do it; and a restored database is dumped again some day."""
    tram = Appliance("tram")
    issued = service.reserve(portal, tram.request(), choice=LinesWanted({"ROUTE": 4}))
    service.accept(portal, tram.confirmation(issued, portal))
    before, programs, dump = every_row(url), server.binaries(), tmp_path / "licences.dump"
    assert programs is not None
    with postgres.database() as other:
        source = url
        for _ in range(2):
            subprocess.run(
                [programs / "pg_dump", "--format=custom", f"--file={dump}", f"--dbname={source}"], check=True
            )
            restore = [str(programs / "pg_restore"), "--clean", "--if-exists", "--exit-on-error"]
            subprocess.run([*restore, f"--dbname={other}", dump], check=True)
            source = other
        assert every_row(other) == before
        with closing(opened(other, founded)) as again:
            assert service.audit(again) == ()
