"""One target under atheris, as a process of its own: `python -m tests.fuzz.drive TARGET [libFuzzer options]`.

libFuzzer never returns and ends the process when something escapes, so `tests.fuzz.__main__` starts one for
each target. Only the project's own code is instrumented: that is whose branches the search should reach.
"""

import sys

import atheris


def main() -> None:
    """Fuzz the target that the first argument names."""
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["codec"]):
        from tests.fuzz.targets import PLANTED, TARGETS
    target = TARGETS.get(name, PLANTED)
    options = [f"-max_len={target.longest}", "-timeout=20", "-rss_limit_mb=2000", "-verbosity=1"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:]], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
