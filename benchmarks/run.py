"""Measure everything, print it, and write it to benchmarks/RESULTS.md.

    python -m benchmarks.run                sizes, repair, frames, scanning, speed, server, writers
    python -m benchmarks.run sizes          sizes alone; the other figures of the last run stay as they are
    python -m benchmarks.run repair         repair alone, some thousand trials
    python -m benchmarks.run repair-long    the same with a million trials, in two processes
    python -m benchmarks.run frames         bundles and frames alone
    python -m benchmarks.run scanning       spoiled pictures alone
    python -m benchmarks.run speed          speed alone
    python -m benchmarks.run log            the log that others can check alone
    python -m benchmarks.run fuzz           what the last searches of `make fuzz` came to
    python -m benchmarks.run batch          batches of request codes alone
    python -m benchmarks.run faults         what the last `make soak` came to
    python -m benchmarks.run never          what never happened in it, and how often it was tried
    python -m benchmarks.run histories      what many processes did at once in the last `make soak`
    python -m benchmarks.run server         several processes on a PostgreSQL server alone
    python -m benchmarks.run scale          books of up to 10^6 reservations: some minutes, and 4 GB of disk
    python -m benchmarks.run writers        several processes and threads on a SQLite file alone

Sizes and what is scanned are the same everywhere. Speed is that of the machine that this runs on: close
other programs first.
"""

import os
import platform
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.batching import TITLE as BATCH_TITLE
from benchmarks.batching import Extent
from benchmarks.batching import section as batch_section
from benchmarks.faults import NEVER_TITLE, never_section
from benchmarks.faults import TITLE as FAULTS_TITLE
from benchmarks.faults import section as faults_section
from benchmarks.frames import TITLE as FRAMES_TITLE
from benchmarks.frames import section as frames_section
from benchmarks.fuzzing import TITLE as FUZZING_TITLE
from benchmarks.fuzzing import section as fuzzing_section
from benchmarks.histories import TITLE as HISTORIES_TITLE
from benchmarks.histories import section as histories_section
from benchmarks.log import TITLE as LOG_TITLE
from benchmarks.log import section as log_section
from benchmarks.repair import LONG, SHORT, repair_section
from benchmarks.repair import TITLE as REPAIR_TITLE
from benchmarks.scale import TITLE as SCALE_TITLE
from benchmarks.scale import section as scale_section
from benchmarks.scanning import photo_table, scanning_tables
from benchmarks.server import TITLE as SERVER_TITLE
from benchmarks.server import section as server_section
from benchmarks.sizes import all_deals, code_table, envelope_table, floor_table, peer_table, wanted_table
from benchmarks.speed import THOROUGH, Efforts, measure
from benchmarks.table import markdown
from benchmarks.timing import RATIO_HEAD, TIME_HEAD, Effort
from benchmarks.writers import TITLE as WRITERS_TITLE
from benchmarks.writers import section as writers_section

RESULTS: Final = Path(__file__).resolve().parent / "RESULTS.md"
SIZES_TITLE: Final = "## Size\n"
SCALE_EFFORT: Final = Effort(rounds=40, repetitions=1)
LOG_EFFORT: Final = Effort(rounds=9, repetitions=200)
SERVER_EFFORT: Final = Effort(rounds=9, repetitions=60)
WRITERS_RESERVES: Final = 200
GROUPS_EFFORT: Final = Effort(rounds=7, repetitions=4)
FRAMES_EFFORT: Final = Effort(rounds=20, repetitions=10)
PHOTO_EFFORT: Final = Effort(rounds=9, repetitions=3)
SCANNING_TITLE: Final = "## Scanning\n"
SPEED_TITLE: Final = "## Speed\n"

_PREFACE: Final = """\
# Results

Written by `make bench`. Limits are the project's own; one is met when the median keeps it ("NO" where not).
How content is drawn and what the floor is: `benchmarks/content.py`, `benchmarks/floor.py`.

"""

_SIZES: Final = """\
{title}
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

_SCANNING: Final = """\
{title}
Spoiled pictures that are read in the end (`benchmarks/distortions.py`: each distortion in six strengths, from
harmless to hopeless, so not even the best reader would come near all of them; what counts is the difference).
All symbols are equally large on the paper.

Symbols that are as full as their version and level allow:

{versions}

Codes of one length, each in the smallest version that holds it at that level (in brackets):

{lengths}

What spoils the picture, and how many of those that are not read as they are each preparation alone reads:

{distortions}

{photo}

"""

_SPEED: Final = """\
{title}
Medians, taken in turns with what is compared ({machine}).
The ratios count; the times only say where they come from.

{contests}

{times}

Reading and writing a code miss their limits by about a tenth, and that is the price of clear Python. Beside
some 53 µs of libsodium's verification, reading an authorization of three lines costs 16 µs for its digits
(34 of them, a little over 0.1 µs each, and the frozen values that they become) and 9 µs for characters, ids
and the bytes that are signed. Beside 18 µs of signature, writing costs 17 µs for its digits, 7 for text and
parity, 3 for what is signed. What would save more was weighed and passed over (docs/adr/0014): layouts
written out by hand a second time, values that are tuples, private modules of the interpreter. The reserve
of one writer carries a hash over all events and a checkpoint, by which a database that was copied back is
noticed (docs/adr/0020).
"""


def sizes_section() -> str:
    """Measure and describe sizes."""
    deals = all_deals()
    return _SIZES.format(
        title=SIZES_TITLE,
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


def scanning_section(effort: Effort) -> str:
    """Measure and describe scanning."""
    versions, lengths, distortions = scanning_tables()
    return _SCANNING.format(
        title=SCANNING_TITLE,
        versions=versions,
        lengths=lengths,
        distortions=distortions,
        photo=photo_table(effort),
    )


def kept_section(results: str, title: str) -> str:
    """Return the section of earlier results that has this title."""
    _, found, section = results.partition(title)
    if not found:
        return f"{title}\nNot measured yet: run `make bench`.\n\n"
    kept, _, _ = section.partition("\n## ")
    return f"{title}{kept.rstrip()}\n\n"


#: Title of each part, and who makes it by the name that asks for it alone; each first one is for all parts.
PARTS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    SIZES_TITLE: {"sizes": sizes_section},
    REPAIR_TITLE: {"repair": partial(repair_section, SHORT), "repair-long": partial(repair_section, LONG)},
    FRAMES_TITLE: {"frames": partial(frames_section, FRAMES_EFFORT)},
    SCANNING_TITLE: {"scanning": partial(scanning_section, PHOTO_EFFORT)},
    SPEED_TITLE: {"speed": partial(speed_section, THOROUGH)},
    LOG_TITLE: {"log": partial(log_section, LOG_EFFORT)},
    FUZZING_TITLE: {"fuzz": fuzzing_section},
    BATCH_TITLE: {"batch": partial(batch_section, Extent())},
    FAULTS_TITLE: {"faults": faults_section},
    HISTORIES_TITLE: {"histories": histories_section},
    NEVER_TITLE: {"never": never_section},
    SERVER_TITLE: {"server": partial(server_section, SERVER_EFFORT)},
    SCALE_TITLE: {"scale": partial(scale_section, SCALE_EFFORT)},
    WRITERS_TITLE: {"writers": partial(writers_section, WRITERS_RESERVES, GROUPS_EFFORT)},
}
#: Those that are for whoever asks: their figures come from elsewhere and may not be there, or take long.
_WHEN_ASKED: Final = frozenset({"fuzz", "faults", "histories", "never", "scale"})


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    earlier = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    names = [name for makers in PARTS.values() for name in makers]
    asked = set(sys.argv[1:]) or {next(iter(makers)) for makers in PARTS.values()} - _WHEN_ASKED
    if not asked <= set(names):
        raise SystemExit(f"The parts are {', '.join(names)}.")
    sections = []
    for title, makers in PARTS.items():
        chosen = [name for name in makers if name in asked]
        sections.append(makers[chosen[-1]]() if chosen else kept_section(earlier, title))
    results = (_PREFACE + "".join(sections)).rstrip() + "\n"
    RESULTS.write_text(results, encoding="utf-8")
    print(results)


if __name__ == "__main__":
    main()
