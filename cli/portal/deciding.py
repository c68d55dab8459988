"""The commands that need two persons: one proposes, another approves. And what an account allows itself."""

from typing import TYPE_CHECKING

import click

from cli.code_input import CodeInput, code_text, names_reservation, takes_code
from cli.code_output import CodeOutput, shows_code
from cli.command import argument, command, option, with_session
from cli.counts import require_counts
from cli.errors import UsageMistakeError
from cli.plain import counted, safe
from cli.portal.accepted import moved_lines, moved_record
from cli.portal.books import Unlock, on_portal, on_signing_portal
from cli.portal.exchange import NEXT_INSTALL
from cli.portal.naming import reservation_of
from cli.portal.proving import own_passphrase_option, proved
from cli.portal.views import exposed_record
from cli.screen import labelled, table
from cli.session import Report, Session
from cli.values import line_record, line_words, moment, sequence_record, udi_record

if TYPE_CHECKING:
    from codec.codes import Request
    from codec.envelope import VerifiedCode
    from reservation.model import Policy
    from reservation.service.context import Portal
    from reservation.service.deciding import Decided, Proposed

EVIDENCE = ("hardware", "software", "witness", "none")
"""What can show that a device failed, as `reservation.model` names it."""

_REASON = option("--reason", required=True, metavar="TEXT", help="Why, in a sentence for whoever approves.")

# --- proposing ---------------------------------------------------------------------------------


@command(
    "rehost",
    example="tallystick portal rehost old.txt --file new.txt --license CRYPTO=1 --reason Fire "
    "--evidence none",
    exits="""
    0 proposed; also when the same was proposed before, and still waits
    1 nothing to move, or the quota is used up, or the replacement cannot be reserved for
    """,
)
@argument("reservation", text="The failed device's reservation: its name, a code of it, or a file with one.")
@takes_code
@option(
    "--license",
    "licenses",
    multiple=True,
    metavar="TAG=N",
    help="What the replacement gets, in place of what the failed device had. Can be given many times.",
)
@_REASON
@option("--evidence", required=True, type=click.Choice(EVIDENCE), help="What shows that it failed.")
@on_portal
@with_session
def rehost(
    session: Session,
    portal: "Portal",
    reservation: str,
    given: CodeInput,
    licenses: tuple[str, ...],
    reason: str,
    evidence: str,
) -> Report:
    """Propose to replace a device that failed.

    For one that can make no return code: it is given up, and what it holds moves to a replacement. CODE is
    the request of its replacement; without one, what the failed device holds stands as failed, and a
    replacement can be named later. Nothing changes until a second person approves it: then `approve` prints
    the authorization for the replacement.

    What the replacement takes over is noted as exposure: the failed device may still use it, should it live.
    How many rehosts an account allows itself is set by `policy`.
    """
    from reservation.model import FailureEvidence
    from reservation.service.deciding import propose_rehost

    named = CodeInput((code_text(reservation),), accept_repair=given.accept_repair, may_be_name=True)
    lines = require_counts(licenses, "--license")
    replacement = _replacement(session, given)
    if lines and replacement is None:
        raise UsageMistakeError(
            "--license says what a replacement gets, and none was named.",
            hint="Add the request code of the replacement.",
        )
    proposed = propose_rehost(
        portal,
        reservation_of(session, portal, named),
        reason=reason,
        evidence=FailureEvidence(evidence),
        replacement=replacement,
        lines=lines,
    )
    return _proposed(proposed)


def _replacement(session: Session, given: CodeInput) -> "VerifiedCode[Request] | None":
    from codec.codes import Kind, Request
    from codec.envelope import require_kind, verify_request
    from codec.reading import receive

    if not (given.words or given.file or given.image):
        return None
    raw = given.read(session, "the request code of the replacement", kinds=(Kind.REQUEST,))
    received = receive(raw, lambda code: verify_request(require_kind(code, Request)), search=given.search)
    return given.accepted(session, received)


@command(
    "write-off",
    example="tallystick portal write-off --file request.txt --reason 'Not found in a year'",
    exits="""
    0 proposed; also when the same was proposed before, and still waits
    1 nothing of it stands as failed
    """,
)
@names_reservation
@_REASON
@on_portal
@with_session
def write_off(session: Session, portal: "Portal", given: CodeInput, reason: str) -> Report:
    """Propose to write off what a failed device held.

    What stands as failed of a reservation is then counted as lost. Nothing changes
    until a second person approves it. Should the device be found and returned after all, they come home.
    """
    from reservation.service.deciding import propose_write_off

    return _proposed(propose_write_off(portal, reservation_of(session, portal, given), reason=reason))


@command(
    "release",
    example="tallystick portal release --file request.txt --reason 'Disk was seen to be destroyed'",
    exits="""
    0 proposed; also when the same was proposed before, and still waits
    1 no return left its hold in doubt
    """,
)
@names_reservation
@_REASON
@on_portal
@with_session
def release(session: Session, portal: "Portal", given: CodeInput, reason: str) -> Report:
    """Propose to free what a doubtful return left in doubt.

    A return from changed hardware, or by a device that had forgotten a newer authorization, closes its
    reservation and frees nothing: a copy of the device may still be in use. Nothing changes until a second
    person approves it.
    """
    from reservation.service.deciding import propose_release

    return _proposed(propose_release(portal, reservation_of(session, portal, given), reason=reason))


def _proposed(proposed: "Proposed") -> Report:
    name = proposed.reservation.name
    decision = proposed.decision
    before = f"Proposed before, on {moment(decision.proposed_at)}." if proposed.again else "Proposed."
    return Report(
        {**_decision_record(proposed), "again": proposed.again},
        text=f"{before} {_words(proposed)}",
        next_step=f"A second person approves it: tallystick portal approve {name}",
    )


_KIND_WORDS = {"rehost": "Rehost", "write-off": "Write-off", "release": "Release"}


def _words(proposed: "Proposed") -> str:
    decision, reservation = proposed.decision, proposed.reservation
    what = f"{_KIND_WORDS[decision.kind.value]} of {reservation.name}, {safe(reservation.udi)}"
    return f"{what}: {safe(decision.reason)}"


def _decision_record(proposed: "Proposed") -> dict[str, object]:
    from reservation.model import name_of

    decision = proposed.decision
    return {
        "reservation": proposed.reservation.name,
        "state": proposed.reservation.state.value,
        "udi": udi_record(proposed.reservation.udi),
        "decision": decision.kind.value,
        "reason": decision.reason,
        "evidence": decision.evidence.value if decision.evidence else None,
        "replacement": name_of(decision.replacement) if decision.replacement else None,
        "lines": dict(decision.lines) or None,
        "proposed_at": decision.proposed_at,
        "proposed_by": decision.proposed_by,
    }


@command(
    "decisions",
    example="tallystick portal decisions",
    exits="""
    0 done; also when nothing waits
    1 there is no portal yet
    """,
)
@on_portal
def decisions(portal: "Portal") -> Report:
    """List what waits for a second person."""
    from reservation.service.deciding import pending_decisions

    found = pending_decisions(portal)
    rows = [
        (
            each.decision.kind.value,
            each.reservation.name,
            each.reservation.udi,
            each.decision.proposed_by,
            moment(each.decision.proposed_at),
            each.decision.evidence.value if each.decision.evidence else "",
            each.decision.reason,
        )
        for each in found
    ]
    head = ("WHAT", "RESERVATION", "DEVICE", "PROPOSED BY", "WHEN", "EVIDENCE", "REASON")
    return Report(
        {"decisions": [_decision_record(each) for each in found]},
        text=table(head, rows) if rows else "",
        says=() if rows else ("Nothing waits for a second person.",),
        next_step="tallystick portal approve RESERVATION" if rows else "",
    )


# --- approving ---------------------------------------------------------------------------------


@command(
    "approve",
    example="tallystick portal approve --file request.txt --user alex --out new-authorization.txt",
    exits="""
    0 done; also when it was approved before: the first answer is given again
    1 nothing waits, or something happened since it was proposed, or a rule refuses it now
    5 the person who proposed it is who runs this, or may not approve it; or their passphrase is wrong
    """,
)
@names_reservation
@option("--reject", is_flag=True, help="Take the proposal back instead; its proposer may do that too.")
@own_passphrase_option
@shows_code
@on_signing_portal
@with_session
def approve(
    session: Session,
    portal: "Portal",
    unlock: Unlock,
    given: CodeInput,
    output: CodeOutput,
    reject: bool,
    own_passphrase_file: str | None,
) -> Report:
    """Approve what somebody else proposed.

    It is carried out at once. A rehost to a replacement prints the authorization for it, and needs the
    issuer's key. Nobody approves what they proposed; it takes an administrator of the Smart Account, or of
    the Virtual Account. Who has a passphrase of their own (`user passphrase`) has to give it; without one,
    that the second person is who TALLYSTICK_USER says is not proved, and recorded as unauthenticated. When
    something happened to the reservation since, the proposal has to be made anew.
    """
    from reservation.service.deciding import approve as approve_it
    from reservation.service.deciding import needs_key
    from reservation.service.deciding import reject as reject_it

    reservation = reservation_of(session, portal, given)
    if reject:
        return _decided(reject_it(portal, reservation), output)
    proven = proved(session, portal, own_passphrase_file)
    signing = unlock(proven) if needs_key(portal, reservation) else proven
    return _decided(approve_it(signing, reservation), output)


def _decided(decided: "Decided", output: CodeOutput) -> Report:
    from cli.fingerprints import answer_lines, fingerprints_record

    issued = decided.issued
    says = tuple(_decided_lines(decided))
    record = _decided_record(decided)
    if issued is None:
        return Report({**record, "code": None}, text="\n".join(says))
    return Report(
        {
            **record,
            "code": issued.text,
            "kind": "authorization",
            "fingerprints": fingerprints_record(request=issued.reservation_id, authorization=issued.id),
            "replacement": {
                "reservation": issued.name,
                "udi": udi_record(issued.udi),
                "virtual_account": issued.virtual_account,
                "sequence": sequence_record(issued.sequence),
                "lines": [line_record(line) for line in issued.lines],
            },
        },
        code=issued.text,
        output=output,
        says=(
            *says,
            f"Reserved as {issued.name} for {safe(issued.udi)}:",
            *(f"  {line_words(line)}" for line in issued.lines),
        ),
        next_step=NEXT_INSTALL,
        compare=answer_lines(issued.reservation_id, issued.id),
    )


def _decided_lines(decided: "Decided") -> list[str]:
    decision, reservation = decided.decision, decided.reservation
    outcome = decision.outcome.value.capitalize() if decision.outcome else ""
    before = ""
    if decided.again and decision.decided_at:
        before = f" before, on {moment(decision.decided_at)} by {safe(decision.decided_by)}"
    lines = [
        f"{outcome}{before}: {decision.kind.value} of {reservation.name}, {safe(reservation.udi)}, "
        f"which is {reservation.state.value}."
    ]
    lines += moved_lines(decided.moved)
    if decided.exposed:
        what = ", ".join(f"{count:,} × {safe(lot.tag)}" for lot, count in decided.exposed)
        lines.append(f"Exposed, should the failed device live: {what}.")
    return lines


def _decided_record(decided: "Decided") -> dict[str, object]:
    decision = decided.decision
    return {
        "reservation": decided.reservation.name,
        "state": decided.reservation.state.value,
        "udi": udi_record(decided.reservation.udi),
        "decision": decision.kind.value,
        "outcome": decision.outcome.value if decision.outcome else None,
        "authenticated": decided.is_authenticated,
        "moved": moved_record(decided.moved),
        "exposed": exposed_record(decided.exposed),
        "again": decided.again,
        "at": decision.decided_at,
        "by": decision.decided_by,
        "proposed_by": decision.proposed_by,
    }


# --- policy ------------------------------------------------------------------------------------


_NEVER = -1


def _margin(_context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read a number of days, or ``never``."""
    if value is None:
        return None
    if value == "never":
        return _NEVER
    if not (value.isascii() and value.isdigit()):
        raise click.BadParameter("neither a number of days nor `never`", param=parameter)
    return int(value)


@command(
    "policy",
    example="tallystick portal policy --rehosts 5 --rehost-share 10 --margin 14",
    exits="""
    0 done
    1 there is no portal yet
    2 no number or margin is written so
    """,
)
@option(
    "--rehosts",
    type=click.IntRange(0, 1_000_000),
    metavar="N",
    help="Rehosts that are allowed in 365 days, however few devices there are. [3 at first]",
)
@option(
    "--rehost-share",
    type=click.IntRange(0, 100),
    metavar="P",
    help="And as many as P percent of all devices that ever had a reservation. [10 at first]",
)
@option(
    "--margin",
    callback=_margin,
    metavar="DAYS|never",
    help="Days after which lines that ended before their lots hold nothing any more. [never at first]",
)
@option(
    "--agreements",
    type=click.Choice(("required", "optional")),
    help="Whether nothing is given out while an agreement is not accepted. [optional at first]",
)
@option(
    "--in-doubt",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="Days after which something that nobody confirmed is an alert. [30 at first]",
)
@option(
    "--quota-near",
    type=click.IntRange(1, 100),
    metavar="P",
    help="Percent of the rehosts that are allowed from which on they are an alert. [80 at first]",
)
@on_portal
def policy(
    portal: "Portal",
    rehosts: int | None,
    rehost_share: int | None,
    margin: int | None,
    agreements: str | None,
    in_doubt: int | None,
    quota_near: int | None,
) -> Report:
    """Show or change what the account allows itself.

    Of rehosts, the greater of the two numbers counts. Only rehosts to a replacement count, and none of those
    whose device was found and returned.

    Lines can end before their lots (`reserve --until`). A margin lets their licences come home that many days
    later, without a return. That trusts the clock of the device: one that stands still goes on using them.
    What is issued afterwards follows a new margin; what was issued keeps its own.
    """
    from reservation.model import Policy
    from reservation.service.deciding import set_policy, show_policy

    found = show_policy(portal)
    if {rehosts, rehost_share, margin, agreements, in_doubt, quota_near} == {None}:
        return _policy(found)
    wanted = Policy(
        rehost_percent=found.rehost_percent if rehost_share is None else rehost_share,
        rehost_minimum=found.rehost_minimum if rehosts is None else rehosts,
        margin_days=found.margin_days if margin is None else None if margin == _NEVER else margin,
        agreements_required=found.agreements_required if agreements is None else agreements == "required",
        in_doubt_days=found.in_doubt_days if in_doubt is None else in_doubt,
        quota_near_percent=found.quota_near_percent if quota_near is None else quota_near,
    )
    return _policy(set_policy(portal, wanted))


def _policy(found: "Policy") -> Report:
    return Report(
        {
            "rehosts": found.rehost_minimum,
            "rehost_share": found.rehost_percent,
            "margin_days": found.margin_days,
            "agreements": "required" if found.agreements_required else "optional",
            "in_doubt_days": found.in_doubt_days,
            "quota_near": found.quota_near_percent,
        },
        text=labelled(
            [
                (
                    "Rehosts in 365 days",
                    f"{found.rehost_minimum:,}, or {found.rehost_percent} % of the devices",
                ),
                (
                    "Lines that ended early",
                    "hold until they are returned"
                    if found.margin_days is None
                    else f"hold for {counted(found.margin_days, 'more day')}",
                ),
                (
                    "Agreements",
                    "must be accepted before anything is given out"
                    if found.agreements_required
                    else "are accepted or not: nothing waits for them",
                ),
                (
                    "Alerts",
                    f"of what nobody confirmed in {counted(found.in_doubt_days, 'day')}, and from "
                    f"{found.quota_near_percent} % of the rehosts on",
                ),
            ]
        ),
    )
