"""CreateAccessKey, with the limit of two keys and a delay until all servers know a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_aws.messages import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake_aws.account import Account

LIMIT = 2


def answer(account: Account, action: str, params: Mapping[str, str]) -> Mapping[str, object] | None:
    """Return the result of a request, or None if moto answers the action; raise AwsError as AWS does."""
    user_name = params.get("UserName", "")
    if action != "CreateAccessKey" or user_name not in account.iam.users:
        return None
    if len(account.iam.list_access_keys(user_name)) >= LIMIT:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {LIMIT}", 409)
    key = account.create_access_key(user_name)
    return {
        "AccessKey": {
            "UserName": user_name,
            "AccessKeyId": key.access_key_id,
            "Status": key.status,
            "SecretAccessKey": key.secret_access_key,
            "CreateDate": f"{key.create_date:%Y-%m-%dT%H:%M:%SZ}",
        }
    }
