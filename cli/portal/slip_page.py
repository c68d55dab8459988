"""What stands on a slip, however it is laid out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.values import flag_words, moment, tag_words, term_words

if TYPE_CHECKING:
    from reservation.service.issuing import Issued

INSTALL = (
    "On the device: tallystick device install. Scan the QR, or type the groups. Then carry the confirmation "
    "back."
)
COMPARE = "The device shows the same words when it has read the code. Compare them before it is installed."
HEAD = ("ENTITLEMENT", "COUNT", "TERM (UTC)", "REMARKS")


@dataclass(frozen=True, slots=True)
class Slip:
    """What stands on a page, however it is laid out.

    Attributes:
        title: What it is.
        pairs: Labels and values.
        lines: Cells of what it grants, under `HEAD`.
        code: The authorization.
    """

    title: str
    pairs: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str, str, str], ...]
    code: str


def slip_of(issued: "Issued", log: tuple[tuple[str, str], ...] = ()) -> Slip:
    """Lay out an authorization.

    Args:
        issued: The authorization.
        log: Labels and values that say where the log of the portal stands (see `cli.portal.log_printed`).
    """
    from cli.fingerprints import fingerprint_row
    from codec.codes import Kind

    udi = issued.udi
    return Slip(
        f"Authorization {issued.sequence} for {udi}",
        (
            ("Product id", udi.product_id),
            ("Serial number", udi.serial_number),
            *((("UUID", str(udi.uuid)),) if udi.uuid else ()),
            ("Reservation", issued.name),
            ("Virtual Account", issued.virtual_account),
            ("Issued", f"{moment(issued.at)} by {issued.by}"),
            fingerprint_row(Kind.REQUEST, issued.reservation_id),
            fingerprint_row(Kind.AUTHORIZATION, issued.id),
            *log,
        ),
        tuple(
            (tag_words(line.tag), f"{line.count:,}", term_words(line.term), flag_words(line))
            for line in issued.lines
        ),
        issued.text,
    )
