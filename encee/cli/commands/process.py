"""`encee process`: print a session as SDKs expect it of a `credential_process`."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from encee.cli import terminal
from encee.cli.options import (
    Environment,
    FileOptions,
    RefreshOptions,
    UsableProfile,
    add_options,
    refresh_options,
    refuse_dash,
    text_option,
    with_environment,
)
from encee.cli.sessions import get_valid_session
from encee.errors import UsageError
from encee.profiles.export import find_session
from encee.profiles.files import AwsFiles
from encee.profiles.lookup_errors import explain_lookup_failure
from encee.profiles.settings import GivenSettings, Settings

_SDK_REFRESH_TIME = timedelta(minutes=15)
"""SDKs ask for new credentials when less than this is left; encee then refreshes, if it needs no prompt."""


@with_environment
@add_options(FileOptions)
@refresh_options
def process(
    profile: UsableProfile,
    *,
    ask: Annotated[
        bool, typer.Option("--ask", help="Without a valid session, prompt for a code on the terminal.")
    ] = False,
    install: Annotated[
        str | None,
        text_option(
            "NAME",
            "Write the profile NAME, whose credential_process is this command, and print no session.",
            callback=refuse_dash,
        ),
    ] = None,
    options: RefreshOptions,
    named_files: FileOptions,
    environment: Environment,
) -> None:
    """Print the JSON of a credential_process.

    Without a valid session it refreshes only with a code that needs no person, as from --code-command or mfa_process,
    and otherwise exits with status 3. With --ask, it prompts for the code on the terminal: once, however many
    processes need the session at the same time.

    With --install, programs that run longer than a session can use the profile NAME of the config file: AWS SDKs
    run its credential_process again before a session expires. encee clear NAME removes it.

    Examples:
        $ encee process dev
        $ encee process dev --install dev-live
        $ encee process dev --code-command 'op item get AWS --otp'
    """
    files = environment.files(*named_files)
    if install is None:
        refresh_options = options._replace(ask=ask, min_time_left=_SDK_REFRESH_TIME, ask_in_turn=ask)
        terminal.print_lines(get_valid_session(profile, environment, files, refresh_options).credential_process())
        return
    if options.code is not None or options.code_command is not None:
        raise UsageError(
            "--install takes no --code and no --code-command",
            hint=f"set mfa_process in the profile {profile}: each refresh runs it",
        )
    values = {
        "--duration": options.duration,
        "--credentials-file": named_files.credentials_file and str(files.credentials.path.absolute()),
        "--config-file": named_files.config_file and str(files.config.path.absolute()),
    }
    words = [word for option, value in values.items() if value is not None for word in (option, value)]
    settings = environment.settings(files.catalog(), GivenSettings(duration=options.duration))
    _install(install, profile, [*(["--ask"] if ask else []), *words], settings, files)


def _install(name: str, profile: str, options: Sequence[str], settings: Settings, files: AwsFiles) -> None:
    """Write a profile that runs this command, and print how to use it."""
    from encee.profiles.process_profile import install_process_profile  # noqa: PLC0415 - SDKs wait for a session

    catalog = files.catalog()
    refreshable = catalog.profile_for(profile)
    if refreshable is None and find_session(catalog, profile) is None:
        raise explain_lookup_failure(catalog, profile, files.paths)
    settings.given_duration()  # an invalid one is refused
    words = ["--", profile] if profile.startswith("-") else [profile]
    command = [_find_own_program(), "process", *options, *words]
    is_new = install_process_profile(name, profile, command, files)
    path = files.config.path
    what = f"wrote the profile {name} to {path}" if is_new else f"the profile {name} is in {path} already"
    terminal.say(f"{what}; it runs: {shlex.join(command)}")
    terminal.say(f"use it: aws --profile {shlex.quote(name)} sts get-caller-identity")
    needs_person = refreshable is None or not (settings.code_command(refreshable) or settings.has_seed(refreshable))
    if needs_person and "--ask" not in options:
        terminal.note(
            f"it serves the session of {profile} while that is valid;"
            " set mfa_process in the source profile for a refresh without a prompt, or add --ask for a prompt"
        )


def _find_own_program() -> str:
    """Return the absolute path of this program, as it was started.

    Programs with a window, and cron, have another PATH than a shell. Links are kept, since pipx, uv and Homebrew keep
    them when they replace the program.

    Raises:
        UsageError: It was started as `python -m encee` where no `encee` is installed.
    """
    for path in (sys.argv[0], Path(sys.executable).with_name("encee"), shutil.which("encee") or ""):
        if Path(path).stem == "encee" and os.access(path, os.X_OK):
            return str(Path(path).absolute())
    raise UsageError("the program encee is not installed, so that no profile can run it", hint="pipx install encee")
