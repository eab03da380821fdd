"""Check sessions, settings and roles across the two files and the environment."""

import re
from collections import Counter
from collections.abc import Iterator
from shlex import join

from encee.awsfile.syntax import NestedSettings, is_multiline
from encee.errors import EnceeError, FileRefusedError, UsageError
from encee.model import is_unencrypted
from encee.profiles.catalog import DEVICE_OPTIONS, Catalog
from encee.profiles.checks.base import Check, Examined, Finding, State
from encee.profiles.checks.files import MISPLACED_PREFIX
from encee.profiles.checks.section_remedies import delete_options, set_option
from encee.profiles.credentials import managed_by_encee
from encee.profiles.durations import HOUR, parse_duration
from encee.profiles.guards import MOVE_FROM_DEFAULT, find_inherited_obstacle, find_shadow, refuse_session_profile
from encee.profiles.identifiers import require_serial
from encee.profiles.remedies import join_steps, unquote
from encee.profiles.settings import GivenSettings, Settings, refuse_other_partition

_NOT_INHERITED = ("ca_bundle", "endpoint_url", "s3", "services", "use_dualstack_endpoint", "use_fips_endpoint")
"""Settings of a long-term profile that its session profile needs, too, and does not inherit."""

_NESTED = frozenset(
    {
        "addressing_style",
        "io_chunksize",
        "max_bandwidth",
        "max_concurrent_requests",
        "max_queue_size",
        "multipart_chunksize",
        "multipart_threshold",
        "payload_signing_enabled",
        "preferred_transfer_client",
        "signature_version",
        "target_bandwidth",
        "us_east_1_regional_endpoint",
        "use_accelerate_endpoint",
        "use_dualstack_endpoint",
    }
)
"""The settings that can be nested in `s3`: https://docs.aws.amazon.com/cli/latest/topic/s3-config.html"""

_NESTED_VALUE = re.compile(
    r"[0-9]{1,15}(?:[KMGT]i?)?[Bb]?(?:/s)?|true|false|auto|path|virtual|legacy|regional|crt|classic|default|s3|s3v4"
)

_KEYS_IN_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def _check_shadowed_session(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    if catalog.session_profiles and (reason := find_inherited_obstacle(catalog)):
        yield Finding(State.ERROR, f"no session can be written: {reason}", MOVE_FROM_DEFAULT)
        return
    for source, target in catalog.session_profiles.items():
        if find_shadow(catalog.options(target)) and (reason := _find_refusal(catalog, target, source)):
            yield Finding(
                State.ERROR,
                f"no session of {source} can be written: {reason}",
                *_rename_session_profile(examined, source),
            )


def _check_session_profile(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    uses = Counter(catalog.session_profiles.values())
    for source, target in catalog.session_profiles.items() if not find_inherited_obstacle(catalog) else ():
        if MISPLACED_PREFIX.fullmatch(source) or find_shadow(catalog.options(target)):
            continue  # another check reports it
        reason = _find_refusal(catalog, target, source)
        if uses[target] > 1:
            reason = reason or f"{target} is the session profile of others as well"
        if reason is None:
            continue
        yield Finding(
            State.WARNING,
            f"no session of {source} can be written: {reason}",
            *_rename_session_profile(examined, source),
        )


def _find_refusal(catalog: Catalog, target: str, source: str) -> str | None:
    """Return why a refresh would not write a session to its session profile, or None."""
    try:
        refuse_session_profile(catalog, target, source)
    except EnceeError as error:
        return error.message.removesuffix("; nothing was changed")
    return None


def _rename_session_profile(examined: Examined, source: str) -> tuple[str | None, tuple[str, ...]]:
    catalog = examined.catalog
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", source)
    used = {*catalog.credentials, *catalog.config, *catalog.session_profiles.values()}
    name = next(
        name
        for name in (f"{stem}-session", *(f"{stem}-session-{n}" for n in range(2, len(used) + 3)))
        if name not in used
    )
    steps, commands = set_option(examined, source, "encee_session_profile", name, config_only=True)
    return join_steps(*steps) or "give the session a name of its own:", commands


def _check_region_in_credentials(examined: Examined) -> Iterator[Finding]:
    for profile, options in examined.catalog.credentials.items():
        inherited = examined.catalog.config.get(profile, {}).get("region", "")
        wins = options.get("region", inherited)
        if inherited and wins != inherited and not is_multiline(inherited, wins):
            yield Finding(
                State.WARNING,
                f"region = {wins} under {examined.credentials.section(profile)} in "
                f"{examined.credentials.path} wins over region = {inherited} in the config file",
                *_move_region(examined, profile, wins),
            )


def _check_region_partition(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    settings = Settings(GivenSettings(), {}, catalog)
    for profile in catalog.session_profiles:
        source = catalog.profile_for(catalog.last_source_profile(profile))
        region = catalog.options(profile).get("region", "")
        if source not in catalog.long_term_profiles or not region or is_multiline(region):
            continue
        try:
            serial = settings.saved_serial(source)
        except FileRefusedError:
            continue  # the check of continued values reports it
        try:
            refuse_other_partition(region, serial, profile)
        except UsageError as error:
            right, _ = Settings(GivenSettings(), {}, Catalog({}, {})).region(
                profile, serial
            )  # the default region of the device's partition
            steps, commands = set_option(examined, profile, "region", right)
            yield Finding(State.ERROR, error.message, join_steps(*steps), commands)


def _move_region(examined: Examined, profile: str, region: str) -> tuple[str | None, tuple[str, ...]]:
    steps, commands = set_option(examined, profile, "region", region, config_only=True)
    deletion = delete_options(examined.credentials, profile, ["region"])
    return join_steps(*filter(None, [deletion, *steps])), commands


def _check_not_inherited(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    for source, target in catalog.long_term_profiles.items():
        inherited, own = catalog.options(source), catalog.options(target)
        unsafe = {"endpoint_url", "services"} if any(_list_unencrypted(examined)) else set()
        if missing := [key for key in _NOT_INHERITED if key in inherited and key not in own and key not in unsafe]:
            settings = [
                setting for key in missing for setting in _flatten_setting(examined, source, key, inherited[key])
            ]
            remedies = [set_option(examined, target, name, value) for name, value in settings]
            yield Finding(
                State.WARNING,
                f"{target} does not inherit {' and '.join(missing)} of {source}",
                join_steps(*(step for remedy in remedies for step in remedy.steps)),
                tuple(command for remedy in remedies for command in remedy.commands),
            )


def _list_unencrypted(examined: Examined) -> Iterator[tuple[str, str]]:
    """List each variable or line that names an endpoint without TLS, and the endpoint."""
    for name, value in examined.environ.items():
        if (name == "AWS_ENDPOINT_URL" or name.startswith("AWS_ENDPOINT_URL_")) and is_unencrypted(value):
            yield name, value
    for file in examined.both:
        for line in file.lines:
            name, _, nested = line.value.partition("=")
            value = nested.strip() if name.strip() == "endpoint_url" else line.value
            if "endpoint_url" in {line.option, name.strip()} and is_unencrypted(value):
                yield f"line {line.number} of {file.path}", value


def _check_encryption(examined: Examined) -> Iterator[Finding]:
    for place, endpoint in _list_unencrypted(examined):
        yield Finding(
            State.WARNING,
            f"{place} names {endpoint}, which is not encrypted: others on the network can read MFA codes and sessions",
            "use an endpoint that begins with https://",
        )


def _flatten_setting(examined: Examined, profile: str, key: str, value: str) -> Iterator[tuple[str, str]]:
    """Return a setting as `aws configure set` accepts it; nested settings one by one.

    Only known nested settings are shown, since a key that was indented by mistake is a part of the value, too.
    """
    if not is_multiline(value):
        yield key, value
    elif isinstance(value, NestedSettings):
        for line in (line for file in examined.both for line in file.find_option(profile, key)[1:]):
            name, _, nested = (part.strip() for part in line.text.partition("="))
            if name in _NESTED and _NESTED_VALUE.fullmatch(nested):
                yield f"{key}.{name}", nested


def _check_device_form(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    for profile in dict.fromkeys([*catalog.credentials, *catalog.config]):
        options = catalog.options(profile)
        name = next((name for name in DEVICE_OPTIONS if options.get(name)), None)
        if name is None or is_multiline(value := options[name]):
            continue
        try:
            require_serial(value)
        except UsageError as error:
            message = f"{name} of {profile}: {error.message}"
            if steps := _unquote_serial(examined, profile, name, value):
                yield Finding(State.ERROR, message, join_steps(*steps))
            elif profile in catalog.long_term_profiles:
                yield Finding(State.ERROR, message, commands=(join(["encee", "device", "save", profile]),))
            else:
                yield Finding(State.ERROR, message, _delete_option(examined, profile, name))


def _unquote_serial(examined: Examined, profile: str, name: str, value: str) -> list[str]:
    try:
        is_quoted = require_serial(value.strip("\"'")) != value
    except UsageError:
        return []
    lines = [(file, line) for file in examined.both for line in file.find_option(profile, name)[:1]]
    return [unquote(file.path, line.number) for file, line in lines[:1] if is_quoted]


def _delete_option(examined: Examined, profile: str, name: str) -> str | None:
    return join_steps(*filter(None, (delete_options(file, profile, [name]) for file in examined.both)))


def _check_role_source(examined: Examined) -> Iterator[Finding]:
    catalog = examined.catalog
    settings = Settings(GivenSettings(), {}, catalog)
    for role in catalog.role_profiles:
        options = catalog.options(role)
        source, serial = (options.get(name, "") for name in ("source_profile", "mfa_serial"))
        if is_multiline(source, serial) or source == role or _is_long(options.get("duration_seconds")):
            continue
        deletion = _delete_option(examined, role, "mfa_serial") if serial else None
        if source in catalog.long_term_profiles:
            target = catalog.session_profiles[source]
            remedies = [set_option(examined, role, "source_profile", target)]
            if serial and not catalog.device(source) and settings.saved_serial(source) == serial:
                remedies.insert(0, set_option(examined, source, "mfa_serial", serial))
            asks = "AWS tools ask for a code each hour" if serial else "AWS tools assume it without MFA"
            message = f"the role {role} could use source_profile = {target}, the session; with {source}, {asks}"
            steps = [*filter(None, [deletion]), *(step for remedy in remedies for step in remedy.steps)]
            commands = tuple(command for remedy in remedies for command in remedy.commands)
            yield Finding(State.WARNING, message, join_steps(*steps), commands)
        elif serial and managed_by_encee(catalog.credentials.get(source, {})):
            message = f"mfa_serial of the role {role} makes AWS tools ask for a code, which {source} has already given"
            yield Finding(State.WARNING, message, deletion)


def _is_long(seconds: str | None) -> bool:
    """Whether a role's duration is longer than AWS grants when a session assumes it."""
    try:
        return seconds is not None and parse_duration(seconds) > HOUR
    except UsageError:
        return False


def _check_environment_keys(examined: Examined) -> Iterator[Finding]:
    present = [name for name in _KEYS_IN_ENVIRONMENT if examined.environ.get(name)]
    if "AWS_ACCESS_KEY_ID" in present:
        yield Finding(
            State.WARNING,
            f"{', '.join(present)} in the environment: AWS tools prefer them to AWS_PROFILE",
            None,
            (join(["unset", *present]),),
        )


def _check_environment_profile(examined: Examined) -> Iterator[Finding]:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        profile = examined.environ.get(name)
        known = {*examined.catalog.credentials, *examined.catalog.config}
        if profile and examined.is_readable and profile not in known:
            message = f"{name} names {profile}, which is in neither file: AWS tools fail"
            yield Finding(State.WARNING, message, None, (f"unset {name}",))


PROFILE_CHECKS: tuple[Check[Examined], ...] = (
    Check("shadowed-session", "no option hides a session from the AWS tools", _check_shadowed_session),
    Check("session-profile", "every session has its own session profile", _check_session_profile),
    Check("region-in-credentials", "no region overrides the config file's", _check_region_in_credentials),
    Check("region-partition", "every region is in the partition of the device", _check_region_partition),
    Check("endpoint-encryption", "every endpoint is encrypted, or on this machine", _check_encryption),
    Check("not-inherited", "every session profile has what it needs", _check_not_inherited),
    Check("device-form", "every serial number in the files is valid", _check_device_form),
    Check("role-source", "roles are assumed with sessions", _check_role_source),
    Check("environment-keys", "the environment holds no keys", _check_environment_keys),
    Check("environment-profile", "the environment names no missing profile", _check_environment_profile),
)
"""In the order of the output."""
