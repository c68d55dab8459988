"""A portal whose database was copied back: what it has forgotten, and what can be given to it then."""

from tests.lifecycle.outcome import Outcome, Table, cannot_be, told
from tests.lifecycle.portal_outcomes import (
    NOTHING_TO_ACCEPT,
    RESERVED,
    RESERVED_ALREADY,
    SAME_AUTHORIZATION,
    UNKNOWN_NAME,
    UPDATED,
)

STATES = {
    "request forgotten": "in quarantine; request, authorization 1 and its confirmation are forgotten",
    "update forgotten": "in quarantine; *active*, and authorization 3 and its confirmation are forgotten",
    "request forgotten, ended": "the same, and two persons have ended the quarantine",
    "update forgotten, ended": "the same, and two persons have ended the quarantine",
}
CODES = {
    "Q": "the request, to `accept`",
    "A": "the forgotten authorization",
    "A after Q": "it, after its request",
    "Q after A and C": "the request, after its authorization and the confirmation",
    "A after C": "the forgotten authorization, after its confirmation",
    "C": "the confirmation of the forgotten authorization",
    "R": "the device's return, which names the forgotten authorization as the last",
    "A known": "an authorization that the books have",
    "reserve": "the request, to `reserve`",
    "update": "changing the lines",
    "reissue": "showing the newest authorization again",
    "end": "proposing to end the quarantine, and a second person's approval",
}

KEPT = Outcome("kept until the code that it needs has come", writes=("code-kept",))
REBUILT = Outcome(
    "the reservation is in the books again, and holds its licences", writes=("code-kept", "rebuilt")
)
REBUILT_ISSUED = Outcome(
    "the reservation is in the books again, and holds its licences",
    writes=("code-kept", "rebuilt"),
    then="issued",
    step="accept Q and A",
)
REBUILT_UPDATING = Outcome(
    "the update is in the books again; the greater count is held",
    writes=("code-kept", "rebuilt"),
    then="updating",
    step="accept A",
)
REBUILT_ACTIVE = Outcome(
    "what was kept is judged: the reservation is in the books again, and confirmed",
    writes=("code-kept", "rebuilt", "confirmed"),
    then="active",
    step="accept Q, A and C",
)
REBUILT_CONFIRMED = Outcome(
    "what was kept is judged: the update is in the books again, and confirmed",
    writes=("code-kept", "rebuilt", "confirmed"),
    then="active",
    step="accept A and C",
)
NOTHING_NEW = Outcome("nothing: the books have it")
KEPT_RETURN = Outcome(
    "kept unverified; should the request come, nothing of it is rebuilt",
    writes=("return-kept",),
    then="early return known",
    step="keep R",
)
RETURNED_AHEAD = Outcome(
    "closed; it says that the books were restored from an old copy",
    writes=("returned",),
    then="returned",
    step="accept R",
)
QUARANTINED = Outcome("refused: nothing is issued in quarantine", 1, "quarantined")
ENDED = Outcome(
    "ended; what is issued from now on is of the new epoch",
    writes=("quarantine-end-proposed", "quarantine-ended"),
)
NOT_IN_QUARANTINE = Outcome("refused: it is ended already", 1, "wrong-state")
NO_SUCH = cannot_be("the request is not forgotten")
NONE_KNOWN = cannot_be("the books have none")

ROWS = (
    *told(
        "Q",
        request_forgotten=KEPT,
        update_forgotten=NOTHING_NEW,
        **{"request forgotten, ended": NOTHING_TO_ACCEPT, "update forgotten, ended": RESERVED_ALREADY},
    ),
    *told(
        "A",
        request_forgotten=KEPT,
        update_forgotten=REBUILT_UPDATING,
        **{"request forgotten, ended": KEPT, "update forgotten, ended": REBUILT_UPDATING},
    ),
    *told(
        "A after Q",
        request_forgotten=REBUILT_ISSUED,
        update_forgotten=NO_SUCH,
        **{"request forgotten, ended": KEPT, "update forgotten, ended": NO_SUCH},
    ),
    *told(
        "Q after A and C",
        request_forgotten=REBUILT_ACTIVE,
        update_forgotten=NO_SUCH,
        **{"request forgotten, ended": REBUILT_ACTIVE, "update forgotten, ended": NO_SUCH},
    ),
    *told(
        "A after C",
        request_forgotten=KEPT,
        update_forgotten=REBUILT_CONFIRMED,
        **{"request forgotten, ended": KEPT, "update forgotten, ended": REBUILT_CONFIRMED},
    ),
    *told(
        "C",
        request_forgotten=KEPT,
        update_forgotten=KEPT,
        **{"request forgotten, ended": KEPT, "update forgotten, ended": KEPT},
    ),
    *told(
        "R",
        request_forgotten=KEPT_RETURN,
        update_forgotten=RETURNED_AHEAD,
        **{"request forgotten, ended": KEPT_RETURN, "update forgotten, ended": RETURNED_AHEAD},
    ),
    *told(
        "A known",
        request_forgotten=NONE_KNOWN,
        update_forgotten=NOTHING_NEW,
        **{"request forgotten, ended": NONE_KNOWN, "update forgotten, ended": NOTHING_NEW},
    ),
    *told(
        "reserve",
        request_forgotten=QUARANTINED,
        update_forgotten=QUARANTINED,
        **{"request forgotten, ended": RESERVED, "update forgotten, ended": SAME_AUTHORIZATION},
    ),
    *told(
        "update",
        request_forgotten=UNKNOWN_NAME,
        update_forgotten=QUARANTINED,
        **{
            "request forgotten, ended": UNKNOWN_NAME,
            "update forgotten, ended": Outcome(
                UPDATED.says, writes=("updated",), then="updating", step="update"
            ),
        },
    ),
    *told(
        "reissue",
        request_forgotten=UNKNOWN_NAME,
        update_forgotten=QUARANTINED,
        **{"request forgotten, ended": UNKNOWN_NAME, "update forgotten, ended": SAME_AUTHORIZATION},
    ),
    *told(
        "end",
        request_forgotten=ENDED,
        update_forgotten=ENDED,
        **{"request forgotten, ended": NOT_IN_QUARANTINE, "update forgotten, ended": NOT_IN_QUARANTINE},
    ),
)

RESTORED = Table(STATES, CODES, ROWS)
