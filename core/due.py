"""The due queue: whatever must happen at a time is a row, and a row is never lost (stack 2).

`put` inside the transaction that causes the work; the key names the intent, so a thing is done once. A worker
leases a row, does it, finishes it by compare-and-swap on its lease. Steps that only touch the database are
finished in the same transaction as their writes (exactly once); external effects happen before the mark (at
least once, never lost). Attempts are counted when a row is leased; what fails for good is parked with an alarm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Literal

from django.db import connection, models, transaction

from core import clock, wake
from core.models import DueRow

log = logging.getLogger(__name__)
Effect = Literal["database", "external"]
LEASES: dict[Effect, timedelta] = {"database": timedelta(seconds=5), "external": timedelta(seconds=25)}
EFFECT_DEADLINE = timedelta(seconds=10)
LONGEST_BACK_OFF = 60.0
CRASHES = 3


class Priority(IntEnum):
    """What goes first when a storm has filled the queue; smaller is sooner."""

    FIRST_PAGE = 10
    INGEST = 12
    STEP = 15
    VERIFY = 20
    TEST = 25
    REMINDER = 40
    NORMAL = 50
    FACT = 60
    SUBSCRIBER = 80


class LeaseLost(Exception):
    """Another worker has the row now, or it is done: nothing may be written."""


@dataclass(frozen=True, slots=True)
class Handler:
    """Who does a kind of row, what it touches and how often it is tried."""

    kind: str
    effect: Effect
    max_attempts: int
    call: Callable[[Item], None]


_handlers: dict[str, Handler] = {}


def due(
    kind: str, *, effect: Effect, max_attempts: int = 8
) -> Callable[[Callable[[Item], None]], Callable[[Item], None]]:
    """Register the handler of a kind; raises ValueError when another one has it."""

    def register(call: Callable[[Item], None]) -> Callable[[Item], None]:
        if kind in _handlers and _handlers[kind].call is not call:
            raise ValueError(f"due kind {kind} has two handlers")
        _handlers[kind] = Handler(kind, effect, max_attempts, call)
        return call

    return register


def handlers() -> dict[str, Handler]:
    """Every kind that this process can do."""
    return dict(_handlers)


def put(
    key: str,
    kind: str,
    ref: str = "",
    *,
    due: datetime | None = None,
    priority: int = Priority.NORMAL,
    lane: str = "",
) -> bool:
    """Ask for `kind` to be done at `due` (UTC, default now), once per `key`; False when the key was there already.

    Belongs inside the transaction that causes the work; the workers wake when it commits.
    """
    row = DueRow(key=key, kind=kind, ref=ref, due=due or clock.now(), priority=Priority(priority), lane=lane)
    return put_many([row]) == 1


def put_many(rows: Sequence[DueRow]) -> int:
    """Put several unsaved rows in one statement; says how many keys were new. Raises ValueError for over-long texts."""
    if not rows:
        return 0
    columns = [f for f in DueRow._meta.concrete_fields if not f.primary_key]
    for row in rows:
        Priority(row.priority)
        for name, limit in (("key", 250), ("ref", 250), ("kind", 60), ("lane", 40)):
            if len(getattr(row, name)) > limit:
                raise ValueError(f"{name} of a due row is longer than {limit}")
    values = [[f.get_db_prep_save(getattr(row, f.attname), connection) for f in columns] for row in rows]
    marks = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * len(rows))
    names = ", ".join(connection.ops.quote_name(f.column) for f in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO core_duerow ({names}) VALUES {marks} ON CONFLICT (key) DO NOTHING",  # noqa: S608 (own names)
            [value for line in values for value in line],
        )
        made: int = cursor.rowcount
    soon = clock.now() + timedelta(milliseconds=200)
    if made and any(row.due <= soon for row in rows):
        wake.after_commit("worker")
    return made


def withdraw(keys: str | Iterable[str]) -> int:
    """End waiting rows without doing them: one prefix, or several exact keys; says how many.

    A row that a worker holds at this moment is not touched: its handler asks "still wanted?" itself.
    """
    waiting = DueRow.objects.filter(state=DueRow.WAITING)
    if not isinstance(keys, str):
        waiting = waiting.filter(key__in=list(keys))
    elif connection.vendor == "postgresql":
        waiting = waiting.filter(key__startswith=keys)
    else:  # LIKE cannot use SQLite's index, a range can
        waiting = waiting.filter(key__gte=keys, key__lt=keys + "\U0010ffff")
    return waiting.update(state=DueRow.DONE, ended_at=clock.now(), error="withdrawn")


def parked() -> models.QuerySet[DueRow]:
    """Rows that were given up; each is an alarm until somebody tries it again or dismisses it."""
    return DueRow.objects.filter(state=DueRow.PARKED)


@dataclass(slots=True)
class Item:
    """A row in the hands of one worker; `late` is how long after its time it was taken."""

    id: int
    key: str
    kind: str
    ref: str
    due: datetime
    priority: int
    lane: str
    attempts: int
    lost: int
    owner: str
    lease_until: datetime
    late: timedelta
    settled: bool = field(default=False)

    def _mine(self) -> models.QuerySet[DueRow]:
        return DueRow.objects.filter(pk=self.id, lease_owner=self.owner)

    def still_mine(self) -> bool:
        """Ask the database right before an external effect whether the lease holds; prolongs one that is nearly over."""
        now = clock.now()
        row = self._mine().filter(state=DueRow.LEASED, lease_until__gt=now).values_list("lease_until").first()
        if row is None:
            return False
        if row[0] - now >= EFFECT_DEADLINE:
            return True
        until = now + LEASES["external"]
        return self._mine().filter(state=DueRow.LEASED, lease_until__gt=now).update(lease_until=until) == 1

    def finish(self) -> None:
        """Mark the row done by compare-and-swap; raises LeaseLost."""
        done = {"state": DueRow.DONE, "ended_at": clock.now(), "error": "", "lost": 0}
        if not self._mine().filter(state=DueRow.LEASED).update(**done):
            raise LeaseLost(self.key)
        self.settled = True

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """One transaction: the row is done and the body's writes stand, or neither; raises LeaseLost."""
        try:
            with transaction.atomic():
                self.finish()
                yield
        except BaseException:
            self.settled = False
            raise

    def retry(self, after: timedelta, error: str = "") -> None:
        """Wait again until `after` from now. Without an error it is a postponement and no attempt is used up."""
        attempts = self.attempts if error else self.attempts - 1
        self._release(clock.now() + after, attempts, error[:500])

    def hand_back(self) -> None:
        """Give the row back untouched: the worker ends."""
        self._release(self.due, self.attempts - 1, "")

    def _release(self, at: datetime, attempts: int, error: str) -> None:
        free = {"state": DueRow.WAITING, "due": at, "attempts": max(0, attempts), "error": error}
        mine = self._mine().filter(state__in=[DueRow.LEASED, DueRow.DONE])
        if mine.update(**free, lease_owner="", lease_until=None, ended_at=None, lost=0):
            self.settled = True

    def park(self, error: str) -> None:
        """Give up loudly: the row stays visible and keeps the engine's health red until somebody acts."""
        mine = self._mine().filter(state__in=[DueRow.LEASED, DueRow.DONE])
        if mine.update(state=DueRow.PARKED, error=error[:500], ended_at=clock.now()):
            self.settled = True
            log.error("parked %s (%s) after %d attempts: %s", self.key, self.kind, self.attempts, error)

    def failed(self, error: str) -> None:
        """Back off 1, 2, 4 … 60 s, or park when the kind's attempts are used up."""
        if self.attempts >= _handlers[self.kind].max_attempts:
            self.park(error)
        else:
            self.retry(timedelta(seconds=min(LONGEST_BACK_OFF, 2.0 ** (self.attempts - 1))), error or "failed")
