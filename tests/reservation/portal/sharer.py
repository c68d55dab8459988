"""A process in which several threads reserve from one portal, each saying what it got at once.

python -m tests.reservation.portal.sharer URL ISSUER_FILE
"""

import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from reservation import bootstrap, service
from reservation.service import LinesWanted
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.conftest import PASSPHRASE

THREADS = 4
EACH = 50


def main() -> None:
    url, issuer_file = sys.argv[1:]
    portal = bootstrap.open_portal(
        url,
        actor="ann",
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        issuer_file=Path(issuer_file),
        passphrase=PASSPHRASE,
        is_shared=True,
    )

    def reserve(thread: int) -> None:
        for number in range(EACH):
            request = Appliance(f"device-{thread}-{number}").request()
            text = service.reserve(portal, request, choice=LinesWanted({"ROUTE": 1})).text
            # One call of the system for each line, so that none is torn.
            os.write(1, f"{text}\n".encode())

    threads = [threading.Thread(target=reserve, args=(thread,)) for thread in range(THREADS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    portal.close()


if __name__ == "__main__":
    main()
