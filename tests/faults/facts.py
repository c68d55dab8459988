"""What both halves of a scene hold and say: the content of their files, and the answers of the program.

The content is read here, past the program: every row of the books, and the bytes of the device's files. The
answers (`portal audit`, `device status`, `device codes`, `keys show`) follow from the content, the clock and
the hardware, and the latter two stand still: so content that was seen before is not asked about again. That
a half opens at all is seen at every trial, since the command under trial is given again.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import apsw

from tests.faults.runs import Launcher
from tests.faults.scenes import CHANGED_KEY, DATABASE, KEY, KEYS, MADE_KEY, STATE, Scene

Facts = dict[str, Any]


class Observer:
    """Finds out the facts of scenes, and remembers the program's answers.

    Args:
        launcher: Runs the program.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._answers: dict[str, Any] = {}

    def facts(self, scene: Scene) -> Facts:
        """Return the facts of a scene; opening the books may tidy its folders."""
        content = {
            "rows": _rows(scene.folder),
            "device": _device(scene.folder),
            "signed": _digests(scene.folder, "root.trust-*"),
        }
        seen = json.dumps([content, _digests(scene.folder, "*.pem")])
        # The file of a key never repeats (its salt is random), so what is in it is asked every time.
        if (scene.folder / MADE_KEY).exists():
            return {**content, **self._ask(scene)}
        if seen not in self._answers:
            self._answers[seen] = self._ask(scene)
        return {**content, **self._answers[seen]}

    def _ask(self, scene: Scene) -> Facts:
        ran = scene.run(self._launcher, "", work="tests.faults.facts:tell")
        assert ran.code == 0, ran.err
        answers: Facts = json.loads(ran.out)
        return answers


def _rows(here: Path) -> dict[str, str] | str | None:
    """Return a digest of the rows of every table; None where there are no books."""
    if not (here / DATABASE).exists():
        return None
    try:
        return dict(_tables(here / DATABASE))
    except apsw.Error as error:
        return f"the books cannot be read: {error}"


def _tables(database: Path) -> Iterator[tuple[str, str]]:
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)) as books:
        names = [row[0] for row in books.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        for name in sorted(names):
            rows = sorted(map(repr, books.execute(f'SELECT * FROM "{name}"')))
            yield name, f"{len(rows)} rows, {hashlib.sha256(''.join(rows).encode()).hexdigest()[:16]}"


def _digests(here: Path, pattern: str) -> dict[str, str]:
    """Return digests of files in the folder of the portal's keys."""
    files = sorted((here / KEYS).glob(pattern))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _device(here: Path) -> list[str] | str | None:
    """Return digests of the device's files; a device begins with its key, which is written last."""
    state, key = here / STATE, here / KEY
    if state.exists() and key.exists():
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in (state, key)]
    if key.exists():
        return "the state is gone"
    begun = state.exists() and json.loads(state.read_bytes())["journal"]
    return "the key is gone" if begun else None


# --- in a child of the launcher ----------------------------------------------------------------


def tell() -> int:
    """Print the answers of the program in the scene in which this process runs."""
    here = Path.cwd()
    told: Facts = {}
    if (here / DATABASE).exists():
        told["audit"] = _ask("portal", "audit", "--json")
    if (here / STATE).exists() and (here / KEY).exists():
        told["status"] = _ask("device", "status", "--json")
        told["codes"] = _ask("device", "codes", "--json")
    if (here / MADE_KEY).exists():
        beside = Path(MADE_KEY).with_name("passphrase")
        passphrase = beside if (here / beside).exists() else "paper/passphrase"
        told["made key"] = _ask("keys", "show", MADE_KEY, "--passphrase-file", str(passphrase))
    if (here / CHANGED_KEY).exists():
        shown = _ask("keys", "show", CHANGED_KEY, "--passphrase-file", "paper/new-passphrase")
        # A portal whose making was cut off has no such file yet, and is the same portal.
        told |= {"changed": shown} if shown[0] == 0 else {}
    for file in sorted((here / KEYS).glob("issuer-*.pem")):
        told[file.name] = _ask("keys", "show", str(file), "--passphrase-file", "paper/passphrase")
    print(json.dumps(told))
    return 0


def _ask(*argv: str) -> list[Any]:
    from cli.main import run
    from cli.world import real_world
    from tests.program import repeatable

    out, err = StringIO(), StringIO()
    world = replace(repeatable(real_world()), stdout=out, stderr=err)
    return [run(argv, world), out.getvalue(), err.getvalue()]
