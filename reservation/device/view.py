"""A state as it was read, with what follows from it: the floor of time, the hardware's match, the grant.

What is granted is read from the installed authorization, under its issuer's signature. A whole state file
whose codes do not hold is damaged, whatever its checksum says.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from codec.catalogue import Catalogue
from codec.errors import CatalogueError
from reservation.device.licences import Grant, grant_of
from reservation.device.nodelock import HardwareMatch, compare
from reservation.device.own_codes import installed_authorization, own_request
from reservation.device.state import State
from reservation.device.statefile import Stamp
from reservation.device.stateform import damaged


class View(NamedTuple):
    """A state and what follows from it.

    Attributes:
        stamp: Tells the file that it was read from, from its successor.
        state: As it was read.
        floor: The earliest time that it can be now.
        facts: What identifies the present hardware.
        match: The present hardware, compared with the state's node lock.
        grant: What the installed authorization grants; None without one.
    """

    stamp: Stamp | None
    state: State
    floor: datetime
    facts: Mapping[str, str]
    match: HardwareMatch
    grant: Grant | None


def view_of(state: State, facts: Mapping[str, str], stamp: Stamp | None) -> View:
    """Return a state with what follows from it.

    Raises:
        StateDamagedError: When a code in it does not hold.
    """
    return View(
        stamp=stamp,
        state=state,
        floor=state.floor,
        facts=facts,
        match=compare(state.lock, facts),
        grant=_grant_in(state),
    )


def _grant_in(state: State) -> Grant | None:
    live = state.live
    if live is None or live.installed is None:
        return None
    request = own_request(state, live)
    authorization = installed_authorization(state, live)
    kept = (state.request_id(live), live.installed.id, live.installed.sequence, state.device_key)
    if kept != (request.id, authorization.id, authorization.value.sequence, request.value.device_key):
        raise damaged("a code in it is not the one that it names")
    try:
        lines = Catalogue(state.catalogue).spell_lines(authorization.value.lines, request.value.catalogue)
    except CatalogueError as error:
        raise damaged("its catalogue is not the one of its request") from error
    return grant_of(lines, request.value.mode)
