"""A disk on which a new portal's rows do not get from the log into the database: whole all the same, or none.

In WAL mode rows stand in a file of their own until they are copied into the database. When that copy is not
made as the database is closed, because the disk is full or somebody looks at the file, SQLite says nothing.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EIO
from pathlib import Path

import apsw
import pytest

from reservation import bootstrap, service
from reservation.errors import StorageError
from tests.reservation.portal.appliance import START, seeded
from tests.reservation.portal.test_bootstrap import everything_in, initialise

PAGE_BYTES = 4096
BENEATH = apsw.vfs_names()[0]


class FullFile(apsw.VFSFile):
    """A database whose first page alone has room."""

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write, as long as there is room."""
        if offset >= PAGE_BYTES:
            raise apsw.FullError("no room")
        super().xWrite(data, offset)


class SharedFile(apsw.VFSFile):
    """A database that nobody has alone once its log is there: it is closed as if others had it open."""

    def __init__(self, beneath: str, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__(beneath, name, flags)
        self.log = Path(f"{name.filename() if isinstance(name, apsw.URIFilename) else name}-wal")

    def xLock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Take a lock, unless it keeps the others out."""
        if level == apsw.SQLITE_LOCK_EXCLUSIVE and self.log.exists():
            raise apsw.BusyError("in use")
        super().xLock(level)


class Disk(apsw.VFS):
    """A disk on which databases are files of a kind of its own."""

    def __init__(self, database: Callable[..., apsw.VFSFile]) -> None:
        super().__init__("a disk of its own", base=BENEATH, makedefault=True)
        self.database = database

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file."""
        kind = self.database if flags[0] & apsw.SQLITE_OPEN_MAIN_DB else apsw.VFSFile
        return kind(BENEATH, name, flags)


@contextmanager
def disk_of(database: Callable[..., apsw.VFSFile]) -> Iterator[None]:
    disk = Disk(database)
    try:
        yield
    finally:
        disk.unregister()


def test_a_portal_whose_rows_find_no_room_is_not_made(tmp_path: Path) -> None:
    with disk_of(FullFile), pytest.raises(StorageError, match="no room"):
        initialise(tmp_path)
    assert everything_in(tmp_path) == []


def test_a_portal_is_whole_although_closing_copied_nothing(tmp_path: Path) -> None:
    with disk_of(SharedFile):
        founded = initialise(tmp_path)
    portal = bootstrap.open_portal(
        f"sqlite://{founded.database}", actor="ann", clock=lambda: START, random=seeded("x")
    )
    assert service.audit(portal) == ()
    portal.close()


def test_a_portal_that_cannot_be_made_durable_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are taken away again, so its database must not stay."""
    honest = os.fsync

    def fail_on_the_database_folder(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "deep":
            raise OSError(EIO, "Input/output error")
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", fail_on_the_database_folder)
    with pytest.raises(StorageError, match="Input/output error"):
        initialise(tmp_path)
    assert everything_in(tmp_path) == []
