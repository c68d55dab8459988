"""What was seen in pictures, in words for people and as a record for scripts."""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.errors import NothingSeenError
from cli.plain import counted, safe
from cli.repaired import repairs_record
from codec.envelope import KIND_NAMES
from codec.errors import CodecError, MalformedCodeError, QrError
from codec.sightings import OtherText, Place, Seen, SeenCode

_LONGEST_SHOWN = 80
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Unread:
    """A file in which no symbol was found, and why."""

    file: str
    error: QrError


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was seen in some files, and the files in which nothing was.

    Attributes:
        seen: Codes, those that bundles and frames carry among them, and the rest.
        unread: Files without a symbol.
        problems: Why the codes of some frames are not there.
        wrong: Frames that do not belong to their bundle, though they say so.
    """

    seen: Seen
    unread: tuple[Unread, ...]
    problems: tuple[CodecError, ...] = ()
    wrong: tuple[str, ...] = ()


def nothing_seen(scanned: Scanned) -> NothingSeenError:
    """Say why there is no code: as the only file answers, or summed up."""
    facts = record(scanned, ())
    if scanned.seen.others:
        what = "\n".join(map(other_told, scanned.seen.others))
        # What is meant as something, a short confirmation, has a place to go.
        meant = [
            each.reason for each in scanned.seen.others if not isinstance(each.reason, MalformedCodeError)
        ]
        return NothingSeenError(
            f"There is a QR, but it is no {'signed ' * bool(meant)}code. {what}",
            hint=meant[0].hint if meant else "Show the QR that Tallystick made.",
            facts=facts,
        )
    if len(scanned.unread) == 1:
        (unread,) = scanned.unread
        return NothingSeenError(unread_told(unread), hint=unread.error.hint, facts=facts)
    reasons = " ".join(map(unread_told, scanned.unread[:_MOST_SHOWN]))
    return NothingSeenError(
        f"None of {len(scanned.unread):,} files shows a code. {reasons}",
        hint=scanned.unread[0].error.hint,
        facts=facts,
    )


def problem_record(problem: CodecError) -> dict[str, str]:
    """Return why the codes of some frames are not there, for scripts."""
    return {"code": problem.code, "message": problem.message, "hint": problem.hint}


def told(code: SeenCode) -> str:
    """Say what a code is, and where it was seen."""
    name = KIND_NAMES[code.kind]
    return f"{name[0].upper()}{name[1:]}, {len(code.code)} characters: {where(code.places)}"


def other_told(other: OtherText) -> str:
    """Say why a text is no code."""
    return f"{where(other.places)}: no code, but “{safe(other.text, _LONGEST_SHOWN)}”. {other.reason.message}"


def unread_told(unread: Unread) -> str:
    """Say why a file gave nothing."""
    return f"{safe(unread.file)}: {unread.error.message}"


def where(places: Sequence[Place]) -> str:
    """Name the places where something was seen, the first few of them."""
    shown = [f"{safe(place.file)}, page {place.page}" for place in places[:_MOST_SHOWN]]
    more = len(places) - len(shown)
    return "; ".join(shown) + (f" and {counted(more, 'other place')}" if more else "")


def record(scanned: Scanned, codes: Sequence[SeenCode]) -> dict[str, object]:
    """Return what was seen, for scripts, with the codes that stand in the result."""
    return {
        "codes": [
            {
                "code": code.code,
                "kind": code.kind.name.lower(),
                "repairs": repairs_record(code.repairs),
                "found": _found(code.places),
            }
            for code in codes
        ],
        "others": [
            {"text": other.text, "reason": other.reason.message, "found": _found(other.places)}
            for other in scanned.seen.others
        ],
        "unread": [
            {
                "file": unread.file,
                "error": {
                    "code": unread.error.code,
                    "message": unread.error.message,
                    "hint": unread.error.hint,
                },
            }
            for unread in scanned.unread
        ],
        "problems": [problem_record(problem) for problem in scanned.problems],
    }


def _found(places: Sequence[Place]) -> list[dict[str, object]]:
    return [{"file": place.file, "page": place.page} for place in places]
