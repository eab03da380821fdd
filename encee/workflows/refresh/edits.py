"""What a session changes in the two files."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from encee.awsfile.document import Document
from encee.awsfile.file import AwsFile, Edit
from encee.awsfile.syntax import PORTABLE_VALUE, View
from encee.errors import EnceeError, FileBusyError
from encee.model import Session
from encee.profiles.catalog import Catalog
from encee.profiles.credentials import STALE, quote_profile, session_options
from encee.profiles.files import AwsFiles
from encee.workflows.refresh.jobs import Job, Target


def session_edit(targets: Sequence[Target], session: Session, catalog: Catalog) -> Edit:
    """Make the change of the credentials file, which checks the file then."""

    def edit(document: Document) -> None:
        now = catalog.with_credentials(document.view)
        for target in targets:
            now.refuse_session_profile(target.session_profile, target.profile)
            document.write_section(target.session_profile, session_options(session, target.profile), without=STALE)

    return edit


def preflight_write(
    jobs: Sequence[Job], credentials: AwsFile, catalog: Catalog, now: datetime
) -> Iterator[tuple[Job, EnceeError]]:
    """Rehearse the write; yield the jobs that the file refuses, with the reason.

    Args:
        jobs: The jobs to rehearse.
        credentials: The credentials file.
        catalog: The two files as the plan saw them.
        now: The present moment, UTC.
    """
    blank = placeholder(now)
    try:
        if jobs:
            credentials.rehearse(*(session_edit(job.targets, blank, catalog) for job in jobs))
    except EnceeError as error:
        one_by_one = len(jobs) > 1 and not isinstance(error, FileBusyError)
        for job in jobs:
            yield from preflight_write([job], credentials, catalog, now) if one_by_one else [(job, error)]


def carry_region(targets: Sequence[Target], files: AwsFiles) -> None:
    """Copy region and output of source profiles to session profiles.

    They go to the config file: a value in the credentials file would override `aws configure set region`.

    Raises:
        FileRefusedError: One of the files was refused, and nothing was written.
    """
    view = files.credentials.read_document().view
    catalog = Catalog(view, files.config.read_document().view)
    if any(_missing_region(target, catalog) for target in targets):
        files.config.edit(*(_region_edit(target, view) for target in targets))


def _region_edit(target: Target, credentials: View) -> Edit:
    """The change of the config file that gives a session profile what it lacks."""

    def edit(document: Document) -> None:
        if missing := _missing_region(target, Catalog(credentials, document.view)):
            document.set_options(target.session_profile, missing)

    return edit


def _missing_region(target: Target, catalog: Catalog) -> dict[str, str]:
    """Return the region and output that a session profile lacks, with a mark."""
    inherited, own = catalog.options(target.profile), catalog.options(target.session_profile)
    missing = {
        key: value
        for key in ("region", "output")
        if key not in own and PORTABLE_VALUE.fullmatch(value := inherited.get(key, ""))
    }
    if missing and target.session_profile not in catalog.config:
        missing["encee_source"] = quote_profile(target.profile)
    return missing


def placeholder(now: datetime) -> Session:
    """Make a session of the usual size, to rehearse the write with."""
    return Session("ASIA" + "X" * 16, "x" * 40, "x" * 1024, now)
