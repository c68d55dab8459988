"""What can come of a code or a command at the portal."""

from dataclasses import replace

from tests.lifecycle.outcome import Outcome, cannot_be

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
RESERVED_ALIVE = Outcome(
    "licences are reserved, as a reservation of its own, and an alert says that the device lives",
    writes=("reserved", "sign-of-life"),
    then="issued",
    note="it lives",
    step="reserve another Q",
)
SAME_AUTHORIZATION = Outcome("the same authorization is shown again", again=True)
OTHER_LINES = Outcome("refused: it is reserved already; `update` changes the lines", 1, "other-lines")
OPEN = Outcome("refused: the device must return its open reservation first", 1, "open-reservation")
OPEN_OTHER_KEY = Outcome(
    "refused: an open reservation has the same UDI and another key; a person has to decide",
    1,
    "open-reservation",
    writes=("key-refused",),
    note="another device key",
)
CLOSED = Outcome("refused: a closed reservation never yields a code again", 1, "reservation-closed")
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
ALIVE = Outcome(
    "kept; nothing changes, and an alert says that the device lives",
    writes=("confirmed-late", "sign-of-life"),
    note="it lives",
)
FIRST_ANSWER = Outcome("the first answer again, with when and by whom", again=True)
FIRST_DOUBT = replace(FIRST_ANSWER, note="two persons free it")
MISSING = Outcome("refused: without that authorization it cannot be judged", 1, "missing-authorization")

CONFIRMED_MAC = Outcome(
    "the hold is what this authorization says; recorded with the grade `mac`",
    writes=("confirmed-mac",),
    then="active by mac",
    step="accept S of the newest",
)
CONFIRMED_BETWEEN_MAC = Outcome(
    "older authorizations are out of the hold; newer ones stay in doubt; recorded with the grade `mac`",
    writes=("confirmed-mac",),
    then="updating",
    step="accept S of one before",
)
CONFIRMED_SIGNED = Outcome(
    "the hold stays; its grade is `signed` now",
    writes=("confirmed-signed",),
    then="active",
    step="accept C of the same",
)
SHORT_WRONG = Outcome("refused: it does not fit; that is counted", 4, "short-wrong", writes=("short-wrong",))
SHORT_WRONG_LAST = Outcome(
    "refused: it does not fit; from now on no short confirmation is taken for it",
    4,
    "short-wrong",
    writes=("short-locked",),
    note="no short confirmation any more",
)
SHORT_LOCKED = Outcome(
    "refused: too many wrong ones came; the signed confirmation is taken", 1, "short-locked"
)
THE_SAME_SHORT = cannot_be("there is one short confirmation of an authorization: the one accepted before")

# --- returns ---------------------------------------------------------------------------------------

RETURNED = Outcome(
    "closed; everything that it held is free", writes=("returned",), then="returned", step="accept R"
)
KEPT_BELOW = Outcome(
    "closed; what it held stays in doubt: the device contradicts its own confirmation",
    writes=("returned",),
    then="returned kept",
    note="went back to an older state",
    step="accept R in doubt",
)
KEPT_MISMATCH = Outcome(
    "closed; what it held stays in doubt: the device stood on other hardware",
    writes=("returned",),
    then="returned kept",
    note="on other hardware",
    step="accept R in doubt",
)
RETURNED_AHEAD = Outcome(
    "closed; everything that it held is free. It says that the books were restored from an old copy",
    writes=("returned",),
    then="returned",
    note="restored from an old copy",
    step="accept R",
)
FOUND = Outcome(
    "closed; what stood as failed or written off is free",
    writes=("returned",),
    then="returned",
    step="accept R",
)
FOUND_IN_DOUBT = Outcome(
    "closed; what stood as failed or written off stays that until two persons release it",
    writes=("returned",),
    then="returned kept",
    note="two persons free it",
    step="accept R in doubt",
)
RETURNED_AGAIN = Outcome(
    "kept; nothing changes, since it is closed. An alert says that two copies of the device's state went on",
    writes=("returned-again", "forked"),
    note="Two copies",
)
RETURNED_AGAIN_AHEAD = Outcome(
    "kept; nothing changes. It says that the books were restored from an old copy, and an alert that two "
    "copies of the device's state went on",
    writes=("returned-again", "forked"),
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

# --- commands ---------------------------------------------------------------------------------------

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
GIVEN_UP = Outcome(
    "closed; all that it held stands as failed",
    writes=("rehost-proposed", "rehosted"),
    then="failed",
    step="give up",
)
REJECTED = Outcome("nothing but the two notes", writes=("rehost-proposed", "rejected"))
WRITTEN_OFF = Outcome(
    "all that stood as failed is written off",
    writes=("write-off-proposed", "written-off"),
    then="written off",
    step="write off",
)
RELEASED = Outcome(
    "what stayed in doubt is free", writes=("release-proposed", "released"), then="returned", step="release"
)
NOTHING_TO_MOVE = Outcome("refused: it holds nothing that could go to another device", 1, "wrong-state")
GIVEN_UP_BEFORE = Outcome("refused: it is given up already", 1, "wrong-state")
NOT_FAILED = Outcome("refused: nothing of it stands as failed", 1, "wrong-state")
NOT_KEPT = Outcome("refused: no return left its hold in doubt", 1, "wrong-state")
NOTHING_WAITS = Outcome("refused: nothing waits for a second person", 1, "nothing-pending")
APPROVED_BEFORE = Outcome("the first answer again", again=True)
UNKNOWN_NAME = Outcome("refused: there is no such reservation", 1, "unknown-name")
