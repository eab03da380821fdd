"""Write a profile whose credentials the AWS tools get from `encee process`.

SDKs read a section of the credentials file once, and run a `credential_process` again before its credentials expire.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from encee.awsfile.document import Document
from encee.awsfile.sections import ConfigHeaders, CredentialsHeaders
from encee.awsfile.syntax import PLAIN_WORD, PORTABLE_COMMAND, PORTABLE_VALUE, MultilineValue, is_portable_name
from encee.errors import FileRefusedError, UsageError
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import quote_profile, read_source_name
from encee.profiles.files import AwsFiles
from encee.profiles.guards import find_inherited_obstacle

_FIRST_WORDS = re.compile(r'"?(?P<program>[^"]+?)"? process(?: |$)')


def install_process_profile(name: str, source: str, command: Sequence[str], files: AwsFiles) -> bool:
    """Write a profile with a `credential_process` to the config file.

    It gets the region and output of its source. A profile that encee installed for the same source is updated.

    Args:
        name: The profile to write.
        source: The profile whose session it serves.
        command: The words of the command line.

    Returns:
        Whether the file has changed.

    Raises:
        UsageError: The AWS tools disagree about the name or the command.
        FileRefusedError: A profile of that name exists with other content, or cannot be written safely; or both files
            are one, in which encee cannot distinguish the profile from a session profile.
    """
    if files.paths.are_same:
        raise FileRefusedError(
            f"{files.config.path} is the credentials file, too; nothing was changed",
            hint="name another file with --config-file or AWS_CONFIG_FILE",
        )
    hint = "choose another name with --install NAME"
    if not is_portable_name(name):
        raise UsageError(f"{name!r} cannot be the name of a profile that every AWS tool can read", hint=hint)
    line = _join_words(command)
    view = files.credentials.read_document().view

    def edit(document: Document) -> None:
        catalog = Catalog(view, document.view)
        if reason := _find_obstacle(catalog, name, source, line):
            raise FileRefusedError(f"{reason}; nothing was changed", hint=hint)
        existing = catalog.config.get(name, {})
        if existing.get("credential_process") == line:
            return
        inherited = catalog.options(source)
        region = {
            key: value
            for key in ("region", "output")
            if key not in existing and PORTABLE_VALUE.fullmatch(value := inherited.get(key, ""))
        }
        document.set_options(name, {"credential_process": line, **region, "encee_source": quote_profile(source)})

    before = files.config.read()
    files.config.edit(edit)
    return files.config.read() != before


def is_process_profile(options: Mapping[str, str]) -> bool:
    """Whether `install_process_profile` wrote a section of the config file."""
    command = options.get("credential_process", "")
    match = None if isinstance(command, MultilineValue) else _FIRST_WORDS.match(command)
    return bool(match and PurePath(match["program"]).stem == "encee" and read_source_name(options) is not None)


def list_process_profiles(catalog: Catalog) -> dict[str, str | None]:
    """Map each profile that `install_process_profile` wrote to its source."""
    return {name: read_source_name(options) for name, options in catalog.config.items() if is_process_profile(options)}


def _join_words(command: Sequence[str]) -> str:
    """Join words as the AWS tools split them, in double quotes where needed.

    Raises:
        UsageError: The AWS tools split the words differently, even with quotes.
    """
    line = " ".join(word if PLAIN_WORD.fullmatch(word) else f'"{word}"' for word in command)
    if not PORTABLE_COMMAND.fullmatch(line):
        raise UsageError(
            f"a credential_process cannot hold this command, since AWS tools would read it differently: {line}",
            hint="use a path and names of letters, digits and blanks, for example by a symbolic link",
        )
    return line


def _find_obstacle(catalog: Catalog, name: str, source: str, line: str) -> str | None:
    """Return why the profile cannot be written, or None."""
    if name in catalog.credentials:
        return f"[{CredentialsHeaders().build_header(name)}] of the credentials file would hide the new profile"
    existing = catalog.config.get(name)
    is_own = existing is not None and is_process_profile(existing) and read_source_name(existing) == source
    if existing is not None and existing.get("credential_process") != line and not is_own:
        return f"[{ConfigHeaders().build_header(name)}] exists already, with other content"
    if user := next((user for user, target in catalog.session_profiles.items() if target == name), None):
        return f"{name} is the session profile of {user}"
    return find_inherited_obstacle(catalog)
