"""A device in each state of the table, each code for it, and the check of one row.

The portal on the other side is one that issues whatever a row needs, also what no honest portal would.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from codec.codes import Confirmation, Evidence, Line, Request, Return, ReturnReason, Sequence, Term
from codec.envelope import (
    VerifiedCode,
    long_hint,
    require_kind,
    sign_confirmation,
    sign_return,
    sign_trust,
    to_text,
    verify_request,
)
from codec.reading import receive
from codec.short import Installed, short_of
from reservation.device.own_codes import present_trust
from reservation.device.state import Standing, State
from reservation.device.stateform import parse
from tests.lifecycle.hands import Answer, DeviceHands
from tests.lifecycle.outcome import Row
from tests.reservation.device.far_side import Vendor, key_of
from tests.reservation.portal.appliance import Appliance

INSTALLED = 2
OVER = Line("VPN", 1, Term(date(2025, 1, 1), date(2025, 12, 31)))
LATER = Line("VPN", 2, Term(date(2027, 1, 1), date(2027, 12, 31)))
KINDS = {"Q": "request", "C": "confirmation", "R": "return"}


class DeviceScene:
    """One device and its portal.

    Attributes:
        hands: What works the device.
        vendor: The portal.
        requests: Every request that the device has made, oldest first.
    """

    def __init__(self, hands: DeviceHands) -> None:
        self.hands = hands
        self.vendor = Vendor()
        self.requests: list[VerifiedCode[Request]] = []
        hands.initialise(self.vendor.trust_file())

    def state(self) -> State:
        """Read the state file."""
        return parse((self.hands.home / "state.json").read_bytes())

    def request(self) -> None:
        """Let the device ask."""
        answer = self.hands.request()
        self.requests.append(
            receive(answer.code, lambda code: verify_request(require_kind(code, Request))).code
        )

    def install(self, code: str) -> None:
        """Let the device install something that it must take."""
        assert self.hands.install(code).error == ""

    @property
    def live(self) -> VerifiedCode[Request] | None:
        """The live request."""
        return self.requests[-1] if self.state().live else None

    def newer(
        self, vendor: Vendor | None = None, *lines: Line, number: int = INSTALLED + 1
    ) -> tuple[str, ...]:
        """Return an authorization for the live request; none while there is no such request."""
        live = self.live
        return () if live is None else ((vendor or self.vendor).authorize(live, *lines, number=number).text,)

    def of_installed(self, number: int, *lines: Line) -> tuple[str, ...]:
        """Return an authorization for the live request; none while nothing is installed for it."""
        return self.newer(None, *lines, number=number) if self.state().standing is Standing.RESERVED else ()


# --- the states ------------------------------------------------------------------------------------


def _unregistered(_: DeviceScene) -> None:
    """Do nothing more than the initialisation."""


def _cancelled(scene: DeviceScene) -> None:
    scene.request()
    scene.hands.cancel()


def _reserved(scene: DeviceScene) -> None:
    _cancelled(scene)
    scene.request()
    scene.install(*scene.newer(number=INSTALLED))


def _returned(scene: DeviceScene) -> None:
    scene.request()
    scene.install(*scene.newer(number=INSTALLED))
    scene.hands.give_back()


def _requested_again(scene: DeviceScene) -> None:
    _returned(scene)
    scene.request()


STATES: dict[str, Callable[[DeviceScene], None]] = {
    "unregistered": _unregistered,
    "requested": DeviceScene.request,
    "reserved": _reserved,
    "returned": _returned,
    "cancelled": _cancelled,
    "requested again": _requested_again,
}


def state_name(state: State) -> str:
    """Return the table's name of a state."""
    last = state.last
    if state.standing is Standing.RETURNED and last is not None and last.installed is None:
        return "cancelled"
    if state.standing is Standing.REQUESTED and len(state.reservations) > 1:
        return "requested again"
    return state.standing.value


# --- the codes: each returns those to try, none when there can be no such code ----------------------


def _later_epoch(scene: DeviceScene) -> tuple[str, ...]:
    live = scene.live
    return () if live is None else (scene.vendor.authorize(live, number=1, epoch=1).text,)


def _of_a_returned_request(scene: DeviceScene) -> tuple[str, ...]:
    over = scene.requests if scene.live is None else scene.requests[:-1]
    return tuple(
        scene.vendor.authorize(request, number=number).text
        for request in over
        for number in (1, INSTALLED, INSTALLED + 1)
    )


def _for_another_device(scene: DeviceScene) -> tuple[str, ...]:
    return (scene.vendor.authorize(Appliance("another").request()).text,)


def _by_a_revoked_issuer(scene: DeviceScene) -> tuple[str, ...]:
    _revoke(scene)
    return scene.newer()


def _installed_issuer_revoked(scene: DeviceScene) -> tuple[str, ...]:
    _revoke(scene)
    return scene.of_installed(INSTALLED)


def _revoke(scene: DeviceScene) -> None:
    vendor = scene.vendor
    issuers = (vendor.certified(), vendor.with_issuer("successor").certified())
    scene.install(vendor.trust(serial=2, issuers=issuers, revoked=(vendor.issuer.verifying_key.id,)).text)


def _of_another_portal(scene: DeviceScene) -> tuple[str, ...]:
    other = replace(scene.vendor, portal_id=b"portal-2")
    scene.install(other.trust(serial=2).text)
    return scene.newer(other)


def _on_other_hardware(scene: DeviceScene) -> tuple[str, ...]:
    scene.hands.move()
    return scene.newer()


def _forged(scene: DeviceScene) -> tuple[str, ...]:
    if not scene.requests:
        return ()
    genuine = scene.vendor.authorize(scene.requests[-1], number=INSTALLED + 1)
    stranger = scene.vendor.with_issuer("stranger").authorize(scene.requests[-1], number=INSTALLED + 1)
    return (to_text(genuine.payload, stranger.signature),)


def _made_by_devices(scene: DeviceScene) -> tuple[str, ...]:
    other = Appliance("another")
    request = other.request()
    hint, sequence = long_hint(request.id), Sequence(0, 1)
    confirmation = sign_confirmation(
        Confirmation(hint, sequence, 2, b"link"), other.key, request_id=request.id, authorization_id=bytes(32)
    )
    returned = sign_return(
        Return(hint, sequence, ReturnReason.MOVED, Evidence.SOFTWARE_KEY, False, 3, b"link"),
        other.key,
        request_id=request.id,
    )
    installed = Installed(request.id, bytes(32), sequence)
    short = short_of(installed, device=other.key, issuer=other.key.verifying_key)
    own = (entry.text for entry in scene.state().journal)
    return (request.text, confirmation.text, returned.text, short.text, *own)


def _older_trust(scene: DeviceScene) -> tuple[str, ...]:
    scene.install(scene.vendor.trust(serial=2).text)
    return (scene.vendor.trust(serial=1).text,)


def _next_root(scene: DeviceScene) -> tuple[str, ...]:
    following = key_of("following root")
    scene.install(scene.vendor.trust(serial=2, next_root=following.verifying_key.raw).text)
    return (sign_trust(scene.vendor.trust(serial=3).value, following).text,)


def _newer_version(scene: DeviceScene) -> tuple[str, ...]:
    code = scene.vendor.authorize(Appliance("another").request())
    return (to_text(bytes((code.payload[0] + 1,)) + code.payload[1:], code.signature),)


def _stranger(scene: DeviceScene) -> Vendor:
    return replace(scene.vendor, root=key_of("stranger root"), issuer=key_of("stranger issuer"))


CODES: dict[str, Callable[[DeviceScene], tuple[str, ...]]] = {
    "A newer": DeviceScene.newer,
    "A skipping numbers": lambda scene: scene.newer(number=INSTALLED + 7),
    "A of a later epoch": _later_epoch,
    "A out of its term": lambda scene: scene.newer(None, OVER, LATER),
    "A installed": lambda scene: scene.of_installed(INSTALLED),
    "A conflicting": lambda scene: scene.of_installed(INSTALLED, Line("VPN", 11)),
    "A older": lambda scene: scene.of_installed(INSTALLED - 1),
    "A of a returned request": _of_a_returned_request,
    "A for another device": _for_another_device,
    "A by an unknown issuer": lambda scene: scene.newer(_stranger(scene)),
    "A by a revoked issuer": _by_a_revoked_issuer,
    "A installed, issuer revoked since": _installed_issuer_revoked,
    "A of another portal": _of_another_portal,
    "A on other hardware": _on_other_hardware,
    "A forged": _forged,
    "Q, C, R or S": _made_by_devices,
    "T newer": lambda scene: (scene.vendor.trust(serial=2).text,),
    "T present": lambda scene: (scene.vendor.trust(serial=1).text,),
    "T older": _older_trust,
    "T conflicting": lambda scene: (scene.vendor.trust(serial=1, revoked=(b"revoked.",)).text,),
    "T of another root": lambda scene: (_stranger(scene).trust(serial=9).text,),
    "T of the next root": _next_root,
    "not a code": lambda scene: ("A" * 80, scene.vendor.trust(serial=2).text[::-1]),
    "newer version": _newer_version,
}


# --- the commands ----------------------------------------------------------------------------------


def _elsewhere(scene: DeviceScene) -> DeviceHands:
    scene.hands.move()
    return scene.hands


COMMANDS: dict[str, Callable[[DeviceScene], Answer]] = {
    "request": lambda scene: scene.hands.request(),
    "request otherwise": lambda scene: scene.hands.request("VPN"),
    "request elsewhere": lambda scene: _elsewhere(scene).request(),
    "cancel": lambda scene: scene.hands.cancel(),
    "return": lambda scene: scene.hands.give_back(),
    "return elsewhere": lambda scene: _elsewhere(scene).give_back(),
    "confirmation": lambda scene: scene.hands.confirmation(),
}


# --- one row ---------------------------------------------------------------------------------------


def assert_device_code(row: Row, hands: DeviceHands) -> None:
    """Give a device in a state every code of the kind that the row names."""
    scene = DeviceScene(hands)
    STATES[row.state](scene)
    codes = CODES[row.code](scene)
    assert bool(codes) == row.outcome.possible, row.outcome.says
    for code in codes:
        _assert_outcome(row, scene, lambda code=code: hands.install(code))  # type: ignore[misc]


def assert_device_command(row: Row, hands: DeviceHands) -> None:
    """Let a device in a state do what the row says."""
    scene = DeviceScene(hands)
    STATES[row.state](scene)
    _assert_outcome(row, scene, lambda: COMMANDS[row.code](scene))


def _assert_outcome(row: Row, scene: DeviceScene, act: Callable[[], Answer]) -> None:
    outcome, before = row.outcome, scene.state()
    assert state_name(before) == row.state
    files = _files(scene)
    answer = act()
    after = scene.state()
    assert (answer.exit, answer.error, answer.again) == (outcome.exit, outcome.error, outcome.again), answer
    assert outcome.error or bool(answer.says) == bool(outcome.note), answer
    assert outcome.note in answer.says
    assert _written(before, after) == outcome.writes
    assert outcome.writes or _files(scene) == files, "a refusal, or an answer given again, writes nothing"
    assert state_name(after) == (outcome.then or row.state)
    if answer.code:
        assert answer.code == after.journal[-1].text


def _written(before: State, after: State) -> tuple[str, ...]:
    codes = tuple(KINDS[entry.kind.value] for entry in after.journal[len(before.journal) :])
    return codes if present_trust(after) == present_trust(before) else (*codes, "trust")


def _files(scene: DeviceScene) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in scene.hands.home.iterdir() if path.name != "lock"}
