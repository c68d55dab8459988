"""The commands of a device that exchange codes with the portal."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cli.code_input import CodeInput, code_text, takes_code
from cli.code_output import CodeOutput, shows_code
from cli.command import command, option, with_session
from cli.counts import tag_counts
from cli.device.home import on_device
from cli.errors import DeclinedError, UsageMistakeError
from cli.repaired import repairs_record
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.codes import Authorization, Code, Trust
    from codec.envelope import VerifiedCode
    from reservation.device import Device
    from reservation.device.answers import IssuedCode

_TO_THE_PORTAL = "Carry this code to the portal"
_BY_TELEPHONE = (
    "Read this code to the portal by telephone (tallystick portal accept), group by group; --spell writes it "
    "in words. It proves less than the confirmation code itself: tallystick device confirmation"
)
_SHORT = option(
    "--short",
    is_flag=True,
    help="Print the short confirmation in place of the long one: 24 characters, to be read by telephone.",
)

REASONS = ("unspecified", "no-longer-needed", "replaced", "moved", "decommissioned", "test-ended")
"""Why a device gives a reservation back, as `codec.codes.ReturnReason` names them; `cancel` says the rest."""


@command(
    "request",
    example="tallystick device request --want ROUTING=2 --want CRYPTO --out request.txt",
    exits="""
    0 done; also when the request was made before: the same code is shown again
    1 an authorization is installed, or a request with other content is pending
    2 a tag or a count that no code can carry
    """,
)
@option("--universal", is_flag=True, help="Ask for everything that the product has.")
@option(
    "--want",
    multiple=True,
    metavar="TAG[=N]",
    help="Ask for N of TAG (1 without N); the portal can propose it. Can be given many times.",
)
@shows_code
@on_device
def request(device: "Device", output: CodeOutput, universal: bool, want: tuple[str, ...]) -> Report:
    """Ask for licences: print the request code.

    Carry the code to the portal, which answers it with an authorization. A request stays pending until it is
    answered or cancelled: asking again shows the same code, so nothing is lost with the paper.
    """
    from codec.codes import Mode, WantedLine

    if universal and want:
        raise UsageMistakeError(
            "--universal asks for everything, so --want has no meaning beside it.",
            hint="Leave one of them out.",
        )
    wanted = [WantedLine(tag, count) for tag, count in tag_counts(want, "--want").items()]
    issued = device.request(mode=Mode.UNIVERSAL if universal else Mode.SPECIFIC, wanted=wanted)
    return _issued(
        issued,
        output,
        again="This request was made before and is pending: here is the same code again.",
        next_step=f"{_TO_THE_PORTAL} (tallystick portal reserve); then install the authorization that it "
        "gives: tallystick device install",
    )


@command(
    "cancel",
    example="tallystick device cancel --out cancelled.txt",
    exits="""
    0 done; also when it was cancelled before: the same code is shown again
    1 no request is pending, or its authorization is installed: then give it back
    """,
)
@shows_code
@on_device
def cancel(device: "Device", output: CodeOutput) -> Report:
    """End a pending request: print the return code.

    The device will never install an authorization for the request. If the portal has answered the request
    already, the return code brings those licences home, even when the authorization was lost on the way.
    """
    return _issued(
        device.cancel(),
        output,
        again="This request was cancelled before: here is the same code again.",
        next_step=f"{_TO_THE_PORTAL} if it has seen the request (tallystick portal accept)",
    )


@command(
    "install",
    example="tallystick device install --file authorization.txt --out confirmation.txt",
    exits="""
    0 done; also when it was installed before: the same confirmation is shown again
    1 refused: given back already, older than the installed one, other hardware
    3 cannot be read or repaired, or the repair was not accepted
    4 not genuine, or not for here: unknown or revoked issuer, another device, another portal
    """,
)
@takes_code
@_SHORT
@shows_code
@on_device
@with_session
def install(session: Session, device: "Device", given: CodeInput, output: CodeOutput, short: bool) -> Report:
    """Take an authorization into use: print its confirmation.

    Checks the code, writes it durably, and only then prints the confirmation code, for the portal. Installing
    the same code again shows the same confirmation. An update replaces everything installed before it.

    Where the way back to the portal is a telephone, `--short` prints 24 characters to be read aloud. They
    prove less; the confirmation itself can be shown at any time (`confirmation`) and brought later.

    A trust code (it starts with T) is installed in the same way: it says which issuers to believe. A bundle
    may carry both, for many devices: the trust code goes first, then the authorization for this one.
    """
    from codec.codes import Authorization, Kind
    from codec.errors import WrongKindError

    raw = given.read(session, "the authorization code", kinds=(Kind.AUTHORIZATION, Kind.TRUST))
    try:
        received = device.read(raw, search=given.search)
    except WrongKindError:
        members = _members(raw)
        if not members:
            raise
        return _carried(device, members, output, short=short)
    code = given.accepted(session, received)
    repairs = {"repairs": repairs_record(received.repairs)}
    if isinstance(code.value, Authorization):
        return _installed(device, code, output, repairs, short=short)
    return _trusted(device, code, repairs)


def _members(raw: str) -> tuple[str, ...]:
    """Return the codes of a bundle; none for anything else."""
    from codec.carriers import opened
    from codec.parity import text_of

    inside = opened(raw)
    return tuple(text_of(member) for member in inside) if isinstance(inside, tuple) else ()


def _carried(device: "Device", members: tuple[str, ...], output: CodeOutput, *, short: bool) -> Report:
    """Install the newest trust code of a bundle, and then the authorization that is for this device."""
    from codec.codes import Kind
    from codec.errors import NotGenuineError, WrongKindError
    from reservation.errors import OlderTrustError

    trusts = [device.read(text).code for text in members if text[0] == Kind.TRUST.value]
    done: Report | None = None
    if trusts:
        newest = max(trusts, key=lambda code: getattr(code.value, "serial", 0))
        # A device that has a newer one already needs nothing of it.
        with suppress(OlderTrustError):
            done = _trusted(device, newest, {})
    found: list[VerifiedCode[Any]] = []
    refused: NotGenuineError | None = None
    for text in (one for one in members if one[0] == Kind.AUTHORIZATION.value):
        try:
            found.append(device.read(text).code)
        except NotGenuineError as error:
            refused = error  # for another device, as most are in a bundle for many
    if found:
        installed = _installed(
            device, max(found, key=lambda code: code.value.sequence), output, {}, short=short
        )
        return installed._replace(says=(*([done.text] if done else ()), *installed.says))
    if done is not None:
        missing = f"No authorization in it is for this device: {refused.message}" if refused else ""
        return done._replace(says=(*done.says, missing) if missing else done.says)
    if refused is not None:
        raise refused
    raise WrongKindError(
        "This bundle has no code that a device installs, or none that is newer than what it has.",
        hint="Give it an authorization code, or a bundle that holds one.",
    )


def _installed(
    device: "Device",
    code: "VerifiedCode[Any]",
    output: CodeOutput,
    repairs: dict[str, Any],
    *,
    short: bool,
) -> Report:
    from cli.fingerprints import fingerprint_line, fingerprints_record
    from cli.values import line_record, line_words, sequence_record
    from reservation.model import name_of

    authorization: Authorization = code.value
    done = device.install(code)
    shown = device.short_confirmation() if short else done.confirmation
    request_id = device.status().request_id or b""
    again = "It was installed before; here is the same confirmation again." if done.again else "Installed."
    return Report(
        {
            "code": shown,
            "kind": "short" if short else "confirmation",
            "reservation": name_of(request_id),
            "sequence": sequence_record(authorization.sequence),
            "lines": [line_record(line) for line in done.lines],
            "notes": done.notes,
            "again": done.again,
            "fingerprints": fingerprints_record(authorization=code.id, confirmation=done.code.id),
            **repairs,
        },
        code=shown,
        output=output,
        says=(again, *(f"  {line_words(line)}" for line in done.lines), *done.notes),
        compare=(fingerprint_line(code.kind, code.id), fingerprint_line(done.code.kind, done.code.id)),
        next_step=_BY_TELEPHONE
        if short
        else f"{_TO_THE_PORTAL} (tallystick portal accept). To see it again: tallystick device confirmation",
    )


def _trusted(device: "Device", code: "VerifiedCode[Any]", repairs: dict[str, Any]) -> Report:
    from cli.plain import counted

    done = device.update_trust(code)
    trust: Trust = done.trust
    what = f"Trust code number {trust.serial}: {counted(len(trust.issuers), 'issuer')}"
    if trust.revoked:
        what += f", {counted(len(trust.revoked), 'revoked key')}"
    return Report(
        {
            "kind": "trust",
            "serial": trust.serial,
            "portal_id": trust.portal_id,
            "issuers": len(trust.issuers),
            "revoked": list(trust.revoked),
            "notes": done.notes,
            "again": done.again,
            **repairs,
        },
        text=f"{what}. {'It was in force before' if done.again else 'In force now'}.",
        says=done.notes,
    )


@command(
    "confirmation",
    example="tallystick device confirmation --typed\ntallystick device confirmation --short --spell",
    exits="""
    0 the code is shown
    1 no authorization is installed
    6 the device's key, which a short confirmation needs, cannot be read
    """,
)
@_SHORT
@shows_code
@on_device
def confirmation(device: "Device", output: CodeOutput, short: bool) -> Report:
    """Show the confirmation code again.

    The confirmation of the installed authorization, byte for byte as it was shown at first. The portal takes
    it any number of times. With `--short`, the form to be read by telephone: always the same, too.
    """
    if short:
        code = device.short_confirmation()
        return Report(
            {"code": code, "kind": "short", "again": True}, code=code, output=output, next_step=_BY_TELEPHONE
        )
    return _issued(
        device.confirmation(),
        output,
        again="",
        next_step=f"{_TO_THE_PORTAL} (tallystick portal accept)",
    )


@command(
    "return",
    example="tallystick device return --yes --out return.txt",
    exits="""
    0 done; also when it was given back before: the same code is shown again
    1 there is nothing to give back, or the question was answered with no
    2 a script that gives back what is in use must say --yes
    4 the code after --authorization is not for this reservation
    """,
)
@option("--yes", is_flag=True, help="Do not ask whether the licences may end now.")
@option("--reason", type=str, default="unspecified", metavar="WHY", help=f"One of: {', '.join(REASONS)}.")
@option(
    "--authorization",
    metavar="CODE|F",
    help="An authorization that never got installed: it is checked to be for this reservation. The return "
    "covers it in any case, also when it was lost.",
)
@shows_code
@on_device
@with_session
def give_back(
    session: Session,
    device: "Device",
    output: CodeOutput,
    yes: bool,
    reason: str,
    authorization: str | None,
) -> Report:
    """Give everything back: print the return code.

    From the moment at which the code exists, this device licenses nothing, and no authorization for the same
    request is ever installed again. The portal takes the licences back when it gets the code. Nothing else
    is needed: not the authorization, nor that it was ever installed.
    """
    from codec.codes import ReturnReason

    if reason not in REASONS:
        raise UsageMistakeError(
            "--reason does not know that word.", hint=f"Give one of: {', '.join(REASONS)}."
        )
    if authorization:
        _require_own(device, authorization)
    if not yes:
        _require_consent(session, device)
    return _issued(
        device.give_back(reason=ReturnReason[reason.upper().replace("-", "_")]),
        output,
        again="This reservation was given back before: here is the same code again.",
        next_step=f"{_TO_THE_PORTAL} (tallystick portal accept): only then are its licences free again",
    )


def _require_consent(session: Session, device: "Device") -> None:
    """Ask before licences end that are in use."""
    from cli.values import line_words
    from reservation.device.state import Standing

    status = device.status()
    if status.standing is not Standing.RESERVED:
        return
    if not session.is_interactive:
        raise UsageMistakeError(
            "This ends every licence on this device, and nobody is here to be asked. Nothing was done.",
            hint="If that is what you want, add --yes.",
        )
    session.warn("This device gives back, now and for good:")
    session.warn("\n".join(f"  {line_words(each.line)}" for each in status.lines))
    if not session.ask("Its product may stop working. Give them back?"):
        raise DeclinedError("Nothing was given back.", hint="The licences stay in force.")


def _require_own(device: "Device", authorization: str) -> None:
    """Refuse an authorization that is not for the reservation about to be returned."""
    from codec.codes import Authorization
    from codec.envelope import short_hint
    from reservation.errors import OtherDeviceError

    value = device.read(code_text(authorization)).code.value
    request_id = device.status().request_id or b""
    if not isinstance(value, Authorization) or value.request_hint != short_hint(request_id):
        raise OtherDeviceError(
            "The code after --authorization is not for the reservation of this device. Nothing was done.",
            hint="Check that this is the right device, or leave --authorization out: a return needs none.",
        )


def _issued(issued: "IssuedCode[Any]", output: CodeOutput, *, again: str, next_step: str) -> Report:
    """Report a code that the device signed."""
    from cli.fingerprints import fingerprint_line, fingerprints_record
    from reservation.model import name_of

    code: VerifiedCode[Code] = issued.code
    kind = code.kind.name.lower()
    return Report(
        {
            "code": issued.text,
            "kind": kind,
            "id": code.id,
            "fingerprints": fingerprints_record(**{kind: code.id}),
            "code_number": getattr(code.value, "code_number", None),
            "again": issued.again,
            **({"reservation": name_of(code.id)} if code.kind.value == "Q" else {}),
        },
        code=issued.text,
        output=output,
        says=(again,) if again and issued.again else (),
        next_step=next_step,
        compare=(fingerprint_line(code.kind, code.id),),
    )
