"""What a shell offers when a person presses TAB. Never loads boto3, never rich.

The functions of `encee init` hand the line up to the cursor over in `_ENCEE_COMPLETE`, and get what fits: a line each
for value, tab and help. typer's own scripts are not used: the one for zsh evaluates what it gets, and all of them load
rich as soon as there is a help text. What finds the place in the line is typer's, and private; typer's version is
bounded.
"""

from contextlib import suppress
from pathlib import PurePath

from typer._click.core import Command, Parameter
from typer._click.shell_completion import _resolve_context, _resolve_incomplete, split_arg_string

from encee.cli import terminal
from encee.cli.environment import Environment
from encee.errors import ExitCode

_FILES = {"FILE", "COMMAND..."}
"""The values for which the shell's own completion is better."""


def complete(command: Command, line: str, environment: Environment) -> ExitCode:
    """Print what fits at the end of a line.

    Args:
        command: The whole command line, as `typer.main.get_command` makes it.
        line: What was typed, up to the cursor.
        environment: The environment and the clock.

    Returns:
        FAILED where the shell should offer files. Whatever goes wrong is kept quiet: it would be printed into the
        middle of what a person types.
    """
    with suppress(Exception):
        found = _found(command, line, environment)
        if found is None:
            return ExitCode.FAILED
        for value, text in found:
            terminal.print_lines(f"{value}\t{text}")
        terminal.flush()
    return ExitCode.DONE


def _found(command: Command, line: str, environment: Environment) -> list[tuple[str, str]] | None:
    """Each value that fits, with its help; None for files."""
    words, begin = _split(line)
    context = _resolve_context(command, {"obj": environment}, "encee", words)
    runs_program = "command" in context.params and context.params["profile"]
    if runs_program and (context.params["command"] or not begin.startswith("-")):
        return None  # the words belong to the command that `encee exec` runs
    place, rest = _resolve_incomplete(context, words, begin)
    if isinstance(place, Parameter) and place.metavar in _FILES:
        return None
    before = begin.removesuffix(rest)  # as in --shell=ba
    return [(before + item.value, _one_line(item.help)) for item in place.shell_complete(context, rest)]


def _split(line: str) -> tuple[list[str], str]:
    """The words behind the program's name, and what was typed of the last one."""
    words = split_arg_string(line)
    begin = words.pop() if words and not line[-1].isspace() else ""
    names = [PurePath(word).stem for word in words]
    # In front of the name there can be others (`env X=1 encee`), and an alias can stand for it.
    return words[names.index("encee") + 1 if "encee" in names else 1 :], begin


def _one_line(text: str | None) -> str:
    """A help text in one line."""
    return terminal.clean(" ".join((text or "").split()))
