"""Trust codes and issuers at the portal: take a new issuer into use, and what follows for devices.

A trust code comes from the root, whose machine has no portal: it is read, verified and taken like any other
code that people carry. Which key signs is in the books, and the books' commit is the change; key files only
have to be there.

Not handled: how trust codes are made (`reservation.certifying`), key files (`reservation.keyfile`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from codec.codes import Authorization, Kind, Trust, Udi
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    issuer_hint,
    require_kind,
    verify_authorization,
)
from codec.errors import CodecError
from codec.keys import VerifyingKey
from codec.reading import Received, inspect, receive
from reservation import issuers, limits, rules
from reservation.errors import WrongStateError, no_such_page
from reservation.issuers import NewestAuthorization, UsedIssuer
from reservation.model import Event, EventKind, Reservation, Sequence, Stamp, StoredCode, StoredTrust
from reservation.roles import Rights, Verb
from reservation.service.context import Portal, read, require_issuer, write
from reservation.service.issuing import (
    Draft,
    Issued,
    issue_authorization,
    issued_now,
    standing_for,
    virtual_account_of,
)
from reservation.service.reserving import require_agreed
from reservation.standing import Changes
from reservation.store import Reading, Writing

_PAGE = 50
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class OfferedTrust:
    """A trust code that the portal could take.

    Attributes:
        received: The code, verified, and what had to be repaired to read it.
        signs: The key that signs once it is taken, 32 bytes.
        changes_issuer: Whether that is another one than now.
        again: Whether there is nothing to do: it was taken before.
    """

    received: Received[Trust]
    signs: bytes
    changes_issuer: bool
    again: bool


@dataclass(frozen=True, slots=True)
class IssuerStanding:
    """An issuer that devices know of, or that ever signed here.

    Attributes:
        key: Public key, 32 bytes.
        valid_from: First day on which devices believe it; None: the newest trust code does not list it.
        valid_until: Last one; None: without end.
        is_revoked: Whether the root has revoked it.
        is_in_use: Whether it is the one that signs.
        used: When it came into use, oldest first; by which trust code, and who did it.
    """

    key: bytes
    valid_from: date | None
    valid_until: date | None
    is_revoked: bool
    is_in_use: bool
    used: tuple[UsedIssuer, ...]

    @property
    def id(self) -> bytes:
        """The key's id, 8 bytes."""
        return VerifyingKey(self.key).id


@dataclass(frozen=True, slots=True)
class DeviceBehind:
    """A device with an open reservation that needs something since the trust code changed.

    Attributes:
        reservation: Its reservation.
        udi: The device.
        needs_trust: Whether nothing it answered shows that it has the newest trust code.
        needs_renewal: Whether its newest authorization is of a revoked issuer, and nobody confirmed it.
    """

    reservation: Reservation
    udi: Udi
    needs_trust: bool
    needs_renewal: bool


# --- taking a trust code ---------------------------------------------------------------------------


def read_trust(portal: Portal, raw: str, *, search: bool = False, use: bytes | None = None) -> OfferedTrust:
    """Read a trust code, and find out what taking it would do; nothing is changed yet.

    Args:
        portal: The portal.
        raw: The code, however it was pasted, typed or scanned.
        search: Whether a person waits for a longer search, should it be damaged.
        use: Id of the key that is to sign, 8 bytes; None: the one that the code brings.

    Raises:
        CodecError: When it cannot be read, is no trust code, or this portal's root did not sign it.
        OtherPortalError, OlderTrustError, UnknownNameError: See `reservation.issuers`.
    """

    def work(books: Reading, _rights: Rights) -> OfferedTrust:
        received = receive(raw, lambda code: _verified(books, require_kind(code, Trust))[0], search=search)
        trust = received.code.value
        identity = books.identity()
        is_new = issuers.require_takeable(identity, newest_trust(books), trust)
        signs = _signs(books, trust, portal.clock().date(), use)
        changes = signs != identity.issuer_key
        return OfferedTrust(received, signs, changes, not is_new and not changes)

    return read(portal, Verb.READ_TRUST, work)


def take_trust(
    portal: Portal, code: VerifiedCode[Trust], *, key: VerifyingKey | None = None, use: bytes | None = None
) -> OfferedTrust:
    """Take a trust code, and the issuer that it brings into use; once, however often it is asked for.

    Args:
        portal: The portal.
        code: The code, as `read_trust` verified it.
        key: The key that was opened: none is taken into use that is not at hand.
        use: As in `read_trust`.

    Raises:
        CodecError, OtherPortalError, OlderTrustError, UnknownNameError: As from `read_trust`.
        WrongStateError: When another key would sign than the one that was opened.
    """
    # Verified again in the transaction that takes it: the root may be another one by then.
    offered = UnverifiedCode(code.payload, code.signature, code.value)

    def work(books: Writing, stamp: Stamp) -> OfferedTrust:
        verified, root = _verified(books, offered)
        identity, newest = books.identity(), newest_trust(books)
        is_new = issuers.require_takeable(identity, newest, verified.value)
        signs = _signs(books, verified.value, stamp.today, use)
        changes = signs != identity.issuer_key
        answer = OfferedTrust(Received(verified, ()), signs, changes, not is_new and not changes)
        if answer.again:
            return answer
        if changes and (key is None or key.raw != signs):
            raise WrongStateError(
                f"Issuer {VerifyingKey(signs).id.hex()} would sign from now on, and its key was not opened.",
                hint="Run the command again.",
            )
        trust = StoredTrust(verified.value.serial, verified.id, verified.text, root)
        _record(books, stamp, trust, verified.value, signs if changes else None, is_new=is_new)
        books.set_issuer(issuers.identity_under(identity, verified.value, root, signs))
        return answer

    return write(portal, Verb.TAKE_TRUST, work, reconciles=True)


def _record(
    books: Writing, stamp: Stamp, trust: StoredTrust, value: Trust, issuer: bytes | None, *, is_new: bool
) -> None:
    """Write the trust code, the issuer that comes into use, and the events that say so."""
    happened = []
    if is_new:
        facts: dict[str, object] = {
            "serial": trust.serial,
            "trust": trust.id.hex(),
            "root": VerifyingKey(trust.root).id.hex(),
            "issuers": [VerifyingKey(one.key).id.hex() for one in value.issuers],
            "revoked": [one.hex() for one in value.revoked],
        }
        subject = f"trust code {trust.serial}"
        happened.append(
            Event(stamp.event_id(0), stamp.at, stamp.actor, EventKind.TRUST_TAKEN, subject, detail=facts)
        )
    if issuer is not None:
        facts = {
            "issuer": VerifyingKey(issuer).id.hex(),
            "former": VerifyingKey(books.identity().issuer_key).id.hex(),
            "serial": trust.serial,
        }
        subject = f"issuer {VerifyingKey(issuer).id.hex()}"
        happened.append(
            Event(stamp.event_id(1), stamp.at, stamp.actor, EventKind.ISSUER_CHANGED, subject, detail=facts)
        )
    books.record(Changes(happened[0], alerts=tuple(happened[1:])))
    if is_new:
        books.add_trust(trust, stamp)
    if issuer is not None:
        books.use_issuer(UsedIssuer(issuer, trust.serial, happened[-1].id, stamp.at, stamp.actor))


def newest_trust(books: Reading) -> Trust:
    """Return what the newest trust code of the books says."""
    return require_kind(inspect(books.trust_text()).code, Trust).unverified


def _verified(books: Reading, code: UnverifiedCode[Trust]) -> tuple[VerifiedCode[Trust], bytes]:
    return issuers.verify_by_root(code, books.identity().root_key, newest_trust(books))


def _signs(books: Reading, trust: Trust, today: date, use: bytes | None) -> bytes:
    used = frozenset(one.key for one in books.used_issuers())
    return issuers.to_use(books.identity(), trust, used, today, use)


# --- looking ---------------------------------------------------------------------------------------


def list_issuers(portal: Portal) -> tuple[IssuerStanding, ...]:
    """Return every issuer of the newest trust code, and every one that ever signed here; that in use last."""

    def work(books: Reading, _rights: Rights) -> tuple[IssuerStanding, ...]:
        trust, used, identity = newest_trust(books), books.used_issuers(), books.identity()
        listed = {one.key: one for one in trust.issuers}
        # In the order in which they came into use; those that are to come are last of all.
        keys = dict.fromkeys((*(one.key for one in used), *listed))
        return tuple(
            IssuerStanding(
                key,
                listed[key].valid_from if key in listed else None,
                listed[key].valid_until if key in listed else None,
                issuers.is_revoked(trust, key),
                key == identity.issuer_key,
                tuple(one for one in used if one.key == key),
            )
            for key in keys
        )

    return read(portal, Verb.LIST_ISSUERS, work)


@dataclass(frozen=True, slots=True)
class BehindPage:
    """Some devices that need something, and where the next page goes on; None: there is none."""

    devices: tuple[DeviceBehind, ...]
    next_page: str | None


def devices_behind(portal: Portal, *, page: str | None = None, most: int = _PAGE) -> BehindPage:
    """Return devices that need the newest trust code or a new authorization; newest reservation first.

    A device shows which trust code it has only by confirming an authorization of an issuer that came with
    it. Of what a person carried and nobody confirmed, the books know nothing.

    Args:
        portal: The portal.
        page: Where to go on, from the page before.
        most: How many at most.

    Raises:
        UnknownNameError: When there is no such page.
    """
    before = _parse_page(page)

    def work(books: Reading, rights: Rights) -> BehindPage:
        found = tuple(islice(_behind(books, rights, before), most + 1))
        shown = found[:most]
        more = len(found) > most and shown
        return BehindPage(shown, shown[-1].reservation.page_key.hex() if more else None)

    return read(portal, Verb.DEVICES_BEHIND, work)


def every_device_behind(portal: Portal) -> Iterator[DeviceBehind]:
    """Go through all devices that need something, page by page."""
    page = None
    while True:
        found = devices_behind(portal, page=page, most=_BATCH)
        yield from found.devices
        page = found.next_page
        if page is None:
            return


def _parse_page(page: str | None) -> bytes | None:
    try:
        return None if page is None else bytes.fromhex(page)
    except ValueError as error:
        raise no_such_page() from error


def _behind(books: Reading, rights: Rights, before: bytes | None) -> Iterator[DeviceBehind]:
    """Yield those whose reservations come before a place in lists, which the acting user may see."""
    needs = _Needs.of(books)
    settled = needs.settled()
    if needs.is_nothing(settled):
        return
    while True:
        found = books.newest_authorizations(settled, before, _BATCH)
        for one in found:
            trust, renewal = needs.of_device(books, one)
            reservation = books.reservation(one.reservation_id) if trust or renewal else None
            if reservation is not None and rights.covers(reservation.virtual_account_id):
                yield DeviceBehind(reservation, reservation.udi, trust, renewal)
        if len(found) < _BATCH:
            return
        before = found[-1].page_key


@dataclass(frozen=True, slots=True)
class _Needs:
    """What devices need, by who signed their authorizations.

    No signature is verified for it: an authorization is of the issuer that was in use when it was recorded
    (the audit looks), but for those that came back after a restore.
    """

    history: "IssuerHistory"
    serial: int
    believed: frozenset[bytes]
    rebuilt: frozenset[bytes]

    @classmethod
    def of(cls, books: Reading) -> "_Needs":
        """Take from the books what it needs."""
        trust = newest_trust(books)
        return cls(IssuerHistory.of(books), trust.serial, _believed(trust), books.events_of_rebuilding())

    def settled(self) -> bytes | None:
        """Return the event since which only issuers signed that ask for nothing; None: there is none.

        A device that confirmed what came since then needs nothing.
        """
        asks = [
            one.key not in self.believed or self.history.serial_shown_by(one.key) < self.serial
            for one in self.history.used
        ]
        last = max((number for number, is_asking in enumerate(asks) if is_asking), default=-1)
        if self.rebuilt or last == len(asks) - 1:
            return None
        return self.history.used[last + 1].event_id

    def is_nothing(self, settled: bytes | None) -> bool:
        """Tell whether no device needs anything: no issuer that ever signed asks for anything.

        Args:
            settled: The event since which none does.
        """
        has_newest_trust = self.history.serial_shown_by(None) >= self.serial
        return has_newest_trust and settled == self.history.used[0].event_id

    def of_device(self, books: Reading, one: NewestAuthorization) -> tuple[bool, bool]:
        """Return whether a device needs the newest trust code, and whether a new authorization."""
        known = self._signer(books, one, one.confirmed)
        newest = self._signer(books, one, one.newest)
        needs_trust = self.history.serial_shown_by(known) < self.serial
        return needs_trust, one.newest != one.confirmed and newest not in self.believed

    def _signer(self, books: Reading, one: NewestAuthorization, event_id: bytes | None) -> bytes | None:
        if event_id is None:
            return None
        if event_id not in self.rebuilt:
            return issuers.in_use_at(self.history.used, event_id)
        codes = books.codes(one.reservation_id)
        (sequence,) = (code.sequence for code in _authorizations(codes) if code.event_id == event_id)
        return self.history.of_sequence(one.reservation_id, codes, sequence) if sequence else None


def _needs_renewal(trust: Trust, reservation: Reservation, issuer_key: bytes | None) -> bool:
    """Tell whether nobody confirmed the newest authorization, and devices believe its issuer no more."""
    return reservation.confirmed != reservation.sequence and issuer_key not in _believed(trust)


def _believed(trust: Trust) -> frozenset[bytes]:
    """Return the keys of the issuers that devices believe which know a trust code."""
    return frozenset(one.key for one in trust.issuers if not issuers.is_revoked(trust, one.key))


# --- who signed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssuerHistory:
    """The keys that ever signed for this portal, and from when on."""

    portal_id: bytes
    used: tuple[UsedIssuer, ...]

    @classmethod
    def of(cls, books: Reading) -> "IssuerHistory":
        """Take them from the books."""
        return cls(books.identity().portal_id, books.used_issuers())

    def verified(
        self, code: UnverifiedCode[Authorization], request_id: bytes
    ) -> tuple[VerifiedCode[Authorization], bytes] | None:
        """Return an authorization verified by whichever of them signed it, and that key; or None."""
        keys = dict.fromkeys(VerifyingKey(one.key) for one in reversed(self.used))
        # The hint proves nothing, and says which key to try first.
        hint = code.unverified.issuer_hint
        for issuer in sorted(keys, key=lambda key: issuer_hint(key) != hint):
            try:
                context = AuthorizationContext(request_id, issuer, self.portal_id)
                return verify_authorization(code, context), issuer.raw
            except CodecError:
                continue
        return None

    def of_sequence(
        self, reservation_id: bytes, codes: Iterable[StoredCode], sequence: Sequence
    ) -> bytes | None:
        """Return the key that signed one authorization of a reservation; None: none of them."""
        for stored in _authorizations(codes):
            if stored.sequence == sequence:
                found = self.verified(require_kind(inspect(stored.text).code, Authorization), reservation_id)
                return found[1] if found else None
        return None

    def serial_shown_by(self, key: bytes | None) -> int:
        """Return which trust code a device has at least: it pinned the first one, or a later one.

        Args:
            key: Of the issuer whose authorization it confirmed; None: it confirmed none.
        """
        first = min(one.serial for one in self.used)
        return min((one.serial for one in self.used if one.key == key), default=first)


def _authorizations(codes: Iterable[StoredCode]) -> Iterator[StoredCode]:
    return (one for one in codes if one.kind is Kind.AUTHORIZATION)


# --- issuing anew ----------------------------------------------------------------------------------


def renew(portal: Portal, reservation_id: bytes) -> Issued:
    """Issue an authorization anew that a revoked issuer signed and nobody confirmed; once.

    It has the next number and grants the same, without what has ended. By the rule of the hold it takes
    nothing twice, whichever of the two the device has installed.

    Args:
        portal: The portal, opened with the issuer in use.
        reservation_id: The reservation.

    Raises:
        WrongStateError: When devices believe who issued its newest authorization, or it is confirmed.
        RuleError: When a rule refuses; nothing is written then.
    """
    issuer = require_issuer(portal)

    def work(books: Writing, stamp: Stamp) -> Issued:
        standing = standing_for(books, stamp.rights, reservation_id)
        reservation = standing.reservation
        rules.require_open(reservation)
        history = IssuerHistory.of(books)
        issuer_key = history.of_sequence(reservation.id, books.codes(reservation.id), reservation.sequence)
        if not _needs_renewal(newest_trust(books), reservation, issuer_key):
            raise WrongStateError(
                f"The newest authorization of reservation {reservation.name} needs no renewal: devices "
                "believe its issuer, or the device has confirmed it.",
                hint=f"Show it again with `tallystick portal reissue {reservation.name}`.",
            )
        taken = rules.carried_over(standing, {}, stamp)
        rules.require_something(reservation, taken)
        policy = require_agreed(books)
        identity = books.identity()
        rules.require_valid_issuer(identity, stamp)
        sequence = Sequence(identity.epoch, reservation.sequence.number + 1)
        ending = limits.limits_of(rules.kept_terms(standing, taken), policy, reservation.freed_on)
        place = virtual_account_of(books, standing)
        draft = Draft(reservation.id, reservation.catalogue, sequence, taken, standing.lots, place, ending)
        issue = issue_authorization(books, stamp, issuer, draft)
        books.record(rules.record_update(standing, issue, stamp, EventKind.RENEWED))
        return issued_now(reservation.udi, reservation.id, issue)

    return write(portal, Verb.RENEW, work, beside_others=True)
