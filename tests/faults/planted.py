"""Faults planted into the program."""


def plant(name: str) -> None:
    """Plant."""
