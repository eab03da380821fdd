"""iam-simulate and the stand-in's evaluator decide alike on generated policies and requests.

It is a package of npm, written by others: https://github.com/cloud-copilot/iam-simulate.
"""

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import Phase, given, settings

from tests.aws.policies.generated_policies import EPOCH, SEVERAL_VALUES, USER, Case, cases
from tests.awsfile.test_document_properties import EXAMPLES
from tests.fake_aws import policy_evaluator
from tests.fake_aws.policy_evaluator import Effect

ROOT = Path(__file__).parents[3]
VERSION = "0.1.173"
SIMULATE = """
import { readFileSync } from 'node:fs'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'
const results = []
for (const simulation of JSON.parse(readFileSync(0, 'utf8'))) {
  const trust = simulation.resourcePolicy
  results.push(trust ? (await runSimulation(simulation, {})).overallResult : runUnsafeSimulation(simulation, {}))
}
console.log(JSON.stringify(results))
"""
NEGATED = re.compile("(?:String|Arn)Not")
RESULTS = {
    "Allowed": Effect.ALLOW,
    "ExplicitlyDenied": Effect.EXPLICIT_DENY,
    "ImplicitlyDenied": Effect.IMPLICIT_DENY,
}


@pytest.fixture(scope="session")
def simulator() -> Path:
    """A program that answers simulations; npm installs what it needs into a folder that `make clean` removes."""
    folder = ROOT / f".venv-iam-simulate-{VERSION}"
    folder.mkdir(exist_ok=True)
    program = folder / "simulate.mjs"
    with FileLock(folder / "lock"):
        if not program.exists():
            package = f"@cloud-copilot/iam-simulate@{VERSION}"
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package]
            subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=300)
            program.write_text(SIMULATE)
    return program


def simulated(program: Path, simulations: list[dict[str, Any]]) -> list[Effect]:
    done = subprocess.run(
        ["node", str(program)], input=json.dumps(simulations), capture_output=True, text=True, check=True, timeout=600
    )
    return [RESULTS[result] for result in json.loads(done.stdout)]


def simulation_of(case: Case) -> dict[str, Any]:
    """Return a case as iam-simulate takes it: a key with several values as a list, any other as a text."""
    keys = {key: values if key in SEVERAL_VALUES.keys else values[0] for key, values in case.context.items()}
    whole: dict[str, Any] = {
        "request": {
            "principal": USER,
            "action": case.action,
            "resource": {"resource": case.resource, "accountId": "123456789012"},
            "contextVariables": keys,
        },
        "identityPolicies": [{"name": str(number), "policy": one} for number, one in enumerate(case.identity)],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if case.boundary:
        whole["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": case.boundary}]
    return whole


def differs_from_documentation(case: Case) -> bool:
    """Report whether a case is of a kind in which iam-simulate differs from AWS's documentation, or reads it otherwise.

    The test below lists the kinds.
    """
    text = json.dumps([case.identity, case.boundary])
    return (
        case.resource == "*"
        or ("2008-10-17" in text and "${" in text)
        or ("NotResource" in text and "${" in text)
        or (NEGATED.search(text) and "${aws:username}" in text and "aws:username" not in case.context)
        or ("Equals" in text and "${*}" in text)
        or ("NotIpAddress" in text and any(":" in address for address in case.context.get("aws:SourceIp", [])))
        or ("ForAnyValue:" in text and "IfExists" in text)
        or "" in case.context.get("aws:TagKeys", [])
        or "0.0.0.0/0" in text
        or EPOCH in text
    )


def generated(count: int) -> list[Case]:
    """Return some of the generated cases; they are compared all at once because node starts slowly."""
    found: list[Case] = []

    @settings(deadline=None, max_examples=count, database=None, phases=[Phase.generate])
    @given(cases | cases.map(lambda case: case._replace(boundary=None)))
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


@pytest.mark.slow
@pytest.mark.needs("node", "npm")
def test_iam_simulate_decides_as_documented(simulator: Path) -> None:
    """iam-simulate decides as the stand-in's evaluator, except for these kinds of cases.

    Pages are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/.

    - The resource of a request is "*": there it asks about all resources, here an action that takes none.
    - A variable in a policy of an older version: it replaces it; for AWS it is "treated as literal strings"
      (reference_policies_variables).
    - A variable with no value in `NotResource`: for it the statement does not apply. AWS says that such a value "will
      not match any resource" (the same page), so the stand-in's applies; encee answers that it does not know.
    - A variable with no value under a negated operator such as `StringNotEquals`: for it the condition is false. AWS
      says only that it "might cause the entire statement to be invalid" (the same page); encee answers that it does
      not know.
    - `${*}` under an operator without wildcards, such as `StringEquals`: it compares a backslash and `*`. AWS: "use
      where you need an * (asterisk) character" (the same page).
    - `ForAnyValue` with `IfExists` and without the key: for it false. AWS: "If the key is not present, evaluate the
      condition element as true" (reference_policies_elements_condition_operators).
    - An empty text among several values: it compares it. AWS calls it a null dataset, for which `ForAllValues` is true
      and `ForAnyValue` false (reference_policies_condition-single-vs-multi-valued-context-keys).
    - An IPv6 address under `NotIpAddress` with an IPv4 range: for it the condition is false. AWS: "All IP addresses
      except the specified IP addresses or ranges" (reference_policies_elements_condition_operators).
    - The range 0.0.0.0/0: for it no address is inside. AWS takes any range "in the standard CIDR format".
    - A date in seconds since 1970: it misreads it. AWS allows it: "or in epoch (UNIX) time" (Date condition operators).
    """
    compared = [case for case in generated(max(EXAMPLES // 5, 1)) if not differs_from_documentation(case)]
    effects = simulated(simulator, [simulation_of(case) for case in compared])
    different = [
        (case, effect)
        for case, effect in zip(compared, effects, strict=True)
        if case.documented_effect() not in {None, effect}
    ]
    assert not different, min(different, key=lambda pair: len(json.dumps(pair[0])))


ROLE = "arn:aws:iam::123456789012:role/reader"
SESSION = "arn:aws:sts::123456789012:assumed-role/first/me"
STRANGER = "arn:aws:iam::210987654321:user/eve"
PRINCIPALS = [
    "*",
    {"AWS": "*"},
    *({"AWS": name} for name in (USER, SESSION, STRANGER, "123456789012", "arn:aws:iam::123456789012:root")),
    {"AWS": "arn:aws:iam::210987654321:root"},
    {"AWS": "arn:aws:iam::123456789012:role/first"},
    {"AWS": [USER, "210987654321"]},
    {"Service": "ec2.amazonaws.com"},
]


@pytest.mark.needs("node", "npm")
def test_iam_simulate_decides_on_trust_policies_as_documented(simulator: Path) -> None:
    def policy(*statements: dict[str, Any]) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": [*statements]}

    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    own_policies = [[], [policy(allow)], [policy(allow, {**allow, "Effect": "Deny", "Action": "sts:*"})]]
    boundaries = [None, policy({**allow, "Action": "s3:*"}), policy(allow)]
    trusts = [policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": one}) for one in PRINCIPALS]
    everyone = {"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": [USER, SESSION, STRANGER]}}
    trusts += [policy(everyone, {**trust["Statement"][0], "Effect": "Deny"}) for trust in trusts]
    expected, simulations = [], []
    for who, trust, own, boundary in itertools.product([USER, SESSION, STRANGER], trusts, own_policies, boundaries):
        request = policy_evaluator.Request(who, "AIDAEXAMPLE", "sts:AssumeRole", ROLE, {})
        expected.append(policy_evaluator.evaluate_trust(request, trust, own, [boundary] if boundary else None).effect)
        simulation = simulation_of(Case(own, boundary, "sts:AssumeRole", ROLE, {}))
        simulation["request"]["principal"] = who
        simulations.append({**simulation, "resourcePolicy": trust})
    effects = simulated(simulator, simulations)
    different = [each for each in zip(simulations, expected, effects, strict=True) if each[1] is not each[2]]
    assert not different, different[0]
