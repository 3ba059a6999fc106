"""Small figures that every page shows, counted once for a few seconds per person and process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from core import clock

MOST = 2000
T = TypeVar("T")
_kept: dict[tuple[str, int], tuple[datetime, Any]] = {}


def kept(name: str, person: int, seconds: float, make: Callable[[], T]) -> T:
    """What `make` gave for this person within the last `seconds`, else what it gives now.

    Two requests at once may both ask; the later answer stays. Nothing that decides anything is read from here.
    """
    now = clock.now()
    found = _kept.get((name, person))
    if found is not None and abs(now - found[0]) < timedelta(seconds=seconds):
        value: T = found[1]
        return value
    if len(_kept) >= MOST:
        _kept.clear()
    value = make()
    _kept[name, person] = (now, value)
    return value


def forget(name: str = "") -> None:
    """Count anew at the next page: every figure, or those of one name."""
    for key in [key for key in list(_kept) if not name or key[0] == name]:
        _kept.pop(key, None)
