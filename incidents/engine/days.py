"""Days with trouble, worst first on each: pure arithmetic over dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

TONES = {1: "outage", 2: "partial", 3: "degraded"}  # what is less is no trouble of a day


@dataclass(frozen=True, slots=True)
class Span:
    """One incident: its first and its last day, its highest priority as a rank, and its number."""

    first: date
    last: date
    rank: int
    number: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its worst trouble, and the numbers of the incidents that touched it."""

    date: date
    tone: str
    numbers: tuple[int, ...]


def days(spans: Iterable[Span], today: date, count: int) -> list[Day]:
    """The last `count` days up to today, oldest first."""
    start = today - timedelta(days=count - 1)
    ranks: list[int] = [9] * count
    numbers: list[list[int]] = [[] for _ in range(count)]
    for span in spans:
        if span.rank not in TONES:
            continue
        for place in range(max(0, (span.first - start).days), min(count - 1, (span.last - start).days) + 1):
            ranks[place] = min(ranks[place], span.rank)
            numbers[place].append(span.number)
    return [
        Day(start + timedelta(days=place), TONES.get(ranks[place], "ok"), tuple(numbers[place]))
        for place in range(count)
    ]
