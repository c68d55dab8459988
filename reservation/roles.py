"""Who may do what: the five roles of a Smart Account, and one table of every verb against every role.

Invariants: this table is the only place that says what a role may do; the service layer asks it for each
verb, inside the transaction of that verb, and command line and web obey it because they call the service
layer. Whoever has no role may do nothing. A verb that is not in the table does not exist (a test looks).

Scope: pure. Not handled: who somebody is (`reservation.people`), and whether that is proved.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from shlex import quote
from typing import NamedTuple

from reservation.errors import PermissionDeniedError, UnknownUserError


class Role(StrEnum):
    """A role of a Smart Account. The last two are held in Virtual Accounts, each by itself."""

    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    USER = "user"
    VIRTUAL_ACCOUNT_ADMINISTRATOR = "virtual-account-administrator"
    VIRTUAL_ACCOUNT_USER = "virtual-account-user"

    @property
    def is_for_places(self) -> bool:
        """Whether it is held in Virtual Accounts, and not in the whole Smart Account."""
        return self.value.startswith("virtual-account-")

    @property
    def words(self) -> str:
        """The role's name, for people."""
        if self.is_for_places:
            return f"Virtual Account {self.value.removeprefix('virtual-account-')}"
        return f"Smart Account {self.value}"


class Reach(Enum):
    """Where a role may do something."""

    NOWHERE = "-"
    OWN = "own"
    """In the Virtual Accounts that the role is held in."""
    EVERYWHERE = "all"


class Row(NamedTuple):
    """A verb's row: what it is, for people, and where each role may do it."""

    words: str
    approver: Reach
    administrator: Reach
    user: Reach
    virtual_account_administrator: Reach
    virtual_account_user: Reach

    def of(self, role: Role) -> Reach:
        """Return where a role may do it."""
        reach: Reach = getattr(self, role.name.lower())
        return reach


class Verb(StrEnum):
    """Every verb of the service layer, by the name of its function."""

    # licensing
    RESERVE = "reserve"
    UPDATE = "update"
    REISSUE = "reissue"
    READ_CODE = "read_code"
    ACCEPT = "accept"
    ANSWER_AGAIN = "answer_again"
    RECEIVE_SHORT = "receive_short"
    ACCEPT_SHORT = "accept_short"
    KEEP_RETURN = "keep_return"
    FIND_RESERVATION = "find_reservation"
    SHOW_RESERVATION = "show_reservation"
    LIST_RESERVATIONS = "list_reservations"
    LIST_LICENSES = "list_licenses"
    OVERVIEW = "overview"
    ADD_LICENSE = "add_license"
    PREVIEW_ORDER = "preview_order"
    IMPORT_ORDER = "import_order"
    CORRECT_LICENSE = "correct_license"
    TRANSFER_LICENSE = "transfer_license"
    TRANSFER_RESERVATION = "transfer_reservation"
    LIST_VIRTUAL_ACCOUNTS = "list_virtual_accounts"
    USAGE = "usage"
    EXPOSURE = "exposure"
    EXPIRING = "expiring"
    TRANSACTIONS = "transactions"
    SHOW_CATALOGUE = "show_catalogue"
    LIST_PRODUCTS = "list_products"
    TRUST_FILE = "trust_file"
    READ_TRUST = "read_trust"
    TAKE_TRUST = "take_trust"
    LIST_ISSUERS = "list_issuers"
    DEVICES_BEHIND = "devices_behind"
    RENEW = "renew"
    IS_FOR_BRINGING = "is_for_bringing"
    SETTLE = "settle"
    SWEEP = "sweep"
    EXPECT_RETURN = "expect_return"
    LIST_ALERTS = "list_alerts"
    ACKNOWLEDGE_ALERT = "acknowledge_alert"
    # what needs two persons
    PROPOSE_REHOST = "propose_rehost"
    PROPOSE_WRITE_OFF = "propose_write_off"
    PROPOSE_RELEASE = "propose_release"
    PENDING_DECISIONS = "pending_decisions"
    NEEDS_KEY = "needs_key"
    REJECT = "reject"
    APPROVE = "approve"
    # properties of the account
    SHOW_POLICY = "show_policy"
    SET_POLICY = "set_policy"
    SET_PRODUCT = "set_product"
    ADD_CATALOGUE = "add_catalogue"
    ADD_VIRTUAL_ACCOUNT = "add_virtual_account"
    RENAME_VIRTUAL_ACCOUNT = "rename_virtual_account"
    REMOVE_VIRTUAL_ACCOUNT = "remove_virtual_account"
    # people
    LIST_USERS = "list_users"
    LIST_ACCESS = "list_access"
    ADD_USER = "add_user"
    GRANT_ROLE = "grant_role"
    REVOKE_ROLE = "revoke_role"
    REMOVE_USER = "remove_user"
    HAS_PASSPHRASE = "has_passphrase"
    SET_PASSPHRASE = "set_passphrase"
    CLEAR_PASSPHRASE = "clear_passphrase"
    AUTHENTICATE = "authenticate"
    # agreements
    LIST_AGREEMENTS = "list_agreements"
    SHOW_AGREEMENT = "show_agreement"
    ADD_AGREEMENT = "add_agreement"
    ACCEPT_AGREEMENT = "accept_agreement"
    # the books as a whole
    EVENTS = "events"
    AUDIT = "audit"
    SIGN_CHECKPOINT = "sign_checkpoint"
    PROVE_EVENT = "prove_event"
    PROVE_GROWTH = "prove_growth"
    VERIFY_NOTES = "verify_notes"
    EXPORT_LOG = "export_log"
    REQUIRE_BACKUP = "require_backup"
    SHOW_QUARANTINE = "show_quarantine"
    BEGIN_QUARANTINE = "begin_quarantine"
    ADOPT = "adopt"
    BRING = "bring"
    PROPOSE_END = "propose_end"
    APPROVE_END = "approve_end"
    REJECT_END = "reject_end"


_NO, _OWN, _ALL = Reach.NOWHERE, Reach.OWN, Reach.EVERYWHERE

# Where the same persons may do the same things for the same reason.
_LICENSING = (_NO, _ALL, _ALL, _OWN, _OWN)
"""In the Virtual Accounts that a role covers."""
_LICENSING_AT_ALL = (_NO, _ALL, _ALL, _ALL, _ALL)
"""What licensing needs and no Virtual Account owns."""
_ADMINISTRATORS = (_NO, _ALL, _NO, _OWN, _NO)
_ADMINISTRATOR = (_NO, _ALL, _NO, _NO, _NO)
_PROPERTIES = (_ALL, _ALL, _NO, _NO, _NO)
_SEEING_PEOPLE = (_ALL, _ALL, _NO, _OWN, _NO)
_SEEING_AGREEMENTS = (_ALL, _ALL, _NO, _ALL, _NO)
_SEEING_THE_LOG = (_ALL, _ALL, _NO, _NO, _NO)
"""The log is one for the whole account: who sees it sees everybody's events."""
_ANYBODY = (_ALL, _ALL, _ALL, _ALL, _ALL)

TABLE: dict[Verb, Row] = {
    #                                                        approver, administrator, user; of a Virtual
    #                                                        Account: administrator, user
    Verb.RESERVE: Row("reserve licences", *_LICENSING),
    Verb.UPDATE: Row("update a reservation", *_LICENSING),
    Verb.REISSUE: Row("show an authorization again", *_LICENSING),
    Verb.READ_CODE: Row("read a device's code", *_LICENSING),
    Verb.ACCEPT: Row("accept a device's code", *_LICENSING),
    Verb.ANSWER_AGAIN: Row("look up a short confirmation", *_LICENSING),
    Verb.RECEIVE_SHORT: Row("read a short confirmation", *_LICENSING),
    Verb.ACCEPT_SHORT: Row("accept a short confirmation", *_LICENSING),
    Verb.KEEP_RETURN: Row("keep a return that came early", *_LICENSING_AT_ALL),
    Verb.FIND_RESERVATION: Row("look for a reservation", *_LICENSING),
    Verb.SHOW_RESERVATION: Row("see a reservation", *_LICENSING),
    Verb.LIST_RESERVATIONS: Row("list reservations", *_LICENSING),
    Verb.LIST_LICENSES: Row("see licences", *_LICENSING),
    Verb.OVERVIEW: Row("see the pools of licences", *_LICENSING),
    Verb.ADD_LICENSE: Row("add licences", *_LICENSING),
    Verb.PREVIEW_ORDER: Row("look at what an order would add", *_LICENSING),
    Verb.IMPORT_ORDER: Row("import an order", *_LICENSING),
    Verb.CORRECT_LICENSE: Row("correct an order", *_LICENSING),
    Verb.TRANSFER_LICENSE: Row("transfer licences", *_LICENSING),
    Verb.TRANSFER_RESERVATION: Row("transfer a device", *_LICENSING),
    Verb.LIST_VIRTUAL_ACCOUNTS: Row("list Virtual Accounts", *_LICENSING),
    Verb.USAGE: Row("report usage", *_LICENSING),
    Verb.EXPOSURE: Row("report exposure", *_LICENSING),
    Verb.EXPIRING: Row("report what expires", *_LICENSING),
    Verb.TRANSACTIONS: Row("report transactions", *_LICENSING),
    Verb.SHOW_CATALOGUE: Row("see the catalogue", *_LICENSING_AT_ALL),
    Verb.LIST_PRODUCTS: Row("list products", *_LICENSING_AT_ALL),
    Verb.TRUST_FILE: Row("see the trust file", *_ANYBODY),
    Verb.READ_TRUST: Row("read a trust code", *_ADMINISTRATOR),
    Verb.TAKE_TRUST: Row("take a trust code", *_ADMINISTRATOR),
    Verb.LIST_ISSUERS: Row("see the issuers", *_ANYBODY),
    Verb.DEVICES_BEHIND: Row("see which devices need a trust code", *_LICENSING),
    Verb.RENEW: Row("issue an authorization anew", *_LICENSING),
    Verb.IS_FOR_BRINGING: Row("bring a code", *_LICENSING_AT_ALL),
    Verb.SETTLE: Row("judge codes that wait", *_LICENSING_AT_ALL),
    Verb.SWEEP: Row("post what is due", *_LICENSING_AT_ALL),
    Verb.EXPECT_RETURN: Row("say when a device is to be returned", *_LICENSING),
    Verb.LIST_ALERTS: Row("see alerts", _ALL, _ALL, _ALL, _OWN, _OWN),
    Verb.ACKNOWLEDGE_ALERT: Row("acknowledge alerts", *_LICENSING),
    Verb.PROPOSE_REHOST: Row("propose a rehost", *_LICENSING),
    Verb.PROPOSE_WRITE_OFF: Row("propose a write-off", *_LICENSING),
    Verb.PROPOSE_RELEASE: Row("propose a release", *_LICENSING),
    Verb.PENDING_DECISIONS: Row("see what waits for a second person", *_LICENSING),
    Verb.NEEDS_KEY: Row("see what waits for a second person", *_LICENSING),
    # Whoever may licence takes back what they proposed; what others proposed, those who may approve.
    Verb.REJECT: Row("take back a proposal", *_LICENSING),
    Verb.APPROVE: Row("approve what somebody else proposed", *_ADMINISTRATORS),
    Verb.SHOW_POLICY: Row("see what the account allows itself", *_ANYBODY),
    Verb.SET_POLICY: Row("change what the account allows itself", *_PROPERTIES),
    Verb.SET_PRODUCT: Row("change what is asked of devices", *_PROPERTIES),
    Verb.ADD_CATALOGUE: Row("extend the catalogue", _NO, _ALL, _ALL, _NO, _NO),
    Verb.ADD_VIRTUAL_ACCOUNT: Row("add a Virtual Account", *_ADMINISTRATOR),
    Verb.RENAME_VIRTUAL_ACCOUNT: Row("rename a Virtual Account", *_ADMINISTRATOR),
    Verb.REMOVE_VIRTUAL_ACCOUNT: Row("remove a Virtual Account", *_ADMINISTRATOR),
    Verb.LIST_USERS: Row("see the users", *_SEEING_PEOPLE),
    Verb.LIST_ACCESS: Row("see who may act in a Virtual Account", *_SEEING_PEOPLE),
    Verb.ADD_USER: Row("add a user", *_ADMINISTRATORS),
    Verb.GRANT_ROLE: Row("grant a role", *_ADMINISTRATORS),
    Verb.REVOKE_ROLE: Row("take a role away", *_ADMINISTRATORS),
    Verb.REMOVE_USER: Row("remove a user", *_ADMINISTRATORS),
    Verb.HAS_PASSPHRASE: Row("have a passphrase", *_ANYBODY),
    Verb.SET_PASSPHRASE: Row("set their own passphrase", *_ANYBODY),
    Verb.CLEAR_PASSPHRASE: Row("clear a user's passphrase", *_ADMINISTRATOR),
    Verb.AUTHENTICATE: Row("give their own passphrase", *_ANYBODY),
    Verb.LIST_AGREEMENTS: Row("see agreements", *_SEEING_AGREEMENTS),
    Verb.SHOW_AGREEMENT: Row("see agreements", *_SEEING_AGREEMENTS),
    Verb.ADD_AGREEMENT: Row("add an agreement", *_ADMINISTRATOR),
    Verb.ACCEPT_AGREEMENT: Row("accept an agreement", *_PROPERTIES),
    Verb.EVENTS: Row("see events", *_SEEING_PEOPLE),
    Verb.AUDIT: Row("audit the books", *_ADMINISTRATOR),
    Verb.SIGN_CHECKPOINT: Row("sign a checkpoint of the log", *_ADMINISTRATOR),
    Verb.PROVE_EVENT: Row("prove what is in the log", *_SEEING_THE_LOG),
    Verb.PROVE_GROWTH: Row("prove what is in the log", *_SEEING_THE_LOG),
    Verb.VERIFY_NOTES: Row("compare checkpoints with the log", *_SEEING_THE_LOG),
    Verb.EXPORT_LOG: Row("export the log", *_SEEING_THE_LOG),
    Verb.REQUIRE_BACKUP: Row("copy the books", *_ADMINISTRATOR),
    Verb.SHOW_QUARANTINE: Row("see the quarantine", _NO, _ALL, _ALL, _NO, _NO),
    Verb.BEGIN_QUARANTINE: Row("begin the quarantine", *_ADMINISTRATOR),
    Verb.ADOPT: Row("say that the books are the newest", *_ADMINISTRATOR),
    Verb.BRING: Row("bring back what the books forgot", _NO, _ALL, _ALL, _NO, _NO),
    Verb.PROPOSE_END: Row("propose to end the quarantine", *_ADMINISTRATOR),
    Verb.APPROVE_END: Row("end the quarantine", *_ADMINISTRATOR),
    Verb.REJECT_END: Row("take back a proposal", *_ADMINISTRATOR),
}


def verbs_of(role: Role) -> tuple[Verb, ...]:
    """Return everything that a role allows, where it is held."""
    return tuple(verb for verb, row in TABLE.items() if row.of(role) is not Reach.NOWHERE)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role that somebody holds.

    Attributes:
        role: The role.
        virtual_account_id: Where it is held; empty: in the whole Smart Account.
    """

    role: Role
    virtual_account_id: bytes = b""


THE_RESERVATION = "The reservation is in none"
"""The beginning of a refusal, as `Rights.require_place` ends it."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may do, seen from the verb that they called.

    Attributes:
        user: The user.
        verb: The verb; None: the program does something by itself, and nobody's rights matter.
        grants: The user's roles.
        is_authenticated: Whether it was proved that it is this user who acts.
    """

    user: str
    verb: Verb | None
    grants: tuple[Grant, ...]
    is_authenticated: bool = False

    @property
    def places(self) -> frozenset[bytes] | None:
        """The Virtual Accounts in which the user may do it; None: in all of them."""
        if self.verb is None:
            return None
        row = TABLE[self.verb]
        reaches = [(row.of(grant.role), grant.virtual_account_id) for grant in self.grants]
        if any(reach is Reach.EVERYWHERE for reach, _ in reaches):
            return None
        return frozenset(place for reach, place in reaches if reach is Reach.OWN)

    def covers(self, virtual_account_id: bytes) -> bool:
        """Tell whether the user may do it in a Virtual Account."""
        places = self.places
        return places is None or virtual_account_id in places

    def also(self, verb: Verb) -> "Rights":
        """Return the same user's rights for another verb.

        Raises:
            PermissionDeniedError: When there are none.
        """
        return rights_for(self.user, self.grants, verb)

    def require_place(self, virtual_account_id: bytes, what: str) -> None:
        """Return when the user may do it in a Virtual Account.

        Args:
            virtual_account_id: The Virtual Account.
            what: What it is about, for people, like `THE_RESERVATION`; nothing in it may tell what the user
                may not see.

        Raises:
            PermissionDeniedError: When not.
        """
        if not self.covers(virtual_account_id):
            raise self.refuse_place(what)

    def refuse_place(self, what: str) -> PermissionDeniedError:
        """Return the refusal of something that lies in no Virtual Account of the user's.

        What is there and what is not gets the same answer, so that nobody learns names by asking.
        """
        verb = TABLE[self.verb].words if self.verb else "do this"
        return PermissionDeniedError(
            f"{what} of the Virtual Accounts in which {self.user} may {verb}.",
            hint="Name one of them (--va), or ask an administrator for more: "
            f"tallystick portal user grant {quote(self.user)} --role ROLE --va NAME",
        )


NO_RIGHTS = Rights("", Verb.RESERVE, ())
"""Those of nobody: whatever is not checked first is refused."""


def rights_for(user: str, grants: Iterable[Grant], verb: Verb) -> Rights:
    """Return what a user may do by a verb.

    Raises:
        PermissionDeniedError: When none of the user's roles allows it anywhere.
    """
    rights = Rights(user, verb, tuple(grants))
    if not rights.grants:
        raise refuse_unknown(user)
    if rights.places == frozenset():
        raise _refuse(rights, verb)
    return rights


def refuse_unknown(user: str, administrators: Iterable[str] = ()) -> UnknownUserError:
    """Return the refusal of somebody who has no role here."""
    names = ", ".join(administrators)
    who = f"A Smart Account administrator ({names})" if names else "A Smart Account administrator"
    return UnknownUserError(
        f"{user} is no user of this Smart Account.",
        hint=f"{who} can add them: tallystick portal user add {quote(user)} --role ROLE. "
        "On whose behalf you act is --user, or TALLYSTICK_USER.",
    )


def _refuse(rights: Rights, verb: Verb) -> PermissionDeniedError:
    held = sorted({grant.role for grant in rights.grants}, key=list(Role).index)
    able = [role for role in Role if TABLE[verb].of(role) is not Reach.NOWHERE]
    return PermissionDeniedError(
        f"{rights.user} may not {TABLE[verb].words} as {_listed(held, 'and')}.",
        hint=f"Ask a {_listed(able, 'or')}.",
    )


def _listed(roles: Iterable[Role], last: str) -> str:
    words = [role.words for role in roles]
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]
