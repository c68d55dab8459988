"""The examples of docs/cli.md, as one story in the order in which they run.

Each example belongs to one command and is a few shell lines; its output stands in the page exactly as the
real program printed it, under a stopped clock and with seeded randomness.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """Shell lines that show one command.

    Attributes:
        command: The command's words, without ``tallystick``.
        lines: What a person types.
        note: A sentence before the example.
        minutes: How far the clock moves on before it.
        on: Which machine's hardware the lines see: "portal", "router" or "spare".
    """

    command: str
    lines: tuple[str, ...]
    note: str = ""
    minutes: int = 1
    on: str = "portal"


EXAMPLES: tuple[Example, ...] = (
    Example(
        "portal init",
        ('tallystick portal init --account "Northwind Power"',),
        "A portal: its books and its keys. Without a terminal, `init` makes a passphrase and says where.",
    ),
    Example(
        "portal trust",
        ("tallystick portal trust > trust.txt && cat trust.txt",),
        "The file that devices pin.",
    ),
    Example("portal va add", ("tallystick portal va add Substations",), "A Virtual Account for one site."),
    Example("portal va list", ("tallystick portal va list",)),
    Example(
        "portal user add",
        (
            "tallystick portal user add alex --role administrator",
            "tallystick portal user add robin --role virtual-account-user --va Substations",
        ),
        "Nobody but who made the portal can do anything yet. What needs two persons needs a second one.",
    ),
    Example(
        "portal user grant",
        (
            "tallystick portal user grant robin --role virtual-account-user --va DEFAULT",
            "tallystick portal va add Workshop --user robin",
        ),
        "Roles add up; what none of them allows is refused.",
    ),
    Example(
        "portal user revoke",
        ("tallystick portal user revoke robin --role virtual-account-user --va DEFAULT",),
    ),
    Example(
        "portal user passphrase",
        (
            "echo 'a sentence of my own' > mine.txt && chmod 600 mine.txt",
            "TALLYSTICK_USER=robin tallystick portal user passphrase --new-passphrase-file mine.txt",
            "tallystick portal user passphrase --clear robin",
        ),
        "Who sets one is asked for it when they approve something.",
    ),
    Example("portal user list", ("tallystick portal user list",)),
    Example("portal va access", ("tallystick portal va access Substations",)),
    Example("portal user remove", ("tallystick portal user remove robin",), "The name stays in the events."),
    Example(
        "portal agreement add",
        (
            "echo 'Licences are for our own devices.' > terms.txt",
            "tallystick portal agreement add Terms terms.txt",
        ),
    ),
    Example("portal agreement show", ("tallystick portal agreement show Terms",)),
    Example("portal agreement accept", ("tallystick portal agreement accept Terms --version 1",)),
    Example("portal agreement list", ("tallystick portal agreement list",)),
    Example(
        "portal catalogue add",
        (
            "printf '%s\\n' '# sold since 2026' ROUTE-1G ROUTE-10G CRYPTO-STRONG RECORD-8CH > catalogue.txt",
            "tallystick portal catalogue add catalogue.txt",
        ),
        "A catalogue makes codes shorter. It only ever grows.",
    ),
    Example("portal catalogue show", ("tallystick portal catalogue show",)),
    Example(
        "portal license add",
        (
            "tallystick portal license add ROUTE-1G 10 --perpetual --order PO-4711",
            "tallystick portal license add CRYPTO-STRONG 5 --start 2026-03-01 --end 2027-02-28",
        ),
        "What was bought: perpetual licences, and some for a year.",
    ),
    Example(
        "portal license import",
        (
            "printf '%s\\n' tag,quantity,virtual_account,kind,start,end,order "
            "RECORD-8CH,40,Substations,term,2026-04-01,2029-03-31,PO-4712 "
            "CRYPTO-STRONG,8,Substations,perpetual,,,PO-4712 > order.csv",
            "tallystick portal license import order.csv --dry-run",
            "tallystick portal license import order.csv",
            "tallystick portal license import order.csv",
        ),
        "A whole order: looked at first, then imported. A second time it is refused.",
    ),
    Example("portal license list", ("tallystick portal license list",), "The books before."),
    Example(
        "portal product set",
        ("tallystick portal product set TR-100 --match 3",),
        "Devices of this product must ask that three hardware components match.",
    ),
    Example("portal product list", ("tallystick portal product list",)),
    Example(
        "device init",
        ("tallystick device init --pid TR-100 --sn FOC2145X0AB --trust trust.txt --catalogue catalogue.txt",),
        on="router",
    ),
    Example(
        "device request",
        ("tallystick device request --want ROUTE-1G=2 --want CRYPTO-STRONG > request.txt", "cat request.txt"),
        "A request, for the technician to carry.",
        on="router",
    ),
    Example(
        "code explain",
        ("tallystick code explain --file request.txt --catalogue catalogue.txt",),
        "Anyone can read a code; no key is needed.",
    ),
    Example(
        "portal reserve",
        (
            "tallystick portal reserve --file request.txt --as-requested > authorization.txt",
            "cat authorization.txt",
        ),
        minutes=90,
    ),
    Example(
        "code verify",
        (
            "tallystick code verify --file authorization.txt --trust trust.txt",
            'tallystick code verify "$(cat authorization.txt)" --trust trust.txt '
            '--request "$(cat request.txt)"',
        ),
        "An authorization is genuine for one request, so both are needed.",
    ),
    Example(
        "code qr",
        (
            "tallystick code qr --file authorization.txt --typed",
            "tallystick code qr --file request.txt --svg r.svg",
        ),
        "For paper: numbered groups, and a drawing.",
    ),
    Example(
        "code scan",
        ("tallystick code qr --file request.txt --png r.png", "tallystick code scan r.png"),
        "A picture that the technician brought.",
    ),
    Example(
        "code repair",
        ("sed 's/^\\(.\\{20\\}\\)./\\1Z/' authorization.txt | tallystick code repair - --accept-repair",),
        "One character was mistyped.",
    ),
    Example(
        "code bundle",
        (
            "tallystick code bundle request.txt authorization.txt > bundle.txt && cut -c1-60 bundle.txt",
            "tallystick code bundle bundle.txt --frames --qr-version 6 --sheet s.html > frames.txt",
        ),
        "Many codes as one; and as frames on a sheet of paper, of which some may get lost.",
    ),
    Example(
        "code unbundle",
        (
            "tallystick code unbundle bundle.txt | cut -c1-40",
            "sed 2,4d frames.txt | tallystick code unbundle -",
        ),
        "The codes again; and too few frames.",
    ),
    Example(
        "code release-sheet",
        ("tallystick code release-sheet --file request.txt --catalogue catalogue.txt | head -n 72",),
        "For the security officer: every field of what leaves. The rest of this sheet is more of them, the "
        "code in groups, its QR, and lines to sign on.",
    ),
    Example(
        "code cose",
        (
            'tallystick code cose --file authorization.txt --trust trust.txt --request "$(cat request.txt)"',
            "tallystick code cose --file authorization.txt -q | tallystick code cose --import - -q",
        ),
        "For other people's tools: the same code as a COSE message, and back.",
    ),
    Example(
        "device install",
        ("tallystick device install --file authorization.txt > confirmation.txt", "cat confirmation.txt"),
        on="router",
        minutes=60,
    ),
    Example("device status", ("tallystick device status",), on="router"),
    Example(
        "device check",
        (
            "tallystick device check ROUTE-1G --count 2",
            "tallystick device check ROUTE-1G --count 3",
            "tallystick device check CRYPTO-STRONG --ahead 400",
        ),
        "For start scripts and monitoring: the exit code is the answer.",
        on="router",
    ),
    Example(
        "device confirmation",
        ("tallystick device confirmation", "tallystick device confirmation --short"),
        "A lost code is shown again; and the short one, to be read by telephone.",
        on="router",
    ),
    Example(
        "portal accept",
        (
            "tallystick portal accept --file confirmation.txt",
            "tallystick portal accept --file confirmation.txt",
        ),
        "Pasting it twice gives the first answer again.",
        minutes=90,
    ),
    Example(
        "portal accept",
        ("tallystick portal confirm --file confirmation.txt --json",),
        "`confirm` is another name of `accept`. For scripts, `--json`.",
    ),
    Example("portal list", ("tallystick portal list",)),
    Example(
        "portal show", ('tallystick portal show "$(cat request.txt)"',), "A reservation, by any of its codes."
    ),
    Example(
        "portal batch",
        ("tallystick portal batch request.txt --as-requested",),
        "Of one code or of thousands: one line of CSV for each.",
    ),
    Example("portal slip", ('tallystick portal slip "$(cat request.txt)" --html slip.html',)),
    Example("portal reissue", ('tallystick portal reissue "$(cat request.txt)"',), "A lost authorization."),
    Example(
        "portal update",
        ('tallystick portal update "$(cat request.txt)" --license ROUTE-1G=4 > update.txt',),
        "Counts are new totals; entitlements that are not named stay.",
    ),
    Example(
        "portal expect",
        ('tallystick portal expect "$(cat request.txt)" --return-by 2026-12-31',),
        "Should it be on loan only.",
    ),
    Example(
        "portal transfer",
        ('tallystick portal transfer "$(cat request.txt)" --to Substations',),
        "The device moves to another site, and its licences with it.",
    ),
    Example(
        "portal license transfer",
        ("tallystick portal license transfer ROUTE-1G 2 --from DEFAULT --to Substations",),
    ),
    Example(
        "portal license correct",
        ("tallystick portal license correct ROUTE-1G 1 --order PO-4711",),
        "Ten were added, and nine were bought: a counter-entry.",
    ),
    Example("device journal", ("tallystick device journal",), on="router"),
    Example(
        "device codes", ("tallystick device codes",), "Every code that the device ever signed.", on="router"
    ),
    Example(
        "device return",
        ("tallystick device return --yes --reason moved > return.txt", "cat return.txt"),
        on="router",
        minutes=1440,
    ),
    Example(
        "device cancel",
        (
            "tallystick device init --pid TR-100 --sn FOC2145X0AC --trust trust.txt",
            "tallystick device request",
            "tallystick device cancel",
        ),
        "A request that nobody needs any more.",
        on="spare",
    ),
    Example(
        "portal policy",
        ("tallystick portal policy --rehosts 5 --margin 14", "tallystick portal policy"),
        "How many failed devices may be replaced in a year; and when licences that were given for a time "
        "come home by themselves.",
    ),
    Example(
        "portal rehost",
        (
            "tallystick device request > new-request.txt",
            "tallystick portal rehost request.txt --file new-request.txt --license ROUTE-1G=2 "
            "--reason Lightning --evidence witness",
        ),
        "The router burns before its return code was carried home; a spare takes its place.",
        on="spare",
    ),
    Example("portal decisions", ("tallystick portal decisions",), "A second person sees what waits."),
    Example(
        "portal approve",
        (
            "tallystick portal approve --file request.txt",
            "TALLYSTICK_USER=alex tallystick portal approve --file request.txt > new-authorization.txt",
            'tallystick portal show "$(cat request.txt)" | head -20',
        ),
        "Nobody approves what they proposed. What the spare got is exposed: the router may still use it, "
        "should it live.",
    ),
    Example(
        "portal write-off",
        ("tallystick portal write-off \"$(cat request.txt)\" --reason 'Melted'",),
        "What the spare did not get stands as failed; it can be written off.",
    ),
    Example(
        "portal release",
        (
            'tallystick portal release "$(cat request.txt)" --reason "Nobody has it"',
            "tallystick portal approve --file request.txt --reject",
            'tallystick portal release "$(cat request.txt)" --reason "Nobody has it"',
        ),
        "Only what a doubtful return left in doubt can be released; and one thing waits at a time.",
    ),
    Example(
        "portal events",
        ("tallystick portal return --file return.txt", "tallystick portal events"),
        "The return code was found: what is left comes home (`return` is another name of `accept`).",
        minutes=90,
    ),
    Example(
        "portal log checkpoint",
        ("tallystick portal log checkpoint --out monday.note && cat monday.note",),
        "What an auditor keeps. The key on stderr verifies it.",
    ),
    Example(
        "portal log export",
        ("tallystick portal log export log.jsonl", "head -2 log.jsonl | cut -c -100"),
        "What an auditor checks by it: every event, with the licences that it moved.",
    ),
    Example("portal log verify", ("tallystick portal log verify monday.note --export log.jsonl",)),
    Example(
        "portal log prove",
        ("tallystick portal log prove 7 --line event.json --out event.proof && head -3 event.proof",),
        "One event, proved without the others.",
    ),
    Example(
        "portal quarantine",
        (
            "cp portal.db backup.db",
            "tallystick portal va add Workshop",
            "cp backup.db portal.db",
            "tallystick portal va add Workshop",
            "tallystick portal quarantine --end --reason 'Nothing but a name was lost'",
            "tallystick portal quarantine --approve --user alex",
            "tallystick portal quarantine",
        ),
        "A backup came back: the portal notices, and two persons say when it may go on.",
    ),
    Example("portal report usage", ("tallystick portal report usage",), "How much of it is used."),
    Example("portal report exposure", ("tallystick portal report exposure",), "What nobody confirmed yet."),
    Example("portal report expiring", ("tallystick portal report expiring --days 365",), "What to renew."),
    Example(
        "portal report transactions",
        ("tallystick portal report transactions --since 2026-01-01 --csv | tail -3",),
        "Every movement, for a spreadsheet.",
    ),
    Example(
        "portal alerts",
        (
            "tallystick portal license add ROUTE-1G 2 --start 2026-03-01 --end 2026-03-20",
            "tallystick portal alerts",
            "tallystick portal alerts --csv | head -1",
        ),
        "What somebody should know of, and do.",
    ),
    Example(
        "portal acknowledge",
        ('tallystick portal acknowledge "$(tallystick portal alerts | head -c 8)" --note "Ordered today"',),
        "It stands until what it is about is settled.",
    ),
    Example("portal sweep", ("tallystick portal sweep",), "For a daily job."),
    Example(
        "portal va rename",
        ("tallystick portal va rename Substations Grid",),
    ),
    Example(
        "portal va remove",
        (
            "tallystick portal va remove Grid",
            "tallystick portal va add Depot",
            "tallystick portal va remove Depot",
        ),
        "Only an empty one.",
    ),
    Example("portal backup", ("tallystick portal backup books.db",), "While others go on working."),
    Example(
        "portal restore",
        ("tallystick portal restore books.db --yes",),
        "Nothing happened since, so nothing is forgotten.",
    ),
    Example(
        "portal audit",
        ("tallystick portal license list", "tallystick portal audit"),
        "The books after, and checked.",
    ),
    Example(
        "keys generate",
        (
            "printf 'four words from dice' > passphrase.txt && chmod 600 passphrase.txt",
            "tallystick keys generate new-issuer.pem --passphrase-file passphrase.txt",
        ),
        "A key for later, on another machine.",
    ),
    Example("keys show", ("tallystick keys show new-issuer.pem --passphrase-file passphrase.txt",)),
    Example(
        "keys passphrase",
        (
            "printf 'five better words from dice' > better.txt && chmod 600 better.txt",
            "tallystick keys passphrase new-issuer.pem --passphrase-file passphrase.txt "
            "--new-passphrase-file better.txt",
        ),
    ),
    Example(
        "keys rotate-issuer",
        (
            "mkdir -p safe && mv portal-keys/root.pem safe/ && cp portal-keys/passphrase safe/",
            "tallystick keys rotate-issuer > next-issuer.txt",
            "cat next-issuer.txt",
        ),
        "The next issuer's key. The root went to a machine of its own.",
    ),
    Example(
        "keys certify",
        (
            "tallystick keys certify next-issuer.txt --root safe/root.pem --trust trust.txt > trust-code.txt",
            "cat trust-code.txt",
        ),
        "The root's machine has no portal: a public key came, a trust code goes.",
    ),
    Example("portal issuer adopt", ("tallystick portal issuer adopt --file trust-code.txt",)),
    Example("portal issuer list", ("tallystick portal issuer list",)),
    Example("portal issuer devices", ("tallystick portal issuer devices",), "Who needs the trust code."),
    Example(
        "keys revoke",
        (
            "tallystick portal issuer list | awk '/used before/ {print $1}' > old-issuer.txt",
            "tallystick keys revoke old-issuer.txt --root safe/root.pem > revoked.txt",
            "tallystick portal issuer adopt --file revoked.txt",
        ),
        "The old key was seen in a wrong place.",
    ),
    Example(
        "portal issuer renew",
        ("tallystick portal issuer renew",),
        "What it had signed and nobody confirmed is issued anew.",
    ),
    Example(
        "demo",
        ("tallystick demo --fast -q | tail -3",),
        "The end of it; on a terminal it also draws a QR, refuses the wrong device, and repairs mistakes.",
    ),
)
