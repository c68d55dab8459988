"""The portal's verbs, one function each: load, decide, write, commit.

Every verb takes a `Portal` first. Modules: `codes` reads and names, `reserving` issues, `accepting` takes
what devices answer, `bringing` what the books have forgotten, `stock`, `ordering` and `catalogue` keep what
there is to reserve, `views` shows, `auditing` recomputes, `deciding` is for what needs two persons,
`transferring` for what goes from one Virtual Account to another, `restoring` for databases that were copied
back. Portals are made and opened by `reservation.bootstrap`.
"""

from codec.reading import Received
from reservation.lots import Preference
from reservation.rules import Choice, LinesWanted
from reservation.service.accepting import Accepted, accept
from reservation.service.auditing import Finding, audit
from reservation.service.bringing import Brought, bring, settle
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
from reservation.service.rebuilding import Blocked, Rebuilt
from reservation.service.reserving import AS_REQUESTED, UNIVERSAL, reissue, reserve, update
from reservation.service.restoring import (
    Ending,
    Outlook,
    adopt,
    approve_end,
    begin_quarantine,
    propose_end,
    reject_end,
    show_quarantine,
)
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
    "Blocked",
    "Brought",
    "Choice",
    "Corrected",
    "Counts",
    "Decided",
    "Details",
    "DeviceCode",
    "Ending",
    "Finding",
    "HeldLine",
    "Issued",
    "Issuer",
    "License",
    "LinesWanted",
    "LotState",
    "OrderAdded",
    "Outlook",
    "Page",
    "Pool",
    "Portal",
    "Preference",
    "Proposed",
    "Rebuilt",
    "Received",
    "Summary",
    "Swept",
    "Transferred",
    "View",
    "accept",
    "add_catalogue",
    "add_license",
    "add_virtual_account",
    "adopt",
    "approve",
    "approve_end",
    "audit",
    "begin_quarantine",
    "bring",
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
    "propose_end",
    "propose_rehost",
    "propose_release",
    "propose_write_off",
    "read_code",
    "reissue",
    "reject",
    "reject_end",
    "remove_virtual_account",
    "rename_virtual_account",
    "reserve",
    "set_policy",
    "set_product",
    "settle",
    "show_catalogue",
    "show_policy",
    "show_quarantine",
    "show_reservation",
    "sweep",
    "transfer_license",
    "transfer_reservation",
    "trust_file",
    "update",
]
