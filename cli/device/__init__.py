"""``tallystick device``: the half of the tally that the device holds."""

from cli.lazy import LazyGroup

device = LazyGroup(
    "device",
    text="""On the machine that runs the licensed product.

    The order of things: `init` once; `request` makes a code for the portal; `install` takes the portal's
    answer and gives a confirmation code to carry back; `return` gives everything back. `status` says at any
    time where the device stands and what comes next, and `check` answers start scripts and monitoring.

    The device's state is in the folder TALLYSTICK_HOME. Reading it (`status`, `check`, `codes`) needs no
    permission to write.
    """,
    places={
        "init": ("cli.device.initialise:init", "Make this machine a device that trusts one portal."),
        "request": ("cli.device.exchange:request", "Ask for licences: print the request code."),
        "install": ("cli.device.exchange:install", "Take an authorization into use: print its confirmation."),
        "confirmation": ("cli.device.exchange:confirmation", "Show the confirmation code again."),
        "status": ("cli.device.standing:status", "Say where the device stands and what comes next."),
        "check": ("cli.device.standing:check", "Tell by the exit code whether something is licensed now."),
        "return": ("cli.device.exchange:give_back", "Give everything back: print the return code."),
        "cancel": ("cli.device.exchange:cancel", "End a pending request: print the return code."),
        "codes": ("cli.device.history:codes", "Show every code that this device ever made."),
        "journal": ("cli.device.history:journal", "List what this device signed, and how it is chained."),
    },
)
