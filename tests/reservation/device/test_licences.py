"""What is licensed on a day, what the clock has to do with it, and how the device says so."""

from datetime import UTC, date, datetime, timedelta

import pytest

from codec.codes import TIME_ZERO, Line, Mode, Term
from reservation.device.answers import LineStanding, reported
from reservation.device.clock import clock_notes, effective_now, floor_of
from reservation.device.licences import grant_of
from tests.reservation.device.far_side import CATALOGUE, FACTS, OTHER_FACTS, START, Bench

YEAR = Term(date(2026, 3, 1), date(2027, 2, 28))

# --- counts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "licensed"),
    [
        pytest.param(date(2026, 2, 28), 5, id="before the term"),
        pytest.param(date(2026, 3, 1), 8, id="first day"),
        pytest.param(date(2027, 2, 28), 8, id="last day"),
        pytest.param(date(2027, 3, 1), 5, id="after the term"),
    ],
)
def test_counts_of_the_lines_in_force_are_added(day: date, licensed: int) -> None:
    grant = grant_of([Line("VPN", 5), Line("VPN", 3, YEAR), Line("FIREWALL", 50)], Mode.SPECIFIC)
    assert grant.covers("VPN", licensed, day)
    assert not grant.covers("VPN", licensed + 1, day)


def test_flags_do_not_change_what_is_licensed() -> None:
    lines = [Line("VPN", 1), Line("VPN", 2, export_controlled=True), Line("VPN", 4, reporting_only=True)]
    assert grant_of(lines, Mode.SPECIFIC).available("VPN", YEAR.start) == 7


@pytest.mark.parametrize(
    ("lines", "mode", "universal"),
    [
        pytest.param([Line("UNIVERSAL", 1)], Mode.UNIVERSAL, True, id="as asked"),
        pytest.param([Line("EVERYTHING-9000", 1)], Mode.UNIVERSAL, True, id="named for the product"),
        pytest.param([Line("UNIVERSAL", 1)], Mode.SPECIFIC, True, id="by its tag"),
        pytest.param([Line("UNIVERSAL", 1), Line("VPN", 1)], Mode.SPECIFIC, True, id="beside another"),
        pytest.param([Line("VPN", 1)], Mode.SPECIFIC, False, id="one line of a specific request"),
        pytest.param([Line("VPN", 1), Line("FIREWALL", 1)], Mode.UNIVERSAL, False, id="two named lines"),
    ],
)
def test_a_universal_line_licenses_everything(lines: list[Line], mode: Mode, universal: bool) -> None:
    assert grant_of(lines, mode).covers("ANYTHING", 1000, YEAR.start) is universal


def test_a_universal_line_ends_with_its_term() -> None:
    grant = grant_of([Line("UNIVERSAL", 1, YEAR), Line("VPN", 2)], Mode.UNIVERSAL)
    assert grant.covers("VPN", 3, YEAR.end)
    after = YEAR.end + timedelta(days=1)
    assert grant.covers("VPN", 2, after)
    assert not grant.covers("VPN", 3, after)


@pytest.mark.parametrize(
    ("day", "standing", "days_left"),
    [
        pytest.param(date(2026, 2, 27), LineStanding.NOT_BEGUN, 366, id="not begun"),
        pytest.param(date(2026, 3, 1), LineStanding.IN_FORCE, 364, id="first day"),
        pytest.param(date(2027, 2, 28), LineStanding.IN_FORCE, 0, id="last day"),
        pytest.param(date(2027, 3, 1), LineStanding.ENDED, 0, id="ended"),
    ],
)
def test_a_line_is_reported_as_of_a_day(day: date, standing: LineStanding, days_left: int) -> None:
    found = reported(Line("VPN", 1, YEAR), day)
    assert (found.standing, found.days_left) == (standing, days_left)


# --- answers -----------------------------------------------------------------------------------


def test_a_check_says_why(bench: Bench) -> None:
    device = bench.initialise()
    said = [device.check("VPN").reason]
    request = device.request().code
    said.append(device.check("VPN").reason)
    later = Term(date(2026, 6, 1), date(2026, 6, 30))
    earlier = Term(date(2026, 1, 1), date(2026, 1, 31))
    lines = (Line("VPN", 2, YEAR), Line("FIREWALL", 1, later), Line("FIREWALL", 4, earlier))
    device.install(bench.vendor.authorize(request, *lines))
    said += [
        device.check(*asked).reason for asked in (("VPN", 2), ("VPN", 3), ("FIREWALL",), ("ESSENTIALS",))
    ]
    device.give_back()
    said.append(device.check("VPN").reason)
    assert said == [
        "This device holds no reservation.",
        "The request of this device is pending; no authorization is installed yet.",
        "2 of VPN licensed (the first line ends on 2027-02-28, UTC).",
        "2 of VPN licensed, 3 needed.",
        "0 of FIREWALL licensed, 1 needed. 4 ended on 2026-01-31. 1 begin on 2026-06-01.",
        "The authorization on this device does not name ESSENTIALS.",
        "The reservation of this device was given back.",
    ]


def test_check_of_everything(bench: Bench) -> None:
    device = bench.initialise()
    device.install(
        bench.vendor.authorize(device.request(mode=Mode.UNIVERSAL).code, Line("UNIVERSAL", 1, YEAR))
    )
    check = device.check("VPN", 500)
    assert check.licensed
    assert check.reason.startswith("Everything is licensed on this device, VPN with it")
    assert device.status().universal
    bench.clock.now = datetime(2027, 3, 1, tzinfo=UTC)
    assert device.check("VPN").reason == "0 of VPN licensed, 1 needed. 1 ended on 2027-02-28."
    assert not device.status().universal


@pytest.mark.parametrize("count", [1, 10, 11])
def test_check_entitled_and_status_agree(bench: Bench, count: int) -> None:
    device = bench.reserved(Line("VPN", 10))
    assert device.check("VPN", count).licensed is device.entitled("VPN", count) is (count <= 10)


def test_a_status_tells_the_lines_as_of_now(bench: Bench) -> None:
    device = bench.reserved(Line("VPN", 10, YEAR), Line("HOME-GROWN", 1))
    bench.clock.advance(days=10)
    status = device.status()
    assert [(each.line.tag, each.days_left) for each in status.lines] == [("HOME-GROWN", None), ("VPN", 354)]
    assert status.licensed
    assert (status.issued_at, status.installed_at) == (START, START)
    assert status.required_matches == (3, 5)
    assert status.clock == status.hardware == ()
    assert device.codes()[0].id == status.request_id


def test_nothing_is_licensed_on_a_copy(bench: Bench) -> None:
    bench.reserved(Line("VPN", 10))
    bench.facts = OTHER_FACTS
    copy = bench.open()
    assert not copy.entitled("VPN")
    check = copy.check("VPN")
    assert not check.licensed
    assert "Changed: machine id, board serial, disk sda, MAC eth0, CPU." in check.reason
    status = copy.status()
    assert not status.licensed
    assert "0 of 5 components match; 3 must." in status.hardware[0]


def test_a_replaced_part_is_reported_and_tolerated(bench: Bench) -> None:
    bench.reserved(Line("VPN", 10))
    bench.facts = FACTS | {"MAC eth0": "00:1b:21:00:00:01"}
    device = bench.open()
    assert device.entitled("VPN", 10)
    assert device.status().hardware == ("Changed: MAC eth0. 4 of 5 components match; 3 must.",)


def test_tags_without_a_catalogue(bench: Bench) -> None:
    device = bench.initialise(catalogue=None)
    device.install(bench.vendor.authorize(device.request().code, Line("VPN", 2)))
    assert bench.open().entitled("VPN", 2)


def test_a_state_says_its_tags_by_the_catalogue_of_its_request(bench: Bench) -> None:
    device = bench.initialise()
    device.install(
        bench.vendor.authorize(device.request().code, *(Line(tag, 1) for tag in CATALOGUE.tags[:3]))
    )
    assert [each.line.tag for each in device.status().lines] == ["ADVANTAGE", "ESSENTIALS", "FIREWALL"]


# --- the clock ---------------------------------------------------------------------------------

ISSUED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("issued_at", "signed_at", "floor"),
    [
        pytest.param(None, (), TIME_ZERO, id="nothing installed"),
        pytest.param(ISSUED, (), ISSUED, id="installed"),
        pytest.param(
            ISSUED, (ISSUED + timedelta(days=2),), ISSUED + timedelta(days=2), id="raised by a code"
        ),
        pytest.param(ISSUED, (ISSUED - timedelta(days=2),), ISSUED, id="never lowered"),
        pytest.param(ISSUED, (datetime(2099, 1, 1, tzinfo=UTC),), ISSUED, id="one boot in 2099"),
    ],
)
def test_the_floor(issued_at: datetime | None, signed_at: tuple[datetime, ...], floor: datetime) -> None:
    assert floor_of(issued_at, signed_at) == floor


def test_a_clock_that_was_set_back_wins_no_time(bench: Bench) -> None:
    device = bench.initialise()
    line = Line("VPN", 1, Term(date(2026, 3, 1), date(2026, 3, 10)))
    authorization = bench.vendor.authorize(device.request().code, line)
    bench.clock.advance(days=12)
    device.install(authorization)
    assert not device.entitled("VPN")
    for moment in (START, datetime(1970, 1, 1, tzinfo=UTC)):
        bench.clock.now = moment
        assert not bench.open().entitled("VPN")
        assert "Set the clock" in bench.open().status().clock[0]


def test_a_clock_at_its_epoch_still_has_what_was_issued(bench: Bench) -> None:
    device = bench.initialise()
    bench.clock.now = datetime(1970, 1, 1, tzinfo=UTC)
    line = Line("VPN", 1, Term(START.date(), START.date() + timedelta(days=30)))
    device.install(bench.vendor.authorize(device.request().code, line))
    assert device.entitled("VPN")
    assert device.status().now == START


def test_one_boot_in_2099_ends_nothing_for_good(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    bench.clock.now = datetime(2099, 1, 1, tzinfo=UTC)
    installation = device.install(bench.vendor.authorize(request, Line("VPN", 1, YEAR)))
    assert "If that is wrong, set the clock" in " ".join(installation.notes)
    assert not device.entitled("VPN")
    bench.clock.now = START + timedelta(days=1)
    assert bench.open().entitled("VPN")


def test_a_newer_sequence_starts_the_floor_anew(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    bench.clock.now = START + timedelta(days=300)
    device.install(bench.vendor.authorize(request))
    bench.clock.now = START
    assert device.status().now == START + timedelta(days=300)
    update = bench.vendor.authorize(request, number=2, issued_at=START + timedelta(days=7))
    device.install(update)
    assert device.status().now == START + timedelta(days=7)


def test_order_is_by_sequence_and_never_by_time(bench: Bench) -> None:
    device = bench.initialise()
    request = device.request().code
    device.install(bench.vendor.authorize(request, Line("VPN", 5), number=1, issued_at=START))
    earlier = bench.vendor.authorize(request, Line("VPN", 9), number=2, issued_at=START - timedelta(days=90))
    device.install(earlier)
    assert device.entitled("VPN", 9)


@pytest.mark.parametrize("year", [1970, 2400])
def test_a_request_can_be_made_by_any_clock(bench: Bench, year: int) -> None:
    bench.clock.now = datetime(year, 1, 1, tzinfo=UTC)
    assert bench.initialise().request().code.value.code_number == 1


@pytest.mark.parametrize(
    ("clock", "notes"),
    [
        pytest.param(ISSUED - timedelta(hours=20), 0, id="hours behind"),
        pytest.param(ISSUED - timedelta(days=2), 1, id="days behind"),
        pytest.param(ISSUED + timedelta(days=900), 0, id="years later"),
        pytest.param(ISSUED + timedelta(days=4000), 1, id="many years later"),
    ],
)
def test_a_clock_far_off_is_reported(clock: datetime, notes: int) -> None:
    assert len(clock_notes(clock, ISSUED)) == notes


def test_a_clock_before_everything_is_reported_on_a_new_device() -> None:
    assert len(clock_notes(datetime(1970, 1, 1, tzinfo=UTC), TIME_ZERO)) == 1
    assert clock_notes(START, TIME_ZERO) == ()


def test_effective_now_is_the_later_one() -> None:
    assert effective_now(ISSUED, ISSUED + timedelta(days=1)) == ISSUED + timedelta(days=1)
    assert effective_now(ISSUED, TIME_ZERO) == ISSUED
