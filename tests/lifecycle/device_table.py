"""The device: every state, and every code that can be given to it and every command that makes one."""

from tests.lifecycle.outcome import Outcome, Table, alike, cannot_be, told

STATES = {
    "unregistered": "initialised, and nothing was ever requested",
    "requested": "a request is pending; nothing was installed for it",
    "reserved": "an authorization is installed (here number 2); an earlier request was cancelled",
    "returned": "the reservation was given back; its tombstone stays for ever",
    "cancelled": "returned too, by a cancel: nothing was ever installed for the request",
    "requested again": "a new request is pending, after an earlier reservation was given back",
}

CODES = {
    "A newer": "for the live request, and newer than what is installed; the first one, when nothing is",
    "A skipping numbers": "newer, and not all numbers in between have arrived",
    "A of a later epoch": "newer, with a lower number: the portal was restored from a copy",
    "A out of its term": "newer, with lines whose term is over or has not begun",
    "A installed": "the very one that is installed",
    "A conflicting": "with the sequence of the installed one, and other content",
    "A older": "for the live request, older than what is installed",
    "A of a returned request": "for a request that was given back or cancelled, whatever its sequence",
    "A for another device": "genuine, for a request of another device",
    "A by an unknown issuer": "for the live request, by an issuer that the root has not certified",
    "A by a revoked issuer": "newer, by an issuer that the device knows to be revoked",
    "A installed, issuer revoked since": "the one that is installed, by an issuer that was revoked meanwhile",
    "A of another portal": "newer, by another portal that the same root has named in a newer trust code",
    "A on other hardware": "newer, while too few hardware components are those of the request",
    "A forged": "names the issuer and the newest request rightly, and is signed by somebody else",
    "Q, C, R or S": "a code that devices make: of another device, or its own",
    "T newer": "by the pinned root, with a higher serial",
    "T present": "the very one that is in force",
    "T older": "with a lower serial",
    "T conflicting": "with the serial of the one in force, and other content",
    "T of another root": "signed by a root that nobody named",
    "T of the next root": "signed by the root that the present trust code names as the next one",
    "not a code": "text that is no code, or one damaged beyond repair",
    "newer version": "of a later version of the format",
}

# --- done ------------------------------------------------------------------------------------------

INSTALLED = Outcome(
    "installed; its confirmation is shown",
    writes=("confirmation",),
    then="reserved",
    step="install A",
)
UPDATED = Outcome(
    "installed in place of everything before; its confirmation is shown",
    writes=("confirmation",),
    step="install a newer A",
)
INSTALLED_OUT_OF_TERM = Outcome(
    "installed, and says which lines license nothing today; its confirmation is shown",
    writes=("confirmation",),
    then="reserved",
    note="it licenses nothing",
    step="install A",
)
UPDATED_OUT_OF_TERM = Outcome(
    "installed in place of everything before, and says which lines license nothing today",
    writes=("confirmation",),
    note="it licenses nothing",
    step="install a newer A",
)
SAME_CONFIRMATION = Outcome("the same confirmation is shown again", again=True)
TRUSTED = Outcome("in force: the issuers that it names are believed from now on", writes=("trust",))
NEXT_ROOT = Outcome("in force, and its root is the pinned one from now on", writes=("trust",))
TRUSTED_BEFORE = Outcome("in force already", again=True)

# --- refused ---------------------------------------------------------------------------------------

CONFLICT = Outcome("refused: one portal never issues two such authorizations", 1, "sequence-conflict")
OLDER = Outcome("refused: an update has replaced it", 1, "older-sequence")
TOMBSTONE = Outcome("refused for ever: its request was given back", 1, "already-returned")
OTHER_DEVICE = Outcome("refused: made for another device", 4, "other-device")
UNKNOWN_ISSUER = Outcome("refused: the device does not believe this issuer", 4, "unknown-issuer")
REVOKED = Outcome("refused, whatever its date: the issuer was revoked", 4, "revoked-issuer")
OTHER_PORTAL = Outcome("refused: not by the portal of the first installation", 4, "other-portal")
OTHER_HARDWARE = Outcome("refused: the components that changed are named", 1, "hardware-changed")
NOT_GENUINE = Outcome("refused: the signature does not hold", 4, "not-genuine")
WRONG_KIND = Outcome("refused: it is for the portal", 4, "wrong-kind")
OLDER_TRUST = Outcome("refused: a newer one is in force", 1, "older-trust")
TRUST_CONFLICT = Outcome("refused: one serial is never used twice", 1, "older-trust")
MALFORMED = Outcome("refused: it cannot be read, nor repaired", 3, "malformed")
NEWER_VERSION = Outcome("refused: made by a newer version of the program", 3, "newer-version")

# --- cannot be -------------------------------------------------------------------------------------

NO_REQUEST = cannot_be("nothing was ever requested that it could answer")
NOT_LIVE = cannot_be("no request is live: it would be one of a returned request")
NOT_INSTALLED = cannot_be("nothing is installed")
NOT_RETURNED = cannot_be("nothing was given back yet")

CODE_ROWS = (
    *told(
        "A newer",
        unregistered=NO_REQUEST,
        requested=INSTALLED,
        reserved=UPDATED,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=INSTALLED,
    ),
    *told(
        "A skipping numbers",
        unregistered=NO_REQUEST,
        requested=INSTALLED,
        reserved=UPDATED,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=INSTALLED,
    ),
    *told(
        "A of a later epoch",
        unregistered=NO_REQUEST,
        requested=INSTALLED,
        reserved=UPDATED,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=INSTALLED,
    ),
    *told(
        "A out of its term",
        unregistered=NO_REQUEST,
        requested=INSTALLED_OUT_OF_TERM,
        reserved=UPDATED_OUT_OF_TERM,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=INSTALLED_OUT_OF_TERM,
    ),
    *told(
        "A installed",
        unregistered=NO_REQUEST,
        requested=NOT_INSTALLED,
        reserved=SAME_CONFIRMATION,
        returned=NOT_INSTALLED,
        cancelled=NOT_INSTALLED,
        requested_again=NOT_INSTALLED,
    ),
    *told(
        "A conflicting",
        unregistered=NO_REQUEST,
        requested=NOT_INSTALLED,
        reserved=CONFLICT,
        returned=NOT_INSTALLED,
        cancelled=NOT_INSTALLED,
        requested_again=NOT_INSTALLED,
    ),
    *told(
        "A older",
        unregistered=NO_REQUEST,
        requested=NOT_INSTALLED,
        reserved=OLDER,
        returned=NOT_INSTALLED,
        cancelled=NOT_INSTALLED,
        requested_again=NOT_INSTALLED,
    ),
    *told(
        "A of a returned request",
        unregistered=NOT_RETURNED,
        requested=NOT_RETURNED,
        reserved=TOMBSTONE,
        returned=TOMBSTONE,
        cancelled=TOMBSTONE,
        requested_again=TOMBSTONE,
    ),
    *alike("A for another device", STATES, OTHER_DEVICE),
    *told(
        "A by an unknown issuer",
        unregistered=NO_REQUEST,
        requested=UNKNOWN_ISSUER,
        reserved=UNKNOWN_ISSUER,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=UNKNOWN_ISSUER,
    ),
    *told(
        "A by a revoked issuer",
        unregistered=NO_REQUEST,
        requested=REVOKED,
        reserved=REVOKED,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=REVOKED,
    ),
    *told(
        "A installed, issuer revoked since",
        unregistered=NO_REQUEST,
        requested=NOT_INSTALLED,
        reserved=SAME_CONFIRMATION,
        returned=NOT_INSTALLED,
        cancelled=NOT_INSTALLED,
        requested_again=NOT_INSTALLED,
    ),
    *told(
        "A of another portal",
        unregistered=NO_REQUEST,
        requested=INSTALLED,
        reserved=OTHER_PORTAL,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=OTHER_PORTAL,
    ),
    *told(
        "A on other hardware",
        unregistered=NO_REQUEST,
        requested=OTHER_HARDWARE,
        reserved=OTHER_HARDWARE,
        returned=NOT_LIVE,
        cancelled=NOT_LIVE,
        requested_again=OTHER_HARDWARE,
    ),
    *told(
        "A forged",
        unregistered=NO_REQUEST,
        requested=NOT_GENUINE,
        reserved=NOT_GENUINE,
        returned=NOT_GENUINE,
        cancelled=NOT_GENUINE,
        requested_again=NOT_GENUINE,
    ),
    *alike("Q, C, R or S", STATES, WRONG_KIND),
    *alike("T newer", STATES, TRUSTED),
    *alike("T present", STATES, TRUSTED_BEFORE),
    *alike("T older", STATES, OLDER_TRUST),
    *alike("T conflicting", STATES, TRUST_CONFLICT),
    *alike("T of another root", STATES, NOT_GENUINE),
    *alike("T of the next root", STATES, NEXT_ROOT),
    *alike("not a code", STATES, MALFORMED),
    *alike("newer version", STATES, NEWER_VERSION),
)

# --- commands --------------------------------------------------------------------------------------

COMMANDS = {
    "request": "`device request`, as before or without a wish",
    "request otherwise": "`device request` with another wish than before",
    "request elsewhere": "`device request`, on other hardware than at the last request, or the start",
    "cancel": "`device cancel`",
    "return": "`device return`",
    "return elsewhere": "`device return`, on hardware that is not that of the request",
    "confirmation": "`device confirmation`",
}

REQUESTED = Outcome("a new request is made and shown", writes=("request",), then="requested", step="request")
REQUESTED_AGAIN = Outcome(
    "a new request is made and shown, bound to the hardware of now",
    writes=("request",),
    then="requested again",
    step="request",
)
SAME_REQUEST = Outcome("the pending request is shown again", again=True)
RETURNED = Outcome(
    "nothing is licensed any more; the return code is shown",
    writes=("return",),
    then="returned",
    step="return",
)
CANCELLED = Outcome(
    "the return code of the request is shown: it says that nothing was ever installed",
    writes=("return",),
    then="cancelled",
    step="cancel or return",
)
SAME_RETURN = Outcome("the same return code is shown again", again=True)
SAME_CODE = Outcome("the confirmation of what is installed is shown again", again=True)
PENDING = Outcome("refused: a request with other content is pending", 1, "request-pending")
HOLDS_ONE = Outcome("refused: a reservation is installed; it must be given back first", 1, "wrong-state")
NOTHING = Outcome("refused: nothing was ever requested", 1, "wrong-state")
IS_INSTALLED = Outcome("refused: an authorization is installed; `return` ends it", 1, "wrong-state")
NOT_PENDING = Outcome("refused: no request is pending", 1, "wrong-state")
NO_CONFIRMATION = Outcome("refused: nothing is installed", 1, "wrong-state")
COPIED = Outcome("refused: the folder was copied here after its initialisation", 1, "hardware-changed")

COMMAND_ROWS = (
    *told(
        "request",
        unregistered=REQUESTED,
        requested=SAME_REQUEST,
        reserved=HOLDS_ONE,
        returned=REQUESTED_AGAIN,
        cancelled=REQUESTED_AGAIN,
        requested_again=SAME_REQUEST,
    ),
    *told(
        "request otherwise",
        unregistered=REQUESTED,
        requested=PENDING,
        reserved=HOLDS_ONE,
        returned=REQUESTED_AGAIN,
        cancelled=REQUESTED_AGAIN,
        requested_again=PENDING,
    ),
    *told(
        "request elsewhere",
        unregistered=COPIED,
        requested=SAME_REQUEST,
        reserved=HOLDS_ONE,
        returned=REQUESTED_AGAIN,
        cancelled=REQUESTED_AGAIN,
        requested_again=SAME_REQUEST,
    ),
    *told(
        "cancel",
        unregistered=NOT_PENDING,
        requested=CANCELLED,
        reserved=IS_INSTALLED,
        returned=NOT_PENDING,
        cancelled=SAME_RETURN,
        requested_again=CANCELLED,
    ),
    *told(
        "return",
        unregistered=NOTHING,
        requested=CANCELLED,
        reserved=RETURNED,
        returned=SAME_RETURN,
        cancelled=SAME_RETURN,
        requested_again=CANCELLED,
    ),
    *told(
        "return elsewhere",
        unregistered=NOTHING,
        requested=CANCELLED,
        reserved=RETURNED,
        returned=SAME_RETURN,
        cancelled=SAME_RETURN,
        requested_again=CANCELLED,
    ),
    *told(
        "confirmation",
        unregistered=NO_CONFIRMATION,
        requested=NO_CONFIRMATION,
        reserved=SAME_CODE,
        returned=NO_CONFIRMATION,
        cancelled=NO_CONFIRMATION,
        requested_again=NO_CONFIRMATION,
    ),
)

DEVICE = Table(STATES, CODES, CODE_ROWS)
DEVICE_COMMANDS = Table(STATES, COMMANDS, COMMAND_ROWS)
