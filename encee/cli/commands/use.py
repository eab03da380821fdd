"""`encee use`: a session in the shell that runs encee."""

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
    none: Annotated[bool, typer.Option("--none", help="Use none from now on.")] = False,
    options: RefreshOptions | None,
    named_files: FileOptions,
    environment: Environment,
) -> None:
    """Use a session in this shell.

    AWS_PROFILE is set to the session profile, and what another one may have left over in the environment is unset.
    Without a valid session, a code is asked for first. Needs the shell function of encee init.
    """
    shell = environment.environ.get(terminal.EVALUATED)
    if shell not in STARTUP_LINES:
        raise UsageError(
            "use needs the shell function encee: a program cannot change the variables of its shell",
            hint=_way_out(find_running_shell(environment), None if none else quote(profile or "PROFILE")),
        )
    if (profile is None) != none:
        raise UsageError("use needs one of PROFILE and --none", hint="encee use PROFILE")
    if profile is None:
        terminal.print_for_shell(format_for_shell(shell, {}))
        return
    files = environment.files(*named_files)
    session = get_valid_session(profile, environment, files, options)
    variables, cleared = session.selected(files.catalog())
    variables |= list_file_variables(files, named_files)
    terminal.print_for_shell(format_for_shell(shell, variables, cleared=cleared))
    terminal.say(f"this shell uses {session.profile}{format_until(session.expiration, environment.clock())}")


def _way_out(shell: str, profile: str | None) -> str:
    """What to type where there is no function.

    Args:
        shell: The shell's name.
        profile: The profile, quoted for it; None for `--none`.
    """
    if shell in STARTUP_LINES:
        return f"{STARTUP_LINES[shell]}; encee use {profile or '--none'}"
    return f"encee shell {profile}" if profile else "encee env --unset prints what to type instead"
