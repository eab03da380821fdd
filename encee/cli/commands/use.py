"""`encee use`: select a session in the shell that runs encee."""

from shlex import quote
from typing import Annotated

import typer

from encee.cli import terminal
from encee.cli.commands.init import STARTUP_LINES
from encee.cli.detect_shell import find_running_shell
from encee.cli.display import format_until
from encee.cli.options import (
    Environment,
    FileOptions,
    OptionalUsableProfile,
    RefreshOptions,
    add_options,
    optional_refresh_options,
    with_environment,
)
from encee.cli.sessions import get_valid_session, list_file_variables
from encee.errors import UsageError
from encee.profiles.export import format_for_shell


@with_environment
@add_options(FileOptions)
@optional_refresh_options
def use(
    profile: OptionalUsableProfile = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="Select no session.")] = False,
    options: RefreshOptions | None,
    named_files: FileOptions,
    environment: Environment,
) -> None:
    """Select a session in this shell.

    It sets AWS_PROFILE to the session profile, and unsets the AWS variables of another profile. Without a valid
    session, it prompts for a code first. It needs the shell function of encee init.

    Examples:
        $ encee use dev
        $ encee use --none
    """
    shell = environment.environ.get(terminal.EVALUATED)
    if shell not in STARTUP_LINES:
        raise UsageError(
            "use needs the shell function encee: a program cannot change the variables of its shell",
            hint=_suggest_command(find_running_shell(environment), None if none else quote(profile or "PROFILE")),
        )
    if (profile is None) != none:
        raise UsageError("use needs one of PROFILE and --none", hint="encee use PROFILE")
    if profile is None:
        terminal.print_for_shell(format_for_shell(shell, {}))
        return
    files = environment.files(*named_files)
    session = get_valid_session(profile, environment, files, options)
    variables, cleared = session.select_profile(files.catalog())
    variables |= list_file_variables(files, named_files)
    terminal.print_for_shell(format_for_shell(shell, variables, cleared=cleared))
    terminal.say(f"this shell uses {session.profile}{format_until(session.expiration, environment.clock())}")


def _suggest_command(shell: str, profile: str | None) -> str:
    """Return the command to type without the shell function.

    Args:
        shell: The shell's name.
        profile: The profile, quoted for it; None for `--none`.
    """
    if shell in STARTUP_LINES:
        return f"{STARTUP_LINES[shell]}; encee use {profile or '--none'}"
    return f"encee shell {profile}" if profile else "encee env --unset prints what to type instead"
