"""Small figures that every page shows, counted once for a few seconds per person and process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    value: T = kept_of(name, person, {name: seconds}, lambda: {name: make})
    return value


def kept_of(
    name: str, person: int, lasting: Mapping[str, float], look: Callable[[], Mapping[str, Callable[[], Any]]]
) -> Any:
    """The same for one of several figures that one `look` gives; `lasting` says how many seconds each is good for.

    The others are kept as well where they are not, so that a page which shows all of them looks once.
    """
    found = _found(name, person, lasting[name])
    if found is not None:
        return found[1]
    now, began = clock.now(), _round[0]
    if len(_kept) >= MOST:
        _kept.clear()
    makers = look()
    wanted = [each for each in makers if each == name or _found(each, person, lasting[each]) is None]
    values = {each: makers[each]() for each in wanted}
    if began == _round[0] or not person:
        _kept.update({(each, person): (now, value) for each, value in values.items()})
    return values[name]


def _found(name: str, person: int, seconds: float) -> tuple[datetime, Any] | None:
    found = _kept.get((name, person))
    return found if found is not None and abs(clock.now() - found[0]) < timedelta(seconds=seconds) else None


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
