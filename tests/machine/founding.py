"""Make worlds quickly: one portal is founded for the whole run, and each world starts from a copy of it."""

import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from reservation.bootstrap import initialise, open_portal
from tests.machine.trouble import Troubled
from tests.machine.watch import START
from tests.machine.world import seeded

_PASSPHRASE = "correct horse battery staple"


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tallystick-template-"))
    initialise(
        f"sqlite:///{folder}/portal.db",
        account="Northwind",
        actor="kim",
        keys_folder=folder,
        passphrase=_PASSPHRASE,
        clock=lambda: START,
        random=seeded("portal"),
    )
    return folder


def founded(folder: Path) -> Troubled:
    """Return a world in an empty folder: a portal with no licences, and devices with no reservation."""
    shutil.copy(_template() / "portal.db", folder / "portal.db")
    portal = open_portal(
        f"sqlite:///{folder}/portal.db",
        actor="kim",
        clock=lambda: START,
        random=seeded("ids"),
        issuer_file=_template() / "issuer.pem",
        passphrase=_PASSPHRASE,
    )
    world = Troubled(folder, portal)
    world.portal = replace(portal, clock=world.clock)
    world.add_devices()
    world.begin()
    return world
