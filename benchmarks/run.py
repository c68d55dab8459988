"""Measure everything, print it, and write it to benchmarks/RESULTS.md.

    python -m benchmarks.run            sizes and speed
    python -m benchmarks.run sizes      sizes alone; the speed figures of the last run stay as they are
    python -m benchmarks.run frames     bundles and frames, and sizes

Sizes are the same everywhere. Speed is that of the machine that this runs on: close other programs first.
"""

import os
import platform
import sys
from pathlib import Path
from typing import Final

from benchmarks.frames import kept_section as frames_kept
from benchmarks.frames import section as frames_section
from benchmarks.sizes import all_deals, code_table, envelope_table, floor_table, peer_table, wanted_table
from benchmarks.speed import THOROUGH, Efforts, measure
from benchmarks.table import markdown
from benchmarks.timing import RATIO_HEAD, TIME_HEAD, Effort

RESULTS: Final = Path(__file__).resolve().parent / "RESULTS.md"
FRAMES_EFFORT: Final = Effort(rounds=20, repetitions=10)
SPEED_TITLE: Final = "## Speed\n"

_PREFACE: Final = """\
# Results

Written by `make bench`. Limits are the project's own; one is met when the median keeps it ("NO" where not).
How content is drawn and what the floor is: `benchmarks/content.py`, `benchmarks/floor.py`.

"""

_SIZES: Final = """\
## Size

Medians and worst of 20 seeds. Characters are those of the whole code, its 16 parity characters included. QR
is the version at error level M, alphanumeric. Bytes are those before parity; the floor is 64 bytes of
signature and the entropy of the fields with a shared catalogue; the ratio is bytes to floor. The old device
confirms, then returns, its twelfth update, at a portal that was restored once, as its codes 500 and 501; it
is shown for comparison and not judged: the limits are set against a first reservation.

{codes}

{wanted}

### The floor of authorizations, field by field

Medians, so the columns do not quite add up. Spare: lines can carry flags, and several lines one tag.
Envelope: kind and version, the mark of an extension, the sequence, and rounding up to whole bytes.

{floor}

{envelope}

### The same authorizations in other formats

All signed with Ed25519, each with what favours it (`benchmarks/peers.py`). None of them can repair a mistyped
character; our 16 parity characters are counted. "None": no QR symbol holds it.

{spelled}

{numbered}

"""

_SPEED: Final = """\
{title}
Medians, taken in turns with what is compared ({machine}).
The ratios count; the times only say where they come from.

{contests}

{times}
"""

_NOT_MEASURED: Final = f"{SPEED_TITLE}\nNot measured yet: run `make bench`.\n"


def sizes_section() -> str:
    """Measure and describe sizes."""
    deals = all_deals()
    return _SIZES.format(
        codes=code_table(deals),
        wanted=wanted_table(),
        floor=floor_table(deals),
        envelope=envelope_table(deals),
        spelled=peer_table(deals, spell=True),
        numbered=peer_table(deals, spell=False),
    )


def speed_section(efforts: Efforts) -> str:
    """Measure and describe speed."""
    speeds = measure(efforts)
    return _SPEED.format(
        title=SPEED_TITLE,
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        contests=markdown(RATIO_HEAD, [one.cells() for one in speeds.contests]),
        times=markdown(TIME_HEAD, [one.cells() for one in speeds.times]),
    )


def kept_speed_section(results: str) -> str:
    """Return the speed section of earlier results."""
    _, title, section = results.partition(SPEED_TITLE)
    return title + section if title else _NOT_MEASURED


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    earlier = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    sizes = sizes_section()
    part = sys.argv[1:]
    frames = frames_kept(earlier) if part == ["sizes"] else frames_section(FRAMES_EFFORT)
    speed = kept_speed_section(earlier) if part in (["sizes"], ["frames"]) else speed_section(THOROUGH)
    results = _PREFACE + sizes + frames + speed
    RESULTS.write_text(results, encoding="utf-8")
    print(results)


if __name__ == "__main__":
    main()
