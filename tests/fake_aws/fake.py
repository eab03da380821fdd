"""FakeAws, the interface for tests: an account on loopback, with faults, latency and a journal."""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Self

from moto.core.base_backend import BackendDict
from moto.core.routing import get_service_router
from moto.s3.models import s3_backends
from werkzeug.exceptions import NotFound

from tests.fake_aws import gate
from tests.fake_aws.account import Account
from tests.fake_aws.faults import Ending
from tests.fake_aws.journal import Call
from tests.fake_aws.messages import AwsError
from tests.fake_aws.server import Reply, Server
from tests.fake_aws.sigv4 import Signature
from tests.fake_aws.users import FakeDevice, FakeKey, FakeUser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from moto.core.request import Request
    from moto.iam.models import IAMBackend
    from werkzeug import Response

    from tests.fake_aws.account import Session
    from tests.fake_aws.faults import Fault

ERROR_CODE = re.compile(rb"<Code>([^<]+)</Code>")


class FakeAws:
    """A stand-in for AWS that verifies requests. Set AWS_ENDPOINT_URL to its `url`; create one for each process.

    `latency` delays each response, `connect_latency` each connection, in seconds.
    """

    def __init__(self) -> None:
        self._server = Server(self)
        self._url = f"http://127.0.0.1:{self._server.server_port}"
        self._lock = threading.Lock()
        self._empty()

    def _empty(self) -> None:
        BackendDict.reset()
        self._account = Account()
        self._faults: list[tuple[str, Fault]] = []
        self.journal: list[Call] = []
        self.latency = 0.0
        self.connect_latency = 0.0

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()

    def reset(self) -> None:
        """Restore the empty account, and end the connections of open requests."""
        self._server.cut()
        self.accept_connections()
        self._empty()

    # ---- the server

    @property
    def url(self) -> str:
        """The value for AWS_ENDPOINT_URL."""
        return self._url

    def now(self) -> datetime:
        """Return the time of the server's clock."""
        return self._account.now()

    @property
    def clock_offset(self) -> timedelta:
        """The offset of the server's clock; positive if it is ahead."""
        return self._account.clock_offset

    @clock_offset.setter
    def clock_offset(self, offset: timedelta) -> None:
        self._account.clock_offset = offset

    def refuse_connections(self) -> None:
        """End all connections and refuse new ones, on the same port, until `accept_connections`."""
        self._server.stop()
        self._server = Server(self, self._server.server_port)

    def accept_connections(self) -> None:
        """Accept connections again."""
        if not self._server.accepting:
            self._server.start()

    @property
    def propagation(self) -> int:
        """The number of requests that do not know a new key; after each of them, one request does."""
        return self._account.propagation

    @propagation.setter
    def propagation(self, calls: int) -> None:
        self._account.propagation = calls

    # ---- the account

    @property
    def enforce_policies(self) -> bool:
        """Whether the policies of the caller have to allow each request; False at first."""
        return self._account.enforce_policies

    @enforce_policies.setter
    def enforce_policies(self, enforced: bool) -> None:
        self._account.enforce_policies = enforced

    @property
    def source_ip(self) -> str | None:
        """The source address of requests; None for a VPC endpoint, whose requests have none."""
        return self._account.source_ip

    @source_ip.setter
    def source_ip(self, address: str | None) -> None:
        self._account.source_ip = address

    @property
    def account_id(self) -> str:
        """The number of the account."""
        return self._account.id

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov; set it before you create users."""
        return self._account.partition

    @partition.setter
    def partition(self, partition: str) -> None:
        self._account.partition = partition

    def create_user(self, name: str, path: str = "/") -> FakeUser:
        """Create a user with one active key."""
        return FakeUser.create(self._account, name, path)

    def root_key(self) -> FakeKey:
        """Create a key of the root user."""
        return FakeKey.of(self._account.create_root_key(), self._account)

    def create_role(self, name: str, trust: Mapping[str, object], *, max_session_duration: int = 3600) -> str:
        """Create a role with this trust policy, and return its ARN."""
        role = self._account.iam.create_role(name, json.dumps(trust), "/", None, "", [], str(max_session_duration))
        return role.arn

    def create_policy(self, name: str, document: Mapping[str, object], path: str = "/") -> str:
        """Create a managed policy, and return its ARN."""
        return self._account.iam.create_policy("", path, json.dumps(document), name, []).arn

    def create_group(self, name: str, *policies: str, users: Sequence[FakeUser] = (), path: str = "/") -> str:
        """Create a group with these managed policies and members, and return its ARN."""
        group = self._account.iam.create_group(name, path)
        for arn in policies:
            self._account.iam.attach_group_policy(arn, name)
        for user in users:
            self._account.iam.add_user_to_group(name, user.name)
        return group.arn

    def virtual_devices(self) -> list[FakeDevice]:
        """Return all virtual devices, enabled or not."""
        return [FakeDevice(serial, self._account) for serial in self._account.iam.virtual_mfa_devices]

    def mfa_sessions(self) -> int:
        """Return the number of sessions with MFA that were issued."""
        return sum(session.mfa for session in self._account.sessions.values())

    def issued_sessions(self) -> list[Session]:
        """Return all issued sessions in order."""
        return [*self._account.sessions.values()]

    def issued_secrets(self) -> list[str]:
        """Return all issued secrets, tokens and seeds, for tests that look for leaks."""
        account = self._account
        devices = account.iam.virtual_mfa_devices.values()
        return [
            *account.secrets,
            *(secret for session in self.issued_sessions() for secret in (session.secret, session.token)),
            *account.hardware_seeds.values(),
            *(device.base32_string_seed for device in devices),
        ]

    @property
    def iam(self) -> IAMBackend:
        """The users, groups and policies of moto, which a test may read and change without a request."""
        return self._account.iam

    @property
    def credential_report(self) -> str:
        """The latest credential report; empty before the first one."""
        return self._account.report[1] if self._account.report else ""

    @credential_report.setter
    def credential_report(self, text: str) -> None:
        self._account.report = (self._account.now(), text)

    def create_bucket(self, name: str) -> None:
        """Create an S3 bucket."""
        s3_backends[self.account_id][self.partition].create_bucket(name, self._account.region)

    # ---- faults and the journal

    def fault(self, action: str, fault: Fault, times: int = 1) -> None:
        """Apply the fault to the next requests of this action ("*" for any), after faults that were added before."""
        with self._lock:
            self._faults += [(action, fault)] * times

    def heal(self) -> None:
        """Remove the faults that have not occurred yet."""
        with self._lock:
            self._faults.clear()

    def calls(self, action: str) -> list[Call]:
        """Return the requests of this action in order."""
        return [call for call in self.journal if call.action == action]

    def reply(self, request: Request, connection: int) -> Reply:
        """Answer a request, and record it in the journal."""
        request.get_data()  # read the body before the form, which would consume it
        params = request.values.to_dict()
        action = params.get("Action") or _operation_of_s3(request)
        at, fault = self.now(), self._take_fault(action)
        signature = Signature.of(request)
        service = signature.service if signature else "sts" if "Action" in params else "s3"
        try:
            response = fault.substituted() if fault else None
            if response is None:
                response = gate.answer(self._account, request, signature, action, params)
        except AwsError as error:
            response = error.answer(service)
        lost = fault is not None and fault.ending is Ending.RESET
        self.journal.append(
            Call(
                action=action,
                service=service,
                access_key_id=signature.access_key_id if signature else "",
                region=signature.region if signature else "",
                host=request.host,
                serial=params.get("SerialNumber"),
                code=params.get("TokenCode"),
                duration=int(params["DurationSeconds"]) if "DurationSeconds" in params else None,
                params=params,
                status=0 if lost else response.status_code,
                error=_error_code(response) or (fault.name if fault else None),
                at=at,
                connection=connection,
            )
        )
        if fault:
            fault.meanwhile()
            return Reply(response, fault.ending, self.latency + fault.seconds)
        return Reply(response, seconds=self.latency)

    def _take_fault(self, action: str) -> Fault | None:
        with self._lock:
            for index, (wanted, _fault) in enumerate(self._faults):
                if wanted in {action, "*"}:
                    return self._faults.pop(index)[1]
        return None


def _operation_of_s3(request: Request) -> str:
    """Return the operation of an S3 request, by its method and path."""
    try:
        return get_service_router("s3").match(request)[0].name
    except NotFound:
        return request.method


def _error_code(response: Response) -> str | None:
    match = ERROR_CODE.search(response.get_data()) if response.status_code >= 400 else None
    return match[1].decode() if match else None
