"""A program that kills a device at every point at which it touches its folder, and looks at what is left.

Run by test_processes.py in a process of its own, because it forks. A child runs a command and counts what the
interpreter reports about files (`sys.addaudithook`: open, remove, chmod, rename, …); it kills itself with
SIGKILL just before the n-th. Then this process opens the folder again and gives the same command, twice.

Prints one JSON object: for each command, one entry for every kill point; and what two other faults did.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from codec.codes import Line
from reservation.device.stateform import parse
from reservation.errors import SetupError, StorageError
from tests.reservation.device.far_side import Bench

WATCHED = {"open", "os.remove", "os.rename", "os.chmod", "os.chown", "os.mkdir", "fcntl.flock"}
CHILDREN = 4
SMALL_FILE_BYTES = 100

Command = Callable[[], str]
Entry = dict[str, Any]


def initialise(bench: Bench) -> Command:
    def command() -> str:
        try:
            device = bench.open()
            return device.request().text
        except SetupError:
            return bench.initialise().request().text

    return command


def request(bench: Bench) -> Command:
    bench.initialise()
    return lambda: bench.open().request().text


def install(bench: Bench) -> Command:
    authorization = bench.vendor.authorize(bench.initialise().request().code)
    return lambda: bench.open().install(authorization).confirmation


def update(bench: Bench) -> Command:
    device = bench.initialise()
    asked = device.request().code
    device.install(bench.vendor.authorize(asked))
    authorization = bench.vendor.authorize(asked, Line("VPN", 4), number=2)
    return lambda: bench.open().install(authorization).confirmation


def give_back(bench: Bench) -> Command:
    bench.reserved()
    return lambda: bench.open().give_back().text


def cancel(bench: Bench) -> Command:
    bench.initialise().request()
    return lambda: bench.open().cancel().text


def update_trust(bench: Bench) -> Command:
    bench.initialise()
    newer = bench.vendor.trust(serial=2)

    def command() -> str:
        bench.open().update_trust(newer)
        return str(bench.open().status().trust_serial)

    return command


COMMANDS = (initialise, request, install, update, give_back, cancel, update_trust)


def die_before(point: int, home: Path) -> None:
    """Kill this process just before it touches the folder for the ``point``-th time."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in WATCHED or not concerns(arguments[0], home):
            return
        seen += 1
        if seen == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def concerns(subject: object, home: Path) -> bool:
    """Tell whether a path lies in the folder; a descriptor is one of ours, since nothing else is open."""
    return isinstance(subject, int) or str(subject).startswith(str(home))


def in_a_child(work: Callable[[], None]) -> bool:
    """Do something in a child process; return whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise AssertionError("the child failed otherwise than by being killed")
    return not os.WIFSIGNALED(status)


def kill_at(point: int, home: Path, arrange: Callable[[Bench], Command]) -> Entry | None:
    """Return what was left when a command was killed at a point; None when it has fewer points."""
    bench = Bench(home)
    command = arrange(bench)
    before = bench.files.get("state.json")

    def work() -> None:
        die_before(point, home)
        command()

    if in_a_child(work):
        return None
    after = bench.files.get("state.json")
    first, second = command(), command()
    state = parse(bench.files["state.json"])
    return {
        "changed": before != after,
        "same": first == second,
        "known": first in {entry.text for entry in state.journal} | {"2"},
        "codes": len(state.journal),
        "standing": state.standing.value,
        "files": sorted(bench.files),
    }


def kill_everywhere(root: Path, arrange: Callable[[Bench], Command]) -> list[Entry]:
    """Kill a command at each of its points in turn."""
    entries: list[Entry] = []
    while True:
        home = root / arrange.__name__ / str(len(entries) + 1)
        entry = kill_at(len(entries) + 1, home, arrange)
        if entry is None:
            return entries
        entries.append(entry)


def fill_the_disk(home: Path) -> Entry:
    """Make a request where no file can grow beyond a few bytes."""
    bench = Bench(home)
    bench.initialise()
    before = bench.files["state.json"]

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_FILE_BYTES, SMALL_FILE_BYTES))
        try:
            bench.open().request()
        except StorageError as error:
            (home / "said").write_text(error.message[-30:])

    in_a_child(work)
    files = bench.files
    said = files.pop("said").decode()
    return {"said": said, "kept": files["state.json"] == before, "files": sorted(files)}


def show_again(root: Path) -> Entry:
    """Tell of each command that shows a code again whether it made the folder durable before."""
    found: Entry = {}
    for arrange in (request, install, give_back, cancel, show_codes, show_confirmation):
        bench = Bench(root / arrange.__name__)
        command = arrange(bench)
        command()
        found[arrange.__name__] = not in_a_child(partial(die_when_opened, bench.home, command))
    return found


def sync_after(root: Path) -> Entry:
    """Tell of each command that changes something whether it syncs the folder, after the change."""
    found: Entry = {}
    for arrange in COMMANDS:
        bench = Bench(root / arrange.__name__)
        command = arrange(bench)
        before = bench.files.get("state.json")
        ended = in_a_child(partial(die_when_opened, bench.home, command))
        found[arrange.__name__] = not ended and bench.files.get("state.json") != before
    return found


def die_when_opened(folder: Path, command: Command) -> None:
    """Run a command, and kill this process when it opens a folder as such, as one does to sync it."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]) == str(folder):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    command()


def show_codes(bench: Bench) -> Command:
    bench.reserved()
    return lambda: bench.open().codes()[-1].text


def show_confirmation(bench: Bench) -> Command:
    bench.reserved()
    return lambda: bench.open().confirmation().text


def ask_at_once(home: Path) -> Entry:
    """Make requests in several processes that start together, each with a randomness of its own."""
    bench = Bench(home)
    bench.initialise()
    ready, go = os.pipe()
    children = []
    for number in range(CHILDREN):
        child = os.fork()
        if child == 0:
            os.close(go)
            os.read(ready, 1)
            bench.random.seed = f"child {number}"
            text = bench.open().request().text
            (home.parent / f"answer {number}").write_text(text)
            os._exit(0)
        children.append(child)
    os.close(go)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    answers = {(home.parent / f"answer {number}").read_text() for number in range(CHILDREN)}
    return {"statuses": statuses, "answers": len(answers), "codes": len(bench.open().codes())}


def main() -> None:
    root = Path(sys.argv[1])
    found = {
        "killed": {arrange.__name__: kill_everywhere(root, arrange) for arrange in COMMANDS},
        "full": fill_the_disk(root / "full"),
        "at once": ask_at_once(root / "many/device"),
        "settled": show_again(root / "again"),
        "synced": sync_after(root / "synced"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
