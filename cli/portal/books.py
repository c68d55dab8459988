"""The portal that a command works on: which database, on whose behalf, and with which key."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.command import declared, option, the_session
from cli.passphrase import passphrase_for, passphrase_option_in

if TYPE_CHECKING:
    from cli.session import Report, Session
    from reservation.service.context import Portal

SECTION = "Which portal"

_DATABASE = option(
    "--db",
    metavar="URL",
    section=SECTION,
    help="The database: sqlite:///PATH. [TALLYSTICK_DB; by default in the user's data folder]",
)
_USER = option(
    "--user",
    metavar="NAME",
    section=SECTION,
    help="On whose behalf. [TALLYSTICK_USER; by default the operating system's user]",
)
_KEYS = option(
    "--keys",
    metavar="DIR",
    section=SECTION,
    help="Folder of the portal's keys. [TALLYSTICK_KEYS; by default beside the database]",
)

PLACE_OPTIONS = (_DATABASE, _USER)
KEY_OPTIONS = (_DATABASE, _USER, _KEYS, passphrase_option_in(SECTION))


def database_of(session: "Session", given: str | None) -> str:
    """Return the database's URL: the option, the setting, or a file in the user's data folder."""
    url = session.setting("db", given) or f"sqlite:///{session.user_folder('data')}/portal.db"
    session.log(f"Database: {url}")
    return url


def user_of(session: "Session", given: str | None) -> str:
    """Return on whose behalf a command acts: the option, the setting, or the operating system's user."""
    return session.setting("user", given) or session.world.user()


def keys_of(session: "Session", given: str | None, url: str) -> Path:
    """Return the folder of the portal's keys: the option, the setting, or one beside the database."""
    from reservation.bootstrap import database_path

    named = session.setting("keys", given)
    if named:
        return Path(named)
    path = database_path(url)
    return path.with_name(f"{path.stem}-keys")


def on_portal(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the opened portal, as its parameter ``portal``; it can sign nothing."""

    @wraps(run)
    def with_portal(db: str | None, user: str | None, **options: Any) -> "Report":
        return _in_portal(run, _open(the_session(), db, user), options)

    return declared(with_portal, PLACE_OPTIONS)


Unlock = Callable[["Portal"], "Portal"]
"""Opens a portal's issuer key, asking for its passphrase, and gives the portal that can sign."""


def on_signing_portal(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the opened portal, as ``portal``, and what opens its issuer's key, as ``unlock``.

    So a command can find out first whether there is something to sign: nobody types a passphrase in vain.
    """

    @wraps(run)
    def with_portal(
        db: str | None, user: str | None, keys: str | None, passphrase_file: str | None, **options: Any
    ) -> "Report":
        session = the_session()

        def unlock(portal: "Portal") -> "Portal":
            from reservation.bootstrap import ISSUER_FILE, unlocked

            folder = keys_of(session, keys, database_of(session, db))
            return unlocked(portal, folder / ISSUER_FILE, passphrase_for(session, passphrase_file, folder))

        return _in_portal(run, _open(session, db, user), {**options, "unlock": unlock})

    return declared(with_portal, KEY_OPTIONS)


def _in_portal(run: Callable[..., "Report"], portal: "Portal", options: dict[str, Any]) -> "Report":
    try:
        return run(portal=portal, **options)
    finally:
        portal.close()


def _open(session: "Session", db: str | None, user: str | None) -> "Portal":
    from reservation.bootstrap import open_portal

    world = session.world
    return open_portal(
        database_of(session, db), actor=user_of(session, user), clock=world.clock, random=world.random
    )
