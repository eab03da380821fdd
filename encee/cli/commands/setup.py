"""`encee setup`: the first run, from a key and a phone to a session."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from encee.aws.clients import Clients
from encee.aws.errors import DeniedError, RejectedKeyError, UnusableCredentialsError
from encee.aws.signer import Signer
from encee.aws.sts import get_caller_identity, root_key_error
from encee.cli import prompts, terminal
from encee.cli.commands.device_enroll import add_device, wait_for_next_code
from encee.cli.commands.refresh import show_result
from encee.cli.display import format_moment
from encee.cli.options import Environment, RefreshOptions, file_options, text_option
from encee.cli.plain_input import read_plain_input
from encee.cli.refresh_run import refresh_profiles
from encee.cli.signers import Signers, find_signers, list_devices
from encee.errors import EnceeError, FileRefusedError, InterruptedByPersonError, UsageError
from encee.mfa.attempts import ATTEMPTS
from encee.model import AccessKey
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.identifiers import REGION
from encee.profiles.importers.base import find_id_fault, find_key_fault
from encee.profiles.importers.console_csv import parse_console_csv
from encee.profiles.importers.merge import ImportFile, import_files
from encee.profiles.mfa_serial import save_device
from encee.profiles.settings import GivenSettings
from encee.workflows.enroll_device import EnrolledDevice
from encee.workflows.find_device import find_device

_FIRST_NAME = "dev"
_TYPED = Path("the key")
"""The name, in messages, of a key that the user types."""

_ELSEWHERE = "a key of GovCloud or China is valid only in a region there, such as us-gov-west-1 or cn-north-1"


@file_options
def setup(
    profile: Annotated[
        str | None,
        typer.Argument(metavar="[PROFILE]", help="The profile to set up. [default: asked for]", show_default=False),
    ] = None,
    *,
    csv: Annotated[str | None, text_option("FILE", "Take the key from the console's CSV file.", "--csv")] = None,
    files: AwsFiles,
    environment: Environment,
) -> None:
    """Set up a key, an MFA device and the first session.

    It asks for the key, checks it with AWS and saves it, finds or enrolls the MFA device, and gets the first session.
    It skips steps that are already done, so run it again after an interruption.

    Examples:
        $ encee setup dev
        $ encee setup dev --csv ~/Downloads/jane_accessKeys.csv
    """
    if not terminal.has_terminal():
        raise UsageError(
            "setup asks questions and needs a terminal",
            hint="encee import csv FILE --profile NAME",
        )
    first_run = _FirstRun(environment, files)
    with terminal.redirect_to_terminal():
        _go(first_run, profile, csv)


def _go(first_run: "_FirstRun", profile: str | None, csv: str | None) -> None:
    """Take the steps.

    Raises:
        EnceeError: One of them failed.
    """
    name = first_run.profile(profile)
    try:
        first_run.key(name, csv)
        first_run.device(name)
        first_run.session(name)
    except InterruptedByPersonError:
        raise InterruptedByPersonError(
            "interrupted", hint=f"encee setup {shlex.quote(name)} continues from there"
        ) from None
    first_run.say_goodbye(name)


def _asked_key_id() -> str:
    """An access key id, shown when it is one: what is typed here can be a secret."""
    while True:
        typed = prompts.ask_hidden("access key ID (not shown while you type):").strip()
        fault = find_id_fault(typed)
        if fault is None:
            terminal.say(f"  {typed}")
            return typed
        terminal.say(
            f"that is {fault.what}; what you typed was not shown. {fault.remedy[:1].upper()}{fault.remedy[1:]}"
        )


def _asked_key() -> AccessKey:
    """What a person types for a key.

    Raises:
        EnceeError: It cannot be one.
    """
    key_id = _asked_key_id()
    secret = prompts.ask_hidden("secret access key (not shown):").strip()
    if fault := find_key_fault(key_id, secret):
        raise EnceeError(f"that is {fault.what}", hint=f"type both again: {fault.remedy}")
    return AccessKey(key_id, secret)


def _note_plain_file(path: Path) -> None:
    terminal.note(f"when everything works, delete the plain file: rm {shlex.quote(str(path))}")


class _FirstRun:
    """The steps; each reports and skips what is already done."""

    def __init__(self, environment: Environment, files: AwsFiles) -> None:
        self._environment = environment
        self._files = files
        self._enrolled: EnrolledDevice | None = None

    def _catalog(self) -> Catalog:
        return self._files.catalog()

    def profile(self, argument: str | None) -> str:
        """Return the profile to set up: named, the only one, chosen, or new.

        Raises:
            UsageError: The word means a role.
        """
        catalog = self._catalog()
        if argument is None:
            return self._chosen([*catalog.long_term_profiles])
        known = catalog.profile_for(argument)
        if known in catalog.role_profiles:
            raise UsageError(
                f"{argument} is a role, which has no key of its own", hint="name its source_profile instead"
            )
        return known or argument

    def _chosen(self, sources: list[str]) -> str:
        """Prompt for one of several profiles, or for the name of the first one."""
        if len(sources) == 1:
            return sources[0]
        if sources:
            heading = f"there are {len(sources)} profiles with long-term keys:"
            chosen = prompts.choose(heading, [*sources, "a new profile"])
            if chosen < len(sources):
                return sources[chosen]
        default = _FIRST_NAME if _FIRST_NAME not in sources else None
        while True:
            name = prompts.ask(f"name of the profile{f' [{default}]' if default else ''}:") or default
            if name in sources:
                terminal.say(f"{name} is there already")
            elif name:
                return name

    # ---- the key

    def key(self, name: str, csv: str | None) -> None:
        """Let the profile have a key that AWS knows.

        Raises:
            EnceeError: Something else is there under its name, another key included, or AWS does not know the key.
        """
        if name in (catalog := self._catalog()).long_term_profiles:
            self._compare(name, catalog.access_key(name), csv)
            return
        placeholder = AccessKey("A" * 20, "s" * 40)
        self._write(name, _TYPED, placeholder, None, dry_run=True)  # before anything is asked
        if csv is not None:
            path, data, is_file = read_plain_input(csv)
            key = parse_console_csv(data, path).key
            region = self._region(name)
            self._check(name, key, region)
        else:
            path, is_file, region = _TYPED, False, self._region(name)
            key = self._typed_key(name, region)
        self._write(name, path, key, region, dry_run=False)
        terminal.say(f"key      saved as [{name}] in {self._files.credentials.path}")
        if is_file:
            _note_plain_file(path)

    def _compare(self, name: str, known: AccessKey | None, csv: str | None) -> None:
        """Report that the profile has a key; refuse if the console's file differs.

        Raises:
            FileRefusedError: It has.
        """
        if csv is None:
            terminal.say(f"key      {name} has one already")
            return
        path, data, is_file = read_plain_input(csv)
        key = parse_console_csv(data, path).key
        if known != key and not (known and known.is_locked and known.id == key.id):
            raise FileRefusedError(
                f"{name} has another key than {path}; nothing was changed",
                hint=f"choose another profile: encee setup NAME --csv {shlex.quote(csv)}",
            )
        terminal.say(f"key      {name} has that of {path} already")
        if is_file:
            _note_plain_file(path)

    def _write(self, name: str, path: Path, key: AccessKey, region: str | None, *, dry_run: bool) -> None:
        incoming = ImportFile(name, path, key, {"region": region} if region else {}, "choose another: encee setup NAME")
        [outcome] = import_files([incoming], self._files, dry_run=dry_run)
        if outcome.error:
            raise outcome.error

    def _region(self, name: str) -> str | None:
        """The region for the profile; None where it has one, or the environment names it."""
        known = self._catalog().options(name).get("region")
        if known or any(self._environment.environ.get(variable) for variable in ("AWS_REGION", "AWS_DEFAULT_REGION")):
            return None
        while True:
            region = prompts.ask("region, such as eu-central-1 [us-east-1]:") or "us-east-1"
            if REGION.fullmatch(region):
                return region
            terminal.say("a region looks like eu-central-1")

    def _typed_key(self, name: str, region: str | None) -> AccessKey:
        """Prompt for a key until AWS accepts it, three times at most."""
        for left in reversed(range(ATTEMPTS)):
            try:
                key = _asked_key()
                self._check(name, key, region)
            except InterruptedByPersonError:
                raise
            except EnceeError as error:
                if not left or (
                    isinstance(error, UnusableCredentialsError) and not isinstance(error, RejectedKeyError)
                ):
                    raise
                terminal.print_error(error)
            else:
                return key
        raise AssertionError  # the last round returns or raises

    def _check(self, name: str, key: AccessKey, region: str | None) -> None:
        """Ask AWS whose key it is.

        Raises:
            AwsError: It knows none, or it is the root user's.
        """
        settings = self._environment.settings(self._catalog(), GivenSettings(region=region))
        where, _ = settings.region(name, None)
        signer = Signer(name, key, where, *self._files.paths)
        try:
            identity = get_caller_identity(Clients(terminal.warn).sts(signer), signer)
        except RejectedKeyError as error:
            hint = f"type both again, as the console shows them once; {_ELSEWHERE}"
            raise RejectedKeyError(error.message, hint=hint) from error
        if identity.is_root:
            raise root_key_error(name)
        terminal.say(f"key      AWS knows it: {identity.arn}")

    # ---- the device

    def device(self, name: str) -> None:
        """Let the profile have a device.

        Raises:
            EnceeError: There is none, and none can be enrolled.
        """
        signs = find_signers(name, self._environment, self._files, RefreshOptions())
        if serial := signs.settings.serial(name):
            terminal.say(f"device   {serial} is known")
            return
        try:
            devices = list_devices(signs)
        except DeniedError:
            devices = None  # the person may know
        if devices != []:
            self._save_device(signs)
            return
        terminal.say("device   there is none yet: take the phone with the authenticator app")
        added = add_device(signs, self._environment, self._files)
        if added.interrupted:
            raise InterruptedByPersonError("interrupted")
        self._enrolled = added.enrolled

    def _save_device(self, signs: Signers) -> None:
        naming = ("encee", "device", "save", signs.profile)
        serial = find_device(Clients(terminal.warn), signs.available(), prompts.TerminalUser(), naming)
        file = save_device(self._files, signs.profile, serial)
        terminal.say(f"device   {serial}, saved in {file}")

    # ---- the session

    def session(self, name: str) -> None:
        """Make the first session, unless there is a valid one.

        Raises:
            EnceeError: There is no session.
        """
        catalog, now = self._catalog(), self._environment.clock()
        target = catalog.session_profiles[name]
        session = catalog.session(target, name)
        if session is not None and session.expiration > now:
            terminal.say(f"session  {target} is valid until {format_moment(session.expiration, now)}")
            return
        if self._enrolled is not None:
            wait_for_next_code(self._enrolled, self._environment)
        given = GivenSettings(mfa_serial=self._enrolled.serial if self._enrolled else None)
        show_result(refresh_profiles([name], self._environment, self._files, given), self._files, self._environment)

    def say_goodbye(self, name: str) -> None:
        """Say what to type every day."""
        target = self._catalog().session_profiles[name]
        terminal.say("")
        terminal.say("every day:")
        terminal.say(f"  encee refresh {shlex.quote(name)}")
        terminal.say(f"  aws --profile {shlex.quote(target)} s3 ls")
        terminal.say("  encee status")
