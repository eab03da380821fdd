"""Find the credentials that sign the requests of `device`, `keys`, `account`."""

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
from encee.cli.refresh_run import get_session
from encee.errors import UsageError
from encee.model import AccessKey, Device, Session
from encee.profiles.catalog import Catalog
from encee.profiles.files import AwsFiles
from encee.profiles.guards import refuse_key
from encee.profiles.identifiers import is_device_name, require_serial
from encee.profiles.lookup_errors import explain_lookup_failure
from encee.profiles.settings import Settings
from encee.workflows.find_device import match_device

Response = TypeVar("Response")


@dataclass(frozen=True, slots=True)
class Signers:
    """The long-term key and the session of a profile; both can sign requests.

    Args:
        profile: A profile with long-term credentials.
        key: Its long-term credentials.
        settings: The settings of all profiles.
        catalog: The profiles.
        environment: The environment.
        files: The two files.
        refresh_options: How to get a session if none is valid.
    """

    profile: str
    key: AccessKey
    settings: Settings
    catalog: Catalog
    environment: Environment
    files: AwsFiles
    refresh_options: RefreshOptions

    def with_key(self) -> Signer:
        """Sign with the long-term credentials."""
        region, _ = self.settings.region(self.profile, self.settings.saved_serial(self.profile))
        return Signer(self.profile, self.key, region, *self.files.paths)

    def with_session(self) -> Signer:
        """Sign with the session; refresh it first if it is not valid.

        Raises:
            EnceeError: The refresh failed.
        """
        _, session = get_session(self.profile, self.environment, self.files, self.refresh_options)
        return self._with(session)

    def available(self) -> Signer:
        """Sign with the session if it is valid, else with the long-term credentials."""
        session = self.catalog.session(self.settings.session_profile(self.profile), self.profile)
        return self._with(session) if session and session.expiration > self.environment.clock() else self.with_key()

    def retry_with_mfa(self, request: Callable[[Signer], Response]) -> Response:
        """Send a request; if a policy requires MFA, send it again with the session.

        Raises:
            EnceeError: The request or the refresh failed.
        """
        try:
            return request(self.available())
        except NeedsMfaError:
            if self.settings.serial(self.profile) is None:
                raise  # Without a device there is no session.
            return request(self.with_session())

    def _with(self, session: Session) -> Signer:
        return self.with_key()._replace(key=session, source_profile=self.profile)


def find_signers(name: str, environment: Environment, files: AwsFiles, refresh_options: RefreshOptions) -> Signers:
    """Find the credentials of a long-term profile, also by its session profile.

    Raises:
        UsageError: The profile does not exist or has no long-term keys.
        FileRefusedError: One of the two files cannot be read.
    """
    catalog = files.catalog()
    profile = catalog.profile_for(name)
    if profile is None:
        raise explain_lookup_failure(catalog, name, files.paths)
    key = catalog.access_key(profile)
    if key is None:
        raise UsageError(
            f"{profile} is a role, which has no keys and devices of its own", hint="name its source_profile"
        )
    refuse_key(catalog, profile, key)
    settings = environment.settings(catalog)
    return Signers(profile, key, settings, catalog, environment, files, refresh_options)


def find_administrator(name: str, environment: Environment, files: AwsFiles, refresh_options: RefreshOptions) -> Signer:
    """Find the credentials of a profile that administers an account.

    They are a session if encee can refresh the profile, else those that botocore finds.

    Raises:
        EnceeError: Credentials are not available.
    """
    catalog = files.catalog()
    profile = catalog.profile_for(name)
    if profile in catalog.long_term_profiles:
        return find_signers(name, environment, files, refresh_options).with_session()
    settings = environment.settings(catalog)
    if profile is not None:
        region, _ = settings.region(profile, None)
        target, session = get_session(profile, environment, files, refresh_options)
        return Signer(profile, session, region, *files.paths, source_profile=target.profile)
    if name not in catalog.config and name not in catalog.credentials:
        raise explain_lookup_failure(catalog, name, files.paths, other_names=[*catalog.config, *catalog.credentials])
    way, source = catalog.sign_in(name), catalog.last_source_profile(name)
    hint = way.hint(source) if way else f"aws sts get-caller-identity --profile {quote(name)}"
    credentials = find_credentials(name, *files.paths, hint)
    region, _ = settings.region(name, None)
    return Signer(name, credentials, region, *files.paths)


def list_devices(signers: Signers) -> list[Device]:
    """List the devices of a profile's user, with a session if a policy requires MFA.

    Raises:
        AwsError: AWS refused the request.
    """
    clients = Clients(terminal.warn)
    return signers.retry_with_mfa(lambda signer: MfaDevices(clients, signer).list())


def find_own_serial(signers: Signers, name: str) -> str:
    """Return the serial number of a user's device, by its serial number or name.

    If the user may not list devices, the files must have the name, and a serial number is not checked.

    Raises:
        UsageError: The user has no such device, or several devices of this name.
        AwsError: The request failed.
    """
    if not is_device_name(name):
        require_serial(name)
    try:
        devices = MfaDevices(Clients(terminal.warn), signers.available()).list()
    except DeniedError as error:
        known = signers.catalog.devices_called(name, signers.profile)
        serial = known[0] if len(known) == 1 else require_serial(name)
        terminal.warn(f"whether {serial} is a device of this user could not be checked: {error.message}")
        return serial
    return require_serial(match_device(devices, name.strip(), signers.profile).serial)


def warn_of_other_device(environment: Environment, serial: str) -> None:
    """Warn if an environment variable overrides the saved device."""
    for variable in ("ENCEE_MFA_SERIAL", "MFA_DEVICE"):
        if (other := environment.environ.get(variable)) and other != serial:
            terminal.warn(f"{variable} in the environment names another device, {other}, and comes first")
