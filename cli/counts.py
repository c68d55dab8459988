"""Counts of entitlements as people write them: ``TAG`` or ``TAG=N``."""

from collections.abc import Iterable

from cli.errors import UsageMistakeError
from cli.plain import safe

_MOST_DIGITS = 18
"""Of a count that is looked at; a count with more cannot be meant."""


def tag_count(text: str, option: str) -> tuple[str, int | None]:
    """Split ``TAG=N`` at its last equals sign.

    Returns:
        The tag, and the count; None when none is given.

    Raises:
        UsageMistakeError: When what follows the sign is no whole number.
    """
    tag, sign, number = text.rpartition("=")
    if not sign:
        return number, None
    if not (number.isascii() and number.isdigit()) or not tag:
        raise UsageMistakeError(
            f"{option} {safe(text)} is not of the form TAG=N, with a whole number N.",
            hint=f"Write for example: {option} ROUTING=2",
        )
    if len(number) > _MOST_DIGITS:
        raise UsageMistakeError(
            f"{option} {safe(text, 80)} asks for more than any code can carry.",
            hint="Counts go up to 16,777,215.",
        )
    return tag, int(number)


def require_counts(texts: Iterable[str], option: str) -> dict[str, int]:
    """Return tags with counts, each of them said.

    Raises:
        UsageMistakeError: When a text is not of the form, says no count, or a tag comes twice.
    """
    given = tuple(texts)
    for text in given:
        if tag_count(text, option)[1] is None:
            raise UsageMistakeError(
                f"{option} {safe(text)} says no count.", hint=f"Write for example: {option} {safe(text)}=5"
            )
    return tag_counts(given, option)


def tag_counts(texts: Iterable[str], option: str) -> dict[str, int]:
    """Return tags with counts; one where none is given.

    Raises:
        UsageMistakeError: When a text is not of the form, or a tag comes twice.
    """
    counts: dict[str, int] = {}
    for text in texts:
        tag, count = tag_count(text, option)
        if tag in counts:
            raise UsageMistakeError(
                f"{option} names {safe(tag)} twice.", hint="Give each tag once, with the whole count."
            )
        counts[tag] = 1 if count is None else count
    return counts
