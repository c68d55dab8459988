"""The short confirmation at the portal: what it is in each row, and what comes of it in every state."""

from collections.abc import Iterator

from tests.lifecycle.outcome import Outcome, Row, told
from tests.lifecycle.portal_outcomes import (
    ALIVE,
    ALL_CONFIRMED,
    CONFIRMED_BETWEEN_MAC,
    CONFIRMED_MAC,
    FIRST_ANSWER,
    LATE,
    LATE_COPIED,
    MISSING,
    NONE_CONFIRMED,
    NOT_ACCEPTED,
    NOT_ISSUED,
    SHORT_LOCKED,
    SHORT_WRONG,
    SHORT_WRONG_LAST,
    THE_SAME_SHORT,
    UNKNOWN_REQUEST,
)

SHORT_CODES = {
    "S of the newest": "of the newest authorization, which is not confirmed yet",
    "S of one between": "of an authorization that is newer than what is confirmed, and not the newest",
    "S late": "of an authorization older than the confirmed one, for the first time",
    "S of the confirmed": "of the confirmed authorization, after its signed confirmation",
    "S repeated": "the very code that was accepted before",
    "S of an unknown sequence": "of an authorization that the books do not hold",
    "S wrong": "names the request rightly, and its MAC does not fit",
    "S wrong, the fifth": "the same, after four other wrong ones",
    "S after five wrong ones": "of the newest authorization, after five wrong ones",
}


_KNOWN = (
    "issued",
    "active",
    "active_by_mac",
    "updating",
    "returned",
    "returned_kept",
    "failed",
    "written_off",
)


def _told(code: str, unknown: Outcome, **by_state: Outcome) -> Iterator[Row]:
    """Yield the rows of one code; without its request nothing differs."""
    return told(code, request_unknown=unknown, early_return_known=unknown, **by_state)


def _known(code: str, outcome: Outcome, **others: Outcome) -> Iterator[Row]:
    """Yield the rows of a code whose outcome is the same wherever its request is known, but for some."""
    return _told(code, UNKNOWN_REQUEST, **{**dict.fromkeys(_KNOWN, outcome), **others})


SHORT_ROWS = (
    *_told(
        "S of the newest",
        NOT_ISSUED,
        issued=CONFIRMED_MAC,
        active=ALL_CONFIRMED,
        active_by_mac=ALL_CONFIRMED,
        updating=CONFIRMED_MAC,
        returned=LATE_COPIED,
        returned_kept=LATE_COPIED,
        failed=ALIVE,
        written_off=ALIVE,
    ),
    *_told(
        "S of one between",
        NOT_ISSUED,
        issued=CONFIRMED_BETWEEN_MAC,
        active=ALL_CONFIRMED,
        active_by_mac=ALL_CONFIRMED,
        updating=CONFIRMED_BETWEEN_MAC,
        returned=LATE_COPIED,
        returned_kept=LATE_COPIED,
        failed=ALIVE,
        written_off=ALIVE,
    ),
    *_told(
        "S late",
        NONE_CONFIRMED,
        issued=NONE_CONFIRMED,
        active=LATE,
        active_by_mac=LATE,
        updating=LATE,
        returned=LATE,
        returned_kept=LATE,
        failed=ALIVE,
        written_off=ALIVE,
    ),
    *_told(
        "S of the confirmed",
        NONE_CONFIRMED,
        issued=NONE_CONFIRMED,
        active=LATE,
        active_by_mac=THE_SAME_SHORT,
        updating=LATE,
        returned=LATE,
        returned_kept=LATE,
        failed=ALIVE,
        written_off=ALIVE,
    ),
    *_told(
        "S repeated",
        NOT_ACCEPTED,
        issued=NOT_ACCEPTED,
        active=NOT_ACCEPTED,
        active_by_mac=FIRST_ANSWER,
        updating=NOT_ACCEPTED,
        returned=NOT_ACCEPTED,
        returned_kept=NOT_ACCEPTED,
        failed=NOT_ACCEPTED,
        written_off=NOT_ACCEPTED,
    ),
    *_known("S of an unknown sequence", MISSING),
    *_known("S wrong", SHORT_WRONG),
    *_known("S wrong, the fifth", SHORT_WRONG_LAST),
    *_known("S after five wrong ones", SHORT_LOCKED, active_by_mac=FIRST_ANSWER),
)
