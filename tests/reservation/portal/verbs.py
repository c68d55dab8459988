"""Every verb of the service layer, called once in a Virtual Account, on books where each of them succeeds.

`staffed` makes the books: two Virtual Accounts, Own and Other, each with licences and a device for every
verb; and one person for each role, those in Virtual Accounts in Own alone. `CALLS` calls a verb on behalf of
whoever the portal is opened for; what a verb needs first, ann does, who may do everything.
"""

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from codec.catalogue import Catalogue
from codec.reading import inspect as inspect_code
from reservation import service
from reservation.alerts import AlertKind
from reservation.model import FailureEvidence, Policy
from reservation.orders import parse_order
from reservation.roles import Role, Verb
from reservation.service import LinesWanted, Portal, log, watching
from reservation.service.bringing import bring, is_for_bringing, settle
from reservation.service.deciding import needs_key
from reservation.service.issuers import devices_behind, list_issuers, read_trust, renew, take_trust
from reservation.service.reporting import expiring, exposure, transactions, usage
from reservation.service.restoring import (
    adopt,
    approve_end,
    begin_quarantine,
    propose_end,
    reject_end,
    show_quarantine,
)
from tests.reservation.portal.appliance import Appliance
from tests.reservation.portal.rooted import FIRST, SECOND, signing, taken, trust_after

OWN, OTHER = "Own", "Other"
PEOPLE = {
    "pip": Role.APPROVER,
    "ada": Role.ADMINISTRATOR,
    "uma": Role.USER,
    "vic": Role.VIRTUAL_ACCOUNT_ADMINISTRATOR,
    "val": Role.VIRTUAL_ACCOUNT_USER,
}
"""One person for each role."""
OWN_PASSPHRASE = "a sentence of my own"

#: Functions of the service layer that are no verbs: what every verb works with, and what the program does by
#: itself for whoever opens a portal.
NO_VERBS = {
    "together",
    "checkpoint_of",
    "every_device_behind",
    "in_quarantine",
    "note_refusal",
    "latest_checkpoint",
    "read",
    "require_issuer",
    "require_issuing",
    "rights_in",
    "watch",
    "begin",
    "write",
}


def verbs() -> dict[str, Callable[..., Any]]:
    """Find every public function of the service layer that works on a portal."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules(service.__path__, "reservation.service."):
        for name, member in vars(import_module(module.name)).items():
            if not inspect.isfunction(member) or name.startswith("_") or member.__module__ != module.name:
                continue
            takes = list(inspect.signature(member).parameters.values())
            if any(one.annotation is Portal for one in takes):
                found[name] = member
    return found


def device(place: str, name: str) -> Appliance:
    """Return a device in a Virtual Account; its name tells where it is."""
    return Appliance(f"{place} {name}")


def staffed(ann: Portal) -> None:
    """Make the books in which every verb can be called."""
    for place in (OWN, OTHER):
        service.add_virtual_account(ann, place)
    for name, role in PEOPLE.items():
        service.add_user(ann, name, role, virtual_accounts=(OWN,) if role.is_for_places else ())
    service.add_agreement(ann, "Terms", "All of it.")
    for place in (OWN, OTHER):
        service.add_license(ann, "ROUTE", 50, virtual_account=place)
        service.add_user(ann, f"{place} guest", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=(place,))
        for name in ("out", "lost", "odd", "waiting", "second"):
            _reserve(ann, place, name)
        _propose_rehost(ann, place, "lost")
        service.approve(replace(ann, actor="bob"), _id(place, "lost"))
        odd = device(place, "odd")
        issued = service.reissue(ann, _id(place, "odd"))
        service.accept(ann, odd.confirmation(issued, ann))
        service.accept(ann, odd.give_back(_id(place, "odd"), issued.sequence, mismatch=True))
        for name in ("waiting", "second"):
            _propose_rehost(ann, place, name)


def _reserve(portal: Portal, place: str, name: str) -> service.Issued:
    wanted = LinesWanted({"ROUTE": 2})
    return service.reserve(portal, device(place, name).request(), virtual_account=place, choice=wanted)


def _id(place: str, name: str) -> bytes:
    return device(place, name).request().id


def _propose_rehost(portal: Portal, place: str, name: str) -> service.Proposed:
    return service.propose_rehost(portal, _id(place, name), reason="burnt", evidence=FailureEvidence.WITNESS)


def _as_ann(portal: Portal) -> Portal:
    return replace(portal, actor="ann")


def _confirmation(portal: Portal, place: str) -> Any:
    issued = service.reissue(_as_ann(portal), _id(place, "out"))
    return device(place, "out").confirmation(issued, portal)


def _short(portal: Portal, place: str) -> str:
    issued = service.reissue(_as_ann(portal), _id(place, "out"))
    return device(place, "out").short(issued, portal).text


def _order(place: str) -> Any:
    text = f"tag,quantity,virtual_account,kind,start,end,order\nROUTE,1,{place},perpetual,,,PO-1\n"
    return parse_order(text.encode())


def _accept_short(portal: Portal, place: str) -> object:
    received = service.receive_short(_as_ann(portal), _short(portal, place))
    return service.accept_short(portal, received)


def _reject(portal: Portal, place: str) -> object:
    """Take back what the actor proposed."""
    proposer = portal if portal.actor not in {"pip", "joe"} else _as_ann(portal)
    if portal.actor in {"vic", "val"} and place == OTHER:
        proposer = _as_ann(portal)
    service.propose_rehost(proposer, _id(place, "out"), reason="burnt", evidence=FailureEvidence.WITNESS)
    return service.reject(portal, _id(place, "out"))


def _alert(portal: Portal, place: str) -> str:
    """Return the name of the alert about the odd device."""
    found = service.list_alerts(_as_ann(portal), virtual_account=place).alerts
    (clone,) = [one.alert for one in found if one.alert.fact.kind is AlertKind.CLONE]
    return clone.name


def _signed(portal: Portal) -> Portal:
    log.sign_checkpoint(_as_ann(portal))
    return portal


def _in_quarantine(portal: Portal, *, proposed_by: str = "") -> Portal:
    begin_quarantine(_as_ann(portal), reason="rehearsal")
    if proposed_by:
        propose_end(replace(portal, actor=proposed_by), reason="all is there")
    return portal


def _take(portal: Portal) -> object:
    """Take a trust code by which the second issuer replaces the first one, which it revokes."""
    return taken(portal, trust_after(_as_ann(portal), SECOND, revoked=(FIRST,)), SECOND)


def _take_read(portal: Portal) -> object:
    code = trust_after(_as_ann(portal), SECOND)
    return take_trust(portal, code, key=SECOND.verifying_key)


def _renew(portal: Portal, place: str) -> object:
    """Issue anew what the first issuer signed, after it was revoked."""
    _take(_as_ann(portal))
    return renew(signing(portal, SECOND), _id(place, "out"))


def _authenticate(portal: Portal, _place: str) -> object:
    if portal.actor != "joe":
        service.set_passphrase(portal, OWN_PASSPHRASE)
    return service.authenticate(portal, OWN_PASSPHRASE).is_authenticated


CALLS: dict[Verb, Callable[[Portal, str], object]] = {
    Verb.RESERVE: lambda portal, place: _reserve(portal, place, "new"),
    Verb.UPDATE: lambda portal, place: service.update(portal, _id(place, "out"), {"ROUTE": 3}),
    Verb.REISSUE: lambda portal, place: service.reissue(portal, _id(place, "out")),
    Verb.READ_CODE: lambda portal, place: service.read_code(portal, _confirmation(portal, place).text),
    Verb.ACCEPT: lambda portal, place: service.accept(portal, _confirmation(portal, place)),
    Verb.ANSWER_AGAIN: lambda portal, place: service.answer_again(portal, _short(portal, place)),
    Verb.RECEIVE_SHORT: lambda portal, place: service.receive_short(portal, _short(portal, place)),
    Verb.ACCEPT_SHORT: _accept_short,
    Verb.KEEP_RETURN: lambda portal, place: service.keep_return(
        portal, device(place, "never").give_back(_id(place, "never")).text
    ),
    Verb.FIND_RESERVATION: lambda portal, place: service.find_reservation(
        portal, device(place, "out").request().text
    ),
    Verb.SHOW_RESERVATION: lambda portal, place: service.show_reservation(portal, _id(place, "out")),
    Verb.LIST_RESERVATIONS: lambda portal, place: service.list_reservations(portal, virtual_account=place),
    Verb.LIST_LICENSES: lambda portal, place: service.list_licenses(portal, virtual_account=place),
    Verb.OVERVIEW: lambda portal, place: service.overview(portal, virtual_account=place),
    Verb.ADD_LICENSE: lambda portal, place: service.add_license(portal, "ROUTE", 1, virtual_account=place),
    Verb.PREVIEW_ORDER: lambda portal, place: service.preview_order(portal, _order(place)),
    Verb.IMPORT_ORDER: lambda portal, place: service.import_order(portal, _order(place)),
    Verb.CORRECT_LICENSE: lambda portal, place: service.correct_license(
        portal, "ROUTE", 1, virtual_account=place
    ),
    # Both ends have to be the user's: the test of transfers below says more.
    Verb.TRANSFER_LICENSE: lambda portal, place: service.transfer_license(
        portal, "ROUTE", 1, source=place, target=OWN if place == OTHER else OTHER
    ),
    Verb.TRANSFER_RESERVATION: lambda portal, place: service.transfer_reservation(
        portal, _id(place, "out"), target=place
    ),
    Verb.LIST_VIRTUAL_ACCOUNTS: lambda portal, _place: service.list_virtual_accounts(portal),
    Verb.USAGE: lambda portal, place: usage(portal, virtual_account=place),
    Verb.EXPOSURE: lambda portal, place: exposure(portal, virtual_account=place),
    Verb.EXPIRING: lambda portal, place: expiring(portal, days=90, virtual_account=place),
    Verb.TRANSACTIONS: lambda portal, place: transactions(portal, virtual_account=place),
    Verb.SHOW_CATALOGUE: lambda portal, _place: service.show_catalogue(portal),
    Verb.LIST_PRODUCTS: lambda portal, _place: service.list_products(portal),
    Verb.TRUST_FILE: lambda portal, _place: service.trust_file(portal),
    Verb.READ_TRUST: lambda portal, _place: read_trust(portal, trust_after(_as_ann(portal), SECOND).text),
    Verb.TAKE_TRUST: lambda portal, _place: _take_read(portal),
    Verb.LIST_ISSUERS: lambda portal, _place: list_issuers(portal),
    Verb.DEVICES_BEHIND: lambda portal, _place: devices_behind(portal),
    Verb.RENEW: _renew,
    Verb.IS_FOR_BRINGING: lambda portal, place: is_for_bringing(
        portal, inspect_code(device(place, "new").request().text).code
    ),
    Verb.SETTLE: lambda portal, _place: settle(portal),
    Verb.SWEEP: lambda portal, _place: service.sweep(portal),
    Verb.EXPECT_RETURN: lambda portal, place: service.expect_return(
        portal, _id(place, "out"), portal.clock().date()
    ),
    Verb.LIST_ALERTS: lambda portal, place: service.list_alerts(portal, virtual_account=place),
    Verb.ACKNOWLEDGE_ALERT: lambda portal, place: service.acknowledge_alert(portal, _alert(portal, place)),
    Verb.PROPOSE_REHOST: lambda portal, place: _propose_rehost(portal, place, "out"),
    Verb.PROPOSE_WRITE_OFF: lambda portal, place: service.propose_write_off(
        portal, _id(place, "lost"), reason="burnt"
    ),
    Verb.PROPOSE_RELEASE: lambda portal, place: service.propose_release(
        portal, _id(place, "odd"), reason="seen"
    ),
    Verb.PENDING_DECISIONS: lambda portal, _place: service.pending_decisions(portal),
    Verb.NEEDS_KEY: lambda portal, place: needs_key(portal, _id(place, "waiting")),
    Verb.REJECT: _reject,
    Verb.APPROVE: lambda portal, place: service.approve(portal, _id(place, "waiting")),
    Verb.SHOW_POLICY: lambda portal, _place: service.show_policy(portal),
    Verb.SET_POLICY: lambda portal, _place: service.set_policy(portal, Policy(5, 5)),
    Verb.SET_PRODUCT: lambda portal, _place: service.set_product(portal, "TR-100", minimum_match=2),
    Verb.ADD_CATALOGUE: lambda portal, _place: service.add_catalogue(portal, Catalogue(("ROUTE",))),
    Verb.ADD_VIRTUAL_ACCOUNT: lambda portal, _place: service.add_virtual_account(portal, "Third"),
    Verb.RENAME_VIRTUAL_ACCOUNT: lambda portal, place: service.rename_virtual_account(portal, place, "Third"),
    Verb.REMOVE_VIRTUAL_ACCOUNT: lambda portal, _place: (
        service.add_virtual_account(_as_ann(portal), "Third"),
        service.remove_virtual_account(portal, "Third"),
    ),
    Verb.LIST_USERS: lambda portal, _place: service.list_users(portal),
    Verb.LIST_ACCESS: service.list_access,
    Verb.ADD_USER: lambda portal, place: service.add_user(
        portal, "new", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=(place,)
    ),
    Verb.GRANT_ROLE: lambda portal, place: service.grant_role(
        portal, f"{place} guest", Role.VIRTUAL_ACCOUNT_ADMINISTRATOR, virtual_accounts=(place,)
    ),
    Verb.REVOKE_ROLE: lambda portal, place: (
        service.grant_role(
            _as_ann(portal),
            f"{place} guest",
            Role.VIRTUAL_ACCOUNT_ADMINISTRATOR,
            virtual_accounts=(place,),
        ),
        service.revoke_role(
            portal, f"{place} guest", Role.VIRTUAL_ACCOUNT_ADMINISTRATOR, virtual_accounts=(place,)
        ),
    ),
    Verb.REMOVE_USER: lambda portal, place: service.remove_user(portal, f"{place} guest"),
    Verb.HAS_PASSPHRASE: lambda portal, _place: service.has_passphrase(portal),
    Verb.SET_PASSPHRASE: lambda portal, _place: service.set_passphrase(portal, OWN_PASSPHRASE),
    Verb.CLEAR_PASSPHRASE: lambda portal, _place: service.clear_passphrase(portal, "ann"),
    Verb.AUTHENTICATE: _authenticate,
    Verb.LIST_AGREEMENTS: lambda portal, _place: service.list_agreements(portal),
    Verb.SHOW_AGREEMENT: lambda portal, _place: service.show_agreement(portal, "Terms"),
    Verb.ADD_AGREEMENT: lambda portal, _place: service.add_agreement(portal, "Terms", "More of it."),
    Verb.ACCEPT_AGREEMENT: lambda portal, _place: service.accept_agreement(portal, "Terms", version=1),
    Verb.EVENTS: lambda portal, _place: service.events(portal, most=1000),
    Verb.AUDIT: lambda portal, _place: service.audit(portal),
    Verb.SIGN_CHECKPOINT: lambda portal, _place: log.sign_checkpoint(portal),
    Verb.PROVE_EVENT: lambda portal, _place: log.prove_event(_signed(portal), number=1),
    Verb.PROVE_GROWTH: lambda portal, _place: log.prove_growth(_signed(portal), before=1),
    Verb.VERIFY_NOTES: lambda portal, _place: log.verify_notes(portal, ()),
    Verb.EXPORT_LOG: lambda portal, _place: log.export_log(portal),
    Verb.REQUIRE_BACKUP: lambda portal, _place: watching.require_backup(portal),
    Verb.SHOW_QUARANTINE: lambda portal, _place: show_quarantine(portal),
    Verb.BEGIN_QUARANTINE: lambda portal, _place: begin_quarantine(portal, reason="rehearsal"),
    Verb.ADOPT: lambda portal, _place: adopt(portal, reason="it is the one used last"),
    Verb.BRING: lambda portal, place: bring(portal, device(place, "new").request().text),
    Verb.PROPOSE_END: lambda portal, _place: propose_end(_in_quarantine(portal), reason="all is there"),
    Verb.APPROVE_END: lambda portal, _place: approve_end(_in_quarantine(portal, proposed_by="ann")),
    Verb.REJECT_END: lambda portal, _place: reject_end(_in_quarantine(portal, proposed_by="ann")),
}
"""How each verb is called in a Virtual Account; where it is in none, the place is not heeded."""

FILTERED = {
    Verb.LIST_VIRTUAL_ACCOUNTS, Verb.PENDING_DECISIONS, Verb.LIST_USERS, Verb.EVENTS, Verb.DEVICES_BEHIND,
}  # fmt: skip
"""Verbs that name no Virtual Account: in place of a refusal, they leave out what others have."""

PREPARED = {
    Verb.REJECT, Verb.REMOVE_VIRTUAL_ACCOUNT, Verb.REVOKE_ROLE, Verb.PROPOSE_END, Verb.APPROVE_END,
    Verb.REJECT_END, Verb.RECEIVE_SHORT, Verb.ACCEPT_SHORT, Verb.AUTHENTICATE, Verb.RENEW,
}  # fmt: skip
"""Verbs before which something is written."""
