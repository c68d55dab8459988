"""Whether what a process showed was durable when it showed it, judged from the order of its system calls.

A kill leaves the page cache alone, so no kill ever notices a missing fsync. This does: it follows which files
have content, and which folders have entries, that a power cut could still take away, and looks at that state
whenever something is shown on stdout. What one process left unsynced, the next inherits.

- Content written is durable after fsync or fdatasync of the file; an entry (a file made, renamed, linked, a
  folder made) after fsync of its folder.
- A SQLite database with a write-ahead log may be unsynced as long as its log is durable; its log may go only
  when the database is durable.
- That an entry was removed need not be durable: what comes back then is a leftover. An empty file, locks and
  SQLite's shared memory hold nothing. A checkpoint may be older than the database: that is no loss.

Not handled: the order in which a disk itself writes, hard links other than a new name for a finished file.
"""

import os
from collections.abc import Iterable

from tests.faults.calls import OPENS, STDOUT, SYNCS, WRITES, Call, lies_in

_WAL = "-wal"
_HOLD_NOTHING = ("-shm", "/lock", "/seed", "/checkpoint")


class Durability:
    """What a power cut could take away, in some places."""

    def __init__(self, places: Iterable[str], known: Iterable[str], *, entries: Iterable[str] = ()) -> None:
        """Start.

        Args:
            places: Folders that matter, absolute.
            known: Files and folders that are there, durable.
            entries: Those among them whose names are not durable yet.
        """
        self.places = tuple(places)
        self.known = set(known)
        self.unsynced: set[str] = set()
        self.entries = set(entries)
        self.without_log: set[str] = set()
        self.empty: set[str] = set()
        self.breaches: list[str] = []
        self.shown = False

    def follow(self, calls: Iterable[Call], *, finished: bool) -> list[str]:
        """Follow one process; return where it broke the order.

        Args:
            calls: Its calls, in order.
            finished: Whether it ended well: that too says that the work is done.
        """
        self.breaches, self.shown = [], False
        for call in calls:
            if call.done:
                self._take(call)
        if finished and not self.shown:
            self._show("the command ended")
        self.breaches += [f"the log of {_base(path)} went before it was synced" for path in self.without_log]
        return self.breaches

    def _take(self, call: Call) -> None:  # noqa: C901 - one branch for each kind of call
        if call.path == STDOUT:
            if not self.shown:
                self._show("something was shown")
            return
        if not any(lies_in(path, place) for path in call.paths for place in self.places):
            if call.name in SYNCS:
                self._sync(call.path)
            return
        if call.path.endswith(_HOLD_NOTHING):
            return
        if call.name in OPENS:
            self._open(call)
        elif call.name in WRITES:
            self.unsynced.add(call.path)
            self.empty.discard(call.path)
        elif call.name in SYNCS:
            self._sync(call.path)
        elif call.name.startswith(("rename", "link")):
            self._name(*call.paths, moves=call.name.startswith("rename"))
        elif call.name.startswith(("unlink", "rmdir")):
            self._remove(call.path)
        elif call.name.startswith("mkdir"):
            self._enter(call.path)

    def _open(self, call: Call) -> None:
        if "O_CREAT" in call.flags and call.path not in self.known:
            self._enter(call.path)
            self.empty.add(call.path)
        if "O_TRUNC" in call.flags:
            self.unsynced.add(call.path)

    def _enter(self, path: str) -> None:
        self.known.add(path)
        self.entries.add(path)

    def _sync(self, path: str) -> None:
        self.unsynced.discard(path)
        self.entries = {entry for entry in self.entries if os.path.dirname(entry) != path}

    def _name(self, old: str, new: str, *, moves: bool) -> None:
        if old in self.unsynced:
            self.breaches.append(f"{_base(new)} got its name before its content was synced")
        self.unsynced.discard(new)
        if moves:
            self._remove(old)
        self._enter(new)

    def _remove(self, path: str) -> None:
        if path.endswith(_WAL) and path.removesuffix(_WAL) in self.unsynced:
            self.without_log.add(path.removesuffix(_WAL))
        for names in (self.known, self.unsynced, self.entries, self.without_log):
            names.discard(path)

    def _show(self, when: str) -> None:
        self.shown = True
        logged = {path.removesuffix(_WAL) for path in self.known if path.endswith(_WAL)}
        self.breaches += [
            f"{when} before {_base(path)} was synced" for path in sorted(self.unsynced - logged)
        ]
        self.breaches += [
            f"{when} before the folder of {_base(path)} was synced"
            for path in sorted(self.entries - self.empty)
        ]


def _base(path: str) -> str:
    return os.path.basename(path)
