"""What paper says of a log, in one word that can be typed: how many events there were, and a hash over them.

    12:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08    the chain of events, in hexadecimal
    8:CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=                         the root of their tree, in base64

The first is that of the checkpoint beside the issuer's key, so it is there always and covers everything. The
second stands in a signed checkpoint, and whoever has an export of the log can work it out.

Invariant: what `Printed.text` writes, `printed` reads, and nothing else. It proves nothing by itself: whoever
compares it knows where the paper was.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

_PRINTED = re.compile(
    r"(?P<events>[1-9][0-9]{0,15}):(?:(?P<chain>[0-9a-f]{64})|(?P<root>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=))"
)


@dataclass(frozen=True, slots=True)
class Printed:
    """What paper says of a log.

    Attributes:
        events: How many there were.
        digest: A hash over them, 32 bytes.
        is_root: Whether it is the root of their tree; else it is that of the chain.
    """

    events: int
    digest: bytes
    is_root: bool

    @property
    def text(self) -> str:
        """The word."""
        return f"{self.events}:{b64encode(self.digest).decode() if self.is_root else self.digest.hex()}"


def printed(word: str) -> Printed | None:
    """Read such a word; None: it is none."""
    found = _PRINTED.fullmatch(word)
    if found is None:
        return None
    root = found["root"]
    return Printed(
        int(found["events"]), b64decode(root) if root else bytes.fromhex(found["chain"]), bool(root)
    )
