"""Proving who the second person is, by their own passphrase."""

from typing import TYPE_CHECKING

from cli.command import option
from cli.passphrase import own_passphrase

if TYPE_CHECKING:
    from cli.session import Session
    from reservation.service.context import Portal

own_passphrase_option = option(
    "--own-passphrase-file",
    metavar="F",
    help="File whose first line is the acting user's own passphrase. [TALLYSTICK_OWN_PASSPHRASE_FILE; else a "
    "person is asked, if they have one]",
)


def proved(session: "Session", portal: "Portal", given: str | None) -> "Portal":
    """Return the portal on behalf of a user who gave their passphrase, or has none.

    Raises:
        PassphraseError: When it is wrong.
        UsageMistakeError: When it is needed, and nobody can be asked.
    """
    from reservation.service.people import authenticate, has_passphrase

    if not has_passphrase(portal):
        return portal
    return authenticate(portal, own_passphrase(session, given, f"Passphrase of {portal.actor}: "))
