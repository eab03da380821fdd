"""`encee doctor`: check the files, the environment and, for a profile, AWS."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from encee.aws.signer import Signer
from encee.awsfile.paths import AwsPaths
from encee.cli import display, terminal
from encee.cli.options import Environment, FileOptions, Json, add_options, with_environment
from encee.errors import EnceeError, ExitCode, UsageError
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.checks.base import Check, CheckResult, Examined, Finding, State, examine, run_checks
from encee.profiles.guards import refuse_key
from encee.profiles.lookup_errors import explain_lookup_failure
from encee.profiles.settings import GivenSettings, Settings
from encee.workflows.online_checks import OFFLINE_CHECKS, ONLINE_CHECKS, REFRESH_CHECK, Answers, query_aws
from encee.workflows.refresh_check import is_reported

_WRONG = (State.ERROR, State.WARNING)

_STYLES = {
    State.OK: display.GOOD,
    State.WARNING: display.DOUBTFUL,
    State.ERROR: display.BAD,
    State.UNKNOWN: display.FAINT,
}


@with_environment
@add_options(FileOptions)
def doctor(
    profile: Annotated[
        str | None,
        typer.Argument(metavar="[PROFILE]", help="The profile to check at AWS, too.", show_default=False),
    ] = None,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask AWS.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="List the checks that passed, too.")] = False,
    json: Json = False,
    named_files: FileOptions,
    environment: Environment,
) -> None:
    """Find problems, and show how to fix them.

    Checks the files and the environment, and changes nothing. With PROFILE, it also asks AWS about the key and the
    devices of its user, for which no code is needed. Exits with status 1 when there is an error.

    Examples:
        $ encee doctor
        $ encee doctor dev
    """
    files = AwsPaths.locate(environment.environ, *named_files)
    examined = examine(files, environment.environ, environment.legacy_serial(), terminal.warn)
    results = list(run_checks(OFFLINE_CHECKS, examined))
    source = None
    if profile is not None:
        source, reason = _find_source(profile, examined, files)
        if reason is not None:
            results = _with_refusal(results, reason)
        if not offline:
            results += _online(source, examined, files, environment)
    if json:
        terminal.print_json({"profile": source, "checks": [_as_json(result) for result in results]})
    else:
        _show(results, verbose=verbose)
    if any(result.finding.state is State.ERROR for result in results):
        raise typer.Exit(ExitCode.FAILED)


def _find_source(argument: str, examined: Examined, files: AwsPaths) -> tuple[str | None, EnceeError | None]:
    """Return the long-term profile of an argument; or None and the reason.

    Raises:
        UsageError: The files hold no profile of that name.
    """
    catalog = examined.catalog
    profile = catalog.profile_for(argument)
    try:
        if profile is not None:
            return catalog.follow_role_chain(profile)[-1] if profile in catalog.role_profiles else profile, None
    except EnceeError as error:
        return None, error
    if not examined.is_readable:
        return None, None
    reason = explain_lookup_failure(catalog, argument, files)
    if argument not in catalog.credentials and argument not in catalog.config:
        raise reason
    return None, reason


def _with_refusal(results: Sequence[CheckResult], reason: EnceeError) -> list[CheckResult]:
    """Add, once, the reason why the named profile cannot be refreshed."""
    rest = [result for result in results if result.check != REFRESH_CHECK.id]
    if is_reported(reason.message, [result.finding.message for result in rest]):
        return [*results]
    others = [
        result
        for result in results
        if result.check == REFRESH_CHECK.id and reason.message not in result.finding.message
    ]
    refusal = CheckResult(REFRESH_CHECK.id, Finding(State.ERROR, reason.message, reason.hint))
    return [*rest, *(result for result in others if result.finding.state is not State.OK), refusal]


def _online(profile: str | None, examined: Examined, files: AwsPaths, environment: Environment) -> list[CheckResult]:
    """Run the checks that ask AWS, or return why each cannot be run."""
    key = examined.catalog.access_key(profile) if profile is not None else None
    if not examined.is_readable:
        return _not_done(ONLINE_CHECKS, "not asked: the files have to be fixed first")
    if profile is None or key is None:
        return _not_done(ONLINE_CHECKS, "not asked: the profile has no key that can be used")
    try:
        refuse_key(examined.catalog, profile, key)
    except UsageError:
        return _not_done(ONLINE_CHECKS, "not asked: the access key id is invalid")
    except EnceeError as error:
        return _not_done(ONLINE_CHECKS, f"not asked: {error.message}")
    try:
        answers = _answers(profile, key, examined.catalog, files, environment)
    except EnceeError as error:  # the keyring does not give the secret away
        return _not_done(ONLINE_CHECKS, f"not asked: {error.message}")
    return [*run_checks(ONLINE_CHECKS, answers)]


def _answers(profile: str, key: AccessKey, catalog: Catalog, files: AwsPaths, environment: Environment) -> Answers:
    """Ask AWS about a profile."""
    regions = {
        name: value for name, value in environment.environ.items() if name in {"AWS_REGION", "AWS_DEFAULT_REGION"}
    }
    settings = Settings(GivenSettings(), regions, catalog, environment.legacy_serial)
    serial: str | EnceeError | None
    try:
        serial = settings.serial(profile)
    except EnceeError as error:
        serial = error
    region, _ = settings.region(profile, settings.saved_serial(profile))
    session = catalog.session(catalog.session_profiles[profile], profile)
    if session is not None and session.expiration <= environment.clock():
        session = None
    signer = Signer(profile, key, region, *files).with_secret()
    return query_aws(signer, session, serial, environment.clock)


def _not_done(checks: Sequence[Check[Answers]], reason: str) -> list[CheckResult]:
    return [CheckResult(check.id, Finding(State.UNKNOWN, reason)) for check in checks]


def _show(results: Sequence[CheckResult], *, verbose: bool) -> None:
    """Print the problems, what could not be checked, and how many checks passed."""
    wrong = [result for result in results if result.finding.state in _WRONG]
    if listed := results if verbose else wrong:
        rows = [[result.finding.state, result.check, result.finding.message] for result in listed]
        styles = [_STYLES[result.finding.state] for result in listed]
        display.print_table(["STATE", "CHECK", "FINDING"], rows, styles, foldable=3)
    for check, finding in wrong:
        terminal.say(f"{check}: {finding.remedy or finding.message}")
        for command in finding.commands:
            terminal.say(f"  {command}")
    unknown: dict[str, list[str]] = {}
    for check, finding in results:
        if finding.state is State.UNKNOWN:
            unknown.setdefault(finding.message, []).append(check)
    for reason, checks in unknown.items():
        terminal.say(f"not checked: {', '.join(checks)}: {reason}")
    terminal.say(_summary(results))


def _summary(results: Sequence[CheckResult]) -> str:
    """Count the problems and the checks that passed."""
    states = Counter(result.finding.state for result in results)
    wrong = [f"{states[state]} {state}{'s' * (states[state] > 1)}" for state in _WRONG if states[state]]
    counts = ", ".join([*wrong, f"{states[State.OK]} checks passed"])
    return counts if wrong or states[State.UNKNOWN] else f"nothing to fix: {counts}"


def _as_json(result: CheckResult) -> dict[str, Any]:
    finding = result.finding
    return {
        "id": result.check,
        "state": finding.state,
        "message": finding.message,
        "remedy": finding.remedy,
        "commands": list(finding.commands),
    }
