"""The state file: every value survives, every damage is noticed, a newer version is named."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

import pytest

from codec.codes import Request
from codec.envelope import VerifiedCode
from reservation.device.journal import JournalEntry
from reservation.device.own_codes import own_request
from reservation.device.state import Installed, Reservation, State
from reservation.device.stateform import VERSION, parse, render
from reservation.errors import NewerStateError, StateDamagedError
from tests.reservation.device.far_side import Bench


def sealed(form: dict[str, object]) -> bytes:
    """Return a file with a right checksum over any content."""
    content = json.dumps(form, indent=1).encode().removesuffix(b"\n}")
    return content + b',\n"checksum": "%s"}\n' % sha256(content).hexdigest().encode()


def form_of(content: bytes) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(content)
    del form["checksum"]
    return form


@pytest.fixture
def states(bench: Bench) -> list[bytes]:
    """The state file after each step of a life."""
    device = bench.initialise()
    found = [bench.files["state.json"]]
    request = device.request().code
    found.append(bench.files["state.json"])
    for number in (1, 2):
        device.install(bench.vendor.authorize(request, number=number))
        found.append(bench.files["state.json"])
    device.give_back()
    found.append(bench.files["state.json"])
    device.request()
    return [*found, bench.files["state.json"]]


def test_every_state_of_a_life_survives(states: list[bytes]) -> None:
    assert len(set(states)) == 6
    for content in states:
        assert render(parse(content)) == content


def test_a_state_file_is_json_with_a_version(states: list[bytes]) -> None:
    form = json.loads(states[-1])
    assert form["version"] == VERSION == 1
    assert list(form)[-1] == "checksum"


def test_every_truncation_is_noticed(states: list[bytes]) -> None:
    for length in range(len(states[0])):
        with pytest.raises(StateDamagedError) as caught:
            parse(states[0][:length])
        assert caught.value.code == "state-damaged"


def test_every_flipped_bit_is_noticed(states: list[bytes]) -> None:
    content = states[0]
    for position in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[position] ^= 1 << bit
            with pytest.raises(StateDamagedError) as caught:
                parse(bytes(flipped))
            assert caught.value.code == "state-damaged"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content + b"\n", id="a byte at the end"),
        pytest.param(lambda content: b" " + content, id="a byte at the beginning"),
        pytest.param(lambda content: content + content, id="doubled"),
        pytest.param(lambda content: content.replace(b"\n", b"\r\n"), id="other line ends"),
        pytest.param(lambda content: bytes(len(content)), id="zeros, as after a power cut"),
        pytest.param(lambda content: content[:512] + bytes(512) + content[1024:], id="a lost sector"),
        pytest.param(lambda content: json.dumps(json.loads(content)).encode(), id="saved by another program"),
    ],
)
def test_usual_damage_is_noticed_and_left_as_it_is(bench: Bench, damage: Callable[[bytes], bytes]) -> None:
    bench.reserved()
    path = bench.home / "state.json"
    path.write_bytes(damage(path.read_bytes()))
    before = bench.files
    with pytest.raises(StateDamagedError) as caught:
        bench.open()
    assert "backup" in caught.value.hint
    assert "rehost" in caught.value.hint
    with pytest.raises(StateDamagedError):
        bench.initialise()
    assert bench.files == before


def test_a_newer_version_is_named_and_left_as_it_is(bench: Bench) -> None:
    bench.initialise()
    path = bench.home / "state.json"
    path.write_bytes(sealed(form_of(path.read_bytes()) | {"version": 2, "something": "new"}))
    before = bench.files
    with pytest.raises(NewerStateError) as caught:
        bench.open()
    assert "version 2" in caught.value.message
    assert "newer version of Tallystick" in caught.value.hint
    assert bench.files == before


WRONG_MEMBERS: dict[str, tuple[object, ...]] = {
    "udi": (None, 7, "x", [], {}),
    "device_key": (None, 7, "x", "00", []),
    "lock": (None, 7, "x", [], {}),
    "matches_asked": (-1, "3", True),
    "trust": (None, 7, []),
    "portal_id": (7, "00", "x"),
    "journal": (None, 7, "x", {}, [None], [[]], [{}]),
    "reservations": (None, 7, "x", {}, [None], [[]], [{}]),
    "catalogue": (None, 7, "x", {}, [None], [1]),
}


@pytest.mark.parametrize(
    ("member", "value"), [(member, value) for member, values in WRONG_MEMBERS.items() for value in values]
)
def test_a_whole_file_with_a_wrong_member_is_damaged(states: list[bytes], member: str, value: object) -> None:
    with pytest.raises(StateDamagedError):
        parse(sealed(form_of(states[2]) | {member: value}))


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:00-23:59", "2026-03-02T03:00:00", "0001-01-01T00:00:00+23:59"]
)
@pytest.mark.parametrize("member", ["issued_at", "installed_at"])
def test_a_moment_that_no_device_writes_is_damage(states: list[bytes], member: str, moment: str) -> None:
    form = form_of(next(state for state in states if b'"issued_at"' in state))
    form["reservations"][-1]["installed"][member] = moment
    with pytest.raises(StateDamagedError):
        parse(sealed(form))


@pytest.mark.parametrize("member", ["format", "version", "udi", "lock", "root", "portal_id", "matches_asked"])
def test_a_whole_file_without_a_member_is_damaged(states: list[bytes], member: str) -> None:
    form = form_of(states[2])
    del form[member]
    with pytest.raises(StateDamagedError):
        parse(sealed(form))


@pytest.mark.parametrize(
    "content",
    [b"[]", b"1", b'"text"', b"null", b"{}", b"nonsense", b'{"a": ' + b"[" * 200_000 + b"]" * 200_000],
    ids=lambda content: content[:9],
)
def test_a_sealed_file_of_something_else_is_damaged(content: bytes) -> None:
    with pytest.raises(StateDamagedError):
        parse(content + b',\n"checksum": "%s"}\n' % sha256(content).hexdigest().encode())


# --- states that contradict themselves ---------------------------------------------------------


def without_an_entry(state: State) -> State:
    return replace(state, journal=state.journal[1:])


def with_a_forged_entry(state: State) -> State:
    entry: JournalEntry = replace(state.journal[0], id=bytes(32))
    return replace(state, journal=(entry, *state.journal[1:]))


def with_two_live_reservations(state: State) -> State:
    return replace(state, reservations=(Reservation(1), *state.reservations))


def with_a_request_that_is_none(state: State) -> State:
    return replace(state, reservations=(replace(state.reservations[0], request=2),))


def with_a_return_that_is_not_there(state: State) -> State:
    return replace(state, reservations=(replace(state.reservations[0], returned=9),))


def without_its_portal(state: State) -> State:
    return replace(state, portal_id=None)


def with_a_confirmation_before_its_request(state: State) -> State:
    installed = state.reservations[0].installed
    assert installed
    reservation = Reservation(1, replace(installed, confirmation=0))
    return replace(state, reservations=(reservation,))


CONTRADICTIONS = [
    without_an_entry,
    with_a_forged_entry,
    with_two_live_reservations,
    with_a_request_that_is_none,
    with_a_return_that_is_not_there,
    without_its_portal,
    with_a_confirmation_before_its_request,
]


@pytest.mark.parametrize("contradict", CONTRADICTIONS, ids=lambda contradict: contradict.__name__)
def test_a_state_that_contradicts_itself_is_damaged(
    states: list[bytes], contradict: Callable[[State], State]
) -> None:
    with pytest.raises(StateDamagedError):
        parse(render(contradict(parse(states[2]))))


# --- whole files whose codes do not hold -------------------------------------------------------


def request_in(state: State) -> VerifiedCode[Request]:
    return own_request(state, state.reservations[0])


def with_more_lines(bench: Bench, state: State) -> State:
    """Swap in an authorization of the same sequence that somebody else signed."""
    live = state.reservations[0]
    assert live.installed
    stranger = bench.vendor.with_issuer("stranger").authorize(request_in(state))
    return with_installed(state, replace(live.installed, text=stranger.text))


def with_another_issuer(bench: Bench, state: State) -> State:
    live = state.reservations[0]
    assert live.installed
    issuer = bench.vendor.with_issuer("stranger").issuer.verifying_key.raw
    return with_installed(state, replace(live.installed, issuer=issuer))


def with_another_authorization(bench: Bench, state: State) -> State:
    live = state.reservations[0]
    assert live.installed
    other = bench.vendor.authorize(request_in(state), number=2)
    return with_installed(state, replace(live.installed, text=other.text))


def with_another_device_key(_bench: Bench, state: State) -> State:
    return replace(state, device_key=state.root)


def without_its_catalogue(_bench: Bench, state: State) -> State:
    return replace(state, catalogue=())


def with_installed(state: State, installed: Installed) -> State:
    return replace(state, reservations=(replace(state.reservations[0], installed=installed),))


TAMPERINGS = [
    with_more_lines,
    with_another_issuer,
    with_another_authorization,
    with_another_device_key,
    without_its_catalogue,
]


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_an_edited_state_licenses_nothing(bench: Bench, tamper: Callable[[Bench, State], State]) -> None:
    """Whoever may write the file can seal it again, but cannot sign for the issuer."""
    bench.reserved()
    path = bench.home / "state.json"
    path.write_bytes(render(tamper(bench, parse(path.read_bytes()))))
    with pytest.raises(StateDamagedError):
        bench.open()


def test_an_edited_trust_code_is_not_blamed_on_the_authorization(bench: Bench) -> None:
    device = bench.initialise()
    authorization = bench.vendor.authorize(device.request().code)
    path = bench.home / "state.json"
    path.write_bytes(render(replace(parse(path.read_bytes()), root=bench.vendor.issuer.verifying_key.raw)))
    with pytest.raises(StateDamagedError):
        bench.open().read(authorization.text)


def test_no_member_is_forgotten(states: list[bytes]) -> None:
    """A field that is added to the state must be written, too."""
    full = parse(states[-1])
    members = set(json.loads(states[-1])) - {"format", "version", "checksum"}
    assert members == {field.name for field in fields(full)}
