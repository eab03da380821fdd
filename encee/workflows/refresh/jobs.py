"""The jobs of a refresh, and its outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from encee.aws.signer import Signer
from encee.errors import EnceeError
from encee.model import Role, Session


class Target(NamedTuple):
    """A profile, and the session profile that its session is written to."""

    profile: str
    session_profile: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A profile has a fresh session, which ends at `expiration`, UTC."""

    profile: str
    session_profile: str
    expiration: datetime


@dataclass(frozen=True, slots=True)
class StillValid:
    """A profile's session is still valid; encee sent no request and wrote nothing."""

    profile: str
    session_profile: str
    expiration: datetime


class Failed(NamedTuple):
    """A profile without a fresh session, and the reason."""

    profile: str
    session_profile: str | None
    error: EnceeError


Outcome = Refreshed | StillValid | Failed


class RunOptions(NamedTuple):
    """How a refresh runs.

    Args:
        carry_region: Whether region and output go to the session profile's config section.
        save_device: Whether a device that was found is saved as `mfa_serial`.
        write: Whether anything is written; else the sessions are only returned.
        force: Whether a session is replaced that is as good as a new one.
        ask_in_turn: Whether to prompt for the code of a key only while no other process does.
    """

    carry_region: bool = True
    save_device: bool = True
    write: bool = True
    force: bool = False
    ask_in_turn: bool = False


class CodeJob(NamedTuple):
    """A request that needs a code: for the session of a key, or for a role.

    Args:
        targets: Whose session it gets; all of them have the same key.
        signer: Who signs; holds long-term credentials.
        serial: The serial number of the device that shows the code; None where it has to be found.
        duration: For how long the session is asked.
        role: The role to assume, or None for the session of the key itself.
        command: The command that prints the code, or None.
        has_seed: Whether the keyring has the seed that the device makes its codes from.
        asked_for: Whether the command line names it; else only roles need it, and a valid session is good enough.
        notes: What a person should know about the settings.
        optional: Whether the profile is left out where its device cannot be found; else that is a failure.
        device_name: The name of the device that has to be found; None for any of the user's.
    """

    targets: tuple[Target, ...]
    signer: Signer
    serial: str | None
    duration: timedelta
    role: Role | None = None
    command: str | None = None
    has_seed: bool = False
    asked_for: bool = True
    notes: tuple[str, ...] = ()
    optional: bool = False
    device_name: str | None = None

    @property
    def label(self) -> str:
        """Its profiles, for people."""
        return ", ".join(target.profile for target in self.targets)


class RoleJob(NamedTuple):
    """A role that is assumed with a session.

    Args:
        target: The role profile.
        role: The role.
        session_of: The target whose session signs the request.
        signer: Who signs, once that session is there.
        asked_for: Whether the command line names it; else only another role needs it.
        notes: What a person should know about the settings.
    """

    target: Target
    role: Role
    session_of: Target
    signer: Signer
    asked_for: bool = True
    notes: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        """The one target."""
        return (self.target,)

    @property
    def duration(self) -> timedelta:
        """For how long the role is asked."""
        return self.role.duration

    @property
    def label(self) -> str:
        """Its profile, for people."""
        return self.target.profile

    def signed_with(self, session: Session) -> Signer:
        """Who signs, with that session."""
        return self.signer._replace(key=session, source_profile=self.session_of.profile)


Job = CodeJob | RoleJob


class Keep(NamedTuple):
    """Which sessions of the named profiles a refresh keeps; by default none.

    Args:
        lasting: Those that last at least this long.
        unless_expiring: Those that are not expiring, as `encee status` shows them.
        no_longer: Of these, only those that end no later than a new one would.
    """

    lasting: timedelta | None = None
    unless_expiring: bool = False
    no_longer: bool = False


@dataclass(eq=False)
class Plan:
    """What a refresh has to do.

    Args:
        codes: The requests that need a code.
        roles: The roles that a session assumes, each after the role that it needs.
        failures: What cannot be done, and why.
        order: The profiles in the order of the command line.
        left_out: What a run over all profiles leaves out, and why; failures where nothing else is to be done.
    """

    codes: list[CodeJob] = field(default_factory=list)
    roles: list[RoleJob] = field(default_factory=list)
    failures: list[Failed] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    left_out: list[Failed] = field(default_factory=list)

    def position(self, profile: str) -> int:
        """Return the position of a profile; one that only roles need comes last."""
        return self.order.index(profile) if profile in self.order else len(self.order)

    @property
    def jobs(self) -> list[Job]:
        """All jobs, codes before the roles that need them."""
        return [*self.codes, *self.roles]


class RefreshResult(NamedTuple):
    """What a refresh did.

    Args:
        outcomes: What became of each profile, in the order of the command line.
        sessions: The sessions that this run got.
        jobs: What a dry run would do.
        error: What ended the run before its end, or None.
    """

    outcomes: Sequence[Outcome] = ()
    sessions: Mapping[Target, Session] = MappingProxyType({})
    jobs: Sequence[Job] = ()
    error: EnceeError | None = None
