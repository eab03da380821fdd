"""`encee shell`: start a shell with a session."""

from shlex import quote
from typing import Annotated

import typer

from encee.awsfile.paths import AwsPaths
from encee.cli.detect_shell import find_login_shell
from encee.cli.display import format_until
from encee.cli.options import (
    Environment,
    FileOptions,
    RefreshOptions,
    UsableProfile,
    add_options,
    optional_refresh_options,
    with_environment,
)
from encee.cli.replace_process import exec_or_spawn
from encee.cli.sessions import get_valid_session, list_file_variables
from encee.cli.terminal import say
from encee.errors import UsageError
from encee.profiles.export import CLEARED, session_variables


@with_environment
@add_options(FileOptions)
@optional_refresh_options
def shell(
    profile: UsableProfile,
    *,
    keys: Annotated[bool, typer.Option("--keys", help="Set the keys themselves, for tools without profiles.")] = False,
    options: RefreshOptions | None,
    named_files: FileOptions,
    environment: Environment,
) -> None:
    """Start a shell with a session.

    It starts $SHELL with AWS_PROFILE set to the session profile, so that a refresh takes effect in it at once; with
    --keys, the shell keeps its first session. ENCEE_PROFILE is the profile. The shell gets no AWS variables of another
    profile. Without a valid session, encee prompts for a code first. Type exit to leave the shell.

    Examples:
        $ encee shell dev
        $ encee shell dev --keys
    """
    files = environment.files(*named_files)
    named = files.catalog().profile_for(profile) or profile
    if environment.environ.get("ENCEE_PROFILE") == named and files.paths == AwsPaths.locate(environment.environ):
        raise UsageError(
            f"this shell already has the session of {named}",
            hint=f"encee refresh {quote(named)} renews it, exit leaves this shell",
        )
    session = get_valid_session(profile, environment, files, options)
    variables, cleared = (session.variables(), CLEARED) if keys else session.select_profile(files.catalog())
    variables |= list_file_variables(files, named_files)
    variables["ENCEE_PROFILE"] = session.source or session.profile
    whose = f"the session of {variables['ENCEE_PROFILE']}{format_until(session.expiration, environment.clock())}"
    say(f"this shell has {whose}; to leave it, type exit")
    exec_or_spawn([find_login_shell(environment)], session_variables(environment.environ, variables, cleared=cleared))
