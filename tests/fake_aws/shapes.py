"""Validate parameters by the model of the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.core.utils import get_service_model

from tests.fake_aws.messages import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import Shape


def check_shape(service: str, action: str, params: Mapping[str, str]) -> None:
    """Raise AwsError, in the wording of AWS, if parameters exceed the limits of the API's model."""
    shape = get_service_model(service).operation_model(action).input_shape
    failures = [
        f"Value {value} at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must {constraint}"
        for name, member in (shape.members if shape else {}).items()
        for value, constraint in violations(params.get(name), member, required=name in shape.required_members)
    ]
    if failures:
        errors = "1 validation error" if len(failures) == 1 else f"{len(failures)} validation errors"
        raise AwsError("ValidationError", f"{errors} detected: {'; '.join(failures)}")


def violations(value: str | None, shape: Shape, *, required: bool) -> Iterator[tuple[str, str]]:
    """Yield the quoted value with each constraint that it violates."""
    if value is None:
        if required:
            yield "null", "not be null"
        return
    limits: Mapping[str, Any] = shape.metadata
    what, size = ("value", int(value)) if shape.type_name == "integer" else ("length", len(value))
    if size < limits.get("min", size):
        yield f"'{value}'", f"have {what} greater than or equal to {limits['min']}"
    if size > limits.get("max", size):
        yield f"'{value}'", f"have {what} less than or equal to {limits['max']}"
    if not re.fullmatch(limits.get("pattern", ".*"), value, re.DOTALL):
        yield f"'{value}'", f"satisfy regular expression pattern: {limits['pattern']}"
