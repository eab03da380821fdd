"""Who signs the requests of a command that asks AWS for more than a session."""

from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote
from typing import TypeVar

from encee.aws.clients import Clients, find_credentials
from encee.aws.errors import DeniedError, NeedsMfaError
from encee.aws.mfa_devices import MfaDevices
from encee.aws.signer import Signer
from encee.cli import terminal
from encee.cli.options import Environment, RefreshOptions
from encee.cli.refresh_run import session_for
from encee.errors import UsageError
from encee.model import AccessKey, Device, Session
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.identifiers import is_device_name, require_serial
from encee.profiles.lookup_errors import explain_lookup_failure
from encee.profiles.settings import Settings
from encee.workflows.find_device import match_device

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Signers:
    """The two ways in which a long-term profile signs: with its key, and with its session, which has MFA.

    Args:
        profile: The long-term profile.
        key: Its long-term credentials.
        settings: Its settings, and everybody else's.
        catalog: The profiles.
        environment: The environment and the clock.
        files: Where the two files are.
        how: How to get a fresh session where there is no valid one.
    """

    profile: str
    key: AccessKey
    settings: Settings
    catalog: Catalog
    environment: Environment
    files: AwsFiles
    how: RefreshOptions

    def with_key(self) -> Signer:
        """The long-term credentials."""
        region, _ = self.settings.region(self.profile, self.settings.saved_serial(self.profile))
        return Signer(self.profile, self.key, region, *self.files.paths)

    def with_session(self) -> Signer:
        """The session with MFA: the one on disk while it is valid, else a fresh one, for which a code is asked.

        Raises:
            EnceeError: There is none, and none is to be had.
        """
        _, session = session_for(self.profile, self.environment, self.files, self.how)
        return self._with(session)

    def available(self) -> Signer:
        """The session on disk while it is valid, else the long-term credentials: nobody is asked for anything."""
        session = self.catalog.session(self.settings.session_profile(self.profile), self.profile)
        return self._with(session) if session and session.expiration > self.environment.clock() else self.with_key()

    def asking(self, request: Callable[[Signer], Answer]) -> Answer:
        """What AWS answers to whoever is on hand; where a policy requires MFA for that, what it answers to a session.

        Raises:
            EnceeError: AWS does not answer, or there is no session to be had.
        """
        try:
            return request(self.available())
        except NeedsMfaError:
            if self.settings.serial(self.profile) is None:
                raise  # without a device there is no session
            return request(self.with_session())

    def _with(self, session: Session) -> Signer:
        return self.with_key()._replace(key=session, source_profile=self.profile)


def find_signers(word: str, environment: Environment, files: AwsFiles, how: RefreshOptions) -> Signers:
    """Who signs for a profile that the command line names.

    Raises:
        UsageError: It is no profile with long-term keys.
        FileRefusedError: One of the two files cannot be read.
    """
    catalog = files.catalog()
    profile = catalog.profile_for(word)
    if profile is None:
        raise explain_lookup_failure(catalog, word, files.paths)
    key = catalog.access_key(profile)
    if key is None:
        raise UsageError(
            f"{profile} is a role, which has no keys and devices of its own", hint="name its source_profile"
        )
    catalog.refuse_key(profile, key)
    settings = environment.settings(catalog)
    return Signers(profile, key, settings, catalog, environment, files, how)


def find_administrator(word: str, environment: Environment, files: AwsFiles, how: RefreshOptions) -> Signer:
    """Who signs for a profile that administers an account.

    A long-term profile signs with its session, a role with one that encee assumes; for any other profile, what
    botocore finds for it signs.

    Raises:
        EnceeError: There are no credentials, and none are to be had.
    """
    catalog = files.catalog()
    profile = catalog.profile_for(word)
    if profile in catalog.long_term_profiles:
        return find_signers(word, environment, files, how).with_session()
    settings = environment.settings(catalog)
    if profile is not None:
        region, _ = settings.region(profile, None)
        target, session = session_for(profile, environment, files, how)
        return Signer(profile, session, region, *files.paths, source_profile=target.profile)
    if word not in catalog.config and word not in catalog.credentials:
        raise explain_lookup_failure(catalog, word, files.paths, other_names=[*catalog.config, *catalog.credentials])
    way, source = catalog.sign_in(word), catalog.last_source_profile(word)
    hint = way.hint(source) if way else f"aws sts get-caller-identity --profile {quote(word)}"
    found = find_credentials(word, *files.paths, hint)
    region, _ = settings.region(word, None)
    return Signer(word, found, region, *files.paths)


def list_devices(signs: Signers) -> list[Device]:
    """The devices of a profile's user; a session is got first where a policy requires MFA even for that.

    Raises:
        AwsError: AWS does not tell.
    """
    clients = Clients(terminal.warn)
    return signs.asking(lambda signer: MfaDevices(clients, signer).list())


def find_own_serial(signs: Signers, word: str) -> str:
    """The serial number that a word of the command line means, if it is that of a device of the user's.

    Where the user may not list them, a name has to be known in the files, and a serial number is taken as it is.

    Raises:
        UsageError: It is none, or the name is that of several.
        AwsError: AWS could not be asked.
    """
    if not is_device_name(word):
        require_serial(word)
    try:
        devices = MfaDevices(Clients(terminal.warn), signs.available()).list()
    except DeniedError as error:
        known = signs.catalog.devices_called(word, signs.profile)
        serial = known[0] if len(known) == 1 else require_serial(word)
        terminal.warn(f"whether {serial} is a device of this user could not be checked: {error.message}")
        return serial
    return require_serial(match_device(devices, word.strip(), signs.profile).serial)


def warn_of_other_device(environment: Environment, serial: str) -> None:
    """Warn where a variable names another device than the one that was saved: it comes first."""
    for variable in ("ENCEE_MFA_SERIAL", "MFA_DEVICE"):
        if (other := environment.environ.get(variable)) and other != serial:
            terminal.warn(f"{variable} in the environment names another device, {other}, and comes first")
