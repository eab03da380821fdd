"""Look up the profiles of the two files."""

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

from encee.awsfile.syntax import (
    MultilineValue,
    View,
    mask_multiline_values,
    parse_config_header,
    require_single_line,
)
from encee.errors import UsageError
from encee.model import AccessKey, Session
from encee.profiles.credentials import (
    has_token,
    holds_session,
    is_session_key,
    managed_by_aws_mfa,
    managed_by_encee,
    read_expiry,
    read_locked_key,
    read_session,
    read_source,
)
from encee.profiles.identifiers import DEVICE_ARN, find_account, may_belong_together
from encee.profiles.sign_in import SignIn, find_sign_in

DEVICE_OPTIONS = ("mfa_serial", "aws_mfa_device")
"""The options that name a profile's MFA device; the first one wins, the second is that of aws-mfa."""

_CONFIG_ONLY = ("profile ", "sso-session ", "services ")
"""The beginnings of headers that have a meaning in the config file only."""

LONG_TERM_SUFFIX = "-long-term"
"""What aws-mfa adds to the name of a session profile for that of its long-term profile."""


class Catalog:
    """The profiles of a credentials file and a config file.

    Args:
        credentials: The sections of the credentials file, as the AWS tools read them.
        config: The sections of the config file, by header.
    """

    def __init__(self, credentials: View, config: View) -> None:
        self.credentials = {
            name: mask_multiline_values(options)
            for name, options in credentials.items()
            # Of a single file for both, a section that only the config file can have is in both views.
            if name != "DEFAULT" and not (name.startswith(_CONFIG_ONLY) and config.get(name) == options)
        }
        """Section → options of the credentials file; in a single file for both, without those of the config file.

        Here and in `config`, a value of several lines is a `MultilineValue`, which `require_single_line` refuses.
        """
        self._config_view = config
        self.defaults = (credentials.get("DEFAULT", {}), config.get("DEFAULT", {}))
        """The options that every section of the credentials file and of the config file inherits."""
        self.config: View = {}
        """Profile → options of the config file; of two sections for a profile, the later one, as in botocore."""
        for header, options in config.items():
            if (profile := parse_config_header(header)) is not None:
                self.config[profile] = mask_multiline_values(options)

    def with_credentials(self, credentials: View) -> "Catalog":
        """Return a catalog with another state of the credentials file."""
        return Catalog(credentials, self._config_view)

    def options(self, profile: str) -> dict[str, str]:
        """Return a profile's options; the credentials file wins, as in botocore."""
        return {**self.config.get(profile, {}), **self.credentials.get(profile, {})}

    def read_single_line(self, profile: str, option: str) -> str | None:
        """Return the one-line value of a profile's option; None if it is missing or empty.

        Raises:
            FileRefusedError: The value has several lines.
        """
        return require_single_line(self.options(profile).get(option), f"{option} of {profile}")

    def device(self, profile: str) -> str | None:
        """Return the serial number that a profile itself names, unchecked, or None."""
        options = self.options(profile)
        return next((serial for name in DEVICE_OPTIONS if (serial := options.get(name))), None)

    def devices_called(self, name: str, profile: str) -> list[str]:
        """List the device ARNs with this name that can belong to a profile's user."""
        key = self.access_key(profile)
        serials = [
            serial
            for options in (*self.credentials.values(), *self.config.values())
            for option in DEVICE_OPTIONS
            if (serial := options.get(option)) and DEVICE_ARN.fullmatch(serial)
        ]
        return [
            serial
            for serial in dict.fromkeys(serials)
            if serial.rpartition("/")[2] == name and may_belong_together(serial, key.id if key else None)
        ]

    def access_key(self, profile: str) -> AccessKey | None:
        """Return the long-term credentials of a profile; None if it holds none.

        A secret in the keyring is fetched only when it is used.
        """
        options = self.options(profile)
        if profile in self.role_profiles:
            return None
        key_id = options.get("aws_access_key_id", "")
        secret = options.get("aws_secret_access_key", "")
        if has_token(options) or managed_by_encee(options) or is_session_key(key_id):
            return None
        return AccessKey(key_id, secret) if key_id and secret else read_locked_key(options)

    @cached_property
    def long_term_profiles(self) -> dict[str, str]:
        """Long-term profile → its session profile, in the order of the files."""
        names = dict.fromkeys([*self.credentials, *self.config])
        return {
            name: self._name_session_profile(name)
            for name in names
            if name not in self.role_profiles and self.access_key(name)
        }

    @cached_property
    def role_profiles(self) -> dict[str, str]:
        """Role profile → the session profile that encee writes for it."""
        names = dict.fromkeys([*self.config, *self.credentials])
        return {
            name: self._name_session_profile(name)
            for name in names
            if (options := self.options(name)).get("role_arn") and options.get("source_profile")
        }

    @cached_property
    def session_profiles(self) -> dict[str, str]:
        """Each profile that encee can refresh → its session profile."""
        return self.long_term_profiles | {
            role: target for role, target in self.role_profiles.items() if not self.sign_in(role)
        }

    def sign_in(self, profile: str) -> SignIn | None:
        """Return how a profile, or a role's source profile, signs in without keys."""
        source = self.last_source_profile(profile)
        return None if source in self.role_profiles or self.access_key(source) else find_sign_in(self.options(source))

    def last_source_profile(self, profile: str) -> str:
        """Return the profile at the end of a role's chain of source profiles."""
        links = [profile]
        while links[-1] in self.role_profiles and links[-1] not in links[:-1]:
            links.append(self.options(links[-1])["source_profile"])
        return links[-1]

    def other_profiles(self) -> Iterator[str]:
        """List the profiles that encee cannot refresh and whose expiry is unknown."""
        for name in dict.fromkeys([*self.credentials, *self.config]):
            options = self.credentials.get(name, {})
            has_expiry = holds_session(options) and (managed_by_encee(options) or read_expiry(options))
            if name not in self.session_profiles and not has_expiry:
                yield name

    def _name_session_profile(self, profile: str) -> str:
        """Return the session profile: the setting, as aws-mfa, or `NAME-mfa`."""
        named = self.config.get(profile, {}).get("encee_session_profile")
        if named and not isinstance(named, MultilineValue):  # refuse_session_profile refuses such a value
            return named
        if profile.endswith(LONG_TERM_SUFFIX) and profile != LONG_TERM_SUFFIX:
            return profile.removesuffix(LONG_TERM_SUFFIX)
        return f"{profile}-mfa"

    @cached_property
    def _source_profiles(self) -> dict[str, str]:
        """Session profile → its only source profile; without session profiles of several."""
        uses = Counter(self.session_profiles.values())
        return {target: profile for profile, target in self.session_profiles.items() if uses[target] == 1}

    def source_profile(self, session_profile: str) -> str | None:
        """Return the source profile of a session profile; None if it is unknown.

        This is the profile that encee made the session from, even if that no longer exists; otherwise, as for
        a session of another tool, the only profile that has this session profile.
        """
        named = read_source(self.credentials.get(session_profile, {}))
        return named or self._source_profiles.get(session_profile)

    def session(self, session_profile: str, profile: str) -> Session | None:
        """Return the session, valid or expired, that encee wrote for a profile, or None."""
        session = self._written_session(session_profile, profile)
        return None if session and self._is_of_another_account(session, profile) else session

    def usable_session(self, session_profile: str, profile: str) -> Session | None:
        """Return the session of a profile: of encee, or of aws-mfa and taken over."""
        options = self.credentials.get(session_profile, {})
        if managed_by_aws_mfa(options) and options.get("assumed_role") == "False":
            taken_over = read_session(options) if profile == session_profile + LONG_TERM_SUFFIX else None
            return None if taken_over and self._is_of_another_account(taken_over, profile) else taken_over
        return self.session(session_profile, profile)

    def has_session_of_another_account(self, session_profile: str, profile: str) -> bool:
        """Whether the session is of another account than the profile's present key."""
        session = self._written_session(session_profile, profile)
        return session is not None and self._is_of_another_account(session, profile)

    def _written_session(self, session_profile: str, profile: str) -> Session | None:
        options = self.credentials.get(session_profile, {})
        return (
            read_session(options)
            if managed_by_encee(options) and self.source_profile(session_profile) == profile
            else None
        )

    def _is_of_another_account(self, session: Session, profile: str) -> bool:
        """Whether a session and a key are of different accounts; False if unknown."""
        key = self.access_key(profile)
        accounts = {find_account(None, session.id), find_account(None, key.id if key else None)}
        return None not in accounts and len(accounts) > 1

    def profile_for(self, argument: str) -> str | None:
        """Return the long-term or role profile that an argument of the command line names.

        This is the profile of exactly that name, or else the source profile of the session profile of that name.
        """
        profile = argument if argument in self.session_profiles else self.source_profile(argument)
        return profile if profile in self.session_profiles else None

    def follow_role_chain(self, role: str) -> list[str]:
        """List the source profiles of a role: the role first, the long-term profile last.

        Raises:
            UsageError: The chain is broken or circular.
            FileRefusedError: A `source_profile` has several lines.
        """
        links = [role]
        while True:
            link = links[-1]
            named = self.read_single_line(link, "source_profile") or ""
            if named == link:
                raise UsageError(
                    f"source_profile of {link} names {link} itself",
                    hint=f"move the keys to another profile, and name that as source_profile under [profile {link}]",
                )
            source = self.profile_for(named)
            if source is None:
                raise UsageError(
                    f"source_profile of {link} names {named}, which is not a long-term, session or role profile",
                    hint=f"fix source_profile under [profile {link}]",
                )
            if source in links:
                raise UsageError(
                    f"circular source_profile chain: {' → '.join([*links, source])}",
                    hint=f"name a long-term profile as source_profile under [profile {link}]",
                )
            links.append(source)
            if source not in self.role_profiles:
                return links

    def find_named_session_profile(self, role: str) -> str | None:
        """Return the session profile that `source_profile` of a role names, or None."""
        named = self.read_single_line(role, "source_profile") or ""
        return named if managed_by_encee(self.credentials.get(named, {})) else None

    def expand_patterns(self, arguments: Iterable[str], names: Iterable[str]) -> list[str]:
        """Replace each shell pattern among arguments by the names that it matches.

        The name of a profile is not a pattern. A pattern that matches nothing stays.
        """
        candidates = list(dict.fromkeys(names))
        profiles = {*candidates, *self.credentials, *self.config}
        matches: list[str] = []
        for argument in arguments:
            is_tried = is_pattern(argument) and argument not in profiles
            matches += [name for name in candidates if is_tried and fnmatch.fnmatchcase(name, argument)] or [argument]
        return list(dict.fromkeys(matches))


def is_pattern(argument: str) -> bool:
    """Whether an argument of the command line is a shell pattern."""
    return any(character in argument for character in "*?[")
