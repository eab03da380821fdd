"""Generated policies, as AWS accepts them, and requests that they are about."""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from encee.aws.policies.evaluate import Context, Outcome, Policy, Request, evaluate
from tests.fake_aws import policy_evaluator
from tests.fake_aws.policy_evaluator import Effect
from tests.fake_aws.policy_patterns import UndocumentedError

USER = "arn:aws:iam::123456789012:user/jane"

# The actions and the keys are those that encee's policies and lint are about.

ACTIONS = ["s3:GetObject", "iam:DeactivateMFADevice", "iam:ListMFADevices", "sts:AssumeRole", "ec2:StopInstances"]
actions = st.sampled_from(
    [*ACTIONS, "*", "s3:*", "S3:getobject", "iam:*MFADevice", "iam:*MFADevice?", "iam:List*", "ec2:?topInstances"]
)
RESOURCES = [
    "*",
    "arn:aws:s3:::b/jane/k",
    "arn:aws:s3:::b/x:y",
    "arn:aws:iam::123456789012:user/jane",
    "arn:aws:iam::123456789012:mfa/path/jane",
    "arn:aws:logs:eu-west-1:123456789012:log-group:jane:stream",
]
resources = st.sampled_from(
    [
        *RESOURCES,
        "arn:aws:s3:::*",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:s3:::b/?:?",
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'x'}:y",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:iam::*:mfa/*",
        "arn:aws:iam::*:mfa/*${aws:PrincipalTag/team}",
        "arn:aws:iam::12345678901?:user/JANE",
        "arn:aws:logs:*:*:*",
        "arn:aws:logs:eu-*:123456789012:log-group:j*e:stream",
        "arn:aws:logs:eu-west-1:123456789012:log-group:*",
        "arn:aws:iam::123456789012:user/${*}",
    ]
)
EPOCH = "1780315200"  # 2026-06-01T12:00:00Z
moments = ["2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2026-06-01T12:00:01Z"]
users = [USER, "arn:aws:iam::123456789012:user/path/bob", "arn:aws:sts::123456789012:assumed-role/reader/me"]
STRING = ["String" + name for name in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase")]
STRING += ["StringLike", "StringNotLike"]
ARN = ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"]
ORDER = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]


class Kind(NamedTuple):
    """Operators that belong together, and the values of a request and of a policy that they compare."""

    operators: list[str]
    keys: dict[str, list[str]]
    values: list[Any]


BOOLEANS = ["true", "false"]
KINDS = [
    Kind(["Bool"], {"aws:MultiFactorAuthPresent": BOOLEANS, "aws:ViaAWSService": BOOLEANS}, [*BOOLEANS, True, False]),
    Kind([f"Numeric{name}" for name in ORDER], {"aws:MultiFactorAuthAge": ["0", "300", "3600"]}, ["300", 3600, "0.5"]),
    Kind(
        ["IpAddress", "NotIpAddress"],
        {"aws:SourceIp": ["203.0.113.7", "198.51.100.1", "2001:db8::7"]},
        ["203.0.113.0/24", "203.0.113.7", "198.51.100.0/24", "2001:DB8::/32", "0.0.0.0/0", "::/0"],
    ),
    Kind(
        [f"Date{name}" for name in ORDER],
        {"aws:TokenIssueTime": moments, "aws:CurrentTime": moments},
        [*moments, "2026-06-01", EPOCH],
    ),
    Kind(
        STRING,
        {"aws:username": ["jane", "Jane", "bob"], "aws:PrincipalTag/team": ["red", "r*d", "jane"]},
        ["jane", "JANE", "r*", "r?d", "${aws:username}", "${aws:PrincipalTag/team, 'red'}", "r${*}d"],
    ),
    Kind(
        [*ARN, "StringLike", "StringNotLike"],
        {"aws:PrincipalArn": users},
        [*users, "arn:aws:iam::*:user/*", "arn:aws:iam::123456789012:user/${aws:username}", "arn:aws:*:*:*:*/me"],
    ),
]
SEVERAL_VALUES = Kind(STRING, {"aws:TagKeys": ["team", "Team", "cost"]}, ["team", "cost", "t*", "${aws:username}"])
SINGLE_KEYS = {key: values for kind in KINDS for key, values in kind.keys.items()}


def one_or_several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3, unique_by=repr)


def conditions_of(kind: Kind, qualifiers: list[str]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Pairs of an operator and its keys with their values."""
    names = (st.sampled_from(qualifiers), st.sampled_from(kind.operators), st.sampled_from(["", "IfExists"]))
    values = one_or_several(st.sampled_from(kind.values))
    return st.tuples(
        st.tuples(*names).map("".join), st.dictionaries(st.sampled_from([*kind.keys]), values, min_size=1, max_size=2)
    )


null = st.tuples(
    st.just("Null"),
    st.dictionaries(
        st.sampled_from([*SINGLE_KEYS, *SEVERAL_VALUES.keys]), st.sampled_from(BOOLEANS), min_size=1, max_size=1
    ),
)
conditions = st.lists(
    st.one_of(
        null,
        *(conditions_of(kind, [""]) for kind in KINDS),
        conditions_of(SEVERAL_VALUES, ["ForAllValues:", "ForAnyValue:"]),
    ),
    max_size=2,
).map(dict)


def element(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """An element, or its negation; every other time it covers everything, so that the rest of a statement decides."""
    return st.just({name: "*"}) | st.dictionaries(
        st.sampled_from([name, f"Not{name}"]), one_or_several(values), min_size=1, max_size=1
    )


statements = st.builds(
    lambda effect, action, resource, condition: {"Effect": effect, **action, **resource, "Condition": condition},
    st.sampled_from(["Allow", "Allow", "Deny"]),
    element("Action", actions),
    element("Resource", resources),
    conditions,
)
documents = st.builds(
    lambda version, found: {"Version": version, "Statement": found},
    st.sampled_from(["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"]),
    statements | st.lists(statements, min_size=1, max_size=3),
)
contexts = st.fixed_dictionaries(
    {},
    optional={key: st.sampled_from(values).map(lambda value: [value]) for key, values in SINGLE_KEYS.items()}
    | {
        key: st.lists(st.sampled_from(["", *values]), min_size=1, max_size=3, unique=True)
        for key, values in SEVERAL_VALUES.keys.items()
    },
)


class Case(NamedTuple):
    """Policies, and a request that they are about."""

    identity: list[dict[str, Any]]
    boundary: dict[str, Any] | None
    action: str
    resource: str
    context: dict[str, list[str]]

    def documented_effect(self) -> Effect | None:
        """Return what the stand-in's evaluator decides; None where AWS's documentation does not say."""
        keys = {key.lower(): values for key, values in self.context.items()}
        request = policy_evaluator.Request(USER, "AIDAEXAMPLE", self.action, self.resource, keys)
        boundaries = [self.boundary] if self.boundary else None
        try:
            return policy_evaluator.evaluate(request, self.identity, boundaries).effect
        except UndocumentedError:
            return None

    def outcome(self, documents: list[dict[str, Any]]) -> Outcome:
        """Return what encee's evaluator decides."""
        request = Request(self.action, self.resource, Context(self.context))
        return evaluate([Policy(str(number), found) for number, found in enumerate(documents)], request).outcome


cases = st.builds(
    Case,
    st.lists(documents, min_size=1, max_size=2),
    documents,
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    contexts,
)
