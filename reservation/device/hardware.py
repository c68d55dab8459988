"""What identifies this machine, read from Linux's /etc, /proc and /sys.

Facts go into keyed hashes only (`reservation.device.nodelock`); nothing here leaves the device. Whatever is
missing, unreadable or a manufacturer's placeholder is left out. Order is preference: on-board before USB,
then by name. Board serials are readable for root alone; for other users they are left out.

Paths are texts here: `device check` reads all this at every start, and `pathlib` takes longer to load than
the facts to be read.

Not handled: other operating systems (nothing is found there), TPM.
"""

import os
from collections.abc import Callable, Mapping

HardwareReader = Callable[[], Mapping[str, str]]
"""Component name ("machine id", "board serial", "disk sda", "MAC eth0", "CPU") → what identifies it."""

_MOST_CHARACTERS = 8192
_ETHERNET = "1"
_LOCALLY_ADMINISTERED = 0x02
_PLACEHOLDERS = frozenset(
    (
        "",
        "0123456789",
        "123456789",
        "1234567890",
        "base board serial number",
        "chassis serial number",
        "default string",
        "empty",
        "invalid",
        "n/a",
        "none",
        "not applicable",
        "not available",
        "not specified",
        "system serial number",
        "to be filled by o.e.m.",
        "uninitialized",
        "unknown",
    )
)
_CPU_KEYS = (
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "CPU implementer",
    "CPU architecture",
    "CPU variant",
    "CPU part",
    "CPU revision",
    "Serial",
)


def read_hardware(root: str | os.PathLike[str] = "/") -> dict[str, str]:
    """Return the identifying facts of this machine.

    Args:
        root: Where the file system starts; another folder in tests.
    """
    top = os.fspath(root).rstrip("/")
    facts = {
        "machine id": _first(f"{top}/etc/machine-id", f"{top}/var/lib/dbus/machine-id"),
        "board serial": _first(
            f"{top}/sys/class/dmi/id/board_serial",
            f"{top}/sys/class/dmi/id/product_serial",
            f"{top}/sys/class/dmi/id/product_uuid",
            f"{top}/proc/device-tree/serial-number",
        ),
        **_disks(f"{top}/sys/block"),
        **_network_cards(f"{top}/sys/class/net"),
        "CPU": _processor(f"{top}/proc/cpuinfo"),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _disks(folder: str) -> dict[str, str]:
    """Return serial, world wide name or card id of every fixed disk."""
    facts = {}
    for name in _built_in_first(folder):
        disk = f"{folder}/{name}"
        if _read(f"{disk}/removable") == "1" or _read(f"{disk}/hidden") == "1":
            continue
        places = ("serial", "device/serial", "wwid", "device/wwid", "device/cid")
        facts[f"disk {name}"] = _first(*(f"{disk}/{place}" for place in places))
    return facts


def _network_cards(folder: str) -> dict[str, str]:
    """Return the permanent MAC address of every physical Ethernet or Wi-Fi card."""
    facts = {f"MAC {name}": _permanent_address(f"{folder}/{name}") for name in _built_in_first(folder)}
    return {name: fact for name, fact in facts.items() if not _is_placeholder(fact)}


def _permanent_address(card: str) -> str:
    if _read(f"{card}/type") != _ETHERNET:
        return ""
    # A bond gives all its members one address and keeps the real one here.
    if kept := _read(f"{card}/bonding_slave/perm_hwaddr"):
        return kept.lower()
    address = _read(f"{card}/address").lower()
    assigned = _read(f"{card}/addr_assign_type")
    if assigned:
        return address if assigned == "0" else ""
    return "" if _is_locally_administered(address) else address


def _is_locally_administered(address: str) -> bool:
    try:
        return bool(int(address[:2], 16) & _LOCALLY_ADMINISTERED)
    except ValueError:
        return True


def _built_in_first(folder: str) -> list[str]:
    """Return the names of entries that stand for a physical device: those with a link to it."""
    try:
        names = [name for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}/device")]
    except OSError:
        return []
    return sorted(names, key=lambda name: ("/usb" in os.path.realpath(f"{folder}/{name}"), name))


def _processor(file: str) -> str:
    """Return model and stepping of the first processor, and its serial where the kernel tells one."""
    found: dict[str, str] = {}
    for line in _read(file).splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() in _CPU_KEYS:
            found.setdefault(key.strip(), value.strip())
    return "; ".join(f"{key}={found[key]}" for key in _CPU_KEYS if key in found)


def _first(*files: str) -> str:
    return next((fact for fact in map(_read, files) if not _is_placeholder(fact)), "")


def _is_placeholder(fact: str) -> bool:
    return fact.lower() in _PLACEHOLDERS or len(set(fact) - {"-", ":", "."}) <= 1


def _read(file: str) -> str:
    """Return the beginning of a file as text, or nothing when it cannot be read."""
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read(_MOST_CHARACTERS).strip(" \t\r\n\0")
    except OSError:
        return ""
