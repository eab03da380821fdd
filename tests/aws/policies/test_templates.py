"""The four policies that encee provides: their content, and limits of AWS that they keep."""

import json
import re
from typing import Any

import pytest

from encee.aws.policies.templates import POLICIES, SIZE_LIMIT, build_policy, size_of
from encee.errors import UsageError
from tests.conftest import ROOT

OFFICE = ("203.0.113.0/24", "2001:db8::/32")


def build(name: str, partition: str = "aws") -> dict[str, Any]:
    return build_policy(name, partition=partition, allow_cidrs=OFFICE if name == "ip-restriction" else ())


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"])
@pytest.mark.parametrize("name", POLICIES)
def test_each_policy_keeps_the_limits_of_aws_in_each_partition(name: str, partition: str) -> None:
    policy = build(name, partition)
    text = json.dumps(policy)
    assert "AWS::" not in text
    assert {*re.findall(r"arn:([^:]*):", text)} <= {partition}
    assert size_of(policy) <= SIZE_LIMIT
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len({*sids}) == len(sids)
    assert all(re.fullmatch(r"[A-Za-z0-9]{8,}", sid) for sid in sids)


def test_the_size_excludes_white_space() -> None:
    assert size_of({"a": "b c", "d": ["ü"]}) == len('{"a":"bc","d":["ü"]}')


def test_networks_are_normalized() -> None:
    policy = build_policy("ip-restriction", allow_cidrs=["203.0.113.7", "2001:DB8::/32", "203.0.113.7/32"])
    condition = policy["Statement"][0]["Condition"]
    assert condition["NotIpAddress"] == {"aws:SourceIp": ["203.0.113.7/32", "2001:db8::/32"]}


@pytest.mark.parametrize(
    ("cidrs", "message"),
    [
        ([], "needs the networks"),
        (["office"], "office is neither a network nor an address"),
        (["203.0.113.0/255.255.255.0"], "is neither a network"),
        (["203.0.113.7/24"], "203.0.113.7/24 is an address inside a network"),
        (["0.0.0.0/0"], "0.0.0.0/0 is every address"),
        (["0.0.0.0/1", "203.0.113.0/24", "128.0.0.0/1"], "together are every address"),
        (["203.0.113.0/24", "::/0"], "together are every address"),
        ([f"203.0.{n}.0/24" for n in range(250)] + [f"198.51.{n}.0/24" for n in range(120)], "characters"),
    ],
)
def test_networks_that_restrict_nothing_are_refused(cidrs: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build_policy("ip-restriction", allow_cidrs=cidrs)
    assert caught.value.hint


def test_options_of_other_policies_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown policy nope"):
        build_policy("nope")
    with pytest.raises(UsageError, match="invalid partition AWS"):
        build_policy("force-mfa", partition="AWS")
    with pytest.raises(UsageError, match="does not take addresses"):
        build_policy("mfa-required", allow_cidrs=OFFICE)
    with pytest.raises(UsageError, match="does not take a password change"):
        build_policy("force-mfa", allow_password_change=True)


def test_a_password_change_is_allowed_and_exempted_on_request() -> None:
    without, with_it = build_policy("mfa-required"), build_policy("mfa-required", allow_password_change=True)
    added = [statement for statement in with_it["Statement"] if statement not in without["Statement"]]
    assert [statement["Sid"] for statement in added] == [
        "AllowReadingPasswordPolicy",
        "AllowChangingOwnPassword",
        "DenyAllButEnrollingWithoutMFA",
    ]
    assert added[-1]["NotAction"][-2:] == ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]


@pytest.mark.parametrize("name", POLICIES)
def test_the_documentation_explains_each_statement(name: str) -> None:
    text = (ROOT / "docs" / "policies.md").read_text()
    assert f"\n## {name}\n" in text
    for statement in build(name)["Statement"]:
        assert f"`{statement['Sid']}`" in text
