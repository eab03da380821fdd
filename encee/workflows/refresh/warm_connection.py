"""The connection to STS, opened while a person types.

Loading boto3 takes longer than the request itself, and opening a connection as long. So a thread does both before
the code is there, with GetCallerIdentity as the first request: it needs no permission, and it shows whether the
key, the secret, the clock and the network are right before a code is spent. After Enter, one round trip is left.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from encee.aws.clients import Clients
from encee.aws.errors import UnusableCredentialsError
from encee.aws.signer import Signer
from encee.aws.sts import get_caller_identity
from encee.errors import AwsError, EnceeError

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


_PROBE_TIMEOUT_SECONDS = 2.0
"""For how many seconds a code waits for the answer to the first request."""


class Connection:
    """A client for one signer, which a thread makes.

    Args:
        signer: Who signs.
    """

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self._client: STSClient | None = None
        self._made = threading.Event()
        self._probed = threading.Event()
        self.fatal_error: Exception | None = None
        """What makes a code useless, once it is known; a bug, too."""

    def open(self, clients: Clients, *, probe: bool) -> None:
        """Create the client and send the first request in another thread.

        Args:
            clients: Makes it.
            probe: Whether to send that request; only an answer that makes a code useless counts.
        """
        try:
            self._client = clients.sts(self.signer)
        except Exception as error:  # noqa: BLE001 - raised again where the client is wanted
            self.fatal_error = error
        if probe and self.fatal_error is None:
            threading.Thread(target=self._probe, daemon=True).start()
        else:
            self._probed.set()
        self._made.set()

    def _probe(self) -> None:
        try:
            assert self._client is not None  # noqa: S101 - made by open()
            if get_caller_identity(self._client, self.signer).is_root:
                self.fatal_error = root_key(self.signer.profile)
        except UnusableCredentialsError as error:
            self.fatal_error = error
        except EnceeError:
            pass  # a code may succeed all the same
        except Exception as error:  # noqa: BLE001 - raised again where the client is wanted
            self.fatal_error = error
        self._probed.set()

    def client(self) -> "STSClient":
        """Wait for the client, and up to two seconds for the answer to the first request.

        Raises:
            EnceeError: No request can succeed.
        """
        self._made.wait()
        self._probed.wait(_PROBE_TIMEOUT_SECONDS)
        if self.fatal_error is not None:
            raise self.fatal_error
        assert self._client is not None  # noqa: S101 - ready without trouble
        return self._client


def open_in_background(connections: Sequence[Connection], clients: Clients, *, probe: bool) -> None:
    """Open connections in a thread, in their order.

    The threads are daemons: an endpoint that hangs must not keep a process that wants to end.
    """

    def work() -> None:
        for connection in connections:
            connection.open(clients, probe=probe)

    threading.Thread(target=work, daemon=True).start()


def root_key(profile: str) -> AwsError:
    """The error for a profile with a key of the root user's."""
    return AwsError(
        f"{profile} holds a key of the root user, for which AWS offers no sessions with MFA",
        hint="delete that key, and make an IAM user with a key and an MFA device instead",
    )
