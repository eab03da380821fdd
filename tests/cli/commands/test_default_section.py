"""`[DEFAULT]`, whose values Python programs add to each section: encee refuses if the session would not work."""

import pytest

from tests.conftest import Encee, Home, Person
from tests.fake_aws import FakeAws


@pytest.mark.parametrize("file", ["credentials", "config"])
@pytest.mark.parametrize(
    "option", ["credential_process = false", "role_arn = arn:aws:iam::123456789012:role/x", "sso_session = x"]
)
def test_refuses_the_first_refresh_not_the_second(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, file: str, option: str
) -> None:
    default = f"[DEFAULT]\n{option}\n"
    config = "[profile dev]\nregion = eu-west-1\n"
    home.write(dev.section() + default * (file == "credentials"), config + default * (file == "config"))
    before = home.state()
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert result.code == 5, result.err
    name = option.split(maxsplit=1)[0]
    assert f"{name} in [DEFAULT] hides the keys of every profile from the AWS tools" in result.err
    assert home.state() == before
    assert aws.calls("GetSessionToken") == []
    doctor = encee("doctor", "dev", "--json")
    assert f"no session can be written: {name} in [DEFAULT]" in doctor.out


def test_a_default_section_that_hides_nothing_is_accepted(encee: Encee, home: Home, dev: Person) -> None:
    home.write(dev.section() + "[DEFAULT]\nregion = eu-west-1\n", "[DEFAULT]\noutput = json\n")
    for length in ("1h", "2h"):
        result = encee("refresh", "dev", "-d", length, "-c", dev.device.next_code())
        assert result.code == 0, result.err
