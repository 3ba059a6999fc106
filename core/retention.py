"""What the mechanics forget, hourly, in small batches so that no lock is held for long (F46)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from core import clock, live
from core.jobs import cron, job
from core.models import Beat, BulkJob, DueRow, Fact, IdempotencyKey

BATCH, MOST = 1000, 100
KEEP_DONE = timedelta(days=7)  # a key is the memory of "contacted once": keep it longer than any escalation runs
KEEP_FACTS = timedelta(days=30)
# Longer than anything that a forgotten key could let happen twice: the nonce of a form lives a day and its link two,
# a carrier's answer counts for a day after its message was made, and clients repeat a request within hours.
KEEP_KEYS = timedelta(days=7)


def forget(rows: QuerySet[Any, Any], age: str = "pk") -> int:
    """Delete rows in batches, oldest first, at most a hundred batches a turn; says how many went.

    `age` is the indexed column that the rows are chosen by: a batch then reads what it deletes and nothing else, and
    the write lock of SQLite is held for milliseconds. Each batch is a transaction of its own.
    """
    gone = 0
    for _ in range(MOST):
        ids = list(rows.order_by(age).values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        gone += rows.filter(pk__in=ids).delete()[0]
    return gone


def finished(before: datetime) -> QuerySet[DueRow]:
    """Work that ended before a time.

    The state is wrapped so that no planner takes an index that begins with it: nearly all rows are done, and a batch
    would read every one of them. What is left is the index of `ended_at`.
    """
    done = DueRow.objects.alias(now_in=Coalesce("state", Value("")))
    return done.filter(now_in=DueRow.DONE, ended_at__lt=before)


@job("core.prune")
def prune(_ref: str) -> None:
    """Forget finished work, old facts, spent keys, signs of life and feed entries that nobody reads from the start."""
    now = clock.now()
    forget(finished(now - KEEP_DONE), "ended_at")
    open_states = [DueRow.WAITING, DueRow.LEASED, DueRow.PARKED]
    unread = DueRow.objects.filter(kind="fact.read", state__in=open_states).values_list("ref", flat=True)
    needed = {int(ref.partition(":")[0]) for ref in unread.iterator()}
    forget(Fact.objects.filter(at__lt=now - KEEP_FACTS).exclude(pk__in=needed), "at")
    forget(IdempotencyKey.objects.filter(created_at__lt=now - KEEP_KEYS), "created_at")
    forget(BulkJob.objects.filter(state=BulkJob.DONE, ended_at__lt=now - KEEP_DONE))
    forget(Beat.objects.filter(name__startswith="worker:", at__lt=now - timedelta(hours=1)))
    forget(Beat.objects.filter(ok=True, at__lt=now - KEEP_FACTS))
    for rows in live.forgettable():
        forget(rows, "at")


cron("core.prune", every=timedelta(hours=1))
