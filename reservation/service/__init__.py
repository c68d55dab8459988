"""The portal's verbs, one function each: load, decide, write, commit.

Every verb takes a `Portal` first. Modules: `codes` reads and names, `reserving` issues, `accepting` takes
what devices answer, `stock`, `ordering` and `catalogue` keep what there is to reserve, `views` shows,
`shorts` takes what is read by telephone, `auditing` recomputes, `deciding` is for what needs two persons,
`transferring` for what goes from one Virtual Account to another, `people` and `agreements` for who acts and
what is agreed, `alerting` for what somebody should know of. Each verb is a row of the table in
`reservation.roles`. Portals are made and opened by `reservation.bootstrap`.

Only after a restore, and so not loaded here: `bringing` takes codes that the books have forgotten,
`rebuilding` puts them into the books, `restoring` ends the quarantine.
"""

from codec.reading import Received
from reservation.lots import Preference
from reservation.roles import Role
from reservation.rules import Choice, LinesWanted
from reservation.service.accepting import Accepted, accept
from reservation.service.agreements import (
    accept_agreement,
    add_agreement,
    list_agreements,
    show_agreement,
)
from reservation.service.alerting import (
    Acknowledged,
    AlertPage,
    AlertShown,
    Expected,
    acknowledge_alert,
    expect_return,
    list_alerts,
)
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
from reservation.service.people import (
    Access,
    Person,
    add_user,
    authenticate,
    clear_passphrase,
    grant_role,
    has_passphrase,
    list_access,
    list_users,
    remove_user,
    revoke_role,
    set_passphrase,
)
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
    "Access",
    "Acknowledged",
    "Added",
    "AlertPage",
    "AlertShown",
    "Choice",
    "Corrected",
    "Counts",
    "Decided",
    "Details",
    "DeviceCode",
    "Expected",
    "Finding",
    "HeldLine",
    "Issued",
    "Issuer",
    "License",
    "LinesWanted",
    "LotState",
    "OrderAdded",
    "Page",
    "Person",
    "Pool",
    "Portal",
    "Preference",
    "Proposed",
    "Received",
    "ReceivedShort",
    "Role",
    "Summary",
    "Swept",
    "Transferred",
    "View",
    "accept",
    "accept_agreement",
    "accept_short",
    "acknowledge_alert",
    "add_agreement",
    "add_catalogue",
    "add_license",
    "add_user",
    "add_virtual_account",
    "answer_again",
    "approve",
    "audit",
    "authenticate",
    "clear_passphrase",
    "correct_license",
    "events",
    "expect_return",
    "find_reservation",
    "grant_role",
    "has_passphrase",
    "import_order",
    "keep_return",
    "list_access",
    "list_agreements",
    "list_alerts",
    "list_licenses",
    "list_products",
    "list_reservations",
    "list_users",
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
    "remove_user",
    "remove_virtual_account",
    "rename_virtual_account",
    "reserve",
    "revoke_role",
    "set_passphrase",
    "set_policy",
    "set_product",
    "show_agreement",
    "show_catalogue",
    "show_policy",
    "show_reservation",
    "sweep",
    "transfer_license",
    "transfer_reservation",
    "trust_file",
    "update",
]
