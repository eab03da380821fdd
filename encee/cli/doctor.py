"""`encee doctor`: looks at files, environment and, for a profile, AWS; changes nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from encee.aws.signer import Signer
from encee.cli import pictures, terminal
from encee.cli.options import ConfigFile, CredentialsFile, Json, World
from encee.errors import EnceeError, ExitCode, UsageError
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.examine import Examined, examine
from encee.profiles.files import Files
from encee.profiles.findings import Check, Checked, Finding, State, checked
from encee.profiles.not_a_source import not_a_source
from encee.profiles.settings import GivenSettings, Settings
from encee.workflows.diagnose import OFFLINE_CHECKS, ONLINE_CHECKS, Answers, ask

_STYLES = {
    State.OK: pictures.GOOD,
    State.WARNING: pictures.DOUBTFUL,
    State.ERROR: pictures.BAD,
    State.UNKNOWN: pictures.FAINT,
}


def doctor(
    context: typer.Context,
    profile: Annotated[
        str | None,
        typer.Argument(metavar="[PROFILE]", help="The profile about which AWS is asked.", show_default=False),
    ] = None,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask AWS nothing.")] = False,
    json: Json = False,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Find out what is wrong, and how to mend it.

    Looks at the files and the environment, and changes nothing. With PROFILE, AWS is asked about its key and its
    user's devices, for which no code is needed. Ends with 1 when there is an error.
    """
    world: World = context.obj
    files = Files.located(world.environ, credentials_file, config_file)
    examined = examine(files, world.environ, terminal.warn)
    source = _source(profile, examined, files) if profile is not None else None
    found = list(checked(OFFLINE_CHECKS, examined))
    if profile is not None and not offline:
        found += _online(source, examined, files, world)
    if json:
        terminal.json({"profile": source, "checks": [_as_json(one) for one in found]})
    else:
        rows = [[one.finding.state, one.check, one.finding.message] for one in found]
        styles = [_STYLES[one.finding.state] for one in found]
        pictures.table(["STATE", "CHECK", "FINDING"], rows, styles, foldable=3)
        _say_remedies(found)
    if any(one.finding.state is State.ERROR for one in found):
        raise typer.Exit(ExitCode.FAILED)


def _source(word: str, examined: Examined, files: Files) -> str | None:
    """The long-term profile behind a word of the command line; None where the files tell too little.

    Raises:
        UsageError: There is none.
    """
    catalog = examined.catalog
    profile = catalog.profile_for(word)
    if profile is not None:
        return catalog.chain(profile)[-1] if profile in catalog.roles else profile
    if examined.is_readable:
        raise not_a_source(catalog, word, files)
    return None


def _online(profile: str | None, examined: Examined, files: Files, world: World) -> list[Checked]:
    """What the checks that ask AWS find; with a reason in the place of each when nothing can be asked."""
    key = examined.catalog.access_key(profile) if profile is not None else None
    if profile is None or key is None or not examined.is_readable:
        return _not_done(ONLINE_CHECKS, "not asked: the files have to be mended first")
    try:
        examined.catalog.refuse_key(profile, key)
    except UsageError:
        return _not_done(ONLINE_CHECKS, "not asked: the key is none of AWS's")
    try:
        answers = _answers(profile, key, examined.catalog, files, world)
    except EnceeError as error:  # the keyring does not give the secret away
        return _not_done(ONLINE_CHECKS, f"not asked: {error.message}")
    return [*checked(ONLINE_CHECKS, answers)]


def _answers(profile: str, key: AccessKey, catalog: Catalog, files: Files, world: World) -> Answers:
    """What AWS says about a profile."""
    regions = {name: value for name, value in world.environ.items() if name in {"AWS_REGION", "AWS_DEFAULT_REGION"}}
    settings = Settings(GivenSettings(), regions, catalog, world.legacy_serial())
    serial: str | UsageError | None
    try:
        serial = settings.serial(profile)
    except UsageError as error:
        serial = error
    region, _ = settings.region(profile, settings.saved_serial(profile))
    session = catalog.session(catalog.targets[profile], profile)
    if session is not None and session.expiration <= world.clock():
        session = None
    signer = Signer(profile, key, region, files.credentials, files.config).unlocked()
    return ask(signer, session, serial, world.clock)


def _not_done(checks: Sequence[Check[Answers]], reason: str) -> list[Checked]:
    return [Checked(check.id, Finding(State.UNKNOWN, reason)) for check in checks]


def _say_remedies(found: Sequence[Checked]) -> None:
    """What to do about each finding, and how many there are."""
    wrong = [one for one in found if one.finding.state in {State.WARNING, State.ERROR}]
    for check, finding in wrong:
        terminal.say(f"{check}: {finding.remedy or finding.message}")
        for command in finding.commands:
            terminal.say(f"  {command}")
    counts = Counter(one.finding.state for one in wrong)
    parts = [f"{count} {state}{'s' * (count > 1)}" for state, count in sorted(counts.items())]
    terminal.say(", ".join(parts) or "nothing to mend")


def _as_json(one: Checked) -> dict[str, Any]:
    finding = one.finding
    return {
        "id": one.check,
        "state": finding.state,
        "message": finding.message,
        "remedy": finding.remedy,
        "commands": list(finding.commands),
    }
