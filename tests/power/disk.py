"""A model of a disk: what of a folder is durable, and what a power cut could still take or let through.

What a cut leaves is chosen change by change (`Change`); any choice is a state that may be found afterwards.

- The content of a file is durable after fsync or fdatasync of that file. Until then each sector (512 bytes)
  of each write survives or not, by itself: a write is torn anywhere, and may survive an earlier one.
- A file may have grown without what was written there: its new part is then zeros or noise.
- An entry (made, linked, renamed, removed) is durable after fsync of its folder, not of its file. Until then
  any subset of the changes to a folder survives, each of them whole: a rename is never half.
- Permissions last with the content.

Not handled: sectors that lose what was durable in them, disks that do not do what fsync asks, writes that
end up elsewhere. What is written to a file after its last name was removed is not followed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.power.recording import Effect

SECTOR = 512
_UMASK = 0o022


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Something that survives a cut or does not.

    Attributes:
        kind: ``write``, ``grow``, ``truncate``, ``mode`` or ``entry``.
        source: The number of the effect that it came from; the pieces of one write have the same.
        offset: Where it was written.
        content: What was written.
        number: A length, or permissions.
        gone: The name that an entry's change takes away.
        name: The name that it gives.
        node: To what.
    """

    kind: str
    source: int
    offset: int = 0
    content: bytes = b""
    number: int = 0
    gone: str = ""
    name: str = ""
    node: "File | Folder | None" = None


@dataclass(slots=True, eq=False)
class File:
    """A file, whatever its names are."""

    mode: int
    durable: bytes = b""
    durable_mode: int = 0
    pending: list[Change] = field(default_factory=list)
    length: int = 0

    def write(self, effect: Effect, source: int) -> None:
        """Write, in pieces that end where sectors do."""
        end = effect.offset + len(effect.content)
        if end > self.length:
            self.pending.append(Change("grow", source, number=end))
            self.length = end
        place = effect.offset
        while place < end:
            until = min(end, (place // SECTOR + 1) * SECTOR)
            piece = effect.content[place - effect.offset : until - effect.offset]
            self.pending.append(Change("write", source, offset=place, content=piece))
            place = until

    def truncate(self, length: int, source: int) -> None:
        """Set the length."""
        if length != self.length:
            self.pending.append(Change("truncate", source, number=length))
            self.length = length

    def sync(self) -> None:
        """Make everything durable."""
        self.durable, self.durable_mode = self.content(set(self.pending), b"\0"), self.mode
        self.pending = []

    def content(self, kept: set[Change], filler: bytes) -> bytes:
        """Return the content when these changes survive; a part that nobody wrote is made of the filler."""
        if not any(change in kept for change in self.pending):
            return self.durable
        content = bytearray(self.durable)
        for change in self.pending:
            if change not in kept or change.kind == "mode":
                continue
            if change.kind == "truncate":
                del content[change.number :]
                content.extend(bytes(change.number - len(content)))
                continue
            end = max(change.number, change.offset)
            content.extend(filler * (end - len(content)))
            if change.content:
                content[change.offset : change.offset + len(change.content)] = change.content
        return bytes(content)

    def mode_when(self, kept: set[Change]) -> int:
        """Return the permissions when these changes survive."""
        modes = [change.number for change in self.pending if change.kind == "mode" and change in kept]
        return modes[-1] if modes else self.durable_mode


@dataclass(slots=True, eq=False)
class Folder:
    """A folder, with the entries that are durable and those that there are now."""

    durable: dict[str, "File | Folder"] = field(default_factory=dict)
    now: dict[str, "File | Folder"] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def change(
        self, source: int, *, gone: str = "", name: str = "", node: "File | Folder | None" = None
    ) -> None:
        """Take a name away, or give one, or both at once."""
        self.pending.append(Change("entry", source, gone=gone, name=name, node=node))
        _apply(self.now, self.pending[-1])

    def sync(self) -> None:
        """Make all entries durable."""
        self.durable, self.pending = dict(self.now), []

    def entries(self, kept: set[Change]) -> dict[str, "File | Folder"]:
        """Return the entries when these changes survive."""
        entries = dict(self.durable)
        for change in self.pending:
            if change in kept:
                _apply(entries, change)
        return entries


def _apply(entries: dict[str, "File | Folder"], change: Change) -> None:
    if change.gone:
        entries.pop(change.gone, None)
    if change.name and change.node is not None:
        entries[change.name] = change.node


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is found.

    Attributes:
        mode: Its permissions.
        content: What is in it.
        same: Its first name in the order of the alphabet, where this one is another.
    """

    mode: int
    content: bytes
    same: str = ""


#: What is found on a disk, by path; None for a folder.
State = dict[str, Found | None]


class Disk:
    """One folder on a disk."""

    def __init__(self) -> None:
        self.root = Folder()
        self.effects = 0

    @classmethod
    def of(cls, folder: Path, places: tuple[str, ...]) -> "Disk":
        """Return a disk on which some folders below a folder are durable as they are."""
        disk = cls()
        for path in sorted(one for place in places for one in [folder / place, *(folder / place).rglob("*")]):
            parent, name = disk._parent(str(path.relative_to(folder)))
            if path.is_dir():
                node: File | Folder = Folder()
            else:
                content, mode = path.read_bytes(), path.stat().st_mode & 0o777
                node = File(mode, content, mode, length=len(content))
            parent.now[name] = parent.durable[name] = node
        return disk

    # --- what is done -------------------------------------------------------------------------

    def take(self, effect: Effect) -> None:
        """Let an effect take place."""
        self.effects += 1
        source = self.effects
        if effect.kind == "sync":
            node = self._node(effect.path)
            if node:
                node.sync()
            return
        parent, name = self._parent(effect.path)
        node = parent.now.get(name)
        if effect.kind == "create" and node is None:
            mode = effect.number & ~_UMASK
            parent.change(source, name=name, node=File(mode, durable_mode=mode))
        elif effect.kind == "mkdir":
            parent.change(source, name=name, node=Folder())
        elif effect.kind in {"unlink", "rmdir"}:
            parent.change(source, gone=name)
        elif effect.kind in {"rename", "link"}:
            there, new = self._parent(effect.other)
            if there is not parent:
                raise ValueError(f"from folder to folder, which is not followed: {effect}")
            parent.change(source, gone=name if effect.kind == "rename" else "", name=new, node=node)
        elif isinstance(node, File):
            self._change_file(node, effect, source)

    @staticmethod
    def _change_file(node: File, effect: Effect, source: int) -> None:
        if effect.kind == "write":
            node.write(effect, source)
        elif effect.kind == "truncate":
            node.truncate(effect.number, source)
        elif effect.kind == "mode" and effect.number != node.mode:
            node.mode = effect.number
            node.pending.append(Change("mode", source, number=effect.number))

    def _parent(self, path: str) -> tuple[Folder, str]:
        *above, name = path.split("/")
        node = self.root
        for one in above:
            below = node.now[one]
            assert isinstance(below, Folder), path
            node = below
        return node, name

    def _node(self, path: str) -> "File | Folder | None":
        if path == ".":
            return self.root
        parent, name = self._parent(path)
        return parent.now.get(name)

    # --- what is left -------------------------------------------------------------------------

    def changes(self) -> list[Change]:
        """Return everything that could survive or not, in the order in which it was done."""
        found = [change for node in self._nodes() for change in node.pending]
        return sorted(found, key=lambda change: change.source)

    def _nodes(self) -> Iterator["File | Folder"]:
        """Return everything that has a name, had a durable one, or could have one after a cut."""
        seen: set[int] = set()
        left: list[File | Folder] = [self.root]
        while left:
            node = left.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            if isinstance(node, Folder):
                left += [*node.durable.values(), *node.now.values()]
                left += [change.node for change in node.pending if change.node is not None]

    def state(self, kept: set[Change], filler: bytes = b"\0") -> State:
        """Return what is there after a cut when these changes survive."""
        nodes: dict[str, File | Folder] = {}
        left: list[tuple[str, Folder]] = [("", self.root)]
        while left:
            above, folder = left.pop()
            for name, node in folder.entries(kept).items():
                nodes[above + name] = node
                if isinstance(node, Folder):
                    left.append((f"{above}{name}/", node))
        found: State = {}
        first: dict[int, str] = {}
        for path, node in sorted(nodes.items(), key=lambda one: one[0]):
            if isinstance(node, Folder):
                found[path] = None
                continue
            name = first.setdefault(id(node), path)
            content = node.content(kept, filler)
            found[path] = Found(node.mode_when(kept), content, name if name != path else "")
        return found

    def now(self) -> State:
        """Return what is there without a cut."""
        return self.state(set(self.changes()))


def found_in(folder: Path, places: tuple[str, ...], leave_out: str) -> State:
    """Return the state of some real folders below a folder, without files that end like this."""
    found: State = {}
    first: dict[int, str] = {}
    for path in sorted(one for place in places for one in [folder / place, *(folder / place).rglob("*")]):
        if path.name.endswith(leave_out):
            continue
        path_of, status = str(path.relative_to(folder)), path.stat()
        if path.is_dir():
            found[path_of] = None
            continue
        name = first.setdefault(status.st_ino, path_of)
        same = name if name != path_of else ""
        found[path_of] = Found(status.st_mode & 0o777, path.read_bytes(), same)
    return found


def put(state: State, folder: Path) -> None:
    """Make real files and folders of a state, below a folder where none of them is."""
    for name, found in sorted(state.items()):
        path = folder / name
        if found is None:
            path.mkdir()
        elif found.same:
            path.hardlink_to(folder / found.same)
        else:
            path.write_bytes(found.content)
            path.chmod(found.mode)
