"""The names under which faults are kept (`tests.outcomes`), for the page of results."""

from typing import Final

AREA: Final = "faults"
#: Command → kills at every call that could leave something behind.
KILLS: Final = "kills"
#: Command and error → the same with calls that fail.
ERRORS: Final = "errors"
#: Database → kills at random moments.
LIVES: Final = "lives"
#: Several processes at once: how one of them was stopped → how often.
CROWDS: Final = "crowds"
RANDOMLY: Final = "killed at any moment"
