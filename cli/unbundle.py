"""``tallystick code unbundle``: the codes out of bundles and frames, without a camera."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.command import command, with_session
from cli.exit_codes import DONE, UNREADABLE
from cli.many_codes import Found, ManyCodes, listed, takes_codes
from cli.plain import counted
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.errors import CodecError
    from codec.frames import Gathered


@dataclass(frozen=True, slots=True)
class Unfolded:
    """What came out of frames.

    Attributes:
        codes: The codes of every bundle that could be rebuilt.
        problems: Why others could not.
        notes: What a person should know besides.
    """

    codes: tuple[str, ...]
    problems: "tuple[CodecError, ...]"
    notes: tuple[str, ...]


def unfold(sets: "Sequence[Gathered]") -> Unfolded:
    """Rebuild what can be rebuilt from the frames at hand."""
    from codec.errors import CodecError
    from codec.parity import text_of

    codes: list[str] = []
    problems: list[CodecError] = []
    notes: list[str] = []
    for gathered in sets:
        try:
            rebuilt = gathered.rebuild()
        except CodecError as error:
            problems.append(error)
            continue
        codes += map(text_of, rebuilt.members)
        if rebuilt.wrong:
            numbers = ", ".join(map(str, rebuilt.wrong))
            notes.append(f"Left out, because they do not belong to the bundle though they say so: {numbers}.")
    return Unfolded(tuple(codes), tuple(problems), tuple(notes))


@command(
    "unbundle",
    example="tallystick code unbundle --file bundle.txt",
    exits="""
    0 done: every bundle gave its codes
    2 a file that is not there
    3 frames are missing, or something cannot be read; what could be read is printed all the same
    """,
)
@takes_codes
@with_session
def unbundle(session: Session, given: ManyCodes) -> Report:
    """Take the codes out of bundles and frames: print each, one a line.

    Frames come in any order, from any number of files. As many as each of them says are enough; when there
    are fewer, the missing ones are named. Single codes among them are printed as they are, each code once.
    Nothing is kept between two runs: give all frames at once. For pictures of frames there is `scan`.
    """
    from cli.scanned import problem_record

    found = given.read(session)
    unfolded = unfold(found.sets)
    codes = tuple(dict.fromkeys((*found.codes, *unfolded.codes)))
    if not codes:
        raise nothing(found, unfolded)
    _tell(session, found, unfolded)
    is_whole = not (unfolded.problems or found.unreadable)
    return Report(
        {
            "codes": list(codes),
            "repaired": found.repaired,
            "unreadable": list(found.unreadable),
            "problems": [problem_record(each) for each in unfolded.problems],
        },
        text="\n".join(codes),
        says=(f"{counted(len(codes), 'code')}.",),
        exit_code=DONE if is_whole else UNREADABLE,
    )


def nothing(found: Found, unfolded: Unfolded) -> "CodecError":
    """Say why there is no code at all."""
    from codec.errors import MalformedCodeError

    if unfolded.problems:
        return unfolded.problems[0]
    if found.unreadable:
        return MalformedCodeError(
            f"Nothing here can be read: {listed(found.unreadable)}.",
            hint="Copy the frames again, each whole and on a line of its own.",
        )
    return MalformedCodeError(
        "There is no code here, and no bundle or frame.", hint="Check what was given: a bundle starts with B."
    )


def _tell(session: Session, found: Found, unfolded: Unfolded) -> None:
    """Name what is missing from the result, and what was repaired."""
    if found.repaired:
        session.say(
            f"{counted(found.repaired, 'bundle or frame', 'bundles and frames')} repaired by the parity."
        )
    for note in unfolded.notes:
        session.warn(note)
    if found.unreadable:
        session.warn(f"Cannot be read, and left out: {listed(found.unreadable)}.")
    for problem in unfolded.problems:
        session.warn(f"Not complete. {problem.message} {problem.hint}")
