"""The speed bench runs, and measures work that does what it says. Nothing here judges a time."""

from pathlib import Path

from benchmarks.content import Chance
from benchmarks.durable import RESERVE_LIMIT
from benchmarks.sizes import deal
from benchmarks.speed import (
    CHECK_LIMIT,
    HELP_LIMIT,
    QUICK,
    READ_LIMIT,
    SIGN_LIMIT,
    licensed_device,
    measure,
    mistyped,
    reading,
    requesting,
    signing,
)
from benchmarks.timing import Alone, Contest
from codec.reading import Received


def test_everything_is_measured_against_its_limit() -> None:
    speeds = measure(QUICK)
    limits = [one.limit for one in speeds.contests]
    assert limits == [READ_LIMIT, SIGN_LIMIT, None, HELP_LIMIT, CHECK_LIMIT, RESERVE_LIMIT]
    assert all(seconds > 0 for one in speeds.contests for seconds in (*one.ours, *one.floor))
    assert all(seconds > 0 for one in speeds.times for seconds in one.seconds)


def test_the_works_do_the_work() -> None:
    one = deal(3, seed=0)
    for work, code in ((reading(one), one.numbered), (requesting(one), one.exchange.request)):
        received = work()
        assert isinstance(received, Received)
        assert received.code == code
    assert signing(one)() == one.numbered.text


def test_four_characters_are_wrong() -> None:
    text = deal(3, seed=0).exchange.request.text
    damaged = mistyped(text, Chance("places"))
    assert sum(typed != meant for typed, meant in zip(damaged, text, strict=True)) == 4


def test_the_measured_device_is_licensed(tmp_path: Path) -> None:
    device = licensed_device(tmp_path / "device")
    assert device.entitled("ROUTER-BR-STANDARD")
    assert not device.entitled("ROUTER-BR-STANDARD", 2)


def test_the_ratio_is_taken_within_a_round() -> None:
    # A machine that becomes ten times slower half-way says nothing about either of the two.
    one = Contest("two", ours=(2.0, 20.0, 2.0), floor=(1.0, 10.0, 1.0), limit=2.0)
    assert one.ratio == 2
    assert one.met
    assert Contest("two", ours=(3.0,), floor=(1.0,), limit=2.0).cells()[-1] == "NO"


def test_a_time_above_its_limit_shows() -> None:
    assert Alone("one", seconds=(0.001,), limit_microseconds=999).cells()[-1] == "NO"
    assert Alone("one", seconds=(0.001,), limit_microseconds=1001).met
