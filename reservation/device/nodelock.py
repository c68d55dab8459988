"""The node lock: which hardware a reservation is bound to, without telling anybody what hardware that is.

A sketch is a list of 24-bit hashes of hardware components: the first 3 bytes of BLAKE2b (RFC 7693) over
``kind NUL fact``, keyed with a random salt that never leaves the device. So nobody can guess a MAC address
from a request code. k of the n components must match; a replaced network card does not end a licence, and a
copied folder on another machine does not work.

Network cards and disks are looked for by what they are, not by what the system calls them today: an ``eth0``
that became ``eth1`` is still there. A component that cannot be read counts as one that does not match.

Not handled: virtual machines cloned with all their identifiers look like one machine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from codec.codes import Sketch
from codec.hashes import keyed_blake2b
from reservation.errors import HardwareChangedError, SetupError

SALT_BYTES = 32
#: Components in a sketch, at most: each costs 24 bits of every request.
MOST_COMPONENTS = 5
_MARK_BYTES = 3
# Machines have several of these, under names that change.
_NUMBERED_KINDS = ("MAC", "disk")


@dataclass(frozen=True, slots=True)
class Component:
    """One component: what a person calls it, and its 24-bit keyed hash."""

    name: str
    mark: int


@dataclass(frozen=True, slots=True)
class NodeLock:
    """The components of one reservation, and how many of them must match. No components: no lock."""

    salt: bytes
    components: tuple[Component, ...]
    required: int

    @property
    def sketch(self) -> Sketch:
        """The sketch as a request carries it."""
        return Sketch(tuple(component.mark for component in self.components), self.required)


class HardwareMatch(NamedTuple):
    """How the present hardware compares with a node lock.

    Attributes:
        matched: Names of the components that are there.
        changed: Names of components that are there with another identity.
        unseen: Names of components of which nothing can be read.
        required: How many must match.
    """

    matched: tuple[str, ...]
    changed: tuple[str, ...]
    unseen: tuple[str, ...]
    required: int

    @property
    def holds(self) -> bool:
        """Whether enough components match."""
        return len(self.matched) >= self.required

    @property
    def notes(self) -> tuple[str, ...]:
        """What differs, in sentences."""
        if not self.changed and not self.unseen:
            return ()
        return (f"{self._differences} {self._count}",)

    @property
    def _differences(self) -> str:
        parts = []
        if self.changed:
            parts.append(f"Changed: {', '.join(self.changed)}.")
        if self.unseen:
            parts.append(f"Not found, or not readable for this user: {', '.join(self.unseen)}.")
        return " ".join(parts)

    @property
    def _count(self) -> str:
        known = len(self.matched) + len(self.changed) + len(self.unseen)
        return f"{len(self.matched)} of {known} components match; {self.required} must."

    def require(self) -> None:
        """Return when enough components match.

        Raises:
            HardwareChangedError: When they do not; names those that changed.
        """
        if not self.holds:
            raise HardwareChangedError(
                f"This is not the hardware that the reservation was requested on. {self._differences} "
                f"{self._count}",
                hint="If this folder was copied here, initialise this machine as a device of its own. If the "
                "machine was repaired, give the reservation back (`tallystick device return`) and request it "
                "again.",
            )


def make_lock(facts: Mapping[str, str], salt: bytes, asked: int | None) -> NodeLock:
    """Bind to the present hardware.

    Args:
        facts: Component name → what identifies it, in the order of preference.
        salt: 32 random bytes.
        asked: How many components must match; None for the default (3 of 5, or three fifths, rounded up);
            0 for no lock at all.

    Raises:
        SetupError: When fewer components are there than must match.
    """
    chosen = () if asked == 0 else tuple(_chosen(facts))
    required = -(-3 * len(chosen) // 5) if asked is None else asked
    if asked is None and not chosen:
        raise SetupError(
            "This machine shows no hardware component to bind the reservation to: no machine id, board "
            "serial, disk serial or network address could be read.",
            hint="Run the command as a user who can read them, or give `--match 0`: then a copy of this "
            "folder works on any machine, and a portal may refuse its request.",
        )
    if not 0 <= required <= len(chosen):
        raise SetupError(
            f"{required} hardware components cannot be required to match: this machine shows {len(chosen)} "
            f"({', '.join(chosen) or 'none'}).",
            hint=f"Give `--match` a number from 0 to {len(chosen)}.",
        )
    return NodeLock(salt, tuple(Component(name, _mark(name, facts[name], salt)) for name in chosen), required)


def compare(lock: NodeLock, facts: Mapping[str, str]) -> HardwareMatch:
    """Compare the present hardware with a lock."""
    present = {_mark(name, fact, lock.salt) for name, fact in facts.items()}
    kinds = {_kind_of(name) for name in facts}
    matched = [component for component in lock.components if component.mark in present]
    others = [component for component in lock.components if component.mark not in present]
    return HardwareMatch(
        matched=tuple(component.name for component in matched),
        changed=tuple(component.name for component in others if _kind_of(component.name) in kinds),
        unseen=tuple(component.name for component in others if _kind_of(component.name) not in kinds),
        required=lock.required,
    )


def _chosen(facts: Mapping[str, str]) -> Iterator[str]:
    """Yield the names to use: the first of every kind, then the second of every kind, …"""
    places: dict[str, int] = {}
    ranked: list[tuple[int, str]] = []
    seen: set[tuple[str, str]] = set()
    for name, fact in facts.items():
        kind = _kind_of(name)
        if (kind, fact) in seen:
            continue  # one thing under two names
        seen.add((kind, fact))
        ranked.append((places.get(kind, 0), name))
        places[kind] = places.get(kind, 0) + 1
    ranked.sort(key=lambda item: item[0])
    yield from (name for _, name in ranked[:MOST_COMPONENTS])


def _kind_of(name: str) -> str:
    kind = name.partition(" ")[0]
    return kind if kind in _NUMBERED_KINDS else name


def _mark(name: str, fact: str, salt: bytes) -> int:
    message = f"{_kind_of(name)}\0{fact}".encode()
    return int.from_bytes(keyed_blake2b(message, salt)[:_MARK_BYTES], "big")
