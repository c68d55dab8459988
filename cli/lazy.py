"""Groups of commands that import a command only when it is run.

A group knows names, places and one line of help of its commands, so that `--help` of a group imports none of
them: a list of commands takes about as long as importing click.
"""

from collections.abc import Mapping
from importlib import import_module

import click

Place = tuple[str, str]
"""Where a command is (``module:name``), and its help in one line."""


class LazyGroup(click.Group):
    """A group whose commands are named by their places."""

    def __init__(
        self,
        name: str,
        *,
        places: Mapping[str, Place],
        text: str,
        other_names: Mapping[str, str] | None = None,
        params: list[click.Parameter] | None = None,
    ) -> None:
        super().__init__(name, help=text, params=params, options_metavar="[OPTIONS]" if params else "")
        self.places = places
        self.other_names = other_names or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a person's work, not of the alphabet."""
        return [*self.places, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        name = self.other_names.get(cmd_name, cmd_name)
        if name not in self.places:
            return super().get_command(ctx, name)
        module, _, attribute = self.places[name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; when there is none, name those that are like it."""
        known = {*self.places, *self.other_names}
        if args[0] not in known and not args[0].startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            like = ", ".join(get_close_matches(args[0], known))
            hint = f" Did you mean: {like}?" if like else ""
            raise click.UsageError(f"There is no command '{args[0]}' in `{ctx.command_path}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.places[name][1]) for name in self.list_commands(ctx)])
