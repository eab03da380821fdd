"""The checks of what the two files and the environment say, taken together: keys, sessions, settings, roles."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from shlex import join

from encee.errors import EnceeError, UsageError
from encee.profiles.catalog import DEVICE_OPTIONS, MOVE_FROM_DEFAULT, Catalog
from encee.profiles.durations import HOUR, parse_duration
from encee.profiles.examine import Examined
from encee.profiles.file_checks import MISPLACED_PREFIX
from encee.profiles.findings import Check, Finding, State
from encee.profiles.headers import ConfigHeaders
from encee.profiles.identifiers import ACCESS_KEY_ID, checked_serial, key_id_fault
from encee.profiles.session_section import has_token, is_encees, is_session_key, source_in
from encee.profiles.settings import GivenSettings, Settings
from encee.profiles.syntax import PORTABLE_VALUE, first_line

_NOT_INHERITED = ("ca_bundle", "endpoint_url", "s3", "services", "use_dualstack_endpoint", "use_fips_endpoint")
"""Settings of a long-term profile that its session profile needs as well, and has only when it has them itself."""

_ID, _SECRET = "aws_access_key_id", "aws_secret_access_key"
_KEYS_IN_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def _sections(examined: Examined) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Each section of a profile: where it is, in words; the profile; what it holds."""
    credentials, config = examined.credentials, examined.config
    for profile, options in examined.catalog.credentials.items():
        yield f"{credentials.section(profile)} in {credentials.path}", profile, options
    for profile, options in examined.catalog.config.items():
        if not (examined.is_one_file and profile == "default"):  # else it was there already
            yield f"[{ConfigHeaders().text(profile)}] in {config.path}", profile, options


def _half_a_key(examined: Examined) -> Iterator[Finding]:
    for place, profile, options in _sections(examined):
        held = [key for key in (_ID, _SECRET) if options.get(key)]
        if len(held) != 1:
            continue
        state, effect = (State.ERROR, "stop there") if held == [_ID] else (State.WARNING, "pass it over")
        yield Finding(
            state,
            f"{place} holds {held[0]} and not the other half of a key: AWS tools {effect}",
            "enter both, or take the half out",
            (join(["aws", "configure", "--profile", profile]),),
        )


def _key_form(examined: Examined) -> Iterator[Finding]:
    for place, profile, options in _sections(examined):
        key_id, secret = options.get(_ID), options.get(_SECRET)
        if not (key_id and secret):
            continue
        commands = (join(["aws", "configure", "--profile", profile]),)
        if not ACCESS_KEY_ID.fullmatch(key_id):
            state = State.ERROR if ACCESS_KEY_ID.fullmatch(secret) else State.WARNING
            message = f"{place}: {_ID} of {profile} {key_id_fault(key_id)}"
            yield Finding(state, message, "enter both again", commands)
        elif is_session_key(key_id) and not has_token(options):
            yield Finding(
                State.ERROR,
                f"{place} holds the key of a session (ASIA…) without its token",
                "enter the user's long-term key (AKIA…)",
                commands,
            )
        elif not PORTABLE_VALUE.fullmatch(secret):
            yield Finding(
                State.WARNING,
                f"{place} holds a secret with quotes, blanks or a '#', which AWS tools read differently",
                "write it bare, and nothing behind it",
                commands,
            )


def _continued(examined: Examined) -> Iterator[Finding]:
    for place, _, options in _sections(examined):
        if names := [name for name, value in options.items() if value.find("\n") > 0]:
            yield Finding(
                State.WARNING,
                f"{place} has an indented line under {' and '.join(names)}: AWS tools take it for a part of that value",
                "move the line to where its section's other lines begin, or delete it",
            )


def _stale_token(examined: Examined) -> Iterator[Finding]:
    for place, _, options in _sections(examined):
        stale, token = options.get("aws_security_token"), options.get("aws_session_token")
        if stale is None or token is None or stale == token:
            continue
        source = source_in(options) if is_encees(options) else None
        yield Finding(
            State.WARNING,
            f"{place} has an old aws_security_token, which some AWS tools take before aws_session_token",
            None if source else "delete aws_security_token",
            (join(["encee", "refresh", source]),) if source else (),
        )


def _shadowed_session(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    if catalog.targets and (reason := catalog.inherited_obstacle()):
        yield Finding(State.ERROR, f"no session can be written: {reason}", MOVE_FROM_DEFAULT)
        return
    for source, target in catalog.targets.items():
        if catalog.shadow(target) and (reason := _refusal(catalog, target, source)):
            yield Finding(
                State.ERROR,
                f"no session of {source} can be written: {reason}",
                "take it out, or give the session another name:",
                _rename(catalog, source),
            )


def _session_profile(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    uses = Counter(catalog.targets.values())
    for source, target in catalog.targets.items() if not catalog.inherited_obstacle() else ():
        if MISPLACED_PREFIX.fullmatch(source) or catalog.shadow(target):
            continue  # has a check of its own
        reason = _refusal(catalog, target, source)
        if uses[target] > 1:
            reason = reason or f"{target} is the session profile of others as well"
        if reason is None:
            continue
        yield Finding(
            State.WARNING,
            f"no session of {source} can be written: {reason}",
            "give it a name of its own:",
            _rename(catalog, source),
        )


def _refusal(catalog: Catalog, target: str, source: str) -> str | None:
    """Why a refresh would not write a session to its session profile, or None."""
    try:
        catalog.refuse_target(target, source)
    except EnceeError as error:
        return error.message.removesuffix("; nothing was changed")
    return None


def _rename(catalog: Catalog, source: str) -> tuple[str, ...]:
    """The command that gives a profile's session a name that nobody has."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", source)
    taken = {*catalog.credentials, *catalog.config, *catalog.targets.values()}
    name = next(
        name
        for name in (f"{stem}-session", *(f"{stem}-session-{n}" for n in range(2, len(taken) + 3)))
        if name not in taken
    )
    return (join(["aws", "configure", "set", "encee_session_profile", name, "--profile", source]),)


def _region_in_credentials(examined: Examined) -> Iterator[Finding]:
    for profile, options in examined.catalog.credentials.items():
        theirs = first_line(examined.catalog.config.get(profile, {}).get("region", ""))
        wins = first_line(options.get("region", theirs))
        if theirs and wins != theirs:
            yield Finding(
                State.WARNING,
                f"region = {wins} under {examined.credentials.section(profile)} in "
                f"{examined.credentials.path} wins over region = {theirs} in the config file",
                "delete the one in the credentials file",
            )


def _not_inherited(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    for source, target in catalog.sources.items():
        theirs, own = catalog.options(source), catalog.options(target)
        if missing := [key for key in _NOT_INHERITED if key in theirs and key not in own]:
            yield Finding(
                State.WARNING,
                f"{target} does not inherit {' and '.join(missing)} of {source}",
                None,
                tuple(
                    join(["aws", "configure", "set", name, value, "--profile", target])
                    for key in missing
                    for name, value in _flat(key, theirs[key])
                ),
            )


def _flat(key: str, value: str) -> Iterator[tuple[str, str]]:
    """A setting as `aws configure set` takes it; one with settings nested in it is several."""
    if not value.startswith("\n"):
        yield key, first_line(value)
        return
    for line in value.splitlines():
        name, equals, nested = line.partition("=")
        if equals and not name.strip().startswith("aws_"):  # a key that was indented by mistake
            yield f"{key}.{name.strip()}", nested.strip()


def _device_form(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    for profile in dict.fromkeys([*catalog.credentials, *catalog.config]):
        options = catalog.options(profile)
        name = next((name for name in DEVICE_OPTIONS if options.get(name)), None)
        if name is None or not (value := first_line(options[name])):
            continue
        try:
            checked_serial(value)
        except UsageError as error:
            commands = (join(["encee", "device", "save", profile]),) if profile in catalog.sources else ()
            yield Finding(State.ERROR, f"{name} of {profile}: {error.message}", error.hint, commands)


def _role_source(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    settings = Settings(GivenSettings(), {}, catalog)
    for role in catalog.roles:
        options = catalog.options(role)
        source, serial = (first_line(options.get(name, "")) for name in ("source_profile", "mfa_serial"))
        if source == role or _is_long(options.get("duration_seconds")):
            continue
        delete = f"delete mfa_serial under [profile {role}], or they still ask" if serial else None
        if source in catalog.sources:
            target = catalog.targets[source]
            commands = [join(["aws", "configure", "set", "source_profile", target, "--profile", role])]
            if serial and not catalog.device(source) and settings.saved_serial(source) == serial:
                commands.insert(0, join(["aws", "configure", "set", "mfa_serial", serial, "--profile", source]))
            asks = "AWS tools ask for a code each hour" if serial else "AWS tools assume it without MFA"
            message = f"the role {role} could use source_profile = {target}, the session; with {source}, {asks}"
            yield Finding(State.WARNING, message, delete, tuple(commands))
        elif serial and is_encees(catalog.credentials.get(source, {})):
            message = f"mfa_serial of the role {role} makes AWS tools ask for a code, which {source} has given already"
            yield Finding(State.WARNING, message, f"delete mfa_serial under [profile {role}]")


def _is_long(seconds: str | None) -> bool:
    """Whether a role lasts longer than one that a session assumes can."""
    try:
        return seconds is not None and parse_duration(seconds) > HOUR
    except UsageError:
        return False


def _keys_in_environment(examined: Examined) -> Iterator[Finding]:
    there = [name for name in _KEYS_IN_ENVIRONMENT if examined.environ.get(name)]
    if "AWS_ACCESS_KEY_ID" in there:
        yield Finding(
            State.WARNING,
            f"{', '.join(there)} in the environment: AWS tools take them before AWS_PROFILE",
            None,
            (join(["unset", *there]),),
        )


def _gone_profile(examined: Examined) -> Iterator[Finding]:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        profile = examined.environ.get(name)
        known = {*examined.catalog.credentials, *examined.catalog.config}
        if profile and examined.is_readable and profile not in known:
            message = f"{name} names {profile}, which is in neither file: AWS tools stop there"
            yield Finding(State.WARNING, message, None, (f"unset {name}",))


PROFILE_CHECKS: tuple[Check[Examined], ...] = (
    Check("half-a-key", "no profile holds half a key", _half_a_key),
    Check("key-form", "every key looks like one", _key_form),
    Check("continued-value", "no value goes on in the next line", _continued),
    Check("stale-token", "no old token hides a session", _stale_token),
    Check("shadowed-session", "no option hides a session from the AWS tools", _shadowed_session),
    Check("session-profile", "every session has a place of its own", _session_profile),
    Check("region-in-credentials", "no region wins over the config file's", _region_in_credentials),
    Check("not-inherited", "every session profile has what it needs", _not_inherited),
    Check("device-form", "every device named in the files can be one", _device_form),
    Check("role-source", "roles are assumed with sessions", _role_source),
    Check("environment-keys", "the environment holds no keys", _keys_in_environment),
    Check("environment-profile", "the environment names no profile that is gone", _gone_profile),
)
"""In the order in which they are shown."""
