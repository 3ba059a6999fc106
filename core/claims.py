"""How workers take rows of the due queue: look without a lock, then lease by one conditional UPDATE (stack 2)."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import F

from core import clock
from core.due import CRASHES, LEASES, Item, Priority, handlers
from core.models import DueRow


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that could be taken now."""

    id: int
    kind: str
    lane: str
    priority: int
    due: datetime
    lost: int


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


def owner_prefix(pid: int) -> str:
    """How the leases of a process of this machine begin."""
    return f"{host()}:{pid}:"


def peek(limit: int, *, kinds: Collection[str], full_lanes: Collection[str] = ()) -> list[Candidate]:
    """Rows of `kinds` that are due, first things first; reads only, so that idle polling takes no write lock."""
    if not kinds:
        return []
    now = connection.ops.adapt_datetimefield_value(clock.now())
    where = f"kind IN ({_marks(kinds)})"
    values: list[Any] = list(kinds)
    if full_lanes:
        where += f" AND lane NOT IN ({_marks(full_lanes)})"
        values += list(full_lanes)
    columns = "SELECT * FROM (SELECT id, kind, lane, priority, due, lost FROM core_duerow WHERE"
    parts = [
        f"{columns} state = 'waiting' AND priority = {int(p)} AND due <= %s AND {where} ORDER BY due LIMIT {limit}) p{int(p)}"
        for p in Priority
    ]
    parts.append(f"{columns} state = 'leased' AND lease_until <= %s AND {where} LIMIT {limit}) ended")
    rows = DueRow.objects.raw(" UNION ALL ".join(parts), [now, *values] * len(parts))
    found = [Candidate(r.pk, r.kind, r.lane, r.priority, r.due, r.lost) for r in rows]
    return sorted(found, key=lambda c: (c.priority, c.due, c.id))[:limit]


def take(ids: Sequence[int]) -> list[Item]:
    """Lease the rows that are still free, in order of priority; every lease is counted as an attempt."""
    if not ids:
        return []
    now = clock.now()
    at = connection.ops.adapt_datetimefield_value
    owner = owner_prefix(os.getpid()) + secrets.token_hex(6)
    external = [h.kind for h in handlers().values() if h.effect == "external"] or [""]
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    rows = DueRow.objects.raw(
        f"""UPDATE core_duerow SET state = 'leased', lease_owner = %s, attempts = attempts + 1,
            lease_until = CASE WHEN kind IN ({_marks(external)}) THEN CAST(%s AS {_time_type()}) ELSE CAST(%s AS {_time_type()}) END,
            lost = lost + CASE WHEN state = 'leased' THEN 1 ELSE 0 END
            WHERE id IN (SELECT id FROM core_duerow WHERE id IN ({_marks(ids)})
                AND ((state = 'waiting' AND due <= %s) OR (state = 'leased' AND lease_until <= %s)) {skip})
            RETURNING id, key, kind, ref, lane, due, priority, attempts, lost, lease_until""",
        [owner, *external, at(now + LEASES["external"]), at(now + LEASES["database"]), *ids, at(now), at(now)],
    )
    items = [
        Item(
            r.pk, r.key, r.kind, r.ref, r.due, r.priority, r.lane, r.attempts, r.lost, owner, r.lease_until, now - r.due
        )
        for r in rows
    ]
    return sorted(items, key=lambda i: (i.priority, i.due, i.id))


def claim(limit: int = 8, *, kinds: Collection[str] | None = None, full_lanes: Collection[str] = ()) -> list[Item]:
    """Look and take in one go: up to `limit` rows of `kinds` (default: all that this process can do)."""
    wanted = list(handlers()) if kinds is None else kinds
    return take([candidate.id for candidate in peek(limit, kinds=wanted, full_lanes=full_lanes)])


def free_leases(pid: int, *, crashed: bool = False) -> int:
    """Give back at once what a dead process of this machine held; says how many.

    `crashed` says that the process ended by itself (an exit code, a fault) and was not killed from outside:
    a row that was held in three such ends running is parked, since it may be the cause (F18).
    """
    held = DueRow.objects.filter(state=DueRow.LEASED, lease_owner__startswith=owner_prefix(pid))
    if crashed:
        held.filter(lost__gte=CRASHES - 1).update(
            state=DueRow.PARKED, ended_at=clock.now(), error="the worker ended three times while it held this row"
        )
    return held.update(state=DueRow.WAITING, lease_owner="", lease_until=None, lost=F("lost") + 1)


def free_the_dead() -> int:
    """Give back what processes of this machine held that are not there any more: the first act of a worker."""
    mine = f"{host()}:"
    owners = DueRow.objects.filter(state=DueRow.LEASED, lease_owner__startswith=mine).values_list(
        "lease_owner", flat=True
    )
    pids = {int(owner.split(":")[1]) for owner in owners.distinct()}
    return sum(free_leases(pid) for pid in pids if pid == os.getpid() or not Path("/proc", str(pid)).exists())


def _marks(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _time_type() -> str:
    return "timestamptz" if connection.vendor == "postgresql" else "text"
