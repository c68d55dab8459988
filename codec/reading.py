"""Reading a code that a person typed, pasted or scanned: clean up, verify, and only then repair.

The order matters. A code whose signature holds is accepted as it is, whatever its parity says: the parity is
compared when somebody asks what had to be repaired (`Received.repairs`), and not before. Only when the
signature fails is a repair looked for (`codec.recovery`), and the repaired code must verify in its turn: so a
repair is never a guess. When the parity is clean, nothing was mistyped, and the verification's own error
stands: no error is blamed on the typist that is not theirs.

A reader without the key (`inspect`) has the parity alone, and takes only what that proves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from codec.alphabet import clean
from codec.codes import SHORT_CHARACTERS, Code, UnsignedKind
from codec.damage import Damage, Repair
from codec.envelope import UnverifiedCode, VerifiedCode, decode_body
from codec.errors import CodecError, MalformedCodeError, NewerVersionError, WrongKindError
from codec.parity import PARITY_CHARACTERS, is_clean

__all__ = ["Damage", "Inspected", "Received", "Repair", "inspect", "is_whole", "receive"]

V_co = TypeVar("V_co", bound=Code, covariant=True)

Verify = Callable[[UnverifiedCode[Code]], VerifiedCode[V_co]]


class _AsGiven(NamedTuple):
    """A text that verified as it was given. Its parity is looked at when somebody asks for it.

    Attributes:
        raw: What was pasted.
        text: The same, cleaned up.
    """

    raw: str
    text: str

    def repairs(self, meant: str) -> tuple[Repair, ...]:
        """Name the wrong parity, if it is wrong."""
        if self.text == meant:
            return ()
        from codec.recovery import differences  # for damaged codes alone

        return differences(self.raw, self.text, meant)


@dataclass(frozen=True, slots=True)
class Received(Generic[V_co]):
    """A verified code, and what was wrong with the text that it was read from.

    Attributes:
        code: The code.
        notes: What else is to be said of the text.
    """

    code: VerifiedCode[V_co]
    _repaired: tuple[Repair, ...] | _AsGiven
    notes: tuple[str, ...] = ()

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What had to be repaired to read the code; the parity under a sound signature counts as well."""
        found = self._repaired
        return found.repairs(self.code.text) if isinstance(found, _AsGiven) else found


@dataclass(frozen=True, slots=True)
class Inspected:
    """A code that nobody verified, what its parity alone repaired, and what else stood in the text."""

    code: UnverifiedCode[Code]
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()


def receive(raw: str, verify: "Verify[V_co]", *, search: bool = False) -> Received[V_co]:
    """Read a code from whatever was pasted, verify it, and repair it when that is needed.

    Args:
        raw: The code, perhaps wrapped, grouped, in lower case, quoted by a mail program, among other text.
        verify: Returns the verified code, or raises why not. Called once for a sound code, otherwise for
            every proposal of a repair, a few dozen times at most.
        search: Whether a person waits for a longer search, of a second at most.

    Raises:
        MalformedCodeError: When no code can be read, nor repaired.
        WrongKindError: For a short confirmation, which no signature proves.
        CodecError: Whatever ``verify`` raises for a code whose parity is clean, or clean after a repair.
    """
    try:
        text = clean(raw)
    except MalformedCodeError as refused:
        return _recovered(raw, "", verify, search, refused, sound=False)
    _refuse_short(text)
    try:
        code = verify(_decode(text))
    except (MalformedCodeError, NewerVersionError) as refused:
        # What reads like no code may be two of them: then the parity is right as well.
        sound = is_clean(text)
        return _recovered(raw, text, verify, search, refused if sound else None, sound=sound)
    except CodecError:
        if is_clean(text):
            raise
        return _recovered(raw, text, verify, search, None, sound=False)
    return Received(code, _AsGiven(raw, text))


def inspect(raw: str) -> Inspected:
    """Read a code without any key: its parity alone repairs it, and nothing is proved.

    Raises:
        MalformedCodeError: When no code can be read, nor repaired.
        WrongKindError: For a short confirmation, which `codec.short` reads.
        NewerVersionError: When a newer version made it.
    """
    refused: CodecError | None = None
    text, sound = "", False
    try:
        text = clean(raw)
        _refuse_short(text)
        sound = is_clean(text)
        if sound:
            return Inspected(_decode(text))
    except (MalformedCodeError, NewerVersionError) as error:
        refused = error
    from codec.recovery import recover  # for damaged codes alone

    found = recover(raw, text, lambda code: code, needs_proof=True, refused=refused, sound=sound)
    return Inspected(found.code, found.repairs, found.notes)


def is_whole(raw: str) -> bool:
    """Tell whether a text holds a whole code, as its parity has it: no more of it need be waited for."""
    try:
        if is_clean(clean(raw)):
            return True
    except MalformedCodeError:
        pass
    from codec.recovery import holds_code  # for codes among other text alone

    return holds_code(raw)


def _refuse_short(text: str) -> None:
    """Refuse a short confirmation: it has no signature, and is read by `codec.short`."""
    if len(text) == SHORT_CHARACTERS and text[0] == UnsignedKind.SHORT.value:
        raise WrongKindError(
            "This is a short confirmation: only the portal that gave the authorization can tell whether it "
            "is right.",
            hint="Give it to that portal: tallystick portal accept",
        )


def _recovered(
    raw: str, text: str, verify: "Verify[V_co]", search: bool, refused: CodecError | None, *, sound: bool
) -> Received[V_co]:
    from codec.recovery import recover  # for damaged codes alone

    found = recover(raw, text, verify, search=search, refused=refused, sound=sound)
    return Received(found.code, found.repairs, found.notes)


def _decode(text: str) -> UnverifiedCode[Code]:
    return decode_body(text[:-PARITY_CHARACTERS])
