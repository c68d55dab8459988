"""Where the program starts: ``tallystick``, or ``python -m cli``.

Python looks for garbage while modules are being loaded, and once more when a process ends, in everything
that was loaded. Of `device check`, which is over in a tenth of a second, that was a sixth, and there is none.
So the search starts later here, and leaves out at the end what is still in use.
"""

import gc
import sys

_OBJECTS_UNTIL_SEARCH = 50_000
_INTERRUPTED = 130  # as in `cli.exit_codes`, which may not be there to be loaded


def main() -> None:
    """Run the program in the real world; the console script."""
    gc.set_threshold(_OBJECTS_UNTIL_SEARCH)
    try:
        from cli.main import main as run_program

        run_program()
    except KeyboardInterrupt:
        # While the program is loaded, or when its command has ended: there is nothing to say.
        sys.exit(_INTERRUPTED)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
