"""A proxy or a sign-in page that responds instead of AWS, with a page that is also XML."""

import pytest
from werkzeug import Response

from tests.conftest import Encee, Home, Person
from tests.fake_aws import FakeAws
from tests.fake_aws.faults import Fault

pytestmark = pytest.mark.slow

PAGE = "<html><body>Sign in</body></html>"


@pytest.fixture(params=[(PAGE, 200), (PAGE, 403), ("<GetCallerIdentityResponse/>", 200), ("", 403)])
def page(request: pytest.FixtureRequest) -> Fault:
    text, status = request.param
    return Fault("page", Response(text, status, content_type="text/html"))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("ListMFADevices", ("device", "list", "dev")),
        ("GetCallerIdentity", ("account", "audit", "--profile", "dev")),
        ("ListAccessKeys", ("keys", "list", "dev")),
        ("GetAccessKeyLastUsed", ("keys", "list", "dev")),
    ],
)
def test_a_sign_in_page_is_distinguished_from_a_response_of_aws(
    encee: Encee, dev: Person, aws: FakeAws, page: Fault, action: str, words: tuple[str, ...]
) -> None:
    if action != "ListMFADevices":
        assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.fault(action, page, times=5)
    result = encee(*words)
    assert (result.code, "proxy or sign-in page" in result.err) == (4, True), result.err


def test_a_sign_in_page_may_have_used_the_code(
    encee: Encee, home: Home, dev: Person, aws: FakeAws, page: Fault
) -> None:
    aws.fault("GetSessionToken", page)
    before = home.state()
    result = encee("refresh", "dev", "-c", dev.device.next_code())
    assert result.code == 4
    assert "proxy or sign-in page answered: that code may have been used" in result.err
    assert home.state() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("UpdateAccessKey", ("account", "revoke", "bob", "--profile", "dev", "--yes")),
        ("PutUserPolicy", ("account", "revoke", "bob", "--profile", "dev", "--yes")),
        ("AttachGroupPolicy", ("account", "setup", "--profile", "dev", "--yes")),
        ("UpdateAccessKey", ("keys", "rotate", "dev", "--yes")),
        ("DeleteAccessKey", ("keys", "rotate", "dev", "--yes")),
        ("DeactivateMFADevice", ("device", "remove", "dev", "SERIAL", "--yes", "--yes-last")),
        ("DeleteVirtualMFADevice", ("device", "remove", "dev", "SERIAL", "--yes", "--yes-last")),
    ],
)
def test_a_sign_in_page_with_status_200_is_no_success(
    encee: Encee, dev: Person, aws: FakeAws, action: str, words: tuple[str, ...]
) -> None:
    aws.create_user("bob").create_device("bobs-phone")
    assert encee("refresh", "dev", "-c", dev.device.next_code()).code == 0
    aws.fault(action, Fault("page", Response(PAGE, 200, content_type="text/html")), times=9)
    result = encee(*(dev.device.serial if word == "SERIAL" else word for word in words))
    assert (result.code, "proxy or sign-in page" in result.err) == (4, True), result.err
