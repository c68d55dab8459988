"""A checkpoint that a power cut left older, torn or gone: that is explained, and never taken for a restore.

It is written over in place, without a sync (record 20). A sector is whole or not there, so of a checkpoint an
older one may be found; what a worse disk leaves is tried here as well.
"""

import pytest

from tests.faults.scenes import DATABASE, Scene
from tests.power.bench import Bench, named
from tests.power.cuts import cuts_of
from tests.power.history import History

CHECKPOINT = "office/keys/checkpoint"
RESERVE = "portal reserve --file paper/request.txt --as-requested"


@pytest.fixture
def scene(history: History) -> Scene:
    """A portal that is about to reserve."""
    return history.scene("requested").copy(history.root.with_name("trial"))


def left(scene: Scene, older: bytes) -> dict[str, bytes | None]:
    """Return what could be found in place of a checkpoint, by name; None: no file."""
    newest = (scene.folder / CHECKPOINT).read_bytes()
    return {
        "gone": None,
        "empty": b"",
        "zeros": bytes(len(newest)),
        "cut short": newest[:100],
        "something of each": newest[:100] + older[100:],
        "zeros at its end": newest[:100] + bytes(412),
    }


def test_an_older_checkpoint_is_as_good_as_the_newest(history: History, scene: Scene) -> None:
    for stage in ("founded", "priced", "staffed"):
        trial = scene.copy(scene.folder.with_name("look"))
        older = (history.scene(stage).folder / CHECKPOINT).read_bytes()
        assert older != (trial.folder / CHECKPOINT).read_bytes()
        (trial.folder / CHECKPOINT).write_bytes(older)
        ran = trial.run(history.launcher, RESERVE)
        assert (ran.code, bool(ran.out)) == (0, True), ran.err


def test_without_a_whole_checkpoint_a_person_decides_and_nothing_is_quarantined(
    history: History, scene: Scene
) -> None:
    older = (history.scene("founded").folder / CHECKPOINT).read_bytes()
    for name, found in left(scene, older).items():
        trial = scene.copy(scene.folder.with_name("look"))
        (trial.folder / CHECKPOINT).unlink()
        if found is not None:
            (trial.folder / CHECKPOINT).write_bytes(found)
        refused = trial.run(history.launcher, RESERVE)
        assert (refused.code, refused.out) == (1, ""), (name, refused)
        assert "checkpoint" in refused.err, (name, refused.err)
        assert "--adopt" in refused.err, (name, refused.err)
        assert trial.run(history.launcher, "portal quarantine").out.startswith("Quarantine  no\n"), name
        adopted = trial.run(history.launcher, "portal quarantine --adopt --reason power")
        assert adopted.code == 0, (name, adopted.err)
        assert trial.run(history.launcher, RESERVE).code == 0, name


def test_cuts_do_leave_older_checkpoints(history: History, bench: Bench) -> None:
    """Or `test_cuts.py` would say nothing about them."""
    run = history.run(named("accept return"), history.root.with_name("trial"))
    found = {cut.state[CHECKPOINT] for cut in cuts_of(run, 60, "checkpoint")}
    assert len(found) >= 2
    assert all(cut.state[DATABASE] for cut in cuts_of(run, 60, "checkpoint"))
