"""Which alerts belong together: pure arithmetic over plain values (DET-07, O36, O37)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from incidents.engine.rules import value_at

WINDOWED = ("fields", "window")


def group_key(mode: str, fields: Mapping[str, Any], *, names: Sequence[str] = (), tool_group: str = "") -> str:
    """What equal alerts share; "" keeps the alert apart, as it does when a grouping field is lacking (O37)."""
    if mode == "tool":
        return _digest("tool", tool_group) if tool_group else ""
    if mode == "window":
        return "window"
    if mode != "fields" or not names:
        return ""
    values = [value_at(fields, name) for name in names]
    if any(value is None for value in values):
        return ""
    return _digest("fields", *[f"{name}={value}" for name, value in zip(names, values, strict=True)])


def window(mode: str, key: str, minutes: int, first: datetime) -> tuple[str, datetime | None]:
    """The key that the new incident keeps, and the fixed end of its group: counted from the first alert (O37)."""
    if not key or mode not in WINDOWED:
        return key, None
    return f"{key}@{int(first.timestamp())}", first + timedelta(minutes=minutes)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
