"""What the last searches for hostile input came to; `tests.fuzz` makes them, for hours.

Nothing is searched here: `python -m tests.fuzz` and `python -m tests.fuzz.pictures` left their outcomes under
`build/fuzz/outcomes`, and those are written down beside their limits.
"""

from dataclasses import replace
from typing import Final

from benchmarks.measured import verdict
from benchmarks.table import markdown, number
from tests.fuzz.__main__ import Result
from tests.fuzz.costs import Costs, milliseconds_of
from tests.fuzz.pictures import MOST_MEGABYTES, NAME
from tests.fuzz.target import MEGABYTES, SEARCH_MILLISECONDS
from tests.fuzz.targets import TARGETS

TITLE: Final = "## Fuzzing\n"
MOST_WANTED: Final = 10_000_000
"""Inputs, over all parsers of bytes and text."""
PICTURES_WANTED: Final = 100_000
_TIMES: Final = 5
HEAD: Final = (
    "target",
    "inputs",
    "seconds",
    "lines reached",
    "longest ≤ ms",
    "longest",
    "most ≤ MB",
    "most",
    "escaped",
    "met",
)
_SECTION: Final = """\
{title}
Nothing but the errors that a parser promises may leave it, whatever the input. Inputs were made by atheris,
from the sample codes and the test vectors on; those of `pictures` by changing pictures at random, for the
reader in its own process. Seconds are those of a machine with other work, at the lowest priority. The input
that took longest was run again without the instruments of the search, and its milliseconds of computing are
told. Memory is Python's, for `pictures` the whole other process's. Where a person waits, there is a second;
`text` reads each input twice. A picture that seemed too slow beside other work was read again, twice at most.

Again: `python -m tests.fuzz --inputs N TARGET`, `python -m tests.fuzz.pictures --inputs N`; then
`python -m benchmarks.run fuzz`.

{table}

"""


def section() -> str:
    """Describe the outcomes of the last searches."""
    results = [result for name in (*TARGETS, NAME) if (result := Result.read(name))]
    parsed = sum(result.inputs for result in results if result.name not in {"image", NAME})
    shown = sum(result.inputs for result in results if result.name == NAME)
    rows = [
        *map(cells, results),
        _total("parsers together", parsed, MOST_WANTED),
        _total("pictures", shown, PICTURES_WANTED),
    ]
    return _SECTION.format(title=TITLE, table=markdown(HEAD, rows))


def cells(result: Result) -> tuple[str, ...]:
    """Return the cells of one target under `HEAD`."""
    is_picture = result.name == NAME
    milliseconds = SEARCH_MILLISECONDS if is_picture else TARGETS[result.name].milliseconds
    megabytes = MOST_MEGABYTES if is_picture else MEGABYTES
    costs = result.costs if is_picture else again(result)
    return (
        result.name,
        number(result.inputs),
        number(result.seconds),
        f"{100 * result.covered / result.lines:.0f} % of {result.lines}" if result.lines else "–",
        number(milliseconds),
        number(costs.milliseconds, 1),
        number(megabytes),
        number(costs.megabytes, 1),
        number(len(result.findings)),
        verdict(not result.findings and costs.milliseconds <= milliseconds and costs.megabytes <= megabytes),
    )


def again(result: Result) -> Costs:
    """Return the costs, the time without the instruments of the search, which slow the parsers down."""
    data, run = bytes.fromhex(result.costs.slowest), TARGETS[result.name].run
    return replace(result.costs, milliseconds=min(milliseconds_of(run, data) for _ in range(_TIMES)))


def _total(name: str, inputs: int, wanted: int) -> tuple[str, ...]:
    blank = ("–",) * (len(HEAD) - 3)
    return (f"{name}, ≥ {number(wanted)}", number(inputs), *blank, verdict(inputs >= wanted))
