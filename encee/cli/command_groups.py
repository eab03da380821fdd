"""A command that is a group of others, such as `encee device`."""

import typer

from encee.cli.help import tell_help


def group(text: str) -> typer.Typer:
    """An empty group, to which its module adds a command with each function; by itself it prints its help.

    Args:
        text: Its help text.
    """
    made = typer.Typer(add_completion=False, rich_markup_mode=None, help=text)

    @made.callback(invoke_without_command=True, help=text)
    def by_itself(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            tell_help(context)

    return made
