"""``tallystick code cose``: a code as a COSE message for other tools, and such a message as a code."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING

from cli.code_companions import options_for, read_code, with_companions
from cli.code_input import CodeInput, takes_code
from cli.code_output import CodeOutput
from cli.command import command, option, with_session
from cli.errors import UsageMistakeError
from cli.plain import counted
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.codes import Code
    from codec.envelope import UnverifiedCode
    from codec.proof import Binding, Known

_LARGEST_TEXT = 4 * 65_536


@command(
    "cose",
    example="tallystick code cose --file request.txt --out request.cose\n"
    "tallystick code cose --import request.cose",
    exits="""
    0 done, whether or not the code is genuine: `verify` answers that
    2 a file that cannot be read or written
    3 not a code, or not a COSE message of one
    """,
)
@takes_code
@with_companions
@option(
    "--import",
    "imported",
    metavar="HEX|F",
    help="Turn this COSE message, or a file that holds it, into a code.",
)
@option(
    "--base64", "as_base64", is_flag=True, help="Print the message in base64, and not in hexadecimal digits."
)
@option("--out", metavar="F", help="Write the message into a file, as bytes; with --import, the code.")
@with_session
def cose(
    session: Session,
    given: CodeInput,
    known: "Known",
    imported: str | None,
    as_base64: bool,
    out: str | None,
) -> Report:
    """Turn a code into a COSE message, or such a message into a code.

    The message is a COSE_Sign1 (RFC 9052), signed with Ed25519 (algorithm -19). Any COSE library verifies it,
    given the external_aad: what the signature covers beside the code. That is told, with the key, once what
    belongs to the code is given, as `verify` wants it. Both ways keep every byte.

    `--import` takes bytes, hexadecimal digits or base64, also from standard input (`-`), and prints the code.
    """
    if out:
        from cli.files import require_place

        require_place(out, "--out")
    if imported is None:
        return _exported(session, given, known, as_base64=as_base64, out=out)
    if given.words or given.file or given.image or as_base64:
        raise UsageMistakeError(
            "--import takes a COSE message and gives a code: no other code, and no --base64, goes with it.",
            hint="Leave one of them out.",
        )
    return _imported(session, imported, out)


# --- export ------------------------------------------------------------------------------------


def _exported(
    session: Session, given: CodeInput, known: "Known", *, as_base64: bool, out: str | None
) -> Report:
    from codec.cose import to_cose
    from codec.proof import missing_for

    code, repairs = read_code(session, given, known)
    message = to_cose(code)
    binding, doubt = _binding(code, known)
    record = {
        "cose": message,
        "kind": code.kind.name.lower(),
        "bytes": len(message),
        "external_aad": binding and binding.external_aad,
        "key": binding and binding.key.raw,
        "needs": list(missing_for(code, known)),
        "verified": binding is not None,
        "repairs": repairs,
    }
    says = [f"COSE_Sign1, {counted(len(message), 'byte')}, algorithm -19 (Ed25519)."]
    if binding:
        says += [f"external_aad: {binding.external_aad.hex()}", f"public key: {binding.key.raw.hex()}"]
    else:
        says.append(doubt)
    text = b2a_base64(message, newline=False).decode() if as_base64 else message.hex()
    if out:
        from cli.files import write

        write(out, message)
        record["files"], text = [out], ""
        says.insert(0, f"Written: {out}")
    return Report(record, text=text, says=says)


def _binding(code: "UnverifiedCode[Code]", known: "Known") -> "tuple[Binding | None, str]":
    """Return how others verify a code, or why that cannot be told."""
    from codec.errors import CodecError
    from codec.proof import COVERED, binding_of, missing_for, verified_by

    missing = missing_for(code, known)
    if missing:
        covered = COVERED[code.kind]
        return None, f"Its external_aad holds {covered}: to see it, add {options_for(missing)}."
    try:
        return binding_of(verified_by(code, known), known), ""
    except CodecError as error:
        return None, f"Its signature does not hold, so no external_aad belongs to it. {error.message}"


# --- import ------------------------------------------------------------------------------------


def _imported(session: Session, imported: str, out: str | None) -> Report:
    from codec.cose import from_cose
    from codec.envelope import named, to_text

    code = from_cose(_message(session, imported))
    text = to_text(code.payload, code.signature)
    return Report(
        {"code": text, "kind": code.kind.name.lower()},
        code=text,
        output=CodeOutput(out=out),
        says=(f"{named(code.kind).capitalize()}, {len(text)} characters. Nothing was verified.",),
    )


def _message(session: Session, imported: str) -> bytes:
    """Return the bytes of a message: from standard input, a file, or as they were typed."""
    from cli.code_input import is_file
    from cli.files import read_bytes, read_piped

    if imported == "-":
        return _decoded(read_piped(session.world.stdin, _LARGEST_TEXT))
    if is_file(imported):
        return _decoded(read_bytes(imported, _LARGEST_TEXT))
    content = imported.encode("utf-8", errors="replace")
    message = _decoded(content)
    if message == content:
        raise UsageMistakeError(
            "What stands after --import is neither a file, nor hexadecimal digits, nor base64.",
            hint="Check the name of the file.",
        )
    return message


def _decoded(content: bytes) -> bytes:
    """Return bytes as they are; those that are hexadecimal digits or base64 decoded.

    A message begins with a byte that no text has (d2; without its tag 84), so the three are never confused.
    """
    if not content.isascii():
        return content
    text = b"".join(content.split())
    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        pass
    padded = text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4)
    try:
        return a2b_base64(padded, strict_mode=True) or content
    except Base64Error:
        return content
