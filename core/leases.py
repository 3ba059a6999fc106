"""A row of the due queue in the hands of a worker: who does its kind, how long the lease is, how it ends (stack 2).

Every way out is a compare-and-swap on the lease, so a worker that has lost it can write nothing.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from core import alive, clock
from core.models import DueRow

log = logging.getLogger(__name__)
Effect = Literal["database", "external"]
LEASES: dict[Effect, timedelta] = {"database": timedelta(seconds=5), "external": timedelta(seconds=25)}
EFFECT_DEADLINE = timedelta(seconds=10)
LONGEST_BACK_OFF = 60.0
CRASHES, LOSSES = 3, 12


class Priority(IntEnum):
    """What goes first when a storm has filled the queue; smaller is sooner."""

    FIRST_PAGE = 10
    URGENT = 11
    INGEST = 12
    STEP = 15
    VERIFY = 20
    TEST = 25
    FOLLOWING = 30
    REMINDER = 40
    NORMAL = 50
    FACT = 60
    SUBSCRIBER = 80


class LeaseLost(Exception):
    """Another worker has the row now, or it is done: nothing may be written."""


Call: TypeAlias = "Callable[[Item], None]"


@dataclass(frozen=True, slots=True)
class Handler:
    """Who does a kind of row, what it touches and how often it is tried."""

    kind: str
    effect: Effect
    max_attempts: int
    call: Call


_handlers: dict[str, Handler] = {}


def due(kind: str, *, effect: Effect, max_attempts: int = 8) -> Callable[[Call], Call]:
    """Register the handler of a kind; raises ValueError when another one has it."""

    def register(call: Call) -> Call:
        if kind in _handlers and _handlers[kind].call is not call:
            raise ValueError(f"due kind {kind} has two handlers")
        _handlers[kind] = Handler(kind, effect, max_attempts, call)
        return call

    return register


def handlers() -> dict[str, Handler]:
    """Every kind that this process can do."""
    return dict(_handlers)


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
    crashes: int
    owner: str
    lease_until: datetime
    late: timedelta
    settled: bool = field(default=False)
    finishes: bool = field(default=False)  # inside `finishing`, whose body may still change its mind

    def _mine(self) -> models.QuerySet[DueRow]:
        return DueRow.objects.filter(pk=self.id, lease_owner=self.owner)

    def still_mine(self) -> bool:
        """Ask the database right before an external effect whether the lease holds; prolong one that is nearly over."""
        now = clock.now()
        row = self._mine().filter(state=DueRow.LEASED, lease_until__gt=now).values_list("lease_until").first()
        if row is None or row[0] is None:
            return False
        if row[0] - now >= EFFECT_DEADLINE:
            return True
        until = now + LEASES["external"]
        return self._mine().filter(state=DueRow.LEASED, lease_until__gt=now).update(lease_until=until) == 1

    def finish(self) -> None:
        """Mark the row done by compare-and-swap; raises LeaseLost."""
        done = {"state": DueRow.DONE, "ended_at": clock.now(), "error": "", "lost": 0, "crashes": 0}
        if not self._mine().filter(state=DueRow.LEASED).update(**done):
            raise LeaseLost(self.key)
        self.settled = True

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """One transaction: the row is done and the body's writes stand, or neither; raises LeaseLost.

        The body may still postpone or park the row. Once the transaction has ended nobody may: when the answer to
        COMMIT was lost the row can be done, and done work is not done again.
        """
        try:
            with transaction.atomic():
                self.finish()
                self.finishes = True
                yield
        except BaseException:
            self.settled = False
            raise
        finally:
            self.finishes = False

    def _in_hand(self) -> models.QuerySet[DueRow]:
        return self._mine().filter(state__in=[DueRow.LEASED, DueRow.DONE] if self.finishes else [DueRow.LEASED])

    def retry(self, after: timedelta, error: str = "") -> None:
        """Wait again until `after` from now. Without an error it is a postponement and no attempt is used up."""
        attempts = self.attempts if error else self.attempts - 1
        self._release(clock.now() + after, attempts, error[:500])

    def hand_back(self) -> None:
        """Give the row back untouched: the worker ends."""
        self._release(self.due, self.attempts - 1, "")

    def _release(self, at: datetime, attempts: int, error: str) -> None:
        free = {"state": DueRow.WAITING, "due": at, "attempts": max(0, attempts), "error": error}
        if self._in_hand().update(**free, lease_owner="", lease_until=None, ended_at=None, lost=0, crashes=0):
            self.settled = True

    def park(self, error: str) -> None:
        """Give up loudly: the row stays visible and keeps the engine's health red until somebody acts."""
        if self._in_hand().update(state=DueRow.PARKED, error=error[:500], ended_at=clock.now()):
            self.settled = True
            log.error("parked %s (%s) after %d attempts: %s", self.key, self.kind, self.attempts, error)

    def failed(self, error: str) -> None:
        """Back off 1, 2, 4 … 60 s, or park when the kind's attempts are used up."""
        if self.attempts >= _handlers[self.kind].max_attempts:
            self.park(error)
        else:
            self.retry(timedelta(seconds=min(LONGEST_BACK_OFF, 2.0 ** (self.attempts - 1))), error or "failed")


@lru_cache(maxsize=1)
def host() -> str:
    """A short name of this machine since its last start, and of this set of process numbers on it."""
    parts = [socket.gethostname()]
    for source in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            path = Path(source)
            parts.append(os.readlink(path) if path.is_symlink() else path.read_text(encoding="ascii"))
        except OSError:
            parts.append("")
    return sha256("|".join(parts).encode()).hexdigest()[:10]


def owner_prefix(pid: int, since: str = "") -> str:
    """How the leases of a process of this machine begin; `since` (see core.alive) tells it from a later one."""
    return f"{host()}:{pid}:{since}:" if since else f"{host()}:{pid}:"


def free_leases(pid: int, since: str = "", *, crashed: bool = False) -> int:
    """Give back at once what a dead process of this machine held; says how many. `since` as in `owner_prefix`.

    `crashed` says that the process ended by itself (an exit code, a fault) and was not killed from outside:
    a row that was held in three such ends in a row is parked, since it may be their cause (F18). Ends from
    outside use up no attempt, so that a storm of kills loses nothing (G1).
    """
    held = DueRow.objects.filter(state=DueRow.LEASED, lease_owner__startswith=owner_prefix(pid, since))
    if crashed:
        held.update(crashes=F("crashes") + 1)
        suspects = held.filter(crashes__gte=CRASHES)
        guilty = list(suspects.values_list("key", flat=True))
        said = f"its worker ended by itself {CRASHES} times while it held this row"
        suspects.filter(key__in=guilty).update(state=DueRow.PARKED, ended_at=clock.now(), error=said)
        for key in guilty:
            log.error("parked %s: %s", key, said)
    free = {"state": DueRow.WAITING, "lease_owner": "", "lease_until": None}
    return held.update(**free, lost=F("lost") + 1, attempts=Greatest(F("attempts") - 1, 0))


def free_the_dead() -> int:
    """Give back what processes of this machine held that are not there any more: each worker looks now and then."""
    mine = f"{host()}:"
    held = DueRow.objects.filter(state=DueRow.LEASED, lease_owner__startswith=mine)
    owners = {tuple(owner.split(":")[1:3]) for owner in held.values_list("lease_owner", flat=True).distinct()}
    return sum(free_leases(int(pid), since) for pid, since in owners if alive.is_another(int(pid), since))
