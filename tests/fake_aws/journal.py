"""What was really sent: one entry a request, in the order of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True)
class Call:
    """One request and what came of it."""

    action: str
    service: str
    access_key_id: str
    region: str
    host: str
    serial: str | None
    code: str | None
    duration: int | None
    params: Mapping[str, str]
    status: int  # 0 where the connection was reset before any answer
    error: str | None  # AWS's code, or the name of the fault that spoiled the answer
    at: datetime  # by the server's clock
    connection: int  # the connections are counted from 1
