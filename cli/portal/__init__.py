"""``tallystick portal``: the half of the tally that the portal holds."""

from cli.lazy import LazyGroup

portal = LazyGroup(
    "portal",
    text="""Where the licences are kept and given out.

    The order of things: `init` once, `license add` for what was bought, `trust` for the file that devices
    pin. Then, for each device: `reserve` answers its request with an authorization, `accept` takes what the
    device sends back (`confirm` and `return` are other names of `accept`). `license list` shows the books,
    `list` and `show` the reservations, `audit` proves that everything adds up. A device that
    failed is replaced by `rehost`, which a second person must `approve`. `quarantine` says what to do when
    the database was copied back from a backup.

    The database is TALLYSTICK_DB (`sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`), by default a file
    in the user's data folder. Commands act on behalf of TALLYSTICK_USER, by default the operating system's
    user.
    """,
    places={
        "init": ("cli.portal.found:init", "Make a portal: its books and its keys."),
        "trust": ("cli.portal.found:trust", "Print the trust file that devices pin."),
        "issuer": ("cli.portal:issuers", "Which key signs, and what its change asks of devices."),
        "license": ("cli.portal:licenses", "Add licences, and show the books."),
        "reserve": ("cli.portal.exchange:reserve", "Answer a request: print the authorization code."),
        "batch": ("cli.portal.batch:batch", "Answer many codes at once, from a folder, a CSV or a text."),
        "accept": ("cli.portal.exchange:accept", "Take a confirmation or a return from a device."),
        "update": (
            "cli.portal.exchange:update",
            "Change what a reservation grants: print the new authorization.",
        ),
        "reissue": ("cli.portal.exchange:reissue", "Show a reservation's newest authorization again."),
        "slip": ("cli.portal.slip:slip", "Print a reservation's newest authorization on one page."),
        "transfer": (
            "cli.portal.transferring:transfer",
            "Take a device with its licences to another Virtual Account.",
        ),
        "rehost": ("cli.portal.deciding:rehost", "Propose to replace a device that failed."),
        "write-off": ("cli.portal.deciding:write_off", "Propose to write off what a failed device held."),
        "release": ("cli.portal.deciding:release", "Propose to free what a doubtful return left in doubt."),
        "decisions": ("cli.portal.deciding:decisions", "List what waits for a second person."),
        "approve": ("cli.portal.deciding:approve", "Approve what somebody else proposed."),
        "policy": ("cli.portal.deciding:policy", "Show or change what the account allows itself."),
        "sweep": ("cli.portal.stock:sweep", "Post what is due: ends of terms and of lines; and alerts."),
        "alerts": ("cli.portal.alerting:alerts", "List what somebody should know of and act on."),
        "acknowledge": ("cli.portal.alerting:acknowledge", "Say that you have seen an alert."),
        "expect": ("cli.portal.alerting:expect", "Say by which day a device is to be returned."),
        "list": ("cli.portal.views:list_all", "List reservations."),
        "show": ("cli.portal.views:show", "Show everything about one reservation."),
        "events": ("cli.portal.views:events", "List what happened, from the append-only log."),
        "report": ("cli.portal:reports", "Reports: what is used, exposed, ending, moved; also as CSV."),
        "audit": ("cli.portal.views:audit", "Recompute the books from the rows, and say what differs."),
        "log": ("cli.portal:logs", "The log that others can check: checkpoints, proofs and exports."),
        "quarantine": (
            "cli.portal.quarantine:quarantine",
            "Show and decide what follows when the database was copied back.",
        ),
        "backup": ("cli.portal.copies:backup", "Copy the books, while others go on working."),
        "restore": ("cli.portal.copies:restore", "Put a copy of the books back."),
        "va": ("cli.portal:virtual_accounts", "Virtual Accounts: parts of the stock, such as sites."),
        "user": ("cli.portal:users", "Who may act for the Smart Account, and by which roles."),
        "agreement": ("cli.portal:agreements", "What is agreed, in which version, and who accepted it."),
        "catalogue": ("cli.portal:catalogue", "The list of entitlement tags that makes codes shorter."),
        "product": ("cli.portal:products", "What is asked of devices of one product."),
    },
    other_names={"confirm": "accept", "return": "accept"},
)

issuers = LazyGroup(
    "issuer",
    text="""Which key signs, and what its change asks of devices.

    The root says which issuers devices believe, in trust codes. A new one comes from the root's machine:
    `adopt` takes it. `devices` names who needs it, `renew` issues anew what a revoked key had signed.
    """,
    places={
        "adopt": ("cli.portal.issuing:adopt", "Take a trust code, and the issuer that it brings into use."),
        "list": ("cli.portal.issuing:list_all", "List the issuers that ever signed, and those to believe."),
        "devices": (
            "cli.portal.issuing:devices",
            "List the devices that need a trust code, or a new authorization.",
        ),
        "renew": (
            "cli.portal.issuing:renew",
            "Issue anew what a revoked issuer had signed and nobody confirmed.",
        ),
    },
)

licenses = LazyGroup(
    "license",
    text="""Add licences, and show the books.

    What was bought comes in as lots: so many counts of one entitlement, for one term or for ever.
    Reservations take from lots, and a return brings every count back to the lot that it came from.
    """,
    places={
        "add": ("cli.portal.stock:add_license", "Add licences that were bought."),
        "import": ("cli.portal.orders:import_order", "Add everything that an order file lists, or nothing."),
        "transfer": (
            "cli.portal.transferring:transfer_license",
            "Take available licences to another Virtual Account.",
        ),
        "correct": ("cli.portal.transferring:correct_license", "Take back licences that were wrongly added."),
        "list": ("cli.portal.stock:list_licenses", "Show the books: every lot, and where its counts are."),
    },
)

virtual_accounts = LazyGroup(
    "va",
    text="""Virtual Accounts: parts of the stock, such as sites.

    DEFAULT is there from the start. There can be any number of others.
    """,
    places={
        "add": ("cli.portal.stock:add_virtual_account", "Add a Virtual Account."),
        "list": ("cli.portal.stock:list_virtual_accounts", "List the Virtual Accounts."),
        "access": ("cli.portal.access:access", "List who may act in a Virtual Account, and by which roles."),
        "rename": (
            "cli.portal.transferring:rename_virtual_account",
            "Give a Virtual Account another name.",
        ),
        "remove": (
            "cli.portal.transferring:remove_virtual_account",
            "Remove a Virtual Account that is empty.",
        ),
    },
)

users = LazyGroup(
    "user",
    text="""Who may act for the Smart Account, and by which roles.

    `portal init` makes its user the first administrator. Nobody else can do anything before they are added.
    """,
    places={
        "add": ("cli.portal.people:add", "Make somebody known, with a role."),
        "grant": ("cli.portal.people:grant", "Give a user one more role."),
        "revoke": ("cli.portal.people:revoke", "Take a role from a user, who keeps others."),
        "remove": (
            "cli.portal.people:remove",
            "Remove a user with all their roles; the name stays in the events.",
        ),
        "list": ("cli.portal.people:list_all", "List the users and their roles."),
        "passphrase": ("cli.portal.people:passphrase", "Set your own passphrase."),
    },
)

agreements = LazyGroup(
    "agreement",
    text="""What is agreed, in which version, and who accepted it.

    Where the account requires it (`policy --agreements required`), nothing is given out while the newest
    version of an agreement is not accepted.
    """,
    places={
        "add": ("cli.portal.agreeing:add", "Add an agreement, or a further version of it."),
        "list": ("cli.portal.agreeing:list_all", "List every version of every agreement."),
        "show": ("cli.portal.agreeing:show", "Print the text of an agreement."),
        "accept": ("cli.portal.agreeing:accept", "Accept the newest version of an agreement."),
    },
)

catalogue = LazyGroup(
    "catalogue",
    text="""The list of entitlement tags that makes codes shorter.

    With a catalogue that both sides have, a code carries small numbers in place of tags. It is append-only: a
    device with an older, shorter one is understood as well.
    """,
    places={
        "add": ("cli.portal.stock:add_catalogue", "Take in a catalogue file, or a longer one."),
        "show": ("cli.portal.stock:show_catalogue", "Print the catalogue, as a file for devices."),
    },
)

products = LazyGroup(
    "product",
    text="What is asked of devices of one product.",
    places={
        "set": ("cli.portal.stock:set_product", "Set what is asked of devices of one product."),
        "list": (
            "cli.portal.stock:list_products",
            "List the products that something particular is asked of.",
        ),
    },
)

reports = LazyGroup(
    "report",
    text="""Reports: what is used, exposed, ending, moved; also as CSV.

    A report shows the books as of now. `--csv` is for spreadsheets, `--json` for scripts.

    Its last lines say where the log of the portal stood: how many events there were, with a hash over them,
    and the newest signed checkpoint. Keep one: `log verify` compares them later. With `--csv` they stand on
    standard error, since a spreadsheet takes every line for a row.
    """,
    places={
        "usage": ("cli.portal.reporting:usage", "Report how much of what was bought is used."),
        "exposure": (
            "cli.portal.reporting:exposure",
            "Report what may be in use although no device is known to use it.",
        ),
        "expiring": ("cli.portal.reporting:expiring", "Report what ends soon, and where it is."),
        "transactions": (
            "cli.portal.reporting:transactions",
            "Report every movement of licences, with who moved them, when and why.",
        ),
    },
)

logs = LazyGroup(
    "log",
    text="""The log that others can check: checkpoints, proofs and exports.

    Everything that happened stands in one tree of hashes. A signed checkpoint says how many events there are
    and what the root of their tree is; whoever keeps it finds out when one of them is changed, deleted,
    inserted or moved, and whether the books are what the events make them. `samples/verify_log.py` is a
    verifier of its own, for those who trust nobody.
    """,
    places={
        "checkpoint": ("cli.portal.log:checkpoint", "Sign where the log stands: print a checkpoint."),
        "prove": ("cli.portal.log:prove", "Prove that an event is in the log, or that it only grew."),
        "verify": ("cli.portal.log:verify", "Compare signed checkpoints, and an export, with the log."),
        "export": ("cli.portal.log:export", "Write the log into a file, for auditors."),
    },
)
