"""The form that all commands have: sections of options, an example that works, and the common options.

A command is a function that takes the `Session` and its arguments, calls the layers below and returns a
`Report`. Nothing but a report, an answer to a question and the talk of `-v` comes out of it.
"""

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from cli.session import Report, Session

Run = TypeVar("Run", bound=Callable[..., Any])

CONTEXT = {"help_option_names": ["-h", "--help"]}
COMMON = "Options of every command"
_PLAIN = "Options"
_RANGE = re.compile(r" *\[(?:\d+<=)?x[<>]=\d+\]|; x>=\d+|; \d+<=x<=\d+")
_NAMES = {"-h", "--help"}


class SectionOption(click.Option):
    """An option that stands under a heading of its own in the help."""

    def __init__(self, *names: Any, section: str = _PLAIN, **rest: Any) -> None:
        super().__init__(*names, **rest)
        self.section = section

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Refuse a value that is empty: it is what a script leaves that has a variable unset.

        Where nothing is what the option says by default, as of remarks, an empty text says the same.
        """
        if value == "" and self.default != "":
            raise click.BadParameter("it is empty. Leave the option out, or give it a value", ctx, self)
        return super().type_cast_value(ctx, value)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return what the help says, without the range of a number: a wrong one is answered well enough."""
        record = super().get_help_record(ctx)
        return record and (record[0], _RANGE.sub("", record[1]))


class DescribedArgument(click.Argument):
    """An argument that the help describes."""

    def __init__(self, *names: Any, text: str = "", **rest: Any) -> None:
        super().__init__(*names, **rest)
        self.text = text


def argument(name: str, *, text: str, **rest: Any) -> Callable[[Run], Run]:
    """Declare an argument, as `click.argument` does, with a description."""
    return click.argument(name, cls=DescribedArgument, text=text, **rest)


def option(*names: str, section: str = _PLAIN, **rest: Any) -> Callable[[Run], Run]:
    """Declare an option, as `click.option` does, under a heading."""
    return click.option(*names, cls=SectionOption, section=section, **rest)


def common_options() -> list[click.Parameter]:
    """Make the options that every command takes, wherever on the line they stand."""

    def switch(name: str, *names: str, text: str) -> click.Parameter:
        def turn_on(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
            if value and context.obj is not None:
                setattr(context.obj, name, True)

        return SectionOption(
            [*names, f"common_{name}"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=turn_on,
            help=text,
            section=COMMON,
        )

    return [
        switch("json", "--json", text="Print one JSON object on stdout; errors too."),
        switch("quiet", "-q", "--quiet", text="Print the result alone, without sentences around it."),
        switch("verbose", "-v", "--verbose", text="Tell each step on stderr."),
    ]


class Verb(click.Command):
    """A command that does something, as opposed to a group of commands."""

    def __init__(self, name: str, *, example: str, exits: str, **rest: Any) -> None:
        super().__init__(name, context_settings=CONTEXT, **rest)
        self.example = example
        self.exits = exits
        self.params += common_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments, then the options under their headings; the common ones come last."""
        described = [each for each in self.params if isinstance(each, DescribedArgument) and each.text]
        if described:
            with formatter.section("Arguments"):
                formatter.write_dl([(each.make_metavar(ctx).strip("[]."), each.text) for each in described])
        sections: dict[str, list[tuple[str, str]]] = {_PLAIN: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None or isinstance(parameter, click.Argument):
                continue
            known = COMMON if _NAMES & set(parameter.opts) else _PLAIN
            sections.setdefault(getattr(parameter, "section", known), []).append(record)
        common = sections.pop(COMMON, [])
        for heading, records in [*sections.items(), (COMMON, common)]:
            if not records:
                continue
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the exit codes mean here, and the example."""
        with formatter.section("Exit codes (`tallystick --help` lists all of them)"):
            formatter.write_dl([_code_of(line) for line in self.exits.strip().splitlines()])
        with formatter.section("Example"):
            for line in self.example.strip().splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}$ {line.strip()}\n")
        super().format_epilog(ctx, formatter)


def the_session() -> "Session":
    """Return the session of the command that is running."""
    session: Session = click.get_current_context().obj
    return session


def with_session(run: Callable[..., "Report"]) -> Callable[..., "Report"]:
    """Give a command the session, as its parameter ``session``."""

    @wraps(run)
    def handed(**options: Any) -> "Report":
        return run(session=the_session(), **options)

    return handed


def declared(run: Run, declarations: Sequence[Callable[[Any], Any]]) -> Run:
    """Apply declarations of arguments and options, so that they stand in the help in this order."""
    for declare in reversed(declarations):
        run = declare(run)
    return run


def _code_of(line: str) -> tuple[str, str]:
    code, _, meaning = line.strip().partition(" ")
    return code, meaning.strip()


def command(name: str, *, example: str, exits: str) -> Callable[[Callable[..., "Report"]], Verb]:
    """Declare a command.

    Args:
        name: Its last word.
        example: Shell lines that work, without the prompt.
        exits: What the exit codes of this command mean: a code and its meaning on each line.
    """
    return click.command(name, cls=Verb, example=example, exits=exits)
