"""After a command that exits with 0, a further refresh and a clear exit with 0 too, and doctor finds nothing worse."""

import json

import pytest

from tests.conftest import Encee, Home, Person

pytestmark = pytest.mark.slow

ROLE = "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = dev-mfa\n"
CONFIGS = {
    "plain": "[profile dev]\nregion = eu-central-1\n",
    "quoted header": "[profile 'dev']\nregion = eu-central-1\noutput = json\n",
    "section of the session": "[profile dev]\nregion = eu-central-1\n\n# mine\n[profile dev-mfa]\noutput = text\n",
    "role": f"{ROLE}[profile dev]\nregion = eu-central-1\n",
    "empty": "",
}
COMMANDS = [
    "refresh dev --code CODE",
    "refresh dev --to work --code CODE",
    "refresh dev --no-region --no-save --code CODE",
    "refresh dev --dry-run --code CODE",
    "device save dev SERIAL",
    "device forget dev",
    "device list dev",
    "import csv FILE --profile new",
    "clear dev",
    "clear --all",
    "clear --expired",
    "status",
    "doctor dev",
    "doctor --offline",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("config", CONFIGS)
def test_refresh_and_clear_work_after_each_command(
    encee: Encee, home: Home, person: Person, config: str, command: str
) -> None:
    key = person.user.access_key
    home.write(f"# mine\n{person.section(serial=False)}", CONFIGS[config])
    file = home.path / "keys.csv"
    file.write_text(f"Access key ID,Secret access key\n{key.id},{key.secret}\n")
    words = {"CODE": person.device.next_code(), "SERIAL": person.device.serial, "FILE": str(file)}
    before = doctor_messages(encee)
    done = encee(*(words.get(word, word) for word in command.split()))
    assert done.code == 0, done.err
    assert doctor_messages(encee) <= before
    for _ in range(2):
        refreshed = encee("refresh", "dev", "--force", "--code", person.device.next_code())
        assert refreshed.code == 0, refreshed.err
        assert encee("clear", "--all").code == 0
    assert doctor_messages(encee) <= before


def doctor_messages(encee: Encee) -> set[str]:
    """Return the messages of doctor without requests."""
    checks = json.loads(encee("doctor", "--offline", "--json").out)["checks"]
    return {check["message"] for check in checks if check["state"] in {"warning", "error"}}
