"""The exit codes and what they mean; which error has which one is in `cli.exits`.

Importing this module imports nothing, so that `--help` can list them.
"""

DONE = 0
REFUSED = 1
USAGE = 2
UNREADABLE = 3
NOT_GENUINE = 4
NOT_PERMITTED = 5
DAMAGED = 6
BUSY = 7

#: As shells have it, for a command that Ctrl-C ended.
INTERRUPTED = 130

EXIT_CODES: dict[int, str] = {
    DONE: "done",
    REFUSED: "refused by a rule: no stock, wrong state, not licensed, not set up yet",
    USAGE: "not used as it is meant: an option, a setting or a file that the command was given",
    UNREADABLE: "a code that cannot be read or repaired, or whose repair was not accepted",
    NOT_GENUINE: "a code that is not genuine, or not for here: another device, portal, issuer or kind",
    NOT_PERMITTED: "not permitted to this user",
    DAMAGED: "stored state or a key is damaged, or cannot be read or written",
    BUSY: "busy: try again",
}
"""What each exit code means, for people."""
