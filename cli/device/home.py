"""The device folder, as the command line names it."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from cli.command import option, the_session

if TYPE_CHECKING:
    from pathlib import Path

    from cli.session import Report, Session
    from reservation.device import Device

_OPTION = option(
    "--home",
    metavar="DIR",
    help="Folder of the device's state. [TALLYSTICK_HOME; by default the user's state folder]",
)


def home_of(session: "Session", given: str | None) -> str:
    """Return the device folder: the option, the setting, or the user's state folder."""
    home = session.setting("home", given) or session.user_folder("state")
    session.log(f"Device folder: {home}")
    return home


def at_home(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the option ``--home`` and the folder, as its parameter ``home``."""

    @wraps(run)
    def with_home(**options: Any) -> "Report":
        from pathlib import Path

        return run(home=Path(home_of(the_session(), options.pop("home"))), **options)

    return _OPTION(with_home)


def on_device(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the option ``--home`` and the device there, as its parameter ``device``."""

    @at_home
    @wraps(run)
    def with_device(home: "Path", **options: Any) -> "Report":
        return run(device=open_device(the_session(), home), **options)

    return with_device


def on_reader(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the option ``--home`` and the device there, for asking only, as ``device``."""

    @wraps(run)
    def with_reader(**options: Any) -> "Report":
        from reservation.device.reader import DeviceReader

        session = the_session()
        home = home_of(session, options.pop("home"))
        device = DeviceReader.open(home, hardware=session.world.hardware, clock=session.world.clock)
        return run(device=device, **options)

    return _OPTION(with_reader)


def open_device(session: "Session", home: "Path") -> "Device":
    """Open the device in a folder, in the session's world."""
    from reservation.device import Device

    world = session.world
    return Device.open(home, hardware=world.hardware, clock=world.clock, random=world.random)
