"""``tallystick portal issuer``: which key signs, and what its change asks of devices."""

from typing import TYPE_CHECKING

import click

from cli.code_input import CodeInput, takes_code
from cli.command import command, option, with_session
from cli.errors import UsageMistakeError
from cli.plain import counted, safe
from cli.portal.books import Unlock, on_portal, on_signing_portal
from cli.repaired import repairs_record
from cli.screen import table
from cli.session import Report, Session
from cli.values import moment, sequence_record, udi_record

if TYPE_CHECKING:
    from reservation.service.context import Portal
    from reservation.service.issuers import DeviceBehind, IssuerStanding, OfferedTrust
    from reservation.service.issuing import Issued

_KEY_ID_DIGITS = 16
_CARRY = (
    "Carry to each device first the trust code (tallystick portal trust), then its authorization "
    "(tallystick device install)"
)


@command(
    "adopt",
    example="tallystick portal issuer adopt --file trust-code.txt",
    exits="""
    0 done; also when it was taken before
    1 refused: older than the newest one here, or several issuers of which nobody chose one
    2 nobody is here to be asked for the passphrase
    3 cannot be read or repaired, or the repair was not accepted
    4 not genuine, or not for here: another root, another portal
    5 the acting user is no administrator
    6 the private key of the issuer that it brings is not here, or does not open
    """,
)
@takes_code
@option("--use", metavar="KEYID", help="Which of several issuers signs from now on.")
@on_signing_portal
@with_session
def adopt(session: Session, portal: "Portal", unlock: Unlock, given: CodeInput, use: str | None) -> Report:
    """Take a trust code, and the issuer that it brings into use.

    The code is kept and is part of the trust file from now on. The issuer that it brings signs from now on,
    when its key is in the folder of the portal's keys (`keys rotate-issuer`), and when its first day has
    come; else the old one goes on, and the same command on that day does the rest. An issuer that the code
    revokes signs nothing any more.
    """
    from codec.codes import Kind
    from codec.keys import VerifyingKey
    from reservation.service.context import require_issuer
    from reservation.service.issuers import read_trust, take_trust

    wanted = _key_id(use) if use else None
    raw = given.read(session, "the trust code", kinds=(Kind.TRUST,))
    offered = read_trust(portal, raw, search=given.search, use=wanted)
    code = given.accepted(session, offered.received)
    key: VerifyingKey | None = None
    if offered.changes_issuer:
        key = require_issuer(unlock(portal, issues=False, key=offered.signs)).key.verifying_key
    taken = take_trust(portal, code, key=key, use=wanted)
    return _adopted(portal, taken, repairs_record(offered.received.repairs))


def _key_id(given: str) -> bytes:
    squeezed = "".join(given.split()).lower()
    if len(squeezed) != _KEY_ID_DIGITS or set(squeezed) - set("0123456789abcdef"):
        raise UsageMistakeError(
            f"--use needs the id of a key: {_KEY_ID_DIGITS} hexadecimal digits.",
            hint="See the ids with `tallystick code explain`.",
        )
    return bytes.fromhex(squeezed)


def _adopted(portal: "Portal", taken: "OfferedTrust", repairs: list[dict[str, object]]) -> Report:
    from codec.keys import VerifyingKey
    from reservation.issuers import is_revoked
    from reservation.service.watching import checkpoint_of

    value = taken.received.code.value
    signs = VerifyingKey(taken.signs).id
    stopped = is_revoked(value, taken.signs)
    when = "was taken before" if taken.again else "is taken"
    lines = [f"Trust code {value.serial} {when}: {counted(len(value.issuers), 'issuer')}"]
    lines[0] += f", {counted(len(value.revoked), 'revoked key')}." if value.revoked else "."
    if stopped:
        lines.append(f"Issuer {signs.hex()} is revoked, and no other is in use: nothing can be issued.")
    else:
        lines.append(
            f"Issuer {signs.hex()} signs{' from now on' if taken.changes_issuer else ', as before'}."
        )
    says = []
    if value.revoked:
        log = checkpoint_of(portal)
        says.append(f"The log of this portal stands at {log.events:,} events, hash {log.hash.hex()}.")
    today = portal.clock().date()
    to_come = [one for one in value.issuers if one.valid_from > today and not is_revoked(value, one.key)]
    says += [
        f"Issuer {VerifyingKey(one.key).id.hex()} is believed from {one.valid_from} on: adopt this code "
        "again then, to take it into use."
        for one in to_come
    ]
    return Report(
        {
            "serial": value.serial,
            "issuer": signs,
            "changed": taken.changes_issuer,
            "revoked": list(value.revoked),
            "can_issue": not stopped,
            "again": taken.again,
            "repairs": repairs,
        },
        text="\n".join(lines),
        says=says,
        next_step="tallystick portal issuer devices names the devices that need the trust code"
        if not stopped
        else "Make a new key: tallystick keys rotate-issuer",
    )


@command(
    "list",
    example="tallystick portal issuer list",
    exits="""
    0 done
    1 there is no portal yet
    """,
)
@on_portal
def list_all(portal: "Portal") -> Report:
    """List the issuers that ever signed, and those to believe.

    Which key signed from when on, and from when to when devices believe it. The last one that came into use
    signs now.
    """
    from reservation.service.issuers import list_issuers

    found = list_issuers(portal)
    rows = [
        (one.id.hex(), _state(one), one.valid_from or "", one.valid_until or "", _since(one)) for one in found
    ]
    return Report(
        {"issuers": [_record(one) for one in found]},
        text=table(("KEY ID", "STATE", "FROM", "UNTIL", "IN USE SINCE"), rows),
    )


def _state(one: "IssuerStanding") -> str:
    if one.is_revoked:
        return "revoked, in use" if one.is_in_use else "revoked"
    if one.is_in_use:
        return "in use"
    if one.valid_from is None:
        return "not listed any more"
    return "used before" if one.used else "not used yet"


def _since(one: "IssuerStanding") -> str:
    return ", ".join(f"{moment(use.at)} (trust code {use.serial})" for use in one.used)


def _record(one: "IssuerStanding") -> dict[str, object]:
    return {
        "key_id": one.id,
        "public_key": one.key,
        "valid_from": one.valid_from,
        "valid_until": one.valid_until,
        "revoked": one.is_revoked,
        "in_use": one.is_in_use,
        "used": [{"serial": use.serial, "at": use.at, "by": use.by} for use in one.used],
    }


@command(
    "devices",
    example="tallystick portal issuer devices",
    exits="""
    0 done; also when no device needs anything
    1 there is no such page
    5 the acting user may not licence
    """,
)
@option("--most", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N", help="At most N.")
@option("--page", metavar="P", help="Go on from here, as the page before says.")
@on_portal
def devices(portal: "Portal", most: int, page: str | None) -> Report:
    """List the devices that need a trust code, or a new authorization.

    A device shows which trust code it has only by confirming an authorization of an issuer that came with it.
    So a device stands here until then, or until its reservation ends, though a person may have installed the
    code long ago.
    """
    from reservation.service.issuers import devices_behind

    shown = devices_behind(portal, page=page, most=most)
    found = shown.devices
    rows = [
        (one.reservation.name, safe(str(one.udi)), one.reservation.state.value, _needs(one)) for one in found
    ]
    renewals = sum(one.needs_renewal for one in found)
    steps = (
        f"There are more: add --page {shown.next_page}" if shown.next_page else "",
        "Issue anew what a revoked key had signed: tallystick portal issuer renew" if renewals else "",
    )
    return Report(
        {
            "devices": [
                {
                    "reservation": one.reservation.name,
                    "udi": udi_record(one.udi),
                    "state": one.reservation.state.value,
                    "needs_trust": one.needs_trust,
                    "needs_renewal": one.needs_renewal,
                }
                for one in found
            ],
            "next_page": shown.next_page,
        },
        text=table(("RESERVATION", "DEVICE", "STATE", "NEEDS"), rows)
        if rows
        else "Every device with an open reservation has shown that it has the newest trust code.",
        next_step="\n".join(filter(None, steps)),
    )


def _needs(one: "DeviceBehind") -> str:
    needs = (("trust code", one.needs_trust), ("new authorization", one.needs_renewal))
    return ", ".join(name for name, is_needed in needs if is_needed)


@command(
    "renew",
    example="tallystick portal issuer renew",
    exits="""
    0 done; also when there is nothing to renew
    1 some could not be renewed: the others were
    2 nobody is here to be asked for the passphrase
    5 the acting user may not licence
    6 the issuer's key does not open
    """,
)
@on_signing_portal
@with_session
def renew(session: Session, portal: "Portal", unlock: Unlock) -> Report:
    """Issue anew what a revoked issuer had signed and nobody confirmed.

    Prints the new authorization codes, one a line. Each has the next number and grants the same, without what
    has ended. Nothing is held twice, whichever of the two a device has installed. What devices have confirmed
    stays as it is. Each code goes to its device, with the trust code first.
    """
    from reservation.service.context import require_issuing
    from reservation.service.issuers import every_device_behind

    portal.store.read(lambda books: require_issuing(portal, books))
    waiting = [one for one in every_device_behind(portal) if one.needs_renewal]
    done: list[Issued] = []
    failed: list[dict[str, object]] = []
    if waiting:
        portal = unlock(portal)
    for one in waiting:
        _renew_one(session, portal, one, done, failed)
    return Report(
        {"renewed": [_renewed_record(one) for one in done], "failed": failed},
        text="\n".join(one.text for one in done),
        says=[
            *(f"{one.name}, {safe(str(one.udi))}: authorization {one.sequence.number}" for one in done),
            *([] if done or failed else ["Nothing to renew: no authorization of a revoked issuer waits."]),
        ],
        next_step=_CARRY if done else "",
        exit_code=1 if failed else 0,
    )


def _renew_one(
    session: Session,
    portal: "Portal",
    one: "DeviceBehind",
    done: "list[Issued]",
    failed: list[dict[str, object]],
) -> None:
    from reservation.errors import RuleError
    from reservation.service.issuers import renew as renew_reservation

    try:
        done.append(renew_reservation(portal, one.reservation.id))
    except RuleError as error:
        session.warn(f"{one.reservation.name}, {one.udi}: {error.message}")
        failed.append({"reservation": one.reservation.name, "code": error.code, "message": error.message})


def _renewed_record(one: "Issued") -> dict[str, object]:
    return {
        "reservation": one.name,
        "udi": udi_record(one.udi),
        "sequence": sequence_record(one.sequence),
        "code": one.text,
    }
