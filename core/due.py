"""The due queue: whatever must happen at a time is a row, and a row is never lost (stack 2).

`put` inside the transaction that causes the work; the key names the intent, so a thing is done once. A worker
leases a row, does it, finishes it by compare-and-swap on its lease. Steps that only touch the database are
finished in the same transaction as their writes (exactly once); external effects happen before the mark (at
least once, never lost). Attempts are counted when a row is leased; what fails for good is parked with an alarm.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, models

from core import clock, wake
from core.claims import claim
from core.leases import Effect, Handler, Item, LeaseLost, Priority, due, free_leases, free_the_dead, handlers
from core.models import DueRow

__all__ = [
    "Effect",
    "Handler",
    "Item",
    "LeaseLost",
    "Priority",
    "claim",
    "dismiss",
    "due",
    "free_leases",
    "free_the_dead",
    "handlers",
    "overdue",
    "parked",
    "put",
    "put_many",
    "put_off",
    "try_again",
    "waits",
    "withdraw",
]


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
    columns = [f for f in DueRow._meta.concrete_fields if not f.primary_key]  # noqa: SLF001 (Django's public name)
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
    named = _beginning(keys) if isinstance(keys, str) else DueRow.objects.filter(key__in=list(keys))
    ids = list(named.values_list("pk", flat=True))  # by the key's index alone, however many rows wait
    waiting = DueRow.objects.filter(pk__in=ids, state=DueRow.WAITING)
    return waiting.update(state=DueRow.DONE, ended_at=clock.now(), error="withdrawn")


def overdue(prefix: str, by: datetime) -> list[DueRow]:
    """Waiting rows whose key begins so and that were due by a time (UTC)."""
    return list(_beginning(prefix).filter(state=DueRow.WAITING, due__lte=by))


def put_off(row: DueRow, until: datetime) -> bool:
    """Have a waiting row done at another time (UTC); False where a worker has it, or it is over."""
    return DueRow.objects.filter(pk=row.pk, state=DueRow.WAITING).update(due=until) == 1


def waits(prefix: str) -> bool:
    """Whether a row whose key begins so is still waiting; one that a worker holds at this moment is not."""
    return _beginning(prefix).filter(state=DueRow.WAITING).exists()


def _beginning(prefix: str) -> models.QuerySet[DueRow]:
    if connection.vendor == "postgresql":
        return DueRow.objects.filter(key__startswith=prefix)
    # LIKE cannot use SQLite's index, a range can
    return DueRow.objects.filter(key__gte=prefix, key__lt=prefix + "\U0010ffff")


def parked() -> models.QuerySet[DueRow]:
    """Rows that were given up; each is an alarm until somebody tries it again or dismisses it."""
    return DueRow.objects.filter(state=DueRow.PARKED)


def try_again(ids: Collection[int]) -> int:
    """Give parked rows a fresh set of attempts, due now; says how many."""
    fresh = {"state": DueRow.WAITING, "attempts": 0, "lost": 0, "crashes": 0, "lease_owner": "", "ended_at": None}
    count = parked().filter(pk__in=ids).update(**fresh, due=clock.now())
    wake.after_commit("worker")
    return count


def dismiss(ids: Collection[int]) -> int:
    """End parked rows without doing them; says how many."""
    return parked().filter(pk__in=ids).update(state=DueRow.DONE, ended_at=clock.now())
