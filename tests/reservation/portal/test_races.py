"""Several processes at once on one database: one wins, the others are told, and the books are right."""

import json
import subprocess
import sys
from pathlib import Path

from reservation import service
from reservation.bootstrap import Founded
from reservation.model import State
from reservation.service import Counts, LinesWanted, Portal
from tests.reservation.portal.appliance import Appliance

Result = dict[str, object]
Step = tuple[str, str, int]


def race(founded: Founded, url: str, *steps: Step) -> list[Result]:
    """Run each step in a process of its own, all let go at the same moment."""
    command = [
        sys.executable,
        "-m",
        "tests.reservation.portal.racer",
        url,
        str(founded.issuer_file),
    ]
    racers = [
        subprocess.Popen(
            [*command, step, device, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for step, device, count in steps
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    results = [racer.communicate(timeout=60)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * len(racers)
    return [json.loads(result) for result in results]


def test_one_gets_the_last_licence_and_the_others_are_told(
    portal: Portal, founded: Founded, url: str
) -> None:
    service.add_license(portal, "ROUTE", 1)
    results = race(founded, url, *(("reserve", name, 1) for name in ("tram", "boat", "tug", "van")))
    assert sorted(str(result.get("error", "won")) for result in results) == ["insufficient"] * 3 + ["won"]
    assert service.overview(portal)[0].counts == Counts(in_doubt=1, entitled=1)
    assert service.audit(portal) == ()


def test_one_request_in_several_processes_is_one_reservation(
    portal: Portal, founded: Founded, url: str
) -> None:
    service.add_license(portal, "ROUTE", 10)
    results = race(founded, url, *[("reserve", "tram", 2)] * 4)
    assert len({str(result["text"]) for result in results}) == 1
    assert sorted(bool(result["again"]) for result in results) == [False, True, True, True]
    assert service.overview(portal)[0].counts == Counts(available=8, in_doubt=2, entitled=10)
    assert service.audit(portal) == ()


def test_a_return_against_updates_ends_returned(portal: Portal, founded: Founded, url: str) -> None:
    service.add_license(portal, "ROUTE", 10)
    issued = service.reserve(portal, Appliance("tram").request(), choice=LinesWanted({"ROUTE": 1}))
    results = race(
        founded,
        url,
        ("update", "tram", 5),
        ("return", "tram", 0),
        ("update", "tram", 9),
        ("return", "tram", 0),
    )
    returns = [result for result in results if "kind" in result]
    assert [result["kind"] for result in returns] == ["returned", "returned"]
    assert sorted(bool(result["again"]) for result in returns) == [False, True]
    assert {str(result.get("error", "won")) for result in results} <= {"won", "reservation-closed"}
    details = service.show_reservation(portal, issued.reservation_id)
    assert details.summary.state is State.RETURNED
    assert service.overview(portal)[0].counts == Counts(available=10, entitled=10)
    assert service.audit(portal) == ()
