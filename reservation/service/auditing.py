"""The audit: recompute the books from what happened, and name what disagrees.

What stands (balances, holds, states) is compared with what it must follow from: movements, allocations and
the very codes, whose signatures are verified again. So a hand that changes a balance, a row or a code is
seen, unless it rewrites everything alike.

The MAC of a short confirmation is worked out again only where the issuer's key is at hand; without it, all
else of such a code is compared. Auditors have public keys alone.

Not handled: what was done outside the books, and a rewriting of everything.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from codec.codes import Authorization, Code, Confirmation, Kind, Line, Request, Return
from codec.envelope import (
    UnverifiedCode,
    long_hint,
    require_kind,
    verify_confirmation,
    verify_request,
    verify_return,
)
from codec.errors import CodecError, NotGenuineError
from codec.keys import VerifyingKey
from codec.lines import sort_lines
from codec.reading import inspect
from codec.short import Installed, inspect_short, matched, short_id
from reservation import ledger
from reservation.answers import reason_to_keep
from reservation.errors import StateDamagedError
from reservation.ledger import BALANCED, Account, Balance, changes_of
from reservation.limits import days_of
from reservation.lots import describe
from reservation.misfits import misfits_reported
from reservation.model import (
    NOTHING_HELD,
    DecisionKind,
    Grade,
    Held,
    Outcome,
    Reservation,
    Sequence,
    State,
    StoredCode,
    UnsignedKind,
)
from reservation.roles import Rights, Verb
from reservation.service.auditing_alerts import check_alerts
from reservation.service.auditing_log import check_log
from reservation.service.auditing_people import check_people
from reservation.service.auditing_trust import check_issuers_of, check_trust
from reservation.service.context import Issuer, Portal, read
from reservation.service.issuers import IssuerHistory
from reservation.service.issuing import require_standing, spelled_lines
from reservation.service.shorts import is_signed_by
from reservation.standing import Standing
from reservation.store import Reading

Progress = Callable[[Reservation], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the books that disagrees with something else.

    Attributes:
        kind: Stable name of the check.
        subject: What it is about.
        message: What is there, and what should be.
    """

    kind: str
    subject: str
    message: str


def audit(portal: Portal, *, progress: Progress | None = None) -> tuple[Finding, ...]:
    """Recompute the books and return everything that disagrees; nothing is the right answer.

    Args:
        portal: The portal; opened with its issuer's key, MACs are worked out again.
        progress: Called with each reservation that was looked at.
    """

    def work(books: Reading, _rights: Rights) -> tuple[Finding, ...]:
        return tuple(_all_findings(books, portal.issuer, progress))

    return read(portal, Verb.AUDIT, work)


def _all_findings(books: Reading, issuer: Issuer | None, progress: Progress | None) -> Iterator[Finding]:
    for said in books.engine_problems():
        yield Finding("database", "the database", said)
    yield from _as_far_as_legible("the balances", _check_licences(books))
    yield from _as_far_as_legible("the log", _check_events(books))
    yield from _as_far_as_legible("the people", _check_others("user", check_people(books)))
    yield from _as_far_as_legible("the alerts", _check_others("alert", check_alerts(books)))
    yield from _as_far_as_legible("the trust codes", _check_others("trust", check_trust(books)))
    yield from _as_far_as_legible("the reservations", _check_reservations(books, issuer, progress))


def _as_far_as_legible(subject: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings up to a row that nothing can be made of, and then that there is one."""
    try:
        with misfits_reported():
            yield from findings
    except StateDamagedError as error:
        yield Finding("row", subject, f"not all could be compared: {error.message}")


def _check_licences(books: Reading) -> Iterator[Finding]:
    balances = books.balances()
    yield from _check_balances(books, balances)
    yield from _check_holds(books, balances)
    yield from _check_additions(books, balances)


def _check_events(books: Reading) -> Iterator[Finding]:
    for event in books.events_without_codes():
        yield Finding("event", event.subject, f"an event '{event.kind}' has no code that it came with")
    for problem in check_log(books):
        yield Finding(*problem)


def _check_others(kind: str, problems: Iterator[tuple[str, str]]) -> Iterator[Finding]:
    return (Finding(kind, subject, message) for subject, message in problems)


def _check_reservations(
    books: Reading, issuer: Issuer | None, progress: Progress | None
) -> Iterator[Finding]:
    was_restored = books.identity().epoch > 0
    history = IssuerHistory.of(books)
    for reservation in books.every_reservation():
        name = f"reservation {reservation.name}"
        found = _check_whole_reservation(books, history, issuer, reservation, was_restored)
        yield from _as_far_as_legible(name, found)
        if progress:
            progress(reservation)


def _check_whole_reservation(
    books: Reading,
    history: IssuerHistory,
    issuer: Issuer | None,
    reservation: Reservation,
    was_restored: bool,
) -> Iterator[Finding]:
    standing = require_standing(books, reservation.id)
    yield from _check_reservation(standing, was_restored=was_restored)
    codes = books.codes(reservation.id)
    yield from _check_codes(books, history, standing, codes)
    for message in check_issuers_of(books, history, standing, codes, was_restored=was_restored):
        yield Finding("code", f"reservation {reservation.name}", message)
    yield from _check_shorts(books, issuer, standing, codes)
    yield from _check_grade(reservation, codes)
    yield from _check_decisions(books, standing)


# --- licences --------------------------------------------------------------------------------------


def _check_balances(books: Reading, balances: tuple[Balance, ...]) -> Iterator[Finding]:
    """Compare balances with the movements that made them."""
    made = changes_of(books.movement_sums())
    for balance in balances:
        expected = made.pop((balance.lot.id, balance.virtual_account_id), {})
        for account in BALANCED:
            yield from _compare(
                balance, account, balance.counts[account], expected.get(account, 0), "movements"
            )
        if balance.counts[Account.SHORTFALL] and balance.counts[Account.AVAILABLE]:
            yield Finding("shortfall", describe(balance.lot), "something is available while more is out")
        if not balance.balanced:
            yield Finding("equation", describe(balance.lot), "the two sides of its accounts differ")
    for lot_id, _ in made:
        yield Finding("balance", f"lot {lot_id.hex()}", "it has movements and no balance")


def _check_holds(books: Reading, balances: tuple[Balance, ...]) -> Iterator[Finding]:
    """Compare balances with what reservations hold; a lot that has ended stands in ``expired``."""
    sums = books.hold_sums()
    for balance in balances:
        held = sums.pop((balance.lot.id, balance.virtual_account_id), NOTHING_HELD)
        if balance.lot.expired:
            continue
        expected = {
            Account.RESERVED: held.reserved,
            Account.IN_DOUBT: held.in_doubt,
            Account.FAILED: held.failed,
            Account.WRITTEN_OFF: held.written_off,
            Account.TALLIED: 0,
        }
        if balance.lot.reporting_only:
            expected = {**dict.fromkeys(expected, 0), Account.TALLIED: held.total}
        for account, count in expected.items():
            yield from _compare(balance, account, balance.counts[account], count, "reservations")
    for lot_id, _ in sums:
        yield Finding("hold", f"lot {lot_id.hex()}", "it is held where it has no balance")


def _check_additions(books: Reading, balances: tuple[Balance, ...]) -> Iterator[Finding]:
    """Compare what a lot is entitled to with what was added, all Virtual Accounts together."""
    added: dict[bytes, int] = {}
    for (lot_id, _), count in books.addition_sums().items():
        added[lot_id] = added.get(lot_id, 0) + count
    entitled: dict[bytes, int] = {}
    for balance in balances:
        lot = balance.lot
        entitled[lot.id] = entitled.get(lot.id, 0) + balance.counts[Account.ENTITLED]
    for lot in {balance.lot.id: balance.lot for balance in balances}.values():
        if not lot.reporting_only and entitled[lot.id] != added.get(lot.id, 0):
            text = f"entitled is {entitled[lot.id]}, and {added.get(lot.id, 0)} were added"
            yield Finding("addition", describe(lot), text)


def _compare(balance: Balance, account: Account, found: int, expected: int, source: str) -> Iterator[Finding]:
    if found != expected:
        name = account.value.replace("_", " ")
        yield Finding(
            "balance", describe(balance.lot), f"{name} is {found}, and its {source} make it {expected}"
        )


# --- reservations ----------------------------------------------------------------------------------


def _check_reservation(standing: Standing, *, was_restored: bool) -> Iterator[Finding]:
    """Compare a reservation with its authorizations and its hold; what was forgotten may leave gaps."""
    reservation = standing.reservation
    name = f"reservation {reservation.name}"
    numbers = [one.sequence.number for one in standing.issued]
    if not was_restored and numbers != list(range(1, len(numbers) + 1)):
        yield Finding("sequence", name, f"its authorizations are numbered {numbers}")
    if not standing.issued or standing.issued[-1].sequence != reservation.sequence:
        yield Finding("sequence", name, f"its newest authorization is not {reservation.sequence}")
    unissued = standing.allocations.keys() - {one.sequence for one in standing.issued}
    if unissued:
        yield Finding("allocation", name, "it has allocations without an authorization")
    if not _holds_as_expected(standing):
        yield Finding("hold", name, "it does not hold what its authorizations and confirmations make it hold")
    frees_next, first_end = days_of(standing)
    if reservation.frees_next != frees_next:
        yield Finding("hold", name, f"it frees something on {reservation.frees_next}, and its lines say not")
    if reservation.first_end != first_end:
        yield Finding("hold", name, f"its first end is {reservation.first_end}, and what it holds says not")
    if reservation.state is not _expected_state(reservation):
        yield Finding("state", name, f"it is {reservation.state}, and its codes say otherwise")


def _holds_as_expected(standing: Standing) -> bool:
    reservation = standing.reservation
    possible = ledger.hold(standing.binding(), reservation.confirmed)
    held = dict(standing.held)
    if reservation.state.is_open:
        return held == possible
    if reservation.state is State.RETURNED and not reservation.kept:
        return not held
    if reservation.state is State.RETURNED and not standing.exposures and not _was_given_up(standing):
        return held == {lot_id: Held(in_doubt=one.total) for lot_id, one in possible.items()}
    return _was_shared_out(standing, possible)


def _was_given_up(standing: Standing) -> bool:
    return any(one.failed or one.written_off for one in standing.held.values())


def _was_shared_out(standing: Standing, possible: Mapping[bytes, Held]) -> bool:
    """Tell whether what a given up device held is all there: exposed, failed, or written off."""
    expected = {
        lot_id: one.total for lot_id, one in possible.items() if not standing.lots[lot_id].reporting_only
    }
    parts: dict[bytes, int] = {}
    for lot_id, count in [
        *((one.lot_id, one.count) for one in standing.exposures),
        *((lot_id, held.failed + held.written_off) for lot_id, held in standing.held.items()),
    ]:
        parts[lot_id] = parts.get(lot_id, 0) + count
    state = standing.reservation.state
    mixed = any(
        one.reserved
        or one.in_doubt
        or (one.failed and state is State.WRITTEN_OFF)
        or (one.written_off and state is State.FAILED)
        for one in standing.held.values()
    )
    return parts == expected and not mixed


def _expected_state(reservation: Reservation) -> State:
    if not reservation.state.is_open:
        return reservation.state
    if reservation.confirmed is None:
        return State.ISSUED
    return State.ACTIVE if reservation.confirmed == reservation.sequence else State.UPDATING


def _check_decisions(books: Reading, standing: Standing) -> Iterator[Finding]:
    """Compare a reservation with what was decided about it."""
    reservation = standing.reservation
    name = f"reservation {reservation.name}"
    made = [one for one in books.decisions_of(reservation.id) if one.outcome is Outcome.APPROVED]
    kinds = {one.kind for one in made}
    if any(one.decided_by == one.proposed_by for one in made):
        yield Finding("decision", name, "one person proposed and approved the same")
    if reservation.state.is_given_up and DecisionKind.REHOST not in kinds:
        yield Finding("decision", name, f"it is {reservation.state}, and nobody approved a rehost")
    if reservation.state is State.WRITTEN_OFF and DecisionKind.WRITE_OFF not in kinds:
        yield Finding("decision", name, "it is written off, and nobody approved that")
    moved = {one.event_id for one in standing.exposures}
    if moved - {one.decided_with for one in made if one.replacement is not None}:
        yield Finding("exposure", name, "its exposure comes from no approved rehost")
    if any(one.replacement and books.reservation(one.replacement) is None for one in made):
        yield Finding("decision", name, "the reservation of its replacement is missing")
    gone = reservation.state is State.RETURNED and not reservation.kept
    if bool(standing.exposed()) and gone:
        yield Finding("exposure", name, "it is returned, and its exposure stands")
    if not gone and any(one.cleared_by for one in standing.exposures):
        yield Finding("exposure", name, "its exposure is cleared, and its device did not return")


# --- codes -----------------------------------------------------------------------------------------


def _check_codes(
    books: Reading, history: IssuerHistory, standing: Standing, codes: tuple[StoredCode, ...]
) -> Iterator[Finding]:
    """Verify every code again, and compare the reservation with what the codes say."""
    reservation = standing.reservation
    name = f"reservation {reservation.name}"
    ids = {one.sequence: one.code_id for one in standing.issued}
    for stored in (one for one in codes if one.kind is not UnsignedKind.SHORT):
        try:
            problem = _problem_of(books, history, standing, stored, ids)
        except CodecError as error:
            problem = error.message
        if problem:
            yield Finding("code", name, f"its stored {stored.kind.name.lower()} is wrong: {problem}")
    kinds = [stored.kind for stored in codes]
    if kinds.count(Kind.REQUEST) != 1:
        yield Finding("code", name, f"it has {kinds.count(Kind.REQUEST)} requests")
    if (reservation.state is State.RETURNED) != (Kind.RETURN in kinds):
        yield Finding("state", name, f"it is {reservation.state}, and its return code says otherwise")
    confirmed = [one.sequence for one in codes if one.kind in _CONFIRMING and one.sequence is not None]
    newest = max(confirmed, default=None)
    if reservation.state.is_open and reservation.confirmed != newest:
        yield Finding("state", name, f"confirmed is {reservation.confirmed}, and its codes confirm {newest}")
    if not reservation.state.is_open and _wrongly_released(books, standing, codes):
        yield Finding("state", name, "its return leaves its hold in doubt, and nobody released it")
    if not reservation.state.is_open and reservation.confirmed not in {None, *confirmed}:
        yield Finding("state", name, f"confirmed is {reservation.confirmed}, and no code confirms that")


_CONFIRMING: dict[Kind | UnsignedKind, Grade] = {
    Kind.CONFIRMATION: Grade.SIGNED,
    UnsignedKind.SHORT: Grade.MAC,
}


def _may_have(reservation: Reservation, grades: set[Grade | None]) -> bool:
    """Tell whether a reservation's grade is one that its codes give; what comes after the end raises none."""
    highest = next((one for one in Grade if one in grades), None)
    return reservation.grade is highest or (not reservation.state.is_open and reservation.grade in grades)


def _check_grade(reservation: Reservation, codes: tuple[StoredCode, ...]) -> Iterator[Finding]:
    """Compare a reservation's grade with the codes that confirm its sequence."""
    grades = {_CONFIRMING.get(one.kind) for one in codes if one.sequence == reservation.confirmed}
    if reservation.confirmed is not None and not _may_have(reservation, grades):
        yield Finding(
            "state",
            f"reservation {reservation.name}",
            f"its grade is {reservation.grade}, and its codes say otherwise",
        )


def _check_shorts(
    books: Reading, issuer: Issuer | None, standing: Standing, codes: tuple[StoredCode, ...]
) -> Iterator[Finding]:
    """Compare every short confirmation with the authorization that it confirms."""
    name = f"reservation {standing.reservation.name}"
    ids = {one.sequence: one.code_id for one in standing.issued}
    for stored in codes:
        if stored.kind is not UnsignedKind.SHORT or stored.sequence is None:
            continue
        installed = Installed(standing.reservation.id, ids.get(stored.sequence, b""), stored.sequence)
        # Another issuer's private key may be gone for good: its MACs are believed as they were.
        tester = issuer if issuer and is_signed_by(books, issuer, installed) else None
        problem = _problem_of_short(tester, standing.reservation, stored, installed)
        if problem:
            yield Finding("code", name, f"its stored short confirmation is wrong: {problem}")


def _problem_of_short(
    issuer: Issuer | None, reservation: Reservation, stored: StoredCode, installed: Installed
) -> str | None:
    try:
        code = inspect_short(stored.text).code
        if code.text != stored.text:
            return "its text was changed"
        if short_id(installed) != stored.id:
            return "its id is another one"
        if (code.request_hint, code.number_end) != (long_hint(reservation.id), installed.number_end):
            return "it is of another authorization"
        if issuer is not None:
            matched(code, installed, issuer=issuer.key, device=VerifyingKey(reservation.device_key))
    except CodecError as error:
        return error.message
    return None


def _wrongly_released(books: Reading, standing: Standing, codes: tuple[StoredCode, ...]) -> bool:
    """Tell whether a return's reason to keep the hold was dropped without a decision."""
    reservation = standing.reservation
    closing = next((one for one in codes if one.kind is Kind.RETURN), None)
    if closing is None or reservation.kept is not None:
        return False
    try:
        value = inspect(closing.text).code.unverified
    except CodecError:
        return False  # It is a finding of its own.
    if not isinstance(value, Return) or reason_to_keep(reservation, value) is None:
        return False
    made = books.decisions_of(reservation.id)
    return not any(one.kind is DecisionKind.RELEASE and one.outcome is Outcome.APPROVED for one in made)


def _problem_of(
    books: Reading,
    history: IssuerHistory,
    standing: Standing,
    stored: StoredCode,
    ids: Mapping[Sequence, bytes],
) -> str | None:
    inspected = inspect(stored.text)
    code = inspected.code
    if inspected.repairs:
        return f"its text was changed in group {inspected.repairs[0].group}"
    if code.kind is not stored.kind:
        return "it is of another kind"
    if _verified_id(history, standing.reservation, code, ids) != stored.id:
        return "its id is another one"
    if isinstance(code.unverified, Authorization):
        return _problem_of_lines(books, standing, stored, code.unverified)
    return None


def _verified_id(
    history: IssuerHistory,
    reservation: Reservation,
    code: UnverifiedCode[Code],
    ids: Mapping[Sequence, bytes],
) -> bytes:
    """Verify a stored code for the reservation that it is stored with."""
    key = VerifyingKey(reservation.device_key)
    if code.kind is Kind.REQUEST:
        return verify_request(require_kind(code, Request)).id
    if code.kind is Kind.AUTHORIZATION:
        found = history.verified(require_kind(code, Authorization), reservation.id)
        if found is None:
            raise NotGenuineError("no issuer that was ever in use here signed it")
        return found[0].id
    if code.kind is Kind.RETURN:
        return verify_return(require_kind(code, Return), key, request_id=reservation.id).id
    confirmation = require_kind(code, Confirmation)
    issued = ids.get(confirmation.unverified.sequence, b"")
    return verify_confirmation(confirmation, key, request_id=reservation.id, authorization_id=issued).id


def _problem_of_lines(
    books: Reading, standing: Standing, stored: StoredCode, value: Authorization
) -> str | None:
    if value.sequence != stored.sequence:
        return "its sequence is another one"
    tags = books.tags_at(tuple(line.tag for line in value.lines if isinstance(line.tag, int)))
    granted = sort_lines(
        tuple(
            Line(
                tags.get(line.tag, "") if isinstance(line.tag, int) else line.tag,
                line.count,
                line.term,
                line.export_controlled,
                line.reporting_only,
            )
            for line in value.lines
        )
    )
    taken = spelled_lines(
        standing.allocations.get(value.sequence, {}),
        standing.lots,
        standing.limits.get(value.sequence, {}),
    )
    return None if granted == taken else "it grants other lines than were allocated for it"
