"""A key that was indented by mistake belongs to the setting above it; no message may quote it with that."""

import pytest

from tests.conftest import Encee, Home
from tests.fake_aws import FakeAws

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
ARN = "arn:aws:iam::123456789012:mfa/phone"

OF_A_PROFILE = {
    "mfa_serial": ARN,
    "aws_mfa_device": ARN,
    "region": "eu-west-1",
    "output": "json",
    "encee_duration": "1h",
    "encee_session_profile": "work",
    "mfa_process": "true",
    "ca_bundle": "/etc/ca.pem",
    "endpoint_url": "http://127.0.0.1:1",
    "services": "mine",
    "s3": "",
}
OF_A_ROLE = {
    "role_arn": "arn:aws:iam::123456789012:role/x",
    "source_profile": "dev",
    "duration_seconds": "900",
    "role_session_name": "me",
    "external_id": "1",
    "mfa_serial": ARN,
    "region": "eu-west-1",
}
OF_A_SESSION = {
    "manager": "encee",
    "encee_source": "dev",
    "expiration": "2026-11-22T17:00:00Z",
    "aws_session_token": "t",
}
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("status", "--check", "dev"),
    ("refresh", "dev", "--dry-run"),
    ("refresh", "dev", "admin", "-c", "123456"),
    ("refresh", "admin", "--dry-run"),
    ("env", "dev"),
    ("exec", "dev", "--no-refresh", "--", "true"),
    ("process", "dev"),
    ("clear", "dev"),
    ("clear", "--all"),
    ("doctor", "dev"),
    ("doctor", "--json"),
    ("import", "legacy", "--dry-run"),
)


@pytest.mark.parametrize(
    ("where", "name"),
    [*(("profile", name) for name in OF_A_PROFILE), *(("role", name) for name in OF_A_ROLE)]
    + [("session", name) for name in OF_A_SESSION],
)
def test_what_is_indented_under_a_setting_is_never_shown(
    encee: Encee, home: Home, aws: FakeAws, where: str, name: str
) -> None:
    settings = {
        "profile": {"mfa_serial": ARN},
        "role": OF_A_ROLE,
        "session": {"aws_access_key_id": "ASIAX", **OF_A_SESSION},
    }
    if where == "profile":
        settings["profile"] = {"mfa_serial": ARN, name: OF_A_PROFILE[name]}
    lines = {
        of: "".join(
            f"{key} = {value}\n" + f"  aws_secret_access_key = {SECRET}\n" * ((of, key) == (where, name))
            for key, value in options.items()
        )
        for of, options in settings.items()
    }
    (home.path / ".encee").mkdir()
    (home.path / ".encee" / "config").write_text(ARN)
    config = f"[profile dev]\n{lines['profile']}[profile admin]\n{lines['role']}"
    for command in COMMANDS:
        home.write(f"[dev]\n{KEYS}[dev-mfa]\n{lines['session']}", config)
        result = encee(*command)
        assert SECRET not in result.out + result.err, command
    assert all(SECRET not in str(call.params) for call in aws.journal)
