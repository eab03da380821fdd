"""`encee doctor` without a request: each fault alone, its message, and that its remedy fixes it."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import pytest

from encee.workflows.online_checks import OFFLINE_CHECKS, ONLINE_CHECKS
from tests.cli.commands.test_doctor_online import ONLINE_FAULTS
from tests.conftest import ENCEE, NO_PRIVILEGES, ROOT, Encee, Home, Person, Result

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ARN = "arn:aws:iam::123456789012:mfa/phone"
KEYS = f"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n"
DEV = f"# mine\n[dev]\n{KEYS}"
SESSION = (
    "[dev-mfa]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = s3cret\naws_session_token = t0ken\n"
    "expiration = 2020-01-01T00:00:00Z\nmanager = encee\nencee_source = dev\n"
)
CONFIG = f"[default]\noutput = json\n[profile dev]\nregion = eu-west-1\nmfa_serial = {ARN}\n"
ROLE = "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\n"
HEALTHY = CONFIG + (
    f"[profile dev-mfa]\nregion = eu-west-1\n{ROLE}source_profile = dev-mfa\n"
    "[sso-session corp]\nsso_region = eu-west-1\n[services mine]\ns3 =\n  endpoint_url = https://localhost\n[plugins]\n"
)


def found_checks(result: Result) -> list[tuple[str, str]]:
    """Return the checks with findings, each with its state."""
    checks = json.loads(result.out)["checks"]
    return [(check["id"], check["state"]) for check in checks if check["state"] not in {"ok", "unknown"}]


def do_nothing(_home: Home) -> None:
    """Change nothing."""


class Fault(NamedTuple):
    """A setup with one fault."""

    check: str
    state: str
    says: str
    credentials: str | bytes = DEV
    config: str | bytes = CONFIG
    environ: tuple[tuple[str, str], ...] = ()
    prepare: Callable[[Home], None] = do_nothing
    changes: Collection[str] = ()
    """The profiles and options that AWS tools read differently after the fix."""
    by_hand: Callable[[Home], None] | None = None
    """Follows the remedy, if it is not a step or command that tests can follow."""
    also: tuple[tuple[str, str], ...] = ()
    """The findings that follow from this one."""

    def with_key(self, key_id: str, secret: str) -> "Fault":
        """Write the files with a key that AWS knows."""

        def real(content: str | bytes) -> str | bytes:
            for example, value in (("AKIAIOSFODNN7EXAMPLE", key_id), (SECRET, secret)):
                old, new = (example, value) if isinstance(content, str) else (example.encode(), value.encode())
                content = content.replace(old, new)  # type: ignore[arg-type]  # both of one kind
            return content

        return self._replace(credentials=real(self.credentials), config=real(self.config))


def endpoint_is_encrypted(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace("http://", "https://"))


def config_is_a_link(home: Home) -> None:
    home.config.unlink()
    home.config.symlink_to("credentials")


def folder_as_credentials(home: Home) -> None:
    home.credentials.unlink()
    home.credentials.mkdir()


def other_source(home: Home) -> None:
    home.config.write_text(f"{CONFIG}{ROLE}source_profile = dev-mfa\n")


def file_as_credentials(home: Home) -> None:
    home.credentials.rmdir()
    home.write(DEV)


def mode(of: Callable[[Home], Path], bits: int) -> Callable[[Home], None]:
    return lambda home: of(home).chmod(bits)


def linked_into_an_open_folder(home: Home) -> None:
    folder = home.path / "dot files"
    folder.mkdir()
    home.config.rename(folder / "config")
    home.config.symlink_to(folder / "config")
    folder.chmod(0o777)


def leftover(home: Home) -> None:
    for name in (".credentials.encee-one.tmp", ".config.encee-it's.tmp"):
        file = home.credentials.with_name(name)
        file.write_text(SECRET)
        os.utime(file, (1_700_000_000, 1_700_000_000))
    home.credentials.with_name(".credentials.encee-now.tmp").touch()  # of a write in progress


def two_files(home: Home) -> None:
    home.config.unlink()
    credentials, config = home.credentials.read_text().split("[default]")
    home.write(credentials, f"[default]{config}")


def with_a_key(home: Home) -> None:
    home.write(DEV)


def hard_link(of: Callable[[Home], Path]) -> Callable[[Home], None]:
    return lambda home: (home.path / "copy").hardlink_to(of(home))


def broken_link(home: Home) -> None:
    home.credentials.unlink()
    home.credentials.symlink_to(home.path / "drive" / "credentials")


def mounted_drive(home: Home) -> None:
    (home.path / "drive").mkdir()
    home.write(DEV)


def linked_lock(home: Home) -> None:
    home.credentials.with_name(".credentials.encee-lock").symlink_to(home.path / "elsewhere")


NEW = (
    Fault(
        "missing-prefix",
        "warning",
        "has a section [dev], which the AWS tools do not read as a profile",
        config=f"[dev]\nregion = eu-west-2\noutput = table\nlambda =\n  connect_timeout = 10\n{CONFIG}",
    ),
    Fault(
        "missing-prefix",
        "warning",
        "has a section [profile Foo Bar]",
        f"{DEV}[Foo Bar]\n{KEYS}",
        f"{CONFIG}[profile Foo Bar]\nregion = eu-west-1\n",
        also=(("session-profile", "warning"),),
    ),
    Fault("missing-prefix", "warning", "has a section [Profile dev]", config=CONFIG.replace("[profile", "[Profile")),
    Fault(
        "missing-prefix",
        "warning",
        "has a section [profile Single'Quote]",
        f"{DEV}[Single'Quote]\n{KEYS}",
        f"{CONFIG}[profile Single'Quote]\nregion = eu-west-1\n",
        also=(("session-profile", "warning"),),
    ),
    Fault(
        "missing-prefix",
        "warning",
        "has a section [work] and [Profile work]",
        config=f"{CONFIG}[work]\nregion = a\n\n# mine\n[Profile work]\nregion = b\noutput = json\n",
    ),
    Fault(
        "missing-prefix",
        "warning",
        "has a section [dev]",
        config=f"{CONFIG}{KEYS}[dev]\naws_secret_access_key = other\n",
    ),
    Fault(
        "profile-prefix",
        "warning",
        "has a section [profile dev]",
        f"{DEV}[profile dev]\n{KEYS}output = json\n",
        changes={"profile dev"},
    ),
    Fault("duplicate-section", "error", "for the second time", f"{DEV}[x]\na = b\n[dev]\noutput = json\n[x]\na = c\n"),
    Fault("header-spelling", "warning", "config: line 6 holds a '['", DEV, CONFIG + "[profile  x]\nregion = x\n"),
    Fault("header-spelling", "warning", "line 5 holds a '['", f"{DEV}[ dev ]\noutput = json\n", changes={" dev "}),
    Fault(
        "two-defaults",
        "warning",
        "both [profile default] and [default]",
        config=f"[profile default]\nregion = a\nmfa_serial = {ARN}\n{CONFIG}",
    ),
    Fault(
        "half-a-key",
        "error",
        "[profile x] in ",
        DEV,
        f"{CONFIG}[profile x]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n",
        changes={"aws_access_key_id"},
    ),
    Fault(
        "half-a-key",
        "error",
        "holds aws_access_key_id and not",
        f"{DEV}[x]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        "encee_access_key_id = AKIAIOSFODNN7EXAMPLE\nencee_secret = keyring\n",
        changes={"aws_access_key_id"},
    ),
    Fault(
        "key-form",
        "warning",
        "aws_access_key_id of dev is in quotes",
        DEV.replace("AKIAIOSFODNN7EXAMPLE", '"AKIAIOSFODNN7EXAMPLE"'),
        changes={"aws_access_key_id"},
    ),
    Fault(
        "key-form",
        "warning",
        "a secret with quotes",
        DEV.replace(SECRET, f"{SECRET}  # mine"),
        changes={"aws_secret_access_key"},
    ),
    Fault(
        "secret-length",
        "warning",
        "[dev] in ",
        DEV.replace(SECRET, SECRET[1:]),
        changes={"aws_secret_access_key"},
    ),
    Fault(
        "secret-length",
        "warning",
        "holds a secret of 39 characters: AWS makes them of 40",
        DEV,
        f"{CONFIG}{KEYS}".replace(SECRET, SECRET[1:]),
        changes={"aws_secret_access_key", "aws_access_key_id"},
    ),
    Fault(
        "stray-token",
        "error",
        "[dev] in ",
        f"{DEV}aws_session_token = t0ken\n",
        changes={"aws_session_token"},
        also=(("long-term-keys", "warning"),),
    ),
    Fault(
        "stray-token",
        "error",
        "holds aws_session_token and aws_security_token beside a long-term key (AKIA…)",
        DEV,
        f"{CONFIG}aws_security_token = t0ken\naws_session_token = 0ld\n",
        changes={"aws_session_token", "aws_security_token"},
        also=(("long-term-keys", "warning"),),
    ),
    Fault(
        "session-profile",
        "warning",
        "'my dev-mfa' cannot be the session profile",
        f"{DEV}[my dev]\n{KEYS}",
        f'{CONFIG}[profile "my dev"]\nregion = eu-west-1\n',
    ),
    Fault(
        "region-in-credentials",
        "warning",
        "wins over region = eu-west-1",
        DEV + "region = us-east-1\n",
        CONFIG.replace("[profile dev]", "[profile 'dev']"),
    ),
    Fault(
        "device-form",
        "error",
        "is not the serial number",
        config=CONFIG.replace(ARN, f'"{ARN}"'),
        changes={"mfa_serial"},
    ),
    Fault(
        "role-source",
        "warning",
        "with dev, AWS tools ask for a code each hour",
        f"{DEV}{ROLE.replace('profile ', '')}source_profile = dev\nmfa_serial = {ARN}\n",
        "[profile dev]\nregion = eu-west-1\n",
        changes={"source_profile", "mfa_serial"},
    ),
    Fault(
        "option-case",
        "warning",
        "line 3 spells aws_access_key_id with capitals",
        DEV.replace("aws_access_key_id", "AWS_ACCESS_KEY_ID"),
    ),
    Fault("option-case", "warning", "line 4 spells region with capitals", config=CONFIG.replace("region", "Region")),
    Fault(
        "shell-syntax",
        "warning",
        "line 6 is written as for a shell, and no AWS tool finds aws_access_key_id in it",
        f"{DEV}[x]\nexport AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n",
        also=(("half-a-key", "warning"),),
        changes={"export aws_access_key_id"},
    ),
    Fault(
        "shell-syntax",
        "warning",
        "line 5 is written",
        f"{DEV}set aws_access_key_id=x\n",
        changes={"set aws_access_key_id"},
    ),
    Fault(
        "indented-option",
        "warning",
        "the options below line 2 are indented",
        DEV.replace("aws_", "  aws_") + "\n  s3 =\n    max_queue_size = 10\n[x]\nregion = x\n",
        also=(("not-inherited", "warning"),),
    ),
    Fault(
        "quoted-value",
        "warning",
        "has quotes around region",
        config=CONFIG.replace("eu-west-1", '"eu-west-1"'),
        changes={"region"},
    ),
    Fault(
        "quoted-value",
        "warning",
        "line 6 has a comment after output",
        config=f"{CONFIG}output = json ; as always\n",
        changes={"output"},
    ),
    Fault(
        "quoted-value",
        "warning",
        "has quotes around source_profile",
        config=f"{CONFIG}{ROLE}source_profile = 'dev-mfa'\n",
        also=(("refresh", "warning"),),
        changes={"source_profile"},
    ),
    Fault(
        "invisible-characters",
        "warning",
        "line 4 holds characters that editors do not show: U+200B",
        config=CONFIG.replace("eu-west-1", "eu-west-1\u200b"),
        changes={"region"},
    ),
    Fault(
        "invisible-characters",
        "warning",
        "line 3 holds characters that editors do not show: U+0000 and U+00A0",
        config=CONFIG.replace("[profile dev]", "[profile dev]\x00\u00a0"),
        also=(("header-spelling", "warning"),),
    ),
    Fault(
        "invisible-characters",
        "warning",
        "credentials: line 5 holds characters that editors do not show: U+001A",
        f"{DEV}\x1a\n",
        also=(("syntax", "error"),),
    ),
)

FAULTS = (
    Fault("readable", "error", "is not a regular file", prepare=folder_as_credentials, by_hand=file_as_credentials),
    Fault("byte-order-mark", "error", "credentials: line 1 holds a byte-order mark", "\ufeff" + DEV),
    Fault("byte-order-mark", "error", "config: line 1 holds a byte-order mark", DEV, "\ufeff" + CONFIG),
    Fault("duplicate-section", "error", "line 5 holds a section for the second time", DEV + "[dev]\n"),
    Fault(
        "duplicate-section",
        "warning",
        "has 2 sections for the profile dev",
        config=CONFIG + "[profile 'dev']\nregion = eu-west-1\n",
    ),
    Fault("syntax", "error", "line 5 holds neither a key, a section nor a comment", DEV + "no key\n"),
    Fault("syntax", "error", "line 1 holds a key before any section", "a = b\n" + DEV),
    Fault("syntax", "error", "line 5 holds bytes that are not UTF-8", DEV.encode() + b"note = caf\xe9\n"),
    Fault("syntax", "error", "line 5 holds a carriage return", DEV + "a = b\rc = d\n"),
    Fault("syntax", "error", "config: line 6 holds a key for the second time", DEV, CONFIG + "region = x\n"),
    Fault(
        "permissions",
        "warning",
        "other users can read",
        prepare=mode(lambda home: home.credentials, 0o640),
    ),
    Fault(
        "permissions",
        "error",
        "other users can change",
        prepare=mode(lambda home: home.config, 0o620),
    ),
    Fault(
        "permissions",
        "warning",
        "other users can look into",
        prepare=mode(lambda h: h.config.parent, 0o755),
    ),
    Fault(
        "permissions",
        "error",
        "other users can put files into",
        prepare=mode(lambda h: h.config.parent, 0o733),
    ),
    Fault("permissions", "error", "dot files", prepare=linked_into_an_open_folder),
    Fault("writable", "error", "credentials has 2 hard links", prepare=hard_link(lambda home: home.credentials)),
    Fault(
        "writable",
        "error",
        "is a link into a folder that does not exist",
        "",
        "",
        prepare=broken_link,
        by_hand=mounted_drive,
    ),
    Fault(
        "writable",
        "warning",
        "drive/aws/config does not exist",
        environ=(("AWS_CONFIG_FILE", "~/drive/aws/config"),),
    ),
    Fault("writable", "warning", "config has 2 hard links", prepare=hard_link(lambda home: home.config)),
    Fault("lock-files", "error", ".credentials.encee-lock is a link", prepare=linked_lock),
    Fault("leftover-files", "warning", "has left 2 temporary files", prepare=leftover),
    Fault("header-spelling", "warning", "line 5 holds a '['", DEV + "[ other ]\n"),
    Fault("header-spelling", "warning", "line 5 holds a '['", DEV + "[other] # mine\n"),
    Fault("header-spelling", "warning", "line 5 holds a '['", DEV + "[other#mine]\n"),
    Fault("header-spelling", "warning", "line 5 holds a '['", DEV + "[ ;other]\n"),
    Fault("header-spelling", "warning", "config: line 6 holds a '['", DEV, CONFIG + "[profile  x]\n"),
    Fault("header-spelling", "warning", "config: line 6 holds a '['", DEV, CONFIG + "[profile x ]\n"),
    Fault("header-spelling", "warning", "line 5 holds a '['", DEV + "[a#b]\noutput = json\n", changes={"a#b"}),
    Fault("header-spelling", "warning", "line 5 holds a '['", DEV + "[other] # [mine]\n"),
    Fault("header-spelling", "warning", "config: line 7 holds a '['", DEV, CONFIG + "[profile x]\n  [profile y]\n"),
    Fault("header-spelling", "warning", "config: line 6 holds a '['", DEV, CONFIG + "[sso-session x] # x\n"),
    Fault(
        "profile-prefix",
        "warning",
        "has a section [profile work]: only headers of the config file",
        f"{DEV}[profile work]\n{KEYS}",
        changes={"profile work"},
    ),
    Fault("missing-prefix", "warning", "has a section [dev]", config="[dev]\nregion = eu-west-1\n"),
    Fault("missing-prefix", "warning", "has a section [work]", config=CONFIG + "[work]\noutput = json\n"),
    Fault("missing-prefix", "warning", "has a section [profile a b]", config=CONFIG + "[profile a b]\nregion = x\n"),
    Fault("two-defaults", "warning", "both [default] and [profile default]", config=CONFIG + "[profile default]\n"),
    Fault("default-section", "warning", "has a section [DEFAULT]", config=CONFIG + "[DEFAULT]\nx = y\n"),
    Fault(
        "half-a-key",
        "error",
        "holds aws_access_key_id and not",
        DEV + "[x]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n",
    ),
    Fault("half-a-key", "warning", "AWS tools ignore it", DEV, CONFIG + f"aws_secret_access_key = {SECRET}\n"),
    Fault(
        "key-form",
        "error",
        "id and secret may be swapped",
        f"[dev]\naws_access_key_id = {SECRET}\naws_secret_access_key = AKIAIOSFODNN7EXAMPLE\n",
        changes={"dev"},
    ),
    Fault(
        "key-form",
        "error",
        "the key of a session (ASIA…) without its token",
        DEV + f"[x]\n{KEYS.replace('AKIA', 'ASIA')}",
        changes={"x"},
    ),
    Fault(
        "key-form",
        "warning",
        "aws_access_key_id of dev is not the id of an access key",
        DEV.replace("AKIAIOSFODNN7EXAMPLE", "test"),
        changes={"dev"},
    ),
    Fault("key-form", "warning", "a secret with quotes", DEV.replace(SECRET, f'"{SECRET}"'), changes={"dev"}),
    Fault(
        "continued-value",
        "warning",
        "has an indented line under region and mfa_serial",
        config=f"[profile dev]\nregion = a\n  output = json\nmfa_serial = {ARN}\n\taws_secret_access_key = {SECRET}\n",
        also=(("refresh", "error"),),
        changes={"region", "mfa_serial"},
    ),
    Fault(
        "stale-token",
        "warning",
        "an old aws_security_token",
        DEV + SESSION + "aws_security_token = 0ld\n",
        changes={"dev-mfa"},
    ),
    Fault(
        "stale-token",
        "warning",
        "an old aws_security_token",
        f"{DEV}[x]\naws_session_token = a\naws_security_token = b\n",
        changes={"aws_security_token"},
    ),
    Fault(
        "shadowed-session",
        "error",
        "no session of dev can be written: sso_start_url in the profile dev-mfa would hide the session",
        DEV + SESSION,
        CONFIG + "[profile dev-mfa]\nsso_start_url = x\n",
    ),
    Fault(
        "session-profile",
        "warning",
        "no session of dev can be written: [dev-mfa] holds keys that may exist nowhere else",
        f"{DEV}[dev-mfa]\n{KEYS}",
    ),
    Fault(
        "session-profile",
        "warning",
        "'my dev-mfa' cannot be the session profile of my dev: AWS tools disagree about such names",
        f"{DEV}[my dev]\n{KEYS}[my-dev-session]\naws_session_token = x\n",
    ),
    Fault(
        "region-in-credentials",
        "warning",
        "region = us-east-1 under [dev]",
        DEV + "region = us-east-1\n",
    ),
    Fault(
        "endpoint-encryption",
        "warning",
        "names http://sts.example, which is not encrypted",
        config=CONFIG + "[services local]\nsts =\n  endpoint_url = http://sts.example\n",
        by_hand=endpoint_is_encrypted,
    ),
    Fault(
        "not-inherited",
        "warning",
        "dev-mfa does not inherit ca_bundle and s3 of dev",
        config=CONFIG + "ca_bundle = /etc/ca file.pem\ns3 =\n  max_queue_size = 10\n  addressing_style = path\n",
    ),
    Fault("not-inherited", "warning", "use_fips_endpoint", config=CONFIG + "use_fips_endpoint = true\n"),
    Fault(
        "device-form", "error", "is the ARN of a user", config=CONFIG.replace(":mfa/", ":user/"), changes={"mfa_serial"}
    ),
    Fault("device-form", "error", "aws_mfa_device of dev", DEV + "aws_mfa_device = none\n", ""),
    Fault(
        "device-form",
        "error",
        "mfa_serial of admin",
        config=HEALTHY.replace(ROLE, f"{ROLE}mfa_serial = x\n"),
        changes={"mfa_serial"},
    ),
    Fault(
        "role-source",
        "warning",
        "could use source_profile = dev-mfa, the session; with dev, AWS tools assume it without MFA",
        config=f"{CONFIG}{ROLE}source_profile = dev\nduration_seconds = 3600\n",
        changes={"source_profile"},
    ),
    Fault(
        "role-source",
        "warning",
        "with dev, AWS tools ask for a code each hour",
        config=f"[profile dev]\nregion = eu-west-1\n{ROLE}source_profile = dev\nmfa_serial = {ARN}\n",
        changes={"source_profile", "mfa_serial"},
    ),
    Fault(
        "role-source",
        "warning",
        "mfa_serial of the role admin makes AWS tools ask for a code",
        DEV + SESSION,
        f"{CONFIG}{ROLE}source_profile = dev-mfa\nmfa_serial = {ARN}\n",
        changes={"mfa_serial"},
    ),
    Fault(
        "one-file",
        "warning",
        "are one file",
        DEV + CONFIG,
        prepare=config_is_a_link,
        changes={"profile dev"},
        by_hand=two_files,
    ),
    Fault(
        "long-term-keys",
        "warning",
        "",
        "",
        "[profile sso]\nsso_start_url = https://example.com\nsso_region = eu-west-1\n",
        by_hand=with_a_key,
    ),
    Fault(
        "file-variables",
        "warning",
        "AWS_CONFIG_FILE is set and empty: AWS tools read no ~/.aws/config in this shell",
        environ=(("AWS_CONFIG_FILE", ""),),
    ),
    Fault(
        "refresh",
        "warning",
        "source_profile of admin names admin itself",
        config=f"{CONFIG}{ROLE}source_profile = admin\n{KEYS}",
        changes={"admin"},
        by_hand=other_source,
    ),
    Fault(
        "default-section",
        "warning",
        "has a section [DEFAULT]",
        DEV + "[DEFAULT]\naws_account_id = 123456789012\n",
        also=(("refresh", "error"),),
    ),
    Fault(
        "refresh",
        "warning",
        "admin cannot be refreshed: source_profile of admin names gone, which is not a long-term, session or role",
        config=f"{CONFIG}{ROLE}source_profile = gone\n",
        changes={"source_profile"},
        by_hand=other_source,
    ),
    Fault(
        "refresh",
        "error",
        "encee_duration of dev: a session cannot last 99h",
        config=f"{CONFIG}encee_duration = 99h\n",
        changes={"encee_duration"},
    ),
    Fault(
        "region-partition",
        "error",
        "the region cn-north-1 of dev is not in aws, the partition of the device",
        f"{DEV}mfa_serial = {ARN}\n",
        "[profile dev]\nregion = cn-north-1\n",
        changes={"region"},
    ),
    Fault(
        "region-partition",
        "error",
        "the region us-gov-west-1 of dev is not in aws, the partition of the device",
        f"{DEV}mfa_serial = {ARN}\nregion = us-gov-west-1\n",
        "",
        changes={"region"},
    ),
    Fault(
        "region-partition",
        "error",
        "the region cn-north-1 of admin is not in aws, the partition of the device",
        f"{DEV}mfa_serial = {ARN}\n",
        f"{CONFIG}{ROLE}source_profile = dev-mfa\nregion = cn-north-1\n",
        changes={"region"},
    ),
    Fault("refresh", "error", "dev cannot be refreshed: ENCEE_MFA_SERIAL: 'x'", environ=(("ENCEE_MFA_SERIAL", "x"),)),
    *NEW,
    Fault(
        "environment-keys",
        "warning",
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY in the environment",
        environ=(("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", SECRET)),
    ),
    Fault("environment-profile", "warning", "AWS_PROFILE names gone", environ=(("AWS_PROFILE", "gone"),)),
    Fault(
        "environment-profile",
        "warning",
        "AWS_DEFAULT_PROFILE names gone",
        environ=(("AWS_DEFAULT_PROFILE", "gone"), ("AWS_PROFILE", "dev")),
    ),
)


def set_up(home: Home, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(fault.credentials, fault.config)
    for name, value in fault.environ:
        monkeypatch.setenv(name, value)
    fault.prepare(home)


# ---- a healthy setup


def test_a_healthy_setup_has_no_finding(encee: Encee, home: Home) -> None:
    home.write(DEV + SESSION, HEALTHY)
    short = encee("doctor")
    assert (short.code, short.out, short.err) == (0, "", f"nothing to fix: {len(OFFLINE_CHECKS)} checks passed\n")
    result = encee("doctor", "--verbose")
    assert (result.code, result.err) == (0, short.err)
    lines = result.out.splitlines()
    assert lines[0].split() == ["STATE", "CHECK", "FINDING"]
    assert [line.split()[:2] for line in lines[1:]] == [["ok", check.id] for check in OFFLINE_CHECKS]


def test_a_home_without_files_has_no_finding(encee: Encee, home: Home) -> None:
    before = sorted(home.path.rglob("*"))
    result = encee("doctor")
    assert (result.code, result.err) == (0, f"nothing to fix: {len(OFFLINE_CHECKS)} checks passed\n")
    assert sorted(home.path.rglob("*")) == before


@pytest.mark.parametrize(
    ("credentials", "config"),
    [
        (DEV.replace("[dev]", "[dev-long-term]"), "[profile dev]\nregion = eu-west-1\n"),
        (f"{DEV}region = eu-west-1\n", CONFIG),
        (DEV, CONFIG + "ca_bundle = a\n[profile dev-mfa]\nca_bundle = b\n"),
        (DEV, f"{CONFIG}{ROLE}source_profile = dev\nduration_seconds = 14400\n"),
        (DEV, f"{CONFIG}{ROLE}credential_source = Environment\n"),
        ("[dev]\nencee_access_key_id = AKIAIOSFODNN7EXAMPLE\nencee_secret = keyring\n", CONFIG),
        (f"{DEV}[x]\naws_access_key_id =\naws_secret_access_key =\n", CONFIG),
        (f"{DEV}[x]\naws_session_token = a\naws_security_token = a\n", CONFIG),
        (DEV, "[profile 'dev']\n[preview]\nregion = x\n[my tool]\nx = y\n"),
        (f"{DEV}note = [x]\n", CONFIG),
    ],
)
def test_does_not_report_harmless_configurations(encee: Encee, home: Home, credentials: str, config: str) -> None:
    home.write(credentials, config)
    result = encee("doctor", "--json")
    assert (result.code, found_checks(result)) == (0, [])


def test_other_users_may_read_a_config_file_without_keys(encee: Encee, home: Home) -> None:
    home.write(DEV, CONFIG)
    home.config.chmod(0o644)
    assert found_checks(encee("doctor", "--json")) == []
    home.write(DEV, f"{CONFIG}[profile x]\n{KEYS}")
    home.config.chmod(0o644)
    assert found_checks(encee("doctor", "--json")) == [("permissions", "warning")]


def test_others_may_list_a_folder_other_than_the_default(encee: Encee, home: Home) -> None:
    home.write(DEV, CONFIG)
    folder = home.path / "shared"
    home.credentials.parent.rename(folder)
    options = ("--credentials-file", str(folder / "credentials"), "--config-file", str(folder / "config"))
    folder.chmod(0o755)
    assert found_checks(encee("doctor", "--json", *options)) == []
    folder.chmod(0o1777)  # as /tmp is: a user cannot replace the file of another user
    assert found_checks(encee("doctor", "--json", *options)) == []


# ---- single faults


@pytest.mark.parametrize("fault", [pytest.param(fault, id=f"{fault.check}-{n}") for n, fault in enumerate(FAULTS)])
def test_finds_each_fault_and_nothing_else(
    encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    set_up(home, fault, monkeypatch)
    before = home.state()
    result = encee("doctor", "--json")
    assert sorted(found_checks(result)) == sorted([(fault.check, fault.state), *fault.also])
    assert result.code == (1 if "error" in dict(found_checks(result)).values() else 0)
    (check,) = [check for check in json.loads(result.out)["checks"] if check["id"] == fault.check]
    assert check.keys() == {"id", "state", "message", "remedy", "commands"}
    assert fault.says in check["message"]
    assert check["remedy"] or check["commands"]
    assert re.fullmatch(r".*[^.]", check["message"])
    for secret in (SECRET, "s3cret", "t0ken", "0ld"):
        assert secret not in result.out + result.err
    text = encee("doctor")
    count = [state for _, state in found_checks(result)].count(fault.state)
    assert (text.code, f"{count} {fault.state}" in text.err) == (result.code, True)
    assert "checks passed\n" in text.err
    assert not re.search("^(ok|unknown) ", text.out, re.MULTILINE)
    assert re.search(rf"^{fault.state} +{fault.check} ", text.out, re.MULTILINE)
    remedy = f"{fault.check}: {check['remedy'] or check['message']}"
    for line in (remedy, *(f"  {command}" for command in check["commands"])):
        shortened = line.replace(f"'{home.path}/", "~/'").replace(str(home.path), "~")
        assert f"{shortened}\n" in text.err  # JSON has whole paths
    assert home.state() == before


def test_each_check_has_a_fault_in_these_tests() -> None:
    assert {fault.check for fault in FAULTS} == {check.id for check in OFFLINE_CHECKS}
    assert {fault.check for fault in ONLINE_FAULTS} == {check.id for check in ONLINE_CHECKS}


def test_the_page_describes_each_check_with_its_states() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text()
    described = re.findall(r"^### `([a-z-]+)`\n\n\*([a-z]+)(?:, ([a-z]+))?\* ", text, re.MULTILINE)
    ids = [check.id for check in OFFLINE_CHECKS] + [check.id for check in ONLINE_CHECKS]
    assert [id_ for id_, *_ in described] == ids
    states: dict[str, set[str]] = {}
    for fault in (*FAULTS, *ONLINE_FAULTS):
        states.setdefault(fault.check, set()).add(fault.state)
    assert {id_: {*told} - {""} for id_, *told in described} == states
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert all("\n\n*Remedy:* " in section for section in sections)


# ---- several faults, and files that are broken


def test_checks_the_readable_part_of_a_broken_file(encee: Encee, home: Home) -> None:
    home.write(f"[x]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n{DEV}nonsense\n", "\ufeff[dev]\nregion = a\n")
    result = encee("doctor", "--json")
    assert result.code == 1
    assert [id_ for id_, _ in found_checks(result)] == ["byte-order-mark", "syntax", "missing-prefix", "half-a-key"]
    assert SECRET not in result.out + result.err


def test_counts_several_findings_of_a_check(encee: Encee, home: Home) -> None:
    home.write(f"[x]\naws_access_key_id = a\n[y]\naws_access_key_id = b\n{DEV}region = a\n", CONFIG)
    result = encee("doctor")
    assert result.code == 1
    assert result.err.endswith(f"2 errors, 1 warning, {len(OFFLINE_CHECKS) - 2} checks passed\n")
    assert result.out.count("half-a-key") == 2


def test_reports_two_profiles_with_one_session_profile(encee: Encee, home: Home) -> None:
    shared = "encee_session_profile = shared\n"
    home.write(f"{DEV}[work]\n{KEYS}", f"[profile dev]\n{shared}[profile work]\n{shared}")
    result = encee("doctor", "--json")
    assert found_checks(result) == [("session-profile", "warning")] * 2
    assert result.out.count("shared is the session profile of others as well") == 2


def test_an_invalid_duration_is_not_reported_as_long(encee: Encee, home: Home) -> None:
    home.write(DEV, f"{CONFIG}{ROLE}source_profile = dev\nduration_seconds = all day\n")
    assert found_checks(encee("doctor", "--json")) == [("role-source", "warning"), ("refresh", "warning")]


def test_a_role_with_its_own_device_gets_a_complete_remedy(encee: Encee, home: Home) -> None:
    home.write(DEV, f"{ROLE}source_profile = dev\nmfa_serial = {ARN}\n")
    (check,) = [one for one in json.loads(encee("doctor", "--json").out)["checks"] if one["state"] == "warning"]
    assert check["commands"] == [
        f"aws configure set mfa_serial {ARN} --profile dev",
        "aws configure set source_profile dev-mfa --profile admin",
    ]
    assert check["remedy"] == f"delete line 4 of {home.config}"


def test_reports_no_permissions_on_windows(encee: Encee, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(DEV, CONFIG)
    home.credentials.chmod(0o666)
    monkeypatch.delattr(os, "geteuid")
    assert found_checks(encee("doctor", "--json")) == []


# ---- permissions


def run_without_privileges(*arguments: str) -> Result:
    """Run the installed command without the privileges of root."""
    command = [*NO_PRIVILEGES, str(ENCEE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def closed_folder(home: Home) -> None:
    home.credentials.parent.chmod(0o500)


def closed_lock(home: Home) -> None:
    lock = home.credentials.with_name(".credentials.encee-lock")
    lock.touch(0o000)
    home.credentials.with_name(".encee-AKIAIOSFODNN7EXAMPLE.lock").touch(0o600)


def closed_lock_of_a_key(home: Home) -> None:
    home.credentials.with_name(".encee-AKIAIOSFODNN7EXAMPLE.lock").touch(0o000)


def closed_temporary_file(home: Home) -> None:
    home.credentials.with_name(".credentials.encee-now.tmp").touch(0o000)


def closed_credentials(home: Home) -> None:
    home.credentials.chmod(0o000)


def write_protected(home: Home) -> None:
    home.credentials.chmod(0o400)


@pytest.mark.slow
@pytest.mark.needs("setpriv")
@pytest.mark.parametrize(
    ("check", "says", "prepare"),
    [
        ("readable", "permission denied", closed_credentials),
        ("writable", "encee cannot write to ", closed_folder),
        ("writable", "credentials is write-protected", write_protected),
        ("lock-files", ".credentials.encee-lock, which another user may have made: permission denied", closed_lock),
        ("lock-files", ".encee-AKIAIOSFODNN7EXAMPLE.lock, which another user may have made", closed_lock_of_a_key),
        ("lock-files", ".credentials.encee-now.tmp, which another user may have made", closed_temporary_file),
    ],
)
def test_reports_an_unreadable_file_and_the_command_repairs_it(
    home: Home, check: str, says: str, prepare: Callable[[Home], None]
) -> None:
    home.write(DEV, CONFIG)
    prepare(home)
    result = run_without_privileges("doctor", "--json")
    assert found_checks(result) == [(check, "error")], result.err
    (problem,) = [one for one in json.loads(result.out)["checks"] if one["state"] == "error"]
    assert says in problem["message"]
    command = problem["commands"][0] if problem["commands"] else problem["remedy"]
    subprocess.run(["sh", "-ec", command], check=True)
    assert found_checks(run_without_privileges("doctor", "--json")) == []


@pytest.mark.slow
@pytest.mark.needs("setpriv")
def test_returns_a_lock_file_of_another_user(home: Home, tmp_path: Path) -> None:
    home.write(DEV, CONFIG)
    closed_lock(home)
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(home.credentials.with_name(".credentials.encee-lock"), 1, 1)
    (problem,) = [
        one for one in json.loads(run_without_privileges("doctor", "--json").out)["checks"] if one["state"] == "error"
    ]
    (command,) = problem["commands"]
    assert command.startswith("sudo chown root " if os.geteuid() == 0 else "chmod u+rw ")
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    subprocess.run(
        ["sh", "-ec", f"{command}; chmod 600 {shlex.quote(command.split()[-1])}"], env={"PATH": path}, check=True
    )
    assert found_checks(run_without_privileges("doctor", "--json")) == []


@pytest.mark.parametrize(
    ("environ", "config", "place"),
    [
        ({"AWS_ENDPOINT_URL": "http://sts.example"}, "", "AWS_ENDPOINT_URL names"),
        ({"AWS_ENDPOINT_URL_STS": "http://sts.example"}, "", "AWS_ENDPOINT_URL_STS names"),
        ({}, "[profile dev]\nendpoint_url = http://sts.example\n", "line 2 of "),
        ({}, "[profile dev]\nservices = x\n[services x]\niam =\n  endpoint_url = http://sts.example\n", "line 5 of "),
        ({}, "[profile dev]\nendpoint_url = http://localhost:9\n", None),
        ({}, "[profile dev]\nendpoint_url = http://127.0.0.9:9\n", None),
        ({}, "[profile dev]\nendpoint_url = http://[::1]:9\n", None),
        ({}, "[profile dev]\nendpoint_url = https://sts.example\n", None),
    ],
)
def test_reports_an_endpoint_without_tls_and_does_not_copy_it(
    encee: Encee,
    home: Home,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    config: str,
    place: str | None,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    home.write(person.section(), config)
    result = encee("doctor", "dev", "--offline", "--verbose")
    shown = " ".join(result.out.split())
    if place is None:
        assert ("is not encrypted" in shown, "does not inherit endpoint_url" in shown) == (False, bool(config))
    else:
        assert f"{place}" in shown
        assert "http://sts.example, which is not encrypted" in shown
        assert "does not inherit" not in shown
