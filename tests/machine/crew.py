"""A model of who may do what, written from the description of the roles alone.

Nothing of it comes from the program: a plain table of duties and roles, and a dictionary of who holds what
where. So it can say that the program is wrong.

Scope: pure. Not handled: what a rule refuses to everybody (stock, states of reservations).
"""

from dataclasses import dataclass, field

APPROVER = "approver"
ADMINISTRATOR = "administrator"
USER = "user"
LOCAL_ADMINISTRATOR = "virtual-account-administrator"
LOCAL_USER = "virtual-account-user"
ROLES = (APPROVER, ADMINISTRATOR, USER, LOCAL_ADMINISTRATOR, LOCAL_USER)
LOCAL = frozenset({LOCAL_ADMINISTRATOR, LOCAL_USER})

EVERYWHERE = ""
"""Where the roles of the Smart Account are held."""

LICENSING = "licensing"
COMMON = "licensing that no Virtual Account owns"
APPROVING = "approving"
PEOPLE = "people"
SEEING_PEOPLE = "seeing people and events"
PROPERTIES = "properties"
ACCEPTING = "accepting agreements"
SEEING_AGREEMENTS = "seeing agreements"
ADDING_AGREEMENTS = "adding agreements"
PLACES = "adding and removing Virtual Accounts"
BOOKS = "auditing the books"
BEING_HERE = "being here"

#: Who may do it everywhere; and who may do it where they hold their role.
DUTIES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    LICENSING: (frozenset({ADMINISTRATOR, USER}), LOCAL),
    COMMON: (frozenset({ADMINISTRATOR, USER}) | LOCAL, frozenset()),
    APPROVING: (frozenset({ADMINISTRATOR}), frozenset({LOCAL_ADMINISTRATOR})),
    PEOPLE: (frozenset({ADMINISTRATOR}), frozenset({LOCAL_ADMINISTRATOR})),
    SEEING_PEOPLE: (frozenset({APPROVER, ADMINISTRATOR}), frozenset({LOCAL_ADMINISTRATOR})),
    PROPERTIES: (frozenset({APPROVER, ADMINISTRATOR}), frozenset()),
    ACCEPTING: (frozenset({APPROVER, ADMINISTRATOR}), frozenset()),
    SEEING_AGREEMENTS: (frozenset({APPROVER, ADMINISTRATOR, LOCAL_ADMINISTRATOR}), frozenset()),
    ADDING_AGREEMENTS: (frozenset({ADMINISTRATOR}), frozenset()),
    PLACES: (frozenset({ADMINISTRATOR}), frozenset()),
    BOOKS: (frozenset({ADMINISTRATOR}), frozenset()),
    BEING_HERE: (frozenset(ROLES), frozenset()),
}

Held = tuple[str, str]
"""A role, and where it is held."""

STRANGER, DENIED = "unknown-user", "not-permitted"
UNKNOWN, TAKEN, LAST_ONE = "unknown-name", "name-taken", "last-administrator"
BY_RULE = "refused"


def held_in(role: str, places: tuple[str, ...]) -> set[Held]:
    """Return a role as it is held in some Virtual Accounts, or in the Smart Account."""
    return {(role, place) for place in places} if role in LOCAL else {(role, EVERYWHERE)}


@dataclass(slots=True)
class Crew:
    """Everybody, and what they hold.

    Attributes:
        held: Of each who is there: each role, where it is held, and who gave it.
        ever: Names of all who were ever there.
    """

    held: dict[str, dict[Held, str]] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)

    # --- who may -------------------------------------------------------------------------------

    def roles(self, name: str) -> set[str]:
        """Return the roles that somebody holds anywhere."""
        return {role for role, _ in self.held.get(name, ())}

    def may(self, name: str, duty: str, place: str | None = None) -> bool:
        """Tell whether somebody may do something in a Virtual Account; None: anywhere at all."""
        everywhere, local = DUTIES[duty]
        return any(
            role in everywhere or (role in local and place in {None, where})
            for role, where in self.held.get(name, ())
        )

    def may_everywhere(self, name: str, duty: str) -> bool:
        """Tell whether somebody may do something whatever Virtual Account it is about."""
        return bool(self.roles(name) & DUTIES[duty][0])

    def refusal(self, name: str, duty: str, *places: str) -> str | None:
        """Return how somebody is refused who wants to do something in all of these; None: not at all."""
        if name not in self.held:
            return STRANGER
        needed: tuple[str | None, ...] = places or (None,)
        return None if all(self.may(name, duty, place) for place in needed) else DENIED

    def administrators(self) -> list[str]:
        """Return who may do everything."""
        return sorted(name for name, held in self.held.items() if (ADMINISTRATOR, EVERYWHERE) in held)

    # --- people --------------------------------------------------------------------------------

    def refusal_to_give(self, actor: str, wanted: set[Held]) -> str | None:
        """Return how somebody is refused who gives or takes roles; None: not at all."""
        if actor not in self.held:
            return STRANGER
        may = all(
            self.may(actor, PEOPLE, where) if role in LOCAL else self.may_everywhere(actor, PEOPLE)
            for role, where in wanted
        )
        return None if may and self.may(actor, PEOPLE) else DENIED

    def add(self, actor: str, name: str, wanted: set[Held]) -> str | None:
        """Add somebody with a role, or return how that is refused."""
        refused = self.refusal_to_give(actor, wanted)
        if refused:
            return refused
        alike = {one for one in self.ever if one.casefold() == name.casefold()}
        if name in self.held or alike - {name}:
            return TAKEN
        self.ever.add(name)
        self.held[name] = dict.fromkeys(wanted, actor)
        return None

    def grant(self, actor: str, name: str, wanted: set[Held]) -> str | None:
        """Give somebody a role, or return how that is refused."""
        refused = self.refusal_to_give(actor, wanted)
        if refused or name not in self.held:
            return refused or UNKNOWN
        for each in wanted:
            self.held[name].setdefault(each, actor)
        return None

    def revoke(self, actor: str, name: str, wanted: set[Held]) -> str | None:
        """Take a role from somebody, or return how that is refused."""
        refused = self.refusal_to_give(actor, wanted)
        if refused or not wanted <= self.held.get(name, {}).keys():
            return refused or UNKNOWN
        if self._is_last(name) and (ADMINISTRATOR, EVERYWHERE) in wanted:
            return LAST_ONE
        if self.held[name].keys() <= wanted:
            return BY_RULE
        for each in wanted:
            del self.held[name][each]
        return None

    def remove(self, actor: str, name: str) -> str | None:
        """Remove somebody, or return how that is refused."""
        refused = self.refusal_to_give(actor, set())
        if refused or name not in self.held:
            return refused or UNKNOWN
        refused = self.refusal_to_give(actor, set(self.held[name]))
        if refused or self._is_last(name):
            return refused or LAST_ONE
        del self.held[name]
        return None

    def _is_last(self, name: str) -> bool:
        return self.administrators() == [name]
