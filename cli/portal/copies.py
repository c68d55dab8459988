"""``tallystick portal backup`` and ``restore``: copies of the books, made and put back."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import argument, command, declared, option, with_session
from cli.errors import DeclinedError, UsageMistakeError
from cli.extras import require_portal
from cli.plain import counted, safe
from cli.portal.books import PLACE_OPTIONS, database_of, keys_of, user_of
from cli.screen import labelled
from cli.session import Report, Session
from cli.values import moment

if TYPE_CHECKING:
    from reservation.store import Copy


def _named(run: Callable[..., Report]) -> Callable[..., Report]:
    """Declare the options that name the database, and on whose behalf."""
    return declared(run, PLACE_OPTIONS[:2])


def _placed(run: Callable[..., Report]) -> Callable[..., Report]:
    return declared(run, PLACE_OPTIONS)


@command(
    "backup",
    example="tallystick portal backup portal-2026-03-02.db",
    exits="""
    0 done: the copy is complete, checked and on the disk
    1 FILE exists already; nothing is ever written over a copy. Or there is no portal yet
    5 not an administrator: a copy holds everything
    6 the database is damaged, or the copy cannot be written
    """,
)
@argument("file", text="Where the copy goes.")
@_named
@with_session
def backup(session: Session, file: str, db: str | None, user: str | None) -> Report:
    """Copy the books, while others go on working.

    The copy is one consistent state in one file, and is checked before it gets its name. It holds no private
    key: keep the folder of the keys apart, and never copy its file `checkpoint` back.
    """
    from reservation.bootstrap import back_up, open_portal
    from reservation.service.watching import require_backup

    require_portal("copying its books")
    url, world = database_of(session, db), session.world
    with closing(
        open_portal(url, actor=user_of(session, user), clock=world.clock, random=world.random)
    ) as it:
        require_backup(it)
    copy = back_up(url, Path(file), random=world.random)
    return Report(
        {"file": file, **_copy_record(copy)},
        text=labelled((("File", safe(file)), *_copy_labels(copy))),
        next_step="Keep it on another machine",
    )


@command(
    "restore",
    example="tallystick portal restore portal-2026-03-02.db --yes",
    exits="""
    0 done; when anything was forgotten by it, the portal is in quarantine now
    2 nobody could be asked, and --yes was not given; or it is of another portal
    6 FILE is no sound copy of a portal's database, or the disk refuses
    7 another process holds the database
    """,
)
@argument("file", text="The copy.")
@option("--yes", is_flag=True, help="Do not ask.")
@_placed
@with_session
def restore(
    session: Session, file: str, yes: bool, db: str | None, user: str | None, keys: str | None
) -> Report:
    """Put a copy of the books back.

    The copy is checked first, and the books as they are now are kept beside it. It is put back for good or
    not at all; other processes see the old books or the new ones.

    What happened since the copy was made is forgotten by it. The checkpoint beside the issuer's key shows
    how much, and the portal issues nothing until two persons say so: see `quarantine`. Where there is no
    checkpoint, nothing can tell what was forgotten, and the portal is in quarantine for that.
    """
    from reservation.bootstrap import look_into_backup, restore_backup

    require_portal("copying its books")
    url, world = database_of(session, db), session.world
    folder = keys_of(session, keys, url)
    copy, lacking = look_into_backup(url, Path(file), checkpoints=folder, random=world.random)
    if not yes:
        _require_consent(session, copy, lacking)
    kept = restore_backup(url, Path(file), random=world.random, at=world.clock())
    in_quarantine = _open_once(session, url, user_of(session, user), folder, file)
    forgotten = "nobody can tell" if lacking is None else counted(lacking, "event")
    return Report(
        {
            "file": file,
            **_copy_record(copy),
            "forgotten_events": lacking,
            "kept": str(kept) if kept else None,
            "in_quarantine": in_quarantine,
        },
        text=labelled(
            (
                ("Restored", safe(file)),
                *_copy_labels(copy),
                ("Forgotten", forgotten),
                ("As it was", safe(kept) if kept else "there was no database"),
                ("Quarantine", "yes: nothing is issued" if in_quarantine else "no"),
            )
        ),
        next_step="See what is known, and bring the codes that were forgotten: tallystick portal quarantine"
        if in_quarantine
        else "See whether everything in it adds up: tallystick portal audit",
    )


def _require_consent(session: Session, copy: "Copy", lacking: int | None) -> None:
    """Ask whether the books may forget what the copy lacks.

    Raises:
        DeclinedError: When the answer is no.
        UsageMistakeError: When nobody can be asked.
    """
    if not session.is_interactive:
        raise UsageMistakeError(
            "The books would be replaced, and nobody can be asked whether they should.",
            hint="Add --yes if they should.",
        )
    forgets = "an unknown number of events" if lacking is None else counted(lacking, "event")
    question = (
        f"The copy ends on {moment(copy.newest_at)}. It forgets {forgets}. Put it in the place of the books?"
    )
    if not session.ask(question):
        raise DeclinedError("Nothing was changed.", hint="The books go on as they are.")


def _open_once(session: Session, url: str, user: str, folder: Path, file: str) -> bool:
    """Open the portal, so that what is forgotten is noticed now; tell whether it is in quarantine."""
    from reservation.bootstrap import begin_checkpoint, keep_checkpoint, open_portal
    from reservation.service.restoring import begin_quarantine
    from reservation.service.watching import in_quarantine

    world = session.world
    portal = open_portal(url, actor=user, clock=world.clock, random=world.random, checkpoints=folder)
    try:
        if portal.is_vouched_for:
            keep_checkpoint(portal, folder)
        else:
            begin_quarantine(portal, reason=f"Restored from {safe(Path(file).name, 150)}")
            begin_checkpoint(portal, folder)
        return in_quarantine(portal)
    finally:
        portal.close()


def _copy_record(copy: "Copy") -> dict[str, object]:
    return {
        "portal": copy.portal_id,
        "epoch": copy.epoch,
        "events": copy.events,
        "newest_at": copy.newest_at,
    }


def _copy_labels(copy: "Copy") -> tuple[tuple[str, object], ...]:
    return (
        ("Portal", copy.portal_id.hex()),
        ("Epoch", copy.epoch),
        ("Events", f"{copy.events:,}, the newest on {moment(copy.newest_at)}"),
    )
