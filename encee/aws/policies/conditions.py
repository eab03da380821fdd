"""Evaluate the `Condition` of a statement as AWS documents its operators.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias

from encee.aws.policies.matching import NoValueError, Pattern, compile_pattern, matches, matches_arn, plain_text
from encee.aws.policies.networks import read_network
from encee.aws.policies.request import Context
from encee.aws.policies.ternary import Ternary, Unknown, all_, any_, not_, unknown

Comparison: TypeAlias = Callable[[Pattern, str], Ternary]
"""Compares a value of the policy with a value of the request."""

_OPERATOR_NAME = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII)
_EPOCH_SECONDS = re.compile(r"\d{5,12}", re.ASCII)


class _Operator(NamedTuple):
    """An operator without its prefix and suffix.

    Args:
        negated: Whether the operator holds for values that do not match.
        variables: Whether AWS replaces policy variables in the operator's values.
    """

    compare: Comparison
    negated: bool = False
    variables: bool = False


def condition_holds(condition: object, context: Context, *, variables: bool) -> Ternary:
    """Return whether a `Condition` holds: all keys of all operators.

    Args:
        condition: The element's value, as parsed from JSON.
    """
    if not isinstance(condition, dict):
        return unknown("a Condition that is not an object")
    return all_(
        _operator_holds(operator_name, keys, context, variables=variables) for operator_name, keys in condition.items()
    )


def _operator_holds(operator_name: str, keys: object, context: Context, *, variables: bool) -> Ternary:
    if not isinstance(keys, dict):
        return unknown(f"{operator_name} without keys")
    return all_(_key_holds(operator_name, key, values, context, variables=variables) for key, values in keys.items())


def _key_holds(operator_name: str, key: str, policy_values: object, context: Context, *, variables: bool) -> Ternary:
    texts, values = _as_texts(policy_values), context.values(key)
    if texts is None:
        return unknown(f"the values of {key} under {operator_name}")
    if isinstance(values, Unknown):
        return values
    if operator_name == "Null":
        return _null_holds(texts, key, values)
    if len(values) > 1 and ":" not in operator_name:
        return unknown(f"the condition operator {operator_name} for the several values of {key}")
    return _values_hold(operator_name, texts, values, context, variables=variables)


def _values_hold(
    operator_name: str, texts: Sequence[str], values: Sequence[str], context: Context, *, variables: bool
) -> Ternary:
    """Evaluate an operator, with its prefix and suffix, for the values of a key."""
    match = _OPERATOR_NAME.fullmatch(operator_name)
    if match is None or match[2] not in _OPERATORS:
        return unknown(f"the condition operator {operator_name}")
    set_operator, known, if_exists = match[1], _OPERATORS[match[2]], bool(match[3])
    if not values:
        return _absent_key_holds(known, set_operator, if_exists=if_exists)
    if set_operator:
        values = [value for value in values if value]  # AWS ignores empty values of a key that is present
    combine = any_ if set_operator == "ForAnyValue" else all_
    return combine(_value_holds(known, texts, value, context, variables=variables) for value in values)


def _absent_key_holds(known: _Operator, set_operator: str | None, *, if_exists: bool) -> bool:
    """Return whether an operator holds for an absent key: a negated one does."""
    if if_exists or set_operator == "ForAllValues":
        return True
    return known.negated and set_operator is None


def _value_holds(known: _Operator, texts: Sequence[str], value: str, context: Context, *, variables: bool) -> Ternary:
    result = any_(_text_matches(known, text, value, context, variables=variables) for text in texts)
    return not_(result) if known.negated else result


def _text_matches(known: _Operator, text: str, value: str, context: Context, *, variables: bool) -> Ternary:
    if variables and "${" in text and not known.variables:
        return unknown(f"a policy variable where the operator takes none: {text}")
    try:
        pattern = compile_pattern(text, context, variables=variables)
    except NoValueError as error:
        # AWS's documents contradict each other about negated operators.
        return unknown(f"the policy variable ${{{error}}}, which has no value here") if known.negated else False
    return pattern if isinstance(pattern, Unknown) else known.compare(pattern, value)


def _null_holds(texts: Sequence[str], key: str, values: Sequence[str]) -> Ternary:
    """Evaluate the Null operator: `true` holds for an absent key."""
    if not {*texts} <= {"true", "false"}:
        return unknown(f"the values of {key} under Null")
    return ("false" if values else "true") in texts


def _as_texts(policy_values: object) -> list[str] | None:
    """Return the values of a key as texts; None where they are malformed."""
    values = policy_values if isinstance(policy_values, list) else [policy_values]
    if not values or not all(isinstance(value, str | int | float) for value in values):
        return None
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


# ---- comparisons


def _equal(pattern: Pattern, value: str) -> bool:
    return plain_text(pattern) == value


def _equal_ignoring_case(pattern: Pattern, value: str) -> bool:
    return plain_text(pattern).casefold() == value.casefold()


def _bool(pattern: Pattern, value: str) -> Ternary:
    text = plain_text(pattern).lower()
    if text not in {"true", "false"}:
        return unknown(f"the value {text}, which is neither true nor false")
    return text == value.lower()


def _address(pattern: Pattern, value: str) -> Ternary:
    network, address = read_network(plain_text(pattern)), read_network(value)
    if network is None or address is None or address.prefixlen != address.max_prefixlen:
        return unknown(f"the address {plain_text(pattern)} beside {value}")
    return address.version == network.version and address.network_address in network


def _compare_parsed(parse: Callable[[str], Any], relation: Callable[[Any, Any], bool]) -> Comparison:
    def compare(pattern: Pattern, value: str) -> Ternary:
        limit, parsed = parse(plain_text(pattern)), parse(value)
        if limit is None or parsed is None:
            return unknown(f"the value {plain_text(pattern)} beside {value}")
        return relation(parsed, limit)

    return compare


def _parse_number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _parse_date(text: str) -> datetime | None:
    """Parse a date in a W3C form of ISO 8601, or in seconds since 1970."""
    try:
        if _EPOCH_SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        match = _DATE.fullmatch(text)
        if match is None:
            return None
        year, month, day, minute, second, zone = match.groups()
        return datetime.fromisoformat(
            f"{year}-{month or '01'}-{day or '01'}T{minute or '00:00'}{second or ':00'}{zone or 'Z'}"
        )
    except (ValueError, OverflowError):
        return None


_OPERATORS = {
    "StringEquals": _Operator(_equal, variables=True),
    "StringNotEquals": _Operator(_equal, negated=True, variables=True),
    "StringEqualsIgnoreCase": _Operator(_equal_ignoring_case, variables=True),
    "StringNotEqualsIgnoreCase": _Operator(_equal_ignoring_case, negated=True, variables=True),
    "StringLike": _Operator(matches, variables=True),
    "StringNotLike": _Operator(matches, negated=True, variables=True),
    # AWS documents: "ArnEquals and ArnLike behave identically". Both support wildcards.
    "ArnEquals": _Operator(matches_arn, variables=True),
    "ArnLike": _Operator(matches_arn, variables=True),
    "ArnNotEquals": _Operator(matches_arn, negated=True, variables=True),
    "ArnNotLike": _Operator(matches_arn, negated=True, variables=True),
    "Bool": _Operator(_bool),
    "IpAddress": _Operator(_address),
    "NotIpAddress": _Operator(_address, negated=True),
    **{
        f"{kind}{name}": _Operator(_compare_parsed(parse, relation), negated=name == "NotEquals")
        for kind, parse in (("Numeric", _parse_number), ("Date", _parse_date))
        for name, relation in (
            ("Equals", operator.eq),
            ("NotEquals", operator.eq),
            ("LessThan", operator.lt),
            ("LessThanEquals", operator.le),
            ("GreaterThan", operator.gt),
            ("GreaterThanEquals", operator.ge),
        )
    },
}
