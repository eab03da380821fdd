"""Messages for profiles that sign in without keys, and for files that cannot be read."""

import json

import pytest

from tests.conftest import Encee, Home

ROLE = "role_arn = arn:aws:iam::123456789012:role/x"
SSO = "IAM Identity Center (SSO)"
ONE = "aws sts get-caller-identity --profile one"
WAYS = [
    ("sso_session = corp", "sso", SSO, "aws sso login --profile one"),
    ("sso_start_url = https://x\nsso_region = eu-west-1", "sso", SSO, "aws sso login --profile one"),
    ("login_session = arn:aws:iam::123456789012:user/x", "login", "aws login", "aws login --profile one"),
    ("credential_process = /bin/x", "credential-process", "a command (credential_process)", ONE),
    (f"{ROLE}\nweb_identity_token_file = /x", "web-identity", "a web identity token", ONE),
    (f"{ROLE}\ncredential_source = Environment", "credential-source", "the credentials of the machine", ONE),
]


@pytest.mark.parametrize(("options", "kind", "what", "command"), WAYS)
def test_names_how_a_profile_signs_in(
    encee: Encee, home: Home, options: str, kind: str, what: str, command: str
) -> None:
    home.write("", f"[profile one]\n{options}\n")
    status = encee("status")
    assert (status.code, status.out) == (0, "")
    assert f"there is no profile to refresh: one signs in with {what}" in status.err
    assert status.err.endswith(f"  {command}\n")
    listed = json.loads(encee("status", "--json").out)
    assert listed["other_profiles"] == [{"profile": "one", "signs_in_with": kind}]
    for words in ("refresh", "refresh one", "env one", "device list one", "keys rotate one", "exec one true"):
        result = encee(*words.split())
        assert result.code == 2, result.err
        assert f"one signs in with {what}" in result.err
        assert result.err.endswith(f"encee: hint: {command}\n")
    checks = {check["id"]: check for check in json.loads(encee("doctor", "--json").out)["checks"]}
    assert checks["long-term-keys"]["state"] == "warning"
    assert (what in checks["long-term-keys"]["message"], checks["long-term-keys"]["remedy"]) == (True, command)


def test_a_role_with_such_a_source_names_the_source(encee: Encee, home: Home) -> None:
    home.write("", f"[profile one]\nsso_session = corp\n[profile r]\n{ROLE}\nsource_profile = one\n")
    result = encee("refresh", "r")
    assert (result.code, result.err.splitlines()) == (
        2,
        [
            f"encee: error: r is a role of one, which signs in with {SSO}, not with long-term keys",
            "encee: hint: aws sso login --profile one",
        ],
    )


def test_lists_several_profiles_by_how_they_sign_in(encee: Encee, home: Home) -> None:
    several = "".join(f"[profile s{number}]\nsso_session = corp\n" for number in range(7))
    home.write("[theirs]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n", several)
    result = encee("refresh")
    assert result.code == 2
    assert result.err.splitlines()[0] == (
        "encee: error: there is no profile to refresh; without long-term keys: theirs; "
        f"signing in with {SSO}: s0, s1, s2, s3, s4 and 2 more"
    )


def test_such_profiles_beside_one_with_keys_are_no_error(encee: Encee, home: Home) -> None:
    keys = "[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = " + "s" * 40
    home.write(keys, f"[profile one]\nsso_session = corp\n[profile r]\n{ROLE}\nsource_profile = one\n")
    assert encee("status").err == ""
    found = json.loads(encee("doctor", "--json").out)["checks"]
    assert [check["id"] for check in found if check["state"] != "ok"] == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("[dev]\nregion = x\n".encode("utf-16"), "line 1 holds UTF-16, as PowerShell and Notepad write it"),
        (b"[dev]\n[dev]\n", "line 2 holds a section for the second time"),
        (b"\xef\xbb\xbf[dev]\n", "line 1 holds a byte-order mark"),
        (b"[dev]\nregion = \xff\n", "line 2 holds bytes that are not UTF-8"),
    ],
)
@pytest.mark.parametrize("is_config", [False, True])
def test_a_file_that_cannot_be_read_is_an_error(
    encee: Encee, home: Home, data: bytes, says: str, *, is_config: bool
) -> None:
    home.write(*((b"", data) if is_config else (data, b"")))
    error = f"encee: error: ~/.aws/{'config' if is_config else 'credentials'}: {says}\nencee: hint: "
    for words in ("status", "status dev", "refresh", "env dev", "clear --all"):
        result = encee(*words.split())
        assert result.code == 5, words
        assert result.err.startswith(error), words
    told = json.loads(encee("status", "--json").out)
    assert (says in told["error"]["message"], told["error"]["exit_code"]) == (True, 5)


@pytest.mark.parametrize("broken", ["nonsense\n", "folder"])
def test_doctor_claims_nothing_about_an_unreadable_profile(encee: Encee, home: Home, broken: str) -> None:
    home.write("[dev]\n" + broken)
    if broken == "folder":
        home.credentials.unlink()
        home.credentials.mkdir()
    states = {check["id"]: check["state"] for check in json.loads(encee("doctor", "--json").out)["checks"]}
    could_be_opened = broken != "folder"
    fine = {check for check, state in states.items() if state == "ok"}
    assert fine == {"file-variables", "one-file", "lock-files", "leftover-files", "environment-keys"} | (
        {"readable", "writable", "byte-order-mark"} if could_be_opened else set()
    )
    assert {check for check, state in states.items() if state == "error"} == (
        {"syntax"} if could_be_opened else {"readable"}
    )
