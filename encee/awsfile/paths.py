"""Where the two files are."""

import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from encee.errors import FileRefusedError

CREDENTIALS_VARIABLE, CONFIG_VARIABLE = "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"
_DEFAULTS = {CREDENTIALS_VARIABLE: "~/.aws/credentials", CONFIG_VARIABLE: "~/.aws/config"}


class Files(NamedTuple):
    """The two files' paths.

    Args:
        credentials: The credentials file.
        config: The config file.
    """

    credentials: Path
    config: Path

    @classmethod
    def located(cls, environ: Mapping[str, str], credentials: str | None = None, config: str | None = None) -> "Files":
        """Find them as botocore does: what was given, else the environment, else `~/.aws`; `~` and `$VAR` expanded.

        A variable that is empty counts as unset: for botocore it means that there is no file.

        Raises:
            FileRefusedError: A path begins with a home folder, and there is no such folder.
        """
        given = {CREDENTIALS_VARIABLE: credentials, CONFIG_VARIABLE: config}
        return cls(*(expanded(path or environ.get(name) or _DEFAULTS[name]) for name, path in given.items()))

    @property
    def are_one(self) -> bool:
        """Whether both paths lead to one file, also to one that is not there yet."""
        return os.path.realpath(self.credentials) == os.path.realpath(self.config)


def empty_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are set and empty, for which AWS tools read no file → the file that encee reads."""
    return {name: path for name, path in _DEFAULTS.items() if environ.get(name) == ""}


def expanded(path: str) -> Path:
    """A path with `~` and `$VAR` expanded, as botocore does.

    Raises:
        FileRefusedError: The path begins with a home folder, and there is no such folder.
    """
    named = os.path.expandvars(path)
    if not named.startswith("~"):
        return Path(named)
    full = os.path.expanduser(named)  # noqa: PTH111 - Path's raises where there is no home
    user = named.partition("/")[0][1:]
    if full != named and (user or os.environ.get("HOME") != ""):
        return Path(full)
    if user:
        raise FileRefusedError(
            f"{named}: there is no user {user}", hint=f"write a file of that name as {quote(f'./{named}')}"
        )
    raise FileRefusedError(
        f"{named}: HOME is not set", hint="set HOME, or name both files: --credentials-file FILE --config-file FILE"
    )


def default_folder() -> Path | None:
    """The folder in which the two files usually are; None where HOME is not set."""
    try:
        return expanded("~/.aws")
    except FileRefusedError:
        return None
