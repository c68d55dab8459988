"""Repair: how often it succeeds, how long it takes, what pastes it survives, and whether it ever errs.

A short form runs with everything else. The long one, a million trials within four wrong characters and ten
thousand searched ones, in processes of their own, takes minutes: ``python -m benchmarks.run repair-long``.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Final

from benchmarks.measured import limit, verdict
from benchmarks.pastes import PASTES
from benchmarks.specimens import LONGEST, SHORTEST, Specimen, specimens
from benchmarks.table import markdown, number
from benchmarks.trials import BEYOND, LAID_OUT, SEARCHED, WITHIN_FOUR, Kind, Tally, attempt
from codec.errors import CodecError
from codec.reading import inspect, receive

HOSTILE_MILLISECONDS: Final = 50.0
_LARGEST: Final = 65_536
_BATCH: Final = 2_500
"""Trials of one task within four wrong characters; a tenth of that for what is searched."""

HEAD: Final = ("damage", "read", "of", "misnamed", "limit, ms", "median, ms", "worst, ms", "met")
PASTE_HEAD: Final = ("paste", "codes", "read", "met")
TRIAL_HEAD: Final = ("trials", "number", "read", "wrong code accepted", "misnamed", "met")
HOSTILE_HEAD: Final = ("hostile input", "limit, ms", "median, ms", "met")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is tried.

    Attributes:
        each: Trials of each kind of damage in the table of rates.
        within: Trials within four wrong characters.
        searched: Trials of damage that is searched for, or beyond all repair.
        alike: Codes of the same kind and length.
        processes: In which the last two run.
    """

    each: int
    within: int
    searched: int
    alike: int
    processes: int


SHORT: Final = Scale(each=120, within=4_000, searched=800, alike=1, processes=1)
LONG: Final = Scale(each=1_000, within=1_000_000, searched=10_000, alike=4, processes=2)
TINY: Final = Scale(each=2, within=8, searched=30, alike=1, processes=1)
"""Enough to see that everything runs."""


@cache
def _codes(alike: int) -> tuple[Specimen, ...]:
    return tuple(specimens("repair", alike))


def measured(kind: Kind, scale: Scale) -> Tally:
    """Try one kind of damage on codes of all kinds and lengths in turn."""
    rng, codes, tally = Random(kind.name), _codes(scale.alike), Tally()
    turn = rng.randrange(len(codes))
    for trial in range(scale.each):
        attempt(kind, codes[(turn + 7 * trial) % len(codes)], rng, tally)
    return tally


def rate_cells(kind: Kind, tally: Tally) -> tuple[str, ...]:
    """Return the cells under `HEAD`."""
    middle = 1000 * median(tally.seconds)
    met = tally.read == tally.trials and not tally.misnamed and (kind.limit is None or middle <= kind.limit)
    return (
        kind.name,
        number(tally.read),
        number(tally.trials),
        number(tally.misnamed),
        limit(kind.limit),
        number(middle, 2),
        number(1000 * max(tally.seconds), 1),
        verdict(met),
    )


# --- trials for errors ---------------------------------------------------------------------------------


_SETS: Final = {
    "within four": WITHIN_FOUR,
    "searched": (*SEARCHED, *LAID_OUT, *BEYOND),
}
"""Kinds of damage by the name of their trials, which goes to the processes in their place."""


def batch(name: str, count: int, seed: str, alike: int) -> Tally:
    """Try damage of a set of kinds in turn on codes drawn at random."""
    kinds = _SETS[name]
    rng, codes, tally = Random(seed), _codes(alike), Tally()
    for trial in range(count):
        attempt(kinds[trial % len(kinds)], rng.choice(codes), rng, tally)
    tally.seconds.clear()
    del tally.failures[10:]
    return tally


def trials(name: str, count: int, size: int, scale: Scale) -> Tally:
    """Try damage often, in several processes, and tell on stderr how far it is."""
    total, started = Tally(), perf_counter()
    tasks = [(min(size, count - done), f"{name} {done}") for done in range(0, count, size)]
    with ProcessPoolExecutor(scale.processes) as pool:
        running = [pool.submit(batch, name, each, seed, scale.alike) for each, seed in tasks]
        for future in running:
            total.add(future.result())
            done = f"{total.trials:,} of {count:,}, {total.false} wrong"
            print(f"\r{name}: {done}, {perf_counter() - started:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return total


def _trial_cells(name: str, tally: Tally, *, all_read: bool) -> tuple[str, ...]:
    met = not tally.false and not tally.misnamed and (not all_read or tally.read == tally.trials)
    return (
        name,
        number(tally.trials),
        number(tally.read),
        number(tally.false),
        number(tally.misnamed),
        verdict(met),
    )


def without_a_key(count: int, scale: Scale) -> Tally:
    """Read damaged codes by their parity alone: a wrong code must not come out."""
    kinds = (*WITHIN_FOUR, *SEARCHED, *LAID_OUT, *BEYOND)
    rng, codes, tally = Random("without a key"), _codes(scale.alike), Tally()
    for trial in range(count):
        specimen = rng.choice(codes)
        tally.trials += 1
        try:
            found = inspect(kinds[trial % len(kinds)].mistake(specimen.text, rng).raw).code
        except CodecError:
            continue
        same = (found.payload, found.signature) == (specimen.code.payload, specimen.code.signature)
        tally.read += same
        tally.false += not same
    return tally


# --- pastes and hostile input --------------------------------------------------------------------------


def paste_cells(name: str, codes: Sequence[Specimen]) -> tuple[str, ...]:
    """Return the cells under `PASTE_HEAD`: a code is read when it needed no repair."""
    read = sum(_survives(PASTES[name](each.text), each) for each in codes)
    return name, number(len(codes)), number(read), verdict(read == len(codes))


def _survives(raw: str, specimen: Specimen) -> bool:
    try:
        received = receive(raw, specimen.verify)
    except CodecError:
        return False
    return received.code == specimen.code and not received.repairs


def hostile_inputs() -> Iterator[tuple[str, str]]:
    """Yield what is made to take long: as large as may be, and as like a damaged code as may be."""
    code = max((each.text for each in _codes(1)), key=len)
    rng = Random("hostile")
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    noise = "".join(rng.choices(letters, k=_LARGEST))
    yield f"{len(code)} characters of noise", "Q" + noise[: len(code) - 1]
    yield f"{len(code) - 1} characters of noise", "Q" + noise[: len(code) - 2]
    yield "2,046 characters of noise", "Q" + noise[:2045]
    yield "1,001 characters of noise", "A" + noise[:1000]
    groups = [noise[start : start + 4] for start in range(0, 2040, 4)]
    yield "2,040 characters of noise in groups", " ".join(groups)
    yield (
        "lines of 4 or 5 groups of noise",
        "\n".join(f"{each}: {' '.join(groups[5 * each : 5 * each + 4 + each % 2])}" for each in range(12)),
    )
    yield "64 KB of noise", noise
    yield (
        "64 KB of groups",
        " ".join([noise[start : start + 4] for start in range(0, _LARGEST, 4)])[:_LARGEST],
    )
    yield "64 KB of words and groups", "Dear 4Q7A Bob\n" * (_LARGEST // 14)
    yield "64 KB of zeros", "Q" + "0" * (_LARGEST - 1)
    yield "64 KB of one code, again and again", ((code + "\n") * (_LARGEST // len(code)))[:_LARGEST]
    yield "64 KB of tags and entities", "<br>&amp;A4" * (_LARGEST // 11)
    yield "64 KB of open tags", "<a " * (_LARGEST // 3)


def hostile_cells(name: str, raw: str, rounds: int) -> tuple[str, ...]:
    """Return the cells under `HOSTILE_HEAD`."""
    verify = max(_codes(1), key=lambda each: len(each.text)).verify
    seconds = []
    for _ in range(rounds):
        started = process_time()
        with suppress(CodecError):
            receive(raw, verify)
        seconds.append(process_time() - started)
    middle = 1000 * median(seconds)
    return name, limit(HOSTILE_MILLISECONDS), number(middle, 1), verdict(middle <= HOSTILE_MILLISECONDS)


# --- the section ---------------------------------------------------------------------------------------

TITLE: Final = "## Repair\n"

_SECTION: Final = """\
{title}
{count} codes, all signed for real: every kind, and every length from {shortest} to {longest} characters that
came up. Mistakes are drawn at random. A code is *read* when its reader gets exactly that one; a repair is
*misnamed* when it names a group in which nothing was wrong, and as few changes do not explain it as well. All
is automatic, apart from what says "on request".

{rates}

Wrong codes accepted, over all kinds and lengths. "Searched": all other kinds of damage above in turn, and six
to twelve wrong pairs of characters, which nothing can repair. Without a key the parity alone decides.

{trials}

Marks of pastes, on every code: read, with nothing to repair.

{pastes}

Input made to take long, refused ({cores} cores):

{hostile}

"""


def repair_section(scale: Scale) -> str:
    """Measure and describe repair."""
    codes = _codes(scale.alike)
    kinds = (*WITHIN_FOUR, *SEARCHED, *LAID_OUT)
    rates = [rate_cells(kind, measured(kind, scale)) for kind in kinds]
    within = trials("within four", scale.within, _BATCH, scale)
    searched = trials("searched", scale.searched, _BATCH // 10, scale)
    alone = without_a_key(scale.searched, scale)
    return _SECTION.format(
        title=TITLE,
        count=len(codes),
        shortest=SHORTEST,
        longest=LONGEST,
        cores=os.cpu_count(),
        rates=markdown(HEAD, rates),
        trials=markdown(
            TRIAL_HEAD,
            [
                _trial_cells("within four wrong characters", within, all_read=True),
                _trial_cells("searched", searched, all_read=False),
                _trial_cells("without a key", alone, all_read=False),
            ],
        ),
        pastes=markdown(PASTE_HEAD, [paste_cells(name, codes) for name in PASTES]),
        hostile=markdown(HOSTILE_HEAD, [hostile_cells(name, raw, 5) for name, raw in hostile_inputs()]),
    )
