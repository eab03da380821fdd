"""`encee keys`: the user's long-term keys, listed, rotated and locked away."""

from dataclasses import asdict
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from encee.aws.access_keys import LastUse, UserKey, last_use, list_access_keys
from encee.aws.refusals import DeniedError
from encee.aws.session import Clients
from encee.aws.signer import Signer
from encee.cli import pictures, terminal
from encee.cli.groups import group
from encee.cli.locking import in_brackets, lock, totp, unlock
from encee.cli.moments import local
from encee.cli.options import (
    Code,
    CodeCommand,
    ConfigFile,
    CredentialsFile,
    Duration,
    HowToRefresh,
    Json,
    Profile,
    World,
    stores,
)
from encee.cli.signing import signing
from encee.model import rfc3339
from encee.profiles.catalog import Catalog
from encee.profiles.long_term import is_locked, places_of
from encee.workflows.rotate import LEAST, Rotated, Rotation

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

keys = group("See, rotate and lock away the access keys of a profile's user.")


@keys.command("list")
def list_keys(
    context: typer.Context,
    profile: Profile,
    *,
    code: Code = None,
    code_command: CodeCommand = None,
    duration: Duration = None,
    json: Json = False,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Show the access keys of the user of PROFILE.

    How old they are, when they were used last, and which of them the two files hold. Asked with the session of
    PROFILE; without a valid one, it is refreshed first.
    """
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    signs = signing(profile, world, files, HowToRefresh(code, code_command, duration))
    session = signs.with_session()
    iam = Clients().iam(session)
    found = [(key, _last_use(iam, session, key.id)) for key in list_access_keys(iam, session)]
    for reason in dict.fromkeys(used.message for _, used in found if isinstance(used, DeniedError)):
        terminal.note(f"the last use is unknown: {reason}")
    now = world.clock()
    if json:
        reports = [_as_json(key, used, signs.catalog) for key, used in found]
        terminal.json({"profile": signs.profile, "keys": reports})
    else:
        pictures.table(
            ["KEY", "STATUS", "AGE", "LAST USED", "IN"],
            [_cells(key, used, signs.catalog, now) for key, used in found],
            [None if key.active else pictures.FAINT for key, _ in found],
            foldable=0,
        )


def _last_use(iam: "IAMClient", session: Signer, key_id: str) -> LastUse | DeniedError | None:
    """When a key signed last; None for never; or why AWS does not tell."""
    try:
        return last_use(iam, session, key_id)
    except DeniedError as error:
        return error


def _cells(key: UserKey, used: LastUse | DeniedError | None, catalog: Catalog, now: datetime) -> list[str]:
    when = f"{local(used.when, now)}, {used.service}" if isinstance(used, LastUse) else "unknown" if used else "never"
    return [
        key.id,
        "active" if key.active else "inactive",
        f"{max((now - key.created).days, 0)} days",
        when,
        " ".join(f"[{header}]" for header in places_of(catalog, key.id)) + " (keyring)" * _in_keyring(key, catalog)
        or "–",
    ]


def _as_json(key: UserKey, used: LastUse | DeniedError | None, catalog: Catalog) -> dict[str, Any]:
    when, service = used if isinstance(used, LastUse) else (None, None)
    return {
        "id": key.id,
        "user": key.user,
        "active": key.active,
        "created": rfc3339(key.created),
        "last_used": rfc3339(when) if when else None,
        "last_service": service,
        "last_use_known": not isinstance(used, DeniedError),
        "sections": places_of(catalog, key.id),
        "in_keyring": _in_keyring(key, catalog),
    }


def _in_keyring(key: UserKey, catalog: Catalog) -> bool:
    return any(is_locked(options, key.id) for options in catalog.credentials.values())


@keys.command()
def rotate(
    context: typer.Context,
    profile: Profile,
    *,
    keep_old: Annotated[bool, typer.Option("--keep-old", help="Leave the old key inactive; do not delete it.")] = False,
    delete_unused: Annotated[
        bool,
        typer.Option("--delete-unused", help="Where the user has two keys, delete the other if it was never used."),
    ] = False,
    code: Code = None,
    code_command: CodeCommand = None,
    duration: Duration = None,
    json: Json = False,
    credentials_file: CredentialsFile = None,
    config_file: ConfigFile = None,
) -> None:
    """Replace the long-term key of PROFILE by a new one.

    There is a working key at any moment, in the file and at AWS: the new one is created and tried, takes the place of
    the old one in every section that holds it, and only then does the old one become inactive and go. Run it again
    after whatever interrupted it.
    """
    world: World = context.obj
    files = world.files(credentials_file, config_file)
    signs = signing(profile, world, files, HowToRefresh(code, code_command, duration, least=LEAST))
    credentials, config = stores(files)
    rotation = Rotation(
        signs.with_key(),
        session_profile=signs.settings.target(signs.profile),
        sign_in=signs.with_session,
        files=files,
        credentials=credentials,
        config=config,
        notify=terminal.note,
    )
    rotated = rotation.run(keep_old=keep_old, delete_unused=delete_unused)
    _show(rotated)
    if json:
        terminal.json(asdict(rotated))


def _show(rotated: Rotated) -> None:
    state = "inactive" if rotated.kept else "deleted"
    sections = in_brackets(rotated.sections)
    terminal.say(f"the new key {rotated.new} is in {sections}; the old one, {rotated.old}, is {state}")
    terminal.say("  sessions from before live on until they expire; an administrator can end them:")
    terminal.say(f"  encee account revoke {quote(rotated.user)} --profile ADMIN")


for _command in (lock, unlock, totp):
    keys.command()(_command)
