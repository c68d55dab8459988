"""``tallystick code scan``: the codes in photos, screenshots and scans."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.code_input import BY_PARITY, CodeInput
from cli.command import argument, command, option, with_session
from cli.errors import RepairRefusedError
from cli.exit_codes import DONE, UNREADABLE
from cli.scanned import Scanned, nothing_seen, other_told, record, told, unread_told, where
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.sightings import SeenCode


@command(
    "scan",
    example="""tallystick code qr --file request.txt --png request.png
    tallystick code scan request.png""",
    exits="""
    0 done: every file gave a code
    2 a file that is not there, or the extra `scan` is missing
    3 a file gave no code, frames are missing, or a repair was not accepted; the rest is printed all the same
    """,
)
@argument(
    "images",
    nargs=-1,
    required=True,
    metavar="IMAGE...",
    text="Photos, screenshots and scans, or folders of them.",
)
@option(
    "--accept-repair/--no-repair",
    "accept_repair",
    default=None,
    help="Print a code whose mistyped groups could be repaired, or leave it out. Without either, a person is "
    "asked, and for a script it is left out.",
)
@with_session
def scan(session: Session, images: tuple[str, ...], accept_repair: bool | None) -> Report:
    """Read the codes in pictures: print each, one a line.

    Takes any number of pictures and folders, and any number of codes in each; a code that is seen twice is
    printed once. Bundles and frames are opened: what is printed are the codes in them, or which frames are
    missing. What a QR says that is no code is told, and not printed. Reading proves nothing: `verify`
    tells whether a code is genuine.
    """
    from cli.progress import counting
    from cli.scanning import scan as scan_files

    with counting(session, "files") as step:
        scanned = scan_files(images, progress=step)
    given = CodeInput((), accept_repair=accept_repair)
    refusals = {code: _refusal(session, given, code) for code in scanned.seen.codes}
    accepted = [code for code, refusal in refusals.items() if refusal is None]
    refused = [refusal for refusal in refusals.values() if refusal]
    if not accepted:
        problems = (*refused, *scanned.problems)
        raise problems[0] if problems else nothing_seen(scanned)
    _tell(session, scanned, refused)
    is_whole = not (refused or scanned.unread or scanned.problems)
    return Report(
        record(scanned, accepted),
        text="\n".join(code.code for code in accepted),
        says=[told(code) for code in accepted],
        exit_code=DONE if is_whole else UNREADABLE,
    )


def _refusal(session: Session, given: CodeInput, code: "SeenCode") -> RepairRefusedError | None:
    """Name the repairs that a code needs, and ask; None when they are accepted, or there are none."""
    if code.repairs:
        session.warn(f"{where(code.places)}:")
    try:
        given.require_acceptance(session, code.repairs, BY_PARITY)
    except RepairRefusedError as refusal:
        return refusal
    return None


def _tell(session: Session, scanned: Scanned, refused: Sequence[RepairRefusedError]) -> None:
    """Name what is missing from the result."""
    for problem in scanned.problems:
        session.warn(f"Not complete. {problem.message} {problem.hint}")
    for wrong in scanned.wrong:
        session.warn(f"Left out, because it does not belong to the bundle though it says so: {wrong}")
    for refusal in refused:
        session.warn(f"Not printed. {refusal.message} {refusal.hint}")
    for other in scanned.seen.others:
        session.warn(other_told(other))
    for unread in scanned.unread:
        session.warn(f"{unread_told(unread)} {unread.error.hint}")
