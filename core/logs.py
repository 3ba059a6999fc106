"""Logging set-up."""

from __future__ import annotations

from typing import Any


def configure(config: dict[str, Any]) -> None:
    """Set up logging."""


def flush() -> None:
    """Write what waits."""
