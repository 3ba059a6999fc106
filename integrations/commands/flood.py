"""Flood mode: beyond 100 new keys a minute of one integration key, one flood incident takes the rest (A84).

Nothing is refused and nothing is lost: each event is counted on the service's flood alert, which keeps the worst
severity and is paged once.

Each web process remembers the keys that it has made new. With few of them it asks nobody; from a tenth of the limit
on it counts them in the database, in the transaction that stores them, so that all processes share one limit. What
processes below that tenth let through is not counted: each further one may add ten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from core import clock, throttle
from incidents.kinds import FLOOD_KEY, Normalised, into_flood
from incidents.models import Alert

LIMIT = 100
WINDOW = timedelta(minutes=1)
CHUNK = 500
ASK_AGAIN = timedelta(seconds=1)


class FloodGate:
    """The new keys of the last minute, for each integration key."""

    def __init__(self) -> None:
        self._new: dict[int, dict[str, datetime]] = {}
        self._asked: dict[int, tuple[datetime, dict[str, bool]]] = {}
        self._shared: dict[int, set[str]] = {}  # those of the new keys that all processes' count holds
        self._full: dict[int, datetime] = {}

    def fold(self, key_id: int | None, events: Sequence[Normalised]) -> list[Normalised]:
        """The events of one integration key, those beyond the limit turned into counts of the flood alert."""
        if key_id is None:
            return list(events)
        known = self._recent(key_id)
        fresh = {event.key for event in events if event.action == "trigger" and event.key not in known}
        if len(known) + len(fresh) <= LIMIT // 10:
            return list(events)
        fresh -= self._opened(key_id, events[0].service_id, fresh)
        if not fresh or len(known) + len(fresh) <= LIMIT // 10:
            return list(events)
        first = dict.fromkeys(event.key for event in events if event.action == "trigger" and event.key in fresh)
        beyond = set(list(first)[self._room(key_id, known, list(first)) :])
        return [into_flood(e) if e.action == "trigger" and e.key in beyond else e for e in events]

    def _opened(self, key_id: int, service_id: int, keys: set[str]) -> set[str]:
        """Which of the keys have an open alert; what has been asked is not asked about again for a second."""
        at, asked = self._asked.get(key_id, (clock.now(), {}))
        if not _lately(at):
            at, asked = clock.now(), {}
        unasked = keys - asked.keys()
        if unasked:
            found = _open_keys(service_id, unasked)
            asked.update((key, key in found) for key in unasked)
        self._asked[key_id] = at, asked
        return {key for key in keys if asked[key]}

    def _room(self, key_id: int, known: Collection[str], fresh: Sequence[str]) -> int:
        """How many of the fresh keys may have alerts of their own; a full minute is asked about again in a second."""
        if key_id in self._full and _lately(self._full[key_id]):
            return 0
        shared = self._shared.get(key_id, set())
        ours = len(fresh) + sum(key not in shared for key in known)
        total = throttle.add("flood", str(key_id), ours, int(WINDOW.total_seconds()))
        room = max(0, min(LIMIT - len(known), LIMIT - (total - len(fresh))))
        counted = {*known, *fresh[:room]}
        transaction.on_commit(lambda: self._share(key_id, counted, full=total >= LIMIT))
        return room

    def _share(self, key_id: int, counted: set[str], *, full: bool) -> None:
        self._shared[key_id] = counted
        if full:
            self._full[key_id] = clock.now()

    def note(self, key_id: int | None, keys: Iterable[str]) -> None:
        """Remember keys that have made a new alert, once the transaction stands."""
        new = [key for key in keys if key != FLOOD_KEY]
        if key_id is not None and new:
            transaction.on_commit(lambda: self._add(key_id, new, clock.now()))

    def _add(self, key_id: int, keys: list[str], at: datetime) -> None:
        seen = self._new.setdefault(key_id, {})
        for key in keys:
            seen.setdefault(key, at)

    def _recent(self, key_id: int) -> dict[str, datetime]:
        seen = self._new.get(key_id)
        if not seen:
            return {}
        oldest = clock.now() - WINDOW
        for key, at in list(seen.items()):
            if at > oldest:
                break
            del seen[key]
        return seen


def _lately(at: datetime) -> bool:
    return timedelta(0) <= clock.now() - at < ASK_AGAIN


def _open_keys(service_id: int, keys: Iterable[str]) -> set[str]:
    """Which of the keys have an open alert: they are not new."""
    wanted, found = list(keys), set[str]()
    for start in range(0, len(wanted), CHUNK):
        rows = Alert.objects.filter(service_id=service_id, state="open", key__in=wanted[start : start + CHUNK])
        found.update(rows.values_list("key", flat=True))
    return found
