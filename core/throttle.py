"""How often somebody may try: exact across processes, and a lighter one for fairness inside a process."""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F

from core import clock, spans
from core.errors import TooMany
from core.models import ThrottleCount

SWEEP_ONE_IN = 50
PACED = 10_000  # actors that one process remembers

# One statement on both databases: it cannot lose a count between two processes.
_COUNT = """
INSERT INTO core_throttlecount AS t (key, count, until) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN t.until <= %s THEN excluded.count ELSE t.count + excluded.count END,
  until = CASE WHEN t.until <= %s THEN excluded.until ELSE t.until END
RETURNING count
"""


def hit(name: str, key: str, limit: int, seconds: int) -> None:
    """Count one try; raises TooMany after `limit` tries within `seconds` (A37, A43, A85).

    Call it outside a transaction that a refusal rolls back, or the try is not counted.
    """
    at = clock.now()
    count = add(name, key, 1, seconds)
    if count == 1 and secrets.randbelow(SWEEP_ONE_IN) == 0:
        sweep()
    if count > limit:
        raise too_many(_wait(_row(name, key), at))


def add(name: str, key: str, number: int, seconds: int) -> int:
    """Count so many at once and refuse nothing; gives the count of the present window of `seconds`, all processes'.

    Inside a transaction the key stays with it until its end: others who count the same key wait.
    """
    at = clock.now()
    times = (at + timedelta(seconds=seconds), at, at)
    with connection.cursor() as cursor:
        values = [_row(name, key), number, *(connection.ops.adapt_datetimefield_value(each) for each in times)]
        cursor.execute(_COUNT, values)
        return int(cursor.fetchone()[0])


def forget(name: str, key: str) -> None:
    """Begin anew, after the true owner got in (A37)."""
    ThrottleCount.objects.filter(key=_row(name, key)).delete()


def give_back(name: str, key: str) -> None:
    """Take one count back: the try turned out to be rightful, while the others still count (A37)."""
    ThrottleCount.objects.filter(key=_row(name, key), count__gt=0).update(count=F("count") - 1)


def sweep() -> int:
    """Delete the counts of windows that are over; returns how many."""
    return ThrottleCount.objects.filter(until__lte=clock.now()).delete()[0]


def too_many(retry_after: int) -> TooMany:
    """The refusal, with the seconds to wait."""
    return TooMany("Too many tries.", retry_after=retry_after, hint=f"Try again in {spans.about(retry_after)}.")


def _wait(row: str, at: datetime) -> int:
    until = ThrottleCount.objects.filter(key=row).values_list("until", flat=True).first()
    return max(1, math.ceil((until - at).total_seconds())) if until else 1


def _row(name: str, key: str) -> str:
    # Hashed: keys hold addresses of people, and any text fits.
    return hashlib.sha256(f"{name}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


class Pace:
    """A bucket per key in this process's memory: no database, so fit for every request (A85).

    It keeps one client from starving the others; what must be exact uses `hit`.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._rate, self._burst = per_second, burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def step(self, key: str) -> None:
        """Take one from the bucket; raises TooMany when it is empty."""
        at = time.monotonic()
        with self._lock:
            level, since = self._buckets.pop(key, (float(self._burst), at))
            level = min(float(self._burst), level + (at - since) * self._rate)
            allowed = level >= 1
            self._buckets[key] = (level - 1 if allowed else level, at)
            while len(self._buckets) > PACED:
                self._buckets.popitem(last=False)
        if not allowed:
            raise too_many(max(1, math.ceil(1 / self._rate)))
