"""``tallystick portal log``: what auditors get, and comparing what they kept."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import argument, command, option, with_session
from cli.errors import UsageMistakeError
from cli.plain import counted, safe
from cli.portal.books import on_portal, on_signing_portal
from cli.session import Report, Session

if TYPE_CHECKING:
    from cli.portal.books import Unlock
    from reservation.log import Exported
    from reservation.notes import Note
    from reservation.service.context import Portal
    from reservation.service.log import EventProof, GrowthProof

_ID_CHARACTERS = 32
_LONGEST_LINE = 1 << 27
_OUT = option("--out", metavar="F", help="Write it there instead of on standard output.")


@command(
    "checkpoint",
    example="tallystick portal log checkpoint --out monday.note",
    exits="""
    0 done; where nothing happened since the last one, it is printed again
    1 the portal is in quarantine, or no checkpoint tells whether its database is the newest
    5 not an administrator
    6 the log is not what it was: nothing is signed
    """,
)
@_OUT
@on_signing_portal
def checkpoint(portal: "Portal", unlock: "Unlock", out: str | None) -> Report:
    """Sign where the log stands: print a checkpoint.

    It is a signed note (https://c2sp.org/tlog-checkpoint): which log, how many events it has, the root of
    their tree, and the issuer's signature. Give it to those who shall be able to check, and keep some where
    nobody of yours can change them. The key by which they verify it is said along.
    """
    from cli.files import require_place
    from reservation.service.log import sign_checkpoint

    if out:
        require_place(out, "--out")
    signed = sign_checkpoint(unlock(portal))
    head = signed.head
    return _printed(
        {
            "note": head.note,
            "origin": signed.key.name,
            "size": head.size,
            "root": head.root,
            "key": signed.key.text,
            "again": signed.again,
        },
        head.note,
        out,
        says=(f"{counted(head.size, 'event')}. The key that verifies it: {signed.key.text}",),
        next_step="Give it to your auditors, and keep it where nobody can change it",
    )


@command(
    "prove",
    example="tallystick portal log prove 7 --line event.json --out event.proof",
    exits="""
    0 done
    1 there is no such event, or no signed checkpoint covers it
    2 neither an event nor --from was given, or both
    3 the note after --from cannot be read
    4 it was not signed by this portal
    6 the log is not the one that it was signed for
    """,
)
@argument(
    "event", required=False, text="Its number in the log, or its id as `portal events --json` shows it."
)
@option("--from", "before", metavar="NOTE", help="An older checkpoint: a number of events, or a signed note.")
@option("--line", metavar="F", help="Write the event's line there: what is proved.")
@_OUT
@on_portal
def prove(
    portal: "Portal",
    event: str | None,
    before: str | None,
    line: str | None,
    out: str | None,
) -> Report:
    """Prove that an event is in the log, or that it only grew.

    The proof is for the newest signed checkpoint, which stands at its end. For an event it has the form of
    https://c2sp.org/tlog-proof; with `--from` that of https://c2sp.org/tlog-witness. Whoever has it needs
    neither the other events nor this portal.
    """
    from cli.files import require_place, write

    for name, switch in ((line, "--line"), (out, "--out")):
        if name:
            require_place(name, switch)
    if (event is None) == (before is None) or (before is not None and line):
        raise UsageMistakeError(
            "What shall be proved is not clear.",
            hint="Name an event, or an older checkpoint after --from; --line belongs to an event.",
        )
    if event is None:
        grown = _growth(portal, str(before))
        record = {"before": grown.before, "size": grown.head.size, "path": grown.path, "proof": grown.text}
        return _printed(record, grown.text, out)
    proof = _proof(portal, event)
    if line:
        write(line, proof.content + b"\n")
    return _printed(
        {
            "number": proof.number,
            "size": proof.head.size,
            "path": proof.path,
            "line": proof.content.decode(),
            "proof": proof.text,
        },
        proof.text,
        out,
        says=(f"Written: {line}",) if line else (),
    )


def _proof(portal: "Portal", event: str) -> "EventProof":
    from reservation.service.log import prove_event

    if len(event) == _ID_CHARACTERS:
        try:
            return prove_event(portal, event_id=bytes.fromhex(event))
        except ValueError:
            pass
    number = _number(event)
    if number is None:
        raise UsageMistakeError(
            f"{safe(event)} is neither the number nor the id of an event.",
            hint="Take an id from `tallystick portal events --json`, or a number from an export of the log.",
        )
    return prove_event(portal, number=number)


def _growth(portal: "Portal", before: str) -> "GrowthProof":
    from reservation.service.log import prove_growth, verify_notes

    size = _number(before)
    if size is None:
        (head,) = verify_notes(portal, (_note(before),))
        size = head.size
    return prove_growth(portal, before=size)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _note(name: str) -> "Note":
    from cli.files import read_text
    from reservation.notes import MAX_NOTE_BYTES, Note

    return Note.parse(read_text(name, MAX_NOTE_BYTES))


@command(
    "verify",
    example="tallystick portal log verify monday.note --export log.jsonl",
    exits="""
    0 all of it is so
    2 there is no such file
    3 a note or the export cannot be read
    4 a note was not signed by this portal
    6 the log is not the one that was signed, or not the one that was exported: it says which event
    """,
)
@argument(
    "note",
    nargs=-1,
    required=True,
    text="Signed checkpoints, wherever they were kept; or what a slip or a report says, as 12:9f86….",
)
@option("--export", "export", metavar="F", help="An export, from the first event on, to compare too.")
@on_portal
def verify(portal: "Portal", note: tuple[str, ...], export: str | None) -> Report:
    """Compare signed checkpoints, and an export, with the log.

    What is printed on slips and below reports is compared too: a number of events, a colon and a hash.

    This asks the portal's own database. Who does not trust it takes `samples/verify_log.py`, a checkpoint
    that they kept, and an export.
    """
    from reservation.printed import printed
    from reservation.service.log import verify_notes

    papers = {word: paper for word in note if (paper := printed(word))}
    names = [name for name in note if name not in papers]
    heads = verify_notes(
        portal,
        [_note(name) for name in names],
        _exported(export) if export else None,
        papers=papers.values(),
    )
    lines = [
        *(
            f"{safe(name)}: {counted(head.size, 'event')}, as signed"
            for name, head in zip(names, heads, strict=True)
        ),
        *(f"{word}: {counted(paper.events, 'event')}, as printed" for word, paper in papers.items()),
    ]
    return Report(
        {
            "checkpoints": [{"origin": head.origin, "size": head.size, "root": head.root} for head in heads],
            "printed": list(papers),
            "export": export,
        },
        text="\n".join([*lines, *([f"{safe(export)}: as it is in the log"] if export else [])]),
    )


def _exported(name: str) -> "Exported":
    from cli.files import reason
    from reservation.log import read_export

    try:
        with Path(name).open("rb") as file:
            return read_export(iter(lambda: file.readline(_LONGEST_LINE), b""))
    except OSError as error:
        raise UsageMistakeError(
            f"The file {name} cannot be read: {reason(error)}.", hint="Check the name of the file."
        ) from error


@command(
    "export",
    example="tallystick portal log export log.jsonl",
    exits="""
    0 done
    1 there are not as many events as --since says
    2 the file cannot be written there
    5 neither an approver nor an administrator
    6 the log is not what it was
    """,
)
@argument("file", text="Where it goes.")
@option(
    "--since", metavar="NOTE", help="Leave out what is in an older one: a number of events, or a signed note."
)
@on_portal
@with_session
def export(session: Session, portal: "Portal", file: str, since: str | None) -> Report:
    """Write the log into a file, for auditors.

    One line of JSON for each event, with the licences that it moved; then the balances that the books have.
    `docs/spec/log-v1.md` says what each line is. It names everybody who did anything.
    """
    from cli.files import require_place, write_parts
    from cli.progress import counting
    from reservation.service.log import export_log

    require_place(file, "FILE")
    size = _number(since) if since else 0
    export = export_log(portal, since=_note(str(since)).unverified.size if size is None else size)
    with counting(session, "lines written") as step:
        write_parts(file, _counted(export.lines, step))
    count = export.size - export.since
    return Report(
        {"file": file, "since": export.since, "size": export.size},
        text=f"{counted(count, 'event')} written: {safe(file)}",
        next_step="Give it to your auditors, with a signed checkpoint: tallystick portal log checkpoint",
    )


def _counted(lines: Iterator[bytes], step: Callable[[object], None]) -> Iterator[bytes]:
    for line in lines:
        step(line)
        yield line + b"\n"


def _printed(
    record: dict[str, object], text: str, out: str | None, *, says: Sequence[str] = (), next_step: str = ""
) -> Report:
    """Return a report of something that is a file for others: on stdout byte for byte, or written."""
    from cli.files import write

    if out:
        write(out, text.encode())
        says = (*says, f"Written: {out}")
        record["file"] = out
    return Report(record, text="" if out else text.removesuffix("\n"), says=says, next_step=next_step)
