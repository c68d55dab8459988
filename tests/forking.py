"""The program forked from a process that has loaded it: real processes without the price of a start.

    python -m tests.forking SOCKET MODULE:FUNCTION     serves until its stdin ends

`forked` makes an executable file that stands for the program on a PATH. It hands its words, folder,
environment and standard streams to the server, which forks; the fork is the program from there on, and the
file ends with its exit code. What a start from nothing costs and does is seen elsewhere: the tests of README,
package and processes start each of them in the usual way.

Not handled: signals to the executable, and terminals.
"""

import gc
import importlib
import marshal
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select

from tests.faults.launcher import load_everything

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "tests.program:main"
_LARGEST = 1_000_000
_LENGTH = struct.Struct("I")

#: Starts in a hundredth of a second: no site, and nothing imported that is not built in.
_CLIENT = """\
#!{python} -IS
import marshal, os, struct, sys
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket
with_server = socket(AF_UNIX)
with_server.connect({socket!r})
order = marshal.dumps((sys.argv, os.getcwd(), dict(os.environ)))
streams = [(SOL_SOCKET, SCM_RIGHTS, struct.pack("3i", 0, 1, 2))]
with_server.sendmsg([struct.pack("I", len(order))], streams)
with_server.sendall(order)
status = with_server.recv(1)
os._exit(status[0] if status else 99)
"""


@contextmanager
def forked(program: Path, work: str = PROGRAM) -> Iterator[Path]:
    """Make an executable that runs the program, or another function, as a fork.

    Args:
        program: Where; its folder is made.
        work: What it runs, as ``module:function``; it finds its words in `sys.argv`.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder) / "socket")
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(_CLIENT.format(python=sys.executable, socket=place), encoding="utf-8")
        program.chmod(0o755)
        argv = [sys.executable, "-m", "tests.forking", place, work]
        environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        with subprocess.Popen(
            argv, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as server:
            assert server.stdin and server.stdout
            assert server.stdout.read(1) == b"r"
            try:
                yield program
            finally:
                server.stdin.close()


# --- the server --------------------------------------------------------------------------------


def serve(place: str, work: str) -> None:
    """Fork for everybody who connects."""
    function = _loaded(work)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(64)
        os.write(1, b"r")
        while 0 not in select([0, listening.fileno()], [], [])[0]:
            caller, _ = listening.accept()
            with caller:
                if os.fork() == 0:
                    listening.close()
                    _answer(caller, function)


def _loaded(work: str) -> Callable[[], int | None]:
    load_everything()
    module, _, name = work.partition(":")
    function: Callable[[], int | None] = getattr(importlib.import_module(module), name)
    gc.collect()
    gc.freeze()
    return function


def _answer(caller: socket.socket, function: Callable[[], int | None]) -> None:
    """Fork once more, wait for that one, and tell how it ended; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(caller, _LENGTH.size, 3)
    (length,) = _LENGTH.unpack(head)
    order = b""
    while len(order) < length:
        order += caller.recv(min(_LARGEST, length - len(order)))
    pid = os.fork()
    if pid == 0:
        caller.close()
        argv, folder, environ = marshal.loads(order)
        _become(argv, folder, environ, streams, function)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(pid, 0)
    caller.sendall(bytes((os.waitstatus_to_exitcode(status) % 256,)))
    os._exit(0)


def _become(
    argv: list[str],
    folder: str,
    environ: dict[str, str],
    streams: list[int],
    function: Callable[[], int | None],
) -> None:
    code: int | None = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        sys.argv = argv
        _open_streams()
        code = function()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - a child has nobody above it to tell
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code or 0)


def _open_streams() -> None:
    """Open the standard streams anew, as Python does at its start under a UTF-8 locale without a language."""
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)


if __name__ == "__main__":
    serve(*sys.argv[1:])
