"""Worlds with people: who come and go, whose roles are given and taken, and who take every step of life."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from reservation.model import Policy
from reservation.roles import Role
from reservation.service import (
    Choice,
    License,
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
    UNKNOWN,
    USER,
    held_in,
)
from tests.machine.errands import Errand, Judged
from tests.machine.looking import Seen, look
from tests.machine.trouble import OTHER_PLACE, Troubled
from tests.machine.trouble import PLACES as ALL

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
NAMES = ("kim", "alex", *STAFF, "joe", "eve", "VAL", "Kim")

SAME_PERSON, FORMER = "same-person", "changed-since"


@dataclass(slots=True)
class Peopled(Judged):
    """A world with people.

    Attributes:
        has_yard: Whether there is one more Virtual Account, which is empty.
    """

    has_yard: bool = False

    def begin(self) -> None:
        """Let those who founded the portal add the others."""
        for name in ("kim", "alex"):
            self.crew.held[name] = {(ADMINISTRATOR, EVERYWHERE): "kim"}
            self.crew.ever.add(name)
        Troubled.begin(self)
        for name, (role, places) in STAFF.items():
            self.hire(name, role, places)

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
        self.errands[step] = replace(errand, duty=APPROVING) if approved else errand
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
        errand = replace(errand, refusal=refusal)
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
            "JOIN codes USING (account_id, reservation_id) "
            "WHERE d.outcome IS NULL AND codes.kind = 'Q' AND codes.code_text = ?",
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
        held, named = held_in(role, places), places if role in LOCAL else ()
        self._exactly(
            "add user",
            PEOPLE,
            lambda actor: self.crew.add(actor, name, held),
            lambda: add_user(self.portal, name, Role(role), virtual_accounts=named),
        )

    def give(self, name: str, role: str, places: tuple[str, ...]) -> None:
        """Give somebody a role."""
        held, named = held_in(role, places), places if role in LOCAL else ()
        self._exactly(
            "grant",
            PEOPLE,
            lambda actor: self.crew.grant(actor, name, held),
            lambda: grant_role(self.portal, name, Role(role), virtual_accounts=named),
        )

    def take(self, name: str, role: str, places: tuple[str, ...]) -> None:
        """Take a role from somebody."""
        held, named = held_in(role, places), places if role in LOCAL else ()
        self._exactly(
            "revoke",
            PEOPLE,
            lambda actor: self.crew.revoke(actor, name, held),
            lambda: revoke_role(self.portal, name, Role(role), virtual_accounts=named),
        )

    def dismiss(self, name: str) -> None:
        """Remove somebody."""
        self._exactly(
            "remove user",
            PEOPLE,
            lambda actor: self.crew.remove(actor, name),
            lambda: remove_user(self.portal, name),
        )

    def recruit(self, name: str, role: str, places: tuple[str, ...]) -> None:
        """Give somebody a role, whether or not they are there."""
        (self.give if name in self.crew.held else self.hire)(name, role, places)

    def strip(self, name: str) -> None:
        """Take every role from somebody but that of an approver, which is given."""
        self.give(name, APPROVER, ())
        for role, where in sorted(self.crew.held.get(name, ())):
            if role != APPROVER:
                self.take(name, role, (where,))

    # --- agreements and Virtual Accounts -------------------------------------------------------

    def require_agreements(self, *, required: bool) -> None:
        """Choose whether nothing is issued while an agreement waits."""
        before, self.required = self.required, required
        denied = self.done["denied policy"]
        self.choose_terms(self.days, None)
        if self.done["denied policy"] > denied:
            self.required = before

    def add_terms(self, name: str) -> None:
        """Add a version of an agreement."""
        version = self.terms.get(name, (0, False))[0] + 1
        text = f"{name}, in the words of version {version}."
        if self._exactly(
            "add agreement",
            ADDING_AGREEMENTS,
            lambda actor: self.crew.refusal(actor, ADDING_AGREEMENTS),
            lambda: add_agreement(self.portal, name, text),
        ):
            self.terms[name] = version, False

    def accept_terms(self, name: str, *, stale: bool = False) -> None:
        """Accept an agreement, or the version before the newest."""
        newest = self.terms.get(name, (0, False))[0]
        rule = UNKNOWN if not newest else BY_RULE if stale else None
        version = newest - 1 if stale else newest
        if self._exactly(
            "accept agreement",
            ACCEPTING,
            lambda actor: self.crew.refusal(actor, ACCEPTING) or rule,
            lambda: accept_agreement(self.portal, name, version=version),
        ):
            self.terms[name] = newest, True

    def open_or_close_yard(self) -> None:
        """Add one more Virtual Account; or remove it, since it is empty."""
        change = remove_virtual_account if self.has_yard else add_virtual_account
        step = f"{'remove' if self.has_yard else 'add'} Virtual Account"
        self.has_yard ^= self._exactly(
            step, PLACES, lambda actor: self.crew.refusal(actor, PLACES), lambda: change(self.portal, YARD)
        )

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

    def look_around(self, names: Iterable[str]) -> None:
        """Let some people look at everything: each sees what the model says."""
        before = self._everything()
        waiting = self._rows("SELECT reservation_id FROM decisions WHERE outcome IS NULL")
        places = self._places_of_reservations()
        seen = Seen(
            self.crew,
            places,
            {bytes(one): places[bytes(one)] for (one,) in waiting},
            {*ALL, YARD} if self.has_yard else {*ALL},
        )
        for name in names:
            self.done.update(look(replace(self.portal, actor=name), seen))
        assert before == self._everything(), "looking left something"
