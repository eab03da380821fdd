"""`encee process`: the session as SDKs expect it of a `credential_process`."""

from datetime import timedelta
from typing import Annotated

import typer

from encee.cli import terminal
from encee.cli.options import Environment, RefreshOptions, ServableProfile, file_options, refresh_options
from encee.cli.sessions import serve
from encee.profiles.files import AwsFiles

_SOON = timedelta(minutes=15)
"""With less than this to go, SDKs ask for fresh credentials; so a source without a person is asked, too."""


@file_options
@refresh_options
def process(
    profile: ServableProfile,
    *,
    ask: Annotated[
        bool, typer.Option("--ask", help="Without a valid session, ask for a code on the terminal.")
    ] = False,
    options: RefreshOptions,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Print the JSON of a credential_process.

    Without a valid session it refreshes only with a code that needs no person, as from --code-command or mfa_process,
    and otherwise exits with status 3. With --ask, it prompts for the code on the terminal: once, however many
    processes need the session at the same time.
    """
    how = options._replace(ask=ask, least=_SOON, ask_in_turn=ask)
    terminal.print_lines(serve(profile, environment, files, how).credential_process())
