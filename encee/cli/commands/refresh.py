"""`encee refresh`: exchange an MFA code for session credentials."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, assert_never

import typer

from encee.awsfile.paths import CONFIG_VARIABLE, CREDENTIALS_VARIABLE, AwsPaths, find_empty_variables
from encee.cli import terminal
from encee.cli.display import format_time_left, format_until
from encee.cli.options import (
    Environment,
    Json,
    Profiles,
    add_options,
    check_code_form,
    file_options,
    refuse_dash,
    text_option,
)
from encee.cli.refresh_run import find_given_codes, refresh_profiles
from encee.errors import EnceeError, FileRefusedError, MistypedError, UsageError
from encee.model import rfc3339
from encee.profiles.durations import parse_duration
from encee.profiles.files import AwsFiles
from encee.profiles.settings import GivenSettings
from encee.workflows.refresh.jobs import (
    CodeJob,
    Failed,
    Job,
    Outcome,
    Refreshed,
    RefreshResult,
    RoleJob,
    RunOptions,
    StillValid,
)

_NAMES: dict[type[Outcome], str] = {Refreshed: "refreshed", StillValid: "still-valid", Failed: "failed"}


class Options(NamedTuple):
    """The options of `encee refresh` alone."""

    code: Annotated[
        str | None,
        typer.Option(
            "--code",
            "-c",
            metavar="CODE",
            help="The MFA code; - reads codes from standard input, one a line.",
            callback=check_code_form,
        ),
    ] = None
    duration: Annotated[
        str | None,
        text_option(
            "TIME",
            "How long the session lasts, 15m to 36h; a role gets 1h at most, or with a code of its own 12h. "
            "[default: 12h]",
            "--duration",
            "-d",
        ),
    ] = None
    mfa_serial: Annotated[str | None, text_option("DEVICE", "The MFA device, by ARN, serial number or name.")] = None
    to: Annotated[
        str | None, text_option("NAME", "Write to this session profile instead of PROFILE-mfa.", callback=refuse_dash)
    ] = None
    region: Annotated[str | None, text_option("REGION", "The region of STS.")] = None
    if_expiring: Annotated[str | None, text_option("TIME", "Do nothing if the session is valid for longer.")] = None
    code_command: Annotated[
        str | None, text_option("COMMAND", "A command that prints the code. [default: mfa_process of the profile]")
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Refresh even if the session is valid.")] = False
    no_region: Annotated[
        bool, typer.Option("--no-region", help="Do not copy region and output to the session profile.")
    ] = False
    no_save: Annotated[bool, typer.Option("--no-save", help="Do not save the device that was found as mfa_serial.")] = (
        False
    )
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be requested and written; change nothing.")
    ] = False
    json: Json = False


@file_options
@add_options(Options)
def refresh(profiles: Profiles = None, *, options: Options, files: AwsFiles, environment: Environment) -> None:
    """Exchange an MFA code for new session credentials.

    encee stores them in the session profile, PROFILE-mfa, of the credentials file; the rest of the file stays
    untouched. A role is assumed with the session of its source_profile. Without PROFILE, it refreshes the profile
    that AWS_PROFILE names, else every profile with long-term keys whose MFA device is known or can be found, except
    for sessions that encee status shows as valid.

    Examples:
        $ encee refresh dev
        $ encee refresh dev prod --duration 8h
        $ encee refresh 'prod-*'
        $ encee refresh dev --if-expiring 1h
    """
    if options.force and options.if_expiring is not None:
        raise UsageError("--if-expiring keeps some sessions, and --force keeps none", hint="leave out --force")
    given = GivenSettings(options.mfa_serial, options.duration, options.to, options.region, options.code_command)
    codes = find_given_codes(options.code, options.code_command, environment)
    run_options = RunOptions(carry_region=not options.no_region, save_device=not options.no_save, force=options.force)
    try:
        result = refresh_profiles(
            profiles or [],
            environment,
            files,
            given,
            codes,
            options=run_options,
            min_time_left=None if options.if_expiring is None else parse_duration(options.if_expiring),
            dry_run=options.dry_run,
        )
    except EnceeError as error:
        result = RefreshResult(error=error)
    show_result(result, files, environment, json=options.json)


def show_result(result: RefreshResult, files: AwsFiles, environment: Environment, *, json: bool = False) -> None:
    """Show the outcome of each profile, and what a dry run would do.

    Raises:
        EnceeError: The error that ended the run.
        typer.Exit: With the exit code of the first failure.
    """
    for outcome in result.outcomes:
        if isinstance(outcome, Failed) and isinstance(outcome.error, MistypedError):
            outcome.error.hint = environment.correct(outcome.error) or outcome.error.hint
    _show_outcomes(result.outcomes, files, environment)
    if json:
        _print_json(result)
    else:
        _print_jobs(result.jobs)
    if result.error is not None:
        raise result.error
    if failed := next((outcome for outcome in result.outcomes if isinstance(outcome, Failed)), None):
        raise typer.Exit(failed.error.exit_code)


def _show_outcomes(outcomes: Sequence[Outcome], files: AwsFiles, environment: Environment) -> None:
    now = environment.clock()
    for outcome in outcomes:
        match outcome:
            case Refreshed(_, name, expiration):
                terminal.say(f"{name} is valid{format_until(expiration, now)}")
                terminal.say(f"  {_format_variables(files, environment)}aws --profile {name} sts get-caller-identity")
            case StillValid(_, name, expiration):
                terminal.say(f"{name} is still valid{format_until(expiration, now)}")
            case Failed(profile, _, failure):
                terminal.print_error(failure, about=profile if len(outcomes) > 1 else None)
            case _:
                assert_never(outcome)


def _print_jobs(jobs: Sequence[Job]) -> None:
    for job in jobs:
        for target in job.targets:
            terminal.print_line(f"{target.profile} would be refreshed in [{target.session_profile}]: {_describe(job)}")


def _describe(job: Job) -> str:
    """Describe how a job gets its session."""
    if isinstance(job, RoleJob):
        return f"role {job.role.arn} for {format_time_left(job.duration)}, with the session of {job.session_of.profile}"
    device = job.serial or "a device that IAM is asked for"
    role = f"role {job.role.arn}, with " if job.role else ""
    return f"{role}a code of {device}, for {format_time_left(job.duration)}, at STS in {job.signer.region}"


def _format_variables(files: AwsFiles, environment: Environment) -> str:
    """Return the assignments with which a command of an AWS tool reads these files."""
    try:
        default = AwsPaths.locate(environment.environ)
    except FileRefusedError:  # HOME is not set
        default = AwsPaths(Path(), Path())
    empty = find_empty_variables(environment.environ)
    return "".join(
        f"{variable}={shlex.quote(str(path.absolute()))} "
        for variable, path, other in zip((CREDENTIALS_VARIABLE, CONFIG_VARIABLE), files.paths, default, strict=True)
        if variable in empty or path.absolute() != other.absolute()
    )


def _print_json(result: RefreshResult) -> None:
    reports = [
        *map(_outcome_as_json, result.outcomes),
        *(report for job in result.jobs for report in _job_as_json(job)),
    ]
    terminal.print_json({"profiles": reports, "error": result.error and terminal.error_as_json(result.error)})


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "profile": outcome.profile,
        "outcome": _NAMES[type(outcome)],
        "session_profile": outcome.session_profile,
        "expiration": None if isinstance(outcome, Failed) else rfc3339(outcome.expiration),
        "error": terminal.error_as_json(outcome.error) if isinstance(outcome, Failed) else None,
    }


def _job_as_json(job: Job) -> list[dict[str, Any]]:
    """Return what a dry run would do for each profile of a job."""
    return [
        {
            "profile": target.profile,
            "outcome": "would-be-refreshed",
            "session_profile": target.session_profile,
            "device": job.serial if isinstance(job, CodeJob) else None,
            "needs_code": isinstance(job, CodeJob),
            "role": job.role.arn if job.role else None,
            "seconds": int(job.duration.total_seconds()),
            "region": job.signer.region,
        }
        for target in job.targets
    ]
