"""The borders of the rules, as the functions without I/O keep them: last day, greatest number, first refusal.

What the rules do together is in the scenarios (`test_scenarios`, `test_failures`, `test_terms`); here is what
no scenario meets, because it lies just beside what people do.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from codec.codes import LAST_MINUTE, MAX_COUNT, Kind, Mode, Request, Sequence, Term
from codec.envelope import VerifiedCode
from reservation import limits, rules
from reservation.answers import count_wrong
from reservation.errors import (
    InsufficientError,
    IssuerNotValidError,
    MatchTooLowError,
    NothingWantedError,
    OpenReservationError,
    ReservationClosedError,
    RuleError,
    UniversalRequestError,
)
from reservation.lots import Position, Preference, Stock, TermChoice, available_of, choose
from reservation.model import (
    DEFAULT_POLICY,
    MOST_WRONG,
    UNIVERSAL_TAG,
    EventKind,
    Exposure,
    Held,
    Limit,
    Lot,
    PortalIdentity,
    Product,
    Reservation,
    Stamp,
    State,
    StoredCode,
    WantedLine,
)
from reservation.standing import Changes, IssuedSequence
from tests.reservation.portal.appliance import START, Appliance
from tests.reservation.portal.values import (
    DATED,
    DAY,
    FIRST,
    LOTS,
    PERPETUAL,
    PLACE,
    SECOND,
    STAMP,
    TODAY,
    reservation,
    standing,
)

# --- days ------------------------------------------------------------------------------------------


def test_a_day_of_return_may_be_today_and_not_be_over() -> None:
    for day in (None, TODAY, TODAY + DAY):
        rules.require_to_come(day, STAMP)
    with pytest.raises(RuleError, match="is over"):
        rules.require_to_come(TODAY - DAY, STAMP)


def identity(issuer_from: date) -> PortalIdentity:
    return PortalIdentity(b"portal..", 0, 3, b"r" * 32, b"i" * 32, issuer_from)


@pytest.mark.parametrize(
    ("at", "issuer_from", "is_refused"),
    [
        (START, TODAY, False),
        (START, TODAY + DAY, True),
        (LAST_MINUTE, TODAY, False),
        (LAST_MINUTE + timedelta(minutes=1), TODAY, True),
    ],
)
def test_an_issuer_issues_from_its_first_day_to_the_last_minute_of_codes(
    at: datetime, issuer_from: date, is_refused: bool
) -> None:
    stamp = Stamp(at, "ann", b"\1" * 13)
    if is_refused:
        with pytest.raises(IssuerNotValidError):
            rules.require_valid_issuer(identity(issuer_from), stamp)
    else:
        rules.require_valid_issuer(identity(issuer_from), stamp)


@pytest.mark.parametrize(
    ("until", "terms"),
    [
        (None, {}),
        (date(2026, 6, 30), {FIRST: Term(TODAY, date(2026, 6, 30))}),
        (
            date(2026, 6, 29),
            {FIRST: Term(TODAY, date(2026, 6, 29)), SECOND: Term(date(2026, 1, 1), date(2026, 6, 29))},
        ),
        (TODAY, {FIRST: Term(TODAY, TODAY), SECOND: Term(date(2026, 1, 1), TODAY)}),
    ],
)
def test_lines_that_end_before_their_lots_have_a_term_of_their_own(
    until: date | None, terms: dict[bytes, Term]
) -> None:
    assert limits.shorter_terms({FIRST: 4, SECOND: 2}, LOTS, until, TODAY) == terms


def test_a_line_may_last_one_day_and_not_end_before_its_lot_begins() -> None:
    begins = TODAY + 10 * DAY
    lots = {FIRST: Lot(FIRST, "ROUTE", Term(begins, begins + DAY))}
    assert limits.shorter_terms({FIRST: 1}, lots, begins, TODAY) == {FIRST: Term(begins, begins)}
    with pytest.raises(RuleError, match="before this lot begins"):
        limits.shorter_terms({FIRST: 1}, lots, begins - DAY, TODAY)
    with pytest.raises(RuleError, match="would have ended"):
        limits.shorter_terms({}, {}, TODAY - DAY, TODAY)


@pytest.mark.parametrize(
    ("margin", "freed", "frees"),
    [(None, None, None), (0, None, 1), (3, None, 4), (3, 4, 5), (3, 3, 4), (3, 9, 10)],
)
def test_a_hold_is_free_after_the_margin_and_not_on_a_day_that_freed_already(
    margin: int | None, freed: int | None, frees: int | None
) -> None:
    end = date(2026, 6, 29)
    policy = replace(DEFAULT_POLICY, margin_days=margin)
    freed_on = None if freed is None else end + freed * DAY
    found = limits.limits_of({FIRST: Term(TODAY, end)}, policy, freed_on)
    assert found == {FIRST: Limit(Term(TODAY, end), None if frees is None else end + frees * DAY)}


LIMIT = Limit(Term(TODAY, TODAY + 5 * DAY), TODAY + 8 * DAY)
LATER = Limit(Term(TODAY, TODAY + 6 * DAY), TODAY + 9 * DAY)
NEVER = Limit(Term(TODAY, TODAY + 7 * DAY))


@pytest.mark.parametrize(
    ("confirmed", "freed_on", "day"),
    [
        (None, None, LIMIT.frees_on),
        (Sequence(0, 1), None, LIMIT.frees_on),
        (Sequence(0, 2), None, LATER.frees_on),
        (Sequence(0, 3), None, None),
        (None, TODAY + 7 * DAY, LIMIT.frees_on),
        (None, TODAY + 8 * DAY, LATER.frees_on),
        (None, TODAY + 9 * DAY, None),
    ],
)
def test_the_next_day_that_frees_is_the_first_that_has_not(
    confirmed: Sequence | None, freed_on: date | None, day: date | None
) -> None:
    known = {
        Sequence(0, 1): {FIRST: LIMIT, SECOND: NEVER},
        Sequence(0, 2): {FIRST: LATER},
        Sequence(0, 3): {FIRST: NEVER},
    }
    assert limits.next_freeing(known, confirmed, freed_on) == day


@pytest.mark.parametrize(
    ("day", "is_due"), [(None, False), (TODAY - DAY, True), (TODAY, True), (TODAY + DAY, False)]
)
def test_freeing_is_due_on_its_day(day: date | None, is_due: bool) -> None:
    assert limits.is_due(reservation(frees_next=day), TODAY) is is_due


def test_what_is_free_binds_no_more_from_its_day_on() -> None:
    limited = standing(limits={Sequence(0, 1): {FIRST: LIMIT, SECOND: NEVER}})
    assert limited.binding() == limited.allocations
    assert limited.binding(TODAY + 7 * DAY) == limited.allocations
    assert limited.binding(TODAY + 8 * DAY) == {Sequence(0, 1): {SECOND: 2}}
    posted = replace(limited, reservation=reservation(freed_on=TODAY + 8 * DAY))
    assert posted.binding() == {Sequence(0, 1): {SECOND: 2}}
    assert posted.binding(TODAY) == posted.allocations


def test_an_update_leaves_out_what_is_named_and_what_has_ended() -> None:
    last = DATED.term.end if DATED.term else TODAY
    on_last, after = (Stamp(START + (last - TODAY) + more, "ann", b"\1" * 13) for more in (0 * DAY, DAY))
    assert rules.carried_over(standing(), {}, on_last) == {FIRST: 4, SECOND: 2}
    assert rules.carried_over(standing(), {}, after) == {FIRST: 4}
    assert rules.carried_over(standing(), {"ROUTE": 1}, on_last) == {SECOND: 2}
    limited = standing(limits={Sequence(0, 1): {FIRST: Limit(Term(TODAY, TODAY))}})
    assert rules.carried_over(limited, {}, STAMP) == {FIRST: 4, SECOND: 2}
    assert rules.carried_over(limited, {}, Stamp(START + DAY, "ann", b"\1" * 13)) == {SECOND: 2}
    assert rules.kept_terms(limited, {FIRST: 1}) == {FIRST: Term(TODAY, TODAY)}
    assert rules.kept_terms(limited, {SECOND: 1}) == {}


def test_what_is_due_is_freed_and_said() -> None:
    due = standing(
        reservation(frees_next=LIMIT.frees_on, changed_at=START - DAY),
        limits={Sequence(0, 1): {FIRST: LIMIT, SECOND: LATER}},
    )
    day = Stamp.of(START + 8 * DAY, "ann", b"\1" * 7)
    assert limits.held_on(due, TODAY + 7 * DAY) == due.held
    assert limits.held_on(due, day.today) == {SECOND: Held(0, 2)}
    done = limits.free(due, day, 2)
    assert (done.event.id, done.event.kind) == (day.earlier_event_id(2), EventKind.LINE_ENDED)
    assert done.event.detail == {"on": day.today.isoformat()}
    assert done.held == {SECOND: Held(0, 2)}
    assert [(one.lot_id, one.count) for one in done.movements] == [(FIRST, 4)]
    assert done.reservation == replace(
        due.reservation,
        changed_at=day.at,
        freed_on=day.today,
        frees_next=LATER.frees_on,
        first_end=LATER.term.end,
    )


def test_what_is_closed_holds_what_was_posted() -> None:
    closed = standing(reservation(state=State.FAILED, closed_at=START), held={FIRST: Held(failed=1)})
    assert limits.held_on(closed, TODAY) == {FIRST: Held(failed=1)}


# --- what is recorded ------------------------------------------------------------------------------


def test_the_event_of_an_authorization_says_what_it_is() -> None:
    code = StoredCode(b"c" * 32, b"r" * 32, Kind.AUTHORIZATION, "A", Sequence(0, 2), None, None, START, "ann")
    issue = rules.Issue(Sequence(0, 2), {FIRST: 4, SECOND: 2}, LOTS, code, "DEFAULT", {SECOND: LIMIT})
    assert issue.detail() == {
        "authorization": (b"c" * 32).hex(),
        "sequence": str(Sequence(0, 2)),
        "virtual_account": "DEFAULT",
        "lines": {"ROUTE": 4, "CRYPTO": 2},
    }
    assert [(one.lot_id, one.count, one.limit) for one in issue.allocations()] == [
        (FIRST, 4, None),
        (SECOND, 2, LIMIT),
    ]


def test_a_reservation_is_listed_by_its_first_event_and_another_key_is_an_alert() -> None:
    tram = Appliance("tram")
    code = StoredCode(b"c" * 32, b"r" * 32, Kind.AUTHORIZATION, "A", Sequence(0, 1), None, None, START, "ann")
    issue = rules.Issue(Sequence(0, 1), {FIRST: 4}, LOTS, code, "DEFAULT", {FIRST: LIMIT})

    def made(former: Reservation | None) -> Changes:
        return rules.open_reservation(
            tram.request(), issue, STAMP, virtual_account_id=PLACE, former=former, first_event=2
        )

    closed = reservation(state=State.RETURNED)
    alerted = made(closed)
    assert alerted.event.id == STAMP.event_id(2)
    assert alerted.reservation is not None
    assert alerted.reservation.page_key == alerted.event.id
    assert alerted.reservation.frees_next == LIMIT.frees_on
    (alert,) = alerted.alerts
    assert (alert.id, alert.kind) == (STAMP.event_id(3), EventKind.KEY_CHANGED)
    assert alert.detail == {"former": closed.id.hex()}
    assert made(None).alerts == ()
    assert made(replace(closed, device_key=tram.key.verifying_key.raw)).alerts == ()


def test_an_update_waits_for_its_confirmation_since_the_oldest_one_that_waits() -> None:
    code = StoredCode(b"c" * 32, b"r" * 32, Kind.AUTHORIZATION, "A", Sequence(0, 2), None, None, START, "ann")
    issue = rules.Issue(Sequence(0, 2), {FIRST: 5}, LOTS, code, "DEFAULT", {FIRST: LATER})
    now = Stamp.of(START + DAY, "bob", b"\2" * 7)

    def after(**before: object) -> Reservation:
        one = standing(reservation(**before), limits={Sequence(0, 1): {FIRST: LIMIT}})
        changed = rules.record_update(one, issue, now).reservation
        assert changed is not None
        assert (changed.sequence, changed.changed_at) == (Sequence(0, 2), now.at)
        return changed

    waiting = after()
    assert (waiting.state, waiting.unconfirmed_since) == (State.ISSUED, START)
    assert waiting.frees_next == LIMIT.frees_on
    first = after(
        state=State.ACTIVE, confirmed=Sequence(0, 1), unconfirmed_since=None, freed_on=LIMIT.frees_on
    )
    assert (first.state, first.unconfirmed_since) == (State.UPDATING, now.at)
    assert first.frees_next == LATER.frees_on


@pytest.mark.parametrize("state", [State.RETURNED, State.FAILED, State.WRITTEN_OFF])
def test_a_closed_reservation_says_what_became_of_it(state: State) -> None:
    closed = reservation(state=state, closed_at=START)
    with pytest.raises(ReservationClosedError, match=f"{START:%Y-%m-%d %H:%M} UTC"):
        rules.require_open(closed)
    with pytest.raises(ReservationClosedError):
        rules.require_open(replace(closed, closed_at=None))


def test_the_lines_of_a_refusal_stand_in_order() -> None:
    assert "CRYPTO=2, ROUTE=4." in rules.refuse_other_lines(standing()).message
    assert "with no lines." in rules.refuse_other_lines(standing(allocations={})).message


def test_an_update_says_something_and_leaves_something() -> None:
    with pytest.raises(NothingWantedError):
        rules.updated_counts(standing(), {})
    with pytest.raises(NothingWantedError):
        rules.require_something(reservation(), {})
    rules.require_something(reservation(), {FIRST: 1})


def test_a_universal_reservation_stays_one() -> None:
    universal = standing(reservation(mode=Mode.UNIVERSAL))
    rules.require_universal(universal, {"ROUTE": 4, "CRYPTO": 2})
    rules.require_universal(standing(), {"ROUTE": 1})
    with pytest.raises(UniversalRequestError):
        rules.require_universal(universal, {"ROUTE": 3, "CRYPTO": 2})


def test_a_request_is_answered_by_the_newest_authorization_or_the_first() -> None:
    known = standing(
        reservation(sequence=Sequence(0, 3)),
        issued=tuple(IssuedSequence(Sequence(0, number), b"a" * 32, START) for number in (1, 2, 3)),
        allocations={Sequence(0, number): {FIRST: number} for number in (1, 2, 3)},
        limits={Sequence(0, 3): {FIRST: LIMIT}},
    )
    assert known.answers({"ROUTE": 3}, None) == Sequence(0, 3)
    assert known.answers({"ROUTE": 3, "CRYPTO": 0}, None) == Sequence(0, 3)
    assert known.answers({"ROUTE": 1}, None) == Sequence(0, 1)
    assert known.answers({"ROUTE": 2}, None) is None
    assert known.answers({"ROUTE": 3}, LIMIT.term.end) == Sequence(0, 3)
    assert known.answers({"ROUTE": 3}, LIMIT.term.end + DAY) is None
    # A line that ends with its lot has no term of its own.
    assert known.answers({"ROUTE": 1}, LIMIT.term.end) == Sequence(0, 1)


def test_what_is_exposed_is_added_up_until_it_is_cleared() -> None:
    exposures = (
        Exposure(FIRST, 2, b"e" * 16),
        Exposure(FIRST, 3, b"f" * 16),
        Exposure(SECOND, 1, b"e" * 16, cleared_by=b"g" * 16),
    )
    assert standing(exposures=exposures).exposed() == {FIRST: 5}


def test_what_is_taken_from_several_lots_is_added_up_by_tag() -> None:
    third = b"lot-0003"
    known = standing(
        allocations={Sequence(0, 1): {FIRST: 4, third: 5, SECOND: 1}},
        lots={**LOTS, third: Lot(third, "ROUTE", DATED.term)},
    )
    assert known.counts(Sequence(0, 1)) == {"ROUTE": 9, "CRYPTO": 1}
    assert known.counts(Sequence(0, 2)) == {}
    assert known.taken() == {FIRST: 4, third: 5, SECOND: 1}


def test_the_last_wrong_try_locks_short_confirmations() -> None:
    before = reservation(wrong_tries=MOST_WRONG - 2)
    near = count_wrong(before, STAMP)
    assert near.event.kind is EventKind.SHORT_WRONG
    assert near.event.detail == {"wrong_tries": MOST_WRONG - 1, "most": MOST_WRONG}
    assert near.reservation is not None
    locked = count_wrong(near.reservation, STAMP, number=3)
    assert locked.event.kind is EventKind.SHORT_LOCKED
    assert locked.event.id == STAMP.event_id(3)


# --- what is wanted --------------------------------------------------------------------------------


PRODUCT = Product("TR-100", universal_tag="FLEET")


def test_what_a_request_and_a_person_want() -> None:
    specific = Appliance("tram").request()
    universal = Appliance("tram").request(mode=Mode.UNIVERSAL)
    lines = (WantedLine("ROUTE", 2), WantedLine("ROUTE", 3), WantedLine("CRYPTO", 1))
    chosen = rules.LinesWanted({"ROUTE": 1})

    def wanted(choice: rules.Choice, request: VerifiedCode[Request], product: Product | None) -> object:
        return rules.wanted_counts(request.value, choice, lines, product)

    assert wanted(chosen, specific, PRODUCT) == {"ROUTE": 1}
    assert wanted(rules.LinesWanted({"ROUTE": 1, "CRYPTO": 0}), specific, None) == {"ROUTE": 1, "CRYPTO": 0}
    assert wanted(rules.Wanted.AS_REQUESTED, specific, None) == {"ROUTE": 5, "CRYPTO": 1}
    assert wanted(rules.Wanted.AS_REQUESTED, universal, None) == {UNIVERSAL_TAG: 1}
    assert wanted(rules.Wanted.UNIVERSAL, specific, None) == {UNIVERSAL_TAG: 1}
    assert wanted(rules.Wanted.UNIVERSAL, universal, PRODUCT) == {"FLEET": 1}
    with pytest.raises(UniversalRequestError, match="no entitlements of its own"):
        wanted(chosen, universal, None)
    # The device did not ask for everything, so it would take this line for an entitlement of that name.
    with pytest.raises(UniversalRequestError, match="did not ask"):
        wanted(rules.Wanted.UNIVERSAL, specific, PRODUCT)
    for nothing in ({}, {"ROUTE": 0}):
        with pytest.raises(NothingWantedError):
            wanted(rules.LinesWanted(nothing), specific, None)


def test_a_request_binds_at_least_as_tightly_as_its_product_or_the_portal_asks() -> None:
    request = Appliance("tram").request(required=3).value
    for product, default in (
        (None, 3),
        (Product("TR-100"), 3),
        (Product("TR-100", 3), 4),
        (Product("TR-100", 0), 4),
    ):
        rules.require_enough_matches(request, product, default)
    for product, default in ((None, 4), (Product("TR-100"), 4), (Product("TR-100", 4), 3)):
        with pytest.raises(MatchTooLowError):
            rules.require_enough_matches(request, product, default)


def test_a_device_has_one_open_reservation() -> None:
    tram = Appliance("tram")
    request = tram.request().value
    mine = reservation(device_key=tram.key.verifying_key.raw)
    rules.require_no_other(request, None)
    rules.require_no_other(request, replace(mine, state=State.RETURNED))
    with pytest.raises(OpenReservationError, match="has reservation") as same:
        rules.require_no_other(request, mine)
    assert same.value.other_key is None
    assert "device return" in same.value.hint
    with pytest.raises(OpenReservationError, match="another device key") as other:
        rules.require_no_other(request, reservation())
    assert other.value.other_key == reservation().id


# --- lots ------------------------------------------------------------------------------------------


def test_a_shortage_says_how_many_would_have_done() -> None:
    stock = [Stock(PERPETUAL, 5), Stock(Lot(b"lot-0009", "ROUTE"), 9, shortfall=1)]
    with pytest.raises(InsufficientError) as refusal:
        choose(
            {"ROUTE": 10},
            stock,
            Position(taken={FIRST: 2}, held={FIRST: Held(0, 2)}),
            term=Preference.LONGEST,
            today=TODAY,
            virtual_account="DEFAULT",
        )
    shortage = refusal.value.shortage
    assert shortage is not None
    # Seven are possible, five of them new: eight new ones would have been needed.
    assert (shortage.tag, shortage.wanted, shortage.needed) == ("ROUTE", 10, 8)


def drawn(wanted: dict[str, int], *stock: Stock, term: TermChoice = Preference.LONGEST) -> dict[bytes, int]:
    return choose(wanted, stock, Position(), term=term, today=TODAY, virtual_account="DEFAULT")


def test_a_named_lot_decides_for_its_own_entitlement_alone() -> None:
    third, fourth = Lot(b"lot-0003", "ROUTE"), Lot(b"lot-0004", "CRYPTO")
    stock = [Stock(one, 5) for one in (PERPETUAL, third, DATED, fourth)]
    both = {"ROUTE": 2, "CRYPTO": 2}
    assert drawn(both, *stock, term=b"lot-0003") == {b"lot-0003": 2, b"lot-0004": 2}
    assert drawn(both, *stock, term=SECOND) == {FIRST: 2, SECOND: 2}
    with pytest.raises(InsufficientError):
        drawn({"ROUTE": 6}, *stock, term=b"lot-0003")
    with pytest.raises(RuleError, match="none of the wanted"):
        drawn({"ROUTE": 2}, *stock, term=SECOND)


def test_a_lot_whose_end_was_posted_gives_nothing() -> None:
    posted = replace(DATED, expired=True)
    assert not posted.ended(TODAY)
    with pytest.raises(InsufficientError, match="no usable licence"):
        drawn({"CRYPTO": 1}, Stock(posted, 5))


def test_as_many_as_a_code_can_say_are_reserved_where_nothing_is_counted() -> None:
    reported = Stock(Lot(FIRST, "USAGE", reporting_only=True), 0)
    assert drawn({"USAGE": MAX_COUNT}, reported) == {FIRST: MAX_COUNT}
    for count in (-1, MAX_COUNT + 1):
        with pytest.raises(RuleError, match="not possible"):
            drawn({"USAGE": count}, reported)


def test_a_shortage_says_that_more_is_out_than_was_bought_only_where_it_is() -> None:
    short = Stock(Lot(b"lot-0009", "ROUTE"), 9, shortfall=1)
    with pytest.raises(InsufficientError, match="more of it is reserved than was bought"):
        drawn({"ROUTE": 6}, Stock(PERPETUAL, 5), short)
    with pytest.raises(InsufficientError) as refusal:
        drawn({"ROUTE": 6}, Stock(PERPETUAL, 5))
    assert "bought" not in refusal.value.message


def test_of_what_is_only_reported_any_number_is_available() -> None:
    reported = Stock(Lot(SECOND, "ROUTE", reporting_only=True), 0)
    assert available_of([Stock(PERPETUAL, 5), reported], TODAY) == MAX_COUNT


def test_what_is_available_leaves_out_what_is_short_or_over() -> None:
    short = Stock(Lot(b"lot-0009", "ROUTE"), 9, shortfall=1)
    posted = Stock(replace(PERPETUAL, expired=True), 3)
    over = Stock(Lot(SECOND, "ROUTE", Term(TODAY - DAY, TODAY - DAY)), 2)
    last = Stock(Lot(SECOND, "ROUTE", Term(TODAY, TODAY)), 7)
    assert available_of([Stock(PERPETUAL, 5), short, posted, over, last], TODAY) == 12
