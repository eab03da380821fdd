"""Check the paths of the two files, and whether encee can refresh a profile."""

from collections.abc import Iterator

from encee.awsfile.paths import AwsPaths, find_empty_variables
from encee.profiles.checks.base import Check, Examined, Finding, State
from encee.profiles.lookup_errors import explain_nothing_to_refresh


def _check_file_variables(examined: Examined) -> Iterator[Finding]:
    for variable, path in find_empty_variables(examined.environ).items():
        yield Finding(
            State.WARNING,
            f"{variable} is set and empty: AWS tools read no {path} in this shell, and encee does",
            commands=(f"unset {variable}",),
        )


def _check_one_file(examined: Examined) -> Iterator[Finding]:
    if examined.is_one_file and examined.credentials.path.is_file():
        yield Finding(
            State.WARNING,
            f"{examined.credentials.path} and {examined.config.path} are one file, in which a profile can have"
            " two sections, [NAME] and [profile NAME]",
            "use another path for the config file, and move the sections [profile NAME] there",
        )


def _check_long_term_keys(examined: Examined) -> Iterator[Finding]:
    if examined.catalog.long_term_profiles or not examined.is_readable:
        return
    nothing = explain_nothing_to_refresh(examined.catalog, AwsPaths(examined.credentials.path, examined.config.path))
    has_any = any(examined.catalog.other_profiles()) or examined.catalog.role_profiles
    if has_any:
        yield Finding(State.WARNING, nothing.message, nothing.hint)
    else:
        yield Finding(State.OK, nothing.message)


SETUP_CHECKS: tuple[Check[Examined], ...] = (
    Check("file-variables", "the AWS tools find both files", _check_file_variables),
    Check("one-file", "the credentials file and the config file are separate", _check_one_file),
    Check("long-term-keys", "there is a profile to refresh", _check_long_term_keys, lambda examined: examined.unread),
)
"""In the order of the output."""
