"""``tallystick portal slip``: an authorization on one page, for whoever carries it by hand."""

from typing import TYPE_CHECKING

from cli.code_input import CodeInput, names_reservation
from cli.command import command, option, with_session
from cli.portal.books import on_portal
from cli.portal.naming import reservation_of
from cli.portal.slip_page import COMPARE, HEAD, INSTALL, Slip, slip_of
from cli.session import Report, Session
from cli.values import line_record, udi_record

if TYPE_CHECKING:
    from reservation.service.context import Portal
    from reservation.service.issuing import Issued


@command(
    "slip",
    example="tallystick portal slip --file request.txt --html slip.html",
    exits="""
    0 done
    1 the reservation is closed: it never yields a code again
    2 a file that cannot be written
    """,
)
@names_reservation
@option("--out", metavar="F", help="Write the page into a text file, instead of printing it.")
@option("--html", metavar="F", help="Write it into an HTML file that prints well, with the QR as a drawing.")
@on_portal
@with_session
def slip(session: Session, portal: "Portal", given: CodeInput, out: str | None, html: str | None) -> Report:
    """Print a reservation's newest authorization on one page.

    With what it grants, to which device, since when; the code in numbered groups and as a QR; the words by
    which both ends can compare it; and where the log of the portal stands now. Keep one: should the database
    ever be copied back from a backup, the page shows what it has forgotten: `log verify` takes its hashes.
    """
    from cli.files import require_place, write
    from cli.portal.log_printed import log_end_of, log_pairs, log_record
    from reservation.service.reserving import reissue

    for name, switch in ((out, "--out"), (html, "--html")):
        if name:
            require_place(name, switch)
    issued = reissue(portal, reservation_of(session, portal, given))
    end = log_end_of(portal)
    page = slip_of(issued, log_pairs(end))
    files = []
    if out:
        write(out, f"{rendered(page)}\n".encode())
        files.append(out)
    if html:
        from cli.portal.slip_html import document

        write(html, document(page).encode())
        files.append(html)
    return Report(
        {**_record(issued), "checkpoint": log_record(end), "files": files},
        text="" if files else rendered(page, session.width),
        says=[f"Written: {name}" for name in files],
    )


def rendered(page: Slip, screen: int | None = None) -> str:
    """Return a page as plain text, without a newline at its end.

    Args:
        page: What stands on it.
        screen: Columns of the screen that it is shown on; None for paper and files.
    """
    from cli import plain
    from cli.sheet_text import WIDTH, qr_lines
    from codec.grouping import grouped

    rule = "-" * WIDTH
    lines = (
        plain.safe(page.title).upper(),
        "=" * WIDTH,
        "",
        plain.labelled(page.pairs, width=WIDTH),
        "",
        plain.table(HEAD, page.lines, right=("COUNT",)),
        "",
        plain.wrapped(INSTALL, WIDTH),
        plain.wrapped(COMPARE, WIDTH),
        "",
        "THE CODE, in numbered lines of groups",
        rule,
        grouped(page.code),
        "",
        *qr_lines(page.code, screen),
    )
    return "\n".join(lines)


def _record(issued: "Issued") -> dict[str, object]:
    from cli.fingerprints import fingerprints_record

    return {
        "code": issued.text,
        "reservation": issued.name,
        "udi": udi_record(issued.udi),
        "virtual_account": issued.virtual_account,
        "lines": [line_record(line) for line in issued.lines],
        "at": issued.at,
        "by": issued.by,
        "fingerprints": fingerprints_record(request=issued.reservation_id, authorization=issued.id),
    }
