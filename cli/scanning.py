"""Codes in pictures: files and folders that a person names, read and sorted out.

Scope: names to what was seen in them, or to the one code that a command needs. What is made of the texts is
decided in `codec.sightings`, which is pure.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import NothingSeenError, UsageMistakeError
from cli.extras import require_extra
from cli.files import files_in, read_bytes
from cli.reader import PictureReader
from cli.scanned import Scanned, Unread, nothing_seen, record, told
from codec.errors import QrError
from codec.openings import opened_by
from codec.sightings import Place, Sighting, sort_out

if TYPE_CHECKING:
    from cli.session import Session
    from codec.codes import Kind
    from codec.scan import Symbol
    from codec.sightings import SeenCode

ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".pdf"))
"""Of the files that are looked at in a folder."""
HINT = (
    "Hold the camera closer and still, in even light, until the whole QR with its white edge is sharp and "
    "fills most of the picture; or take a screenshot."
)


def scan(names: Sequence[str], *, progress: Callable[[object], None] = lambda _: None) -> Scanned:
    """Read the pictures that are named, and sort out what they show.

    Args:
        names: Files, or folders, of which the files with a picture's ending are taken, by name.
        progress: Called after each file.

    Raises:
        UsageMistakeError: When the extra ``scan`` is missing, or a name cannot be read.
    """
    require_scan()
    sightings: list[Sighting] = []
    unread: list[Unread] = []
    with PictureReader() as reader:
        for file in _files(names):
            try:
                symbols = _symbols(reader, file)
            except QrError as error:
                unread.append(Unread(file, error))
            else:
                sightings += (Sighting(symbol.text, Place(file, symbol.page)) for symbol in symbols)
            progress(file)
    opened = opened_by(sightings)
    return Scanned(sort_out(opened.sightings), tuple(unread), opened.problems, opened.wrong)


def require_scan() -> None:
    """Return when the extra ``scan`` is there.

    Raises:
        UsageMistakeError: When it is not.
    """
    require_extra("scan", "zxingcpp", "PIL", "pypdfium2", purpose="Reading a QR from an image")


def codes_in(reader: PictureReader, file: str) -> "tuple[str, ...]":
    """Return the texts of all codes in one picture, those that bundles and frames carry among them.

    Raises:
        QrError: When it shows none, or not enough frames of a bundle.
    """
    symbols = _symbols(reader, file)
    opened = opened_by([Sighting(symbol.text, Place(file, symbol.page)) for symbol in symbols])
    found = tuple(code.text for code in sort_out(opened.sightings).codes)
    if not found:
        raise QrError("It shows no code, or not enough frames of a bundle.", hint=HINT)
    return found


def only_code(session: "Session", file: str, kinds: "Collection[Kind]") -> str:
    """Return the text of the one symbol in a picture that is meant.

    That is the only code of the wanted kinds, or else the only text at all, whatever it says: what reads it
    next says best what is wrong with it. Among several codes, a person chooses.

    Args:
        session: Asks a person.
        file: A picture.
        kinds: The wanted kinds; empty for any.

    Raises:
        UsageMistakeError: As `scan` does.
        NothingSeenError: When there is none, or nobody chose among several.
    """
    scanned = scan([file])
    seen = scanned.seen
    if scanned.unread:
        raise nothing_seen(scanned)
    wanted = [code for code in seen.codes if code.kind in kinds or not kinds]
    if len(wanted) == 1:
        return wanted[0].text
    if seen.others and not seen.codes and not any(_may_be_code(each.text) for each in seen.others):
        raise nothing_seen(scanned)
    if not wanted and len(seen.codes) + len(seen.others) == 1:
        return next(each.text for group in (seen.codes, seen.others) for each in group)
    return _chosen(session, scanned, wanted)


def _may_be_code(text: str) -> bool:
    """Tell whether a text has only characters of a code: nothing is mistyped in a QR."""
    from codec.alphabet import clean
    from codec.errors import MalformedCodeError

    try:
        clean(text)
    except MalformedCodeError:
        return False
    return True


def _chosen(session: "Session", scanned: Scanned, wanted: "Sequence[SeenCode]") -> str:
    """Ask a person which of several codes is meant."""
    if wanted and session.is_interactive:
        session.warn(f"The picture shows {len(wanted)} codes that could be meant.")
        for code in wanted:
            if session.ask(f"{told(code)}, beginning {code.code[:8]}. Use this one?"):
                return code.text
    shown = ". ".join(map(told, wanted or scanned.seen.codes))
    which = "several codes that could be meant" if wanted else "no code of the kind that is needed here"
    raise NothingSeenError(
        f"The picture shows {which}: {shown}.",
        hint="Print all of them with `tallystick code scan`, and give the right one.",
        facts=record(scanned, wanted or scanned.seen.codes),
    )


def _symbols(reader: PictureReader, file: str) -> "tuple[Symbol, ...]":
    from codec.scan import LARGEST_FILE

    found = reader.read(read_bytes(file, LARGEST_FILE))
    if not found:
        raise QrError("No QR in it can be read.", hint=HINT)
    return found


def _files(names: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if Path(name).is_dir():
            yield from _files_of(name)
        else:
            yield name


def _files_of(folder: str) -> Sequence[str]:
    files = files_in(folder, ENDINGS)
    if not files:
        raise UsageMistakeError(
            f"The folder {folder} holds no pictures.",
            hint=f"Name a picture, or a folder of them ({', '.join(sorted(ENDINGS))}).",
        )
    return files
