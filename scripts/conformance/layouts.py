"""The files for the readers, before encee or a person edits them."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.fake_aws.account import Session

REGION = "eu-central-1"
SOURCE, NEIGHBOUR, TARGET = "dev", "other", "dev-mfa"
"""The long-term profile, an unrelated profile, and the session profile."""


class Layout(NamedTuple):
    """The two files; `{dev}` and `{other}` stand for access keys, `{serial}` for dev's device."""

    name: str
    credentials: str
    config: str


OTHER = """\
[other]
aws_access_key_id = {other.id}
aws_secret_access_key = {other.secret}
"""
DEV = """\
[dev]
aws_access_key_id = {dev.id}
aws_secret_access_key = {dev.secret}
mfa_serial = {serial}
"""
CONFIG = f"""\
[default]
region = us-east-1

[profile other]
region = {REGION}

[profile dev]
region = {REGION}
output = json
"""

ODD_CREDENTIALS = """\
# Keys of mine. Ask Sam before you add one.
;   sandbox: dev    the old account: other

[other]
# from the console
aws_access_key_id     = {other.id}
; the secret is in the safe, too
aws_secret_access_key = {other.secret}
s3 =
    addressing_style = path
    max_concurrent_requests = 20
; the end of other

# encee's own, and what its owner put beside it
[dev-mfa]
# 12 hours
aws_access_key_id = ASIAIOSFODNN7EXAMPLE
aws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY
; longer than the line above
aws_session_token = IQoJb3JpZ2luX2VjEXAMPLETOKEN==
expiration = 2020-01-01T00:00:00Z
manager = encee
s3 =
    addressing_style = path
    max_concurrent_requests = 20
encee_source = dev
x_note = mine

# due for rotation in March
[dev]
aws_access_key_id={dev.id}
# the same key twice, I know
aws_secret_access_key={dev.secret}

mfa_serial = {serial}
s3 =
    addressing_style = path

# the end
"""
ODD_CONFIG = f"""\
; regions
[default]
region = us-east-1
s3 =
    addressing_style = path

# added in 2019, reason unknown
[profile other]
region = {REGION}
# path, since the proxy knows no subdomains
s3 =
    addressing_style = path
    max_concurrent_requests = 20

[profile dev-mfa]
# by hand
s3 =
    addressing_style = path

[profile dev]
; Frankfurt
region     = {REGION}
output = json
# the end
"""
INDENTED_CREDENTIALS = """\
    # Keys of mine. Ask Sam before you add one.

[other]
    # from the console
aws_access_key_id = {other.id}
aws_secret_access_key = {other.secret}
    # the same key twice, I know

[dev]
    # due for rotation in March
aws_access_key_id = {dev.id}
aws_secret_access_key = {dev.secret}
mfa_serial = {serial}
s3 =
    addressing_style = path
    # not more than the proxy can take
    max_concurrent_requests = 20
"""
CROWD = "".join(
    f"[crowd-{number}]\naws_access_key_id = AKIAEXAMPLE{number:09}\naws_secret_access_key = {'x' * 40}\n\n"
    for number in range(998)
)

LAYOUTS = (
    Layout("ordinary", f"{OTHER}\n{DEV}", CONFIG),
    Layout("CRLF", f"{OTHER}\n{DEV}".replace("\n", "\r\n"), CONFIG.replace("\n", "\r\n")),
    Layout("no final newline", f"{OTHER}\n{DEV}".rstrip(), CONFIG.rstrip()),
    Layout("comments and nested blocks", ODD_CREDENTIALS, ODD_CONFIG),
    Layout("indented comments", INDENTED_CREDENTIALS, CONFIG),
    Layout("1,000 profiles", f"{OTHER}\n{CROWD}{DEV}", CONFIG),
)


def with_session_by_hand(credentials: bytes, session: "Session") -> bytes:
    """Return the credentials file with the session pasted by hand."""
    return _by_hand(
        credentials,
        TARGET,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret,
        aws_session_token=session.token,
    )


def with_region_by_hand(config: bytes) -> bytes:
    """Return the config file with the session profile's region, in the same way."""
    return _by_hand(config, f"profile {TARGET}", region=REGION)


def _by_hand(data: bytes, header: str, **options: str) -> bytes:
    """Return a file with options under a header: in place of the old ones, or after the rest."""
    lines = data.decode().splitlines()
    if f"[{header}]" not in lines:
        lines += ["", f"[{header}]"]
    start = lines.index(f"[{header}]") + 1
    end = next((number for number in range(start, len(lines)) if lines[number].startswith("[")), len(lines))
    others = [line for line in lines[start:end] if line.partition(" ")[0] not in options]
    lines[start:end] = [*(f"{option} = {value}" for option, value in options.items()), *others]
    line_end = "\r\n" if b"\r\n" in data else "\n"
    return "".join(line + line_end for line in lines).encode()
