"""docs/json.md has the fields that the commands print."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT, Encee, Home, Person, section
from tests.fake_aws import FakeAws

PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
CSV = "Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
        }
    ],
}
OPAQUE = ("error", "set", "statement", "steps[].arguments", "profiles[].error", "faults[]")
"""Objects whose own fields the page describes in words or elsewhere."""

COMMANDS = {
    "refresh": ["refresh dev --code CODE", "refresh dev --dry-run"],
    "status": ["status"],
    "clear": ["clear dev"],
    "device": ["device list dev", "device save dev phone", "device remove dev tablet --yes", "device forget dev"],
    "keys": ["keys list dev", "keys rotate dev --dry-run", "keys rotate dev --yes"],
    "account": [
        "account audit --profile admin",
        "account setup --profile admin --yes",
        "account teardown --profile admin --yes",
    ],
    "policy": [
        "policy list",
        "policy lint policy.json",
        "policy simulate policy.json --action s3:ListAllMyBuckets --mfa",
    ],
    "import": ["import csv keys.csv --profile new"],
    "doctor": ["doctor dev"],
    "env": ["env dev --shell json"],
}


def documented(command: str) -> set[str]:
    """The fields in the tables of a command's chapter."""
    chapter = PAGE.partition(f"## encee {command}")[2].partition("\n## ")[0]
    cells = [cell for row in re.findall(r"^\|(.*)\|[^|]*\|$", chapter, re.MULTILINE) for cell in row.split("|")[-1:]]
    return set(re.findall(r"`([a-z_.\[\]]+)`", " ".join(cells)))


def fields(value: object, path: str = "") -> Iterator[str]:
    """The paths of the fields of an object, such as `keys[].id`."""
    if path in OPAQUE or not isinstance(value, dict | list) or (path and not value):
        yield path
    elif isinstance(value, list):
        for element in value:
            yield from fields(element, f"{path}[]")
    else:
        for name, inner in value.items():
            if name != "encee_format":
                yield from fields(inner, f"{path}.{name}".lstrip("."))


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_has_every_field_that_a_command_prints(
    command: str, encee: Encee, home: Home, aws: FakeAws, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = aws.create_user("boss")
    phone = boss.create_device("boss")
    person.user.create_device("tablet")
    home.write(person.section() + section(boss.access_key, "admin", phone.serial), "[profile sso]\nsso_session = x\n")
    monkeypatch.chdir(home.path)
    (home.path / "policy.json").write_text(json.dumps(POLICY), encoding="utf-8")
    (home.path / "keys.csv").write_text(CSV, encoding="utf-8")
    assert encee("refresh", "admin", "-c", phone.next_code()).code == 0
    if command != "refresh":
        assert encee("refresh", "dev", "-c", person.device.next_code()).code == 0
    for line in COMMANDS[command]:
        words = line.replace("CODE", person.device.next_code()).split()
        result = encee(*words, *([] if command == "env" else ["--json"]))
        printed = {path.removesuffix("[]") for path in fields(json.loads(result.out))}
        known = {path for path in printed for field in documented(command) if f"{field}[".startswith(f"{path}[")}
        assert printed - known == set(), (line, result.err)


def test_every_field_on_the_page_is_in_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("encee/**/*.py"))
    names = {name.rpartition(".")[2].removesuffix("[]") for command in COMMANDS for name in documented(command)}
    assert {name for name in names if not re.search(rf'"{name}"|^    {name}: ', code, re.MULTILINE)} == set()
