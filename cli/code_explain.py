"""``tallystick code explain``: what a code says, in words, and what an update changes."""

from typing import TYPE_CHECKING

from cli.code_companions import options_for, read_any, with_companions
from cli.code_input import CodeInput, code_text, takes_code
from cli.command import command, option, with_session
from cli.errors import UsageMistakeError
from cli.plain import counted, safe
from cli.screen import labelled, table
from cli.session import Record, Report, Session

if TYPE_CHECKING:
    from codec.changes import Change
    from codec.codes import Authorization, Code
    from codec.envelope import UnverifiedCode
    from codec.explain import Explanation
    from codec.proof import Known


@command(
    "explain",
    example="tallystick code explain --file authorization.txt --request request.txt --trust trust.txt",
    exits="""
    0 the code was read, whether or not it is genuine: `verify` answers that
    2 --against beside a code that is no authorization
    3 cannot be read, or the repair was not accepted
    4 what belongs to the code, by its option, is not genuine or no such code
    """,
)
@takes_code
@with_companions
@option(
    "--against",
    "--before",
    "against",
    metavar="CODE|F",
    help="An older authorization, or a file that holds it: tell what changes against it.",
)
@with_session
def explain(session: Session, given: CodeInput, known: "Known", against: str | None) -> Report:
    """Say in words everything that a code says.

    Needs no key and no network: any code, of any device or portal, can be read. Reading proves nothing. If
    what belongs to the code is given as well, its signature is checked, and its fingerprint is shown: eight
    words that both ends can compare by telephone. Times and days are UTC.
    """
    from codec.errors import WrongKindError
    from codec.explain import explain as explained
    from codec.short import is_short

    raw = given.read(session, "the code")
    if is_short(raw):
        from cli.code_short import explain_short

        return explain_short(session, given, raw)
    try:
        code, repairs = read_any(session, given, known, raw)
    except WrongKindError:
        from cli.carriers import explained as carrier_explained

        return carrier_explained(raw)
    today = session.world.clock().date()
    explanation = explained(code, known, today=today)
    record = {**explanation.record(), "repairs": repairs}
    parts = [_text(explanation), _content(explanation)]
    if against:
        compared, text = _compared(session, given, known, against, code)
        record |= compared
        parts.append(text)
    return Report(record, text="\n\n".join(filter(None, parts)))


def _text(explanation: "Explanation") -> str:
    title = explanation.title
    pairs = [(fact.label, fact.words) for fact in explanation.facts]
    words = explanation.fingerprint_words
    if explanation.needs:
        words += f" (add {options_for(explanation.needs)})"
    tail = [("Signature", explanation.signature), ("Fingerprint", words)]
    if explanation.kind.value == "Q" and explanation.id:
        from reservation.model import name_of

        tail.append(("Reservation", f"will be called {name_of(explanation.id)}"))
    return f"{title[0].upper()}{title[1:]}\n{labelled([*pairs, *tail])}"


def _content(explanation: "Explanation") -> str:
    """Return what is granted or wanted, as a table."""
    from cli.values import flag_words, tag_words
    from codec.explain import distance_words, term_words

    if explanation.wanted:
        wanted = [(tag_words(line.tag), f"{line.count:,}") for line in explanation.wanted]
        return table(("WANTED", "COUNT"), wanted, right=("COUNT",))
    if not explanation.lines or explanation.today is None:
        return "Grants nothing: no line." if explanation.kind.value == "A" else ""
    flags = any(flag_words(line) for line in explanation.lines)
    terms = any(line.term for line in explanation.lines)
    head = (
        "TAG",
        "COUNT",
        "TERM (UTC)",
        *((f"AS OF {explanation.today}",) if terms else ()),
        *(("FLAGS",) if flags else ()),
    )
    rows = [
        (
            tag_words(line.tag),
            f"{line.count:,}",
            term_words(line.term),
            *((distance_words(line.term, explanation.today),) if terms else ()),
            *((flag_words(line),) if flags else ()),
        )
        for line in explanation.lines
    ]
    return table(head, rows, right=("COUNT",))


# --- against an older one ----------------------------------------------------------------------


def _compared(
    session: Session, given: CodeInput, known: "Known", against: str, code: "UnverifiedCode[Code]"
) -> tuple[Record, str]:
    """Return what an authorization changes against another one, for scripts and for people."""
    from codec.changes import changes
    from codec.codes import Authorization
    from codec.envelope import require_kind
    from codec.explain import explain as explained

    if not isinstance(code.unverified, Authorization):
        raise UsageMistakeError(
            "--against compares two authorizations, and this code is none.", hint="Leave --against out."
        )
    read, repairs = read_any(session, given, known, code_text(against))
    old = require_kind(read, Authorization)
    before, after = explained(old, known), explained(code, known)
    changed = changes(before.lines, after.lines)
    doubts = _doubts(before, old.unverified, code.unverified)
    if _differ_in_spelling(before, after):
        doubts.append("Some tags are numbered and others spelled: --catalogue tells which are the same.")
    record = {
        "against": {**before.record(), "repairs": repairs},
        "changes": [each.record() for each in changed],
        "doubts": doubts,
    }
    return record, _compared_text(old.unverified, changed, len(after.lines), doubts)


def _doubts(before: "Explanation", old: "Authorization", new: "Authorization") -> list[str]:
    """Say what makes a comparison less than it seems."""
    doubts = []
    if old.request_hint != new.request_hint:
        doubts.append("The two answer different requests.")
    if old.sequence > new.sequence:
        doubts.append("The code after --against is the newer one of the two.")
    elif old.sequence == new.sequence:
        doubts.append(f"Both are authorization number {new.sequence.number} of a reservation.")
    if before.id is None:
        doubts.append(f"The signature of the code after --against: {before.signature}")
    return doubts


def _differ_in_spelling(before: "Explanation", after: "Explanation") -> bool:
    """Tell whether a tag may stand as a number on one side and spelled on the other."""
    old, new = ({type(line.tag) for line in side.lines} for side in (before, after))
    return bool(old and new and old | new == {int, str})


def _compared_text(old: "Authorization", changed: "tuple[Change, ...]", lines: int, doubts: list[str]) -> str:
    from cli.values import tag_words
    from codec.explain import moment_words

    title = f"Against authorization {old.sequence.number}, issued {moment_words(old.issued_at)}:"
    rows = [f"  {tag_words(each.line.tag)}: {safe(each.words)}" for each in changed]
    same = lines - sum(each.after is not None for each in changed)
    if not changed:
        rows = ["  Nothing changes: the lines are the same."]
    elif same:
        rows.append(f"  {counted(same, 'other line')} unchanged.")
    return "\n".join((title, *rows, *doubts))
