"""A process that takes turns at a database when it is told to, and says what came of it.

    python -m tests.reservation.portal.taker DATABASE

Lines on stdin: a number of seconds, to take the turn within them, or ``back``, to give it back.
"""

import sys
from pathlib import Path

from reservation.errors import BusyError
from reservation.sql.turns import Turns


def main() -> None:
    turns = Turns(Path(sys.argv[1]))
    for line in sys.stdin:
        word = line.strip()
        if word == "back":
            turns.give_back()
            print("back", flush=True)
            continue
        try:
            turns.take(float(word))
        except BusyError as error:
            print(f"{error.code}: {error.message}", flush=True)
        else:
            print("taken", flush=True)


if __name__ == "__main__":
    main()
