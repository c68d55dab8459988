"""Which reservation a person means: by its name, or by any of its codes."""

from typing import TYPE_CHECKING

from cli.code_input import CodeInput

if TYPE_CHECKING:
    from cli.session import Session
    from reservation.service.context import Portal

_LONGEST_NAME = 52


def reservation_of(session: "Session", portal: "Portal", given: CodeInput) -> bytes:
    """Return the id of the reservation that a person names.

    Raises:
        UnknownNameError: When none, or more than one, has that name.
        RepairRefusedError: When a code needs a repair that nobody accepted.
    """
    from reservation.service.codes import find_reservation

    raw = given.read(session, "the name of a reservation, or one of its codes")
    if len("".join(raw.split())) > _LONGEST_NAME:
        given.inspected(session, raw)
    return find_reservation(portal, raw)
