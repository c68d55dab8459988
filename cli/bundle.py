"""``tallystick code bundle``: many codes into one bundle, or frames on paper, in a film, on the screen."""

from typing import TYPE_CHECKING

from cli.command import command, with_session
from cli.errors import UsageMistakeError
from cli.frame_output import SMALLEST, VERSION, Shown, shows_frames, written_files
from cli.many_codes import Found, ManyCodes, listed, takes_codes
from cli.plain import counted
from cli.session import Report, Session
from cli.unbundle import nothing, unfold

if TYPE_CHECKING:
    from codec.frames import Frame


@command(
    "bundle",
    example="""tallystick code bundle request.txt authorization.txt --out bundle.txt
    tallystick code bundle request.txt --sheet sheet.html""",
    exits="""
    0 done
    2 a file that cannot be read or written, no terminal, the extra `images` is missing, or too many codes
    3 what looks like a code cannot be read, or frames are missing: nothing was bundled
    """,
)
@takes_codes
@shows_frames
@with_session
def bundle(session: Session, given: ManyCodes, shown: Shown) -> Report:
    """Put many codes into one carrier, for work on many devices.

    A bundle that fits one code is printed as one (it starts with B), and goes wherever a code goes. A larger
    one, or one that is drawn, is cut into frames (they start with F): any 70 % of them, in any order, give
    all codes back. `unbundle` takes the codes out of texts, `scan` out of pictures.
    """
    from codec.bundle import encode_bundle, fits_one_code, member_of
    from codec.parity import text_of

    codes = _codes(session, given.read(session))
    data = encode_bundle(tuple(map(member_of, codes)))
    version = _version(session, shown)
    whole = text_of(data) if fits_one_code(data) and not shown.frames else ""
    if whole and (shown.drawn or shown.version):
        from codec.qr import room_of

        whole = whole if len(whole) <= room_of(version) else ""
    frames = () if whole else _cut(data, version, shown.loss)
    texts = [whole] if whole else [frame.text for frame in frames]
    drawn = frames or (_cut(data, version, 0) if shown.sheet else ())
    files = written_files(shown, texts, drawn, len(codes))
    if shown.animate:
        _animate(session, shown, texts)
    return _report(session, shown, codes, texts, frames, files, len(data))


def _codes(session: Session, found: Found) -> tuple[str, ...]:
    """Return every code once, in its order, each of them whole.

    Raises:
        CodecError: When one cannot be read, or frames are missing.
    """
    from codec.envelope import decode_body
    from codec.errors import MalformedCodeError, NewerVersionError
    from codec.parity import PARITY_CHARACTERS

    unfolded = unfold(found.sets)
    given = (*found.codes, *unfolded.codes)
    codes = tuple(dict.fromkeys(given))
    if unfolded.problems or not given:
        raise nothing(found, unfolded)
    if found.unreadable:
        raise MalformedCodeError(
            f"What looks like a code cannot be read: {listed(found.unreadable)}. Nothing was bundled.",
            hint="Repair it (tallystick code repair) or take it out.",
        )
    for code in codes:
        try:
            decode_body(code[:-PARITY_CHARACTERS])
        except NewerVersionError:
            continue  # it is carried all the same: who reads it will know
    if len(given) > len(codes):
        session.say(f"{counted(len(given) - len(codes), 'code')} that came twice went in once.")
    return codes


def _version(session: Session, shown: Shown) -> int:
    """Choose how large a QR may be: as asked for, or as the screen allows."""
    if shown.version or not (shown.animate and session.screen):
        return shown.version or VERSION
    columns, lines = session.screen
    side = min(columns if session.has_colours(session.world.stdout) else columns // 2,
               2 * (lines - 1) if session.has_colours(session.world.stdout) else lines - 1)  # fmt: skip
    version = (side - 25) // 4
    if version < SMALLEST:
        raise UsageMistakeError(
            f"This screen of {columns} columns and {lines} lines is too small for a QR.",
            hint="Make the window larger or its letters smaller, or use --sheet F or --gif F.",
        )
    return min(version, VERSION)


def _cut(data: bytes, version: int, loss: int) -> "tuple[Frame, ...]":
    from codec.frames import cut
    from codec.qr import room_of

    return cut(data, room=room_of(version), loss=loss)


def _animate(session: Session, shown: Shown, texts: list[str]) -> None:
    from cli.animating import animate

    animate(session, texts, milliseconds=shown.every, rounds=shown.rounds)


def _report(
    session: Session,
    shown: Shown,
    codes: tuple[str, ...],
    texts: list[str],
    frames: "tuple[Frame, ...]",
    files: list[str],
    size: int,
) -> Report:
    what = f"{counted(len(codes), 'code')} in {len(texts[0]):,} characters."
    next_step = ""
    if frames:
        of = frames[0].of
        what = f"{counted(len(codes), 'code')} in {counted(of.total, 'frame')}; any {of.needed} will do."
    text = "\n".join(texts)
    if frames and session.screen:
        # Nobody copies dozens of long lines from a screen.
        text = ""
        if not files and not shown.animate:
            next_step = (
                "show them with --animate, print them with --sheet F, or write them to a file with --out F"
            )
    record: dict[str, object] = {
        "codes": len(codes),
        "bytes": size,
        "texts": texts,
        "needed": frames[0].of.needed if frames else 1,
        "files": files,
    }
    says = (what, *(f"Written: {name}" for name in files))
    return Report(record, text=text, says=says, next_step=next_step)
