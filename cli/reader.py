"""Pictures are read in a process of their own, with little time and memory, and nothing worth having in it.

Scope: `PictureReader` hands files to that process and takes symbols from it; `serve` is what runs there.
Decoders of images and PDF are large C programs that get bytes from strangers, while this program may hold a
signing key. What breaks or stalls them ends the other process, and is told as `QrError`.

Invariants:
    * The other process gets bytes through a pipe: no names, no environment of ours, no open files.
    * Each picture and each file may take only so many seconds of computing there, and all of them
      `MOST_MEMORY`.

Not handled: systems without limits for processes; there the limits of `codec.scan` stand alone.
"""

import json
import subprocess
import sys
from contextlib import suppress
from time import process_time
from typing import TYPE_CHECKING, Any, Final, Self

from codec.errors import QrError

if TYPE_CHECKING:
    from types import TracebackType

    from codec.scan import Symbol

MOST_SECONDS_A_PICTURE: Final = 5
"""Of computing; the largest that are read take about one."""
MOST_SECONDS_A_FILE: Final = 40
"""Of computing; two hundred pages take less than half of it."""
MOST_MEMORY: Final = 400_000_000
"""Bytes of memory of its own, the libraries apart."""
_ENVIRONMENT: Final = {"MALLOC_MMAP_THRESHOLD_": "1000000"}
"""All that it gets of one: what a large picture took goes back to the system at once, where that is glibc.

By itself that keeps it, differently after each picture, until a later picture has too little left.
"""
_LENGTH: Final = 8
_SERVE: Final = "import sys; sys.path[:] = sys.argv[1:]; from cli.reader import serve; serve()"


class PictureReader:
    """The other process, from the first file on; a context that ends it.

    Args:
        serve: What runs there, when it is not `serve`: Python, with the search path as arguments.
    """

    def __init__(self, serve: str = _SERVE) -> None:
        self._serve = serve
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        """End the process."""
        self._end()

    def read(self, content: bytes) -> "tuple[Symbol, ...]":
        """Return the symbols in a file (see `codec.scan.read_symbols`).

        Raises:
            QrError: As there; also when the file broke the process that reads, or exhausted its limits.
        """
        from codec.scan import Symbol

        answer = self._asked(content)
        if answer is None:
            self._end()
            raise QrError(
                "Reading this file took more time or memory than a picture may take, or it broke the reader",
                hint="Take a screenshot of what it shows, and give that.",
            )
        if "error" in answer:
            message, hint = answer["error"]
            raise QrError(message, hint=hint)
        return tuple(Symbol(text, page) for text, page in answer["symbols"])

    def _asked(self, content: bytes) -> Any:
        """Hand over one file; None when the process ended over it."""
        process = self._process = self._process or _started(self._serve)
        assert process.stdin and process.stdout
        with suppress(BrokenPipeError):
            process.stdin.write(len(content).to_bytes(_LENGTH, "big") + content)
            process.stdin.flush()
        answer = process.stdout.readline()
        return json.loads(answer) if answer.endswith(b"\n") else None

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            with suppress(BrokenPipeError):
                self._process.communicate()
            self._process = None


def _started(serve: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", serve, *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
    )


# --- what runs there ---------------------------------------------------------------------------


def serve() -> None:
    """Read one file after the other from stdin, and answer each in a line on stdout."""
    while head := sys.stdin.buffer.read(_LENGTH):
        answer = answer_to(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def answer_to(content: bytes) -> dict[str, object]:
    """Return what is said of one file: its symbols, or the error; each picture has its time."""
    from codec.scan import read_pages

    end = _seconds_used() + MOST_SECONDS_A_FILE
    symbols: list[tuple[str, int]] = []
    _limit(end)
    try:
        for page in read_pages(content):
            symbols += ((symbol.text, symbol.page) for symbol in page)
            _limit(end)
    except QrError as error:
        return {"error": (error.message, error.hint)}
    return {"symbols": symbols}


def _limit(end: int) -> None:
    """Limit what the next picture may take; the process is ended when that is exceeded.

    Args:
        end: When the file must be done, in seconds that this process has computed.
    """
    try:
        import resource
    except ImportError:  # a system without limits
        return
    seconds = min(end, _seconds_used() + MOST_SECONDS_A_PICTURE)
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, MOST_MEMORY)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _seconds_used() -> int:
    """Return how many seconds this process has computed, the one that has begun included."""
    return int(process_time()) + 1
