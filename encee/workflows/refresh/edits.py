"""What a session changes in the two files."""

from collections.abc import Sequence
from datetime import UTC, datetime

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile, Edit
from encee.awsfile.syntax import PORTABLE_VALUE
from encee.errors import EnceeError, FileBusyError
from encee.model import Session
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import STALE, quote_profile, session_options
from encee.profiles.files import AwsFiles
from encee.profiles.guards import refuse_session_profile
from encee.workflows.refresh.jobs import Job, Target

SAMPLE_SESSION = Session("ASIA" + "X" * 16, "x" * 40, "x" * 1024, datetime(2000, 1, 1, tzinfo=UTC))
"""A session of the usual size, to rehearse a write with."""


def session_edit(targets: Sequence[Target], session: Session, catalog: Catalog) -> Edit:
    """Make the change of the credentials file, which checks the file then."""

    def write_session(document: Document) -> None:
        current = catalog.with_credentials(document.view)
        for target in targets:
            refuse_session_profile(current, target.session_profile, target.profile)
            document.write_section(target.session_profile, session_options(session, target.profile), without=STALE)

    return write_session


def rehearse_write(jobs: Sequence[Job], credentials: AwsFile, catalog: Catalog) -> list[EnceeError | None]:
    """Rehearse the write of sessions.

    Returns:
        For each job, why the file would refuse its session, or None.
    """
    try:
        credentials.rehearse(*(session_edit(job.targets, SAMPLE_SESSION, catalog) for job in jobs))
    except EnceeError as error:
        if len(jobs) == 1 or isinstance(error, FileBusyError):
            return [error] * len(jobs)
        return [fault for job in jobs for fault in rehearse_write([job], credentials, catalog)]
    return [None] * len(jobs)


def carry_region(targets: Sequence[Target], files: AwsFiles) -> None:
    """Copy region and output of source profiles to session profiles without them.

    They go to the config file: a value in the credentials file would override `aws configure set region`.

    Raises:
        FileRefusedError: One of the files was refused, and nothing was written.
    """
    view = files.credentials.read_document().view

    def write_options(document: Document) -> None:
        for target in targets:
            if missing := _find_missing_options(target, Catalog(view, document.view)):
                document.set_options(target.session_profile, missing)

    catalog = Catalog(view, files.config.read_document().view)
    if any(_find_missing_options(target, catalog) for target in targets):
        files.config.edit(write_options)


def _find_missing_options(target: Target, catalog: Catalog) -> dict[str, str]:
    """Find the region and output that only the source profile has.

    A section that does not exist yet also gets the mark that encee made it.
    """
    inherited, own = catalog.options(target.profile), catalog.options(target.session_profile)
    missing = {
        key: value
        for key in ("region", "output")
        if key not in own and PORTABLE_VALUE.fullmatch(value := inherited.get(key, ""))
    }
    if missing and target.session_profile not in catalog.config:
        missing["encee_source"] = quote_profile(target.profile)
    return missing
