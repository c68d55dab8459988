"""Libraries that only some commands need: found missing before anything is done, and the extra named."""

from importlib.util import find_spec

from cli.errors import UsageMistakeError


def require_extra(extra: str, *modules: str, purpose: str) -> None:
    """Refuse what needs a library that is not installed.

    Args:
        extra: The extra of this package that brings it.
        modules: What it must be possible to import.
        purpose: What needs it, as the beginning of a sentence.

    Raises:
        UsageMistakeError: When one is missing.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise UsageMistakeError(
            f"{purpose} needs what is not installed here: {', '.join(missing)}. Nothing was done.",
            hint=f"Install it with: pip install 'tallystick[{extra}]'",
        )


def require_portal(purpose: str) -> None:
    """Refuse what needs the extra ``portal``.

    Raises:
        UsageMistakeError: When a part of it is missing.
    """
    require_extra("portal", "aiosql", "apsw", "cryptography", purpose=purpose)
