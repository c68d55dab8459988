"""What a code says, in words, for whoever carries it: no key is needed to read, and reading proves nothing.

Scope: `explain` turns an unverified code into labelled facts, for people and for scripts. `verified_by`
checks a code with whatever else is at hand: the request that it belongs to, the trust code, the root's key.
Only then is its id known (the id covers what the reader knows, not only what the code carries), and with the
id the words that two people can compare by telephone.

Not handled: state. Whether a code is the newest, was installed or was returned, only device and portal know.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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
    Term,
    Trust,
    WantedLine,
)
from codec.envelope import (
    KIND_NAMES,
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    issuer_hint,
    require_kind,
    short_hint,
    verify_authorization,
    verify_confirmation,
    verify_request,
    verify_return,
    verify_trust,
)
from codec.errors import CatalogueError, CodecError, NotGenuineError, RevokedIssuerError, UnknownIssuerError
from codec.keys import VerifyingKey
from codec.words import words_of


@dataclass(frozen=True, slots=True)
class Known:
    """What a reader has beside the code.

    Attributes:
        catalogue: Spells numbered tags.
        request: The request that the code belongs to.
        authorization: The authorization that a confirmation confirms.
        root: The key that a trust code is signed with.
        trust: Which issuers to believe.
    """

    catalogue: Catalogue | None = None
    request: VerifiedCode[Request] | None = None
    authorization: VerifiedCode[Authorization] | None = None
    root: VerifyingKey | None = None
    trust: Trust | None = None


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
    """

    kind: Kind
    facts: tuple[Fact, ...]
    lines: tuple[Line, ...]
    wanted: tuple[WantedLine, ...]
    id: bytes | None
    signature: str

    @property
    def title(self) -> str:
        """What kind of code it is, in words."""
        return f"{KIND_NAMES[self.kind]} (format {FORMAT_VERSION})"

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """Eight words over the id, for both ends to compare; empty when the id is not known."""
        return words_of(self.id) if self.id else ()

    def record(self) -> dict[str, Any]:
        """Return everything, as JSON can hold it."""
        return {
            "kind": self.kind.name.lower(),
            "format": FORMAT_VERSION,
            "fields": {fact.name: fact.value for fact in self.facts},
            "lines": [_line_record(line) for line in self.lines],
            "wanted": [{"tag": line.tag, "count": line.count} for line in self.wanted],
            "id": self.id.hex() if self.id else None,
            "fingerprint": list(self.fingerprint),
            "verified": self.id is not None,
            "signature": self.signature,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """How many there are of a line before and after an update; ``line`` carries the count after it."""

    line: Line
    before: int
    after: int


def explain(code: UnverifiedCode[Code], known: Known | None = None) -> Explanation:
    """Say what a code says.

    Args:
        code: Read without a key.
        known: What else is at hand; a request needs nothing.
    """
    known = known or Known()
    value = code.unverified
    proved, signature = _proof(code, known)
    return Explanation(
        kind=code.kind,
        facts=_facts(value),
        lines=_spelled_lines(value.lines, known) if isinstance(value, Authorization) else (),
        wanted=_spelled_wanted(value, known.catalogue) if isinstance(value, Request) else (),
        id=proved.id if proved else None,
        signature=signature,
    )


def changes(before: Iterable[Line], after: Iterable[Line]) -> tuple[Change, ...]:
    """Return how the lines of an authorization differ from those before; equal ones are left out."""
    old = {_key(line): line for line in before}
    new = {_key(line): line for line in after}
    lines = {**old, **new}
    found = (
        Change(line, old[key].count if key in old else 0, new[key].count if key in new else 0)
        for key, line in sorted(lines.items(), key=lambda item: str(item[0]))
    )
    return tuple(change for change in found if change.before != change.after)


def _key(line: Line) -> tuple[Any, ...]:
    return line.tag, line.term, line.export_controlled, line.reporting_only


# --- proof -------------------------------------------------------------------------------------


def missing_for(code: UnverifiedCode[Code], known: Known) -> tuple[str, ...]:
    """Name what would be needed to verify a code: ``request``, ``authorization``, ``trust``."""
    needs: dict[Kind, tuple[tuple[str, object], ...]] = {
        Kind.REQUEST: (),
        Kind.AUTHORIZATION: (("request", known.request), ("trust", known.trust)),
        Kind.CONFIRMATION: (("request", known.request), ("authorization", known.authorization)),
        Kind.RETURN: (("request", known.request),),
        Kind.TRUST: (("trust", known.root),),
    }
    return tuple(name for name, thing in needs[code.kind] if thing is None)


def verified_by(code: UnverifiedCode[Code], known: Known) -> VerifiedCode[Any]:
    """Verify a code of any kind with what is at hand.

    Args:
        code: Of any kind.
        known: Everything that `missing_for` names.

    Raises:
        UnknownIssuerError, RevokedIssuerError: For an authorization, by the trust code at hand.
        NotGenuineError: When the signature does not hold with what is at hand.
        KeyRejectedError: When a key in a code is not a sound one.
        ValueError: When something is missing.
    """
    value = code.unverified
    if isinstance(value, Request):
        return verify_request(require_kind(code, Request))
    if isinstance(value, Trust) and known.root:
        return verify_trust(require_kind(code, Trust), known.root)
    if isinstance(value, Authorization) and known.request and known.trust:
        return _authorization(require_kind(code, Authorization), known.request, known.trust)
    if isinstance(value, Return) and known.request:
        return verify_return(
            require_kind(code, Return), _device_key(known.request), request_id=known.request.id
        )
    if isinstance(value, Confirmation) and known.request and known.authorization:
        return verify_confirmation(
            require_kind(code, Confirmation),
            _device_key(known.request),
            request_id=known.request.id,
            authorization_id=known.authorization.id,
        )
    raise ValueError(f"missing: {', '.join(missing_for(code, known))}")


def _device_key(request: VerifiedCode[Request]) -> VerifyingKey:
    return VerifyingKey.parse(request.value.device_key)


def _authorization(
    code: UnverifiedCode[Authorization], request: VerifiedCode[Request], trust: Trust
) -> VerifiedCode[Authorization]:
    """Try every issuer that the trust code certifies and the hint fits."""
    keys = [VerifyingKey.parse(issuer.key) for issuer in trust.issuers if _certified(issuer, code.unverified)]
    hint = code.unverified.issuer_hint
    believed = [key for key in keys if issuer_hint(key) == hint and key.id not in trust.revoked]
    # A hint is the first byte of a key's digest, and so of its id: a revoked key is known unlisted, too.
    if not believed and any(revoked[: len(hint)] == hint for revoked in trust.revoked):
        raise RevokedIssuerError(
            "The issuer of this authorization was revoked: whoever has its key is not the portal any more.",
            hint="Ask the portal to issue the authorization again, with its present key.",
        )
    if not believed:
        raise UnknownIssuerError(
            "This authorization names an issuer that the trust code does not certify for its day.",
            hint="Get the newest trust code from the portal, or check that this is the right portal.",
        )
    for key in believed:
        try:
            return verify_authorization(code, AuthorizationContext(request.id, key, trust.portal_id))
        except NotGenuineError:
            continue
    if code.unverified.request_hint != short_hint(request.id):
        raise NotGenuineError(
            "This authorization was made for another request than the one given.",
            hint="Give the request that this authorization answers.",
        )
    raise NotGenuineError(
        "The signature of this authorization does not hold for this request and this portal.",
        hint="Ask the portal for the authorization again, and check that the trust file is the portal's.",
    )


def _certified(issuer: Any, value: Authorization) -> bool:
    day = value.issued_at.date()
    return bool(issuer.valid_from <= day and (issuer.valid_until is None or day <= issuer.valid_until))


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


def _facts(value: Code) -> tuple[Fact, ...]:
    if isinstance(value, Request):
        return _request_facts(value)
    if isinstance(value, Authorization):
        return _authorization_facts(value)
    if isinstance(value, Confirmation):
        return _confirmation_facts(value)
    if isinstance(value, Return):
        return _return_facts(value)
    return _trust_facts(value)


def _request_facts(value: Request) -> tuple[Fact, ...]:
    udi, sketch = value.udi, value.sketch
    components = len(sketch.components)
    lock = f"{sketch.required} of {components} components must match" if sketch.required else "none"
    facts = [
        Fact("product_id", "Product id", udi.product_id, udi.product_id),
        Fact("serial_number", "Serial number", udi.serial_number, udi.serial_number),
        Fact("uuid", "UUID", str(udi.uuid or "none"), str(udi.uuid) if udi.uuid else None),
        Fact("mode", "Asks for", _MODES[value.mode], value.mode.name.lower()),
        Fact("members", "Members", _members(value.members), value.members),
        Fact("device_key", "Device key", f"id {_key_id(value.device_key)}", value.device_key.hex()),
        Fact("node_lock", "Node lock", lock, {"components": components, "required": sketch.required}),
        _catalogue_fact(value.catalogue),
        _moment_fact("device_time", "Device's clock", value.device_time),
        *_journal_facts(value.code_number, value.journal_link),
    ]
    return tuple(facts)


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
    return f"from {issuer.valid_from}" + (f" to {until}" if until else "")


def _moment_fact(name: str, label: str, at: datetime) -> Fact:
    return Fact(name, label, f"{at:%Y-%m-%d %H:%M} UTC", at.isoformat().replace("+00:00", "Z"))


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


def _line_record(line: Line) -> dict[str, Any]:
    return {
        "tag": line.tag,
        "count": line.count,
        "term": _term_record(line.term),
        "export_controlled": line.export_controlled,
        "reporting_only": line.reporting_only,
    }


def _term_record(term: Term | None) -> dict[str, str] | None:
    return None if term is None else {"start": term.start.isoformat(), "end": term.end.isoformat()}
