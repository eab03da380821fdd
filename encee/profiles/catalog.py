"""Which profiles the two files hold, what they are called, and which of them encee may write to."""

import difflib
import fnmatch
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

from encee.errors import EnceeError, FileRefusedError, UsageError
from encee.model import AccessKey
from encee.profiles.expiry import FOREIGN_KEYS, expiry_of
from encee.profiles.files import Files
from encee.profiles.syntax import PORTABLE_NAME, View, profile_of_header

SESSION_OPTIONS = frozenset({"aws_session_token", "aws_security_token"})
_SHADOWS = ("role_arn", "web_identity_token_file", "sso_")
_LONG_TERM_SUFFIX = "-long-term"
_KEY_ID = re.compile(r"[A-Z0-9]{16,128}")


class Catalog:
    """The profiles of a credentials file and a config file.

    Args:
        credentials: What the AWS tools read in the credentials file.
        config: What they read in the config file, by section.
    """

    def __init__(self, credentials: View, config: View) -> None:
        self.credentials = {name: options for name, options in credentials.items() if name != "DEFAULT"}
        """Section → options of the credentials file."""
        self.config: View = {}
        """Profile → options of the config file; of two sections for one profile, the later one, as in botocore."""
        for header, options in config.items():
            if (profile := profile_of_header(header)) is not None:
                self.config[profile] = options

    def with_credentials(self, credentials: View) -> "Catalog":
        """The same config file beside another state of the credentials file."""
        catalog = Catalog(credentials, {})
        catalog.config = self.config
        return catalog

    def options(self, profile: str) -> dict[str, str]:
        """A profile's options from both files; the credentials file wins, as in botocore."""
        return {**self.config.get(profile, {}), **self.credentials.get(profile, {})}

    def access_key(self, profile: str) -> AccessKey | None:
        """The long-term credentials of a profile, or None where it holds none or something else."""
        options = self.options(profile)
        key_id = options.get("aws_access_key_id", "")
        secret = options.get("aws_secret_access_key", "")
        if not key_id or not secret or _is_session(options):
            return None
        return AccessKey(key_id, secret)

    @cached_property
    def sources(self) -> dict[str, str]:
        """Long-term profile → the session profile that encee writes for it, in the order of the files."""
        names = dict.fromkeys([*self.credentials, *self.config])
        return {name: self._target(name) for name in names if self.access_key(name)}

    def _target(self, profile: str) -> str:
        """The name of the session profile: the setting, aws-mfa's convention, or `NAME-mfa`."""
        if named := self.config.get(profile, {}).get("encee_session_profile"):
            return named
        if profile.endswith(_LONG_TERM_SUFFIX) and profile != _LONG_TERM_SUFFIX:
            return profile.removesuffix(_LONG_TERM_SUFFIX)
        return f"{profile}-mfa"

    def expiration(self, session_profile: str) -> datetime | None:
        """When the session that encee wrote there ends, UTC; None where there is none of encee's."""
        options = self.credentials.get(session_profile, {})
        if options.get("manager") != "encee" or not options.get("aws_session_token"):
            return None
        return expiry_of(options)

    def source_for(self, word: str) -> str | None:
        """The long-term profile that a word of the command line means.

        The section of exactly that name; where that is a session profile, or does not exist and is the target
        of exactly one source, that source.
        """
        if word in self.sources:
            return word
        options = self.credentials.get(word, {})
        if options and not (options.get("manager") == "encee" or word in self.sources.values()):
            return None
        if (named := unquoted(options.get("encee_source", ""))) in self.sources:
            return named
        of_target = [source for source, target in self.sources.items() if target == word]
        return of_target[0] if len(of_target) == 1 else None

    def matching(self, words: Iterable[str], names: Iterable[str]) -> list[str]:
        """The words, with each shell pattern among them replaced by the names that it matches.

        Raises:
            UsageError: A pattern matches nothing.
        """
        known = list(dict.fromkeys(names))
        found: list[str] = []
        for word in words:
            if not any(character in word for character in "*?["):
                found.append(word)
                continue
            if not (matches := [name for name in known if fnmatch.fnmatchcase(name, word)]):
                raise UsageError(f"no profile matches {word}", hint="see the profiles with: encee status")
            found += matches
        return list(dict.fromkeys(found))

    def not_a_source(self, word: str, files: Files) -> EnceeError:
        """Why a word of the command line is no long-term profile.

        Args:
            word: What was typed.
            files: Where the two files are, for the message.
        """
        options = self.options(word)
        if word not in self.credentials and word not in self.config:
            names = [*self.sources, *self.sources.values()]
            near = difflib.get_close_matches(word, names, n=1)
            hint = f"did you mean {near[0]}?" if near else "see the profiles with: encee status"
            return UsageError(f"there is no profile {word} in {files.credentials} or {files.config}", hint=hint)
        if options.get("manager") == "encee":
            source = unquoted(options.get("encee_source", "its source"))
            return UsageError(
                f"{word} is a session profile, and {source}, which it was made from, is gone",
                hint="name a profile with long-term keys",
            )
        if SESSION_OPTIONS & options.keys():
            return UsageError(
                f"{word} holds session credentials of another tool, not long-term keys",
                hint="name a profile with long-term keys; see the profiles with: encee status",
            )
        if options.get("aws_access_key_id", "").startswith("ASIA"):
            return UsageError(
                f"{word} holds the key of a session (ASIA…) without its token",
                hint="put the user's long-term key (AKIA…) there: aws configure --profile " + word,
            )
        if "role_arn" in options:
            return UsageError(
                f"{word} is a role and has no keys of its own",
                hint=f"refresh its source: encee refresh {options.get('source_profile', 'PROFILE')}",
            )
        missing = [key for key in ("aws_access_key_id", "aws_secret_access_key") if not options.get(key)]
        return UsageError(
            f"{word} has no {' and no '.join(missing)} in {files.credentials}",
            hint=f"enter the keys with: aws configure --profile {word}",
        )

    def refuse_key(self, profile: str, key: AccessKey) -> None:
        """Refuse a key id that cannot be one: it may be the secret, and would be sent and shown as the id.

        The form is that of https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html, in the letters that
        AWS uses.

        Raises:
            UsageError: The id does not look like one.
        """
        if not _KEY_ID.fullmatch(key.id):
            raise UsageError(
                f"aws_access_key_id of {profile} is not the id of an access key; id and secret may be swapped",
                hint=f"enter both again: aws configure --profile {profile}",
            )

    def refuse_target(self, target: str, source: str) -> None:
        """Refuse to write a session where it would destroy keys, or where nobody would see it.

        Args:
            target: The session profile to be written.
            source: The long-term profile that it is for.

        Raises:
            UsageError: No AWS tool could name it.
            FileRefusedError: It holds long-term keys, another tool manages it, or the config file shadows it.
        """
        if target == "DEFAULT" or not PORTABLE_NAME.fullmatch(target):
            raise UsageError(
                f"{target!r} cannot be the session profile of {source}: AWS tools disagree about such names",
                hint=f"choose one of letters, digits and _-/.%@:+ : encee refresh '{source}' --to NAME",
            )
        options = self.credentials.get(target, {})
        if reason := _belongs_to_others(options, takes_over=source == target + _LONG_TERM_SUFFIX):
            raise FileRefusedError(
                f"[{target}] {reason}; nothing was changed",
                hint=f"write the session elsewhere: encee refresh {source} --to NAME",
            )
        shadow = next((key for key in self.options(target) if key.startswith(_SHADOWS)), None)
        if shadow:
            raise FileRefusedError(
                f"{shadow} in the profile {target} would hide the session from the AWS tools; nothing was changed",
                hint=f"write the session elsewhere: encee refresh {source} --to NAME",
            )


def quoted(profile: str) -> str:
    """A profile's name as `encee_source` holds it: what SDKs disagree about in values becomes `%20` and so on."""
    return urllib.parse.quote(profile, safe="/@:+")


def unquoted(value: str) -> str:
    """The profile's name that an `encee_source` holds."""
    return urllib.parse.unquote(value)


def _is_session(options: Mapping[str, str]) -> bool:
    return (
        bool(SESSION_OPTIONS & options.keys())
        or options.get("manager") == "encee"
        or options.get("aws_access_key_id", "").startswith("ASIA")
    )


def _belongs_to_others(options: Mapping[str, str], *, takes_over: bool) -> str | None:
    """Why a section must not be written over, or None."""
    has_key = "aws_access_key_id" in options or "aws_secret_access_key" in options
    if has_key and not SESSION_OPTIONS & options.keys():
        return "holds keys that may exist nowhere else"
    manager = options.get("manager")
    if manager == "encee":
        return None
    if manager:
        return f"is managed by {manager}"
    if "expiration" in options and "assumed_role" in options:
        return None if takes_over else "is managed by aws-mfa"
    if foreign := next((key for key in FOREIGN_KEYS if key in options), None):
        return f"is managed by another tool ({foreign})"
    return None
