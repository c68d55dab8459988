"""The portal: every state of a reservation, and every code that can come and every command that makes one."""

from tests.lifecycle.outcome import Outcome, Table, alike, cannot_be, told

STATES = {
    "request unknown": "this portal never saw the request",
    "early return known": "it never saw the request, and keeps a return of it",
    "issued": "authorizations were issued (in these tests 1 and 2), and none is confirmed",
    "active": "the newest authorization (2) is confirmed",
    "updating": "2 is confirmed, and 3 and 4 were issued since",
    "returned": "closed by a return that names 2, after 3 and 4 were issued; the licences are free",
    "returned kept": "closed by a return, and what it held stays in doubt until a person releases it",
}

CODES = {
    "Q same": "the request, for the lines of its newest authorization (to `reserve`)",
    "Q same, other lines": "the request, for other lines (to `reserve`)",
    "Q another": "another request of the same device (to `reserve`)",
    "Q of another key": "a request by another key under the same UDI (to `reserve`)",
    "Q to accept": "the request, given to `accept`",
    "C of the newest": "of the newest authorization, which is not confirmed yet",
    "C of one between": "of an authorization that is newer than what is confirmed, and not the newest",
    "C late": "of an authorization older than the confirmed one, for the first time",
    "C of the confirmed": "of the confirmed authorization, and not the code that came before",
    "C repeated": "the very code that was accepted before",
    "C of an unknown sequence": "of an authorization that the books do not hold",
    "C forged": "names the request rightly, and is signed by another key",
    "R never installed": "says that nothing was ever installed",
    "R of the newest": "says that the newest authorization was installed last",
    "R of an older one": "says that an older one was installed last, and not below the confirmed one",
    "R below confirmed": "says that an authorization older than the confirmed one was installed last",
    "R mismatch": "says that the hardware has changed",
    "R ahead of the books": "says that an authorization was installed which the books do not know",
    "R repeated": "the very code that was accepted, or kept, before",
    "R forged": "names the request rightly, and is signed by another key",
    "A or T": "a code that portals make",
    "not a code": "text that is no code, or one damaged beyond repair",
    "newer version": "of a later version of the format",
}

# --- requests --------------------------------------------------------------------------------------

RESERVED = Outcome("licences are reserved", writes=("reserved",), then="issued", step="reserve Q")
RESERVED_ANEW = Outcome(
    "licences are reserved, as a reservation of its own",
    writes=("reserved",),
    then="issued",
    step="reserve another Q",
)
RESERVED_NEW_KEY = Outcome(
    "licences are reserved, as a reservation of its own, and the change of keys is noted",
    writes=("reserved", "key-changed"),
    then="issued",
    step="reserve another Q",
)
SAME_AUTHORIZATION = Outcome("the same authorization is shown again", again=True)
OTHER_LINES = Outcome("refused: it is reserved already; `update` changes the lines", 1, "other-lines")
OPEN = Outcome("refused: the device must return its open reservation first", 1, "open-reservation")
OPEN_OTHER_KEY = Outcome(
    "refused: an open reservation has the same UDI and another key; a person has to decide",
    1,
    "open-reservation",
    note="another device key",
)
CLOSED = Outcome("refused: a returned reservation never yields a code again", 1, "reservation-closed")
CANCELLED = Outcome(
    "refused as cancelled: its return came first",
    1,
    "reservation-closed",
    note="has already returned",
)
NOTHING_TO_ACCEPT = Outcome("refused: `reserve` takes requests", 1, "request-not-reserved")
RESERVED_ALREADY = Outcome("refused: it is reserved; `reissue` shows its code", 1, "request-not-reserved")

# --- confirmations ---------------------------------------------------------------------------------

CONFIRMED = Outcome(
    "the hold is what this authorization says",
    writes=("confirmed",),
    then="active",
    step="accept C of the newest",
)
CONFIRMED_BETWEEN = Outcome(
    "older authorizations are out of the hold; newer ones stay in doubt",
    writes=("confirmed",),
    then="updating",
    step="accept C of one before",
)
LATE = Outcome("kept; nothing changes, since newer is known", writes=("confirmed-late",))
LATE_COPIED = Outcome(
    "kept; nothing changes. It says that the device's state was copied or restored",
    writes=("confirmed-late",),
    note="copied or restored",
)
FIRST_ANSWER = Outcome("the first answer again, with when and by whom", again=True)
MISSING = Outcome("refused: without that authorization it cannot be judged", 1, "missing-authorization")

# --- returns ---------------------------------------------------------------------------------------

RETURNED = Outcome(
    "closed; everything that it held is free", writes=("returned",), then="returned", step="accept R"
)
KEPT_BELOW = Outcome(
    "closed; what it held stays in doubt: the device contradicts its own confirmation",
    writes=("returned",),
    then="returned kept",
    step="accept R in doubt",
)
KEPT_MISMATCH = Outcome(
    "closed; what it held stays in doubt: the device stood on other hardware",
    writes=("returned",),
    then="returned kept",
    step="accept R in doubt",
)
RETURNED_AHEAD = Outcome(
    "closed; everything that it held is free. It says that the books were restored from an old copy",
    writes=("returned",),
    then="returned",
    note="restored from an old copy",
    step="accept R",
)
RETURNED_AGAIN = Outcome("kept; nothing changes, since it is closed", writes=("returned-again",))
RETURNED_AGAIN_AHEAD = Outcome(
    "kept; nothing changes. It says that the books were restored from an old copy",
    writes=("returned-again",),
    note="restored from an old copy",
)
KEPT_EARLY = Outcome(
    "kept unverified; should the request come, it is refused as cancelled",
    writes=("return-kept",),
    then="early return known",
    step="keep R",
)
KEPT_EARLY_TOO = Outcome("kept unverified, beside the other one", writes=("return-kept",))
KEPT_BEFORE = Outcome("kept before; says since when")

# --- refused and cannot be -------------------------------------------------------------------------

UNKNOWN_REQUEST = Outcome("refused: this portal never saw its request", 4, "unknown-request")
NOT_GENUINE = Outcome("refused: the signature does not hold", 4, "not-genuine")
WRONG_KIND = Outcome("refused: it is for the device", 4, "wrong-kind")
MALFORMED = Outcome("refused: it cannot be read, nor repaired", 3, "malformed")
NEWER_VERSION = Outcome("refused: made by a newer version of the program", 3, "newer-version")
NOTHING_RESERVED = cannot_be("nothing is reserved that its lines could differ from")
NO_FIRST = cannot_be("there is no first one that this would be another to")
NOT_ISSUED = cannot_be("nothing was issued that it could confirm")
NONE_CONFIRMED = cannot_be("nothing is confirmed")
ALL_CONFIRMED = cannot_be("everything that was issued is confirmed, or older")
NOT_ACCEPTED = cannot_be("no such code was accepted before")

CODE_ROWS = (
    *told(
        "Q same",
        request_unknown=RESERVED,
        early_return_known=CANCELLED,
        issued=SAME_AUTHORIZATION,
        active=SAME_AUTHORIZATION,
        updating=SAME_AUTHORIZATION,
        returned=CLOSED,
        returned_kept=CLOSED,
    ),
    *told(
        "Q same, other lines",
        request_unknown=NOTHING_RESERVED,
        early_return_known=NOTHING_RESERVED,
        issued=OTHER_LINES,
        active=OTHER_LINES,
        updating=OTHER_LINES,
        returned=CLOSED,
        returned_kept=CLOSED,
    ),
    *told(
        "Q another",
        request_unknown=NO_FIRST,
        early_return_known=RESERVED_ANEW,
        issued=OPEN,
        active=OPEN,
        updating=OPEN,
        returned=RESERVED_ANEW,
        returned_kept=RESERVED_ANEW,
    ),
    *told(
        "Q of another key",
        request_unknown=NO_FIRST,
        early_return_known=RESERVED_ANEW,
        issued=OPEN_OTHER_KEY,
        active=OPEN_OTHER_KEY,
        updating=OPEN_OTHER_KEY,
        returned=RESERVED_NEW_KEY,
        returned_kept=RESERVED_NEW_KEY,
    ),
    *told(
        "Q to accept",
        request_unknown=NOTHING_TO_ACCEPT,
        early_return_known=CANCELLED,
        issued=RESERVED_ALREADY,
        active=RESERVED_ALREADY,
        updating=RESERVED_ALREADY,
        returned=CLOSED,
        returned_kept=CLOSED,
    ),
    *told(
        "C of the newest",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=CONFIRMED,
        active=ALL_CONFIRMED,
        updating=CONFIRMED,
        returned=LATE_COPIED,
        returned_kept=LATE_COPIED,
    ),
    *told(
        "C of one between",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=CONFIRMED_BETWEEN,
        active=ALL_CONFIRMED,
        updating=CONFIRMED_BETWEEN,
        returned=LATE_COPIED,
        returned_kept=LATE_COPIED,
    ),
    *told(
        "C late",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=NONE_CONFIRMED,
        active=LATE,
        updating=LATE,
        returned=LATE,
        returned_kept=LATE,
    ),
    *told(
        "C of the confirmed",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=NONE_CONFIRMED,
        active=LATE,
        updating=LATE,
        returned=LATE,
        returned_kept=LATE,
    ),
    *told(
        "C repeated",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=NONE_CONFIRMED,
        active=FIRST_ANSWER,
        updating=FIRST_ANSWER,
        returned=FIRST_ANSWER,
        returned_kept=FIRST_ANSWER,
    ),
    *told(
        "C of an unknown sequence",
        request_unknown=UNKNOWN_REQUEST,
        early_return_known=UNKNOWN_REQUEST,
        issued=MISSING,
        active=MISSING,
        updating=MISSING,
        returned=MISSING,
        returned_kept=MISSING,
    ),
    *told(
        "C forged",
        request_unknown=UNKNOWN_REQUEST,
        early_return_known=UNKNOWN_REQUEST,
        issued=NOT_GENUINE,
        active=NOT_GENUINE,
        updating=NOT_GENUINE,
        returned=NOT_GENUINE,
        returned_kept=NOT_GENUINE,
    ),
    *told(
        "R never installed",
        request_unknown=KEPT_EARLY,
        early_return_known=KEPT_EARLY_TOO,
        issued=RETURNED,
        active=KEPT_BELOW,
        updating=KEPT_BELOW,
        returned=RETURNED_AGAIN,
        returned_kept=RETURNED_AGAIN,
    ),
    *told(
        "R of the newest",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=RETURNED,
        active=RETURNED,
        updating=RETURNED,
        returned=RETURNED_AGAIN,
        returned_kept=RETURNED_AGAIN,
    ),
    *told(
        "R of an older one",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=RETURNED,
        active=ALL_CONFIRMED,
        updating=RETURNED,
        returned=RETURNED_AGAIN,
        returned_kept=RETURNED_AGAIN,
    ),
    *told(
        "R below confirmed",
        request_unknown=NOT_ISSUED,
        early_return_known=NOT_ISSUED,
        issued=NONE_CONFIRMED,
        active=KEPT_BELOW,
        updating=KEPT_BELOW,
        returned=RETURNED_AGAIN,
        returned_kept=RETURNED_AGAIN,
    ),
    *told(
        "R mismatch",
        request_unknown=KEPT_EARLY,
        early_return_known=KEPT_EARLY_TOO,
        issued=KEPT_MISMATCH,
        active=KEPT_MISMATCH,
        updating=KEPT_MISMATCH,
        returned=RETURNED_AGAIN,
        returned_kept=RETURNED_AGAIN,
    ),
    *told(
        "R ahead of the books",
        request_unknown=KEPT_EARLY,
        early_return_known=KEPT_EARLY_TOO,
        issued=RETURNED_AHEAD,
        active=RETURNED_AHEAD,
        updating=RETURNED_AHEAD,
        returned=RETURNED_AGAIN_AHEAD,
        returned_kept=RETURNED_AGAIN_AHEAD,
    ),
    *told(
        "R repeated",
        request_unknown=NOT_ACCEPTED,
        early_return_known=KEPT_BEFORE,
        issued=NOT_ACCEPTED,
        active=NOT_ACCEPTED,
        updating=NOT_ACCEPTED,
        returned=FIRST_ANSWER,
        returned_kept=FIRST_ANSWER,
    ),
    *told(
        "R forged",
        request_unknown=KEPT_EARLY,
        early_return_known=KEPT_EARLY_TOO,
        issued=NOT_GENUINE,
        active=NOT_GENUINE,
        updating=NOT_GENUINE,
        returned=NOT_GENUINE,
        returned_kept=NOT_GENUINE,
    ),
    *alike("A or T", STATES, WRONG_KIND),
    *alike("not a code", STATES, MALFORMED),
    *alike("newer version", STATES, NEWER_VERSION),
)

# --- commands --------------------------------------------------------------------------------------

COMMANDS = {
    "update": "`portal update` with another count",
    "update to the same": "`portal update` with the counts of the newest authorization",
    "update to nothing": "`portal update` that would leave no line",
    "reissue": "`portal reissue`",
}

UPDATED = Outcome(
    "a new authorization is issued; the greater count of both stays held until it is confirmed",
    writes=("updated",),
    step="update",
)
UPDATED_ACTIVE = Outcome(
    "a new authorization is issued; the greater count of both stays held until it is confirmed",
    writes=("updated",),
    then="updating",
    step="update",
)
LEFT_NOTHING = Outcome("refused: a return by the device gives everything back", 1, "nothing-wanted")
UNKNOWN_NAME = Outcome("refused: there is no such reservation", 1, "unknown-name")

COMMAND_ROWS = (
    *told(
        "update",
        request_unknown=UNKNOWN_NAME,
        early_return_known=UNKNOWN_NAME,
        issued=UPDATED,
        active=UPDATED_ACTIVE,
        updating=UPDATED,
        returned=CLOSED,
        returned_kept=CLOSED,
    ),
    *told(
        "update to the same",
        request_unknown=UNKNOWN_NAME,
        early_return_known=UNKNOWN_NAME,
        issued=SAME_AUTHORIZATION,
        active=SAME_AUTHORIZATION,
        updating=SAME_AUTHORIZATION,
        returned=CLOSED,
        returned_kept=CLOSED,
    ),
    *told(
        "update to nothing",
        request_unknown=UNKNOWN_NAME,
        early_return_known=UNKNOWN_NAME,
        issued=LEFT_NOTHING,
        active=LEFT_NOTHING,
        updating=LEFT_NOTHING,
        returned=CLOSED,
        returned_kept=CLOSED,
    ),
    *told(
        "reissue",
        request_unknown=UNKNOWN_NAME,
        early_return_known=UNKNOWN_NAME,
        issued=SAME_AUTHORIZATION,
        active=SAME_AUTHORIZATION,
        updating=SAME_AUTHORIZATION,
        returned=CLOSED,
        returned_kept=CLOSED,
    ),
)

PORTAL = Table(STATES, CODES, CODE_ROWS)
PORTAL_COMMANDS = Table(STATES, COMMANDS, COMMAND_ROWS)
