"""What the web processes of all hosts tell each other of who is here: through the cache, where it ends by itself.

Every process holds a numbered place and writes under it alone, all that it has to say in one value, so that no two
overwrite each other and a thousand viewers cost no more writes than one; the places say whose words are to be read.
A process that is alone reads nothing but the places, and writes nothing but its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.core.cache import cache

PLACES = 64
ROSTER, REFRESH, READ, WRITE, KEPT = 5.0, 20.0, 1.0, 1.0, 60  # seconds


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
        self._said: dict[str, Signs] | None = None
        self._written = 0.0
        self._heard: dict[int, tuple[float, float]] = {}  # by place: its time of writing, our time of reading that
        self._elsewhere: dict[str, Signs] = {}

    def exchange(self, own: Mapping[str, Signs], now: float) -> dict[str, Signs]:
        """Write what is new of ours, read what is new of the others; everybody by topic and key."""
        if _is_due(self._rostered, ROSTER, now):
            self._rostered = now
            self._find_place(now)
        if not self._others:
            self._said, self._elsewhere = None, {}
        else:
            self._write(own, now)
            if _is_due(self._read, READ, now):
                self._read = now
                self._elsewhere = self._told(own, now)
        return {topic: _merged(signs, self._elsewhere.get(topic, {})) for topic, signs in own.items()}

    def _find_place(self, now: float) -> None:
        found: dict[str, str] = cache.get_many([f"presence:{place}" for place in range(PLACES)])
        if self._place is None or found.get(f"presence:{self._place}") != self._me:
            free = (place for place in range(PLACES) if f"presence:{place}" not in found)
            self._place = next((p for p in free if cache.add(f"presence:{p}", self._me, KEPT)), None)
            self._renewed, self._said = now, None
        elif _is_due(self._renewed, REFRESH, now):
            cache.set(f"presence:{self._place}", self._me, KEPT)
            self._renewed = now
        taken = [place for place in range(PLACES) if f"presence:{place}" in found]
        self._others = [place for place in taken if place != self._place]

    def _write(self, own: Mapping[str, Signs], now: float) -> None:
        """Who is here and writes, where that is another than what stands there, and anew before it fades.

        At most once a second, on SQLite in the way of everything else that is written; that all have gone is said
        at once, since nobody may look here again.
        """
        before, at = self._said, self._written
        is_old = before is None or _said(own, now) != _said(before, now) or _is_due(at, REFRESH, now)
        if self._place is None or not is_old or (any(own.values()) and not _is_due(at, WRITE, now)):
            return
        words = {topic: {key: [s.name, s.until, s.writing] for key, s in signs.items()} for topic, signs in own.items()}
        cache.set(f"presence:{self._place}:words", [now, words], KEPT)
        self._said, self._written = {topic: dict(signs) for topic, signs in own.items()}, now

    def _told(self, topics: Collection[str], now: float) -> dict[str, Signs]:
        """What the others say of these topics, in our time: what was written is as old as our knowledge of it."""
        places = {f"presence:{place}:words": place for place in self._others}
        found: dict[str, Signs] = {}
        for name, (at, words) in cache.get_many(places).items():
            if self._heard.get(places[name], (None,))[0] != at:
                self._heard[places[name]] = (at, now)
            ahead = self._heard[places[name]][1] - at  # of our clock, where two hosts do not agree
            for topic in set(words).intersection(topics):
                signs = {
                    key: Sign(who, until + ahead, writes + ahead) for key, (who, until, writes) in words[topic].items()
                }
                found[topic] = _merged(found.get(topic, {}), signs)
        return found


def _is_due(last: float, every: float, now: float) -> bool:
    """Whether so many seconds have passed; also where the host's clock was set back meanwhile."""
    return not 0 <= now - last < every


def _said(words: Mapping[str, Signs], now: float) -> dict[str, dict[str, bool]]:
    """Who is here, and whether each still writes: what others see of the words now."""
    return {topic: {key: sign.writing > now for key, sign in signs.items()} for topic, signs in words.items() if signs}


def _merged(one: Signs, other: Signs) -> Signs:
    """Both; of a person who is in both what holds longer."""
    found = dict(one)
    for key, sign in other.items():
        mine = found.get(key, sign)
        found[key] = Sign(sign.name, max(mine.until, sign.until), max(mine.writing, sign.writing))
    return found
