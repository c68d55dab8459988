"""What a recorded run did to files: its system calls, with all that they wrote, as effects on one folder.

Scope: calls of one process that change names, contents or sizes in a folder, make them durable, or show
something. A call that could change a file there and is not understood is an error, so nothing is overlooked;
`tests.power.history` compares what the effects come to with the real folder besides.

SQLite's shared-memory index (``-shm``) is left out: it is written through a mapping, without calls, and holds
nothing that lasts; whoever opens a database first after a start makes it anew. No other file may be mapped
for writing.
"""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.faults.calls import TRACED

SHARED_MEMORY = "-shm"
_LINE = re.compile(r"(?:\d+ +)?(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>\?|-?\w+)(?P<rest>.*)")
_END = re.compile(r"(?:\d+ +)?(\+\+\+ (exited with|killed by) .*|--- (SIG|stopped by SIG).* ---)")
_DESCRIPTOR = re.compile(r"(\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_CHANGE_NOTHING_THAT_LASTS = {"flock", "fchown", "chown", "sync_file_range"}


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that was done.

    Attributes:
        kind: ``create``, ``mkdir``, ``link``, ``rename``, ``unlink``, ``rmdir``, ``write``, ``truncate``,
            ``mode``, ``sync``, or ``show``.
        path: Of what, below the folder; "." is the folder itself.
        other: The new name of a link or rename.
        offset: Where something was written.
        content: What was written or shown.
        number: A length, or permissions.
    """

    kind: str
    path: str = ""
    other: str = ""
    offset: int = 0
    content: bytes = b""
    number: int = 0

    def __str__(self) -> str:
        return f"{self.kind} {self.path} {self.other or self.offset or ''}".rstrip()


def effects_of(log: str, folder: str, places: tuple[str, ...]) -> tuple[Effect, ...]:
    """Return the effects of a run.

    Args:
        log: What strace wrote with ``-f -y -xx``.
        folder: The folder below which names are told, and where the process ran; absolute.
        places: The folders in it that count.

    Raises:
        ValueError: For a line that is not understood, or a call whose effects are not.
    """
    reader = _Reader(folder, places)
    for line in log.splitlines():
        if not _END.fullmatch(line):
            reader.take(line)
    return tuple(reader.effects)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


class _Reader:
    """Reads calls one after the other, and remembers where each descriptor stands."""

    def __init__(self, folder: str, places: tuple[str, ...]) -> None:
        self.folder, self.places = folder, places
        self.effects: list[Effect] = []
        self._places: dict[str, int] = {}
        self._known: dict[str, Callable[[list[str], str], None]] = {
            "open": self._open, "openat": self._open, "creat": self._open,
            "write": self._write, "pwrite64": self._write_at, "ftruncate": self._truncate,
            "lseek": self._seek, "mmap": self._map, "close": self._close,
            "fsync": self._sync, "fdatasync": self._sync,
            "fchmod": self._mode, "chmod": self._mode, "fchmodat": self._mode,
            "unlink": self._unlink, "unlinkat": self._unlink, "rmdir": self._unlink,
            "mkdir": self._mkdir, "mkdirat": self._mkdir,
            "rename": self._name, "renameat": self._name, "renameat2": self._name,
            "link": self._name, "linkat": self._name,
        }  # fmt: skip

    def take(self, line: str) -> None:
        found = _LINE.fullmatch(line)
        if not found:
            raise ValueError(f"strace wrote a line that is not understood: {line[:200]!r}")
        name, arguments, result = found["name"], found["arguments"].split(", "), found["result"]
        if result == "?" or result.startswith("-"):
            return
        if name in self._known:
            self.name = name
            self._known[name](arguments, result + found["rest"])
        elif name not in _CHANGE_NOTHING_THAT_LASTS and self._is_about_us(arguments, name):
            raise ValueError(f"a call whose effect nobody knows: {line[:200]!r}")

    def _is_about_us(self, arguments: list[str], name: str) -> bool:
        return name in TRACED and any((*self._paths(arguments), *map(self._of, arguments)))

    def _paths(self, arguments: Iterable[str]) -> list[str]:
        """Return the names in arguments, below the folder; empty for those elsewhere."""
        paths, base = [], ""
        for argument in arguments:
            if argument.startswith("AT_FDCWD<") or (_DESCRIPTOR.fullmatch(argument) and not base):
                base = self._path(argument)
            elif found := _TEXT.fullmatch(argument):
                paths.append(self._below(os.path.join(base or self.folder, os.fsdecode(_bytes(found[1])))))
                base = ""
        return paths

    def _path(self, descriptor: str) -> str:
        found = _DESCRIPTOR.fullmatch(descriptor)
        if not found:
            return ""
        return "" if found[3] else os.fsdecode(_bytes(found[2]))

    def _of(self, descriptor: str) -> str:
        return self._below(self._path(descriptor))

    def _below(self, path: str) -> str:
        path = os.path.normpath(path) if path else ""
        if path.endswith(SHARED_MEMORY) or not (path + "/").startswith(self.folder + "/"):
            return ""
        name = os.path.relpath(path, self.folder)
        return name if name.split("/", 1)[0] in (".", *self.places) else ""

    def _add(self, kind: str, path: str, **more: int | bytes | str) -> None:
        if path:
            self.effects.append(Effect(kind, path, **more))  # type: ignore[arg-type]

    # --- calls, by what they do ---------------------------------------------------------------

    def _open(self, arguments: list[str], result: str) -> None:
        (path,) = self._paths(arguments)
        flags = next((one for one in arguments if one.startswith("O_")), "O_CREAT|O_WRONLY|O_TRUNC")
        self._places[result.partition("<")[0]] = 0
        if "O_APPEND" in flags and path:
            raise ValueError(f"{path} is appended to, which is not followed")
        if "O_CREAT" in flags:
            self._add("create", path, number=int(arguments[-1], 8))
        if "O_TRUNC" in flags:
            self._add("truncate", path, number=0)

    def _write(self, arguments: list[str], result: str) -> None:
        descriptor, written = arguments[0].partition("<")[0], int(result.split(maxsplit=1)[0])
        content = _content(arguments[1])[:written]
        if descriptor == "1":
            self.effects.append(Effect("show", content=content))
            return
        place = self._places.get(descriptor, 0)
        self._places[descriptor] = place + written
        self._add("write", self._of(arguments[0]), offset=place, content=content)

    def _write_at(self, arguments: list[str], result: str) -> None:
        content = _content(arguments[1])[: int(result.split(maxsplit=1)[0])]
        self._add("write", self._of(arguments[0]), offset=int(arguments[3]), content=content)

    def _truncate(self, arguments: list[str], _: str) -> None:
        self._add("truncate", self._of(arguments[0]), number=int(arguments[1]))

    def _seek(self, arguments: list[str], result: str) -> None:
        self._places[arguments[0].partition("<")[0]] = int(result.split(maxsplit=1)[0])

    def _map(self, arguments: list[str], _: str) -> None:
        path = self._of(arguments[4])
        if path and "PROT_WRITE" in arguments[2] and "MAP_SHARED" in arguments[3]:
            raise ValueError(f"{path} is mapped for writing, which leaves no calls behind")

    def _close(self, arguments: list[str], _: str) -> None:
        self._places.pop(arguments[0].partition("<")[0], None)

    def _sync(self, arguments: list[str], _: str) -> None:
        self._add("sync", self._of(arguments[0]))

    def _mode(self, arguments: list[str], _: str) -> None:
        path = self._of(arguments[0]) or next(iter(self._paths(arguments)), "")
        modes = next(one for one in reversed(arguments) if one.isdigit())
        self._add("mode", path, number=int(modes, 8))

    def _unlink(self, arguments: list[str], _: str) -> None:
        (path,) = self._paths(arguments)
        is_folder = self.name == "rmdir" or "AT_REMOVEDIR" in arguments
        self._add("rmdir" if is_folder else "unlink", path)

    def _mkdir(self, arguments: list[str], _: str) -> None:
        (path,) = self._paths(arguments)
        self._add("mkdir", path, number=int(arguments[-1], 8))

    def _name(self, arguments: list[str], _: str) -> None:
        old, new = self._paths(arguments)
        if bool(old) != bool(new):
            raise ValueError(f"{old or new} goes from one place to another")
        self._add("rename" if self.name.startswith("rename") else "link", old, other=new)


def _content(argument: str) -> bytes:
    found = _TEXT.fullmatch(argument)
    if not found:
        raise ValueError(f"strace cut a text short: {argument[:80]!r}")
    return _bytes(found[1])
