"""What belongs to a code that is looked into: its request, the trust file, an authorization, a catalogue.

A signature covers more than its code carries. The commands that check one take the rest by these options;
each companion that is itself a code is verified before it is used.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from cli.code_input import CodeInput, code_text
from cli.command import declared, option, the_session
from cli.errors import UsageMistakeError
from cli.files import read_text
from cli.repaired import repairs_record
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.codes import Code
    from codec.envelope import UnverifiedCode, VerifiedCode
    from codec.proof import Known

_LARGEST_TRUST_FILE = 65_536
_LARGEST_CATALOGUE = 8_000_000

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
    from codec.proof import Known

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
    from codec.proof import missing_for, verified_by
    from codec.reading import receive

    def verify(unverified: "UnverifiedCode[Code]") -> "VerifiedCode[Any]":
        require_kind(unverified, wanted)
        require_companions(missing_for(unverified, known), f"To check the code after {name}")
        return verified_by(unverified, known)

    received = receive(code_text(given), verify)
    if received.repairs:
        repairs = "\n".join(f"  {repair}" for repair in received.repairs)
        the_session().warn(f"The code after {name} was damaged. Repaired, it is genuine:\n{repairs}")
    return received.code


def options_for(missing: tuple[str, ...]) -> str:
    """Return the options for what is missing, as sentences name them: ``--request and --trust``."""
    return " and ".join(f"--{name}" for name in missing)


def require_companions(missing: tuple[str, ...], purpose: str) -> None:
    """Refuse to go on without what is missing.

    Raises:
        UsageMistakeError: When something is.
    """
    if not missing:
        return
    options = options_for(missing)
    raise UsageMistakeError(
        f"{purpose}, {options} must be given too: a signature covers more than its code carries.",
        hint=f"Add {options}.",
    )


def read_code(
    session: Session, given: CodeInput, known: "Known"
) -> "tuple[UnverifiedCode[Code], list[dict[str, object]]]":
    """Read the code that a command is given, as `read_any` does."""
    return read_any(session, given, known, given.read(session, "the code"))


def read_any(
    session: Session, given: CodeInput, known: "Known", raw: str
) -> "tuple[UnverifiedCode[Code], list[dict[str, object]]]":
    """Read a code: verified where that is possible, by its parity alone where it is not.

    Args:
        session: Asks about repairs.
        given: Says whether repairs are accepted.
        known: What belongs to the code.
        raw: The code as it was pasted.

    Returns:
        The code, and the repairs that were accepted, for scripts.
    """
    from codec.envelope import UnverifiedCode
    from codec.errors import CodecError, NotGenuineError
    from codec.proof import missing_for, verified_by
    from codec.reading import receive

    def judged(code: "UnverifiedCode[Code]") -> "VerifiedCode[Code]":
        if missing_for(code, known):
            raise NotGenuineError("What its signature covers is not at hand.")
        return verified_by(code, known)

    try:
        received = receive(raw, judged, search=given.search)
    except CodecError:
        inspected = given.inspected(session, raw)
        return inspected.code, repairs_record(inspected.repairs)
    proved = given.accepted(session, received)
    return UnverifiedCode(proved.payload, proved.signature, proved.value), repairs_record(received.repairs)
