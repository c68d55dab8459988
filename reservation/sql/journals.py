"""Codes of one device across its reservations: a part of the port, on named queries."""

from typing import Any

from reservation.model import Reservation, StoredCode
from reservation.sql import rows


class JournalReading:
    """What a transaction can read of it."""

    connection: Any
    queries: Any
    account_id: bytes

    def codes_beside(self, reservation: Reservation, code_number: int) -> tuple[StoredCode, ...]:
        """Return codes of a device that one with this number can contradict."""
        found = self.queries.codes_beside(
            self.connection,
            account_id=self.account_id,
            device_key=reservation.device_key,
            code_number=code_number,
            reservation_id=reservation.id,
        )
        return tuple(rows.code_of(row) for row in found)

    def code_numbers(self, device_key: bytes) -> tuple[int, ...]:
        """Return the numbers of all codes of a device that the books have, ascending."""
        found = self.queries.code_numbers(self.connection, account_id=self.account_id, device_key=device_key)
        return tuple(number for (number,) in found)
