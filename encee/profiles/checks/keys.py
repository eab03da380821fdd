"""Check the keys and tokens in the sections of profiles."""

import re
from collections.abc import Iterator, Mapping, Sequence
from shlex import join
from typing import NamedTuple

from encee.awsfile.lines import Line
from encee.awsfile.syntax import PORTABLE_VALUE, NestedSettings, is_multiline
from encee.profiles.checks.base import OF_A_PROFILE, Check, Examined, ExaminedFile, Finding, State
from encee.profiles.checks.section_remedies import delete_options
from encee.profiles.credentials import (
    TOKENS,
    USER_KEY,
    has_token,
    is_session_key,
    managed_by_encee,
    points_to_keyring,
    read_source,
)
from encee.profiles.identifiers import ACCESS_KEY_ID, find_key_id_fault
from encee.profiles.remedies import comment_out, cut_comment, delete, join_steps, rename, unindent, unquote

_KEY = _ID, _SECRET = "aws_access_key_id", "aws_secret_access_key"

_SECRET_LENGTH = 40
"""The number of characters of a secret access key."""


class Section(NamedTuple):
    """A profile's section in one of the two files."""

    file: ExaminedFile
    profile: str
    options: Mapping[str, str]

    @property
    def place(self) -> str:
        """The header and the file, in words."""
        headers = self.file.headers_by_profile.get(self.profile)
        return f"[{headers[-1].name}] in {self.file.path}" if headers else f"{self.profile} in {self.file.path}"

    def line(self, option: str) -> int | None:
        """Return the number of the line that sets an option; None if the section does not."""
        return next((line.number for line in self.file.find_option(self.profile, option)), None)

    def delete(self, *options: str) -> str | None:
        """Return the step that deletes options."""
        return delete_options(self.file, self.profile, options)


def _list_sections(examined: Examined) -> Iterator[Section]:
    """List each section of a profile, without duplicates in a single file for both."""
    for profile, options in examined.catalog.credentials.items():
        yield Section(examined.credentials, profile, options)
    for profile, options in examined.catalog.config.items():
        if not (examined.is_one_file and profile == "default"):
            yield Section(examined.config, profile, options)


def _check_half_a_key(examined: Examined) -> Iterator[Finding]:
    for section in _list_sections(examined):
        held = [key for key in (_ID, _SECRET) if section.options.get(key)]
        if len(held) != 1:
            continue
        state, effect = (State.ERROR, "fail") if held == [_ID] else (State.WARNING, "ignore it")
        message = f"{section.place} holds {held[0]} and not the other half of a key: AWS tools {effect}"
        yield Finding(state, message, *_complete_key(section, examined, held))


def _complete_key(section: Section, examined: Examined, held: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the remedy for an incomplete or invalid key: delete or enter it.

    `aws configure` writes keys to the credentials file, and does not change those in the config file.
    """
    stored = examined.catalog.credentials.get(section.profile, {})
    if points_to_keyring(stored):
        return section.delete(*held), ()
    if section.file is examined.config:
        is_needed = not (stored.get(_ID) and stored.get(_SECRET))
        return section.delete(*held), _configure(section.profile) if is_needed else ()
    renamed = [
        rename(section.file.path, line.number, line.option)
        for option in (_ID, _SECRET)
        for line in section.file.find_option(section.profile, option)[:1]
        if line.name != line.option
    ]
    return join_steps(*renamed) or "enter both", _configure(section.profile)


def _configure(profile: str) -> tuple[str, ...]:
    return (join(["aws", "configure", "--profile", profile]),)


def _check_key_form(examined: Examined) -> Iterator[Finding]:
    for section in _list_sections(examined):
        key_id, secret = section.options.get(_ID), section.options.get(_SECRET)
        if (
            key_id
            and secret
            and not is_multiline(key_id, secret)
            and (fault := _find_key_fault(section, key_id, secret))
        ):
            state, message, steps = fault
            commands: tuple[str, ...] = ()
            remedy = join_steps(*steps)
            if remedy is None:
                remedy, commands = _complete_key(section, examined, (_ID, _SECRET))
            yield Finding(state, message, remedy, commands)


def _find_key_fault(section: Section, key_id: str, secret: str) -> tuple[State, str, Sequence[str]] | None:
    """Return the fault of a key and the steps to fix it, if it can be fixed."""
    path, numbers = section.file.path, {option: section.line(option) for option in (_ID, _SECRET)}
    if not ACCESS_KEY_ID.fullmatch(key_id):
        message = f"{section.place}: {_ID} of {section.profile} {find_key_id_fault(key_id)}"
        if ACCESS_KEY_ID.fullmatch(secret):
            other = {_ID: _SECRET, _SECRET: _ID}
            return (
                State.ERROR,
                message,
                [rename(path, number, other[name]) for name, number in numbers.items() if number],
            )
        number = numbers[_ID]
        is_quoted = number and ACCESS_KEY_ID.fullmatch(key_id.strip("\"'"))
        return State.WARNING, message, [unquote(path, number)] if number and is_quoted else []
    if is_session_key(key_id) and not has_token(section.options):
        return State.ERROR, f"{section.place} holds the key of a session (ASIA…) without its token", []
    if PORTABLE_VALUE.fullmatch(secret):
        return None
    steps = []
    if number := numbers[_SECRET]:
        if PORTABLE_VALUE.fullmatch(secret.strip("\"'")):
            steps = [unquote(path, number)]
        elif PORTABLE_VALUE.fullmatch(re.split(r"\s+[#;]", secret)[0]):
            steps = [cut_comment(path, number)]
    message = f"{section.place} holds a secret with quotes, blanks or a '#', which AWS tools read differently"
    return State.WARNING, message, steps


def _check_secret_length(examined: Examined) -> Iterator[Finding]:
    for section in _list_sections(examined):
        key_id, secret = section.options.get(_ID, ""), section.options.get(_SECRET, "")
        is_plain = ACCESS_KEY_ID.fullmatch(key_id) and PORTABLE_VALUE.fullmatch(secret)
        if is_plain and key_id.startswith(USER_KEY) and len(secret) != _SECRET_LENGTH:
            message = f"{section.place} holds a secret of {len(secret)} characters: AWS makes them of {_SECRET_LENGTH}"
            yield Finding(State.WARNING, message, *_complete_key(section, examined, (_ID, _SECRET)))


def _check_stray_token(examined: Examined) -> Iterator[Finding]:
    for section in _list_sections(examined):
        if tokens := [name for name in TOKENS if section.options.get(name) and _is_of_user(section, examined)]:
            yield Finding(
                State.ERROR,
                f"{section.place} holds {' and '.join(tokens)} beside a long-term key (AKIA…), which AWS then refuses",
                section.delete(*tokens),
            )


def _is_of_user(section: Section, examined: Examined) -> bool:
    """Whether the key of a section, or of its profile in the other file, is a user's."""
    both = examined.catalog.options(section.profile)
    ids = (section.options.get(_ID, USER_KEY), both.get(_ID, ""))
    return not managed_by_encee(both) and all(key_id.startswith(USER_KEY) for key_id in ids)


def _check_continued_value(examined: Examined) -> Iterator[Finding]:
    for section in _list_sections(examined):
        further = {name: value for name, value in section.options.items() if is_multiline(value)}
        if names := [name for name, value in further.items() if not isinstance(value, NestedSettings)]:
            names_used = {*section.options}
            steps = [
                _fix_continuation(line, section, examined, names_used) for line in _list_continuations(section, names)
            ]
            yield Finding(
                State.WARNING,
                f"{section.place} has an indented line under {' and '.join(names)}: AWS tools read it as a part of "
                "that value",
                join_steps(*steps),
            )


def _list_continuations(section: Section, names: Sequence[str]) -> Iterator[Line]:
    for name in names:
        yield from section.file.find_option(section.profile, name)[1:]


def _fix_continuation(line: Line, section: Section, examined: Examined, names_used: set[str]) -> str:
    """Return the step that makes a continuation line an option, or deletes it."""
    name, equals, value = (part.strip() for part in line.text.partition("="))
    if not equals or not OF_A_PROFILE.fullmatch(name.lower()):
        return comment_out(section.file.path, line.number)
    keys = examined.catalog.credentials.get(section.profile, {})
    if name.lower() in _KEY and keys.get(name.lower()) != value:
        return comment_out(section.file.path, line.number)
    if name.lower() in names_used or name.lower() in keys:
        return delete(section.file.path, [line.number])
    names_used.add(name.lower())
    return unindent(section.file.path, [line.number])


def _check_stale_token(examined: Examined) -> Iterator[Finding]:
    for section in _list_sections(examined):
        stale, token = section.options.get("aws_security_token"), section.options.get("aws_session_token")
        if stale is None or token is None or stale == token:
            continue
        if _is_of_user(section, examined):
            continue  # the check of stray tokens reports both
        source = read_source(section.options) if managed_by_encee(section.options) else None
        can_refresh = source in examined.catalog.session_profiles
        yield Finding(
            State.WARNING,
            f"{section.place} has an old aws_security_token, which some AWS tools prefer to aws_session_token",
            None if can_refresh else section.delete("aws_security_token"),
            (join(["encee", "refresh", source]),) if source and can_refresh else (),
        )


KEY_CHECKS: tuple[Check[Examined], ...] = (
    Check("half-a-key", "no profile holds half a key", _check_half_a_key),
    Check("key-form", "every key looks like one", _check_key_form),
    Check("secret-length", "every secret is as long as AWS makes them", _check_secret_length),
    Check("stray-token", "no session token is beside a long-term key", _check_stray_token),
    Check("continued-value", "no value continues in the next line", _check_continued_value),
    Check("stale-token", "no old token hides a session", _check_stale_token),
)
"""In the order of the output."""
