"""The portal that a command works on: which database, on whose behalf, and with which key.

Every command compares the database with the checkpoint that is kept beside the key, and leaves a newer one.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

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
    help="The database: sqlite:///PATH or postgresql://USER@HOST/DATABASE. "
    "[TALLYSTICK_DB; by default in the user's data folder]",
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
    help="Folder of the portal's keys and checkpoint. "
    "[TALLYSTICK_KEYS; by default beside the database, or in the user's data folder]",
)

PLACE_OPTIONS = (_DATABASE, _USER, _KEYS)
KEY_OPTIONS = (_DATABASE, _USER, _KEYS, passphrase_option_in(SECTION))


def database_of(session: "Session", given: str | None) -> str:
    """Return the database's URL: the option, the setting, or a file in the user's data folder."""
    from reservation.places import place_of

    url = session.setting("db", given) or f"sqlite:///{session.user_folder('data')}/portal.db"
    session.log(f"Database: {place_of(url)}")
    return url


def user_of(session: "Session", given: str | None) -> str:
    """Return on whose behalf a command acts: the option, the setting, or the operating system's user."""
    return session.setting("user", given) or session.world.user()


def keys_of(session: "Session", given: str | None, url: str) -> Path:
    """Return the folder of the portal's keys: the option, the setting, or one beside the database."""
    from reservation.places import SqlitePlace, place_of

    named = session.setting("keys", given)
    if named:
        return Path(named)
    place = place_of(url)
    # Only a database on a server needs the user's folder, and not every user has one.
    of_user = Path() if isinstance(place, SqlitePlace) else Path(session.user_folder("data"))
    return place.keys_folder(of_user)


def on_portal(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the opened portal, as its parameter ``portal``; it can sign nothing."""

    @wraps(run)
    def with_portal(db: str | None, user: str | None, keys: str | None, **options: Any) -> "Report":
        opened = _Opened(the_session(), db, user, keys)
        return opened.run(run, options)

    return declared(with_portal, PLACE_OPTIONS)


def on_portal_beside(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the opened portal, and the folder of its keys and checkpoint, as ``folder``."""

    @wraps(run)
    def with_portal(db: str | None, user: str | None, keys: str | None, **options: Any) -> "Report":
        opened = _Opened(the_session(), db, user, keys)
        return opened.run(run, {**options, "folder": opened.folder}, tells=True)

    return declared(with_portal, PLACE_OPTIONS)


class Unlock(Protocol):
    """Opens a portal's issuer key, asking for its passphrase, and gives the portal that can sign."""

    def __call__(self, portal: "Portal", *, issues: bool = True, key: bytes | None = None) -> "Portal":
        """Open the key.

        Args:
            portal: The portal.
            issues: Whether it is for something that leaves the portal; a quarantine refuses that before
                anybody types a passphrase.
            key: Public key of an issuer that is to come into use; None: the one in use.
        """


def on_signing_portal(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the opened portal, as ``portal``, and what opens its issuer's key, as ``unlock``.

    So a command can find out first whether there is something to sign: nobody types a passphrase in vain.
    """
    return _signing(run, lambda _opened: {})


def on_signing_portal_for_long(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Do as `on_signing_portal`, and give what leaves a checkpoint before the command ends, as ``keep``."""
    return _signing(run, lambda opened: {"keep": opened.keep_checkpoint})


def _signing(
    run: Callable[..., "Report"], more: "Callable[[_Opened], dict[str, Any]]"
) -> Callable[..., "Report"]:
    @wraps(run)
    def with_portal(
        db: str | None, user: str | None, keys: str | None, passphrase_file: str | None, **options: Any
    ) -> "Report":
        session = the_session()
        opened = _Opened(session, db, user, keys)

        def unlock(portal: "Portal", *, issues: bool = True, key: bytes | None = None) -> "Portal":
            from reservation.bootstrap import unlocked
            from reservation.service.context import require_issuing

            if issues:
                portal.store.read(lambda books: require_issuing(portal, books))
            folder = opened.folder
            return unlocked(portal, folder, passphrase_for(session, passphrase_file, folder), key=key)

        return opened.run(run, {**options, **more(opened), "unlock": unlock})

    return declared(with_portal, KEY_OPTIONS)


class _Opened:
    """A portal that is open for one command."""

    def __init__(self, session: "Session", db: str | None, user: str | None, keys: str | None) -> None:
        from reservation.bootstrap import open_portal

        self.session = session
        url = database_of(session, db)
        self.folder = keys_of(session, keys, url)
        self.portal = open_portal(
            url,
            actor=user_of(session, user),
            clock=session.world.clock,
            random=session.world.random,
            checkpoints=self.folder,
        )

    def run(self, run: Callable[..., "Report"], options: dict[str, Any], *, tells: bool = False) -> "Report":
        """Run a command, leave a checkpoint, and let go of the portal.

        Args:
            run: The command.
            options: Its own options.
            tells: Whether it says itself that there is a quarantine.
        """
        try:
            if not tells:
                self._warn()
            try:
                report = run(portal=self.portal, **options)
            except Exception as error:
                self._keep_checkpoint_after(error)
                raise
            self.keep_checkpoint()
            return report
        finally:
            self.portal.close()

    def _warn(self) -> None:
        from reservation.service.watching import in_quarantine

        if in_quarantine(self.portal):
            self.session.say("This portal is in quarantine: see `tallystick portal quarantine`.")
        elif not self.portal.is_vouched_for:
            self.session.say(
                "No checkpoint on this machine says whether this database is the newest: something may be "
                "missing. See `tallystick portal quarantine`."
            )

    def _keep_checkpoint_after(self, error: Exception) -> None:
        """Leave a checkpoint after a refusal, which may have left an event; not when the server is away."""
        from reservation.errors import DatabaseAwayError, DoneOrNotError

        if not isinstance(error, (DatabaseAwayError, DoneOrNotError)):
            self.keep_checkpoint()

    def keep_checkpoint(self) -> None:
        """Leave a checkpoint. What was done is durable without it, so a failure is said and nothing more."""
        from reservation.bootstrap import keep_checkpoint
        from reservation.errors import ReservationError

        try:
            keep_checkpoint(self.portal, self.folder)
        except ReservationError as error:
            self.session.warn(
                "The checkpoint was not written, so a database copied back could go unnoticed: "
                f"{error.message} {error.hint}"
            )
