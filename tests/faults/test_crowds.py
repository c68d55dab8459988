"""Several processes on one portal, and one of them is killed or stands still: at each call, or anywhere."""

import pytest

from tests.faults.crowd import CHECKPOINT, STEPS, Crowd, Job, crowd_of
from tests.faults.outcomes import AREA, CROWDS, RANDOMLY
from tests.faults.trial import Bench
from tests.outcomes import SEED, keep

DEVICES = tuple(f"SN{number}" for number in range(6))
STOCK = 10


def at_step(bench: Bench, step: str) -> tuple[Crowd, Job, list[Job]]:
    """Return a crowd, the job of its first device, and what others do beside it: another, and the same."""
    crowd = crowd_of(bench, "crowd", DEVICES[:2])
    for _ in range(STEPS.index(step)):
        assert crowd.alone(crowd.job(DEVICES[0])) == []
    job = crowd.job(DEVICES[0])
    return crowd, job, [crowd.job(DEVICES[1]), job]


def stand(bench: Bench, step: str, then: str, which: slice) -> tuple[list[str], int]:
    """Let a job stand still at calls of it; return what was wrong, and at how many calls."""
    crowd, job, others = at_step(bench, step)
    points = crowd.points(job)[which]
    assert len(points) >= 10
    found = [problem for point in points for problem in crowd.stands_still(job, others, point, then)]
    return found, len(points)


@pytest.mark.parametrize(("step", "then", "first"), [("reserve", "dies", 0), ("return", "goes on", 1)])
def test_others_go_on_beside_one_that_stands_still(bench: Bench, step: str, then: str, first: int) -> None:
    """At every other call: the one that dies, and the one that goes on, share them."""
    found, _ = stand(bench, step, then, slice(first, None, 2))
    assert found == []


def test_of_two_that_write_the_first_checkpoint_the_newer_one_stays(bench: Bench) -> None:
    crowd = crowd_of(bench, "crowd", ())
    (crowd.scene.folder / CHECKPOINT).unlink()
    job = Job("", "adopt", "portal quarantine --adopt --reason seen", "")
    points = [point for point in crowd.points(job) if point.path.endswith("checkpoint")]
    assert len(points) >= 5
    assert [problem for point in points for problem in crowd.stands_still(job, [job], point, "goes on")] == []


@pytest.mark.soak
@pytest.mark.parametrize("then", ["dies", "goes on"])
@pytest.mark.parametrize("step", STEPS)
def test_others_go_on_beside_any_that_stands_still(bench: Bench, step: str, then: str) -> None:
    found, points = stand(bench, step, then, slice(None))
    keep(AREA, CROWDS, f"{step} {then}", {"points": points, "bad": found[:3]})
    assert found == []


def live_together(bench: Bench, seed: str, kills: int) -> Crowd:
    crowd = crowd_of(bench, "crowd", DEVICES, seed)
    while crowd.killed < kills:
        assert crowd.round() == []
    assert crowd.come_home() == []
    assert crowd.books().available == STOCK
    return crowd


def test_a_crowd_survives_random_kills(bench: Bench) -> None:
    live_together(bench, seed="1", kills=8)


#: Each kill is followed by a look at all the books: a new portal now and then keeps that short.
MANY, KILLS_OF_A_PORTAL = 500, 50


@pytest.mark.soak
def test_crowds_survive_many_random_kills(bench: Bench) -> None:
    killed = refused = 0
    for number in range(MANY // KILLS_OF_A_PORTAL):
        found = {"seed": SEED, "portals": number + 1}
        try:
            crowd = live_together(bench, f"{SEED}/{number}", KILLS_OF_A_PORTAL)
        except BaseException as error:
            keep(AREA, CROWDS, RANDOMLY, {**found, "points": killed, "bad": [repr(error)]})
            raise
        killed, refused = killed + crowd.killed, refused + crowd.refused
        keep(AREA, CROWDS, RANDOMLY, {**found, "points": killed, "bad": []})
    assert refused


#: What is planted, at which step and at calls on which file it is seen, what becomes of whoever stands still
#: there, and the words for it.
PLANTED = (
    ("show_before_commit", "reserve", "wal", "dies", "told to be done, and is not"),
    ("keep_checkpoint_before_commit", "return", "checkpoint", "dies", "taken for copied back"),
    ("keep_checkpoint_over_newer", "return", "checkpoint", "goes on", "was turned back"),
    ("look_at_books_first", "return", "checkpoint", "goes on", "exit code"),
    ("give_up_at_once", "return", "wal", "goes on", "exit code 7 after 0."),
    ("take_the_lock_late", "return", "wal", "goes on", "exit code 7 after 0."),
)


@pytest.mark.parametrize(("name", "step", "file", "then", "words"), PLANTED, ids=lambda value: value)
def test_a_planted_fault_is_noticed(
    bench: Bench, name: str, step: str, file: str, then: str, words: str
) -> None:
    """It stands still at one call after another, until that is seen."""
    crowd, job, others = at_step(bench, step)
    crowd.plant = name
    points = [point for point in crowd.points(job) if point.path.endswith(file)]
    found = (problem for point in points for problem in crowd.stands_still(job, others, point, then))
    assert any(words in problem for problem in found)
