"""What a code says, in words, for whoever carries it: no key is needed to read, and reading proves nothing.

Scope: `explain` turns an unverified code into labelled facts, for people and for scripts. With what belongs
to a code at hand (`codec.proof`), it is checked as well. Only then is its id known (the id covers what the
reader knows, not only what the code carries), and with it the fingerprint: words that two people can compare.

Invariants:
    * Every field of a code is told, also one that has no words here.
    * Days are named with their weekday and times with their zone, UTC. How far away a day is, is told as of
      a day that is given; nothing here reads a clock.
    * A fingerprint is over the id of a code that holds, and over nothing else.

Not handled: state. Whether a code is the newest, was installed or was returned, only device and portal know.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from codec.alphabet import from_number
from codec.catalogue import Catalogue
from codec.codes import (
    FORMAT_VERSION,
    Authorization,
    CatalogueId,
    Code,
    Confirmation,
    Evidence,
    Kind,
    Line,
    Mode,
    Request,
    Return,
    Sequence,
    Sketch,
    Term,
    Trust,
    WantedLine,
)
from codec.envelope import KIND_NAMES, UnverifiedCode, VerifiedCode
from codec.errors import CatalogueError, CodecError
from codec.keys import VerifyingKey
from codec.proof import COVERED, Known, missing_for, verified_by
from codec.words import words_of

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


# --- days and times in words -------------------------------------------------------------------


def day_words(day: date) -> str:
    """Return a UTC day with its weekday: ``2026-03-02 (Mon)``."""
    return f"{day.isoformat()} ({_WEEKDAYS[day.weekday()]})"


def moment_words(at: datetime) -> str:
    """Return a UTC instant with its weekday: ``2026-03-02 09:30 UTC (Mon)``."""
    return f"{at:%Y-%m-%d %H:%M} UTC ({_WEEKDAYS[at.weekday()]})"


def term_words(term: Term | None) -> str:
    """Return a term with its weekdays; both days are included."""
    return "perpetual" if term is None else f"{day_words(term.start)} to {day_words(term.end)}"


def distance_words(term: Term | None, today: date) -> str:
    """Return where a day lies in a term: ``ends in 304 days``; empty for a perpetual line."""
    if term is None:
        return ""
    if today < term.start:
        return f"begins in {_days(term.start, today)}"
    if today > term.end:
        return f"ended {_days(today, term.end)} ago"
    return f"ends in {_days(term.end, today)}" if today < term.end else "ends today"


def _days(later: date, earlier: date) -> str:
    count = (later - earlier).days
    return "1 day" if count == 1 else f"{count:,} days"


# --- explanations ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of a code.

    Attributes:
        name: For scripts; never changes.
        label: For people.
        words: What it says, for people.
        value: What it says, as JSON can hold it.
    """

    name: str
    label: str
    words: str
    value: Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code says.

    Attributes:
        kind: Which kind of code.
        facts: Its fields, in an order for reading.
        lines: What it grants, tags spelled where that is possible; empty for other kinds.
        wanted: What a request asks for, likewise.
        id: id(X), 32 bytes; None when what is at hand does not prove the code.
        signature: Whether its signature holds, in a sentence.
        needs: What is missing to check it, and to know its id: ``request``, ``authorization``, ``trust``.
        today: The UTC day as of which terms are told; None: they are told without.
    """

    kind: Kind
    facts: tuple[Fact, ...]
    lines: tuple[Line, ...]
    wanted: tuple[WantedLine, ...]
    id: bytes | None
    signature: str
    needs: tuple[str, ...] = ()
    today: date | None = None

    @property
    def title(self) -> str:
        """What kind of code it is, in words."""
        return f"{KIND_NAMES[self.kind]} (format {FORMAT_VERSION})"

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """Eight words over the id, for both ends to compare; empty when the id is not known."""
        return words_of(self.id) if self.id else ()

    @property
    def fingerprint_words(self) -> str:
        """The fingerprint, or why there is none and what it takes, in words."""
        if self.id:
            return " ".join(self.fingerprint)
        if not self.needs:
            return "none, since its signature does not hold"
        return f"not known from the code alone: it covers {COVERED[self.kind]}, too"

    def record(self) -> dict[str, Any]:
        """Return everything, as JSON can hold it."""
        return {
            "kind": self.kind.name.lower(),
            "format": FORMAT_VERSION,
            "fields": {fact.name: fact.value for fact in self.facts},
            "lines": [{**line_record(line), **self._distance(line)} for line in self.lines],
            "wanted": [{"tag": line.tag, "count": line.count} for line in self.wanted],
            "id": self.id.hex() if self.id else None,
            "fingerprint": list(self.fingerprint),
            "fingerprint_needs": list(self.needs),
            "verified": self.id is not None,
            "signature": self.signature,
        }

    def _distance(self, line: Line) -> dict[str, Any]:
        if self.today is None:
            return {}
        days = (line.term.end - self.today).days if line.term else None
        return {"ends_in_days": days, "as_of": self.today.isoformat()}


def explain(
    code: UnverifiedCode[Code], known: Known | None = None, *, today: date | None = None
) -> Explanation:
    """Say what a code says.

    Args:
        code: Read without a key.
        known: What else is at hand; a request needs nothing.
        today: The UTC day as of which terms are told.
    """
    known = known or Known()
    value = code.unverified
    proved, signature = _proof(code, known)
    return Explanation(
        kind=code.kind,
        facts=_FACTS.get(type(value), _other_facts)(value),
        lines=_spelled_lines(value.lines, known) if isinstance(value, Authorization) else (),
        wanted=_spelled_wanted(value, known.catalogue) if isinstance(value, Request) else (),
        id=proved.id if proved else None,
        signature=signature,
        needs=missing_for(code, known),
        today=today,
    )


def _proof(code: UnverifiedCode[Code], known: Known) -> tuple[VerifiedCode[Any] | None, str]:
    missing = missing_for(code, known)
    if missing:
        return None, f"Not checked: that needs the {' and the '.join(_NEEDED[name] for name in missing)}."
    try:
        proved = verified_by(code, known)
    except CodecError as error:
        return None, f"Does not hold: {error.message}"
    if code.kind is Kind.REQUEST:
        return (
            proved,
            "Holds, by the key inside: nothing was changed on the way. Who made it, it does not prove.",
        )
    return proved, "Holds."


_NEEDED = {"request": "request code", "authorization": "authorization code", "trust": "trust file"}


# --- facts -------------------------------------------------------------------------------------


def _request_facts(value: Request) -> tuple[Fact, ...]:
    udi, sketch = value.udi, value.sketch
    components = len(sketch.components)
    lock = f"{sketch.required} of {components} components must match" if sketch.required else "none"
    return (
        Fact("product_id", "Product id", udi.product_id, udi.product_id),
        Fact("serial_number", "Serial number", udi.serial_number, udi.serial_number),
        Fact("uuid", "UUID", str(udi.uuid or "none"), str(udi.uuid) if udi.uuid else None),
        Fact("mode", "Asks for", _MODES[value.mode], value.mode.name.lower()),
        Fact("members", "Members", _members(value.members), value.members),
        Fact("device_key", "Device key", f"id {_key_id(value.device_key)}", value.device_key.hex()),
        Fact("node_lock", "Node lock", lock, {"components": components, "required": sketch.required}),
        _sketch_fact(sketch),
        _catalogue_fact(value.catalogue),
        _moment_fact("device_time", "Device's clock", value.device_time),
        *_journal_facts(value.code_number, value.journal_link),
    )


_MODES = {Mode.SPECIFIC: "named entitlements", Mode.UNIVERSAL: "everything that the product has (universal)"}


def _members(count: int) -> str:
    return "one device" if count <= 1 else f"{count} devices"


def _authorization_facts(value: Authorization) -> tuple[Fact, ...]:
    return (
        _moment_fact("issued_at", "Issued", value.issued_at),
        _sequence_fact("sequence", "Sequence", value.sequence),
        _request_hint_fact(value.request_hint),
        Fact(
            "issuer_hint",
            "Issuer",
            f"key digest begins with {value.issuer_hint.hex()}",
            value.issuer_hint.hex(),
        ),
    )


def _confirmation_facts(value: Confirmation) -> tuple[Fact, ...]:
    return (
        _sequence_fact("sequence", "Installed", value.sequence),
        _request_hint_fact(value.request_hint),
        *_journal_facts(value.code_number, value.journal_link),
    )


def _return_facts(value: Return) -> tuple[Fact, ...]:
    last = value.last_sequence
    never = Fact("last_sequence", "Last installed", "nothing was ever installed", None)
    hardware = "changed since the request" if value.hardware_mismatch else "as in the request"
    evidence = {
        Evidence.SOFTWARE_KEY: "signed by a key in a file (as the device says)",
        Evidence.HARDWARE_KEY: "signed by a key in hardware (as the device says)",
    }[value.evidence]
    return (
        _sequence_fact("last_sequence", "Last installed", last) if last.number else never,
        Fact("reason", "Reason", _plain(value.reason.name), _plain(value.reason.name)),
        Fact("evidence", "Evidence", evidence, _plain(value.evidence.name)),
        Fact("hardware_mismatch", "Hardware", hardware, value.hardware_mismatch),
        _request_hint_fact(value.request_hint),
        *_journal_facts(value.code_number, value.journal_link),
    )


def _trust_facts(value: Trust) -> tuple[Fact, ...]:
    issuers = [
        {
            "key_id": _key_id(issuer.key),
            "valid_from": issuer.valid_from.isoformat(),
            "valid_until": issuer.valid_until.isoformat() if issuer.valid_until else None,
        }
        for issuer in value.issuers
    ]
    believed = (
        f"{each['key_id']} {_validity(issuer)}" for each, issuer in zip(issuers, value.issuers, strict=True)
    )
    revoked = [key_id.hex() for key_id in value.revoked]
    following = _key_id(value.next_root) if value.next_root else None
    return (
        Fact("serial", "Serial", str(value.serial), value.serial),
        Fact("portal_id", "Portal id", value.portal_id.hex(), value.portal_id.hex()),
        Fact("issuers", "Issuers", "; ".join(believed) or "none", issuers),
        Fact("revoked", "Revoked keys", ", ".join(revoked) or "none", revoked),
        Fact("next_root", "Next root", f"key id {following}" if following else "none named", following),
    )


def _validity(issuer: Any) -> str:
    until: date | None = issuer.valid_until
    return f"for issues from {day_words(issuer.valid_from)} " + (f"to {day_words(until)}" if until else "on")


def _other_facts(value: Code) -> tuple[Fact, ...]:
    """Return the fields of a kind that has no words here, by their names."""
    return tuple(
        Fact(field.name, field.name.replace("_", " ").capitalize(), str(part), str(part))
        for field in fields(value)
        for part in (getattr(value, field.name),)
    )


_FACTS: dict[type, Callable[[Any], tuple[Fact, ...]]] = {
    Request: _request_facts,
    Authorization: _authorization_facts,
    Confirmation: _confirmation_facts,
    Return: _return_facts,
    Trust: _trust_facts,
}


def _moment_fact(name: str, label: str, at: datetime) -> Fact:
    return Fact(name, label, moment_words(at), at.isoformat().replace("+00:00", "Z"))


def _sketch_fact(sketch: Sketch) -> Fact:
    """Show the hashes of the components: this device alone has the key by which they were made."""
    hashes = [f"{component:06x}" for component in sketch.components]
    return Fact("sketch", "Component hashes", " ".join(hashes) or "none", hashes)


def _sequence_fact(name: str, label: str, sequence: Sequence) -> Fact:
    words = f"authorization number {sequence.number} of its reservation"
    if sequence.epoch:
        words += f", epoch {sequence.epoch} of the portal"
    return Fact(name, label, words, {"epoch": sequence.epoch, "number": sequence.number})


def _request_hint_fact(hint: bytes) -> Fact:
    """Show a hint as the beginning of the reservation's id, as people see that."""
    characters = len(hint) * 8 // 5
    beginning = from_number(int.from_bytes(hint) >> (len(hint) * 8 - characters * 5), characters)
    return Fact("request_hint", "Reservation", f"id begins with {beginning}", beginning)


def _journal_facts(number: int, link: bytes) -> tuple[Fact, ...]:
    first = "nothing before it" if not any(link) else f"follows link {link.hex()}"
    return (
        Fact("code_number", "Code number", f"{number} of this device", number),
        Fact("journal_link", "Journal", first, link.hex()),
    )


def _catalogue_fact(catalogue: CatalogueId | None) -> Fact:
    if catalogue is None:
        return Fact("catalogue", "Catalogue", "none: tags are spelled", None)
    digest = catalogue.digest.hex()
    words = f"the first {catalogue.size} tags, digest {digest}"
    return Fact("catalogue", "Catalogue", words, {"size": catalogue.size, "digest": digest})


def _key_id(key: bytes) -> str:
    # Only named here, never used: whether it is a sound point does not matter.
    return VerifyingKey(key).id.hex()


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


# --- tags --------------------------------------------------------------------------------------


def _spelled_lines(lines: tuple[Line, ...], known: Known) -> tuple[Line, ...]:
    """Spell tags by the request's catalogue; without the request, by the one at hand as it is."""
    catalogue = known.catalogue
    if catalogue is None:
        return lines
    named = known.request.value.catalogue if known.request else catalogue.id()
    try:
        return catalogue.spell_lines(lines, named)
    except CatalogueError:
        return lines


def _spelled_wanted(value: Request, catalogue: Catalogue | None) -> tuple[WantedLine, ...]:
    try:
        return (catalogue or Catalogue()).spell_wanted(value.wanted, value.catalogue)
    except CatalogueError:
        return value.wanted


def line_record(line: Line) -> dict[str, Any]:
    """Return a line as JSON can hold it."""
    return {
        "tag": line.tag,
        "count": line.count,
        "term": term_record(line.term),
        "export_controlled": line.export_controlled,
        "reporting_only": line.reporting_only,
    }


def term_record(term: Term | None) -> dict[str, str] | None:
    """Return a term as JSON can hold it; None for a perpetual line."""
    return None if term is None else {"start": term.start.isoformat(), "end": term.end.isoformat()}
