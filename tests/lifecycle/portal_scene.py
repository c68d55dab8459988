"""A reservation in each state of the table, each code for it, and the check of one row.

The device on the other side signs whatever a row needs, also what no honest device would.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from codec.codes import Authorization, Confirmation, Request, Sequence, Trust
from codec.envelope import (
    AuthorizationContext,
    VerifiedCode,
    long_hint,
    require_kind,
    sign_confirmation,
    to_text,
    verify_authorization,
)
from codec.keys import VerifyingKey
from codec.reading import receive
from codec.short import Installed, MatchedShort, short_of
from reservation import trustfile
from tests import raw
from tests.lifecycle.hands import Answer, PortalHands
from tests.lifecycle.outcome import Row
from tests.reservation.portal.appliance import Appliance

DEVICE = Appliance("tram")
STRANGER = Appliance("tram", key_seed="another key")
CONFIRMED = 2

#: Counts of ROUTING that authorizations 1, 2, … grant.
COUNTS = (2, 3, 5, 4)


_HOLDS = "select reserved, in_doubt, failed, written_off from holds where reservation_id = ?"


@dataclass(frozen=True, slots=True)
class Books:
    """What the database holds.

    Attributes:
        rows: Every row of every table.
        events: Kinds of all events, in order.
        state: The table's name of the state of the device's newest reservation.
        held: What that one holds: reserved, in doubt, failed, and written off.
    """

    rows: tuple[str, ...]
    events: tuple[str, ...]
    state: str
    held: tuple[int, ...]

    @classmethod
    def read(cls, database: Path | str) -> "Books":
        """Read a database: a file, or the URL of either engine."""
        with closing(raw.opened(database)) as connection:
            query = connection.execute
            rows = [f"{table} {row!r}" for table, found in raw.every_row(connection) for row in found]
            events = tuple(kind for (kind,) in query("select kind from events order by event_id"))
            newest = (
                "select reservation_id, state, kept, grade from reservations order by page_key desc limit 1"
            )
            reservation_id, state, kept, grade = next(iter(query(newest)), (b"", "", None, None))
            early = bool(list(query("select hint from early_returns")))
            holds = list(query(_HOLDS, (reservation_id,)))
        name = (state and _name(state, kept, grade)) or ("early return known" if early else "request unknown")
        held = tuple(map(sum, zip(*holds, strict=True))) or (0, 0, 0, 0)
        return cls(tuple(sorted(rows)), events, name, held)


def _name(state: str, kept: str | None, grade: str | None) -> str:
    if state == "active" and grade == "mac":
        return "active by mac"
    return f"{state} kept" if kept else state.replace("-", " ")


#: State → whether something is reserved, in doubt, failed, written off.
HOLDS = {
    "request unknown": (False, False, False, False),
    "early return known": (False, False, False, False),
    "issued": (False, True, False, False),
    "active": (True, False, False, False),
    "active by mac": (True, False, False, False),
    "updating": (True, True, False, False),
    "returned": (False, False, False, False),
    "returned kept": (False, True, False, False),
    "failed": (False, False, True, False),
    "written off": (False, False, False, True),
}


def holds(before: str, after: str) -> tuple[bool, ...]:
    """Tell in which accounts something is held; a doubtful return of a device given up moves nothing."""
    found_in_doubt = after == "returned kept" and before in {"failed", "written off"}
    return HOLDS[before if found_in_doubt else after]


class PortalScene:
    """One portal and one device.

    Attributes:
        hands: What works the portal.
        request: The device's request.
        authorizations: What was issued for it, by number.
        accepted: The confirmation and the return that were given to the portal; empty before.
    """

    def __init__(self, hands: PortalHands) -> None:
        self.hands = hands
        self.request: VerifiedCode[Request] = DEVICE.request()
        self.authorizations: dict[int, VerifiedCode[Authorization]] = {}
        self.accepted: dict[str, str] = {}

    def books(self) -> Books:
        """Read the books."""
        return Books.read(self.hands.books)

    def issue(self, *numbers: int) -> None:
        """Let the portal issue authorizations."""
        for number in numbers:
            count = COUNTS[number - 1]
            name = self.request.text
            done = self.hands.reserve(name, count) if number == 1 else self.hands.update(name, count)
            self.authorizations[number] = self._opened(done.code)

    @property
    def trust(self) -> Trust:
        """What the portal's trust file says."""
        return trustfile.parse(self.hands.trust_file).trust.code.value

    @property
    def issuer(self) -> VerifyingKey:
        """The portal's issuer."""
        return VerifyingKey(self.trust.issuers[0].key)

    def _opened(self, text: str) -> VerifiedCode[Authorization]:
        context = AuthorizationContext(self.request.id, self.issuer, self.trust.portal_id)
        return receive(
            text, lambda code: verify_authorization(require_kind(code, Authorization), context)
        ).code

    def accept(self, code: str) -> None:
        """Let the portal accept something that it must take."""
        assert self.hands.accept(code).error == ""
        self.accepted[code[0]] = code

    def decide(self, what: str, *, reject: bool = False) -> Answer:
        """Let one person propose something, and another approve it, or the first one take it back."""
        name = self.request.text
        proposed = self.hands.propose(what, name)
        if proposed.error:
            return proposed
        return self.hands.reject(name) if reject else self.hands.approve(name)

    @property
    def newest(self) -> int:
        """The number of the newest authorization; 0 when there is none."""
        return max(self.authorizations, default=0)

    def confirmation(self, number: int, *, code_number: int = 20, device: Appliance = DEVICE) -> str:
        """Sign that an authorization is installed; of one that the books do not know, as well as can be."""
        issued = self.authorizations.get(number)
        return sign_confirmation(
            Confirmation(long_hint(self.request.id), Sequence(0, number), code_number, b"link"),
            device.key,
            request_id=self.request.id,
            authorization_id=issued.id if issued else bytes(32),
        ).text

    def short(self, number: int) -> MatchedShort:
        """Make the short confirmation of an authorization; of one that nobody issued, as well as can be."""
        issued = self.authorizations.get(number)
        installed = Installed(self.request.id, issued.id if issued else bytes(32), Sequence(0, number))
        return short_of(installed, device=DEVICE.key, issuer=self.issuer)

    def wrong_short(self, guess: int = 0) -> str:
        """Guess a MAC for the newest authorization."""
        code = self.short(max(1, self.newest)).code
        return replace(code, mac=guess.to_bytes(8, "big")).text

    def give_back(
        self, last: int, *, mismatch: bool = False, code_number: int = 30, device: Appliance = DEVICE
    ) -> str:
        """Sign a return that names the last authorization that was installed; 0: none."""
        sequence = Sequence(0, last)
        code = device.give_back(self.request.id, sequence, mismatch=mismatch, number=code_number)
        return code.text


# --- the states ------------------------------------------------------------------------------------


def _unknown(_: PortalScene) -> None:
    """Let the portal know nothing."""


def _early_return_known(scene: PortalScene) -> None:
    scene.accept(scene.give_back(0, code_number=2))


def _issued(scene: PortalScene) -> None:
    scene.issue(1, 2)


def _active(scene: PortalScene) -> None:
    scene.issue(1, 2)
    scene.accept(scene.confirmation(CONFIRMED, code_number=12))


def _active_by_mac(scene: PortalScene) -> None:
    scene.issue(1, 2)
    scene.accept(scene.short(CONFIRMED).text)


def _updating(scene: PortalScene) -> None:
    _active(scene)
    scene.issue(3, 4)


def _returned(scene: PortalScene) -> None:
    _updating(scene)
    scene.accept(scene.give_back(CONFIRMED, code_number=50))


def _returned_kept(scene: PortalScene) -> None:
    _updating(scene)
    scene.accept(scene.give_back(CONFIRMED, mismatch=True, code_number=50))


def _failed(scene: PortalScene) -> None:
    _updating(scene)
    scene.decide("rehost")


def _written_off(scene: PortalScene) -> None:
    _failed(scene)
    scene.decide("write-off")


STATES: dict[str, Callable[[PortalScene], None]] = {
    "request unknown": _unknown,
    "early return known": _early_return_known,
    "issued": _issued,
    "active": _active,
    "active by mac": _active_by_mac,
    "updating": _updating,
    "returned": _returned,
    "returned kept": _returned_kept,
    "failed": _failed,
    "written off": _written_off,
}


# --- the codes: each returns what to do, once for each code; nothing when there can be no such code ----

Act = Callable[[], Answer]
Acts = tuple[Act, ...]


def _reserve_same(scene: PortalScene) -> Acts:
    count = COUNTS[max(scene.newest, 1) - 1]
    return (lambda: scene.hands.reserve(scene.request.text, count),)


def _reserve_other_lines(scene: PortalScene) -> Acts:
    return (lambda: scene.hands.reserve(scene.request.text, 9),) if scene.newest else ()


def _reserve(scene: PortalScene, request: VerifiedCode[Request]) -> Acts:
    seen = scene.newest or scene.accepted
    return (lambda: scene.hands.reserve(request.text, 2),) if seen else ()


def _accepting(scene: PortalScene, *codes: str) -> Acts:
    return tuple(lambda code=code: scene.hands.accept(code) for code in codes)


def _confirmed(scene: PortalScene) -> int:
    return CONFIRMED if {"C", "S"} & scene.accepted.keys() else 0


def _confirm_newest(scene: PortalScene) -> Acts:
    unconfirmed = scene.newest > _confirmed(scene)
    return _accepting(scene, scene.confirmation(scene.newest)) if unconfirmed else ()


def _confirm_one_between(scene: PortalScene) -> Acts:
    between = range(_confirmed(scene) + 1, scene.newest)
    return _accepting(scene, *(scene.confirmation(number) for number in between))


def _confirm_late(scene: PortalScene) -> Acts:
    older = range(1, _confirmed(scene))
    return _accepting(scene, *(scene.confirmation(number) for number in older))


def _confirm_confirmed(scene: PortalScene) -> Acts:
    return _accepting(scene, scene.confirmation(CONFIRMED)) if _confirmed(scene) else ()


def _shorts(scene: PortalScene, *numbers: int) -> Acts:
    return _accepting(scene, *(scene.short(number).text for number in numbers))


def _short_newest(scene: PortalScene) -> Acts:
    return _shorts(scene, scene.newest) if scene.newest > _confirmed(scene) else ()


def _short_one_between(scene: PortalScene) -> Acts:
    return _shorts(scene, *range(_confirmed(scene) + 1, scene.newest))


def _short_confirmed(scene: PortalScene) -> Acts:
    return _shorts(scene, CONFIRMED) if "C" in scene.accepted else ()


def _short_wrong(scene: PortalScene, before: int) -> Acts:
    """Guess, after so many guesses."""
    for guess in range(before):
        scene.hands.accept(scene.wrong_short(guess))
    return _accepting(scene, scene.wrong_short(before))


def _short_locked(scene: PortalScene) -> Acts:
    _short_wrong(scene, 5)
    return _shorts(scene, max(1, scene.newest))


def _return_newest(scene: PortalScene) -> Acts:
    return _accepting(scene, scene.give_back(scene.newest)) if scene.newest else ()


def _return_older(scene: PortalScene) -> Acts:
    """Return the one confirmed, or the first one while none is: of several, the oldest says the most."""
    last = _confirmed(scene) or 1
    return _accepting(scene, scene.give_back(last)) if last < scene.newest else ()


def _return_below(scene: PortalScene) -> Acts:
    return _accepting(scene, scene.give_back(CONFIRMED - 1)) if _confirmed(scene) else ()


def _repeated(scene: PortalScene, letter: str) -> Acts:
    return _accepting(scene, scene.accepted[letter]) if letter in scene.accepted else ()


def _made_by_portals(scene: PortalScene) -> Acts:
    trust = trustfile.parse(scene.hands.trust_file).trust.code
    own = (authorization.text for authorization in scene.authorizations.values())
    return _accepting(scene, trust.text, *own)


def _newer_version(scene: PortalScene) -> Acts:
    code = scene.request
    return _accepting(scene, to_text(bytes((code.payload[0] + 1,)) + code.payload[1:], code.signature))


CODES: dict[str, Callable[[PortalScene], Acts]] = {
    "Q same": _reserve_same,
    "Q same, other lines": _reserve_other_lines,
    "Q another": lambda scene: _reserve(scene, DEVICE.request(number=80)),
    "Q of another key": lambda scene: _reserve(scene, STRANGER.request()),
    "Q to accept": lambda scene: _accepting(scene, scene.request.text),
    "C of the newest": _confirm_newest,
    "C of one between": _confirm_one_between,
    "C late": _confirm_late,
    "C of the confirmed": _confirm_confirmed,
    "C repeated": lambda scene: _repeated(scene, "C"),
    "C of an unknown sequence": lambda scene: _accepting(scene, scene.confirmation(9)),
    "C forged": lambda scene: _accepting(scene, scene.confirmation(max(1, scene.newest), device=STRANGER)),
    "S of the newest": _short_newest,
    "S of one between": _short_one_between,
    "S late": lambda scene: _shorts(scene, *range(1, _confirmed(scene))),
    "S of the confirmed": _short_confirmed,
    "S repeated": lambda scene: _repeated(scene, "S"),
    "S of an unknown sequence": lambda scene: _shorts(scene, 9),
    "S wrong": lambda scene: _short_wrong(scene, 0),
    "S wrong, the fifth": lambda scene: _short_wrong(scene, 4),
    "S after five wrong ones": _short_locked,
    "R never installed": lambda scene: _accepting(scene, scene.give_back(0)),
    "R of the newest": _return_newest,
    "R of an older one": _return_older,
    "R below confirmed": _return_below,
    "R mismatch": lambda scene: _accepting(scene, scene.give_back(scene.newest, mismatch=True)),
    "R ahead of the books": lambda scene: _accepting(scene, scene.give_back(9)),
    "R repeated": lambda scene: _repeated(scene, "R"),
    "R forged": lambda scene: _accepting(scene, scene.give_back(0, device=STRANGER)),
    "A or T": _made_by_portals,
    "not a code": lambda scene: _accepting(scene, "A" * 80, scene.request.text[::-1]),
    "newer version": _newer_version,
}

COMMANDS: dict[str, Callable[[PortalScene], Answer]] = {
    "update": lambda scene: scene.hands.update(scene.request.text, 7),
    "update to the same": lambda scene: scene.hands.update(scene.request.text, COUNTS[scene.newest - 1]),
    "update to nothing": lambda scene: scene.hands.update(scene.request.text, 0),
    "reissue": lambda scene: scene.hands.reissue(scene.request.text),
    "give up": lambda scene: scene.decide("rehost"),
    "give up, rejected": lambda scene: scene.decide("rehost", reject=True),
    "write off": lambda scene: scene.decide("write-off"),
    "release": lambda scene: scene.decide("release"),
    "approve": lambda scene: scene.hands.approve(scene.request.text),
}


# --- one row ---------------------------------------------------------------------------------------


def assert_portal_code(row: Row, hands: PortalHands) -> None:
    """Give a portal in a state every code of the kind that the row names."""
    scene = PortalScene(hands)
    STATES[row.state](scene)
    acts = CODES[row.code](scene)
    assert bool(acts) == row.outcome.possible, row.outcome.says
    for act in acts:
        _assert_outcome(row, scene, act)


def assert_portal_command(row: Row, hands: PortalHands) -> None:
    """Let a portal in a state do what the row says."""
    scene = PortalScene(hands)
    STATES[row.state](scene)
    _assert_outcome(row, scene, lambda: COMMANDS[row.code](scene))


def _assert_outcome(row: Row, scene: PortalScene, act: Act) -> None:
    outcome, before = row.outcome, scene.books()
    assert before.state == row.state
    answer = act()
    after = scene.books()
    assert (answer.exit, answer.error, answer.again) == (outcome.exit, outcome.error, outcome.again), answer
    assert outcome.error or bool(answer.says) == bool(outcome.note), answer
    assert outcome.note in answer.says
    assert after.events == (*before.events, *outcome.writes)
    assert outcome.writes or after.rows == before.rows, "a refusal, or an answer given again, writes nothing"
    assert after.state == (outcome.then or row.state)
    assert tuple(map(bool, after.held)) == holds(before.state, after.state)
    if outcome.again and answer.code:
        assert answer.code == scene.authorizations[scene.newest].text
    assert scene.hands.audit()
