"""A stand-in for AWS that verifies signatures, tokens, clocks and MFA codes.

moto alone accepts any key, code and signature, so that a test could pass with invalid ones. Start here:

    with FakeAws() as aws:
        user = aws.create_user("dev")
        device = user.create_device("phone")
        run("aws", "sts", "get-session-token", ..., device.next_code(), AWS_ENDPOINT_URL=aws.url)
        aws.fault("GetSessionToken", faults.throttled())
        aws.enforce_policies, aws.source_ip = True, "198.51.100.1"
        assert aws.calls("GetSessionToken")[0].serial == device.serial
"""

from tests.fake_aws import faults
from tests.fake_aws.fake import FakeAws
from tests.fake_aws.faults import Fault
from tests.fake_aws.journal import Call
from tests.fake_aws.users import FakeDevice, FakeKey, FakeUser

__all__ = ["Call", "FakeAws", "FakeDevice", "FakeKey", "FakeUser", "Fault", "faults"]
