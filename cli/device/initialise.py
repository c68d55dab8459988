"""``tallystick device init``."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.command import command, option, with_session
from cli.device.home import at_home
from cli.errors import UsageMistakeError
from cli.files import read_text
from cli.plain import safe
from cli.screen import labelled
from cli.session import Report, Session
from cli.values import udi_record

if TYPE_CHECKING:
    from codec.catalogue import Catalogue

_LARGEST_TRUST_FILE = 65_536
_LARGEST_CATALOGUE = 8_000_000


@command(
    "init",
    example="tallystick device init --pid RTR-900 --sn FDO2547A1B2 --trust trust.txt",
    exits="""
    0 done
    1 this folder is a device already: it is never overwritten
    2 a name or a file that no device can have
    4 the trust file is not genuine, or its words are not those of its key
    """,
)
@option("--pid", required=True, metavar="P", help="Product id of this device.")
@option("--sn", required=True, metavar="S", help="Serial number of this device.")
@option("--uuid", type=click.UUID, metavar="U", help="UUID of a virtual device.")
@option("--trust", required=True, metavar="FILE", help="The portal's trust file (`tallystick portal trust`).")
@option(
    "--catalogue",
    metavar="FILE",
    help="The portal's list of entitlement tags; codes are shorter with it.",
)
@option(
    "--match",
    type=click.IntRange(0, 5),
    metavar="K",
    help="How many hardware components must stay as they are; 0 for no node lock. [3 of 5]",
)
@at_home
@with_session
def init(
    session: Session,
    home: Path,
    pid: str,
    sn: str,
    uuid: UUID | None,
    trust: str,
    catalogue: str | None,
    match: int | None,
) -> Report:
    """Make this machine a device that trusts one portal.

    Makes the device's key, pins the portal's root key, and notes which hardware this is. Done once; the
    folder then holds everything that the device knows, and belongs in its backups.

    Compare the eight words with those that the portal shows, by telephone or on paper: they are how you know
    that the trust file came from your portal.
    """
    from codec.codes import Udi
    from reservation import trustfile
    from reservation.device import Device

    text = read_text(trust, _LARGEST_TRUST_FILE)
    world = session.world
    device = Device.initialise(
        home,
        udi=Udi(pid, sn, uuid),
        trust_file=text,
        catalogue=_catalogue(catalogue) if catalogue else None,
        required_matches=match,
        hardware=world.hardware,
        clock=world.clock,
        random=world.random,
    )
    status = device.status()
    words = trustfile.root_words(trustfile.parse(text).root)
    needed, of = status.required_matches
    lock = f"{needed} of {of} hardware components must stay" if needed else "none"
    return Report(
        {
            "home": home,
            "udi": udi_record(status.udi),
            "root_words": words.split(),
            "node_lock": {"required": needed, "components": of},
        },
        text=labelled(
            [("Device", status.udi), ("Folder", home), ("Node lock", lock), ("Root's words", words)]
        ),
        next_step="Compare the root's words with the portal's; then ask for licences: "
        "tallystick device request",
    )


def _catalogue(name: str) -> "Catalogue":
    from codec.catalogue import Catalogue
    from codec.errors import CatalogueError

    try:
        return Catalogue.parse(read_text(name, _LARGEST_CATALOGUE))
    except CatalogueError as error:
        raise UsageMistakeError(
            f"The file {safe(name)} is no catalogue. {error.message}", hint=error.hint
        ) from error
