"""`encee process`: the session as SDKs expect it of a `credential_process`."""

from datetime import timedelta
from typing import Annotated

import typer

from encee.cli import terminal
from encee.cli.options import (
    Code,
    CodeCommand,
    ConfigFile,
    CredentialsFile,
    Duration,
    Environment,
    RefreshOptions,
    ServableProfile,
)
from encee.cli.sessions import serve

_SOON = timedelta(minutes=15)
"""With less than this to go, SDKs ask for fresh credentials; so a source without a person is asked, too."""


def process(
    context: typer.Context,
    profile: ServableProfile,
    *,
    ask: Annotated[
        bool, typer.Option("--ask", help="Without a valid session, ask for a code on the terminal.")
    ] = False,
    code: Code = None,
    code_command: CodeCommand = None,
    duration: Duration = None,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Print the JSON of a credential_process.

    Without a valid session it refreshes only with a code that needs no person, as from --code-command or mfa_process,
    and otherwise exits with status 3. With --ask, it prompts for the code on the terminal: once, however many
    processes need the session at the same time.
    """
    environment: Environment = context.obj
    files = environment.files(credentials_file, config_file)
    how = RefreshOptions(code, code_command, duration, ask=ask, least=_SOON, ask_in_turn=ask)
    terminal.print_lines(serve(profile, environment, files, how).credential_process())
