"""The node lock: k of n, named components, and nothing that tells what the hardware is."""

import pytest

from reservation.device.nodelock import HardwareMatch, compare, make_lock
from reservation.errors import HardwareChangedError, SetupError
from tests.reservation.device.far_side import FACTS, OTHER_FACTS, START, Bench

SALT = bytes(range(32))


@pytest.mark.parametrize(("components", "required"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_three_fifths_must_match_unless_told_otherwise(components: int, required: int) -> None:
    facts = dict(list(FACTS.items())[:components])
    lock = make_lock(facts, SALT, None)
    assert (len(lock.components), lock.required) == (components, required)


@pytest.mark.parametrize("changed", range(6))
def test_k_of_n_must_match(changed: int) -> None:
    lock = make_lock(FACTS, SALT, None)
    others = dict(list(OTHER_FACTS.items())[:changed])
    match = compare(lock, FACTS | others)
    assert match.holds is (changed <= 2)
    assert match.changed == tuple(others)


def test_what_is_required_may_be_told() -> None:
    lock = make_lock(FACTS, SALT, 5)
    assert not compare(lock, FACTS | {"CPU": "another"}).holds


@pytest.mark.parametrize("asked", [6, -1])
def test_more_than_there_is_cannot_be_required(asked: int) -> None:
    with pytest.raises(SetupError) as caught:
        make_lock(FACTS, SALT, asked)
    assert "shows 5 (machine id, board serial, disk sda, MAC eth0, CPU)" in caught.value.message


def test_a_machine_that_shows_nothing_is_locked_only_on_demand() -> None:
    with pytest.raises(SetupError) as caught:
        make_lock({}, SALT, None)
    assert "--match 0" in caught.value.hint
    lock = make_lock({}, SALT, 0)
    assert compare(lock, OTHER_FACTS).holds


def test_no_lock_has_no_sketch() -> None:
    sketch = make_lock(FACTS, SALT, 0).sketch
    assert (sketch.components, sketch.required) == ((), 0)


def test_a_missing_component_counts_as_one_that_does_not_match() -> None:
    lock = make_lock(FACTS, SALT, None)
    few = {name: fact for name, fact in FACTS.items() if name in {"machine id", "CPU"}}
    match = compare(lock, few)
    assert match == HardwareMatch(("machine id", "CPU"), (), ("board serial", "disk sda", "MAC eth0"), 3)
    with pytest.raises(HardwareChangedError) as caught:
        match.require()
    assert "not readable for this user: board serial, disk sda, MAC eth0" in caught.value.message


@pytest.mark.parametrize(
    "renamed",
    [
        pytest.param({"MAC enp3s0": FACTS["MAC eth0"]}, id="network card"),
        pytest.param({"disk nvme0n1": FACTS["disk sda"]}, id="disk"),
    ],
)
def test_a_card_or_disk_is_known_under_any_name(renamed: dict[str, str]) -> None:
    lock = make_lock(FACTS, SALT, None)
    rest = {name: fact for name, fact in FACTS.items() if fact not in renamed.values()}
    assert compare(lock, rest | renamed).changed == compare(lock, rest | renamed).unseen == ()


def test_two_cards_may_change_places() -> None:
    facts = {"machine id": "m", "MAC eth0": "00:01", "MAC eth1": "00:02"}
    lock = make_lock(facts, SALT, None)
    swapped = {"machine id": "m", "MAC eth0": "00:02", "MAC eth1": "00:01"}
    assert len(compare(lock, swapped).matched) == 3


def test_a_fact_counts_for_its_own_kind_only() -> None:
    lock = make_lock({"machine id": "same", "board serial": "other"}, SALT, 1)
    assert not compare(lock, {"machine id": "changed", "board serial": "same"}).holds


def test_at_most_five_components_one_of_every_kind_first() -> None:
    many = {f"MAC eth{number}": f"00:0{number}" for number in range(6)}
    names = [component.name for component in make_lock(many | FACTS, SALT, None).components]
    assert names == ["MAC eth0", "machine id", "board serial", "disk sda", "CPU"]


def test_second_cards_fill_what_is_free() -> None:
    few = {"machine id": "m", "MAC eth0": "00:01", "MAC eth1": "00:02", "MAC eth2": "00:02"}
    names = [component.name for component in make_lock(few, SALT, None).components]
    assert names == ["machine id", "MAC eth0", "MAC eth1"]


def test_marks_are_24_bits_and_depend_on_the_salt() -> None:
    marks = make_lock(FACTS, SALT, None).sketch.components
    others = make_lock(FACTS, bytes(32), None).sketch.components
    assert all(0 <= mark < 1 << 24 for mark in marks)
    assert not set(marks) & set(others)


def test_the_sketch_is_a_published_function_of_salt_and_facts() -> None:
    """BLAKE2b keyed with the salt, over kind NUL fact; this is one of its values."""
    assert make_lock({"CPU": "x"}, SALT, None).sketch.components == (0x3A4573,)


# --- in a device -------------------------------------------------------------------------------


def test_each_request_has_a_salt_of_its_own(bench: Bench) -> None:
    device = bench.initialise()
    first = device.request().code.value.sketch
    device.cancel()
    second = device.request().code.value.sketch
    assert not set(first.components) & set(second.components)


def test_a_new_request_binds_to_the_hardware_of_its_day(bench: Bench) -> None:
    bench.reserved()
    bench.facts = dict(OTHER_FACTS)
    device = bench.open()
    device.give_back()
    device.install(bench.vendor.authorize(device.request().code))
    assert device.entitled("VPN", 10)
    bench.facts = dict(FACTS)
    assert not bench.open().entitled("VPN", 10)


def test_a_disk_image_does_not_become_many_devices(bench: Bench) -> None:
    """A folder that was initialised and copied before its first request is refused elsewhere."""
    bench.initialise()
    bench.facts = OTHER_FACTS
    before = bench.files
    with pytest.raises(HardwareChangedError) as caught:
        bench.open().request()
    assert "initialise the device here" in caught.value.hint
    assert bench.files == before


def test_a_repaired_machine_can_make_its_first_request(bench: Bench) -> None:
    bench.initialise()
    bench.facts["MAC eth0"] = "00:1b:21:00:00:01"
    bench.open().request()
    assert bench.open().status().hardware == ()


def test_the_match_asked_for_holds_for_every_request(bench: Bench) -> None:
    device = bench.initialise(match=2)
    assert device.request().code.value.sketch.required == 2
    device.cancel()
    assert device.request().code.value.sketch.required == 2
    device.cancel()
    bench.facts = {"machine id": "the only one"}
    with pytest.raises(SetupError):
        bench.open().request()


def test_without_a_lock_a_copy_works(bench: Bench) -> None:
    device = bench.initialise(match=0)
    device.install(bench.vendor.authorize(device.request().code, issued_at=START))
    bench.facts = OTHER_FACTS
    assert bench.open().entitled("VPN", 10)
