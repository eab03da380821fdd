"""Remove sessions, and profiles that run `encee process`, from the two files.

In the credentials file, encee removes its options from a section with `manager = encee`.

In the config file, it edits only a section with `encee_source`, which a refresh has added. It removes `encee_source`,
and `region` and `output` where they equal those of the source profile; then the section, if nothing is left in it. On
an EC2 instance, SDKs would silently use the instance's role for a profile without keys.

If both are one file, `region` and `output` are in the section of the session, and the same rule applies.

A section that runs `encee process` serves later sessions, too: only its name removes it, with its
`credential_process`.

A section of the config file without `encee_source` is the user's and stays unchanged. A refresh may have added `region`
or `output` to it, but encee cannot distinguish them from those of the user.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from encee.awsfile.document import Document
from encee.awsfile.paths import AwsPaths
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.errors import EnceeError, FileRefusedError
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import (
    WRITTEN,
    has_long_term_key,
    has_token,
    managed_by_encee,
    read_expiry,
    read_source_name,
)
from encee.profiles.files import AwsFiles
from encee.profiles.lookup_errors import explain_lookup_failure
from encee.profiles.process_profile import is_process_profile, list_process_profiles

Choice = Callable[[Catalog], list[str]]
"""Chooses the session profiles to clear; called again when the credentials file has changed."""


class ClearedSession(NamedTuple):
    """A session profile that was cleared.

    Args:
        session_profile: Its name; or that of a profile that ran `encee process`.
        source: The source profile; None if it is unknown.
        stays: The headers, in brackets, of its sections that stay because they hold options of the user.
        ran_process: Whether it ran `encee process`.
    """

    session_profile: str
    source: str | None
    stays: tuple[str, ...]
    ran_process: bool


def choose_all_sessions(catalog: Catalog) -> list[str]:
    """List the session profiles that encee wrote."""
    return list(_list_written_sessions(catalog))


def choose_expired_sessions(catalog: Catalog, now: datetime) -> list[str]:
    """List the session profiles that encee wrote and whose session has expired."""
    ends = {name: read_expiry(catalog.credentials.get(name, {})) for name in _list_written_sessions(catalog)}
    return [name for name, end in ends.items() if end is not None and end <= now]


def choose_named_sessions(catalog: Catalog, arguments: Sequence[str], files: AwsPaths) -> list[str]:
    """List the session and process profiles that arguments of the command line name.

    A profile without a session adds nothing to the list, and a pattern matches no process profile.

    Args:
        arguments: Session profiles, source profiles, shell patterns of either, or process profiles.
    """
    written, process_profiles = _list_written_sessions(catalog), list_process_profiles(catalog)
    session_of = {source: name for name, source in reversed(written.items()) if source}
    session_of |= {source: name for source, name in catalog.session_profiles.items() if written.get(name) == source}
    session_profiles: list[str] = []
    for argument in arguments:
        for name in catalog.expand_patterns([argument], [*written, *catalog.session_profiles]):
            is_own = name in written or name in process_profiles
            session_profile = name if is_own else session_of.get(catalog.profile_for(name) or name)
            if session_profile is not None:
                session_profiles.append(session_profile)
            elif name == argument and (error := _explain_refusal(argument, catalog, files)):
                raise error
    return list(dict.fromkeys(session_profiles))


def _explain_refusal(argument: str, catalog: Catalog, files: AwsPaths) -> EnceeError | None:
    """Return the error for an argument without a session; None for a valid profile."""
    profile = catalog.profile_for(argument)
    name = argument if profile is None else catalog.session_profiles[profile]
    options = catalog.credentials.get(name, {})
    if has_long_term_key(options) and managed_by_encee(options):
        return FileRefusedError(
            f"[{name}] holds keys that may exist nowhere else; nothing was changed",
            hint=f"copy the keys elsewhere, then delete the section in {files.credentials}",
        )
    if profile is not None and not (has_long_term_key(options) or has_token(options) or "manager" in options):
        return None
    if name not in catalog.credentials and name not in catalog.config:
        return explain_lookup_failure(catalog, argument, files)
    if has_long_term_key(options):
        return FileRefusedError(
            f"[{name}] holds a long-term key and no session; nothing was changed", hint="see the sessions: encee status"
        )
    header = name if name in catalog.credentials else ConfigHeaders().build_header(name)
    return FileRefusedError(
        f"[{header}] was not written by encee; nothing was changed",
        hint="remove it with the tool that made it",
    )


def clear_sessions(files: AwsFiles, choose: Choice, warn: Callable[[str], None]) -> list[ClearedSession]:
    """Remove sessions from the credentials file, then from the config file.

    Args:
        warn: Called with one line if the config file cannot be edited, although the sessions are removed.
    """
    before = files.catalog()
    process_profiles = list_process_profiles(before)
    if not choose(before):
        return []
    sessions = _Sessions(before, choose, in_one_file=files.paths.are_same)
    files.credentials.edit(sessions.remove_from)
    settings = _Settings(sessions)
    after = sessions.after
    if any(_list_copied_settings(after, name) for name in settings.names):
        try:
            files.config.edit(settings.remove_from)
            after = settings.after
        except EnceeError as error:
            if not sessions.cleared:
                # It raises for the content of the file, and not for its permissions.
                files.config.preview_edit(settings.remove_from)
            settings.cleared.clear()
            warn(f"the sections of the session profiles were not removed: {error.message}")
    cleared = sessions.cleared | settings.cleared
    return [
        ClearedSession(name, source, _list_headers(after, name), name in process_profiles)
        for name, source in sessions.chosen.items()
        if name in cleared
    ]


class _Sessions:
    """The edit of the credentials file, and the result of its last run."""

    def __init__(self, catalog: Catalog, choose: Choice, *, in_one_file: bool) -> None:
        self.after = catalog
        self._in_one_file = in_one_file
        self.chosen: dict[str, str | None] = {}
        self.cleared: set[str] = set()
        self._choose = choose

    def remove_from(self, document: Document) -> None:
        now = self.after.with_credentials(document.view)
        written = _list_written_sessions(now) | list_process_profiles(now)
        self.chosen = {name: written[name] for name in self._choose(now)}
        self.cleared = {
            name for name in self.chosen if document.clear_section(name, self._options(now, name), mark="manager")
        }
        self.after = now.with_credentials(document.view)

    def _options(self, catalog: Catalog, name: str) -> Collection[str]:
        return (
            WRITTEN | _list_copied_options(catalog, catalog.credentials.get(name, {})) if self._in_one_file else WRITTEN
        )


class _Settings:
    """The edit of the config file that follows."""

    def __init__(self, sessions: _Sessions) -> None:
        self.after = sessions.after
        self.names = [
            name for name in sessions.chosen if name in sessions.cleared or name not in sessions.after.credentials
        ]
        self.cleared: set[str] = set()

    def remove_from(self, document: Document) -> None:
        now = Catalog(self.after.credentials, document.view)
        self.cleared = {
            name
            for name in self.names
            if document.clear_section(name, _list_copied_settings(now, name), mark="encee_source")
        }
        self.after = Catalog(self.after.credentials, document.view)


def _list_written_sessions(catalog: Catalog) -> dict[str, str | None]:
    """Map each session profile that encee wrote to its source profile, if known.

    This includes session profiles that only the config file still has. A section with a long-term key does not count,
    even with `manager = encee`.
    """
    sessions = {
        name: catalog.source_profile(name)
        for name, options in catalog.credentials.items()
        if managed_by_encee(options) and not has_long_term_key(options)
    }
    leftovers = {
        name: read_source_name(options) or catalog.source_profile(name)
        for name, options in catalog.config.items()
        if options.get("encee_source") and name not in catalog.credentials and not is_process_profile(options)
    }
    return {**sessions, **leftovers}


def _list_copied_settings(catalog: Catalog, name: str) -> frozenset[str]:
    return _list_copied_options(catalog, catalog.config.get(name, {}))


def _list_copied_options(catalog: Catalog, options: Mapping[str, str]) -> frozenset[str]:
    """List the options that encee wrote, and no copied one that has changed since."""
    if not options.get("encee_source"):
        return frozenset()
    source = catalog.options(read_source_name(options) or "")
    same = {key for key in ("region", "output") if key in options and options[key] == source.get(key)}
    return frozenset({"encee_source", *same, *(["credential_process"] if is_process_profile(options) else [])})


def _list_headers(catalog: Catalog, name: str) -> tuple[str, ...]:
    sections = ((catalog.credentials, CredentialsHeaders()), (catalog.config, ConfigHeaders()))
    return tuple(f"[{headers.build_header(name)}]" for options, headers in sections if name in options)
