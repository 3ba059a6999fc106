"""Shared fixtures: a throw-away data directory, the movable clock, the world of named people."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("WATCHBILL_DATA_DIR", tempfile.mkdtemp(prefix="watchbill-test-"))
os.environ.setdefault("WATCHBILL_STATIC_FROM_SOURCE", "on")

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core import clock

MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@pytest.fixture
def at() -> Iterator[clock.FrozenClock]:
    """A clock that stands at Monday 16 November 2026, 09:00 UTC, until it is moved."""
    with clock.frozen(MONDAY) as frozen:
        yield frozen
