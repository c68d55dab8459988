"""The device half: it asks for licences, enforces what it was authorized, and gives them back.

    from reservation.device import Device

    if Device.open(home).entitled("TAG", count=1): ...

`Device` is loaded when it is first named, so that `reservation.device.reader` can be loaded without it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reservation.device.agent import Device

__all__ = ["Device"]


def __getattr__(name: str) -> object:
    """Load `Device` when it is first named (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reservation.device import agent

    return agent.Device
