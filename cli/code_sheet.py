"""``tallystick code release-sheet``: every field of a code on paper, for whoever decides what may leave."""

from typing import TYPE_CHECKING

from cli.code_companions import options_for, read_code, with_companions
from cli.code_input import CodeInput, takes_code
from cli.command import command, option, with_session
from cli.plain import counted
from cli.release_sheet import Sheet
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.codes import Code
    from codec.envelope import UnverifiedCode
    from codec.explain import Explanation
    from codec.proof import Known


@command(
    "release-sheet",
    example="tallystick code release-sheet --file request.txt --html sheet.html",
    exits="""
    0 done, whether or not the code is genuine: the sheet says so
    2 a file that cannot be read or written
    3 cannot be read, or the repair was not accepted
    4 what belongs to the code, by its option, is not genuine
    """,
)
@takes_code
@with_companions
@option("--out", metavar="F", help="Write the sheet into a text file, instead of printing it.")
@option("--html", metavar="F", help="Write it into an HTML file that prints well, with the QR as a drawing.")
@with_session
def release_sheet(
    session: Session, given: CodeInput, known: "Known", out: str | None, html: str | None
) -> Report:
    """Print every field of a code, for whoever decides what may leave.

    One sheet to read, compare and sign: each field with its raw value, what it says, what it can reveal and
    what it cannot, and its size in bits; the code in numbered groups and as a QR; its fingerprint. Nothing is
    left out, and nothing else is in the code. Needs no key.

    The text is plain ASCII, 80 columns wide, but for the QR at its end. Make the sheet again on a second
    machine, from the code alone, and compare.
    """
    from cli.files import require_place, write
    from cli.sheet_text import rendered

    for name, switch in ((out, "--out"), (html, "--html")):
        if name:
            require_place(name, switch)
    code, repairs = read_code(session, given, known)
    sheet = _sheet(session, code, known)
    files = []
    if out:
        write(out, f"{rendered(sheet)}\n".encode())
        files.append(out)
    if html:
        from cli.sheet_html import page

        write(html, page(sheet).encode())
        files.append(html)
    return Report(
        {**_record(sheet, code), "files": files, "repairs": repairs},
        text="" if files else rendered(sheet, session.width),
        says=[f"Written: {name}" for name in files],
    )


def _sheet(session: Session, code: "UnverifiedCode[Code]", known: "Known") -> Sheet:
    from codec.disclosure import sections_of
    from codec.envelope import named, to_text
    from codec.explain import explain, moment_words
    from codec.meanings import ABOUT, ABSENT, UNSEEN
    from codec.parity import PARITY_CHARACTERS

    explanation = explain(code, known)
    text = to_text(code.payload, code.signature)
    size = len(code.payload) + len(code.signature)
    fingerprint = explanation.fingerprint_words
    if explanation.needs:
        fingerprint += f" (add {options_for(explanation.needs)})"
    return Sheet(
        title=f"Release sheet of {named(code.kind)}",
        about=ABOUT.get(code.kind, "A code of a kind that this program has no words for."),
        head=(
            ("Fingerprint", fingerprint),
            ("Signature", explanation.signature),
            (
                "Size",
                f"{len(text)} characters: {len(text) - PARITY_CHARACTERS} for {counted(size, 'byte')} "
                f"({8 * size:,} bits), and {PARITY_CHARACTERS} of parity",
            ),
            ("Begins, ends", f"{text[:8]} ... {text[-8:]}"),
            ("Sheet made", moment_words(session.world.clock())),
        ),
        sections=sections_of(code, _spelled(code, explanation, known)),
        remarks=(("Not in the code", ABSENT), ("What no sheet can show", UNSEEN)),
        code=text,
    )


def _spelled(code: "UnverifiedCode[Code]", explanation: "Explanation", known: "Known") -> dict[int, str]:
    """Return the tags that the catalogue at hand spells, by their numbers; none where it is another one."""
    from codec.codes import Authorization, Request

    value = code.unverified
    if isinstance(value, Authorization):
        raw, spelled = {line.tag for line in value.lines}, {line.tag for line in explanation.lines}
    elif isinstance(value, Request):
        raw, spelled = {line.tag for line in value.wanted}, {line.tag for line in explanation.wanted}
    else:
        return {}
    if known.catalogue is None or any(isinstance(tag, int) for tag in spelled):
        return {}
    return {tag: known.catalogue.tags[tag] for tag in raw if isinstance(tag, int)}


def _record(sheet: Sheet, code: "UnverifiedCode[Code]") -> dict[str, object]:
    return {
        "kind": code.kind.name.lower(),
        "code": sheet.code,
        "head": dict(sheet.head),
        "fields": [
            {
                "path": path,
                "label": meaning.label,
                "values": [row[column] for row in section.rows],
                "bits": round(section.bits, 1),
                "encoded_with": section.path,
                "says": meaning.says,
                "reveals": meaning.reveals,
            }
            for section in sheet.sections
            for column, (path, meaning) in enumerate(section.fields)
        ],
        "remarks": dict(sheet.remarks),
    }
