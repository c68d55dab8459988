"""Spoiled pictures for the real reader, in its process with its limits: `python -m tests.fuzz.pictures`.

Decoders of pictures are written in C, where atheris sees nothing. So pictures are changed at random, and what
counts is that the process answers each of them, within `SEARCH_MILLISECONDS` and `MOST_MEGABYTES`; what it
does not answer so is written to `build/fuzz/findings`.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

from cli import reader
from codec.errors import QrError
from samples.make import SAMPLES
from tests.fuzz.__main__ import FINDINGS, Result, digest
from tests.fuzz.costs import Costs
from tests.fuzz.mutations import mutated_picture
from tests.fuzz.target import SEARCH_MILLISECONDS

NAME: Final = "pictures"
MOST_MEGABYTES: Final = 200
"""That reading one picture may take, of the other process's memory."""
_MORE_TRIES: Final = 2
"""For a picture that is too much: other work on the machine makes it slower, and never faster."""
_SERVE: Final = "import sys; sys.path[:] = sys.argv[1:]; from tests.fuzz.pictures import serve; serve()"
_FORMS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("PNG", {}),
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("WEBP", {}),
    ("GIF", {}),
    ("BMP", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {}),
    ("PDF", {}),
)


def main() -> int:
    """Read as many pictures as were asked for, and return 1 when one was too much."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.pictures", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--inputs", type=int, default=2_000)
    parser.add_argument("--seed", default=NAME, help="another one gives other pictures")
    parser.add_argument("--add", action="store_true", help="add to what earlier searches came to")
    asked = parser.parse_args()
    result = search(asked.inputs, asked.seed)
    result.keep(add=asked.add)
    print(result)
    return bool(result.findings)


def search(inputs: int, seed: str = NAME, server: str = _SERVE) -> Result:
    """Have so many pictures read, by a process that runs ``server``."""
    rng, started = random.Random(seed), perf_counter()
    points = tuple(seeds())
    most = Costs()
    findings: list[str] = []
    with Watching(server) as watching:
        for _ in range(inputs):
            data = mutated_picture(rng.choice(points), rng.choice(points), rng)
            costs = _settled_costs(watching, data)
            if not _is_within(costs):
                findings.append(_kept(data))
            elif costs is not None and costs.milliseconds > most.milliseconds:
                most = replace(most, milliseconds=costs.milliseconds, slowest=data.hex())
            if costs is not None:
                most = replace(most, megabytes=max(most.megabytes, costs.megabytes))
    return Result(NAME, inputs, perf_counter() - started, 0, 0, tuple(findings), most)


def _settled_costs(watching: "Watching", data: bytes) -> Costs | None:
    """Return what a picture costs; what seems too much is read again, and the last reading counts."""
    for _ in range(_MORE_TRIES):
        if _is_within(costs := watching.costs_of(data)):
            return costs
    return watching.costs_of(data)


def _is_within(costs: Costs | None) -> bool:
    if costs is None:
        return False
    return costs.milliseconds <= SEARCH_MILLISECONDS and costs.megabytes <= MOST_MEGABYTES


class Watching(reader.PictureReader):
    """The reader, whose process says what each file cost."""

    def __init__(self, server: str = _SERVE) -> None:
        super().__init__(server)
        self._costs: Costs | None = None

    def costs_of(self, data: bytes) -> Costs | None:
        """Have a file read, and return what that cost; None when it was the end of the process."""
        self._costs = None
        with suppress(QrError):
            self.read(data)
        return self._costs

    def _asked(self, content: bytes) -> Any:
        answer = super()._asked(content)
        self._costs = answer and Costs(*answer.pop("costs"))
        return answer


def serve() -> None:
    """Read files as `cli.reader.serve` does, and say in each answer what it cost."""
    answer_to = reader.answer_to
    answer_to(next(seeds()))  # loads the libraries
    idle = megabytes_at_most()

    def watched(content: bytes) -> dict[str, object]:
        forget_most()
        started = process_time()
        answer = answer_to(content)
        taken = megabytes_at_most() - idle
        return {**answer, "costs": (1000 * (process_time() - started), taken)}

    reader.answer_to = watched
    reader.serve()


def forget_most() -> None:
    """Let `megabytes_at_most` begin anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def megabytes_at_most() -> float:
    """Return how large this process was at most since `forget_most` (proc(5), VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def seeds() -> Iterator[bytes]:
    """Yield sample symbols in every form that is read, and an animation."""
    from PIL import Image

    for path in sorted((SAMPLES / "qr").glob("*-small.png")):
        with Image.open(path) as opened:
            # Small pictures are read fast, so more of them are.
            picture = opened.convert("L").reduce(2)
            for form, options in _FORMS:
                yield _saved(picture, form, options)
            yield _saved(picture.convert("RGBA"), "PNG", {})
            film = {"save_all": True, "append_images": [picture.rotate(90), picture.rotate(180)]}
            for form in ("GIF", "PNG", "WEBP", "TIFF", "PDF"):
                yield _saved(picture, form, film)


def _saved(picture: Any, form: str, options: dict[str, Any]) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def _kept(data: bytes) -> str:
    FINDINGS.mkdir(parents=True, exist_ok=True)
    name = f"{NAME}-{digest(data)}"
    (FINDINGS / name).write_bytes(data)
    return name


if __name__ == "__main__":
    sys.exit(main())
