"""One target under atheris, as a process of its own: `python -m tests.fuzz.drive TARGET [libFuzzer options]`.

libFuzzer never returns and ends the process when something escapes, so `tests.fuzz.__main__` starts one for
each target. Only the project's own code is instrumented: that is whose branches the search should reach.

What inputs cost is kept in a file (`--costs`) whenever one costs more than all before it.
"""

import sys
from pathlib import Path

import atheris

_COSTS = "--costs="


def main() -> None:
    """Fuzz the target that the first argument names."""
    name = sys.argv.pop(1)
    costs = [option.removeprefix(_COSTS) for option in sys.argv if option.startswith(_COSTS)]
    sys.argv = [option for option in sys.argv if not option.startswith(_COSTS)]
    with atheris.instrument_imports(include=["codec"]):
        from tests.fuzz.costs import Watched
        from tests.fuzz.targets import PLANTED, TARGETS
    target = TARGETS.get(name, PLANTED)
    run = Watched(target.run, Path(costs[0])) if costs else target.run
    options = [f"-max_len={target.longest}", "-timeout=60", "-rss_limit_mb=2000", "-verbosity=1"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:]], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
