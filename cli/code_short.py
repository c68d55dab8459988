"""Short confirmations in ``tallystick code``: what one says, and that only the portal can check it."""

from typing import TYPE_CHECKING

from cli.code_input import BY_PARITY, CodeInput
from cli.errors import UsageMistakeError
from cli.repaired import repairs_record
from cli.screen import labelled
from cli.session import Report, Session

if TYPE_CHECKING:
    from cli.code_output import CodeOutput
    from codec.short import ShortReading

_UNCHECKED = "Not checked: only the portal that gave the authorization can, with its issuer's key."


def _read(session: Session, given: CodeInput, raw: str) -> "ShortReading":
    from codec.short import inspect_short, notes_on

    reading = inspect_short(raw)
    given.require_acceptance(session, reading.repairs, BY_PARITY, notes_on(raw))
    return reading


def explain_short(session: Session, given: CodeInput, raw: str) -> Report:
    """Say in words what a short confirmation holds."""
    from codec.alphabet import from_number
    from codec.codes import FORMAT_VERSION
    from codec.short import NUMBERS

    reading = _read(session, given, raw)
    code = reading.code
    # Six characters of the hint's 32 bits: as people see the beginning of a reservation's name.
    beginning = from_number(int.from_bytes(code.request_hint, "big") >> 2, 6)
    number = f"authorization {code.number_end}, or one that is a multiple of {NUMBERS} later"
    facts = [
        ("Installed", number),
        ("Reservation", f"id begins with {beginning}"),
        ("MAC", code.mac.hex()),
        ("Proof", _UNCHECKED),
    ]
    return Report(
        {
            "kind": "short",
            "format": FORMAT_VERSION,
            "fields": {
                "number_end": code.number_end,
                "request_hint": beginning,
                "mac": code.mac.hex(),
            },
            "lines": [],
            "wanted": [],
            "id": None,
            "fingerprint": [],
            "verified": False,
            "signature": _UNCHECKED,
            "repairs": repairs_record(reading.repairs),
        },
        text=f"Short confirmation (format {FORMAT_VERSION})\n{labelled(facts)}",
    )


def refuse_to_verify() -> UsageMistakeError:
    """Return the refusal to verify a short confirmation: what it takes is the portal's secret."""
    return UsageMistakeError(
        "This is a short confirmation: it is not signed, and only the portal that gave the authorization can "
        "check it, with its issuer's key.",
        hint="Give it to that portal: tallystick portal accept",
    )


def show_short(session: Session, given: CodeInput, output: "CodeOutput", raw: str) -> Report:
    """Show a short confirmation again, repaired by its parity alone."""
    reading = _read(session, given, raw)
    text = reading.code.text
    return Report(
        {"code": text, "kind": "short", "repairs": repairs_record(reading.repairs)},
        code=text,
        output=output,
        says=(f"A short confirmation, {len(text)} characters.",),
    )
