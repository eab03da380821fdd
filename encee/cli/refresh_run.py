"""A refresh at the terminal: for `encee refresh`, and for every command that needs a session."""

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
from encee.workflows.refresh.jobs import Failed, Keep, Refreshed, RefreshResult, RunOptions, Target
from encee.workflows.refresh.run import Refresh

_LONGEST = 4096
"""So many bytes of a line on standard input cannot be a code."""

_TO = "encee refresh PROFILE --to NAME"


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
    lasting: timedelta | None = None,
    ask: bool = True,
    dry_run: bool = False,
) -> RefreshResult:
    """Refresh profiles, and show the warnings; an error that ends the run is in the result.

    Args:
        profiles: Profiles or shell patterns; none means the profile of AWS_PROFILE, else all.
        environment: The environment and the clock.
        files: Where the two files are.
        given: The settings of the command line.
        codes: The codes of the command line, or None.
        options: How to run.
        lasting: How long a session has to last to stay as it is; None for the default of `encee refresh`.
        ask: Whether a person may be prompted.
        dry_run: Whether to prompt, send and write nothing.
    """
    ui = TerminalUi(ask=ask)
    try:
        files = AwsFiles.at(files.paths, ui.warn)
        catalog = files.catalog()
        profiles = profiles or _named_by_environment(catalog, environment)
        if given.to is not None and len(profiles) != 1:
            raise UsageError("--to names one session profile, so it needs exactly one PROFILE", hint=_TO)
        refresh = Refresh(
            files=files,
            catalog=catalog,
            settings=environment.settings(catalog, given),
            codes=codes,
            ui=ui,
            clock=environment.clock,
            options=options,
        )
        is_named = bool(profiles) or options.force or lasting is not None
        keep = Keep(lasting) if is_named else Keep(unless_expiring=True, no_longer=given.duration is not None)
        result = refresh.run(profiles, keep, dry_run=dry_run)
        is_refreshed = any(isinstance(outcome, Refreshed) for outcome in result.outcomes)
        if is_refreshed and files.credentials.is_readable_by_others():
            path = str(files.credentials.path)
            ui.warn(f"other users can read {path}: chmod 600 {shlex.quote(path)}")
    except EnceeError as error:
        result = RefreshResult(error=error)
    ui.show_warnings()
    return result


def _named_by_environment(catalog: Catalog, environment: Environment) -> list[str]:
    """Find the profile that the AWS tools take in this environment, where it can be refreshed; else none."""
    for variable in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"):  # The order is botocore's.
        name = environment.environ.get(variable)
        if name and (profile := catalog.profile_for(name)):
            terminal.note(f"{variable} names {name}: refreshing only {profile}")
            return [profile]
    return []


def get_session(profile: str, environment: Environment, files: AwsFiles, how: RefreshOptions) -> tuple[Target, Session]:
    """Get the session of a profile, and its target: the session on disk while it lasts long enough, else a fresh one.

    Args:
        profile: A profile or a session profile, as the command line names it.
        environment: The environment and the clock.
        files: Where the two files are.
        how: How to refresh, and how long the session has to last.

    Raises:
        EnceeError: The refresh failed.
    """
    result = refresh_profiles(
        [profile],
        environment,
        files,
        GivenSettings(duration=how.duration, code_command=how.code_command),
        find_given_codes(how.code, how.code_command, environment),
        options=RunOptions(write=how.write, ask_in_turn=how.ask_in_turn),
        lasting=how.min_time_left,
        ask=how.ask,
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
    """The codes that are there already: from the option or the environment.

    Raises:
        UsageError: The one of the environment is not six digits; the option's was checked before.
    """
    if code == "-":
        return GivenCodes(_typed_lines(), "standard input", per_device=True)
    if code is not None:
        return GivenCodes([code], "--code")
    if (from_environment := environment.environ.get("ENCEE_CODE")) and code_command is None:
        return GivenCodes([require_code(from_environment, "the code from ENCEE_CODE")], "ENCEE_CODE")
    return None


def _typed_lines() -> Iterator[str]:
    """The lines of standard input, none read ahead: what follows a code is for the command that `exec` runs."""
    if sys.stdin is not None:
        raw = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        for line in iter(partial(raw.readline, _LONGEST), b""):
            yield line.decode(errors="replace").strip()
