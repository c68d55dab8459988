"""How far properties are searched: as far as each test says, and in a soak so many times further."""

from typing import Final

from hypothesis import settings

#: What Hypothesis tries where a test says nothing.
USUAL: Final = 100


def examples(usual: int) -> int:
    """Return how many examples a test tries under the profile in use.

    Args:
        usual: How many it tries in an ordinary run.
    """
    return max(1, usual * settings().max_examples // USUAL)


def is_long() -> bool:
    """Tell whether this is a run that searches further than usual, and whose counts are worth keeping."""
    return settings().max_examples > USUAL
