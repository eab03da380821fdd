"""How a command shows its help: through the same door as everything else that goes to stdout."""

from typing import Any

import typer
from typer.core import TyperOption

from encee.cli import terminal


def print_help(context: typer.Context) -> None:
    """Print the help text of the command that is running."""
    for line in context.get_help().splitlines():
        terminal.print_line(line)


def _tell_help(context: typer.Context, _option: object, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:  # as in a completion
        print_help(context)
        raise typer.Exit


def list_options(command: Any) -> dict[str, bool]:  # noqa: ANN401 - the same
    """The options of a command: each way to write one, and whether a value follows it."""
    return {
        word: not param.is_flag for param in command.params if param.param_type_name == "option" for word in param.opts
    }


def add_help_option(command: Any) -> Any:  # noqa: ANN401 - typer's own class is private
    """Give a command, and the commands in it, the option that shows the help.

    typer's own option prints past `terminal`, where a full disk is no error that encee expects.

    Args:
        command: As `typer.main.get_command` makes it; it is changed.
    """
    for one in (command, *getattr(command, "commands", {}).values()):
        one.add_help_option = False
        one.params.append(
            TyperOption(
                param_decls=["-h", "--help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_tell_help,
                help="Show this message and exit.",
            )
        )
    return command


def make_group(text: str) -> typer.Typer:
    """An empty group, to which its module adds a command with each function; by itself it prints its help.

    Args:
        text: Its help text.
    """
    made = typer.Typer(add_completion=False, rich_markup_mode=None, help=text)

    @made.callback(invoke_without_command=True, help=text)
    def by_itself(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            print_help(context)

    return made
