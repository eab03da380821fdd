"""Complete a command line at TAB, without loading boto3 or rich.

The functions of `encee init` pass the line up to the cursor in `_ENCEE_COMPLETE` and read lines of value, tab and help.
typer's own scripts are not used: the one for zsh evaluates its input, and all of them load rich for a help text. The
functions that find the place in the line are typer's and private; pyproject.toml limits typer's version.
"""

from contextlib import suppress
from pathlib import PurePath

from typer._click.core import Command, Parameter
from typer._click.shell_completion import _resolve_context, _resolve_incomplete, split_arg_string

from encee.cli import terminal
from encee.cli.environment import Environment
from encee.errors import ExitCode

_FILES = {"FILE", "COMMAND..."}
"""The metavars of arguments that the shell completes."""


def complete(command: Command, line: str, environment: Environment) -> ExitCode:
    """Print the possible values at the end of a line.

    Errors are not printed: they would appear in the middle of the line that the user types.

    Args:
        command: The group of all commands.
        line: The typed line, up to the cursor.
        environment: The environment.

    Returns:
        FAILED if the shell should offer files.
    """
    with suppress(Exception):
        values = _find_values(command, line, environment)
        if values is None:
            return ExitCode.FAILED
        for value, text in values:
            terminal.print_lines(f"{value}\t{text}")
        terminal.flush()
    return ExitCode.DONE


def _find_values(command: Command, line: str, environment: Environment) -> list[tuple[str, str]] | None:
    """Return each possible value with its help; None for files."""
    words, begin = _split(line)
    context = _resolve_context(command, {"obj": environment}, "encee", words)
    runs_program = "command" in context.params and context.params["profile"]
    if runs_program and (context.params["command"] or not begin.startswith("-")):
        return None  # The words belong to the program that `encee exec` runs.
    place, rest = _resolve_incomplete(context, words, begin)
    if isinstance(place, Parameter) and place.metavar in _FILES:
        return None
    before = begin.removesuffix(rest)  # As in --shell=ba.
    return [(before + item.value, _one_line(item.help)) for item in place.shell_complete(context, rest)]


def _split(line: str) -> tuple[list[str], str]:
    """Return the words after the program's name, and the start of the last one."""
    words = split_arg_string(line)
    begin = words.pop() if words and not line[-1].isspace() else ""
    names = [PurePath(word).stem for word in words]
    # Words can come before the name, as in `env X=1 encee`, and an alias can replace it.
    return words[names.index("encee") + 1 if "encee" in names else 1 :], begin


def _one_line(text: str | None) -> str:
    """Join the lines of a help text."""
    return terminal.clean(" ".join((text or "").split()))
