"""The program: finds the command, runs it, and turns whatever comes of it into output and an exit code.

Invariants:
    * Importing this module imports click and little else; a command is imported when it is run.
    * An error reaches a person as a sentence and what to do next, never as a traceback (`-v` adds it).
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import click

from cli.command import CONTEXT, common_options
from cli.exit_codes import EXIT_CODES
from cli.lazy import LazyGroup
from cli.session import Report, Session

if TYPE_CHECKING:
    from cli.world import World

PROGRAM = "tallystick"
_COMPLETION = "_TALLYSTICK_COMPLETE"
#: What to do about errors whose message says it all, by their code.
_HINTS = {"field": "Give a value within these bounds."}


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"{PROGRAM} {version(PROGRAM)}")
        context.exit()


_SETTINGS = (
    ("TALLYSTICK_HOME", "Folder of the device's state."),
    ("TALLYSTICK_DB", "The portal's database: sqlite:///PATH or postgresql://USER@HOST/DATABASE."),
    ("TALLYSTICK_USER", "On whose behalf portal commands act."),
    ("TALLYSTICK_KEYS", "Folder of the portal's keys."),
    ("TALLYSTICK_PASSPHRASE_FILE", "File whose first line is the passphrase of the key files."),
    ("TALLYSTICK_OWN_PASSPHRASE_FILE", "File whose first line is the acting user's own passphrase."),
    ("TALLYSTICK_CONFIG", "A TOML file of the same settings: home, db, user, keys, passphrase_file, "
     "own_passphrase_file. [~/.config/tallystick/config.toml]"),
    ("NO_COLOR", "No colours, if this is set to anything."),
)  # fmt: skip
_COMPLETIONS = (
    ("bash", 'eval "$(_TALLYSTICK_COMPLETE=bash_source tallystick)"'),
    ("zsh", 'eval "$(_TALLYSTICK_COMPLETE=zsh_source tallystick)"'),
    ("fish", "_TALLYSTICK_COMPLETE=fish_source tallystick | source"),
)


class _Program(LazyGroup):
    """The whole program: its help ends with what goes for every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write settings, exit codes, completion and examples."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Settings (an option comes first, then the environment, then the file)"):
            formatter.write_dl(_SETTINGS)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])
        with formatter.section("Completion (put the line into the start file of your shell)"):
            formatter.write_dl(_COMPLETIONS)
        with formatter.section("Examples"):
            for line in ("demo", "device request --want ROUTING=2 --qr", "code explain --file request.txt"):
                formatter.write(f"{'':>{formatter.current_indent}}$ {PROGRAM} {line}\n")


tallystick = _Program(
    PROGRAM,
    text="""Reserve licences for devices that are never online, with codes that people carry.

    A device makes a request code. The portal answers it with an authorization code. The device installs that
    and confirms; later it gives everything back with a return code. Codes go by paste, QR, paper or voice.

    `tallystick demo` shows all of it in under a minute. `tallystick GROUP --help` lists the commands of a
    group, `tallystick GROUP COMMAND --help` explains one.

    The result goes to standard output, all talk to standard error: a code is one line in a pipe, and
    numbered groups on a terminal.
    """,
    places={
        "device": ("cli.device:device", "On the machine that runs the licensed product."),
        "portal": ("cli.portal:portal", "Where the licences are kept and given out."),
        "code": ("cli.code:code", "Look into codes, without a device or a portal."),
        "keys": ("cli.keys:keys", "Make, certify, revoke and look at the keys of portals."),
        "demo": ("cli.demo:demo", "Walk one reservation through its whole life, on this screen."),
    },
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_print_version,
            help="Show the version.",
        ),
        *common_options(),
    ],
)
tallystick.context_settings = CONTEXT


def main() -> None:
    """Run the program in the real world; the console script."""
    from cli.world import real_world

    world = real_world()
    if _COMPLETION in world.environ:
        tallystick.main(prog_name=PROGRAM)
    sys.exit(run(sys.argv[1:], world))


def run(argv: Sequence[str], world: "World") -> int:
    """Run one command.

    Args:
        argv: The words after the program's name.
        world: What comes from outside.

    Returns:
        The exit code (see `cli.exits`).
    """
    session = Session(world)
    with redirect_stdout(world.stdout):
        try:
            session.exit_code = _attempt(argv, session)
            world.stdout.flush()
        except BrokenPipeError:
            # Whoever reads the output may stop reading: what the command did is done all the same.
            session.silence(world.stdout)
        except OSError as error:
            # Every other error is answered in `_attempt`.
            session.exit_code = _refuse_output(error, session)
    return session.exit_code


def _attempt(argv: Sequence[str], session: Session) -> int:
    try:
        return _invoke(argv, session)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.ClickException as error:
        return _refuse_usage(error, argv, session)
    except (click.exceptions.Abort, KeyboardInterrupt, EOFError):
        return _stop(session)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: a person gets a sentence, not a traceback
        return _refuse(error, session)


def _invoke(argv: Sequence[str], session: Session) -> int:
    if any("\0" in word for word in argv):
        # No shell can say this, but a program that calls `run` can; and no system takes it in a name.
        raise click.UsageError("A word of this command holds the character NUL")
    with _context(argv, session) as context:
        report = tallystick.invoke(context)
    assert isinstance(report, Report)
    session.exit_code = report.exit_code
    return session.finish(report)


def _context(argv: Sequence[str], session: Session) -> click.Context:
    return tallystick.make_context(PROGRAM, list(argv), obj=session, terminal_width=session.help_width)


def _refuse_usage(error: click.ClickException, argv: Sequence[str], session: Session) -> int:
    from cli.exit_codes import USAGE

    words = list(argv)
    # The line was not understood, so its options did not take effect.
    session.json |= "--json" in words[: words.index("--") if "--" in words else None]
    context = getattr(error, "ctx", None)
    path = context.command_path if context else PROGRAM
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        if not session.json:
            session.warn(error.format_message())
            return USAGE
        session.fail("usage", "A command is missing", f"`{path} --help` lists them")
        return USAGE
    # What click would put on lines of their own, the choices, is one sentence here.
    message = error.format_message().replace("\n\t", " ")
    session.fail("usage", message, f"`{path} --help` says how to use it")
    return USAGE


def _refuse_output(error: OSError, session: Session) -> int:
    """Say that nothing can be written on stdout: on stderr, whatever was asked for."""
    from cli.exit_codes import DAMAGED

    session.silence(session.world.stdout)
    session.json = False
    session.fail(
        "output",
        f"Standard output cannot be written: {error.strerror or error}",
        "Make room there, then run the same command again: what was done already is shown again",
    )
    return DAMAGED


def _stop(session: Session) -> int:
    from cli.exit_codes import INTERRUPTED

    session.warn("")
    session.fail("interrupted", "Stopped", "Run the command again: what was done already is shown again")
    return INTERRUPTED


def _refuse(error: Exception, session: Session) -> int:
    """Render an error of any layer."""
    from cli.exit_codes import DAMAGED, NOT_PERMITTED, REFUSED, USAGE
    from cli.exits import EXIT_OF, exit_code_of

    if session.verbose:
        from traceback import format_exception

        session.warn("".join(format_exception(error)).rstrip())
    code, message, hint = (getattr(error, name, "") for name in ("code", "message", "hint"))
    if any(isinstance(error, kind) for kind in EXIT_OF):
        session.fail(code, message, hint or _HINTS.get(code, ""), getattr(error, "facts", None))
        return exit_code_of(error)
    if isinstance(error, UnicodeEncodeError):
        session.fail("usage", "A word of this command is no text in UTF-8", "Type that word again")
        return USAGE
    if isinstance(error, OSError):
        session.fail("system", f"The system refused: {error}", "Check the disk, and who owns the files")
        return NOT_PERMITTED if isinstance(error, PermissionError) else DAMAGED
    session.fail(
        "unexpected",
        f"Something happened that this program is not prepared for ({type(error).__name__}: {error})",
        "Run the same command with -v added, and report what it shows: it is a fault of the program",
    )
    return REFUSED
