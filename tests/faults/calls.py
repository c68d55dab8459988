"""System calls as strace recorded them, and which of them can leave something behind.

Scope: calls of one process on named files. A log line is parsed into a `Call`; a line that is neither a call
nor the process's end is an error, so nothing is overlooked. Calls are numbered as strace numbers them when it
injects a fault: by name, from 1, whatever file they are about.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

#: Calls that change files, or make changes durable. The last two open, and write also to stdout.
OF_PATHS = (
    "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
    "truncate", "symlink", "symlinkat", "chmod", "fchmodat", "chown", "open", "creat", "openat",
)  # fmt: skip
OF_DESCRIPTORS = (
    "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "fchmod", "fchown", "flock",
    "copy_file_range", "sendfile", "writev", "pwritev", "pwritev2", "pwrite64", "write",
)  # fmt: skip
TRACED = (*OF_PATHS, *OF_DESCRIPTORS)
WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "fallocate", "truncate"}
SYNCS = {"fsync", "fdatasync"}
OPENS = {"open", "creat", "openat"}
STDOUT = "stdout"

_LINE = re.compile(
    r"(?P<process>\d+ +)?(?P<name>\w+)\("
    r"(?P<arguments>.*?)(?: <unfinished \.\.\.>|\) += (?P<result>\?|-?\d+).*)?",
    re.DOTALL,
)
# What another process or thread did in the meantime stands between the two halves of a call.
_RESUMED = re.compile(
    r"(?P<process>\d+ +)?<\.\.\. (?P<name>\w+) resumed>.*?\) += (?P<result>\?|-?\d+).*", re.DOTALL
)
_END = re.compile(r"(?:\d+ +)?(\+\+\+ (exited with|killed by) .*|--- (SIG|stopped by SIG).* ---)")
_DESCRIPTOR = re.compile(r"(\d+)<([^>]*)>")
_QUOTED = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, )?"(?P<name>[^"]*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One system call.

    Attributes:
        name: Of the call.
        count: How many calls of this name there were, this one included.
        paths: The files that it is about, absolute; `STDOUT` for standard output.
        flags: What else was said, as strace writes it.
        done: Whether it succeeded.
    """

    name: str
    count: int
    paths: tuple[str, ...]
    flags: str
    done: bool

    @property
    def path(self) -> str:
        """The file that the call is about; of two, the one that it makes."""
        return self.paths[-1] if self.paths else ""

    def __str__(self) -> str:
        return (
            f"{self.name} number {self.count} ({' → '.join(os.path.basename(path) for path in self.paths)})"
        )


def parse(lines: Iterable[str], folder: str) -> tuple[Call, ...]:
    """Return the calls of a log.

    Args:
        lines: The log.
        folder: Where the process ran, for names that are relative.

    Raises:
        ValueError: For a line that is not understood.
    """
    counts: Counter[str] = Counter()
    calls: list[Call] = []
    begun: dict[tuple[str | None, str], int] = {}
    for line in lines:
        text = line.rstrip("\n")
        if _END.fullmatch(text):
            continue
        resumed = _RESUMED.fullmatch(text)
        if resumed and (resumed["process"], resumed["name"]) in begun:
            number = begun.pop((resumed["process"], resumed["name"]))
            calls[number] = replace(calls[number], done=_is_done(resumed["result"]))
            continue
        found = _LINE.fullmatch(text)
        if not found:
            raise ValueError(f"strace wrote a line that is not understood: {text!r}")
        name, arguments = found["name"], found["arguments"]
        counts[name] += 1
        if found["result"] is None:
            begun[found["process"], name] = len(calls)
        paths = _paths(name, arguments, folder)
        calls.append(Call(name, counts[name], paths, arguments, _is_done(found["result"])))
    return tuple(calls)


def _is_done(result: str | None) -> bool:
    return bool(result) and result != "?" and int(result or -1) >= 0


def _paths(name: str, arguments: str, folder: str) -> tuple[str, ...]:
    if name in OF_DESCRIPTORS:
        found = _DESCRIPTOR.match(arguments)
        return () if not found else (STDOUT if found[1] == "1" else found[2],)
    return tuple(
        os.path.normpath(os.path.join(found["folder"] or folder, found["name"]))
        for found in _QUOTED.finditer(arguments)
    )


def opens_to_change(call: Call) -> bool:
    """Tell whether a call opens a file for more than reading, or a folder for syncing it."""
    return call.name in OPENS and bool(re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|DIRECTORY)", call.flags))


def durable_calls(calls: Sequence[Call], places: Sequence[str]) -> tuple[Call, ...]:
    """Return the calls that could leave something behind in some folders, and those that show something."""
    return tuple(
        call
        for call in calls
        if (call.path == STDOUT or any(lies_in(path, place) for path in call.paths for place in places))
        and (call.name not in OPENS or opens_to_change(call))
    )


def lies_in(path: str, place: str) -> bool:
    """Tell whether a path is a folder or lies in it, or is one above it that is made for it."""
    return path == place or path.startswith(place + "/")


def ends_of_runs(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Leave out of each run of equal calls on one file of SQLite all but the first and the last.

    Between two syncs, SQLite's recovery makes no difference between them: frames of the write-ahead log
    count only once the frame that commits is whole, pages of the database are written again from the log
    until it is gone, and the shared-memory index is made anew. What any of them leaves is what the first or
    the last leaves.
    """
    kept = []
    for place, call in enumerate(calls):
        same_before = place > 0 and _alike(calls[place - 1], call)
        same_after = place + 1 < len(calls) and _alike(call, calls[place + 1])
        if not (same_before and same_after):
            kept.append(call)
    return tuple(kept)


def _alike(one: Call, other: Call) -> bool:
    return one.name == other.name == "pwrite64" and one.paths == other.paths
