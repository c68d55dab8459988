"""``tallystick demo``: one reservation through its whole life, on one screen, in under a minute.

Everything runs through the same commands that people type, in a temporary folder, with one portal and two
simulated devices: only their hardware is made up. It is also a check: a step that does not end as it should
ends the demo with an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from cli.command import command, option, with_session
from cli.errors import DemoError
from cli.plain import wrapped
from cli.session import Report, Session

PAUSE_SECONDS = 1.5
_INDENT = "   "
_SHOWN_OF_A_CODE = 16

HARDWARE = {
    "router": {
        "machine id": "5f2c7a90d1",
        "board serial": "BRD-0041",
        "disk sda": "WD-81A6",
        "MAC eth0": "00:00:5e:00:53:01",
        "CPU": "model 142",
    },
    "spare": {
        "machine id": "c80e1b46f7",
        "board serial": "BRD-0042",
        "disk sda": "WD-22C9",
        "MAC eth0": "00:00:5e:00:53:02",
        "CPU": "model 142",
    },
}


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the story, and what came of it."""

    machine: str
    argv: tuple[str, ...]
    exit_code: int
    out: str
    err: str

    @property
    def code(self) -> str:
        """The code on stdout."""
        return self.out.strip()

    def record(self) -> dict[str, object]:
        """Return the step for scripts."""
        return {
            "on": self.machine,
            "command": ["tallystick", *self.argv],
            "exit_code": self.exit_code,
            "stdout": self.out,
            "stderr": self.err,
        }


class Stage:
    """Where the story plays: a folder, the machines, and the screen that shows it."""

    def __init__(self, session: Session, folder: Path, wait: float | None) -> None:
        self.session = session
        self.folder = folder
        self.wait = wait
        self.steps: list[Step] = []
        self.scenes = 0

    # --- what is shown ---------------------------------------------------------------------

    def scene(self, title: str) -> None:
        """Begin a scene, after a moment for the one before."""
        if self.scenes and not self.session.json:
            self._pause()
        self.scenes += 1
        heading = f"{self.scenes}. {title}"
        self._show(f"\n{self.session.emphasis(heading, self.session.world.stdout)}", drawn=True)

    def tell(self, text: str) -> None:
        """Show lines of the story."""
        for line in text.rstrip("\n").split("\n"):
            self._show(wrapped(f"{_INDENT}{line}".rstrip(), self.session.width))

    def draw(self, code: str) -> None:
        """Show a code as a QR."""
        from cli.code_output import draw_qr

        if not self.session.json:
            plain = bool(self.session.world.environ.get("NO_COLOR"))
            draw_qr(self.session, code, plain=plain, indent=len(_INDENT))

    def _show(self, text: str, *, drawn: bool = False) -> None:
        if not self.session.json:
            (self.session.draw if drawn else self.session.show)(text)

    def _pause(self) -> None:
        world = self.session.world
        world.stdout.flush()
        if self.wait is None:
            world.stderr.write("Press Enter: ")
            world.stderr.flush()
            world.stdin.readline()
        elif self.wait:
            world.sleep(self.wait)

    # --- what is done ----------------------------------------------------------------------

    def run(self, machine: str, *argv: str, exits: int = 0, shown: bool = True) -> Step:
        """Run one command on a machine, and show it.

        Raises:
            DemoError: When it ends with another exit code than it should.
        """
        from cli.main import run

        if shown:
            self.tell(f"{machine}$ {' '.join(['tallystick', *map(_short, argv)])}")
        out, err = StringIO(), StringIO()
        world = replace(
            self.session.world,
            hardware=lambda: HARDWARE[machine],
            environ=self._environment(machine),
            stdin=StringIO(),
            stdout=out,
            stderr=err,
        )
        step = Step(machine, argv, run(argv, world), out.getvalue(), err.getvalue())
        self.steps.append(step)
        if step.exit_code != exits:
            name = " ".join(argv[:2])
            said = [line.partition(": ")[2] for line in step.err.splitlines()]
            raise DemoError(
                f"`tallystick {name}` ended with exit code {step.exit_code}. {''.join(said[:1])}",
                hint="".join(said[1:2]) or "Report this: the demo shows what should work.",
            )
        return step

    def _environment(self, machine: str) -> Mapping[str, str]:
        return {
            "HOME": str(self.folder),
            "TALLYSTICK_HOME": str(self.folder / machine),
            "TALLYSTICK_DB": f"sqlite:///{self.folder / 'portal.db'}",
            "TALLYSTICK_USER": "demo",
        }


def _short(word: str) -> str:
    """Shorten a code, and a path to its name; quote what a shell would split."""
    if len(word) > 100:
        return f"{word[:_SHOWN_OF_A_CODE]}…"
    name = Path(word).name if word.startswith("/") else word
    return f"'{name}'" if " " in name else name


@command(
    "demo",
    example="tallystick demo --fast",
    exits="""
    0 everything went as it should, and the books are balanced
    1 a step did not end as it should: the program is at fault
    2 the extra `portal` is missing
    """,
)
@option("--fast", is_flag=True, help="Do not pause between the scenes.")
@option("--pause", is_flag=True, help="Wait for Enter between the scenes.")
@with_session
def demo(session: Session, fast: bool, pause: bool) -> Report:
    """Walk one reservation through its whole life, on this screen.

    One portal and two simulated devices, in a temporary folder that is removed at the end; nothing of yours
    is touched, and no network is used. Every step is a command that you can type yourself.
    """
    from tempfile import TemporaryDirectory

    from cli.extras import require_portal

    require_portal("The demo has a portal, which")
    wait = 0.0 if fast or not session.world.stdout.isatty() else PAUSE_SECONDS
    with TemporaryDirectory(prefix="tallystick-demo-") as folder:
        stage = Stage(session, Path(folder).resolve(), None if pause and not session.json else wait)
        scanned = _play(stage)
    return Report(
        {"steps": [step.record() for step in stage.steps], "scanner_reads_qr": scanned, "balanced": True},
        says=(
            "",
            "That was all of it. The temporary folder is gone.",
        ),
        next_step="tallystick portal init --account NAME makes a portal of your own; "
        "tallystick device --help says how a device joins it",
    )


def _play(stage: Stage) -> bool | None:
    """Play all scenes; return whether a scanner read the QR, None when there is none here."""
    stage.tell(
        "One portal, and two devices that are never online. Every step is a command that you can type."
    )
    _buy(stage)
    books = stage.run("portal", "portal", "license", "list").out
    stage.tell(f"The books before:\n{books}")
    request = _ask(stage)
    scanned = _scan(stage, request)
    authorization = _answer(stage, request)
    _refuse_elsewhere(stage, authorization)
    confirmation = _install(stage, authorization)
    _confirm(stage, confirmation)
    _return(stage, books)
    return scanned


def _buy(stage: Stage) -> None:
    stage.scene("A portal, and licences that were bought")
    stage.run("portal", "portal", "init", "--account", "Example Networks")
    stage.run("portal", "portal", "license", "add", "ROUTING", "100")
    stage.run("portal", "portal", "license", "add", "CRYPTO", "20")
    trust = str(stage.folder / "trust.txt")
    stage.run("portal", "portal", "trust", "--out", trust, shown=False)
    for machine, serial in (("router", "FDO1"), ("spare", "FDO2")):
        init = ("device", "init", "--pid", "RTR-900", "--sn", serial, "--trust", trust)
        stage.run(machine, *init, shown=False)


def _ask(stage: Stage) -> str:
    stage.scene("A router that is never online asks for licences")
    step = stage.run("router", "device", "request", "--want", "ROUTING=2", "--want", "CRYPTO")
    _show_code(stage, step.code)
    return step.code


def _show_code(stage: Stage, code: str) -> None:
    from codec.grouping import grouped

    lines = grouped(code).split("\n")
    stage.tell("\n".join(lines[:2]) + (f"\n … {len(code)} characters in all" if len(lines) > 2 else ""))


def _scan(stage: Stage, code: str) -> bool | None:
    stage.tell("\nThe same as a QR, for a camera:")
    stage.draw(code)
    scanned = _reads_back(stage, code)
    answer = {True: "yes", False: "no", None: "not tried (needs the extras `images` and `scan`)"}[scanned]
    stage.tell(f"A scanner reads it: {answer}")
    return scanned


def _reads_back(stage: Stage, code: str) -> bool | None:
    """Draw the QR into an image file and read it with a scanner; None where that is not installed."""
    from importlib.util import find_spec

    from codec import qr, scan

    if find_spec("zxingcpp") is None or find_spec("PIL") is None:
        return None
    image = stage.folder / "request.png"
    image.write_bytes(qr.png(code))
    if scan.read_image(image.read_bytes()) != (code,):
        raise DemoError(
            "The scanner read another text than the QR holds.", hint="Report this: it is a fault."
        )
    return True


def _answer(stage: Stage, request: str) -> str:
    stage.scene("Somebody carries the code to the portal, which answers it")
    step = stage.run("portal", "portal", "reserve", request, "--as-requested")
    _show_code(stage, step.code)
    _show_talk(stage, step, 3)
    return step.code


def _show_talk(stage: Stage, step: Step, lines: int) -> None:
    stage.tell("\n".join(step.err.splitlines()[:lines]))


def _refuse_elsewhere(stage: Stage, authorization: str) -> None:
    stage.scene("On another device, the answer is worth nothing")
    stage.run("spare", "device", "request", "--want", "ROUTING=2", shown=False)
    step = stage.run("spare", "device", "install", authorization, exits=4)
    _show_talk(stage, step, 2)


def _install(stage: Stage, authorization: str) -> str:
    stage.scene("The router installs it; two mistakes made while typing are found")
    typed = "".join(_mistyped(authorization))
    step = stage.run("router", "device", "install", typed, "--accept-repair")
    _show_talk(stage, step, 4)
    _show_code(stage, step.code)
    check = stage.run("router", "device", "check", "ROUTING", "--count", "2")
    stage.tell(check.out)
    return step.code


def _mistyped(code: str) -> Iterator[str]:
    for place, character in enumerate(code):
        wrong = "X" if character != "X" else "Y"
        yield wrong if place in {18, 61} else character


def _confirm(stage: Stage, confirmation: str) -> None:
    stage.scene("The portal takes the confirmation, and twice is as good as once")
    for _ in range(2):
        stage.tell(stage.run("portal", "portal", "accept", confirmation).out.split("  ")[0])
    stage.tell(stage.run("portal", "portal", "license", "list").out)


def _return(stage: Stage, before: str) -> None:
    stage.scene("The router gives everything back")
    step = stage.run("router", "device", "return", "--yes")
    _show_code(stage, step.code)
    check = stage.run("router", "device", "check", "ROUTING", exits=1)
    stage.tell(check.out)
    stage.tell(stage.run("portal", "portal", "accept", step.code).out)
    after = stage.run("portal", "portal", "license", "list").out
    stage.tell(f"The books after:\n{after}")
    audit = stage.run("portal", "portal", "audit")
    stage.tell(audit.out)
    if after != before:
        raise DemoError("The books differ from those of the beginning.", hint="Report this: it is a fault.")
    stage.tell("Every licence is home again: the books are those of the beginning.")
