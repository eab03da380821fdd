"""Read the profiles of the two AWS files."""

from collections.abc import Callable
from typing import NamedTuple, Self

from encee.awsfile.file import WRITE_TIMEOUT_SECONDS, AwsFile
from encee.awsfile.paths import AwsPaths
from encee.awsfile.sections import choose_headers
from encee.awsfile.syntax import salvage_view
from encee.errors import FileRefusedError
from encee.profiles.catalog import Catalog


class AwsFiles(NamedTuple):
    """The credentials file and the config file on disk."""

    credentials: AwsFile
    config: AwsFile

    @classmethod
    def at(cls, paths: AwsPaths, warn: Callable[[str], None]) -> Self:
        """Return the files at two paths, which need not exist.

        Args:
            paths: The paths.
            warn: As for `AwsFile`.
        """
        credentials, config = choose_headers(paths)
        return cls(AwsFile(paths.credentials, credentials, warn), AwsFile(paths.config, config, warn))

    @property
    def paths(self) -> AwsPaths:
        """The paths of both."""
        return AwsPaths(self.credentials.path, self.config.path)

    def catalog(self) -> Catalog:
        """Read the profiles of both.

        Raises:
            FileRefusedError: The AWS tools cannot read one of them.
        """
        return Catalog(*(file.read_document().view for file in self))

    def salvage(
        self, report: Callable[[FileRefusedError], object], *, timeout: float = WRITE_TIMEOUT_SECONDS
    ) -> Catalog:
        """Read as many profiles as possible, only to show them.

        Args:
            report: Called with the error that the AWS tools have with a file.
            timeout: The time to wait for a program that writes a file, in seconds.

        Raises:
            FileRefusedError: A file exists and cannot be opened.
        """
        views = []
        for file in self:
            view, fault = salvage_view(file.read(timeout), file.path)
            if fault:
                report(fault)
            views.append(view)
        return Catalog(*views)
