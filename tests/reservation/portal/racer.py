"""One process of a race: opens the portal, says that it is ready, waits for the start, runs, says what came.

python -m tests.reservation.portal.racer URL ISSUER_FILE STEP DEVICE [COUNT]
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from reservation import bootstrap, service
from reservation.errors import ReservationError
from reservation.service import LinesWanted, Portal
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.conftest import PASSPHRASE


def run(portal: Portal, step: str, device: Appliance, count: int) -> dict[str, object]:
    """Do the one thing and return what came of it."""
    request = device.request()
    try:
        if step == "reserve":
            issued = service.reserve(portal, request, choice=LinesWanted({"ROUTE": count}))
            return {"text": issued.text, "again": issued.again}
        if step == "update":
            issued = service.update(portal, request.id, {"ROUTE": count})
            return {"text": issued.text, "again": issued.again}
        accepted = service.accept(portal, device.give_back(request.id))
    except ReservationError as error:
        return {"error": error.code}
    return {"kind": accepted.kind, "again": accepted.again}


def main() -> None:
    """Race."""
    url, issuer_file, step, name, count = sys.argv[1:]
    portal = bootstrap.open_portal(
        url,
        actor="ann",
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        issuer_file=Path(issuer_file),
        passphrase=PASSPHRASE,
    )
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(run(portal, step, Appliance(name), int(count))), flush=True)
    portal.close()


if __name__ == "__main__":
    main()
