"""Plan what ends the keys and sessions of a user, after a theft."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from encee.aws.account import Change
from encee.model import rfc3339
from encee.workflows.account.plan import AccountPlan, Step

REVOKED_SESSIONS = "encee-RevokedSessions"
"""The inline policy of a user that ends the sessions."""

_PROPAGATION = timedelta(seconds=30)
"""How long a change in IAM may take to reach every service."""


def plan_revoke(user: str, key_ids: Sequence[str], now: datetime) -> AccountPlan:
    """Plan the end of a user's active keys and of all sessions until now.

    The sessions of the next half minute end, too, since a key can work for so long after its deactivation.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html

    Args:
        now: The current time by AWS's clock, UTC.
    """
    keys = [
        Step(
            Change("UpdateAccessKey", {"UserName": user, "AccessKeyId": key_id, "Status": "Inactive"}),
            f"make the key {key_id} of {user} inactive",
        )
        for key_id in key_ids
    ]
    arguments = {
        "UserName": user,
        "PolicyName": REVOKED_SESSIONS,
        "PolicyDocument": _build_deny_policy(now + _PROPAGATION),
    }
    sessions = Step(Change("PutUserPolicy", arguments), f"deny everything to the sessions of {user} from before now")
    return AccountPlan((*keys, sessions), ())


def _build_deny_policy(moment: datetime) -> str:
    statement = {
        "Sid": "DenySessionsFromBeforeTheTheft",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": rfc3339(moment)}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
