"""Making and opening portals: the only place that chooses and builds adapters.

A new portal appears whole or not at all: keys and database are written under other names, and the database
gets its own first. What a failure leaves half made is taken away again; what a crash leaves, the same command
replaces while there is no database, and completes when there is one.

Not handled: where settings and passphrases come from.
"""

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType

from codec.codes import IssuerKey, Trust, checked_text
from codec.envelope import sign_trust
from codec.keys import SigningKey, VerifyingKey
from reservation import checkpointfile, keyfile
from reservation.checkpoint import NO_EVENTS, Checkpoint, chained
from reservation.errors import (
    AlreadyThereError,
    DatabaseAwayError,
    MissingExtraError,
    NoPortalError,
    OtherCheckpointError,
    ReservationError,
    SetupError,
    StateDamagedError,
)
from reservation.founding import Founding
from reservation.model import (
    DEFAULT_VIRTUAL_ACCOUNT,
    Clock,
    Event,
    EventKind,
    PortalIdentity,
    Random,
    Stamp,
    VirtualAccount,
)
from reservation.places import Place, PostgresPlace, SqlitePlace, place_of
from reservation.service import watching
from reservation.service.context import Issuer, Portal
from reservation.service.stock import require_match
from reservation.store import Copy, Store

ROOT_FILE = "root.pem"
ISSUER_FILE = keyfile.FIRST_ISSUER
DEFAULT_MINIMUM_MATCH = 3

_SEED_BYTES = 32
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Founded:
    """A portal that was just made.

    Attributes:
        place: Where its database is.
        root_file: Private key of the root; belongs elsewhere soon.
        issuer_file: Private key that signs authorizations.
        root: Public key that devices pin.
        portal_id: 8 bytes.
    """

    place: Place
    root_file: Path
    issuer_file: Path
    root: VerifyingKey
    portal_id: bytes

    @property
    def database(self) -> Path:
        """The file of a SQLite database."""
        return database_path(f"sqlite://{self.place}")


def database_path(url: str) -> Path:
    """Return the file that the URL of a SQLite database names.

    Raises:
        SetupError: For anything else.
    """
    place = place_of(url)
    if not isinstance(place, SqlitePlace):
        raise SetupError(
            "This is only done to a database in a file, and this one is on a server.",
            hint="Copy it and put a copy back with PostgreSQL's own pg_dump and pg_restore: see "
            "docs/howto/postgresql.md.",
        )
    return place.path


def initialise(
    url: str,
    *,
    account: str,
    actor: str,
    keys_folder: Path,
    passphrase: str,
    clock: Clock,
    random: Random,
    minimum_match: int = DEFAULT_MINIMUM_MATCH,
) -> Founded:
    """Make a new portal: its database, root and issuer keys, and the first trust code.

    Args:
        url: Where the database goes; see `place_of`. One on a server must be there, and empty.
        account: Name of the Smart Account.
        actor: Who becomes its administrator.
        keys_folder: Where `root.pem` and `issuer.pem` go.
        passphrase: Of both key files.
        clock: Gives the present moment.
        random: Gives the keys and ids.
        minimum_match: Least k of a request's hardware sketch, unless a product sets another.

    Raises:
        AlreadyThereError: When a database or a key file is there already; nothing is changed then.
        StorageError: When something cannot be written; nothing is left behind then.
        FieldError: When a name is no plain text of 1 to 64 characters.
        MissingExtraError: When the extra ``portal`` is not installed.
    """
    place = place_of(url)
    checked_text("name of the Smart Account", account)
    checked_text("user name", actor)
    require_match(minimum_match)
    root, issuer = SigningKey(random(_SEED_BYTES)), SigningKey(random(_SEED_BYTES))
    founding = _founding(account, minimum_match, root, issuer, Stamp.of(clock(), actor, random(7)), random)
    files = {keys_folder / ROOT_FILE: root, keys_folder / ISSUER_FILE: issuer}
    require_nothing_there(url, keys_folder)
    with contextlib.ExitStack() as undo:
        for folder in _folders_of(place, keys_folder):
            undo.callback(_remove_empty, [one for one in (folder, *folder.parents) if not one.exists()])
        for file, key in files.items():
            keyfile.draft_key(file, key, passphrase)
            undo.callback(keyfile.discard_drafts, file)
        # Before the database: there is never one of ours that no checkpoint vouches for.
        undo.callback(_remove, keys_folder / checkpointfile.NAME)
        checkpointfile.create(keys_folder, _first_checkpoint(founding))
        _create(place, founding, random, undo)
        for file, key in files.items():
            keyfile.publish_key(file, key.verifying_key)
            undo.callback(_remove, file)
        undo.pop_all()
    root_file, issuer_file = files
    return Founded(place, root_file, issuer_file, root.verifying_key, founding.identity.portal_id)


def _create(place: Place, founding: Founding, random: Random, undo: contextlib.ExitStack) -> None:
    """Make the database. What a server has committed, or may have, stays: `init` once more completes it."""
    if isinstance(place, SqlitePlace):
        _sqlite_engine().create(place.path, founding, token=random(_ID_BYTES).hex())
        undo.callback(_remove, place.path)
        return
    try:
        _postgres_engine().create(place.url, place.name, founding)
    except DatabaseAwayError:
        undo.pop_all()
        raise
    undo.pop_all()


def _folders_of(place: Place, keys_folder: Path) -> tuple[Path, ...]:
    """Return the folders that are made for a portal, if they are not there."""
    return (keys_folder, place.path.parent) if isinstance(place, SqlitePlace) else (keys_folder,)


def _first_checkpoint(founding: Founding) -> Checkpoint:
    """Return the checkpoint of a log with the one event of a new portal."""
    identity = founding.identity
    (digest,) = chained(NO_EVENTS, (founding.event,))
    return Checkpoint(identity.portal_id, identity.epoch, 1, digest, founding.event.at)


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def require_nothing_there(url: str, keys_folder: Path) -> None:
    """Return when a new portal would overwrite nothing; complete one that a crash cut off.

    Args:
        url: Where its database would go.
        keys_folder: Where its keys would go.

    Raises:
        AlreadyThereError: When a database or a key file is there already.
        SetupError: When the URL names no place.
    """
    place = place_of(url)
    if isinstance(place, PostgresPlace):
        engine = _postgres_engine()
        if engine.is_there(place.url, place.name):
            _complete(place, keys_folder)
            raise engine.there_already(place.name)
    elif place.path.exists():
        _sqlite_engine().discard_drafts(place.path)
        _complete(place, keys_folder)
        raise AlreadyThereError(
            f"{place} exists already.",
            hint="That may be your portal: `tallystick portal audit` looks at it. For another portal, choose "
            "another place with TALLYSTICK_DB.",
        )
    for name in (ROOT_FILE, ISSUER_FILE):
        keyfile.require_absent(keys_folder / name)


def _complete(place: Place, keys_folder: Path) -> None:
    """Give the keys of a portal their names, if the command that made it did not come so far."""
    with contextlib.suppress(ReservationError, OSError):
        if any(keys_folder.glob(".*.new")):
            _publish_keys(_open_store(place), keys_folder)


def _open_store(place: Place) -> Store:
    if isinstance(place, SqlitePlace):
        store: Store = _sqlite_engine().open_store(place.path)
    else:
        store = _postgres_engine().open_store(place.url, place.name)
    return store


def _open_shared(place: Place) -> Store:
    from reservation.sharing import SharedStore

    return SharedStore(lambda: _open_store(place), in_groups=isinstance(place, SqlitePlace))


def _publish_keys(opened: Store, keys_folder: Path) -> None:
    with contextlib.closing(opened) as store:
        identity = store.read(lambda books: books.identity())
        for name, key in ((ROOT_FILE, identity.root_key), (ISSUER_FILE, identity.issuer_key)):
            keyfile.publish_key(keys_folder / name, VerifyingKey(key))


def _founding(
    account: str, minimum_match: int, root: SigningKey, issuer: SigningKey, stamp: Stamp, random: Random
) -> Founding:
    portal_id = random(_ID_BYTES)
    trust = sign_trust(
        Trust(1, portal_id, (IssuerKey(issuer.verifying_key.raw, stamp.today),)),
        root,
    )
    identity = PortalIdentity(
        portal_id, 0, minimum_match, root.verifying_key.raw, issuer.verifying_key.raw, stamp.today
    )
    detail = {
        "portal": portal_id.hex(),
        "root": root.verifying_key.id.hex(),
        "issuer": issuer.verifying_key.id.hex(),
        "trust": trust.id.hex(),
    }
    event = Event(stamp.event_id(0), stamp.at, stamp.actor, EventKind.ACCOUNT_OPENED, account, detail=detail)
    default = VirtualAccount(random(_ID_BYTES), DEFAULT_VIRTUAL_ACCOUNT)
    return Founding(
        identity, random(_ID_BYTES), account, default, trust.value.serial, trust.id, trust.text, event
    )


def open_portal(
    url: str,
    *,
    actor: str,
    clock: Clock,
    random: Random,
    issuer_file: Path | None = None,
    passphrase: str = "",
    checkpoints: Path | None = None,
    is_shared: bool = False,
) -> Portal:
    """Open a portal on behalf of a user.

    When its database was copied back since the checkpoint was kept, it is in quarantine afterwards.

    Args:
        url: Its database; see `place_of`.
        actor: The acting user.
        clock: Gives the present moment.
        random: Gives ids.
        issuer_file: Private key of the issuer; needed to sign authorizations, None for all else.
        passphrase: Of that file.
        checkpoints: Folder that keeps the checkpoint, beside the issuer's key; None: nobody keeps any, and
            a restore goes unnoticed.
        is_shared: Whether many threads use it at once; see `reservation.sharing`.

    Raises:
        OtherCheckpointError: When the checkpoint is of another portal.
        NoPortalError: When there is none.
        KeyFileError: When the key cannot be opened, or is not this portal's.
        StateDamagedError: When the database is damaged, or a newer version wrote it.
        UnsafeDatabaseError: When the engine would not keep acknowledged work safe.
        DatabaseAwayError: When a server does not answer; `DatabaseRefusedError` when it lets nobody in.
        MissingExtraError: When the extra ``portal`` or ``postgres`` is not installed.
    """
    place = place_of(url)
    checked_text("user name", actor)
    # Before the database: what is committed meanwhile makes it newer than the checkpoint, and never older.
    kept = checkpointfile.read(checkpoints) if checkpoints else None
    store = _open_shared(place) if is_shared else _open_store(place)
    with contextlib.ExitStack() as undo:
        undo.callback(store.close)
        issuer = _open_issuer(store, issuer_file, passphrase) if issuer_file else None
        portal = Portal(store, issuer, actor, clock, random)
        opened = watching.watch(portal, kept) if checkpoints else portal
        undo.pop_all()
    return opened


def back_up(url: str, target: Path, *, random: Random) -> Copy:
    """Copy a portal's database while others may work on it; the copy appears checked, or not at all.

    Args:
        url: The database; see `place_of`.
        target: Where the copy goes; nothing may be there.
        random: Gives the name of the file while it is being made.

    Raises:
        NoPortalError: When there is none.
        AlreadyThereError: When something is where the copy should go.
        StorageError: When it cannot be written; nothing is left behind then.
        StateDamagedError: When the database is damaged: then there is no copy.
    """
    path = database_path(url)
    copy: Copy = _backup_engine().back_up(path, target, token=random(_ID_BYTES).hex())
    return copy


def look_into_backup(url: str, backup: Path, *, checkpoints: Path, random: Random) -> tuple[Copy, int | None]:
    """Check a backup of a portal, and tell how many events it lacks; nothing is changed.

    Args:
        url: The database that it is for.
        backup: The copy.
        checkpoints: Folder that keeps the portal's checkpoint.
        random: Gives the name of a file while it is being checked.

    Returns:
        What it holds, and how many events the checkpoint counts that it lacks; None: there is no checkpoint.

    Raises:
        NotABackupError: When it is no sound copy of a portal's database.
        OtherCheckpointError: When it is of another portal than the checkpoint, or the database.
    """
    path = database_path(url)
    copy: Copy = _backup_engine().look_into(backup, beside=path, token=random(_ID_BYTES).hex())
    kept = checkpointfile.read(checkpoints)
    there = _portal_at(path)
    for known in (kept.portal_id if kept else None, there):
        if known not in {None, copy.portal_id}:
            raise OtherCheckpointError(
                f"{backup} is of portal {copy.portal_id.hex()}, and this is portal {known.hex()}.",
                hint="Nothing was changed. Name the backup, the database (TALLYSTICK_DB) and the folder of "
                "the keys (TALLYSTICK_KEYS) of one portal.",
            )
    return copy, max(0, kept.events - copy.events) if kept else None


def _portal_at(path: Path) -> bytes | None:
    """Return which portal a database is of; None: there is none, or it cannot be read."""
    try:
        store: Store = _sqlite_engine().open_store(path)
    except (StateDamagedError, SetupError, NoPortalError):
        return None
    with contextlib.closing(store):
        return store.read(lambda books: books.identity().portal_id)


def restore_backup(url: str, backup: Path, *, random: Random, at: datetime) -> Path | None:
    """Put a backup in the place of a portal's database, for good or not at all, and keep what was there.

    Args:
        url: The database; it need not be there, and may be damaged.
        backup: The copy, as `look_into_backup` found it sound.
        random: Gives the name of a file while it is being made.
        at: The present moment, which names what is kept.

    Returns:
        Where the database as it was is kept; None: there was none.

    Raises:
        NotABackupError: When it is no sound copy of a portal's database.
        StorageError: When something cannot be read or written; the database is as it was then.
        BusyError: When another process holds it.
    """
    path = database_path(url)
    token = random(_ID_BYTES).hex()
    kept = path.with_name(f"{path.name}.before-{at:%Y%m%dT%H%M%SZ}-{token[:4]}")
    was_there = path.exists()
    _backup_engine().restore(backup, path, token=token, kept=kept)
    return kept if was_there else None


def keep_checkpoint(portal: Portal, checkpoints: Path) -> None:
    """Note where the log of a portal stands, beside its key: at the end of a process, and now and then.

    Where there is no checkpoint, none is begun: a person says first that the database is the newest.

    Raises:
        StorageError: When it cannot be written. The work that the log tells of is durable all the same.
    """
    if portal.is_vouched_for:
        checkpointfile.keep(checkpoints, watching.checkpoint_of(portal))


def begin_checkpoint(portal: Portal, checkpoints: Path) -> None:
    """Write a checkpoint where there is none, after a person has said what the database is.

    Raises:
        StorageError: When it cannot be written.
    """
    checkpointfile.keep(checkpoints, watching.checkpoint_of(portal))


def unlocked(portal: Portal, keys_folder: Path, passphrase: str, *, key: bytes | None = None) -> Portal:
    """Return an open portal with its issuer's key, so that it can sign authorizations.

    Args:
        portal: The portal.
        keys_folder: Where its keys are.
        passphrase: Of the key's file.
        key: Public key of an issuer that is to come into use; None: the one in use.

    Raises:
        KeyFileError: When the key cannot be opened, or is not that one.
        MissingExtraError: When the extra ``portal`` is not installed.
    """
    identity = portal.store.read(lambda books: books.identity())
    wanted = key or identity.issuer_key
    file = keyfile.issuer_file(keys_folder, wanted)
    return replace(portal, issuer=_open_key(identity, file, passphrase, wanted))


def _open_issuer(store: Store, file: Path, passphrase: str) -> Issuer:
    identity = store.read(lambda books: books.identity())
    return _open_key(identity, file, passphrase, identity.issuer_key)


def _open_key(identity: PortalIdentity, file: Path, passphrase: str, wanted: bytes) -> Issuer:
    key = keyfile.read_key(file, passphrase)
    keyfile.require_same(file, key, wanted)
    return Issuer(key, identity.portal_id)


def _backup_engine() -> ModuleType:
    """Load what copies SQLite databases; it needs the extra ``portal``."""
    _sqlite_engine()
    from reservation.sql import sqlite_backup

    return sqlite_backup


def _sqlite_engine() -> ModuleType:
    """Load the SQLite adapter; it needs the extra ``portal``."""
    try:
        from reservation.sql import sqlite_engine
    except ModuleNotFoundError as error:
        raise keyfile.missing_extra(error.name or "apsw") from error
    return sqlite_engine


def _postgres_engine() -> ModuleType:
    """Load the PostgreSQL adapter; it needs the extra ``postgres``."""
    try:
        from reservation.sql import postgres_engine
    except ImportError as error:  # also psycopg without any of its implementations
        if error.name == "aiosql":
            raise keyfile.missing_extra("aiosql") from error
        raise MissingExtraError(
            "A portal on PostgreSQL needs the package psycopg, which is not installed.",
            hint="Install what it needs: pip install 'tallystick[portal,postgres]'",
        ) from error
    return postgres_engine
