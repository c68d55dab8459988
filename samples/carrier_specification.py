"""Make the parts of docs/spec/carriers-v1.md that are computed: its examples.

    python -m samples.carrier_specification

They stand between the same marks as in docs/spec/code-v1.md (`samples.specification`).
"""

from collections.abc import Callable
from textwrap import fill
from typing import Final

from codec.alphabet import to_number
from codec.bundle import member_of
from codec.frames import HEAD_BYTES, Frame
from codec.parity import text_of
from samples.carrier_vectors import ALIKE, bundle_of, frames_of
from samples.specification import MADE_PART, PAGE

CARRIERS_PAGE: Final = PAGE.with_name("carriers-v1.md")
CODES: Final = ALIKE[:4]
BUNDLE: Final = bundle_of(CODES)
FRAMES: Final = frames_of(CODES)
_WIDTH: Final = 100


def _bundle() -> str:
    before, after = sum(map(len, CODES)), len(text_of(BUNDLE))
    head = f"{len(CODES)} codes, {before} characters together; as one bundle, {after}:"
    return f"```text\n{head}\n\n{fill(text_of(BUNDLE), _WIDTH)}\n```\n"


def _frames() -> str:
    shown = "\n\n".join(fill(frame.text, _WIDTH) for frame in FRAMES)
    needed, total = FRAMES[0].of.needed, FRAMES[0].of.total
    return f"```text\n{total} frames, any {needed} of which will do:\n\n{shown}\n```\n"


def _worked() -> str:
    lines = [f"bundle, {len(BUNDLE)} bytes:", *_hex(BUNDLE), "", *_members(), ""]
    for frame in (FRAMES[0], FRAMES[-1]):
        lines += [*_frame(frame), ""]
    return "```text\n" + "\n".join(lines).rstrip() + "\n```\n"


def _members() -> list[str]:
    lines = [f"kind byte  {BUNDLE[:1].hex()}", f"digest     {BUNDLE[1:9].hex()}"]
    lines.append(f"members    {BUNDLE[9:10].hex()}    {len(CODES)}")
    place, before = 10, b""
    for number, member in enumerate(map(member_of, CODES), start=1):
        size = BUNDLE[place]
        shared = BUNDLE[place + 1] + 2 if size % 2 else 0
        head = BUNDLE[place : place + 1 + size % 2]
        if member[:shared] != before[:shared]:
            raise ValueError("the example does not read as it is told")
        rest = len(member) - shared
        lines.append(f"member {number}   {head.hex():4}  {len(member)} bytes, {shared} shared, {rest} follow")
        place += len(head) + rest
        before = member
    return [*lines, f"padding    {BUNDLE[place:].hex() or 'none'}"]


def _frame(frame: Frame) -> list[str]:
    head = frame.data[:HEAD_BYTES]
    first = [to_number(frame.text[16 + 2 * place : 18 + 2 * place]) for place in range(4)]
    return [
        f"frame {frame.number}, {len(frame.data)} bytes, {len(frame.text)} characters:",
        f"head       {head.hex()}   {frame.text[:16]}",
        f"tag        {frame.of.tag.hex()}",
        f"k, n, number   {frame.of.needed}, {frame.of.total}, {frame.number};   u = {frame.of.units}",
        f"symbols    {', '.join(map(str, first))}, …   {len(frame.piece) * 8 // 10} of them",
    ]


def _hex(data: bytes) -> list[str]:
    return [data[start : start + 40].hex() for start in range(0, len(data), 40)]


PARTS: Final[dict[str, Callable[[], str]]] = {"bundle": _bundle, "frames": _frames, "worked": _worked}


def filled(page: str) -> str:
    """Return the page with every made part made anew."""
    return MADE_PART.sub(lambda found: found[1] + PARTS[found[2]]() + found[3], page)


def main() -> None:
    """Write the made parts of the page anew."""
    page = filled(CARRIERS_PAGE.read_text(encoding="utf-8"))
    CARRIERS_PAGE.write_text(page, encoding="utf-8", newline="\n")
    print(f"{len(PARTS)} parts of {CARRIERS_PAGE.name}")


if __name__ == "__main__":
    main()
