"""The main job: an MFA code becomes a session, and the session becomes a section of the credentials file."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from encee.aws.session import sts_client
from encee.aws.sts import get_session_token
from encee.errors import (
    CodeMayBeSpentError,
    EnceeError,
    InterruptedByPersonError,
    NoSessionError,
    UsageError,
    WrongCodeError,
)
from encee.mfa.sources import CodeSource
from encee.model import Session, rfc3339
from encee.profiles.catalog import Catalog, quoted
from encee.profiles.document import Document
from encee.profiles.store import Edit, Store
from encee.workflows.plan import Failed, Job, Outcome, Refreshed, StillValid

_MISTAKES = 3
"""How many wrong codes a person may type."""

_STALE = frozenset({"aws_security_token", "aws_account_id", "aws_credential_scope"})
"""What other tools leave in a section and SDKs would use beside, or instead of, the fresh session."""


class Refresh:
    """One run of `encee refresh`.

    Args:
        credentials: The credentials file.
        config: The config file.
        catalog: The two files as the plan saw them.
        source: Where codes come from; None where nothing and nobody can be asked.
        clock: Returns the present moment, UTC.
        notify: Called with a line for people about what happens on the way.
        carry_region: Whether region and output go to the session profile's config section.
    """

    def __init__(  # noqa: PLR0913 - all that a run touches, passed in
        self,
        *,
        credentials: Store,
        config: Store,
        catalog: Catalog,
        source: CodeSource | None,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
        carry_region: bool,
    ) -> None:
        self._credentials = credentials
        self._config = config
        self._catalog = catalog
        self._source = source
        self._clock = clock
        self._notify = notify
        self._carry_region = carry_region
        self._sent: set[tuple[str, str]] = set()

    def run(self, steps: Sequence[Job | Failed], if_expiring: timedelta | None = None) -> Iterator[Outcome]:
        """Get the sessions one after the other, each written before the next code is asked for.

        Args:
            steps: From `encee.workflows.plan.plan`.
            if_expiring: Do nothing for a session that has at least this long to go.

        Yields:
            An outcome for each step; one that fails stops no other.

        Raises:
            InterruptedByPersonError: The person does not want to go on; what was yielded is written.
        """
        todo = [self._still_valid(step, if_expiring) or step for step in steps]
        if self._source is None:
            yield from (self._unasked(step, if_expiring) if isinstance(step, Job) else step for step in todo)
            return
        for step in self._rehearsed(todo):
            if not isinstance(step, Job):
                yield step
                continue
            try:
                yield self._refreshed(step, self._source)
            except InterruptedByPersonError:
                raise
            except KeyboardInterrupt:
                raise InterruptedByPersonError("interrupted") from None
            except EnceeError as error:
                yield _failed(step, error)

    def _still_valid(self, step: Job | Failed, if_expiring: timedelta | None) -> StillValid | None:
        """The outcome of a job that has nothing to do."""
        if if_expiring is None or isinstance(step, Failed):
            return None
        expiration = self._catalog.expiration(step.session_profile)
        if expiration is None or expiration - self._clock() < if_expiring:
            return None
        return StillValid(step.profile, step.session_profile, expiration)

    def _unasked(self, job: Job, if_expiring: timedelta | None) -> Failed:
        """The outcome of a job where nothing and nobody can be asked for a code."""
        if if_expiring is not None:
            message = (
                f"the session of {job.profile} is missing or ends soon, and there is no terminal to ask for a code"
            )
            return _failed(job, NoSessionError(message, hint=f"encee refresh {job.profile}"))
        return _failed(
            job,
            UsageError(
                f"there is no terminal to ask for the code of {job.profile}",
                hint=f"encee refresh {job.profile} --code 123456, or --code - to read it from standard input",
            ),
        )

    def _rehearsed(self, steps: Sequence[Job | Outcome]) -> list[Job | Outcome]:
        """The steps, with a failure in place of each job whose session could not be written.

        Everything that would end in a refused file ends here, before a code is asked for.
        """
        jobs = [step for step in steps if isinstance(step, Job)]
        if not jobs:
            return list(steps)
        try:
            self._credentials.rehearse(*(_edit(job, _placeholder(self._clock()), self._catalog) for job in jobs))
        except EnceeError as error:
            if len(jobs) == 1:
                return [_failed(step, error) if isinstance(step, Job) else step for step in steps]
            return [self._rehearsed([step])[0] for step in steps]
        return list(steps)

    def _refreshed(self, job: Job, source: CodeSource) -> Refreshed:
        """Get one session and write it."""
        for warning in job.warnings:
            self._notify(warning)
        session = self._trade(job, source)
        self._credentials.edit(_edit(job, session, self._catalog))
        if self._carry_region:
            self._carry(job)
        return Refreshed(job.profile, job.session_profile, session.expiration)

    def _trade(self, job: Job, source: CodeSource) -> Session:
        """Ask for codes until AWS takes one; only a person may be wrong, and not for ever."""
        mistakes = 0
        while True:
            code = source.code_for(job.profile, job.serial)
            try:
                return self._send(job, code)
            except (WrongCodeError, CodeMayBeSpentError) as error:
                mistakes += isinstance(error, WrongCodeError)
                if not source.asks_person or mistakes == _MISTAKES:
                    raise
                self._notify(f"{error.message}; try the next one")

    def _send(self, job: Job, code: str) -> Session:
        """Send a code that this run has not sent before."""
        if (job.serial, code) in self._sent:
            raise CodeMayBeSpentError(
                f"the code for {job.profile} was sent already, and AWS takes each only once",
                hint="wait until the device shows the next code, then try that one",
            )
        client = sts_client(job.signer)
        self._sent.add((job.serial, code))
        return get_session_token(client, job.signer, serial=job.serial, code=code, duration=job.duration)

    def _carry(self, job: Job) -> None:
        """Give the session profile the region and output of its source, where it has none of its own.

        They go to the config file: the credentials file wins over it, so a region there would defeat
        `aws configure set region`. The session is written already, so a refusal is only a warning.
        """
        try:
            credentials = self._credentials.document().view
            if _missing(job, Catalog(credentials, self._config.document().view)):
                self._config.edit(
                    lambda document: document.set(
                        job.session_profile, _missing(job, Catalog(credentials, document.view))
                    )
                )
        except EnceeError as error:
            self._notify(f"region and output of {job.profile} were not carried over: {error.message}")


def _failed(job: Job, error: EnceeError) -> Failed:
    return Failed(job.profile, job.session_profile, error)


def _placeholder(now: datetime) -> Session:
    """A session of the usual size, to rehearse the write with."""
    return Session("ASIA" + "X" * 16, "x" * 40, "x" * 1024, now)


def _edit(job: Job, session: Session, catalog: Catalog) -> Edit:
    """The change of the credentials file; its guards look at the file as it is when the change is made."""

    def edit(document: Document) -> None:
        catalog.with_credentials(document.view).refuse_target(job.session_profile, job.profile)
        document.own(
            job.session_profile,
            {
                "aws_access_key_id": session.access_key_id,
                "aws_secret_access_key": session.secret_access_key,
                "aws_session_token": session.session_token,
                "expiration": rfc3339(session.expiration),
                "manager": "encee",
                "encee_source": quoted(job.profile),
            },
            without=_STALE,
        )

    return edit


def _missing(job: Job, catalog: Catalog) -> dict[str, str]:
    """The region and output that a session profile lacks and its source has, with a mark on a section of encee's."""
    inherited, own = catalog.options(job.profile), catalog.options(job.session_profile)
    missing = {key: inherited[key] for key in ("region", "output") if inherited.get(key) and key not in own}
    if missing and job.session_profile not in catalog.config:
        missing["encee_source"] = quoted(job.profile)
    return missing
