"""What `main` hands to a command; it imports little, since each command waits."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from encee.awsfile.paths import CONFIG_VARIABLE, CREDENTIALS_VARIABLE, AwsPaths, expand_file_path, find_empty_variables
from encee.cli import terminal
from encee.errors import FileRefusedError, MistypedError

if TYPE_CHECKING:
    from encee.profiles.catalog import Catalog
    from encee.profiles.files import AwsFiles
    from encee.profiles.settings import GivenSettings, Settings


class Environment(NamedTuple):
    """The variables and the clock of a run, which tests replace.

    Args:
        environ: The environment variables.
        clock: Returns the present moment, UTC.
        correct: Returns the command line with a mistyped profile corrected; None if that is uncertain.
    """

    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    correct: Callable[[MistypedError], str | None] = lambda _error: None

    def files(self, credentials_file: str | None = None, config_file: str | None = None) -> "AwsFiles":
        """Locate the two files; warn if AWS tools read no file in this shell.

        Raises:
            FileRefusedError: A path begins with a home folder that is unknown.
        """
        from encee.profiles.files import AwsFiles  # noqa: PLC0415 - many commands do not need them

        options = {CREDENTIALS_VARIABLE: credentials_file, CONFIG_VARIABLE: config_file}
        for variable, path in find_empty_variables(self.environ).items():
            if options[variable] is None:
                terminal.warn(f"{variable} is set and empty: AWS tools read no {path} in this shell: unset {variable}")
        return AwsFiles.at(AwsPaths.locate(self.environ, credentials_file, config_file), terminal.warn)

    def settings(self, catalog: "Catalog", given: "GivenSettings | None" = None) -> "Settings":
        """Return the settings of the command line, this environment and the two files."""
        from encee.profiles.settings import GivenSettings, Settings  # noqa: PLC0415 - many commands do not need them

        return Settings(given or GivenSettings(), self.environ, catalog, self.legacy_serial)

    def legacy_serial(self) -> str | None:
        """Return the device that `~/.encee/config` of the first encee names, if any."""
        from encee.profiles.importers.legacy import LEGACY_FILE, read_legacy_serial  # noqa: PLC0415 - only a refresh needs it

        try:
            return read_legacy_serial(expand_file_path(LEGACY_FILE))
        except FileRefusedError:  # HOME is not set
            return None
