"""A world in which many people act, whose roles come and go.

Before each step at the portal the world says, from its own model (`tests.machine.crew`), whether whoever acts
may do it; after it, that it came out so: what is refused for lack of a role left nothing behind, what is
permitted names that person and nobody else, and happened where they may do it.

What is about a code that was mistyped is unclear beforehand: nobody can say which reservation it will name.
Then only what came of it is judged.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from codec.codes import Kind, UnsignedKind
from codec.reading import inspect
from codec.short import inspect_short, is_short
from reservation.errors import PermissionDeniedError
from reservation.model import Policy
from reservation.roles import Role
from reservation.service import (
    Choice,
    License,
    Portal,
    accept_agreement,
    add_agreement,
    add_user,
    add_virtual_account,
    grant_role,
    remove_user,
    remove_virtual_account,
    revoke_role,
    sweep,
)
from tests import raw
from tests.machine.crew import (
    ACCEPTING,
    ADDING_AGREEMENTS,
    ADMINISTRATOR,
    APPROVER,
    APPROVING,
    BY_RULE,
    COMMON,
    DENIED,
    EVERYWHERE,
    LICENSING,
    LOCAL,
    LOCAL_ADMINISTRATOR,
    LOCAL_USER,
    PEOPLE,
    PLACES,
    PROPERTIES,
    STRANGER,
    UNKNOWN,
    USER,
    Crew,
    held_in,
)
from tests.machine.looking import Seen, look
from tests.machine.trouble import OTHER_PLACE, Troubled
from tests.machine.trouble import PLACES as ALL

T = TypeVar("T")

HOME = ALL[0]
YARD = "Yard"
#: Who is there at the beginning, beside the two administrators.
STAFF = {
    "pip": (APPROVER, ()),
    "uma": (USER, ()),
    "vic": (LOCAL_ADMINISTRATOR, (OTHER_PLACE,)),
    "val": (LOCAL_USER, (HOME,)),
    "ned": (LOCAL_ADMINISTRATOR, (HOME,)),
}
#: Everybody who may come; two of them could be taken for somebody else.
NAMES = ("kim", "alex", *STAFF, "joe", "VAL", "Kim")

SAME_PERSON, FORMER = "same-person", "changed-since"
#: What whoever writes next posts on its way, wherever it is.
DUE = frozenset({"lot-ended", "lot-resumed", "line-ended", "shortfall-covered"})
#: What a rule that refuses may leave.
NOTES = frozenset({"stock-refused", "key-refused", "short-wrong", "short-locked"})
ISSUING = frozenset({"reserved", "updated", "renewed"})


@dataclass(frozen=True, slots=True)
class Errand:
    """A step that somebody is about to take, and what must come of it.

    Attributes:
        actor: Who.
        duty: What it is, in words of the model.
        refusal: How it is refused for lack of a role; None: not.
        is_sure: Whether that is so whatever else is wrong; else another refusal may come first.
        is_unclear: Whether nobody can say beforehand which Virtual Account it is about.
        rule: How a rule refuses it; None: not.
        is_exact: Whether `rule` says all that can happen.
    """

    actor: str
    duty: str
    refusal: str | None
    is_sure: bool = True
    is_unclear: bool = False
    rule: str | None = None
    is_exact: bool = False


@dataclass(slots=True)
class Peopled(Troubled):
    """A world with people.

    Attributes:
        crew: Who holds what, as the world knows it.
        shift: Who acts, one after the other.
        turn: How many steps were taken.
        desk: The Virtual Account in which licences are bought, and from which they are reserved.
        decider: Who decides what was proposed; None: whoever's turn it is.
        terms: Of each agreement, how many versions there are, and whether the newest is accepted.
        required: Whether nothing is issued while an agreement waits.
        errands: What was said of the next steps.
        last: The errand that was run last.
    """

    crew: Crew = field(default_factory=Crew)
    shift: tuple[str, ...] = ("kim",)
    turn: int = 0
    desk: str = HOME
    decider: str | None = "alex"
    terms: dict[str, tuple[int, bool]] = field(default_factory=dict)
    required: bool = False
    errands: dict[str, Errand] = field(default_factory=dict)
    last: Errand | None = None
    newest: bytes = b""
    has_yard: bool = False

    def begin(self) -> None:
        """Let those who founded the portal add the others."""
        for name in ("kim", "alex"):
            self.crew.held[name] = {(ADMINISTRATOR, EVERYWHERE): "kim"}
            self.crew.ever.add(name)
        Troubled.begin(self)
        for name, (role, places) in STAFF.items():
            self.hire(name, role, places)

    # --- who acts ------------------------------------------------------------------------------

    def hand_over(self, shift: tuple[str, ...], desk: str) -> None:
        """Let others act from now on, in turns."""
        self.shift, self.desk = shift, desk

    def counter(self) -> str:
        """Return the Virtual Account in which licences are bought, and from which they are reserved."""
        return self.desk

    def overseer(self) -> Portal:
        """Return the portal on behalf of an administrator: there is always one."""
        return replace(self.portal, actor=self.crew.administrators()[0])

    def second(self) -> Portal:
        """Return the portal on behalf of the person who decides."""
        return replace(self.portal, actor=self.decider or self._turn())

    def _turn(self) -> str:
        self.turn += 1
        return self.shift[self.turn % len(self.shift)]

    # --- what is said before a step, and judged after it ---------------------------------------

    def _expect(
        self,
        step: str,
        duty: str,
        *places: str | None,
        actor: str | None = None,
        later: tuple[str, ...] = (),
        is_unclear: bool = False,
        is_exact: bool = False,
    ) -> Errand:
        """Say what must come of a step.

        Args:
            step: Its name.
            duty: What it is.
            places: Where; None: nowhere that there is.
            actor: Who; None: whoever's turn it is.
            later: Where else, which is found out after other things may have been refused.
            is_unclear: Whether nobody can say where.
            is_exact: Whether no rule can refuse it.
        """
        actor = actor or self._turn()
        refusal = self.crew.refusal(actor, duty, *(place for place in places if place is not None))
        is_sure = not is_unclear
        if refusal is None and self.crew.refusal(actor, duty, *later):
            refusal, is_sure = DENIED, False
        unclear = is_unclear and not self.crew.may_everywhere(actor, duty)
        errand = Errand(actor, duty, refusal, is_sure, unclear, None, is_exact)
        self.errands[step] = errand
        return errand

    def _try(self, step: str, act: Callable[[], T]) -> T | None:
        if step.startswith("device "):
            return Troubled._try(self, step, act)
        return self._run(step, self.errands.pop(step), act)

    def _run(self, step: str, errand: Errand, act: Callable[[], T]) -> T | None:
        self.last = errand
        self.portal = replace(self.portal, actor=errand.actor)
        before = self._everything() if errand.refusal or errand.is_unclear else None
        result, refused, denied = None, self.refused.copy(), None
        try:
            result = Troubled._try(self, step, act)
        except PermissionDeniedError as error:
            denied = error.code
            self.refused[f"{step}: {denied}"] += 1
        came = denied or next((key.split(": ")[1] for key in self.refused - refused), None)
        self._judge(step, errand, came)
        self._count(step, errand, came)
        if denied and before is not None:
            assert before == self._everything(), f"{step} by {errand.actor} was refused, and left something"
        self._judge_events(step, errand, came)
        return result

    def _judge(self, step: str, errand: Errand, came: str | None) -> None:
        who = f"{step} by {errand.actor}, who holds {sorted(self.crew.held.get(errand.actor, ()))}"
        if errand.refusal and errand.is_sure:
            assert came == errand.refusal, f"{who}: must be refused as {errand.refusal}, came out as {came}"
        elif errand.refusal:
            assert came is not None, f"{who}: must be refused, was done"
        elif came in {DENIED, STRANGER}:
            assert errand.is_unclear, f"{who}: may do it, was refused as {came}"
        elif errand.rule or errand.is_exact:
            assert came == errand.rule, f"{who}: must come out as {errand.rule}, came out as {came}"

    def _judge_events(self, step: str, errand: Errand, came: str | None) -> None:
        """Judge what the step wrote: who stands in it, what it is, and where."""
        found = list(
            self._rows(
                "SELECT event_id, actor, kind, reservation_id FROM events WHERE event_id > ? "
                "ORDER BY event_id",
                (self.newest,),
            )
        )
        places = self._places_of_reservations() if found else {}
        for event_id, actor, kind, reservation_id in found:
            self.newest = bytes(event_id)
            assert actor == errand.actor, f"{step} by {errand.actor} stands in the events as by {actor}"
            assert came is None or kind in NOTES, f"{step} was refused as {came}, and left {kind}"
            assert kind not in ISSUING or not self.waits(), f"{step} issued while an agreement waits"
            if reservation_id is not None and kind not in DUE:
                where = places[bytes(reservation_id)]
                assert self.crew.may(errand.actor, errand.duty, where), (
                    f"{step} by {errand.actor} changed a reservation in {where}"
                )

    def _count(self, step: str, errand: Errand, came: str | None) -> None:
        roles = self.crew.roles(errand.actor)
        if len(roles) == 1:
            verdict = "refused" if came in {DENIED, STRANGER} else "done" if came is None else "ruled out"
            self.done[f"{next(iter(roles))}: {errand.duty}: {verdict}"] += 1
        if came in {DENIED, STRANGER}:
            self.done[f"denied {step}"] += 1
        elif came == "agreement-not-accepted":
            self.done["an agreement waits"] += 1
        elif came is not None and came == errand.rule:
            self.done[f"{step}: {came}"] += 1

    def _everything(self) -> object:
        """Return something that differs once anything was written."""
        # A server counts what was undone, too: there, only the rows tell.
        return list(raw.every_row(self.books)) if self.place else self.books.state()

    def _carry(self, kind: Kind | UnsignedKind, text: str, device: int) -> None:
        if kind is Kind.AUTHORIZATION and self.last is not None:
            (where,) = self._places_by("codes.code_text = ?", text)
            assert self.crew.may(self.last.actor, LICENSING, where), (
                f"{self.last.actor} was shown an authorization of {where}"
            )
        Troubled._carry(self, kind, text, device)

    # --- where things are, read past the program -----------------------------------------------

    def _names(self) -> dict[bytes, str]:
        rows = self._rows("SELECT virtual_account_id, name FROM virtual_accounts")
        return {bytes(place): name for place, name in rows}

    def _places_of_reservations(self) -> dict[bytes, str]:
        names = self._names()
        rows = self._rows("SELECT reservation_id, virtual_account_id FROM reservations")
        return {bytes(one): names[bytes(place)] for one, place in rows}

    def _places_by(self, condition: str, *values: object) -> list[str]:
        """Return the Virtual Accounts of reservations of which something is so."""
        names = self._names()
        rows = self._rows(
            "SELECT DISTINCT r.reservation_id, r.virtual_account_id FROM reservations AS r "
            f"JOIN codes USING (account_id, reservation_id) WHERE {condition}",
            values,
        )
        return [names[bytes(place)] for _, place in rows]

    def _place_of(self, text: str | None) -> str | None:
        """Return where the reservation of a request is; None: there is none."""
        found = self._places_by("codes.kind = 'Q' AND codes.code_text = ?", text)
        return found[0] if found else None

    def _place_of_answer(self, text: str) -> str | None:
        code: Any = inspect_short(text).code if is_short(text) else inspect(text).code.unverified
        found = {
            place
            for one, place in self._places_of_reservations().items()
            if one.startswith(code.request_hint)
        }
        assert len(found) < 2
        return next(iter(found), None)

    def _open_places(self, device: int) -> list[str]:
        """Return where a device has an open reservation."""
        return self._places_by(
            "r.serial_number = ? AND r.state IN ('issued', 'active', 'updating')", f"SN{device:04}"
        )

    # --- steps at the portal, by whoever's turn it is ------------------------------------------

    def add(self, tag: str, count: int, term: Any) -> None:
        """Buy licences."""
        self._expect("add", LICENSING, self.desk)
        Troubled.add(self, tag, count, term)

    def reserve(self, text: str, choice: Choice, lot: str, *, like: str | None = None) -> None:
        """Answer a request."""
        where = self._place_of(like or text)
        beside = () if where else tuple(self._open_places(self._device_of(like or text)))
        self._expect("reserve", LICENSING, where or self.desk, later=beside, is_unclear=like is not None)
        Troubled.reserve(self, text, choice, lot, like=like)

    def update(self, device: int, changes: dict[str, int], lot: str) -> None:
        """Change the lines of the device's last reservation."""
        self._expect("update", LICENSING, self._place_of(self._last_request(device)))
        Troubled.update(self, device, changes, lot)

    def reissue(self, device: int) -> None:
        """Show the authorization of the device's last reservation again."""
        self._expect("reissue", LICENSING, self._place_of(self._last_request(device)))
        Troubled.reissue(self, device)

    def accept(self, text: str) -> None:
        """Paste a device's code into the portal."""
        actor, is_unclear = self._turn(), not self._is_shown(text)
        where = None if is_unclear else self._place_of_answer(text)
        for step in ("accept", "accept short"):
            self._expect(step, LICENSING, where, actor=actor, is_unclear=is_unclear)
        self._expect("keep return", COMMON, actor=actor, is_unclear=is_unclear)
        Troubled.accept(self, text)

    def transfer(self, device: int, place: str) -> None:
        """Take a device to a place, with what it holds."""
        where = self._place_of(self._last_request(device))
        self._expect("transfer device", LICENSING, *((where, place) if where else ()))
        Troubled.transfer(self, device, place)

    def move(self, tag: str, count: int, *, away: bool) -> None:
        """Take available licences from one place to the other."""
        self._expect("transfer licences", LICENSING, *ALL)
        Troubled.move(self, tag, count, away=away)

    def correct_lot(self, lot: License, count: int) -> None:
        """Make the order of this lot smaller."""
        self._expect("correct", LICENSING, lot.virtual_account)
        Troubled.correct_lot(self, lot, count)

    def sweep(self) -> None:
        """Post what is due."""
        if self._expect("sweep", COMMON, is_exact=True).refusal is None:
            Troubled.sweep(self)
        else:
            self._try("sweep", lambda: sweep(self.portal))

    def policy(self, margin: int | None) -> Policy:
        """Return what the account allows itself."""
        return replace(Troubled.policy(self, margin), agreements_required=self.required)

    def choose_terms(self, days: int | None, margin: int | None) -> None:
        """Choose how long new lines last, and when what they held is free by itself."""
        self._expect("policy", PROPERTIES, is_exact=True)
        Troubled.choose_terms(self, days, margin)

    # --- decisions -----------------------------------------------------------------------------

    def propose(self, device: int, what: str, replacement: int | None, lines: dict[str, int]) -> None:
        """Let somebody propose something about the last reservation of a device."""
        where = self._place_of(self._last_request(device))
        step = f"propose {what}"
        errand = self._expect(step, LICENSING, where)
        if errand.refusal is None and what == "rehost" and replacement is not None:
            beside = self._where_replaced(device, self._last_request(replacement))
            if self.crew.refusal(errand.actor, LICENSING, *beside):
                # The same proposal again is answered before.
                self.errands[step] = replace(errand, is_unclear=True)
        Troubled.propose(self, device, what, replacement, lines)

    def decide(self, device: int, *, approved: bool) -> None:
        """Let a person decide what waits about the last reservation of a device."""
        actor, request = self.decider or self._turn(), self._last_request(device)
        where, step = self._place_of(request), "approve" if approved else "reject"
        # Who may approve nothing, or nothing there, is refused either way.
        errand = self._expect(step, LICENSING, where, actor=actor)
        waiting = self._waiting(request)
        needs_approver = approved or (waiting is not None and waiting[0] != actor)
        if errand.refusal is None and needs_approver and not (where is None and not approved):
            errand = self._decision(errand, device, where, waiting, approved=approved)
        self.errands[step] = errand
        before, self.decider = self.decider, actor
        Troubled.decide(self, device, approved=approved)
        self.decider = before

    def _decision(
        self,
        errand: Errand,
        device: int,
        where: str | None,
        waiting: tuple[str, str | None] | None,
        *,
        approved: bool,
    ) -> Errand:
        """Say what must come of a decision that takes an approver."""
        if where is None:
            # What is not there is looked for before anybody approves.
            return errand
        refusal = self.crew.refusal(errand.actor, APPROVING, where)
        errand = replace(errand, refusal=refusal, duty=APPROVING if approved else LICENSING)
        if refusal or not approved or waiting is None:
            return errand
        proposer, replacement = waiting
        if proposer == errand.actor:
            return replace(errand, rule=SAME_PERSON)
        if not self.crew.may(proposer, LICENSING, where):
            return replace(errand, rule=FORMER)
        if self.crew.refusal(errand.actor, APPROVING, *self._where_replaced(device, replacement)):
            return replace(errand, refusal=DENIED, is_sure=False)
        return errand

    def _waiting(self, request: str | None) -> tuple[str, str | None] | None:
        """Return who proposed what waits about a reservation, and the request of the replacement."""
        rows = self._rows(
            "SELECT d.actor, d.request_text FROM decisions AS d "
            "JOIN codes USING (account_id, reservation_id) WHERE d.outcome IS NULL AND codes.kind = 'Q' AND codes.code_text = ?",
            (request,),
        )
        return next(((actor, text or None) for actor, text in rows), None)

    def _where_replaced(self, device: int, request: str | None) -> list[str]:
        """Return where the replacement of a device has a reservation already."""
        if request is None:
            return []
        known = self._place_of(request)
        return [known] if known else self._open_places(self._device_of(request))

    # --- people --------------------------------------------------------------------------------

    def hire(self, name: str, role: str, places: tuple[str, ...]) -> None:
        """Add somebody."""
        actor, held = self._turn(), held_in(role, places)
        self._exactly(
            "add user",
            PEOPLE,
            (actor, self.crew.add(actor, name, held)),
            lambda: add_user(self.portal, name, Role(role), virtual_accounts=_named(role, places)),
        )

    def give(self, name: str, role: str, places: tuple[str, ...]) -> None:
        """Give somebody a role."""
        actor, held = self._turn(), held_in(role, places)
        self._exactly(
            "grant",
            PEOPLE,
            (actor, self.crew.grant(actor, name, held)),
            lambda: grant_role(self.portal, name, Role(role), virtual_accounts=_named(role, places)),
        )

    def take(self, name: str, role: str, places: tuple[str, ...]) -> None:
        """Take a role from somebody."""
        actor, held = self._turn(), held_in(role, places)
        self._exactly(
            "revoke",
            PEOPLE,
            (actor, self.crew.revoke(actor, name, held)),
            lambda: revoke_role(self.portal, name, Role(role), virtual_accounts=_named(role, places)),
        )

    def dismiss(self, name: str) -> None:
        """Remove somebody."""
        actor = self._turn()
        came = self.crew.remove(actor, name)
        self._exactly("remove user", PEOPLE, (actor, came), lambda: remove_user(self.portal, name))

    def _exactly(self, step: str, duty: str, said: tuple[str, str | None], act: Callable[[], object]) -> bool:
        """Take a step of which the model says all that can come of it: who, and how they are refused."""
        actor, came = said
        lacks = came in {STRANGER, DENIED}
        errand = Errand(actor, duty, came if lacks else None, rule=None if lacks else came, is_exact=True)
        self._run(step, errand, act)
        return came is None

    # --- agreements and Virtual Accounts -------------------------------------------------------

    def waits(self) -> bool:
        """Tell whether nothing may be issued."""
        return self.required and not all(accepted for _, accepted in self.terms.values())

    def require_agreements(self, *, required: bool) -> None:
        """Choose whether nothing is issued while an agreement waits."""
        before, self.required = self.required, required
        denied = self.done["denied policy"]
        self.choose_terms(self.days, None)
        if self.done["denied policy"] > denied:
            self.required = before

    def add_terms(self, name: str) -> None:
        """Add a version of an agreement."""
        actor, version = self._turn(), self.terms.get(name, (0, False))[0] + 1
        said = actor, self.crew.refusal(actor, ADDING_AGREEMENTS)
        text = f"{name}, in the words of version {version}."
        if self._exactly(
            "add agreement", ADDING_AGREEMENTS, said, lambda: add_agreement(self.portal, name, text)
        ):
            self.terms[name] = version, False

    def accept_terms(self, name: str, *, stale: bool = False) -> None:
        """Accept an agreement, or the version before the newest."""
        actor, newest = self._turn(), self.terms.get(name, (0, False))[0]
        came = self.crew.refusal(actor, ACCEPTING)
        came = came or (UNKNOWN if not newest else BY_RULE if stale else None)
        version = newest - 1 if stale else newest
        if self._exactly(
            "accept agreement",
            ACCEPTING,
            (actor, came),
            lambda: accept_agreement(self.portal, name, version=version),
        ):
            self.terms[name] = newest, True

    def open_yard(self) -> None:
        """Add one more Virtual Account; or remove it, since it is empty."""
        actor = self._turn()
        said = actor, self.crew.refusal(actor, PLACES)
        if self.has_yard:
            act: Callable[[], object] = lambda: remove_virtual_account(self.portal, YARD)  # noqa: E731
        else:
            act = lambda: add_virtual_account(self.portal, YARD)  # noqa: E731
        step = "remove Virtual Account" if self.has_yard else "add Virtual Account"
        self.has_yard ^= self._exactly(step, PLACES, said, act)

    # --- what must hold ------------------------------------------------------------------------

    def check(self) -> None:
        """Check everything that must hold after every step: the people first."""
        self.check_crew()
        Troubled.check(self)

    def check_crew(self) -> None:
        """Check that the books have exactly the people and roles that the model has, and who gave them."""
        names = {**self._names(), b"": EVERYWHERE}
        rows = self._rows("SELECT user_name, role, virtual_account_id, actor FROM grants")
        found = {(user, role, names[bytes(place)], giver) for user, role, place, giver in rows}
        held = {
            (user, role, place, giver)
            for user, roles in self.crew.held.items()
            for (role, place), giver in roles.items()
        }
        assert found == held, f"roles in the books alone: {found - held}; in the model alone: {held - found}"
        there = {user for (user,) in self._rows("SELECT user_name FROM users WHERE removed = 0")}
        assert there == set(self.crew.held)

    def look_around(self) -> None:
        """Let everybody, and some who are nobody, look at everything: each sees what the model says."""
        before = self._everything()
        waiting = self._rows("SELECT reservation_id FROM decisions WHERE outcome IS NULL")
        places = self._places_of_reservations()
        seen = Seen(
            self.crew,
            places,
            {bytes(one): places[bytes(one)] for (one,) in waiting},
            {*ALL, YARD} if self.has_yard else {*ALL},
        )
        for name in NAMES:
            self.done.update(look(replace(self.portal, actor=name), seen))
        assert before == self._everything(), "looking left something"


def _named(role: str, places: tuple[str, ...]) -> tuple[str, ...]:
    return places if role in LOCAL else ()
