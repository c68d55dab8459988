"""What identifies this machine, read from Linux's /etc, /proc and /sys.

Facts go into keyed hashes only (`reservation.device.nodelock`); nothing here leaves the device. Whatever is
missing, unreadable or a manufacturer's placeholder is left out. Order is preference: on-board before USB,
then by name. Board serials are readable for root alone; for other users they are left out.

Not handled: other operating systems (nothing is found there), TPM.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

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


def read_hardware(root: Path = Path("/")) -> dict[str, str]:
    """Return the identifying facts of this machine.

    Args:
        root: Where the file system starts; another folder in tests.
    """
    facts = {
        "machine id": _first(root / "etc/machine-id", root / "var/lib/dbus/machine-id"),
        "board serial": _first(
            root / "sys/class/dmi/id/board_serial",
            root / "sys/class/dmi/id/product_serial",
            root / "sys/class/dmi/id/product_uuid",
            root / "proc/device-tree/serial-number",
        ),
        **_disks(root / "sys/block"),
        **_network_cards(root / "sys/class/net"),
        "CPU": _processor(root / "proc/cpuinfo"),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _disks(folder: Path) -> dict[str, str]:
    """Return serial, world wide name or card id of every fixed disk."""
    facts = {}
    for disk in _built_in_first(folder):
        if _read(disk / "removable") == "1" or _read(disk / "hidden") == "1":
            continue
        names = ("serial", "device/serial", "wwid", "device/wwid", "device/cid")
        facts[f"disk {disk.name}"] = _first(*(disk / name for name in names))
    return facts


def _network_cards(folder: Path) -> dict[str, str]:
    """Return the permanent MAC address of every physical Ethernet or Wi-Fi card."""
    facts = {f"MAC {card.name}": _permanent_address(card) for card in _built_in_first(folder)}
    return {name: fact for name, fact in facts.items() if not _is_placeholder(fact)}


def _permanent_address(card: Path) -> str:
    if _read(card / "type") != _ETHERNET:
        return ""
    # A bond gives all its members one address and keeps the real one here.
    if kept := _read(card / "bonding_slave/perm_hwaddr"):
        return kept.lower()
    address = _read(card / "address").lower()
    assigned = _read(card / "addr_assign_type")
    if assigned:
        return address if assigned == "0" else ""
    return "" if _is_locally_administered(address) else address


def _is_locally_administered(address: str) -> bool:
    try:
        return bool(int(address[:2], 16) & _LOCALLY_ADMINISTERED)
    except ValueError:
        return True


def _built_in_first(folder: Path) -> list[Path]:
    """Return the entries that stand for a physical device: those with a link to it."""
    try:
        entries = [entry for entry in folder.iterdir() if (entry / "device").exists()]
    except OSError:
        return []
    return sorted(entries, key=lambda entry: ("/usb" in str(entry.resolve()), entry.name))


def _processor(file: Path) -> str:
    """Return model and stepping of the first processor, and its serial where the kernel tells one."""
    found: dict[str, str] = {}
    for line in _read(file).splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() in _CPU_KEYS:
            found.setdefault(key.strip(), value.strip())
    return "; ".join(f"{key}={found[key]}" for key in _CPU_KEYS if key in found)


def _first(*files: Path) -> str:
    return next((fact for fact in map(_read, files) if not _is_placeholder(fact)), "")


def _is_placeholder(fact: str) -> bool:
    return fact.lower() in _PLACEHOLDERS or len(set(fact) - {"-", ":", "."}) <= 1


def _read(file: Path) -> str:
    """Return the beginning of a file as text, or nothing when it cannot be read."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(_MOST_CHARACTERS).strip(" \t\r\n\0")
    except OSError:
        return ""
