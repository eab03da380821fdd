"""The commands of the page about uninstalling work."""

import os
import re
import subprocess

import pytest

from encee.profiles.keyring import Kind, fetch
from tests.conftest import ENCEE, ROOT, Encee, Home, Person

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def commands() -> list[str]:
    """Return the commands of the page, except the one that removes the program."""
    page = (ROOT / "docs" / "uninstall.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert "pipx uninstall encee" in lines
    return [line for line in lines if not line.startswith("pipx")]


def follow(home: Home) -> str:
    """Run each command, and return the output of the last one, which lists what is left."""
    environ = {**os.environ, "PATH": f"{ENCEE.parent}:{os.environ['PATH']}"}
    printed = ""
    for line in commands():
        done = subprocess.run(line, shell=True, cwd=home.path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or line.startswith("grep"), (line, done.stderr)
        printed = done.stdout
    return printed


def files(home: Home) -> list[str]:
    return sorted(str(file.relative_to(home.path)) for file in home.path.rglob("*") if file.is_file())


@pytest.mark.slow
@pytest.mark.needs("dbus-daemon", "dbus-run-session", "find", "gnome-keyring-daemon")
@pytest.mark.usefixtures("secret_service")
def test_the_steps_of_the_page_leave_no_trace_of_encee(encee: Encee, home: Home, person: Person) -> None:
    bashrc = 'PS1="$ "\neval "$(encee init bash)"\nalias ll="ls -l"\n'
    credentials = "# my keys\n" + person.section(serial=False) + "\n[other]\naws_access_key_id = x\n"
    config = "# mine\n[profile other]\nregion = eu-west-1\n\n[profile dev]\nregion = eu-central-1\noutput = json\n"
    home.write(credentials, config)
    (home.path / ".bashrc").write_text(bashrc, encoding="utf-8")
    assert encee("device", "save", "dev").code == 0
    assert encee("refresh", "dev", "--code", person.device.next_code()).code == 0
    assert encee("process", "dev", "--install", "dev-live").code == 0
    assert encee("keys", "lock", "dev").code == 0
    assert encee("keys", "totp", "dev", "--i-know", "--seed-file", "-", stdin=SEED).code == 0
    assert person.user.access_key.secret not in home.credentials.read_text(encoding="utf-8")
    assert "mfa_serial" in home.config.read_text(encoding="utf-8")
    left = follow(home)
    assert left == ""
    assert home.credentials.read_text(encoding="utf-8") == credentials
    assert home.config.read_text(encoding="utf-8") == config
    assert (home.path / ".bashrc").read_text(encoding="utf-8") == 'PS1="$ "\nalias ll="ls -l"\n'
    assert [name for name in files(home) if name.startswith(".aws")] == [".aws/config", ".aws/credentials"]
    assert fetch(Kind.SEED, person.device.serial) is None
    assert fetch(Kind.KEY, person.user.access_key.id) is None


def test_forgetting_a_device_removes_what_saving_it_wrote(encee: Encee, home: Home, person: Person) -> None:
    credentials = person.section(serial=False)
    for config in ("[profile other]\nregion = eu-west-1\n", "[profile dev]\n# mine\nregion = eu-west-1\n", ""):
        home.write(credentials, config)
        assert encee("device", "save", "dev").code == 0
        result = encee("device", "forget", "dev")
        assert (result.code, result.out) == (0, "")
        assert result.err == "removed mfa_serial of dev from ~/.aws/config\n"
        assert (home.credentials.read_text(encoding="utf-8"), home.config.read_text(encoding="utf-8")) == (
            credentials,
            config,
        )


def test_forgetting_a_device_keeps_a_section_of_the_credentials_file(encee: Encee, home: Home, dev: Person) -> None:
    assert encee("device", "forget", "dev-mfa").code == 0
    assert home.credentials.read_text(encoding="utf-8") == "# my keys\n" + dev.section(serial=False)
    again = encee("device", "forget", "dev", "--json")
    assert (again.code, '"files": []' in again.out) == (0, True)
    assert "no MFA device is saved for dev" in again.err


@pytest.mark.usefixtures("dev")
def test_forgetting_the_device_of_an_unknown_profile_is_refused(encee: Encee) -> None:
    result = encee("device", "forget", "absent")
    assert (result.code, "there is no profile absent" in result.err) == (2, True)
