"""Periodic work of the room."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import connection

from core import clock
from core.jobs import cron, job
from incidents.commands import storing
from incidents.models import Signal
from incidents.models.search import tidied

KEPT = timedelta(days=90)
BATCH, BATCHES = 1_000, 100
PAUSE = 0.05  # seconds


@job("incidents.prune_signals")
def prune_signals(_ref: str) -> None:
    """Forget informational events after 90 days, in small transactions (F46).

    The oldest come first and none is dated after its arrival, so a batch without an old one is the last.
    """
    limit, after = clock.now() - KEPT, 0
    for _ in range(BATCHES):
        rows = list(Signal.objects.filter(pk__gt=after).order_by("pk").values_list("pk", "at")[:BATCH])
        old = [pk for pk, at in rows if at < limit]
        if not old:
            return
        Signal.objects.filter(pk__in=old).delete()
        after = rows[-1][0]


@job("incidents.sweep_attachments")
def sweep_attachments(_ref: str) -> None:
    """Delete files that no row wants: of refused or crashed uploads, and of removals that a crash cut short."""
    storing.sweep()


@job("incidents.tidy_search")
def tidy_search(_ref: str) -> None:
    """Take the words of a redacted text out of SQLite's file; others write between the steps (S18)."""
    for _ in tidied(connection):
        time.sleep(PAUSE)


cron("incidents.prune_signals", every=timedelta(hours=1))
cron("incidents.sweep_attachments", every=timedelta(hours=6))
