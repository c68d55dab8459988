"""What an alert says: what happened, and what to do, a sentence each. Pure."""

from reservation.alerts import AlertKind, Fact, Severity
from reservation.model import name_of

_WHAT = {
    AlertKind.INSUFFICIENT: "{count} of {subject} were asked for, and there are fewer.",
    AlertKind.SHORTFALL: "Lot {subject}: {count} more are out than were bought.",
    AlertKind.EXPIRING: "Lot {subject}: {count} end on {due}.",
    AlertKind.EXPIRED: "Lot {subject}: {count} have ended, and nothing follows them.",
    AlertKind.RESERVED_EXPIRED: "{subject} holds licences that ended.",
    AlertKind.IN_DOUBT: "{subject} has not confirmed what was issued to it.",
    AlertKind.RETURN_EXPECTED: "{subject} was to be returned by {due}.",
    AlertKind.CLONE: "Two copies of {subject} may be in use.",
    AlertKind.ROLLBACK: "{subject} went back to an older state.",
    AlertKind.KEY_CHANGED: "A request came under the name of {subject}, with another key.",
    AlertKind.DUPLICATE_DEVICE: "{subject} was given up as failed, and was heard of again.",
    AlertKind.QUOTA_NEAR: "{count} rehosts of the last 365 days count: {left} of the quota is left.",
}
_WHAT_OF_ONE = {
    AlertKind.INSUFFICIENT: "1 of {subject} was asked for, and there is none.",
    AlertKind.SHORTFALL: "Lot {subject}: 1 more is out than was bought.",
    AlertKind.EXPIRING: "Lot {subject}: 1 ends on {due}.",
    AlertKind.EXPIRED: "Lot {subject}: 1 has ended, and nothing follows it.",
    AlertKind.QUOTA_NEAR: "1 rehost of the last 365 days counts: {left} of the quota is left.",
}
_ACTION = {
    AlertKind.INSUFFICIENT: "Add licences (tallystick portal license add), or get some returned.",
    AlertKind.SHORTFALL: "Get that many returned, or add licences to the lot.",
    AlertKind.EXPIRING: "Renew them: tallystick portal license add, then update the devices that use them.",
    AlertKind.EXPIRED: "Add licences for a new term, or get the devices returned.",
    AlertKind.RESERVED_EXPIRED: "Get its return code, or update it: "
    "tallystick portal update {name} --license TAG=N",
    AlertKind.IN_DOUBT: "Get its confirmation (tallystick device confirmation), or its return code.",
    AlertKind.RETURN_EXPECTED: "Get its return code (tallystick device return), or set another day: "
    "tallystick portal expect {name} --return-by D",
    AlertKind.CLONE: "Find out which one is genuine, and get its return; see tallystick portal show {name}",
    AlertKind.ROLLBACK: "Find out whether a snapshot was restored; two persons free what it held: "
    "tallystick portal release {name} --reason REASON",
    AlertKind.KEY_CHANGED: "Ask who set the device up anew; see tallystick portal show {name}",
    AlertKind.DUPLICATE_DEVICE: "Stop the old device, and get its return code (tallystick device return).",
    AlertKind.QUOTA_NEAR: "Get devices that were found returned, or allow more: "
    "tallystick portal policy --rehosts N",
}
_ACTION_ON_DATABASE = "See what was forgotten, and end the quarantine: tallystick portal quarantine"


def what(fact: Fact) -> str:
    """Say what happened, in a sentence; its subject may be anybody's text."""
    said = _WHAT_OF_ONE if fact.count == 1 and fact.kind in _WHAT_OF_ONE else _WHAT
    return _filled(said[fact.kind], fact)


def action(fact: Fact) -> str:
    """Say what to do, in a sentence."""
    if fact.kind is AlertKind.ROLLBACK and fact.reservation_id is None:
        return _ACTION_ON_DATABASE
    return _filled(_ACTION[fact.kind], fact)


def _filled(sentence: str, fact: Fact) -> str:
    name = name_of(fact.reservation_id) if fact.reservation_id else ""
    left = "nothing" if fact.severity is Severity.CRITICAL else "little"
    return sentence.format(
        count=f"{fact.count or 0:,}", subject=fact.subject, due=fact.due, name=name, left=left
    )
