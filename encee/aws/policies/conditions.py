"""The `Condition` of a statement: each operator as AWS documents it, also for a key that the request lacks.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias

from encee.aws.policies.matching import NoValueError, Pattern, matches, matches_arn, pattern, plain
from encee.aws.policies.networks import read_network
from encee.aws.policies.request import Context
from encee.aws.policies.ternary import Ternary, Unknown, all_, any_, not_, unknown

Compare: TypeAlias = Callable[[Pattern, str], Ternary]
"""Compares what the policy wants with what the request carries."""

_TYPE = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII)
_EPOCH = re.compile(r"\d{5,12}", re.ASCII)


class _Operator(NamedTuple):
    """An operator without its prefix and suffix.

    Args:
        compare: How one value is compared.
        negated: Whether it holds for what does not match.
        variables: Whether policy variables are replaced in its values.
    """

    compare: Compare
    negated: bool = False
    variables: bool = False


def condition_holds(condition: object, context: Context, *, variables: bool) -> Ternary:
    """Whether a `Condition` holds: all operators, and of each all keys.

    Args:
        condition: The element's value, as JSON gives it.
        context: The request's keys.
        variables: Whether the policy is of a version that knows variables.
    """
    if not isinstance(condition, dict):
        return unknown("a Condition that is not an object")
    return all_(
        _key_holds(type_, key, wanted, context, variables=variables)
        if isinstance(keys, dict)
        else unknown(f"{type_} without keys")
        for type_, keys in condition.items()
        for key, wanted in (keys.items() if isinstance(keys, dict) else [("", None)])
    )


def _key_holds(type_: str, key: str, wanted: object, context: Context, *, variables: bool) -> Ternary:
    texts, found = _texts(wanted), context.values(key)
    if texts is None:
        return unknown(f"the values of {key} under {type_}")
    if isinstance(found, Unknown):
        return found
    if type_ == "Null":
        return _is_absent(texts, key, found)
    match = _TYPE.fullmatch(type_)
    several = len(found) > 1 and not (match and match[1])
    if match is None or match[2] not in _OPERATORS or several:
        return unknown(f"the condition operator {type_}" + (f" for the several values of {key}" if several else ""))
    known, set_operator = _OPERATORS[match[2]], match[1]
    if not found:
        return _without_the_key(known, set_operator, if_exists=bool(match[3]))
    if set_operator:
        found = tuple(value for value in found if value)  # the key exists, and its empty values do not count
    each = [_value_holds(known, texts, value, context, variables=variables) for value in found]
    return (any_ if set_operator == "ForAnyValue" else all_)(each)


def _without_the_key(known: _Operator, set_operator: str | None, *, if_exists: bool) -> bool:
    """What an operator says of a key that the request does not carry: a negated one holds."""
    if if_exists or set_operator == "ForAllValues":
        return True
    return known.negated and set_operator is None


def _value_holds(known: _Operator, texts: Sequence[str], found: str, context: Context, *, variables: bool) -> Ternary:
    """Whether one value of the request matches one of the policy's, or with a negated operator none of them."""
    truth = any_(_matches(known, text, found, context, variables=variables) for text in texts)
    return not_(truth) if known.negated else truth


def _matches(known: _Operator, text: str, found: str, context: Context, *, variables: bool) -> Ternary:
    if variables and "${" in text and not known.variables:
        return unknown(f"a policy variable where the operator takes none: {text}")
    try:
        wanted = pattern(text, context, variables=variables)
    except NoValueError as error:
        # AWS's texts differ on what a negated operator makes of it.
        return unknown(f"the policy variable ${{{error}}}, which has no value here") if known.negated else False
    return wanted if isinstance(wanted, Unknown) else known.compare(wanted, found)


def _is_absent(texts: Sequence[str], key: str, found: Sequence[str]) -> Ternary:
    """The Null operator: `true` wants the key to be absent, `false` wants it to be there."""
    if not {*texts} <= {"true", "false"}:
        return unknown(f"the values of {key} under Null")
    return ("false" if found else "true") in texts


def _texts(wanted: object) -> list[str] | None:
    """The values of a key as texts; None where they are not values."""
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values or not all(isinstance(value, str | int | float) for value in values):
        return None
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


# ---- how values are compared


def _equal(wanted: Pattern, found: str) -> bool:
    return plain(wanted) == found


def _equal_ignoring_case(wanted: Pattern, found: str) -> bool:
    return plain(wanted).casefold() == found.casefold()


def _bool(wanted: Pattern, found: str) -> Ternary:
    text = plain(wanted).lower()
    if text not in {"true", "false"}:
        return unknown(f"the value {text}, which is neither true nor false")
    return text == found.lower()


def _address(wanted: Pattern, found: str) -> Ternary:
    network, address = read_network(plain(wanted)), read_network(found)
    if network is None or address is None or address.prefixlen != address.max_prefixlen:
        return unknown(f"the address {plain(wanted)} beside {found}")
    return address.version == network.version and address.network_address in network


def _ordered(read: Callable[[str], Any], relation: Callable[[Any, Any], bool]) -> Compare:
    """Compares what can be read as numbers or dates."""

    def compare(wanted: Pattern, found: str) -> Ternary:
        limit, value = read(plain(wanted)), read(found)
        if limit is None or value is None:
            return unknown(f"the value {plain(wanted)} beside {found}")
        return relation(value, limit)

    return compare


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> datetime | None:
    """A date in one of the W3C's forms of ISO 8601, or in seconds since 1970."""
    try:
        if _EPOCH.fullmatch(text):
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
    # "ArnEquals and ArnLike behave identically", wildcards included.
    "ArnEquals": _Operator(matches_arn, variables=True),
    "ArnLike": _Operator(matches_arn, variables=True),
    "ArnNotEquals": _Operator(matches_arn, negated=True, variables=True),
    "ArnNotLike": _Operator(matches_arn, negated=True, variables=True),
    "Bool": _Operator(_bool),
    "IpAddress": _Operator(_address),
    "NotIpAddress": _Operator(_address, negated=True),
    **{
        f"{kind}{name}": _Operator(_ordered(read, relation), negated=name == "NotEquals")
        for kind, read in (("Numeric", _number), ("Date", _moment))
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
