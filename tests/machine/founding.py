"""Make worlds quickly: one portal is founded for the whole run, and each world starts from a copy of it."""

import shutil
import tempfile
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from reservation.bootstrap import initialise, keep_checkpoint, open_portal
from reservation.service import Portal, Role, add_user
from tests import raw
from tests.machine.backups import Restorable
from tests.machine.people import Peopled
from tests.machine.rotations import Rotating
from tests.machine.trouble import Troubled
from tests.machine.watch import START
from tests.machine.world import seeded
from tests.server import Server

W = TypeVar("W", bound=Troubled)

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
    with closing(
        open_portal(
            f"sqlite:///{folder}/portal.db",
            actor="kim",
            clock=lambda: START,
            random=seeded("people"),
            checkpoints=folder,
        )
    ) as portal:
        add_user(portal, "alex", Role.ADMINISTRATOR)
        keep_checkpoint(portal, folder)
    return folder


def founded(folder: Path) -> Troubled:
    """Return a world in an empty folder: a portal with no licences, and devices with no reservation."""
    return _begun(Troubled(folder, _opened(folder, None)))


def template_on(running: Server, name: str) -> None:
    """Make a database with that portal on a server, for worlds to start from copies of it."""
    raw.copy_rows(_template() / "portal.db", running.create(name))


def founded_on(folder: Path, url: str) -> Troubled:
    """Return such a world whose portal is in a database on a server, a copy of that one."""
    return _begun(Troubled(folder, _opened_on(url), place=url))


def peopled(folder: Path) -> Peopled:
    """Return such a world with people."""
    return _begun(Peopled(folder, _opened(folder, None)))


def peopled_on(folder: Path, url: str) -> Peopled:
    """Return such a world with people whose portal is in a database on a server."""
    return _begun(Peopled(folder, _opened_on(url), place=url))


def rotating(folder: Path) -> Rotating:
    """Return such a world with the root of its portal."""
    return _begun(Rotating(folder, _opened(folder, None)))


def restorable(folder: Path) -> Restorable:
    """Return such a world with a checkpoint, whose database can be copied back."""
    (folder / "keys").mkdir()
    shutil.copy(_template() / "checkpoint", folder / "keys" / "checkpoint")
    return _begun(Restorable(folder, _opened(folder, folder / "keys")))


def _opened(folder: Path, checkpoints: Path | None) -> Portal:
    shutil.copy(_template() / "portal.db", folder / "portal.db")
    return open_portal(
        f"sqlite:///{folder}/portal.db",
        actor="kim",
        clock=lambda: START,
        random=seeded("ids"),
        issuer_file=_template() / "issuer.pem",
        passphrase=_PASSPHRASE,
        checkpoints=checkpoints,
    )


def _opened_on(url: str) -> Portal:
    return open_portal(
        url,
        actor="kim",
        clock=lambda: START,
        random=seeded("ids"),
        issuer_file=_template() / "issuer.pem",
        passphrase=_PASSPHRASE,
    )


def _begun(world: W) -> W:
    world.portal = replace(world.portal, clock=world.clock)
    world.add_devices()
    world.begin()
    return world
