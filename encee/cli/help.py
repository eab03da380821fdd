"""The classes of commands and groups, and how they print their help."""

from inspect import cleandoc
from typing import Any

import typer
from typer._click.exceptions import BadArgumentUsage, NoSuchOption
from typer.core import TyperCommand, TyperOption

from encee.cli import terminal


class Command(TyperCommand):
    """A command that does not read `-code` as `-c ode`, and prints its examples last."""

    def __init__(self, *, help: str, epilog: None, **settings: Any) -> None:  # noqa: A002, ANN401 - the base class has 15 settings
        text, _, examples = help.partition("\n\nExamples:\n")
        super().__init__(help=text, epilog="\b\n" + cleandoc(examples) if examples else epilog, **settings)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - typer's own class is private
        """Print the examples."""
        if self.epilog:
            with formatter.section("Examples"):
                formatter.write_text(self.epilog)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - the same
        """Return the parts of the usage line without the braces that typer adds."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own class is private
        """Parse the arguments of the command.

        Raises:
            NoSuchOption: A long option has one dash.
            BadArgumentUsage: There are too many arguments.
        """
        options = list_options(self)
        words = iter(args)
        for word in words:
            if word == "--" or not (word.startswith("-") or ctx.allow_interspersed_args):
                break
            name = word.partition("=")[0]
            if name.startswith("-") and f"-{name}" in options and not ctx.resilient_parsing:
                raise NoSuchOption(name, ctx=ctx)
            if options.get(word):
                next(words, None)  # The value of the option.
        ctx.allow_extra_args = True
        extra = super().parse_args(ctx, args)
        if extra and not ctx.resilient_parsing:
            raise BadArgumentUsage(f"Unexpected argument: {' '.join(extra)}", ctx)
        return extra


class _Group(typer.Typer):
    def command(self, name: str | None = None, **_settings: Any) -> Any:  # noqa: ANN401 - the base class has 14 settings
        return super().command(name, cls=Command)


def make_group(text: str) -> typer.Typer:
    """Make a group of commands that prints its help when no command follows.

    Args:
        text: The help text.
    """
    group = _Group(add_completion=False, rich_markup_mode=None, help=text)

    @group.callback(invoke_without_command=True, help=text)
    def print_help_alone(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            print_help(context)

    return group


def print_help(context: typer.Context) -> None:
    """Print the help text of the command that runs."""
    for line in context.get_help().splitlines():
        terminal.print_line(line)


def list_options(command: Any) -> dict[str, bool]:  # noqa: ANN401 - typer's own class is private
    """Map each spelling of a command's options to whether it takes a value."""
    options = [param for param in command.params if param.param_type_name == "option"]
    return {name: not option.is_flag for option in options for name in option.opts}


def add_help_option(command: Any) -> Any:  # noqa: ANN401 - typer's own class is private
    """Add `--help` to a command and to the commands in it, and return the command.

    typer's own option prints without `terminal`, which reports a full disk as an error.
    """
    for each in (command, *getattr(command, "commands", {}).values()):
        each.add_help_option = False
        each.params.append(
            TyperOption(
                param_decls=["-h", "--help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_help,
                help="Show this message and exit.",
            )
        )
    return command


def _print_help(context: typer.Context, _option: object, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:  # Completion parses the line, too.
        print_help(context)
        raise typer.Exit
