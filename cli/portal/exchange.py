"""The commands of a portal that exchange codes with devices."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from cli.code_input import BY_PARITY, CodeInput, names_reservation, takes_code
from cli.code_output import CodeOutput, shows_code
from cli.command import command, option, with_session
from cli.counts import require_counts, tag_counts
from cli.errors import UsageMistakeError
from cli.plain import safe
from cli.portal.accepted import accepted_record, accepted_text
from cli.portal.books import on_portal, on_signing_portal
from cli.portal.naming import reservation_of
from cli.portal.stock import iso_day
from cli.repaired import repairs_record
from cli.session import Report, Session
from cli.values import line_record, line_words, moment, sequence_record, udi_record

if TYPE_CHECKING:
    from cli.portal.books import Unlock
    from cli.portal.bringing import JudgedSince
    from codec.codes import Code, Request
    from codec.envelope import VerifiedCode
    from codec.reading import Repair
    from reservation.rules import Choice
    from reservation.service.accepting import Accepted
    from reservation.service.context import Portal
    from reservation.service.issuing import Issued

TERM_OPTION = option(
    "--term",
    default="longest",
    show_default=True,
    metavar="longest|soonest|LOT",
    help="Which lots to take from first: those that last longest, those that end soonest, or one lot alone.",
)
UNTIL_OPTION = option(
    "--until",
    metavar="D",
    callback=iso_day,
    help="Last day of these lines (UTC), as 2026-12-31, where their lots last longer.",
)
FOR_DAYS_OPTION = option(
    "--for-days",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="The same, as a number of days; today is the first.",
)
NEXT_INSTALL = "Carry this code to the device, and install it there: tallystick device install"


@command(
    "reserve",
    example="tallystick portal reserve --file request.txt --as-requested --out authorization.txt",
    exits="""
    0 done; also when it was reserved before: the same authorization is shown again
    1 too few licences; or the device has a reservation that is open, and must return it first
    2 what to reserve was not said
    3 cannot be read or repaired, or the repair was not accepted
    4 not a request, or not genuine
    6 the issuer's key cannot be opened
    """,
)
@takes_code
@option("--va", default="DEFAULT", show_default=True, metavar="V", help="The Virtual Account to take from.")
@option("--license", "licenses", multiple=True, metavar="TAG=N", help="N of TAG. Can be given many times.")
@option("--as-requested", is_flag=True, help="What the request asks for.")
@option("--universal", is_flag=True, help="Everything that the product has, as one reservation.")
@TERM_OPTION
@UNTIL_OPTION
@FOR_DAYS_OPTION
@option(
    "--return-by", callback=iso_day, metavar="D", help="Day by which its return is expected; see `expect`."
)
@shows_code
@on_signing_portal
@with_session
def reserve(
    session: Session,
    portal: "Portal",
    unlock: "Unlock",
    given: CodeInput,
    output: CodeOutput,
    va: str,
    licenses: tuple[str, ...],
    as_requested: bool,
    universal: bool,
    term: str,
    until: date | None,
    for_days: int | None,
    return_by: date | None,
) -> Report:
    """Answer a request: print the authorization code.

    Takes the licences out of the Virtual Account and signs them to the device. Say what to reserve: with
    `--license`, `--as-requested` or `--universal`. The same request again shows the same authorization.

    With `--until` or `--for-days` the device stops using them by itself, although its lots last longer. They
    stay held until it returns them, unless `policy --margin` says after how many days they are free again.
    """
    from codec.codes import Kind, Request
    from codec.envelope import require_kind, verify_request
    from codec.reading import receive
    from reservation.service.reserving import reserve as reserve_lines

    require_one_choice(licenses, as_requested, universal)
    last_day = last_day_of(session, until, for_days)
    counts = tag_counts(licenses, "--license")
    raw = given.read(session, "the request code", kinds=(Kind.REQUEST,))
    received = receive(raw, lambda code: verify_request(require_kind(code, Request)), search=given.search)
    request = given.accepted(session, received)
    choice = choice_of(counts, as_requested, universal)
    if choice is None:
        raise nothing_said(request.value)
    issued = reserve_lines(
        unlock(portal),
        request,
        virtual_account=va,
        choice=choice,
        term=term,
        until=last_day,
        return_by=return_by,
    )
    again = f"Reserved before, on {moment(issued.at)} by {safe(issued.by)}: here is the same code again."
    return _issued(
        issued,
        output,
        again if issued.again else f"Reserved as {issued.name} for {safe(issued.udi)}:",
        repairs=repairs_record(received.repairs),
    )


def last_day_of(session: Session, until: date | None, for_days: int | None) -> date | None:
    """Return the last day of lines that end before their lots."""
    if until and for_days:
        raise UsageMistakeError("--until and --for-days exclude each other.", hint="Give one of them.")
    return session.world.clock().date() + timedelta(days=for_days - 1) if for_days else until


def require_one_choice(licenses: tuple[str, ...], as_requested: bool, universal: bool) -> None:
    """Refuse several ways at once to say what to reserve.

    Raises:
        UsageMistakeError: When there are.
    """
    if sum((bool(licenses), as_requested, universal)) > 1:
        raise UsageMistakeError(
            "--license, --as-requested and --universal exclude each other.", hint="Give one of them."
        )


def choice_of(counts: dict[str, int], as_requested: bool, universal: bool) -> "Choice | None":
    """Return what to reserve; None: nobody said it."""
    from reservation.rules import LinesWanted, Wanted

    if counts:
        return LinesWanted(counts)
    if universal:
        return Wanted.UNIVERSAL
    return Wanted.AS_REQUESTED if as_requested else None


def nothing_said(request: "Request") -> UsageMistakeError:
    """Return the error for a request that comes without a word about what to reserve."""
    from codec.codes import Mode

    asked = ", ".join(
        f"{line.count:,} × {safe(line.tag)}" for line in request.wanted if isinstance(line.tag, str)
    )
    if request.mode is Mode.UNIVERSAL:
        hint = "The request asks for everything: add --universal."
    elif request.wanted:
        wish = f" ({asked})" if asked else ""
        hint = f"Add --as-requested for what the request asks{wish}, or --license TAG=N."
    else:
        hint = "The request names no entitlement: add --license TAG=N."
    return UsageMistakeError("What to reserve was not said. Nothing was done.", hint=hint)


@command(
    "update",
    example="tallystick portal update --file request.txt --license ROUTING=5 --out update.txt",
    exits="""
    0 done; also when nothing changes: the newest authorization is shown again
    1 too few licences, or the reservation is closed
    2 a count is missing
    6 the issuer's key cannot be opened
    """,
)
@names_reservation
@option(
    "--license",
    "licenses",
    multiple=True,
    required=True,
    metavar="TAG=N",
    help="N of TAG from now on; 0 drops it. Tags that are not named stay. Can be given many times.",
)
@TERM_OPTION
@UNTIL_OPTION
@FOR_DAYS_OPTION
@shows_code
@on_signing_portal
@with_session
def update(
    session: Session,
    portal: "Portal",
    unlock: "Unlock",
    given: CodeInput,
    output: CodeOutput,
    licenses: tuple[str, ...],
    term: str,
    until: date | None,
    for_days: int | None,
) -> Report:
    """Change what a reservation grants: print the new authorization.

    The new authorization replaces the one before when the device installs it. Until its confirmation comes
    back, the books hold the greater count of both. Lines that are named last as long as their lots, unless
    `--until` or `--for-days` ends them before.
    """
    from reservation.service.reserving import update as update_lines

    counts = require_counts(licenses, "--license")
    last_day = last_day_of(session, until, for_days)
    reservation = reservation_of(session, portal, given)
    issued = update_lines(unlock(portal), reservation, counts, term=term, until=last_day)
    again = f"Nothing changes by that: here is the authorization of {moment(issued.at)} again."
    return _issued(
        issued, output, again if issued.again else f"Updated {issued.name} for {safe(issued.udi)}:"
    )


@command(
    "reissue",
    example="tallystick portal reissue --file request.txt",
    exits="""
    0 done
    1 the reservation is closed: it never yields a code again
    """,
)
@names_reservation
@shows_code
@on_portal
@with_session
def reissue(session: Session, portal: "Portal", given: CodeInput, output: CodeOutput) -> Report:
    """Show a reservation's newest authorization again.

    Byte for byte the code that was issued, for when the first one got lost on the way.
    """
    from reservation.service.reserving import reissue as reissue_code

    issued = reissue_code(portal, reservation_of(session, portal, given))
    return _issued(issued, output, f"Authorization of {issued.name}, issued on {moment(issued.at)}:")


def _issued(issued: "Issued", output: CodeOutput, title: str, **more: object) -> Report:
    """Report an authorization."""
    from cli.fingerprints import answer_lines, fingerprints_record

    return Report(
        {
            "code": issued.text,
            "kind": "authorization",
            "reservation": issued.name,
            "udi": udi_record(issued.udi),
            "virtual_account": issued.virtual_account,
            "sequence": sequence_record(issued.sequence),
            "lines": [line_record(line) for line in issued.lines],
            "notes": issued.notes,
            "again": issued.again,
            "at": issued.at,
            "by": issued.by,
            "fingerprints": fingerprints_record(request=issued.reservation_id, authorization=issued.id),
            **more,
        },
        code=issued.text,
        output=output,
        says=(title, *(f"  {line_words(line)}" for line in issued.lines), *issued.notes),
        next_step=NEXT_INSTALL,
        compare=answer_lines(issued.reservation_id, issued.id),
    )


# --- accept ------------------------------------------------------------------------------------


@command(
    "accept",
    example="tallystick portal accept --file confirmation.txt\n"
    "tallystick portal confirm --file confirmation.txt",
    exits="""
    0 done; also when it was accepted before: the first answer is given again
    1 a request, which `reserve` takes, or one that was returned; or short confirmations are locked
    3 cannot be read or repaired, or the repair was not accepted
    4 not genuine, not from a device, or for a request that this portal never saw; a wrong short confirmation
    6 the issuer's key cannot be opened, which a short confirmation needs
    """,
)
@takes_code
@option("--va", metavar="V", help="Where a forgotten reservation belongs. [where its licences are]")
@on_signing_portal
@with_session
def accept(session: Session, portal: "Portal", unlock: "Unlock", given: CodeInput, va: str | None) -> Report:
    """Take a confirmation or a return from a device.

    A confirmation settles what is in use; a return brings the licences home. Any code can be given any number
    of times. `confirm` and `return` are other names of this command.

    A short confirmation (24 characters that start with S, read by telephone) does the same. To check it needs
    the issuer's key; it is recorded with the grade `mac`, and proves less than a signature. Five wrong ones
    lock that form for their reservation; the signed confirmation is always taken.

    A return for a request that this portal never saw is kept: should the request come later, it is refused as
    cancelled.

    After the database was copied back, it takes requests and authorizations too that the books have
    forgotten, in any order: together they rebuild the reservation (see `quarantine`).
    """
    from cli.portal.bringing import bring_back, judged_since
    from codec.codes import Kind
    from codec.short import is_short
    from reservation.errors import MissingAuthorizationError, UnknownRequestError
    from reservation.service.accepting import accept as accept_code
    from reservation.service.codes import read_code

    raw = given.read(session, "a confirmation or return code", kinds=(Kind.CONFIRMATION, Kind.RETURN))
    if is_short(raw):
        return _accept_short(session, portal, unlock, given, raw)
    brought = bring_back(session, portal, given, raw, va)
    if brought is not None:
        return brought
    try:
        received = read_code(portal, raw, search=given.search)
    except (UnknownRequestError, MissingAuthorizationError):
        kept = _keep(session, portal, given, raw)
        if kept is None:
            raise
        return kept
    code = given.accepted(session, received)
    accepted = accept_code(portal, code)
    return _accepted(accepted, received.repairs, code, since=judged_since(portal))


def _accept_short(session: Session, portal: "Portal", unlock: "Unlock", given: CodeInput, raw: str) -> Report:
    from codec.short import notes_on
    from reservation.service.shorts import accept_short, answer_again, receive_short

    notes = notes_on(raw)
    again = answer_again(portal, raw)
    if again is not None:
        given.require_acceptance(session, (), "", notes)
        return _accepted(again, ())
    opened = unlock(portal, issues=False)
    received = receive_short(opened, raw)
    given.require_acceptance(session, received.repairs, "it fits", notes)
    return _accepted(accept_short(opened, received), received.repairs)


def _accepted(
    accepted: "Accepted",
    repairs: "Sequence[Repair]",
    code: "VerifiedCode[Code] | None" = None,
    *,
    since: "JudgedSince" = ({}, []),
) -> Report:
    """Report what came of a code; a short confirmation has no id, and so no fingerprint.

    Args:
        accepted: What came of it.
        repairs: What was repaired in it.
        code: The code; None: a short confirmation.
        since: What was judged because of it, for scripts and in words.
    """
    from cli.fingerprints import fingerprint_line, fingerprints_record

    signed = {"fingerprints": fingerprints_record(**{code.kind.name.lower(): code.id})} if code else {}
    record, lines = since
    return Report(
        {**accepted_record(accepted), **signed, "repairs": repairs_record(repairs), **record},
        text="\n".join((accepted_text(accepted), *lines)),
        says=accepted.notes,
        compare=(fingerprint_line(code.kind, code.id),) if code else (),
        next_step="It is not signed. Get the confirmation code itself when there is a way "
        "(tallystick device confirmation)"
        if accepted.kind.value == "confirmed-mac"
        else "",
    )


def _keep(session: Session, portal: "Portal", given: CodeInput, raw: str) -> Report | None:
    """Keep a return that came before its request; None for a code of another kind."""
    from codec.codes import Return
    from codec.reading import inspect
    from reservation.service.codes import keep_return

    inspected = inspect(raw)
    if not isinstance(inspected.code.unverified, Return):
        return None
    given.require_acceptance(session, inspected.repairs, BY_PARITY, inspected.notes)
    kept = keep_return(portal, raw)
    return Report(
        {
            "kind": "return-kept",
            "at": kept.at,
            "by": kept.actor,
            "repairs": repairs_record(inspected.repairs),
        },
        text=f"Kept on {moment(kept.at)} by {safe(kept.actor)}: this portal never saw the request of this "
        "return. Should the request come, it is refused as cancelled.",
        says=("If another portal reserved for this device, take the code there: here it frees nothing.",),
    )
