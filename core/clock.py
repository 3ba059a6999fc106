"""The one clock of the product: every time that a rule looks at comes from `now()`.

Tests move it with `frozen()`; several hosts on one PostgreSQL share the database's clock through
`set_offset()` (F13).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_offset = timedelta(0)
_frozen: list[FrozenClock] = []


class FrozenClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def move(self, **by: float) -> datetime:
        """Move by `timedelta` keywords (``minutes=5``) and return the new time in UTC."""
        self.at += timedelta(**by)
        return self.at

    def set(self, at: datetime) -> None:
        """Jump to an aware time."""
        self.at = at.astimezone(UTC)


def now() -> datetime:
    """The present as an aware time in UTC."""
    if _frozen:
        return _frozen[-1].at
    return datetime.now(UTC) + _offset  # noqa: TID251 (the one home of the clock)


def set_offset(offset: timedelta) -> None:
    """Add `offset` to this host's clock, so that all hosts follow the database's (F13)."""
    global _offset
    _offset = offset


@contextmanager
def frozen(at: datetime | None = None) -> Iterator[FrozenClock]:
    """Stop the clock at an aware time (default: the present) for tests and demo builders."""
    clock = FrozenClock(at or now())
    _frozen.append(clock)
    try:
        yield clock
    finally:
        _frozen.remove(clock)
