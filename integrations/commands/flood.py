"""Flood mode: beyond 100 new keys a minute of one integration key, one flood incident takes the rest (A84).

Nothing is refused and nothing is lost: each event is counted on the service's flood alert, which keeps the worst
severity and is paged once. Counted by each web process for itself, so two of them let through twice as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from core import clock
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
        self._beyond: dict[int, tuple[datetime, set[str]]] = {}

    def fold(self, key_id: int | None, events: Sequence[Normalised]) -> list[Normalised]:
        """The events of one integration key, those beyond the limit turned into counts of the flood alert."""
        if key_id is None:
            return list(events)
        known = self._recent(key_id)
        fresh = {event.key for event in events if event.action == "trigger" and event.key not in known}
        if len(known) + len(fresh) <= LIMIT:
            return list(events)
        fresh -= self._opened(key_id, events[0].service_id, fresh)
        room = LIMIT - len(known)
        first = dict.fromkeys(event.key for event in events if event.action == "trigger" and event.key in fresh)
        beyond = set(list(first)[max(0, room) :])
        return [into_flood(e) if e.action == "trigger" and e.key in beyond else e for e in events]

    def _opened(self, key_id: int, service_id: int, keys: set[str]) -> set[str]:
        """Which of the keys have an open alert; what had none is not asked about again for a second."""
        at, beyond = self._beyond.get(key_id, (clock.now(), set()))
        if not timedelta(0) <= clock.now() - at < ASK_AGAIN:
            at, beyond = clock.now(), set()
        found = _open_keys(service_id, keys - beyond) if keys - beyond else set()
        self._beyond[key_id] = (at, beyond | (keys - found))
        return found

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


def _open_keys(service_id: int, keys: Iterable[str]) -> set[str]:
    """Which of the keys have an open alert: they are not new."""
    wanted, found = list(keys), set[str]()
    for start in range(0, len(wanted), CHUNK):
        rows = Alert.objects.filter(service_id=service_id, state="open", key__in=wanted[start : start + CHUNK])
        found.update(rows.values_list("key", flat=True))
    return found
