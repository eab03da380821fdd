"""Get a valid session for another program: the session on disk, or a fresh one."""

import shlex
from datetime import datetime, timedelta

from encee.cli import terminal
from encee.cli.options import Environment, FileOptions, RefreshOptions
from encee.errors import EnceeError, InterruptedByPersonError, NoSessionError
from encee.profiles.export import ExportedSession, export_session, find_session, find_session_profile
from encee.profiles.files import AwsFiles
from encee.profiles.lookup_errors import explain_lookup_failure

_MOMENT = timedelta(seconds=1)
"""encee prompts for a code only if the session expires within this time."""


def get_valid_session(
    profile: str, environment: Environment, files: AwsFiles, refresh_options: RefreshOptions | None
) -> ExportedSession:
    """Get a valid session for a profile that the command line names.

    Args:
        profile: A profile or a session profile.
        environment: The environment and the clock.
        files: The two files.
        refresh_options: How to refresh; None to fail without a valid session.

    Raises:
        NoSessionError: The session on disk is not valid and was not refreshed.
        EnceeError: The refresh failed.
    """
    catalog = files.catalog()
    session = find_session(catalog, profile)
    refreshable = catalog.profile_for(profile)
    if session is None and refreshable is None:
        raise explain_lookup_failure(catalog, profile, files.paths)
    now = environment.clock()
    min_time_left = (
        refresh_options.min_time_left if refresh_options is not None and refreshable is not None else timedelta()
    )
    if session is not None and _is_valid_at(session, now + min_time_left):
        return session
    if refresh_options is not None and refreshable is not None:
        is_urgent = session is None or not _is_valid_at(session, now + _MOMENT)
        try:
            return _refresh(
                profile, environment, files, refresh_options._replace(ask=refresh_options.ask and is_urgent)
            )
        except InterruptedByPersonError:
            raise
        except EnceeError as error:
            if session is None or not _is_valid_at(session, now):
                raise
            if not isinstance(error, NoSessionError):
                terminal.warn(f"{profile} was not refreshed: {error.message}")
            return session  # It is the only one, although it expires soon.
    state = "has expired" if session is not None else "is missing"
    if refreshable and catalog.has_session_of_another_account(
        find_session_profile(catalog, profile, refreshable), refreshable
    ):
        state = f"is of another account than the key of {refreshable}"
    remedy = f"encee refresh {shlex.quote(refreshable)}" if refreshable else "renew it with the tool that made it"
    raise NoSessionError(f"the session of {profile} {state}", hint=remedy)


def _is_valid_at(session: ExportedSession, moment: datetime) -> bool:
    """Whether a session is valid after a moment; without an expiration it is."""
    return session.expiration is None or session.expiration > moment


def _refresh(
    profile: str, environment: Environment, files: AwsFiles, refresh_options: RefreshOptions
) -> ExportedSession:
    from encee.cli.refresh_run import get_session  # noqa: PLC0415 - it takes 40 ms, which a valid session saves

    target, session = get_session(profile, environment, files, refresh_options)
    return export_session(session, files.catalog(), *target)


def list_file_variables(files: AwsFiles, options: FileOptions) -> dict[str, str]:
    """Return the variables with which other programs find the files that options name."""
    variables = {}
    if options.credentials_file is not None:
        variables["AWS_SHARED_CREDENTIALS_FILE"] = str(files.credentials.path.absolute())
    if options.config_file is not None:
        variables["AWS_CONFIG_FILE"] = str(files.config.path.absolute())
    return variables
