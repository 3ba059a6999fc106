"""How workers take rows of the due queue: look without a lock, then lease by one conditional UPDATE (stack 2)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core import alive, clock
from core.leases import LEASES, Item, Priority, handlers, owner_prefix
from core.models import DueRow

_TAKE = """
UPDATE core_duerow SET state = 'leased', lease_owner = %s,
    lease_until = CASE WHEN kind IN ({external}) THEN CAST(%s AS {time}) ELSE CAST(%s AS {time}) END,
    attempts = attempts + CASE WHEN state = 'leased' THEN 0 ELSE 1 END,
    lost = lost + CASE WHEN state = 'leased' THEN 1 ELSE 0 END
WHERE id IN (SELECT id FROM core_duerow WHERE id IN ({ids})
    AND ((state = 'waiting' AND due <= %s) OR (state = 'leased' AND lease_until <= %s)) {skip})
RETURNING id, key, kind, ref, lane, due, priority, attempts, lost, crashes, lease_until
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that could be taken now."""

    id: int
    kind: str
    lane: str
    priority: int
    due: datetime
    crashes: int


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
    head = "SELECT * FROM (SELECT id, kind, lane, priority, due, crashes FROM core_duerow WHERE"
    tail = f"<= %s AND {where}"
    parts = [
        f"{head} state = 'waiting' AND priority = {int(p)} AND due {tail} ORDER BY due LIMIT {limit}) p{int(p)}"
        for p in Priority
    ]
    parts.append(f"{head} state = 'leased' AND lease_until {tail} LIMIT {limit}) ended")
    rows = DueRow.objects.raw(" UNION ALL ".join(parts), [now, *values] * len(parts))
    found = [Candidate(r.pk, r.kind, r.lane, r.priority, r.due, r.crashes) for r in rows]
    return sorted(found, key=lambda c: (c.priority, c.due, c.id))[:limit]


def take(ids: Sequence[int]) -> list[Item]:
    """Lease the rows that are still free, in order of priority; counts the attempt, or the loss of the lease before."""
    if not ids:
        return []
    now = clock.now()
    at = connection.ops.adapt_datetimefield_value
    owner = owner_prefix(os.getpid(), alive.own_start()) + secrets.token_hex(6)
    external = [h.kind for h in handlers().values() if h.effect == "external"] or [""]
    until = [at(now + LEASES["external"]), at(now + LEASES["database"])]
    sql = _TAKE.format(
        external=_marks(external),
        ids=_marks(ids),
        time="timestamptz" if connection.vendor == "postgresql" else "text",
        skip="FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else "",
    )
    rows = DueRow.objects.raw(sql, [owner, *external, *until, *ids, at(now), at(now)])
    items = [_item(row, owner, now) for row in rows]
    return sorted(items, key=lambda i: (i.priority, i.due, i.id))


def _item(row: DueRow, owner: str, now: datetime) -> Item:
    names = ("key", "kind", "ref", "due", "priority", "lane", "attempts", "lost", "crashes")
    same = {name: getattr(row, name) for name in names}
    return Item(id=row.pk, owner=owner, lease_until=row.lease_until or now, late=now - row.due, **same)


def claim(limit: int = 8, *, kinds: Collection[str] | None = None, full_lanes: Collection[str] = ()) -> list[Item]:
    """Look and take in one go: up to `limit` rows of `kinds` (default: all that this process can do)."""
    wanted = list(handlers()) if kinds is None else kinds
    return take([candidate.id for candidate in peek(limit, kinds=wanted, full_lanes=full_lanes)])


def _marks(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values))
