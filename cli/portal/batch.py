"""``tallystick portal batch``: many request codes in, one result for each, many of them with one commit.

Every code can be given any number of times, so a batch that was cut off is run again as it is: what was done
is answered again, and the rest is done.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import click

from cli.command import argument, command, option, with_session
from cli.counts import tag_counts
from cli.errors import CommandError, RepairRefusedError
from cli.exit_codes import DONE, INTERRUPTED, REFUSED
from cli.plain import counted, safe, sentence
from cli.portal.batch_out import CodeFiles, Result, ResultRows, Sheet
from cli.portal.batch_rows import COLUMNS, Row, Wish, rows_of
from cli.portal.books import on_signing_portal_for_long
from cli.portal.exchange import (
    FOR_DAYS_OPTION,
    TERM_OPTION,
    UNTIL_OPTION,
    choice_of,
    last_day_of,
    nothing_said,
    require_one_choice,
)
from cli.session import Report, Session
from codec.errors import CodecError
from reservation.errors import ReservationError

if TYPE_CHECKING:
    from cli.portal.books import Unlock
    from codec.codes import Request
    from codec.envelope import VerifiedCode
    from codec.reading import Inspected
    from reservation.model import EarlyReturn, Udi
    from reservation.service.accepting import Accepted
    from reservation.service.context import Portal
    from reservation.service.issuing import Issued

    Answer = Issued | Accepted | EarlyReturn | str
    Call = Callable[[Portal], Answer]

A_COMMIT = 64
"""Codes that share one commit: more of them are hardly faster, and others wait longer."""
_MOST_A_COMMIT = 10_000
_MOST_TOLD = 5

Failure = CodecError | ReservationError | CommandError


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row that was read: what to do for it, or why nothing is done."""

    row: Row
    call: "Call | Failure"
    is_request: bool = False
    udi: "Udi | None" = None


@dataclass(frozen=True, slots=True)
class Manner:
    """What holds for all requests of a batch.

    Attributes:
        term: Which lots to prefer.
        until: Last day of lines that end before their lots.
        accept_repair: Whether codes are taken that had to be repaired.
        is_dry: Whether nothing is done.
    """

    term: str
    until: date | None
    accept_repair: bool
    is_dry: bool


@command(
    "batch",
    example="tallystick portal batch requests.csv --as-requested --results results.csv --sheet sheet.html",
    exits="""
    0 all of them are done; also what was done before
    1 some are refused: the results say why; the others are done
    2 what was given cannot be read, or a file cannot be written
    6 the issuer's key cannot be opened
    7 the database was busy: run it again, what is done is done
    """,
)
@argument(
    "source",
    metavar="SOURCE",
    text="A folder of texts (.txt) and pictures, a CSV "
    f"(columns {', '.join(COLUMNS)}), or a text with many codes; `-` reads standard input.",
)
@option("--va", default="DEFAULT", show_default=True, metavar="V", help="The Virtual Account to take from.")
@option(
    "--license",
    "licenses",
    multiple=True,
    metavar="TAG=N",
    help="N of TAG for each. Can be given many times.",
)
@option("--as-requested", is_flag=True, help="What each request asks for.")
@option("--universal", is_flag=True, help="Everything that the product has, as one reservation.")
@TERM_OPTION
@UNTIL_OPTION
@FOR_DAYS_OPTION
@option("--accept-repair", is_flag=True, help="Take codes that had to be repaired by their parity.")
@option("--results", metavar="F", help="Write the results into a CSV file instead of on standard output.")
@option("--out", metavar="DIR", help="Write each authorization into a text file of its own in this folder.")
@option(
    "--sheet", metavar="F", help="Write all authorizations into one HTML file that prints a page for each."
)
@option(
    "--commit",
    type=click.IntRange(1, _MOST_A_COMMIT),
    default=A_COMMIT,
    show_default=True,
    metavar="N",
    help="How many codes share one commit.",
)
@option("--dry-run", is_flag=True, help="Read and verify all codes, and say what each is; do nothing.")
@on_signing_portal_for_long
@with_session
def batch(
    session: Session,
    portal: "Portal",
    unlock: "Unlock",
    keep: Callable[[], None],
    source: str,
    va: str,
    licenses: tuple[str, ...],
    as_requested: bool,
    universal: bool,
    term: str,
    until: date | None,
    for_days: int | None,
    accept_repair: bool,
    results: str | None,
    out: str | None,
    sheet: str | None,
    commit: int,
    dry_run: bool,
) -> Report:
    """Answer many codes at once, from a folder, a CSV or a text.

    Prints one line of CSV for each code.

    Requests are reserved, confirmations and returns accepted. A code that is refused stops no other. In a CSV
    the columns `va` and `licenses` ("ROUTING=3 CRYPTO=1", "as-requested" or "universal") go before the
    options.

    Results are written when they are durable, and never change: to go on after Ctrl-C, a power cut or a busy
    database, run the same command again. `--dry-run` looks at the codes alone, not at the stock.
    """
    require_one_choice(licenses, as_requested, universal)
    choice = choice_of(tag_counts(licenses, "--license"), as_requested, universal)
    manner = Manner(term, last_day_of(session, until, for_days), accept_repair, dry_run)
    _require_places(source, results, out, sheet)
    with ExitStack() as held:
        rows = held.enter_context(closing(ResultRows(session, results, is_shown=not session.json)))
        pages = held.enter_context(closing(Sheet(sheet))) if sheet and not dry_run else None
        files = CodeFiles(out) if out and not dry_run else None
        run = _Batch(session, portal, unlock, keep, rows, files, pages, keeps=session.json and not results)
        is_whole = run.go(rows_of(session, source, Wish(va, choice)), manner, commit)
        named = [name for name in (results, out) if name] + ([sheet] if sheet and run.finish() else [])
    return run.report(is_whole, manner, named)


def _require_places(source: str, results: str | None, out: str | None, sheet: str | None) -> None:
    """Refuse places for results that cannot be written, or that something else of the batch stands in."""
    from pathlib import Path

    from cli.files import require_other, require_place

    for name, switch in ((results, "--results"), (sheet, "--sheet")):
        if name:
            require_place(name, switch)
            require_other(name, switch, source, "what is to be answered")
    if results and sheet:
        require_other(sheet, "--sheet", results, "the results")
    if out and not Path(out).is_dir():
        require_place(out, "--out")


class _Batch:
    """A batch as it goes: what was counted, and where results go."""

    def __init__(
        self,
        session: Session,
        portal: "Portal",
        unlock: "Unlock",
        keep: Callable[[], None],
        rows: ResultRows,
        files: CodeFiles | None,
        sheet: Sheet | None,
        *,
        keeps: bool,
    ) -> None:
        self._session = session
        self._portal = portal
        self._unlock = unlock
        self._keep = keep
        self._rows = rows
        self._files = files
        self._sheet = sheet
        self._counts: Counter[str] = Counter()
        self._refused: list[str] = []
        self._records: list[dict[str, object]] | None = [] if keeps else None

    def go(self, rows: Iterator[Row], manner: Manner, commit: int) -> bool:
        """Do a batch, group by group; return whether all of it is done, and not stopped by Ctrl-C."""
        from cli.interrupts import after_this
        from cli.progress import counting

        with counting(self._session, "codes") as step, after_this() as is_stopped:
            while group := list(islice(rows, commit)):
                prepared = [_prepared(row, manner) for row in group]
                results = self._previewed(prepared) if manner.is_dry else self._done(prepared)
                self._hand_out(results)
                for each in results:
                    step(each)
                if is_stopped():
                    return False
        return True

    def _previewed(self, prepared: Sequence[Prepared]) -> list[Result]:
        return [
            _refused(one, one.call)
            if isinstance(one.call, Failure)
            else Result(one.row.place, "would-reserve" if one.is_request else "would-accept", _cells(one.udi))
            for one in prepared
        ]

    def _done(self, prepared: Sequence[Prepared]) -> list[Result]:
        """Do a group with one commit."""
        from reservation.service.context import require_issuer, together

        if self._portal.issuer is None and any(one.is_request for one in prepared):
            self._portal = self._unlock(self._portal)
            require_issuer(self._portal)
        calls = [one.call for one in prepared if not isinstance(one.call, Failure)]
        answers = iter(together(self._portal, calls) if calls else ())
        results = [
            _result(one, one.call if isinstance(one.call, Failure) else next(answers)) for one in prepared
        ]
        self._keep()
        return results

    def _hand_out(self, results: Sequence[Result]) -> None:
        """Give out what came of a group that is durable."""
        for one in results:
            self._counts["again" if one.again else "done" if one.is_done else "refused"] += 1
            if not one.is_done and len(self._refused) < _MOST_TOLD:
                self._refused.append(f"{safe(one.place)}: {one.cells[-1]}")
            if one.issued is not None and self._files:
                self._files.write(one.issued)
            if one.issued is not None and self._sheet:
                self._sheet.write(one.issued)
        self._rows.write(results)
        if self._records is not None:
            self._records += (one.record() for one in results)

    def finish(self) -> bool:
        """Finish the sheet; return whether there is one."""
        from cli.portal.log_printed import log_end_of, log_pairs

        return self._sheet is not None and self._sheet.finish(log_pairs(log_end_of(self._portal)))

    def report(self, is_whole: bool, manner: Manner, files: list[str]) -> Report:
        """Sum up a batch."""
        counts = self._counts
        record: dict[str, object] = {
            "done": counts["done"],
            "again": counts["again"],
            "refused": counts["refused"],
            "is_whole": is_whole,
            "files": files,
        }
        if self._records is not None:
            record["results"] = self._records
        return Report(
            record,
            says=tuple(self._sentences(is_whole, manner)),
            next_step=""
            if is_whole
            else "Run the same command again: what is done is answered again, and the rest is done",
            exit_code=INTERRUPTED if not is_whole else REFUSED if counts["refused"] else DONE,
        )

    def _sentences(self, is_whole: bool, manner: Manner) -> Iterator[str]:
        counts = self._counts
        done = "Could be done" if manner.is_dry else "Done"
        yield f"{done}: {counts['done']:,}; done before: {counts['again']:,}; refused: {counts['refused']:,}."
        yield from (f"Refused: {each}" for each in self._refused)
        if counts["refused"] > len(self._refused):
            yield f"{counts['refused'] - len(self._refused):,} more are refused: see the results."
        if not is_whole:
            yield f"Stopped by Ctrl-C after {counted(sum(counts.values()), 'code')}."


# --- one row ---------------------------------------------------------------------------------------


def _prepared(row: Row, manner: Manner) -> Prepared:
    """Read the code of a row, outside of any transaction."""
    from codec.codes import Kind
    from codec.reading import inspect

    if row.error is not None:
        return Prepared(row, row.error)
    try:
        inspected = inspect(row.text)
        _require_acceptance(inspected, manner)
        if inspected.code.kind is Kind.REQUEST:
            return _request(row, inspected, manner)
        return Prepared(row, partial(_accepted, raw=_text(inspected)))
    except (CodecError, CommandError) as error:
        return Prepared(row, error)


def _require_acceptance(inspected: "Inspected", manner: Manner) -> None:
    repairs = inspected.repairs
    if repairs and not manner.accept_repair:
        shown = "; ".join(map(str, repairs))
        raise RepairRefusedError(
            f"The code was damaged, and could be repaired: {shown}.",
            hint="Compare with the original, or add --accept-repair.",
            facts={},
        )


def _text(inspected: "Inspected") -> str:
    from codec.envelope import to_text

    return to_text(inspected.code.payload, inspected.code.signature)


def _request(row: Row, inspected: "Inspected", manner: Manner) -> Prepared:
    from codec.codes import Request
    from codec.envelope import require_kind, verify_request

    request = verify_request(require_kind(inspected.code, Request))
    if row.choice is None:
        return Prepared(row, nothing_said(request.value), udi=request.value.udi)
    return Prepared(row, partial(_reserved, row=row, request=request, manner=manner), True, request.value.udi)


def _reserved(portal: "Portal", row: Row, request: "VerifiedCode[Request]", manner: Manner) -> "Answer":
    from reservation.service.reserving import reserve

    assert row.choice is not None
    return reserve(
        portal,
        request,
        virtual_account=row.va,
        choice=row.choice,
        term=manner.term,
        until=manner.until,
    )


def _accepted(portal: "Portal", raw: str) -> "Answer":
    """Take what a device answers, as `accept` does; a return before its request is kept."""
    from codec.codes import Kind
    from codec.reading import inspect
    from reservation.errors import MissingAuthorizationError, UnknownRequestError
    from reservation.service.accepting import accept
    from reservation.service.bringing import settle
    from reservation.service.codes import keep_return, read_code

    try:
        received = read_code(portal, raw)
    except (UnknownRequestError, MissingAuthorizationError):
        if inspect(raw).code.kind is not Kind.RETURN:
            raise
        return keep_return(portal, raw)
    accepted = accept(portal, received.code)
    settle(portal)
    return accepted


def _result(one: Prepared, answer: "Answer | Failure") -> Result:
    from reservation.service.accepting import Accepted
    from reservation.service.issuing import Issued

    if isinstance(answer, Failure):
        return _refused(one, answer)
    place = one.row.place
    if isinstance(answer, Issued):
        cells = _cells(answer.udi, answer.name, answer.virtual_account, answer.text)
        return Result(place, "reserved", cells, answer, answer.again)
    if isinstance(answer, Accepted):
        return Result(
            place, answer.kind.value, _cells(answer.udi, answer.reservation.name), None, answer.again
        )
    return Result(place, "kept", _cells(None))


def _refused(one: Prepared, error: Failure) -> Result:
    said = (error.message, error.hint)
    return Result(
        one.row.place,
        "refused",
        _cells(one.udi, error=error.code, message=" ".join(map(sentence, filter(None, said)))),
        is_done=False,
    )


def _cells(
    udi: "Udi | None",
    name: str = "",
    place: str = "",
    code: str = "",
    *,
    error: str = "",
    message: str = "",
) -> tuple[str, ...]:
    """Return the columns of the CSV after place and outcome."""
    return (
        udi.product_id if udi else "",
        udi.serial_number if udi else "",
        name,
        place,
        code,
        error,
        message,
    )
