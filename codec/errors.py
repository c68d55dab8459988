"""The errors of the code format.

Every error carries a stable ``code`` for scripts, a ``message`` that says what happened and why, and a
``hint`` that says what to do next. None carries unverified content of a code.
"""

from typing import ClassVar


class CodecError(Exception):
    """Base of every error that this package raises.

    Attributes:
        code: Stable, kebab-case name of the failure class.
        message: What happened and why, in a sentence.
        hint: What to do next; may be empty.
    """

    code: ClassVar[str] = "codec"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class MalformedCodeError(CodecError):
    """A text or a byte string that is no code, or that is damaged beyond repair."""

    code = "malformed"


class NewerVersionError(CodecError):
    """A code, kind, version or flag that a newer Tallystick made."""

    code = "newer-version"


class WrongKindError(CodecError):
    """A sound code of another kind than the one asked for."""

    code = "wrong-kind"


class NotGenuineError(CodecError):
    """A readable code whose signature does not hold for this reader."""

    code = "not-genuine"


class UnknownIssuerError(CodecError):
    """An authorization by an issuer that the pinned root has not certified."""

    code = "unknown-issuer"


class RevokedIssuerError(CodecError):
    """An authorization by an issuer that the root has revoked."""

    code = "revoked-issuer"


class KeyRejectedError(CodecError):
    """A public key that is not a canonical, torsion-free point of the curve."""

    code = "bad-key"


class CatalogueError(CodecError):
    """A catalogue that cannot be used, or that this reader does not have."""

    code = "catalogue"


class FieldError(CodecError):
    """A value that no code can carry; raised when a code is built."""

    code = "field"


class QrError(CodecError):
    """A QR image that cannot be drawn or read."""

    code = "qr"


class FramesMissingError(CodecError):
    """Frames of a bundle, fewer than it needs."""

    code = "frames-missing"


class FramesDisagreeError(CodecError):
    """Frames that say the same bundle and rebuild none: at least one of them is wrong."""

    code = "frames-disagree"
