"""Reading a code that a person typed, pasted or scanned: clean up, verify, and only then repair.

The order matters. A code whose signature holds is accepted as it is, whatever its parity says. Only when that
fails does the parity propose a repair, and the repaired code must verify in its turn: so a repair is never a
guess. When the parity is clean, nothing was mistyped, and the verification's own error stands: no error is
blamed on the typist that is not theirs.

A reader without the key (`inspect`) has the parity alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from codec.alphabet import clean
from codec.codes import SHORT_CHARACTERS, Code, UnsignedKind
from codec.envelope import UnverifiedCode, VerifiedCode, decode_body
from codec.errors import CodecError, MalformedCodeError, WrongKindError
from codec.grouping import GROUP_CHARACTERS, group_of
from codec.missing import unreadable
from codec.parity import PARITY_CHARACTERS, UncorrectableError, correct, is_clean

V_co = TypeVar("V_co", bound=Code, covariant=True)

Verify = Callable[[UnverifiedCode[Code]], VerifiedCode[V_co]]


@dataclass(frozen=True, slots=True)
class Repair:
    """One group of four that was wrong, by its number from 1 in the whole code."""

    group: int
    typed: str
    meant: str

    def __str__(self) -> str:
        return f"group {self.group}: you typed {self.typed}, the code has {self.meant}"


@dataclass(frozen=True, slots=True)
class Received(Generic[V_co]):
    """A verified code, and what had to be repaired to read it."""

    code: VerifiedCode[V_co]
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspected:
    """A code that nobody verified, and what its parity alone repaired."""

    code: UnverifiedCode[Code]
    repairs: tuple[Repair, ...] = ()


def receive(raw: str, verify: "Verify[V_co]") -> Received[V_co]:
    """Read a code from whatever was pasted, verify it, and repair it when that is needed.

    Args:
        raw: The code, perhaps wrapped, grouped, in lower case, quoted by a mail program.
        verify: Returns the verified code, or raises why not; called once, or twice after a repair.

    Raises:
        MalformedCodeError: When no code can be read, nor repaired.
        WrongKindError: For a short confirmation, which no signature proves.
        CodecError: Whatever ``verify`` raises for a code whose parity is clean, or clean after a repair.
    """
    text = clean(raw)
    _refuse_short(text)
    try:
        code = verify(_decode(text))
    except CodecError:
        if is_clean(text):
            raise
    else:
        return Received(code, () if is_clean(text) else differences(text, code.text))
    repaired = _repaired(raw, text)
    try:
        return Received(verify(_decode(repaired)), differences(text, repaired))
    except MalformedCodeError:
        # The parity led to something that is no code: too much was damaged for it to know.
        raise unreadable(raw, text) from None


def inspect(raw: str) -> Inspected:
    """Read a code without any key: its parity alone repairs it, and nothing is proved.

    Raises:
        MalformedCodeError: When no code can be read, nor repaired.
        WrongKindError: For a short confirmation, which `codec.short` reads.
        NewerVersionError: When a newer version made it.
    """
    text = clean(raw)
    _refuse_short(text)
    if is_clean(text):
        return Inspected(_decode(text))
    repaired = _repaired(raw, text)
    try:
        return Inspected(_decode(repaired), differences(text, repaired))
    except MalformedCodeError:
        raise unreadable(raw, text) from None


def _refuse_short(text: str) -> None:
    """Refuse a short confirmation: it has no signature, and is read by `codec.short`."""
    if len(text) == SHORT_CHARACTERS and text[0] == UnsignedKind.SHORT.value:
        raise WrongKindError(
            "This is a short confirmation: only the portal that gave the authorization can tell whether it "
            "is right.",
            hint="Give it to that portal: tallystick portal accept",
        )


def _repaired(raw: str, text: str) -> str:
    try:
        return correct(text).code
    except UncorrectableError:
        raise unreadable(raw, text) from None


def _decode(text: str) -> UnverifiedCode[Code]:
    return decode_body(text[:-PARITY_CHARACTERS])


def differences(typed: str, meant: str) -> tuple[Repair, ...]:
    """Return the groups in which two texts of one length differ."""
    wrong = {
        group_of(position)
        for position, pair in enumerate(zip(typed, meant, strict=True))
        if pair[0] != pair[1]
    }
    return tuple(
        Repair(group, typed[start : start + GROUP_CHARACTERS], meant[start : start + GROUP_CHARACTERS])
        for group in sorted(wrong)
        for start in ((group - 1) * GROUP_CHARACTERS,)
    )
