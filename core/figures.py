"""Small figures that every page shows, counted once for a few seconds per person and process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from core import clock

MOST = 2000
T = TypeVar("T")
_kept: dict[tuple[str, int], tuple[datetime, Any]] = {}
_round = [0]  # moves whenever something is forgotten: what was begun before that may be old already


def kept(name: str, person: int, seconds: float, make: Callable[[], T]) -> T:
    """What `make` gave for this person within the last `seconds`, else what it gives now.

    Person 0 is nobody in particular: such a figure tells of days, and no single change of somebody moves it. Two
    requests at once may both ask; the later answer stays. Nothing that decides anything is read from here.
    """
    now, began = clock.now(), _round[0]
    found = _kept.get((name, person))
    if found is not None and abs(now - found[0]) < timedelta(seconds=seconds):
        value: T = found[1]
        return value
    if len(_kept) >= MOST:
        _kept.clear()
    value = make()
    if began == _round[0] or not person:
        _kept[name, person] = (now, value)
    return value


def forget(name: str = "") -> None:
    """Count anew at the next page: every figure of a person, or those of one name; "*" is all that is kept."""
    _round[0] += 1
    for key in list(_kept):
        if name == "*" or (key[0] == name if name else key[1]):
            _kept.pop(key, None)


def forget_person(person: int) -> None:
    """Count one person's figures anew."""
    _round[0] += 1
    for key in [key for key in list(_kept) if key[1] == person]:
        _kept.pop(key, None)
