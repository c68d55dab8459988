"""What `code explain` says of a bundle or a frame."""

from cli.plain import counted
from cli.screen import labelled, table
from cli.session import Report
from codec.carriers import opened
from codec.envelope import KIND_NAMES
from codec.errors import CodecError, WrongKindError
from codec.frames import Frame
from codec.parity import text_of
from codec.wire import kind_of


def explained(raw: str) -> Report:
    """Say what a bundle or a frame holds.

    Raises:
        WrongKindError: It looks like one, and cannot be read.
    """
    inside = opened(raw)
    if isinstance(inside, Frame):
        return _frame(inside)
    if inside is None:
        raise WrongKindError(
            "This begins like a bundle or a frame, and cannot be read as one.",
            hint="Copy it again: it may be cut off, damaged, or of a newer version.",
        )
    return _bundle(inside)


def _frame(frame: Frame) -> Report:
    of = frame.of
    holds = "the bundle itself" if frame.number <= of.needed else "a combination of all parts"
    pairs = (
        ("Number", f"{frame.number} of {of.total}; any {of.needed} will do"),
        ("Bundle", of.tag.hex()),
        ("Holds", f"{len(frame.piece):,} bytes, of {holds}"),
        ("Signature", "none: the codes inside have their own"),
    )
    record = {
        "kind": "frame",
        "number": frame.number,
        "total": of.total,
        "needed": of.needed,
        "bundle": of.tag,
        "bytes": len(frame.piece),
    }
    next_step = f"gather {of.needed} of them, then tallystick code unbundle, or tallystick code scan"
    return Report(record, text=f"Frame (format 1)\n{labelled(pairs)}", next_step=next_step)


def _bundle(members: tuple[bytes, ...]) -> Report:
    rows = [
        (number, _name(member), len(text := text_of(member)), f"{text[:12]}…")
        for number, member in enumerate(members, start=1)
    ]
    listing = table(("NUMBER", "KIND", "CHARACTERS", "BEGINS"), rows, right=("NUMBER", "CHARACTERS"))
    record = {
        "kind": "bundle",
        "codes": [{"kind": _name(member), "code": text_of(member)} for member in members],
    }
    title = f"Bundle (format 1) of {counted(len(members), 'code')}"
    return Report(record, text=f"{title}\n\n{listing}", next_step="tallystick code unbundle prints the codes")


def _name(member: bytes) -> str:
    try:
        return KIND_NAMES[kind_of(member[0])].removesuffix(" code")
    except CodecError:
        return "unknown"
