"""``tallystick code``: look into codes, without a device or a portal."""

from typing import TYPE_CHECKING, Any

from cli.code_companions import read_any, require_companions, with_companions
from cli.code_input import CodeInput, takes_code
from cli.code_output import CodeOutput, shows_code
from cli.command import command, with_session
from cli.lazy import LazyGroup
from cli.repaired import repairs_record
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
        "repair": ("cli.code:repair", "Put right what was mistyped, lost or mixed up."),
        "qr": ("cli.code:qr", "Show a code as a QR, or in groups for typing."),
        "bundle": ("cli.bundle:bundle", "Put many codes into one carrier, for work on many devices."),
        "unbundle": (
            "cli.unbundle:unbundle",
            "Take the codes out of bundles and frames: print each, one a line.",
        ),
        "scan": ("cli.scan:scan", "Read the codes in pictures: print each, one a line."),
        "release-sheet": (
            "cli.code_sheet:release_sheet",
            "Print every field of a code, for whoever decides what may leave.",
        ),
        "cose": ("cli.code_cose:cose", "Turn a code into a COSE message, or such a message into a code."),
    },
)


# --- verify ------------------------------------------------------------------------------------


@command(
    "verify",
    example="tallystick code verify --file authorization.txt --trust trust.txt --request request.txt",
    exits="""
    0 the code is genuine
    2 --trust, --request or --authorization is missing; or it is a short confirmation: only its portal can
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
    from codec.short import is_short
    from codec.words import words_of

    def proved(code: "UnverifiedCode[Code]") -> "VerifiedCode[Any]":
        require_companions(missing_for(code, known), "To verify this code")
        return verified_by(code, known)

    raw = given.read(session, "the code")
    if is_short(raw):
        from cli.code_short import refuse_to_verify

        raise refuse_to_verify()
    received = receive(raw, proved, search=given.search)
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
@with_companions
@shows_code
@with_session
def repair(session: Session, given: CodeInput, known: "Known", output: CodeOutput) -> Report:
    """Put right what was mistyped, lost or mixed up.

    Finds the code among other text, says what was wrong with it, asks, and prints the repaired code. By its
    parity alone any four wrong characters are found, a lost or doubled one, a missing group. That is no
    proof: the repaired code is proved when a device, a portal or `verify` takes it. A request proves itself;
    with what belongs to another code (`--trust`, `--request`, `--authorization`) its signature decides, and
    more can be found.

    Commands that take codes repair by themselves; this one is for a code that goes elsewhere.
    """
    return _inspected(session, given, output, known)


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
    from codec.proof import Known

    return _inspected(session, given, output, Known())


def _inspected(session: Session, given: CodeInput, output: CodeOutput, known: "Known") -> Report:
    from codec.envelope import named, to_text
    from codec.short import is_short

    raw = given.read(session, "the code")
    if is_short(raw):
        from cli.code_short import show_short

        return show_short(session, given, output, raw)
    found, repairs = read_any(session, given, known, raw)
    text = to_text(found.payload, found.signature)
    return Report(
        {"code": text, "kind": found.kind.name.lower(), "repairs": repairs},
        code=text,
        output=output,
        says=(f"{named(found.kind).capitalize()}, {len(text)} characters.",),
    )
