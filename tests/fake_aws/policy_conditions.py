"""The `Condition` element, as AWS's documentation describes it.

Sources, in https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_elements_condition_operators,
reference_policies_condition-logic-multiple-context-keys-or-values,
reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from __future__ import annotations

import base64
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.fake_aws.policy_patterns import UndocumentedError, arn_matches, exact, wildcard_matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fake_aws.policy_patterns import Context

# Whether a value of the policy, which comes first, matches a value of the request.
Comparison: TypeAlias = Callable[[str, str, "Context | None"], bool]


def conditions_match(condition: Mapping[str, Any], context: Context, *, variables: bool) -> bool:
    """Report whether a request meets every operator with each of its keys: they are joined by AND.

    Args:
        condition: the element as it is in the policy.
        context: the keys of the request with their values.
        variables: whether the version of the policy knows policy variables.
    """
    return all(
        key_matches(name, key, values, context, variables=variables)
        for name, keys in condition.items()
        for key, values in keys.items()
    )


def key_matches(name: str, key: str, wanted: object, context: Context, *, variables: bool) -> bool:
    """Report whether one key meets one operator; the operator's values are joined by OR, a negated one's by NOR."""
    texts = [_text(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
    values = context.get(key.lower()) or ()
    if name == "Null":
        return any((not values) == _boolean(text) for text in texts)
    qualifier, _, rest = name.rpartition(":")
    operator_name = rest.removesuffix("IfExists")
    negated, compare = _operator(operator_name)
    if variables and operator_name not in WITH_VARIABLES and any("${" in text for text in texts):
        raise UndocumentedError(f"a policy variable with the operator {operator_name}")
    if not values:
        return _absent_key_matches(qualifier, negated=negated, if_exists=rest != operator_name)
    if qualifier not in QUALIFIERS or (not qualifier and len(values) > 1):
        raise UndocumentedError(f"the operator {name} with {len(values)} values of {key}")
    known = context if variables else None
    if qualifier:
        values = [value for value in values if value]  # the key is present, but an empty text is a null dataset
    matches = [any(compare(text, value, known) for text in texts) is not negated for value in values]
    return any(matches) if qualifier == "ForAnyValue" else all(matches)


def _absent_key_matches(qualifier: str, *, negated: bool, if_exists: bool) -> bool:
    """Report what an operator makes of a key that the request lacks: only a negated one matches.

    With `IfExists` and with `ForAllValues` the condition is true, with `ForAnyValue` false.
    """
    return if_exists or qualifier == "ForAllValues" or (negated and not qualifier)


def _operator(name: str) -> tuple[bool, Comparison]:
    """Return whether an operator is negated, and the comparison that it makes or negates."""
    if name in NEGATED:
        return True, OPERATORS[NEGATED[name]]
    if name not in OPERATORS:
        raise UndocumentedError(f"the operator {name}")
    return False, OPERATORS[name]


def _text(value: object) -> str:
    """Return a value of a policy as the text that AWS compares: JSON's true is "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _string_equals(text: str, value: str, context: Context | None) -> bool:
    """Match exactly, with regard to case; wildcards are ordinary characters."""
    return exact(text, context) == value


def _string_equals_ignore_case(text: str, value: str, context: Context | None) -> bool:
    expected = exact(text, context)
    return expected is not None and expected.lower() == value.lower()


def _bool(text: str, value: str, _context: Context | None) -> bool:
    return _boolean(text) == _boolean(value)


def _binary_equals(text: str, value: str, _context: Context | None) -> bool:
    """Compare bytes; the policy has them in base64, and so has the request here."""
    return base64.b64decode(text) == base64.b64decode(value)


def _ip_address(text: str, value: str, _context: Context | None) -> bool:
    """Look for an address in a CIDR range; without a prefix length, the range is that address alone."""
    try:
        return ip_address(value) in ip_network(text, strict=False)
    except ValueError as error:
        raise UndocumentedError(f"the address {value} in the range {text}") from error


def _ordered(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Comparison:
    """Compare two numbers or two dates, the request's on the left."""
    return lambda text, value, _context: compare(parse(value), parse(text))


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise UndocumentedError(f"the boolean {text}")
    return text.lower() == "true"


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise UndocumentedError(f"the number {text}") from error


def _date(text: str) -> datetime:
    """Parse a time: seconds since 1970, or W3C's form of ISO 8601, which may be a year alone."""
    try:
        if text.isdigit() and len(text) > len("2026"):
            return datetime.fromtimestamp(int(text), UTC)
        if len(text) in {len("2026"), len("2026-01")}:
            text = f"{text}-01-01"[: len("2026-01-01")]
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UndocumentedError(f"the date {text}") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
OPERATORS: dict[str, Comparison] = {
    "StringEquals": _string_equals,
    "StringEqualsIgnoreCase": _string_equals_ignore_case,
    "StringLike": wildcard_matches,
    "Bool": _bool,
    "BinaryEquals": _binary_equals,
    "IpAddress": _ip_address,
    "ArnEquals": arn_matches,  # "behave identically"
    "ArnLike": arn_matches,
    **{f"Numeric{name}": _ordered(_number, order) for name, order in ORDERS.items()},
    **{f"Date{name}": _ordered(_date, order) for name, order in ORDERS.items()},
}
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
QUALIFIERS = {"", "ForAllValues", "ForAnyValue"}
WITH_VARIABLES = {name for name in (*OPERATORS, *NEGATED) if name.startswith(("String", "Arn"))}
