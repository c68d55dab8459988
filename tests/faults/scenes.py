"""The folders on which commands are tried: a portal's office, a router, and a desk of codes on paper.

    office/books/portal.db   office/keys/     the portal
    router/state/                              the device
    paper/                                     codes and files on their way

Every folder below these is made by the program. `Scenes` walks one reservation's life and keeps a copy at
each stage; a trial works on a copy of such a copy. Clock and randomness can be repeated, so the same command
at the same stage always writes the same.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from codec.codes import IssuerKey, Trust
from codec.envelope import sign_trust
from codec.keys import VerifyingKey
from reservation.keyfile import read_key
from tests.cli.desk import HARDWARE, START
from tests.faults.runs import Launcher, Ran

PASSPHRASE = "a long enough passphrase"
PLACES = ("office", "router")
DATABASE = "office/books/portal.db"
STATE = "router/state/state.json"
KEY = "router/state/device-key.pem"
MADE_KEY = "office/more/key.pem"
KEYS = "office/keys"
CHANGED_KEY = "office/keys/issuer.pem"
_SEED = "paper/seed"
_CLOCK = "paper/clock"
ORDER = """\
tag,quantity,virtual_account,kind,start,end,order
ROUTING,4,DEFAULT,perpetual,,,PO-1
CRYPTO,2,DEFAULT,term,2026-01-01,2027-12-31,PO-2
"""

#: Stages in the life of one reservation: name, the stage before, the command, and where its answer goes.
STAGES: tuple[tuple[str, str, str, str], ...] = (
    ("founded", "empty", "portal init --account Example --passphrase-file paper/passphrase", ""),
    ("priced", "founded", "portal license add ROUTING 10", ""),
    ("staffed", "priced", "portal user add alex --role administrator", ""),
    ("granted", "staffed", "portal user grant alex --role approver", ""),
    ("agreed", "staffed", "portal agreement add Terms paper/passphrase", ""),
    ("stocked", "staffed", "portal license add CRYPTO 5 --start 2026-01-01 --end 2026-12-31", ""),
    ("ready", "stocked", "portal trust --out paper/trust.txt", ""),
    ("initialised", "ready", "device init --pid RTR-900 --sn A1 --trust paper/trust.txt", ""),
    ("requested", "initialised", "device request --want ROUTING=3 --want CRYPTO=1", "request"),
    ("cancelled", "requested", "device cancel", "return"),
    ("issued", "requested", "portal reserve --file paper/request.txt --as-requested", "authorization"),
    ("installed", "issued", "device install --file paper/authorization.txt", "confirmation"),
    ("called", "installed", "device confirmation --short", "short"),
    ("active", "installed", "portal accept --file paper/confirmation.txt", ""),
    ("updating", "active", "portal update --file paper/request.txt --license ROUTING=5", "authorization"),
    ("updated", "updating", "device install --file paper/authorization.txt", "confirmation"),
    ("returned", "updated", "device return --yes", "return"),
    ("due", "updating", "portal license add VPN 1 --start 2026-03-01 --end 2026-03-02", ""),
    ("branched", "active", "portal va add Berlin", ""),
    ("given up", "active", "portal rehost paper/request.txt --reason burnt --evidence witness", ""),
    ("failed", "given up", "portal approve --file paper/request.txt --user alex", ""),
    ("moved", "active", "device return --yes", "return"),
    ("doubted", "moved", "portal accept --file paper/return.txt", ""),
    ("robbed", "issued", "keys rotate-issuer", "next-issuer"),
    (
        "revoked",
        "robbed",
        "keys certify paper/next-issuer.txt --revoke paper/issuer.txt --root office/keys/root.pem "
        "--trust paper/trust.txt",
        "trust-code",
    ),
    ("replaced", "revoked", "portal issuer adopt --file paper/trust-code.txt", ""),
    ("rewound", "updating", "device status", ""),
    ("noticed", "rewound", "portal quarantine", ""),
    ("alerted", "noticed", "portal sweep", ""),
    ("ending", "noticed", "portal quarantine --end --reason seen", ""),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One copy of the folders.

    Attributes:
        folder: Where it is.
        url: The database on a server; empty: the books are a file in the folder.
    """

    folder: Path
    url: str = ""

    def environment(self) -> dict[str, str]:
        """Return the environment of every process in this scene."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "FAKE_NOW": self._now,
            "FAKE_SEED": str(self.folder / _SEED),
            "FAKE_HARDWARE": str(self.folder / "paper/router.json"),
            "TALLYSTICK_HOME": str(self.folder / "router/state"),
            "TALLYSTICK_DB": self.url or f"sqlite:///{self.folder / DATABASE}",
            "TALLYSTICK_KEYS": str(self.folder / "office/keys"),
            "TALLYSTICK_PASSPHRASE_FILE": str(self.folder / "paper/passphrase"),
            "TALLYSTICK_USER": "kim",
        }

    @property
    def _now(self) -> str:
        """The clock: it stands, and at the stage ``due`` two days later."""
        file = self.folder / _CLOCK
        return file.read_text() if file.exists() else START.isoformat()

    @property
    def places(self) -> list[str]:
        """The folders in which a fault could do harm."""
        return [str(self.folder / place) for place in PLACES]

    def everything(self) -> set[str]:
        """Return every file and folder, absolute."""
        return {str(path) for path in self.folder.rglob("*")} | {str(self.folder)}

    def files(self) -> frozenset[str]:
        """Return the files in the two places."""
        found = (path for place in PLACES for path in (self.folder / place).rglob("*") if path.is_file())
        return frozenset(str(path.relative_to(self.folder)) for path in found)

    def copy(self, folder: Path) -> "Scene":
        """Return a copy in another folder, in place of what is there."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        return Scene(folder)

    def run(self, launcher: Launcher, argv: str, *, without: str = "", **how: Any) -> Ran:
        """Run a command here, without some environment variable."""
        environ = {name: value for name, value in self.environment().items() if name != without}
        return launcher.run(argv.split(), folder=self.folder, environ=environ, **how)

    def rewind(self, runs: int) -> None:
        """Let the next run have the randomness that it would have after so many runs."""
        (self.folder / _SEED).write_text(f"{runs}\n")

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return int((self.folder / _SEED).read_text())


def found_scene(folder: Path) -> Scene:
    """Make the scene in which nothing has been done yet."""
    for name in ("paper", *PLACES):
        (folder / name).mkdir(parents=True)
    paper = folder / "paper"
    paper.joinpath("router.json").write_text(json.dumps(HARDWARE["router"]))
    paper.joinpath("passphrase").write_text(PASSPHRASE + "\n")
    paper.joinpath("new-passphrase").write_text(f"new and {PASSPHRASE}\n")
    for name in ("passphrase", "new-passphrase"):
        paper.joinpath(name).chmod(0o600)
    paper.joinpath("catalogue.txt").write_text("CRYPTO\nROUTING\n")
    paper.joinpath("order.csv").write_text(ORDER)
    paper.joinpath("seed").write_text("0\n")
    return Scene(folder)


def walk(launcher: Launcher, root: Path) -> dict[str, Scene]:
    """Return the scenes of every stage."""
    scenes = {"empty": found_scene(root / "empty")}
    for stage in STAGES:
        reach(stage, scenes, root, lambda scene, argv: scene.run(launcher, argv))
    return scenes


def lead(launcher: Launcher, scene: Scene, name: str) -> None:
    """Do all that leads to a stage, in a scene in which nothing has been done yet; no answer is kept."""
    (stage,) = (stage for stage in STAGES if stage[0] == name)
    if stage[1] != "empty":
        lead(launcher, scene, stage[1])
    ran = scene.run(launcher, stage[2])
    assert (ran.code, stage[3]) == (0, ""), (name, ran)


def reach(
    stage: tuple[str, str, str, str], scenes: dict[str, Scene], root: Path, run: Callable[[Scene, str], Ran]
) -> None:
    """Add the scene of a stage to those of the stages before it.

    Args:
        stage: A row of `STAGES`.
        scenes: By stage.
        root: Where scenes are kept.
        run: Runs a command in a scene.
    """
    name, before, argv, answer = stage
    scene = scenes[name] = scenes[before].copy(root / name)
    if name == "moved":
        scene.folder.joinpath("paper/router.json").write_text(json.dumps(HARDWARE["spare"]))
    if name == "rewound":
        _copy_back(scene, scenes["active"])
    ran = run(scene, argv)
    assert ran.code == 0, (name, ran)
    if answer:
        scene.folder.joinpath("paper", f"{answer}.txt").write_text(ran.out)
    if name == "due":
        scene.folder.joinpath(_CLOCK).write_text((START + timedelta(days=2)).isoformat())
    if name == "ready":
        _rotate(scene)


def _copy_back(scene: Scene, backup: Scene) -> None:
    """Put an older database in place of a scene's; the checkpoint beside the keys stays."""
    shutil.rmtree((scene.folder / DATABASE).parent)
    shutil.copytree((backup.folder / DATABASE).parent, (scene.folder / DATABASE).parent)


def _rotate(scene: Scene) -> None:
    """Sign a second trust code with the portal's root, as a vendor who renews the issuer's term."""
    root = read_key(scene.folder / "office/keys/root.pem", PASSPHRASE)
    issuer = read_key(scene.folder / "office/keys/issuer.pem", PASSPHRASE).verifying_key.raw
    from reservation.trustfile import parse as parse_trust

    trust = parse_trust((scene.folder / "paper/trust.txt").read_text()).trust.code.value
    (scene.folder / "paper/issuer.txt").write_text(f"{VerifyingKey(issuer).id.hex()}\n")
    newer = Trust(2, trust.portal_id, (IssuerKey(issuer, START.date()),))
    (scene.folder / "paper/newer-trust.txt").write_text(sign_trust(newer, root).text)
