"""Which profiles the two files hold, what they are called, and which of them encee may write to."""

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from shlex import quote

from encee.awsfile.syntax import (
    MultilineValue,
    View,
    is_portable_name,
    one_line,
    profile_of_header,
    without_further_lines,
)
from encee.errors import FileRefusedError, UsageError
from encee.model import AccessKey, Session
from encee.profiles.credentials import (
    FOREIGN_KEYS,
    KEY_ID,
    SECRET,
    expiry_of,
    has_long_term_key,
    has_token,
    holds_session,
    is_session_key,
    locked_key_in,
    managed_by_encee,
    points_to_keyring,
    session_in,
    source_in,
)
from encee.profiles.identifiers import ACCESS_KEY_ID, DEVICE_ARN, account_of, can_be_one_users, key_id_fault
from encee.profiles.sign_in import SignIn, sign_in

_SHADOWS = frozenset(
    {
        "role_arn",
        "web_identity_token_file",
        "credential_process",
        "credential_source",
        "login_session",
    }
)
"""Options that some SDK takes before the keys of the same profile, as it takes all that begin with `sso_`."""

DEVICE_OPTIONS = ("mfa_serial", "aws_mfa_device")
"""The options that name a profile's device, of which the first one wins; the second is aws-mfa's."""

MOVE_FROM_DEFAULT = "move it from [DEFAULT] to the section of the profile that needs it"
"""What to do about an option that every profile inherits."""

_CONFIG_ONLY = ("profile ", "sso-session ", "services ")
"""What the headers begin with that mean something in the config file only."""

_LONG_TERM_SUFFIX = "-long-term"


class Catalog:
    """The profiles of a credentials file and a config file.

    Args:
        credentials: What the AWS tools read in the credentials file.
        config: What they read in the config file, by section.
    """

    def __init__(self, credentials: View, config: View) -> None:
        self.credentials = {
            name: without_further_lines(options)
            for name, options in credentials.items()
            if not _is_of_config(name, options, config)
        }
        """Section → options of the credentials file; without those of the config file where both are one file.

        Here and in `config`, a value of several lines is a `MultilineValue`: `one_line` refuses it.
        """
        self._config_view = config
        self._defaults = (credentials.get("DEFAULT", {}), config.get("DEFAULT", {}))
        """What every section of the credentials file and of the config file inherits, also one that is added."""
        self.config: View = {}
        """Profile → options of the config file; of two sections for one profile, the later one, as in botocore."""
        for header, options in config.items():
            if (profile := profile_of_header(header)) is not None:
                self.config[profile] = without_further_lines(options)

    def with_credentials(self, credentials: View) -> "Catalog":
        """The same config file beside another state of the credentials file."""
        return Catalog(credentials, self._config_view)

    def options(self, profile: str) -> dict[str, str]:
        """A profile's options from both files; the credentials file wins, as in botocore."""
        return {**self.config.get(profile, {}), **self.credentials.get(profile, {})}

    def one_line(self, profile: str, option: str) -> str | None:
        """The value of a profile's option that must be one line; None where it is missing or empty.

        Raises:
            FileRefusedError: It has further lines.
        """
        return one_line(self.options(profile).get(option), f"{option} of {profile}")

    def device(self, profile: str) -> str | None:
        """What a profile itself has for its device's serial number, not checked; None where it has nothing."""
        options = self.options(profile)
        return next((serial for name in DEVICE_OPTIONS if (serial := options.get(name))), None)

    def devices_called(self, name: str, profile: str) -> list[str]:
        """The ARNs in the two files that end with a name and can be those of a profile's user."""
        key = self.access_key(profile)
        known = [
            serial
            for options in (*self.credentials.values(), *self.config.values())
            for option in DEVICE_OPTIONS
            if (serial := options.get(option)) and DEVICE_ARN.fullmatch(serial)
        ]
        return [
            serial
            for serial in dict.fromkeys(known)
            if serial.rpartition("/")[2] == name and can_be_one_users(serial, key.id if key else None)
        ]

    def access_key(self, profile: str) -> AccessKey | None:
        """The long-term credentials of a profile, or None where it holds none or something else.

        A secret in the keyring is fetched only when somebody asks for it.
        """
        options = self.options(profile)
        if profile in self.roles:
            return None
        key_id = options.get("aws_access_key_id", "")
        secret = options.get("aws_secret_access_key", "")
        if has_token(options) or managed_by_encee(options) or is_session_key(key_id):
            return None
        return AccessKey(key_id, secret) if key_id and secret else locked_key_in(options)

    @cached_property
    def sources(self) -> dict[str, str]:
        """Long-term profile → the session profile that encee writes for it, in the order of the files."""
        names = dict.fromkeys([*self.credentials, *self.config])
        return {name: self._target(name) for name in names if name not in self.roles and self.access_key(name)}

    @cached_property
    def roles(self) -> dict[str, str]:
        """Role profile → the session profile that encee writes for it."""
        names = dict.fromkeys([*self.config, *self.credentials])
        return {
            name: self._target(name)
            for name in names
            if (options := self.options(name)).get("role_arn") and options.get("source_profile")
        }

    @cached_property
    def targets(self) -> dict[str, str]:
        """Every profile that encee can refresh → its session profile."""
        return self.sources | {role: target for role, target in self.roles.items() if not self.sign_in(role)}

    def sign_in(self, profile: str) -> SignIn | None:
        """How a profile without long-term keys signs in by itself, or the source of a role; None where neither does."""
        source = self.last_source(profile)
        return None if source in self.roles or self.access_key(source) else sign_in(self.options(source))

    def last_source(self, profile: str) -> str:
        """The profile that a role is assumed with in the end; a profile that is no role itself."""
        links = [profile]
        while links[-1] in self.roles and links[-1] not in links[:-1]:
            links.append(self.options(links[-1])["source_profile"])
        return links[-1]

    def other_profiles(self) -> Iterator[str]:
        """The profiles that encee can neither refresh nor tell the end of, in the order of the files."""
        for name in dict.fromkeys([*self.credentials, *self.config]):
            options = self.credentials.get(name, {})
            has_end = holds_session(options) and (managed_by_encee(options) or expiry_of(options))
            if name not in self.targets and not has_end:
                yield name

    def _target(self, profile: str) -> str:
        """The name of the session profile: the setting, aws-mfa's convention, or `NAME-mfa`."""
        named = self.config.get(profile, {}).get("encee_session_profile")
        if named and not isinstance(named, MultilineValue):  # which refuse_target refuses
            return named
        if profile.endswith(_LONG_TERM_SUFFIX) and profile != _LONG_TERM_SUFFIX:
            return profile.removesuffix(_LONG_TERM_SUFFIX)
        return f"{profile}-mfa"

    @cached_property
    def _profile_of_target(self) -> dict[str, str]:
        """Session profile → the profile for which encee writes it; without those that are for several."""
        uses = Counter(self.targets.values())
        return {target: profile for profile, target in self.targets.items() if uses[target] == 1}

    def owner(self, session_profile: str) -> str | None:
        """The profile whose session belongs into a session profile; None where nobody can tell.

        The one that encee made the session from, which may be gone; else, as for another tool's session or where
        there is none yet, the only one that has this name for its session profile.
        """
        named = source_in(self.credentials.get(session_profile, {}))
        return named or self._profile_of_target.get(session_profile)

    def session(self, session_profile: str, profile: str) -> Session | None:
        """The session that encee wrote there for a profile, valid or over; None where there is none."""
        session = self._written_session(session_profile, profile)
        return None if session and self._is_of_another_account(session, profile) else session

    def usable_session(self, session_profile: str, profile: str) -> Session | None:
        """The session that AWS tools find there for a profile: encee's, or the one of aws-mfa that encee takes over."""
        options = self.credentials.get(session_profile, {})
        if _is_aws_mfas(options) and options.get("assumed_role") == "False":
            taken_over = session_in(options) if profile == session_profile + _LONG_TERM_SUFFIX else None
            return None if taken_over and self._is_of_another_account(taken_over, profile) else taken_over
        return self.session(session_profile, profile)

    def has_session_of_another_account(self, session_profile: str, profile: str) -> bool:
        """Whether the session there was made with a key of another account than the profile has now."""
        session = self._written_session(session_profile, profile)
        return session is not None and self._is_of_another_account(session, profile)

    def _written_session(self, session_profile: str, profile: str) -> Session | None:
        options = self.credentials.get(session_profile, {})
        return session_in(options) if managed_by_encee(options) and self.owner(session_profile) == profile else None

    def _is_of_another_account(self, session: Session, profile: str) -> bool:
        """Whether a session cannot be that of a profile's key; not where one of the two does not tell its account."""
        key = self.access_key(profile)
        accounts = {account_of(None, session.id), account_of(None, key.id if key else None)}
        return None not in accounts and len(accounts) > 1

    def profile_for(self, word: str) -> str | None:
        """The long-term or role profile that a word of the command line means.

        The one of exactly that name; else the owner of the session profile of that name.
        """
        profile = word if word in self.targets else self.owner(word)
        return profile if profile in self.targets else None

    def chain(self, role: str) -> list[str]:
        """The profiles that lead to a role, the role first and the long-term profile last.

        Raises:
            UsageError: A link is missing, or the chain is a circle.
            FileRefusedError: A `source_profile` has further lines.
        """
        links = [role]
        while True:
            link = links[-1]
            named = self.one_line(link, "source_profile") or ""
            if named == link:
                raise UsageError(
                    f"source_profile of {link} names {link} itself",
                    hint=f"give the keys a profile of their own, and name that under [profile {link}]",
                )
            source = self.profile_for(named)
            if source is None:
                raise UsageError(
                    f"source_profile of {link} names {named}, which is no long-term profile, session of one, or role",
                    hint=f"fix source_profile under [profile {link}]",
                )
            if source in links:
                raise UsageError(
                    f"source_profile leads in a circle: {' → '.join([*links, source])}",
                    hint=f"let source_profile of one of them name a long-term profile: [profile {link}]",
                )
            links.append(source)
            if source not in self.roles:
                return links

    def session_named_by(self, role: str) -> str | None:
        """The session profile that `source_profile` of a role names, where it is one of encee's; else None."""
        named = self.one_line(role, "source_profile") or ""
        return named if managed_by_encee(self.credentials.get(named, {})) else None

    def matching(self, words: Iterable[str], names: Iterable[str]) -> list[str]:
        """The words, with each shell pattern among them replaced by the names that it matches.

        A word that is the name of a profile is no pattern; a pattern that matches nothing stays as it is.
        """
        known = list(dict.fromkeys(names))
        exact = {*known, *self.credentials, *self.config}
        found: list[str] = []
        for word in words:
            matches = is_pattern(word) and word not in exact
            found += [name for name in known if matches and fnmatch.fnmatchcase(name, word)] or [word]
        return list(dict.fromkeys(found))

    def refuse_key(self, profile: str, key: AccessKey) -> None:
        """Refuse a key id that cannot be one: it may be the secret, and would be sent and shown as the id.

        Raises:
            UsageError: The id does not look like one.
            FileRefusedError: A part of the key has further lines.
        """
        for part in ("aws_access_key_id", "aws_secret_access_key", KEY_ID, SECRET):
            self.one_line(profile, part)
        if not ACCESS_KEY_ID.fullmatch(key.id):
            option = KEY_ID if key.is_locked else "aws_access_key_id"
            raise UsageError(
                f"{option} of {profile} {key_id_fault(key.id)}",
                hint=f"enter both again: aws configure --profile {quote(profile)}",
            )

    def refuse_target(self, target: str, source: str) -> None:
        """Refuse to write a session where it would destroy keys, or where nobody would see it.

        Args:
            target: The session profile to be written.
            source: The long-term or role profile that it is for.

        Raises:
            UsageError: No AWS tool could name it.
            FileRefusedError: It holds long-term keys, another tool manages it, the config file shadows it, or the
                setting that names it has further lines.
        """
        one_line(self.config.get(source, {}).get("encee_session_profile"), f"encee_session_profile of {source}")
        if not is_portable_name(target):
            raise UsageError(
                f"{target!r} cannot be the session profile of {source}: AWS tools disagree about such names",
                hint=f"choose one of letters, digits and _-/.%@:+ : encee refresh {quote(source)} --to NAME",
            )
        if reason := self.inherited_obstacle():
            raise FileRefusedError(f"{reason}; nothing was changed", hint=MOVE_FROM_DEFAULT)
        if reason := self.obstacle(target, source):
            raise FileRefusedError(
                f"{reason}; nothing was changed",
                hint=f"write the session elsewhere: encee refresh {quote(source)} --to NAME",
            )

    def shadow(self, profile: str) -> str | None:
        """The option of a profile that AWS tools, or some of them, take before the keys in its section; or None."""
        return _shadow_in(self.options(profile))

    def inherited_obstacle(self) -> str | None:
        """What `[DEFAULT]` would add to a section that would make its keys or session useless, if anything."""
        credentials, config = self._defaults
        if shadow := _shadow_in(config | credentials):
            return f"{shadow} in [DEFAULT] hides the keys of every profile from the AWS tools"
        if points_to_keyring(credentials):
            return "[DEFAULT] says that the keyring has a key, which every profile inherits"
        if has_long_term_key(config):
            return "[DEFAULT] of the config file holds keys, which every profile inherits"
        return None

    def obstacle(self, target: str, source: str) -> str | None:
        """Why a section must not be written over, or None."""
        written = self.credentials.get(target, {})
        if has_long_term_key(written):
            return f"[{target}] holds keys that may exist nowhere else"
        if has_long_term_key(self.config.get(target, {})):
            return f"[profile {target}] of the config file holds keys, which the session would hide"
        if target == source:
            return f"{target} cannot be its own session profile"
        if tool := _other_manager(written, takes_over=source == target + _LONG_TERM_SUFFIX):
            return f"[{target}] is managed by {tool}"
        if shadow := self.shadow(target):
            return f"{shadow} in the profile {target} would hide the session from the AWS tools"
        return None


def _shadow_in(options: Mapping[str, str]) -> str | None:
    return next((key for key in options if key in _SHADOWS or key.startswith("sso_")), None)


def _is_of_config(name: str, options: Mapping[str, str], config: View) -> bool:
    """Whether a section of the credentials file is none of a profile: `[DEFAULT]`, or one of the config file's.

    Where both are one file, a header that only the config file knows has the same options in both.
    """
    return name == "DEFAULT" or (name.startswith(_CONFIG_ONLY) and config.get(name) == options)


def is_pattern(word: str) -> bool:
    """Whether a word of the command line is a shell pattern."""
    return any(character in word for character in "*?[")


def _is_aws_mfas(options: Mapping[str, str]) -> bool:
    """Whether aws-mfa manages a section."""
    return "manager" not in options and "expiration" in options and "assumed_role" in options


def _other_manager(options: Mapping[str, str], *, takes_over: bool) -> str | None:
    """The tool, not encee, that manages a section; None where there is none, or aws-mfa where encee takes over."""
    if managed_by_encee(options):
        return None
    if manager := options.get("manager"):
        return "another tool" if isinstance(manager, MultilineValue) else manager
    if _is_aws_mfas(options):
        return None if takes_over else "aws-mfa"
    foreign = next((key for key in FOREIGN_KEYS if key in options), None)
    return f"another tool ({foreign})" if foreign else None
