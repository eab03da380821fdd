"""Taking out of the two files what a refresh put into them.

The credentials file: the session section, where `manager = encee` says that encee wrote it.

The config file: what encee put into the session profile's section so that it has a region. Only a section that
encee made carries `encee_source`, and only such a one is touched: of it go `encee_source`, and `region` and `output`
where they are still the source's; with nothing else in it, the whole section goes. A profile that is left without
keys would make the SDKs on an EC2 instance take the instance's role instead, silently.

Where both are one file, region and output are in the session section, and go out of it by the same rule.

A config section without `encee_source` is a person's and stays to the letter. A refresh may have added `region` or
`output` to it; but nothing tells those from what the person wrote, and a region too much harms nobody.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile
from encee.awsfile.paths import Files
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.errors import EnceeError, FileRefusedError
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import (
    WRITTEN,
    expiry_of,
    has_long_term_key,
    has_token,
    managed_by_encee,
    source_named_in,
)
from encee.profiles.lookup_errors import not_a_source

Choice = Callable[[Catalog], list[str]]
"""Which session profiles to clear; asked again whenever the credentials file has changed meanwhile."""


class Cleared(NamedTuple):
    """A session profile that encee's part was taken out of.

    Args:
        session_profile: Its name.
        source: The profile that its session was made from; None where nobody can tell.
        stays: The headers, in brackets, of its sections that stay because a person put something there.
    """

    session_profile: str
    source: str | None
    stays: tuple[str, ...]


def all_sessions(catalog: Catalog) -> list[str]:
    """Every session profile that encee wrote."""
    return list(_written(catalog))


def expired_sessions(catalog: Catalog, now: datetime) -> list[str]:
    """The session profiles that encee wrote and whose session is over."""
    ends = {name: expiry_of(catalog.credentials.get(name, {})) for name in _written(catalog)}
    return [name for name, end in ends.items() if end is not None and end <= now]


def named_sessions(catalog: Catalog, words: Sequence[str], files: Files) -> list[str]:
    """The session profiles that the words of the command line mean; none for a profile that has no session.

    Args:
        catalog: The profiles.
        words: Session profiles, the profiles that they are made from, or shell patterns of either.
        files: Where the two files are, for errors.

    Raises:
        UsageError: There is no such profile.
        FileRefusedError: A word means a section that encee did not write.
    """
    written = _written(catalog)
    session_of = {source: name for name, source in reversed(written.items()) if source}
    session_of |= {source: name for source, name in catalog.targets.items() if written.get(name) == source}
    found: list[str] = []
    for word in words:
        for name in catalog.matching([word], [*written, *catalog.targets]):
            session = name if name in written else session_of.get(catalog.profile_for(name) or name)
            if session is not None:
                found.append(session)
            elif name == word:
                _refuse(word, catalog, files)
    return list(dict.fromkeys(found))


def _refuse(word: str, catalog: Catalog, files: Files) -> None:
    """Refuse a word that means no session of encee's, unless it means a profile that has none at all.

    Raises:
        UsageError: There is no such profile.
        FileRefusedError: It means a section that encee did not write.
    """
    profile = catalog.profile_for(word)
    name = word if profile is None else catalog.targets[profile]
    options = catalog.credentials.get(name, {})
    if has_long_term_key(options) and managed_by_encee(options):
        raise FileRefusedError(
            f"[{name}] holds keys that may exist nowhere else; nothing was changed",
            hint=f"keep them elsewhere, then take the section out by hand: {files.credentials}",
        )
    if profile is not None and not (has_long_term_key(options) or has_token(options) or "manager" in options):
        return
    if name not in catalog.credentials and name not in catalog.config:
        raise not_a_source(catalog, word, files)
    header = name if name in catalog.credentials else ConfigHeaders().text(name)
    raise FileRefusedError(
        f"[{header}] was not written by encee; nothing was changed",
        hint="take it out with the tool that made it, or by hand",
    )


def clear_sessions(credentials: AwsFile, config: AwsFile, choose: Choice, warn: Callable[[str], None]) -> list[Cleared]:
    """Take sessions out of the credentials file, in one write, and then what belongs to them out of the config file.

    Args:
        credentials: The credentials file.
        config: The config file.
        choose: Which sessions.
        warn: Called with one line where the config file cannot be edited; the sessions are gone then nevertheless.

    Raises:
        UsageError: From `choose`.
        FileRefusedError: The credentials file cannot be edited safely, or `choose` refuses; or the config file alone
            has something of the sessions, among lines that cannot be edited safely.
    """
    before = Catalog(credentials.document().view, config.document().view)
    if not choose(before):
        return []
    sessions = _Sessions(before, choose, in_one_file=Files(credentials.path, config.path).are_one)
    credentials.edit(sessions.take_out)
    settings = _Settings(sessions)
    after = sessions.after
    if any(_copied_to(after, name) for name in settings.names):
        try:
            config.edit(settings.take_out)
            after = settings.after
        except EnceeError as error:
            if not sessions.taken:
                config.edited(settings.take_out)  # refuses what the file holds, and not how it is kept
            settings.taken.clear()
            warn(f"the sections of the session profiles were not taken out: {error.message}")
    taken = sessions.taken | settings.taken
    return [Cleared(name, source, _headers(after, name)) for name, source in sessions.chosen.items() if name in taken]


class _Sessions:
    """The edit of the credentials file; what it found and did is that of the last time that it was made."""

    def __init__(self, catalog: Catalog, choose: Choice, *, in_one_file: bool) -> None:
        self.after = catalog
        self._in_one_file = in_one_file
        self.chosen: dict[str, str | None] = {}
        self.taken: set[str] = set()
        self._choose = choose

    def take_out(self, document: Document) -> None:
        now = self.after.with_credentials(document.view)
        written = _written(now)
        self.chosen = {name: written[name] for name in self._choose(now)}
        self.taken = {name for name in self.chosen if document.remove(name, self._options(now, name), mark="manager")}
        self.after = now.with_credentials(document.view)

    def _options(self, catalog: Catalog, name: str) -> Collection[str]:
        """The options of a session section that encee wrote; region and output only where both are one file."""
        return WRITTEN | _copied(catalog, catalog.credentials.get(name, {})) if self._in_one_file else WRITTEN


class _Settings:
    """The edit of the config file that belongs to it."""

    def __init__(self, sessions: _Sessions) -> None:
        self.after = sessions.after
        self.names = [
            name for name in sessions.chosen if name in sessions.taken or name not in sessions.after.credentials
        ]
        self.taken: set[str] = set()

    def take_out(self, document: Document) -> None:
        now = Catalog(self.after.credentials, document.view)
        self.taken = {name for name in self.names if document.remove(name, _copied_to(now, name), mark="encee_source")}
        self.after = Catalog(self.after.credentials, document.view)


def _written(catalog: Catalog) -> dict[str, str | None]:
    """Session profile that encee wrote → the profile that it was made from, or None.

    That includes those of which only the config file still has something. Keys that are no session's are not encee's,
    whatever the section says.
    """
    sessions = {
        name: catalog.owner(name)
        for name, options in catalog.credentials.items()
        if managed_by_encee(options) and not has_long_term_key(options)
    }
    left_over = {
        name: source_named_in(options) or catalog.owner(name)
        for name, options in catalog.config.items()
        if options.get("encee_source") and name not in catalog.credentials
    }
    return {**sessions, **left_over}


def _copied_to(catalog: Catalog, name: str) -> frozenset[str]:
    """The options of a session profile's config section that encee put there, as far as that can be told."""
    return _copied(catalog, catalog.config.get(name, {}))


def _copied(catalog: Catalog, options: Mapping[str, str]) -> frozenset[str]:
    """The options of a session profile's section that encee copied from its source, as far as that can be told."""
    if not options.get("encee_source"):
        return frozenset()
    source = catalog.options(source_named_in(options) or "")
    same = {key for key in ("region", "output") if key in options and options[key] == source.get(key)}
    return frozenset({"encee_source", *same})


def _headers(catalog: Catalog, name: str) -> tuple[str, ...]:
    """The headers of the sections that a profile has."""
    sections = ((catalog.credentials, CredentialsHeaders()), (catalog.config, ConfigHeaders()))
    return tuple(f"[{headers.text(name)}]" for options, headers in sections if name in options)
