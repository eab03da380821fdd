"""`encee env`: print a session as lines for a shell."""

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
    unset: Annotated[bool, typer.Option("--unset", help="Print the lines that unset these variables.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Refresh first if there is no valid session.")] = False,
    no_write: Annotated[
        bool, typer.Option("--no-write", help="Do not store the refreshed session in the files.")
    ] = False,
    options: RefreshOptions,
    named_files: FileOptions,
    environment: Environment,
) -> None:
    """Print the environment variables of a session.

    The lines also unset the AWS variables of another profile. Without a valid session, it prints nothing and exits with
    status 3; with --refresh, it prompts for a code.

    Examples:
        $ eval "$(encee env dev)"
        $ encee env dev --refresh --shell dotenv >dev.env
    """
    syntax = shell.value if shell is not None else find_shell_form(environment)
    if unset:
        terminal.print_lines(format_for_shell(syntax, {}, cleared=[*CLEARED, *REGION]))
        return
    if profile is None:
        hint = f"name the profile: {format_evaluation(syntax, 'encee env PROFILE')}"
        raise UsageError("env needs a PROFILE, or --unset", hint=hint)
    _refuse_without_refresh(profile, refresh, options)
    refresh_options = options._replace(write=not no_write) if refresh else None
    with nullcontext() if sys.stdout.isatty() else terminal.ignore_suspend():
        session = get_valid_session(profile, environment, environment.files(*named_files), refresh_options)
    variables = session.variables()
    text = format_for_shell(syntax, variables)
    if sys.stdout.isatty():
        usual = format_evaluation(syntax, f"encee env {quote(profile)}")
        _refuse_to_show(variables, usual)
        terminal.warn(f"secrets are on the screen now; in a script: {usual}")
    terminal.print_lines(text)


def _refuse_without_refresh(profile: str, refresh: bool, options: RefreshOptions) -> None:
    """Refuse the options of a refresh without `--refresh`.

    Raises:
        UsageError: Such an option is given; the hint keeps it.
    """
    values = {"--code": options.code, "--code-command": options.code_command, "--duration": options.duration}
    given = [word for option, value in values.items() if value is not None for word in (option, value)]
    if given and not refresh:
        raise UsageError(
            "--code, --code-command and --duration need --refresh",
            hint=join(["encee", "env", profile, "--refresh", *given]),
        )


def _refuse_to_show(variables: Mapping[str, str], usual: str) -> None:
    """Refuse to show a value with a control character on a terminal.

    Raises:
        EnceeError: A value has one; the message does not quote it.
    """
    for name, value in variables.items():
        if not value.isprintable():
            raise EnceeError(f"the value of {name} has a control character", hint=usual)
