"""Run a refresh at the terminal, for each command that needs a session."""

import shlex
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from encee.cli import display, prompts, terminal
from encee.cli.options import Environment, RefreshOptions
from encee.errors import EnceeError, UsageError
from encee.mfa.code_sources import GivenCodes, require_code
from encee.model import Session
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.settings import GivenSettings
from encee.workflows.refresh.context import RefreshContext
from encee.workflows.refresh.jobs import Failed, Keep, Refreshed, RefreshResult, RunOptions, Target
from encee.workflows.refresh.run import Refresh

_MAX_LINE_BYTES = 4096
"""The longest line that is read from standard input; a code is shorter."""

_DEFAULTS = RunOptions()


class TerminalUi:
    """The terminal of a refresh.

    Args:
        ask: Whether a person may be prompted.
    """

    def __init__(self, *, ask: bool) -> None:
        self.person = prompts.TerminalUser() if ask and terminal.has_terminal() else None
        self._warnings: dict[str, bool] = {}
        self._lock = threading.Lock()

    def notify(self, text: str) -> None:
        """Show a line about the progress."""
        (terminal.note_person if self.person else terminal.note)(text)

    def warn(self, text: str) -> None:
        """Keep a warning until `show_warnings`."""
        with self._lock:
            self._warnings.setdefault(text, False)

    def has_warnings(self) -> bool:
        """Check for warnings that were not shown yet."""
        with self._lock:
            return not all(self._warnings.values())

    def show_warnings(self) -> None:
        """Show the warnings that were not shown yet, each text once."""
        with self._lock:
            for text, is_shown in self._warnings.items():
                if not is_shown:
                    terminal.warn(text)
            self._warnings = dict.fromkeys(self._warnings, True)

    def countdown(self, text: str, seconds: float) -> None:
        """Wait, with a bar where a person sees it."""
        display.count_down(text, seconds)


def refresh_profiles(
    profiles: Sequence[str],
    environment: Environment,
    files: AwsFiles,
    given: GivenSettings,
    codes: GivenCodes | None = None,
    *,
    options: RunOptions = _DEFAULTS,
    min_time_left: timedelta | None = None,
    ask: bool = True,
    dry_run: bool = False,
) -> RefreshResult:
    """Refresh profiles and show the warnings; return errors in the result.

    Args:
        profiles: Profiles or shell patterns; none means the profile of AWS_PROFILE, else all.
        environment: The environment and the clock.
        files: The two files.
        given: The settings of the command line.
        codes: The codes of the command line or the environment, if any.
        options: How to run.
        min_time_left: Keep sessions that are valid for longer; None for the default of `encee refresh`.
        ask: Whether to prompt for codes.
        dry_run: Whether to prompt, send and write nothing.
    """
    ui = TerminalUi(ask=ask)
    try:
        files = AwsFiles.at(files.paths, ui.warn)
        catalog = files.catalog()
        profiles = profiles or _find_default_profile(catalog, environment)
        if given.to is not None and len(profiles) != 1:
            raise UsageError("--to needs exactly one PROFILE", hint="encee refresh PROFILE --to NAME")
        settings = environment.settings(catalog, given)
        context = RefreshContext(files, catalog, settings, codes, ui, environment.clock, options)
        is_named = bool(profiles) or options.force or min_time_left is not None
        keep = Keep(min_time_left) if is_named else Keep(unless_expiring=True, no_longer=given.duration is not None)
        result = Refresh(context).run(profiles, keep, dry_run=dry_run)
        is_refreshed = any(isinstance(outcome, Refreshed) for outcome in result.outcomes)
        if is_refreshed and files.credentials.is_readable_by_others():
            path = str(files.credentials.path)
            ui.warn(f"other users can read {path}: chmod 600 {shlex.quote(path)}")
    except EnceeError as error:
        result = RefreshResult(error=error)
    ui.show_warnings()
    return result


def _find_default_profile(catalog: Catalog, environment: Environment) -> list[str]:
    """Return the profile that AWS tools use here, if it can be refreshed."""
    for variable in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"):  # The order is botocore's.
        name = environment.environ.get(variable)
        if name and (profile := catalog.profile_for(name)):
            terminal.note(f"{variable} names {name}: refreshing only {profile}")
            return [profile]
    return []


def get_session(
    profile: str, environment: Environment, files: AwsFiles, refresh_options: RefreshOptions
) -> tuple[Target, Session]:
    """Get the session of a profile, refreshed if it expires too soon, and its target.

    Args:
        profile: A profile or a session profile.
        environment: The environment and the clock.
        files: The two files.
        refresh_options: How to refresh, and for how long the session has to be valid.

    Raises:
        EnceeError: The refresh failed.
    """
    result = refresh_profiles(
        [profile],
        environment,
        files,
        GivenSettings(duration=refresh_options.duration, code_command=refresh_options.code_command),
        find_given_codes(refresh_options.code, refresh_options.code_command, environment),
        options=RunOptions(write=refresh_options.write, ask_in_turn=refresh_options.ask_in_turn),
        min_time_left=refresh_options.min_time_left,
        ask=refresh_options.ask,
    )
    if result.error is not None:
        raise result.error
    for outcome in result.outcomes:
        if isinstance(outcome, Failed):
            raise outcome.error
    catalog = files.catalog()
    for outcome in result.outcomes:
        if not isinstance(outcome, Failed) and outcome.profile == catalog.profile_for(profile):
            target = Target(outcome.profile, outcome.session_profile)
            if session := result.sessions.get(target) or catalog.usable_session(target.session_profile, target.profile):
                return target, session
    raise EnceeError(f"the session of {profile} was removed by another program", hint="try again")


def find_given_codes(code: str | None, code_command: str | None, environment: Environment) -> GivenCodes | None:
    """Return the codes of `--code` or of ENCEE_CODE, if any.

    Raises:
        UsageError: ENCEE_CODE is not six digits.
    """
    if code == "-":
        return GivenCodes(_read_lines(), "standard input", per_device=True)
    if code is not None:
        return GivenCodes(iter([code]), "--code")
    if (from_environment := environment.environ.get("ENCEE_CODE")) and code_command is None:
        return GivenCodes(iter([require_code(from_environment, "the code from ENCEE_CODE")]), "ENCEE_CODE")
    return None


def _read_lines() -> Iterator[str]:
    """Yield lines of standard input; leave the rest for the command of `exec`."""
    if sys.stdin is not None:
        raw = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        for line in iter(partial(raw.readline, _MAX_LINE_BYTES), b""):
            yield line.decode(errors="replace").strip()
