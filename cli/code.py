"""``tallystick code``: look into codes, without a device or a portal."""

from typing import TYPE_CHECKING, Any

from cli.code_companions import BY_PARITY, require_companions, with_companions
from cli.code_input import CodeInput, repairs_record, takes_code
from cli.code_output import CodeOutput, shows_code
from cli.command import command, with_session
from cli.lazy import LazyGroup
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.codes import Code
    from codec.envelope import UnverifiedCode, VerifiedCode
    from codec.proof import Known

code = LazyGroup(
    "code",
    text="""Look into codes, without a device or a portal.

    Any code can be read without a key: that tells what it says, not whether it is genuine. `verify` tells
    whether it is, with the portal's trust file and, for most kinds, the request that it belongs to.
    """,
    places={
        "explain": ("cli.code_explain:explain", "Say in words everything that a code says."),
        "verify": ("cli.code:verify", "Tell whether a code is genuine."),
        "repair": ("cli.code:repair", "Put mistyped groups right: print the repaired code."),
        "qr": ("cli.code:qr", "Show a code as a QR, or in groups for typing."),
        "release-sheet": (
            "cli.code_sheet:release_sheet",
            "Print every field of a code, for whoever decides what may leave.",
        ),
        "cose": ("cli.code_cose:cose", "Turn a code into a COSE message, or such a message into a code."),
        "scan": ("cli.scan:scan", "Read the codes in pictures: print each, one a line."),
    },
)


# --- verify ------------------------------------------------------------------------------------


@command(
    "verify",
    example="tallystick code verify --file authorization.txt --trust trust.txt --request request.txt",
    exits="""
    0 the code is genuine
    2 something that its signature covers is missing: --trust, --request, --authorization
    3 cannot be read or repaired
    4 not genuine, or by an issuer that is unknown or revoked
    """,
)
@takes_code
@with_companions
@with_session
def verify(session: Session, given: CodeInput, known: "Known") -> Report:
    """Tell whether a code is genuine.

    A request proves itself. An authorization needs the portal's trust file and its request, a return needs
    its request, a confirmation its request and authorization, a trust code the trust file. What a device
    knows besides (whether the code is the newest, whether it was returned), this command cannot know.
    """
    from codec.envelope import KIND_NAMES
    from codec.proof import missing_for, verified_by
    from codec.reading import receive
    from codec.words import words_of

    def proved(code: "UnverifiedCode[Code]") -> "VerifiedCode[Any]":
        require_companions(missing_for(code, known), "To verify this code")
        return verified_by(code, known)

    raw = given.read(session, "the code")
    received = receive(raw, proved)
    verified = given.accepted(session, received)
    words = words_of(verified.id)
    return Report(
        {
            "genuine": True,
            "kind": verified.kind.name.lower(),
            "id": verified.id,
            "fingerprint": words,
            "repairs": repairs_record(received.repairs),
        },
        text=f"Genuine: {KIND_NAMES[verified.kind]}.\nFingerprint: {' '.join(words)}",
    )


# --- repair, qr --------------------------------------------------------------------------------


@command(
    "repair",
    example="tallystick code repair --file mistyped.txt --accept-repair --out repaired.txt",
    exits="""
    0 done, or nothing had to be repaired
    3 cannot be repaired, or the repair was not accepted
    """,
)
@takes_code
@shows_code
@with_session
def repair(session: Session, given: CodeInput, output: CodeOutput) -> Report:
    """Put mistyped groups right: print the repaired code.

    Repairs by the code's parity alone: any four wrong characters are found. That is no proof; the repaired
    code is proved when a device, a portal or `verify` takes it. Commands that take codes repair by
    themselves; this one is for a code that goes elsewhere.
    """
    return _inspected(session, given, output)


@command(
    "qr",
    example="tallystick code qr --file request.txt --svg request.svg",
    exits="""
    0 done
    2 a file that cannot be written, or the extra `images` is missing
    3 not a code, or a repair was not accepted
    """,
)
@takes_code
@shows_code
@with_session
def qr(session: Session, given: CodeInput, output: CodeOutput) -> Report:
    """Show a code as a QR, or in groups for typing.

    On a terminal it draws the QR for a camera; elsewhere, and under NO_COLOR, in plain characters. With
    `--png` or `--svg` it writes the QR into a file, with `--typed` or `--spell` it shows the code for typing
    or reading aloud.
    """
    from dataclasses import replace

    chosen = (
        output.png,
        output.svg,
        output.out,
        output.copy,
        output.typed,
        output.spelled,
        output.qr,
        output.ascii_qr,
    )
    if not any(chosen):
        coloured = session.has_colours(session.world.stdout)
        output = replace(output, qr=coloured, ascii_qr=not coloured)
    return _inspected(session, given, output)


def _inspected(session: Session, given: CodeInput, output: CodeOutput) -> Report:
    from codec.envelope import named, to_text
    from codec.reading import inspect

    found = inspect(given.read(session, "the code"))
    given.require_acceptance(session, found.repairs, BY_PARITY)
    text = to_text(found.code.payload, found.code.signature)
    return Report(
        {"code": text, "kind": found.code.kind.name.lower(), "repairs": repairs_record(found.repairs)},
        code=text,
        output=output,
        says=(f"{named(found.code.kind).capitalize()}, {len(text)} characters.",),
    )
