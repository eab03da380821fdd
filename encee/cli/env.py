"""`encee env`: the session as lines that a shell evaluates."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from encee.cli import terminal
from encee.cli.options import Code, CodeCommand, ConfigFile, CredentialsFile, Duration, HowToRefresh, World
from encee.cli.serving import serve
from encee.errors import UsageError
from encee.profiles.export import CLEARED, SHELLS, lines


class Shell(StrEnum):
    """The forms of `encee.profiles.export.SHELLS`."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"
    CMD = "cmd"
    DOTENV = "dotenv"
    JSON = "json"


def env(
    context: typer.Context,
    profile: Annotated[
        str | None, typer.Argument(metavar="[PROFILE]", help="The profile, or its session profile.", show_default=False)
    ] = None,
    *,
    shell: Annotated[
        Shell | None,
        typer.Option(help="For which shell or file. [default: the one that runs encee]", show_default=False),
    ] = None,
    unset: Annotated[bool, typer.Option("--unset", help="The lines that unset what the others set.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Refresh first when there is no valid session.")] = False,
    no_write: Annotated[bool, typer.Option("--no-write", help="Leave the files alone in a refresh.")] = False,
    code: Code = None,
    code_command: CodeCommand = None,
    duration: Duration = None,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Print the environment variables of a session.

    Made for eval "$(encee env dev)". What another profile may have left over is unset first. Without a valid
    session nothing is printed, and the exit code is 3; --refresh asks for a code then.
    """
    world: World = context.obj
    syntax = shell.value if shell is not None else _guessed(world)
    if unset:
        terminal.tell_lines(lines(syntax, {}, cleared=[*CLEARED, "AWS_REGION", "AWS_DEFAULT_REGION"]))
        return
    if profile is None:
        raise UsageError("env needs a PROFILE, or --unset", hint='eval "$(encee env PROFILE)"')
    files = world.files(credentials_file, config_file)
    how = HowToRefresh(code, code_command, duration, write=not no_write) if refresh else None
    text = lines(syntax, serve(profile, world, files, how).variables())
    if sys.stdout.isatty():
        terminal.warn('secrets are on the screen now; in a script: eval "$(encee env …)"')
    terminal.tell_lines(text)


def _guessed(world: World) -> str:
    """The shell that runs encee: the parent process where it can be told, else `$SHELL`, else bash."""
    if sys.platform == "win32":
        return "powershell" if "PSMODULEPATH" in {name.upper() for name in world.environ} else "cmd"
    try:
        parent = Path(f"/proc/{os.getppid()}/comm").read_text().strip()
    except OSError:
        parent = ""
    for name in (parent, Path(world.environ.get("SHELL", "")).name):
        shell = {"pwsh": "powershell"}.get(name, name)
        if shell in SHELLS:
            return shell
    return "bash"
