"""The table of writing commands: a new command is one line here, or one word among those that write nothing.

`test_table.py` compares both with the commands that the program has.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Writing:
    """A command that writes, at a stage of the life of a reservation.

    Attributes:
        name: What it does here.
        stage: Where it is tried; see `tests.faults.scenes.STAGES`.
        argv: The command.
        again: Exit code of the same command once more. 0 for those that answer again.
        shows: Whether it prints a code: then the same command prints it again, byte for byte.
        changes: Whether it changes anything; one that does not shows what may not be durable yet.
        without: An environment variable that is not set.
        only: Faults are tried only at files with this in their paths: another line tries the others.
    """

    name: str
    stage: str
    argv: str
    again: int = 0
    shows: bool = True
    changes: bool = True
    without: str = ""
    only: str = ""


def _code(name: str, stage: str, argv: str) -> Writing:
    """Return a command that prints a code."""
    return Writing(name, stage, argv)


def _shown(name: str, stage: str, argv: str) -> Writing:
    """Return a command that prints a code that was made before."""
    return Writing(name, stage, argv, changes=False)


def _work(name: str, stage: str, argv: str, *, again: int = 0) -> Writing:
    """Return a command that prints no code."""
    return Writing(name, stage, argv, again=again, shows=False)


def _keyed(name: str, stage: str, argv: str, only: str) -> Writing:
    """Return a command that makes keys, with a random passphrase beside them."""
    unset = "TALLYSTICK_PASSPHRASE_FILE"
    return Writing(name, stage, argv, again=1, shows=False, without=unset, only=only)


WRITING: tuple[Writing, ...] = (
    _work("device init", "ready", "device init --pid RTR-900 --sn A1 --trust paper/trust.txt", again=1),
    _code("request", "initialised", "device request --want ROUTING=3 --want CRYPTO=1"),
    _shown("request again", "requested", "device request"),
    _code("install", "issued", "device install --file paper/authorization.txt"),
    _shown("install again", "installed", "device install --file paper/authorization.txt"),
    _code("install update", "updating", "device install --file paper/authorization.txt"),
    _work("install trust", "active", "device install --file paper/newer-trust.txt"),
    _shown("confirmation", "installed", "device confirmation"),
    _shown("short confirmation", "installed", "device confirmation --short"),
    _shown("codes", "updated", "device codes"),
    _code("return", "updated", "device return --yes"),
    _shown("return again", "returned", "device return"),
    _code("return request", "requested", "device return"),
    _code("cancel", "requested", "device cancel"),
    _shown("cancel again", "cancelled", "device cancel"),
    _work("portal init", "empty", "portal init --account Example", again=1),
    _keyed("portal init, random passphrase", "empty", "portal init --account Example", "office/keys"),
    _work("add licence", "founded", "portal license add ROUTING 10"),
    _work("add to lot", "stocked", "portal license add ROUTING 10"),
    _work("add Virtual Account", "founded", "portal va add Berlin", again=1),
    _work("add user", "founded", "portal user add robin --role approver", again=1),
    _work("grant role", "staffed", "portal user grant alex --role approver"),
    _work("revoke role", "granted", "portal user revoke alex --role approver", again=1),
    _work("remove user", "staffed", "portal user remove alex", again=1),
    _work(
        "set own passphrase",
        "founded",
        "portal user passphrase --new-passphrase-file paper/passphrase "
        "--own-passphrase-file paper/passphrase",
    ),
    _work("add agreement", "founded", "portal agreement add Terms paper/passphrase"),
    _work("accept agreement", "agreed", "portal agreement accept Terms --version 1"),
    _work("add catalogue", "founded", "portal catalogue add paper/catalogue.txt"),
    _work("set product", "founded", "portal product set RTR-900 --match 2"),
    _code("reserve", "requested", "portal reserve --file paper/request.txt --as-requested"),
    _shown("reserve again", "issued", "portal reserve --file paper/request.txt --as-requested"),
    _code("batch", "requested", "portal batch paper/request.txt --as-requested"),
    _shown("batch again", "issued", "portal batch paper/request.txt --as-requested"),
    _work("batch of answers", "installed", "portal batch paper/confirmation.txt"),
    _code("update", "active", "portal update --file paper/request.txt --license ROUTING=5"),
    _work("accept confirmation", "installed", "portal accept --file paper/confirmation.txt"),
    _work("accept short confirmation", "called", "portal accept --file paper/short.txt"),
    _work("accept return", "returned", "portal accept --file paper/return.txt"),
    _work("accept early return", "cancelled", "portal accept --file paper/return.txt"),
    _work("import order", "founded", "portal license import paper/order.csv", again=1),
    _work("transfer licences", "branched", "portal license transfer ROUTING 1 --from DEFAULT --to Berlin"),
    _work("correct licences", "branched", "portal license correct ROUTING 1"),
    _work("transfer device", "branched", "portal transfer --file paper/request.txt --to Berlin"),
    _work("rename Virtual Account", "branched", "portal va rename Berlin Hamburg", again=1),
    _work("remove Virtual Account", "branched", "portal va remove Berlin", again=1),
    _work("sweep", "due", "portal sweep"),
    _work("sign checkpoint", "active", "portal log checkpoint"),
    _work("export log", "active", "portal log export paper/log.jsonl"),
    _work("set policy", "founded", "portal policy --rehosts 5"),
    _work("rehost", "active", "portal rehost paper/request.txt --reason burnt --evidence witness"),
    _work("approve", "given up", "portal approve --file paper/request.txt --user alex"),
    _work("write off", "failed", "portal write-off --file paper/request.txt --reason burnt"),
    _work("release", "doubted", "portal release --file paper/request.txt --reason seen"),
    _work("notice a restore", "rewound", "portal quarantine"),
    _work("open alert", "noticed", "portal sweep"),
    _work("acknowledge alert", "alerted", "portal acknowledge 9DYRH1FT --note seen"),
    _work("expect return", "active", "portal expect --file paper/request.txt --return-by 2027-01-01"),
    _code(
        "reserve on loan",
        "requested",
        "portal reserve --file paper/request.txt --as-requested --return-by 2027-01-01",
    ),
    _work("rebuild", "noticed", "portal accept --file paper/authorization.txt"),
    _work("begin quarantine", "active", "portal quarantine --begin --reason rehearsal"),
    _work("end quarantine", "ending", "portal quarantine --approve --user alex"),
    _work("make key", "founded", "keys generate office/more/key.pem", again=1),
    _work(
        "change passphrase",
        "founded",
        "keys passphrase office/keys/issuer.pem --new-passphrase-file paper/new-passphrase",
        again=6,
    ),
    _code("make next issuer", "issued", "keys rotate-issuer"),
    _code(
        "certify",
        "robbed",
        "keys certify paper/next-issuer.txt --root office/keys/root.pem --trust paper/trust.txt",
    ),
    _code(
        "revoke",
        "robbed",
        "keys revoke paper/issuer.txt --root office/keys/root.pem --trust paper/trust.txt",
    ),
    _work("adopt issuer", "revoked", "portal issuer adopt --file paper/trust-code.txt"),
    _work("renew", "replaced", "portal issuer renew"),
    _keyed("make key, random passphrase", "founded", "keys generate office/more/key.pem", "office/more"),
)

#: Commands that copy the books: `test_copies.py` kills them, by rules of their own.
COPYING = frozenset(("portal backup", "portal restore"))

#: Commands that change nothing that must last; `--out` of any command is a copy of what can be shown again.
READING = frozenset(
    (
        "device status",
        "device check",
        "device journal",
        "portal trust",
        "portal license list",
        "portal reissue",
        "portal list",
        "portal alerts",  # what it writes is worked out anew by the next one
        "portal show",
        "portal slip",
        "portal va access",
        "portal events",
        "portal audit",
        "portal log prove",
        "portal log verify",
        "portal report usage",
        "portal report exposure",
        "portal report expiring",
        "portal report transactions",
        "portal decisions",
        "portal user list",
        "portal agreement list",
        "portal agreement show",
        "portal va list",
        "portal catalogue show",
        "portal product list",
        "portal issuer list",
        "portal issuer devices",
        "keys show",
        "code explain",
        "code verify",
        "code repair",
        "code qr",
        "code scan",
        "code bundle",
        "code unbundle",
        "code release-sheet",
        "code cose",
        "demo",
    )
)
