"""The device half: it asks for licences, enforces what it was authorized, and gives them back.

from reservation.device import Device

if Device.open(home).entitled("TAG", count=1): ...
"""

from reservation.device.agent import Device

__all__ = ["Device"]
