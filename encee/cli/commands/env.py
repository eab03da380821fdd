"""`encee env`: the session as lines that a shell evaluates."""

import sys
from collections.abc import Mapping
from contextlib import nullcontext
from enum import StrEnum
from shlex import join, quote
from typing import Annotated

import typer

from encee.cli import terminal
from encee.cli.detect_shell import find_shell_form, format_evaluation
from encee.cli.options import (
    Environment,
    FileOptions,
    OptionalUsableProfile,
    RefreshOptions,
    add_options,
    refresh_options,
    with_environment,
)
from encee.cli.sessions import get_valid_session
from encee.errors import EnceeError, UsageError
from encee.profiles.export import CLEARED, REGION, format_for_shell


class Shell(StrEnum):
    """The forms of `encee.profiles.export.SHELLS`."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    TCSH = "tcsh"
    NU = "nu"
    POWERSHELL = "powershell"
    CMD = "cmd"
    DOTENV = "dotenv"
    JSON = "json"


@with_environment
@add_options(FileOptions)
@refresh_options
def env(
    profile: OptionalUsableProfile = None,
    *,
    shell: Annotated[
        Shell | None,
        typer.Option(
            metavar="SHELL",
            help="bash, zsh, fish, tcsh, nu, powershell, cmd, dotenv or json. [default: the shell that runs encee]",
            show_default=False,
        ),
    ] = None,
    unset: Annotated[bool, typer.Option("--unset", help="The lines that unset what the others set.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Refresh first when there is no valid session.")] = False,
    no_write: Annotated[bool, typer.Option("--no-write", help="Leave the files alone in a refresh.")] = False,
    options: RefreshOptions,
    named_files: FileOptions,
    environment: Environment,
) -> None:
    """Print the environment variables of a session.

    Made for eval "$(encee env dev)". What another profile may have left over is unset first. Without a valid
    session nothing is printed, and the exit code is 3; --refresh asks for a code then.
    """
    syntax = shell.value if shell is not None else find_shell_form(environment)
    if unset:
        terminal.print_lines(format_for_shell(syntax, {}, cleared=[*CLEARED, *REGION]))
        return
    if profile is None:
        hint = f"name the profile: {format_evaluation(syntax, 'encee env PROFILE')}"
        raise UsageError("env needs a PROFILE, or --unset", hint=hint)
    _refuse_without_refresh(profile, refresh, options)
    how = options._replace(write=not no_write) if refresh else None
    with nullcontext() if sys.stdout.isatty() else terminal.ignore_suspend():
        session = get_valid_session(profile, environment, environment.files(*named_files), how)
    variables = session.variables()
    text = format_for_shell(syntax, variables)
    if sys.stdout.isatty():
        usual = format_evaluation(syntax, f"encee env {quote(profile)}")
        _refuse_to_show(variables, usual)
        terminal.warn(f"secrets are on the screen now; in a script: {usual}")
    terminal.print_lines(text)


def _refuse_without_refresh(profile: str, refresh: bool, options: RefreshOptions) -> None:
    """Refuse options that say how to refresh where nothing is refreshed.

    Raises:
        UsageError: There is such an option; the hint keeps it.
    """
    values = {"--code": options.code, "--code-command": options.code_command, "--duration": options.duration}
    given = [word for option, value in values.items() if value is not None for word in (option, value)]
    if given and not refresh:
        raise UsageError(
            "--code, --code-command and --duration say how to refresh",
            hint=join(["encee", "env", profile, "--refresh", *given]),
        )


def _refuse_to_show(variables: Mapping[str, str], usual: str) -> None:
    """Refuse to put what a terminal would obey on a screen.

    Raises:
        EnceeError: Names the variable, never its value.
    """
    for name, value in variables.items():
        if not value.isprintable():
            raise EnceeError(f"the value of {name} has a character that a terminal would obey", hint=usual)
