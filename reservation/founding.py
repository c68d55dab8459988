"""The first rows of a portal's books, as a new database gets them.

Scope: a frozen value. Not handled: writing them (`reservation.sql.steps`), making them
(`reservation.bootstrap`).
"""

from dataclasses import dataclass

from reservation.model import Event, PortalIdentity, VirtualAccount


@dataclass(frozen=True, slots=True)
class Founding:
    """The first rows of a portal's books.

    Attributes:
        identity: What the portal is.
        account_id: The Smart Account.
        account: Its name.
        virtual_account: Its first Virtual Account.
        trust_serial: Serial of the first trust code.
        trust_id: id(T) of it.
        trust_text: The code.
        event: What happened.
    """

    identity: PortalIdentity
    account_id: bytes
    account: str
    virtual_account: VirtualAccount
    trust_serial: int
    trust_id: bytes
    trust_text: str
    event: Event
