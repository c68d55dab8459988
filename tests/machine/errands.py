"""A world in which many people act, whose roles come and go.

Before each step at the portal the world says, from its own model (`tests.machine.crew`), whether whoever acts
may do it; after it, that it came out so: what is refused for lack of a role left nothing behind, what is
permitted names that person and nobody else, and happened where they may do it.

What is about a code that was mistyped is unclear beforehand: nobody can say which reservation it will name.
Then only what came of it is judged.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from codec.codes import Kind, UnsignedKind
from codec.reading import inspect
from codec.short import inspect_short, is_short
from reservation.errors import PermissionDeniedError
from reservation.service import (
    Portal,
)
from tests import raw
from tests.machine.crew import (
    DENIED,
    LICENSING,
    STRANGER,
    Crew,
)
from tests.machine.trouble import PLACES as ALL
from tests.machine.trouble import Troubled

T = TypeVar("T")

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
        roles: What they hold.
        duty: What it is, in words of the model.
        refusal: How it is refused for lack of a role; None: not.
        is_sure: Whether that is so whatever else is wrong; else another refusal may come first.
        is_unclear: Whether nobody can say beforehand which Virtual Account it is about.
        rule: How a rule refuses it; None: not.
        is_exact: Whether `rule` says all that can happen.
    """

    actor: str
    roles: frozenset[str]
    duty: str
    refusal: str | None
    is_sure: bool = True
    is_unclear: bool = False
    rule: str | None = None
    is_exact: bool = False


@dataclass(slots=True)
class Judged(Troubled):
    """A world in which somebody takes each step, and what comes of it is judged.

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
    desk: str = ALL[0]
    decider: str | None = "alex"
    terms: dict[str, tuple[int, bool]] = field(default_factory=dict)
    required: bool = False
    errands: dict[str, Errand] = field(default_factory=dict)
    last: Errand | None = None
    newest: bytes = b""

    # --- who acts ------------------------------------------------------------------------------

    def hand_over(self, shift: tuple[str, ...], desk: str) -> None:
        """Let others act from now on, in turns."""
        self.shift, self.desk = shift, desk

    @contextmanager
    def acting(self, *shift: str) -> Iterator[None]:
        """Let others act for a while, and decide."""
        before = self.shift, self.decider
        self.shift, self.decider = shift, None
        try:
            yield
        finally:
            self.shift, self.decider = before

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
        errand = Errand(
            actor, frozenset(self.crew.roles(actor)), duty, refusal, is_sure, unclear, None, is_exact
        )
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
        who = f"{step} by {errand.actor}, who held {sorted(errand.roles)}"
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
        if len(errand.roles) == 1:
            verdict = "refused" if came in {DENIED, STRANGER} else "done" if came is None else "ruled out"
            self.done[f"{next(iter(errand.roles))}: {errand.duty}: {verdict}"] += 1
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

    def _exactly(
        self, step: str, duty: str, say: Callable[[str], str | None], act: Callable[[], object]
    ) -> bool:
        """Take a step of which the model says all that can come of it.

        Args:
            step: Its name.
            duty: What it is.
            say: Says how it is refused, when somebody takes it, and does it in the model.
            act: Does it.

        Returns:
            Whether it is done.
        """
        actor = self._turn()
        roles, came = frozenset(self.crew.roles(actor)), say(actor)
        refusal, rule = (came, None) if came in {STRANGER, DENIED} else (None, came)
        self._run(step, Errand(actor, roles, duty, refusal, rule=rule, is_exact=True), act)
        return came is None

    def waits(self) -> bool:
        """Tell whether nothing may be issued."""
        return self.required and not all(accepted for _, accepted in self.terms.values())

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
