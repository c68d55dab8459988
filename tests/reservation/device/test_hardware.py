"""What identifies a Linux machine, read from fake roots."""

from pathlib import Path

import pytest

from reservation.device.hardware import read_hardware

CPUINFO = """\
processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz
stepping\t: 7
microcode\t: {microcode}
cpu MHz\t\t: {megahertz}

processor\t: 1
vendor_id\t: GenuineIntel
model\t\t: 86
"""
PI_CPUINFO = """\
processor\t: 0
BogoMIPS\t: 108.00
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

Hardware\t: BCM2835
Revision\t: c03112
Serial\t\t: 10000000a1b2c3d4
"""


def put(root: Path, files: dict[str, str]) -> None:
    """Write files below a fake root."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def plug(root: Path, name: str, files: dict[str, str], *, bus: str = "pci0000:00") -> None:
    """Make a block device or network card that hangs on a bus, as sysfs shows it: by links."""
    kind, _, entry = name.partition("/")
    real = root / "sys/devices" / bus / kind / entry
    put(real, files)
    (real / "device").mkdir(exist_ok=True)
    place = root / "sys" / ("block" if kind == "block" else "class/net") / entry
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(real)


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A server with two disks, two cards, a virtual bridge and a USB stick."""
    put(
        tmp_path,
        {
            "etc/machine-id": "3d1219c7c4c5404aaa1f6d2a48adfda4\n",
            "sys/class/dmi/id/board_serial": "PF2C7Q3H\n",
            "sys/class/dmi/id/product_uuid": "4C4C4544-0042-3510-8052-B4C04F503332\n",
            "proc/cpuinfo": CPUINFO.format(microcode="0x5003605", megahertz="2900.000"),
            "sys/class/net/br0/address": "3a:11:22:33:44:55\n",
            "sys/class/net/br0/type": "1\n",
            "sys/class/net/lo/address": "00:00:00:00:00:00\n",
            "sys/class/net/lo/type": "772\n",
            "sys/block/loop0/size": "0\n",
        },
    )
    plug(tmp_path, "block/sdb", {"device/wwid": "naa.5002\n", "removable": "0\n"})
    plug(tmp_path, "block/sda", {"device/wwid": "naa.5001\n", "removable": "0\n"})
    plug(tmp_path, "block/sdc", {"device/wwid": "usb.stick\n", "removable": "1\n"}, bus="usb1")
    card = {"type": "1\n", "addr_assign_type": "0\n"}
    plug(tmp_path, "net/eno2", card | {"address": "B8:CA:3A:00:00:02\n"})
    plug(tmp_path, "net/eno1", card | {"address": "b8:ca:3a:00:00:01\n"})
    return tmp_path


def test_a_server_shows_its_parts_in_the_order_of_preference(server: Path) -> None:
    assert list(read_hardware(server).items()) == [
        ("machine id", "3d1219c7c4c5404aaa1f6d2a48adfda4"),
        ("board serial", "PF2C7Q3H"),
        ("disk sda", "naa.5001"),
        ("disk sdb", "naa.5002"),
        ("MAC eno1", "b8:ca:3a:00:00:01"),
        ("MAC eno2", "b8:ca:3a:00:00:02"),
        (
            "CPU",
            "vendor_id=GenuineIntel; cpu family=6; model=85; "
            "model name=Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz; stepping=7",
        ),
    ]


def test_microcode_and_clock_rate_do_not_matter(server: Path) -> None:
    before = read_hardware(server)
    put(server, {"proc/cpuinfo": CPUINFO.format(microcode="0x5003707", megahertz="1200.000")})
    assert read_hardware(server) == before


def test_nothing_at_all_is_no_error(tmp_path: Path) -> None:
    assert read_hardware(tmp_path) == {}


def test_unreadable_entries_are_left_out(server: Path) -> None:
    """A folder in place of a file fails to read for every user, root too."""
    for name in ("etc/machine-id", "proc/cpuinfo", "sys/class/dmi/id/board_serial"):
        (server / name).unlink()
        (server / name).mkdir()
    found = read_hardware(server)
    assert "machine id" not in found
    assert "CPU" not in found
    assert found["board serial"] == "4C4C4544-0042-3510-8052-B4C04F503332"


@pytest.mark.parametrize(
    "placeholder", ["To Be Filled By O.E.M.", "Default string", "None", "0123456789", "00000000", "", "  "]
)
def test_a_manufacturers_placeholder_is_no_serial(server: Path, placeholder: str) -> None:
    put(server, {"sys/class/dmi/id/board_serial": placeholder + "\n"})
    assert read_hardware(server)["board serial"] == "4C4C4544-0042-3510-8052-B4C04F503332"


@pytest.mark.parametrize(
    ("files", "address"),
    [
        pytest.param(
            {"address": "52:54:00:12:34:56", "addr_assign_type": "0"}, True, id="a virtual machine's"
        ),
        pytest.param({"address": "b8:ca:3a:00:00:09", "addr_assign_type": "1"}, False, id="random"),
        pytest.param({"address": "b8:ca:3a:00:00:09", "addr_assign_type": "3"}, False, id="set by hand"),
        pytest.param({"address": "b8:ca:3a:00:00:09"}, True, id="not told, universal"),
        pytest.param({"address": "52:54:00:12:34:56"}, False, id="not told, local"),
        pytest.param({"address": "nonsense"}, False, id="nonsense"),
        pytest.param({"address": "00:00:00:00:00:00", "addr_assign_type": "0"}, False, id="zeros"),
        pytest.param(
            {"address": "b8:ca:3a:00:00:09", "addr_assign_type": "0", "type": "32"}, False, id="InfiniBand"
        ),
    ],
)
def test_only_permanent_addresses_count(tmp_path: Path, files: dict[str, str], address: bool) -> None:
    plug(tmp_path, "net/eth0", {"type": "1"} | files)
    assert ("MAC eth0" in read_hardware(tmp_path)) is address


def test_a_member_of_a_bond_shows_its_own_address(tmp_path: Path) -> None:
    files = {"type": "1", "addr_assign_type": "3", "address": "b8:ca:3a:00:00:01"}
    plug(tmp_path, "net/eth0", files | {"bonding_slave/perm_hwaddr": "B8:CA:3A:00:00:07"})
    assert read_hardware(tmp_path) == {"MAC eth0": "b8:ca:3a:00:00:07"}


def test_what_hangs_on_usb_comes_last(tmp_path: Path) -> None:
    card = {"type": "1", "addr_assign_type": "0"}
    plug(tmp_path, "net/enp1s0u1", card | {"address": "b8:ca:3a:00:00:01"}, bus="pci0000:00/usb1")
    plug(tmp_path, "net/enp9s0", card | {"address": "b8:ca:3a:00:00:02"})
    plug(tmp_path, "block/sda", {"device/wwid": "usb.disk"}, bus="pci0000:00/usb2")
    plug(tmp_path, "block/sdb", {"device/wwid": "naa.5001"})
    assert list(read_hardware(tmp_path)) == ["disk sdb", "disk sda", "MAC enp9s0", "MAC enp1s0u1"]


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("serial", id="virtio"),
        pytest.param("device/serial", id="NVMe"),
        pytest.param("wwid", id="NVMe, wide name"),
        pytest.param("device/wwid", id="SCSI and SATA"),
        pytest.param("device/cid", id="eMMC"),
    ],
)
def test_a_disk_is_known_by_whatever_it_tells(tmp_path: Path, file: str) -> None:
    plug(tmp_path, "block/disk0", {file: "S5H9NS0N"})
    assert read_hardware(tmp_path) == {"disk disk0": "S5H9NS0N"}


def test_a_second_path_to_a_disk_is_left_out(tmp_path: Path) -> None:
    plug(tmp_path, "block/nvme0c0n1", {"wwid": "eui.0025", "hidden": "1"})
    assert read_hardware(tmp_path) == {}


def test_a_small_board_shows_serials_of_board_and_processor(tmp_path: Path) -> None:
    put(tmp_path, {"proc/device-tree/serial-number": "10000000a1b2c3d4\0", "proc/cpuinfo": PI_CPUINFO})
    assert read_hardware(tmp_path) == {
        "board serial": "10000000a1b2c3d4",
        "CPU": "CPU implementer=0x41; CPU architecture=8; CPU variant=0x0; CPU part=0xd08; CPU revision=3; "
        "Serial=10000000a1b2c3d4",
    }


def test_an_older_place_of_the_machine_id(tmp_path: Path) -> None:
    put(tmp_path, {"etc/machine-id": "uninitialized\n", "var/lib/dbus/machine-id": "3d1219c7\n"})
    assert read_hardware(tmp_path) == {"machine id": "3d1219c7"}


def test_bytes_that_are_no_text_are_read_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, {"etc/machine-id": ""})
    (tmp_path / "etc/machine-id").write_bytes(b"\xff\xfe\x00abc\n")
    assert "machine id" in read_hardware(tmp_path)


def test_this_machine_can_be_read() -> None:
    assert all(name and fact for name, fact in read_hardware().items())
