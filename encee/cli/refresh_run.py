"""A refresh as the command line asks for one: by `refresh` itself, and by whatever needs a session."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from encee.awsfile.paths import Files
from encee.cli import display, prompts, terminal
from encee.cli.options import Environment, RefreshOptions, read_catalog, stores
from encee.errors import EnceeError, UsageError
from encee.mfa.code_sources import CodeSource, GivenCodes, require_code
from encee.model import Session
from encee.profiles.catalog import Catalog
from encee.profiles.settings import GivenSettings, Settings
from encee.workflows.refresh.jobs import Failed, Job, Keep, Outcome, Refreshed, Target
from encee.workflows.refresh.plan import plan
from encee.workflows.refresh.run import Refresh

_LONGEST = 4096
"""So many bytes of a line on standard input cannot be a code."""

_TO = "encee refresh PROFILE --to NAME"


class RefreshRun:
    """One run of the command, and what is known of it when it ends, however it ends."""

    def __init__(
        self,
        environment: Environment,
        files: Files,
        settings: GivenSettings,
        codes: CodeSource | None,
        *,
        carry_region: bool = True,
        save: bool = True,
        write: bool = True,
        ask: bool = True,
        force: bool = False,
        ask_in_turn: bool = False,
    ) -> None:
        self.outcomes: list[Outcome] = []
        self.jobs: Sequence[Job] = ()
        self.warnings: list[str] = []  # they come from several threads, and are shown by one
        self._world = environment
        self._files = files
        self._settings = settings
        self._codes = codes
        self._carry_region = carry_region
        self._save = save
        self._write = write
        self._ask = ask
        self._force = force
        self._ask_in_turn = ask_in_turn
        self.sessions: dict[Target, Session] = {}

    def go(self, words: Sequence[str], enough: timedelta | None, *, dry_run: bool = False) -> None:
        """Plan the run and do it, or with `dry_run` find out what it would do.

        Raises:
            EnceeError: It ended before its end.
        """
        warn = self.warnings.append
        credentials, config = stores(self._files, warn)
        catalog = Catalog(credentials.document().view, config.document().view)
        words = words or self._named_by_environment(catalog)
        if self._settings.to is not None and len(words) != 1:
            raise UsageError("--to names one session profile, so it needs exactly one PROFILE", hint=_TO)
        settings = Settings(self._settings, self._world.environ, catalog, self._world.legacy_serial())
        todo = plan(words, catalog, settings, self._files)
        person = prompts.TerminalUser() if self._ask and terminal.is_terminal() else None
        refresh = Refresh(
            credentials=credentials,
            config=config,
            catalog=catalog,
            given=self._codes,
            person=person,
            clock=self._world.clock,
            report=self.outcomes.append,
            notify=terminal.note_person if person else terminal.note,
            warn=warn,
            countdown=display.countdown,
            carry_region=self._carry_region,
            save_device=self._save,
            write=self._write,
            force=self._force,
            ask_in_turn=self._ask_in_turn,
        )
        try:
            keep = self._sessions_to_keep(words, enough)
            if dry_run:
                self.jobs = refresh.preview(todo, keep)
            else:
                refresh.run(todo, keep)
        finally:
            self.sessions = refresh.sessions
            self.outcomes.sort(key=lambda outcome: todo.place(outcome.profile))
        if any(isinstance(outcome, Refreshed) for outcome in self.outcomes) and credentials.readable_by_others():
            path = str(self._files.credentials)
            warn(f"other users can read {path}: chmod 600 {shlex.quote(path)}")

    def _named_by_environment(self, catalog: Catalog) -> list[str]:
        """The profile that the AWS tools take in this environment, where it can be refreshed; else none."""
        for variable in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"):  # in botocore's order
            name = self._world.environ.get(variable)
            if name and (profile := catalog.profile_for(name)):
                terminal.note(f"{variable} names {name}: refreshing only {profile}")
                return [profile]
        return []

    def _sessions_to_keep(self, words: Sequence[str], enough: timedelta | None) -> Keep:
        """Which sessions stay: by --if-expiring, or in a run over all profiles those that are not expiring."""
        if words or self._force or enough is not None:
            return Keep(lasting=enough)
        return Keep(unless_expiring=True, no_longer=self._settings.duration is not None)


def session_for(word: str, environment: Environment, files: Files, how: RefreshOptions) -> tuple[Target, Session]:
    """The session of a profile, and whose it is: the one on disk while it lasts long enough, else a fresh one.

    Args:
        word: A profile or a session profile, as the command line names it.
        environment: The environment and the clock.
        files: Where the two files are.
        how: How to refresh, and how long the session has to last.

    Raises:
        EnceeError: There is none, and none is to be had.
    """
    settings = GivenSettings(duration=how.duration, code_command=how.code_command)
    codes = given_codes(how.code, how.code_command, environment)
    run = RefreshRun(environment, files, settings, codes, write=how.write, ask=how.ask, ask_in_turn=how.ask_in_turn)
    try:
        run.go([word], how.least)
    finally:
        for warning in dict.fromkeys(run.warnings):
            terminal.warn(warning)
    for outcome in run.outcomes:
        if isinstance(outcome, Failed):
            raise outcome.error
    catalog = read_catalog(files, terminal.warn)
    for outcome in run.outcomes:
        if not isinstance(outcome, Failed) and outcome.profile == catalog.profile_for(word):
            target = Target(outcome.profile, outcome.session_profile)
            if session := run.sessions.get(target) or catalog.usable_session(target.session_profile, target.profile):
                return target, session
    raise EnceeError(f"the session of {word} was there and is gone", hint="try again")


def given_codes(code: str | None, code_command: str | None, environment: Environment) -> CodeSource | None:
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
    """The lines of standard input, none read ahead: what is behind a code is for the command that `exec` runs."""
    if sys.stdin is not None:
        raw = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        for line in iter(partial(raw.readline, _LONGEST), b""):
            yield line.decode(errors="replace").strip()
