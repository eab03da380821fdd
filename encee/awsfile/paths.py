"""Locate the credentials file and the config file."""

import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from encee.errors import FileRefusedError

CREDENTIALS_VARIABLE, CONFIG_VARIABLE = "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"
_DEFAULTS = {CREDENTIALS_VARIABLE: "~/.aws/credentials", CONFIG_VARIABLE: "~/.aws/config"}


class Files(NamedTuple):
    """The paths of the credentials file and the config file."""

    credentials: Path
    config: Path

    @classmethod
    def located(cls, environ: Mapping[str, str], credentials: str | None = None, config: str | None = None) -> "Files":
        """Locate both as botocore does: given path, environment, `~/.aws`.

        `~` and `$VAR` are expanded. An empty variable counts as unset; for botocore it means that the file does not
        exist.

        Raises:
            FileRefusedError: A path begins with a home folder that is unknown.
        """
        given = {CREDENTIALS_VARIABLE: credentials, CONFIG_VARIABLE: config}
        return cls(*(expanded(path or environ.get(name) or _DEFAULTS[name]) for name, path in given.items()))

    @property
    def are_one(self) -> bool:
        """Whether both paths lead to one file, which need not exist."""
        return os.path.realpath(self.credentials) == os.path.realpath(self.config)


def empty_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Map each empty variable, with which AWS tools read no file, to its default."""
    return {name: path for name, path in _DEFAULTS.items() if environ.get(name) == ""}


def expanded(path: str) -> Path:
    """Expand `~` and `$VAR` in a path, as botocore does.

    Raises:
        FileRefusedError: The path begins with a home folder that is unknown.
    """
    named = os.path.expandvars(path)
    if not named.startswith("~"):
        return Path(named)
    full = os.path.expanduser(named)  # noqa: PTH111 - Path.expanduser raises where HOME is not set
    user = named.partition("/")[0][1:]
    if full != named and (user or os.environ.get("HOME") != ""):
        return Path(full)
    if user:
        raise FileRefusedError(
            f"{named}: no such user: {user}", hint=f"for a file of that name, write {quote(f'./{named}')}"
        )
    raise FileRefusedError(
        f"{named}: HOME is not set", hint="set HOME, or name both files: --credentials-file FILE --config-file FILE"
    )


def default_folder() -> Path | None:
    """Return the folder of both files by default; None if HOME is not set."""
    try:
        return expanded("~/.aws")
    except FileRefusedError:
        return None
