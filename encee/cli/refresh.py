"""`encee refresh`: a code for a session."""

import shlex
import sys
from collections.abc import Sequence
from typing import Annotated, Any, assert_never

import typer

from encee.cli import terminal
from encee.cli.moments import local, time_left
from encee.cli.options import (
    ConfigFile,
    CredentialsFile,
    Json,
    Profiles,
    World,
    config_store,
    credentials_store,
)
from encee.errors import EnceeError, UsageError
from encee.mfa.sources import CodeSource, Given as GivenCodes
from encee.model import rfc3339
from encee.profiles.catalog import Catalog
from encee.profiles.files import Files
from encee.profiles.settings import Given, Settings, parse_duration
from encee.workflows.plan import Failed, Outcome, Refreshed, StillValid, plan
from encee.workflows.refresh import Refresh

_TO = "encee refresh PROFILE --to NAME"
_NAMES: dict[type[Outcome], str] = {Refreshed: "refreshed", StillValid: "still-valid", Failed: "failed"}


def refresh(
    context: typer.Context,
    profiles: Profiles = None,
    *,
    code: Annotated[
        str | None,
        typer.Option(
            "--code", "-c", metavar="CODE", help="The MFA code; - reads codes from standard input, one a line."
        ),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option("--duration", "-d", metavar="TIME", help="How long the session lasts, 15m to 36h. [default: 12h]"),
    ] = None,
    mfa_serial: Annotated[
        str | None, typer.Option(metavar="ARN", help="The MFA device, by ARN or serial number.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="NAME", help="Write to this session profile instead of PROFILE-mfa.")
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="The region of STS.")] = None,
    if_expiring: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Do nothing when the session has at least this long to go."),
    ] = None,
    no_region: Annotated[
        bool, typer.Option("--no-region", help="Do not carry region and output over to the session profile.")
    ] = False,
    json: Json = False,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Trade an MFA code for fresh session credentials.

    They go to the session profile, PROFILE-mfa, in the credentials file; no other byte of it moves. Without
    PROFILE: each profile with long-term keys whose MFA device is known.
    """
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    credentials, config = credentials_store(files, terminal.warn), config_store(files, terminal.warn)
    outcomes: list[Outcome] = []
    try:
        words = profiles or []
        if to is not None and len(words) != 1:
            raise UsageError("--to names one session profile, so it needs exactly one PROFILE", hint=_TO)
        enough = parse_duration(if_expiring) if if_expiring else None
        catalog = Catalog(credentials.document().view, config.document().view)
        settings = Settings(Given(mfa_serial, duration, to, region), world.environ, catalog)
        run = Refresh(
            credentials=credentials,
            config=config,
            catalog=catalog,
            source=_source(code, world),
            clock=world.clock,
            notify=terminal.warn,
            carry_region=not no_region,
        )
        for outcome in run.run(plan(words, catalog, settings, files), enough):
            outcomes.append(outcome)  # noqa: PERF402 - what there is when a person interrupts is shown
    except EnceeError as error:
        _show(outcomes, files, world, json=json, error=error)
        raise
    _show(outcomes, files, world, json=json)
    if any(isinstance(outcome, Refreshed) for outcome in outcomes) and credentials.readable_by_others():
        terminal.warn(f"other users can read {files.credentials}: chmod 600 {files.credentials}")
    if failed := next((outcome for outcome in outcomes if isinstance(outcome, Failed)), None):
        raise typer.Exit(failed.error.exit_code)


def _source(code: str | None, world: World) -> CodeSource | None:
    """Where codes come from: the option, the environment, the person, or nowhere."""
    if code == "-":
        return GivenCodes((line.strip() for line in sys.stdin), "standard input")
    if code is not None:
        return GivenCodes([code], "--code")
    if from_environment := world.environ.get("ENCEE_CODE"):
        return GivenCodes([from_environment], "ENCEE_CODE")
    return terminal.Asked() if terminal.is_terminal() else None


def _show(
    outcomes: Sequence[Outcome], files: Files, world: World, *, json: bool, error: EnceeError | None = None
) -> None:
    """Show what became of each profile; `error` is what ended the run before its end."""
    now = world.clock()
    for outcome in outcomes:
        match outcome:
            case Refreshed(_, target, expiration):
                terminal.say(f"{target} is valid until {local(expiration, now)} ({time_left(expiration - now)})")
                terminal.say(f"  {_prefix(files, world)}aws --profile {target} sts get-caller-identity")
            case StillValid(_, target, expiration):
                terminal.say(f"{target} is still valid until {local(expiration, now)} ({time_left(expiration - now)})")
            case Failed(profile, _, failure):
                terminal.complain(failure, about=profile if len(outcomes) > 1 else None)
            case _:
                assert_never(outcome)
    if json:
        terminal.json({"profiles": [_outcome_as_json(outcome) for outcome in outcomes], "error": _error_as_json(error)})


def _prefix(files: Files, world: World) -> str:
    """What an AWS tool needs in front to find files that were named by option."""
    usual = world.files()
    prefix = ""
    if files.credentials != usual.credentials:
        prefix += f"AWS_SHARED_CREDENTIALS_FILE={shlex.quote(str(files.credentials))} "
    if files.config != usual.config:
        prefix += f"AWS_CONFIG_FILE={shlex.quote(str(files.config))} "
    return prefix


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "profile": outcome.profile,
        "outcome": _NAMES[type(outcome)],
        "session_profile": outcome.session_profile,
        "expiration": None if isinstance(outcome, Failed) else rfc3339(outcome.expiration),
        "error": _error_as_json(outcome.error) if isinstance(outcome, Failed) else None,
    }


def _error_as_json(error: EnceeError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {"message": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
