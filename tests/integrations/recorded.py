"""Requests recorded from real programs (Alertmanager, Prometheus, pagerduty, pdpyras, apprise), and small builders."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.kinds import Door

FOLDER = Path(__file__).parent / "wire"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def names(prefix: str = "") -> list[str]:
    """The recordings whose name begins with this."""
    return sorted(path.stem for path in FOLDER.glob(f"{prefix}*.json"))


def recording(name: str) -> dict[str, Any]:
    """A whole recording: method, path, headers, body."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def body(name: str) -> dict[str, Any]:
    """The body of a recording."""
    found: dict[str, Any] = recording(name)["body"]
    return found


def door(**more: Any) -> Door:
    """What an adapter is told: service 7, received at noon of 21 November 2026."""
    return Door(**{"service_id": 7, "received_at": NOON, "key_id": 1, "name": "Checks", **more})
