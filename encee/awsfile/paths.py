"""Locate the credentials file and the config file."""

import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import NamedTuple, Self

from encee.errors import FileRefusedError

CREDENTIALS_VARIABLE, CONFIG_VARIABLE = "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"
_DEFAULTS = {CREDENTIALS_VARIABLE: "~/.aws/credentials", CONFIG_VARIABLE: "~/.aws/config"}


class AwsPaths(NamedTuple):
    """The paths of the credentials file and the config file."""

    credentials: Path
    config: Path

    @classmethod
    def locate(cls, environ: Mapping[str, str], credentials: str | None = None, config: str | None = None) -> Self:
        """Locate both as botocore does: given path, environment, `~/.aws`.

        `~` and `$VAR` are expanded. An empty variable counts as unset; for botocore it means that the file does not
        exist.

        Raises:
            FileRefusedError: A path begins with a home folder that is unknown.
        """
        given = {CREDENTIALS_VARIABLE: credentials, CONFIG_VARIABLE: config}
        return cls(*(expand_file_path(path or environ.get(name) or _DEFAULTS[name]) for name, path in given.items()))

    @property
    def are_same(self) -> bool:
        """Whether both paths lead to one file, which need not exist."""
        return os.path.realpath(self.credentials) == os.path.realpath(self.config)


def find_empty_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Map each empty variable, with which AWS tools read no file, to its default."""
    return {name: path for name, path in _DEFAULTS.items() if environ.get(name) == ""}


def expand_file_path(path: str) -> Path:
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


def find_default_folder() -> Path | None:
    """Return the folder of both files by default; None if HOME is not set."""
    try:
        return expand_file_path("~/.aws")
    except FileRefusedError:
        return None
