"""What the web processes of all hosts tell each other of who is here: through the cache, where it ends by itself.

Every process holds a numbered place and writes under it alone, so no two overwrite each other; the places say
whose words are to be read. A process that is alone reads nothing but the places.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.cache import cache

PLACES = 64
ROSTER, REFRESH, READ, KEPT = 5.0, 20.0, 1.0, 60  # seconds


@dataclass(frozen=True, slots=True)
class Sign:
    """Somebody's last sign of life: here until, writing until (seconds since 1970)."""

    name: str
    until: float
    writing: float


Signs = dict[str, Sign]


class Board:
    """The place of one process; one thread uses it."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(8)
        self._place: int | None = None
        self._others: list[int] = []
        self._rostered = self._renewed = self._read = 0.0
        self._written: dict[str, tuple[Signs, float]] = {}
        self._elsewhere: dict[str, Signs] = {}

    def exchange(self, own: Mapping[str, Signs], now: float) -> dict[str, Signs]:
        """Write what is new of ours, read what is new of the others; everybody by topic and key."""
        if now - self._rostered >= ROSTER:
            self._rostered = now
            self._find_place(now)
        if self._place is not None:
            self._write(own, now)
        if not self._others:
            self._elsewhere = {}
        elif now - self._read >= READ:
            self._read = now
            self._elsewhere = self._told(list(own))
        return {topic: _merged(signs, self._elsewhere.get(topic, {})) for topic, signs in own.items()}

    def _find_place(self, now: float) -> None:
        found: dict[str, str] = cache.get_many([f"presence:{place}" for place in range(PLACES)])
        if self._place is None or found.get(f"presence:{self._place}") != self._me:
            free = (place for place in range(PLACES) if f"presence:{place}" not in found)
            self._place = next((p for p in free if cache.add(f"presence:{p}", self._me, KEPT)), None)
            self._renewed, self._written = now, {}
        elif now - self._renewed >= REFRESH:
            cache.set(f"presence:{self._place}", self._me, KEPT)
            self._renewed = now
        taken = [place for place in range(PLACES) if f"presence:{place}" in found]
        self._others = [place for place in taken if place != self._place]

    def _write(self, own: Mapping[str, Signs], now: float) -> None:
        """Who is here and writes, where that is another than what stands there, and anew before it fades."""
        for topic in {*own, *self._written}:
            signs, (before, at) = own.get(topic, {}), self._written.get(topic, ({}, 0.0))
            if _said(signs, now) == _said(before, now) and now - at < REFRESH:
                continue
            words = {key: [sign.name, sign.until, sign.writing] for key, sign in signs.items()}
            cache.set(f"presence:{self._place}:{topic}", words, KEPT)
            self._written[topic] = (dict(signs), now)
            if not signs:
                del self._written[topic]

    def _told(self, topics: list[str]) -> dict[str, Signs]:
        names = {f"presence:{place}:{topic}": topic for topic in topics for place in self._others}
        found: dict[str, Signs] = {}
        for name, words in cache.get_many(names).items():
            signs = {key: Sign(*sign) for key, sign in words.items()}
            found[names[name]] = _merged(found.get(names[name], {}), signs)
        return found


def _said(signs: Signs, now: float) -> dict[str, bool]:
    return {key: sign.writing > now for key, sign in signs.items()}


def _merged(one: Signs, other: Signs) -> Signs:
    """Both; of a person who is in both what holds longer."""
    found = dict(one)
    for key, sign in other.items():
        mine = found.get(key, sign)
        found[key] = Sign(sign.name, max(mine.until, sign.until), max(mine.writing, sign.writing))
    return found
