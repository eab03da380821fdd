"""Where the two files are."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


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
        """Find them as botocore does: what was given, else the environment, else `~/.aws`; `~` and `$VAR` expanded."""
        return cls(
            expanded(credentials or environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"),
            expanded(config or environ.get("AWS_CONFIG_FILE") or "~/.aws/config"),
        )


def expanded(path: str) -> Path:
    """A path with `~` and `$VAR` expanded, as botocore does."""
    return Path(os.path.expanduser(os.path.expandvars(path)))  # noqa: PTH111 - Path's raises where there is no home
