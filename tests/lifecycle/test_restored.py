"""Every row of the table of restored portals, by commands: what is given, what happens, what is written."""

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.lifecycle.hands import Answer
from tests.lifecycle.outcome import Row
from tests.lifecycle.portal_scene import COUNTS, PortalScene
from tests.lifecycle.restored_table import RESTORED
from tests.lifecycle.test_cli import TypedPortal

END = ("portal", "quarantine", "--end", "--reason", "all is here", "--json")
APPROVE = ("portal", "quarantine", "--approve", "--user", "lee", "--json")


class RestoredScene(PortalScene):
    """A portal that has forgotten something."""

    def __init__(self, hands: TypedPortal, state: str) -> None:
        super().__init__(hands)
        self.desk = hands.desk
        if state.startswith("update"):
            self.issue(1, 2)
            self.accept(self.confirmation(2, code_number=2))
        self.known = max(self.authorizations, default=0)
        shutil.copy(hands.database, hands.folder / "backup.db")
        self.issue(self.known + 1)
        self.forgotten = self.known + 1
        for ending in ("-wal", "-shm"):
            hands.database.with_name(f"portal.db{ending}").unlink(missing_ok=True)
        shutil.copy(hands.folder / "backup.db", hands.database)
        self.desk.done("portal", "list", on="portal")
        if state.endswith("ended"):
            assert self.end().error == ""

    def give(self, *codes: str) -> Answer:
        """Give the portal codes, and return what came of the last."""
        return [self.hands.accept(code) for code in codes][-1]

    def end(self) -> Answer:
        """Let two persons end the quarantine."""
        proposed = Answer.of_run(self.desk.run(*END, on="portal"))
        return proposed if proposed.error else Answer.of_run(self.desk.run(*APPROVE, on="portal"))

    @property
    def authorization(self) -> str:
        """The forgotten authorization."""
        return self.authorizations[self.forgotten].text


Act = Callable[[RestoredScene], Answer]

#: What is given before, and what is given then.
GIVEN: dict[str, tuple[Act | None, Act]] = {
    "Q": (None, lambda it: it.give(it.request.text)),
    "A": (None, lambda it: it.give(it.authorization)),
    "A after Q": (lambda it: it.give(it.request.text), lambda it: it.give(it.authorization)),
    "Q after A and C": (
        lambda it: it.give(it.authorization, it.confirmation(it.forgotten)),
        lambda it: it.give(it.request.text),
    ),
    "A after C": (
        lambda it: it.give(it.confirmation(it.forgotten)),
        lambda it: it.give(it.authorization),
    ),
    "C": (None, lambda it: it.give(it.confirmation(it.forgotten))),
    "R": (None, lambda it: it.give(it.give_back(it.forgotten))),
    "A known": (None, lambda it: it.give(it.authorizations[max(1, it.known)].text)),
    "reserve": (None, lambda it: it.hands.reserve(it.request.text, COUNTS[max(it.known, 1) - 1])),
    "update": (None, lambda it: it.hands.update(it.request.text, 7)),
    "reissue": (None, lambda it: it.hands.reissue(it.request.text)),
    "end": (None, RestoredScene.end),
}


def test_every_pair_has_one_row() -> None:
    pairs = [(row.state, row.code) for row in RESTORED.rows]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == set(product(RESTORED.states, RESTORED.codes))
    assert GIVEN.keys() == RESTORED.codes.keys()


@pytest.mark.parametrize("row", [row for row in RESTORED.rows if row.outcome.possible], ids=str)
def test_a_restored_portal_given_a_code(row: Row, portal_folder: Path) -> None:
    scene = RestoredScene(TypedPortal(portal_folder), row.state)
    first, then = GIVEN[row.code]
    if first:
        first(scene)
    outcome, before = row.outcome, scene.books()
    answer = then(scene)
    after = scene.books()
    assert (answer.exit, answer.error, answer.again) == (outcome.exit, outcome.error, outcome.again), answer
    assert after.events == (*before.events, *outcome.writes)
    assert outcome.writes or after.rows == before.rows, "a refusal, or an answer given again, writes nothing"
    assert after.state == (outcome.then or before.state)
    assert scene.hands.audit()
