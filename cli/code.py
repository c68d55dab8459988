"""``tallystick code``: look into codes, without a device or a portal."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from cli.code_input import CodeInput, code_text, repairs_record, takes_code
from cli.code_output import CodeOutput, shows_code
from cli.command import command, declared, option, with_session
from cli.errors import UsageMistakeError
from cli.files import read_text
from cli.lazy import LazyGroup
from cli.screen import labelled, table
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.codes import Code
    from codec.envelope import UnverifiedCode, VerifiedCode
    from codec.explain import Change, Explanation, Known

_LARGEST_TRUST_FILE = 65_536
_LARGEST_CATALOGUE = 8_000_000
_BY_PARITY = "its parity holds, which is no proof"

code = LazyGroup(
    "code",
    text="""Look into codes, without a device or a portal.

    Any code can be read without a key: that tells what it says, not whether it is genuine. `verify` tells
    whether it is, with the portal's trust file and, for most kinds, the request that it belongs to.
    """,
    places={
        "explain": ("cli.code:explain", "Say in words everything that a code says."),
        "verify": ("cli.code:verify", "Tell whether a code is genuine."),
        "repair": ("cli.code:repair", "Put mistyped groups right: print the repaired code."),
        "qr": ("cli.code:qr", "Show a code as a QR, or in groups for typing."),
        "bundle": ("cli.bundle:bundle", "Put many codes into one carrier, for work on many devices."),
        "unbundle": (
            "cli.unbundle:unbundle",
            "Take the codes out of bundles and frames: print each, one a line.",
        ),
        "scan": ("cli.scan:scan", "Read the codes in pictures: print each, one a line."),
    },
)


# --- what is at hand beside the code -----------------------------------------------------------

_COMPANIONS: tuple[Callable[[Any], Any], ...] = (
    option("--trust", metavar="FILE", help="The portal's trust file (`tallystick portal trust`)."),
    option(
        "--request", metavar="CODE|F", help="The request that the code belongs to, or a file that holds it."
    ),
    option("--authorization", metavar="CODE|F", help="The authorization that a confirmation confirms."),
    option("--catalogue", metavar="FILE", help="The list of entitlement tags, to spell what a code numbers."),
)


def with_companions(run: Callable[..., Report]) -> Callable[..., Report]:
    """Give a command options for what belongs to a code, as its parameter ``known``."""

    @wraps(run)
    def with_known(
        trust: str | None, request: str | None, authorization: str | None, catalogue: str | None, **rest: Any
    ) -> Report:
        return run(known=_known(trust, request, authorization, catalogue), **rest)

    return declared(with_known, _COMPANIONS)


def _known(
    trust: str | None, request: str | None, authorization: str | None, catalogue: str | None
) -> "Known":
    from codec.catalogue import Catalogue
    from codec.codes import Authorization, Request
    from codec.explain import Known

    pinned = _trust_file(trust) if trust else None
    known = Known(
        catalogue=Catalogue.parse(read_text(catalogue, _LARGEST_CATALOGUE)) if catalogue else None,
        root=pinned.root if pinned else None,
        trust=pinned.trust.code.value if pinned else None,
    )
    if request:
        known = _with(known, request=_companion(request, Request, known, "--request"))
    if authorization:
        known = _with(known, authorization=_companion(authorization, Authorization, known, "--authorization"))
    return known


def _with(known: "Known", **more: Any) -> "Known":
    from dataclasses import replace

    return replace(known, **more)


def _trust_file(name: str) -> Any:
    from reservation import trustfile

    return trustfile.parse(read_text(name, _LARGEST_TRUST_FILE))


def _companion(given: str, wanted: Any, known: "Known", name: str) -> "VerifiedCode[Any]":
    """Read and verify a code that another one belongs to."""
    from codec.envelope import require_kind
    from codec.explain import missing_for, verified_by
    from codec.reading import receive

    def verify(unverified: "UnverifiedCode[Code]") -> "VerifiedCode[Any]":
        require_kind(unverified, wanted)
        _require_companions(missing_for(unverified, known), f"To check the code after {name}")
        return verified_by(unverified, known)

    return receive(code_text(given), verify).code


def _require_companions(missing: tuple[str, ...], purpose: str) -> None:
    if not missing:
        return
    options = " and ".join(f"--{name}" for name in missing)
    raise UsageMistakeError(
        f"{purpose}, {options} must be given too: a signature covers more than its code carries.",
        hint=f"Add {options}.",
    )


# --- explain -----------------------------------------------------------------------------------


@command(
    "explain",
    example="tallystick code explain --file authorization.txt --request request.txt --trust trust.txt",
    exits="""
    0 the code was read, whether or not it is genuine: `verify` answers that
    3 cannot be read, or the repair was not accepted
    """,
)
@takes_code
@with_companions
@option("--before", metavar="CODE|F", help="The authorization before this one: show what changed.")
@with_session
def explain(session: Session, given: CodeInput, known: "Known", before: str | None) -> Report:
    """Say in words everything that a code says.

    Needs no key and no network: any code, of any device or portal, can be read. Reading proves nothing; if
    what belongs to the code is given as well, its signature is checked, and eight words are shown that both
    ends can compare by telephone.
    """
    from codec.errors import WrongKindError
    from codec.explain import explain as explained

    raw = given.read(session, "the code")
    try:
        code, repairs = _read(session, given, raw, known)
    except WrongKindError:
        from cli.carriers import explained as carrier_explained

        return carrier_explained(raw)
    explanation = explained(code, known)
    changed = _changes(before, explanation, known) if before else ()
    record = {
        **explanation.record(),
        "repairs": repairs,
        **({"changes": [_change_record(each) for each in changed]} if before else {}),
    }
    parts = [_explanation_text(explanation), _content_text(explanation)]
    if before:
        parts.append(f"Changed since the authorization before:\n{_changes_text(changed)}")
    return Report(record, text="\n\n".join(filter(None, parts)))


def _read(
    session: Session, given: CodeInput, raw: str, known: "Known"
) -> "tuple[UnverifiedCode[Code], list[dict[str, object]]]":
    """Read a code: verified where that is possible, by its parity alone where it is not."""
    from codec.envelope import UnverifiedCode
    from codec.errors import CodecError
    from codec.explain import verified_by
    from codec.reading import inspect, receive

    try:
        received = receive(raw, lambda code: verified_by(code, known))
    except (CodecError, ValueError):
        inspected = inspect(raw)
        given.require_acceptance(session, inspected.repairs, _BY_PARITY)
        return inspected.code, repairs_record(inspected.repairs)
    proved = given.accepted(session, received)
    return UnverifiedCode(proved.payload, proved.signature, proved.value), repairs_record(received.repairs)


def _explanation_text(explanation: "Explanation") -> str:
    words = " ".join(explanation.fingerprint)
    title = explanation.title
    pairs = [(fact.label, fact.words) for fact in explanation.facts]
    tail = [("Signature", explanation.signature), ("Words", words)]
    if explanation.kind.value == "Q" and explanation.id:
        from reservation.model import name_of

        tail.append(("Reservation", f"will be called {name_of(explanation.id)}"))
    return f"{title[0].upper()}{title[1:]}\n{labelled([*pairs, *tail])}"


def _content_text(explanation: "Explanation") -> str:
    from cli.values import lines_table, tag_words

    if explanation.lines:
        return lines_table(explanation.lines)
    if explanation.wanted:
        rows = [(tag_words(line.tag), f"{line.count:,}") for line in explanation.wanted]
        return table(("WANTED", "COUNT"), rows, right=("COUNT",))
    return ""


def _changes(before: str, explanation: "Explanation", known: "Known") -> "tuple[Change, ...]":
    from codec.codes import Authorization
    from codec.envelope import require_kind
    from codec.explain import changes
    from codec.explain import explain as explained
    from codec.reading import inspect

    if explanation.kind.value != "A":
        raise UsageMistakeError(
            "--before compares two authorizations, and this code is none.", hint="Leave it out."
        )
    old: UnverifiedCode[Authorization] = require_kind(inspect(code_text(before)).code, Authorization)
    return changes(explained(old, known).lines, explanation.lines)


def _changes_text(changed: "tuple[Change, ...]") -> str:
    from cli.values import flag_words, tag_words, term_words

    if not changed:
        return "Nothing: the lines are the same."
    rows = [
        (
            tag_words(each.line.tag),
            f"{each.before:,}",
            f"{each.after:,}",
            ", ".join(filter(None, (term_words(each.line.term), flag_words(each.line)))),
        )
        for each in changed
    ]
    return table(("TAG", "BEFORE", "AFTER", "TERM (UTC)"), rows, right=("BEFORE", "AFTER"))


def _change_record(change: "Change") -> dict[str, object]:
    from cli.values import term_record

    line = change.line
    return {"tag": line.tag, "term": term_record(line.term), "before": change.before, "after": change.after}


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
    from codec.explain import explain as explained
    from codec.explain import missing_for, verified_by
    from codec.reading import receive

    def proved(code: "UnverifiedCode[Code]") -> "VerifiedCode[Any]":
        _require_companions(missing_for(code, known), "To verify this code")
        return verified_by(code, known)

    raw = given.read(session, "the code")
    received = receive(raw, proved)
    verified = given.accepted(session, received)
    from codec.envelope import KIND_NAMES, UnverifiedCode

    words = explained(UnverifiedCode(verified.payload, verified.signature, verified.value), known).fingerprint
    return Report(
        {
            "genuine": True,
            "kind": verified.kind.name.lower(),
            "id": verified.id,
            "fingerprint": words,
            "repairs": repairs_record(received.repairs),
        },
        text=f"Genuine: {KIND_NAMES[verified.kind]}.\nWords: {' '.join(words)}",
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
    given.require_acceptance(session, found.repairs, _BY_PARITY)
    text = to_text(found.code.payload, found.code.signature)
    return Report(
        {"code": text, "kind": found.code.kind.name.lower(), "repairs": repairs_record(found.repairs)},
        code=text,
        output=output,
        says=(f"{named(found.code.kind).capitalize()}, {len(text)} characters.",),
    )
