"""A stolen long-term key of a user who has a device never ends in a session with MFA.

AWS has this rule since 2023 (AWS-2023-001); it decides which credentials `encee device` uses. The attacker has the
key, knows every name and serial number, can create devices, and may send the requests in any order; they lack only
the seed of the user's device.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings, strategies as st

from encee.aws.policies.templates import build_policy
from tests.fake_aws_tests.clients import Clients, Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

    from tests.fake_aws import FakeAws, FakeDevice, FakeKey, FakeUser

Policies = tuple["Mapping[str, Any]", ...]

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ACCOUNTS: dict[str, Policies] = {
    "where nothing is denied": (),
    "under mfa-required": (ALLOW, build_policy("mfa-required")),
}
"""The policies of the user, by the kind of account."""

NAMES = ("phone", "mine")
CHANGES = ("create", "enable", "deactivate", "delete")
VERBS = (*CHANGES, *CHANGES, *CHANGES, "resync", "list", "get", "log in", "log in without MFA")


@dataclass(frozen=True)
class Step:
    """A step of the attacker: a request with the key or its session, about a device, for a user."""

    verb: str
    name: str
    user: str | None
    with_session: bool


steps = st.builds(
    Step, st.sampled_from(VERBS), st.sampled_from(NAMES), st.sampled_from(["jane", None, "bob"]), st.booleans()
)


@dataclass
class Attacker:
    """An attacker who has the key of a user."""

    aws: FakeAws
    clients: Clients
    user: FakeUser
    seeds: dict[str, str] = field(default_factory=dict)
    session: Credentials | None = None
    _made: dict[str, tuple[IAMClient, STSClient]] = field(default_factory=dict)

    def serial(self, name: str) -> str:
        return f"arn:aws:iam::{self.aws.account_id}:mfa/{name}"

    def code(self, name: str) -> str:
        """Return the next code of a device whose seed the attacker has, or a guess."""
        return device.next_code() if (device := self._owned(name)) else "123456"

    def _owned(self, name: str) -> FakeDevice | None:
        serial = self.serial(name)
        found = (device for device in self.aws.virtual_devices() if device.serial == serial)
        return next((device for device in found if device.seed == self.seeds.get(serial)), None)

    def _signing(self, signer: FakeKey | Credentials) -> tuple[IAMClient, STSClient]:
        if signer.id not in self._made:
            self._made[signer.id] = self.clients.iam(signer), self.clients.sts(signer)
        return self._made[signer.id]

    def try_step(self, step: Step) -> None:
        """Do one step, and continue if AWS refuses it."""
        with suppress(ClientError):
            self._do(step)

    def _do(self, step: Step) -> None:
        iam, sts = self._signing(self.session if step.with_session and self.session else self.user.access_key)
        serial: dict[str, Any] = {"SerialNumber": self.serial(step.name)}
        who: dict[str, Any] = {"UserName": step.user} if step.user else {}
        proof = {name: self.code(step.name) for name in ("AuthenticationCode1", "AuthenticationCode2")}
        match step.verb:
            case "create":
                made = iam.create_virtual_mfa_device(VirtualMFADeviceName=step.name)["VirtualMFADevice"]
                self.seeds[made["SerialNumber"]] = made["Base32StringSeed"].decode()
            case "enable":
                iam.enable_mfa_device(**{"UserName": "jane", **who}, **serial, **proof)
            case "resync":
                iam.resync_mfa_device(**{"UserName": "jane", **who}, **serial, **proof)
            case "deactivate":
                iam.deactivate_mfa_device(**who, **serial)
            case "delete":
                iam.delete_virtual_mfa_device(**serial)
            case "list":
                iam.list_mfa_devices(**who)
            case "get":
                iam.get_mfa_device(**who, **serial)
            case "log in":
                sts.get_session_token(**serial, TokenCode=self.code(step.name))
            case _:
                self.session = Credentials.of(sts.get_session_token()["Credentials"])


def attack(aws: FakeAws, policies: Policies, tried: Sequence[Step]) -> FakeDevice:
    """Run the steps and then try a login with each device; return the user's own device."""
    aws.reset()
    user = aws.create_user("jane")
    aws.create_user("bob")
    device = user.create_device("phone")
    aws.enforce_policies = bool(policies)
    for number, policy in enumerate(policies):
        user.put_policy(f"policy-{number}", policy)
    clients = Clients(aws.url)
    with clients.stack:
        attacker = Attacker(aws, clients, user)
        for step in tried:
            attacker.try_step(step)
        for name in NAMES:
            attacker.try_step(Step("log in", name, None, with_session=False))
    assert [one.serial for one in user.devices] == [device.serial]
    return device


@pytest.mark.slow
@pytest.mark.parametrize("policies", ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_stolen_key_of_a_user_with_a_device_gets_no_mfa_session(served_aws: FakeAws, policies: Policies) -> None:
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(steps, min_size=3, max_size=12))
    def property_(tried: list[Step]) -> None:
        attack(served_aws, policies, tried)
        assert served_aws.mfa_sessions() == 0

    property_()


# Attacks on known weaknesses of other tools and policies.
PLANS = {
    "adds a device": ("create", "enable"),
    "swaps the device": ("deactivate", "delete", "create", "enable"),
    "takes over the name": ("delete", "create"),
    "goes around by a session": ("log in without MFA", "create", "deactivate", "enable"),
    "resynchronizes": ("create", "resync"),
}


@pytest.mark.slow
@pytest.mark.parametrize("policies", ACCOUNTS.values(), ids=ACCOUNTS)
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("name", ["phone", "mine"])
@pytest.mark.parametrize("user", ["jane", None])
def test_no_plan_of_an_attacker_works(
    served_aws: FakeAws, policies: Policies, plan: tuple[str, ...], name: str, user: str | None
) -> None:
    attack(served_aws, policies, [Step(verb, name, user, with_session=True) for verb in plan])
    assert served_aws.mfa_sessions() == 0


@pytest.mark.slow
def test_the_same_plan_works_against_a_user_without_a_device(served_aws: FakeAws) -> None:
    """Show that the tests above can fail: without a device, an attacker can enroll one and log in with it."""
    served_aws.reset()
    clients = Clients(served_aws.url)
    with clients.stack:
        attacker = Attacker(served_aws, clients, served_aws.create_user("jane"))
        for verb in (*PLANS["adds a device"], "log in"):
            attacker.try_step(Step(verb, "mine", "jane", with_session=False))
    assert served_aws.mfa_sessions() == 1
