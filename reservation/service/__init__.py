"""The portal's verbs, one function each: load, decide, write, commit.

Every verb takes a `Portal` first. Modules: `codes` reads and names, `reserving` issues, `accepting` takes
what devices answer, `stock`, `ordering` and `catalogue` keep what there is to reserve, `views` shows,
`shorts` takes what is read by telephone, `auditing` recomputes, `deciding` is for what needs two persons,
`transferring` for what goes from one Virtual Account to another. Portals are made and opened by
`reservation.bootstrap`.

Only after a restore, and so not loaded here: `bringing` takes codes that the books have forgotten,
`rebuilding` puts them into the books, `restoring` ends the quarantine.
"""

from codec.reading import Received
from reservation.lots import Preference
from reservation.rules import Choice, LinesWanted
from reservation.service.accepting import Accepted, accept
from reservation.service.auditing import Finding, audit
from reservation.service.catalogue import add_catalogue, show_catalogue
from reservation.service.codes import DeviceCode, find_reservation, keep_return, read_code
from reservation.service.context import Issuer, Portal, Swept, sweep
from reservation.service.deciding import (
    Decided,
    Proposed,
    approve,
    pending_decisions,
    propose_rehost,
    propose_release,
    propose_write_off,
    reject,
    set_policy,
    show_policy,
)
from reservation.service.issuing import Issued
from reservation.service.ordering import OrderAdded, import_order, preview_order
from reservation.service.reserving import AS_REQUESTED, UNIVERSAL, reissue, reserve, update
from reservation.service.shorts import ReceivedShort, accept_short, answer_again, receive_short
from reservation.service.stock import (
    Added,
    add_license,
    add_virtual_account,
    list_products,
    list_virtual_accounts,
    remove_virtual_account,
    rename_virtual_account,
    set_product,
)
from reservation.service.transferring import (
    Corrected,
    Transferred,
    correct_license,
    transfer_license,
    transfer_reservation,
)
from reservation.service.views import (
    Counts,
    Details,
    HeldLine,
    License,
    LotState,
    Page,
    Pool,
    Summary,
    View,
    events,
    list_licenses,
    list_reservations,
    overview,
    show_reservation,
    trust_file,
)

__all__ = [
    "AS_REQUESTED",
    "UNIVERSAL",
    "Accepted",
    "Added",
    "Choice",
    "Corrected",
    "Counts",
    "Decided",
    "Details",
    "DeviceCode",
    "Finding",
    "HeldLine",
    "Issued",
    "Issuer",
    "License",
    "LinesWanted",
    "LotState",
    "OrderAdded",
    "Page",
    "Pool",
    "Portal",
    "Preference",
    "Proposed",
    "Received",
    "ReceivedShort",
    "Summary",
    "Swept",
    "Transferred",
    "View",
    "accept",
    "accept_short",
    "add_catalogue",
    "add_license",
    "add_virtual_account",
    "answer_again",
    "approve",
    "audit",
    "correct_license",
    "events",
    "find_reservation",
    "import_order",
    "keep_return",
    "list_licenses",
    "list_products",
    "list_reservations",
    "list_virtual_accounts",
    "overview",
    "pending_decisions",
    "preview_order",
    "propose_rehost",
    "propose_release",
    "propose_write_off",
    "read_code",
    "receive_short",
    "reissue",
    "reject",
    "remove_virtual_account",
    "rename_virtual_account",
    "reserve",
    "set_policy",
    "set_product",
    "show_catalogue",
    "show_policy",
    "show_reservation",
    "sweep",
    "transfer_license",
    "transfer_reservation",
    "trust_file",
    "update",
]
